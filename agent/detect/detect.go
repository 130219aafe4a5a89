// Package detect judges one point at a time: from readings to a finding. It is pure: time is an
// argument, and nothing in it reads a clock, a file or a lock.
package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Level is how far a point is from normal.
type Level uint8

// The levels, in rising order.
const (
	Normal Level = iota
	Supervisory
	PreAlarm
	Alarm
	AlarmHigh // second stage: gas high, level LL and HH, flood HH
	levels
)

var levelNames = [levels]string{"normal", "supervisory", "prealarm", "alarm", "alarm_high"}

// String is the level as messages write it.
func (l Level) String() string {
	if l >= levels {
		return "unknown"
	}
	return levelNames[l]
}

// FaultCode names an entry of the fault catalogue of package alarm. Empty: no fault.
type FaultCode string

// The faults of a point.
const (
	SensorFailed    FaultCode = "sensor_failed"    // three failed readings running
	SensorSilent    FaultCode = "sensor_silent"    // no good reading for Spec.Stale
	SensorRange     FaultCode = "sensor_range"     // three values running that it cannot measure
	SensorJumps     FaultCode = "sensor_jumps"     // three values running that nature cannot reach
	SensorStuck     FaultCode = "sensor_stuck"     // the same raw value for Channel.Stuck
	SensorsDisagree FaultCode = "sensors_disagree" // it and the other of its pair; set by the panel
	LineOpen        FaultCode = "line_open"
	LineShort       FaultCode = "line_short"
	Contaminated    FaultCode = "contaminated"       // the baseline is at its bound
	DirtySoon       FaultCode = "contamination_soon" // the baseline is near its bound
	EndOfLife       FaultCode = "end_of_life"        // set by the panel
	EndOfLifeSoon   FaultCode = "end_of_life_soon"   // within 30 days; set by the panel
	MainsLost       FaultCode = "mains_lost"
	BatteryLow      FaultCode = "battery_low"
	RuleBroken      FaultCode = "rule_broken" // the rule itself panicked; set by the panel
)

// Evidence is one reason for a finding: a value beside its limit. Weight is in thousandths.
type Evidence struct {
	Quantity drivers.Quantity
	Value    int64
	Limit    int64
	Weight   int16
}

// Finding is what a rule makes of a point. It has two axes: a burning sensor is in alarm and in
// fault. It is comparable.
type Finding struct {
	Level Level
	Fault FaultCode
	Why   [4]Evidence // unused entries are zero
}

// Rule judges one point. Step is called at every step of the panel with what came since the last
// one, oldest first; rs is empty when nothing came, for silence is an input too. Step must not keep
// rs and must not allocate when nothing changes.
type Rule interface {
	Step(now point.Instant, rs []point.Reading) Finding
}

// Kind says how a condition looks at its quantity.
type Kind uint8

// The kinds of condition.
const (
	Active Kind = iota // a contact is abnormal; Limit is not used
	Above              // value >= Limit
	Below              // value <= Limit
	Rise               // value grows by at least Limit within Per, seen over Window
	Over               // value >= baseline of Spec.Drift + Limit
	Dose               // CO counts up to the dose that alarms; Limit is DoseFrom, to be shown
)

// Condition is one way for a point to leave normal.
type Condition struct {
	Kind       Kind
	Quantity   drivers.Quantity
	Level      Level         // given while the condition stands
	Fault      FaultCode     // given while it stands: of supplies, which are no danger themselves
	Limit      int64         // in the unit of Quantity
	Hysteresis int64         // how far the value must come back before the condition ends
	Confirm    time.Duration // how long the condition must last before it stands (on-delay)
	Release    time.Duration // how long it must be gone before it ends (off-delay)
	Window     time.Duration // of Rise and FastRise; 0: 60 s
	Per        time.Duration // of Rise; 0: a minute
	// FastLimit of Above stands in for Limit while the value rises by FastRise a minute or more.
	// FastRise 0: never.
	FastLimit, FastRise int64
	// Of Over: the condition stands once Need of the last Of samples, a second apart, are beyond
	// the limit. Of is at most 8; 0: Confirm says how long.
	Need, Of uint8
}

// Spec is the rule of a point as data. Its conditions are joined by "or": the highest level wins.
type Spec struct {
	Stale      time.Duration // no good reading of a quantity for so long is SensorSilent
	Conditions []Condition
	Channels   []Channel // how readings are prepared before the rule sees them
	Drift      Drift     // of Over
	// Fire lists the channels that the fire rule weighs together; empty: it does not. Its finding
	// and the conditions are joined by "or".
	Fire    []drivers.Quantity
	OnFault Level // given while the point is blind; Normal: only what stood is held
	// WarmUp is the highest level that a sensor may raise while it warms up; 0: any.
	WarmUp Level
}
