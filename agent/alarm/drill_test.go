package alarm

import (
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// desk is an operator at the box, who has a keyboard.
var desk = Origin{Kind: CLI, Level: 2}

// drilling is a rig in whose hall a drill plays a fire at smoke1.
func drilling(t *testing.T, c Command) *rig {
	t.Helper()
	r := newRig(t, moded(Single), Saved{})
	r.run(time.Second)
	c.Action = StartDrill
	if c.By == (Origin{}) {
		c.By = desk
	}
	if c.Scenario == nil {
		c.Scenario = &Scenario{Points: []point.ID{"smoke1"}}
	}
	if e := r.order(c); e.Kind != DrillStarted || !e.Drill {
		t.Fatalf("the drill was answered by %+v", e)
	}
	return r
}

// since is the events of a kind from number n on.
func (r *rig) since(n int, k Kind) (all []Event) {
	for _, e := range r.events[n:] {
		if e.Kind == k {
			all = append(all, e)
		}
	}
	return all
}

// whole fails the test unless a real fire alarm of id stands with all that belongs to it, and
// nothing of a drill.
func (r *rig) whole(id point.ID) {
	r.t.Helper()
	s := r.panel.Snapshot(r.now)
	found := false
	for _, a := range s.Alarms {
		if a.Drill || a.Silenced {
			r.t.Errorf("%s is drill %v, silenced %v", a.Point, a.Drill, a.Silenced)
		}
		found = found || a.Point == id && a.Finding.Level >= detect.Alarm
	}
	if !found {
		r.t.Errorf("there is no alarm of %s in %+v", id, s.Alarms)
	}
	if s.Silenced || s.Drill != nil && s.Drill.Running {
		r.t.Errorf("silenced %v, drill %+v", s.Silenced, s.Drill)
	}
	tone := Temporal3
	if r.panel.output("siren").meantUntil > r.now.Add(-tick) {
		tone = Steady // a drill sounded, and this is none
	}
	r.plays("siren", tone)
	r.plays("strobe", Flash)
}

// Whoever hears the siren of a drill is told by the siren when a fire makes it real: it sounds
// without a pause for some seconds before it plays the tone of the fire, which is that of the
// drill. One that was silent, or only announced the drill, plays that tone at once.
func TestTheToneChangesWhenADrillBecomesReal(t *testing.T) {
	for _, c := range []struct {
		name  string
		into  time.Duration
		quiet bool
		want  Pattern
	}{
		{"while it sounds", announceFor + 5*time.Second, false, Steady},
		{"while it is announced", announceFor / 2, false, Temporal3},
		{"once it is silenced", announceFor + 5*time.Second, true, Temporal3},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := drilling(t, Command{})
			r.run(c.into)
			if c.quiet {
				r.order(Command{Action: Silence, By: onSite})
			}
			before := len(r.events)
			r.contacts["call1"] = 1
			r.run(500 * time.Millisecond)
			r.plays("siren", c.want)
			r.run(meantFor)
			r.plays("siren", Temporal3)
			for _, e := range r.since(before, OutputChanged) {
				if e.Output == "siren" && e.Drill && e.Pattern != Off {
					t.Errorf("got %+v", e)
				}
			}
		})
	}
}

// A drill is announced, then plays the alarm of its scenario, and says drill wherever it can be
// seen. A call point that is pressed ends it within a second, and all that belongs to a fire runs.
func TestAT28CallPointEndsADrill(t *testing.T) {
	r := drilling(t, Command{Scenario: &Scenario{Points: []point.ID{"smoke1"}, Smoke: true}})
	r.plays("siren", DrillTone)
	r.plays("strobe", Off)
	r.contacts["smoke1"] = 1 // real smoke for the drill
	r.run(2 * time.Second)
	e := r.newest(Raised)
	if e.Point != "smoke1" || !e.Drill || e.To.Level != detect.Alarm {
		t.Errorf("got %+v, want an alarm of the drill", e)
	}
	r.run(20 * time.Second)
	r.plays("siren", Temporal3)
	if e := r.newest(OutputChanged); !e.Drill {
		t.Errorf("the siren is told without a word of the drill: %+v", e)
	}
	s := r.panel.Snapshot(r.now)
	if !s.Alarms[0].Drill || !s.Drill.Running || s.Drill.Left > time.Hour-20*time.Second {
		t.Errorf("got alarms %+v and drill %+v", s.Alarms, s.Drill)
	}
	before := len(r.events)
	r.contacts["call1"] = 1
	r.run(500 * time.Millisecond)
	if e := r.newest(DrillEnded); e.Reason != EndedAlarm {
		t.Errorf("got %+v, want an end by an alarm", e)
	}
	r.whole("call1")
	for _, e := range r.since(before, Raised) {
		if e.Drill {
			t.Errorf("%s is raised as a drill", e.Point)
		}
	}
	r.whole("smoke1") // its smoke was real too, as far as anybody knows
}

