package detect

import (
	"math"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// T(C) in integers is within a hundred thousandth of the exact curve, which runs along straight
// lines of ln T, at every concentration; it never rises with C.
func TestDoseTimeIsTheExactCurve(t *testing.T) {
	last := int64(math.MaxInt64)
	for ppb := int64(doseTimes[0].ppb); ppb <= 320_000; ppb += 37 {
		got := doseTime(ppb)
		if want := exactTime(ppb); math.Abs(float64(got)-want) > want*1e-5 {
			t.Fatalf("%d ppb: got %d, want %.0f (in 10 µs)", ppb, got, want)
		}
		if got > last {
			t.Fatalf("%d ppb: got %d after %d for less gas", ppb, got, last)
		}
		last = got
	}
	for _, ppb := range []int64{math.MinInt64, -1, 0, 25_000, 39_999} {
		if got := doseTime(ppb); got != 0 {
			t.Errorf("%d ppb: got %d, want that it never counts", ppb, got)
		}
	}
	if got, want := doseTime(math.MaxInt64), int64(120*time.Second/tens); got != want {
		t.Errorf("at the end of the range: got %d, want %d", got, want)
	}
}

// exactTime is T(C) by floating point.
func exactTime(ppb int64) float64 {
	last := doseTimes[len(doseTimes)-1]
	if ppb >= last.ppb {
		return float64(last.time / tens)
	}
	i := 1
	for ppb >= doseTimes[i].ppb {
		i++
	}
	a, b := doseTimes[i-1], doseTimes[i]
	part := float64(ppb-a.ppb) / float64(b.ppb-a.ppb)
	return math.Exp(math.Log(float64(a.time/tens))*(1-part) + math.Log(float64(b.time/tens))*part)
}

// root is the nearest integer to the square root.
func TestRootIsTheNearest(t *testing.T) {
	for _, c := range []struct{ v, want int64 }{
		{0, 0}, {1, 1}, {2, 1}, {3, 2}, {4, 2}, {6, 2}, {7, 3}, {1 << 62, 1 << 31},
		{291_600_000_000_000_000, 540_000_000},
	} {
		if got := root(c.v); got != c.want {
			t.Errorf("root(%d): got %d, want %d", c.v, got, c.want)
		}
	}
}

var monoxide = Condition{Kind: Dose, Quantity: drivers.Gas, Level: Alarm, Limit: DoseFrom,
	Release: 10 * time.Second}

// breathe gives a rule one value a second until it alarms, and returns after how long; 0: not
// within d.
func breathe(r Rule, from point.Instant, ppb int64, d time.Duration) time.Duration {
	for at := from; at <= from.Add(d); at = at.Add(time.Second) {
		rd := point.Reading{At: at, Quality: point.Good}
		rd.Sample = drivers.Sample{Quantity: drivers.Gas, Value: ppb}
		if r.Step(at, []point.Reading{rd}).Level == Alarm {
			return at.Sub(from)
		}
	}
	return 0
}

// A constant concentration alarms after the time that the tables of EN 50291 and GB 15322.2-2019
// allow, with a tenth more or less gas too, and below 40 ppm never.
func TestDoseAlarmsAtTheRightTime(t *testing.T) {
	for _, c := range []struct {
		ppb  int64
		want float64 // minutes; 0: never
	}{
		{27_000, 0}, {30_000, 0}, {33_000, 0}, {39_999, 0},
		{45_000, 83.8}, {50_000, 78}, {55_000, 73.4}, {65_000, 65}, {70_000, 63.5}, {75_000, 62},
		{90_000, 35}, {100_000, 25}, {110_000, 18}, {150_000, 11},
		{270_000, 2.5}, {300_000, 2}, {330_000, 2}, {1_000_000, 2},
	} {
		got := breathe(New(Spec{Conditions: []Condition{monoxide}}), 0, c.ppb, 400*time.Minute)
		if math.Abs(got.Minutes()-c.want) > 0.06 {
			t.Errorf("%d ppb: got %.2f min, want %.1f", c.ppb, got.Minutes(), c.want)
		}
	}
}

// Between 25 and 40 ppm a dose is held; below it fades to a third or so in an hour.
func TestDoseIsHeldAndFades(t *testing.T) {
	for _, c := range []struct {
		name        string
		ppb         int64
		least, most int64 // of an hour later, in millionths of half a dose
	}{
		{"held", 25_000, 500_000, 500_000}, {"held below 40 ppm", 39_999, 500_000, 500_000},
		{"fades", 24_999, 183_000, 185_000}, {"clean air", 0, 183_000, 185_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New(Spec{Conditions: []Condition{monoxide}})
			m := r.(Rememberer)
			m.Remember(Memory{Dose: 500_000})
			breathe(r, 0, c.ppb, time.Hour)
			if got := m.Memory().Dose; got < c.least || got > c.most {
				t.Errorf("got %d, want %d to %d", got, c.least, c.most)
			}
		})
	}
}

