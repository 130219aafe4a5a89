package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
)

// Mode says what a first signal of an automatic fire detector of a zone does. No mode applies to a
// call point, to gas and to CO.
type Mode uint8

// The modes of a zone.
const (
	// Single: the first signal is an alarm.
	Single Mode = iota
	// Verify: the first signal is a pre-alarm. It is an alarm with a second one, when it comes back
	// or when it stands; otherwise it is dropped.
	Verify
	// Cross: the first signal is an alarm, but what cannot be undone waits for a second point.
	Cross
	// PAS is the positive alarm sequence: a person has 15 s to acknowledge and then 180 s to look.
	PAS
	modes
)

var modeNames = [modes]string{"single", "verify", "cross", "pas"}

// String is the mode as site files write it.
func (m Mode) String() string {
	if m >= modes {
		return "unknown"
	}
	return modeNames[m]
}

// Phase is what an alarm that its zone holds back waits for.
type Phase uint8

// The phases. The zero value is an alarm that nothing holds back.
const (
	NotHeld       Phase = iota
	Verifying           // a second signal
	WaitAck             // a person who acknowledges it
	Investigating       // a person who looks and resets
	phases
)

var phaseNames = [phases]string{"", "verifying", "wait_ack", "investigating"}

// String is the phase as messages write it; empty: nothing holds the alarm back.
func (p Phase) String() string {
	if p >= phases {
		return "unknown"
	}
	return phaseNames[p]
}

// SavedZone is one zone that holds an alarm back.
type SavedZone struct {
	Zone      ZoneID
	Phase     Phase
	Remaining time.Duration
}

// witnesses tells whether a is an alarm of something that burns or leaks.
func (a *standing) witnesses() bool {
	return a.finding.Level >= detect.Alarm && !a.drill &&
		(a.signal == Fire || a.signal == Gas || a.signal == CO)
}

// Modes lists every mode of a zone.
func Modes() []Mode {
	all := make([]Mode, modes)
	for i := range all {
		all[i] = Mode(i)
	}
	return all
}
