package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// An alarm knows when it got to its highest level apart from when it began: a fire is not as old as
// its pre-alarm, and does not grow younger when it comes back, nor older by a restart.
func TestReachedIsOfTheHighestLevel(t *testing.T) {
	gas := detect.Spec{Conditions: []detect.Condition{
		{Kind: detect.Above, Quantity: drivers.Combustible, Level: detect.PreAlarm, Limit: 5},
		{Kind: detect.Above, Quantity: drivers.Combustible, Level: detect.Alarm, Limit: 10},
		{Kind: detect.Above, Quantity: drivers.Combustible, Level: detect.AlarmHigh, Limit: 25},
	}}
	plan := bench()
	plan.Points = []PointPlan{{ID: "lel", Signal: Gas, Latch: true, Spec: gas}}
	p := New(plan, Saved{})
	var (
		now   point.Instant
		saved *Saved
	)
	ages := func(value int64, since, reached time.Duration) {
		t.Helper()
		now = now.Add(time.Second)
		rd := point.Reading{Point: "lel", At: now, Quality: point.Good}
		rd.Sample = drivers.Sample{Quantity: drivers.Combustible, Value: value}
		if d := p.Step(now, Input{Readings: []point.Reading{rd}}); d.Saved != nil {
			saved = d.Saved
		}
		a := p.Snapshot(now).Alarms[0]
		if got := now.Sub(a.Since); got != since*time.Second {
			t.Errorf("%d at %v: got an alarm of %v, want %d s", value, time.Duration(now), got, since)
		}
		if got := now.Sub(a.Reached); got != reached*time.Second {
			t.Errorf("%d at %v: got a level of %v, want %d s", value, time.Duration(now), got, reached)
		}
	}
	ages(6, 0, 0)
	ages(6, 1, 1)
	ages(12, 2, 0)
	ages(6, 3, 1)
	ages(12, 4, 2) // it comes back to where it was
	p, now = New(plan, copied(t, saved)), now.Add(time.Hour)
	ages(12, 4, 2)
	ages(30, 5, 0)
	ages(30, 6, 1)
}

// A snapshot names the conditions of each point, so that a reason can be told from another.
func TestSnapshotNamesTheConditions(t *testing.T) {
	plan := bench()
	s := New(plan, Saved{}).Snapshot(0)
	for i, p := range s.Points {
		if len(p.Conditions) != 1 || p.Conditions[0] != plan.Points[i].Spec.Conditions[0] {
			t.Errorf("%s: got %+v, want %+v", p.ID, p.Conditions, plan.Points[i].Spec.Conditions)
		}
	}
}
