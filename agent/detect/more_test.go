package detect

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// More gas never clears: a trace that lies above another one, whatever its noise and the quality of
// its readings, is at least as far from normal at every moment.
func TestMoreGasNeverClears(t *testing.T) {
	gas := func(l Level, limit int64, confirm time.Duration) Condition {
		return Condition{Kind: Above, Quantity: drivers.Gas, Level: l, Limit: limit,
			Hysteresis: limit / 20, Confirm: confirm, Release: 10 * time.Second}
	}
	spec := Spec{Stale: 8 * time.Second, Conditions: []Condition{
		gas(PreAlarm, 30_000, time.Minute), monoxide, gas(Alarm, 300_000, 3*time.Second),
		gas(AlarmHigh, 500_000, 3*time.Second),
	}}
	raised := 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		less, more := New(spec), New(spec)
		value := int64(0)
		for s := range 1200 {
			value = max(value+rng.Int64N(60_001)-29_000, 0)
			rd := point.Reading{At: at(float64(s)), Quality: point.Good}
			rd.Sample = drivers.Sample{Quantity: drivers.Gas, Value: value}
			switch rng.IntN(20) {
			case 0:
				rd.Quality, rd.Reason = point.Uncertain, point.WarmUp
			case 1:
				rd.Quality = point.Bad
			}
			above := rd
			above.Sample.Value += rng.Int64N(100_000)
			a := less.Step(rd.At, []point.Reading{rd})
			b := more.Step(rd.At, []point.Reading{above})
			if b.Level < a.Level {
				t.Fatalf("seed %d at %d s: %v with more gas, %v with less", seed, s, b.Level, a.Level)
			}
			if a.Level > Normal {
				raised++
			}
		}
	}
	if raised < 10_000 {
		t.Errorf("only %d steps were off normal, so little was shown", raised)
	}
}

var rising = Condition{
	Kind: Above, Quantity: drivers.Temperature, Level: Alarm, Limit: 56_000, Hysteresis: 2_000,
	FastLimit: 46_000, FastRise: 4_000, Release: 10 * time.Second,
}

// slope is a temperature that rises from 20 °C by a rate a minute.
func slope(perMinute int64, to float64) []feed {
	var fs []feed
	for s := 0.0; s <= to; s++ {
		fs = append(fs, feed{at: s, value: 20_000 + perMinute*int64(s)/60})
	}
	return fs
}

// What rises fast alarms at the lower limit, and what it has raised ends below that one only.
func TestFastRiseAlarmsEarlier(t *testing.T) {
	for _, c := range []struct {
		name  string
		trace []feed
		want  []string
	}{
		{"3.9 °C a minute", slope(3_900, 500), nil},
		{"and on to the limit", slope(3_900, 560), []string{"9m14s alarm"}},
		{"4 °C a minute", slope(4_000, 400), []string{"6m30s alarm"}},
		{"a fast one", slope(10_000, 160), []string{"2m36s alarm"}},
		{"no more rise is no end", join(slope(10_000, 160), every(161, 400, 47_000)),
			[]string{"2m36s alarm"}},
		{"below the lower limit it is", join(slope(10_000, 160), every(161, 400, 43_999)),
			[]string{"2m36s alarm", "2m51s normal"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New(Spec{Conditions: []Condition{rising}})
			end := c.trace[len(c.trace)-1].at
			same(t, play(r, drivers.Temperature, c.trace, end), c.want)
		})
	}
}

// A rise may be told for a minute, an hour or a day.
func TestRiseIsForItsOwnTime(t *testing.T) {
	for _, c := range []struct {
		name string
		per  time.Duration
		mm   int64 // an hour
		want Level
	}{
		{"an hour, just below", time.Hour, 4_990, Normal}, {"an hour", time.Hour, 5_010, Alarm},
		{"a day, just below", 24 * time.Hour, 207, Normal}, {"a day", 24 * time.Hour, 210, Alarm},
		{"a minute", 0, 290_000, Normal}, {"a minute, fast", 0, 310_000, Alarm},
	} {
		t.Run(c.name, func(t *testing.T) {
			rise := Condition{Kind: Rise, Quantity: drivers.Crack, Level: Alarm, Limit: 5_000,
				Per: c.per, Window: c.per, Confirm: 0}
			r := New(Spec{Stale: time.Hour, Conditions: []Condition{rise}})
			var f Finding
			for m := range int64(30 * 60) {
				rd := feed{at: float64(m * 60), value: c.mm * m / 60}.reading(drivers.Crack)
				f = r.Step(rd.At, []point.Reading{rd})
			}
			if f.Level != c.want {
				t.Errorf("got %v, want %v", f.Level, c.want)
			}
		})
	}
}

// While a sensor warms up, a value over the limit warns, and it alarms as soon as it is warm. What
// stood before the sensor went cold is held as it is.
func TestWarmUpWarns(t *testing.T) {
	spec := Spec{Stale: 8 * time.Second, Conditions: []Condition{heat}, WarmUp: PreAlarm}
	hot := join(unsure(0, 20, 60_000, point.WarmUp), every(21, 25, 60_000))
	same(t, play(New(spec), drivers.Temperature, hot, 25), []string{"3s prealarm", "21s alarm"})
	again := join(every(0, 5, 60_000), unsure(6, 20, 60_000, point.WarmUp))
	same(t, play(New(spec), drivers.Temperature, again, 20), []string{"3s alarm"})
	r := New(spec)
	r.(Resumer).Resume(Finding{Level: Alarm})
	same(t, play(r, drivers.Temperature, unsure(0, 20, 60_000, point.WarmUp), 20),
		[]string{"0s alarm"})
}

