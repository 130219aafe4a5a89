package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// What a slow disk gives in the midst of a run only ever adds to the alarms: those of before ring
// and close again and stay until a reset, whatever was silenced; what a person has disabled or what
// is in alarm already is left as it is, and what latches nothing is not raised.
func TestLateStateRaisesAndLowersNothing(t *testing.T) {
	before := newRig(t, bench(), Saved{})
	for _, id := range []string{"gas", "smoke1", "smoke2", "leak"} {
		before.contacts[point.ID(id)] = 1
	}
	before.run(10 * time.Second)
	before.order(Command{Action: Disable, Point: "co", For: time.Hour, Reason: "paint", By: onSite})
	before.order(Command{Action: Silence, By: onSite})
	late := copied(t, before.saved)

	r := newRig(t, bench(), Saved{Boot: 99})
	r.contacts["smoke2"] = 1
	r.run(3 * time.Second)
	r.order(Command{Action: Disable, Point: "smoke1", For: time.Hour, Reason: "work", By: onSite})
	own := r.panel.at("smoke2").alarm.id
	r.order(Command{Action: Silence, By: onSite})
	r.plays("siren", Off)
	r.events = nil
	r.pending.Late = &late
	r.step()

	r.plays("siren", Temporal3)
	r.plays("valve", Steady)
	if n := r.count(Raised, ""); n != 1 || r.count(Raised, "gas") != 1 {
		t.Errorf("%d alarms raised: %+v", n, r.events)
	}
	e := r.newest(Raised)
	if !e.Restored || !e.Latched || e.Alarm != "gas-1-3" {
		t.Errorf("got %+v", e)
	}
	if got := r.panel.at("smoke2").alarm.id; got != own {
		t.Errorf("the alarm of smoke2 is %s, was %s", got, own)
	}
	s := r.panel.Snapshot(r.now)
	if s.LastAlarm < late.LastAlarm || r.panel.at("co").disabled != nil || s.Silenced {
		t.Errorf("got %+v", s)
	}
	r.contacts["smoke2"] = 0
	r.run(time.Minute)
	r.order(Command{Action: Reset, By: onSite})
	if s := r.panel.Snapshot(r.now); len(s.Alarms) != 0 {
		t.Errorf("after a reset: %+v", s.Alarms)
	}
	r.plays("siren", Off)
	r.plays("valve", Steady)

	r.contacts["gas"] = 1
	r.run(3 * time.Second)
	r.plays("siren", GasTone)
}

// A point that alarms again while its late alarm is latched rings again.
func TestLateAlarmRingsAgainWithItsPoint(t *testing.T) {
	before := newRig(t, bench(), Saved{})
	before.contacts["gas"] = 1
	before.run(3 * time.Second)
	late := copied(t, before.saved)
	r := newRig(t, bench(), Saved{Boot: 99})
	r.run(3 * time.Second)
	r.pending.Late = &late
	r.step()
	r.order(Command{Action: Silence, By: onSite})
	r.plays("siren", Off)
	r.contacts["gas"] = 1
	r.run(3 * time.Second)
	r.plays("siren", GasTone)
	if n := len(r.panel.alarms); n != 1 {
		t.Errorf("%d alarms", n)
	}
}
