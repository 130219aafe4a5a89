package guard

import (
	"sync/atomic"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Bounds of the inboxes.
const (
	queued      = 16 // commands of each kind
	maxNotices  = 96 // fault codes that notices are given of
	queuedLines = 64 // lines for the log
)

// The inboxes have no lock: whoever held it could be put aside by a busy processor, and the siren
// would wait for it.

// slot is the inbox of one feed. Its sensor's goroutine puts, the guard takes.
type slot struct{ held atomic.Pointer[held] }

// held is what came since the last step: the newest reading, and before it the first abnormal one,
// so that a short closure is not overwritten by the opening after it.
type held struct {
	abnormal, newest point.Reading
	both             bool
}

func (s *slot) put(r point.Reading) {
	for {
		old := s.held.Load()
		next := &held{newest: r}
		switch {
		case old == nil:
		case old.both:
			next.abnormal, next.both = old.abnormal, true
		case isAbnormal(old.newest):
			next.abnormal, next.both = old.newest, true
		}
		// Only a take can come between, and then the slot is empty: the second try succeeds.
		if s.held.CompareAndSwap(old, next) {
			return
		}
	}
}

// take appends what is held to dst, oldest first, and empties the slot.
func (s *slot) take(dst []point.Reading) []point.Reading {
	if s.held.Load() == nil {
		return dst
	}
	h := s.held.Swap(nil)
	if h.both {
		dst = append(dst, h.abnormal)
	}
	return append(dst, h.newest)
}

func isAbnormal(r point.Reading) bool {
	return r.Sample.Quantity == drivers.Contact && r.Sample.Value != 0 && r.Quality != point.Bad
}

// board is the inbox of notices: one slot for each fault code. Anyone posts, the guard takes.
type board [maxNotices]struct {
	code   atomic.Pointer[detect.FaultCode]
	notice atomic.Pointer[alarm.Notice]
}

// post keeps n in place of an older notice of its code. It returns false when there are too many
// codes.
func (b *board) post(n alarm.Notice) bool {
	for i := range b {
		code := b[i].code.Load()
		if code == nil {
			b[i].code.CompareAndSwap(nil, &n.Fault) // another one may have been faster
			code = b[i].code.Load()
		}
		if *code == n.Fault {
			b[i].notice.Store(&n)
			return true
		}
	}
	return false
}

// take appends the notices to dst and empties the board.
func (b *board) take(dst []alarm.Notice) []alarm.Notice {
	for i := range b {
		if b[i].code.Load() == nil {
			break // codes are given out from the front
		}
		if b[i].notice.Load() != nil {
			dst = append(dst, *b[i].notice.Swap(nil))
		}
	}
	return dst
}

// mailbox holds one value, the newest. It has one producer and is made with room for one.
type mailbox[T any] chan T

// put never waits: the room that it makes is taken by no one else.
func (m mailbox[T]) put(v T) {
	select {
	case <-m:
	default:
	}
	m <- v
}
