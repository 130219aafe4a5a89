package alarm

import (
	"testing"
	"time"
)

// A duty check without an answer has a tone of its own, which stops after 10 min, and nobody is
// told to have answered.
func TestAT30DutyCheckWithoutAnswerStopsAfterTenMinutes(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.run(time.Second)
	ask := Command{Action: AskDuty, By: remote, Call: &Call{ID: "k-1", Limit: 30 * time.Minute}}
	asked := r.done(ask, DutyAsked)
	r.plays("buzzer", DutyTone)
	r.plays("siren", Off)
	for _, p := range []Pattern{Temporal3, Temporal4, GasTone, FloodTone, Alert, Chirp, CallTone} {
		if waveforms[p] == waveforms[DutyTone] {
			t.Errorf("the tone is that of %v", p)
		}
	}
	r.run(10*time.Minute - 2*time.Second)
	r.plays("buzzer", DutyTone)
	r.run(4 * time.Second)
	r.plays("buzzer", Off)
	missed := r.newest(DutyMissed)
	if after := missed.At.Sub(asked.At); after < 598*time.Second || after > 602*time.Second {
		t.Errorf("missed after %v, want 10 min", after)
	}
	if r.count(DutyAnswered, "") != 0 {
		t.Error("somebody is told to have answered")
	}
}

// A duty check is answered with the number of an operator alone; the answer says how long it took,
// to the step, and the tone stops.
func TestAT31DutyCheckIsAnsweredByOperatorSeven(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.done(Command{Action: AskDuty, By: remote, Call: &Call{ID: "k-1"}}, DutyAsked)
	r.run(30 * time.Second)
	e := r.done(Command{Action: Answer, By: by(7, 1), Matter: Matter{ID: "k-1"}}, DutyAnswered)
	if e.By.Operator != 7 || e.Matter.ID != "k-1" || e.For < 29*time.Second || e.For > 31*time.Second {
		t.Errorf("got operator %d, call %q, after %v", e.By.Operator, e.Matter.ID, e.For)
	}
	r.plays("buzzer", Off)
}

// A button at the box answers what sounds, with whoever stands there.
func TestAnswerButton(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.run(time.Second)
	r.done(Command{Action: AskDuty, By: remote, Call: &Call{ID: "k-1"}}, DutyAsked)
	r.press("answer")
	e := r.newest(DutyAnswered)
	if e.By != (Origin{Kind: Button, Level: 1}) {
		t.Errorf("got %+v", e.By)
	}
}

// A fire takes the place of the tone of a duty check, which goes on afterwards: its time runs.
func TestAT32FireToneReplacesTheDutyTone(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.done(Command{Action: AskDuty, By: remote, Call: &Call{ID: "k-1"}}, DutyAsked)
	r.plays("buzzer", DutyTone)
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.plays("buzzer", Temporal3)
	r.plays("siren", Temporal3)
	r.contacts["smoke1"] = 0
	r.run(15 * time.Second)
	r.done(Command{Action: Reset, By: onSite}, ResetDone)
	r.run(time.Second)
	r.plays("buzzer", DutyTone)
}

// A red warning sounds within 2 s and every minute, is told as unanswered after 3 min, and a second
// one of its ID is no second warning.
func TestAT49RedWarningWithoutAnswer(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.run(time.Second)
	warn := Command{Action: Warn, By: remote, Call: &Call{ID: "w-1", Colour: Red, Text: "暴雨"}}
	came := r.done(warn, WarningReceived)
	warn.ID = "again"
	r.refused(warn, RefusedRepeated)
	r.run(4 * time.Minute)
	var sounded []time.Duration
	for _, e := range r.events {
		if e.Kind == WarningSounded {
			sounded = append(sounded, e.At.Sub(came.At))
		}
	}
	want := []time.Duration{0, time.Minute, 2 * time.Minute}
	if len(sounded) != len(want) {
		t.Fatalf("sounded at %v, want %v", sounded, want)
	}
	for i := range want {
		if late := sounded[i] - want[i]; late < 0 || late > 2*time.Second {
			t.Errorf("sounded at %v, want %v", sounded[i], want[i])
		}
	}
	e := r.newest(WarningUnanswered)
	if after := e.At.Sub(came.At); after < 179*time.Second || after > 181*time.Second {
		t.Errorf("unanswered after %v, want 180 s", after)
	}
	warn.ID = "late"
	r.refused(warn, RefusedRepeated)
	if n := r.count(WarningUnanswered, ""); n != 1 {
		t.Errorf("%d warnings unanswered, want 1", n)
	}
}

