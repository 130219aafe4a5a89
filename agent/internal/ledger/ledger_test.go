package ledger

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/wire"
)

// ends are orders, what somebody at the box has done before each, and what each is answered with.
var ends = []struct {
	name, args string
	before     []string // orders of somebody at the box: action and what it is about
	want       []string
}{
	{"acknowledge", ``, nil, []string{"failed nothing_to_do"}},
	{"acknowledge", ``, []string{"fire"}, []string{"done"}},
	{"silence", ``, []string{"fire"}, []string{"rejected not_permitted"}},
	{"reset", ``, []string{"fire"}, []string{"rejected not_permitted"}},
	{"disable", `{"point":"smoke-1","for":60,"reason":"works"}`, nil, []string{"done"}},
	{"disable", `{"point":"smoke-1","for":28801,"reason":"works"}`, nil,
		[]string{"rejected malformed bad_duration"}},
	{"disable", `{"point":"smoke-1","for":60}`, nil, []string{"rejected malformed no_reason"}},
	{"disable", `{"point":"smoke-1","for":60,"reason":"x"}`, []string{"disable"},
		[]string{"rejected not_permitted"}},
	{"enable", `{"point":"smoke-1"}`, nil, []string{"failed nothing_to_do"}},
	{"enable", `{"point":"smoke-1"}`, []string{"disable"},
		[]string{"rejected not_permitted"}},
	{"enable", `{"point":"smoke-9"}`, nil, []string{"rejected malformed unknown_point"}},
	{"operate", `{"output":"siren","on":true}`, nil, []string{"done"}},
	{"operate", `{"output":"siren","on":false}`, nil,
		[]string{"rejected not_permitted"}},
	{"operate", `{"output":"valve","on":false}`, nil,
		[]string{"rejected not_permitted"}},
	{"operate", `{"output":"lamp","on":true}`, nil,
		[]string{"rejected not_permitted"}},
	{"operate", `{"output":"horn","on":true}`, nil,
		[]string{"rejected malformed unknown_output"}},
	{"operate", `{"output":"valve","on":true}`, nil,
		[]string{"executing", "failed unconfirmed"}},
	{"drill_start", ``, nil, []string{"done"}},
	{"drill_start", ``, []string{"fire"}, []string{"failed alarm_stands"}},
	{"drill_start", `{"points":["smoke-9"]}`, nil, []string{"rejected malformed unknown_point"}},
	{"drill_end", ``, nil, []string{"failed nothing_to_do"}},
	{"drill_end", ``, []string{"drill"}, []string{"done"}},
	{"test_start", ``, []string{"drill"}, []string{"rejected busy"}},
	{"test_start", `{"zone":"hall"}`, nil, []string{"rejected malformed unknown_zone"}},
	{"test_start", ``, nil, []string{"done"}},
	{"test_end", ``, []string{"test"}, []string{"rejected not_permitted"}},
	{"test_receipt", `{"point":"smoke-1"}`, []string{"test"}, []string{"failed nothing_to_do"}},
	{"self_test", ``, nil, []string{"done"}},
	{"duty_check", `{"within":30}`, nil, []string{"accepted", "unanswered"}},
	{"duty_check", `{"within":30,"colour":"red"}`, nil, []string{"rejected malformed"}},
	{"warning", `{"colour":"red","text":"rain","within":30}`, nil,
		[]string{"accepted", "announced", "unanswered"}},
	{"warning", `{"text":"rain"}`, nil, []string{"rejected malformed"}},
	{"warning", `{"colour":"red"}`, nil, []string{"rejected malformed"}},
	{"accept", ``, nil, []string{"rejected not_permitted"}},
	{"answer", ``, nil, []string{"rejected not_permitted"}},
	{"read", `{"points":["smoke-1"]}`, nil, []string{"done"}},
	{"read", `{"points":["smoke-9"]}`, nil, []string{"failed unknown_point"}},
	{"read", `{"points":[]}`, nil, []string{"rejected malformed"}},
	{"snapshot", ``, nil, []string{"done"}},
	{"resend", `{"epoch":"9f3c1a77","lane":"t","from":1,"to":9}`, nil, []string{"done"}},
	{"resend", `{"epoch":"9f3c1a77","lane":"a","from":1,"to":9}`, nil,
		[]string{"rejected storage"}},
	{"resend", `{"epoch":"9f3c1a77","lane":"e","from":1,"to":9}`, nil, []string{"rejected busy"}},
	{"resend", `{}`, nil, []string{"rejected malformed"}},
	{"restart", ``, nil, []string{"rejected unsupported"}},
	{"", ``, nil, []string{"rejected malformed"}}, // what the decoder refused
}

