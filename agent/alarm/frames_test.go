package alarm

import (
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// The frames of GB/T 26875.3 are made of events. Here stands what each event holds of which a frame
// will be made: which kind it is, of what, by whom, and at which moment.

// An alarm that the centre refuses or does not hear is sent again, and is no second event: as long
// as it stands there is one raise, and what a restart repeats has its name and says so.
func TestAT34AlarmThatIsRepeatedIsOneEvent(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(5 * time.Minute)
	if n := r.count(Raised, ""); n != 1 {
		t.Errorf("%d raises in the first run, want 1", n)
	}
	first := r.newest(Raised)
	r.reboot()
	r.run(time.Minute)
	again := r.newest(Raised)
	if r.count(Raised, "") != 1 || again.Alarm != first.Alarm || !again.Restored || first.Restored {
		t.Errorf("got %+v after %+v", again, first)
	}
	if again.Seq <= first.Seq {
		t.Errorf("number %d after %d", again.Seq, first.Seq)
	}
}

// Orders of the centre that can be read become commands with one answer each: a duty check (type
// 91) starts the tone and is told at its moment; what a person at the box did (type 24: reset,
// silence, answer) says who and when.
func TestAT36OrdersAndActsAreEvents(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.run(time.Second)
	asked := r.now
	e := r.order(Command{Action: AskDuty, By: remote,
		Call: &Call{ID: "k-1", Limit: 10 * time.Minute}})
	if e.Kind != DutyAsked || e.At != asked || e.By.Kind != District || e.Matter.ID != "k-1" {
		t.Errorf("a duty check: got %+v", e)
	}
	r.run(30 * time.Second)
	e = r.done(Command{Action: Answer, By: by(7, 1)}, DutyAnswered)
	if e.By.Operator != 7 || e.Matter.ID != "k-1" || e.For < 30*time.Second ||
		e.For > 31*time.Second {
		t.Errorf("its answer: got %+v", e)
	}
	r.contacts["smoke1"] = 1
	r.run(3 * time.Second)
	for _, c := range []struct {
		action Action
		want   Kind
	}{{Silence, Silenced}, {Reset, ResetDone}} {
		at := r.now
		before := len(r.events)
		r.order(Command{Action: c.action, By: by(7, 2)})
		i := slices.IndexFunc(r.events[before:], func(e Event) bool { return e.Kind == c.want })
		if i < 0 {
			t.Fatalf("no %v", c.want)
		}
		if e := r.events[before+i]; e.At != at || e.By != by(7, 2) {
			t.Errorf("%v: got %+v", c.want, e)
		}
	}
}

// Each state of a part (type 2) has its event: fire, and in a drill, a line fault, taken out of
// service and back, a tank that is low, a valve that has closed, and the loss of the mains (type
// 21).
func TestAT37StatesAreEvents(t *testing.T) {
	plan := bench()
	tank := PointPlan{ID: "tank", Name: "水箱", Zone: "cellar", Signal: Water, Spec: contact()}
	tank.Spec.Conditions[0].Level = detect.Supervisory
	limit := PointPlan{ID: "limit", Zone: "kitchen", Signal: Supervisory, Spec: contact()}
	limit.Spec.Conditions[0].Level = detect.Normal
	plan.Points = append(plan.Points, tank, limit)
	plan.Outputs[3].Feedback = "limit"
	r := newRig(t, plan, Saved{})
	r.run(time.Second)

	// G2, before anything stands.
	r.order(Command{Action: StartDrill, By: desk, Scenario: &Scenario{
		Points: []point.ID{"smoke1"}}})
	r.run(announceFor + time.Second)
	if e := r.newest(Raised); e.Point != "smoke1" || !e.Drill || e.To.Level != detect.Alarm {
		t.Errorf("G2: got %+v", e)
	}
	r.order(Command{Action: EndDrill, By: desk})

	began := r.now
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	if e := r.newest(Raised); e.Point != "smoke1" || e.Zone != "hall" || e.Signal != Fire ||
		e.Drill || e.To.Level != detect.Alarm || e.At.Sub(began) != time.Second {
		t.Errorf("G1: got %+v, the contact closed at %v", e, began)
	}
	r.contacts["limit"] = 1
	r.run(2 * time.Second)
	if e := r.newest(Confirmed); e.Output != "valve" || e.For <= 0 {
		t.Errorf("G6: got %+v", e)
	}
	r.cut["gas"] = true
	r.run(10 * time.Second)
	if e := r.newest(FaultRaised); e.Point != "gas" || e.Fault != detect.SensorSilent {
		t.Errorf("G3: got %+v", e)
	}
	e := r.order(Command{Action: Disable, Point: "smoke2", For: time.Hour, Reason: "刷漆",
		By: by(3, 2)})
	if e.Kind != Disabled || e.Point != "smoke2" || e.For != time.Hour || e.By.Operator != 3 {
		t.Errorf("G4: got %+v", e)
	}
	e = r.order(Command{Action: Enable, Point: "smoke2", By: by(3, 2)})
	if e.Kind != Enabled || e.Point != "smoke2" {
		t.Errorf("enabled: got %+v", e)
	}
	r.contacts["tank"] = 1
	r.run(2 * time.Second)
	if e := r.newest(Raised); e.Point != "tank" || e.Signal != Water ||
		e.To.Level != detect.Supervisory {
		t.Errorf("G5: got %+v", e)
	}
	r.pending.Notices = []Notice{{Fault: MainsLost, On: true}}
	r.run(11 * time.Second)
	if e := r.newest(FaultRaised); e.Fault != MainsLost || e.Point != "" {
		t.Errorf("G12: got %+v", e)
	}
}

// Another date, as after an order to set the clock, changes neither the order of events nor their
// moments: those are counted from the start of the run.
func TestAT42DateChangesNoOrder(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	for i, day := range []Date{20_600, 20_601, 20_000, 0, 21_000} {
		r.day = day
		r.contacts["smoke1"] = int64(i % 2)
		r.run(20 * time.Second)
	}
	for i := 1; i < len(r.events); i++ {
		if e, last := r.events[i], r.events[i-1]; e.Seq != last.Seq+1 || e.At < last.At {
			t.Errorf("%v at %v after %v at %v", e.Kind, e.At, last.Kind, last.At)
		}
	}
	if len(r.events) < 4 {
		t.Errorf("only %d events", len(r.events))
	}
}

// A question about a part that the site has not is denied, by an event that says why.
func TestAT43UnknownPartIsDenied(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.run(time.Second)
	c := Command{Action: Disable, Point: "nowhere", For: time.Hour, Reason: "x", By: remote}
	if e := r.order(c); e.Kind != Refused || e.Reason != RefusedUnknownPoint || e.Point != "nowhere" {
		t.Errorf("got %+v", e)
	}
}
