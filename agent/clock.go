package agent

import (
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/wire"
)

// Wall is the wall time as a label, with how far it can be believed. No alarm decision reads it.
type Wall struct {
	Now     time.Time
	Quality wire.ClockQuality
	Error   time.Duration // estimated; negative: unknown
}

// tooFarAhead is how long after the build a system clock is no longer believed.
const tooFarAhead = 10 * 365 * 24 * time.Hour

// drift is how far a clock on its own runs away: 100 ppm.
const drift = 10_000

// clock joins the system's clock with the time that the platform gave.
type clock struct {
	system func() Wall
	built  time.Time              // a clock before it is wrong; zero: not known
	given  atomic.Pointer[anchor] // by the platform; nil: never
	synced atomic.Pointer[anchor] // of the system's clock, while it could be trusted; nil: never
}

// anchor is a wall time beside the moment of this process in which it was right.
type anchor struct {
	Wall
	at time.Time // with its monotonic reading
}

// now is the time that an anchor tells, with the error that has grown since.
func (h *anchor) now(q wire.ClockQuality) Wall {
	age := time.Since(h.at)
	w := Wall{Now: h.Now.Add(age), Quality: q, Error: h.Error}
	if w.Error >= 0 {
		w.Error += age / drift
	}
	return w
}

// hear takes the platform's time, which came over a line that may have delayed it by a second.
func (c *clock) hear(now time.Time) {
	if c.believes(now) {
		c.given.Store(&anchor{Wall{Now: now.Local(), Error: time.Second}, time.Now()})
	}
}

func (c *clock) believes(t time.Time) bool {
	return c.built.IsZero() || !t.Before(c.built) && t.Before(c.built.Add(tooFarAhead))
}

// now is the best wall time there is: the system's own while it is disciplined; then what the
// platform gave or what the system's own last was, whichever came later; else the system's with
// quality none, and never before the build.
func (c *clock) now() Wall {
	w := c.system()
	believed := c.believes(w.Now)
	if believed && w.Quality > wire.ClockHold {
		c.synced.Store(&anchor{w, time.Now()})
		return w
	}
	given, synced := c.given.Load(), c.synced.Load()
	switch {
	case given != nil && (synced == nil || given.at.After(synced.at)):
		return given.now(wire.ClockPlat)
	case synced != nil:
		return synced.now(wire.ClockHold)
	case believed && w.Quality != wire.ClockNone:
		return w
	}
	w.Quality, w.Error = wire.ClockNone, -1
	if w.Now.Before(c.built) {
		w.Now = c.built
	}
	return w
}

// today is the date in the zone that the wall time is given in, of a clock that can be believed:
// one that was set in this run and then went on by itself may be wrong by a day after long enough.
func today(w Wall) alarm.Date {
	if w.Quality <= wire.ClockHold {
		return 0
	}
	year, month, day := w.Now.Date()
	return alarm.Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}
