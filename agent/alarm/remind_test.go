package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// hydrant is a site with one pressure point, which is low below 100 kPa.
func hydrant() Plan {
	plan := bench()
	plan.Points = []PointPlan{{ID: "hydrant", Zone: "cellar", Signal: Water, Spec: detect.Spec{
		Stale: time.Minute,
		Conditions: []detect.Condition{{
			Kind: detect.Below, Quantity: drivers.Pressure, Level: detect.Supervisory,
			Limit: 100_000, Hysteresis: 20_000, Confirm: 15 * time.Second,
			Release: 10 * time.Second,
		}},
	}}}
	return plan
}

// gauge feeds the pressure point.
type gauge struct {
	p      *Panel
	now    point.Instant
	events []Event
}

func (g *gauge) reads(kPa int64, d time.Duration) {
	for end := g.now.Add(d); g.now < end; g.now = g.now.Add(tick) {
		rd := point.Reading{Point: "hydrant", At: g.now, Quality: point.Good}
		rd.Sample = drivers.Sample{Quantity: drivers.Pressure, Value: kPa * 1000}
		g.events = append(g.events, g.p.Step(g.now, Input{Readings: []point.Reading{rd}}).Events...)
	}
}

func (g *gauge) count(k Kind) int {
	n := 0
	for _, e := range g.events {
		if e.Kind == k {
			n++
		}
	}
	return n
}

// A low pressure is supervisory after its on-delay and returns above its deadband. Three changes of
// the condition within a minute are a chatter, also when none lasted for the on-delay; from then on
// the alarm is held twice as long, and at last for 300 s.
func TestAT47PressureChatters(t *testing.T) {
	g := &gauge{p: New(hydrant(), Saved{})}
	g.reads(150, time.Minute)
	g.reads(95, 15*time.Second)
	if got := g.count(Raised); got != 0 {
		t.Errorf("got %d alarms before 15 s", got)
	}
	g.reads(95, time.Second)
	if got := g.count(Raised); got != 1 {
		t.Fatalf("got %d alarms after 15 s, want 1", got)
	}
	g.reads(110, time.Minute)
	if got := g.count(Cleared); got != 0 {
		t.Errorf("it is cleared within its deadband")
	}
	g.reads(125, 11*time.Second)
	if got := g.count(Cleared); got != 1 {
		t.Fatalf("got %d ends above the deadband, want 1", got)
	}
	if got := g.count(Chattering); got != 0 {
		t.Fatalf("two changes in more than a minute are a chatter")
	}

	g = &gauge{p: New(hydrant(), Saved{})}
	g.reads(150, time.Minute)
	g.reads(95, 5*time.Second)
	g.reads(150, 5*time.Second)
	g.reads(95, 5*time.Second)
	if got := g.count(Chattering); got != 1 || g.count(Raised) != 0 {
		t.Fatalf("got %d chatters and %d alarms, want 1 and 0", got, g.count(Raised))
	}
	if !g.p.Snapshot(g.now).Points[0].Chatters {
		t.Error("the snapshot does not say so")
	}
	g.reads(95, 15*time.Second)
	g.reads(150, 19*time.Second)
	if g.count(Cleared) != 0 {
		t.Error("the off-delay is not doubled")
	}
	g.reads(150, 2*time.Second)
	if g.count(Cleared) != 1 {
		t.Error("the off-delay is more than doubled")
	}
	for range 100 {
		g.reads(95, 16*time.Second)
		g.reads(150, time.Second)
	}
	if got := g.count(Chattering); got > 6 {
		t.Errorf("got %d events of one chatter, want one for each doubling", got)
	}
	cleared := g.count(Cleared)
	g.reads(150, 298*time.Second)
	if g.count(Cleared) != cleared {
		t.Error("the off-delay did not grow to 300 s")
	}
	g.reads(150, 3*time.Second)
	if g.count(Cleared) != cleared+1 {
		t.Error("the off-delay grew beyond 300 s")
	}
	g.reads(150, 10*time.Minute)
	if g.p.Snapshot(g.now).Points[0].Chatters {
		t.Error("it chatters after ten minutes of calm")
	}
}

// What people must leave for never gets a longer delay, however often it comes and goes.
func TestLifeSafetyNeverChatters(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	for range 10 {
		for _, id := range []point.ID{"smoke1", "gas", "co", "flood"} {
			r.contacts[id] = 1 - r.contacts[id]
		}
		r.run(2 * time.Second)
	}
	if got := r.count(Chattering, ""); got != 0 {
		t.Errorf("got %d chatters, want none", got)
	}
}

