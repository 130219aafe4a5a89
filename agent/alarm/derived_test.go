package alarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// number is a derived point without a limit.
func number(id point.ID, formula string, from ...point.ID) PointPlan {
	return PointPlan{
		ID: id, Zone: "hall", Signal: Supervisory,
		Derived: &detect.Derivation{Formula: formula, From: from},
		Spec:    detect.Spec{Stale: 8 * time.Second},
	}
}

// numbers is a station with a derived point for each number of the site, named like it.
func numbers() Plan {
	plan := station()
	for _, k := range Indicators() {
		plan.Points = append(plan.Points, number(point.ID(k.Name), k.Name))
	}
	return plan
}

// says fails the test unless the derived point has this value.
func (r *rig) says(id point.ID, want int64) {
	r.t.Helper()
	w := r.panel.at(id)
	if len(w.channels) == 0 || !w.channels[0].Seen {
		r.t.Errorf("at %v: %s says nothing, want %d", time.Duration(r.now), id, want)
		return
	}
	if got := w.channels[0].Value; got != want {
		r.t.Errorf("at %v: %s says %d, want %d", time.Duration(r.now), id, got, want)
	}
}

// With two of twenty points in fault 90.0 % are in order; a disabled one counts on neither side.
func TestAvailabilityOfTwentyPoints(t *testing.T) {
	plan := Plan{Zones: []ZonePlan{{ID: "hall"}}}
	for i := range 20 {
		plan.Points = append(plan.Points, PointPlan{
			ID: point.ID(fmt.Sprintf("p%d", i)), Zone: "hall", Signal: Fire, Spec: contact(),
		})
	}
	plan.Points = append(plan.Points, number("good", "availability"))
	r := newRig(t, plan, Saved{})
	r.run(2 * time.Second)
	r.says("good", 100_000)
	r.bad["p3"], r.cut["p4"] = true, true
	r.run(12 * time.Second)
	r.says("good", 90_000)
	r.order(Command{Action: Disable, Point: "p3", By: onSite, For: time.Hour, Reason: "works"})
	r.run(2 * time.Second)
	r.says("good", 94_736) // 18 of 19
}

// The time that points were disabled is that of their disablements, and goes on after a restart.
func TestDisabledTimeIsThatOfTheJournal(t *testing.T) {
	plan := numbers()
	r := newRig(t, plan, Saved{})
	r.run(time.Second)
	for _, id := range []point.ID{"smoke1", "smoke2"} {
		r.order(Command{Action: Disable, Point: id, By: by(7, 2), For: 10 * time.Minute, Reason: "x"})
	}
	r.run(5 * time.Minute)
	w := r.panel.at("disabled_time")
	if got := w.channels[0].Value; got < 598 || got > 602 {
		t.Errorf("two points for 5 min: %d s, want 600", got)
	}
	r.says("disabled_points", 2)
	r.restart(plan)
	r.run(20 * time.Minute)
	got := r.panel.at("disabled_time").channels[0].Value
	if got < 1200-60 || got > 1200+60 {
		t.Errorf("two points for 10 min: %d s, want 1200 within a minute", got)
	}
	r.says("disabled_points", 0)
}

