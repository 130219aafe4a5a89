package agent

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/desk"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
)

// manned gives the site operators 1 of level 1 and 7 of level 2, whose PIN is 2468, and duties.
func manned(r *rig, text *string, _ *Options) {
	hash, err := site.HashPIN("2468")
	if err != nil {
		r.Fatal(err)
	}
	*text += fmt.Sprintf(`
[[operator]]
number = 1
name = "Li"

[[operator]]
number = 7
name = "Wang"
level = 2
pin = %q

[[item]]
id = "extinguishers"
every = "31 d"

[[sensor]]
name = "reset-button"
model = "contact"
line = "GPIO23"
pull = "up"

[[point]]
id = "reset-1"
class = "button"
from = "reset-button"
action = "reset"
`, hash)
}

// The panel is told the date only while the clock can be believed: better than one that was set in
// this run and then went on by itself. The date is that of the place, not of Greenwich.
func TestDateOfAClockThatCanBeBelieved(t *testing.T) {
	east := time.FixedZone("", 8*60*60)
	noon := time.Date(2026, 3, 14, 12, 0, 0, 0, east)
	want := alarm.Date(20_526)
	if want.String() != "2026-03-14" {
		t.Fatalf("20526 is %v", want)
	}
	for q := wire.ClockNone; q <= wire.ClockGNSS; q++ {
		got := today(Wall{Now: noon, Quality: q})
		if q <= wire.ClockHold && got != 0 || q > wire.ClockHold && got != want {
			t.Errorf("quality %v: got %v", q, got)
		}
	}
	early := time.Date(2026, 3, 14, 0, 30, 0, 0, east) // still the 13th in Greenwich
	if got := today(Wall{Now: early, Quality: wire.ClockNTP}); got != want {
		t.Errorf("half past midnight: got %v", got)
	}
}

// In a running agent calendar duties wait while the clock is not set, and go on, by the date of the
// day, within seconds of its being set.
func TestCalendarDutiesWaitForTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var quality, ahead atomic.Int64
		r := newRig(t, manned, func(_ *rig, _ *string, o *Options) {
			o.Wall = func() Wall {
				return Wall{
					Now:     time.Now().Add(time.Duration(ahead.Load())),
					Quality: wire.ClockQuality(quality.Load()),
				}
			}
		}).run()
		r.sleepUntil(5 * time.Second)
		if d := r.status().Panel.Duties; d.Date != 0 || !d.Waiting {
			t.Errorf("without a clock: date %v, waiting %v", d.Date, d.Waiting)
		}
		quality.Store(int64(wire.ClockNTP))
		r.sleepUntil(10 * time.Second)
		d := r.status().Panel.Duties
		if d.Date.String() != time.Now().Format(time.DateOnly) || d.Waiting {
			t.Errorf("with a clock: date %v, waiting %v", d.Date, d.Waiting)
		}
		quality.Store(int64(wire.ClockNone)) // then the agent's own clock holds
		r.sleepUntil(15 * time.Second)
		if d := r.status().Panel.Duties; d.Date != 0 || !d.Waiting {
			t.Errorf("on hold: date %v, waiting %v", d.Date, d.Waiting)
		}
		ahead.Store(int64(32 * 24 * time.Hour))
		r.sleepUntil(20 * time.Second)
		if n := len(r.heard(alarm.ItemOverdue)); n != 0 {
			t.Errorf("%d items overdue without a date", n)
		}
		quality.Store(int64(wire.ClockNTP))
		r.sleepUntil(25 * time.Second)
		if n := len(r.heard(alarm.ItemOverdue)); n != 1 {
			t.Errorf("%d items overdue after 32 days, want 1", n)
		}
		r.end()
	})
}