// The colour says how long a person has.
func TestLimitOfEachColour(t *testing.T) {
	for _, c := range []struct {
		colour Colour
		want   time.Duration
	}{{Red, 3 * time.Minute}, {Orange, 5 * time.Minute}, {Yellow, 15 * time.Minute},
		{Blue, time.Hour}} {
		if got := (&Call{Colour: c.colour}).limit(); got != c.want {
			t.Errorf("%v: got %v, want %v", c.colour, got, c.want)
		}
	}
}

// Each call that came has exactly one end: answered, unanswered or missed, or expired.
func TestEveryCallEnds(t *testing.T) {
	r := newRig(t, station(), Saved{})
	warn := func(id string, c Colour, valid time.Duration) Command {
		return Command{Action: Warn, By: remote,
			Call: &Call{ID: id, Colour: c, Text: "x", Valid: valid}}
	}
	r.done(warn("a", Blue, 0), WarningReceived)
	r.done(warn("b", Yellow, 2*time.Minute), WarningReceived)
	r.done(warn("c", Red, time.Hour), WarningReceived)
	r.done(Command{Action: AskDuty, By: remote, Call: &Call{ID: "d"}}, DutyAsked)
	r.done(Command{Action: Answer, By: by(1, 1), Matter: Matter{ID: "a"}}, WarningAnswered)
	r.run(time.Hour)
	ends := map[string]string{}
	for _, e := range r.events {
		switch e.Kind {
		case WarningAnswered, WarningUnanswered, WarningExpired, DutyAnswered, DutyMissed:
			if ends[e.Matter.ID] != "" {
				t.Errorf("%s ends twice", e.Matter.ID)
			}
			ends[e.Matter.ID] = e.Kind.String()
		}
	}
	for id, want := range map[string]Kind{
		"a": WarningAnswered, "b": WarningExpired, "c": WarningUnanswered, "d": DutyMissed,
	} {
		if ends[id] != want.String() {
			t.Errorf("%s ends as %q, want %v", id, ends[id], want)
		}
	}
}

// A call that waits goes on waiting after a restart, for the rest of its time, and sounds.
func TestCallsSurviveARestart(t *testing.T) {
	plan := station()
	r := newRig(t, plan, Saved{})
	r.done(Command{Action: AskDuty, By: remote, Call: &Call{ID: "k-1"}}, DutyAsked)
	r.done(Command{Action: Warn, By: remote, Call: &Call{ID: "w-1", Colour: Yellow, Text: "x"}},
		WarningReceived)
	r.run(4 * time.Minute)
	r.restart(plan)
	r.step()
	r.plays("buzzer", DutyTone)
	r.refused(Command{ID: "r", Action: Warn, By: remote,
		Call: &Call{ID: "w-1", Colour: Yellow, Text: "x"}}, RefusedRepeated)
	r.run(6*time.Minute + 15*time.Second) // 10 s may be lost
	if r.count(DutyMissed, "") != 1 || r.count(WarningUnanswered, "") != 0 {
		t.Error("the duty check has not ended, or the warning has")
	}
	r.run(5 * time.Minute)
	if r.count(WarningUnanswered, "") != 1 {
		t.Error("the warning has not ended")
	}
	s := r.panel.Snapshot(r.now).Duties
	if len(s.Calls) != 0 || len(s.Ended) != 2 || s.Ended[0].Outcome != DutyMissed {
		t.Errorf("got %+v", s)
	}
}

// Where there is no buzzer the siren asks; a warning that an alarm drowns is not told as heard, and
// sounds when the alarm is over.
func TestWarningIsToldOnlyWhenHeard(t *testing.T) {
	plan := station()
	plan.Outputs = plan.Outputs[:1:1] // the siren
	r := newRig(t, plan, Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.done(Command{Action: Warn, By: remote, Call: &Call{ID: "w", Colour: Red, Text: "x"}},
		WarningReceived)
	r.run(10 * time.Second)
	r.plays("siren", Temporal3)
	if r.count(WarningSounded, "") != 0 {
		t.Error("told as heard under the fire tone")
	}
	r.contacts["smoke1"] = 0
	r.run(15 * time.Second)
	r.done(Command{Action: Reset, By: onSite}, ResetDone)
	r.run(40 * time.Second)
	r.plays("siren", CallTone)
	if r.count(WarningSounded, "") != 1 {
		t.Error("not told as heard")
	}
}
