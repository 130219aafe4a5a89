package uplink

import (
	"time"

	"github.com/firepost/firepost/buffer"
)

// batch is how many records are fetched from the outbox at a time.
const batch = 16

// last is the highest number of a record.
func last(r buffer.Record) uint64 { return r.First + uint64(r.N) - 1 }

// stream is a cursor over one lane of the outbox: numbers above after, and up to to when it is
// limited.
type stream struct {
	lane    buffer.Lane
	after   uint64 // the last number that was taken
	to      uint64
	limited bool
	ready   []buffer.Record // fetched and not yet taken
}

// peek returns the next record without taking it.
func (s *stream) peek(o Outbox, epoch string) (buffer.Record, bool) {
	if len(s.ready) == 0 && (!s.limited || s.after < s.to) {
		s.ready = o.Next(s.lane, s.after, batch)
	}
	if len(s.ready) == 0 {
		return buffer.Record{}, false
	}
	r := s.ready[0]
	if r.Epoch != epoch || s.limited && r.First > s.to { // The store began anew, or the end.
		s.ready = nil
		return buffer.Record{}, false
	}
	return r, true
}

// take moves on behind the record that peek showed.
func (s *stream) take() {
	s.after = last(s.ready[0])
	s.ready = s.ready[1:]
}

// flight is a message on its way.
type flight struct {
	rec  buffer.Record // N is 0: not a record
	done <-chan error
	at   time.Time
	size int
	then func() // after the PUBACK
}

// window is what is on its way, oldest first, with a limit in messages and in bytes. A broker
// confirms in order, so only the oldest is waited for.
type window struct {
	fifo   []flight
	most   int
	bytes  int
	filled int       // bytes on the way
	heard  time.Time // of the last confirmation
}

func (w *window) room() bool {
	return len(w.fifo) < w.most && (len(w.fifo) == 0 || w.filled < w.bytes)
}

func (w *window) push(f flight) {
	w.fifo = append(w.fifo, f)
	w.filled += f.size
}

func (w *window) pop(now time.Time) flight {
	f := w.fifo[0]
	w.fifo = w.fifo[1:]
	w.filled -= f.size
	w.heard = now
	return f
}

// head is the channel of the oldest message; nil when none is on its way.
func (w *window) head() <-chan error {
	if len(w.fifo) == 0 {
		return nil
	}
	return w.fifo[0].done
}

// stallsAt is when the silence of the broker becomes a loss; zero: nothing is on its way. What
// counts is the last confirmation, not the age of the oldest message: a thin line may need longer
// than that for a full window.
func (w *window) stallsAt() time.Time {
	if len(w.fifo) == 0 {
		return time.Time{}
	}
	at := w.fifo[0].at
	if w.heard.After(at) {
		at = w.heard
	}
	return at.Add(stallAfter)
}
