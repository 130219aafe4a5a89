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

// On tells whether the output is on at the given time after the pattern began.
func (p Pattern) On(since time.Duration) bool { return p == Steady }
