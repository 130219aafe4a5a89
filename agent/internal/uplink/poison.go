package uplink

import (
	"errors"
	"io"
	"syscall"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// The poison rule: a record that the other side answers with a hang-up again and again, while it
// takes everything else, must not stand in the way of all others for ever.
const (
	poisonLimit = 5
	poisonQuick = 10 * time.Second
)

// suspect is a record that was the oldest on its way when connections broke.
type suspect struct {
	first uint64
	times int
}

// blame counts the record that was the oldest of its lane on the way when the other side hung up,
// soon after it was sent. A dead line or a silent broker is no judgement on a record.
func (t *trip) blame(err error) {
	hungUp := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)
	if !t.born || !hungUp || len(t.foreign) > 0 {
		return
	}
	for l := range t.windows {
		fifo := t.windows[l].fifo
		if len(fifo) == 0 || fifo[0].rec.Epoch != t.epoch || time.Since(fifo[0].at) > poisonQuick {
			continue
		}
		s, r := &t.poison[l], fifo[0].rec
		if s.first != r.First {
			*s = suspect{first: r.First}
		}
		if s.times++; s.times >= poisonLimit {
			*s = suspect{}
			t.quarantine(r, "the broker hung up on it again and again")
		}
		return // Lanes are sent in order; the first one is to blame.
	}
}

// quarantine gives a record up and declares the gap.
func (t *trip) quarantine(r buffer.Record, why string) {
	t.tally.quarantined++
	t.Log.Error("record given up", "lane", r.Lane, "seq", r.First, "err", why)
	t.Outbox.Put(buffer.Alarm, 1, wire.GapBody(wire.Gap{
		Epoch: r.Epoch, Lane: r.Lane.String(), From: r.First, To: last(r),
		Cause: wire.CauseQuarantined, Detail: why,
	}))
	t.Outbox.Ack(r.Epoch, r.Lane, buffer.Range{From: r.First, To: last(r)})
}