// While the sensor says nothing, or nothing that can be believed, a dose neither grows nor fades;
// a value that is not good may let it grow, never fade.
func TestDoseIsHeldWhileBlind(t *testing.T) {
	r := New(Spec{Stale: 8 * time.Second, Conditions: []Condition{monoxide}})
	m := r.(Rememberer)
	m.Remember(Memory{Dose: 500_000})
	breathe(r, 0, 100_000, time.Second)
	for s := 2.0; s < 7200; s++ {
		r.Step(at(s), nil)
	}
	// Until the silence is a fault, after 8 s, the last value holds.
	if got := m.Memory().Dose; got < 505_000 || got > 507_000 {
		t.Errorf("after silence: got %d, want the dose of 9 s more", got)
	}
	for s := 7200.0; s < 9000; s++ {
		rd := feed{at: s, q: point.Uncertain, reason: point.WarmUp}.reading(drivers.Gas)
		r.Step(at(s), []point.Reading{rd})
	}
	if got := m.Memory().Dose; got < 505_000 {
		t.Errorf("warming up at 0 ppm: got %d, want nothing lost", got)
	}
}

// The alarm of a dose ends in air that lets it fade, and not before.
func TestDoseAlarmEndsInCleanAir(t *testing.T) {
	r := New(Spec{Conditions: []Condition{monoxide}})
	same(t, play(r, drivers.Gas, join(every(0, 130, 300_000), every(131, 200, 30_000),
		every(201, 230, 20_000)), 230), []string{"2m0s alarm", "3m31s normal"})
}

// A dose that a sensor counted while it warmed up warns, and a restart makes no alarm of it before
// the sensor is warm.
func TestDoseOfAColdSensorIsNoAlarmAfterARestart(t *testing.T) {
	r := New(Spec{Conditions: []Condition{monoxide}, WarmUp: PreAlarm})
	r.(Rememberer).Remember(Memory{Dose: doseShown})
	if f := r.Step(at(0), nil); f.Level != PreAlarm {
		t.Errorf("got %v, want %v", f.Level, PreAlarm)
	}
	f := r.Step(at(1), []point.Reading{feed{at: 1, value: 100_000}.reading(drivers.Gas)})
	if f.Level != Alarm {
		t.Errorf("with a value: got %v, want %v", f.Level, Alarm)
	}
}

// What an earlier run kept is taken over, and nonsense is cut to what can be.
func TestMemoryIsTakenOverOrCut(t *testing.T) {
	for _, c := range []struct{ kept, want int64 }{
		{0, 0}, {1, 1}, {999_999, 999_999}, {1_000_000, 1_000_000}, {1_000_001, 1_000_000},
		{-1, 0}, {math.MaxInt64, 1_000_000}, {math.MinInt64, 0},
	} {
		r := New(Spec{
			Conditions: []Condition{monoxide}, Drift: Drift{Quantity: drivers.Raw, Alarm: 1000},
		}).(Rememberer)
		r.Remember(Memory{Dose: c.kept, Drifted: true, Baseline: c.kept})
		m := r.Memory()
		if m.Dose != c.want {
			t.Errorf("dose %d: got %d, want %d", c.kept, m.Dose, c.want)
		}
		// Half an alarm is 500 units, 500,000 thousandths.
		want := min(max(c.kept, -500_000), 500_000)
		if off := m.Baseline - want; off < -1 || off > 1 {
			t.Errorf("baseline %d: got %d, want %d", c.kept, m.Baseline, want)
		}
	}
}