// An alarm that still stands is told once more and sounds again: gas and CO after 10 min, what
// threatens no life after 30 min, a fire never. One whose condition has ended is left alone.
func TestStandingAlarmIsToldAgain(t *testing.T) {
	for _, tt := range []struct {
		id    point.ID
		every time.Duration
	}{{"gas", 10 * time.Minute}, {"co", 10 * time.Minute}, {"leak", 30 * time.Minute}, {"smoke1", 0}} {
		r := newRig(t, bench(), Saved{})
		r.contacts[tt.id] = 1
		r.run(2 * time.Second)
		r.order(Command{Action: Acknowledge, By: visitor})
		r.order(Command{Action: Silence, By: onSite})
		if tt.every == 0 {
			r.run(time.Hour)
			if got := r.count(Reraised, ""); got != 0 {
				t.Errorf("%s: told %d times again, want never", tt.id, got)
			}
			continue
		}
		r.run(tt.every - 2*time.Second)
		if got := r.count(Reraised, ""); got != 0 {
			t.Errorf("%s: told again before %v", tt.id, tt.every)
		}
		r.run(2 * time.Second)
		e := r.newest(Reraised)
		if e.Point != tt.id || e.To.Level == detect.Normal {
			t.Errorf("got %+v", e)
		}
		if a := r.panel.Snapshot(r.now).Alarms[0]; a.Acknowledged || a.Silenced {
			t.Errorf("%s: got %+v, want it unseen and heard", tt.id, a)
		}
		if r.last["buzzer"] == Off {
			t.Errorf("%s: the buzzer is silent", tt.id)
		}
		r.run(tt.every)
		if got := r.count(Reraised, ""); got != 2 {
			t.Errorf("%s: told %d times again, want 2", tt.id, got)
		}
		r.contacts[tt.id] = 0
		r.run(2 * time.Hour)
		if got := r.count(Reraised, ""); got != 2 {
			t.Errorf("%s: told again though its condition has ended", tt.id)
		}
	}
}

// An alarm that has stood for a day is told once, over restarts too.
func TestStandingForADayIsTold(t *testing.T) {
	plan := bench()
	plan.Points = plan.Points[5:]
	r := newRig(t, plan, Saved{})
	r.contacts["leak"] = 1
	r.run(23*time.Hour + 30*time.Minute)
	if got := r.count(StandingLong, ""); got != 0 {
		t.Fatalf("told %d times within a day", got)
	}
	r.panel, r.now, r.events = New(plan, copied(t, r.saved)), 0, nil
	r.run(2 * time.Hour)
	if e := r.newest(StandingLong); e.Point != "leak" || e.Alarm == "" {
		t.Errorf("got %+v", e)
	}
	r.panel, r.now, r.events = New(plan, copied(t, r.saved)), 0, nil
	r.run(2 * time.Hour)
	if got := r.count(StandingLong, ""); got != 0 {
		t.Errorf("told %d times again", got)
	}
}

// A lamp with a hold outlasts the alarm that it was lit for by that time, over a restart too, and
// no drill.
func TestAT46LampOutlastsItsAlarm(t *testing.T) {
	plan := bench()
	plan.Outputs[5].Hold = 300 * time.Second
	r := newRig(t, plan, Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.contacts["smoke1"] = 0
	r.run(20 * time.Second)
	r.order(Command{Action: Reset, By: onSite})
	r.run(200 * time.Second)
	r.plays("lamp", Steady)
	r.plays("strobe", Off)
	saved := copied(t, r.saved)
	r.run(99 * time.Second)
	r.plays("lamp", Steady)
	r.run(2 * time.Second)
	r.plays("lamp", Off)
	r.panel, r.now, r.events = New(plan, saved), 0, nil
	r.run(290 * time.Second)
	r.plays("lamp", Steady)
	r.run(20 * time.Second)
	r.plays("lamp", Off)

	r.order(Command{Action: StartDrill, By: desk})
	r.run(20 * time.Second)
	r.plays("lamp", Steady)
	r.order(Command{Action: EndDrill, By: desk})
	r.run(200 * time.Millisecond)
	r.plays("lamp", Off)
}

// When five hundred points change at once, the fires are told before what is supervisory, and that
// before the faults.
func TestAT52FiresAreToldFirst(t *testing.T) {
	plan := bench()
	plan.Points = nil
	signals := []Signal{Supervisory, Fire, Water, Gas, Fire}
	for i := range 500 {
		plan.Points = append(plan.Points, PointPlan{
			ID: point.ID(rune('a'+i%26)) + point.ID(rune('a'+i/26)), Zone: "hall",
			Signal: signals[i%5], Latch: true, Spec: contact(),
		})
	}
	for i := range plan.Points { // as long as three failed readings take
		plan.Points[i].Spec.Conditions[0].Confirm = 200 * time.Millisecond
	}
	r := newRig(t, plan, Saved{})
	r.run(5 * time.Second)
	for i, p := range plan.Points {
		r.bad[p.ID] = i%7 == 0
		r.contacts[p.ID] = 1
	}
	before, begin := len(r.events), r.now
	r.run(time.Second)
	last := Fire
	for _, e := range r.events[before:] {
		switch {
		case e.Kind == Raised && e.Signal > last:
			t.Fatalf("%s of %v is told after %v", e.Point, e.Signal, last)
		case e.Kind == Raised:
			last = e.Signal
		}
		if at := e.At.Sub(begin); e.Kind == Raised && at > 3*time.Second {
			t.Errorf("%s is told after %v", e.Point, at)
		}
	}
	if r.count(Raised, "") != 428 || r.count(FaultRaised, "") != 72 {
		t.Errorf("got %d alarms and %d faults", r.count(Raised, ""), r.count(FaultRaised, ""))
	}
	if e := r.since(before, FaultRaised)[0]; e.Seq < r.newest(Raised).Seq {
		t.Error("a fault is told before an alarm")
	}
	r.plays("siren", Temporal3)
}
