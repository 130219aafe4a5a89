package site

import (
	"fmt"
	"slices"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// warnEffects looks for what is missing in the cause and effect.
func (c *checker) warnEffects() {
	cases := alarm.Cases(c.site.Plan())
	idle := c.warnIdle(cases)
	c.warnSilence(cases, idle)
	c.warnFaint(cases)
	c.warnOpen(cases)
	c.warnMute(cases)
	c.warnTones()
	for _, o := range c.outputs {
		c.warnLonely(o, cases)
		if loud := o.plan.Kind == alarm.Sounder; loud && o.plan.In != "" && !o.plan.Ex &&
			c.hasSignal(alarm.Gas, []alarm.ZoneID{o.plan.In}) {
			c.odd(o.line, fmt.Sprintf("output %q", o.plan.ID), "it sounds where there may be gas "+
				"and is not Ex; hang it elsewhere, or write ex = true if it is")
		}
	}
}

// warnPage tells that nobody can read the page.
func (c *checker) warnPage() {
	if !c.site.Page.isLocal() && !c.site.Page.Open && len(c.site.Operators) == 0 {
		c.odd(0, "[page]", `nobody can read the page from the network: name operators, who log in, `+
			`or write read = "open"`)
	}
}

// hasSignal tells whether a point of these zones can raise an alarm of a signal; no zone: any.
func (c *checker) hasSignal(s alarm.Signal, zones []alarm.ZoneID) bool {
	return slices.ContainsFunc(c.points, func(p *watched) bool {
		return p.plan.Signal == s && alarms(p) &&
			(len(zones) == 0 || slices.Contains(zones, p.plan.Zone))
	})
}

// warnSilence finds points for which something is done and nothing sounds.
func (c *checker) warnSilence(cases []alarm.Case, idle []*watched) {
	some := false
	silent := c.unmoved(cases, func(o *alarm.OutputPlan, p alarm.Pattern) bool {
		return o.Kind.Sounds() && p.IsAlarm()
	})
	silent = slices.DeleteFunc(silent, func(p *watched) bool { return slices.Contains(idle, p) })
	for _, p := range c.points {
		some = some || p.plan.Signal.IsLifeSafety() && alarms(p)
	}
	isSounder := func(o *output) bool { return o.plan.Kind == alarm.Sounder }
	switch {
	case !some:
		c.odd(0, "", "no point can raise an alarm of fire, gas, CO, flood or evacuation")
	case len(c.outputs) == 0:
		c.odd(0, "", "there is no output, so an alarm is silent; "+
			`write an [[output]] with kind = "sounder"`)
	case len(silent) > 0:
		c.odd(silent[0].line, "", "nothing sounds for the point %s; write an [[output]] with "+
			`kind = "sounder" that has the zone and signal`, quoted(silent))
	case !slices.ContainsFunc(c.outputs, isSounder):
		c.odd(0, "", "there is no siren: a buzzer is heard beside the box only; "+
			`write an [[output]] with kind = "sounder"`)
	}
}

// unmoved are the points of life safety of which one alarm, at the lowest level that they have,
// moves no output that does.
func (c *checker) unmoved(cases []alarm.Case,
	does func(*alarm.OutputPlan, alarm.Pattern) bool) (all []*watched) {
	moves := func(id point.ID, level detect.Level) bool {
		return slices.ContainsFunc(cases, func(k alarm.Case) bool {
			return k.When.Triggers <= 1 && k.When.Level == level &&
				slices.Contains(k.Points, id) &&
				slices.ContainsFunc(k.Then, func(a alarm.Act) bool {
					return does(c.site.output(a.Output), a.Play)
				})
		})
	}
	for _, p := range c.points {
		if p.plan.Signal.IsLifeSafety() && alarms(p) && !moves(p.plan.ID, lowestAlarm(p.plan)) {
			all = append(all, p)
		}
	}
	return all
}

// warnIdle finds points of life safety for which nothing at all happens at the site.
func (c *checker) warnIdle(cases []alarm.Case) []*watched {
	idle := c.unmoved(cases, func(_ *alarm.OutputPlan, p alarm.Pattern) bool { return p != alarm.Off })
	if len(idle) > 0 && len(c.outputs) > 0 {
		c.odd(idle[0].line, "", "no output does anything for the point %s; write an [[effect]], or "+
			"widen the zones and signals of an [[output]]", quoted(idle))
	}
	return idle
}

func quoted(points []*watched) string {
	var names []string
	for _, p := range points {
		names = append(names, fmt.Sprintf("%q", p.plan.ID))
	}
	return strings.Join(names, ", ")
}

// warnTones finds sirens that sound alike for things that people must answer differently.
func (c *checker) warnTones() {
	var names []string
	for _, s := range []alarm.Signal{alarm.Fire, alarm.Gas, alarm.CO} {
		if c.hasSignal(s, nil) {
			names = append(names, s.String())
		}
	}
	if len(names) < 2 {
		return
	}
	for _, o := range c.outputs {
		if o.plan.Kind == alarm.Sounder && o.plan.Steady {
			c.odd(o.line, fmt.Sprintf("output %q", o.plan.ID), "drive = \"steady\": %s sound alike, "+
				"and people do not know whether to shut a valve or to run; write drive = "+
				"\"pattern\" if it can be switched four times a second", strings.Join(names, ", "))
		}
	}
}

// warnLonely finds an output that waits for two triggers of a fire where there can be only one.
func (c *checker) warnLonely(o *output, cases []alarm.Case) {
	waits := false
	for _, e := range c.site.plan.Effects {
		waits = waits || slices.Contains(e.When.Signals, alarm.Fire) && e.When.Triggers > 1 &&
			slices.ContainsFunc(e.Then, func(a alarm.Act) bool {
				return a.Output == o.plan.ID && a.Play != alarm.Off
			})
	}
	acts := slices.ContainsFunc(cases, func(k alarm.Case) bool {
		return slices.Contains(k.When.Signals, alarm.Fire) && k.When.Level >= detect.Alarm &&
			slices.ContainsFunc(k.Then, func(a alarm.Act) bool {
				return a.Output == o.plan.ID && a.Play != alarm.Off
			})
	})
	if waits && !acts && c.hasSignal(alarm.Fire, o.plan.Zones) {
		c.odd(o.line, fmt.Sprintf("output %q", o.plan.ID), "no fire ever moves it: it waits for two "+
			"detectors of one zone or, if it is a valve, a call point, and no zone has them; add "+
			"a detector, or leave fire out of its signals")
	}
}
