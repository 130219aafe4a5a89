package detect

import (
	"math/rand/v2"
	"testing"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// air is what a spot is in, in the units of people.
type air struct {
	temp, wet    float64 // °C, %RH
	fine, coarse float64 // µg/m³ of particles
	co, co2, o2  float64 // ppm, ppm, %vol
}

var clean = air{temp: 22, wet: 50, fine: 10, co2: 500, o2: 20.9}

// all are the channels of a spot that has everything.
var all = fireLooksAt[:]

// sense is what a good sensor of q reads in a. Coarse particles are a tenth in PM1.
func (a air) sense(q drivers.Quantity) int64 {
	whole := a.fine + a.coarse
	small := 0.945*a.fine + 0.1*a.coarse
	v := 0.0
	switch q {
	case drivers.Temperature:
		v = a.temp
	case drivers.Humidity:
		v = a.wet
	case drivers.Gas:
		v = a.co
	case drivers.CO2:
		v = a.co2
	case drivers.Oxygen:
		v = a.o2
	case drivers.PM1:
		v = small
	case drivers.PM25, drivers.PM4, drivers.PM10:
		v = whole
	case drivers.NC05:
		v = 6.5 * small
	case drivers.NC1, drivers.NC25, drivers.NC4, drivers.NC10:
		v = 7.55 * whole
	case drivers.Size:
		v = (0.47*a.fine + 1.2*a.coarse) / max(whole, 1)
	}
	return int64(v * 1000)
}

// readings are those of the channels qs at t seconds.
func (a air) readings(t float64, qs []drivers.Quantity, how point.Quality) []point.Reading {
	var rs []point.Reading
	for _, q := range qs {
		rs = append(rs, point.Reading{
			Point: "spot", At: at(t), Quality: how, Sample: drivers.Sample{Quantity: q, Value: a.sense(q)},
		})
	}
	return rs
}

// still is clean air for a time, so that growth has something to grow from.
const still = 60.0

// watch lets a rule live through a scene, a second a step, after a minute of the scene's first
// moment. It returns the changes of level or fault, as play does, and the highest level.
func watch(r Rule, qs []drivers.Quantity, end float64, scene func(t float64) air,
) (got []string, most Level) {
	var last Finding
	for t := -still; t <= end; t++ {
		f := r.Step(at(t+still), scene(max(t, 0)).readings(t+still, qs, point.Good))
		if f.Level != last.Level || f.Fault != last.Fault {
			got = append(got, decimalSeconds(int64(t*1000))+" "+f.Level.String())
		}
		last, most = f, max(most, f.Level)
	}
	return got, most
}

func fire(qs ...drivers.Quantity) Rule { return newFire(FireSpec{Channels: qs}) }

// grow is a scene in which d is added to clean air each minute.
func grow(d air) func(t float64) air {
	return func(t float64) air {
		m := t / 60
		return air{
			clean.temp + m*d.temp, min(clean.wet+m*d.wet, 100), clean.fine + m*d.fine, m * d.coarse,
			m * d.co, clean.co2 + m*d.co2, clean.o2 + m*d.o2,
		}
	}
}

// until is a scene that stays as it is after end.
func until(end float64, scene func(t float64) air) func(t float64) air {
	return func(t float64) air { return scene(min(t, end)) }
}

// Whatever burns is found by the channels that see it, in the time that they take.
func TestFireIsFound(t *testing.T) {
	tests := []struct {
		name  string
		scene func(t float64) air
		qs    []drivers.Quantity
		want  []string
	}{
		{"flaming", grow(air{temp: 12, fine: 8000, co: 20, co2: 500}), all,
			[]string{"15s prealarm", "18s alarm"}},
		{"smouldering", grow(air{temp: 0.3, fine: 400, co: 15}), all,
			[]string{"1m42s prealarm", "2m35s alarm"}},
		{"smoke alone", grow(air{fine: 1000}), all, []string{"49s prealarm", "7m21s alarm"}},
		{"slow heat", grow(air{temp: 0.9}), []drivers.Quantity{drivers.Temperature},
			[]string{"33m44s prealarm", "38m57s alarm"}},
		{"fast heat", grow(air{temp: 10}), []drivers.Quantity{drivers.Temperature},
			[]string{"43s prealarm", "53s alarm"}},
		{"less than fast", until(120, grow(air{temp: 8.2})), []drivers.Quantity{drivers.Temperature},
			[]string{"50s prealarm", "3m4s normal"}},
		{"particles by mass", grow(air{fine: 3000}), []drivers.Quantity{drivers.PM25},
			[]string{"23s prealarm", "2m29s alarm"}},
		{"the finest particles", grow(air{fine: 3000}), []drivers.Quantity{drivers.PM1},
			[]string{"24s prealarm", "2m29s alarm"}},
		{"particles by number", grow(air{fine: 3000}),
			[]drivers.Quantity{drivers.NC05, drivers.NC10}, []string{"23s prealarm", "2m29s alarm"}},
		{"monoxide", grow(air{co: 60}), []drivers.Quantity{drivers.Gas},
			[]string{"1m13s prealarm", "2m33s alarm"}},
		{"oxygen", grow(air{o2: -0.5}), []drivers.Quantity{drivers.Oxygen},
			[]string{"2m34s prealarm", "4m3s alarm"}},
		{"carbon dioxide", grow(air{co2: 3000}), []drivers.Quantity{drivers.CO2},
			[]string{"1m38s prealarm", "3m23s alarm"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := watch(fire(tt.qs...), tt.qs, 2400, tt.scene)
			same(t, got, tt.want)
		})
	}
}

// Everyday life is no fire, however much there is of it in one channel.
func TestEverydayLifeIsNoFire(t *testing.T) {
	tests := []struct {
		name  string
		scene func(t float64) air
		most  Level
	}{
		{"clean air", grow(air{}), Normal},
		{"salt mist", until(120, grow(air{coarse: 4000, wet: 5})), Normal},
		{"steam of a shower", until(120, grow(air{coarse: 3000, wet: 25, temp: 3})), Normal},
		{"incense", until(300, grow(air{fine: 900, temp: 0.3, co: 1})), PreAlarm},
		{"frying", until(300, grow(air{fine: 250, temp: 1.5, co: 4, wet: 3, co2: 200})), PreAlarm},
		{"a heater", until(600, grow(air{temp: 2})), Normal},
		{"a hot day", until(3600, grow(air{temp: 0.4})), Normal},
		{"a full room", until(1200, grow(air{temp: 0.3, co2: 60, o2: -0.01, wet: 1})), Normal},
		{"a cooker", until(600, grow(air{temp: 1, co: 5, co2: 200})), Normal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, most := watch(fire(all...), all, 3600, tt.scene); most > tt.most {
				t.Errorf("got %q, want %v at most", got, tt.most)
			}
		})
	}
}

