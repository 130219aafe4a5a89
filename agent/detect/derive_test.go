package detect

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// gauge gives a formula the values of points a, b, … once every period, from the instant 0, and
// returns what it says last.
type gauge struct {
	t      *testing.T
	f      Formula
	now    point.Instant
	period time.Duration
	q      []drivers.Quantity
}

func newGauge(t *testing.T, d Derivation, period time.Duration, q ...drivers.Quantity) *gauge {
	t.Helper()
	for i := range q {
		d.From = append(d.From, point.ID('a'+rune(i)))
	}
	f := NewFormula(d)
	if f == nil {
		t.Fatalf("no formula %q", d.Formula)
	}
	return &gauge{t: t, f: f, period: period, q: q}
}

func (f *gauge) give(quality point.Quality, values ...int64) (int64, point.Quality, point.Reason) {
	var rs []point.Reading
	for i, v := range values {
		rs = append(rs, point.Reading{
			Point: point.ID('a' + rune(i)), At: f.now, Quality: quality,
			Sample: drivers.Sample{Quantity: f.q[i], Value: v},
		})
	}
	v, q, why := f.f.Step(f.now, rs)
	f.now = f.now.Add(f.period)
	return v, q, why
}

// ramp gives value(t) for as long as d, and returns the last result.
func (f *gauge) ramp(d time.Duration, value func(t time.Duration) int64) (
	v int64, q point.Quality, why point.Reason,
) {
	for start := f.now; f.now.Sub(start) <= d; {
		v, q, why = f.give(point.Good, value(f.now.Sub(start)))
	}
	return v, q, why
}

func near(got, want, by int64) bool { return got >= want-by && got <= want+by }

// A level that rises by 0.1 m/h is told as 0.10 m/h, give or take 0.01, after ten minutes, and not
// as good before.
func TestLevelRateOfARamp(t *testing.T) {
	f := newGauge(t, Derivation{Formula: "level_rate"}, time.Second, drivers.Level)
	rise := func(d time.Duration) int64 { return 500 + int64(d*100/time.Hour) }
	if _, q, why := f.ramp(9*time.Minute, rise); q != point.Uncertain || why != point.WarmUp {
		t.Errorf("after 9 min: %v %v, want uncertain, warm-up", q, why)
	}
	f = newGauge(t, Derivation{Formula: "level_rate"}, time.Second, drivers.Level)
	v, q, _ := f.ramp(11*time.Minute, rise)
	if q != point.Good || !near(v, 100, 10) {
		t.Errorf("got %d mm/h %v, want 100 +-10, good", v, q)
	}
}

// A crack that opens by 2 mm/h is told as 2.0 mm/h, give or take 0.1, and as 48 mm in a day.
func TestCrackOfARamp(t *testing.T) {
	open := func(d time.Duration) int64 { return int64(d * 2000 / time.Hour) }
	f := newGauge(t, Derivation{Formula: "crack_rate"}, 10*time.Second, drivers.Crack)
	if v, q, _ := f.ramp(61*time.Minute, open); q != point.Good || !near(v, 2000, 100) {
		t.Errorf("got %d µm/h %v, want 2000 +-100, good", v, q)
	}
	f = newGauge(t, Derivation{Formula: "crack_growth"}, time.Minute, drivers.Crack)
	if v, q, _ := f.ramp(25*time.Hour, open); q != point.Good || !near(v, 48_000, 500) {
		t.Errorf("got %d µm in a day, %v, want 48000 +-500, good", v, q)
	}
	f = newGauge(t, Derivation{Formula: "tilt_change"}, time.Minute, drivers.Tilt)
	if v, _, _ := f.ramp(25*time.Hour, func(time.Duration) int64 { return 700 }); v != 0 {
		t.Errorf("a slope that rests changes by %d", v)
	}
}

