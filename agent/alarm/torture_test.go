package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// A new plan that comes before the first step of a run clears nothing: nobody has seen the
// condition end.
func TestPlanBeforeTheFirstStepClearsNothing(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.reboot()
	r.cut["smoke1"] = true
	r.take(r.panel.Replan(0, bench()))
	r.step()
	if n := r.count(Cleared, ""); n != 0 {
		t.Errorf("cleared %d times, want never", n)
	}
	if a := r.panel.Snapshot(r.now).Alarms; len(a) != 1 || !a[0].Active {
		t.Errorf("got %+v, want the alarm of smoke1, active", a)
	}
	r.plays("siren", Temporal3)
}

// A new plan leaves a sensor that is warm warm: gas that comes right after it is an alarm and not a
// pre-alarm.
func TestPlanDoesNotCoolASensor(t *testing.T) {
	plan := bench()
	spec := &plan.Points[2].Spec
	spec.WarmUp = detect.PreAlarm
	spec.Channels = []detect.Channel{{Quantity: drivers.Contact, WarmUp: time.Minute}}
	r := newRig(t, plan, Saved{})
	r.run(2 * time.Minute)
	r.take(r.panel.Replan(r.now, plan))
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.plays("siren", GasTone)
}

// A derived point shows no fault of its own beside that of its input: neither before the input has
// failed often enough, nor right after it is well again.
func TestDerivedPointIsNotInFaultBesideItsInput(t *testing.T) {
	plan := bench()
	plan.Points = append(plan.Points, PointPlan{
		ID: "made", Zone: "hall", Signal: Supervisory, Spec: detect.Spec{
			Conditions: []detect.Condition{
				{Kind: detect.Above, Quantity: drivers.Contact, Limit: 5, Level: detect.Alarm},
			},
		},
		Derived: &detect.Derivation{
			Formula: "max", From: []point.ID{"smoke1"}, Quantity: drivers.Contact,
		},
	})
	plan.Points[0].Spec.Stale = time.Minute
	r := newRig(t, plan, Saved{})
	r.cut["smoke1"] = true
	for s := range 100 {
		rd := point.Reading{Point: "smoke1", At: r.now, Quality: point.Good}
		rd.Sample.Quantity = drivers.Contact
		if s > 30 && s < 60 {
			rd.Quality, rd.Reason = point.Bad, point.NoDevice
		}
		if s%5 == 0 {
			r.pending.Readings = append(r.pending.Readings, rd)
		}
		r.run(time.Second)
	}
	if r.count(FaultRaised, "smoke1") != 1 || r.count(FaultRaised, "made") != 0 {
		t.Errorf("got %d faults of the input and %d of what is made of it, want 1 and none",
			r.count(FaultRaised, "smoke1"), r.count(FaultRaised, "made"))
	}
}

// A reset in the longer off-delay of a point that chatters ends its alarm: what is over is over.
func TestResetEndsTheOffDelayOfAChatter(t *testing.T) {
	g := &gauge{p: New(hydrant(), Saved{})}
	g.reads(150, time.Minute)
	g.reads(95, 5*time.Second)
	g.reads(150, 5*time.Second)
	g.reads(95, 20*time.Second)
	g.reads(150, 15*time.Second)
	if g.count(Chattering) == 0 || g.count(Raised) != 1 || g.count(Cleared) != 0 {
		t.Fatalf("it does not chatter, or is not in its off-delay")
	}
	d := g.p.Step(g.now, Input{Commands: []Command{{Action: Reset, By: onSite}}})
	g.events = append(g.events, d.Events...)
	g.reads(150, time.Minute)
	if got := g.count(Raised); got != 1 {
		t.Errorf("raised %d times, want once", got)
	}
}

// An alarm that comes back before its reset rings anew, and is out of reach of the district for as
// long as a new one.
func TestDistrictDoesNotHushWhatCameBack(t *testing.T) {
	plan := bench()
	plan.MaySilence = true
	r := newRig(t, plan, Saved{})
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.contacts["gas"] = 0
	r.run(4 * time.Minute)
	r.contacts["gas"] = 1
	r.run(time.Minute)
	if e := r.order(Command{Action: Silence, By: remote}); e.Reason != RefusedTooEarly {
		t.Errorf("a minute after it came back: got %v %q, want %q", e.Kind, e.Reason, RefusedTooEarly)
	}
	r.run(2*time.Minute + 2*time.Second)
	if e := r.order(Command{Action: Silence, By: remote}); e.Kind != Silenced {
		t.Errorf("three minutes after: got %v %q, want %v", e.Kind, e.Reason, Silenced)
	}
}

// A value that was made of one reading, at the very first instant, is not good for ever when no
// other comes.
func TestValueOfTheFirstInstantGrowsOld(t *testing.T) {
	plan := bench()
	plan.Points = append(plan.Points, PointPlan{
		ID: "made", Zone: "hall", Signal: Supervisory, Spec: detect.Spec{
			Conditions: []detect.Condition{{Kind: detect.Active, Level: detect.Alarm}},
		},
		Derived: &detect.Derivation{Formula: "ready", From: []point.ID{"smoke1"}},
	})
	r := newRig(t, plan, Saved{})
	r.step()
	r.cut["smoke1"] = true
	r.run(20 * time.Second)
	c := r.panel.Snapshot(r.now).Points[len(plan.Points)-1].Channels[0]
	if c.Quality == point.Good {
		t.Error("it is good, and its input is silent for 20 s")
	}
}

// A new plan lets a sensor warm up to its end, and neither begins anew nor counts a time twice.
func TestPlanDoesNotShortenAWarmUp(t *testing.T) {
	plan := bench()
	spec := &plan.Points[2].Spec
	spec.WarmUp = detect.PreAlarm
	spec.Channels = []detect.Channel{{Quantity: drivers.Contact, WarmUp: time.Minute}}
	r := newRig(t, plan, Saved{})
	r.run(25 * time.Second)
	r.take(r.panel.Replan(r.now, plan))
	r.contacts["gas"] = 1
	r.run(34 * time.Second)
	r.plays("siren", Off)
	r.run(2 * time.Second)
	r.plays("siren", GasTone)
}

// A new plan does not forget for how long a value has stood still.
func TestPlanDoesNotForgetWhatIsStuck(t *testing.T) {
	plan := bench()
	plan.Points[2].Spec.Channels = []detect.Channel{
		{Quantity: drivers.Contact, Stuck: time.Minute},
	}
	r := newRig(t, plan, Saved{})
	r.contacts["gas"] = 1
	r.run(40 * time.Second)
	r.take(r.panel.Replan(r.now, plan))
	r.run(21 * time.Second)
	if r.count(FaultRaised, "gas") != 1 {
		t.Error("a value that stands for 61 s is not stuck after 60 s")
	}
}

// Time in which nobody watched, before the first step, is no time that a point was disabled.
func TestSlowStartCountsNothing(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.order(Command{Action: Disable, Point: "gas", For: time.Hour, Reason: "x", By: onSite})
	r.reboot()
	r.now = r.now.Add(20 * time.Minute)
	r.run(2 * time.Second)
	if got := r.panel.tally.disabledFor; got > 3*time.Second {
		t.Errorf("disabled for %v, want 2 s", got)
	}
}
