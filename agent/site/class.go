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
	// quantities are those that make sense for the class; empty: any.
	quantities []drivers.Quantity
	// limits stand while the file gives none.
	limits []preset
}

// preset is one limit of a class.
type preset struct {
	quantity drivers.Quantity
	level    detect.Level
	limit    int64
	confirm  time.Duration // 0: that of the class
}

// classes are the kinds of point. A contact of a class needs no limit.
var classes = []class{
	// A person pressed it: there is nothing to verify.
	{name: "call_point", signal: alarm.Fire, latch: true, confirm: 200 * time.Millisecond,
		quantities: []drivers.Quantity{drivers.Contact}},
	{name: "smoke", signal: alarm.Fire, latch: true, confirm: time.Second},
	// The static limits of class A1, after EN 54-5: 46 °C and 56 °C.
	{name: "heat", signal: alarm.Fire, latch: true, confirm: 2 * time.Second,
		quantities: []drivers.Quantity{drivers.Temperature, drivers.Contact},
		limits: []preset{
			{quantity: drivers.Temperature, level: detect.PreAlarm, limit: 46_000},
			{quantity: drivers.Temperature, level: detect.Alarm, limit: 56_000},
		}},
	{name: "gas", signal: alarm.Gas, latch: true, confirm: 3 * time.Second,
		quantities: []drivers.Quantity{drivers.Combustible, drivers.Contact},
		limits: []preset{
			{quantity: drivers.Combustible, level: detect.Alarm, limit: 10_000},
			{quantity: drivers.Combustible, level: detect.AlarmHigh, limit: 25_000},
		}},
	// Steps within the times of EN 50291: 50 ppm 60 to 90 min, 100 ppm 10 to 40 min, 300 ppm
	// within 3 min. Each lies a tenth below its figure, for the tolerance of the test gas.
	{name: "co", signal: alarm.CO, latch: true, confirm: 3 * time.Second,
		quantities: []drivers.Quantity{drivers.Gas, drivers.Contact},
		limits: []preset{
			{drivers.Gas, detect.PreAlarm, 30_000, 10 * time.Minute},
			{drivers.Gas, detect.Alarm, 45_000, 70 * time.Minute},
			{drivers.Gas, detect.Alarm, 90_000, 20 * time.Minute},
			{drivers.Gas, detect.Alarm, 270_000, 2 * time.Minute},
		}},
	{name: "leak", signal: alarm.Supervisory, confirm: 5 * time.Second},
	{name: "flood", signal: alarm.Flood, latch: true, confirm: 5 * time.Second,
		quantities: []drivers.Quantity{drivers.Level, drivers.Contact},
		limits: []preset{
			{quantity: drivers.Level, level: detect.Alarm, limit: 150},
			{quantity: drivers.Level, level: detect.AlarmHigh, limit: 300},
		}},
	{name: "pressure", signal: alarm.Water, confirm: 15 * time.Second,
		quantities: []drivers.Quantity{drivers.Pressure, drivers.Contact}},
	{name: "tank", signal: alarm.Water, confirm: 60 * time.Second,
		quantities: []drivers.Quantity{drivers.Level, drivers.Contact}},
	{name: "electrical", signal: alarm.Supervisory, latch: true, confirm: 5 * time.Second,
		limits: []preset{
			{quantity: drivers.Current, level: detect.Alarm, limit: 300_000},
			{quantity: drivers.Temperature, level: detect.Alarm, limit: 70_000},
		}},
	{name: "power", signal: alarm.Power, confirm: 10 * time.Second},
	{name: "door", signal: alarm.Supervisory, confirm: time.Second},
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
	c := class{signal: s, latch: isLifeSafety(s), confirm: 5 * time.Second}
	if c.latch {
		c.confirm = time.Second
	}
	return c
}

// isLifeSafety tells the signals that people must leave for.
func isLifeSafety(s alarm.Signal) bool {
	switch s {
	case alarm.Fire, alarm.Gas, alarm.CO, alarm.Flood, alarm.Evacuation:
		return true
	}
	return false
}

// longestConfirm bounds the delay of an alarm. Life safety gets no long one; CO is a dose, which
// takes its time by its nature.
func longestConfirm(s alarm.Signal, l detect.Level) time.Duration {
	switch {
	case !isLifeSafety(s):
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
