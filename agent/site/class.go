package site

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// class is what is usual for one kind of point, so that the file need not say it.
type class struct {
	name    string
	signal  alarm.Signal
	latch   bool
	confirm time.Duration
	least   time.Duration // the shortest confirm that the file may give
	longest time.Duration // the longest confirm; 0: that of the signal
	// quantities are those that make sense for the class; empty: any.
	quantities []drivers.Quantity
	// limits stand while the file gives none. A Confirm of zero is that of the class.
	limits []detect.Condition
	// profiles are sets of limits that the file may name; the class's own are the first one's.
	profiles []profile
	deadband int64         // percent of the span; 0: a twentieth of the limit
	most     detect.Level  // the highest level without may_alarm = true; 0: any
	warmUp   detect.Level  // the highest level of a sensor that warms up; 0: any
	warms    time.Duration // warm-up of its sensors
	burnIn   time.Duration // once in their life
	years    int32         // of life
	supplies bool          // a supply: off normal it is a fault of the system, not an alarm
	drifts   bool          // a measured value is judged against a baseline
	weighs   bool          // the fire rule weighs its inputs; limits are added to it
}

// above and below are the limits of most classes.
func above(q drivers.Quantity, l detect.Level, limit int64) detect.Condition {
	return detect.Condition{Kind: detect.Above, Quantity: q, Level: l, Limit: limit}
}

func below(q drivers.Quantity, l detect.Level, limit int64) detect.Condition {
	return detect.Condition{Kind: detect.Below, Quantity: q, Level: l, Limit: limit}
}

const callPoint = "call_point"

var contactOnly = []drivers.Quantity{drivers.Contact}

// classes are the kinds of point. A contact of a class needs no limit.
var classes = []class{
	// A person pressed it: there is nothing to verify.
	{name: callPoint, signal: alarm.Fire, latch: true, confirm: 200 * time.Millisecond,
		longest: 2 * time.Second, quantities: contactOnly},
	{name: "smoke", signal: alarm.Fire, latch: true, confirm: time.Second, drifts: true},
	// All that one place measures, weighed together.
	{name: "spot", signal: alarm.Fire, latch: true, confirm: 10 * time.Second, weighs: true},
	{name: "heat", signal: alarm.Fire, latch: true, confirm: 2 * time.Second,
		quantities: []drivers.Quantity{drivers.Temperature, drivers.Contact},
		profiles:   heatProfiles},
	{name: "gas", signal: alarm.Gas, latch: true, confirm: 3 * time.Second,
		quantities: []drivers.Quantity{drivers.Combustible, drivers.Contact},
		profiles:   gasProfiles, warmUp: detect.PreAlarm, years: 5},
	// An MQ part shows that there is gas, and not how much: after its makers' documents its first
	// day and the first minutes of each start say nothing.
	{name: "mq", signal: alarm.Gas, latch: true, confirm: 3 * time.Second, most: detect.PreAlarm,
		warmUp: detect.PreAlarm, warms: 3 * time.Minute, burnIn: 24 * time.Hour, years: 5},
	{name: "co", signal: alarm.CO, latch: true, confirm: 3 * time.Second,
		quantities: []drivers.Quantity{drivers.Gas, drivers.Contact},
		profiles:   coProfiles, warmUp: detect.PreAlarm, years: 5},
	{name: "leak", signal: alarm.Supervisory, confirm: 5 * time.Second},
	{name: "flood", signal: alarm.Flood, latch: true, confirm: 5 * time.Second, deadband: 5,
		quantities: []drivers.Quantity{drivers.Level, drivers.Contact},
		limits: []detect.Condition{
			above(drivers.Level, detect.Alarm, 150), above(drivers.Level, detect.AlarmHigh, 300),
		}},
	{name: "pressure", signal: alarm.Water, confirm: 15 * time.Second, deadband: 2,
		quantities: []drivers.Quantity{drivers.Pressure, drivers.Contact},
		profiles:   pressureProfiles},
	{name: "flow", signal: alarm.Water, confirm: 15 * time.Second, deadband: 5,
		quantities: []drivers.Quantity{drivers.Flow, drivers.Pulses, drivers.Contact}},
	{name: "tank", signal: alarm.Water, confirm: 60 * time.Second, deadband: 5,
		quantities: []drivers.Quantity{drivers.Level, drivers.Contact}},
	{name: "electrical", signal: alarm.Supervisory, latch: true, confirm: 5 * time.Second,
		limits: []detect.Condition{
			above(drivers.Current, detect.Alarm, 300_000),
			above(drivers.Temperature, detect.Alarm, 70_000),
		}},
	{name: "power", signal: alarm.Power, confirm: 10 * time.Second, supplies: true,
		limits: []detect.Condition{below(drivers.Charge, detect.Alarm, 20_000)}},
	{name: "tamper", signal: alarm.Supervisory, confirm: time.Second},
	// A button and a key switch of the box itself; see people.go.
	{name: buttonClass, confirm: buttonTime, quantities: contactOnly},
	{name: keyClass, confirm: buttonTime, quantities: contactOnly},
	{name: "door", signal: alarm.Supervisory, confirm: time.Second},
	{name: "valve", signal: alarm.Supervisory, confirm: time.Second},
	{name: "pump", signal: alarm.Supervisory, confirm: time.Second},
	{name: "slope", signal: alarm.Evacuation, latch: true, confirm: 5 * time.Second,
		quantities: []drivers.Quantity{drivers.Crack, drivers.Tilt, drivers.Contact}},
	{name: "rain", signal: alarm.Evacuation, latch: true, confirm: 5 * time.Second,
		quantities: []drivers.Quantity{drivers.Rain}},
}

func classByName(name string) (class, bool) {
	i := slices.IndexFunc(classes, func(c class) bool { return c.name == name })
	if i < 0 {
		return class{}, false
	}
	return classes[i], true
}

func classNames() []string {
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = c.name
	}
	return names
}

// plain is the class of a point that names only its signal.
func plain(s alarm.Signal) class {
	c := class{signal: s, latch: s.IsLifeSafety(), confirm: 5 * time.Second}
	if c.latch {
		c.confirm = time.Second
	}
	return c
}

// longestConfirm bounds the delay of an alarm. Life safety gets no long one; CO is a dose, which
// takes its time by its nature.
func longestConfirm(s alarm.Signal, l detect.Level) time.Duration {
	switch {
	case !s.IsLifeSafety():
		return 24 * time.Hour
	case l < detect.Alarm:
		return 10 * time.Minute
	case s == alarm.CO:
		return 90 * time.Minute
	}
	return time.Minute
}

func signalNames() []string {
	var names []string
	for _, s := range alarm.Signals() {
		names = append(names, s.String())
	}
	return names
}

func signalByName(name string) (alarm.Signal, bool) {
	for _, s := range alarm.Signals() {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}

// outputKinds are the kinds of output by the name that the file writes.
func outputKinds() []string {
	var names []string
	for _, k := range alarm.OutputKinds() {
		names = append(names, k.String())
	}
	return names
}

// levels are the levels that a limit may lead to.
var levels = []detect.Level{detect.Supervisory, detect.PreAlarm, detect.Alarm, detect.AlarmHigh}

func levelNames() []string {
	var names []string
	for _, l := range levels {
		names = append(names, l.String())
	}
	return names
}

func levelByName(name string) (detect.Level, bool) {
	for _, l := range levels {
		if l.String() == name {
			return l, true
		}
	}
	return 0, false
}
