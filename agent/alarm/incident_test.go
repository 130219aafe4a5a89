package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// aid is the ID of the alarm that stands at a point.
func (r *rig) aid(id string) AlarmID {
	r.t.Helper()
	for _, a := range r.panel.alarms {
		if string(a.point) == id {
			return a.id
		}
	}
	r.t.Fatalf("no alarm at %s", id)
	return ""
}

// A station that takes an alarm on after 70 s and arrives after 200 s was late twice: it is told at
// 60 s and at 180 s, and the record of the incident shows both.
func TestAT50LateStepsAreToldAndRecorded(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	raised := r.newest(Raised)
	id := raised.Alarm
	if raised.Incident != id || r.newest(IncidentOpened).Incident != id {
		t.Fatalf("the alarm is of incident %q, want %q", raised.Incident, id)
	}
	until := func(d time.Duration) { r.run(raised.At.Add(d).Sub(r.now)) }
	until(70 * time.Second)
	r.done(Command{Action: Accept, By: by(1, 1), Alarm: id}, IncidentAccepted)
	until(200 * time.Second)
	r.done(Command{Action: Arrive, By: by(1, 1), Alarm: id}, IncidentArrived)
	until(240 * time.Second)
	r.refused(Command{Action: Judge, By: by(7, 2), Alarm: id,
		Matter: Matter{Verdict: FalseAlarm}}, RefusedNoReason)
	r.done(Command{Action: Judge, By: by(7, 2), Alarm: id,
		Matter: Matter{Verdict: FalseAlarm, Text: "油烟"}}, IncidentJudged)
	r.contacts["smoke1"] = 0
	until(300 * time.Second)
	r.done(Command{Action: Reset, By: by(7, 2)}, ResetDone)

	var late []time.Duration
	var which []Step
	for _, e := range r.events {
		if e.Kind == IncidentOverdue {
			late, which = append(late, e.At.Sub(raised.At)), append(which, e.Matter.Step)
		}
	}
	if len(late) != 2 || which[0] != Accepting || which[1] != Arriving ||
		late[0] != time.Minute || late[1] != 3*time.Minute {
		t.Fatalf("told %v at %v, want accept at 1 min and arrive at 3 min", which, late)
	}
	s := r.panel.Snapshot(r.now).Duties
	if len(s.Incidents) != 0 || len(s.Closed) != 1 {
		t.Fatalf("got %d open, %d closed, want it closed", len(s.Incidents), len(s.Closed))
	}
	in := s.Closed[0]
	near := func(d, want time.Duration) bool { return d >= want && d <= want+time.Second }
	if !in.Accept.Overdue || !in.Arrive.Overdue || in.Judge.Overdue ||
		!near(in.Accept.After, 70*time.Second) || !near(in.Arrive.After, 200*time.Second) ||
		in.Accept.By.Operator != 1 || in.Verdict != FalseAlarm || in.Cause != "油烟" {
		t.Errorf("got %+v", in)
	}
}

// Alarms that come before the verdict are of one incident and named by it on every way up; one that
// comes after it is new, whether it is another or the same that comes back.
func TestAlarmsOfOneIncident(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	first := r.aid("smoke1")
	r.contacts["smoke2"], r.contacts["leak"] = 1, 1
	r.run(2 * time.Second)
	if n := r.count(IncidentOpened, ""); n != 1 {
		t.Fatalf("%d incidents, want 1", n)
	}
	for _, e := range r.events {
		if e.Kind == Raised && e.Point == "smoke2" && e.Incident != first {
			t.Errorf("smoke2 is of %q, want %q", e.Incident, first)
		}
		if e.Kind == Raised && e.Point == "leak" && e.Incident != "" {
			t.Errorf("a leak is of incident %q", e.Incident)
		}
	}
	r.done(Command{Action: Arrive, By: by(1, 1), Alarm: r.aid("smoke2")}, IncidentArrived)
	r.refused(Command{Action: Accept, By: by(1, 1)}, RefusedNothing) // who is there has taken it on
	r.done(Command{Action: Judge, By: by(7, 2), Matter: Matter{Verdict: RealFire}}, IncidentJudged)
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	if n := r.count(IncidentOpened, "gas"); n != 1 {
		t.Errorf("%d incidents of the gas alarm after the verdict, want 1", n)
	}
	r.done(Command{Action: Judge, By: by(7, 2), Matter: Matter{Verdict: FaultAlarm}}, IncidentJudged)
	r.contacts["smoke1"] = 0
	r.run(15 * time.Second)
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	if n := r.count(IncidentOpened, "smoke1"); n != 2 {
		t.Errorf("%d incidents of smoke1, want a second one after the verdict", n)
	}
}

// Who acknowledges an alarm on site has taken it on; the district has not.
func TestAcknowledgementAcceptsTheIncident(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.done(Command{Action: Acknowledge, By: remote}, Acknowledged)
	if r.count(IncidentAccepted, "") != 0 {
		t.Fatal("the district has accepted the incident")
	}
	r.contacts["smoke2"] = 1
	r.run(2 * time.Second)
	r.press("ack")
	if e := r.newest(IncidentAccepted); e.By.Kind != Button {
		t.Errorf("accepted by %+v, want the button", e.By)
	}
	if r.newest(Acknowledged).Point != "smoke2" {
		t.Error("smoke2 is not acknowledged")
	}
}

