package alarm

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// copied is what a file gives back: a value that shares nothing with the panel.
func copied(t *testing.T, s *Saved) Saved {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var c Saved
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, *s) {
		t.Fatalf("got %+v, want %+v", c, *s)
	}
	return c
}

// Killed at any step and started again from what was saved by then, the panel sounds what it
// sounded, keeps what was disabled, and uses no event number and no alarm name twice.
func TestKilledAtAnyStepItIsNeverSilent(t *testing.T) {
	script := func(r *rig, step int) {
		orders := map[int]Command{
			60: {ID: "ack", Action: Acknowledge, By: visitor},
			80: {ID: "silence", Action: Silence, By: onSite},
			130: {ID: "out", Action: Disable, Point: "flood", For: time.Hour, Reason: "x",
				By: onSite},
			170: {ID: "reset", Action: Reset, By: onSite},
		}
		switch step {
		case 20:
			r.contacts["smoke1"] = 1
		case 100:
			r.contacts["smoke2"], r.contacts["leak"] = 1, 1
		case 120:
			r.contacts["smoke1"], r.contacts["flood"] = 0, 1
		}
		if c, ok := orders[step]; ok {
			r.pending.Commands = append(r.pending.Commands, c)
		}
	}
	const steps = 200
	for kill := 1; kill < steps; kill++ {
		r := newRig(t, bench(), Saved{})
		for s := range kill {
			script(r, s)
			r.step()
		}
		siren, buzzer, seq := r.last["siren"], r.last["buzzer"], r.panel.seq
		disabled := r.panel.Snapshot(r.now).Points[4].Disabled > 0
		was := r.panel.Snapshot(r.now).Alarms
		saved := copied(t, r.saved)
		r.panel, r.now, r.events = New(bench(), saved), 0, nil
		before := r.panel.Snapshot(0)
		if got := before.Outputs[0].Pattern; got != siren {
			t.Fatalf("killed at %d, before its first step: siren %v, was %v", kill, got, siren)
		}
		r.step()
		if r.last["siren"] != siren || r.last["buzzer"] != buzzer {
			t.Fatalf("killed at %d: siren %v and buzzer %v, were %v and %v",
				kill, r.last["siren"], r.last["buzzer"], siren, buzzer)
		}
		s := r.panel.Snapshot(r.now)
		if (s.Points[4].Disabled > 0) != disabled {
			t.Fatalf("killed at %d: disabled is %v, was %v", kill, !disabled, disabled)
		}
		if len(s.Alarms) != len(was) {
			t.Fatalf("killed at %d: %d alarms, were %d", kill, len(s.Alarms), len(was))
		}
		for i, a := range s.Alarms {
			if a.ID != was[i].ID || a.Acknowledged != was[i].Acknowledged ||
				a.Latched != was[i].Latched || a.Active != was[i].Active || !a.Restored {
				t.Fatalf("killed at %d: got %+v, was %+v", kill, a, was[i])
			}
		}
		if r.events[0].Seq <= seq {
			t.Fatalf("killed at %d: number %d again, last was %d", kill, r.events[0].Seq, seq)
		}
		for s := kill; s < steps; s++ {
			script(r, s)
			r.step()
		}
	}
}

// Remaining times go on where they stood, less what may have run since they were saved: time
// without power shortens nothing, and a crash lengthens nothing.
func TestRemainingTimesGoOn(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	r.order(Command{Action: Disable, Point: "gas", For: time.Hour, Reason: "x", By: remote})
	r.run(4 * time.Minute)
	r.panel, r.now, r.events = New(bench(), copied(t, r.saved)), 0, nil
	r.now = r.now.Add(30 * time.Second) // a slow start
	r.run(6*time.Minute - saveAgain - time.Second)
	r.plays("siren", Off)
	r.run(saveAgain + time.Second)
	r.plays("siren", Temporal3)
	s := r.panel.Snapshot(r.now).Points[2]
	if s.Disabled < 50*time.Minute-saveAgain || s.Disabled > 50*time.Minute || s.By != remote {
		t.Errorf("got %v left by %+v, want about 50 min by the district", s.Disabled, s.By)
	}
}

