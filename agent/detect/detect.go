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

// The faults that a rule finds.
const (
	SensorFailed FaultCode = "sensor_failed" // three failed readings running
	SensorSilent FaultCode = "sensor_silent" // no good reading for Spec.Stale
	RuleBroken   FaultCode = "rule_broken"   // the rule itself panicked; set by the panel
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
	Rise               // value grows by at least Limit per minute over Window
)

// Condition is one way for a point to leave normal.
type Condition struct {
	Kind       Kind
	Quantity   drivers.Quantity
	Level      Level         // given while the condition stands
	Limit      int64         // in the unit of Quantity; of Rise: a minute
	Hysteresis int64         // how far the value must come back before the condition ends
	Confirm    time.Duration // how long the condition must last before it stands (on-delay)
	Release    time.Duration // how long it must be gone before it ends (off-delay)
	Window     time.Duration // of Rise; 0: 60 s
}

// Spec is the rule of a point as data. Its conditions are joined by "or": the highest level wins.
type Spec struct {
	Stale      time.Duration // no good reading of a quantity for so long is SensorSilent
	Conditions []Condition
}
