package uplink

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// isRecord tells whether m carries a record, in distinction from birth, description and active
// alarms.
func isRecord(m Message) bool { return readTail(m.Payload).Lane != "" }

// A broker that takes the birth and hangs up on every record, for more than an hour, costs nothing:
// when it heals, everything arrives and no gap was declared.
//
// A judgement by hang-ups alone gave up a fire alarm here after the fifth, and then the gap that
// said so.
func TestBrokerThatHangsUpOnEverythingCostsNothing(t *testing.T) {
	for _, before := range []bool{false, true} {
		t.Run(fmt.Sprintf("well before=%t", before), func(t *testing.T) {
			bubble(t, func(t *testing.T, m *memory, d *district) { hangUpOnAll(t, m, d, before) })
		})
	}
}

func hangUpOnAll(t *testing.T, m *memory, d *district, before bool) {
	d.hello = &wire.Hello{Spread: 0}
	k := New(config(m, d))
	m.Put(buffer.Telemetry, 1, teleBody(0))
	if before {
		run(t, k)
		settle(time.Minute)
	}
	d.set(func() { d.hangUp = isRecord })
	m.Put(buffer.Event, 1, eventBody(0))
	m.Put(buffer.Telemetry, 5, teleBatch(1, 5))
	if !before {
		run(t, k)
	}
	settle(time.Hour) // first without an alarm: events and measurements are on trial alone
	for i := range 10 {
		m.Put(buffer.Alarm, 1, alarmBody(i))
		m.Put(buffer.Event, 1, eventBody(i))
		m.Put(buffer.Telemetry, 1, teleBody(2+i))
		settle(30 * time.Second)
	}
	d.set(func() { d.hangUp = nil })
	settle(10 * time.Minute)
	for l, n := range map[string]int{"a": 10, "e": 11, "t": 16} {
		for _, h := range d.records(l) {
			if strings.Contains(h.body, wire.CauseQuarantined) {
				t.Errorf("declared: %s", h.body)
			}
		}
		if got := len(d.numbers(l)); got != n {
			t.Errorf("lane %s: %d records arrived, want %d", l, got, n)
		}
	}
	if k.Status().Quarantined != 0 {
		t.Errorf("given up: %d records", k.Status().Quarantined)
	}
}

// An alarm is never given up for a hang-up, even when the broker takes everything else.
func TestAlarmIsNeverGivenUpForAHangUp(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Spread: 0}
		d.hangUp = func(x Message) bool { return strings.Contains(string(x.Payload), `"n":666`) }
		m.hide = 1
		k := start(t, config(m, d))
		m.Put(buffer.Alarm, 1, alarmBody(666))
		for i := range 20 {
			m.setHide(1) // The others pass before the disk gives the alarm.
			m.Put(buffer.Event, 1, eventBody(i))
			m.Put(buffer.Telemetry, 1, teleBody(i))
			settle(2 * time.Minute)
			m.setHide(0)
			settle(time.Second)
		}
		if n := len(d.tries()); n < 20 || len(d.records("e")) != 20 {
			t.Fatalf("%d tries, %d events; the test tests nothing", n, len(d.records("e")))
		}
		d.set(func() { d.hangUp = nil })
		settle(10 * time.Minute)
		if n := len(d.records("a")); k.Status().Quarantined != 0 || n != 1 {
			t.Errorf("given up %d, arrived %d, want 0 and 1", k.Status().Quarantined, n)
		}
	})
}

// A measurement or an event that the broker hangs up on, again and again, while it takes
// everything else, is given up and declared as a gap. The others go on, in their order.
func TestPoisonIsSetAsideAndDeclared(t *testing.T) {
	rows := []struct {
		lane buffer.Lane
		body func(int) []byte
		n    uint32
	}{
		{buffer.Telemetry, teleBody, 5},
		{buffer.Event, eventBody, 1},
	}
	for _, row := range rows {
		t.Run(row.lane.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, m *memory, d *district) {
				d.hello, d.delay = &wire.Hello{Spread: 30}, 50*time.Millisecond
				d.hangUp = func(m Message) bool { return strings.Contains(string(m.Payload), `:666`) }
				m.Put(row.lane, 1, row.body(1))
				m.Put(row.lane, row.n, row.body(666))
				m.Put(row.lane, 1, row.body(3))
				k := start(t, config(m, d))
				for i := range 120 { // the ordinary readings of a station
					settle(10 * time.Second)
					m.Put(buffer.Telemetry, 1, teleBody(1000+i))
					settle(20 * time.Millisecond) // one on its way while the other is confirmed
					m.Put(buffer.Telemetry, 1, teleBody(2000+i))
				}
				settle(time.Minute)
				if m.left(row.lane) != 0 || k.Status().Quarantined != 1 {
					t.Errorf("got %d left and %d given up after %d tries, want 0 and 1",
						m.left(row.lane), k.Status().Quarantined, len(d.tries()))
				}
				if n := len(d.tries()); n < poisonLimit+1 || n > poisonLimit+4 {
					t.Errorf("tries: got %d, want about %d", n, poisonLimit+2)
				}
				checkGap(t, d, row.lane, 2, 1+uint64(row.n))
			})
		})
	}
}

