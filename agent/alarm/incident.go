package alarm

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// Step is a step in the handling of an alarm by the people of the station.
type Step uint8

// The steps, in their order.
const (
	_         Step = iota
	Accepting      // 接警: a person has taken the alarm on
	Arriving       // 到场: a person is there
	Judging        // a verdict is given
	steps
)

var stepNames = [steps]string{"", "accept", "arrive", "verdict"}

// String is the step as messages write it; empty: none.
func (s Step) String() string {
	if s >= steps {
		return "unknown"
	}
	return stepNames[s]
}

// stepIn is how long after the alarm a step must have been made.
var stepIn = [steps]time.Duration{
	Accepting: time.Minute, Arriving: 3 * time.Minute, Judging: 5 * time.Minute,
}

// Verdict is what an alarm turned out to be.
type Verdict uint8

// The verdicts. The zero value is none yet.
const (
	_          Verdict = iota
	RealFire           // 真实火警
	FalseAlarm         // 误报; its cause is required
	TestAlarm          // 测试
	FaultAlarm         // 故障
	DrillAlarm         // 演练
	verdicts
)

var verdictNames = [verdicts]string{"", "real", "false", "test", "fault", "drill"}

// String is the verdict as messages and the command line write it; empty: none.
func (v Verdict) String() string {
	if v >= verdicts {
		return "unknown"
	}
	return verdictNames[v]
}

// StepState is how one step of an incident went.
type StepState struct {
	Done    bool          `json:",omitempty"`
	Overdue bool          `json:",omitempty"` // it was not made in time
	After   time.Duration `json:",omitempty"` // the alarm, once it is done
	By      Origin        // who made it
}

// Incident is the handling of an alarm that people must leave for, and of those that came before
// its verdict. Only a site with operators has incidents. Those of a drill are incidents of their
// own, which end with it.
type Incident struct {
	ID      AlarmID       // that of its first alarm
	Alarms  []AlarmID     // the first 8, in the order in which they were raised
	More    uint32        `json:",omitempty"` // alarms that are not among them
	Age     time.Duration // since its first alarm
	Drill   bool          `json:",omitempty"`
	Accept  StepState
	Arrive  StepState
	Judge   StepState
	Verdict Verdict       `json:",omitempty"`
	Cause   string        `json:",omitempty"` // of a false alarm
	Closed  time.Duration `json:",omitempty"` // after its first alarm; 0: it is open
}

// incidents are those that are open, oldest first, and the last that were closed.
type incidents struct {
	open   []incident
	closed []Incident
}

type incident struct {
	Incident
	since point.Instant
}

// mostNamed is how many alarms of an incident are named.
const mostNamed = 8

// Step is the state of one step.
func (i *Incident) Step(s Step) *StepState {
	switch s {
	case Accepting:
		return &i.Accept
	case Arriving:
		return &i.Arrive
	}
	return &i.Judge
}

// waits tells whether a step is still to be made. A later one stands for those before it.
func (i *Incident) waits(s Step) bool {
	for ; s < steps; s++ {
		if i.Step(s).Done {
			return false
		}
	}
	return true
}

// involve makes an alarm part of an incident, if people must leave for it, and tells whether that
// is a new one. What comes after a verdict is new: the verdict did not know of it.
func (p *Panel) involve(now point.Instant, a *standing) bool {
	if len(p.plan.Operators) == 0 || a.finding.Level < detect.Alarm || a.signal < Evacuation {
		return false
	}
	for i := range p.people.incidents.open {
		in := &p.people.incidents.open[i]
		if in.Verdict != 0 || in.Drill != a.drill {
			continue
		}
		if a.incident != in.ID {
			a.incident = in.ID
			in.name(a.id)
		}
		return false
	}
	if len(p.people.incidents.open) >= mostClosed {
		p.closeIncident(now, 0, RefusedBusy)
	}
	a.incident = a.id
	if i := p.incidentOf(a.id); i >= 0 { // It came back before its reset, after the verdict.
		p.closeIncident(now, i, RefusedRepeated)
	}
	p.people.incidents.open = append(p.people.incidents.open, incident{
		Incident: Incident{ID: a.id, Alarms: []AlarmID{a.id}, Drill: a.drill}, since: now,
	})
	return true
}

func (i *Incident) name(id AlarmID) {
	if len(i.Alarms) < mostNamed {
		i.Alarms = append(i.Alarms, id)
	} else {
		i.More++
	}
}

