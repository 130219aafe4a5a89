package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// walking is a rig under a walk test.
func walking(t *testing.T, c Command) *rig {
	t.Helper()
	r := newRig(t, moded(Single), Saved{})
	r.run(time.Second)
	c.Action = StartTest
	if c.By == (Origin{}) {
		c.By = desk
	}
	if e := r.order(c); e.Kind != TestStarted {
		t.Fatalf("the walk test was answered by %v %s", e.Kind, e.Reason)
	}
	return r
}

// try closes the contact of a point for a while.
func (r *rig) try(id point.ID) {
	r.contacts[id] = 1
	r.run(1500 * time.Millisecond)
	r.contacts[id] = 0
	r.run(time.Minute)
}

func (r *rig) test() *TestState { return r.panel.Snapshot(r.now).Test }

// A point under test that is tried sounds one short chirp and nothing else; when it was tried, when
// the panel took it for an alarm and when the district had it is written down.
func TestWalkTestWritesDownWhatItFinds(t *testing.T) {
	r := walking(t, Command{Zone: "hall"})
	begin := r.now.Add(-tick)
	r.run(10 * time.Second)
	tried := r.now
	r.contacts["smoke1"] = 1
	r.run(1100 * time.Millisecond)
	r.plays("siren", Chirp)
	r.run(1100 * time.Millisecond)
	r.plays("siren", Off)
	r.contacts["smoke1"] = 0
	for id, want := range map[OutputID]Pattern{"strobe": Off, "valve": Off, "lamp": Off} {
		r.plays(id, want)
	}
	if got := r.count(Raised, ""); got != 0 {
		t.Errorf("got %d alarms under test, want none", got)
	}
	e := r.newest(Tested)
	if e.Point != "smoke1" || e.For != time.Second {
		t.Errorf("got %+v, want smoke1 after its confirm time of 1 s", e)
	}
	r.order(Command{Action: ReceiptTest, Point: "smoke1", For: 800 * time.Millisecond, By: remote})
	e = r.order(Command{Action: SkipTest, Point: "smoke3", Reason: "out of reach", By: desk})
	if e.Kind != TestSkipped {
		t.Errorf("a skip was answered by %v %s", e.Kind, e.Reason)
	}
	detected := tried.Sub(begin)
	want := []TestPoint{
		{Point: "smoke1", Tried: true, Detected: detected, Alarmed: detected + time.Second,
			Received: detected + 1800*time.Millisecond},
		{Point: "smoke3", Skipped: "out of reach"},
		{Point: "call1"},
	}
	s := r.test()
	if len(s.Points) != len(want) || !s.Running || s.Zone != "hall" {
		t.Fatalf("got %+v", s)
	}
	for i := range want {
		if s.Points[i] != want[i] {
			t.Errorf("got %+v, want %+v", s.Points[i], want[i])
		}
	}
	r.order(Command{Action: EndTest, By: desk})
	if e := r.newest(TestEnded); e.Reason != EndedOrdered || e.Zone != "hall" || e.For <= 0 {
		t.Errorf("got %+v", e)
	}
	if s := r.test(); s.Running || s.Points[0] != want[0] || s.Ended != EndedOrdered {
		t.Errorf("got %+v after the end", s)
	}
	r.contacts["smoke1"] = 1
	r.run(1200 * time.Millisecond)
	r.plays("siren", Temporal3)
}

// A device that is well again when the test is ended alarms no more, though its off-delay still
// runs; one that is not alarms at once, and the first one whenever it is set off again.
func TestWalkTestEndsWithoutAnAlarmThatIsOver(t *testing.T) {
	r := walking(t, Command{Zone: "hall"})
	r.contacts["smoke1"], r.contacts["smoke3"] = 1, 1
	r.run(3 * time.Second)
	r.contacts["smoke1"] = 0
	r.run(time.Second)
	r.order(Command{Action: EndTest, By: desk})
	r.run(20 * time.Second)
	if got := r.count(Raised, "smoke1"); got != 0 {
		t.Errorf("smoke1 alarmed %d times after it had come back", got)
	}
	if got := r.count(Raised, "smoke3"); got == 0 {
		t.Error("smoke3 stands and did not alarm")
	}
	r.contacts["smoke1"] = 1
	r.run(3 * time.Second)
	if got := r.count(Raised, "smoke1"); got == 0 {
		t.Error("smoke1 was set off again and did not alarm")
	}
}

// A danger at a point that is not under test ends the test within a second and is a whole alarm: in
// another zone, and at a point that was skipped.
func TestRealDangerEndsAWalkTest(t *testing.T) {
	for _, id := range []point.ID{"smoke2", "co", "smoke3"} {
		r := walking(t, Command{Zone: "hall"})
		r.order(Command{Action: SkipTest, Point: "smoke3", Reason: "high", By: desk})
		r.try("smoke1")
		r.contacts[id] = 1
		r.run(1200 * time.Millisecond)
		if e := r.newest(TestEnded); e.Reason != EndedAlarm {
			t.Errorf("%s: got %+v", id, e)
		}
		if r.last["siren"] == Off || r.last["siren"] == Chirp {
			t.Errorf("%s: the siren plays %v", id, r.last["siren"])
		}
	}
}

