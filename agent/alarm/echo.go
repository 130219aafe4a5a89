package alarm

import (
	"strings"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

const (
	// echoAfter is how long an output may take to do what it was told.
	echoAfter = 10 * time.Second
	// echoRest is how long it is off when it is told again.
	echoRest = 500 * time.Millisecond
)

// echo is what is known of an output that reports back.
type echo struct {
	told      bool          // it is not at rest
	begin     point.Instant // when it was told first
	since     point.Instant // when it was told last
	restUntil point.Instant
	confirmed bool
	failed    bool
}

// expect begins or ends the wait for a report. What an earlier run knew of the output goes on.
func (p *Panel) expect(now point.Instant, o *driven, on bool) {
	switch {
	case o.plan.Feedback == "":
	case !on:
		p.dirty = p.dirty || o.echo.confirmed || o.echo.failed
		o.echo, p.unblamed = echo{}, true
	case o.echo.failed:
		p.unblamed = true
		fallthrough
	default:
		o.echo.told, o.echo.begin, o.echo.since = true, now, now
	}
}

// listen looks whether the outputs that were told have reported back, and keeps the fault of those
// that have not.
func (p *Panel) listen(now point.Instant) {
	for i := range p.outputs {
		if o := &p.outputs[i]; o.echo.told {
			p.hear(now, o)
		}
	}
	if p.unblamed {
		p.blame(now, ValveFail, true)
		p.blame(now, Unconfirmed, false)
		p.unblamed = false
	}
}

// hear looks at one output. One that does not report in time is told once more. One that has
// reported and does so no longer is as one that has just been told.
func (p *Panel) hear(now point.Instant, o *driven) {
	e := &o.echo
	switch reports := p.reports(now, o.plan.Feedback); {
	case reports && !e.confirmed:
		e.confirmed, e.failed, p.dirty, p.unblamed = true, false, true, true
		p.emit(now, Event{Kind: Confirmed, Output: o.plan.ID, For: now.Sub(e.begin)})
	case reports:
		e.since = now
	case now.Sub(e.since) < echoAfter:
		// A contact may tremble, and the first reading after a restart may be late.
	case !e.failed:
		p.fail(now, o)
	}
}

// fail notes that an output has not reported in time, and tells it again, once.
func (p *Panel) fail(now point.Instant, o *driven) {
	e := &o.echo
	e.confirmed, e.failed, p.dirty, p.unblamed = false, true, true, true
	e.begin, e.since = now, now
	e.restUntil = now.Add(echoRest)
	p.emit(now, Event{Kind: Retried, Output: o.plan.ID})
}

// reports tells whether the contact of a point says that an output has done what it was told. A
// contact that nobody has heard of lately says nothing.
func (p *Panel) reports(now point.Instant, id point.ID) bool {
	w := p.at(id)
	if w == nil {
		return false
	}
	for i := range w.channels {
		c := &w.channels[i]
		if c.Quantity == drivers.Contact {
			return c.Seen && c.Quality == point.Good && c.Value != 0 &&
				now.Sub(c.heard) < w.plan.Spec.StaleAfter()
		}
	}
	return false
}

// blame keeps the fault of the outputs that have not reported, with their names.
func (p *Panel) blame(now point.Instant, code detect.FaultCode, valves bool) {
	var names []string
	for i := range p.outputs {
		if o := &p.outputs[i]; o.echo.failed && (o.plan.Kind == Valve) == valves {
			names = append(names, string(o.plan.ID)+": not confirmed")
		}
	}
	p.note(now, Notice{Fault: code, On: len(names) > 0, Detail: strings.Join(names, "; ")})
}
