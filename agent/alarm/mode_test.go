package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// moded is the bench with one mode in every zone, a second smoke detector and a call point in the
// hall, and a valve that waits for two witnesses.
func moded(m Mode) Plan {
	plan := bench()
	for _, id := range []point.ID{"smoke3", "call1"} {
		plan.Points = append(plan.Points, PointPlan{
			ID: id, Zone: "hall", Signal: Fire, Latch: true, Spec: contact(),
		})
	}
	last := &plan.Points[len(plan.Points)-1]
	last.Manual = true
	last.Spec.Conditions[0].Confirm = 200 * time.Millisecond
	for i := range plan.Zones {
		plan.Zones[i].Mode = m
	}
	return plan
}

// rises fails the test unless the siren begins between least and most from now.
func (r *rig) rises(least, most time.Duration) {
	r.t.Helper()
	for begin := r.now; r.now.Sub(begin) < most; {
		r.step()
		if r.last["siren"] == Off {
			continue
		}
		if got := r.now.Sub(begin); got < least {
			r.t.Fatalf("the siren sounds after %v, want %v to %v", got, least, most)
		}
		return
	}
	r.t.Fatalf("the siren does not sound within %v", most)
}

func (r *rig) ack(by Origin) {
	r.t.Helper()
	if e := r.order(Command{Action: Acknowledge, By: by}); e.Kind != Acknowledged {
		r.t.Fatalf("acknowledge was answered by %v %s", e.Kind, e.Reason)
	}
}

// In a positive alarm sequence one smoke detector is sent as a pre-alarm at once; the siren sounds
// when nobody has acknowledged it for 15 s.
func TestAT07SequenceSoundsWhenNobodyAcknowledges(t *testing.T) {
	r := newRig(t, moded(PAS), Saved{})
	r.contacts["smoke1"] = 1
	r.run(1100 * time.Millisecond)
	e := r.newest(Raised)
	if e.Point != "smoke1" || e.To.Level != detect.PreAlarm {
		t.Fatalf("got %+v, want a pre-alarm", e)
	}
	r.plays("siren", Off)
	r.plays("buzzer", Alert)
	a := r.panel.Snapshot(r.now).Alarms[0]
	if a.Phase != WaitAck || a.Left > 15*time.Second || a.Left < 14*time.Second {
		t.Errorf("got phase %v and %v left, want wait_ack and 15 s", a.Phase, a.Left)
	}
	r.rises(14800*time.Millisecond, 16*time.Second)
	e = r.newest(Raised)
	if e.To.Level != detect.Alarm || e.Reason != ReleasedUnseen || !e.Latched {
		t.Errorf("got %+v, want an alarm because nobody acknowledged", e)
	}
	r.plays("siren", Temporal3)
}

// An acknowledgement in time gives 180 s to look. Without a reset the siren sounds then, whether
// the condition still stands or not; after a reset it does not.
func TestAT08SequenceSoundsWhenNobodyResets(t *testing.T) {
	for _, cleared := range []bool{false, true} {
		r := newRig(t, moded(PAS), Saved{})
		r.contacts["smoke1"] = 1
		r.run(11 * time.Second)
		r.ack(visitor)
		if cleared {
			r.contacts["smoke1"] = 0
		}
		if a := r.panel.Snapshot(r.now).Alarms[0]; a.Phase != Investigating {
			t.Errorf("got phase %v, want investigating", a.Phase)
		}
		r.rises(179*time.Second, 181*time.Second)
		if e := r.newest(Raised); e.Reason != ReleasedUnsure {
			t.Errorf("got reason %q", e.Reason)
		}
	}
	r := newRig(t, moded(PAS), Saved{})
	r.contacts["smoke1"] = 1
	r.run(11 * time.Second)
	r.ack(visitor)
	r.contacts["smoke1"] = 0
	r.run(170 * time.Second)
	r.order(Command{Action: Reset, By: onSite})
	r.run(10 * time.Minute)
	r.plays("siren", Off)
	if got := len(r.panel.Snapshot(r.now).Alarms); got != 0 {
		t.Errorf("got %d alarms after the reset, want none", got)
	}
}

// The second smoke detector ends the sequence, whichever zone it is in.
func TestAT09SecondPointEndsTheSequence(t *testing.T) {
	for _, second := range []point.ID{"smoke3", "smoke2"} {
		r := newRig(t, moded(PAS), Saved{})
		r.contacts["smoke1"] = 1
		r.run(6 * time.Second)
		r.ack(visitor)
		r.run(54 * time.Second)
		r.plays("siren", Off)
		r.contacts[second] = 1
		r.rises(0, 3*time.Second)
		for _, a := range r.panel.Snapshot(r.now).Alarms {
			if a.Finding.Level != detect.Alarm || a.Phase != NotHeld {
				t.Errorf("%s is at %v in phase %v, want an alarm", a.Point, a.Finding.Level, a.Phase)
			}
		}
	}
}

