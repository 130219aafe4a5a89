package wire

import (
	"fmt"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// gb is an event in the codes of GB/T 26875.3, so that a platform can rebuild the native frame.
type gb struct {
	Type       uint8    `json:"type"` // 2: state of a part
	Sys        uint8    `json:"sys"`
	Part       uint8    `json:"part"`
	Status     string   `json:"status"`
	StatusBits []string `json:"statusBits"`
}

// The state bits of a part (GB/T 26875.3, figure 7).
const (
	gbRun        = 1 << 0 // 0: in test
	gbFire       = 1 << 1
	gbFault      = 1 << 2
	gbSupervised = 1 << 4
	gbStarted    = 1 << 5 // told to act
	gbFeedback   = 1 << 6 // and it says that it has
)

var gbBits = []struct {
	bit  uint16
	name string
}{{gbRun, "run"}, {gbFire, "fire"}, {gbFault, "fault"}, {gbSupervised, "supervised"},
	{gbStarted, "started"}, {gbFeedback, "feedback"}}

// gbParts are the points whose system and part follow from what they measure and mean. A dry
// contact for fire is not among them: it may be a smoke detector or a call point.
var gbParts = []struct {
	signal    alarm.Signal
	quantity  drivers.Quantity
	sys, part uint8
}{
	{alarm.Fire, drivers.Temperature, 1, 31}, // heat detector
	{alarm.Gas, drivers.Combustible, 1, 11},  // combustible gas detector, point type
	{alarm.CO, drivers.Gas, 1, 74},           // gas detector
	{alarm.Water, drivers.Pressure, 11, 99},  // pressure switch of the hydrant system
	{alarm.Water, drivers.Level, 11, 92},     // fire water tank
	{alarm.Supervisory, drivers.Level, 11, 92},
	{alarm.Supervisory, drivers.Pressure, 11, 99},
}

// gbPart is the system and part of a point; ok is false when they are not certain.
func gbPart(s alarm.Signal, q drivers.Quantity) (sys, part uint8, ok bool) {
	for _, p := range gbParts {
		if p.signal == s && p.quantity == q {
			return p.sys, p.part, true
		}
	}
	return 0, 0, false
}

// gbOf gives the codes of a raise and of a reset. The other events of a point do not say whether
// an alarm is still latched at it, and a state without its fire bit would read as "over".
func gbOf(ev alarm.Event, p *alarm.PointPlan) *gb {
	if p == nil || ev.Kind != alarm.Raised && ev.Kind != alarm.ResetDone {
		return nil
	}
	sys, part, ok := gbPart(p.Signal, mainQuantity(p))
	if !ok {
		return nil
	}
	var state uint16
	if !ev.Drill {
		state |= gbRun
	}
	if ev.To.Level > detect.Normal { // An alarm that still stands is reset and raised again.
		state |= gbAlarmBit(ev.Signal, ev.To.Level)
	}
	if ev.To.Fault != "" {
		state |= gbFault
	}
	return newGB(sys, part, state)
}

// newGB is the state of a part with the names of its bits.
func newGB(sys, part uint8, state uint16) *gb {
	g := gb{Type: 2, Sys: sys, Part: part, Status: fmt.Sprintf("0x%04X", state)}
	for _, b := range gbBits {
		if state&b.bit != 0 {
			g.StatusBits = append(g.StatusBits, b.name)
		}
	}
	return &g
}

// gbOutputs are the outputs that the standard has a part for.
var gbOutputs = []struct {
	kind      alarm.OutputKind
	sys, part uint8
}{{alarm.Valve, 1, 106}, {alarm.Sounder, 1, 121}, {alarm.Fan, 18, 111}}

// gbOutput gives the codes of what an output does. That a valve has not closed is the fault of one,
// whichever it is.
func gbOutput(ev alarm.Event, o *alarm.OutputPlan) *gb {
	state, kind := uint16(gbRun|gbStarted), alarm.Valve
	switch {
	case ev.Kind == alarm.FaultRaised && ev.Fault == alarm.ValveFail:
		state |= gbFault
	case o == nil || ev.Kind != alarm.OutputChanged && ev.Kind != alarm.Confirmed:
		return nil
	case ev.Kind == alarm.Confirmed:
		state |= gbFeedback
	case !ev.Pattern.IsAlarm():
		state = gbRun
	}
	if o != nil {
		kind = o.Kind
	}
	if ev.Drill {
		state &^= gbRun
	}
	for _, p := range gbOutputs {
		if p.kind == kind {
			return newGB(p.sys, p.part, state)
		}
	}
	return nil
}

// gbAlarmBit is fire for what threatens life at alarm level, otherwise supervision.
func gbAlarmBit(s alarm.Signal, l detect.Level) uint16 {
	if l >= detect.Alarm && (s == alarm.Fire || s == alarm.Gas || s == alarm.CO) {
		return gbFire
	}
	return gbSupervised
}