// Each order comes to the end that its state and the site's call for, and each answer is one of the
// contract.
func TestEveryOrderComesToItsEnd(t *testing.T) {
	for _, c := range ends {
		t.Run(c.name+" "+strings.Join(c.want, " "), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				saved := alarm.Saved{}
				if slices.Contains(c.before, "fire") {
					saved.Alarms = []alarm.SavedAlarm{{
						ID: "smoke-1-1-1", Point: "smoke-1", Signal: alarm.Fire,
						Finding: detect.Finding{Level: detect.Alarm},
					}}
				}
				r := newRig(t, t.TempDir(), saved).run()
				r.prepare(c.before)
				r.order("c-1", c.name, c.args)
				wait(time.Minute)
				var want []string
				for _, state := range c.want {
					want = append(want, "c-1 "+state)
				}
				r.want(want...)
				if r.confirms != 1 {
					t.Errorf("confirmed %d times", r.confirms)
				}
				r.keepsContract()
				r.end()
			})
		})
	}
}

// prepare lets somebody at the box act before the district does.
func (r *rig) prepare(what []string) {
	r.Helper()
	by := alarm.Origin{Kind: alarm.CLI, Level: 2}
	for _, w := range what {
		c, ok := map[string]alarm.Command{
			"disable": {Action: alarm.Disable, Point: "smoke-1", For: time.Hour, Reason: "works"},
			"drill":   {Action: alarm.StartDrill},
			"test":    {Action: alarm.StartTest},
		}[w]
		if !ok {
			continue
		}
		c.By = by
		if err := r.guard.Submit(c); err != nil {
			r.Fatal(err)
		}
		wait(100 * time.Millisecond)
	}
}

// keepsContract holds each answer against the published schema.
func (r *rig) keepsContract() {
	r.Helper()
	s, err := jsonschema.NewCompiler().Compile("../../wire/contract/schema/rsp.v1.json")
	if err != nil {
		r.Fatal(err)
	}
	for _, b := range r.bodies {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			r.Fatal(err)
		}
		if err := s.Validate(doc.(map[string]any)["data"]); err != nil {
			r.Errorf("%s: %v", b, err)
		}
	}
}

// An order that comes again, while it is under way or long after, is answered with what has come of
// it and obeyed once.
func TestARepeatedOrderIsAnsweredAndObeyedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), alarm.Saved{}).run()
		siren := func(id string) { r.order(id, "operate", `{"output":"siren","on":true}`) }
		siren("c-1")
		siren("c-1")
		wait(time.Second)
		r.want("c-1 done")
		siren("c-1")
		wait(time.Second)
		r.want("c-1 done", "c-1 done")
		r.order("c-2", "duty_check", `{"id":"k-1"}`)
		wait(time.Second)
		r.order("c-2", "duty_check", `{"id":"k-1"}`)
		r.order("c-3", "duty_check", `{"id":"k-1"}`) // the same call, in another order
		wait(time.Second)
		r.want("c-1 done", "c-1 done", "c-2 accepted", "c-2 accepted", "c-3 accepted")
		by := alarm.Origin{Kind: alarm.CLI, Operator: 7, Level: 2}
		if err := r.guard.Submit(alarm.Command{Action: alarm.Answer, By: by}); err != nil {
			t.Fatal(err)
		}
		wait(time.Second)
		r.order("c-2", "warning", `{"colour":"red","text":"x"}`) // a used id is used
		wait(time.Second)
		r.want("c-1 done", "c-1 done", "c-2 accepted", "c-2 accepted", "c-3 accepted",
			"c-2 answered", "c-3 answered", "c-2 answered")
		if !bytes.Contains(r.bodies[7], []byte(`"by":{"kind":"cli","operator":7`)) {
			t.Errorf("who answered: %s", r.bodies[7])
		}
		if n := r.obeyed(); n != 2 {
			t.Errorf("obeyed %d times, want 2: %+v", n, r.acts)
		}
		if r.confirms != 7 || r.ledger.Last() != "c-2" {
			t.Errorf("confirmed %d of 7, last %q", r.confirms, r.ledger.Last())
		}
		r.keepsContract()
		r.end()
	})
}

