package dst

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// hear takes what the panel says.
func (o *oracle) hear(e *alarm.Event) {
	t := o.spots[e.Point]
	nobodyIsQuieterFromAfar(o, t, e)
	buttonsActWhenPressed(o, e)
	recordsAreAChain(o, e)
	o.hearAlarms(t, e)
	o.hearState(t, e)
	o.hearExercise(t, e)
	o.hearDuties(e)
}

// hearAlarms follows the alarms.
func (o *oracle) hearAlarms(t *truth, e *alarm.Event) {
	now := o.s.clock
	switch e.Kind {
	case alarm.Raised:
		alarmHasAReason(o, t, e)
		disabledIsSilent(o, t, e)
		drillSaysSo(o, t, e)
		o.raised(e)
		if e.Reason == "" { // otherwise its zone has let it go
			t.changes = append(t.changes, now)
		}
	case alarm.Reraised:
		o.raised(e)
	case alarm.Cleared:
		onlyGoodClears(o, t, e)
		if !e.Latched {
			delete(o.alarms, e.Alarm)
		}
		t.changes = append(t.changes, now)
	case alarm.ResetDone:
		delete(o.alarms, e.Alarm)
		t.stirred, t.reset = now, now
	case alarm.Acknowledged:
		if e.By.Kind != alarm.District {
			for _, other := range o.spots { // the sequence is one of the zone
				if other.p.plan.Zone == t.p.plan.Zone {
					other.seen = now
				}
			}
		}
	case alarm.Silenced:
		o.silence(true)
	case alarm.Resounded:
		o.silence(false)
	}
}

// hearState follows faults, disablements and plans.
func (o *oracle) hearState(t *truth, e *alarm.Event) {
	now := o.s.clock
	switch e.Kind {
	case alarm.FaultRaised, alarm.FaultEnded:
		on := e.Kind == alarm.FaultRaised
		if t != nil && on {
			faultHasACause(o, t, e)
		}
		if t != nil {
			t.fault, t.blamed = map[bool]detect.FaultCode{true: e.Fault}[on], now
		} else if b := o.box[e.Fault]; b != nil {
			b.shown = on
		}
	case alarm.Disabled:
		t.out, t.by, t.stirred = true, e.By.Kind, now
	case alarm.Enabled:
		t.out, t.service, t.stirred = false, now, now
	case alarm.OutputChanged:
		o.driven[e.Output] = e.Alarm != ""
	case alarm.Retried:
		o.retried = now
	case alarm.SelfTested:
		o.tested = now
	case alarm.PlanChanged:
		o.rules = now
		for _, t := range o.spots {
			if t.stirred = now; t.p.gone {
				t.out = false // nothing is known of it any more
			}
		}
	case alarm.AccessRaised:
		o.keyUntil = now + e.For
	case alarm.AccessEnded:
		o.keyUntil = 0
	}
}

// hearExercise follows drills and walk tests.
func (o *oracle) hearExercise(t *truth, e *alarm.Event) {
	now := o.s.clock
	switch e.Kind {
	case alarm.TestStarted:
		o.tests.on = true
		for _, t := range o.spots {
			mine := (e.Zone == "" || t.p.plan.Zone == e.Zone) && !t.p.gone &&
				(e.By.Kind != alarm.District || !t.p.plan.Manual)
			t.testing = mine && !t.out && !o.inAlarm(t.p.id)
		}
	case alarm.TestSkipped:
		t.testing, t.service = false, now
	case alarm.TestEnded:
		o.tests.on = false
		for _, t := range o.spots {
			if t.testing {
				t.testing, t.service = false, now
			}
		}
	case alarm.DrillStarted:
		o.drill = exercise{on: true}
		for _, name := range strings.Split(e.Reason, ", ") {
			o.spots[point.ID(name)].playing = true
		}
		for i := range o.in.Commands {
			if c := &o.in.Commands[i]; c.ID == e.Cause && c.Scenario != nil {
				o.drill.outputs = c.Scenario.Outputs
			}
		}
	case alarm.DrillEnded:
		o.drill = exercise{}
		for _, t := range o.spots {
			if t.playing {
				t.playing, t.service = false, now
			}
		}
	}
}

// hearDuties follows calls.
func (o *oracle) hearDuties(e *alarm.Event) {
	switch e.Kind {
	case alarm.DutyAsked, alarm.WarningReceived:
		if _, open := o.calls[e.Matter.ID]; open {
			o.s.violated(Answered, "call %s came again while it was open", e.Matter.ID)
		}
		o.calls[e.Matter.ID] = o.s.clock
	case alarm.DutyAnswered, alarm.DutyMissed, alarm.WarningAnswered, alarm.WarningUnanswered,
		alarm.WarningExpired:
		if _, open := o.calls[e.Matter.ID]; !open {
			o.s.violated(Answered, "call %s ends by %v and was not open", e.Matter.ID, e.Kind)
		}
		delete(o.calls, e.Matter.ID)
	}
}

func (o *oracle) raised(e *alarm.Event) {
	a := o.alarms[e.Alarm]
	if a == nil {
		a = &said{point: e.Point, drill: e.Drill}
		o.alarms[e.Alarm] = a
	}
	a.level = max(a.level, e.To.Level)
	if e.Restored {
		return
	}
	a.raised, a.silenced = o.s.clock, false
	if a.level >= detect.Alarm {
		o.silence(false)
	}
}

func (o *oracle) silence(on bool) {
	for _, a := range o.alarms {
		if on && !a.silenced {
			a.quiet = o.s.clock
		}
		a.silenced = on
	}
}

// said tells whether the decision of this step has an event of a kind.
func (o *oracle) said(k alarm.Kind) bool {
	return slices.ContainsFunc(o.d.Events, func(e alarm.Event) bool { return e.Kind == k })
}

// witnesses counts the independent points of a zone that tell of something that burns or leaks,
// beside one.
func (o *oracle) witnesses(p *spot) int {
	n := 0
	for _, a := range o.alarms {
		q := o.s.site.byID[a.point]
		s := q.plan.Signal
		fits := s == alarm.Fire || s == alarm.Gas || s == alarm.CO
		if q == p || a.drill || a.level < detect.Alarm || !fits || q.plan.Zone != p.plan.Zone {
			continue
		}
		shares := slices.ContainsFunc(q.plan.Devices, func(d string) bool {
			return slices.Contains(p.plan.Devices, d)
		})
		if !shares {
			n++
		}
	}
	return n
}

// hasPeer tells whether another automatic detector of fire in the zone of p could agree with it.
func (v *venue) hasPeer(p *spot) bool {
	return slices.ContainsFunc(v.spots, func(q *spot) bool {
		alarms := len(q.plan.Spec.Fire) > 0
		for _, c := range q.plan.Spec.Conditions {
			alarms = alarms || c.Level >= detect.Alarm
		}
		return q != p && !q.gone && alarms && q.plan.Zone == p.plan.Zone &&
			q.plan.Signal == alarm.Fire && !q.plan.Manual && !q.plan.Precursor &&
			!slices.ContainsFunc(q.plan.Devices, func(d string) bool {
				return slices.Contains(p.plan.Devices, d)
			})
	})
}

// lately tells whether something happened in the last while.
func (o *oracle) lately(at, while time.Duration) bool { return at > 0 && o.s.clock-at <= while }
