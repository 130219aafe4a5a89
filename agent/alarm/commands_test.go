package alarm

import (
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// Who may do what, from where, at which level: everything not listed is refused, and the siren
// does not care who tried.
func TestAccess(t *testing.T) {
	disable := Command{Action: Disable, Point: "gas", For: time.Hour, Reason: "dust"}
	district := func(level uint8) Origin { return Origin{Kind: District, Level: level} }
	tests := []struct {
		name string
		c    Command
		by   Origin
		want string // reason of the refusal; empty: obeyed
	}{
		{"acknowledge, level 1", Command{Action: Acknowledge}, visitor, ""},
		{"acknowledge, level 2", Command{Action: Acknowledge}, onSite, ""},
		{"acknowledge, district", Command{Action: Acknowledge}, remote, ""},
		{"acknowledge, nobody", Command{Action: Acknowledge}, Origin{Kind: CLI},
			RefusedNotPermitted},
		{"acknowledge, auto", Command{Action: Acknowledge}, Origin{Level: 3},
			RefusedNotPermitted},
		{"silence, level 1", Command{Action: Silence}, visitor, RefusedNotPermitted},
		{"silence, level 2", Command{Action: Silence}, onSite, ""},
		{"silence, page level 3", Command{Action: Silence}, Origin{Kind: Page, Level: 3}, ""},
		{"silence, district", Command{Action: Silence}, district(3), RefusedNotPermitted},
		{"reset, level 1", Command{Action: Reset}, visitor, RefusedNotPermitted},
		{"reset, level 2", Command{Action: Reset}, onSite, ""},
		{"reset, district", Command{Action: Reset}, district(3), RefusedNotPermitted},
		{"reset one point", Command{Action: Reset, Point: "smoke1"}, onSite, ""},
		{"reset a calm point", Command{Action: Reset, Point: "gas"}, onSite, RefusedNothing},
		{"disable, level 1", disable, visitor, RefusedNotPermitted},
		{"disable, level 2", disable, onSite, ""},
		{"disable, district", disable, remote, ""},
		{"disable no point", Command{Action: Disable, For: 1, Reason: "x"}, onSite,
			RefusedUnknownPoint},
		{"disable a stranger", Command{Action: Disable, Point: "attic", For: 1, Reason: "x"},
			onSite, RefusedUnknownPoint},
		{"disable with a long story", Command{Action: Disable, Point: "gas", For: time.Hour,
			Reason: strings.Repeat("x", 257)}, onSite, RefusedNoReason},
		{"enable what is enabled", Command{Action: Enable, Point: "gas"}, onSite, RefusedNothing},
		{"enable no point", Command{Action: Enable}, onSite, RefusedUnknownPoint},
		{"silence one point", Command{Action: Silence, Point: "smoke1"}, onSite,
			RefusedUnsupported},
		{"no action", Command{}, onSite, RefusedUnsupported},
		{"unheard of", Command{Action: actions}, onSite, RefusedUnsupported},
		{"too late", Command{Action: Reset, Deadline: 1}, onSite, RefusedExpired},
		{"in time", Command{Action: Reset, Deadline: point.Instant(time.Hour)}, onSite, ""},
		{"from nowhere", Command{Action: Reset}, Origin{Kind: originKinds, Level: 3},
			RefusedNotPermitted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, bench(), Saved{})
			r.contacts["smoke1"] = 1
			r.run(2 * time.Second)
			tt.c.By = tt.by
			e := r.order(tt.c)
			got := ""
			if e.Kind == Refused {
				got = e.Reason
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if e.By != tt.by {
				t.Errorf("the answer is by %+v, want %+v", e.By, tt.by)
			}
			if got != "" {
				r.plays("siren", Temporal3)
			}
		})
	}
}