// Rain is what fell in the window and no more: old tips fall out of it, and a counter that begins
// anew loses nothing it still tells.
func TestRainOfTheWindow(t *testing.T) {
	f := newGauge(t, Derivation{Formula: "rain", Window: 5 * time.Minute}, time.Second,
		drivers.Pulses)
	tips := int64(1000)
	f.ramp(6*time.Minute, func(time.Duration) int64 { return tips })
	if v, q, _ := f.give(point.Good, tips+10); v != 2000 || q != point.Good {
		t.Errorf("ten tips: %d µm %v, want 2000, good", v, q)
	}
	if v, _, _ := f.give(point.Good, 3); v != 2600 {
		t.Errorf("three tips of a new count: %d µm, want 2600", v)
	}
	if v, _, _ := f.ramp(6*time.Minute, func(time.Duration) int64 { return 3 }); v != 0 {
		t.Errorf("6 min later: %d µm, want 0", v)
	}
	dry := newGauge(t, Derivation{Formula: "dry_time"}, time.Second, drivers.Pulses)
	if _, q, _ := dry.ramp(time.Minute, func(time.Duration) int64 { return 5 }); q == point.Good {
		t.Error("a dry time is good before any rain was seen")
	}
	dry.give(point.Good, 6)
	if v, q, _ := dry.ramp(time.Hour, func(time.Duration) int64 { return 6 }); q != point.Good ||
		!near(v, 3600, 2) {
		t.Errorf("an hour after rain: %d s %v", v, q)
	}
}

// The fire-weather index is RH/20 + (27-T)/10: 0.2 and extreme at 35 °C and 20 %RH.
func TestFireWeather(t *testing.T) {
	for _, c := range []struct{ rh, temp, index, class int64 }{
		{20_000, 35_000, 200, 3},
		{100_000, 7_000, 7000, 0},
		{40_000, 27_000, 2000, 3}, // the steps themselves
		{50_000, 27_000, 2500, 2},
		{80_000, 27_000, 4000, 1},
		{80_020, 27_000, 4001, 0},
		{0, 125_000, -9800, 3},
	} {
		f := newGauge(t, Derivation{Formula: "fire_weather"}, time.Second, drivers.Humidity,
			drivers.Temperature)
		if v, q, _ := f.give(point.Good, c.rh, c.temp); v != c.index || q != point.Good {
			t.Errorf("%d m%%RH %d m°C: %d %v, want %d", c.rh, c.temp, v, q, c.index)
		}
		f = newGauge(t, Derivation{Formula: "fire_danger"}, time.Second, drivers.Humidity,
			drivers.Temperature)
		if v, _, _ := f.give(point.Good, c.rh, c.temp); v != c.class {
			t.Errorf("%d m%%RH %d m°C: class %d, want %d", c.rh, c.temp, v, c.class)
		}
	}
	f := newGauge(t, Derivation{Formula: "fire_weather"}, time.Second, drivers.Humidity,
		drivers.Temperature)
	if _, q, _ := f.give(point.Good, 20_000); q != point.Bad {
		t.Errorf("without a temperature: %v, want bad", q)
	}
}

// Each force of the wind begins at its step and lasts to the next.
func TestWindForce(t *testing.T) {
	for force, step := range beaufortSteps {
		f := newGauge(t, Derivation{Formula: "wind_force"}, time.Second, drivers.Wind)
		below, _, _ := f.give(point.Good, step-1)
		at, _, _ := f.give(point.Good, step)
		if below != int64(force) || at != int64(force)+1 {
			t.Errorf("%d mm/s: %d then %d, want %d then %d", step, below, at, force, force+1)
		}
	}
}

// Mean and peak are those of the window, whatever came before it.
func TestMeanAndPeakOfTheWindow(t *testing.T) {
	for _, c := range []struct {
		formula string
		want    int64
	}{{"mean", 3000}, {"max", 4000}} {
		f := newGauge(t, Derivation{Formula: c.formula}, time.Second, drivers.Combustible)
		f.ramp(6*time.Minute, func(time.Duration) int64 { return 90_000 })
		v, q, _ := f.ramp(6*time.Minute, func(d time.Duration) int64 {
			return 2000 + int64(d/time.Second%2)*2000
		})
		if q != point.Good || !near(v, c.want, 20) {
			t.Errorf("%s: %d %v, want %d, good", c.formula, v, q, c.want)
		}
		if v, q, _ := f.f.Step(f.now.Add(time.Hour), nil); v != 0 || q != point.Bad {
			t.Errorf("%s an hour after the last value: %d %v, want bad", c.formula, v, q)
		}
	}
}

