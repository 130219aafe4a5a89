package alarm

import "time"

// Pattern is what an output plays.
type Pattern uint8

// The patterns. Off is the zero value.
const (
	Off       Pattern = iota
	Steady            // on
	Temporal3         // fire, ISO 8201: three pulses of 0.5 s, then 1.5 s off; period 4 s
	Temporal4         // CO: four pulses of 0.1 s, then 5 s off
	GasTone           // 0.25 s on, 0.25 s off
	FloodTone         // 1.5 s on, 0.5 s off
	Alert             // 0.5 s on, 2.5 s off
	Flash             // strobe, 1 Hz
	Chirp             // fault: 0.2 s every 60 s
	patterns
)

// waveform is a run of equal pulses and the pause after it. A pulse is followed by a gap, but for
// the last one, which is followed by the pause.
type waveform struct {
	pulses           int
	on, off, silence time.Duration
}

const ms = time.Millisecond

var waveforms = [patterns]waveform{
	Temporal3: {3, 500 * ms, 500 * ms, 1500 * ms},
	Temporal4: {4, 100 * ms, 100 * ms, 5000 * ms},
	GasTone:   {1, 250 * ms, 0, 250 * ms},
	FloodTone: {1, 1500 * ms, 0, 500 * ms},
	Alert:     {1, 500 * ms, 0, 2500 * ms},
	Flash:     {1, 500 * ms, 0, 500 * ms},
	Chirp:     {1, 200 * ms, 0, 59_800 * ms},
}

var patternNames = [patterns]string{
	"off", "steady", "temporal3", "temporal4", "gas", "flood", "alert", "flash", "chirp",
}

// String is the pattern as messages write it.
func (p Pattern) String() string {
	if p >= patterns {
		return "unknown"
	}
	return patternNames[p]
}

// Period is after how long the pattern repeats; 0 for Off and Steady, which never change.
func (p Pattern) Period() time.Duration {
	if p >= patterns {
		return 0
	}
	w := waveforms[p]
	if w.pulses == 0 {
		return 0
	}
	return time.Duration(w.pulses)*w.on + time.Duration(w.pulses-1)*w.off + w.silence
}

// On tells whether the output is on at the given time after the pattern began. It is pure: the
// writer of an output and the simulation play the same waveform. A pattern begins with a pulse.
func (p Pattern) On(since time.Duration) bool {
	period := p.Period()
	if period == 0 {
		return p == Steady
	}
	w := waveforms[p]
	t := max(since, 0) % period
	if t >= period-w.silence {
		return false
	}
	return t%(w.on+w.off) < w.on
}
