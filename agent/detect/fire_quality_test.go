package detect

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// steps lets a rule see the same air with a quality for some seconds, and returns its last finding.
// What is uncertain is of a sensor that warms up: it is alive.
func steps(r Rule, from, to float64, a air, qs []drivers.Quantity, how point.Quality) Finding {
	var f Finding
	for t := from; t <= to; t++ {
		rs := a.readings(t, qs, how)
		for i := range rs {
			if how == point.Uncertain {
				rs[i].Reason = point.WarmUp
			}
		}
		f = r.Step(at(t), rs)
	}
	return f
}

var (
	particles = []drivers.Quantity{
		drivers.PM1, drivers.PM25, drivers.PM4, drivers.PM10, drivers.NC05, drivers.NC10, drivers.Size,
	}
	gasHeat = []drivers.Quantity{drivers.Gas, drivers.Temperature}
	hot     = air{temp: 32, wet: 50, fine: 2000, co: 80, co2: 900, o2: 20.8}
)

// A part that dies in the middle of a fire is a fault; the others go on, and what it said last
// stands.
func TestFireRuleGoesOnWithoutAPart(t *testing.T) {
	smoky := clean
	smoky.fine = 2000
	for _, how := range []string{"silent", "failing"} {
		r := fire(append(gasHeat, particles...)...)
		steps(r, 0, 60, clean, append(gasHeat, particles...), point.Good)
		f := steps(r, 61, 80, smoky, append(gasHeat, particles...), point.Good)
		if f.Level != PreAlarm {
			t.Fatalf("%s: smoke alone: got %v, want prealarm", how, f.Level)
		}
		for s := 81.0; s < 100; s++ {
			rs := clean.readings(s, gasHeat, point.Good)
			if how == "failing" {
				rs = append(rs, clean.readings(s, particles, point.Bad)...)
			}
			r.Step(at(s), rs)
		}
		f = steps(r, 100, 110, hot, gasHeat, point.Good)
		want := map[string]FaultCode{"silent": SensorSilent, "failing": SensorFailed}[how]
		if f.Level != Alarm || f.Fault != want {
			t.Errorf("%s: got %v %q, want alarm %q", how, f.Level, f.Fault, want)
		}
	}
}

// An alarm outlives the part that raised it, for nothing says that it is over, and ends when the
// part is good again and the air is too.
func TestFireOutlivesTheSensor(t *testing.T) {
	qs := append(gasHeat, particles...)
	r := fire(qs...)
	steps(r, 0, 60, clean, qs, point.Good)
	if f := steps(r, 61, 70, hot, qs, point.Good); f.Level != Alarm {
		t.Fatalf("got %v, want alarm", f.Level)
	}
	f := steps(r, 71, 600, clean, gasHeat, point.Good)
	if f.Level != Alarm || f.Fault != SensorSilent {
		t.Errorf("particles silent: got %v %q, want alarm and fault", f.Level, f.Fault)
	}
	if f := steps(r, 601, 700, clean, qs, point.Good); f != (Finding{}) {
		t.Errorf("clean again: got %+v, want normal", f)
	}
}

// A failure or silence while an alarm is about to end lets it stand: the calm must be seen whole.
func TestFireEndsByCalmThatIsSeenWhole(t *testing.T) {
	r := fire(gasHeat...)
	steps(r, 0, 60, clean, gasHeat, point.Good)
	steps(r, 61, 70, hot, gasHeat, point.Good)
	steps(r, 71, 90, clean, gasHeat, point.Good)
	steps(r, 91, 91, clean, gasHeat[:1], point.Bad)
	if f := steps(r, 92, 120, clean, gasHeat, point.Good); f.Level != Alarm {
		t.Errorf("a failure, then 28 s of calm: got %v, want alarm", f.Level)
	}
	steps(r, 121, 121, clean, gasHeat[:1], point.Bad)
	steps(r, 122, 130, clean, gasHeat, point.Good)
	if f := steps(r, 131, 300, clean, gasHeat[1:], point.Good); f.Level != Alarm {
		t.Errorf("the cell is silent: got %v, want alarm", f.Level)
	}
	if f := steps(r, 301, 340, clean, gasHeat, point.Good); f.Level != Normal {
		t.Errorf("calm: got %v, want normal", f.Level)
	}
}