// The time below a limit is counted second by second; a gap in the readings counts for a minute.
func TestTimeBelowCountsWhatWasSeen(t *testing.T) {
	f := newGauge(t, Derivation{Formula: "time_below", Limit: 100_000, Window: time.Hour},
		time.Second, drivers.Pressure)
	f.ramp(10*time.Minute, func(time.Duration) int64 { return 140_000 })
	v, _, _ := f.ramp(5*time.Minute, func(time.Duration) int64 { return 95_000 })
	if !near(v, 300, 2) {
		t.Errorf("after 5 min: %d s, want 300", v)
	}
	f.now = f.now.Add(30 * time.Minute)
	if v, _, _ = f.give(point.Good, 140_000); !near(v, 360, 2) {
		t.Errorf("after a gap: %d s, want 360", v)
	}
	above := newGauge(t, Derivation{Formula: "time_above", Limit: 100_000, Window: time.Hour},
		time.Second, drivers.Pressure)
	if v, _, _ := above.ramp(time.Minute, func(time.Duration) int64 { return 100_000 }); v != 60 {
		t.Errorf("at the limit: %d s, want 60", v)
	}
}

// A leak lasts while the gas does: one good value below the limit ends it.
func TestLastingEndsWithTheValue(t *testing.T) {
	f := newGauge(t, Derivation{Formula: "lasting", Limit: 10_000}, time.Second,
		drivers.Combustible)
	if v, _, _ := f.ramp(90*time.Second, func(time.Duration) int64 { return 10_000 }); v != 90 {
		t.Errorf("got %d s, want 90", v)
	}
	if v, _, _ := f.give(point.Good, 9_999); v != 0 {
		t.Errorf("got %d s, want 0", v)
	}
}

// A share is bounded to 0 and 100 %, and works for an upside-down gauge too.
func TestShare(t *testing.T) {
	for _, c := range []struct{ zero, full, value, want int64 }{
		{0, 2000, 500, 25_000}, {0, 2000, -5, 0}, {0, 2000, 2500, 100_000},
		{3000, 1000, 1500, 75_000}, // distance from the lid
	} {
		f := newGauge(t, Derivation{Formula: "share", Zero: c.zero, Full: c.full}, time.Second,
			drivers.Level)
		if v, q, _ := f.give(point.Good, c.value); v != c.want || q != point.Good {
			t.Errorf("%+v: got %d %v", c, v, q)
		}
	}
	f := newGauge(t, Derivation{Formula: "share"}, time.Second, drivers.Level)
	if _, q, _ := f.give(point.Good, 1); q != point.Bad {
		t.Error("a share of nothing is good")
	}
}

// A colour rises at its step and falls only a band below it; an uncertain value may raise it and
// never lowers it.
func TestColourHasABand(t *testing.T) {
	d := Derivation{Formula: "colour", Steps: [4]int64{10, 20, 30, 40}, Band: 5}
	f := newGauge(t, d, time.Second, drivers.Crack)
	for i, c := range []struct {
		quality point.Quality
		value   int64
		want    int64
	}{
		{point.Good, 9, 0}, {point.Good, 10, 1}, {point.Good, 6, 1}, {point.Good, 5, 1},
		{point.Good, 4, 0}, {point.Uncertain, 41, 4}, {point.Uncertain, 0, 4},
		{point.Good, 36, 4}, {point.Good, 34, 3}, {point.Good, 0, 0},
	} {
		if v, _, _ := f.give(c.quality, c.value); v != c.want {
			t.Errorf("%d: %d: colour %d, want %d", i, c.value, v, c.want)
		}
	}
	d.Steps = [4]int64{40, 30, 20, 10}
	f = newGauge(t, d, time.Second, drivers.Pressure)
	for _, c := range [][2]int64{{41, 0}, {40, 1}, {10, 4}, {15, 4}, {16, 3}, {50, 0}} {
		if v, _, _ := f.give(point.Good, c[0]); v != c[1] {
			t.Errorf("falling: %d: colour %d, want %d", c[0], v, c[1])
		}
	}
}

