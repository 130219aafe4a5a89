package site_test

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
)

// bench is a site of a file under test on a virtual clock, with everything else as usual.
type bench struct {
	t      *testing.T
	site   *site.Site
	panel  *alarm.Panel
	now    point.Instant
	events []alarm.Event
	last   map[alarm.OutputID]alarm.Pattern
	saved  *alarm.Saved
}

// parts are sensors to which the points of the tests refer, and outputs.
const parts = `
[site]
id = "bench"
[[sensor]]
name = "air"
model = "sht4x"
[[sensor]]
name = "contact"
model = "contact"
line = "GPIO17"
[[sensor]]
name = "contact-2"
model = "contact"
line = "GPIO27"
[[sensor]]
name = "head"
model = "loop-4-20ma"
quantity = "combustible"
at4 = "0 %LEL"
at20 = "100 %LEL"
[[sensor]]
name = "hydrant"
model = "loop-4-20ma"
channel = "1"
quantity = "pressure"
at4 = "0 kPa"
at20 = "500 kPa"
[[sensor]]
name = "co"
model = "loop-4-20ma"
channel = "2"
quantity = "gas"
at4 = "0 ppm"
at20 = "1000 ppm"
[[sensor]]
name = "chamber"
model = "ads1115"
address = "0x49"
channel = "0"
[[sensor]]
name = "mq-2"
model = "ads1115"
address = "0x49"
channel = "1"
[[sensor]]
name = "charge"
model = "loop-4-20ma"
channel = "3"
quantity = "charge"
at4 = "0 %"
at20 = "100 %"
[[output]]
id = "siren"
kind = "sounder"
model = "relay"
line = "GPIO5"
[[output]]
id = "strobe"
kind = "strobe"
model = "relay"
line = "GPIO6"
[[output]]
id = "valve"
kind = "valve"
model = "relay"
line = "GPIO13"
`

