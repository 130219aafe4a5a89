package alarm

import (
	"slices"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// Case is one thing that can happen at a site, and what its outputs then do.
type Case struct {
	// When is what happens: one signal and its level, how many points, or a fault.
	When Cause
	// Points are those at which it can happen with this effect, in plan order; none: a fault.
	Points []point.ID
	Then   []Act      // in plan order; Off: it is kept off. What does nothing is left out
	Stays  []OutputID // those that may not switch because of gas, and stay as they are
}

// Cases tells what can happen at a site and what its outputs then do. It asks the panel itself, so
// what it says is what will be. The plan is used up: it must not be given to a panel as well.
func Cases(plan Plan) []Case {
	p := &Panel{}
	p.install(plan)
	var all []Case
	for _, h := range p.happenings() {
		for i, a := range h.alarms {
			p.alarms = []*standing{a}
			if h.when.Triggers > 1 {
				other := second(h.alarms, i)
				if other == nil {
					continue
				}
				p.alarms = append(p.alarms, other)
			}
			all = p.outcome(all, h.when, a)
		}
	}
	p.alarms = nil
	for _, f := range []detect.FaultCode{AnyFault, UplinkFault} {
		p.notices = notices{{kind: FaultKind{Code: UplinkDown}, on: true, shown: true}}
		if f == AnyFault {
			p.notices[0].kind.Code = OutputFailed
		}
		all = p.outcome(all, Cause{Fault: f}, nil)
	}
	return all
}

// levels are those that a point can come to, in the order in which a person asks for them.
var levels = []detect.Level{
	detect.Alarm, detect.AlarmHigh, detect.PreAlarm, detect.Supervisory,
}

// happening is one kind of thing that can happen, and the alarms that would be of it.
type happening struct {
	when   Cause
	alarms []*standing
}

// happenings are all kinds that the points can raise, the most urgent first.
func (p *Panel) happenings() (all []happening) {
	for s := int(Fire); s >= 0; s-- {
		signal := []Signal{Signal(s)}
		for _, level := range levels {
			for _, of := range []Nature{CallPoint, Any, Precursor, Held, Doubted} {
				h := happening{when: Cause{Signals: signal, Level: level, Of: of}}
				for i := range p.points {
					if a := p.pretend(&p.points[i], level, of); a != nil && a.signal == Signal(s) {
						h.alarms = append(h.alarms, a)
					}
				}
				if len(h.alarms) == 0 {
					continue
				}
				all = append(all, h)
				if level >= detect.Alarm && of == Any && Signal(s) >= CO {
					h.when.Triggers = 2
					all = append(all, h)
				}
			}
		}
	}
	return all
}

// pretend is the alarm of such a kind that the point would have; nil: it cannot have one. A zone
// holds back a detector of fire, and shows what it holds as a pre-alarm.
func (p *Panel) pretend(w *watched, level detect.Level, of Nature) *standing {
	a := &standing{
		point: w.plan.ID, zone: w.plan.Zone, signal: w.plan.Signal, nature: w.plan.nature(),
		devices: w.plan.Devices, finding: detect.Finding{Level: level}, level: level, active: true,
	}
	if of < Held {
		if a.nature != of || !w.plan.raises(level) {
			return nil
		}
		return a
	}
	a.held = detect.Alarm
	if level != detect.PreAlarm || a.signal != Fire || a.nature != Any || p.back(a) != of ||
		!w.plan.raises(detect.Alarm) {
		return nil
	}
	return a
}

// raises tells whether the rule of a point can come to a level.
func (p *PointPlan) raises(level detect.Level) bool {
	if len(p.Spec.Fire) > 0 && (level == detect.PreAlarm || level == detect.Alarm) {
		return true
	}
	return slices.ContainsFunc(p.Spec.Conditions, func(c detect.Condition) bool {
		return c.Level == level
	})
}

// second is an independent alarm in the zone of alarm i; nil: there is none.
func second(all []*standing, i int) *standing {
	for j, b := range all {
		if j != i && b.zone == all[i].zone && !b.shares(all[i]) {
			return b
		}
	}
	return nil
}

// outcome adds what the outputs do now to the case that has the same effect, or as a new one.
func (p *Panel) outcome(all []Case, when Cause, a *standing) []Case {
	c := Case{When: when}
	for i := range p.outputs {
		o := &p.outputs[i]
		*o = driven{plan: o.plan}
	}
	p.decideOutputs(0)
	for i := range p.outputs {
		switch o := &p.outputs[i]; {
		case o.choice.rank == 0:
		case p.frozen(&o.plan):
			c.Stays = append(c.Stays, o.plan.ID)
		default:
			c.Then = append(c.Then, Act{Output: o.plan.ID, Play: o.pattern})
		}
	}
	if a == nil {
		return append(all, c)
	}
	c.Points = []point.ID{a.point}
	for i := range all {
		same := &all[i]
		if same.When.equal(&when) && slices.Equal(same.Then, c.Then) &&
			slices.Equal(same.Stays, c.Stays) {
			same.Points = append(same.Points, a.point)
			return all
		}
	}
	if p.said(all, c) {
		return all
	}
	return append(all, c)
}

// said tells whether a case says of two points, or of a higher level, what is said already of one
// point or of the lower level.
func (p *Panel) said(all []Case, c Case) bool {
	less := c.When
	less.Triggers = 0
	if c.When.Level == detect.AlarmHigh {
		less.Level = detect.Alarm
	}
	return slices.ContainsFunc(all, func(d Case) bool {
		return d.When.equal(&less) && slices.Contains(d.Points, c.Points[0]) &&
			slices.Equal(d.Then, c.Then) && slices.Equal(d.Stays, c.Stays)
	})
}

// Tone is how a cause usually sounds. Of several rows it is that of the highest level.
func (c *Cause) Tone() Pattern {
	tone, highest := Steady, detect.Normal
	for i := range usualRows {
		r := &usualRows[i].when
		same := len(c.Signals) > 0 && slices.Contains(r.Signals, c.Signals[0]) &&
			(r.Of == Any || r.Of == c.Of) && r.level() <= c.level() && r.level() >= highest
		if c.Fault == r.Fault && (c.Fault != "" || same) {
			tone, highest = usualRows[i].tone, r.level()
		}
	}
	return tone
}
