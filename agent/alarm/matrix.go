package alarm

import (
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// Effect is one row of the cause-and-effect matrix: while the cause stands, the outputs do what is
// said. When several rows speak of one output, that of the most urgent alarm is obeyed: fire before
// gas before CO. Of one alarm the narrower row is: the higher level, then more triggers, then a row
// for one nature, then a row of the site itself.
type Effect struct {
	When Cause
	Then []Act
	Own  bool // the site file has written it; otherwise it is usual
}

// Act is what a row does with one output. Off keeps it off, and is for fans, lamps and relays: what
// warns people or keeps them from harm is never told to stop.
type Act struct {
	Output OutputID
	Play   Pattern
}

// Cause is what a row waits for: alarms, or a fault. What is left empty does not narrow it.
type Cause struct {
	Signals []Signal
	Level   detect.Level // the lowest that counts; 0: Alarm
	Zones   []ZoneID
	Points  []point.ID
	Of      Nature // Any, or only points of this kind
	// Triggers is how many points of one zone must be in alarm or latched; 0: 1. They are
	// independent: no two are read from one device.
	Triggers int
	// Fault waits for a fault instead of an alarm: AnyFault or UplinkFault. Empty: for alarms.
	Fault detect.FaultCode
}

// What Cause.Fault may be.
const (
	AnyFault    detect.FaultCode = "fault"  // of a point, of an output or of the box
	UplinkFault detect.FaultCode = "uplink" // nobody outside is told
)

// Nature is what a point is by its make, or what its zone makes of its alarm, as far as the matrix
// cares.
type Nature uint8

// The natures.
const (
	Any       Nature = iota // whatever it is
	CallPoint               // a person pressed it: it needs no second
	Precursor               // what may become a fire, such as a hot cable
	Held                    // an alarm of a zone in PAS, while people look: a pre-alarm so far
	Doubted                 // the first signal in a zone that verifies: a pre-alarm so far
	Alone                   // found by the only automatic detector of its zone: no second can come
)

// nature is what the matrix has to know of a point.
func (p *PointPlan) nature() Nature {
	switch {
	case p.Manual:
		return CallPoint
	case p.Precursor:
		return Precursor
	}
	return Any
}
