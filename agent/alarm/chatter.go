package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

const (
	chatterChanges = 3                 // of the raw condition …
	chatterWithin  = 60 * time.Second  // … within this make a chatter
	chatterLongest = 300 * time.Second // off-delay of a point that chatters
	chatterLeast   = 10 * time.Second  // the off-delay that is doubled, when the point has less
	chatterCalm    = 10 * time.Minute  // without a change it is over
)

// chatter watches how often the condition of a point changes.
type chatter struct {
	counted uint64 // changes so far
	at      [chatterChanges]point.Instant
	n       int            // of at, oldest first
	last    point.Instant  // change
	times   uint8          // how often the off-delay was doubled
	kept    detect.Finding // shown while the off-delay runs
	leaving bool
	since   point.Instant // of leaving
}

// chatters follows the raw condition of a point, also where it ends before its on-delay.
func (p *Panel) chatters(now point.Instant, w *watched) {
	if w.plan.Signal.IsLifeSafety() {
		return
	}
	c := &w.chatter
	changes := w.raw.Changes
	for range min(changes-c.counted, chatterChanges) {
		if c.n == chatterChanges {
			copy(c.at[:], c.at[1:])
			c.n--
		}
		c.at[c.n] = now
		c.n++
	}
	if changes != c.counted {
		c.last = now
	}
	c.counted = changes
	switch {
	case c.n == chatterChanges && now.Sub(c.at[0]) <= chatterWithin:
		c.n = 0
		if c.times == 0 || w.offDelay()<<c.times < chatterLongest {
			c.times++
			if w.disabled != nil || w.testing {
				break
			}
			e := w.event(Chattering)
			e.For = min(w.offDelay()<<c.times, chatterLongest)
			p.emit(now, e)
		}
	case c.times > 0 && now.Sub(c.last) >= chatterCalm:
		c.n, c.times = 0, 0
	}
}

// offDelay is that of its rule, which is over before the panel hears that a condition has ended.
func (w *watched) offDelay() time.Duration {
	d := chatterLeast
	for _, c := range w.plan.Spec.Conditions {
		d = max(d, c.Release)
	}
	return d
}

// steady is the finding of a point, held for the longer off-delay while it chatters.
func (w *watched) steady(now point.Instant) detect.Finding {
	c, f := &w.chatter, w.finding
	if c.times == 0 || f.Level >= c.kept.Level {
		c.kept, c.leaving = f, false
		return f
	}
	if !c.leaving {
		c.leaving, c.since = true, now
	}
	if now.Sub(c.since) >= min(w.offDelay()<<c.times, chatterLongest)-w.offDelay() {
		c.kept, c.leaving = f, false
		return f
	}
	c.kept.Fault = f.Fault
	return c.kept
}
