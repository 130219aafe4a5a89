package uplink

import (
	"time"

	"github.com/firepost/firepost/buffer"
)

const (
	// mostEvents bounds how many numbers of lane e are repeated at once, from the oldest on: a
	// platform that is away for a day must not cost the line the whole lane every five minutes.
	mostEvents = 256
	// maxWanted is how many requests of the platform wait.
	maxWanted = 16
)

// again repeats what a lane has sent and no receipt has come for.
type again struct {
	stream                // what is repeated now
	at      time.Time     // when it begins anew; zero: nothing waits for a receipt
	pause   time.Duration // from then to the next time
	checkAt time.Time     // when to look for what was passed over
}

// receipted are the lanes whose records wait for a receipt.
var receipted = []buffer.Lane{buffer.Alarm, buffer.Event}

// first is the cursor of what a receipted lane sends for the first time.
func (t *trip) first(l buffer.Lane) *stream {
	if l == buffer.Alarm {
		return &t.alarms
	}
	return &t.events
}

// pumpAgain repeats the records of a lane that are not released: no receipt came, or the disk gave
// them only after younger ones had gone.
func (t *trip) pumpAgain(l buffer.Lane, now time.Time) {
	a, after := &t.again[l], t.first(l).after
	if a.at.IsZero() && !now.Before(a.checkAt) && len(t.windows[l].fifo) == 0 {
		a.checkAt = now.Add(pollEvery)
		if n := t.oldest(l); n > 0 && n <= after {
			a.at = now.Add(a.pause)
		}
	}
	if !a.at.IsZero() && !now.Before(a.at) {
		a.stream = stream{lane: l, to: after, limited: true}
		if l == buffer.Event {
			a.to = min(after, t.oldest(l)+mostEvents-1)
		}
		a.pause = min(2*a.pause, maxResend)
		a.at = now.Add(a.pause)
	}
	before := t.tally.sent[l]
	t.pour(&a.stream, now)
	t.tally.resent += t.tally.sent[l] - before
}

// oldest is the lowest number that a lane holds; 0: none is at hand.
func (t *trip) oldest(l buffer.Lane) uint64 {
	rs := t.Outbox.Next(l, 0, 1)
	if len(rs) == 0 {
		return 0
	}
	return rs[0].First
}

// isReceipted notes that the platform has stored a lane up to a number.
func (t *trip) isReceipted(l buffer.Lane, upTo uint64, now time.Time) {
	a := &t.again[l]
	a.pause, a.at = firstResend, time.Time{}
	if upTo < t.first(l).after {
		a.at = now.Add(firstResend)
	}
	a.ready = nil // It may hold what is released now.
}

// wanted is what a platform has asked for.
type wanted struct {
	epoch string
	lane  buffer.Lane
	r     buffer.Range
}

// Resend sends what the outbox still holds of some numbers at the next opportunity. Any goroutine
// may call it; it never waits, and returns false when too many requests wait.
//
// What has no receipt to wait for is on its way already, and without a connection all that is held
// goes out with the next one.
func (c *Courier) Resend(epoch string, l buffer.Lane, r buffer.Range) bool {
	select {
	case c.wanted <- wanted{epoch, l, r}:
		return true
	default:
		return false
	}
}

// want repeats what the platform has asked for.
func (t *trip) want(w wanted) {
	if w.epoch != t.epoch || w.lane == buffer.Telemetry || !t.decided || !t.hello.Receipt {
		return
	}
	t.again[w.lane].stream = stream{
		lane: w.lane, after: w.r.From - 1, to: min(w.r.To, t.first(w.lane).after), limited: true,
	}
}
