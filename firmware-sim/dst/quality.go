package dst

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// chattersFor is the longest time that a point which threatens nobody may be held after its
// condition has ended.
const chattersFor = 300 * time.Second

// onlyGoodClears: a point that is read clears when its release time is over, in which a good
// reading came and no bad one after it.
func onlyGoodClears(o *oracle, t *truth, e *alarm.Event) {
	if len(t.p.inputs) != 1 || t.p.gone || e.Drill || o.s.clock < t.over ||
		o.said(alarm.Unverified) {
		return
	}
	slack := o.s.tick
	switch {
	case !threatens(e.Signal):
		slack += chattersFor
	case t.p.mode == alarm.Verify, o.rules == o.s.clock:
		slack += time.Minute // a first signal that is over waits for a second one
	}
	if o.s.clock-t.released > slack {
		o.s.violated(OnlyGood, "%s cleared; it could at %v, good since %v", e.Point, t.released,
			t.good)
	}
}

// release notes whether a point could have cleared, before the readings of this step.
func (t *truth) release(now, tick time.Duration) {
	conditions := t.p.plan.Spec.Conditions
	if len(conditions) == 0 || t.good < 0 {
		return
	}
	release := conditions[0].Release
	for _, c := range conditions {
		release = min(release, c.Release)
	}
	if now-t.good >= release-tick {
		t.released = now
	}
}

// blindValuesAreNotGood: a derived value whose input fails for longer than its stale time is not
// called good, and while a point shows a fault not all points are in order.
func blindValuesAreNotGood(o *oracle) {
	snapshot := o.s.agent.panel.Snapshot(o.s.now())
	for i := range snapshot.Points {
		st := &snapshot.Points[i]
		p := o.s.site.byID[st.ID]
		if p.plan.Derived == nil || len(st.Channels) == 0 || st.Channels[0].Quality != point.Good {
			continue
		}
		for _, q := range p.from {
			t := o.spots[q.id]
			since := max(t.broken, o.rules)
			since = max(since, t.wasGood) // what was measured before may come late
			if t.broken >= 0 && o.s.clock-since > q.plan.Spec.StaleAfter()+2*time.Second {
				o.s.violated(Blind, "%s is good, and %s fails since %v", p.id, q.id, since)
			}
		}
		if p.plan.Derived.Formula == "availability" && st.Channels[0].Value == 100_000 {
			o.allInOrder(p)
		}
	}
}

// allInOrder looks for a point whose fault has stood for longer than a derived value takes.
func (o *oracle) allInOrder(p *spot) {
	for _, q := range o.s.site.spots {
		t := o.spots[q.id]
		if t.fault != "" && !t.out && len(q.inputs) > 0 && !q.gone && t.faulty(o.s.clock) {
			o.s.violated(Blind, "%s says 100 %%, and %s is in fault: %s", p.id, q.id, t.fault)
		}
	}
}

// faulty tells whether its fault has been shown for a while.
func (t *truth) faulty(now time.Duration) bool {
	return now-max(t.blamed, t.service) > 3*time.Second
}

// toldLate is how long after the last trouble a fault may still begin: a sensor is left alone for
// up to a minute, and then needs its readings.
const toldLate = 90 * time.Second

// faultHasACause: where no part, wire or bus was in trouble lately, and no value leapt, neither the
// point nor what is made of it is in fault. What lies in a value, or in the calendar, is not asked.
func faultHasACause(o *oracle, t *truth, e *alarm.Event) {
	switch e.Fault {
	case detect.SensorFailed, detect.SensorSilent, detect.SensorRange, detect.LineOpen,
		detect.LineShort, detect.SensorStuck:
	default:
		return
	}
	if o.boot == o.s.clock {
		return // a sensor that was in fault when its alarm was raised is so until it was heard
	}
	asked := t.p.from
	if len(t.p.inputs) > 0 {
		asked = []*spot{t.p}
	}
	for _, p := range asked {
		if ill := o.spots[p.id].ill; p.gone || o.s.clock-ill < toldLate+p.plan.Spec.StaleAfter() {
			return
		}
	}
	o.s.violated(Blamed, "%s is in fault: %s, and nothing is wrong", e.Point, e.Fault)
}

// boxFaultsStay: a fault that another room told of is shown from its delay on, unless another one
// explains it, until that room takes it back.
func boxFaultsStay(o *oracle) {
	for code, b := range o.box {
		kind := alarm.Fault(code)
		switch {
		case b.on < 0 && b.shown:
			o.s.violated(Stays, "%s is shown and was taken back", code)
		case b.on < 0 || b.shown || o.explained(kind.Unless):
		case o.s.clock-b.on > kind.After+o.s.tick:
			o.s.violated(Stays, "%s stands since %v and is not shown", code, b.on)
		}
	}
}

func (o *oracle) explained(by []detect.FaultCode) bool {
	for _, code := range by {
		if b := o.box[code]; b != nil && b.on >= 0 {
			return true
		}
		for _, t := range o.spots {
			if t.fault == code {
				return true
			}
		}
	}
	return false
}
