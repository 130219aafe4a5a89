package alarm

import "time"

// Pattern is what an output plays. An output is on or off, so a tone of two pitches is told by its
// rhythm alone.
type Pattern uint8

// The patterns. Off is the zero value.
const (
	Off       Pattern = iota
	Steady            // on: evacuation, and whatever has no rhythm
	Temporal3         // fire, ISO 8201: three pulses of 0.5 s, then 1.5 s off; period 4 s
	Temporal4         // CO: four pulses of 0.1 s, then 5 s off; after 4 min once a minute
	GasTone           // 0.25 s on, 0.25 s off
	FloodTone         // 1.5 s on, 0.5 s off
	Alert             // 0.5 s on, 2.5 s off
	Flash             // strobe, 1 Hz
	Chirp             // fault: 0.2 s every 60 s
	Chirp30           // something to put right that is no fault of the box: 0.2 s every 30 s
	DutyTone          // the district asks whether somebody is there: 1 s on, 1 s off
	CallTone          // somebody must answer a call: 2 s on, 1 s off
	DrillTone         // a drill is announced: two pulses of 0.2 s, then 1.6 s off
	HandTone          // somebody has switched it on by hand: 4 s on, 1 s off
	TestTone          // a self-test: 0.1 s on, 0.9 s off
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
	Chirp30:   {1, 200 * ms, 0, 29_800 * ms},
	DutyTone:  {1, 1000 * ms, 0, 1000 * ms},
	CallTone:  {1, 2000 * ms, 0, 1000 * ms},
	DrillTone: {2, 200 * ms, 200 * ms, 1600 * ms},
	HandTone:  {1, 4000 * ms, 0, 1000 * ms},
	TestTone:  {1, 100 * ms, 0, 900 * ms},
}

// From lateTemporal4 on, which is the end of the first period after 4 min, temporal-4 comes once a
// minute, so that people who are out can hear each other.
const lateTemporal4 = 43 * 5700 * ms

var slowTemporal4 = waveform{4, 100 * ms, 100 * ms, 59_300 * ms}

var patternNames = [patterns]string{
	"off", "steady", "temporal3", "temporal4", "gas", "flood", "alert", "flash", "chirp",
	"chirp30", "duty", "call", "drill", "hand", "test",
}

// String is the pattern as messages write it.
func (p Pattern) String() string {
	if p >= patterns {
		return "unknown"
	}
	return patternNames[p]
}

// IsAlarm tells whether a pattern calls for help. The others ask for somebody's attention, and a
// siren that was left on for one of them would be a false alarm.
func (p Pattern) IsAlarm() bool {
	switch p {
	case Off, Chirp, Chirp30, DutyTone, CallTone, DrillTone, TestTone:
		return false
	}
	return p < patterns
}

func (w waveform) period() time.Duration {
	if w.pulses == 0 {
		return 0
	}
	return time.Duration(w.pulses)*w.on + time.Duration(w.pulses-1)*w.off + w.silence
}

// at tells whether the waveform is on at the given time after it began.
func (w waveform) at(since time.Duration) bool {
	t := since % w.period()
	return t < w.period()-w.silence && t%(w.on+w.off) < w.on
}

// Period is after how long the pattern repeats, of temporal-4 at its beginning; 0 for Off and
// Steady, which never change.
func (p Pattern) Period() time.Duration {
	if p >= patterns {
		return 0
	}
	return waveforms[p].period()
}

// On tells whether the output is on at the given time after the pattern began. It is pure: the
// writer of an output and the simulation play the same waveform. A pattern begins with a pulse.
func (p Pattern) On(since time.Duration) bool {
	since = max(since, 0)
	switch {
	case p.Period() == 0:
		return p == Steady
	case p == Temporal4 && since >= lateTemporal4:
		return slowTemporal4.at(since - lateTemporal4)
	}
	return waveforms[p].at(since)
}
