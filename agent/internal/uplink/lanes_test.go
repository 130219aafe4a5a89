package uplink

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// Alarms go before events and events before telemetry, each lane in order.
func TestAlarmsGoBeforeEventsBeforeTelemetry(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		for i := range 40 {
			m.Put(buffer.Telemetry, full, teleBatch(i, full))
			m.Put(buffer.Event, 1, eventBody(i))
			m.Put(buffer.Alarm, 1, alarmBody(i))
		}
		d.hello, d.delay = &wire.Hello{Spread: 30}, 5*time.Millisecond
		start(t, config(m, d))
		settle(time.Minute)
		alarms, events, tele := d.records("a"), d.records("e"), d.records("t")
		if len(alarms) != 40 || len(events) != 40 || len(tele) != 40 {
			t.Fatalf("got %d, %d, %d messages", len(alarms), len(events), len(tele))
		}
		if events[0].at.Before(alarms[39].at) || tele[0].at.Before(events[39].at) {
			t.Errorf("alarms until %v, events %v to %v, telemetry from %v", alarms[39].at,
				events[0].at, events[39].at, tele[0].at)
		}
		for _, lane := range [][]heard{alarms, events, tele} {
			for i, h := range lane {
				if h.first != uint64(i)*h.SeqN+1 {
					t.Fatalf("lane %s: message %d has number %d", h.Lane, i, h.first)
				}
			}
		}
	})
}

// An alarm overtakes a telemetry backlog that is being sent.
func TestAlarmOvertakesBacklog(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		for i := range 500 {
			m.Put(buffer.Telemetry, full, teleBatch(i, full))
		}
		d.hello, d.delay = &wire.Hello{}, 50*time.Millisecond
		start(t, config(m, d))
		settle(20 * time.Second)
		raised := time.Now()
		m.Put(buffer.Alarm, 1, alarmBody(1))
		settle(time.Second)
		if a := d.records("a"); len(a) != 1 || a[0].at.Sub(raised) > time.Millisecond {
			t.Errorf("got %v, want the alarm at once", a)
		}
	})
}

// While both wait, three live messages go for each one of the backlog, and the backlog keeps to
// its rate. What is live is on up/telemetry, what is older on up/backfill.
func TestLiveTelemetryGoesThreeToOneBeforeBacklog(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		const old = 1000
		for i := range old {
			m.Put(buffer.Telemetry, full, teleBatch(i, full))
		}
		d.hello, d.delay = &wire.Hello{}, 400*time.Millisecond // 40 messages a second at most
		c := config(m, d)
		c.Rate = 1000
		start(t, c)
		settle(15 * time.Second) // The slow start is over.
		for i := range 400 {
			m.Put(buffer.Telemetry, 1, teleBody(old+i))
		}
		from := len(d.records("t"))
		settle(8 * time.Second)
		live, back := 0, 0
		for _, h := range d.records("t")[from:] {
			isLive := h.first > old*full
			if topic := d.device.Topic(wire.UpTelemetry); isLive != (h.Topic == topic) {
				t.Fatalf("number %d came on %s", h.first, h.Topic)
			}
			if isLive {
				live++
			} else {
				back++
			}
		}
		if live < 200 || live < back*3-16 || live > back*3+16 {
			t.Errorf("got %d live and %d of the backlog, want 3 : 1", live, back)
		}
	})
}

// A backlog alone keeps to five messages a second.
func TestBacklogKeepsToItsRate(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		for i := range 600 {
			m.Put(buffer.Telemetry, full, teleBatch(i, full))
		}
		d.hello = &wire.Hello{}
		start(t, config(m, d))
		settle(63 * time.Second)
		if n := len(d.records("t")); n < 290 || n > 315 {
			t.Errorf("messages in 63 s: got %d, want about 300", n)
		}
	})
}

// Alarms wait for no hello; events and telemetry wait five seconds for one.
func TestOnlyAlarmsGoBeforeTheHello(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		m.Put(buffer.Alarm, 1, alarmBody(1))
		m.Put(buffer.Event, 1, eventBody(1))
		start(t, config(m, d))
		settle(time.Second)
		if len(d.records("a")) != 1 || len(d.records("e")) != 0 {
			t.Errorf("after 1 s: got %d alarms and %d events, want 1 and 0",
				len(d.records("a")), len(d.records("e")))
		}
		if m.left(buffer.Alarm) != 1 {
			t.Errorf("the alarm was released before it was known whether receipts come")
		}
		settle(4100 * time.Millisecond)
		if len(d.records("e")) != 1 || m.left(buffer.Alarm) != 0 || m.left(buffer.Event) != 0 {
			t.Errorf("after 5 s: got %d events, %d alarms and %d events left, want 1, 0, 0",
				len(d.records("e")), m.left(buffer.Alarm), m.left(buffer.Event))
		}
	})
}

