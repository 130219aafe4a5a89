package agent

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	simulated "github.com/firepost/firepost/firmware-sim/rig"
)

// The scenario of the README, and the site that it is played on.
const (
	eveningSite  = "../cross/deb/examples/restaurant-kitchen.toml"
	eveningSteps = "../firmware-sim/scenarios/kitchen.txt"
)

// evening has the rig's board be that of the kitchen, and plays the scenario when it runs.
func evening(r *rig, text *string, _ *Options) {
	data, err := os.ReadFile(eveningSite)
	if err != nil {
		r.Fatal(err)
	}
	steps, err := os.ReadFile(eveningSteps)
	if err != nil {
		r.Fatal(err)
	}
	*text = string(data)
	s, err := site.Parse("kitchen.toml", data)
	if err != nil {
		r.Fatal(err)
	}
	parts, err := simulated.New(s, r.board, r.board.Now)
	if err != nil {
		r.Fatal(err)
	}
	all, err := simulated.ParseScenario("kitchen.txt", steps, s)
	if err != nil {
		r.Fatal(err)
	}
	r.after(func() { go parts.Play(r.Context(), all, func(_, _ string) {}) })
}

// Each thing that happens in the kitchen's evening is told by its own name, within the time that
// it may take, and ends when it is over: gas and heat as alarms, what is broken as faults, a hung
// bus as one fault and not as one of each part.
func TestAnEveningInTheKitchen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, enrolled, evening).run()
		r.sleepUntil(185 * time.Second)
		for _, want := range []struct {
			what   string
			after  time.Duration // when it happens
			within time.Duration
			kind   alarm.Kind
			point  point.ID
			level  detect.Level
			fault  detect.FaultCode
		}{
			{what: "gas", after: 15, within: 6, kind: alarm.Raised, point: "gas-1", level: detect.Alarm},
			{what: "more gas", after: 25, within: 6, kind: alarm.Raised, point: "gas-1",
				level: detect.AlarmHigh},
			{what: "aired out", after: 45, within: 16, kind: alarm.Cleared, point: "gas-1"},
			{what: "dead part", after: 60, within: 4, kind: alarm.FaultRaised, point: "heat-1",
				fault: detect.SensorFailed},
			{what: "it is back", after: 80, within: 30, kind: alarm.FaultEnded, point: "heat-1",
				fault: detect.SensorFailed},
			{what: "cut wire", after: 90, within: 5, kind: alarm.FaultRaised, point: "gas-1",
				fault: detect.LineOpen},
			{what: "hung bus", after: 120, within: 15, kind: alarm.FaultRaised, fault: alarm.BusHung},
			{what: "it is free", after: 140, within: 10, kind: alarm.FaultEnded, fault: alarm.BusHung},
			{what: "fire", after: 165, within: 10, kind: alarm.Raised, point: "heat-1",
				level: detect.Alarm},
		} {
			n := 0
			for _, e := range r.heard(want.kind) {
				at := time.Duration(e.At)
				if e.Point == want.point && e.Fault == want.fault && e.To.Level == want.level &&
					at >= want.after*time.Second && at <= (want.after+want.within)*time.Second {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s: told %d times, want once within %d s", want.what, n, want.within)
			}
		}
		hung := 0
		for _, e := range r.heard(alarm.FaultRaised) {
			if e.Fault == alarm.BusHung {
				hung++
			}
		}
		if hung != 1 {
			t.Errorf("a hung bus is told %d times, want once", hung)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}