// What is made of a sensor that warms up says that it warms up too, so that it is not taken for
// silent.
func TestDerivedValueWarmsUpWithItsInput(t *testing.T) {
	for _, d := range []Derivation{
		{Formula: "ready"}, {Formula: "mean", Window: time.Second}, {Formula: "lasting", Limit: 1},
		{Formula: "share", Full: 9},
	} {
		d.From = []point.ID{"a"}
		f, q, why := NewFormula(d), point.Good, point.None
		for s := range 5 {
			now := point.Instant(s) * point.Instant(time.Second)
			_, q, why = f.Step(now, []point.Reading{{
				Point: "a", At: now, Quality: point.Uncertain, Reason: point.WarmUp,
				Sample: drivers.Sample{Quantity: drivers.Contact, Value: 1},
			}})
		}
		if q != point.Uncertain || why != point.WarmUp {
			t.Errorf("%s: got %v, %v; want uncertain, warmup", d.Formula, q, why)
		}
	}
}

// Readiness needs every contact: one that is not normal is enough to say no, one that is silent is
// enough not to say yes.
func TestReadyNeedsAll(t *testing.T) {
	d := Derivation{Formula: "ready"}
	f := newGauge(t, d, time.Second, drivers.Contact, drivers.Contact)
	if _, q, _ := f.give(point.Good, 0); q != point.Bad {
		t.Errorf("one of two: %v, want bad", q)
	}
	if v, q, _ := f.give(point.Good, 0, 0); v != 0 || q != point.Good {
		t.Errorf("both normal: %d %v", v, q)
	}
	if v, q, _ := f.give(point.Uncertain, 0, 1); v != 1 || q == point.Bad {
		t.Errorf("one abnormal: %d %v", v, q)
	}
	if v, q, _ := f.give(point.Good, 1); v != 1 || q != point.Good {
		t.Errorf("one abnormal, the other uncertain: %d %v, want good", v, q)
	}
}

// No formula panics or grows over any reading, at any time, and what it says of shares and classes
// stays within its range.
func FuzzFormula(f *testing.F) {
	f.Add(uint8(0), int64(5), int64(-5), int64(1e9), int64(3e12))
	f.Fuzz(func(t *testing.T, kind uint8, a, b, step, jump int64) {
		k := formulas[int(kind)%len(formulas)]
		d := Derivation{
			Formula: k.Name, From: []point.ID{"a", "b"}, Steps: [4]int64{a, b, b, a}, Band: b,
			Zero: a, Full: b, PerTip: a, Limit: b,
		}
		form, now := NewFormula(d), point.Instant(0)
		for i := range 20 {
			now = now.Add(time.Duration(step & 0xFFFFFFFFFF))
			if i == 10 {
				now = now.Add(time.Duration(jump & 0xFFFFFFFFFFFF))
			}
			rs := []point.Reading{{Point: "a", At: now, Quality: point.Quality(i % 3)},
				{Point: "b", At: now - 1, Quality: point.Good}}
			for j := range rs {
				rs[j].Sample.Value = []int64{a, b}[(i+j)%2]
				rs[j].Sample.Quantity = drivers.Contact
				if k.Inputs[0] != 0 {
					rs[j].Sample.Quantity = k.Inputs[min(j, len(k.Inputs)-1)]
				}
			}
			v, q, _ := form.Step(now, rs)
			switch k.Name {
			case "share", "colour", "wind_force", "fire_danger", "ready":
				if v < 0 || v > 100_000 || q > point.Good {
					t.Errorf("%s: %d %v", k.Name, v, q)
				}
			}
		}
	})
}

// A formula allocates nothing once it runs.
func TestFormulasAllocateNothing(t *testing.T) {
	for _, k := range formulas {
		d := Derivation{Formula: k.Name, From: []point.ID{"a", "b"}}
		f, now := NewFormula(d), point.Instant(0)
		rs := []point.Reading{{Point: "a", Quality: point.Good}, {Point: "b", Quality: point.Good}}
		for j := range rs {
			rs[j].Sample.Quantity = drivers.Level
			if k.Inputs[0] != 0 {
				rs[j].Sample.Quantity = k.Inputs[min(j, len(k.Inputs)-1)]
			}
		}
		if n := testing.AllocsPerRun(100, func() {
			now = now.Add(time.Second)
			rs[0].At, rs[1].At = now, now
			f.Step(now, rs)
		}); n != 0 {
			t.Errorf("%s allocates %v times", k.Name, n)
		}
	}
}
