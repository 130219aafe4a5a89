package dst

import (
	"reflect"
	"slices"

	"github.com/firepost/firepost/agent/alarm"
)

// restartKeepsWhatPeopleDid: after the first step of a run, all that people were asked, did and
// have to do is as it was saved, but for what time alone has ended in that step.
func restartKeepsWhatPeopleDid(o *oracle) {
	s, d := &o.start.Duties, o.s.agent.panel.Snapshot(o.s.now()).Duties
	for _, in := range s.Incidents {
		if in.Drill {
			continue // a restart ends the drill, and with it what was played
		}
		same := func(i alarm.Incident) bool {
			return i.ID == in.ID && i.Accept.Done == in.Accept.Done &&
				i.Arrive.Done == in.Arrive.Done && i.Judge.Done == in.Judge.Done &&
				i.Verdict == in.Verdict && i.Accept.By == in.Accept.By
		}
		if !slices.ContainsFunc(d.Incidents, same) && !slices.ContainsFunc(d.Closed, same) {
			o.s.violated(Handled, "incident %s or a step of it is lost", in.ID)
		}
	}
	for _, c := range s.Calls {
		same := func(i alarm.CallState) bool { return i.Call == c.Call }
		if !slices.ContainsFunc(d.Calls, same) && !slices.ContainsFunc(d.Ended, same) {
			o.s.violated(Handled, "call %s is lost", c.ID)
		}
	}
	for _, h := range s.Hazards {
		same := func(i alarm.Hazard) bool { return i.ID == h.ID && i.Text == h.Text && i.By == h.By }
		if !slices.ContainsFunc(d.Hazards, same) {
			o.s.violated(Handled, "hazard %s is lost", h.ID)
		}
	}
	for _, it := range s.Items {
		same := func(i alarm.ItemState) bool {
			return i.ID == it.ID && i.Done == it.Done && i.Failed == it.Failed && i.By == it.By
		}
		if !slices.ContainsFunc(d.Items, same) && o.hasItem(it.ID) {
			o.s.violated(Handled, "what was checked of %s is lost", it.ID)
		}
	}
	for _, m := range s.Shift {
		same := func(i alarm.OnShift) bool { return i.Operator == m.Operator }
		if !slices.ContainsFunc(d.Shift, same) && !o.said(alarm.ShiftEnded) {
			o.s.violated(Handled, "operator %d is not on shift any more", m.Operator)
		}
	}
}

func (o *oracle) hasItem(id string) bool {
	return slices.ContainsFunc(o.s.site.plan().Items, func(i alarm.ItemPlan) bool {
		return i.ID == id
	})
}

// recordsAreAChain: each record has the number after the last one and its hash, and a hash of its
// own.
func recordsAreAChain(o *oracle, e *alarm.Event) {
	r := e.Matter.Record
	if r.N == 0 {
		return
	}
	if r.N != o.chain.N+1 || r.Prev != o.chain.Hash || r.Hash != e.RecordHash() {
		o.s.violated(Chained, "record %d of %v after %d", r.N, e.Kind, o.chain.N)
	}
	o.chain = r
}

// savedIsAFixedPoint: what a panel that begins from a saved state saves at its first step is that
// state, but for its number, its ages and what a restart ends. And where nothing was saved nothing
// is disabled, silenced or under test.
func savedIsAFixedPoint(o *oracle) {
	was := &o.start
	p := o.s.knobs.Panel(o.s.site.plan(), *was)
	now := p.Step(o.s.knobs.Start, alarm.Input{}).Saved
	if now == nil {
		o.s.violated(Fixed, "the first step saves nothing")
		return
	}
	o.sameAlarms(was, now)
	for _, d := range was.Disabled {
		kept := slices.ContainsFunc(now.Disabled, func(n alarm.SavedDisabled) bool {
			return n.Point == d.Point && n.Reason == d.Reason && n.By == d.By
		})
		if !kept && d.Remaining > unsaved && !o.spots[d.Point].p.gone {
			o.s.violated(Fixed, "%s is not disabled any more", d.Point)
		}
	}
	for _, out := range was.Outputs {
		i := slices.IndexFunc(now.Outputs, func(n alarm.SavedOutput) bool {
			return n.Output == out.Output
		})
		if !out.Kept || i < 0 { // of one that the plan has no more, another of its kind goes on
			continue
		}
		is := now.Outputs[i]
		if is.Alarm != "" { // it may be another one that wants the same, or one more
			is.Alarm, is.Play = out.Alarm, out.Play
		}
		if is != out {
			o.s.violated(Fixed, "output %s: was %+v, is %+v", out.Output, out, is)
		}
	}
	for _, m := range was.Memories {
		if !slices.Contains(now.Memories, m) && !o.spots[m.Point].p.gone {
			o.s.violated(Fixed, "the memory of %s: was %+v, is %+v", m.Point, m, now.Memories)
		}
	}
	if !reflect.DeepEqual(was.Tally, now.Tally) && len(now.Tally.Tested) == len(was.Tally.Tested) {
		o.s.violated(Fixed, "the tally was %+v and is %+v", was.Tally, now.Tally)
	}
	if t := was.Test; t != nil && t.Running && t.Left > unsaved &&
		!(now.Test != nil && reflect.DeepEqual(t.Points, now.Test.Points)) {
		o.s.violated(Fixed, "the walk test was %+v and is %+v", t, now.Test)
	}
	if was.LastAlarm != 0 || was.LastEvent != 0 || len(was.Alarms) > 0 {
		return
	}
	if len(now.Disabled) > 0 || now.Silenced || now.Test != nil && now.Test.Running {
		o.s.violated(Bare, "%d disabled, silenced %v", len(now.Disabled), now.Silenced)
	}
}

// sameAlarms compares the alarms that stood.
func (o *oracle) sameAlarms(was, now *alarm.Saved) {
	for i := range was.Alarms {
		a := &was.Alarms[i]
		if a.Held != 0 || o.s.site.byID[a.Point].gone {
			continue // a restart shortens what its zone holds back
		}
		same := func(b alarm.SavedAlarm) bool {
			return b.ID == a.ID && b.Point == a.Point && b.Signal == a.Signal &&
				b.Finding == a.Finding && b.Acknowledged == a.Acknowledged && b.By == a.By &&
				b.Cleared == a.Cleared && b.Incident == a.Incident && (a.Silenced || !b.Silenced)
		}
		if !slices.ContainsFunc(now.Alarms, same) {
			o.s.violated(Fixed, "alarm %+v became %+v", *a, now.Alarms)
		}
	}
}
