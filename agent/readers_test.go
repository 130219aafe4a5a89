package agent

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/internal/guard"
)

// asked are all requests that are answered, but for those that never end.
var asked = []string{
	"GET /", "GET /page.css", "GET /page.js", "GET /status.json", "GET /sparks.json",
	"GET /events.json", "GET /events.json/5", "GET /events.csv", "GET /history.json/heat-1",
	"GET /walktest", "GET /walktest.json", "GET /metrics", "GET /healthz", "GET /text/en/status",
	"GET /text/zh/points", "GET /text/en/points/heat-1", "GET /text/en/cause",
}

// request makes a request to the control socket.
func request(line, body string) *http.Request {
	method, path, _ := strings.Cut(line, " ")
	return httptest.NewRequest(method, path, strings.NewReader(body))
}

// stuck is the side of a reader that has stopped to read.
type stuck struct {
	*httptest.ResponseRecorder
	r     *rig
	count *atomic.Int64
}

// Write implements http.ResponseWriter.
func (s stuck) Write(p []byte) (int, error) {
	s.count.Add(1)
	s.r.blocked()
	return len(p), nil
}

// readNothing sends requests whose answers nobody reads, as soon as the agent runs.
func readNothing(r *rig, _ *string, _ *Options) {
	r.after(func() {
		control := r.agent.Control()
		for _, line := range asked {
			go func() {
				time.Sleep(10 * time.Second)
				control.ServeHTTP(stuck{httptest.NewRecorder(), r, &r.unread}, request(line, ""))
			}()
		}
	})
}

// heldBeat is a beat whose owner hangs when it winds it up.
type heldBeat struct {
	*time.Timer
	hold *atomic.Bool
	free <-chan struct{}
}

// Arm implements guard.Beat.
func (b heldBeat) Arm(d time.Duration) {
	if b.hold.Load() {
		<-b.free
	}
	b.Reset(d)
}

// C implements guard.Beat.
func (b heldBeat) C() <-chan time.Time { return b.Timer.C }

// Stop implements guard.Beat.
func (b heldBeat) Stop() { b.Timer.Stop() }

// A request takes no lock that the guard takes: it is answered while the guard stands still in the
// middle of its loop, and an order is refused after its time instead of waiting for ever.
func TestRequestsAreAnsweredWhileTheGuardIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hold atomic.Bool
		free := make(chan struct{})
		r := newRig(t, func(r *rig, _ *string, _ *Options) {
			r.after(func() {
				r.agent.beat = func() guard.Beat {
					return heldBeat{time.NewTimer(time.Hour), &hold, free}
				}
			})
		}).run()
		r.sleepUntil(5 * time.Second)
		hold.Store(true)
		r.sleepUntil(6 * time.Second)
		g := r.agent.guard.Load()
		steps := g.Stats().Steps
		control := r.agent.Control()
		for _, line := range asked {
			w, began := httptest.NewRecorder(), time.Now()
			control.ServeHTTP(w, request(line, ""))
			if w.Code != http.StatusOK || time.Since(began) != 0 {
				t.Errorf("%s: status %d after %v", line, w.Code, time.Since(began))
			}
		}
		w, began := httptest.NewRecorder(), time.Now()
		control.ServeHTTP(w, request("POST /command", `{"action":"silence"}`))
		if w.Code != http.StatusServiceUnavailable || time.Since(began) != answerTime {
			t.Errorf("an order: status %d after %v, want 503 after %v", w.Code, time.Since(began),
				answerTime)
		}
		if now := g.Stats().Steps; now != steps {
			t.Errorf("the guard was not held: it went from step %d to %d", steps, now)
		}
		close(free)
		r.end()
	})
}
