package agent

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/wire"
)

// ordered gives the site a gas valve that reports back, and a button that answers calls.
func ordered(_ *rig, text *string, _ *Options) {
	*text += `
[[output]]
id = "gas-valve"
kind = "valve"
model = "relay"
line = "GPIO20"
feedback = "valve-closed"

[[sensor]]
name = "valve-switch"
model = "contact"
line = "GPIO21"
pull = "up"

[[point]]
id = "valve-closed"
signal = "supervisory"
record = true
from = "valve-switch"

[[sensor]]
name = "answer-button"
model = "contact"
line = "GPIO23"
pull = "up"

[[point]]
id = "answer-1"
class = "button"
from = "answer-button"
action = "answer"
`
}

const (
	valveLine  = "GPIO20"
	switchLine = "GPIO21"
	answerLine = "GPIO23"
)

// command sends an order of the district that holds for ten minutes.
func (r *rig) command(id, name, args string) {
	r.Helper()
	r.send(wire.Command{
		ID: id, Name: name, Args: []byte(args), Issued: time.Now(),
		Expires: time.Now().Add(10 * time.Minute),
	})
}

func (r *rig) send(c wire.Command) {
	r.Helper()
	if !r.district.receiver.Order(r.status().Identity.Device, c) {
		r.Fatal("the district does not know the box")
	}
}

// answers lists what the district was told of a command: state, reason and detail.
func (r *rig) answers(id string) (list []string) {
	for _, m := range r.district.messages(func(m message) bool { return m.leaf == wire.UpRsp }) {
		var a struct{ ID, State, Reason, Detail, Ledger string }
		if json.Unmarshal(m.Data, &a) == nil && a.ID == id {
			text := strings.Join([]string{a.State, a.Reason, a.Detail, a.Ledger}, " ")
			list = append(list, strings.Join(strings.Fields(text), " "))
		}
	}
	return list
}

// wantAnswers holds what was answered against what should have been.
func (r *rig) wantAnswers(id string, want ...string) {
	r.Helper()
	if got := r.answers(id); !slices.Equal(got, want) {
		r.Errorf("%s: answered %q, want %q", id, got, want)
	}
}

func (r *rig) isOn(line string) bool {
	changes, _ := r.board.Pin(line).History()
	return len(changes) > 0 && changes[len(changes)-1].High
}

// The district closes a valve, and is told that it is closed once its switch says so; the valve
// never opens from afar, and a repeated order is answered as before and does nothing.
func TestDistrictClosesAValveAndNeverOpensOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled, ordered).run()
		r.sleepUntil(5 * time.Second)
		r.command("c-1", "operate", `{"output":"gas-valve","on":true}`)
		r.sleepUntil(7 * time.Second)
		if !r.isOn(valveLine) {
			t.Fatalf("the valve is not told to close; answered %q", r.answers("c-1"))
		}
		r.wantAnswers("c-1", "executing")
		r.board.Pin(switchLine).Drive(false)
		r.sleepUntil(9 * time.Second)
		r.wantAnswers("c-1", "executing", "done")
		r.command("c-2", "operate", `{"output":"gas-valve","on":false}`)
		r.command("c-1", "operate", `{"output":"gas-valve","on":true}`)
		r.sleepUntil(11 * time.Second)
		r.wantAnswers("c-2", "rejected not_permitted")
		r.wantAnswers("c-1", "executing", "done", "done")
		if n := len(r.heard(alarm.Operated)); n != 1 || !r.isOn(valveLine) {
			t.Errorf("operated %d times, closed %v; want once and closed", n, r.isOn(valveLine))
		}
		for _, e := range append(r.heard(alarm.Operated), r.heard(alarm.Refused)...) {
			if want := map[alarm.Kind]string{alarm.Operated: "c-1", alarm.Refused: "c-2"}; e.Cause !=
				want[e.Kind] || e.By.Kind != alarm.District {
				t.Errorf("%v: cause %q by %v", e.Kind, e.Cause, e.By.Kind)
			}
		}
		r.end()
	})
}

// A valve that does not report back is told again once, and then the order has failed.
func TestAValveThatDoesNotCloseIsToldAsFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled, ordered).run()
		r.sleepUntil(5 * time.Second)
		r.command("c-1", "operate", `{"output":"gas-valve","on":true}`)
		r.sleepUntil(25 * time.Second)
		r.wantAnswers("c-1", "executing")
		r.sleepUntil(40 * time.Second)
		r.wantAnswers("c-1", "executing", "failed unconfirmed")
		if !r.shows(alarm.ValveFail) {
			t.Errorf("shown: %v", r.faults())
		}
		r.end()
	})
}

