package uplink

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// A platform that promised receipts once is held to them when no hello comes after a later
// connection: what a broker confirms and drops is kept, and the birth is told again until it heals.
func TestMissingHelloDoesNotEndReceipts(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Receipt: true, Max: 32768, Spread: 1}
		start(t, config(m, d))
		settle(20 * time.Second)
		d.set(func() { d.hello = nil })
		d.drop()
		m.Put(buffer.Alarm, 1, alarmBody(1))
		m.Put(buffer.Event, 1, eventBody(1))
		settle(10 * time.Minute)
		if a, e := m.left(buffer.Alarm), m.left(buffer.Event); a != 1 || e != 1 {
			t.Fatalf("%d alarms and %d events are held without a receipt, want 1 and 1", a, e)
		}
		// The first connection, the second, and after 10, 30, 70, 150 and 310 s.
		if n := d.count(wire.UpState); n != 7 {
			t.Errorf("%d births came, want 7", n)
		}
		d.set(func() {
			d.hello = &wire.Hello{Receipt: true, Max: 32768, Spread: 1}
			d.onRecord = func(l *fakeLink, h heard) {
				ack := wire.Ack{Epoch: h.Epoch, UpTo: map[string]uint64{h.Lane: h.first}}
				l.down(wire.DownAck, ack.JSON(), false)
			}
		})
		settle(11 * time.Minute)
		if a, e := m.left(buffer.Alarm), m.left(buffer.Event); a != 0 || e != 0 {
			t.Errorf("after the hello and receipts %d alarms and %d events are held", a, e)
		}
		if n := d.count(wire.UpState); n != 8 {
			t.Errorf("%d births came, want one more and none after its hello", n)
		}
	})
}

// Only a hello without the promise ends it: from then on a PUBACK is enough, without a hello too.
func TestHelloWithoutReceiptEndsReceipts(t *testing.T) {
	bubble(t, func(t *testing.T, m *memory, d *district) {
		d.hello = &wire.Hello{Receipt: true, Max: 32768, Spread: 1}
		start(t, config(m, d))
		settle(20 * time.Second)
		none := wire.Hello{Max: 32768, Spread: 1}
		d.line().down(wire.DownHello, none.JSON(), false)
		settle(time.Second)
		d.set(func() { d.hello = nil })
		d.drop()
		m.Put(buffer.Alarm, 1, alarmBody(1))
		settle(5 * time.Minute)
		if a, n := m.left(buffer.Alarm), d.count(wire.UpState); a != 0 || n != 2 {
			t.Errorf("%d alarms are held and %d births came, want 0 and 2", a, n)
		}
	})
}
