package alarm

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// A silence given in the very step in which a new alarm starts does not hush it.
func TestNewAlarmSoundsAgainAfterSilence(t *testing.T) {
	for lead := range 25 { // the silence comes from well before to well after the second alarm
		r := newRig(t, bench(), Saved{})
		r.contacts["smoke1"] = 1
		r.run(5 * time.Second)
		r.contacts["smoke2"] = 1
		r.run(time.Duration(lead) * tick)
		second := r.count(Raised, "smoke2") > 0
		r.order(Command{Action: Silence, By: onSite})
		r.run(2 * time.Second)
		want := Temporal3
		if second {
			want = Off // it was there to be heard before the silence
		}
		if got := r.last["siren"]; got != want {
			t.Errorf("silence %v after the contact closed: got %v, want %v",
				time.Duration(lead)*tick, got, want)
		}
	}
}

// After a silence the sounders ring again by themselves while an alarm stands, and not when every
// condition has ended.
func TestSoundersRingAgainAfterTheirTime(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	r.run(10*time.Minute - 200*time.Millisecond)
	r.plays("siren", Off)
	r.run(300 * time.Millisecond)
	r.plays("siren", Temporal3)
	if r.newest(Resounded).By != (Origin{}) {
		t.Error("somebody is named for what the panel did by itself")
	}
	r.order(Command{Action: Silence, By: onSite})
	r.contacts["smoke1"] = 0
	r.run(30 * time.Minute)
	r.plays("siren", Off)
	if got := r.count(Resounded, ""); got != 1 {
		t.Errorf("got %d, want no second one: the condition had ended", got)
	}
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Temporal3)
}

// A new alarm gives the silenced ones their sound back, so that the most urgent tone is heard.
func TestNewAlarmGivesTheOldOnesTheirSoundBack(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	if !r.panel.Snapshot(r.now).Silenced {
		t.Error("the snapshot does not say silenced")
	}
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Temporal3)
	if s := r.panel.Snapshot(r.now); s.Silenced || s.Alarms[0].Silenced {
		t.Error("the snapshot still says silenced")
	}
}

// A lesser alarm chirps for itself and does not set off a silenced siren.
func TestLeakDoesNotEndASilence(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	r.plays("buzzer", Off)
	r.contacts["leak"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Off)
	r.plays("buzzer", Chirp30)
}

