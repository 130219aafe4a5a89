package dst

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// right is who may do something, after the table that the manual shows. It is written down once
// more here, because a mistake in the panel's own would be invisible otherwise.
type right struct {
	person, button uint8 // least access level; button 0: no button does it
	named          bool  // a person says who he is
	district       bool
}

var rights = map[alarm.Action]right{
	alarm.Acknowledge: {2, 1, false, true},
	alarm.Silence:     {2, 2, false, false},
	alarm.Reset:       {2, 2, false, false},
	alarm.Disable:     {2, 2, false, true},
	alarm.Enable:      {2, 2, false, true},
	alarm.Operate:     {2, 2, false, true},
	alarm.StartTest:   {2, 0, false, true},
	alarm.EndTest:     {2, 0, false, false},
	alarm.SkipTest:    {2, 0, false, false},
	alarm.ReceiptTest: {2, 0, false, true},
	alarm.StartDrill:  {2, 0, false, true},
	alarm.EndDrill:    {2, 0, false, true},
	alarm.AskDuty:     {2, 0, false, true},
	alarm.Warn:        {2, 0, false, true},
	alarm.Answer:      {1, 1, true, false},
	alarm.Accept:      {1, 0, true, false},
	alarm.Arrive:      {1, 0, true, false},
	alarm.Judge:       {2, 0, true, false},
	alarm.CheckItem:   {1, 0, true, false},
	alarm.OpenHazard:  {1, 0, true, false},
	alarm.CloseHazard: {2, 0, true, false},
	alarm.BeginShift:  {1, 0, true, false},
	alarm.EndShift:    {1, 0, true, false},
	alarm.SelfTest:    {2, 2, false, true},
}

// nobodyIsQuieterFromAfar looks at what an order did. The district acts by its own short list;
// without the key, or under a wrong number, a person may do little. The panel by itself resets what
// a drill has played and nothing else, and only ends disablements.
func nobodyIsQuieterFromAfar(o *oracle, t *truth, e *alarm.Event) {
	if e.Kind == alarm.Refused {
		return
	}
	for i := range o.in.Commands {
		c := &o.in.Commands[i]
		if e.Cause != "" && c.ID == e.Cause && c.By == e.By {
			if !o.may(c, t, e) {
				o.s.violated(Guarded, "%v of %q %q by %+v", c.Action, c.Point, c.Output, c.By)
			}
			return
		}
	}
	quieter := e.Kind == alarm.Silenced || e.Kind == alarm.ResetDone && !e.Drill ||
		e.Kind == alarm.Disabled || e.Kind == alarm.Operated
	if quieter && e.By.Kind != alarm.Button && (e.By.Kind == alarm.Auto || e.By.Level < 2) {
		o.s.violated(Guarded, "%v at %q by nobody who may: %+v", e.Kind, e.Point, e.By)
	}
}

// may tells whether a command could be obeyed.
func (o *oracle) may(c *alarm.Command, t *truth, e *alarm.Event) bool {
	r, plan := rights[c.Action], o.s.site.plan()
	if c.Deadline != 0 && o.s.now() > c.Deadline {
		return false
	}
	switch c.By.Kind {
	case alarm.District:
		lent := r.district && !slices.Contains(plan.MayNot, c.Action) ||
			c.Action == alarm.Silence && plan.MaySilence
		return lent && o.mayFromAfar(c, t, e)
	case alarm.Button:
		if r.button == 0 || c.By.Level < r.button {
			return false
		}
	case alarm.CLI, alarm.Page:
		if c.By.Level < r.person || r.named && c.By.Operator == 0 {
			return false
		}
	default:
		return false
	}
	if c.By.Operator == 0 || len(plan.Operators) == 0 {
		return true
	}
	return slices.ContainsFunc(plan.Operators, func(op alarm.OperatorPlan) bool {
		return op.Number == c.By.Operator && c.By.Level <= op.Level
	})
}

// mayFromAfar tells whether what the district asks for makes nobody less safe.
func (o *oracle) mayFromAfar(c *alarm.Command, t *truth, e *alarm.Event) bool {
	switch c.Action {
	case alarm.Silence:
		for _, a := range o.alarms {
			if o.s.clock-a.raised < 3*time.Minute && a.raised > o.boot {
				return false
			}
		}
	case alarm.Disable:
		return !o.inAlarm(c.Point) && (!t.out || t.by == alarm.District) && e.For <= 8*time.Hour
	case alarm.Enable:
		return t.by == alarm.District
	case alarm.Operate:
		kind := o.kind(c.Output)
		return c.On && (kind == alarm.Valve || kind == alarm.Sounder || kind == alarm.Fan)
	case alarm.StartDrill:
		return c.Scenario == nil || len(c.Scenario.Outputs) == 0
	}
	return true
}

// kind is that of an output.
func (o *oracle) kind(id alarm.OutputID) alarm.OutputKind {
	for _, out := range o.s.outputs {
		if out.ID == id {
			return out.Kind
		}
	}
	return alarm.Lamp
}

// pressedBy is the action of a button that an event answers.
func pressedBy(e *alarm.Event) alarm.Action {
	switch e.Kind {
	case alarm.Silenced:
		return alarm.Silence
	case alarm.ResetDone:
		return alarm.Reset
	case alarm.Acknowledged:
		return alarm.Acknowledge
	case alarm.DutyAnswered, alarm.WarningAnswered:
		return alarm.Answer
	case alarm.SelfTested:
		return alarm.SelfTest
	}
	return 0
}

// buttonsActWhenPressed: what comes from a button comes while one of that action is pressed, and a
// button of level 1 does no more than that without the key, which ends after 10 min.
func buttonsActWhenPressed(o *oracle, e *alarm.Event) {
	action := pressedBy(e)
	ordered := func(c alarm.Command) bool { return c.By.Kind == alarm.Button }
	raised := e.Kind == alarm.AccessRaised
	if !raised && (action == 0 || e.By.Kind != alarm.Button || e.Cause != "" ||
		slices.ContainsFunc(o.in.Commands, ordered)) {
		return
	}
	for _, p := range o.s.site.spots {
		t := o.spots[p.id]
		if !p.acts() || t.beyond < 0 && o.s.clock-t.ended > time.Second || p.key != raised {
			continue
		}
		level := p.level
		if o.keyUntil >= o.s.clock {
			level = 2
		}
		if raised || p.action == action && e.By.Level <= level {
			return
		}
	}
	o.s.violated(Pressed, "%v by a button of level %d that nobody presses", e.Kind, e.By.Level)
}
