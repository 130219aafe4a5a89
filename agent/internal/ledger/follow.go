package ledger

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/wire"
)

const (
	// reportTime is how long an output has to report back: the panel tells it twice, 10 s each.
	reportTime = 25 * time.Second
	// callTime is how long a call is waited for: the panel ends each in time.
	callTime = alarm.LongestCall + time.Minute
	// repeatTime is how long a call that the panel knows already is looked for.
	repeatTime = 3 * time.Second
)

// follow hears what the panel says to the commands.
func (l *Ledger) follow() {
	buf := make([]alarm.Event, 0, readAhead)
	for {
		events, missed := l.Ring.Next(l.seen, buf)
		l.seen += missed + uint64(len(events))
		if len(events) == 0 {
			return
		}
		now := time.Now()
		for i := range events {
			l.hear(&events[i], now)
		}
	}
}

func (l *Ledger) hear(ev *alarm.Event, now time.Time) {
	if e := l.byID[ev.Cause]; e != nil && e.stage == asked {
		l.answered(e, ev, now)
	}
	if ev.Kind != alarm.WarningSounded {
		return
	}
	for _, e := range l.open {
		if e.stage == pursued && !e.sounded && e.call() == ev.Matter.ID {
			if e.owed {
				l.tell(e)
			}
			e.sounded = true
			l.Answer(wire.Rsp{ID: e.ID, State: wire.RspAnnounced, Memory: e.Memory}.Body())
		}
	}
}

// call is the id of the call that a command asks for; empty: it asks for none.
func (e *entry) call() string {
	if c := e.order.Act.Call; c != nil {
		return c.ID
	}
	return ""
}

// answered takes the panel's answer.
func (l *Ledger) answered(e *entry, ev *alarm.Event, now time.Time) {
	switch {
	case ev.Kind == alarm.Refused:
		l.refused(e, ev.Reason, now)
	case e.call() != "":
		l.pursue(e, now, wire.Rsp{State: wire.RspAccepted})
	case ev.Kind == alarm.Operated && l.reports(e):
		l.pursue(e, now, wire.Rsp{State: wire.RspExecuting})
	default:
		l.finish(e, now, wire.Rsp{State: wire.RspDone})
	}
}

// pursue tells that what a command asked for has begun, and waits for its end.
func (l *Ledger) pursue(e *entry, now time.Time, r wire.Rsp) {
	l.reach(e, now, r)
	e.stage, e.until = pursued, now.Add(reportTime)
	if c := e.order.Act.Call; c != nil {
		e.until = now.Add(callTime)
	}
	l.look(e, now)
}

// reports tells whether the output of a command reports back.
func (l *Ledger) reports(e *entry) bool {
	for _, o := range l.Outputs() {
		if o.ID == e.order.Act.Output {
			return o.Feedback != ""
		}
	}
	return false
}

// refused sorts what the panel refuses: what is wrong with the command, what the district may not,
// and what cannot be done as things stand.
func (l *Ledger) refused(e *entry, why string, now time.Time) {
	r := wire.Rsp{State: wire.RspRejected, Detail: why}
	switch why {
	case alarm.RefusedExpired:
		r = wire.Rsp{State: wire.RspExpired}
	case alarm.RefusedNotPermitted, alarm.RefusedTooEarly:
		r.Reason = wire.ReasonNotPermitted
	case alarm.RefusedUnsupported:
		r.Reason = wire.ReasonUnsupported
	case alarm.RefusedBusy:
		r.Reason = wire.ReasonBusy
	case alarm.RefusedUnknownPoint, alarm.RefusedUnknownOutput, alarm.RefusedUnknownZone,
		alarm.RefusedNoReason, alarm.RefusedDuration, alarm.RefusedScenario, alarm.RefusedMalformed:
		r.Reason = wire.ReasonMalformed
	default:
		r = wire.Rsp{State: wire.RspFailed, Reason: why}
	}
	if r.Detail == r.Reason {
		r.Detail = ""
	}
	switch {
	case why == alarm.RefusedNothing && e.order.Act.Action == alarm.Operate:
		// It is as it should be already, perhaps because this very command was obeyed before.
		e.acted = 0
		l.answered(e, &alarm.Event{Kind: alarm.Operated}, now)
	case why == alarm.RefusedRepeated && e.call() != "":
		// Another command has asked for the same call: both have its answer.
		e.stage, e.until = pursued, now.Add(repeatTime)
		l.look(e, now)
	default:
		l.finish(e, now, r)
	}
}