// A drill that nobody ends is over after an hour, and says so.
func TestAT29DrillEndsByItself(t *testing.T) {
	r := drilling(t, Command{})
	begin := r.now
	r.run(time.Hour - time.Second)
	if !r.panel.Snapshot(r.now).Drill.Running {
		t.Fatal("the drill is over before its time")
	}
	r.run(2 * time.Second)
	e := r.newest(DrillEnded)
	if got := e.At.Sub(begin); got < time.Hour-time.Second || got > time.Hour+time.Second {
		t.Errorf("it ended after %v, want 60 min", got)
	}
	if e.Reason != EndedExpired || e.For < time.Hour-time.Second {
		t.Errorf("got %+v", e)
	}
	r.plays("siren", Off)
	s := r.panel.Snapshot(r.now)
	if len(s.Alarms) != 0 || s.Drill.Running || s.Drill.Ended != EndedExpired {
		t.Errorf("got alarms %+v and drill %+v", s.Alarms, s.Drill)
	}
	want := []string{"not_acknowledged:smoke1", DrillUnended}
	if got := s.Drill.Deviations; !slices.Equal(got, want) {
		t.Errorf("got deviations %q, want %q", got, want)
	}
}

// Whatever people did in the drill, a real danger that is no part of it ends it in the same step,
// sounds, and is told as what it is: after a silence, a reset, an acknowledgement, before the
// announcement is over, at a pre-alarm, and in a zone that would wait.
func TestRealDangerIsNeverADrill(t *testing.T) {
	silence := Command{Action: Silence, By: desk}
	reset := Command{Action: Reset, By: desk}
	ack := Command{Action: Acknowledge, By: desk}
	for _, acts := range [][]Command{
		nil, {silence}, {ack}, {reset}, {ack, silence}, {silence, reset}, {silence, ack, reset},
	} {
		for _, after := range []time.Duration{0, 20 * time.Second} {
			for _, id := range []point.ID{"smoke2", "call1", "smoke3"} {
				r := drilling(t, Command{})
				r.run(after)
				for _, c := range acts {
					if len(r.panel.Snapshot(r.now).Alarms) > 0 {
						r.order(c)
					}
				}
				r.contacts[id] = 1
				r.run(1200 * time.Millisecond)
				r.whole(id)
				r.order(silence)
				r.plays("siren", Off)
			}
		}
	}
	for _, id := range []point.ID{"co", "gas", "flood"} {
		r := drilling(t, Command{})
		r.run(20 * time.Second)
		r.contacts[id] = 1
		r.run(1200 * time.Millisecond)
		if s := r.panel.Snapshot(r.now); s.Drill.Running || s.Alarms[0].Drill {
			t.Errorf("%s did not end the drill: %+v", id, s.Alarms)
		}
	}
}

// A silence or a reset that comes in the very step of the real alarm hushes the drill, not the
// fire.
func TestCommandInTheStepOfARealAlarm(t *testing.T) {
	for _, action := range []Action{Silence, Reset, EndDrill} {
		r := drilling(t, Command{})
		r.run(20 * time.Second)
		r.contacts["smoke2"] = 1
		r.run(time.Second)
		r.order(Command{Action: action, By: desk})
		r.run(200 * time.Millisecond)
		r.whole("smoke2")
	}
}

