package uplink

import (
	"context"
	"errors"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// Status is the courier at a moment. It never changes once it is made.
type Status struct {
	Broker    string
	Connected bool // the birth is confirmed
	Session   string
	Since     time.Time // of the connection, or of the last loss; zero: never connected
	Tries     uint32    // connections tried in this run

	Class string    // of the last failure: refused, clock, shared, stalled, broken; empty: none
	Err   string    // of the last failure
	Next  time.Time // when the next try is due without an alarm; zero: connected or trying

	InFlight  int           // messages without their PUBACK
	RoundTrip time.Duration // from publishing to PUBACK, of the last message
	Hello     wire.Hello    // what the platform can do
	Greeted   bool          // it said so itself

	Sent, Confirmed [lanes]uint64 // messages, by buffer.Lane
	Resent          uint64        // records sent again for want of a receipt, or asked for
	Received        uint64        // messages of the district
	Malformed       uint64        // of those, not understood
	Dropped         uint64        // commands dropped because too many came
	Quarantined     uint64        // records given up, each declared as a gap
}

// tally counts over all connections.
type tally struct {
	sent, confirmed    [lanes]uint64
	resent, received   uint64
	malformed, dropped uint64
	quarantined        uint64
	roundTrip          time.Duration
	since, next        time.Time
	class, err         string
}

// Status returns the state of the courier. Any goroutine may call it; it never waits.
func (c *Courier) Status() Status { return *c.status.Load() }

// report publishes the state. t is nil between two connections.
func (c *Courier) report(t *trip) {
	n := &c.tally
	s := &Status{
		Broker: c.Broker, Since: n.since, Tries: c.conns, Class: n.class, Err: n.err, Next: n.next,
		RoundTrip: n.roundTrip, Sent: n.sent, Confirmed: n.confirmed, Resent: n.resent,
		Received: n.received, Malformed: n.malformed, Dropped: n.dropped,
		Quarantined: n.quarantined,
	}
	if t != nil {
		s.Connected, s.Session, s.Hello, s.Greeted = t.born, t.session, t.hello, t.greeted
		s.InFlight = len(t.meta.fifo)
		for i := range t.windows {
			s.InFlight += len(t.windows[i].fifo)
		}
	}
	c.status.Store(s)
}

// failed tells log, faults and status that a connection ended or did not come about.
func (c *Courier) failed(err error, wasUp bool, wait time.Duration) {
	n := &c.tally
	n.class, n.err, n.next = class(err), err.Error(), time.Now().Add(wait)
	if wasUp {
		n.since = time.Now()
	}
	if errors.Is(err, ErrRefused) {
		c.clear("uplink_down")
		c.fault("uplink_refused", n.err)
	} else {
		c.clear("uplink_refused")
		c.fault("uplink_down", n.err)
	}
	c.report(nil)
}

// fault raises a fault that does not stand yet.
func (c *Courier) fault(code, detail string) {
	if !c.faults[code] {
		c.faults[code] = true
		c.Log.Warn(code, "err", detail)
		c.Notice(code, true, detail)
	}
}

func (c *Courier) clear(code string) {
	if c.faults[code] {
		c.faults[code] = false
		c.Notice(code, false, "")
	}
}

// class is one word for an error.
func class(err error) string {
	switch {
	case errors.Is(err, ErrRefused):
		return "refused"
	case errors.Is(err, ErrClock):
		return "clock"
	case errors.Is(err, ErrShared):
		return "shared"
	case errors.Is(err, ErrStalled):
		return "stalled"
	case errors.Is(err, context.Canceled):
		return ""
	}
	return "broken"
}