// look asks the panel's state whether what a command began has ended.
func (l *Ledger) look(e *entry, now time.Time) {
	if e.order.Site != nil {
		l.lookForSite(e, now)
		return
	}
	s := l.Snapshot()
	if e.call() != "" {
		l.lookForCall(e, &s.Duties, now)
		return
	}
	for i := range s.Outputs {
		if o := &s.Outputs[i]; o.ID == e.order.Act.Output && o.Confirmed {
			r := wire.Rsp{State: wire.RspDone}
			if e.acted > 0 {
				r.Took = l.Now().Sub(e.acted)
			}
			l.finish(e, now, r)
			return
		}
	}
	if !now.Before(e.until) {
		l.finish(e, now, wire.Rsp{State: wire.RspFailed, Reason: "unconfirmed"})
	}
}

func (l *Ledger) lookForCall(e *entry, d *alarm.Duties, now time.Time) {
	for i := range d.Calls {
		if d.Calls[i].ID == e.call() {
			if e.State != wire.RspAccepted {
				l.pursue(e, now, wire.Rsp{State: wire.RspAccepted})
			}
			return
		}
	}
	for i := range d.Ended {
		c := &d.Ended[i]
		if c.ID != e.call() {
			continue
		}
		if e.State != wire.RspAccepted {
			l.reach(e, now, wire.Rsp{State: wire.RspAccepted})
		}
		r := wire.Rsp{State: wire.RspUnanswered, Took: c.Took}
		switch c.Outcome {
		case alarm.DutyAnswered, alarm.WarningAnswered:
			r.State, r.By = wire.RspAnswered, &c.By
		case alarm.WarningExpired:
			r.State = wire.RspExpired
		}
		l.finish(e, now, r)
		return
	}
	switch {
	case now.Before(e.until):
	case e.State == wire.RspAccepted:
		l.finish(e, now, wire.Rsp{State: wire.RspInterrupted})
	default:
		l.finish(e, now, wire.Rsp{State: wire.RspFailed, Reason: alarm.RefusedRepeated})
	}
}

// resume goes on with a command of an earlier run that has not come to its end, or whose end may
// not have been told. What may have been obeyed is not obeyed again, unless it can only make the
// site safer, or the district was told that it was obeyed and the panel does not know of it.
func (l *Ledger) resume(e *entry, now time.Time) {
	if e.isOver() {
		l.tell(e)
		return
	}
	var err error
	if e.order, err = e.Cmd.Order(); err != nil {
		l.finish(e, now, wire.Rsp{State: wire.RspInterrupted})
		return
	}
	d := &l.Snapshot().Duties
	_, known := l.Wall()
	switch {
	case e.call() != "" && knows(d, e.call()):
		e.stage, e.until = pursued, now.Add(callTime)
		l.look(e, now)
	case e.order.Site != nil, l.isSafer(&e.order.Act), e.State == wire.RspAccepted && known:
		l.submit(e, now)
	default:
		l.finish(e, now, wire.Rsp{State: wire.RspInterrupted})
	}
}

// knows tells whether the panel has had a call.
func knows(d *alarm.Duties, id string) bool {
	is := func(c alarm.CallState) bool { return c.ID == id }
	return slices.ContainsFunc(d.Calls, is) || slices.ContainsFunc(d.Ended, is)
}
