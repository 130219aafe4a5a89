package alarm

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// tally counts what indicators tell of longer times. It follows the events and, once a second, the
// state of the panel.
type tally struct {
	at          point.Instant // the last look
	disabledFor time.Duration // all points together, ever
	falseAlarms [falseDays]uint16
	dayRan      time.Duration // of the newest day of falseAlarms
	tested      []SavedTested
	valveTook   time.Duration // the newest confirmed closing; 0: none
	valveAge    time.Duration // since then
	up, down    [24]time.Duration
	hourRan     time.Duration // of the newest hour of up and down
	savedAt     point.Instant
}

const (
	falseDays   = 30 // days of running that false alarms are counted over
	tallyEvery  = time.Second
	saveTallies = time.Hour
	day         = 24 * time.Hour
)

// SavedTally is the tally over a restart.
type SavedTally struct {
	DisabledFor time.Duration `json:",omitempty"`
	FalseAlarms []uint16      `json:",omitempty"` // by day of running, newest first
	DayRan      time.Duration `json:",omitempty"`
	Tested      []SavedTested `json:",omitempty"`
	ValveTook   time.Duration `json:",omitempty"`
	ValveAge    time.Duration `json:",omitempty"`
}

// SavedTested says how long ago a point was last tried in a walk test.
type SavedTested struct {
	Point point.ID
	Age   time.Duration
}

// count follows an event.
func (p *Panel) count(e *Event) {
	t := &p.tally
	switch e.Kind {
	case IncidentJudged:
		if e.Matter.Verdict == FalseAlarm && !e.Drill {
			t.falseAlarms[0]++
			p.dirty = true
		}
	case Tested:
		p.dirty = true
		for i := range t.tested {
			if t.tested[i].Point == e.Point {
				t.tested[i].Age = 0
				return
			}
		}
		if len(t.tested) < len(p.points) {
			t.tested = append(t.tested, SavedTested{Point: e.Point})
		}
	case Confirmed:
		if o := p.output(e.Output); o != nil && o.plan.Kind == Valve {
			t.valveTook, t.valveAge, p.dirty = max(e.For, 1), 0, true
		}
	}
}

// reckon counts what goes on, once a second.
func (p *Panel) reckon(now point.Instant) {
	t := &p.tally
	passed := now.Sub(t.at)
	if passed < tallyEvery {
		return
	}
	t.at = now
	for i := range p.points {
		if p.points[i].disabled != nil {
			t.disabledFor += passed
		}
	}
	for i := range t.tested {
		t.tested[i].Age += passed
	}
	if t.valveTook > 0 {
		t.valveAge += passed
	}
	if t.dayRan += passed; t.dayRan >= day {
		t.dayRan = 0
		copy(t.falseAlarms[1:], t.falseAlarms[:])
		t.falseAlarms[0] = 0
	}
	if t.hourRan += passed; t.hourRan >= time.Hour {
		t.hourRan = 0
		copy(t.up[1:], t.up[:])
		copy(t.down[1:], t.down[:])
		t.up[0], t.down[0] = 0, 0
	}
	if p.notices.stands(UplinkDown) || p.notices.stands(UplinkRefused) {
		t.down[0] += passed
	} else {
		t.up[0] += passed
	}
	if now.Sub(t.savedAt) >= saveTallies {
		t.savedAt, p.dirty = now, p.dirty || t.ages()
	}
}

// ages tells whether time alone changes what must survive.
func (t *tally) ages() bool {
	return len(t.tested) > 0 || t.valveTook > 0 || t.falseAlarms != [falseDays]uint16{}
}

// save copies what must survive of the tally.
func (t *tally) save() SavedTally {
	s := SavedTally{
		DisabledFor: t.disabledFor, DayRan: t.dayRan, ValveTook: t.valveTook, ValveAge: t.valveAge,
		Tested: append([]SavedTested(nil), t.tested...),
	}
	last := falseDays
	for last > 0 && t.falseAlarms[last-1] == 0 {
		last--
	}
	s.FalseAlarms = append(s.FalseAlarms, t.falseAlarms[:last]...)
	return s
}

// restore takes over what an earlier run counted.
func (t *tally) restore(s *SavedTally) {
	t.disabledFor, t.dayRan = max(s.DisabledFor, 0), max(s.DayRan, 0)
	t.valveTook, t.valveAge = max(s.ValveTook, 0), max(s.ValveAge, 0)
	copy(t.falseAlarms[:], s.FalseAlarms)
	t.tested = append(t.tested, s.Tested...)
}

// forget drops the tests of points that are not in the plan any more, so that they take no place
// from those that are.
func (t *tally) forget(gone func(point.ID) bool) {
	t.tested = slices.DeleteFunc(t.tested, func(s SavedTested) bool { return gone(s.Point) })
}
