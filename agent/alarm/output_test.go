package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// In a zone that asks for two points the first smoke sounds, flashes and is an alarm, and what
// cannot be undone waits for the second, for which there is no time limit; unless the first was
// reset before. One smoke alone never closes a valve.
func TestAT11SecondSmokeClosesTheValve(t *testing.T) {
	for _, after := range []time.Duration{100 * time.Second, 30 * time.Minute} {
		r := newRig(t, full(), Saved{})
		r.contacts["smoke1"] = 1
		r.run(2 * time.Second)
		r.plays("siren", Temporal3)
		r.plays("strobe", Flash)
		r.plays("valve", Off)
		r.contacts["smoke1"] = 0 // it stays latched
		r.run(after)
		r.plays("valve", Off)
		r.contacts["smoke2"] = 1
		r.run(1200 * time.Millisecond)
		r.plays("valve", Steady)
		r.plays("exhaust", Steady)
	}
	r := newRig(t, full(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.contacts["smoke1"] = 0
	r.run(20 * time.Second)
	r.order(Command{Action: Reset, By: onSite})
	r.contacts["smoke2"] = 1
	r.run(10 * time.Second)
	r.plays("siren", Temporal3)
	r.plays("valve", Off)
}

// Gas closes the valve at once, and the event says when its contact has confirmed it.
func TestAT12ClosedValveIsConfirmed(t *testing.T) {
	r := newRig(t, feedbackPlan(), Saved{})
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.plays("valve", Steady)
	closed := r.newest(OutputChanged).At
	if r.count(Confirmed, "") != 0 {
		t.Fatal("confirmed before its contact closed")
	}
	r.run(2 * time.Second)
	r.contacts["valve-closed"] = 1
	r.run(time.Second)
	e := r.newest(Confirmed)
	if e.Output != "valve" || e.For != e.At.Sub(closed) || e.For < 3*time.Second ||
		e.For > 3200*time.Millisecond {
		t.Errorf("got %+v, want the valve after some 3.1 s", e)
	}
	if s := r.panel.Snapshot(r.now).Outputs[3]; !s.Confirmed || s.Failed || s.Alarm == "" {
		t.Errorf("got %+v, want it confirmed", s)
	}
	r.run(time.Minute)
	if n := r.count(FaultRaised, "") + r.count(Retried, ""); n != 0 {
		t.Errorf("got %d faults and retries, want none", n)
	}
}

// A valve whose contact never closes is a fault after 10 s, is told again once, and the fault
// stands, and chirps, until the contact closes.
func TestAT14ValveThatDoesNotClose(t *testing.T) {
	r := newRig(t, feedbackPlan(), Saved{})
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	told := r.newest(OutputChanged).At
	r.run(time.Minute)
	e := r.newest(FaultRaised)
	if wait := e.At.Sub(told); e.Fault != ValveFail || wait < 10*time.Second ||
		wait > 10*time.Second+tick || e.Reason != "valve: not confirmed" {
		t.Errorf("got %+v after %v, want valve_fail after 10 s", e, e.At.Sub(told))
	}
	if n := r.count(Retried, ""); n != 1 {
		t.Errorf("got %d retries, want 1", n)
	}
	r.plays("valve", Steady)
	r.order(Command{Action: Reset, By: onSite}) // the gas goes on, but look at the chirp below
	r.contacts["gas"] = 0
	r.run(20 * time.Second)
	r.order(Command{Action: Reset, By: onSite})
	r.plays("buzzer", Chirp)
	r.contacts["valve-closed"] = 1
	r.run(time.Second)
	if e := r.newest(FaultEnded); e.Fault != ValveFail {
		t.Errorf("got %+v, want the end of valve_fail", e)
	}
	r.plays("buzzer", Off)
}

// An output that is told again goes off for half a second, so that a drive which sees only an edge
// gets one; another output, of another kind, has a fault of its own.
func TestRetryGivesAnEdge(t *testing.T) {
	r := newRig(t, feedbackPlan(), Saved{})
	r.contacts["flood-high"] = 1
	off, begun := 0, false
	for range 200 {
		r.step()
		begun = begun || r.last["barrier"] == Steady
		if begun && r.last["barrier"] == Off {
			off++
		}
	}
	if got := time.Duration(off) * tick; got != echoRest {
		t.Errorf("it was off for %v, want %v", got, echoRest)
	}
	if e := r.newest(FaultRaised); e.Fault != Unconfirmed || e.Reason != "barrier: not confirmed" {
		t.Errorf("got %+v, want output_unconfirmed", e)
	}
}

// A contact that opens again while the valve should be closed is a fault, though not at once; a
// contact that nobody reads confirms nothing.
func TestLostConfirmationIsAFault(t *testing.T) {
	r := newRig(t, feedbackPlan(), Saved{})
	r.contacts["gas"], r.contacts["valve-closed"] = 1, 1
	r.run(5 * time.Second)
	r.contacts["valve-closed"] = 0
	r.run(9 * time.Second)
	if r.count(FaultRaised, "") != 0 {
		t.Fatal("a fault before 10 s")
	}
	r.run(2 * time.Second)
	if e := r.newest(FaultRaised); e.Fault != ValveFail {
		t.Errorf("got %+v, want valve_fail", e)
	}
	if s := r.panel.Snapshot(r.now).Outputs[3]; s.Confirmed || !s.Failed {
		t.Errorf("got %+v, want it failed", s)
	}
	r = newRig(t, feedbackPlan(), Saved{})
	r.contacts["valve-closed"] = 1
	r.run(time.Second)
	r.contacts["gas"], r.bad["valve-closed"] = 1, true
	r.run(15 * time.Second)
	if r.count(Confirmed, "") != 0 || r.newest(Retried).Output != "valve" {
		t.Error("a contact that cannot be read confirmed the valve")
	}
}

// The platform may close a valve, and never open it: not while there is gas, not afterwards.
func TestAT15PlatformClosesAndNeverOpens(t *testing.T) {
	r := newRig(t, full(), Saved{})
	e := r.order(Command{Action: Operate, Output: "valve", On: true, By: remote})
	if e.Kind != Operated || e.Output != "valve" || e.Pattern != Steady || e.By != remote {
		t.Fatalf("got %+v, want it operated", e)
	}
	r.plays("valve", Steady)
	for _, by := range []Origin{remote, {Kind: District, Level: 3}, visitor, {}} {
		e = r.order(Command{Action: Operate, Output: "valve", By: by})
		if e.Kind != Refused || e.Reason != RefusedNotPermitted || e.Output != "valve" {
			t.Errorf("by %+v: got %+v, want it refused", by, e)
		}
	}
	r.run(time.Hour)
	r.plays("valve", Steady)
	if e := r.order(Command{Action: Operate, Output: "valve", By: onSite}); e.Kind != Operated {
		t.Errorf("got %+v, want it opened on site", e)
	}
	r.plays("valve", Off)
}

// A valve that an alarm has closed is opened on site, and after the reset: neither the end of the
// gas nor the reset opens it. One order after the other in one step will do.
func TestValveIsOpenedAfterTheReset(t *testing.T) {
	r := newRig(t, full(), Saved{})
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.contacts["gas"] = 0
	r.run(20 * time.Second)
	open := Command{Action: Operate, Output: "valve", By: onSite}
	if e := r.order(open); e.Kind != Refused || e.Reason != RefusedDriven {
		t.Errorf("got %+v, want refused: driven", e)
	}
	r.order(Command{Action: Reset, By: onSite})
	r.run(time.Minute)
	r.plays("valve", Steady)
	r.plays("siren", Off)
	if s := r.panel.Snapshot(r.now).Outputs[3]; !s.Kept || s.Alarm != "" || s.By != (Origin{}) {
		t.Errorf("got %+v, want it kept by an alarm that is over", s)
	}
	if e := r.order(open); e.Kind != Operated || e.Pattern != Off {
		t.Errorf("got %+v, want it opened", e)
	}
	r.plays("valve", Off)
	if e := r.order(open); e.Reason != RefusedNothing {
		t.Errorf("got %+v, want nothing to do", e)
	}
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.contacts["gas"] = 0
	r.run(20 * time.Second)
	r.pending.Commands = []Command{{ID: "r", Action: Reset, By: onSite}}
	r.order(open)
	r.plays("valve", Off)
}

// Who may switch what, and when.
func TestOperate(t *testing.T) {
	tests := []struct {
		name   string
		on     point.ID // an alarm that stands
		c      Command
		reason string // of the refusal; empty: it is done
		want   Pattern
	}{
		{"district: siren on", "", Command{Output: "siren", On: true, By: remote}, "", HandTone},
		{"district: fan on", "", Command{Output: "fan", On: true, By: remote}, "", Steady},
		{"district: lamp", "", Command{Output: "lamp", On: true, By: remote},
			RefusedNotPermitted, Off},
		{"district: barrier", "", Command{Output: "barrier", On: true, By: remote},
			RefusedNotPermitted, Off},
		{"on site: barrier", "", Command{Output: "barrier", On: true, By: onSite}, "", Steady},
		{"on site: strobe", "", Command{Output: "strobe", On: true, By: onSite}, "", Flash},
		{"without the key", "", Command{Output: "siren", On: true, By: visitor},
			RefusedNotPermitted, Off},
		{"no such output", "", Command{Output: "horn", On: true, By: onSite},
			RefusedUnknownOutput, Off},
		{"a point in place of an output", "",
			Command{Output: "siren", Point: "gas", On: true, By: onSite}, RefusedUnsupported, Off},
		{"off: nothing is on", "", Command{Output: "siren", By: onSite}, RefusedNothing, Off},
		{"siren off in a fire", "smoke1", Command{Output: "siren", By: onSite},
			RefusedNothing, Temporal3},
		{"fan on in gas", "gas", Command{Output: "fan", On: true, By: remote},
			RefusedInterlock, Off},
		{"fan on in a fire", "smoke1", Command{Output: "fan", On: true, By: onSite},
			RefusedInterlock, Off},
		{"siren on in a fire", "smoke1", Command{Output: "siren", On: true, By: remote},
			"", Temporal3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, full(), Saved{})
			if tt.on != "" {
				r.contacts[tt.on] = 1
			}
			r.run(2 * time.Second)
			tt.c.Action = Operate
			if e := r.order(tt.c); e.Reason != tt.reason || (e.Kind == Refused) != (e.Reason != "") {
				t.Errorf("got %v %q, want %q", e.Kind, e.Reason, tt.reason)
			}
			r.plays(tt.c.Output, tt.want)
		})
	}
}