// A deadline is judged before the panel is asked and, while the order waits for a disk, once more;
// a call that is out of date before anybody has answered has expired.
func TestExpiredOrders(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), alarm.Saved{}).run()
		send := func(id, name, args string, left time.Duration) {
			c := wire.Command{ID: id, Name: name, Issued: time.Now(), Args: []byte(args)}
			if left != 0 {
				c.Expires = time.Now().Add(left)
			}
			r.send(c)
		}
		send("c-1", "drill_start", `{}`, -time.Second)
		send("c-2", "operate", `{"output":"siren","on":true}`, -time.Second)
		send("c-3", "drill_start", `{}`, 0)
		send("c-4", "read", `{"points":["smoke-1"]}`, -time.Second)
		send("c-5", "read", `{"points":["smoke-1"]}`, 0)
		wait(time.Second)
		r.sort() // what is read waits for no disk, and may be answered first
		r.want("c-1 rejected expired", "c-2 rejected expired",
			"c-3 rejected malformed no_expires", "c-4 rejected expired", "c-5 done")
		r.answers = nil
		r.disk.set(true, nil)
		send("c-6", "drill_start", `{}`, 300*time.Millisecond)
		wait(500 * time.Millisecond)
		r.disk.set(false, nil)
		send("c-7", "warning", `{"colour":"yellow","text":"x"}`, 10*time.Second)
		wait(time.Minute)
		r.want("c-6 expired", "c-7 accepted", "c-7 announced", "c-7 expired")
		if n := r.obeyed(); n != 1 {
			t.Errorf("obeyed %d times, want the warning alone", n)
		}
		r.keepsContract()
		r.end()
	})
}

// Without a clock nobody can tell whether an order has expired: only what makes the site safer, or
// moves nothing, is obeyed.
func TestOrdersWithoutAClock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, t.TempDir(), alarm.Saved{}, func(r *rig) { r.known = false }).run()
		for i, c := range []struct{ name, args string }{
			{"disable", `{"point":"smoke-1","for":60,"reason":"x"}`},
			{"drill_start", ``}, {"duty_check", ``}, {"warning", `{"colour":"red","text":"x"}`},
			{"operate", `{"output":"lamp","on":true}`}, {"operate", `{"output":"siren","on":false}`},
			{"self_test", ``}, {"silence", ``}, {"reset", ``},
		} {
			r.order(fmt.Sprint("c-", i), c.name, c.args)
			wait(100 * time.Millisecond)
			if got, want := r.answers[i], fmt.Sprint("c-", i, " rejected clock"); got != want {
				t.Errorf("%s: got %q, want %q", c.name, got, want)
			}
		}
		r.answers = nil
		r.order("s-1", "operate", `{"output":"siren","on":true}`)
		r.order("s-2", "acknowledge", ``)
		r.order("s-3", "read", `{"points":["smoke-1"]}`)
		wait(100 * time.Millisecond)
		r.want("s-3 done", "s-1 done", "s-2 failed nothing_to_do")
		r.known = true
		r.order("c-1", "drill_start", ``) // it was answered
		r.order("d-1", "drill_start", ``)
		wait(100 * time.Millisecond)
		r.want("s-3 done", "s-1 done", "s-2 failed nothing_to_do", "c-1 rejected clock", "d-1 done")
		r.end()
	})
}

// A flood neither grows the ledger nor its file without bound, and what is not over is not
// forgotten for it.
func TestTheLedgerIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		disk := &memoryDisk{}
		r := newRig(t, "", alarm.Saved{}, func(r *rig) { r.ledger.file = disk }).run()
		r.order("k-1", "duty_check", ``)
		most := 0
		for i := range 2*mostKept + 100 {
			r.order(fmt.Sprint("c-", i), "enable", `{"point":"smoke-9`+strings.Repeat("x", 90)+`"}`)
			if i%10 == 9 {
				wait(100 * time.Millisecond)
				most = max(most, len(disk.data))
			}
		}
		wait(time.Second)
		if n := len(r.ledger.order); n > mostKept || len(r.ledger.byID) != n || most > 3<<20 {
			t.Errorf("%d and %d kept, longest file %d bytes", n, len(r.ledger.byID), most)
		}
		if n := len(r.answers); n != 2*mostKept+101 {
			t.Errorf("%d answers", n)
		}
		r.answers = nil
		r.order("k-1", "duty_check", ``)
		wait(time.Second)
		r.want("k-1 accepted")
		wait(10 * time.Minute) // the duty check is over
		r.ahead = keptFor + time.Hour
		r.order("c-y", "enable", `{"point":"x"}`)
		wait(time.Second)
		if n := len(r.ledger.order); n != 1 {
			t.Errorf("%d are kept after 30 days, want the newest", n)
		}
		r.end()
	})
}