// Nobody waits for a call point, gas high or CO, before a sequence or in one.
func TestAT10CallPointKnowsNoSequence(t *testing.T) {
	for _, id := range []point.ID{"call1", "co"} {
		for _, running := range []bool{false, true} {
			for _, m := range []Mode{PAS, Verify, Cross} {
				r := newRig(t, moded(m), Saved{})
				if running {
					r.contacts["smoke1"] = 1
					r.run(6 * time.Second)
				}
				r.contacts[id] = 1
				r.run(2 * time.Second)
				if r.last["siren"] == Off {
					t.Errorf("%s in mode %v: the siren is silent after 2 s", id, m)
				}
				if e := r.newest(Raised); e.To.Level != detect.Alarm {
					t.Errorf("%s in mode %v is sent as %v", id, m, e.To.Level)
				}
			}
		}
	}
	plan := moded(PAS)
	plan.Points[2].Spec.Conditions[0].Level = detect.AlarmHigh
	r := newRig(t, plan, Saved{})
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.plays("siren", GasTone)
}

// In the mode cross the first point sounds and is sent as an alarm; what cannot be undone waits for
// a second one, which may come as late as it likes, until the first is reset.
func TestAT11CrossGuardsWhatCannotBeUndone(t *testing.T) {
	crossed := func() *rig {
		plan := moded(Cross)
		for i := range plan.Points {
			plan.Points[i].Devices = []string{string(plan.Points[i].ID)}
		}
		plan.Points[1].Zone, plan.Points[1].Devices = "hall", []string{"smoke1"}
		for i := range plan.Outputs {
			plan.Outputs[i].Irreversible = plan.Outputs[i].Kind == Valve
		}
		r := newRig(t, plan, Saved{})
		r.contacts["smoke1"] = 1
		r.run(2 * time.Second)
		r.plays("siren", Temporal3)
		r.plays("strobe", Flash)
		if e := r.newest(Raised); e.To.Level != detect.Alarm {
			t.Errorf("the first point is sent as %v", e.To.Level)
		}
		r.contacts["smoke1"] = 0
		r.run(98 * time.Second)
		r.plays("valve", Off)
		return r
	}
	for _, late := range []time.Duration{0, 28 * time.Minute} {
		r := crossed()
		r.run(late)
		r.contacts["smoke3"] = 1
		r.run(1200 * time.Millisecond)
		r.plays("valve", Steady)
	}
	r := crossed()
	r.order(Command{Action: Reset, By: onSite})
	r.contacts["smoke3"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Temporal3)
	r.plays("valve", Off)
	r = crossed()
	r.contacts["smoke2"] = 1 // read from the same part
	r.run(2 * time.Second)
	r.plays("valve", Off)
}

// doubted is a rig with a first signal that is 2 s old.
func doubted(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, moded(Verify), Saved{})
	r.contacts["smoke1"] = 1
	r.run(3 * time.Second)
	if e := r.newest(Raised); e.To.Level != detect.PreAlarm {
		t.Fatalf("the first signal is sent as %v", e.To.Level)
	}
	r.plays("siren", Off)
	return r
}

// A first signal that nothing confirms is a pre-alarm for a minute and then dropped, with an event
// that says so. A second one makes it an alarm: when it comes back, when it stands for 20 s, or
// when another point tells of danger.
func TestVerifyAsksForASecondSignal(t *testing.T) {
	first := func() *rig { return doubted(t) }
	t.Run("none", func(t *testing.T) {
		r := first()
		r.contacts["smoke1"] = 0
		r.run(57500 * time.Millisecond)
		if a := r.panel.Snapshot(r.now).Alarms; len(a) != 1 || a[0].Phase != Verifying {
			t.Fatalf("got %+v, want one that is being verified", a)
		}
		r.run(time.Second)
		if e := r.newest(Unverified); e.Point != "smoke1" || e.Alarm == "" {
			t.Errorf("got %+v", e)
		}
		if e := r.newest(Cleared); e.Latched {
			t.Errorf("a dropped signal is latched: %+v", e)
		}
		r.run(time.Hour)
		r.plays("siren", Off)
		if got := len(r.panel.Snapshot(r.now).Alarms); got != 0 {
			t.Errorf("got %d alarms, want none", got)
		}
		r.contacts["smoke1"] = 1 // an hour later it is a first one again
		r.run(3 * time.Second)
		r.plays("siren", Off)
	})
	t.Run("it comes back", func(t *testing.T) {
		r := first()
		r.contacts["smoke1"] = 0
		r.run(30 * time.Second)
		r.contacts["smoke1"] = 1
		r.rises(0, 1500*time.Millisecond)
	})
	t.Run("it stands", func(t *testing.T) {
		r := first()
		r.rises(17*time.Second, 19*time.Second)
		r.contacts["smoke1"] = 0
		r.run(time.Hour)
		r.plays("siren", Temporal3)
		if e := r.newest(Cleared); !e.Latched {
			t.Errorf("a verified alarm is not latched: %+v", e)
		}
	})
	t.Run("another one", func(t *testing.T) {
		r := first()
		r.contacts["smoke1"] = 0
		r.run(40 * time.Second)
		r.contacts["smoke3"] = 1
		r.rises(0, 1500*time.Millisecond)
		for _, a := range r.panel.Snapshot(r.now).Alarms {
			if a.Finding.Level != detect.Alarm {
				t.Errorf("%s is at %v, want an alarm", a.Point, a.Finding.Level)
			}
		}
	})
	t.Run("reset", func(t *testing.T) {
		r := first()
		r.contacts["smoke1"] = 0
		r.run(15 * time.Second)
		r.order(Command{Action: Reset, By: onSite})
		r.contacts["smoke1"] = 1
		r.run(3 * time.Second)
		r.plays("siren", Off)
	})
}

