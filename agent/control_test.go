package agent

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
)

// order sends an order to the control handler.
func (r *rig) order(body string) (code int, a Answer) {
	w := httptest.NewRecorder()
	r.agent.Control().ServeHTTP(w, httptest.NewRequest("POST", "/command", strings.NewReader(body)))
	_ = json.Unmarshal(w.Body.Bytes(), &a) // what is no answer stays empty
	return w.Code, a
}

// Whoever can open the control socket gets the panel's own answer to each order, and a refusal says
// why.
func TestControlObeysAndRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(8 * time.Second)
		for _, step := range []struct {
			body   string
			code   int
			event  string
			reason string
		}{
			{`{"action":"enable","point":"heat-1"}`, 409, "refused", alarm.RefusedNothing},
			{`{"action":"acknowledge"}`, 200, "acknowledged", ""},
			{`{"action":"acknowledge"}`, 409, "refused", alarm.RefusedNothing},
			{`{"action":"silence","operator":7}`, 200, "silenced", ""},
			{`{"action":"disable","point":"heat-1","for":"1h"}`, 409, "refused", alarm.RefusedNoReason},
			{`{"action":"disable","point":"heat-1","for":"1h","reason":"kitchen"}`, 200, "disabled",
				"kitchen"},
			{`{"action":"disable","point":"nowhere","for":"1h","reason":"kitchen"}`, 409, "refused",
				alarm.RefusedUnknownPoint},
			{`{"action":"enable","point":"heat-1"}`, 200, "enabled", "kitchen"},
			{`{"action":"operate","output":"horn","on":true}`, 409, "refused",
				alarm.RefusedUnknownOutput},
			{`{"action":"operate","output":"siren"}`, 409, "refused", alarm.RefusedNothing},
			{`{"action":"operate","output":"siren","on":true}`, 200, "operated", ""},
			{`{"action":"operate","output":"siren"}`, 200, "operated", ""},
		} {
			code, a := r.order(step.body)
			want := Answer{Done: step.code == 200, Event: step.event, Reason: step.reason}
			if step.event == "enabled" {
				want.Reason = a.Reason // the panel may repeat the reason of the disablement
			}
			if code != step.code || a != want {
				t.Errorf("%s: got %d %+v, want %d %+v", step.body, code, a, step.code, want)
			}
		}
		r.release()
		r.sleepUntil(30 * time.Second)
		if code, a := r.order(`{"action":"reset"}`); code != 200 || a.Event != "reset" {
			t.Errorf("reset after the release: %d %+v", code, a)
		}
		r.end()
	})
}

// What is not an order never reaches the panel.
func TestControlRefusesWhatIsNoOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).run()
		r.sleepUntil(time.Second)
		for body, want := range map[string]int{
			``:                                     http.StatusBadRequest,
			`{`:                                    http.StatusBadRequest,
			`[]`:                                   http.StatusBadRequest,
			`{"action":"explode"}`:                 http.StatusBadRequest,
			`{"action":""}`:                        http.StatusBadRequest,
			`{"action":"silence","level":3}`:       http.StatusBadRequest,
			`{"action":"silence"}{"action":"x"}`:   http.StatusBadRequest,
			`{"action":"silence"} garbage`:         http.StatusBadRequest,
			`{"action":"silence","operator":300}`:  http.StatusBadRequest,
			`{"action":"disable","for":"2"}`:       http.StatusBadRequest,
			`{"action":"disable","for":"-2h"}`:     http.StatusBadRequest,
			long(`{"action":"silence","reason":"`): http.StatusRequestEntityTooLarge,
		} {
			if code, a := r.order(body); code != want || a != (Answer{}) {
				t.Errorf("%.60s: got %d %+v, want %d", body, code, a, want)
			}
		}
		w := httptest.NewRecorder()
		r.agent.Control().ServeHTTP(w, httptest.NewRequest("GET", "/command", nil))
		if w.Code == http.StatusOK {
			t.Error("an order was taken by GET")
		}
		w = httptest.NewRecorder()
		silence := httptest.NewRequest("POST", "/command", strings.NewReader(`{"action":"silence"}`))
		r.agent.Handler().ServeHTTP(w, silence)
		if w.Code == http.StatusOK {
			t.Error("the page took an order")
		}
		if n := len(r.heard(alarm.Refused)); n > 0 {
			t.Errorf("%d orders reached the panel", n)
		}
		r.end()
	})
}

