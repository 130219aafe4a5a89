package detect

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Raw follows the value before any delay: from the first reading that meets a condition, and over
// each change, though none lasts long enough to stand. A bad reading changes nothing.
func TestRawIsBeforeTheDelays(t *testing.T) {
	r := New(Spec{Conditions: []Condition{{
		Kind: Below, Quantity: drivers.Pressure, Level: Supervisory, Limit: 100,
		Hysteresis: 20, Confirm: 15 * time.Second, Release: 10 * time.Second,
	}}})
	now := point.Instant(0)
	feed := func(value int64, q point.Quality, d time.Duration) Raw {
		t.Helper()
		r.Step(now, []point.Reading{{At: now, Quality: q,
			Sample: drivers.Sample{Quantity: drivers.Pressure, Value: value}}})
		now = now.Add(d)
		return r.(Observer).Raw()
	}
	check := func(got Raw, met bool, since time.Duration, changes uint64) {
		t.Helper()
		if want := (Raw{met, point.Instant(since), changes}); got != want {
			t.Errorf("at %v: got %+v, want %+v", time.Duration(now), got, want)
		}
	}
	if got := r.(Observer).Raw(); got != (Raw{}) {
		t.Errorf("before any reading: got %+v", got)
	}
	check(feed(150, point.Good, time.Second), false, 0, 0)
	check(feed(95, point.Good, time.Second), true, time.Second, 1)
	check(feed(0, point.Bad, time.Second), true, time.Second, 1)
	check(feed(101, point.Good, time.Second), false, 3*time.Second, 2)
	check(feed(95, point.Good, 15*time.Second), true, 4*time.Second, 3)
	check(feed(110, point.Good, time.Second), true, 4*time.Second, 3) // within the hysteresis
	check(feed(121, point.Good, time.Second), false, 20*time.Second, 4)
}
