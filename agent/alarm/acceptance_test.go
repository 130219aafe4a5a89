package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// A smoke contact that stays closed for 1.5 s sounds the siren and flashes the strobe.
func TestAT01SmokeSoundsTheSiren(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.run(time.Second)
	r.contacts["smoke1"] = 1
	r.run(1500 * time.Millisecond)
	r.plays("siren", Temporal3)
	r.plays("strobe", Flash)
	r.plays("valve", Steady) // no second detector could come to its help
	e := r.newest(Raised)
	if e.Point != "smoke1" || e.Zone != "hall" || e.Signal != Fire || !e.Latched || e.Restored {
		t.Errorf("got event %+v", e)
	}
	if got, want := e.At, point.Instant(2*time.Second); got != want {
		t.Errorf("raised at %v, want %v: condition since 1 s, confirm 1 s", got, want)
	}
	if e.To.Level != detect.Alarm || e.To.Why[0].Weight != 1000 {
		t.Errorf("got finding %+v, want alarm with its reason", e.To)
	}
}

// A contact that opens before its confirm time is over is no alarm, and is counted.
func TestAT02ShortClosureIsNoAlarm(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.run(time.Second)
	r.contacts["smoke1"] = 1
	r.run(500 * time.Millisecond)
	r.contacts["smoke1"] = 0
	r.run(time.Minute)
	r.plays("siren", Off)
	if got := r.count(Raised, ""); got != 0 {
		t.Errorf("got %d alarms, want none", got)
	}
	if got := r.panel.Snapshot(r.now).Points[0].Aborted; got != 1 {
		t.Errorf("aborted: got %d, want 1", got)
	}
}

// A latched alarm stays when its condition ends, an hour later still.
func TestAT03AlarmIsLatched(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(time.Minute)
	r.contacts["smoke1"] = 0
	r.run(time.Hour)
	r.plays("siren", Temporal3)
	s := r.panel.Snapshot(r.now)
	if len(s.Alarms) != 1 || s.Alarms[0].Active || !s.Alarms[0].Latched {
		t.Fatalf("got alarms %+v, want one that is latched and not active", s.Alarms)
	}
	if got := r.count(Cleared, "smoke1"); got != 1 {
		t.Errorf("got %d cleared events, want 1", got)
	}
	if e := r.order(Command{Action: Reset, By: onSite}); e.Kind != ResetDone {
		t.Fatalf("reset was answered by %v", e.Kind)
	}
	r.plays("siren", Off)
}

// A reset while the condition stands is followed by a new alarm, and the siren goes on.
func TestAT04ResetOfAStandingConditionAlarmsAgain(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(20 * time.Second)
	first := r.newest(Raised).Alarm
	r.order(Command{Action: Silence, By: onSite})
	r.plays("siren", Off)
	r.order(Command{Action: Reset, By: onSite})
	r.plays("siren", Temporal3)
	again := r.newest(Raised)
	if again.Alarm == first || r.count(Raised, "smoke1") != 2 {
		t.Errorf("got alarm %q after %q, want a new one", again.Alarm, first)
	}
}

// A silence stops the siren at once; a second detector starts it again.
func TestAT05SecondZoneEndsASilence(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(20 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	r.plays("siren", Off)
	r.plays("strobe", Flash)
	r.run(20 * time.Second)
	r.plays("siren", Off)
	r.contacts["smoke2"] = 1
	r.run(1200 * time.Millisecond)
	r.plays("siren", Temporal3)
}

// A line fault in one zone does not keep another from alarming, and stays shown.
func TestAT21FireIsFoundWhileAnotherZoneIsInFault(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.bad["smoke1"] = true
	r.run(10 * time.Second)
	if e := r.newest(FaultRaised); e.Fault != detect.SensorFailed || e.Point != "smoke1" {
		t.Fatalf("got fault %+v", e)
	}
	r.contacts["smoke2"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Temporal3)
	if s := r.panel.Snapshot(r.now); len(s.Faults) != 1 || s.Faults[0].Point != "smoke1" {
		t.Errorf("got faults %+v, want that of smoke1", s.Faults)
	}
}

// A disabled point rings nothing; what still stands when the disablement ends rings at once.
func TestAT26DisablementEndsInAnAlarm(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.run(time.Second)
	e := r.order(Command{
		Action: Disable, Point: "smoke1", For: time.Hour, Reason: "painting", By: onSite,
	})
	if e.Kind != Disabled || e.For != time.Hour || e.Reason != "painting" {
		t.Fatalf("got answer %+v", e)
	}
	r.run(10 * time.Minute)
	r.contacts["smoke1"] = 1
	r.run(49*time.Minute + 59*time.Second)
	r.plays("siren", Off)
	if s := r.panel.Snapshot(r.now); s.Points[0].Disabled <= 0 || s.Points[0].Reason != "painting" {
		t.Errorf("got %+v, want a disabled point", s.Points[0])
	}
	r.run(2 * time.Second)
	r.plays("siren", Temporal3)
	if e := r.newest(Enabled); e.Point != "smoke1" || e.Reason != "expired" || e.By != (Origin{}) {
		t.Errorf("got %+v, want an end by itself", e)
	}
}

// A disablement needs an end, within 8 hours, and a reason.
func TestAT27DisablementWithoutEndIsRefused(t *testing.T) {
	tests := []struct {
		name, reason string
		d            time.Duration
		want         string
	}{
		{"no end", "dust", 0, RefusedDuration},
		{"negative", "dust", -time.Hour, RefusedDuration},
		{"30 h", "dust", 30 * time.Hour, RefusedDuration},
		{"8 h and a little", "dust", 8*time.Hour + 1, RefusedDuration},
		{"no reason", "", time.Hour, RefusedNoReason},
		{"blank reason", "  ", time.Hour, RefusedNoReason},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, bench(), Saved{})
			e := r.order(Command{
				Action: Disable, Point: "smoke1", For: tt.d, Reason: tt.reason, By: onSite,
			})
			if e.Kind != Refused || e.Reason != tt.want {
				t.Errorf("got %v %q, want refused %q", e.Kind, e.Reason, tt.want)
			}
			r.contacts["smoke1"] = 1
			r.run(2 * time.Second)
			r.plays("siren", Temporal3)
		})
	}
}