// The district cannot undo what a person on site disabled, neither by enabling it nor by taking
// the disablement over, and cannot hush an alarm by disabling its point.
func TestDistrictCannotWorkRoundAPerson(t *testing.T) {
	disable := func(by Origin) Command {
		return Command{Action: Disable, Point: "smoke1", For: time.Hour, Reason: "dust", By: by}
	}
	enable := Command{Action: Enable, Point: "smoke1", By: remote}
	r := newRig(t, bench(), Saved{})
	r.order(disable(onSite))
	for _, c := range []Command{enable, disable(remote), enable} {
		if e := r.order(c); e.Kind != Refused || e.Reason != RefusedNotPermitted {
			t.Errorf("%v: got %v %q, want a refusal", c.Action, e.Kind, e.Reason)
		}
	}
	r.order(Command{Action: Enable, Point: "smoke1", By: onSite})
	r.order(disable(remote))
	if e := r.order(enable); e.Kind != Enabled {
		t.Errorf("its own disablement: got %v %q, want enabled", e.Kind, e.Reason)
	}
	r.order(disable(remote))
	r.order(disable(onSite))
	if e := r.order(enable); e.Kind != Refused {
		t.Errorf("what a person took over: got %v, want refused", e.Kind)
	}
	r.order(Command{Action: Enable, Point: "smoke1", By: onSite})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	if e := r.order(disable(remote)); e.Kind != Refused || e.Reason != RefusedNotPermitted {
		t.Errorf("a point in alarm: got %v %q, want a refusal", e.Kind, e.Reason)
	}
	r.plays("siren", Temporal3)
}

// Orders that follow each other cannot keep a point out for more than 24 hours.
func TestDisablementsTogetherEndAfterADay(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	c := Command{Action: Disable, Point: "smoke1", For: 8 * time.Hour, Reason: "dust", By: onSite}
	for range 2 {
		r.order(c)
		r.run(8*time.Hour - time.Minute)
	}
	r.order(c) // until 23:58
	r.run(time.Hour)
	if e := r.order(c); e.Kind != Refused || e.Reason != RefusedDuration {
		t.Errorf("got %v %q, want refused", e.Kind, e.Reason)
	}
	r.reboot()
	r.step()
	if e := r.order(c); e.Kind != Refused || e.Reason != RefusedDuration {
		t.Errorf("after a restart: got %v %q, want refused", e.Kind, e.Reason)
	}
}

// Disabling a point in alarm ends its alarm, and says so before the disablement.
func TestDisablingAnAlarmResetsIt(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	id := r.newest(Raised).Alarm
	e := r.order(Command{Action: Disable, Point: "smoke1", For: time.Hour, Reason: "x", By: onSite})
	if e.Kind != Disabled {
		t.Fatalf("got %v", e.Kind)
	}
	if reset := r.newest(ResetDone); reset.Alarm != id || reset.Seq > e.Seq || reset.By != onSite {
		t.Errorf("got %+v, want the reset of %s first", reset, id)
	}
	r.plays("siren", Off)
	r.order(Command{Action: Enable, Point: "smoke1", By: onSite})
	r.plays("siren", Temporal3)
}

// A command with the ID of one that was obeyed acts no second time, and is answered all the same.
func TestRepeatedCommandActsOnce(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	c := Command{ID: "r1", Action: Reset, By: onSite}
	if e := r.order(c); e.Kind != ResetDone {
		t.Fatalf("got %v", e.Kind)
	}
	id := r.newest(Raised).Alarm
	if e := r.order(c); e.Kind != Refused || e.Reason != RefusedRepeated {
		t.Errorf("got %v %q, want refused", e.Kind, e.Reason)
	}
	if got := r.newest(Raised).Alarm; got != id {
		t.Errorf("it acted again: alarm %s after %s", got, id)
	}
}

// An acknowledgement marks every alarm once, silences nothing, and has one answer however many
// alarms there are.
func TestAcknowledgeMarksAndSilencesNothing(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["smoke1"], r.contacts["smoke2"] = 1, 1
	r.run(2 * time.Second)
	if e := r.order(Command{Action: Acknowledge, By: remote}); e.Kind != Acknowledged {
		t.Fatalf("got %v", e.Kind)
	}
	if got := r.count(Acknowledged, ""); got != 2 {
		t.Errorf("got %d events, want one for each alarm", got)
	}
	r.plays("siren", Temporal3)
	for _, a := range r.panel.Snapshot(r.now).Alarms {
		if !a.Acknowledged || a.By != remote {
			t.Errorf("got %+v, want acknowledged by the district", a)
		}
	}
	if e := r.order(Command{Action: Acknowledge, By: onSite}); e.Reason != RefusedNothing {
		t.Errorf("again: got %v %q, want nothing to do", e.Kind, e.Reason)
	}
}
