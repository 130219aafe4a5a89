package ledger

import (
	"time"

	"github.com/firepost/firepost/agent/wire"
)

const (
	beginTime = time.Minute     // within which a site file begins, or never: a disk may hang
	lookTime  = 5 * time.Second // more, in which one that began at the last moment is seen
)

// submitSite hands a site file on. It may be handed on again, as after a restart: who takes it
// knows it by its id.
func (l *Ledger) submitSite(e *entry, now time.Time) {
	until := now.Add(beginTime)
	if !l.Offer(e.ID, *e.order.Site, e.Cmd.Expires, until) {
		l.finish(e, now, wire.Rsp{State: wire.RspRejected, Reason: wire.ReasonBusy})
		return
	}
	e.stage, e.until = pursued, until.Add(lookTime)
}

// lookForSite tells the district of each new state of a site file.
func (l *Ledger) lookForSite(e *entry, now time.Time) {
	r, known := l.Offered(e.ID)
	switch {
	case !known && !now.Before(e.until):
		l.finish(e, now, wire.Rsp{State: wire.RspInterrupted})
	case !known || r.State == e.offered:
	case wire.IsFinal(r.State):
		l.finish(e, now, r)
	default:
		e.offered = r.State
		l.reach(e, now, r)
	}
}
