package uplink

import (
	"errors"
	"math/rand/v2"
	"time"
)

const (
	firstPause   = time.Second
	maxPause     = time.Minute
	maxRefused   = 15 * time.Minute
	bucketSlack  = 20 * time.Millisecond
	alarmSpacing = 2 * time.Second // between two tries that an alarm asked for
)

// pause is the law of waiting between two connections. After a loss, stations that all lost the
// same broker must not come back at the same moment; after failures they must not hammer. A broker
// that takes the birth and hangs up on what follows is a failure too.
type pause struct {
	rand *rand.Rand
	last time.Duration // of the previous failure; 0: a connection worked since
}

// after returns how long to wait after a connection ended with err: never less than a second.
// wasUp says that its birth was confirmed, worked that it was of use as well; spread is the time
// over which the stations spread their first try after a loss.
func (p *pause) after(err error, wasUp, worked bool, spread time.Duration) time.Duration {
	if errors.Is(err, ErrShared) {
		p.last = maxRefused
		return maxRefused
	}
	var spreading time.Duration
	if wasUp {
		spreading = firstPause + p.upTo(spread-firstPause)
	}
	if worked {
		p.last = 0
		return spreading
	}
	limit := maxPause
	if errors.Is(err, ErrRefused) {
		limit = maxRefused
	}
	// Decorrelated back-off: between the first pause and three times the last one.
	span := 3*max(p.last, firstPause) - firstPause
	p.last = min(firstPause+p.upTo(span), limit)
	return max(p.last, spreading)
}

// restart forgets the failures: something new is worth a quick try again.
func (p *pause) restart() { p.last = 0 }

// upTo draws a time from 0 to d.
func (p *pause) upTo(d time.Duration) time.Duration {
	return time.Duration(p.rand.Int64N(int64(max(d, 0)) + 1))
}

// bucket lets backlog messages through at a rate that doubles every second from 1 a second to its
// limit, so that a station that comes back does not flood a thin line. It saves nothing up,
// except what a late timer costs at a high rate.
type bucket struct {
	limit int  // messages a second
	eager bool // it has its full rate from the first second: the platform asked for it
	start time.Time
	next  time.Time // the earliest time of the next message
}

func newBucket(limit int, now time.Time) bucket {
	return bucket{limit: max(limit, 1), start: now, next: now}
}

func (b *bucket) ready(now time.Time) bool { return !now.Before(b.next) }

func (b *bucket) take(now time.Time) {
	rate := b.limit
	if !b.eager {
		rate = min(1<<min(int(now.Sub(b.start)/time.Second), 20), b.limit)
	}
	due := now
	if oldest := now.Add(-bucketSlack); b.eager && b.next.Before(now) {
		due = oldest
		if b.next.After(oldest) {
			due = b.next
		}
	}
	b.next = due.Add(time.Second / time.Duration(rate))
}
