package alarm

import (
	"fmt"
	"testing"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// large is a site with n smoke detectors.
func large(n int) Plan {
	plan := bench()
	plan.Points = nil
	for i := range n {
		plan.Points = append(plan.Points, PointPlan{
			ID: point.ID(fmt.Sprintf("p%d", i)), Zone: "hall", Signal: Fire, Latch: true,
			Spec: contact(),
		})
	}
	return plan
}

// readings is one good reading of every point of plan.
func readings(plan Plan, value int64) []point.Reading {
	rs := make([]point.Reading, len(plan.Points))
	for i := range rs {
		rs[i] = point.Reading{Point: plan.Points[i].ID, Quality: point.Good}
		rs[i].Sample = drivers.Sample{Quantity: drivers.Contact, Value: value}
	}
	return rs
}

// A step in which nothing changes allocates nothing, though every point was read, an alarm is
// latched and a point is disabled.
func TestStepDoesNotAllocate(t *testing.T) {
	plan := large(100)
	p := New(plan, Saved{})
	in := Input{Readings: readings(plan, 0)}
	in.Readings[7].Sample.Value = 1
	now := point.Instant(0)
	step := func() {
		now = now.Add(tick)
		for i := range in.Readings {
			in.Readings[i].At = now
		}
		p.Step(now, in)
	}
	for range 50 {
		step()
	}
	if len(p.alarms) != 1 {
		t.Fatalf("got %d alarms, want 1", len(p.alarms))
	}
	if got := testing.AllocsPerRun(500, step); got != 0 {
		t.Errorf("got %v allocations a step, want none", got)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("points=%d", n), func(b *testing.B) {
			plan := large(n)
			p := New(plan, Saved{})
			in := Input{Readings: readings(plan, 0)}
			now := point.Instant(0)
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(tick)
				for i := range in.Readings {
					in.Readings[i].At = now
				}
				p.Step(now, in)
			}
		})
	}
}
