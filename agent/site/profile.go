package site

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// profile is a named set of limits of a class.
type profile struct {
	name    string
	limits  []detect.Condition
	confirm time.Duration // 0: that of the class
	least   time.Duration // the shortest confirm that the file may give
}

// heatProfiles are static limits within the response temperatures of EN 54-5, and for class A1
// lower ones while the temperature rises by 4 °C a minute or more.
var heatProfiles = []profile{
	{name: "A1", limits: []detect.Condition{
		fast(detect.PreAlarm, 46_000, 36_000), fast(detect.Alarm, 56_000, 46_000),
	}},
	{name: "A2S", limits: []detect.Condition{
		above(drivers.Temperature, detect.PreAlarm, 50_000),
		above(drivers.Temperature, detect.Alarm, 60_000),
	}},
	{name: "BS", limits: []detect.Condition{
		above(drivers.Temperature, detect.PreAlarm, 64_000),
		above(drivers.Temperature, detect.Alarm, 74_000),
	}},
}

func fast(l detect.Level, limit, whileFast int64) detect.Condition {
	p := above(drivers.Temperature, l, limit)
	p.FastLimit, p.FastRise, p.Window = whileFast, 4_000, time.Minute
	return p
}

var gasLimits = []detect.Condition{
	above(drivers.Combustible, detect.Alarm, 10_000),
	above(drivers.Combustible, detect.AlarmHigh, 25_000),
}

// gasProfiles differ in how long gas must last: after GB 15322.2-2026 a household detector alarms
// not before 15 s and not after 60 s.
var gasProfiles = []profile{
	{name: "2019", limits: gasLimits},
	{name: "2026-household", limits: gasLimits, confirm: 20 * time.Second,
		least: 15 * time.Second},
}

// coProfiles are the dose of package detect, at once from 300 ppm, and a warning.
var coProfiles = []profile{
	{name: "en50291", limits: []detect.Condition{
		{Kind: detect.Above, Quantity: drivers.Gas, Level: detect.PreAlarm, Limit: 30_000,
			Confirm: 10 * time.Minute},
		{Kind: detect.Dose, Quantity: drivers.Gas, Level: detect.Alarm, Limit: detect.DoseFrom},
		above(drivers.Gas, detect.Alarm, 300_000),
	}},
}

// pressureProfiles are the least pressures after GB 50974: a municipal hydrant, and the worst point
// of the water supply of a kind of building. The first one gives no limit.
var pressureProfiles = []profile{
	{name: ""},
	lowest("hydrant", 140_000),
	lowest("public", 100_000),
	lowest("public-100m", 150_000),
	lowest("housing", 70_000),
	lowest("industry", 100_000),
	lowest("sprinkler", 100_000),
}

func lowest(name string, pa int64) profile {
	return profile{name: name, limits: []detect.Condition{below(drivers.Pressure, detect.Alarm, pa)}}
}

// profiled puts the profile that the file names into the class; without a name it is the first one.
func (s *section) profiled(cl class) class {
	if len(cl.profiles) == 0 {
		return cl
	}
	var names []string
	for _, p := range cl.profiles {
		if p.name != "" {
			names = append(names, p.name)
		}
	}
	word, _ := s.choice("profile", names)
	use := cl.profiles[0]
	for _, p := range cl.profiles {
		if p.name == word {
			use = p
		}
	}
	cl.limits = use.limits
	if use.confirm > 0 {
		cl.confirm, cl.least = use.confirm, use.least
	}
	return cl
}

// normalTop is how far above its normal value a pressure is too high, in percent.
const normalTop = 120

// normal adds the upper limit that follows from the normal pressure.
func (r *rule) normal() {
	if !r.isA("pressure") {
		return
	}
	v, ok := r.measure("normal", drivers.Pressure)
	switch {
	case ok && v <= 0:
		r.wrong("normal", "normal must be above zero")
	case ok:
		r.class.limits = append(r.class.limits[:len(r.class.limits):len(r.class.limits)],
			above(drivers.Pressure, detect.Alarm, v/100*normalTop))
	}
}

func (r *rule) isA(name string) bool { return r.class.name == name }
