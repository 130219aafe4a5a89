package alarm

import (
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// A real fire during a walk test is heard: what stands for too long is no test, nor are several
// points at once; a call point, gas high and CO have a third of that time.
func TestWalkTestHidesNoFireForLong(t *testing.T) {
	for _, c := range []struct {
		name string
		on   []point.ID
		by   time.Duration
	}{
		{"one smoke detector", []point.ID{"smoke1"}, testStands},
		{"a call point", []point.ID{"call1"}, testUrgent},
		{"carbon monoxide", []point.ID{"co"}, testUrgent},
		{"gas", []point.ID{"gas"}, testStands},
		{"three at once", []point.ID{"smoke1", "smoke2", "smoke3"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := walking(t, Command{})
			for _, id := range c.on {
				r.contacts[id] = 1
			}
			r.run(c.by + 2*time.Second)
			if e := r.newest(TestEnded); e.Reason != EndedAlarm {
				t.Errorf("got %+v", e)
			}
			for _, id := range c.on {
				if w := r.panel.at(id); w.alarm == nil || w.testing {
					t.Errorf("%s has no alarm", id)
				}
			}
			if r.last["siren"] == Off || r.last["siren"] == Chirp {
				t.Errorf("the siren plays %v", r.last["siren"])
			}
		})
	}
}

// Two points one after the other are a walk test, and a point that was tried and is normal again is
// back in service: what comes then is real.
func TestTriedPointIsBackInService(t *testing.T) {
	r := walking(t, Command{})
	r.try("smoke1")
	r.contacts["smoke2"], r.contacts["smoke3"] = 1, 1
	r.run(time.Minute)
	if !r.test().Running {
		t.Fatal("two points at once have ended the walk test")
	}
	r.contacts["smoke2"], r.contacts["smoke3"] = 0, 0
	r.run(testClear)
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.whole("smoke1")
	r.plays("siren", Temporal3)
}

// A walk test asks for what can be tried, and for nothing else.
func TestWalkTestListsWhatCanBeTried(t *testing.T) {
	r := newRig(t, numbers(), Saved{})
	r.run(time.Second)
	r.done(Command{Action: StartTest, By: by(7, 2)}, TestStarted)
	var ids []point.ID
	for _, tp := range r.test().Points {
		ids = append(ids, tp.Point)
	}
	if len(ids) != 6 { // of bench; buttons and numbers are none
		t.Errorf("got %v", ids)
	}
}

// The district tests one zone, automatic fire detectors, ten minutes, and then leaves the people
// their peace for an hour.
func TestDistrictTestsLittle(t *testing.T) {
	r := newRig(t, moded(Single), Saved{})
	r.run(time.Second)
	far := func(c Command) Event { c.Action, c.By = StartTest, remote; return r.order(c) }
	if e := far(Command{}); e.Reason != RefusedUnknownZone {
		t.Errorf("the whole site: %v %s", e.Kind, e.Reason)
	}
	if e := far(Command{Zone: "hall", For: 11 * time.Minute}); e.Reason != RefusedDuration {
		t.Errorf("for 11 min: %v %s", e.Kind, e.Reason)
	}
	if e := far(Command{Zone: "kitchen"}); e.Reason != RefusedNothing {
		t.Errorf("gas and CO: %v %s", e.Kind, e.Reason)
	}
	if e := far(Command{Zone: "hall"}); e.Kind != TestStarted {
		t.Fatalf("got %v %s", e.Kind, e.Reason)
	}
	r.run(testFromAfar + time.Second)
	if r.test().Running {
		t.Error("it goes on")
	}
	if e := far(Command{Zone: "hall"}); e.Reason != RefusedTooEarly {
		t.Errorf("at once: %v %s", e.Kind, e.Reason)
	}
	if e := r.order(Command{Action: StartDrill, By: remote}); e.Reason != RefusedTooEarly {
		t.Errorf("a drill at once: %v %s", e.Kind, e.Reason)
	}
	r.run(restFromAfar)
	if e := far(Command{Zone: "hall"}); e.Kind != TestStarted {
		t.Errorf("an hour later: %v %s", e.Kind, e.Reason)
	}
	r.order(Command{Action: EndTest, By: onSite})
	r = newRig(t, moded(Single), Saved{})
	r.run(time.Second)
	r.order(Command{Action: StartDrill, By: desk})
	r.order(Command{Action: EndDrill, By: desk})
	if e := r.order(Command{Action: StartDrill, By: remote}); e.Kind != DrillStarted {
		t.Errorf("after a drill of the people on site: %v %s", e.Kind, e.Reason)
	}
}

// Whatever a point of the scenario really finds ends the drill, unless somebody on site uses smoke;
// the district cannot say so.
func TestDrillHidesNoFireAtItsOwnPoints(t *testing.T) {
	r := drilling(t, Command{})
	r.run(announceFor + 5*time.Second)
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	if e := r.newest(DrillEnded); e.Reason != EndedAlarm {
		t.Errorf("got %+v", e)
	}
	if d := r.panel.Snapshot(r.now).Drill.Deviations; slices.Contains(d, DrillUnended) {
		t.Errorf("a drill that a fire has ended is blamed for it: %v", d)
	}
	r.whole("smoke1")
	r.run(meantFor)
	r.plays("siren", Temporal3)

	r = newRig(t, moded(Single), Saved{})
	r.run(time.Second)
	e := r.order(Command{Action: StartDrill, By: remote, Scenario: &Scenario{Smoke: true}})
	if e.Reason != RefusedNotPermitted {
		t.Errorf("got %v %s", e.Kind, e.Reason)
	}
}

// Gas is never held back: in a zone that verifies or investigates one detector closes the valve and
// sounds at once, and no fan there can be switched on.
func TestModesLeaveGasAlone(t *testing.T) {
	for _, m := range []Mode{Verify, PAS, Cross} {
		plan := moded(m)
		for i := range plan.Outputs {
			plan.Outputs[i].Irreversible = plan.Outputs[i].Kind == Valve
			if plan.Outputs[i].Kind == Fan {
				plan.Outputs[i].In = "kitchen"
			}
		}
		r := newRig(t, plan, Saved{})
		r.contacts["gas"] = 1
		r.run(2 * time.Second)
		r.plays("siren", GasTone)
		r.plays("valve", Steady)
		e := r.order(Command{Action: Operate, Output: "fan", On: true, By: remote})
		if e.Kind != Refused {
			t.Errorf("%v: the fan: %v", m, e.Kind)
		}
	}
}

// A reset of an alarm whose condition still stands sounds again at once: no mode doubts it anew.
func TestResetDoubtsNothingAgain(t *testing.T) {
	r := newRig(t, moded(PAS), Saved{})
	r.contacts["smoke1"] = 1
	r.run(20 * time.Second)
	r.plays("siren", Temporal3)
	r.order(Command{Action: Reset, By: onSite})
	r.run(time.Second)
	r.plays("siren", Temporal3)
	r.contacts["smoke1"] = 0
	r.run(15 * time.Second)
	r.order(Command{Action: Reset, By: onSite})
	r.contacts["smoke1"] = 1
	r.run(10 * time.Second)
	r.plays("siren", Off) // a new signal is doubted as ever
}

// The district takes out neither a call point nor what is about to alarm, no more than a quarter of
// the site, and nothing for longer than a day, whatever ends between its orders.
func TestDistrictDisablesLittle(t *testing.T) {
	r := newRig(t, moded(Single), Saved{})
	r.run(time.Second)
	far := func(id point.ID) Event {
		return r.order(Command{
			Action: Disable, By: remote, Point: id, For: mostDisabled, Reason: "works",
		})
	}
	if e := far("call1"); e.Reason != RefusedNotPermitted {
		t.Errorf("a call point: %v", e.Kind)
	}
	r.contacts["smoke1"] = 1
	r.run(300 * time.Millisecond)
	if e := far("smoke1"); e.Reason != RefusedNotPermitted {
		t.Errorf("during the on-delay: %v", e.Kind)
	}
	r.contacts["smoke1"] = 0
	r.run(20 * time.Second)
	r.order(Command{Action: Reset, By: onSite})
	done := 0
	for _, id := range []point.ID{"smoke2", "smoke3", "gas", "co"} {
		if far(id).Kind == Disabled {
			done++
		}
	}
	if done != len(r.panel.points)/4 {
		t.Errorf("%d of %d points", done, len(r.panel.points))
	}
	begin := r.now
	w := r.panel.at("smoke2")
	for r.now.Sub(begin) < 40*time.Hour {
		w.disabled = &disablement{since: begin, until: r.now.Add(time.Second), by: remote}
		r.run(2 * time.Second)
		if e := far("smoke2"); (e.Kind == Disabled) != (r.now.Sub(begin) <= 16*time.Hour) {
			t.Fatalf("after %v: %v %s", r.now.Sub(begin), e.Kind, e.Reason)
		}
		r.now = r.now.Add(time.Hour)
	}
}

// The district may not silence what has just come back, nor what a new run has just repeated.
func TestDistrictSilencesNothingThatIsNew(t *testing.T) {
	plan := moded(Single)
	plan.MaySilence = true
	r := newRig(t, plan, Saved{})
	r.contacts["smoke1"] = 1
	r.run(4 * time.Minute)
	r.contacts["smoke1"] = 0
	r.run(15 * time.Second)
	r.contacts["smoke1"] = 1
	r.run(5 * time.Second)
	if e := r.order(Command{Action: Silence, By: remote}); e.Reason != RefusedTooEarly {
		t.Errorf("after it came back: %v %s", e.Kind, e.Reason)
	}
	r.run(4 * time.Minute)
	r.restart(plan)
	r.run(time.Second)
	if e := r.order(Command{Action: Silence, By: remote}); e.Reason != RefusedTooEarly {
		t.Errorf("after a restart: %v %s", e.Kind, e.Reason)
	}
	r.run(4 * time.Minute)
	if e := r.order(Command{Action: Silence, By: remote}); e.Kind != Silenced {
		t.Errorf("in time: %v %s", e.Kind, e.Reason)
	}
}

// A red warning is never refused for want of room: the least urgent call gives way, with its end.
func TestRedWarningFindsRoom(t *testing.T) {
	r := newRig(t, station(), Saved{})
	warn := func(id string, c Colour) Event {
		return r.order(Command{Action: Warn, By: remote, Call: &Call{ID: id, Colour: c, Text: "x"}})
	}
	for i := range mostCalls {
		warn("b"+string(rune('0'+i)), Blue)
	}
	if e := warn("b9", Blue); e.Reason != RefusedBusy {
		t.Errorf("a ninth blue one: %v", e.Kind)
	}
	if e := warn("r1", Red); e.Kind != WarningReceived {
		t.Errorf("a red one: %v %s", e.Kind, e.Reason)
	}
	if e := r.newest(WarningUnanswered); e.Matter.ID != "b0" {
		t.Errorf("got the end of %q, want b0", e.Matter.ID)
	}
}

// A disabled point tells nothing of its chatter.
func TestDisabledPointIsQuiet(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.run(time.Second)
	r.order(Command{Action: Disable, Point: "leak", By: onSite, For: time.Hour, Reason: "works"})
	for i := range 40 {
		r.contacts["leak"] = int64(i % 2)
		r.run(3 * time.Second)
	}
	if n := r.count(Chattering, "leak"); n != 0 {
		t.Errorf("%d events", n)
	}
	if w := r.panel.at("leak"); w.finding.Level != detect.Normal && w.disabled == nil {
		t.Error("it is in service")
	}
}

// An alarm whose point the site file no longer has sounds after a restart as before: its zone is
// remembered, and one that is gone too is every zone.
func TestAlarmWithoutAPointSoundsAfterARestart(t *testing.T) {
	for _, zones := range [][]ZonePlan{{{ID: "hall"}}, {{ID: "attic"}}} {
		plan := bench()
		for i := range plan.Outputs {
			if plan.Outputs[i].Kind == Sounder {
				plan.Outputs[i].Zones = []ZoneID{"hall"}
			}
		}
		r := newRig(t, plan, Saved{})
		r.contacts["smoke1"] = 1
		r.run(3 * time.Second)
		renamed := bench()
		renamed.Zones, renamed.Outputs = zones, plan.Outputs
		renamed.Points = renamed.Points[1:]
		r.restart(renamed)
		r.run(time.Second)
		r.plays("siren", Temporal3)
	}
}

// A restart switches nothing where there is gas: a fan that ran goes on.
func TestRestartMakesNoSpark(t *testing.T) {
	plan := bench()
	for i := range plan.Outputs {
		if plan.Outputs[i].Kind == Fan {
			plan.Outputs[i].In = "kitchen"
		}
	}
	r := newRig(t, plan, Saved{})
	r.run(time.Second)
	r.order(Command{Action: Operate, Output: "fan", On: true, By: onSite})
	r.contacts["gas"] = 1
	r.run(3 * time.Second)
	r.plays("fan", Steady)
	r.restart(plan)
	if got := r.panel.output("fan").pattern; got != Steady {
		t.Errorf("before the first step the fan plays %v", got)
	}
	r.run(time.Second)
	r.plays("fan", Steady)
}

// An alarm that comes just before temporal-4 becomes rare is heard every 5.7 s for minutes.
func TestNewCOAlarmIsHeardOften(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["co"] = 1
	r.run(2 * time.Second)
	begin := r.panel.output("siren").began
	r.contacts["co"] = 0
	r.run(begin.Add(lateTemporal4 - 1200*time.Millisecond).Sub(r.now))
	r.contacts["co"] = 1
	r.run(1200 * time.Millisecond)
	if o := r.panel.output("siren"); o.again < 2 || r.now.Sub(o.began) > time.Second {
		t.Errorf("it plays on since %v, told %d times", r.now.Sub(o.began), o.again)
	}
}