// A siren that somebody has started sounds until a person on site silences it or lets it go; an
// alarm changes its tone, and the end of the alarm does not stop it.
func TestStartedSirenSounds(t *testing.T) {
	r := newRig(t, full(), Saved{})
	r.order(Command{Action: Operate, Output: "siren", On: true, By: remote})
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.plays("siren", GasTone)
	r.contacts["gas"] = 0
	r.run(20 * time.Second)
	r.order(Command{Action: Reset, By: onSite})
	r.plays("siren", HandTone)
	if e := r.order(Command{Action: Silence, By: onSite}); e.Kind != Silenced {
		t.Errorf("got %+v, want it silenced", e)
	}
	r.plays("siren", Off)
}

// What was switched on, a valve that was closed and the fault of one that does not report outlive a
// restart and a new plan; nothing is confirmed twice.
func TestOutputsOutliveARestart(t *testing.T) {
	r := newRig(t, feedbackPlan(), Saved{})
	r.order(Command{Action: Operate, Output: "fan", On: true, By: remote})
	r.contacts["flood-high"], r.contacts["gas"] = 1, 1
	r.contacts["barrier-down"] = 1
	r.run(30 * time.Second)
	r.contacts["gas"], r.contacts["flood-high"] = 0, 0
	r.run(20 * time.Second)
	saved := *r.saved
	again := newRig(t, feedbackPlan(), saved)
	again.now = point.Instant(time.Minute)
	again.contacts = r.contacts
	again.run(2 * time.Second)
	if e := again.newest(FaultRaised); e.Fault != ValveFail {
		t.Errorf("got %+v, want valve_fail at once", e)
	}
	again.run(30 * time.Second)
	if n := again.count(Confirmed, "") + again.count(Retried, ""); n != 0 {
		t.Errorf("got %d events of outputs that had been told, want none", n)
	}
	again.order(Command{Action: Reset, By: onSite})
	again.plays("valve", Steady)
	again.plays("fan", Steady)
	again.plays("barrier", Off)
	again.take(again.panel.Replan(again.now, feedbackPlan()))
	again.plays("valve", Steady)
	again.plays("fan", Steady)
	if s := again.panel.Snapshot(again.now).Outputs[4]; !s.Kept || s.By != remote {
		t.Errorf("got %+v, want the fan kept by the district", s)
	}
}