// A point that cannot see gives what it was told to give, as long as it is blind, and no longer.
func TestBlindPointGivesWhatItWasTold(t *testing.T) {
	trace := join(every(0, 1, 20_000), bads(2, 10), every(11, 30, 20_000))
	for level, want := range map[Level][]string{
		Normal:      {"4s normal sensor_failed", "21s normal"},
		Supervisory: {"4s supervisory sensor_failed", "21s normal"},
		Alarm:       {"4s alarm sensor_failed", "21s normal"},
	} {
		spec := Spec{Stale: 8 * time.Second, Conditions: []Condition{heat}, OnFault: level}
		same(t, play(New(spec), drivers.Temperature, trace, 30), want)
	}
	// Dirt that comes to its bound blinds nothing.
	spec := chamber()
	spec.OnFault = Alarm
	r := New(spec)
	r.(Rememberer).Remember(Memory{Drifted: true, Zero: 200, Baseline: 500_000})
	same(t, play(r, drivers.Raw, every(0, 5, 700), 5), []string{"0s normal contaminated"})
}

// A line that fails says how, after 2 s; readings that fail for another reason are a fault at the
// third one.
func TestFailureHasItsOwnFault(t *testing.T) {
	for _, c := range []struct {
		reason point.Reason
		want   string
	}{
		{point.LineOpen, "3s normal line_open"}, {point.LineShort, "3s normal line_short"},
		{point.Range, "3s normal sensor_range"}, {point.Rate, "2.5s normal sensor_jumps"},
		{point.Checksum, "2.5s normal sensor_failed"}, {point.NoDevice, "2.5s normal sensor_failed"},
	} {
		trace := every(0, 1, 0)
		for s := 1.5; s < 8; s += 0.5 {
			trace = append(trace, feed{at: s, bad: true, reason: c.reason})
		}
		want := []string{c.want}
		if failedFor(c.reason) > 0 {
			want[0] = "3.5s" + c.want[2:]
		}
		same(t, play(New(Spec{Stale: time.Minute, Conditions: []Condition{closed}}),
			drivers.Contact, trace, 8), want)
	}
	// A wire that touches now and then is a fault too, and its newest state is told.
	var trace []feed
	for i, reason := range []point.Reason{point.LineOpen, point.LineShort, point.LineOpen,
		point.LineShort, point.LineOpen} {
		trace = append(trace, feed{at: float64(i), bad: true, reason: reason})
	}
	same(t, play(New(Spec{Conditions: []Condition{closed}}), drivers.Contact, trace, 4),
		[]string{"2s normal line_open", "3s normal line_short", "4s normal line_open"})
}

// A supply that is off normal is a fault and no alarm, and a graver fault hides it.
func TestSupplyIsAFault(t *testing.T) {
	mains := Condition{Kind: Active, Fault: MainsLost, Confirm: 10 * time.Second}
	spec := Spec{Stale: 8 * time.Second, Conditions: []Condition{mains}}
	same(t, play(New(spec), drivers.Contact, join(every(0, 14, 1), every(15, 20, 0)), 20),
		[]string{"10s normal mains_lost", "15s normal"})
	same(t, play(New(spec), drivers.Contact, join(every(0, 14, 1), bads(15, 20)), 20),
		[]string{"10s normal mains_lost", "17s normal sensor_failed"})
	r := New(spec)
	r.(Resumer).Resume(Finding{Fault: MainsLost})
	same(t, play(r, drivers.Contact, nil, 5), []string{"0s normal mains_lost"})
}

// The gravest fault is told, whichever comes first.
func TestWorseIsTheGraverFault(t *testing.T) {
	order := []FaultCode{SensorFailed, LineOpen, SensorStuck, Contaminated, EndOfLife, BatteryLow,
		DirtySoon, ""}
	for i, a := range order {
		for j, b := range order {
			if got, want := Worse(a, b), order[min(i, j)]; got != want {
				t.Errorf("Worse(%q, %q): got %q, want %q", a, b, got, want)
			}
		}
	}
}

// A spot joins the fire rule and its own conditions by "or".
func TestSpotIsFireRuleOrConditions(t *testing.T) {
	damp := Condition{Kind: Above, Quantity: drivers.Humidity, Level: Supervisory, Limit: 90_000}
	spec := Spec{
		Stale: 8 * time.Second, Conditions: []Condition{damp},
		Fire: []drivers.Quantity{drivers.Temperature, drivers.Humidity},
	}
	if got := spec.Needs(); len(got) != 2 {
		t.Errorf("needs: got %v, want each quantity once", got)
	}
	at := func(temperature, humidity int64) Finding {
		r := New(spec)
		var f Finding
		for s := range 60 {
			both := []point.Reading{
				feed{at: float64(s), value: temperature}.reading(drivers.Temperature),
				feed{at: float64(s), value: humidity}.reading(drivers.Humidity),
			}
			f = r.Step(both[0].At, both)
		}
		return f
	}
	if f := at(20_000, 50_000); f != (Finding{}) {
		t.Errorf("a quiet room: got %+v, want nothing", f)
	}
	if f := at(20_000, 95_000); f.Level != Supervisory || f.Why[0].Quantity != drivers.Humidity {
		t.Errorf("a damp room: got %+v, want supervisory", f)
	}
	f := at(90_000, 95_000)
	if f.Level != Alarm || f.Why[0].Quantity != drivers.Temperature {
		t.Errorf("a burning room: got %+v, want an alarm by its heat", f)
	}
}
