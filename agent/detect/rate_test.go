package detect

import (
	"math"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// The rate is growth per minute over the window, however far apart the samples are, and noise of
// the first seconds is not a rate.
func TestRateIsGrowthOverTheWindow(t *testing.T) {
	tests := []struct {
		name   string
		window time.Duration
		period time.Duration
		value  func(t time.Duration) int64
		at     time.Duration
		want   int64
	}{
		{"flat", 0, time.Second, func(time.Duration) int64 { return 25_000 }, time.Minute, 0},
		{"4 °C a minute", 0, time.Second, ramp(4_000), 3 * time.Minute, 4_000},
		{"every 100 ms", 0, 100 * time.Millisecond, ramp(4_000), 3 * time.Minute, 4_000},
		{"every 20 s", 0, 20 * time.Second, ramp(6_000), 4 * time.Minute, 6_000},
		// One sample in a window cannot show the whole growth; the rate is then too low.
		{"every 45 s", 0, 45 * time.Second, ramp(4_000), 9 * time.Minute, 3_000},
		{"falling", 0, time.Second, ramp(-4_000), 3 * time.Minute, -4_000},
		{"over 5 min", 5 * time.Minute, 5 * time.Second, ramp(600), 20 * time.Minute, 600},
		{"the first second", 0, time.Second, ramp(60_000), time.Second, 1_000},
		{"half a window", 0, time.Second, ramp(8_000), 30 * time.Second, 4_000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRate(tt.window)
			var got int64
			for at := time.Duration(0); at <= tt.at; at += tt.period {
				got = r.per(point.Instant(at), tt.value(at), time.Minute)
			}
			if off := got - tt.want; off < -2 || off > 2 {
				t.Errorf("got %d a minute, want %d", got, tt.want)
			}
		})
	}
}

func ramp(perMinute int64) func(time.Duration) int64 {
	return func(t time.Duration) int64 {
		return 20_000 + perMinute*t.Milliseconds()/time.Minute.Milliseconds()
	}
}

// Whatever the values, a rate neither overflows nor changes its sign.
func TestRateOfExtremesKeepsItsSign(t *testing.T) {
	r := newRate(time.Millisecond)
	r.per(0, math.MinInt64, time.Minute)
	if got := r.per(1, math.MaxInt64, time.Minute); got <= 0 {
		t.Errorf("got %d, want a rise", got)
	}
	r = newRate(time.Minute)
	r.per(0, math.MaxInt64, time.Minute)
	if got := r.per(1, math.MinInt64, time.Minute); got >= 0 {
		t.Errorf("got %d, want a fall", got)
	}
}

// The memory of a rate is fixed.
func TestRateMemoryIsFixed(t *testing.T) {
	r := newRate(time.Hour)
	for i := range 100_000 {
		r.per(point.Instant(i)*point.Instant(time.Second), int64(i), time.Minute)
	}
	if len(r.slots) != rateSlots || r.n > rateSlots {
		t.Errorf("got %d of %d samples, want at most %d", r.n, len(r.slots), rateSlots)
	}
	span := r.newest().at.Sub(r.slots[r.first].at)
	if span < time.Hour {
		t.Errorf("the samples reach back %v, want the whole window", span)
	}
}
