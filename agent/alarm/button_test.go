package alarm

import (
	"testing"
	"time"
)

// A button acts once when it closes; one that is stuck acts once, and not again after a restart, a
// fault of its line, a disablement or a new plan, until it was seen open.
func TestStuckButtonActsOnce(t *testing.T) {
	plan := station()
	r := newRig(t, plan, Saved{})
	alarms := func() {
		r.contacts["smoke1"] = 1
		r.run(2 * time.Second)
		r.contacts["smoke1"] = 0
		r.run(12 * time.Second)
	}
	alarms()
	r.contacts["reset"] = 1
	r.run(time.Second)
	if n := r.count(ResetDone, ""); n != 1 {
		t.Fatalf("%d resets, want 1", n)
	}
	alarms()
	r.run(time.Minute)
	if n := r.count(ResetDone, ""); n != 1 {
		t.Fatalf("%d resets by a stuck button, want 1", n)
	}
	r.restart(plan)
	r.cut["reset"] = true // the panel runs before the first reading comes
	r.run(time.Second)
	r.cut["reset"] = false
	r.run(time.Minute)
	r.take(r.panel.Replan(r.now, station()))
	r.run(time.Minute)
	if n := r.count(ResetDone, ""); n != 0 {
		t.Fatalf("%d resets by a button that was stuck before, want none", n)
	}
	r.contacts["reset"] = 0
	r.run(time.Second)
	r.press("reset")
	if n := r.count(ResetDone, ""); n != 1 {
		t.Errorf("%d resets after it came free, want 1", n)
	}
}

// A wire that is mended with the contact closed resets nothing.
func TestMendedButtonResetsNothing(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.cut["reset"] = true
	r.run(20 * time.Second)
	r.cut["reset"], r.contacts["reset"] = false, 1
	r.run(20 * time.Second)
	if n := r.count(ResetDone, ""); n != 0 {
		t.Errorf("%d resets, want none", n)
	}
}

// A button is supervised like any point, raises no alarm, and says who pressed.
func TestButtonIsNoAlarmAndIsSupervised(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.run(time.Second)
	r.press("ack")
	if n := r.count(Raised, ""); n != 0 {
		t.Errorf("%d alarms", n)
	}
	if e := r.newest(Refused); e.By != (Origin{Kind: Button, Level: 1}) || e.Reason != RefusedNothing {
		t.Errorf("got %+v", e)
	}
	r.cut["ack"] = true
	r.run(10 * time.Second)
	if n := r.count(FaultRaised, "ack"); n != 1 {
		t.Errorf("%d faults of a button that is cut off, want 1", n)
	}
}

// A press in the same step as a new alarm does not hush it: it was meant for what stood before.
func TestButtonDoesNotHushWhatComesWithIt(t *testing.T) {
	plan := station()
	for i := range plan.Points {
		plan.Points[i].Button.Level = 2
	}
	for before := range 2 {
		r := newRig(t, plan, Saved{})
		r.contacts["gas"] = 1
		r.run(2 * time.Second)
		r.contacts["smoke1"] = 1
		for range before {
			r.step()
		}
		for r.count(Raised, "smoke1") == 0 {
			r.contacts["silence"] = 1 - r.contacts["silence"]
			r.step()
		}
		r.step()
		r.plays("siren", Temporal3)
	}
}

// A button of level 1 may acknowledge and answer; the key switch makes it one of level 2 while it
// is turned, and at most for ten minutes.
func TestKeySwitchRaisesButtonsForTenMinutes(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.press("silence")
	if e := r.newest(Refused); e.Reason != RefusedNotPermitted {
		t.Fatalf("got %q, want it refused at level 1", e.Reason)
	}
	r.plays("siren", Temporal3)
	r.contacts["key"] = 1
	r.run(time.Second)
	r.press("silence")
	if e := r.newest(Silenced); e.By != (Origin{Kind: Button, Level: 2}) {
		t.Errorf("silenced by %+v", e.By)
	}
	if left := r.panel.Snapshot(r.now).Duties.KeyFor; left <= 9*time.Minute {
		t.Errorf("the key is good for %v", left)
	}
	r.run(10 * time.Minute)
	if e := r.newest(AccessEnded); e.Reason != RefusedExpired {
		t.Errorf("got %q", e.Reason)
	}
	r.contacts["smoke2"] = 1
	r.run(2 * time.Second)
	r.press("silence")
	r.plays("siren", Temporal3)
	r.contacts["key"] = 0
	r.run(time.Second)
	r.contacts["key"] = 1
	r.run(time.Second)
	r.contacts["key"] = 0
	r.run(time.Second)
	if n := r.count(AccessEnded, "key"); n != 2 {
		t.Errorf("%d ends of the key, want 2", n)
	}
	r.press("silence")
	r.plays("siren", Temporal3)
}

// A key that is found turned at the start raises nothing until it was turned back.
func TestKeyFoundTurnedRaisesNothing(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.contacts["key"] = 1
	r.run(time.Minute)
	if n := r.count(AccessRaised, ""); n != 0 {
		t.Errorf("%d raises, want none", n)
	}
}

// A self-test lets every sounder and light be seen for 5 s and moves nothing else; a fire in it
// sounds as a fire.
func TestSelfTest(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.run(time.Second)
	r.press("test")
	for _, id := range []OutputID{"siren", "buzzer"} {
		r.plays(id, TestTone)
	}
	for _, id := range []OutputID{"strobe", "lamp"} {
		r.plays(id, Steady)
	}
	for _, id := range []OutputID{"valve", "fan"} {
		r.plays(id, Off)
	}
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Temporal3)
	r.run(5 * time.Second)
	r.plays("buzzer", Temporal3)
	r.contacts["smoke1"] = 0
	r.run(15 * time.Second)
	r.done(Command{Action: Reset, By: onSite}, ResetDone)
	r.run(time.Second)
	r.plays("siren", Off)
}
