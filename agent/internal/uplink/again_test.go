package uplink

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// An event whose receipt got lost does not wait for the next event or the next connection: it is
// repeated after 10, 20, 40 seconds, the same, until its receipt comes.
func TestEventIsRepeatedUntilItsReceipt(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Receipt: true, Max: 32768, Spread: 30}
		start(t, config(m, d))
		settle(time.Second)
		m.Put(buffer.Event, 1, eventBody(1))
		settle(75 * time.Second)
		got := d.records("e")
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
		ack := wire.Ack{Epoch: m.Epoch(), UpTo: map[string]uint64{"e": 1}}
		d.line().down(wire.DownAck, ack.JSON(), false)
		settle(10 * time.Minute)
		if m.left(buffer.Event) != 0 || len(d.records("e")) != 4 {
			t.Errorf("after the receipt: %d left, sent %d times", m.left(buffer.Event),
				len(d.records("e")))
		}
	})
}

// A platform that is away costs the line no more than 256 events at a time, however many wait; when
// it is back all of them come.
func TestRepeatedEventsAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Receipt: true, Max: 32768, Spread: 30}
		start(t, config(m, d))
		settle(time.Second)
		for i := range 1000 {
			m.Put(buffer.Event, 1, eventBody(i))
		}
		settle(9 * time.Second)
		if n := len(d.records("e")); n != 1000 {
			t.Fatalf("sent %d, want 1000", n)
		}
		settle(5 * time.Second)
		if n := len(d.records("e")); n != 1256 {
			t.Errorf("after one repetition %d were sent, want 256 more", n)
		}
		d.set(func() {
			d.onRecord = func(l *fakeLink, h heard) {
				ack := wire.Ack{Epoch: h.Epoch, UpTo: map[string]uint64{"e": h.first}}
				l.down(wire.DownAck, ack.JSON(), false)
			}
		})
		settle(2 * time.Minute)
		if n := m.left(buffer.Event); n != 0 {
			t.Errorf("%d are still held", n)
		}
	})
}

// What a platform asks for again comes at once, as far as it is held, and nothing else does.
func TestHeldRecordsComeWhenTheyAreAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Receipt: true, Max: 32768, Spread: 30}
		k := start(t, config(m, d))
		settle(time.Second)
		for i := range 5 {
			m.Put(buffer.Alarm, 1, alarmBody(i))
			m.Put(buffer.Event, 1, eventBody(i))
		}
		settle(time.Second)
		for _, lane := range []buffer.Lane{buffer.Alarm, buffer.Event, buffer.Telemetry} {
			if !k.Resend(m.Epoch(), lane, buffer.Range{From: 2, To: 3}) ||
				!k.Resend("0000cafe", lane, buffer.Range{From: 1, To: 5}) {
				t.Fatal("a request was not taken")
			}
		}
		settle(time.Second)
		for _, lane := range []string{"a", "e"} {
			for n, times := range d.numbers(lane) {
				want := 1
				if n == 2 || n == 3 {
					want = 2
				}
				if times != want {
					t.Errorf("lane %s: number %d came %d times, want %d", lane, n, times, want)
				}
			}
		}
	})
}

// Requests are bounded, and one that finds no connection costs nothing: all that is held goes out
// with the next one.
func TestRequestsAreBounded(t *testing.T) {
	k := New(Config{})
	taken := 0
	for range 100 {
		if k.Resend("0000aaaa", buffer.Alarm, buffer.Range{From: 1, To: 2}) {
			taken++
		}
	}
	if taken != maxWanted {
		t.Errorf("took %d, want %d", taken, maxWanted)
	}
}
