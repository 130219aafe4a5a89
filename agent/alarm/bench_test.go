package alarm

import (
	"fmt"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
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

// measured turns every point of a large site into one that is measured, with all that makes a step
// dear: two limits, a fast rise, a dose or a baseline, and a channel that doubts its readings.
func measured(plan Plan) Plan {
	for i := range plan.Points {
		s := &plan.Points[i].Spec
		q := drivers.Temperature
		over := detect.Condition{Kind: detect.Above, Level: detect.Alarm, Limit: 56_000,
			FastLimit: 46_000, FastRise: 4_000, Confirm: time.Second, Release: 10 * time.Second}
		switch i % 3 {
		case 1:
			q = drivers.Gas
			over = detect.Condition{Kind: detect.Dose, Level: detect.Alarm, Limit: detect.DoseFrom}
		case 2:
			q = drivers.Raw
			over = detect.Condition{Kind: detect.Over, Level: detect.Alarm, Limit: 1_000_000,
				Need: 2, Of: 3}
			s.Drift = detect.Drift{Quantity: q, Alarm: 1_000_000}
		}
		over.Quantity = q
		pre := over
		pre.Level, pre.Limit = detect.PreAlarm, over.Limit*6/10
		s.Conditions = []detect.Condition{pre, over}
		s.Channels = []detect.Channel{{Quantity: q, Gain: 1_000, Offset: -3, Min: 0, Max: 2_000_000,
			Jump: 20_000, Stuck: 24 * time.Hour}}
		plan.Points[i].Life = Life{Installed: 20_000, Days: 1826}
	}
	return plan
}

// readings is one good reading of every point of plan.
func readings(plan Plan, value int64) []point.Reading {
	rs := make([]point.Reading, len(plan.Points))
	for i := range rs {
		rs[i] = point.Reading{Point: plan.Points[i].ID, Quality: point.Good}
		rs[i].Sample = drivers.Sample{Quantity: plan.Points[i].Spec.Needs()[0], Value: value}
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

// The same holds for points that are measured, while their values, doses and baselines move.
func TestStepOfMeasuredPointsDoesNotAllocate(t *testing.T) {
	plan := measured(large(99))
	p := New(plan, Saved{})
	in := Input{Readings: readings(plan, 20_000), Day: 20_100}
	now := point.Instant(0)
	step := func() {
		now = now.Add(tick)
		for i := range in.Readings {
			in.Readings[i].At = now
			in.Readings[i].Sample.Value += int64(i % 2)
		}
		p.Step(now, in)
	}
	for range 50 {
		step()
	}
	if got := testing.AllocsPerRun(500, step); got != 0 {
		t.Errorf("got %v allocations a step, want none", got)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("points=%d", n), func(b *testing.B) { benchmarkStep(b, large(n)) })
		b.Run(fmt.Sprintf("measured=%d", n), func(b *testing.B) {
			benchmarkStep(b, measured(large(n)))
		})
	}
}

func benchmarkStep(b *testing.B, plan Plan) {
	p := New(plan, Saved{})
	in := Input{Readings: readings(plan, 0), Day: 20_100}
	now := point.Instant(0)
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(tick)
		for i := range in.Readings {
			in.Readings[i].At = now
		}
		p.Step(now, in)
	}
}

// BenchmarkStorm is the step in which every point of a large site goes into alarm.
func BenchmarkStorm(b *testing.B) {
	plan := large(1000)
	in := Input{Readings: readings(plan, 1)}
	for b.Loop() {
		b.StopTimer()
		p := New(large(1000), Saved{})
		p.Step(0, Input{Readings: readings(plan, 0)})
		for i := range in.Readings {
			in.Readings[i].At = point.Instant(tick)
		}
		p.Step(point.Instant(tick), in)
		b.StartTimer()
		p.Step(point.Instant(tick+time.Second), Input{})
	}
}

// BenchmarkReplan is the taking of a plan, during which no alarm is judged. In each zone there is
// one device that gives all of its points.
func BenchmarkReplan(b *testing.B) {
	plan := large(1000)
	for i := range plan.Points {
		plan.Points[i].Zone = ZoneID(fmt.Sprintf("z%d", i/4))
		plan.Points[i].Devices = []string{fmt.Sprintf("d%d", i/4)}
	}
	p := New(plan, Saved{})
	for b.Loop() {
		p.Replan(0, plan)
	}
}