// While the cell is silent, nobody knows what there is to breathe.
func TestSilentCellCountsNoDose(t *testing.T) {
	r := fire(drivers.Gas)
	steps(r, 0, 30, air{co: 300}, gasHeat[:1], point.Good)
	r.Step(at(45), nil)
	before := r.(Rememberer).Memory()
	if r.Step(at(600), nil); r.(Rememberer).Memory() != before || before.Dose == 0 {
		t.Errorf("got %+v, want %+v as before", r.(Rememberer).Memory(), before)
	}
}

// Uncertain values may raise an alarm and never end one.
func TestUncertainRaisesFireAndNeverClearsIt(t *testing.T) {
	qs := append(gasHeat, particles...)
	r := fire(qs...)
	steps(r, 0, 60, clean, qs, point.Good)
	if f := steps(r, 61, 70, hot, qs, point.Uncertain); f.Level != Alarm {
		t.Fatalf("uncertain fire: got %v, want alarm", f.Level)
	}
	if f := steps(r, 71, 600, clean, qs, point.Uncertain); f.Level != Alarm {
		t.Errorf("uncertain calm: got %v, want alarm", f.Level)
	}
	if f := steps(r, 601, 700, clean, qs, point.Good); f.Level != Normal {
		t.Errorf("good calm: got %v, want normal", f.Level)
	}
}

// A cell that warms up reads anything; what it reads then is not where growth begins.
func TestWarmUpIsNoGrowth(t *testing.T) {
	r := fire(drivers.Gas)
	low, high := clean, clean
	high.co = 200
	steps(r, 0, 30, low, []drivers.Quantity{drivers.Gas}, point.Uncertain)
	f := steps(r, 31, 60, high, []drivers.Quantity{drivers.Gas}, point.Good)
	if f.Level != Normal {
		t.Errorf("got %v, want normal: nothing grew since it can be believed", f.Level)
	}
}

// A sensor that dies in mist does not turn it into smoke.
func TestSensorThatDiesInMistMakesNoFire(t *testing.T) {
	mist := clean
	mist.coarse = 8000
	r := fire(append(gasHeat, particles...)...)
	steps(r, 0, 60, clean, append(gasHeat, particles...), point.Good)
	steps(r, 61, 90, mist, append(gasHeat, particles...), point.Good)
	f := steps(r, 91, 200, clean, gasHeat, point.Good)
	if f.Level != Normal || f.Fault != SensorSilent {
		t.Errorf("got %v %q, want normal and a fault", f.Level, f.Fault)
	}
}

// Where the fine part fails, the size tells; the value of before says nothing of now.
func TestFineIsToldByWhatWorks(t *testing.T) {
	qs := []drivers.Quantity{drivers.PM25, drivers.PM10, drivers.Size}
	r := fire(append(qs, drivers.PM1)...)
	steps(r, 0, 60, clean, append(qs, drivers.PM1), point.Good)
	smoke := clean
	smoke.fine = 9000
	if f := steps(r, 61, 90, smoke, qs, point.Good); f.Level != Alarm {
		t.Errorf("got %v, want alarm", f.Level)
	}
}

// A failed reading that does not know its quantity counts against every channel.
func TestFireRuleHearsAFailedPart(t *testing.T) {
	r := fire(all...)
	var f Finding
	for s := 0.0; s < 3; s++ {
		f = r.Step(at(s), []point.Reading{{At: at(s), Reason: point.NoDevice}})
	}
	if f.Fault != SensorFailed {
		t.Errorf("got %q, want %q", f.Fault, SensorFailed)
	}
	if f := fire(all...).Step(at(3600), nil); f != (Finding{}) {
		t.Errorf("the first step: got %+v, want nothing", f)
	}
}

