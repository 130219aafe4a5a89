package detect

import "github.com/firepost/firepost/agent/point"

// Raw is whether a condition of a point is met at this moment, before any delay.
type Raw struct {
	Met     bool
	Since   point.Instant // of Met
	Changes uint64        // readings with which a condition began or ended to be met
}

// Observer is a Rule that tells what it sees before its delays. Who tests a detector wants to know
// when it was tried, and a condition that comes and goes shows here first.
type Observer interface {
	Raw() Raw
}

// Raw implements Observer. What the fire rule weighs comes and goes by its nature: it is met while
// it waits for its confirm time or stands, and makes no changes.
func (r *specRule) Raw() Raw {
	raw := r.raw
	if r.fire == nil {
		return raw
	}
	for _, v := range [...]*verdict{&r.fire.pre, &r.fire.alarm} {
		if !v.pending && (!v.stands || v.leaving) {
			continue
		}
		if !raw.Met || v.since < raw.Since {
			raw.Since = v.since
		}
		raw.Met = true
	}
	return raw
}

// observe looks at the conditions after a reading.
func (r *specRule) observe(at point.Instant) {
	changed, met := false, false
	for i := range r.conditions {
		c := &r.conditions[i]
		changed = c.observe() || changed
		met = met || c.raw
	}
	if changed {
		r.raw.Changes++
	}
	if met != r.raw.Met {
		r.raw.Met, r.raw.Since = met, at
	}
}

// observe tells whether the newest value has begun or ended to meet the condition. One that stands
// is met until the value has come back by the hysteresis.
func (c *condition) observe() bool {
	limit := c.met // which limit has been met is for its way back, and not for us to change
	met := c.heard && (c.reach(c.last) || c.raw && c.stands && !c.back(c.last))
	c.met = limit
	changed := met != c.raw
	c.raw = met
	return changed
}

// Forgetter is a Rule that a person can make forget what is over already.
type Forgetter interface {
	// Forget ends the conditions whose newest good value has come back, without waiting for their
	// off-delay. What stands goes on.
	Forget()
}

// Forget implements Forgetter.
func (r *specRule) Forget() {
	for i := range r.conditions {
		r.conditions[i].forget()
	}
	if r.fire != nil {
		r.fire.pre.forget()
		r.fire.alarm.forget()
	}
}

// forget ends a condition that is leaving. One that stays has the value of now for its reason: what
// alarms again after a reset is told by what is there, and not by what was there when it began.
func (c *condition) forget() {
	switch {
	case c.stands && c.leaving:
		c.leaving, c.stands, c.unsure, c.why = false, false, false, Evidence{}
	case c.stands && c.why.Weight != 0 && c.meets(c.last):
		c.why.Value = c.last
	}
}

// meets tells whether value is beyond the limit that was met, hysteresis aside.
func (c *condition) meets(value int64) bool {
	met := c.met
	defer func() { c.met = met }()
	return c.reach(value)
}