// What really stands at a point of the scenario when the drill ends is an alarm of its own, under a
// new name, in the same step.
func TestScenarioPointIsBelievedAfterTheDrill(t *testing.T) {
	r := drilling(t, Command{Scenario: &Scenario{Points: []point.ID{"smoke1"}, Smoke: true}})
	r.contacts["smoke1"] = 1
	r.run(20 * time.Second)
	drill := r.newest(Raised).Alarm
	r.order(Command{Action: EndDrill, By: remote})
	r.whole("smoke1")
	if e := r.newest(Raised); e.Alarm == drill || e.Drill {
		t.Errorf("got %+v, want a new alarm", e)
	}
	if e := r.newest(ResetDone); e.Alarm != drill || !e.Drill {
		t.Errorf("got %+v, want the end of the drill's alarm", e)
	}
}

// A call point, gas high and CO are believed even at a point of the scenario.
func TestScenarioIsNoExcuse(t *testing.T) {
	for _, id := range []point.ID{"call1", "co"} {
		r := drilling(t, Command{Scenario: &Scenario{Points: []point.ID{id, "smoke1"}}})
		r.run(20 * time.Second)
		if e := r.panel.Snapshot(r.now).Alarms; len(e) != 2 || !e[0].Drill {
			t.Fatalf("got %+v, want both alarms of the drill", e)
		}
		r.contacts[id] = 1
		r.run(1200 * time.Millisecond)
		if s := r.panel.Snapshot(r.now); s.Drill.Running || len(s.Alarms) != 1 || s.Alarms[0].Drill {
			t.Errorf("%s: got %+v", id, s.Alarms)
		}
	}
}

// A drill moves nothing: valve, fan and relay stay at rest unless they are listed, and the district
// can list none.
func TestDrillMovesNothingUnasked(t *testing.T) {
	points := []point.ID{"smoke1", "smoke3", "gas", "co"}
	r := drilling(t, Command{Scenario: &Scenario{Points: points}})
	r.run(20 * time.Second)
	r.plays("siren", Temporal3)
	r.plays("valve", Off)
	r.plays("fan", Off)
	r = drilling(t, Command{Scenario: &Scenario{Points: points, Outputs: []OutputID{"valve"}}})
	r.run(20 * time.Second)
	r.plays("valve", Steady)
	r.plays("fan", Off)
	r = newRig(t, moded(Single), Saved{})
	e := r.order(Command{Action: StartDrill, By: remote,
		Scenario: &Scenario{Points: points, Outputs: []OutputID{"valve"}}})
	if e.Kind != Refused || e.Reason != RefusedNotPermitted {
		t.Errorf("the district's list was answered by %v %s", e.Kind, e.Reason)
	}
}

// A drill is recorded: when its points alarmed, when the siren rang, when people acknowledged and
// silenced it, and what went otherwise than it should.
func TestDrillIsRecorded(t *testing.T) {
	r := drilling(t, Command{Scenario: &Scenario{Points: []point.ID{"smoke1", "smoke3"}}})
	begin := r.now.Add(-tick)
	r.run(20 * time.Second)
	r.order(Command{Action: Acknowledge, Point: "smoke1", By: desk})
	r.run(80 * time.Second)
	r.order(Command{Action: Acknowledge, Point: "smoke3", By: desk})
	r.order(Command{Action: Silence, By: desk})
	silenced := r.newest(Silenced)
	r.run(time.Minute)
	r.order(Command{Action: EndDrill, By: desk})
	d := r.panel.Snapshot(r.now).Drill
	if d.Ended != EndedOrdered || d.By != desk || d.Sounded != announceFor {
		t.Errorf("got %+v", d)
	}
	if want := silenced.At.Sub(begin); d.Silenced != want || !silenced.Drill {
		t.Errorf("silenced after %v (drill %v), want %v", d.Silenced, silenced.Drill, want)
	}
	for i, want := range []time.Duration{20100 * time.Millisecond, 100200 * time.Millisecond} {
		if got := d.Points[i]; got.Raised != announceFor || got.Acknowledged != want {
			t.Errorf("got %+v, want raised after %v and acknowledged after %v", got, announceFor, want)
		}
	}
	if want := []string{"acknowledged_late:smoke3"}; !slices.Equal(d.Deviations, want) {
		t.Errorf("got deviations %q, want %q", d.Deviations, want)
	}
	r.run(time.Hour)
	if r.panel.Snapshot(r.now).Drill == nil {
		t.Error("the record is gone after an hour")
	}
}