// A rule that goes on from an earlier fire keeps it until good readings end it.
func TestResumedFireStandsUntilGoodReadingsEndIt(t *testing.T) {
	before := Finding{Level: Alarm, Why: [4]Evidence{
		{drivers.PM25, 9_000_000, 7_300_000, 1000}, {drivers.Gas, 90_000, 150_000, 800},
	}}
	r := fire(all...)
	r.(Resumer).Resume(before)
	if f := r.Step(0, nil); f != before {
		t.Errorf("got %+v, want %+v", f, before)
	}
	if f := steps(r, 1, 20, clean, all, point.Good); f.Level != Alarm {
		t.Errorf("after 20 s: got %v, want alarm", f.Level)
	}
	if f := steps(r, 21, 60, clean, all, point.Good); f.Level != Normal {
		t.Errorf("after 60 s: got %v, want normal", f.Level)
	}
	r = fire(all...)
	r.(Resumer).Resume(before)
	thin := clean
	thin.fine = 550
	if f := steps(r, 1, 60, thin, all, point.Good); f.Level != PreAlarm {
		t.Errorf("after 60 s of thin smoke: got %v, want prealarm", f.Level)
	}
	r = fire(all...)
	r.(Resumer).Resume(Finding{Level: PreAlarm, Fault: SensorFailed})
	if f := r.Step(0, nil); f.Level != PreAlarm || f.Fault != SensorFailed {
		t.Errorf("got %v %q, want prealarm and fault", f.Level, f.Fault)
	}
}

// A humidity sensor that dies in steam says nothing of the smoke of a fire later on, whether it
// fails, falls silent or is uncertain from then on.
func TestDeadHumiditySensorHidesNoSmoke(t *testing.T) {
	qs := []drivers.Quantity{drivers.PM25, drivers.Humidity}
	for name, die := range map[string]func(s float64) []point.Reading{
		"failing": func(s float64) []point.Reading {
			return clean.readings(s, qs[1:], point.Bad)
		},
		"silent": func(float64) []point.Reading { return nil },
		"uncertain": func(s float64) []point.Reading {
			wet := clean
			wet.wet = 95
			return wet.readings(s, qs[1:], point.Uncertain)
		},
	} {
		r := fire(qs...)
		steps(r, 0, 60, clean, qs, point.Good)
		wet := clean
		wet.wet = 95
		steps(r, 61, 70, wet, qs, point.Good)
		smoke, f := clean, Finding{}
		smoke.fine = 8000
		for s := 71.0; s < 120; s++ {
			f = r.Step(at(s), append(smoke.readings(s, qs[:1], point.Good), die(s)...))
		}
		if f.Level != Alarm {
			t.Errorf("%s: got %v, want alarm", name, f.Level)
		}
	}
}

// A slow humidity sensor that was last heard longer ago than growth is looked at tells of no steam.
func TestOldHumidityTellsOfNoSteam(t *testing.T) {
	qs := []drivers.Quantity{drivers.PM25, drivers.Humidity}
	r := newFire(FireSpec{Channels: qs, Stale: time.Hour})
	steps(r, 0, 60, clean, qs, point.Good)
	wet := clean
	wet.wet = 95
	steps(r, 61, 61, wet, qs, point.Good)
	smoke := clean
	smoke.fine = 8000
	if f := steps(r, 62, 360, smoke, qs[:1], point.Good); f.Level != Normal {
		t.Errorf("within 5 min: got %v, want normal", f.Level)
	}
	if f := steps(r, 361, 380, smoke, qs[:1], point.Good); f.Level != Alarm {
		t.Errorf("later: got %v, want alarm", f.Level)
	}
}

