package alarm

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/point"
)

const (
	shortFor    = 5 * time.Minute // too few people for so long is told: a change of shift takes less
	longestDay  = 24 * time.Hour  // nobody is on shift for longer; he forgot to say that he went
	mostOnShift = 99
)

// OnShift is one person on shift.
type OnShift struct {
	Operator uint8
	Age      time.Duration // since he came
}

// shift is who is there.
type shift struct {
	people  []onShift // in the order in which they came
	short   bool      // it was told that they are too few
	lackAt  point.Instant
	lacking bool // since lackAt
}

type onShift struct {
	operator uint8
	since    point.Instant
}

func (p *Panel) beginShift(now point.Instant, c *Command) string {
	s := &p.people.shift
	here := func(o onShift) bool { return o.operator == c.By.Operator }
	switch {
	case slices.ContainsFunc(s.people, here):
		return RefusedNothing
	case len(s.people) >= mostOnShift:
		return RefusedBusy
	}
	s.people = append(s.people, onShift{c.By.Operator, now})
	p.recordShift(now, Event{Kind: ShiftBegun, By: c.By})
	return ""
}

func (p *Panel) endShift(now point.Instant, c *Command) string {
	s := &p.people.shift
	i := slices.IndexFunc(s.people, func(o onShift) bool { return o.operator == c.By.Operator })
	if i < 0 {
		return RefusedNothing
	}
	s.people = slices.Delete(s.people, i, i+1)
	p.recordShift(now, Event{Kind: ShiftEnded, By: c.By})
	return ""
}

func (p *Panel) recordShift(now point.Instant, e Event) {
	e.Matter.People = uint8(len(p.people.shift.people))
	p.record(now, e)
}

// followShift ends the shift of who forgot to, or is no operator any more, and tells when people
// are too few.
func (p *Panel) followShift(now point.Instant) {
	s := &p.people.shift
	for i := 0; i < len(s.people); i++ {
		o := s.people[i]
		unknown := len(p.plan.Operators) > 0 && p.operator(o.operator) == nil
		if !unknown && now.Sub(o.since) < longestDay {
			continue
		}
		s.people = slices.Delete(s.people, i, i+1)
		i--
		e := Event{Kind: ShiftEnded, By: Origin{Operator: o.operator}, Reason: RefusedExpired}
		if unknown {
			e.Reason = RefusedOperator
		}
		p.recordShift(now, e)
	}
	lacking := len(s.people) < int(p.plan.Shift)
	if lacking && !s.lacking {
		s.lackAt = now
	}
	s.lacking = lacking
	switch {
	case lacking && !s.short && now.Sub(s.lackAt) >= shortFor:
		s.short = true
		p.recordShift(now, Event{Kind: ShiftShort})
	case !lacking && s.short:
		s.short = false
		p.recordShift(now, Event{Kind: ShiftFull})
	}
}

// manned tells whether anybody is there. Where shifts are not kept, somebody is.
func (p *Panel) manned() bool { return p.plan.Shift == 0 || len(p.people.shift.people) > 0 }