// Where the platform gives receipts, a PUBACK releases no alarm: it is sent again after 10, 20, 40
// seconds with the same number and body, and the receipt alone releases it.
func TestReceiptAloneReleasesAlarms(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Receipt: true, Max: 32768, Spread: 30}
		start(t, config(m, d))
		settle(time.Second)
		m.Put(buffer.Alarm, 1, alarmBody(1))
		m.Put(buffer.Event, 1, eventBody(1))
		settle(75 * time.Second)
		got := d.records("a")
		if len(got) != 4 {
			t.Fatalf("sent %d times in 75 s, want 4", len(got))
		}
		for i, want := range []time.Duration{10, 20, 40} {
			if gap := got[i+1].at.Sub(got[i].at); gap != want*time.Second {
				t.Errorf("repeat %d came after %v, want %v s", i+1, gap, int(want))
			}
			if got[i+1].ID != got[0].ID || got[i+1].body != got[0].body {
				t.Errorf("repeat %d differs: %s %s", i+1, got[i+1].ID, got[i+1].body)
			}
		}
		if m.left(buffer.Alarm) != 1 || m.left(buffer.Event) != 1 {
			t.Fatalf("released without a receipt")
		}
		ack := wire.Ack{Epoch: m.Epoch(), UpTo: map[string]uint64{"a": 1, "e": 1}}
		d.line().down(wire.DownAck, ack.JSON(), false)
		settle(10 * time.Minute)
		if m.left(buffer.Alarm) != 0 || m.left(buffer.Event) != 0 || len(d.records("a")) != 4 {
			t.Errorf("after the receipt: %d alarms left, sent %d times", m.left(buffer.Alarm),
				len(d.records("a")))
		}
	})
}

// A receipt of another epoch releases nothing, and one for numbers that were never given out
// releases no record that gets them later.
func TestReceiptForStrangeNumbersReleasesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Receipt: true}
		start(t, config(m, d))
		settle(time.Second)
		m.Put(buffer.Alarm, 1, alarmBody(1))
		other := wire.Ack{Epoch: "ffffffff", UpTo: map[string]uint64{"a": 1}}
		d.line().down(wire.DownAck, other.JSON(), false)
		settle(time.Second)
		if m.left(buffer.Alarm) != 1 {
			t.Errorf("a receipt of another epoch released an alarm")
		}
		ahead := wire.Ack{Epoch: m.Epoch(), UpTo: map[string]uint64{"a": 1 << 60}}
		d.line().down(wire.DownAck, ahead.JSON(), false)
		settle(time.Second)
		for _, a := range m.released() {
			if a.r.To > 1 {
				t.Errorf("acknowledged up to %d, but only 1 was given out", a.r.To)
			}
		}
		m.Put(buffer.Alarm, 1, alarmBody(2))
		settle(time.Second)
		if m.left(buffer.Alarm) != 1 {
			t.Errorf("an old receipt released a new alarm")
		}
	})
}

// A PUBACK releases exactly the numbers of its message.
func TestPubackReleasesExactlyItsNumbers(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		start(t, config(m, d))
		settle(time.Second)
		for _, n := range []uint32{3, 60, 1} {
			m.Put(buffer.Telemetry, n, teleBatch(int(n), int(n)))
		}
		settle(time.Second)
		want := []ackCall{
			{m.epoch, buffer.Telemetry, buffer.Range{From: 1, To: 3}},
			{m.epoch, buffer.Telemetry, buffer.Range{From: 4, To: 63}},
			{m.epoch, buffer.Telemetry, buffer.Range{From: 64, To: 64}},
		}
		if !slices.Equal(m.released(), want) {
			t.Errorf("got %v, want %v", m.released(), want)
		}
	})
}

// At most 4 alarms and 16 telemetry messages are on their way.
func TestWindowsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		start(t, config(m, d))
		settle(time.Second)
		d.set(func() { d.mute = true })
		for i := range 100 {
			m.Put(buffer.Telemetry, 1, teleBody(i))
		}
		settle(time.Second)
		for i := range 100 {
			m.Put(buffer.Alarm, 1, alarmBody(i))
		}
		settle(time.Second)
		if a, e := len(d.records("a")), len(d.records("t")); a != alarmWindow || e != teleWindow {
			t.Errorf("on their way: got %d alarms and %d telemetry, want 4 and 16", a, e)
		}
	})
}

// On a thin line a full window of telemetry would delay an alarm by a minute, so its bytes are
// bounded too; a single message always goes.
func TestTelemetryOnItsWayIsBoundedInBytes(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		start(t, config(m, d))
		settle(time.Second)
		d.set(func() { d.mute = true })
		big := fmt.Appendf(nil, `{"type":%q,"data":["%030000d"]}`, wire.TypeTelemetry, 0)
		for range 10 {
			m.Put(buffer.Telemetry, 1, big)
		}
		settle(time.Second)
		if n := len(d.records("t")); n != 3 {
			t.Errorf("messages of 30 KB on their way: got %d, want 3", n)
		}
	})
}