// Gas keeps what is not Ex from switching where the gas is: a fan that rests stays at rest and one
// that runs goes on. One that is Ex runs, one outside is switched, and what warns people switches.
func TestNothingSwitchesWhereGasIs(t *testing.T) {
	plan := full()
	plan.Outputs = append(plan.Outputs,
		OutputPlan{ID: "inside", Kind: Fan, In: "kitchen"},
		OutputPlan{ID: "light", Kind: Lamp, In: "kitchen"},
		OutputPlan{ID: "inside-ex", Kind: Fan, In: "kitchen", Ex: true},
		OutputPlan{ID: "horn", Kind: Sounder, In: "kitchen"})
	r := newRig(t, plan, Saved{})
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	for id, want := range map[OutputID]Pattern{
		"inside": Off, "light": Off, "inside-ex": Steady, "horn": GasTone, "fan": Off, "lamp": Steady,
	} {
		r.plays(id, want)
	}
	if e := r.order(Command{Action: Operate, Output: "light", On: true, By: onSite}); e.Reason !=
		RefusedInterlock {
		t.Errorf("got %+v, want the interlock", e)
	}
	r = newRig(t, plan, Saved{})
	r.contacts["co"] = 1
	r.run(2 * time.Second)
	r.plays("inside", Steady)
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	r.plays("inside", Steady)
	r.plays("fan", Off)
}

