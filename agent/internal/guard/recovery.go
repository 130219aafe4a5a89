package guard

import (
	"errors"
	"log/slog"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// How a bus comes back, step by step: an access that fails after a good one is tried a second time
// before anybody hears of it. A device that goes on failing is begun anew by its next Start, left
// alone for longer and longer, and opened anew. When nothing on the bus answers any more it is the
// bus that fails: then one device at a time is tried and the others are not, because each try may
// keep the bus for as long as the kernel waits. From the third try on the bus is opened anew for
// it. The first device that reads ends the outage for all.
const (
	longestAgain = 100 * time.Millisecond // before the second try
	downAfter    = 3                      // accesses that failed running
	trialEvery   = 2 * time.Second        // of a bus on which nothing answers
	anewAfter    = 2                      // trials that opened nothing
	rarerAfter   = 16                     // trials; then half as often, and once more
)

// outage is a time in which nothing on a bus answers. All but since is of the poller's goroutine.
type outage struct {
	since  access
	began  point.Instant
	trial  *polled       // the device that is tried next
	at     point.Instant // and when
	trials int           // so far
}

// secondTry tells whether a failure may be a disturbance of the bus, that nothing need follow from.
// A line that is open or shorted is no such thing.
func (p *poller) secondTry(d *polled, err error) bool {
	return d.fails == 0 && !d.again && !errors.Is(err, drivers.ErrRange)
}

// missed counts an access that failed, and finds out whether it is the bus that fails.
func (p *poller) missed(d *polled, now point.Instant, err error) {
	p.streak++
	d.bad = true
	if p.isDown() || p.streak < downAfter {
		return
	}
	for _, o := range p.devices {
		if o.opened && !o.bad {
			return
		}
	}
	p.out.began = now
	p.out.since.begin(now)
	p.g.report(slog.LevelWarn, "nothing on the bus answers", "bus", p.name, "err", err)
	p.plan(now)
}

// answered counts an access that was good. It ends an outage for all: what was left alone because
// of it need not wait any longer.
func (p *poller) answered(d *polled, now point.Instant) {
	p.streak, d.bad, d.again = 0, false, false
	if !p.isDown() {
		return
	}
	p.out.since.end()
	p.out.trial, p.out.trials = nil, 0
	for _, o := range p.devices {
		o.retryAt = 0
	}
	p.g.report(slog.LevelInfo, "the bus answers again", "bus", p.name,
		"after", now.Sub(p.out.began))
}

func (p *poller) isDown() bool { return p.out.trial != nil }

// rests tells whether a device is left alone now.
func (p *poller) rests(d *polled, now point.Instant) bool {
	if p.isDown() && d.opened {
		return d != p.out.trial || now < p.out.at
	}
	return now < d.retryAt
}

// tries counts a trial and tells whether the bus is to be opened anew for it. Whatever comes of it,
// the next one is another device's turn: this one alone may be dead.
func (p *poller) tries(d *polled, now point.Instant) (anew bool) {
	d.tried = now
	if !p.isDown() || !d.opened {
		return false
	}
	p.out.trials++
	p.plan(now)
	if p.out.trials == anewAfter+1 {
		p.g.report(slog.LevelInfo, "the bus is opened anew", "bus", p.name)
	}
	return p.out.trials > anewAfter
}

// plan chooses what is tried next: the device whose last try is the longest ago.
func (p *poller) plan(now point.Instant) {
	var next *polled
	for _, d := range p.devices {
		if d.opened && (next == nil || d.tried < next.tried) {
			next = d
		}
	}
	p.out.trial = next
	p.out.at = now.Add(trialEvery << min(p.out.trials/rarerAfter, 2))
	if !next.converting {
		next.due = min(next.due, p.out.at)
	}
}

// slot is when a device is looked at next: in its own phase, and for its trial.
func (p *poller) slot(d *polled, now point.Instant) point.Instant {
	if d == p.out.trial {
		return min(d.slot(now), p.out.at)
	}
	return d.slot(now)
}
