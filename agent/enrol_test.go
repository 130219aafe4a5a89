package agent

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/provisioning"
)

// A box with a claim says in both languages what it waits for, asks again when the server said, and
// connects as soon as it has its certificate; all faces and the panel know.
func TestABoxEnrolsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var asked []time.Duration
		r.agent.advance = func(
			e *provisioning.Enroller, _ context.Context,
		) (provisioning.Standing, error) {
			asked = append(asked, time.Since(r.start))
			if len(asked) < 3 {
				return provisioning.Standing{
					State: provisioning.Pending, Device: "fp-7k2m4qx6tb", Wait: 40 * time.Second,
					Failure: &provisioning.Failure{Code: "E106", En: "Waiting.", Zh: "等待批准。"},
				}, nil
			}
			if len(asked) == 3 {
				enrol(t, r.dir)
			}
			return e.Standing(e.Dir), nil
		}
		r.run()
		r.sleepUntil(70 * time.Second)
		id := r.status().Identity
		if id.State != "pending" || id.Why.Zh != "E106：等待批准。" || id.Device != "fp-7k2m4qx6tb" {
			t.Errorf("while it waits: %+v", id)
		}
		told := false
		for _, f := range r.status().Panel.Faults {
			told = told || f.Fault == alarm.NotEnrolled && strings.Contains(f.Detail, "E106: Waiting.")
		}
		if !told {
			t.Errorf("the panel shows %+v", r.status().Panel.Faults)
		}
		r.sleepUntil(90 * time.Second)
		if id := r.status().Identity; id.State != "enrolled" || id.Why.En != "" ||
			!r.status().Link.Connected || r.shows(alarm.NotEnrolled) {
			t.Errorf("with a certificate: %+v, faults %v", id, r.faults())
		}
		if len(asked) < 3 || asked[1]-asked[0] < 40*time.Second || asked[2] > 85*time.Second {
			t.Errorf("it asked at %v, want every 40 s", asked)
		}
		r.end()
	})
}