// To hush a leak while a fire is silenced gives the fire no more time.
func TestHushingALeakDoesNotLengthenASilence(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	r.run(9 * time.Minute)
	r.contacts["leak"] = 1
	r.run(2 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	r.plays("buzzer", Off)
	r.run(57 * time.Second)
	r.plays("siren", Off)
	r.run(time.Second)
	r.plays("siren", Temporal3)
}

// An alarm that goes higher is told again under its name, must be seen again, and sounds.
func TestHigherLevelSoundsAgain(t *testing.T) {
	gas := detect.Spec{Conditions: []detect.Condition{
		{Kind: detect.Above, Quantity: drivers.Combustible, Level: detect.PreAlarm, Limit: 5},
		{Kind: detect.Above, Quantity: drivers.Combustible, Level: detect.Alarm, Limit: 10},
		{Kind: detect.Above, Quantity: drivers.Combustible, Level: detect.AlarmHigh, Limit: 25},
	}}
	plan := bench()
	plan.Points = []PointPlan{{ID: "lel", Signal: Gas, Latch: true, Spec: gas}}
	p := New(plan, Saved{})
	var now point.Instant
	step := func(value int64, cs ...Command) Decision {
		now = now.Add(time.Second)
		rd := point.Reading{Point: "lel", At: now, Quality: point.Good}
		rd.Sample = drivers.Sample{Quantity: drivers.Combustible, Value: value}
		return p.Step(now, Input{Readings: []point.Reading{rd}, Commands: cs})
	}
	wish := func(d Decision, id OutputID) Pattern {
		for _, w := range d.Wishes {
			if w.Output == id {
				return w.Pattern
			}
		}
		return patterns
	}
	d := step(5)
	if wish(d, "buzzer") != Alert || wish(d, "siren") != Off || wish(d, "valve") != Off {
		t.Fatalf("pre-alarm: got %v", d.Wishes)
	}
	id := d.Events[1].Alarm
	if d = step(4); len(p.alarms) != 0 {
		t.Fatal("a pre-alarm is latched")
	}
	step(6)
	d = step(12, Command{Action: Acknowledge, By: onSite})
	if wish(d, "siren") != GasTone || wish(d, "valve") != Steady || wish(d, "buzzer") != GasTone {
		t.Fatalf("alarm: got %v", d.Wishes)
	}
	if a := p.Snapshot(now).Alarms[0]; a.Acknowledged || !a.Latched || a.ID == id {
		t.Errorf("got %+v, want latched, a new name, and not acknowledged at this level", a)
	}
	d = step(12, Command{Action: Silence, By: onSite})
	if wish(d, "siren") != Off {
		t.Fatal("silence did not work")
	}
	d = step(30)
	if wish(d, "siren") != GasTone {
		t.Error("gas high does not sound after the silence of gas low")
	}
	if e := d.Events[0]; e.Kind != Raised || e.From.Level != detect.Alarm ||
		e.To.Level != detect.AlarmHigh {
		t.Errorf("got %+v", e)
	}
}

// A silenced alarm that falls to a pre-alarm and comes back rings again: the silence was for the
// fire that went down. (Found by the simulation, seed 202.)
func TestFireThatComesBackFromPreAlarmSoundsAgain(t *testing.T) {
	plan := bench()
	heat := func(l detect.Level, limit int64, release time.Duration) detect.Condition {
		return detect.Condition{
			Kind: detect.Above, Quantity: drivers.Contact, Level: l, Limit: limit, Release: release,
		}
	}
	plan.Points[0].Spec.Conditions = []detect.Condition{
		heat(detect.PreAlarm, 46, time.Minute), heat(detect.Alarm, 56, 10*time.Second),
	}
	r := newRig(t, plan, Saved{})
	r.contacts["smoke1"] = 80
	r.run(time.Second)
	r.order(Command{Action: Silence, By: onSite})
	r.contacts["smoke1"] = 20
	r.run(20 * time.Second)
	r.plays("siren", Off)
	r.contacts["smoke1"] = 80
	r.run(time.Second)
	r.plays("siren", Temporal3)
	e, n := r.newest(Raised), r.count(Raised, "smoke1")
	if e.From.Level != detect.PreAlarm || e.To.Level != detect.Alarm || n != 2 {
		t.Errorf("got %+v as raise %d, want the second, from pre-alarm to alarm", e, n)
	}
}

// brokenRule panics at every reading of a value above 9, and otherwise alarms at 1.
type brokenRule struct{}

func (brokenRule) Step(_ point.Instant, rs []point.Reading) detect.Finding {
	var f detect.Finding
	for _, rd := range rs {
		if rd.Sample.Value > 9 {
			panic(fmt.Sprintf("value %d", rd.Sample.Value))
		}
		if rd.Sample.Value == 1 {
			f.Level = detect.Alarm
		}
	}
	return f
}

// A rule that panics is a fault of its own point, shown once and for good; what it had found is
// held, it is asked again, and the other points go on.
func TestBrokenRuleCostsItsOwnPointOnly(t *testing.T) {
	plan := bench()
	plan.Points[0].Rule = brokenRule{}
	r := newRig(t, plan, Saved{})
	r.contacts["smoke1"] = 10
	r.run(30 * time.Second)
	r.contacts["smoke1"] = 0
	r.run(30 * time.Second)
	if got := r.count(FaultRaised, "smoke1"); got != 1 {
		t.Fatalf("got %d faults, want 1", got)
	}
	if e := r.newest(FaultRaised); e.Fault != detect.RuleBroken || e.Reason != "value 10" {
		t.Errorf("got %+v", e)
	}
	r.contacts["smoke2"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Temporal3)
	if got := r.newest(Raised).Point; got != "smoke2" {
		t.Errorf("got an alarm of %s", got)
	}
	r.contacts["smoke1"] = 1
	r.run(time.Second)
	if got := r.newest(Raised).Point; got != "smoke1" {
		t.Errorf("a rule that failed once sees no fire any more")
	}
	r.contacts["smoke1"] = 10
	r.run(time.Second)
	if s := r.panel.Snapshot(r.now).Points[0]; s.Finding.Level != detect.Alarm {
		t.Errorf("got level %v, want the alarm held", s.Finding.Level)
	}
}

// A new plan keeps latches, disablements and faults by point, keeps the alarm of a point that is
// gone until it is reset, and never lets a standing alarm pause.
func TestReplanKeepsWhatStands(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"], r.contacts["smoke2"], r.contacts["leak"] = 1, 1, 1
	r.bad["gas"] = true
	r.run(2 * time.Second)
	r.order(Command{Action: Disable, Point: "co", For: time.Hour, Reason: "dust", By: onSite})
	raised := r.count(Raised, "")
	plan := bench()
	plan.Points = plan.Points[1:]
	plan.Outputs = plan.Outputs[:3]
	plan.Hash = "abc"
	r.take(r.panel.Replan(r.now, plan))
	r.plays("siren", Temporal3)
	if e := r.newest(PlanChanged); e.Reason != "abc" {
		t.Errorf("got %+v", e)
	}
	r.run(time.Minute)
	r.plays("siren", Temporal3)
	if got := r.count(Raised, "") - raised; got != 0 {
		t.Errorf("%d alarms were raised again", got)
	}
	if got := r.count(FaultEnded, "gas"); got != 0 {
		t.Errorf("the fault of gas ended %d times", got)
	}
	s := r.panel.Snapshot(r.now)
	if len(s.Alarms) != 3 || s.Alarms[0].Point != "smoke1" || s.Alarms[0].Active ||
		!s.Alarms[1].Active || !s.Alarms[2].Active {
		t.Errorf("got alarms %+v", s.Alarms)
	}
	if s.Points[2].ID != "co" || s.Points[2].Disabled == 0 {
		t.Errorf("got %+v, want co disabled", s.Points[2])
	}
	if e := r.order(Command{Action: Reset, Point: "smoke1", By: onSite}); e.Kind != ResetDone {
		t.Errorf("got %v %q", e.Kind, e.Reason)
	}
}

// A value that nobody repeats is not shown as good.
func TestSnapshotShowsSilenceAsStale(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.run(time.Second)
	if c := r.panel.Snapshot(r.now).Points[0].Channels[0]; c.Quality != point.Good || !c.Seen {
		t.Errorf("got %+v, want good", c)
	}
	r.cut["smoke1"] = true
	r.run(9 * time.Second)
	s := r.panel.Snapshot(r.now)
	if c := s.Points[0].Channels[0]; c.Quality != point.Bad || c.Reason != point.Stale || !c.Seen {
		t.Errorf("got %+v, want bad, stale, with its last value", c)
	}
	if len(s.Faults) != 1 || s.Faults[0].Fault != detect.SensorSilent {
		t.Errorf("got %+v", s.Faults)
	}
}

// Reading, command or notice of something that does not exist harms nobody.
func TestStrangersAreIgnored(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.pending.Readings = []point.Reading{{Point: "attic", Quality: point.Good}}
	r.pending.Notices = []Notice{{On: true}}
	r.step()
	if len(r.events) != 1 || r.events[0].Kind != Started {
		t.Errorf("got %+v, want the start only", r.events)
	}
}

// An alarm's name holds its point, the run and a number that no other alarm has.
func TestAlarmNamesAreUnique(t *testing.T) {
	r := newRig(t, bench(), Saved{Boot: 40, LastAlarm: 76, LastEvent: 5})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	if got := r.newest(Raised).Alarm; got != "smoke1-41-77" {
		t.Errorf("got %q, want smoke1-41-77", got)
	}
	seen := map[AlarmID]bool{}
	for range 5 {
		id := r.newest(Raised).Alarm
		if seen[id] || !strings.HasPrefix(string(id), "smoke1-41-") {
			t.Errorf("got %q again, or misnamed", id)
		}
		seen[id] = true
		r.order(Command{Action: Reset, By: onSite})
	}
}