// A drill is refused while people are in danger, beside another one, without an end within an hour,
// and for points that are not in service.
func TestDrillIsRefused(t *testing.T) {
	far := []point.ID{"smoke1", "smoke1"}
	tests := []struct {
		name string
		pre  func(*rig)
		c    Command
		want string
	}{
		{"an alarm stands", func(r *rig) { r.contacts["smoke2"] = 1 }, Command{}, RefusedAlarm},
		{"an alarm is latched", func(r *rig) {
			r.contacts["smoke2"] = 1
			r.run(2 * time.Second)
			r.contacts["smoke2"] = 0
			r.run(time.Minute)
		}, Command{}, RefusedAlarm},
		{"a drill", func(r *rig) { r.order(Command{Action: StartDrill, By: desk}) }, Command{},
			RefusedBusy},
		{"a walk test", func(r *rig) { r.order(Command{Action: StartTest, By: desk}) }, Command{},
			RefusedBusy},
		{"too long", nil, Command{For: time.Hour + 1}, RefusedDuration},
		{"no such point", nil, Command{Scenario: &Scenario{Points: []point.ID{"x"}}},
			RefusedUnknownPoint},
		{"twice the same", nil, Command{Scenario: &Scenario{Points: far}}, RefusedScenario},
		{"no such output", nil, Command{Scenario: &Scenario{Outputs: []OutputID{"x"}}},
			RefusedUnknownOutput},
		{"a disabled point", func(r *rig) {
			r.order(Command{Action: Disable, Point: "smoke1", For: time.Hour, Reason: "x", By: desk})
		}, Command{Scenario: &Scenario{Points: far[:1]}}, RefusedScenario},
		{"a visitor", nil, Command{By: visitor}, RefusedNotPermitted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, moded(Single), Saved{})
			if tt.pre != nil {
				tt.pre(r)
				r.run(2 * time.Second)
			}
			tt.c.Action = StartDrill
			if tt.c.By == (Origin{}) {
				tt.c.By = desk
			}
			if e := r.order(tt.c); e.Kind != Refused || e.Reason != tt.want {
				t.Errorf("got %v %q, want refused %q", e.Kind, e.Reason, tt.want)
			}
		})
	}
}

// A restart ends a drill, says so, and forgets its alarms: after it everything is meant.
func TestDrillEndsWithTheRun(t *testing.T) {
	r := drilling(t, Command{})
	r.run(20 * time.Second)
	r.panel, r.now, r.events = New(moded(Single), copied(t, r.saved)), 0, nil
	r.contacts["smoke1"] = 0
	r.run(2 * time.Second)
	if e := r.newest(DrillEnded); e.Reason != EndedRestarted || !e.Drill {
		t.Errorf("got %+v", e)
	}
	r.plays("siren", Off)
	s := r.panel.Snapshot(r.now)
	if len(s.Alarms) != 0 || s.Drill.Running || s.Drill.Points[0].Raised == 0 {
		t.Errorf("got alarms %+v and drill %+v", s.Alarms, s.Drill)
	}
	if got := r.count(Raised, ""); got != 0 {
		t.Errorf("got %d alarms after the restart, want none", got)
	}
}

// Another plan ends a drill too.
func TestDrillEndsWithThePlan(t *testing.T) {
	r := drilling(t, Command{})
	r.run(20 * time.Second)
	r.take(r.panel.Replan(r.now, moded(PAS)))
	r.run(time.Second)
	if e := r.newest(DrillEnded); e.Reason != EndedPlan {
		t.Errorf("got %+v", e)
	}
	r.plays("siren", Off)
}
