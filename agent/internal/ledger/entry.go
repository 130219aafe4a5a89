package ledger

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
)

// entry is one command. What of it must survive is in its record.
type entry struct {
	record
	order    wire.Order
	done     func()        // of the delivery; nil: called, or an earlier run's
	dirty    bool          // the file does not have this state
	stage    stage         // while it is not over
	owed     bool          // the district is still to be told of the state
	sounded  bool          // a call has sounded, and that was told
	offered  string        // the state of a site file that was heard of last
	patience time.Time     // with the disk
	until    time.Time     // with the panel, or with what is awaited
	acted    point.Instant // when an output was told; 0: in an earlier run
}

// stage is what an entry waits for beside the disk.
type stage uint8

const (
	idle    stage = iota
	waiting       // for its record to be on the disk, to be obeyed then
	asked         // the panel
	pursued       // a person, or the report of an output
)

// unwritten tells whether it waits for the disk.
func (e *entry) unwritten() bool { return e.stage == waiting || e.owed }

// settled confirms the delivery.
func (e *entry) settled() {
	if e.done != nil {
		e.done()
		e.done = nil
	}
}

func (e *entry) rsp() wire.Rsp {
	return wire.Rsp{
		ID: e.ID, State: e.State, Reason: e.Reason, Detail: e.Detail, By: e.By, Took: e.Took,
		Memory: e.Memory, List: e.List,
	}
}

// take answers a command that was answered before with what came of it, and begins any other.
func (l *Ledger) take(d delivery, now time.Time) {
	l.last.Store(&d.ID)
	if e := l.byID[d.ID]; e != nil {
		d.done()
		if !e.owed && (e.stage == pursued || e.isOver()) {
			l.Answer(e.rsp().Body())
		}
		return
	}
	o, err := d.Order()
	if d.Name == "" {
		err = wire.ErrMalformed
	}
	if err == nil && o.Act.Action == 0 && o.Site == nil {
		d.done()
		l.serve(d.Command, o)
		return
	}
	e := &entry{record: record{ID: d.ID, Name: d.Name, Cmd: &d.Command}, order: o, done: d.done}
	if wall, known := l.Wall(); known {
		e.At = wall.UnixMilli()
	}
	l.byID[e.ID], l.order, l.open = e, append(l.order, e), append(l.open, e)
	l.forget()
	if r := l.objection(e, err); r.State != "" {
		l.finish(e, now, r)
		return
	}
	e.State, e.stage, e.patience = wire.RspExecuting, waiting, now.Add(patience)
	l.mark(e)
}

// serve obeys what only asks. It is not kept: to be asked twice does no harm.
func (l *Ledger) serve(c wire.Command, o wire.Order) {
	r := wire.Rsp{ID: c.ID, State: wire.RspDone}
	wall, known := l.Wall()
	switch {
	case known && !c.Expires.IsZero() && !c.Expires.After(wall):
		r.State, r.Reason = wire.RspRejected, wire.ReasonExpired
	case c.Name == wire.CmdSnapshot:
		l.Republish()
	case c.Name == wire.CmdResend:
		if r.Reason = l.Resend(o.Numbers); r.Reason != "" {
			r.State = wire.RspRejected
		}
	default:
		if r.Values = l.Read(o.Points); r.Values == nil {
			r.State, r.Reason = wire.RspFailed, alarm.RefusedUnknownPoint
		}
	}
	l.Log.Info("command", "id", c.ID, "name", c.Name, "by", c.By, "state", r.State)
	l.Answer(r.Body())
}