// What people did is told as numbers: how soon they took alarms on and arrived, how many were
// false, how many hazards were put right in time.
func TestNumbersOfPeople(t *testing.T) {
	r := newRig(t, numbers(), Saved{})
	r.day = 20_000
	r.run(time.Second)
	for _, wait := range []time.Duration{20 * time.Second, 40 * time.Second, 70 * time.Second} {
		r.contacts["smoke1"] = 1
		r.run(2 * time.Second)
		raised := r.newest(Raised).At
		r.run(raised.Add(wait).Sub(r.now))
		r.done(Command{Action: Accept, By: by(1, 1)}, IncidentAccepted)
		r.done(Command{Action: Judge, By: by(7, 2), Matter: Matter{
			Verdict: FalseAlarm, Text: "steam",
		}}, IncidentJudged)
		r.contacts["smoke1"] = 0
		r.run(15 * time.Second)
		r.done(Command{Action: Reset, By: by(7, 2)}, ResetDone)
	}
	for range 10 {
		r.done(Command{Action: OpenHazard, By: by(1, 1), Matter: Matter{Text: "x", Days: 7}},
			HazardOpened)
	}
	for i := range 9 {
		r.done(Command{Action: CloseHazard, By: by(7, 2), Matter: Matter{
			ID: fmt.Sprintf("h%d", i+1), Evidence: "cd",
		}}, HazardClosed)
	}
	r.days(8)
	r.done(Command{Action: BeginShift, By: by(1, 1)}, ShiftBegun)
	r.run(2 * time.Second)
	r.says("accept_median", 40)
	r.says("accept_p95", 70)
	r.says("false_alarms", 3)
	r.says("rectified", 90_000)
	r.says("hazards_open", 1)
	r.says("on_shift", 1)
	r.run(6 * time.Minute)
	r.says("shift_short", 1)
	if w := r.panel.at("answer_time"); len(w.channels) > 0 && w.channels[0].Seen {
		t.Error("an answer time without a call")
	}
	if w := r.panel.at("answer_time"); w.fault != "" {
		t.Errorf("what is not known yet is called %s", w.fault)
	}
	r.order(Command{Action: AskDuty, By: remote, Call: &Call{ID: "d1"}})
	r.run(31 * time.Second)
	r.done(Command{Action: Answer, By: by(1, 1), Matter: Matter{ID: "d1"}}, DutyAnswered)
	r.run(2 * time.Second)
	r.says("answer_time", 31)
	r.says("unanswered", 0)
}

// The line to the district counts as it was: half of the time down is 50 %.
func TestOnlineIsAShareOfTime(t *testing.T) {
	r := newRig(t, numbers(), Saved{})
	r.run(10 * time.Minute)
	r.says("online", 100_000)
	r.pending.Notices = append(r.pending.Notices, Notice{Fault: UplinkDown, On: true})
	r.run(10 * time.Minute)
	if got := r.panel.at("online").channels[0].Value; got < 49_500 || got > 50_500 {
		t.Errorf("got %d, want half of 100000", got)
	}
}

// A colour is told when it changes, with the code of its risk; red sounds the evacuation at once,
// with no one outside.
func TestRiskColourIsToldAndRedSounds(t *testing.T) {
	plan := bench()
	crack := number("crack", "")
	crack.Derived = nil
	crack.Spec.Conditions = []detect.Condition{{
		Kind: detect.Above, Quantity: drivers.Crack, Limit: 1 << 40,
	}}
	risk := number("slope", "colour", "crack")
	risk.Signal, risk.Latch, risk.Risk = Evacuation, true, Risk{Code: "R-7", Owner: "王强"}
	risk.Derived.Steps, risk.Derived.Band = [4]int64{1000, 2000, 3000, 4000}, 200
	risk.Spec.Conditions = []detect.Condition{{
		Kind: detect.Above, Quantity: drivers.Count, Level: detect.Alarm, Limit: 4,
	}}
	plan.Points = append(plan.Points, crack, risk)
	r := newRig(t, plan, Saved{})
	give := func(v int64) {
		r.pending.Readings = append(r.pending.Readings, point.Reading{
			Point: "crack", At: r.now, Quality: point.Good,
			Sample: drivers.Sample{Quantity: drivers.Crack, Value: v},
		})
		r.cut["crack"], r.cut["slope"] = true, true
		r.step()
	}
	give(10)
	give(1000)
	if e := r.newest(ClassChanged); e.Matter.Colour != Blue || e.Matter.ID != "R-7" ||
		e.Matter.Text != "王强" || e.Reason != "blue" || e.Point != "slope" {
		t.Errorf("got %+v", e)
	}
	n := r.count(ClassChanged, "slope")
	give(900)
	if r.count(ClassChanged, "slope") != n {
		t.Error("the colour changed within its band")
	}
	r.plays("siren", Off)
	give(4000)
	r.plays("siren", Steady)
	if e := r.newest(ClassChanged); e.Matter.Colour != Red {
		t.Errorf("got %+v, want red", e)
	}
}

