package uplink

import (
	"errors"
	"io"
	"syscall"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// The poison rule: an event or a measurement that the other side answers with a hang-up again and
// again, while it takes everything else, must not stand in the way of all others for ever.
//
// A broker that hangs up on everything, because it crashes in a loop or because another board has
// our identity, must cost nothing. So a hang-up counts only when another record passed since the
// last one that counted, and an alarm is never given up for a hang-up.
const (
	poisonLimit = 5
	poisonQuick = 10 * time.Second
	// trialWait is how long a suspect waits in a connection for another record to pass. It is
	// above the longest time between two reports of a point, 60 s.
	trialWait = 90 * time.Second
)

// suspect is a record that was the oldest on its way when a connection broke. The zero value is
// none.
//
// A message of several stored batches makes a suspect of them all. They then go one by one, and
// what passes is acquitted, until one is left.
type suspect struct {
	epoch string
	first uint64
	to    uint64 // the last number that is suspected; the one at first is on trial
	seen  int    // hang-ups
	times int    // those that count
}

func (s *suspect) is(r buffer.Record) bool { return s.first == r.First && s.epoch == r.Epoch }

// drain takes in the PUBACKs that came before the end of the connection and were not looked at.
func (t *trip) drain() {
	for l := range t.windows {
		w := &t.windows[l]
		for confirmed := true; confirmed && len(w.fifo) > 0; {
			select {
			case err := <-w.head():
				confirmed = t.confirm(w, err) == nil
			default:
				confirmed = false
			}
		}
	}
}

// blame looks for the record that was the oldest of its lane on the way when the other side hung
// up, soon after it was sent. A dead line or a silent broker is no judgement on a record.
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
		if buffer.Lane(l) != buffer.Alarm {
			t.charge(fifo[0].rec)
		}
		return // Lanes are sent in order; the first one is to blame.
	}
}

// charge notes that the other side hung up on r. It counts when another record passed meanwhile.
func (t *trip) charge(r buffer.Record) {
	s := &t.suspects[r.Lane]
	if !s.is(r) {
		*s = suspect{epoch: r.Epoch, first: r.First, to: last(r)}
	}
	s.seen++
	if !t.passed {
		return
	}
	t.passed = false
	if s.times++; s.times >= poisonLimit {
		*s = suspect{}
		t.quarantine(r, "the broker hung up on it again and again")
	}
}

// acquit notes that the broker took r.
func (t *trip) acquit(r buffer.Record) {
	s := &t.suspects[r.Lane]
	switch {
	case !s.is(r):
		t.passed = true
	case last(r) < s.to:
		*s = suspect{epoch: s.epoch, first: last(r) + 1, to: s.to, seen: 1}
	default:
		*s = suspect{}
	}
}

// isSuspect tells whether r is one of several that may have made the other side hang up.
func (t *trip) isSuspect(r buffer.Record) bool {
	s := &t.suspects[r.Lane]
	return s.epoch == r.Epoch && s.first <= r.First && r.First <= s.to
}

// waits tells whether r is a suspect that must not be sent yet: after its second hang-up it goes
// when another record has passed, or after a while without any.
func (t *trip) waits(r buffer.Record, now time.Time) bool {
	s := &t.suspects[r.Lane]
	return s.is(r) && s.seen > 1 && !t.passed && now.Before(t.began.Add(trialWait))
}

// room tells whether another record of lane l may be on its way. While there is a suspect, events
// and measurements go one by one: not every broker confirms what it took before it hangs up, and
// nobody else must be taken for the cause.
func (t *trip) room(l buffer.Lane, now time.Time) bool {
	events, tele := &t.windows[buffer.Event], &t.windows[buffer.Telemetry]
	if l != buffer.Alarm && t.isCareful(now) && len(events.fifo)+len(tele.fifo) > 0 {
		return false
	}
	return t.windows[l].room()
}

// isCareful ends after a time: a suspect may have left the outbox by another way.
func (t *trip) isCareful(now time.Time) bool {
	return t.suspects != [lanes]suspect{} && now.Before(t.began.Add(2*trialWait))
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
