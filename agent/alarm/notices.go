package alarm

import (
	"slices"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// mostNotices is how many faults of the box itself are kept apart. The catalogue has fewer.
const mostNotices = 64

// notices are the faults that other rooms have told of, whether they are shown yet or not.
type notices []notice

type notice struct {
	kind   FaultKind
	on     bool
	since  point.Instant
	detail string
	shown  bool
	quiet  bool // a person has silenced it
}

// note takes what another room knows about itself.
func (p *Panel) note(now point.Instant, n Notice) {
	i := slices.IndexFunc(p.notices, func(have notice) bool { return have.kind.Code == n.Fault })
	if i < 0 {
		if !n.On || n.Fault == "" {
			return
		}
		i = p.notices.slot()
		if i == len(p.notices) {
			p.notices = append(p.notices, notice{})
		}
		p.endNotice(now, i)
		p.notices[i] = notice{kind: Fault(n.Fault)}
	}
	have := &p.notices[i]
	if n.On && !have.on {
		have.since = now
	}
	have.on = n.On
	if n.On {
		have.detail = n.Detail
	}
}

// slot is where a new fault is kept: where one has ended, at the end, or, when all are taken, in
// the last place, so that the newest is always seen.
func (ns notices) slot() int {
	i := slices.IndexFunc(ns, func(n notice) bool { return !n.on && !n.shown })
	switch {
	case i >= 0:
		return i
	case len(ns) < mostNotices:
		return len(ns)
	}
	return len(ns) - 1
}

// showNotices shows what has lasted long enough and is not hidden by something that explains it.
func (p *Panel) showNotices(now point.Instant) {
	for i := range p.notices {
		n := &p.notices[i]
		want := n.on && now.Sub(n.since) >= n.kind.After && !p.notices.explain(n.kind.Unless)
		switch {
		case n.shown && !want:
			p.endNotice(now, i)
		case !n.shown && want:
			n.shown, n.quiet = true, false
			p.emit(now, Event{Kind: FaultRaised, Fault: n.kind.Code, Reason: n.detail})
			p.redrive = true
		}
	}
}

// endNotice tells that a fault is no longer shown.
func (p *Panel) endNotice(now point.Instant, i int) {
	n := &p.notices[i]
	if !n.shown {
		return
	}
	n.shown = false
	p.emit(now, Event{Kind: FaultEnded, Fault: n.kind.Code, Reason: n.detail})
	p.redrive = true
}

// explain tells whether one of these faults stands.
func (ns notices) explain(by []detect.FaultCode) bool {
	for _, code := range by {
		for i := range ns {
			if ns[i].on && ns[i].kind.Code == code {
				return true
			}
		}
	}
	return false
}

// silence hushes the faults that are shown, and tells whether there was one to hush.
func (ns notices) silence() bool {
	any := false
	for i := range ns {
		if ns[i].shown && !ns[i].quiet {
			ns[i].quiet, any = true, true
		}
	}
	return any
}

// chirps tells whether the fault tone sounds.
func (p *Panel) chirps() bool {
	for i := range p.points {
		if w := &p.points[i]; w.fault != "" && !w.faultQuiet {
			return true
		}
	}
	return slices.ContainsFunc(p.notices, func(n notice) bool { return n.shown && !n.quiet })
}
