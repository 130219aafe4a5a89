package detect

import (
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// condition is a Condition with its memory. It is normal, then pending while confirm runs, then it
// stands, then it is leaving while release runs.
type condition struct {
	Condition
	rate    rate // of Rise
	pending bool // beyond the limit, not yet for long enough
	stands  bool
	leaving bool          // stands, and has come back, not yet for long enough
	since   point.Instant // start of pending or leaving
	last    int64         // newest value, as compared with the limit
	why     Evidence      // what made it stand
	aborted uint64
}

func newCondition(c Condition) condition {
	n := condition{Condition: c}
	if c.Kind == Rise {
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

// beyond tells whether value meets the condition.
func (c Condition) beyond(value int64) bool {
	switch c.Kind {
	case Active:
		return value != 0
	case Below:
		return value <= c.Limit
	}
	return value >= c.Limit
}

// back tells whether value has come back far enough to end a condition that stands.
func (c Condition) back(value int64) bool {
	switch c.Kind {
	case Active:
		return value == 0
	case Below:
		return value > c.Limit+c.Hysteresis
	}
	return value < c.Limit-c.Hysteresis
}

// limit is the limit as people read it: an active contact reads 1.
func (c Condition) limit() int64 {
	if c.Kind == Active {
		return 1
	}
	return c.Limit
}

// take looks at one reading. Only a good one starts the way back; an uncertain one may raise.
func (c *condition) take(at point.Instant, rd *point.Reading) {
	if rd.Quality == point.Bad {
		// It carries no value. What stands is held, and the way back begins anew.
		c.leaving = false
		return
	}
	c.last = rd.Sample.Value
	if c.Kind == Rise {
		c.last = c.rate.perMinute(at, rd.Sample.Value)
	}
	switch {
	case !c.stands:
		c.approach(at)
	case !c.back(c.last):
		c.leaving = false
	case !c.leaving && rd.Quality == point.Good:
		c.leaving, c.since = true, at
	}
}

// approach starts or ends pending. Hysteresis plays no part before the condition stands, so that
// noise below the limit cannot fill the confirm time.
func (c *condition) approach(at point.Instant) {
	beyond := c.beyond(c.last)
	if beyond && !c.pending {
		c.since = at
	}
	if c.pending && !beyond {
		c.aborted++
	}
	c.pending = beyond
}

// elapse lets time pass. The newest value holds until the next one: silence after a dangerous value
// is no reason to be calm. While the input is faulty nothing ends.
func (c *condition) elapse(now point.Instant, faulty bool) {
	switch {
	case c.pending && now.Sub(c.since) >= c.Confirm:
		c.pending, c.stands = false, true
		c.why = Evidence{Quantity: c.quantity(), Value: c.last, Limit: c.limit(), Weight: 1000}
	case c.leaving && !faulty && now.Sub(c.since) >= c.Release:
		c.leaving, c.stands, c.why = false, false, Evidence{}
	}
}

// explains tells whether e is a reason that this condition gave.
func (c *condition) explains(e Evidence) bool {
	return e.Weight != 0 && e.Quantity == c.quantity() && e.Limit == c.limit()
}

// resume lets the condition stand as it did in an earlier run.
func (c *condition) resume(why Evidence) {
	c.stands, c.why = true, why
}
