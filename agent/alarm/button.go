package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

const (
	// mostKey is how long a key switch raises the panel's own buttons, however long it is turned.
	mostKey  = 10 * time.Minute
	testTime = 5 * time.Second // that sounders and lights are on in a self-test
)

// ButtonPlan makes a point of a button or of a key switch of the box. The zero value is none.
type ButtonPlan struct {
	Action Action // what pressing it does
	Level  uint8  // its access level, 1 or 2; one of level 1 may only acknowledge and answer
	Key    bool   // a key switch: while it is turned, at most 10 min, every button has level 2
}

// Acts tells whether the point is a button or a key switch.
func (b ButtonPlan) Acts() bool { return b.Key || b.Action != 0 }

// watchAll judges the points: buttons first, because what they hush or reset is what stood before.
func (p *Panel) watchAll(now point.Instant) {
	for i := range p.points {
		if p.points[i].plan.Button.Acts() {
			p.watch(now, &p.points[i])
		}
	}
	for i := range p.points {
		if !p.points[i].plan.Button.Acts() {
			p.watch(now, &p.points[i])
		}
	}
}

// press follows the contact of a button. It acts once, when it closes; one that is found closed, at
// the start, after a fault or under a new plan, must be seen open first: a button that is stuck, or
// a cut wire that is mended, must reset nothing.
func (p *Panel) press(now point.Instant, w *watched) {
	down := w.finding.Level != detect.Normal
	switch {
	case w.finding.Fault != "":
		w.armed = false
	case !down:
		w.armed = w.armed || w.isOpen()
	case w.armed:
		w.armed = false
		p.pressed(now, w)
	}
	if !down && w.plan.Button.Key && p.people.keyBy == w.plan.ID {
		p.endKey(now, "")
	}
}

// isOpen tells whether the contact of w was read, and is open.
func (w *watched) isOpen() bool {
	for i := range w.channels {
		if c := &w.channels[i]; c.Seen && c.Quality == point.Good && c.Value == 0 {
			return true
		}
	}
	return false
}

func (p *Panel) pressed(now point.Instant, w *watched) {
	b := w.plan.Button
	if b.Key {
		p.people.keyBy, p.people.keyUntil = w.plan.ID, now.Add(mostKey)
		p.emit(now, Event{
			Kind: AccessRaised, Zone: w.plan.Zone, Point: w.plan.ID, For: mostKey,
			By: Origin{Kind: Button, Level: 2},
		})
		return
	}
	level := b.Level
	if p.people.keyUntil != 0 {
		level = max(level, 2)
	}
	p.obey(now, &Command{Action: b.Action, By: Origin{Kind: Button, Level: level}})
}

// endKey takes from the buttons what the key switch gave.
func (p *Panel) endKey(now point.Instant, reason string) {
	if p.people.keyUntil == 0 {
		return
	}
	p.emit(now, Event{
		Kind: AccessEnded, Point: p.people.keyBy, Reason: reason, By: Origin{Kind: Button},
	})
	p.people.keyBy, p.people.keyUntil = "", 0
}

// selfTest lets everything that sounds or shines be heard and seen for a moment.
func (p *Panel) selfTest(now point.Instant) {
	p.people.testUntil = now.Add(testTime)
	p.emit(now, Event{Kind: SelfTested, For: testTime})
	p.redrive = true
}

// asks is what an output that no alarm drives does for the people: it asks for one, or is tested.
func (p *Panel) asks(o *OutputPlan) Pattern {
	lights := o.Kind == Strobe || o.Kind == Lamp
	switch {
	case p.people.testUntil == 0:
	case lights, o.Kind.Sounds() && o.Steady:
		return Steady
	case o.Kind.Sounds():
		return TestTone
	}
	switch p.people.prompt {
	case DutyTone, CallTone:
		if o.Kind == Buzzer || o.Kind == Sounder && !p.people.hasBuzzer {
			return p.people.prompt
		}
	default:
		return Off
	}
	if lights && p.people.prompt == CallTone && p.people.urgent {
		return Flash
	}
	return Off
}