// Steam so fine that it might be smoke is told by the air that became wet with it; without a look
// at humidity it is taken for smoke, for that is the safe side.
func TestFineSteamIsToldByHumidity(t *testing.T) {
	bath := func(t float64) air {
		a := clean
		if t < 240 {
			a.wet, a.fine = min(50+t, 98), 10+max(t-60, 0)*60
		}
		return a
	}
	if got, most := watch(fire(all...), all, 400, bath); most != Normal {
		t.Errorf("got %q, want no alarm", got)
	}
	if got, most := watch(fire(particles...), particles, 400, bath); most != Alarm {
		t.Errorf("particles alone: got %q, want an alarm", got)
	}
	monsoon := func(t float64) air {
		a := grow(air{fine: 3000})(t)
		a.wet = 98
		return a
	}
	if got, most := watch(fire(all...), all, 400, monsoon); most != Alarm {
		t.Errorf("smoke in air that is always wet: got %q, want an alarm", got)
	}
}

// Mist is told from smoke by each of the channels that can.
func TestMistIsToldByMassSizeOrNumber(t *testing.T) {
	mist := until(180, grow(air{coarse: 4000}))
	for _, qs := range [][]drivers.Quantity{
		{drivers.PM1, drivers.PM25, drivers.PM10}, {drivers.PM25, drivers.Size},
		{drivers.PM25, drivers.NC05, drivers.NC10}, {drivers.NC05, drivers.NC10},
	} {
		if got, most := watch(fire(qs...), qs, 400, mist); most != Normal {
			t.Errorf("%v: got %q, want no alarm", qs, got)
		}
	}
}

