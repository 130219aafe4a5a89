package detect

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// tracing are derivations of every formula that looks back, over ten minutes.
func tracing() (all []Derivation) {
	for _, k := range formulas {
		d := Derivation{
			Formula: k.Name, From: []point.ID{"a", "b"}, Window: 10 * time.Minute, Limit: 40,
			Steps: [4]int64{20, 40, 60, 80}, Band: 30,
		}
		if _, ok := NewFormula(d).(Tracer); ok {
			all = append(all, d)
		}
	}
	return all
}

// given is one reading of the first input of d.
func given(d *Derivation, now point.Instant, value int64) []point.Reading {
	q := drivers.Level
	if k, _ := FormulaByName(d.Formula); k.Inputs[0] != 0 {
		q = k.Inputs[0]
	}
	return []point.Reading{{
		Point: "a", At: now, Quality: point.Good, Sample: drivers.Sample{Quantity: q, Value: value},
	}}
}

// A formula that goes on from what an earlier run kept says what the earlier one would have said,
// though the clock begins anew.
func TestFormulaGoesOnAfterARestart(t *testing.T) {
	if n := len(tracing()); n != 12 {
		t.Errorf("%d formulas look back, want 12", n)
	}
	for _, d := range tracing() {
		one, now, n := NewFormula(d), point.Instant(0), int64(0)
		value := func() int64 {
			if n++; d.Formula == "rain" || d.Formula == "dry_time" {
				return n / 50
			}
			return n % 90
		}
		for range 800 {
			now = now.Add(time.Second)
			one.Step(now, given(&d, now, value()))
		}
		data, err := json.Marshal(one.(Tracer).Trace(now))
		if err != nil || len(data) > 3000 {
			t.Fatalf("%s: it keeps %d bytes (%v), want at most 3000", d.Formula, len(data), err)
		}
		var kept Trace
		if err := json.Unmarshal(data, &kept); err != nil {
			t.Fatal(err)
		}
		other := NewFormula(d)
		other.(Tracer).Recall(5, kept)
		ahead := now.Sub(5)
		for range 700 {
			now = now.Add(time.Second)
			v := value()
			got, q, why := other.Step(now.Add(-ahead), given(&d, now.Add(-ahead), v))
			want, wantQ, wantWhy := one.Step(now, given(&d, now, v))
			if !near(got, want, 1) || q != wantQ || why != wantWhy {
				t.Fatalf("%s at %v: got %d %v %v, want %d %v %v", d.Formula, time.Duration(now),
					got, q, why, want, wantQ, wantWhy)
			}
		}
	}
}

// Before its first reading a formula has nothing to tell, whatever it remembers.
func TestRecalledFormulaIsSilentBeforeItsFirstReading(t *testing.T) {
	for _, d := range tracing() {
		one := NewFormula(d)
		one.Step(1, given(&d, 1, 50))
		other := NewFormula(d)
		other.(Tracer).Recall(0, one.(Tracer).Trace(2))
		if _, q, _ := other.Step(1, nil); q != point.Bad {
			t.Errorf("%s: got %v, want bad", d.Formula, q)
		}
	}
}

// Whatever a file says, a formula takes it without harm, and keeps no more than it ever does.
func TestFormulaBearsNonsense(t *testing.T) {
	odd := []int64{math.MinInt64, -1, 0, 1, 1 << 40, math.MaxInt64}
	for _, d := range tracing() {
		for _, a := range odd {
			for _, b := range odd {
				f := NewFormula(d)
				f.(Tracer).Recall(7, Trace{
					Age: time.Duration(a), Heard: time.Duration(b), Part: time.Duration(a), Known: true,
					Last: b, Has: true, Parts: slices.Repeat([]int64{a, b}, 500),
				})
				for now := point.Instant(8); now < point.Instant(time.Hour); now += 1e11 {
					f.Step(now, given(&d, now, 50))
				}
				now := point.Instant(time.Hour)
				v, _, _ := f.Step(now, given(&d, now, 50))
				if v < -1<<62 || v > 1<<62 {
					t.Errorf("%s from %d, %d: it says %d", d.Formula, a, b, v)
				}
				if n := len(f.(Tracer).Trace(now).Parts); n > sumSlots*partNumbers {
					t.Errorf("%s from %d, %d: it keeps %d numbers", d.Formula, a, b, n)
				}
			}
		}
	}
}

// A window is full once values have come for as long as it is: time before the first of them, or
// without any, was not seen.
func TestWindowIsFullOfWhatWasSeen(t *testing.T) {
	for _, d := range tracing() {
		f, now := NewFormula(d), point.Instant(0)
		hear := func(d1 time.Duration, heard bool) (q point.Quality, why point.Reason) {
			for end := now.Add(d1); now < end; now = now.Add(time.Second) {
				var rs []point.Reading
				if heard {
					rs = given(&d, now, 5)
				}
				_, q, why = f.Step(now, rs)
			}
			return q, why
		}
		if d.Formula == "lasting" || d.Formula == "colour" || d.Formula == "dry_time" {
			continue // they have no window
		}
		hear(2*time.Hour, false)
		if q, why := hear(5*time.Minute, true); q != point.Uncertain || why != point.WarmUp {
			t.Errorf("%s: first heard after two hours: got %v %v", d.Formula, q, why)
		}
		if q, _ := hear(6*time.Minute, true); q != point.Good {
			t.Errorf("%s: heard for a window: got %v, want good", d.Formula, q)
		}
		hear(time.Hour, false)
		if q, _ := hear(time.Minute, true); q != point.Uncertain {
			t.Errorf("%s: heard again after an hour: got %v, want uncertain", d.Formula, q)
		}
	}
}

// Values at the end of the world wrap nowhere.
func TestFormulasDoNotWrap(t *testing.T) {
	last := func(d Derivation, values ...int64) (v int64) {
		d.From = []point.ID{"a"}
		f := NewFormula(d)
		for i, value := range values {
			now := point.Instant(i)
			v, _, _ = f.Step(now, given(&d, now, value))
		}
		return v
	}
	const most = math.MaxInt64
	if v := last(Derivation{Formula: "mean"}, most, most/2, most); v != MostValue {
		t.Errorf("mean: got %d, want %d", v, int64(MostValue))
	}
	steps := [4]int64{10, 20, 30, 40}
	if v := last(Derivation{Formula: "colour", Steps: steps, Band: most}, 50); v != 4 {
		t.Errorf("colour with a huge band: got %d, want 4", v)
	}
	if v := last(Derivation{Formula: "colour", Steps: steps, Band: -5}, 50, 9); v != 0 {
		t.Errorf("colour with a band below zero: got %d, want 0", v)
	}
	if v := last(Derivation{Formula: "rain", PerTip: most}, 0, most); v <= 0 {
		t.Errorf("rain: got %d, want much", v)
	}
	if v := last(Derivation{Formula: "rain"}, 5, -3); v != 0 {
		t.Errorf("rain by a count below zero: got %d, want 0", v)
	}
	if v := last(Derivation{Formula: "share", Zero: -most, Full: most}, 0); v != 50_000 {
		t.Errorf("share: got %d, want the middle", v)
	}
}
