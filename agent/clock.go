package agent

import (
	"sync/atomic"
	"time"

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

// clock joins the system's clock with the time that the platform gave.
type clock struct {
	system func() Wall
	built  time.Time                    // a clock before it is wrong; zero: not known
	given  atomic.Pointer[platformTime] // nil: the platform has given none
}

// platformTime is a moment of the platform's clock beside the process's own.
type platformTime struct {
	wall time.Time
	at   time.Time // with its monotonic reading
}

// hear takes the platform's time, which came over a line that may have delayed it by a second.
func (c *clock) hear(now time.Time) {
	c.given.Store(&platformTime{wall: now, at: time.Now()})
}

// now is the best wall time there is: the system's own when it is disciplined, else the platform's,
// else the system's with quality "none" and never before the build.
func (c *clock) now() Wall {
	w := c.system()
	believable := !w.Now.Before(c.built) &&
		(c.built.IsZero() || w.Now.Before(c.built.Add(tooFarAhead)))
	if believable && w.Quality != wire.ClockNone {
		return w
	}
	if p := c.given.Load(); p != nil {
		return Wall{
			Now:     p.wall.Add(time.Since(p.at)),
			Quality: wire.ClockPlat,
			Error:   time.Second,
		}
	}
	w.Quality, w.Error = wire.ClockNone, -1
	if w.Now.Before(c.built) {
		w.Now = c.built
	}
	return w
}
