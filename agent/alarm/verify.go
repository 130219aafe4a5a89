package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

const (
	// verifyWindow is how long a first signal waits for a second one.
	verifyWindow = 60 * time.Second
	// verifyStands is how long a first signal must last to count as its own second one. A panel
	// that resets a detector sees a fire again within 20 s, after EN 54-2.
	verifyStands = 20 * time.Second
)

// wait is a first signal that waits for a second one.
type wait struct {
	on    bool
	ended bool // the first one is over: when it comes back it is the second
	since point.Instant
	first detect.Finding
}

// seen is what the panel takes the finding of a point for: less while its zone holds it back, more
// while it chatters or plays its part in a drill.
func (p *Panel) seen(now point.Instant, w *watched) detect.Finding {
	w.held = detect.Normal
	w.proven = w.proven && w.finding.Level >= detect.Alarm
	f := w.steady(now)
	if w.part != noPart {
		w.wait = wait{}
		return p.played(w, f)
	}
	switch p.mode(w) {
	case Verify:
		return p.verify(now, w, f)
	case PAS:
		return p.sequence(now, w, f)
	}
	w.wait = wait{}
	return f
}

// mode is that of the zone of w.
func (p *Panel) mode(w *watched) Mode {
	if w.area < 0 {
		return Single
	}
	return p.areas[w.area].plan.Mode
}

// doubtful tells whether a finding may be held back: a fire that no person has seen. A call point,
// gas and CO are believed at once: what they close does no harm, and what waits may light. So is
// everything that is already an alarm here, or was one that a reset did not end.
func (w *watched) doubtful(f detect.Finding) bool {
	return w.plan.Signal == Fire && f.Level >= detect.Alarm && !w.plan.Manual && !w.proven &&
		(w.alarm == nil || w.alarm.finding.Level < detect.Alarm)
}

// verify shows a first signal as a pre-alarm until a second one confirms it, or none comes.
func (p *Panel) verify(now point.Instant, w *watched, f detect.Finding) detect.Finding {
	v, reports := &w.wait, w.doubtful(f)
	switch {
	case f.Level >= detect.Alarm && !reports:
		*v = wait{}
		return f
	case !v.on && (!reports || p.witnessed(w)):
		return f
	case !v.on:
		*v = wait{on: true, since: now, first: f}
	}
	age := now.Sub(v.since)
	switch {
	case p.witnessed(w), reports && (v.ended || age >= verifyStands):
		if !reports {
			f = v.first
		}
		*v = wait{}
		return f
	case age >= verifyWindow:
		*v = wait{}
		p.drop(now, w)
		return f
	case !reports:
		v.ended = true
	}
	w.held = v.first.Level
	shown := v.first
	shown.Level, shown.Fault = detect.PreAlarm, f.Fault
	return shown
}

// drop tells that a first signal was not confirmed. Its pre-alarm is cleared in the same step.
func (p *Panel) drop(now point.Instant, w *watched) {
	e := w.event(Unverified)
	if w.alarm != nil {
		w.alarm.held = detect.Normal
		e = w.alarm.event(Unverified)
	}
	e.Kind = Unverified
	p.emit(now, e)
}

// witnesses counts the points that tell of something that burns or leaks, held back or not. What is
// under test or part of a drill tells nothing.
func (p *Panel) witnesses() int {
	n := 0
	for i := range p.points {
		if p.points[i].testifies() {
			n++
		}
	}
	return n
}

func (w *watched) testifies() bool {
	if w.disabled != nil || w.testing || w.part != noPart {
		return false
	}
	if w.plan.Signal != Fire && w.plan.Signal != Gas && w.plan.Signal != CO {
		return false
	}
	return w.finding.Level >= detect.Alarm || w.wait.on ||
		w.alarm != nil && max(w.alarm.finding.Level, w.alarm.held) >= detect.Alarm
}

// witnessed tells whether another point than w tells of danger. Then nothing is held back, wherever
// on the site it is: two doubts are no doubt.
func (p *Panel) witnessed(w *watched) bool {
	others := p.danger
	if w.testifies() {
		others--
	}
	return others > 0
}