// A duty check is accepted at once, and ends with the person who presses the button of the box; one
// that nobody answers ends too.
func TestT09DutyCheckEndsWithAnAnswerOrWithout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled, ordered).run()
		r.sleepUntil(5 * time.Second)
		r.command("k-1", "duty_check", ``)
		r.sleepUntil(20 * time.Second)
		r.wantAnswers("k-1", "accepted")
		r.board.Pin(answerLine).Drive(false)
		r.sleepUntil(21 * time.Second)
		r.board.Pin(answerLine).Float()
		r.sleepUntil(22 * time.Second)
		r.wantAnswers("k-1", "accepted", "answered")
		r.command("k-2", "duty_check", `{"within":60}`)
		r.sleepUntil(80 * time.Second)
		r.wantAnswers("k-2", "accepted")
		r.sleepUntil(90 * time.Second)
		r.wantAnswers("k-2", "accepted", "unanswered")
		r.end()
	})
}

// A warning is told as sounded, and ends though nobody answers; two orders for the same warning
// sound once and end alike; one whose time is over before that has expired.
func TestWarningEndsThoughNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled, ordered).run()
		r.sleepUntil(5 * time.Second)
		args := `{"id":"w-1","colour":"red","text":"暴雨红色预警"}`
		r.command("w-1a", "warning", args)
		r.sleepUntil(10 * time.Second)
		r.wantAnswers("w-1a", "accepted", "announced")
		r.command("w-1b", "warning", args)
		r.sleepUntil(3*time.Minute - time.Second)
		r.wantAnswers("w-1a", "accepted", "announced")
		r.sleepUntil(3*time.Minute + 10*time.Second)
		r.wantAnswers("w-1a", "accepted", "announced", "unanswered")
		if got := r.answers("w-1b"); got[0] != "accepted" || got[len(got)-1] != "unanswered" {
			t.Errorf("the second order: %q", got)
		}
		if n := len(r.heard(alarm.WarningReceived)); n != 1 {
			t.Errorf("received %d times, want once", n)
		}
		r.send(wire.Command{
			ID: "w-2", Name: "warning", Args: []byte(`{"colour":"yellow","text":"大风"}`),
			Issued: time.Now(), Expires: time.Now().Add(time.Minute),
		})
		r.sleepUntil(5 * time.Minute)
		r.wantAnswers("w-2", "accepted", "announced", "expired")
		r.end()
	})
}

// The district drills: nothing burns, and it ends when the district says so. What the site file
// takes away, the panel refuses.
func TestDistrictDrills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled, func(_ *rig, text *string, _ *Options) {
			*text += "may_not = [\"test_start\"]\n"
		}).run()
		r.sleepUntil(5 * time.Second)
		r.command("d-1", "drill_start", `{"for":600}`)
		r.sleepUntil(30 * time.Second)
		r.wantAnswers("d-1", "done")
		if d := r.status().Panel.Drill; d == nil || !d.Running || r.sounded() == 0 {
			t.Errorf("drill %+v, sounded %v", d, r.sounded())
		}
		r.command("d-2", "drill_start", ``)
		r.command("d-3", "drill_end", ``)
		r.command("d-4", "test_start", ``)
		r.sleepUntil(35 * time.Second)
		r.wantAnswers("d-2", "rejected busy")
		r.wantAnswers("d-3", "done")
		r.wantAnswers("d-4", "rejected not_permitted")
		if d := r.status().Panel.Drill; d.Running {
			t.Errorf("the drill goes on: %+v", d)
		}
		r.end()
	})
}

// The district may mark an alarm as seen, read values and ask for the snapshot. It may not reset,
// and nothing that it sends silences the siren.
func TestDistrictSeesAndSilencesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled).run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(8 * time.Second)
		snapshots := func() int {
			return len(r.district.messages(func(m message) bool { return m.leaf == wire.UpActive }))
		}
		for i, c := range []struct {
			name, args, answer string
			seen               bool
		}{
			{"reset", ``, "rejected not_permitted", false},
			{"silence", ``, "rejected not_permitted", false},
			{"verdict", ``, "rejected not_permitted", false},
			{"acknowledge", `{"point":1}`, "rejected malformed", false},
			{"acknowledge", ``, "done", true},
			{"acknowledge", ``, "failed nothing_to_do", true},
			{"disable", `{"point":"call-1","for":60,"reason":"x"}`,
				"rejected not_permitted", true}, // it is in alarm
			{"disable", `{"point":"heat-1","for":60}`, "rejected malformed no_reason", true},
			{"disable", `{"point":"heat-1","for":60,"reason":"x"}`, "done", true},
			{"enable", `{"point":"heat-1"}`, "done", true},
			{"enable", `{"point":"heat-9"}`, "rejected malformed unknown_point", true},
			{"read", `{"points":["heat-1","call-1"]}`, "done", true},
			{"read", `{"points":["heat-9"]}`, "failed unknown_point", true},
			{"snapshot", ``, "done", true},
			{"resend", `{"epoch":"9f3c1a77","lane":"t","from":1,"to":2}`, "done", true},
			{"resend", `{"epoch":"9f3c1a77","lane":"x","from":1,"to":2}`, "rejected malformed", true},
			{"restart", ``, "rejected unsupported", true},
		} {
			id, before := fmt.Sprint("c-", i), snapshots()
			r.command(id, c.name, c.args)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			r.wantAnswers(id, c.answer)
			a := r.status().Panel.Alarms[0]
			if a.Acknowledged != c.seen || a.Silenced || r.status().Panel.Silenced {
				t.Errorf("%s: alarm %+v", c.name, a)
			}
			if c.name == "snapshot" && snapshots() != before+1 {
				t.Errorf("snapshot: %d came", snapshots()-before)
			}
		}
		for _, m := range r.district.messages(func(m message) bool { return m.leaf == wire.UpRsp }) {
			var a struct {
				Values []struct {
					N  string
					V  *float64
					VB *bool
				}
			}
			if json.Unmarshal(m.Data, &a) != nil || a.Values == nil {
				continue
			}
			if v := a.Values; len(v) != 2 || v[0].N != "heat-1" || *v[0].V < 10 || !*v[1].VB {
				t.Errorf("values: %s", m.Data)
			}
		}
		r.end()
	})
}

