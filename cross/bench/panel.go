package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// panelTick is the guard's own pace at rest.
const panelTick = 100 * time.Millisecond

// panel measures one step of the panel: "new" with a changed value of every point, all normal, and
// "quiet" with none.
func (b *bench) panel(ctx context.Context) error {
	for _, n := range []int{10, 100, 1000} {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := fmt.Sprintf("panel.step.points_%d", n)
		b.printStep(name+".new", newSteps(n, true))
		b.printStep(name+".quiet", newSteps(n, false))
	}
	return nil
}

// newSteps returns a function that makes one step of a panel of n points, each with two limits on a
// temperature.
func newSteps(n int, news bool) (step func()) {
	plan := alarm.Plan{
		Zones:   []alarm.ZonePlan{{ID: "hall"}},
		Outputs: []alarm.OutputPlan{{ID: "siren", Kind: alarm.Sounder}},
	}
	readings := make([]point.Reading, n)
	for i := range n {
		id := point.ID(fmt.Sprintf("heat-%d", i))
		plan.Points = append(plan.Points, alarm.PointPlan{
			ID: id, Zone: "hall", Signal: alarm.Fire, Latch: true, Spec: detect.Spec{
				Stale: time.Hour, // the quiet panel is not to end in a fault
				Conditions: []detect.Condition{
					heatLimit(detect.PreAlarm, 46_000), heatLimit(detect.Alarm, 56_000),
				},
			},
		})
		readings[i] = point.Reading{Point: id, Quality: point.Good}
		readings[i].Sample = drivers.Sample{Quantity: drivers.Temperature, Value: 21_000}
	}
	p, now, steps := alarm.New(plan, alarm.Saved{}), point.Instant(0), int64(0)
	p.Step(now, alarm.Input{Readings: readings})
	return func() {
		now, steps = now.Add(panelTick), steps+1
		var in alarm.Input
		if news {
			for i := range readings {
				readings[i].At, readings[i].Sample.Value = now, 20_000+(steps*37+int64(i)*11)%4_000
			}
			in.Readings = readings
		}
		p.Step(now, in)
	}
}

func heatLimit(l detect.Level, limit int64) detect.Condition {
	return detect.Condition{
		Kind: detect.Above, Quantity: drivers.Temperature, Level: l, Limit: limit,
		Hysteresis: 2_000, Confirm: 2 * time.Second, Release: 10 * time.Second,
	}
}

// printStep runs step for half a second and prints what it took on average.
func (b *bench) printStep(name string, step func()) {
	for range 100 {
		step()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, began, took := 0, time.Now(), time.Duration(0)
	for took < time.Second/2 {
		for range 50 {
			step()
		}
		n, took = n+50, time.Since(began)
	}
	runtime.ReadMemStats(&after)
	b.print(name+".time", float64(took.Nanoseconds())/float64(n), "ns", "")
	// The runtime allocates a little of its own meanwhile; a share of a step is none of the step's.
	b.print(name+".allocs", float64((after.Mallocs-before.Mallocs)/uint64(n)), "allocs", "<= 0")
}