// Where the site names operators an order has the level of whoever proves to be one; without a PIN
// it is that of anybody, and every refusal of the panel is kept.
func TestOrdersNeedTheirOperator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, manned).run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(8 * time.Second)
		for _, step := range []struct {
			body   string
			code   int
			event  string
			reason string
		}{
			{`{"action":"silence"}`, 409, "refused", alarm.RefusedNotPermitted},
			{`{"action":"silence","operator":5}`, 409, "refused", alarm.RefusedOperator},
			{`{"action":"silence","operator":1}`, 409, "refused", alarm.RefusedNotPermitted},
			{`{"action":"silence","operator":7}`, 401, "", ReasonPINNeeded},
			{`{"action":"silence","operator":7,"pin":"1111"}`, 409, "refused", alarm.RefusedPIN},
			{`{"action":"silence","operator":7,"pin":"2468"}`, 200, "silenced", ""},
			{`{"action":"accept","operator":1}`, 200, "incident_accepted", ""},
			{`{"action":"arrive","operator":1}`, 200, "incident_arrived", ""},
			{`{"action":"verdict","operator":1,"verdict":"real"}`, 409, "refused",
				alarm.RefusedNotPermitted},
			{`{"action":"verdict","operator":7,"pin":"2468","verdict":"real"}`, 200,
				"incident_verdict", ""},
			{`{"action":"verdict","operator":7,"pin":"2468","verdict":"maybe"}`, 400, "", ""},
			{`{"action":"duty_check","operator":7,"pin":"2468","id":"k-1"}`, 200, "duty_asked", ""},
			{`{"action":"answer"}`, 409, "refused", alarm.RefusedNoOperator},
			{`{"action":"answer","operator":7}`, 200, "duty_answered", ""},
			{`{"action":"item_done","operator":1,"id":"extinguishers","evidence":"ab12"}`, 200,
				"item_done", ""},
			{`{"action":"hazard_open","operator":1,"text":"通道堆物","days":3}`, 200,
				"hazard_opened", ""},
			{`{"action":"hazard_close","operator":7,"pin":"2468","id":"h1"}`, 200,
				"hazard_closed", ""},
			{`{"action":"shift_on","operator":7}`, 200, "shift_on", ""},
		} {
			code, a := r.order(step.body)
			if code != step.code || a.Event != step.event || a.Reason != step.reason {
				t.Errorf("%s: got %d %+v, want %d %s %q", step.body, code, a, step.code, step.event,
					step.reason)
			}
		}
		synctest.Wait()
		for _, e := range r.heard(0) {
			if strings.Contains(fmt.Sprintf("%+v", e), "2468") {
				t.Errorf("an event shows the PIN: %+v", e)
			}
		}
		r.end()
	})
}

// Who guesses PINs must wait, longer and longer; the buttons of the box, what needs no PIN and
// other operators do not.
func TestGuessingPINsLocksOutTheGuesserAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, manned).run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(8 * time.Second)
		wrong := `{"action":"silence","operator":7,"pin":"1111"}`
		right := `{"action":"silence","operator":7,"pin":"2468"}`
		for range desk.FreeTries {
			if code, a := r.order(wrong); code != 409 || a.Reason != alarm.RefusedPIN {
				t.Fatalf("got %d %+v", code, a)
			}
		}
		if code, a := r.order(right); code != 429 || a.Reason != ReasonPINLocked {
			t.Fatalf("right PIN after %d wrong ones: got %d %+v, want it locked", desk.FreeTries, code, a)
		}
		synctest.Wait()
		if n := len(r.heard(alarm.Refused)); n != desk.FreeTries {
			t.Errorf("%d refusals are kept, want %d", n, desk.FreeTries)
		}
		if code, a := r.order(`{"action":"accept","operator":7}`); code != 200 {
			t.Errorf("what needs no PIN: %d %+v", code, a)
		}
		r.release()
		r.sleepUntil(30 * time.Second)
		r.board.Pin("GPIO23").Drive(false)
		r.sleepUntil(31 * time.Second)
		if n := len(r.heard(alarm.ResetDone)); n != 1 {
			t.Errorf("%d resets by the button, want 1", n)
		}
		time.Sleep(desk.FirstLock)
		r.order(wrong) // the sixth: twice as long
		time.Sleep(desk.FirstLock)
		if code, _ := r.order(right); code != 429 {
			t.Errorf("after the first lock: %d, want it locked for longer", code)
		}
		time.Sleep(desk.FirstLock)
		if code, a := r.order(right); code == 429 || a.Reason == alarm.RefusedPIN {
			t.Errorf("after the second lock: %d %+v", code, a)
		}
		r.end()
	})
}