// Nothing makes particles harmless at every density: what is twice as dense as the densest mist on
// record is an alarm alone, coarse or steamy, and that mist itself is no pre-alarm.
func TestDensestParticlesAlarmWhateverTheyLookLike(t *testing.T) {
	for _, c := range []struct {
		name string
		air  air
		want Level
	}{
		{"densest mist on record", air{wet: 95, coarse: 12_100}, Normal},
		{"twice as dense", air{wet: 95, coarse: 16_000}, Alarm},
		{"fine steam", air{wet: 95, fine: 12_100}, Normal},
		{"fine steam, twice as dense", air{wet: 95, fine: 16_000}, Alarm},
	} {
		qs := append([]drivers.Quantity{drivers.Humidity}, particles...)
		r := fire(qs...)
		steps(r, 0, 60, clean, qs, point.Good)
		f := steps(r, 61, 90, c.air, qs, point.Good)
		if f.Level != c.want {
			t.Errorf("%s: got %v, want %v", c.name, f.Level, c.want)
		}
		if c.want == Alarm && f.Why[0].Limit > f.Why[0].Value {
			t.Errorf("%s: the reason %+v does not reach its limit", c.name, f.Why[0])
		}
	}
}

// The curves begin with no weight, never fall, and end where the evidence is an alarm alone.
func TestFireCurvesNeverFall(t *testing.T) {
	l := fireLimits
	for name, c := range map[string]curve{
		"heat": l.heat, "rise": l.rise, "smoke": l.smoke, "steam": l.steam, "coarse": l.coarse,
		"co": l.co, "co2": l.co2, "oxygen": l.oxygen,
	} {
		for i := 1; i < len(c); i++ {
			if c[i].value <= c[i-1].value || c[i].weight < c[i-1].weight {
				t.Errorf("%s: it falls at %d", name, c[i].value)
			}
		}
		if most := c.weight(c.full()); c[0].weight != 0 || most != l.alarm {
			t.Errorf("%s: it goes from %d to %d", name, c[0].weight, most)
		}
	}
}

// A step allocates nothing, whether or not something burns.
func TestFireStepDoesNotAllocate(t *testing.T) {
	r := fire(all...)
	rs := hot.readings(0, all, point.Good)
	now := point.Instant(0)
	got := testing.AllocsPerRun(1000, func() {
		now = now.Add(time.Second)
		for i := range rs {
			rs[i].At = now
		}
		r.Step(now, rs)
	})
	if got != 0 {
		t.Errorf("got %v allocations a step, want none", got)
	}
}

// Whatever is read, a rule gives a level that exists and reasons that weigh something, and the same
// for the same readings.
func FuzzFire(f *testing.F) {
	f.Add([]byte{})
	f.Add(append(make([]byte, 24), 0xFF, 0x7F))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, z := fire(all...), fire(all...)
		now := point.Instant(0)
		for len(b) >= 12 {
			now = now.Add(time.Duration(b[0]) * 100 * time.Millisecond)
			rs := []point.Reading{{
				At: now.Add(-time.Duration(b[1])), Quality: point.Quality(b[2] % 4),
				Sample: drivers.Sample{
					Quantity: drivers.Quantity(b[3] % 40), Value: int64(binary.LittleEndian.Uint64(b[4:])),
				},
			}}
			b = b[12:]
			got := a.Step(now, rs)
			if again := z.Step(now, rs); got != again {
				t.Fatalf("got %+v, then %+v", got, again)
			}
			if got.Level != Normal && got.Level != PreAlarm && got.Level != Alarm {
				t.Fatalf("got level %v", got.Level)
			}
			if got.Level != Normal && got.Why[0].Weight <= 0 {
				t.Fatalf("%v without a reason", got.Level)
			}
		}
	})
}

func BenchmarkFire(b *testing.B) {
	r := fire(all...)
	rs := hot.readings(0, all, point.Good)
	now := point.Instant(0)
	for b.Loop() {
		now = now.Add(time.Second)
		for i := range rs {
			rs[i].At = now
		}
		r.Step(now, rs)
	}
}