// onBench makes a site of points, each given as the lines of its table.
func onBench(t *testing.T, points ...string) *bench {
	t.Helper()
	file := parts
	for _, p := range points {
		file += "[[point]]\n" + p + "\n"
	}
	s, err := site.Parse("bench.toml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, site: s, last: map[alarm.OutputID]alarm.Pattern{}}
	b.panel = alarm.New(s.Plan(), alarm.Saved{})
	return b
}

// good is a good reading of a point.
func good(id point.ID, q drivers.Quantity, value int64) point.Reading {
	return point.Reading{
		Point: id, Quality: point.Good, Sample: drivers.Sample{Quantity: q, Value: value},
	}
}

// failed is a reading that failed.
func failed(id point.ID, q drivers.Quantity, why point.Reason) point.Reading {
	return point.Reading{Point: id, Reason: why, Sample: drivers.Sample{Quantity: q}}
}

// step makes one step with some readings.
func (b *bench) step(rs ...point.Reading) {
	for i := range rs {
		rs[i].At = b.now
	}
	d := b.panel.Step(b.now, alarm.Input{Readings: rs})
	b.events = append(b.events, d.Events...)
	for _, w := range d.Wishes {
		b.last[w.Output] = w.Pattern
	}
	if d.Saved != nil {
		b.saved = d.Saved
	}
}

// feed makes a step each period for a time, with the readings that a moment since its start has,
// and returns the events.
func (b *bench) feed(d, period time.Duration,
	at func(since time.Duration) []point.Reading) []alarm.Event {
	before := len(b.events)
	for since := time.Duration(0); since < d; since += period {
		b.step(at(since)...)
		b.now = b.now.Add(period)
	}
	return b.events[before:]
}

// steady feeds one value a second.
func (b *bench) steady(d time.Duration, rd point.Reading) []alarm.Event {
	return b.feed(d, time.Second, func(time.Duration) []point.Reading {
		return []point.Reading{rd}
	})
}

// first is the first event of a kind that leads to a level, or tells of a fault.
func first(events []alarm.Event, k alarm.Kind, l detect.Level, f detect.FaultCode) *alarm.Event {
	for i := range events {
		if e := &events[i]; e.Kind == k && e.Fault == f && (f != "" || e.To.Level == l) {
			return e
		}
	}
	return nil
}

// raised fails the test unless a level was reached, and returns when, since a moment.
func (b *bench) raised(events []alarm.Event, l detect.Level, since point.Instant) time.Duration {
	b.t.Helper()
	e := first(events, alarm.Raised, l, "")
	if e == nil {
		b.t.Fatalf("%v was not reached; events: %+v", l, events)
	}
	return e.At.Sub(since)
}

// never fails the test if a level was reached.
func (b *bench) never(events []alarm.Event, l detect.Level) {
	b.t.Helper()
	if e := first(events, alarm.Raised, l, ""); e != nil {
		b.t.Fatalf("%v was reached at %v", l, time.Duration(e.At))
	}
}

func within(t *testing.T, what string, got, least, most time.Duration) {
	t.Helper()
	if got < least || got > most {
		t.Errorf("%s: got %v, want %v to %v", what, got, least, most)
	}
}

// A smoke contact of the file sounds the siren and flashes the strobe within 2 s, and one that is
// closed for half a second does nothing.
func TestAT01SmokeContactOfTheFile(t *testing.T) {
	b := onBench(t, `id = "smoke"
class = "smoke"
from = "contact"`)
	contact := func(v int64) point.Reading { return good("smoke", drivers.Contact, v) }
	short := b.feed(time.Minute, 100*time.Millisecond, func(d time.Duration) []point.Reading {
		if d >= 10*time.Second && d < 10500*time.Millisecond {
			return []point.Reading{contact(1)}
		}
		return []point.Reading{contact(0)}
	})
	b.never(short, detect.Alarm)
	begin := b.now
	events := b.feed(3*time.Second, 100*time.Millisecond, func(d time.Duration) []point.Reading {
		if d < 1500*time.Millisecond {
			return []point.Reading{contact(1)}
		}
		return []point.Reading{contact(0)}
	})
	within(t, "alarm", b.raised(events, detect.Alarm, begin), time.Second, 2*time.Second)
	if b.last["siren"] != alarm.Temporal3 || b.last["strobe"] != alarm.Flash {
		t.Errorf("got %v, want siren and strobe", b.last)
	}
}

const gasPoint = `id = "gas"
class = "gas"
from = "head"`

// Gas that rises slowly is a low alarm at 10 %LEL and a high one at 25, each within 1 %LEL.
func TestAT12GasRamp(t *testing.T) {
	b := onBench(t, gasPoint)
	events := b.feed(30*time.Minute, time.Second, func(d time.Duration) []point.Reading {
		return []point.Reading{good("gas", drivers.Combustible, int64(d/time.Second)*1000/60)}
	})
	within(t, "low", b.raised(events, detect.Alarm, 0), 9*time.Minute, 11*time.Minute)
	within(t, "high", b.raised(events, detect.AlarmHigh, 0), 24*time.Minute, 26*time.Minute)
	if b.last["siren"] == alarm.Temporal3 || b.last["siren"] == alarm.Off ||
		b.last["valve"] == alarm.Off {
		t.Errorf("got %v, want the gas tone and the valve closed", b.last)
	}
}

// A household detector waits for 15 s at least and for 60 s at most.
func TestAT13HouseholdGasWaits(t *testing.T) {
	for _, c := range []struct {
		keys string
		want time.Duration
	}{
		{"", 3 * time.Second}, {"\nprofile = \"2019\"", 3 * time.Second},
		{"\nprofile = \"2026-household\"", 20 * time.Second},
		{"\nprofile = \"2026-household\"\nconfirm = \"15 s\"", 15 * time.Second},
		{"\nprofile = \"2026-household\"\nconfirm = \"60 s\"", 60 * time.Second},
	} {
		b := onBench(t, gasPoint+c.keys)
		b.steady(10*time.Second, good("gas", drivers.Combustible, 0))
		begin := b.now
		events := b.steady(90*time.Second, good("gas", drivers.Combustible, 12_000))
		within(t, c.keys, b.raised(events, detect.Alarm, begin), c.want, c.want)
	}
}

const coPoint = `id = "co"
class = "co"
from = "co"`

// CO alarms after the times of EN 50291 and GB 15322.2-2019, with its own tone. At 30 ppm it warns,
// and the warning ends by itself.
func TestAT16MonoxideByDose(t *testing.T) {
	for _, c := range []struct {
		ppm         int64
		least, most time.Duration // 0: never
	}{
		{30, 0, 0}, {50, 60 * time.Minute, 90 * time.Minute},
		{70, 60 * time.Minute, 240 * time.Minute}, {100, 10 * time.Minute, 40 * time.Minute},
		{300, 0, 3*time.Minute - 1}, {1000, 0, 3*time.Minute - 1},
	} {
		b := onBench(t, coPoint)
		events := b.steady(250*time.Minute, good("co", drivers.Gas, c.ppm*1000))
		if c.most == 0 {
			b.never(events, detect.Alarm)
			within(t, "warning", b.raised(events, detect.PreAlarm, 0), 10*time.Minute,
				10*time.Minute)
			after := b.steady(time.Minute, good("co", drivers.Gas, 0))
			if first(after, alarm.Cleared, detect.Normal, "") == nil ||
				len(b.panel.Snapshot(b.now).Alarms) != 0 {
				t.Error("the warning is still there in clean air")
			}
			continue
		}
		within(t, "alarm", b.raised(events, detect.Alarm, 0), c.least, c.most)
		if b.last["siren"] != alarm.Temporal4 {
			t.Errorf("%d ppm: the siren plays %v, want temporal-4", c.ppm, b.last["siren"])
		}
	}
}

// What somebody has breathed is not forgotten in a restart.
func TestAT17DoseOutlivesARestart(t *testing.T) {
	b := onBench(t, coPoint)
	b.never(b.steady(20*time.Minute, good("co", drivers.Gas, 100_000)), detect.Alarm)
	b.panel, b.now = alarm.New(b.site.Plan(), *b.saved), 0
	events := b.steady(20*time.Minute, good("co", drivers.Gas, 100_000))
	total := 20*time.Minute + b.raised(events, detect.Alarm, 0)
	within(t, "alarm", total, 23*time.Minute, 27*time.Minute)
}

// Heat of class A1: slowly 46 and 56 °C, quickly between 46 and 50 °C.
func TestAT18HeatClassA1(t *testing.T) {
	heat := func(perMinute int64) (*bench, []alarm.Event) {
		b := onBench(t, `id = "heat"
class = "heat"
from = "air.temperature"`)
		return b, b.feed(40*time.Minute, time.Second, func(d time.Duration) []point.Reading {
			value := 25_000 + perMinute*int64(d/time.Second)/60
			return []point.Reading{good("heat", drivers.Temperature, min(value, 80_000))}
		})
	}
	reached := func(e *alarm.Event) int64 { return e.To.Why[0].Value }
	_, slow := heat(1_000)
	for l, want := range map[detect.Level]int64{detect.PreAlarm: 46_000, detect.Alarm: 56_000} {
		e := first(slow, alarm.Raised, l, "")
		if e == nil || reached(e) < want-1_000 || reached(e) > want+1_000 {
			t.Errorf("1 °C a minute, %v: got %+v, want it at %d", l, e, want)
		}
	}
	_, fast := heat(10_000)
	if e := first(fast, alarm.Raised, detect.Alarm, ""); e == nil || reached(e) < 46_000 ||
		reached(e) > 50_000 {
		t.Errorf("10 °C a minute: got %+v, want it between 46 and 50 °C", e)
	}
}

// A temperature that does not move for a day is a stuck sensor; a fire is still seen.
func TestAT19StuckSensor(t *testing.T) {
	b := onBench(t, `id = "heat"
class = "heat"
from = "air.temperature"`)
	events := b.steady(25*time.Hour, good("heat", drivers.Temperature, 25_000))
	e := first(events, alarm.FaultRaised, 0, detect.SensorStuck)
	if e == nil {
		t.Fatalf("got %+v, want sensor_stuck", events)
	}
	within(t, "stuck", time.Duration(e.At), 24*time.Hour, 24*time.Hour+2*time.Second)
	b.never(events, detect.PreAlarm)
	after := b.feed(20*time.Second, time.Second, func(d time.Duration) []point.Reading {
		return []point.Reading{good("heat", drivers.Temperature, 25_000+int64(d/time.Second))}
	})
	if first(after, alarm.FaultEnded, 0, detect.SensorStuck) == nil {
		t.Error("it moves, and the fault stays")
	}
}
