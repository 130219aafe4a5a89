package uplink

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// After ten minutes without a broker, at 20 points read every 10 s, everything that arose arrives:
// alarms first, then events, then what is new before what is old, and all that is older than two
// minutes is marked as late. The outbox is the real one, with its file.
func TestOutageOfTenMinutesLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		stamp := func() buffer.Stamp {
			now := time.Now()
			return buffer.Stamp{Boot: 41, Mono: now.Sub(began).Milliseconds(), Wall: now.UnixMilli(),
				Quality: uint8(wire.ClockNTP)}
		}
		outbox := buffer.Open(t.TempDir(), buffer.Options{Stamp: stamp, MinFree: -1, MinShare: -1})
		t.Cleanup(func() {
			if err := outbox.Close(); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(5 * time.Second)
		d := newDistrict(t)
		d.hello = &wire.Hello{Spread: 30}
		c := config(newMemory(), d)
		c.Outbox, c.Stamp = outbox, stamp
		c.Birth = func() wire.State { return wire.State{HW: "5c0e", Boot: 41, Epoch: outbox.Epoch()} }
		start(t, c)

		arose := make(map[string]time.Time)
		put := func(l buffer.Lane, n uint32, body []byte) {
			first := outbox.Put(l, n, body)
			for i := range uint64(n) {
				arose[fmt.Sprintf("%s%d", l, first+i)] = time.Now()
			}
		}
		run := func(steps, from int) {
			for i := range steps {
				put(buffer.Telemetry, 20, teleBatch(from+i, 20))
				if i%20 == 7 {
					put(buffer.Event, 1, eventBody(from+i))
					put(buffer.Alarm, 1, faultBody(from+i)) // a fault ends no wait
				}
				settle(10 * time.Second)
			}
		}
		run(12, 0)
		d.set(func() { d.refuse = fmt.Errorf("nobody there: %w", ErrBroken) })
		d.drop()
		run(60, 100)
		d.set(func() { d.refuse, d.delay = nil, 50*time.Millisecond })
		before, backFrom := len(d.all()), outbox.Tail(buffer.Telemetry)
		run(30, 200)
		checkOutage(t, d, before, backFrom, arose)
		for l, s := range outbox.Stats().Lane {
			if s.Held != 0 || s.Dropped != 0 {
				t.Errorf("lane %s: %d held and %d dropped", buffer.Lane(l), s.Held, s.Dropped)
			}
		}
	})
}

// checkOutage judges what came after the first skip messages; numbers up to tail are backlog.
func checkOutage(t *testing.T, d *district, skip int, tail uint64, arose map[string]time.Time) {
	t.Helper()
	came := make(map[string]bool)
	lastOf := make(map[string]time.Time) // by topic
	firstOf := make(map[string]time.Time)
	lateCount := 0
	for i, h := range d.all() {
		if h.Lane == "" {
			continue
		}
		for n := h.first; n < h.first+h.SeqN; n++ {
			came[fmt.Sprintf("%s%d", h.Lane, n)] = true
		}
		if age := h.at.Sub(arose[fmt.Sprintf("%s%d", h.Lane, h.first)]); h.Hist != (age > 2*time.Minute) {
			t.Errorf("%s is %v old, late %t", h.ID, age, h.Hist)
		}
		if h.Hist {
			lateCount += int(h.SeqN)
		}
		if i < skip {
			continue
		}
		if _, seen := firstOf[h.Topic]; !seen {
			firstOf[h.Topic] = h.at
		}
		if h.Lane != "t" && h.Hist || h.Topic == d.device.Topic(wire.UpBackfill) {
			lastOf[h.Topic] = h.at
		}
	}
	for key := range arose {
		if !came[key] {
			t.Errorf("%s did not arrive", key)
		}
	}
	alarms, events := d.device.Topic(wire.UpAlarm), d.device.Topic(wire.UpEvent)
	live, back := d.device.Topic(wire.UpTelemetry), d.device.Topic(wire.UpBackfill)
	if firstOf[events].Before(lastOf[alarms]) || firstOf[back].Before(lastOf[events]) {
		t.Errorf("alarms until %v, events %v to %v, backlog from %v", lastOf[alarms],
			firstOf[events], lastOf[events], firstOf[back])
	}
	if !firstOf[live].Before(lastOf[back]) {
		t.Errorf("nothing new came before the backlog was through")
	}
	if lateCount < 900 || tail < 1200 {
		t.Errorf("late: got %d records, backlog up to %d; the test tests nothing", lateCount, tail)
	}
}