// objection says why a command may not be obeyed, as far as the panel is not to be asked; with no
// state: it may. What actuates needs a deadline, and a clock that tells whether it has passed; what
// only makes the site safer does without the clock.
func (l *Ledger) objection(e *entry, err error) wire.Rsp {
	act, c := &e.order.Act, e.Cmd
	wall, known := l.Wall()
	acts := act.Action != alarm.Acknowledge && act.Action != alarm.ReceiptTest
	r := wire.Rsp{State: wire.RspRejected}
	switch {
	case errors.Is(err, wire.ErrUnsupported):
		r.Reason = wire.ReasonUnsupported
	case err != nil:
		r.Reason = wire.ReasonMalformed
	case acts && c.Expires.IsZero():
		r.Reason, r.Detail = wire.ReasonMalformed, "no_expires"
	case known && !c.Expires.IsZero() && !c.Expires.After(wall):
		r.Reason = wire.ReasonExpired
	case acts && !known && !l.isSafer(act):
		r.Reason = wire.ReasonClock
	case acts && known && l.lost && c.Issued.Before(wall.Add(-time.Duration(l.Now()))):
		r.Reason = wire.ReasonLedgerLost
	case len(l.open) > mostOpen, e.order.Site != nil && l.hasOtherSite(e):
		r.Reason = wire.ReasonBusy
	default:
		return wire.Rsp{}
	}
	return r
}

// hasOtherSite tells whether another site file is under way: each is kept until it is over.
func (l *Ledger) hasOtherSite(e *entry) bool {
	return slices.ContainsFunc(l.open, func(o *entry) bool { return o != e && o.order.Site != nil })
}

// isSafer tells whether an act can only make the site safer.
func (l *Ledger) isSafer(act *alarm.Command) bool {
	return act.Action == alarm.Operate && act.On &&
		slices.ContainsFunc(l.Outputs(), func(o alarm.OutputPlan) bool {
			return o.ID == act.Output && o.Kind.IsSafer()
		})
}

// proceed goes on with what waited for the disk. Memory tells that the disk did not answer.
func (l *Ledger) proceed(e *entry, now time.Time) {
	e.settled()
	switch {
	case e.owed:
		l.tell(e)
	case l.ending:
	case e.Memory && !l.isSafer(&e.order.Act):
		l.finish(e, now, wire.Rsp{State: wire.RspRejected, Reason: wire.ReasonStorage})
	default:
		l.submit(e, now)
	}
}

// submit asks the panel, or hands a site file on.
func (l *Ledger) submit(e *entry, now time.Time) {
	if e.order.Site != nil {
		l.submitSite(e, now)
		return
	}
	act := e.order.Act
	act.By = alarm.Origin{Kind: alarm.District, Level: 1}
	if wall, known := l.Wall(); known && !e.Cmd.Expires.IsZero() {
		left := e.Cmd.Expires.Sub(wall) // of an earlier run it may be over; the panel says so
		act.Deadline = l.Now().Add(left)
		if act.Call != nil {
			call := *act.Call
			call.Valid, act.Call = left, &call
		}
	}
	if l.Submit(act) != nil {
		l.finish(e, now, wire.Rsp{State: wire.RspRejected, Reason: wire.ReasonBusy})
		return
	}
	e.stage, e.until, e.acted = asked, now.Add(answerTime), l.Now()
}

// reach brings a command into a state, of which the district is told once the disk has it. A state
// before it of which nobody was told yet is told now.
func (l *Ledger) reach(e *entry, now time.Time, r wire.Rsp) {
	if e.owed {
		l.tell(e)
	}
	e.State, e.Reason, e.Detail, e.By, e.Took = r.State, r.Reason, r.Detail, r.By, r.Took
	e.List = r.List
	e.owed, e.patience = true, now.Add(patience)
	l.mark(e)
}

// finish brings a command to its end.
func (l *Ledger) finish(e *entry, now time.Time, r wire.Rsp) {
	l.reach(e, now, r)
	e.stage, e.Cmd, e.order.Site = idle, nil, nil
}

// tell tells the district of the state of a command.
func (l *Ledger) tell(e *entry) {
	e.owed = false
	l.Log.Info("command", "id", e.ID, "name", e.Name, "state", e.State,
		"reason", cmp.Or(e.Detail, e.Reason))
	l.Answer(e.rsp().Body())
	if e.isOver() {
		e.Told = true
		if !e.dirty {
			l.later = append(l.later, e)
		}
		l.open = slices.DeleteFunc(l.open, func(o *entry) bool { return o == e })
	}
}
