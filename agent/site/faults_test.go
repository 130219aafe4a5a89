package site_test

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// A line that opens and then shorts is two faults with their own names, within 5 s each, and never
// a fire.
func TestAT20LineFaultsHaveTheirOwnNames(t *testing.T) {
	b := onBench(t, `id = "call"
class = "call_point"
from = "contact"`)
	b.steady(10*time.Second, good("call", drivers.Contact, 0))
	for _, c := range []struct {
		reason point.Reason
		want   detect.FaultCode
	}{{point.LineOpen, detect.LineOpen}, {point.LineShort, detect.LineShort}} {
		begin := b.now
		events := b.feed(10*time.Second, 250*time.Millisecond,
			func(time.Duration) []point.Reading {
				return []point.Reading{failed("call", drivers.Contact, c.reason)}
			})
		e := first(events, alarm.FaultRaised, 0, c.want)
		if e == nil {
			t.Fatalf("got %+v, want %s", events, c.want)
		}
		within(t, string(c.want), e.At.Sub(begin), 0, 5*time.Second)
		b.never(events, detect.Alarm)
	}
	if b.last["siren"] != alarm.Off {
		t.Errorf("the siren plays %v", b.last["siren"])
	}
}

// While one line is open, a smoke detector on another one alarms, and the fault stays shown.
func TestAT21FireBesideALineFault(t *testing.T) {
	b := onBench(t, `id = "call"
class = "call_point"
from = "contact"`, `id = "smoke"
class = "smoke"
from = "contact-2"`)
	both := func(smoke int64) func(time.Duration) []point.Reading {
		return func(time.Duration) []point.Reading {
			return []point.Reading{failed("call", drivers.Contact, point.LineOpen),
				good("smoke", drivers.Contact, smoke)}
		}
	}
	b.feed(10*time.Second, 250*time.Millisecond, both(0))
	begin := b.now
	events := b.feed(10*time.Second, 250*time.Millisecond, both(1))
	within(t, "fire", b.raised(events, detect.Alarm, begin), 0, 10*time.Second)
	if s := b.panel.Snapshot(b.now); len(s.Faults) != 1 || s.Faults[0].Fault != detect.LineOpen {
		t.Errorf("got faults %+v, want the open line", s.Faults)
	}
}

// A bus that is gone for 30 s is a fault of its points within 10 s, and no more 10 s after it is
// back; points elsewhere do not notice.
func TestAT22LostBusIsAFaultAndComesBack(t *testing.T) {
	b := onBench(t, `id = "heat"
class = "heat"
from = "air.temperature"`, `id = "smoke"
class = "smoke"
from = "contact"`)
	feed := func(gone bool) func(time.Duration) []point.Reading {
		return func(d time.Duration) []point.Reading {
			heat := good("heat", drivers.Temperature, 25_000+int64(d/time.Second))
			if gone {
				heat = failed("heat", drivers.Temperature, point.NoDevice)
			}
			return []point.Reading{heat, good("smoke", drivers.Contact, 0)}
		}
	}
	const period = 1600 * time.Millisecond
	b.feed(32*time.Second, period, feed(false))
	begin := b.now
	e := first(b.feed(32*time.Second, period, feed(true)), alarm.FaultRaised, 0,
		detect.SensorFailed)
	if e == nil || e.Point != "heat" {
		t.Fatalf("got %+v, want a fault of heat", e)
	}
	within(t, "fault", e.At.Sub(begin), 0, 10*time.Second)
	begin = b.now
	e = first(b.feed(16*time.Second, period, feed(false)), alarm.FaultEnded, 0,
		detect.SensorFailed)
	if e == nil {
		t.Fatal("the fault stays")
	}
	within(t, "restored", e.At.Sub(begin), 10*time.Second, 10*time.Second+period)
	for _, e := range b.events {
		if e.Point == "smoke" {
			t.Errorf("got %+v at another point", e)
		}
	}
}

// Lost mains are a fault after 10 s, and so is a battery of 15 %; the panel goes on alarming.
func TestAT23SuppliesAreFaults(t *testing.T) {
	b := onBench(t, `id = "mains"
class = "power"
from = "contact"`, `id = "battery"
class = "power"
from = "charge"`, `id = "smoke"
class = "smoke"
from = "contact-2"`)
	feed := func(mains, charge, smoke int64) func(time.Duration) []point.Reading {
		return func(time.Duration) []point.Reading {
			return []point.Reading{good("mains", drivers.Contact, mains),
				good("battery", drivers.Charge, charge), good("smoke", drivers.Contact, smoke)}
		}
	}
	b.feed(20*time.Second, time.Second, feed(0, 90_000, 0))
	begin := b.now
	events := b.feed(30*time.Second, time.Second, feed(1, 15_000, 0))
	for _, f := range []detect.FaultCode{detect.MainsLost, detect.BatteryLow} {
		e := first(events, alarm.FaultRaised, 0, f)
		if e == nil {
			t.Fatalf("got %+v, want %s", events, f)
		}
		within(t, string(f), e.At.Sub(begin), 10*time.Second, 20*time.Second)
	}
	if s := b.panel.Snapshot(b.now); len(s.Alarms) != 0 {
		t.Errorf("got alarms %+v, want faults only", s.Alarms)
	}
	b.feed(3*time.Second, time.Second, feed(1, 15_000, 1))
	if b.last["siren"] != alarm.Temporal3 {
		t.Errorf("on battery the siren plays %v", b.last["siren"])
	}
}

const smokePoint = `id = "smoke"
class = "smoke"
from = "chamber"
alarm = "1.4 V"
zero = "1 V"` // so A is 0.4 V

func chamber(microvolt int64) []point.Reading {
	return []point.Reading{good("smoke", drivers.Voltage, microvolt)}
}