// Alarms that a slow disk gives only after younger ones have gone are not forgotten until the next
// connect.
func TestAlarmPassedOverIsSentLater(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		m.hide = 1
		m.Put(buffer.Alarm, 1, alarmBody(1))
		m.Put(buffer.Alarm, 1, alarmBody(2))
		start(t, config(m, d))
		settle(time.Second)
		if a := d.records("a"); len(a) != 1 || a[0].first != 2 {
			t.Fatalf("got %v, want the second alarm", a)
		}
		m.mu.Lock()
		m.hide = 0
		m.mu.Unlock()
		settle(15 * time.Second)
		if a := d.records("a"); len(a) != 2 || a[1].first != 1 || m.left(buffer.Alarm) != 0 {
			t.Errorf("got %v, want the first alarm too", a)
		}
	})
}

// A broker that stops confirming is lost after 30 s, and everything is sent again.
func TestSilentBrokerIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		var n noticed
		c := config(m, d)
		c.Notice = n.notice
		k := start(t, c)
		settle(10 * time.Second)
		d.set(func() { d.mute = true })
		m.Put(buffer.Telemetry, 1, teleBody(1))
		settle(29 * time.Second)
		if len(d.tries()) != 1 {
			t.Fatalf("left after less than 30 s")
		}
		settle(1100 * time.Millisecond)
		if s := k.Status(); s.Connected || s.Class != "stalled" {
			t.Errorf("after 30 s of silence: got %+v, want class stalled", s)
		}
		if !n.stands("uplink_down") {
			t.Errorf("uplink_down does not stand")
		}
		d.set(func() { d.mute = false })
		settle(time.Minute)
		if m.left(buffer.Telemetry) != 0 || n.stands("uplink_down") {
			t.Errorf("afterwards %d left, uplink_down %t", m.left(buffer.Telemetry),
				n.stands("uplink_down"))
		}
	})
}

// A store that begins anew is announced by a new birth, its numbers are sent from 1, and a PUBACK
// for the old numbers releases none of the new.
func TestNewEpochBeginsAnew(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello, d.delay = &wire.Hello{}, time.Second
		start(t, config(m, d))
		settle(10 * time.Second)
		for i := range 3 {
			m.Put(buffer.Telemetry, 1, teleBody(i))
		}
		settle(100 * time.Millisecond)
		m.renew("0000bbbb")
		d.set(func() { d.mute = true })
		m.Put(buffer.Telemetry, 1, teleBody(7))
		settle(2 * time.Second)
		if m.left(buffer.Telemetry) != 1 {
			t.Fatalf("an old PUBACK released a new record")
		}
		d.set(func() { d.mute = false })
		settle(2 * time.Minute)
		if m.left(buffer.Telemetry) != 0 || d.count(wire.UpState) < 2 {
			t.Errorf("got %d left and %d births", m.left(buffer.Telemetry), d.count(wire.UpState))
		}
		rs := d.records("t")
		if h := rs[len(rs)-1]; h.Epoch != "0000bbbb" || h.first != 1 {
			t.Errorf("last message: got %s, want number 1 of the new epoch", h.ID)
		}
	})
}

// After a day without a line, with five alarms and twenty thousand readings, the alarms go first,
// and everything arrives in the order in which it arose, each number once.
func TestAT35DayWithoutALine(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Spread: 1, Rate: wire.MaxRate}
		d.refuse = fmt.Errorf("nobody there: %w", ErrBroken)
		start(t, config(m, d))
		for i := range 1000 {
			m.Put(buffer.Telemetry, 20, teleBatch(i, 20))
			if i%200 == 50 {
				m.Put(buffer.Alarm, 1, alarmBody(i))
			}
			settle(24 * time.Hour / 1000)
		}
		if len(d.all()) != 0 {
			t.Fatal("something went out without a line")
		}
		d.set(func() { d.refuse = nil })
		settle(10 * time.Minute)
		alarms, tele := d.records("a"), d.records("t")
		if len(alarms) != 5 || len(tele) == 0 || tele[0].at.Before(alarms[4].at) {
			t.Fatalf("%d alarms, %d messages of readings, not alarms first", len(alarms), len(tele))
		}
		next := uint64(1)
		for _, h := range tele {
			if h.first != next {
				t.Fatalf("number %d after %d", h.first, next-1)
			}
			next += h.SeqN
		}
		if next != 20_001 || m.left(buffer.Telemetry)+m.left(buffer.Alarm) != 0 {
			t.Errorf("%d readings came, %d records are still there", next-1, m.left(buffer.Telemetry))
		}
	})
}
