package uplink

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

const (
	// maxCommands is how many commands a second are passed on: each answer takes a number of the
	// alarm lane, and nobody may fill that from afar.
	maxCommands = 5
	// maxWaiting is how many wait for their turn. What is more is dropped without an answer, and
	// the platform sends it again at the next birth.
	maxWaiting = 32
)

// receive takes one message from the district. It fails only with ErrShared.
func (t *trip) receive(d Delivery, now time.Time) error {
	t.tally.received++
	switch d.Topic {
	case t.Device.Topic(wire.DownHello):
		t.greet(d, now)
	case t.Device.Topic(wire.DownAck):
		t.receipt(d, now)
	case t.Device.Topic(wire.UpState):
		d.Done()
		return t.meet(d.Payload, now)
	default:
		if t.isCommand(d.Topic) && len(t.waiting) < maxWaiting {
			t.waiting = append(t.waiting, d)
			return nil
		}
		if t.isCommand(d.Topic) {
			t.tally.dropped++
		}
	}
	d.Done()
	return nil
}

// passWaiting passes on the commands whose turn it is.
func (t *trip) passWaiting(now time.Time) {
	for len(t.waiting) > 0 && !now.Before(t.passAt) {
		t.passAt = now.Add(time.Second / maxCommands)
		if !t.pass(t.waiting[0]) {
			return
		}
		t.waiting = t.waiting[1:]
	}
}

func (t *trip) isCommand(topic string) bool {
	if topic == t.Device.Topic(wire.DownCmd) {
		return true
	}
	for _, g := range t.Groups {
		if topic == t.groupTopic(g) {
			return true
		}
	}
	return false
}

// greet learns what the platform can do. A kept copy tells that as well, unless a fresh one came
// already, but its clock is worthless.
func (t *trip) greet(d Delivery, now time.Time) {
	h, err := wire.DecodeHello(d.Payload)
	if err != nil {
		t.malformed(err)
		return
	}
	if d.Retain && t.fresh {
		return
	}
	t.fresh, t.greeted, t.demands = !d.Retain, true, h.Receipt
	t.decide(h, now)
	if !d.Retain {
		t.clock(h.Now)
	}
}

func (t *trip) clock(now time.Time) {
	if t.Platform != nil && !now.IsZero() {
		t.Platform(now)
	}
}

// receipt releases all that the platform says it has stored. Numbers that were never given out are
// not believed: a record that gets one of them later must not vanish.
func (t *trip) receipt(d Delivery, now time.Time) {
	a, err := wire.DecodeAck(d.Payload)
	if err != nil {
		t.malformed(err)
		return
	}
	if !d.Retain {
		t.clock(a.Now)
	}
	if a.Epoch != t.epoch {
		return
	}
	for l, name := range laneByte {
		lane := buffer.Lane(l)
		upTo := min(a.UpTo[string(rune(name))], t.Outbox.Tail(lane))
		if upTo <= t.receipted[l] {
			continue
		}
		t.receipted[l] = upTo
		t.Outbox.Ack(t.epoch, lane, buffer.Range{From: 1, To: upTo})
		if lane != buffer.Telemetry {
			t.isReceipted(lane, upTo, now)
		}
	}
}

// pass gives a command to whoever answers it. It returns false when that one cannot take it now.
func (t *trip) pass(d Delivery) bool {
	c, err := wire.DecodeCommand(d.Payload)
	if c.ID != "" && t.Command != nil && !t.Command(c, d.Done) {
		return false
	}
	if err != nil {
		t.malformed(err)
	}
	if c.ID != "" && t.Command != nil {
		return true
	}
	d.Done()
	r := wire.Rsp{ID: c.ID, State: wire.RspRejected, Reason: wire.ReasonUnsupported}
	if err != nil {
		r.Reason = wire.ReasonMalformed
	}
	if c.ID != "" {
		t.Outbox.Put(buffer.Alarm, 1, r.Body())
	}
	return true
}

func (t *trip) malformed(err error) {
	t.tally.malformed++
	t.Log.Warn("message of the district not understood", "err", err)
}

// meet judges a message on the station's own up/state. Another board, or a session that this one
// never had, is a stranger with our identity; the second within ten minutes ends the trip.
func (t *trip) meet(payload []byte, now time.Time) error {
	var s struct {
		Online  bool   `json:"online"`
		Session string `json:"session"`
		HW      string `json:"hw"`
	}
	if len(payload) == 0 || json.Unmarshal(payload, &s) != nil {
		return nil
	}
	own := t.Birth()
	if s.HW == own.HW && (!s.Online || t.isOwn(s.Session, own.Boot)) {
		return nil // A will that comes late is no sign of life.
	}
	t.Log.Warn("a stranger uses this identity", "session", s.Session, "hw", s.HW)
	recent := t.foreign[:0]
	for _, at := range t.foreign {
		if now.Sub(at) < sharedWindow {
			recent = append(recent, at)
		}
	}
	t.foreign = append(recent, now)
	if len(t.foreign) < 2 {
		return nil
	}
	t.foreign = nil
	detail := fmt.Sprintf("board %.40s, session %.40s", s.HW, s.Session)
	t.fault("identity_shared", detail)
	return fmt.Errorf("%s: %w", detail, ErrShared)
}

// isOwn tells whether this board may have had a session: one of an earlier run, or of this one.
func (t *trip) isOwn(session string, boot uint32) bool {
	left, right, ok := strings.Cut(session, "-")
	run, err := strconv.ParseUint(left, 10, 32)
	n, err2 := strconv.ParseUint(right, 10, 32)
	if !ok || err != nil || err2 != nil {
		return false
	}
	return run < uint64(boot) || run == uint64(boot) && n <= uint64(t.conns)
}

// stayAlone ends the fault identity_shared after a quiet while.
func (t *trip) stayAlone(now time.Time) {
	if len(t.foreign) == 0 && now.Sub(t.began) > sharedWindow {
		t.clear("identity_shared")
	}
}

// urgent tells whether a body says that an alarm began. Faults are not urgent: the loss of the
// uplink is one itself, and would call back a whole district at the same moment.
func urgent(body []byte) bool {
	var b struct {
		Type string `json:"type"`
		Data struct {
			Kind  string `json:"kind"`
			State string `json:"state"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return false
	}
	return b.Type == wire.TypeAlarm && b.Data.Kind != "fault" &&
		(b.Data.State == "raised" || b.Data.State == "prealarm")
}