// Smoke that comes slowly, a quarter of an alarm an hour, is not taken for dirt: it alarms within
// 1.6 times its way and 100 s.
func TestAT24SlowSmokeIsNotDirt(t *testing.T) {
	for _, hours := range []int64{1, 4, 6} { // for a whole alarm
		b := onBench(t, smokePoint)
		whole := time.Duration(hours) * time.Hour
		limit := whole*16/10 + 100*time.Second
		events := b.feed(limit, time.Second, func(d time.Duration) []point.Reading {
			return chamber(1_000_000 + 400_000*int64(d/time.Second)/int64(whole/time.Second))
		})
		within(t, "alarm", b.raised(events, detect.Alarm, 0), whole, limit)
		if first(events, alarm.Raised, detect.PreAlarm, "") == nil {
			t.Error("there was no pre-alarm on the way")
		}
	}
}

// Dirt of a month is told before it matters, and smoke still alarms within 3 s, as if the detector
// were new. After a restart the baseline is where it was.
func TestAT25DirtyDetectorStillSeesSmoke(t *testing.T) {
	b := onBench(t, smokePoint)
	const month = 30 * 24 * time.Hour
	creep := func(d time.Duration) int64 { // and a little more, for the baseline lags by a day
		return 1_000_000 + 174_000*int64(d/time.Second)/int64(month/time.Second) + int64(d)%7
	}
	events := b.feed(month, 5*time.Second, func(d time.Duration) []point.Reading {
		return chamber(creep(d))
	})
	b.never(events, detect.PreAlarm)
	if first(events, alarm.FaultRaised, 0, detect.DirtySoon) == nil {
		t.Fatalf("got %+v, want contamination_soon", events)
	}
	for _, restart := range []bool{false, true} {
		if restart {
			b.panel, b.now = alarm.New(b.site.Plan(), *b.saved), 0
		}
		b.steady(30*time.Second, chamber(creep(month))[0])
		begin := b.now
		events = b.steady(10*time.Second, chamber(creep(month) + 400_000)[0])
		within(t, "alarm", b.raised(events, detect.Alarm, begin), 0, 3*time.Second)
		b.panel, b.now = alarm.New(b.site.Plan(), alarm.Saved{Memories: b.saved.Memories}), 0
	}
}

// Pressure below that of its kind of building is told after 15 s, and ends a fiftieth of the span
// above it.
func TestAT47LowPressure(t *testing.T) {
	b := onBench(t, `id = "water"
class = "pressure"
profile = "public"
normal = "150 kPa"
from = "hydrant"`)
	kPa := func(v int64) point.Reading { return good("water", drivers.Pressure, v*1000) }
	b.steady(30*time.Second, kPa(150))
	begin := b.now
	events := b.steady(30*time.Second, kPa(95))
	within(t, "low", b.raised(events, detect.Alarm, begin), 15*time.Second, 15*time.Second)
	// The loop measures 515.625 kPa from end to end; a fiftieth is 10.3 kPa.
	if e := first(b.steady(time.Minute, kPa(110)), alarm.Cleared, 0, ""); e != nil {
		t.Errorf("at 110 kPa: got %+v, want it to stand", e)
	}
	if e := first(b.steady(time.Minute, kPa(111)), alarm.Cleared, 0, ""); e == nil {
		t.Error("at 111 kPa it still stands")
	}
	begin = b.now
	events = b.steady(30*time.Second, kPa(180))
	within(t, "high", b.raised(events, detect.Alarm, begin), 15*time.Second, 15*time.Second)
}

// An MQ part over its limit warns and closes no valve, unless the file says that it may.
func TestAT53IndicatorOnlyWarns(t *testing.T) {
	const mq = `id = "mq"
class = "mq"
from = "mq-2"
`
	over := func(keys string) *bench {
		b := onBench(t, mq+keys)
		b.feed(25*time.Hour, 10*time.Second, func(d time.Duration) []point.Reading {
			return []point.Reading{good("mq", drivers.Voltage, 500_000+int64(d/time.Second)%7)}
		})
		b.steady(time.Minute, good("mq", drivers.Voltage, 2_500_000))
		return b
	}
	b := over(`prealarm = "2 V"`)
	s := b.panel.Snapshot(b.now)
	if len(s.Alarms) != 1 || s.Alarms[0].Finding.Level != detect.PreAlarm || s.Alarms[0].Latched {
		t.Errorf("got %+v, want a warning that ends by itself", s.Alarms)
	}
	// The bench has no buzzer, so its siren plays the tone that the buzzer would.
	if b.last["valve"] != alarm.Off || b.last["siren"] != alarm.Alert {
		t.Errorf("got %v, want the alert tone and no valve", b.last)
	}
	b = over("alarm = \"2 V\"\nmay_alarm = true")
	if b.last["valve"] == alarm.Off {
		t.Error("it may alarm, and the valve is open")
	}
	if len(b.site.Warnings) == 0 {
		t.Error("may_alarm is worth a word")
	}
}

// In its first minutes an MQ part is not believed: what it finds is a warning even where it may
// alarm, and becomes the alarm once it is warm.
func TestIndicatorThatWarmsUpWarns(t *testing.T) {
	b := onBench(t, `id = "mq"
class = "mq"
from = "mq-2"
alarm = "2 V"
may_alarm = true`)
	events := b.feed(25*time.Hour, 10*time.Second, func(d time.Duration) []point.Reading {
		return []point.Reading{good("mq", drivers.Voltage, 2_500_000+int64(d/time.Second)%7)}
	})
	within(t, "warning", b.raised(events, detect.PreAlarm, 0), 0, 20*time.Second)
	within(t, "alarm", b.raised(events, detect.Alarm, 0), 24*time.Hour, 24*time.Hour+time.Minute)
}
