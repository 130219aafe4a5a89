package detect

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// probe is a channel from 0 to 1000 with every kind of doubt switched on.
var probe = Channel{
	Quantity: drivers.Temperature, Min: 0, Max: 1000, Jump: 100, Stuck: time.Hour,
	WarmUp: 10 * time.Second,
}

// show prepares one good reading.
func show(n *Intake, s float64, value int64) point.Reading {
	rd := feed{at: s, value: value}.reading(n.Quantity)
	n.Prepare(&rd)
	return rd
}

// A value is calibrated by its gain and then its offset, and never overflows.
func TestChannelCalibrates(t *testing.T) {
	for _, c := range []struct{ gain, offset, raw, want int64 }{
		{0, 0, 1234, 1234}, {0, 0, math.MinInt64, -1 << 42},
		{2_000, -300, 20_000, 19_740}, {-500_000, 0, 1000, 500}, {1_000_000, 7, -100, -193},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, 3 << 42},
		{math.MinInt64, math.MinInt64, 8, -1 << 42},
		{1_000_000, 0, math.MaxInt64, 2 << 42}, {1_000_000, 0, math.MinInt64, -2 << 42},
	} {
		n := NewIntake(Channel{Gain: c.gain, Offset: c.offset})
		if got := show(&n, 0, c.raw); got.Sample.Value != c.want || got.Quality != point.Good {
			t.Errorf("%+v: got %d, %v", c, got.Sample.Value, got.Quality)
		}
	}
}

// A value a little above the range is as high as it gets: it may raise an alarm. One far outside
// is no value at all.
func TestChannelKnowsItsRange(t *testing.T) {
	for _, c := range []struct {
		raw    int64
		q      point.Quality
		reason point.Reason
	}{
		{-101, point.Bad, point.Range}, {-100, point.Good, point.None}, {0, point.Good, point.None},
		{1000, point.Good, point.None}, {1001, point.Uncertain, point.Saturated},
		{1100, point.Uncertain, point.Saturated}, {1101, point.Bad, point.Range},
		{math.MaxInt64, point.Bad, point.Range}, {math.MinInt64, point.Bad, point.Range},
	} {
		ch := probe
		ch.WarmUp = 0
		n := NewIntake(ch)
		if got := show(&n, 0, c.raw); got.Quality != c.q || got.Reason != c.reason {
			t.Errorf("%d: got %v %v, want %v %v", c.raw, got.Quality, got.Reason, c.q, c.reason)
		}
	}
}

// A jump that nature cannot make is left out once and twice; the third time it is let through in
// doubt, and counts from then on. What could be reached in the time since is no jump.
func TestChannelLeavesOutJumps(t *testing.T) {
	n := NewIntake(Channel{Jump: 100})
	for i, c := range []struct {
		at    float64
		value int64
		want  point.Quality
	}{
		{0, 20, point.Good}, {1, 120, point.Good}, {2, 221, point.Bad}, {3, 20, point.Good},
		{4, 900, point.Bad}, {5, 900, point.Bad}, {6, 900, point.Uncertain}, {7, 900, point.Good},
		{8, 100, point.Bad}, {17, 100, point.Good}, {17.1, 200, point.Good}, {17.2, 400, point.Bad},
	} {
		rd := show(&n, c.at, c.value)
		if rd.Quality != c.want {
			t.Errorf("reading %d of %d at %v s: got %v, want %v", i, c.value, c.at, rd.Quality, c.want)
		}
		if rd.Quality != point.Good && rd.Reason != point.Rate {
			t.Errorf("reading %d: got reason %v, want %v", i, rd.Reason, point.Rate)
		}
	}
}

// The same raw value for too long is doubted until it moves; zero and the ends of the range prove
// nothing, for clean air reads the same all day.
func TestChannelDoubtsAStuckValue(t *testing.T) {
	for _, c := range []struct {
		value int64
		want  point.Reason
	}{{500, point.Stuck}, {0, point.None}, {-50, point.None}, {1000, point.None}} {
		n := NewIntake(Channel{Min: -50, Max: 1000, Stuck: time.Hour})
		for s := 0.0; s < 3600; s += 60 {
			if rd := show(&n, s, c.value); rd.Quality != point.Good {
				t.Fatalf("%d at %v s: got %v", c.value, s, rd.Reason)
			}
		}
		if rd := show(&n, 3600, c.value); rd.Reason != c.want {
			t.Errorf("%d: got %v, want %v", c.value, rd.Reason, c.want)
		}
		if rd := show(&n, 3660, c.value+1); c.value == 500 && rd.Quality != point.Good {
			t.Errorf("%d has moved: got %v, want good", c.value, rd.Reason)
		}
	}
}

