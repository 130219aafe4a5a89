package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// What a person switches on for a time goes off by itself, and the panel says so; an alarm in that
// time is not cut short. Nobody tries a valve like that: it would open by itself.
func TestOutputOnForATime(t *testing.T) {
	r := newRig(t, full(), Saved{})
	try := Command{Action: Operate, Output: "siren", On: true, For: 5 * time.Second, By: onSite}
	if e := r.order(try); e.Kind != Operated || e.For != try.For {
		t.Fatalf("got %+v, want it operated", e)
	}
	if left := r.state("siren").Left; left <= 4*time.Second || left > 5*time.Second {
		t.Errorf("left: got %v", left)
	}
	r.run(4 * time.Second)
	r.plays("siren", HandTone)
	r.run(2 * time.Second)
	r.plays("siren", Off)
	if e := r.newest(Operated); e.Pattern != Off || e.By != (Origin{}) || r.state("siren").Kept {
		t.Errorf("got %+v, want it let go by itself", e)
	}
	r.order(try)
	r.contacts["smoke1"] = 1
	r.run(10 * time.Second)
	r.plays("siren", Temporal3)
	for _, c := range []Command{
		{Output: "valve", On: true, For: time.Second}, {Output: "barrier", On: true, For: time.Second},
		{Output: "siren", On: true, For: longestOn + 1}, {Output: "siren", On: true, For: -1},
	} {
		c.Action, c.By = Operate, onSite
		if e := r.order(c); e.Reason != RefusedDuration {
			t.Errorf("%s for %v: got %v %q, want it refused", c.Output, c.For, e.Kind, e.Reason)
		}
	}
}

// Who wants for good what is on for a time has it; a silence ends both, and no time is left over.
func TestOnForATimeAndForGood(t *testing.T) {
	r := newRig(t, full(), Saved{})
	try := Command{Action: Operate, Output: "siren", On: true, For: 5 * time.Second, By: onSite}
	r.order(try)
	try.For = 0
	if e := r.order(try); e.Kind != Operated {
		t.Errorf("for good: got %v %q", e.Kind, e.Reason)
	}
	try.For = 5 * time.Second
	if e := r.order(try); e.Reason != RefusedNothing {
		t.Errorf("a time for what is on for good: got %v %q", e.Kind, e.Reason)
	}
	r.run(10 * time.Second)
	r.plays("siren", HandTone)
	r.order(Command{Action: Silence, By: onSite})
	r.order(try)
	r.order(Command{Action: Silence, By: onSite})
	n := r.count(Operated, "")
	r.run(10 * time.Second)
	if got := r.count(Operated, ""); got != n {
		t.Errorf("a siren that was silenced was let go once more")
	}
}

// After a restart the rest of the time counts, less what may have passed unsaved; a time from afar
// counts for nothing, as the siren ends on site.
func TestTimeOfAnOutputOutlivesARestart(t *testing.T) {
	r := newRig(t, full(), Saved{})
	r.order(Command{Action: Operate, Output: "siren", On: true, For: time.Minute, By: onSite})
	r.order(Command{Action: Operate, Output: "fan", On: true, For: time.Second, By: remote})
	r.run(31 * time.Second)
	again := newRig(t, full(), *r.saved)
	again.now = point.Instant(time.Hour)
	again.run(time.Second)
	again.plays("siren", HandTone)
	if left := again.state("siren").Left; left < 15*time.Second || left > 35*time.Second {
		t.Errorf("left after 31 of 60 s: %v", left)
	}
	again.run(35 * time.Second)
	again.plays("siren", Off)
	again.plays("fan", Steady)
}

// state is one output of the snapshot.
func (r *rig) state(id OutputID) OutputState {
	for _, o := range r.panel.Snapshot(r.now).Outputs {
		if o.ID == id {
			return o
		}
	}
	r.t.Fatalf("no output %s", id)
	return OutputState{}
}
