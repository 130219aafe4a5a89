package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

const (
	defaultWindow = time.Minute
	rateSlots     = 64      // samples kept
	rateSpacing   = 48      // of them in one window; the rest reaches a quarter window further
	rateMost      = 1 << 35 // a larger value is cut, so that the product below fits
	longestPer    = 24 * time.Hour
)

// rate tells how fast a value grew over a window, from a fixed number of samples.
type rate struct {
	window time.Duration
	slots  []rateSlot // a ring
	first  int        // oldest
	n      int
}

type rateSlot struct {
	at    point.Instant
	value int64
}

func newRate(window time.Duration) rate {
	if window <= 0 {
		window = defaultWindow
	}
	return rate{window: window, slots: make([]rateSlot, rateSlots)}
}

// per takes a value and returns the growth within span, measured against the oldest sample of
// the last window (and a quarter, so that slow sensors have one). While the samples are younger
// than a window, the growth is still divided by the whole window: noise of the first seconds is no
// rate, and a fast rise is seen as soon as it has grown as far as a window's limit allows.
func (r *rate) per(at point.Instant, value int64, span time.Duration) int64 {
	value = min(max(value, -rateMost), rateMost)
	for r.n > 0 && at.Sub(r.slots[r.first].at) > r.window+r.window/4 {
		r.first, r.n = (r.first+1)%rateSlots, r.n-1
	}
	if r.n == 0 || at.Sub(r.newest().at) >= r.window/rateSpacing {
		r.push(at, value)
	}
	base := r.slots[r.first]
	over := max(at.Sub(base.at), r.window)
	span = min(span, longestPer)
	return (value - base.value) * span.Milliseconds() / max(over.Milliseconds(), 1)
}

// lost tells whether every sample is too old to compare with.
func (r *rate) lost(at point.Instant) bool {
	return r.n == 0 || at.Sub(r.newest().at) > r.window+r.window/4
}

func (r *rate) newest() rateSlot {
	return r.slots[(r.first+r.n-1)%rateSlots]
}

func (r *rate) push(at point.Instant, value int64) {
	if r.n == rateSlots {
		r.first, r.n = (r.first+1)%rateSlots, r.n-1
	}
	r.slots[(r.first+r.n)%rateSlots] = rateSlot{at, value}
	r.n++
}
