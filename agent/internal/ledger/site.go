package ledger

import (
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// lookTime is how long a site file may not even have been looked at: a disk hangs.
const lookTime = time.Minute

// submitSite hands a site file on. It may be handed on again, as after a restart: who takes it
// knows it by its id.
func (l *Ledger) submitSite(e *entry, now time.Time) {
	if !l.Offer(e.ID, *e.order.Site, e.Cmd.Expires) {
		l.finish(e, now, wire.Rsp{State: wire.RspRejected, Reason: wire.ReasonBusy})
		return
	}
	e.stage, e.until = pursued, now.Add(lookTime)
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
