package guard

import (
	"sync/atomic"

	"github.com/firepost/firepost/agent/alarm"
)

// ringSize is how far a reader may fall behind.
const ringSize = 8192

// Ring holds the newest events of the panel for any number of readers, each with a position of its
// own. The guard writes it and never waits for a reader. The events of a run have the positions 1,
// 2, 3 and so on.
type Ring struct {
	slots   [ringSize]atomic.Pointer[alarm.Event]
	written atomic.Uint64 // position of the newest event
	more    atomic.Pointer[chan struct{}]
}

func newRing() *Ring {
	r := &Ring{}
	more := make(chan struct{})
	r.more.Store(&more)
	return r
}

// put appends one event. Only the guard calls it.
func (r *Ring) put(e alarm.Event) {
	n := r.written.Load() + 1
	r.slots[n%ringSize].Store(&e)
	r.written.Store(n)
}

// announce wakes the readers.
func (r *Ring) announce() {
	next := make(chan struct{})
	close(*r.more.Swap(&next))
}

// More returns a channel that is closed when events come after this call. A reader takes it before
// it calls Next and waits for it when Next gives nothing, so that it sleeps through no event.
func (r *Ring) More() <-chan struct{} { return *r.more.Load() }

// Next copies the events after position after into dst[:0], oldest first and at most cap(dst), at
// least 1. missed is how many were overwritten before them. The next call's position is
// after + missed + len(events).
func (r *Ring) Next(after uint64, dst []alarm.Event) (events []alarm.Event, missed uint64) {
	events = dst[:0]
	room := max(cap(dst), 1)
	for len(events) < room {
		next := after + missed + uint64(len(events)) + 1
		newest := r.written.Load()
		if next > newest {
			break
		}
		e := r.slots[next%ringSize].Load()
		// The guard fills a slot before it counts it, so the oldest one may be changing already.
		if oldest := r.oldest(); next < oldest {
			if len(events) > 0 {
				break // the gap is told by the next call
			}
			missed += oldest - next
			continue
		}
		events = append(events, *e)
	}
	return events, missed
}

// Last copies the newest events, oldest first and at most n.
func (r *Ring) Last(n int) []alarm.Event {
	newest := r.written.Load()
	most := min(uint64(max(n, 0)), newest, ringSize-1)
	if most == 0 {
		return nil
	}
	events, _ := r.Next(newest-most, make([]alarm.Event, 0, most))
	return events
}

// oldest is the oldest position that is not being overwritten.
func (r *Ring) oldest() uint64 {
	newest := r.written.Load()
	if newest < ringSize {
		return 1
	}
	return newest - ringSize + 2
}