// A sensor warms up after each start and after a failure of three readings; what burns in does so
// once in its life, over restarts.
func TestChannelWarmsUp(t *testing.T) {
	n := NewIntake(probe)
	cold := func(s float64) bool { return show(&n, s, int64(s)).Reason == point.WarmUp }
	if !cold(0) || !cold(9.9) || cold(10) {
		t.Error("after a start: want it cold for 10 s")
	}
	for s := 11.0; s <= 12; s++ {
		rd := feed{at: s, bad: true}.reading(drivers.Temperature)
		n.Prepare(&rd)
	}
	if cold(13) {
		t.Error("after two failures: want it warm")
	}
	for s := 14.0; s <= 16; s++ {
		rd := feed{at: s, bad: true}.reading(drivers.Temperature)
		n.Prepare(&rd)
	}
	if !cold(17) || cold(27) {
		t.Error("after three failures: want it cold for 10 s")
	}
	n = NewIntake(Channel{BurnIn: time.Minute})
	if !cold(0) || !cold(30) {
		t.Error("new: want it cold")
	}
	again := NewIntake(n.Channel)
	again.Remember(n.Memory())
	n = again
	if !cold(0) || !cold(29) || cold(30) {
		t.Errorf("burned in for 30 s before: want it cold for 30 s more")
	}
	n.Remember(math.MaxInt64, math.MaxInt64)
	if lit, _ := n.Memory(); lit != time.Minute {
		t.Errorf("nonsense: got %v, want a minute", lit)
	}
}

// Preparing never makes a reading better: what was bad stays bad, and what was doubted is doubted
// for its own reason.
func TestChannelNeverRaisesQuality(t *testing.T) {
	n := NewIntake(probe)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		rd := point.Reading{
			At: at(float64(i)), Quality: point.Quality(rng.IntN(3)), Reason: point.Checksum,
		}
		rd.Sample = drivers.Sample{Quantity: drivers.Temperature, Value: rng.Int64N(1400) - 200}
		was := rd
		n.Prepare(&rd)
		if rd.Quality > was.Quality {
			t.Fatalf("%+v became %+v", was, rd)
		}
		if was.Quality == point.Bad && rd != was {
			t.Fatalf("%+v became %+v", was, rd)
		}
	}
}

// A part that is read seldom burns in as well: what is heard at its own beat is under power. One
// that is silent for longer is not.
func TestSlowPartBurnsIn(t *testing.T) {
	for _, c := range []struct {
		every float64 // s
		want  point.Reason
	}{{120, point.None}, {599, point.None}, {601, point.Stale}} {
		n := NewIntake(Channel{BurnIn: 24 * time.Hour, Gap: 10 * time.Minute})
		var rd point.Reading
		for s := 0.0; s < 3*86400; s += c.every {
			rd = show(&n, s, int64(s))
		}
		if rd.Reason != c.want {
			t.Errorf("read every %v s for 3 days: got %v, want %v", c.every, rd.Reason, c.want)
		}
	}
}

// A part that has been given twice the time it needs and is not ready, because it comes and goes,
// counts as silent while it comes.
func TestPartThatNeverGetsReadyIsSilent(t *testing.T) {
	n := NewIntake(Channel{BurnIn: time.Hour})
	r := New(Spec{Stale: 8 * time.Second, Conditions: []Condition{{Kind: Above, Limit: 1 << 30}}})
	var first, last Finding
	for s := 0; s < 7230; s++ {
		if s%150 >= 30 {
			continue
		}
		rd := show(&n, float64(s), int64(s))
		if last = r.Step(rd.At, []point.Reading{rd}); s == 29 {
			first = last
		}
	}
	if first.Fault != "" || last.Fault != SensorSilent {
		t.Errorf("got %q at first and %q after 2 h, want none and %q", first.Fault, last.Fault,
			SensorSilent)
	}
}

// A program that dies again and again before the sensor is warm comes to see it warm. A restart
// long after is taken for a power cut.
func TestWarmUpGoesOnOverRestarts(t *testing.T) {
	kept := time.Duration(0)
	var rd point.Reading
	for range 5 {
		n := NewIntake(probe)
		n.Remember(0, kept)
		for s := 0.0; s <= 4; s++ {
			rd = show(&n, s, int64(s))
		}
		_, kept = n.Memory()
	}
	if rd.Quality != point.Good {
		t.Errorf("5 lives of 4 s: got %v, want good", rd.Reason)
	}
	n := NewIntake(probe)
	n.Remember(0, kept)
	for s := 0.0; s <= 20; s++ {
		show(&n, s, int64(s))
	}
	if _, kept = n.Memory(); kept != 0 {
		t.Errorf("long warm: it keeps %v, want nothing", kept)
	}
	n.Remember(0, math.MaxInt64)
	if _, kept = n.Memory(); kept > probe.WarmUp {
		t.Errorf("nonsense: it keeps %v", kept)
	}
}
