package agent

import (
	"slices"
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
		Answer:    func(body []byte) { l.store.Put(buffer.Alarm, 1, body) },
		Read:      func(ids []point.ID) []byte { return l.read(ids) },
		Republish: func() { l.asked.Add(1) },
		Notice:    l.faults.of("ledger"), Log: l.a.log,
	})
}

// wall is the time of day, and whether it is good enough for a deadline.
func (l *line) wall() (now time.Time, known bool) {
	w := l.a.clock.now()
	return w.Now, w.Quality != wire.ClockNone && w.Error >= 0 && w.Error <= clockError
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
