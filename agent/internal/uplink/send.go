package uplink

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

const (
	// liveAge is how old a record may be and still move a current value.
	liveAge = 120 * time.Second
	// drift is how far a board's clock runs away: 100 ppm.
	drift = 10_000
)

var laneByte = [lanes]byte{
	buffer.Alarm: wire.LaneAlarm, buffer.Event: wire.LaneEvent, buffer.Telemetry: wire.LaneTelemetry,
}

// pump starts everything that may be sent now: alarms, then events, then telemetry, each only when
// nothing of the lanes before it waits to be sent for the first time.
func (t *trip) pump(now time.Time) error {
	if at := t.stallsAt(); !at.IsZero() && !now.Before(at) {
		return fmt.Errorf("nothing for %v: %w", stallAfter, ErrStalled)
	}
	if t.Outbox.Epoch() != t.epoch {
		t.start()
	}
	if !t.born {
		return nil
	}
	t.stayAlone(now)
	t.passWaiting(now)
	if !t.decided && !now.Before(t.began.Add(helloWait)) {
		// A broker that drops a birth drops alarms too: its PUBACK is no receipt then.
		t.hello.Receipt = t.demands
		t.decide(t.hello, now)
	}
	t.callAgain(now)
	waits := t.pour(&t.alarms, now)
	if t.Revision != nil && t.Revision() != t.revision {
		t.introduce()
	}
	t.tellActive()
	t.pumpAgain(buffer.Alarm, now)
	if waits || !t.decided {
		return nil
	}
	waits = t.pour(&t.events, now)
	t.pumpAgain(buffer.Event, now)
	if waits {
		return nil
	}
	t.pumpTelemetry(now)
	return nil
}

// pour sends a stream while its window has room, and tells whether something is left.
func (t *trip) pour(s *stream, now time.Time) bool {
	for {
		r, ok := s.peek(t.Outbox, t.epoch)
		if !ok {
			return false
		}
		if t.waits(r, now) {
			return false // Others go on meanwhile.
		}
		if !t.room(s.lane, now) {
			return true
		}
		s.take()
		t.send(r, now)
	}
}

// send starts the sending of one alarm or event.
func (t *trip) send(r buffer.Record, now time.Time) {
	stamp := t.Stamp()
	payload, err := wire.Envelope(t.Device, meta(r, stamp), r.Body, moment(stamp), late(r, stamp))
	if err != nil {
		t.quarantine(r, err.Error())
		return
	}
	leaf := wire.Leaf(laneByte[r.Lane], r.Body, false)
	t.put(r, Message{Topic: t.Device.Topic(leaf), Payload: payload}, now)
}

// delivered notes the PUBACK of a record. A range is acknowledged exactly, whatever lies below it.
func (t *trip) delivered(r buffer.Record, now time.Time) {
	t.tally.confirmed[r.Lane]++
	t.carried = true
	t.acquit(r)
	exact := buffer.Range{From: r.First, To: last(r)}
	if r.Lane == buffer.Telemetry || t.decided && !t.hello.Receipt {
		t.Outbox.Ack(r.Epoch, r.Lane, exact)
		return
	}
	if r.Epoch != t.epoch {
		return
	}
	if t.decided {
		if a := &t.again[r.Lane]; a.at.IsZero() {
			a.at = now.Add(a.pause)
		}
		return
	}
	if n := len(t.held); n > 0 && t.held[n-1].To+1 == exact.From {
		t.held[n-1].To = exact.To
		return
	}
	t.held = append(t.held, exact) // Only alarms go before, in order: a hole begins a new range.
}

// decide takes over what the platform can do.
func (t *trip) decide(h wire.Hello, now time.Time) {
	had := t.decided && t.hello.Receipt
	t.hello, t.decided, t.longest = h, true, h.Max
	t.pace()
	t.spread = time.Duration(h.Spread) * time.Second
	switch {
	case h.Receipt && len(t.held) > 0:
		a := &t.again[buffer.Alarm]
		a.at = now.Add(a.pause)
	case !h.Receipt && had: // What waits for a receipt is sent again, for its PUBACK.
		for _, l := range receipted {
			a := &t.again[l]
			a.stream = stream{lane: l, to: t.first(l).after, limited: true}
			a.at = time.Time{}
		}
	case !h.Receipt:
		for _, r := range t.held {
			t.Outbox.Ack(t.epoch, buffer.Alarm, r)
		}
	}
	t.held = nil
}

// meta is what the envelope says of a record. A time taken from a clock that was not set is worked
// out anew, as soon as the same run has a clock.
func meta(r buffer.Record, now buffer.Stamp) wire.Meta {
	m := wire.Meta{
		Lane: laneByte[r.Lane], Epoch: r.Epoch, First: r.First, N: r.N,
		Boot: r.At.Boot, Mono: r.At.Mono, Wall: r.At.Wall,
		Quality: wire.ClockQuality(r.At.Quality), Error: r.At.Error,
	}
	if r.Orig != nil {
		m.OrigEpoch, m.OrigFirst = r.Orig.Epoch, r.Orig.First
	}
	if m.Quality == wire.ClockNone && r.At.Boot == now.Boot && now.Wall != 0 &&
		wire.ClockQuality(now.Quality) > wire.ClockFix {
		ago := now.Mono - r.At.Mono
		m.Wall, m.Quality = now.Wall-ago, wire.ClockFix
		m.Error = -1
		if now.Error >= 0 {
			m.Error = int32(min(int64(now.Error)+ago/drift, 1<<31-1))
		}
	}
	return m
}

// late tells whether a record is too old to move a current value.
func late(r buffer.Record, now buffer.Stamp) bool {
	return r.At.Boot != now.Boot || now.Mono-r.At.Mono > liveAge.Milliseconds()
}

// moment is the time of sending; zero: the clock is not set.
func moment(now buffer.Stamp) time.Time {
	if now.Wall == 0 || wire.ClockQuality(now.Quality) == wire.ClockNone {
		return time.Time{}
	}
	return time.UnixMilli(now.Wall)
}