// Water of 0.3 m switches the barrier and the lamp though nobody outside can be reached.
func TestAT48FloodClosesTheRoad(t *testing.T) {
	r := newRig(t, full(), Saved{})
	r.pending.Notices = []Notice{{Fault: UplinkDown, On: true}}
	r.run(2 * time.Minute)
	r.contacts["flood"] = 1
	r.run(2 * time.Second)
	r.plays("barrier", Off)
	r.contacts["flood-high"] = 1
	r.run(2 * time.Second)
	r.plays("barrier", Steady)
	r.plays("lamp", Steady)
	r.plays("siren", FloodTone)
}

// What is asked of people sounds on the buzzer, below every alarm and above a chirp; on the siren
// only where there is no buzzer, and with its rhythm though the siren has a tone of its own.
func TestPromptIsBelowAlarms(t *testing.T) {
	ask := Command{Action: AskDuty, By: remote, Call: &Call{ID: "duty-1"}}
	r := newRig(t, full(), Saved{})
	r.bad["line"] = true
	r.run(2 * time.Second)
	r.plays("buzzer", Chirp)
	r.order(ask)
	r.plays("buzzer", DutyTone)
	r.plays("siren", Off)
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.plays("buzzer", Temporal3)
	plan := full()
	plan.Outputs = plan.Outputs[:1]
	plan.Outputs[0].Steady = true
	r = newRig(t, plan, Saved{})
	r.order(ask)
	r.plays("siren", DutyTone)
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Steady)
}

// A second alarm of CO begins the pattern anew once it has become rare.
func TestNewAlarmOfCOSoundsInFull(t *testing.T) {
	plan := full()
	plan.Points = append(plan.Points, PointPlan{
		ID: "co2", Zone: "hall", Signal: CO, Latch: true, Spec: contact(),
	})
	r := newRig(t, plan, Saved{})
	again := func() uint8 { return r.panel.wishes[0].Again }
	r.contacts["co"] = 1
	r.run(time.Minute)
	first := again()
	r.contacts["co2"] = 1
	r.run(5 * time.Second)
	if again() != first {
		t.Error("the pattern began anew while it was in full")
	}
	r.run(4 * time.Minute)
	r.contacts["co2"] = 0
	r.run(20 * time.Second)
	r.contacts["co2"] = 1
	r.run(2 * time.Second)
	if again() == first {
		t.Error("the pattern goes on once a minute, want it in full for the new alarm")
	}
}
