package alarm

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// mostNotices is how many faults of the box itself are kept apart. The catalogue has fewer.
const mostNotices = 96

// tellAgain is the shortest time between two announcements of one fault that goes on. A cause that
// comes earlier is announced at its end, if it still stands.
const tellAgain = 10 * time.Second

// notices are the faults that other rooms have told of, whether they are shown yet or not.
type notices []notice

type notice struct {
	kind   FaultKind
	on     bool
	since  point.Instant
	detail string
	shown  bool
	quiet  bool // a person has silenced it

	causes []string      // of the detail, by name
	told   []string      // those that were announced, and stand since
	toldAt point.Instant // the last announcement
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
	if n.On && n.Detail != have.detail {
		have.detail, have.causes = n.Detail, causesOf(n.Detail)
		have.told = slices.DeleteFunc(have.told, func(cause string) bool {
			return !slices.Contains(have.causes, cause)
		})
	}
}

// causesOf names the causes in a detail, which reads "siren: no answer for 3 s; lamp: not there". A
// cause is named by what it is the fault of, so that a number or another text after the colon is
// not news.
func causesOf(detail string) []string {
	var causes []string
	for part := range strings.SplitSeq(detail, "; ") {
		name, _, _ := strings.Cut(part, ": ")
		if name != "" && !slices.Contains(causes, name) {
			causes = append(causes, name)
		}
	}
	return causes
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

// showNotices shows what has lasted long enough and is not hidden by something that explains it. A
// fault that is shown and gains a cause is announced anew: whoever silenced it knew less.
func (p *Panel) showNotices(now point.Instant) {
	for i := range p.notices {
		n := &p.notices[i]
		want := n.on && now.Sub(n.since) >= n.kind.After && !p.explained(n.kind.Unless)
		switch {
		case n.shown && !want:
			p.endNotice(now, i)
		case !n.shown && want, n.gained() && now.Sub(n.toldAt) >= tellAgain:
			p.announce(now, n)
		}
	}
}

// gained tells whether a fault that is shown has a cause that nobody was told of.
func (n *notice) gained() bool { return n.shown && len(n.told) < len(n.causes) }

// announce tells of a fault, with all its causes, and lets it sound.
func (p *Panel) announce(now point.Instant, n *notice) {
	n.shown, n.quiet = true, false
	n.told, n.toldAt = append(n.told[:0], n.causes...), now
	p.emit(now, Event{Kind: FaultRaised, Fault: n.kind.Code, Reason: n.detail})
	p.redrive = true
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

// stands tells whether a fault is on, shown or not.
func (ns notices) stands(code detect.FaultCode) bool {
	return slices.ContainsFunc(ns, func(n notice) bool { return n.on && n.kind.Code == code })
}

// explained tells whether one of these faults stands, of the box or of a point.
func (p *Panel) explained(by []detect.FaultCode) bool {
	for _, code := range by {
		if p.notices.stands(code) {
			return true
		}
		for i := range p.points {
			if p.points[i].fault == code {
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

// faulty tells whether a fault of this kind is shown, and whether one of them sounds.
func (p *Panel) faulty(kind detect.FaultCode) (stands, sounds bool) {
	for i := range p.points {
		if w := &p.points[i]; kind == AnyFault && w.fault != "" {
			stands, sounds = true, sounds || !w.faultQuiet
		}
	}
	for i := range p.notices {
		if n := &p.notices[i]; n.shown && (kind == AnyFault || tellsNobody(n.kind.Code)) {
			stands, sounds = true, sounds || !n.quiet
		}
	}
	return stands, sounds
}

// tellsNobody tells the faults in which nobody outside hears of an alarm.
func tellsNobody(code detect.FaultCode) bool {
	switch code {
	case UplinkDown, UplinkRefused, IdentityShared, NotEnrolled:
		return true
	}
	return false
}