// What the district acknowledges lets nobody wait, and does not keep a person on site from it.
func TestDistrictDoesNotInvestigate(t *testing.T) {
	r := newRig(t, moded(PAS), Saved{})
	r.contacts["smoke1"] = 1
	r.run(5 * time.Second)
	r.ack(remote)
	if a := r.panel.Snapshot(r.now).Alarms[0]; a.Phase != WaitAck {
		t.Errorf("got phase %v after the district's acknowledgement", a.Phase)
	}
	r.ack(visitor)
	r.run(time.Minute)
	r.plays("siren", Off)

	r = newRig(t, moded(PAS), Saved{})
	r.contacts["smoke1"] = 1
	r.run(5 * time.Second)
	r.ack(remote)
	r.rises(0, 12*time.Second)
}

// A silence hushes the alert tone of a sequence, never the alarm that it ends in.
func TestSilenceDoesNotOutliveASequence(t *testing.T) {
	r := newRig(t, moded(PAS), Saved{})
	r.contacts["smoke1"] = 1
	r.run(5 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	r.plays("buzzer", Off)
	r.rises(10*time.Second, 13*time.Second)
	if r.panel.Snapshot(r.now).Silenced {
		t.Error("it says that it is silenced while the siren sounds")
	}
}

// Killed in a sequence or a verification, the panel goes on where it stood, less what may have run
// since: it is silent for no longer than it would have been, and drops nothing unheard.
func TestHeldBackOutlivesARestart(t *testing.T) {
	restart := func(r *rig, plan Plan) {
		saved := copied(t, r.saved)
		r.panel, r.now, r.events = New(plan, saved), point.Instant(time.Second), nil
	}
	t.Run("wait_ack", func(t *testing.T) {
		r := newRig(t, moded(PAS), Saved{})
		r.contacts["smoke1"] = 1
		r.run(3 * time.Second)
		restart(r, moded(PAS))
		r.rises(time.Second, 8*time.Second)
	})
	t.Run("investigating", func(t *testing.T) {
		r := newRig(t, moded(PAS), Saved{})
		r.contacts["smoke1"] = 1
		r.run(3 * time.Second)
		r.ack(onSite)
		r.contacts["smoke1"] = 0
		r.run(100 * time.Second)
		restart(r, moded(PAS))
		r.run(time.Second)
		r.plays("siren", Off)
		r.rises(50*time.Second, 81*time.Second)
	})
	t.Run("another mode", func(t *testing.T) {
		r := newRig(t, moded(PAS), Saved{})
		r.contacts["smoke1"] = 1
		r.run(3 * time.Second)
		restart(r, moded(Single))
		r.rises(0, 200*time.Millisecond)
	})
	t.Run("verifying", func(t *testing.T) {
		r := newRig(t, moded(Verify), Saved{})
		r.contacts["smoke1"] = 1
		r.run(3 * time.Second)
		restart(r, moded(Verify))
		r.rises(time.Second, 12*time.Second)
	})
	t.Run("verifying what is over", func(t *testing.T) {
		r := newRig(t, moded(Verify), Saved{})
		r.contacts["smoke1"] = 1
		r.run(3 * time.Second)
		r.contacts["smoke1"] = 0
		r.run(25 * time.Second)
		restart(r, moded(Verify))
		r.run(time.Minute)
		r.plays("siren", Off)
		if got := r.count(Unverified, "smoke1"); got != 1 {
			t.Errorf("got %d events that it was not verified, want 1", got)
		}
	})
	t.Run("another plan", func(t *testing.T) {
		r := newRig(t, moded(PAS), Saved{})
		r.contacts["smoke1"] = 1
		r.run(3 * time.Second)
		r.take(r.panel.Replan(r.now, moded(PAS)))
		r.run(5 * time.Second)
		r.plays("siren", Off)
		r.take(r.panel.Replan(r.now, moded(Single)))
		r.rises(0, 200*time.Millisecond)
		if e := r.newest(Raised); e.Reason != ReleasedPlan {
			t.Errorf("got reason %q", e.Reason)
		}
	})
}