// A box that restarts again and again comes to the end of a silence and of a disablement, and not
// later than one that goes on: at whatever moment it is killed.
func TestRestartsWithoutEndEndASilence(t *testing.T) {
	const start = point.Instant(time.Second) // without power, or until the first step
	for _, life := range []time.Duration{
		50 * time.Second, 100 * time.Millisecond, 3 * time.Second, 9900 * time.Millisecond,
		10*time.Second + 100*time.Millisecond, 61 * time.Second, 12 * time.Minute,
	} {
		r := newRig(t, bench(), Saved{})
		r.contacts["smoke1"] = 1
		r.run(2 * time.Second)
		r.order(Command{Action: Silence, By: onSite})
		r.order(Command{
			Action: Disable, Point: "gas", For: 15 * time.Minute, Reason: "x", By: onSite,
		})
		rings, back := time.Duration(-1), time.Duration(-1)
		for watched := time.Duration(0); watched < 20*time.Minute && (rings < 0 || back < 0); {
			saved := copied(t, r.saved)
			r.panel, r.now, r.events = New(bench(), saved), start, nil
			r.run(life)
			watched += life
			if rings < 0 && r.last["siren"] != Off {
				rings = watched
			}
			if back < 0 && r.panel.Snapshot(r.now).Points[2].Disabled == 0 {
				back = watched
			}
		}
		if rings < 0 || rings > 10*time.Minute+life {
			t.Errorf("lives of %v: the siren rings after %v, want 10 min at most", life, rings)
		}
		if back < 0 || back > 15*time.Minute+life {
			t.Errorf("lives of %v: enabled after %v, want 15 min at most", life, back)
		}
	}
}

// Restarts do not lengthen the time that a point may be out by orders that follow each other.
func TestRestartsDoNotStretchADisablement(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	again := Command{Action: Disable, Point: "gas", For: 8 * time.Hour, Reason: "x", By: onSite}
	r.order(again)
	const lives = 17 * 60 * 2 // of half a minute
	for range lives {
		r.panel, r.now = New(bench(), *r.saved), 0
		r.events = nil
		r.run(29900 * time.Millisecond)
		again.ID = ""
		if r.panel.Snapshot(r.now).Points[2].Disabled < 4*time.Hour && r.order(again).Kind == Refused {
			return
		}
	}
	t.Errorf("disabled again and again for %v, want 24 h at most", 17*time.Hour)
}

// Saved comes with every change that matters and at no other time, but for every ten seconds that a
// remaining time runs.
func TestSavedOnlyWhenItMatters(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	saves := func(d time.Duration) int {
		n := 0
		for range int(d / tick) {
			r.saved = nil
			r.step()
			if r.saved != nil {
				n++
			}
		}
		return n
	}
	check := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: saved %d times, want %d", what, got, want)
		}
	}
	check("start", saves(time.Minute), 1)
	check("quiet hour", saves(time.Hour), 0)
	r.contacts["smoke1"] = 1
	check("alarm", saves(time.Minute), 1)
	r.contacts["smoke1"] = 0
	check("cleared", saves(time.Minute), 1)
	check("latched hour", saves(time.Hour), 0)
	r.pending.Commands = []Command{{Action: Acknowledge, By: visitor}}
	check("acknowledged", saves(time.Minute), 1)
	r.pending.Commands = []Command{{Action: Reset, By: onSite}}
	check("reset", saves(time.Minute), 1)
	r.contacts["leak"] = 1
	check("leak", saves(time.Minute), 1)
	r.contacts["leak"] = 0
	check("leak over", saves(time.Minute), 1)
	r.bad["gas"] = true
	check("fault", saves(time.Minute), 0)
	r.pending.Commands = []Command{
		{Action: Disable, Point: "gas", For: 10 * time.Minute, Reason: "x", By: onSite},
	}
	check("disabled for ten minutes", saves(20*time.Minute), 61)
}

// Event numbers do not repeat, though Saved is not written for every one of them.
func TestEventNumbersDoNotRepeat(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.step()
	first := copied(t, r.saved)
	for range 3000 { // refusals are events and change nothing that is saved
		r.order(Command{ID: "x", Action: Reset, By: onSite})
	}
	if got := r.panel.seq - r.saved.LastEvent; got >= saveEvery {
		t.Errorf("Saved is %d numbers behind, want less than %d", got, saveEvery)
	}
	last := r.panel.seq
	r.panel, r.now, r.events = New(bench(), first), 0, nil
	r.step()
	if r.events[0].Seq <= last {
		t.Errorf("number %d again after %d, from the oldest file", r.events[0].Seq, last)
	}
}
