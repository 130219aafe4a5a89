package detect

import (
	"math"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// The way back must be seen by good readings alone: an uncertain one begins the off-delay anew.
func TestUncertainReadingsDoNotCompleteAClear(t *testing.T) {
	r := New(Spec{Stale: 8 * time.Second, Conditions: []Condition{{
		Kind: Above, Quantity: drivers.Combustible, Level: Alarm, Limit: 10_000,
		Release: 10 * time.Second,
	}}})
	now := 0.0
	step := func(value int64, q point.Quality) Level {
		now++
		rd := point.Reading{At: at(now), Quality: q, Reason: point.WarmUp}
		rd.Sample = drivers.Sample{Quantity: drivers.Combustible, Value: value}
		return r.Step(rd.At, []point.Reading{rd}).Level
	}
	step(20_000, point.Good)
	step(20_000, point.Good)
	step(0, point.Good)
	for range 60 {
		if l := step(0, point.Uncertain); l != Alarm {
			t.Fatalf("at %v s: got %v, want alarm", now, l)
		}
	}
	for range 10 {
		if l := step(0, point.Good); l != Alarm {
			t.Fatalf("at %v s: got %v, want alarm", now, l)
		}
	}
	if l := step(0, point.Good); l != Normal {
		t.Errorf("after 10 s of good readings: got %v, want normal", l)
	}
}

// Limits and hystereses without measure wrap nowhere: a condition whose value cannot come back far
// enough goes on standing.
func TestConditionsDoNotWrap(t *testing.T) {
	for _, c := range []Condition{
		{Kind: Below, Level: Alarm, Limit: 5000, Hysteresis: math.MaxInt64},
		{Kind: Above, Level: Alarm, Limit: math.MinInt64 + 5, Hysteresis: 100},
		{Kind: Above, Level: Alarm, Limit: 100, Hysteresis: math.MaxInt64},
	} {
		c.Quantity = drivers.Level
		r := New(Spec{Conditions: []Condition{c}})
		var f Finding
		for s := range 20 {
			rd := feed{at: float64(s), value: 4000}.reading(drivers.Level)
			if f = r.Step(rd.At, []point.Reading{rd}); f.Level != Alarm {
				t.Fatalf("%+v at %d s: got %v, want alarm", c, s, f.Level)
			}
		}
	}
}