// A district that has lost what it had receipted asks for it, and is told that it will not come:
// each number once, and nothing else is called missing.
func TestWhatIsNotThereAnyMoreIsDeclaredWhenAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled).run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(time.Minute)
		isAlarm := func(m message) bool { return m.Lane == "a" }
		epoch, before := r.district.messages(isAlarm)[0].Epoch, r.district.receiver.Report()
		if len(before.Missing) > 0 || before.Received["a"] < 1 {
			t.Errorf("before: missing %v, received %v", before.Missing, before.Received)
		}
		r.command("c-1", "resend", fmt.Sprintf(`{"epoch":%q,"lane":"a","from":1,"to":1}`, epoch))
		r.command("c-2", "resend", `{"epoch":"0000cafe","lane":"t","from":7,"to":9}`)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		r.wantAnswers("c-1", "done")
		r.wantAnswers("c-2", "done")
		rep := r.district.receiver.Report()
		if got := rep.Declared[wire.CauseDeleted]; got != 4 || rep.Absent != 3 {
			t.Errorf("%d numbers declared, %d of them not here, want 4 and 3", got, rep.Absent)
		}
		if len(rep.Missing) > 0 || rep.BodyMismatch > 0 || rep.Malformed > 0 {
			t.Errorf("after: missing %v, %d with another body, %v", rep.Missing, rep.BodyMismatch,
				rep.Faults)
		}
		r.end()
	})
}

// Without a clock an order that actuates is refused, but for one that makes the site safer.
func TestOrdersWithoutAClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled, ordered, func(_ *rig, _ *string, o *Options) {
			o.Wall = func() Wall { return Wall{Quality: wire.ClockRTC, Error: -1} }
		}).run()
		r.sleepUntil(5 * time.Second)
		r.command("c-1", "drill_start", ``)
		r.command("c-2", "operate", `{"output":"siren","on":true}`)
		r.command("c-3", "operate", `{"output":"gas-valve","on":false}`)
		r.sleepUntil(8 * time.Second)
		r.wantAnswers("c-2", "done")
		if r.sounded() == 0 {
			t.Error("the siren is silent")
		}
		for _, id := range []string{"c-1", "c-3"} {
			if got := r.answers(id); len(got) != 1 || got[0] == "done" {
				t.Errorf("%s: %q", id, got)
			}
		}
		r.end()
	})
}

// After a restart an order that came before is answered as it was then and does nothing, a call
// that nobody has answered goes on, and the birth names the last order.
func TestOrdersOutliveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := newRig(t, enrolled, ordered).run()
		one.sleepUntil(5 * time.Second)
		one.command("c-1", "operate", `{"output":"siren","on":true}`)
		one.command("k-1", "duty_check", `{"within":300}`)
		one.sleepUntil(10 * time.Second)
		one.wantAnswers("c-1", "done")
		one.wantAnswers("k-1", "accepted")
		state := filepath.Join(t.TempDir(), "state")
		copyDir(t, one.dir, state)
		if err := one.end(); err != nil {
			t.Fatal(err)
		}

		two := newRig(t, ordered, func(r *rig, _ *string, _ *Options) { r.dir = state }).run()
		two.sleepUntil(5 * time.Second)
		two.command("c-1", "operate", `{"output":"siren","on":true}`)
		two.command("k-1", "duty_check", `{"within":300}`)
		two.sleepUntil(10 * time.Second)
		if n := len(two.heard(alarm.Operated)) + len(two.heard(alarm.DutyAsked)); n != 0 {
			t.Errorf("obeyed %d times more", n)
		}
		if got := two.answers("c-1"); len(got) == 0 || slices.Contains(got, "failed") {
			t.Errorf("c-1: %q", got)
		}
		two.board.Pin(answerLine).Drive(false)
		two.sleepUntil(15 * time.Second)
		got := two.answers("k-1")
		if len(got) == 0 || got[len(got)-1] != "answered" {
			t.Errorf("k-1: %q, want it answered at last", got)
		}
		two.end()
	})
}