// An alarm ends when the air has been clean for a while, not before.
func TestFireEndsWithCleanAir(t *testing.T) {
	got, _ := watch(fire(all...), all, 400, func(t float64) air {
		if t < 100 {
			return grow(air{temp: 12, fine: 8000})(t)
		}
		return clean
	})
	same(t, got, []string{"15s prealarm", "18s alarm", "2m10s normal"})
}

// The reasons are the heaviest pieces of evidence, the heaviest first, each with the limit at which
// it would weigh most.
func TestFireSaysWhy(t *testing.T) {
	r := fire(all...)
	scene := grow(air{temp: 4, fine: 250, co: 30, co2: 1200})
	var f Finding
	for s := -still; f.Level < Alarm; s++ {
		f = r.Step(at(s+still), scene(max(s, 0)).readings(s+still, all, point.Good))
	}
	want := [4]Evidence{
		{drivers.Temperature, 26_733, 31_033, 410}, {drivers.PM25, 305_833, 7_300_000, 220},
		{drivers.Gas, 35_500, 150_000, 217}, {drivers.CO2, 1_920_000, 10_500_000, 184},
	}
	if f.Why != want {
		t.Errorf("got  %v\nwant %v", f.Why, want)
	}
}

// Readings of one moment are judged together: mist that arrives is never taken for smoke because
// its fine part was told first.
func TestParticlesOfOneMomentAreComparedWithEachOther(t *testing.T) {
	qs := []drivers.Quantity{drivers.PM1, drivers.PM25, drivers.PM10}
	r := fire(qs...)
	for s := 0.0; s < 100; s++ {
		a := clean
		if int(s)%2 == 1 {
			a.coarse = 9000
		}
		r.Step(at(s), a.readings(s, qs, point.Good))
	}
	if got := r.(Counter).Aborted(); got != 0 {
		t.Errorf("got %d near alarms, want none", got)
	}
}

// More smoke, more heat and more monoxide never take an alarm away or delay it.
func TestMoreOfAFireIsNoLessAnAlarm(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	alarms := 0
	for range 200 {
		a := air{
			temp: 15 * rnd.Float64(), fine: 5000 * rnd.Float64(), co: 60 * rnd.Float64(),
			coarse: 100 * rnd.Float64(), co2: 2000 * rnd.Float64(), o2: -rnd.Float64() / 2,
		}
		b := a
		b.temp += 10 * rnd.Float64()
		b.fine *= 1 + 3*rnd.Float64()
		b.co += 50 * rnd.Float64()
		less, more := fire(all...), fire(all...)
		for s := -still; s < 200; s++ {
			t0, t1 := max(s, 0), s+still
			l := less.Step(at(t1), grow(a)(t0).readings(t1, all, point.Good)).Level
			m := more.Step(at(t1), grow(b)(t0).readings(t1, all, point.Good)).Level
			if l > m {
				t.Fatalf("at %v s: %+v gives %v, and %+v only %v", s, a, l, b, m)
			}
			if l == Alarm {
				alarms++
			}
		}
	}
	if alarms == 0 {
		t.Error("nothing was alarming: the test shows nothing")
	}
}

// Monoxide that came before anybody looked does not grow; it is an alarm by its dose, which is kept
// over a restart.
func TestMonoxideIsCountedAsADose(t *testing.T) {
	gas := []drivers.Quantity{drivers.Gas}
	steady := func(ppm float64) func(float64) air {
		return func(float64) air { return air{co: ppm} }
	}
	for _, tt := range []struct {
		ppm  float64
		want []string
	}{{39, nil}, {50, []string{"1h17m3s alarm"}}, {100, []string{"24m3s alarm"}},
		{300, []string{"1m3s alarm"}}} {
		got, _ := watch(fire(gas...), gas, 2*3600, steady(tt.ppm))
		same(t, got, tt.want)
	}
	r := fire(gas...)
	watch(r, gas, 0, steady(300))
	m := r.(Rememberer).Memory()
	if m.Dose < 490_000 || m.Dose > 510_000 {
		t.Errorf("half of the time: got a dose of %d millionths", m.Dose)
	}
	r = fire(gas...)
	r.(Rememberer).Remember(m)
	got, _ := watch(r, gas, 100, steady(300))
	same(t, got, []string{"3s alarm"})
	r.(Rememberer).Remember(Memory{Dose: -1})
	if got := r.(Rememberer).Memory(); got != (Memory{}) {
		t.Errorf("nonsense: got %+v, want nothing", got)
	}
}