func long(head string) string { return head + strings.Repeat("x", mostRequest) + `"}` }

// Before the start and after the end an order is not taken, instead of being lost.
func TestNoOrderIsTakenWithoutAPanel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		silence := alarm.Command{ID: "1", Action: alarm.Silence}
		if err := r.agent.Submit(silence); !errors.Is(err, ErrNotRunning) {
			t.Errorf("before Run: %v", err)
		}
		r.run()
		r.sleepUntil(time.Second)
		if err := r.end(); err != nil {
			t.Error(err)
		}
		if code, _ := r.order(`{"action":"silence"}`); code != http.StatusServiceUnavailable {
			t.Errorf("after Run: %d", code)
		}
		if err := r.agent.Submit(silence); !errors.Is(err, ErrNotRunning) {
			t.Errorf("after Run: %v", err)
		}
		if err := r.agent.Run(t.Context()); err == nil {
			t.Error("it ran twice")
		}
	})
}

// stuckBeat holds whoever arms it, the guard's goroutine before all, while it is told to.
type stuckBeat struct {
	*time.Timer
	hold *atomic.Pointer[chan struct{}]
}

func (b stuckBeat) Arm(d time.Duration) {
	if held := b.hold.Load(); held != nil {
		<-*held
	}
	b.Reset(d)
}
func (b stuckBeat) C() <-chan time.Time { return b.Timer.C }
func (b stuckBeat) Stop()               { b.Timer.Stop() }

// No request waits for the guard: while its goroutine stands still every page comes at once, and
// says that the panel is not at work; an order is answered after 3 s.
func TestNoRequestWaitsForTheGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var hold atomic.Pointer[chan struct{}]
		r.agent.beat = func() guard.Beat { return stuckBeat{time.NewTimer(time.Hour), &hold} }
		r.run()
		r.sleepUntil(5 * time.Second)
		held := make(chan struct{})
		hold.Store(&held)
		r.sleepUntil(15 * time.Second)
		for path, want := range map[string]int{
			"/": 200, "/status.json": 200, "/metrics": 200, "/healthz": 503, "/events.json": 200,
			"/text/zh/status": 200, "/text/en/events/5": 200, "/text/en/cause": 200,
		} {
			began, w := time.Now(), httptest.NewRecorder()
			r.agent.Control().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != want || time.Since(began) > 0 {
				t.Errorf("%s: %d after %v, want %d at once", path, w.Code, time.Since(began), want)
			}
		}
		began := time.Now()
		code, _ := r.order(`{"action":"silence"}`)
		if code != http.StatusServiceUnavailable || time.Since(began) != answerTime {
			t.Errorf("an order: %d after %v", code, time.Since(began))
		}
		hold.Store(nil)
		close(held)
		r.end()
	})
}

// A good site file is kept; a bad one is told and the last good one counts.
func TestLastGoodSiteFileCounts(t *testing.T) {
	dir, path := t.TempDir(), writeFile(t, smallSite)
	if _, rejected, err := LoadSite(path, dir); rejected != nil || err != nil {
		t.Fatalf("a good file: rejected %v, err %v", rejected, err)
	}
	if err := os.WriteFile(path, []byte("[site"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, rejected, err := LoadSite(path, dir)
	if s == nil || s.ID != "small" || rejected == nil || err != nil {
		t.Errorf("a bad file after a good one: %+v, rejected %v, err %v", s, rejected, err)
	}
	if s, rejected, err := LoadSite(path, t.TempDir()); s != nil || rejected != nil || err == nil {
		t.Errorf("a bad file alone: %+v, rejected %v, err %v", s, rejected, err)
	}
}
