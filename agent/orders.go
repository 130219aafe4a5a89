package agent

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/ledger"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// clockError is how wrong a clock may be that tells whether an order has expired.
const clockError = time.Minute

// newLedger is the ledger of the orders that the district gives.
func (l *line) newLedger(m *memory) *ledger.Ledger {
	return ledger.New(ledger.Config{
		Dir: l.a.o.Dir, Boot: m.boot, Ring: l.g.Ring(),
		Outputs:  func() []alarm.OutputPlan { return l.a.site().Plan().Outputs },
		Snapshot: l.g.Snapshot, Submit: l.g.Submit, Now: l.g.Now, Wall: l.wall,
		Answer: func(body []byte) { l.store.Put(buffer.Alarm, 1, body) },
		Read:   func(ids []point.ID) []byte { return l.read(ids) },
		Offer:  l.offer, Offered: l.a.answers.get,
		Republish: func() { l.asked.Add(1) },
		Resend:    l.resend,
		Notice:    l.faults.of("ledger"), Log: l.a.log,
	})
}

// wall is the time of day, and whether it is good enough for a deadline.
func (l *line) wall() (now time.Time, known bool) {
	w := l.a.clock.now()
	return w.Now, w.Quality != wire.ClockNone && w.Error >= 0 && w.Error <= clockError
}

// mostGone is how many runs of numbers one request has declared. Who misses more asks again.
const mostGone = 32

// resend lets the courier send what is still held of some numbers, and declares the others.
func (l *line) resend(n wire.Numbers) (reason string) {
	lane := buffer.Lane(strings.Index("aet", n.Lane))
	r := buffer.Range{From: n.From, To: n.To}
	gone, known := l.store.Gone(n.Epoch, lane, r, mostGone)
	_, c, _ := l.get()
	switch {
	case !known:
		return wire.ReasonStorage
	case !c.Resend(n.Epoch, lane, r):
		return wire.ReasonBusy
	}
	for _, g := range gone {
		l.store.Put(buffer.Alarm, 1, wire.GapBody(wire.Gap{
			Epoch: n.Epoch, Lane: n.Lane, From: g.From, To: g.To, Cause: wire.CauseDeleted,
		}))
	}
	return ""
}

// read packs the newest values of points; nil: one of them is unknown. A channel that has given
// none is bad, and so is a point without any.
func (l *line) read(ids []point.ID) []byte {
	s, plan := l.g.Snapshot(), l.a.site().Plan()
	var rs []wire.Record
	for _, id := range ids {
		i := slices.IndexFunc(s.Points, func(p alarm.PointState) bool { return p.ID == id })
		if i < 0 {
			return nil
		}
		p, count := &s.Points[i], map[string]int{}
		for _, c := range p.Channels {
			r := wire.Record{
				Quantity: c.Quantity, Value: c.Value, At: c.At, Quality: c.Quality, Reason: c.Reason,
			}
			if !c.Seen || r.Quality == point.Bad {
				r.Quality, r.At = point.Bad, s.At
			}
			if r.Quality == point.Bad && r.Reason == point.None {
				r.Reason = point.Stale
			}
			nth := count[c.Quantity.String()]
			count[c.Quantity.String()]++
			r.Name = wire.Series(planOf(&plan, id), id, c.Quantity, nth)
			rs = append(rs, r)
		}
		if len(p.Channels) == 0 {
			rs = append(rs, wire.Record{
				Name: string(id), At: s.At, Quality: point.Bad, Reason: point.Stale,
			})
		}
	}
	return wire.Pack(l.device(), l.stamp().Wall, s.At, rs)
}

// planOf is the plan of a point; nil: there is none.
func planOf(p *alarm.Plan, id point.ID) *alarm.PointPlan {
	i := slices.IndexFunc(p.Points, func(x alarm.PointPlan) bool { return x.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Points[i]
}
