package agent

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/internal/probe"
)

// look asks what passes for a while.
func (r *rig) look(what string, d time.Duration) (all []probe.Passed, code int) {
	ctx, cancel := context.WithTimeout(r.Context(), d)
	defer cancel()
	w := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(ctx, "GET", "/passing.json?"+what, nil)
	r.agent.Control().ServeHTTP(w, request)
	if w.Code != 200 {
		return nil, w.Code
	}
	for lines := json.NewDecoder(w.Body); lines.More(); {
		var p probe.Passed
		if err := lines.Decode(&p); err != nil {
			r.Fatal(err)
		}
		all = append(all, p)
	}
	return all, w.Code
}

// Whoever looks at a part sees the agent's own transfers with it, and at a line its levels and
// edges; what no sensor of the site has cannot be seen, and two do not look at once.
func TestPassing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).run()
		defer r.end()
		r.sleepUntil(3 * time.Second)
		all, _ := r.look("bus=i2c-0&address=0x44", 2*time.Second)
		reads := 0
		for _, p := range all {
			if p.Write != "fd" && p.Read == "" || p.Address != "0x44" || p.Err != "" {
				t.Errorf("got %+v", p)
			}
			if p.Read != "" {
				reads++
			}
		}
		if reads < 3 || reads > 5 {
			t.Errorf("%d readings passed in 2 s, want 4", reads)
		}
		time.AfterFunc(time.Second, r.press)
		all, _ = r.look("line="+callLine, 2*time.Second)
		edges, last := uint32(0), ""
		for _, p := range all {
			edges, last = edges+p.Edges, p.Level
		}
		if len(all) < 5 || all[0].Level != "high" || last != "low" || edges != 1 {
			t.Errorf("%d looks, %d edges, from %q to %q", len(all), edges, all[0].Level, last)
		}
		for _, what := range []string{"bus=i2c-0&address=0x45", "line=" + sirenLine, ""} {
			if _, code := r.look(what, time.Second); code != 404 {
				t.Errorf("%q: got %d, want 404", what, code)
			}
		}
		done := make(chan struct{})
		go func() { defer close(done); r.look("line="+callLine, time.Second) }()
		synctest.Wait()
		if _, code := r.look("line="+callLine, time.Second); code != 503 {
			t.Errorf("a second looker: got %d, want 503", code)
		}
		<-done
	})
}

// jammed is somebody who looks and whose terminal takes nothing.
type jammed struct {
	*httptest.ResponseRecorder
	free chan struct{}
}

func (s jammed) Write([]byte) (int, error) { <-s.free; return 0, context.Canceled }

// A looker whose terminal hangs costs the siren nothing: it sounds in the very moment in which it
// does without one.
func TestAStuckLookerDelaysNothing(t *testing.T) {
	var at [2]time.Duration
	for i := range at {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t).run()
			defer r.end()
			r.sleepUntil(3 * time.Second)
			w := jammed{httptest.NewRecorder(), make(chan struct{})}
			done := make(chan struct{})
			go func() {
				defer close(done)
				if i == 1 {
					request := httptest.NewRequest("GET", "/passing.json?line="+callLine, nil)
					r.agent.Control().ServeHTTP(w, request)
				}
			}()
			r.sleepUntil(60 * time.Second)
			r.press()
			r.sleepUntil(61 * time.Second)
			at[i] = r.sounded()
			close(w.free)
			<-done
		})
	}
	if at[0] == 0 || at[0] != at[1] {
		t.Errorf("the siren sounds at %v, and beside a looker at %v", at[0], at[1])
	}
}