// A walk test ends by itself, and what stands at a point then is an alarm at once.
func TestWalkTestEndsByItself(t *testing.T) {
	r := walking(t, Command{})
	begin := r.now
	r.run(59 * time.Minute)
	r.contacts["smoke1"] = 1
	r.run(time.Minute - time.Second)
	if got := r.count(Raised, ""); got != 0 {
		t.Fatalf("got %d alarms under test, want none", got)
	}
	r.run(2 * time.Second)
	e := r.newest(TestEnded)
	if got := e.At.Sub(begin); e.Reason != EndedExpired || got > time.Hour+time.Second {
		t.Errorf("it ended after %v: %+v", got, e)
	}
	r.plays("siren", Temporal3)
}

// The district may begin a walk test and never end one, and no call point is under a test from
// afar: who presses one ends it.
func TestWalkTestFromAfar(t *testing.T) {
	r := walking(t, Command{By: remote, Zone: "hall"})
	if e := r.order(Command{Action: EndTest, By: remote}); e.Reason != RefusedNotPermitted {
		t.Errorf("its end was answered by %v %s", e.Kind, e.Reason)
	}
	r.contacts["call1"] = 1
	r.run(500 * time.Millisecond)
	r.plays("siren", Temporal3)
	if e := r.newest(TestEnded); e.Reason != EndedAlarm {
		t.Errorf("got %+v", e)
	}
}

// A walk test is refused while people are in danger, beside another one and beside a drill, and it
// leaves out what is disabled or in alarm.
func TestWalkTestIsRefused(t *testing.T) {
	tests := []struct {
		name string
		pre  func(*rig)
		c    Command
		want string
	}{
		{"an alarm", func(r *rig) { r.contacts["smoke2"] = 1 }, Command{Zone: "hall"}, RefusedAlarm},
		{"a walk test", func(r *rig) { r.order(Command{Action: StartTest, By: desk}) }, Command{},
			RefusedBusy},
		{"a drill", func(r *rig) { r.order(Command{Action: StartDrill, By: desk}) }, Command{},
			RefusedBusy},
		{"no such zone", nil, Command{Zone: "attic"}, RefusedUnknownZone},
		{"too long", nil, Command{For: 61 * time.Minute}, RefusedDuration},
		{"nothing there", nil, Command{Zone: "cellar2"}, RefusedNothing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plan := moded(Single)
			plan.Zones = append(plan.Zones, ZonePlan{ID: "cellar2"})
			r := newRig(t, plan, Saved{})
			if tt.pre != nil {
				tt.pre(r)
			}
			r.run(2 * time.Second)
			tt.c.Action, tt.c.By = StartTest, desk
			if e := r.order(tt.c); e.Kind != Refused || e.Reason != tt.want {
				t.Errorf("got %v %q, want refused %q", e.Kind, e.Reason, tt.want)
			}
		})
	}
	r := newRig(t, moded(Single), Saved{})
	r.contacts["leak"] = 1
	r.order(Command{Action: Disable, Point: "smoke2", For: time.Hour, Reason: "x", By: desk})
	r.run(2 * time.Second)
	r.order(Command{Action: StartTest, By: desk})
	for _, tp := range r.test().Points {
		want := map[point.ID]string{"smoke2": "disabled", "leak": "in alarm"}[tp.Point]
		if tp.Skipped != want {
			t.Errorf("%s: got %q, want %q", tp.Point, tp.Skipped, want)
		}
	}
}

// Killed at any moment a walk test goes on, with what it has found and no longer than it would have
// lasted.
func TestWalkTestOutlivesARestart(t *testing.T) {
	r := walking(t, Command{Zone: "hall", For: 10 * time.Minute})
	r.try("smoke1")
	r.order(Command{Action: SkipTest, Point: "smoke3", Reason: "high", By: desk})
	r.run(3 * time.Minute)
	found := r.test().Points
	r.panel, r.now, r.events = New(moded(Single), copied(t, r.saved)), point.Instant(time.Second), nil
	r.run(time.Second)
	s := r.test()
	if !s.Running || s.Points[0] != found[0] || s.Points[1] != found[1] {
		t.Errorf("got %+v, want %+v", s.Points, found)
	}
	r.try("call1")
	if got := r.count(Tested, "call1"); got != 1 || r.count(Raised, "") != 0 {
		t.Errorf("call1: got %d tests and %d alarms", got, r.count(Raised, ""))
	}
	r.run(5 * time.Minute)
	if e := r.newest(TestEnded); e.Reason != EndedExpired {
		t.Errorf("got %+v", e)
	}
	r.contacts["smoke1"] = 1
	r.run(1200 * time.Millisecond)
	r.plays("siren", Temporal3)
}