// A failed input is one fault and not two: the point that is made of it says that it has no value,
// and shows no fault of its own.
func TestFaultOfAnInputIsToldOnce(t *testing.T) {
	plan := bench()
	ready := number("ready", "ready", "smoke1", "smoke2")
	ready.Spec = contact()
	ready.Signal = Supervisory
	plan.Points = append(plan.Points, ready)
	r := newRig(t, plan, Saved{})
	r.cut["ready"] = true
	r.run(2 * time.Second)
	r.says("ready", 0)
	r.contacts["smoke2"] = 1
	r.run(2 * time.Second)
	if r.count(Raised, "ready") != 1 {
		t.Error("not ready, and nobody is told")
	}
	r.cut["smoke1"] = true
	r.run(20 * time.Second)
	w := r.panel.at("ready")
	if w.channels[0].Quality != point.Bad || r.count(FaultRaised, "ready") != 0 ||
		r.count(FaultRaised, "smoke1") != 1 {
		t.Errorf("quality %v, %d faults of ready, %d of smoke1", w.channels[0].Quality,
			r.count(FaultRaised, "ready"), r.count(FaultRaised, "smoke1"))
	}
	if w.alarm == nil || !w.alarm.active {
		t.Error("a failed input has ended an alarm")
	}
}

// Points that were tried in a walk test count until 31 days of running have passed.
func TestCoverageOfWalkTests(t *testing.T) {
	r := newRig(t, numbers(), Saved{})
	r.run(2 * time.Second)
	r.says("test_coverage", 0)
	for _, id := range []point.ID{"smoke1", "smoke2", "gas"} {
		r.panel.count(&Event{Kind: Tested, Point: id})
	}
	r.run(2 * time.Second)
	r.says("test_coverage", 50_000) // of six detectors; buttons are none
	r.panel.tally.tested[0].Age = 31*day + time.Second
	r.run(2 * time.Second)
	r.says("test_coverage", 33_333)
}

// A drill gives its score as numbers: when it alarmed, when the station took it on and was there,
// and how long it took.
func TestNumbersOfADrill(t *testing.T) {
	r := newRig(t, numbers(), Saved{})
	r.run(time.Second)
	r.done(Command{Action: StartDrill, By: by(7, 2)}, DrillStarted)
	r.run(announceFor + 2*time.Second)
	raised := r.newest(Raised).At
	r.run(raised.Add(30 * time.Second).Sub(r.now))
	r.done(Command{Action: Accept, By: by(1, 1)}, IncidentAccepted)
	r.run(raised.Add(90 * time.Second).Sub(r.now))
	r.done(Command{Action: Arrive, By: by(1, 1)}, IncidentArrived)
	r.done(Command{Action: EndDrill, By: by(7, 2)}, DrillEnded)
	r.run(2 * time.Second)
	r.says("drill_raise", int64(announceFor/time.Second))
	r.says("drill_accept", 30)
	r.says("drill_arrive", 90)
	r.says("drill_time", 100)
}

// Coverage counts what a walk test tries: a spot with the fire rule is tried, a supply is not.
func TestCoverageCountsWhatIsTried(t *testing.T) {
	spot := PointPlan{ID: "spot", Zone: "hall", Signal: Fire, Latch: true,
		Spec: detect.Spec{Fire: []drivers.Quantity{drivers.PM25}}}
	mains := PointPlan{ID: "mains", Zone: "hall", Signal: Power, Spec: contact()}
	mains.Spec.Conditions[0].Level, mains.Spec.Conditions[0].Fault = detect.Normal, MainsLost
	plan := bench()
	plan.Points = append(plan.Points[:1], spot, mains, number("share", "test_coverage"))
	r := newRig(t, plan, Saved{})
	r.run(time.Second)
	r.order(Command{Action: StartTest, By: desk})
	for _, tp := range r.test().Points {
		r.panel.count(&Event{Kind: Tested, Point: tp.Point})
	}
	if n := len(r.test().Points); n != 2 {
		t.Errorf("%d points are tried", n)
	}
	r.run(2 * time.Second)
	r.says("share", 100_000)
}
