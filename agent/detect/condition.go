package detect

import (
	"math/bits"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// condition is a Condition with its memory. It is normal, then pending while confirm runs, then it
// stands, then it is leaving while release runs.
type condition struct {
	Condition
	rate    rate  // of Rise and FastRise
	growth  int64 // a minute, of FastRise
	dose    dose  // of Dose
	votes   uint8 // of Of: the newest sample is the lowest bit
	voted   point.Instant
	pending bool // beyond the limit, not yet for long enough
	stands  bool
	leaving bool          // stands, and has come back, not yet for long enough
	since   point.Instant // start of pending or leaving
	last    int64         // newest value, as compared with the limit
	met     int64         // the limit that was met: Limit, or FastLimit
	cold    bool          // the newest value is of a sensor that warms up
	unsure  bool          // it stands by such values only
	why     Evidence      // what made it stand
	aborted uint64
	heard   bool // last is a value
	raw     bool // last meets the condition, before any delay
}

// mostLimit is beyond every value, also one that is calibrated.
const mostLimit = 4 * MostValue

func newCondition(c Condition) condition {
	c.Limit = min(max(c.Limit, -mostLimit), mostLimit)
	c.Hysteresis = min(max(c.Hysteresis, 0), mostLimit)
	n := condition{Condition: c, met: c.Limit}
	if c.Kind == Rise || c.FastRise > 0 {
		n.rate = newRate(c.Window)
	}
	return n
}

// quantity is what the condition looks at. A contact need not be told that it is one.
func (c Condition) quantity() drivers.Quantity {
	if c.Kind == Active && c.Quantity == 0 {
		return drivers.Contact
	}
	return c.Quantity
}

// per is the time that the limit of a rise is for.
func (c Condition) per() time.Duration {
	if c.Per <= 0 {
		return time.Minute
	}
	return c.Per
}

// reach tells whether value meets the condition, and remembers which limit it met.
func (c *condition) reach(value int64) bool {
	switch c.Kind {
	case Active:
		return value != 0
	case Below:
		return value <= c.Limit
	case Dose:
		return c.dose.full()
	}
	c.met = c.Limit
	if c.FastRise > 0 && c.growth >= c.FastRise {
		c.met = min(c.Limit, c.FastLimit)
	}
	return value >= c.met
}

// back tells whether value has come back far enough to end a condition that stands.
func (c *condition) back(value int64) bool {
	switch c.Kind {
	case Active:
		return value == 0
	case Below:
		return value > c.Limit+c.Hysteresis
	case Dose:
		return value < doseFades
	}
	return value < c.met-c.Hysteresis
}

// limit is the limit that was met, as people read it: an active contact reads 1.
func (c *condition) limit() int64 {
	if c.Kind == Active {
		return 1
	}
	return c.met
}

// take looks at one reading. An uncertain one may raise; the way back is of good ones alone.
func (c *condition) take(at point.Instant, rd *point.Reading) {
	if rd.Quality == point.Bad {
		// It carries no value. What stands is held, and the way back begins anew.
		c.leaving = false
		return
	}
	c.cold = rd.Quality == point.Uncertain && rd.Reason == point.WarmUp
	c.unsure = c.unsure && c.cold
	c.see(at, rd)
	c.heard = true
	switch {
	case !c.stands:
		c.approach(at)
	case rd.Quality != point.Good || !c.back(c.last):
		c.leaving = false
	case !c.leaving:
		c.leaving, c.since = true, at
	}
}

// see makes of a reading what the condition compares with its limit.
func (c *condition) see(at point.Instant, rd *point.Reading) {
	c.last = rd.Sample.Value
	switch {
	case c.Kind == Rise:
		c.last = c.rate.per(at, rd.Sample.Value, c.per())
	case c.Kind == Dose:
		c.dose.take(at, rd.Sample.Value, rd.Quality == point.Good)
	case c.FastRise > 0:
		c.growth = c.rate.per(at, rd.Sample.Value, time.Minute)
	}
}

// approach starts or ends pending. Hysteresis plays no part before the condition stands, so that
// noise below the limit cannot fill the confirm time.
func (c *condition) approach(at point.Instant) {
	beyond := c.reach(c.last)
	if c.Of > 0 {
		beyond = c.vote(at, beyond)
	}
	if beyond && !c.pending {
		c.since = at
	}
	if c.pending && !beyond {
		c.aborted++
	}
	c.pending = beyond
}

// vote counts a sample, at most one a second, and tells whether enough of the last ones were
// beyond the limit.
func (c *condition) vote(at point.Instant, beyond bool) bool {
	if at.Sub(c.voted) >= voteSpacing || c.votes == 0 {
		c.votes, c.voted = c.votes<<1&(1<<c.Of-1), at
		if beyond {
			c.votes |= 1
		}
	}
	return bits.OnesCount8(c.votes) >= int(c.Need)
}

// voteSpacing is a second, less what the beat of a poller may be early.
const voteSpacing = 900 * time.Millisecond

// elapse lets time pass. The newest value holds until the next one: silence after a dangerous value
// is no reason to be calm. While the input is faulty nothing ends, and no dose is counted.
func (c *condition) elapse(now point.Instant, faulty bool) {
	if c.Kind == Dose {
		c.dose.elapse(now, faulty)
		c.pending = !c.stands && c.dose.full()
	}
	switch {
	case c.pending && now.Sub(c.since) >= c.Confirm:
		// A dose of an earlier run may be full before there is a value.
		c.pending, c.stands, c.unsure, c.votes = false, true, c.cold || !c.heard, 0
		c.why = Evidence{Quantity: c.quantity(), Value: c.last, Limit: c.limit(), Weight: 1000}
	case c.leaving && !faulty && now.Sub(c.since) >= c.Release:
		c.leaving, c.stands, c.why = false, false, Evidence{}
	}
}

// Explains tells whether a reason may be this condition's.
func (c Condition) Explains(e Evidence) bool {
	switch {
	case e.Quantity != c.quantity():
		return false
	case c.Kind == Active:
		return e.Limit == 1
	}
	return e.Limit == c.Limit || c.FastRise > 0 && e.Limit == c.FastLimit
}

// PerText is what follows a value of a rise, such as "/min". It is empty for the other kinds.
func (c Condition) PerText() string {
	switch {
	case c.Kind != Rise:
		return ""
	case c.per() == time.Hour:
		return "/h"
	case c.per() == 24*time.Hour:
		return "/d"
	}
	return "/min"
}

// resume lets the condition stand as it did in an earlier run.
func (c *condition) resume(why Evidence) {
	c.stands, c.why = true, why
	if c.FastRise > 0 && why.Limit == c.FastLimit {
		c.met = c.FastLimit
	}
}
