package diag

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// drilled is the quiet site in a drill.
func drilled() *Status {
	s := quiet()
	p := s.Panel
	p.Points[0].Alarm = "smoke-1-41-6"
	p.Alarms = []alarm.AlarmState{{
		ID: "smoke-1-41-6", Point: "smoke-1", Zone: "kitchen", Signal: alarm.Fire, Drill: true,
		Finding: detect.Finding{Level: detect.Alarm}, Since: 81 * sec, Reached: 81 * sec,
		Active: true, Latched: true,
	}}
	p.Drill = &alarm.DrillState{
		Running: true, Age: 30 * time.Second, Left: 20 * time.Minute, Sounded: 10 * time.Second,
		Points: []alarm.DrillPoint{{Point: "smoke-1", Raised: 10 * time.Second}},
	}
	p.Outputs[0].Pattern = alarm.Temporal3
	return s
}

// held is the quiet site with an alarm that waits for a person, a point under test and one that
// comes and goes.
func held() *Status {
	s := quiet()
	p := s.Panel
	p.Alarms = []alarm.AlarmState{{
		ID: "smoke-1-41-6", Point: "smoke-1", Zone: "kitchen", Signal: alarm.Fire,
		Finding: detect.Finding{Level: detect.PreAlarm}, Since: 97 * sec, Reached: 97 * sec,
		Active: true, Phase: alarm.WaitAck, Left: 12 * time.Second,
	}}
	p.Points[1].Testing, p.Points[2].Chatters = true, true
	p.Test = &alarm.TestState{
		Running: true, Zone: "kitchen", Age: time.Minute, Left: 59 * time.Minute,
		Points: []alarm.TestPoint{
			{Point: "heat-1", Tried: true, Detected: 10 * time.Second, Alarmed: 12 * time.Second},
			{Point: "smoke-1", Skipped: "in alarm"},
		},
	}
	return s
}

// A drill is a drill wherever it is shown: in the head, on its card, at its point, in the JSON and
// in the numbers. Nowhere does it say that there is a fire, or that somebody should call 119.
func TestDrillIsShownAsADrill(t *testing.T) {
	page := body(t, drilled(), "/")
	for _, want := range []string{`data-state="drill">`, "演练", "DRILL",
		`<li data-key="smoke-1-41-6" data-state="drill">`, `<td data-state="drill">`, "20 min left",
		"do not call 119"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	for _, never := range []string{"FIRE", "火警<", `data-state="fire"`, "Call 119"} {
		if strings.Contains(page, never) {
			t.Errorf("the page of a drill says %q", never)
		}
	}
	json := body(t, drilled(), "/status.json")
	for _, want := range []string{`"state": "drill"`, `"drill": true`, `"raised_seconds": 10`} {
		if !strings.Contains(json, want) {
			t.Errorf("the JSON has no %s", want)
		}
	}
	metrics := body(t, drilled(), "/metrics")
	for _, want := range []string{"firepost_drill 1", `firepost_alarm_active{signal="fire"} 0`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
	s := drilled()
	s.Panel.Alarms = append(s.Panel.Alarms, alarm.AlarmState{
		ID: "gas-1-41-7", Point: "gas-1", Signal: alarm.Gas,
		Finding: detect.Finding{Level: detect.Alarm}, Active: true,
	})
	if !strings.Contains(body(t, s, "/"), `<header id="state" data-state="gas">`) {
		t.Error("a drill hides a real alarm")
	}
}

// The page says what an alarm waits for that its zone holds back, and for how long still; which
// point is under test, and which one comes and goes.
func TestPageTellsWhatIsHeldBack(t *testing.T) {
	page := body(t, held(), "/")
	for _, want := range []string{"Acknowledge it, or the siren sounds", "12 s left", "Walk test",
		"comes and goes"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	json := body(t, held(), "/status.json")
	for _, want := range []string{`"phase": "wait_ack"`, `"left_seconds": 12`, `"testing": true`,
		`"chatters": true`, `"alarmed_seconds": 12`, `"skipped": "in alarm"`} {
		if !strings.Contains(json, want) {
			t.Errorf("the JSON has no %s", want)
		}
	}
	s := held()
	s.Panel.Alarms = nil
	if !strings.Contains(body(t, s, "/"), `<header id="state" data-state="test">`) {
		t.Error("a quiet walk test does not show in the head")
	}
}

// Every phase has words.
func TestEveryPhaseHasWords(t *testing.T) {
	for p := alarm.NotHeld + 1; p.String() != "unknown"; p++ {
		if phases[p].En == "" || phases[p].Zh == "" {
			t.Errorf("%v: has no words", p)
		}
	}
}

// body is what a page of s answers.
func body(t *testing.T, s *Status, path string) string {
	t.Helper()
	r := get(serve(s, made.Add(time.Second)), path)
	if r.Code != http.StatusOK {
		t.Fatalf("%s: got code %d", path, r.Code)
	}
	return r.Body.String()
}
