package site

import (
	"fmt"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// A calibration moves a value by at most a tenth of what the part measures.
const offsetShare = 10

// longestStale bounds how long a point may be silent: nobody knows of a fire meanwhile. A part that
// is read slowly, which is a warning of its own, may take the five readings that are usual.
func longestStale(s alarm.Signal, feeds []feed) time.Duration {
	if s.IsLifeSafety() {
		return max(5*time.Minute, staleAfter(feeds))
	}
	return time.Hour
}

// longestWarmUp bounds how long after each start an alarm is a warning only.
func longestWarmUp(s alarm.Signal) time.Duration {
	if s.IsLifeSafety() {
		return 10 * time.Minute
	}
	return 72 * time.Hour
}

// isOffset refuses an offset of a point of life safety that is no calibration.
func (r *rule) isOffset(c *detect.Channel, offset int64) bool {
	most := (c.Max - c.Min) / offsetShare
	if !r.class.signal.IsLifeSafety() || most <= 0 || max(offset, -offset) <= most {
		return true
	}
	r.wrong("offset", "offset %q is no calibration, but more than a tenth of what %s measures; "+
		"write %q to %q", c.Quantity.Text(offset), r.feeds[0].from.name, c.Quantity.Text(-most),
		c.Quantity.Text(most))
	return false
}

// milder warns of a signal that takes the alarm from a class of life safety.
func (s *section) milder(cl class, signal alarm.Signal) {
	if cl.signal.IsLifeSafety() && !signal.IsLifeSafety() {
		s.c.odd(s.line("signal"), s.subject, "signal = %q: of class %q, and no siren sounds for it; "+
			"leave signal out, unless another point watches the place", signal, cl.name)
	}
}

// reach finds points of life safety that no value brings to an alarm.
func (r *rule) reach() {
	if r.flawed || r.unseen || !r.class.signal.IsLifeSafety() || len(r.spec.Fire) > 0 {
		return
	}
	if len(r.limits) == 0 {
		if r.has("record") {
			r.c.odd(r.line("record"), r.subject, "record = true: a point of signal %s that never "+
				"alarms; leave record out, unless another point watches the place", r.class.signal)
		}
		return
	}
	if r.class.most > 0 {
		return // it only warns, unless may_alarm says more
	}
	var last []limit
	for _, l := range r.limits {
		if l.Level >= detect.Alarm {
			last = append(last, l)
		}
	}
	first := r.limits[0]
	line, write := max(first.line, r.t.line), r.alarmFor(first.Quantity)
	all := func(is func(limit) bool) bool {
		return !slices.ContainsFunc(last, func(l limit) bool { return !is(l) })
	}
	switch {
	case len(last) == 0:
		r.c.wrong(line, r.subject, "it warns and never alarms; %s too, or signal = \"supervisory\"",
			write)
	case all(isUpsideDown):
		r.c.wrong(line, r.subject, "it alarms at low values only, and %s shows in high ones; %s",
			r.class.signal, write)
	case all(r.isBeyond):
		r.c.wrong(line, r.subject, "with its gain and offset it can never reach %q; correct them, "+
			"or write a limit that %s can measure", last[0].Quantity.Text(last[0].Limit),
			r.feeds[0].from.name)
	case r.class.signal != alarm.Evacuation && all(isRise):
		r.c.odd(line, r.subject, "it alarms at a fast rise only, and a slow %s never raises it; %s "+
			"too", r.class.signal, write)
	}
}

// alarmFor says what to write for an alarm: what is usual for the class, if that is known.
func (r *rule) alarmFor(q drivers.Quantity) string {
	if q == drivers.Contact {
		return `write level = "alarm"`
	}
	limit := example(q)
	for _, l := range r.class.limits {
		if l.Quantity == q && l.Kind == detect.Above && l.Level == detect.Alarm {
			limit = l.Limit
		}
	}
	return fmt.Sprintf("write alarm = %q", q.Text(limit))
}

func isRise(l limit) bool { return l.Kind == detect.Rise }

// isUpsideDown tells a limit that waits for less of what a danger makes more of.
func isUpsideDown(l limit) bool {
	switch l.Quantity {
	case drivers.Temperature, drivers.Combustible, drivers.Gas:
		return l.Kind == detect.Below
	}
	return false
}

// isBeyond tells a limit that no value which the part can give reaches, once it is calibrated.
func (r *rule) isBeyond(l limit) bool {
	i := slices.IndexFunc(r.spec.Channels, func(c detect.Channel) bool {
		return c.Quantity == l.Quantity
	})
	if i < 0 || r.told["gain"] || r.told["offset"] {
		return false
	}
	c := &r.spec.Channels[i]
	least, most := calibrated(c, c.Min), calibrated(c, c.Max)
	switch {
	case c.Min >= c.Max:
		return false
	case l.Kind == detect.Above:
		return l.Limit > most
	case l.Kind == detect.Over:
		return r.spec.Drift.Zero+l.Limit > most
	case l.Kind == detect.Below:
		return l.Limit < least
	}
	return false
}

func calibrated(c *detect.Channel, raw int64) int64 { return raw + raw*c.Gain/1_000_000 + c.Offset }

// lowestAlarm is the first alarm that a point comes to.
func lowestAlarm(p alarm.PointPlan) detect.Level {
	lowest := detect.AlarmHigh
	for _, d := range p.Spec.Conditions {
		if d.Level >= detect.Alarm {
			lowest = min(lowest, d.Level)
		}
	}
	if len(p.Spec.Fire) > 0 {
		return detect.Alarm
	}
	return lowest
}

// warnFaint finds points for which only the box itself sounds although there is a siren.
func (c *checker) warnFaint(cases []alarm.Case) {
	kind := func(k alarm.OutputKind) func(*output) bool {
		return func(o *output) bool { return o.plan.Kind == k }
	}
	sounds := func(k alarm.OutputKind) func(*alarm.OutputPlan, alarm.Pattern) bool {
		return func(o *alarm.OutputPlan, p alarm.Pattern) bool { return o.Kind == k && p.IsAlarm() }
	}
	faint := slices.DeleteFunc(c.unmoved(cases, sounds(alarm.Sounder)), func(p *watched) bool {
		return slices.Contains(c.unmoved(cases, sounds(alarm.Buzzer)), p)
	})
	if len(faint) > 0 && slices.ContainsFunc(c.outputs, kind(alarm.Sounder)) {
		c.odd(faint[0].line, "", "only a buzzer, beside the box, sounds for the first alarm of the "+
			"point %s; widen zones, signals and level of a sounder, or its [[effect]]", quoted(faint))
	}
}

// warnMute finds a site whose own faults nobody hears.
func (c *checker) warnMute(cases []alarm.Case) {
	heard := slices.ContainsFunc(cases, func(k alarm.Case) bool {
		return k.When.Fault == alarm.AnyFault && slices.ContainsFunc(k.Then, func(a alarm.Act) bool {
			return c.site.output(a.Output).Kind.Sounds() && a.Play != alarm.Off
		})
	})
	if len(c.outputs) > 0 && !heard {
		c.odd(0, "", "there is no buzzer, so nobody hears a fault of the system; "+
			`write an [[output]] with kind = "buzzer"`)
	}
}

// warnOpen finds an effect that takes from gas the valve that it usually closes.
func (c *checker) warnOpen(cases []alarm.Case) {
	open := slices.DeleteFunc(c.unmoved(cases, func(o *alarm.OutputPlan, p alarm.Pattern) bool {
		return o.Kind == alarm.Valve && p != alarm.Off
	}), func(p *watched) bool { return p.plan.Signal != alarm.Gas })
	for i, e := range c.effects {
		takes := e.replace && slices.ContainsFunc(e.rows, func(r alarm.Effect) bool {
			return slices.Contains(r.When.Signals, alarm.Gas) &&
				slices.ContainsFunc(r.Then, func(a alarm.Act) bool {
					return c.site.output(a.Output).Kind == alarm.Valve
				})
		})
		if takes && len(open) > 0 {
			c.odd(e.line, fmt.Sprintf("effect %d", i+1), "replace = true: the first alarm of the "+
				"point %s alone closes no valve; leave replace out, unless that is meant",
				quoted(open))
		}
	}
}