// A site that names no operators has nobody to answer for an incident, and has none.
func TestNoOperatorsNoIncidents(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(10 * time.Minute)
	if r.count(IncidentOpened, "")+r.count(IncidentOverdue, "") != 0 {
		t.Error("there is an incident")
	}
}

// A restart at any step of the handling leaves the incident where it stood: no step is asked for
// twice, none is forgotten, and its time goes on.
func TestIncidentSurvivesARestartAtEveryStep(t *testing.T) {
	steps := []struct {
		wait time.Duration
		c    Command
		want Kind
	}{
		{10 * time.Second, Command{Action: Accept, By: by(1, 1)}, IncidentAccepted},
		{50 * time.Second, Command{Action: Arrive, By: by(1, 1)}, IncidentArrived},
		{60 * time.Second, Command{Action: Judge, By: by(7, 2), Matter: Matter{Verdict: TestAlarm}},
			IncidentJudged},
		{10 * time.Second, Command{Action: Reset, By: by(7, 2)}, ResetDone},
	}
	for at := range len(steps) + 1 {
		plan := station()
		r := newRig(t, plan, Saved{})
		r.contacts["smoke1"] = 1
		r.run(2 * time.Second)
		id := r.aid("smoke1")
		for i, s := range steps {
			r.run(s.wait)
			if i == at {
				r.restart(plan)
				r.step()
			}
			if s.c.Action == Reset {
				r.contacts["smoke1"] = 0
				r.run(15 * time.Second)
			}
			r.done(s.c, s.want)
		}
		if at == len(steps) {
			r.restart(plan)
		}
		r.run(time.Second)
		d := r.panel.Snapshot(r.now).Duties
		if len(d.Incidents) != 0 || len(d.Closed) != 1 {
			t.Fatalf("restart %d: %d open, %d closed", at, len(d.Incidents), len(d.Closed))
		}
		in := d.Closed[0]
		if in.ID != id || !in.Accept.Done || !in.Arrive.Done || in.Verdict != TestAlarm ||
			in.Accept.Overdue || in.Arrive.Overdue {
			t.Errorf("restart %d: %+v", at, in)
		}
		if got := in.Arrive.After; got < 50*time.Second || got > 65*time.Second {
			t.Errorf("restart %d: arrived after %v, want about 1 min", at, got)
		}
	}
}

// Incidents are bounded: the oldest one that has its verdict makes room.
func TestIncidentsAreBounded(t *testing.T) {
	r := newRig(t, station(), Saved{})
	for range 3 * mostClosed {
		for _, id := range []point.ID{"smoke1", "smoke2"} {
			r.contacts["smoke1"], r.contacts["smoke2"] = 0, 0
			r.run(12 * time.Second)
			r.contacts[id] = 1
			r.run(2 * time.Second)
			r.order(Command{Action: Judge, By: by(7, 2), Matter: Matter{Verdict: TestAlarm}})
		}
	}
	d := r.panel.Snapshot(r.now).Duties
	if len(d.Incidents) > mostClosed || len(d.Closed) > mostClosed {
		t.Errorf("got %d open, %d closed", len(d.Incidents), len(d.Closed))
	}
}

// A drill is handled like an alarm, in an incident of its own that says so and ends with it; a real
// alarm is not part of it.
func TestDrillHasItsOwnIncident(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.run(time.Second)
	r.done(Command{Action: StartDrill, By: by(7, 2), Scenario: &Scenario{
		Points: []point.ID{"smoke1"},
	}}, DrillStarted)
	r.run(15 * time.Second)
	opened := r.newest(IncidentOpened)
	if !opened.Drill {
		t.Fatalf("the incident of a drill is real: %+v", opened)
	}
	if e := r.done(Command{Action: Accept, By: by(1, 1)}, IncidentAccepted); !e.Drill {
		t.Errorf("a step of a drill is real: %+v", e)
	}
	r.contacts["smoke2"] = 1
	r.run(2 * time.Second)
	real := r.newest(IncidentOpened)
	if real.Drill || real.Incident == opened.Incident {
		t.Errorf("a real alarm is of the drill's incident: %+v", real)
	}
	r.run(2 * time.Second)
	d := r.panel.Snapshot(r.now).Duties
	if len(d.Incidents) != 1 || d.Incidents[0].Drill || len(d.Closed) != 1 ||
		d.Closed[0].Verdict != DrillAlarm {
		t.Errorf("after the drill: open %+v, closed %+v", d.Incidents, d.Closed)
	}
	r.done(Command{Action: Arrive, By: by(1, 1)}, IncidentArrived)
}

// Without operators alarms are no incidents, and whoever takes one on is told why he cannot.
func TestSiteWithoutOperatorsSaysSo(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(3 * time.Second)
	for _, a := range []Action{Accept, Arrive, Judge} {
		c := Command{Action: a, By: Origin{Kind: CLI, Operator: 7, Level: 2}}
		if e := r.order(c); e.Kind != Refused || e.Reason != RefusedUnnamed {
			t.Errorf("%v: got %v %q", a, e.Kind, e.Reason)
		}
	}
}