// incidentOf is the place of the open incident that an alarm belongs to; -1: none.
func (p *Panel) incidentOf(id AlarmID) int {
	for _, a := range p.alarms {
		if a.id == id && a.incident != "" {
			id = a.incident
		}
	}
	return slices.IndexFunc(p.people.incidents.open, func(i incident) bool {
		return i.ID == id || slices.Contains(i.Alarms, id)
	})
}

// advance makes a step of the handling: of the incident of an alarm, or of the oldest that waits;
// what is real comes before a drill.
func (p *Panel) advance(now point.Instant, c *Command, s Step) string {
	open := p.people.incidents.open
	if len(open) == 0 && len(p.plan.Operators) == 0 {
		return RefusedUnnamed
	}
	waits := func(drill bool) int {
		return slices.IndexFunc(open, func(i incident) bool { return i.waits(s) && i.Drill == drill })
	}
	i := waits(false)
	if i < 0 {
		i = waits(true)
	}
	if c.Alarm != "" {
		if i = p.incidentOf(c.Alarm); i < 0 {
			return RefusedUnknown
		}
	}
	if i < 0 || !open[i].waits(s) {
		return RefusedNothing
	}
	if s == Judging {
		m := c.Matter
		if m.Verdict == 0 || m.Verdict >= verdicts || !printable(m.Text, longestNote) {
			return RefusedMalformed
		}
		if m.Verdict == FalseAlarm && strings.TrimSpace(m.Text) == "" {
			return RefusedNoReason
		}
		open[i].Verdict, open[i].Cause = m.Verdict, m.Text
	}
	p.made(now, &open[i], s, c.By)
	return ""
}

var stepKinds = [steps]Kind{
	Accepting: IncidentAccepted, Arriving: IncidentArrived, Judging: IncidentJudged,
}

// made notes a step that a person has made.
func (p *Panel) made(now point.Instant, in *incident, s Step, by Origin) {
	st := in.Step(s)
	st.Done, st.After, st.By = true, now.Sub(in.since), by
	st.Overdue = st.Overdue || st.After > stepIn[s]
	e := Event{Kind: stepKinds[s], Incident: in.ID, By: by, For: st.After, Drill: in.Drill}
	if s == Judging {
		e.Matter.Verdict, e.Matter.Text = in.Verdict, in.Cause
	}
	p.record(now, e)
}

// accepts takes an acknowledgement by a person on site as what it is: somebody has taken the alarm
// on.
func (p *Panel) accepts(now point.Instant, c *Command) {
	if c.By.Kind == District {
		return
	}
	for i := range p.people.incidents.open {
		in := &p.people.incidents.open[i]
		if in.waits(Accepting) && slices.ContainsFunc(p.alarms, func(a *standing) bool {
			return a.incident == in.ID && !a.acked && (c.Point == "" || a.point == c.Point)
		}) {
			p.made(now, in, Accepting, c.By)
		}
	}
}

// followIncidents tells of steps that are late, and closes what is dealt with.
func (p *Panel) followIncidents(now point.Instant) {
	for i := 0; i < len(p.people.incidents.open); i++ {
		in := &p.people.incidents.open[i]
		for s := Accepting; s < steps; s++ {
			st := in.Step(s)
			if !st.Overdue && in.waits(s) && now.Sub(in.since) >= stepIn[s] {
				st.Overdue = true
				e := Event{Kind: IncidentOverdue, Incident: in.ID, Drill: in.Drill}
				e.Matter.Step = s
				p.record(now, e)
			}
		}
		stands := func(a *standing) bool { return a.incident == in.ID }
		if slices.ContainsFunc(p.alarms, stands) || in.Verdict == 0 && !in.Drill {
			continue
		}
		if in.Verdict == 0 {
			in.Verdict = DrillAlarm
		}
		p.closeIncident(now, i, "")
		i--
	}
}

// closeIncident ends an incident; reason says why, if it was not dealt with.
func (p *Panel) closeIncident(now point.Instant, i int, reason string) {
	ins := &p.people.incidents
	in := ins.open[i].Incident
	in.Closed = max(now.Sub(ins.open[i].since), 1)
	in.Age = in.Closed
	ins.open = slices.Delete(ins.open, i, i+1)
	ins.closed = pushed(ins.closed, in)
	p.record(now, Event{
		Kind: IncidentClosed, Incident: in.ID, For: in.Closed, Reason: reason, Drill: in.Drill,
		Matter: Matter{Verdict: in.Verdict},
	})
}