// checkGap wants one gap on the alarm lane and everything else of lane l, in order by topic.
func checkGap(t *testing.T, d *district, l buffer.Lane, from, to uint64) {
	t.Helper()
	var gap string
	for _, h := range d.records("a") {
		gap += h.body
	}
	want := fmt.Sprintf(`{"epoch":"0000aaaa","lane":"%s","from":%d,"to":%d,"cause":"quarantined",`+
		`"detail":"the broker hung up on it again and again"}`, l, from, to)
	if gap != want {
		t.Errorf("gap: got %s, want %s", gap, want)
	}
	last := make(map[string]uint64)
	for _, h := range d.records(l.String()) {
		if h.first < last[h.Topic] { // Repeats are welcome.
			t.Errorf("%s: number %d came after %d", h.Topic, h.first, last[h.Topic])
		}
		last[h.Topic] = h.first
	}
}

// Lines that break are no judgement on the record that was on its way, however often.
func TestBrokenLineIsNoPoison(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello, d.muteRecords = &wire.Hello{Spread: 0}, true
		m.Put(buffer.Telemetry, 1, teleBody(1))
		k := start(t, config(m, d))
		for range 20 {
			settle(2 * time.Minute) // The wait between two tries grows to one.
			d.drop()
		}
		if sent := len(d.records("t")); sent < 20 || k.Status().Quarantined != 0 {
			t.Errorf("sent %d times, given up %d", sent, k.Status().Quarantined)
		}
	})
}

// lastWord is a line to a broker that confirms one record and hangs up in the same breath.
type lastWord struct{ *fakeLink }

func (l lastWord) Publish(m Message) <-chan error {
	done := l.fakeLink.Publish(m)
	if !isRecord(m) {
		return done
	}
	said := make(chan error, 1)
	said <- nil
	l.fail(io.EOF)
	return said
}

// A PUBACK that came before the end of the connection counts: the record is not sent again, and
// not taken for the cause.
func TestPubackBeforeTheHangUpCounts(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{}
		c := config(m, d)
		c.Dial = func(ctx context.Context, o Opening) (Link, error) {
			_, err := d.dial(ctx, o)
			return lastWord{d.line()}, err
		}
		k := start(t, c)
		for i := range 30 {
			m.Put(buffer.Event, 1, eventBody(i))
			settle(2 * time.Minute)
		}
		if n := len(d.records("e")); n != 30 || k.Status().Quarantined != 0 {
			t.Errorf("got %d messages for 30 events, %d given up", n, k.Status().Quarantined)
		}
	})
}

// On a line so slow that something new is always on its way, a suspect gets its turn all the same.
func TestSuspectGetsItsTurnOnASlowLine(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello, d.delay = &wire.Hello{Spread: 30}, 3*time.Second
		d.hangUp = func(m Message) bool { return strings.Contains(string(m.Payload), `:666`) }
		m.Put(buffer.Telemetry, 1, teleBody(666))
		k := start(t, config(m, d))
		for i := range 1200 {
			settle(time.Second)
			m.Put(buffer.Telemetry, 1, teleBody(1000+i))
		}
		if k.Status().Quarantined != 1 || len(d.tries()) > poisonLimit+4 {
			t.Errorf("given up %d after %d tries", k.Status().Quarantined, len(d.tries()))
		}
	})
}

// One hang-up delays nothing; after more of them a record on which nobody can be compared is tried
// all the same, once the broker may be well again.
func TestSuspectIsTriedAgain(t *testing.T) {
	for sick, most := range map[time.Duration]time.Duration{
		100 * time.Millisecond: 5 * time.Second,
		10 * time.Minute:       maxPause + trialWait + time.Second,
	} {
		t.Run(sick.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, m *memory, d *district) {
				d.hello, d.hangUp = &wire.Hello{Spread: 0}, isRecord
				m.Put(buffer.Event, 1, eventBody(1))
				start(t, config(m, d))
				settle(sick)
				d.set(func() { d.hangUp = nil })
				settle(most)
				if m.left(buffer.Event) != 0 {
					t.Errorf("not sent within %v after %d tries", most, len(d.tries()))
				}
			})
		})
	}
}

// A suspect that left the outbox by another way slows the line down for a few minutes only.
func TestSuspectThatIsGoneIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello, d.hangUp, d.delay = &wire.Hello{}, isRecord, 100*time.Millisecond
		m.Put(buffer.Telemetry, 1, teleBody(1))
		start(t, config(m, d))
		settle(time.Minute)
		m.Ack(m.Epoch(), buffer.Telemetry, buffer.Range{From: 1, To: 1})
		d.set(func() { d.hangUp = nil })
		d.drop() // A connection that has the record at hand would send it.
		settle(maxPause + 2*trialWait + time.Second)
		d.set(func() { d.delay = 10 * time.Second })
		for i := range teleWindow {
			m.Put(buffer.Telemetry, 1, teleBody(2+i))
		}
		settle(time.Second)
		if n := len(d.records("t")); n != teleWindow {
			t.Errorf("on their way: got %d, want %d", n, teleWindow)
		}
	})
}