// After a power cut the alarm is there again under its old name, and the siren sounds.
func TestAT45AlarmOutlivesAPowerCut(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(5 * time.Second)
	id, seq := r.newest(Raised).Alarm, r.newest(Raised).Seq
	r.reboot()
	r.cut["smoke1"] = true
	r.step()
	r.plays("siren", Temporal3)
	e := r.newest(Raised)
	if e.Alarm != id || !e.Restored || !e.Latched || e.Seq <= seq {
		t.Errorf("got %+v, want alarm %s restored with a number above %d", e, id, seq)
	}
	if got := r.count(Raised, "smoke1"); got != 1 {
		t.Errorf("got %d raises, want the restored one only", got)
	}
	r.run(time.Hour)
	r.plays("siren", Temporal3)
}

// The panel knows no wall clock: it takes moments that grow, and nothing else. An event's moment is
// the step's own.
func TestAT51NoWallClockInADelay(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.now = point.Instant(100 * time.Hour)
	r.contacts["smoke1"] = 1
	begin := r.now
	r.run(2 * time.Second)
	if got := r.newest(Raised).At.Sub(begin); got != time.Second {
		t.Errorf("raised after %v, want the confirm time of 1 s", got)
	}
}

// Somebody without the key cannot reset, and the try is told.
func TestAT54ResetNeedsLevelTwo(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	for _, by := range []Origin{visitor, remote, {}, {Kind: District, Level: 3}} {
		e := r.order(Command{Action: Reset, By: by})
		if e.Kind != Refused || e.Reason != RefusedNotPermitted || e.By != by {
			t.Errorf("by %+v: got %v %q by %+v", by, e.Kind, e.Reason, e.By)
		}
	}
	r.plays("siren", Temporal3)
}

// A district that gives no answer is a fault that the people on site hear of, and hides no alarm.
func TestAT33SilentDistrictIsAFault(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.pending.Notices = []Notice{{Fault: UplinkDown, On: true, Detail: "no answer"}}
	r.contacts["smoke1"] = 1
	r.run(2 * time.Minute)
	if r.count(FaultRaised, "") != 1 || r.newest(FaultRaised).Fault != UplinkDown {
		t.Errorf("%d faults", r.count(FaultRaised, ""))
	}
	r.plays("siren", Temporal3)
	r.order(Command{Action: Silence, By: onSite})
	r.contacts["smoke1"] = 0
	r.run(20 * time.Second)
	r.order(Command{Action: Reset, By: onSite})
	r.pending.Notices = []Notice{{Fault: UplinkDown, On: false}}
	r.run(time.Second)
	r.plays("buzzer", Off)
	r.pending.Notices = []Notice{{Fault: UplinkDown, On: true, Detail: "no answer"}}
	r.run(2 * time.Minute)
	r.plays("buzzer", Chirp)
}

// Of 23 points that alarm within a second each is told, in the step in which it alarms.
func TestAT40ManyAlarmsAreAllTold(t *testing.T) {
	r := newRig(t, large(23), Saved{})
	r.run(time.Second)
	begin := r.now
	for i := range 23 {
		r.contacts[r.panel.plan.Points[i].ID] = 1
		if i%3 == 0 {
			r.step()
		}
	}
	r.run(3 * time.Second)
	told := map[AlarmID]bool{}
	for _, e := range r.events {
		if e.Kind == Raised {
			told[e.Alarm] = true
			if e.At.Sub(begin) > 3*time.Second {
				t.Errorf("%s is told after %v", e.Point, e.At.Sub(begin))
			}
		}
	}
	if len(told) != 23 {
		t.Errorf("%d are told", len(told))
	}
}
