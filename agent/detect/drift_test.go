package detect

import (
	"math"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// chamber is a measured smoke detector that alarms 1000 above its baseline.
func chamber() Spec {
	over := Condition{Kind: Over, Quantity: drivers.Raw, Release: 10 * time.Second, Hysteresis: 50}
	pre, alarm := over, over
	pre.Level, pre.Limit, pre.Confirm = PreAlarm, 600, 10*time.Second
	alarm.Level, alarm.Limit, alarm.Need, alarm.Of = Alarm, 1000, 2, 3
	return Spec{
		Stale: time.Minute, Conditions: []Condition{pre, alarm},
		Drift: Drift{Quantity: drivers.Raw, Alarm: 1000, Zero: 200},
	}
}

// The level counts from the baseline. Two of three samples, a second apart, make an alarm, however
// often the part is read; one spark does not.
func TestTwoOfThreeSamplesOverTheBaseline(t *testing.T) {
	for _, c := range []struct {
		name  string
		trace []feed
		want  []string
	}{
		{"just below", join(every(0, 8, 1199), every(9, 30, 200)), nil},
		{"at the limit", every(0, 3, 1200), []string{"1s alarm"}},
		{"one spark", join(every(0, 1, 200), every(2, 2, 5000), every(3, 30, 200)), nil},
		{"two sparks in three", join(every(0, 1, 200), every(2, 2, 5000), every(3, 3, 200),
			every(4, 4, 5000), every(5, 8, 200)), []string{"4s alarm"}},
		{"two sparks in four", join(every(0, 1, 200), every(2, 2, 5000), every(3, 4, 200),
			every(5, 5, 5000), every(6, 30, 200)), nil},
		{"many in one second", join([]feed{{at: 0, value: 5000}, {at: 0.2, value: 5000},
			{at: 0.4, value: 5000}, {at: 0.6, value: 200}}, every(1, 30, 200)), nil},
		{"the first stage takes 10 s", every(0, 20, 800), []string{"10s prealarm"}},
		{"a failure is no sample", join(every(0, 0, 5000), bads(1, 2), every(3, 3, 5000)),
			[]string{"3s alarm"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, play(New(chamber()), drivers.Raw, c.trace, 12), c.want)
		})
	}
}

// creep lets a value change by a rate an hour for a time, with a reading every ten seconds.
func creep(r Rule, from point.Instant, d time.Duration, value func(time.Duration) int64) Finding {
	var f Finding
	for t := time.Duration(0); t <= d; t += 10 * time.Second {
		rd := point.Reading{At: from.Add(t), Quality: point.Good}
		rd.Sample = drivers.Sample{Quantity: drivers.Raw, Value: value(t)}
		f = r.Step(rd.At, []point.Reading{rd})
	}
	return f
}

// The baseline follows a step as a first-order low-pass of 24 h does, by floating point.
func TestBaselineIsALowPassOfADay(t *testing.T) {
	d := newDrift(Drift{Quantity: drivers.Raw, Alarm: 1000, Zero: 200})
	for _, step := range []time.Duration{100 * time.Millisecond, time.Second, time.Minute} {
		d.baseline, d.rest, d.seen = 0, 0, false
		for at := time.Duration(0); at <= 12*time.Hour; at += step {
			d.take(point.Instant(at), 600)
		}
		got := float64(d.baseline) / (1 << driftShift)
		if want := 400 * (1 - math.Exp(-0.5)); math.Abs(got-want) > 0.2 {
			t.Errorf("every %v: got %.3f, want %.3f", step, got, want)
		}
	}
}

// A value more than half an alarm up is smoke, not dirt: it never becomes the new rest, and the
// slowest creep does.
func TestBaselineFollowsDirtAndNotSmoke(t *testing.T) {
	r := New(chamber())
	creep(r, 0, 100*time.Hour, func(time.Duration) int64 { return 701 })
	if got := r.(Rememberer).Memory().Baseline; got != 0 {
		t.Errorf("smoke: got a baseline of %d, want none", got)
	}
	r = New(chamber())
	f := creep(r, 0, 20*24*time.Hour, func(d time.Duration) int64 {
		return 200 + int64(d/time.Hour)/2 // 240 in 20 days
	})
	if got := r.(Rememberer).Memory().Baseline; got < 225_000 || got > 240_000 {
		t.Errorf("dirt: got a baseline of %d, want it near 240,000", got)
	}
	if f.Fault != "" {
		t.Errorf("got fault %q, want none yet", f.Fault)
	}
}

// Dirt is told at four tenths of an alarm, and at the bound of five; and so is what sinks.
func TestDirtIsToldBeforeItsBound(t *testing.T) {
	for _, c := range []struct {
		milli int64
		want  FaultCode
	}{
		{0, ""}, {399_900, ""}, {400_100, DirtySoon}, {499_900, DirtySoon}, {500_000, Contaminated},
		{-399_900, ""}, {-400_100, DirtySoon}, {-500_000, Contaminated},
	} {
		r := New(chamber())
		r.(Rememberer).Remember(Memory{Drifted: true, Zero: 200, Baseline: c.milli})
		rd := feed{value: 200 + c.milli/1000}.reading(drivers.Raw)
		if got := r.Step(0, []point.Reading{rd}).Fault; got != c.want {
			t.Errorf("baseline %d: got %q, want %q", c.milli, got, c.want)
		}
	}
}

// A baseline that is kept and taken up again, however often, is the same.
func TestRestartsDoNotMoveABaseline(t *testing.T) {
	for milli := int64(-500_000); milli <= 500_000; milli += 333 {
		kept := milli
		for range 3 {
			r := New(chamber())
			r.(Rememberer).Remember(Memory{Drifted: true, Zero: 200, Baseline: kept})
			kept = r.(Rememberer).Memory().Baseline
		}
		if kept != milli {
			t.Fatalf("got %d, want %d", kept, milli)
		}
	}
}

// No value, however large, makes the products overflow: the baseline stays within its bounds.
func TestBaselineOfExtremes(t *testing.T) {
	for _, alarm := range []int64{1, 1000, math.MaxInt64} {
		for _, v := range []int64{math.MinInt64, -1 << 42, 1 << 29, math.MaxInt64} {
			d := newDrift(Drift{Quantity: drivers.Raw, Alarm: alarm})
			for s := range 1000 {
				d.take(point.Instant(s)*point.Instant(time.Minute), v)
			}
			if off, most := max(d.baseline, -d.baseline), d.Alarm<<driftShift/2; off > most {
				t.Errorf("alarm %d, value %d: the baseline is at %d of %d", alarm, v, off, most)
			}
			if v < 0 && d.baseline > 0 {
				t.Errorf("alarm %d: a value of %d lifts the baseline", alarm, v)
			}
		}
	}
}

// A detector that was cleaned gets a new zero, and its old dirt is forgotten.
func TestNewZeroForgetsTheBaseline(t *testing.T) {
	for zero, want := range map[int64]int64{200: 300_000, 180: 0} {
		spec := chamber()
		spec.Drift.Zero = zero
		r := New(spec).(Rememberer)
		r.Remember(Memory{Drifted: true, Zero: 200, Baseline: 300_000})
		if got := r.Memory().Baseline; got != want {
			t.Errorf("zero %d: got a baseline of %d, want %d", zero, got, want)
		}
	}
}
