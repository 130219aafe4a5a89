package uplink

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
)

// pumpTelemetry shares the line between what is new and the backlog, 3 : 1 while both wait. It
// stops when an alarm comes: a full window of batches takes its time to be put together.
func (t *trip) pumpTelemetry(now time.Time) {
	for t.room(buffer.Telemetry, now) {
		if _, alarm := t.alarms.peek(t.Outbox, t.epoch); alarm {
			return // Outbox.More has told of it, so the pump begins anew.
		}
		_, isLive := t.live.peek(t.Outbox, t.epoch)
		var old buffer.Record
		isBack := t.bucket.ready(now) // first: the backlog may have to be read from the disk
		if isBack {
			old, isBack = t.back.peek(t.Outbox, t.epoch)
		}
		isBack = isBack && !t.waits(old, now)
		switch {
		case isLive && (!isBack || t.liveRun < livePerBack):
			t.liveRun++
			t.sendBatch(&t.live, wire.UpTelemetry, false, now)
		case isBack:
			t.liveRun = 0
			t.bucket.take(now)
			t.sendBatch(&t.back, wire.UpBackfill, true, now)
		default:
			return
		}
	}
}

// sendBatch sends what a stream of telemetry has next. join puts as many stored batches into the
// message as belong together: each costs the platform an insert and the line an envelope.
func (t *trip) sendBatch(s *stream, leaf string, join bool, now time.Time) {
	stamp := t.Stamp()
	r, longest := s.ready[0], t.hello.Max
	if t.coding.Suffix != "" {
		longest = wire.MaxMessage // What counts is what is sent.
	}
	var b wire.Batch
	s.take()
	if _, err := b.Add(meta(r, stamp), r.Body, longest); err != nil {
		t.quarantine(r, err.Error())
		return
	}
	whole := r
	for join && !t.isSuspect(r) {
		next, ok := s.peek(t.Outbox, t.epoch)
		if !ok || t.isSuspect(next) || late(next, stamp) != late(r, stamp) {
			break
		}
		// One that is no batch is found to be so when it is the first.
		if fits, err := b.Add(meta(next, stamp), next.Body, longest); err != nil || !fits {
			break
		}
		whole.N += next.N
		s.take()
	}
	m := Message{Topic: t.Device.Topic(leaf), Payload: b.Message(t.Device, late(r, stamp))}
	if short := t.Compress(t.coding, m.Payload); short != nil {
		m.Topic, m.Payload = m.Topic+t.coding.Suffix, short
	}
	if len(m.Payload) > t.hello.Max && whole.N > r.N { // It did not become short: one by one.
		s.after, s.ready = r.First-1, nil
		if _, ok := s.peek(t.Outbox, t.epoch); ok {
			t.sendBatch(s, leaf, false, now)
		}
		return
	}
	t.put(whole, m, now)
}

// put hands the message of a record to the link. One that is longer than the platform takes would
// end the connection each time: it is given up and declared.
func (t *trip) put(r buffer.Record, m Message, now time.Time) {
	if len(m.Payload) > t.hello.Max {
		t.quarantine(r, fmt.Sprintf("%d bytes, and the platform takes %d", len(m.Payload),
			t.hello.Max))
		return
	}
	t.tally.sent[r.Lane]++
	t.windows[r.Lane].push(flight{rec: r, done: t.link.Publish(m), at: now, size: len(m.Payload)})
}

// pace takes over how fast and in which form the platform wants telemetry.
func (t *trip) pace() {
	t.coding = t.hello.Coding(t.dict)
	t.bucket.limit, t.bucket.eager = t.Rate, false
	if t.hello.Rate > 0 {
		t.bucket.limit, t.bucket.eager = t.hello.Rate, true
	}
	t.windows[buffer.Telemetry].most = teleWindow
	if t.hello.Window > 0 {
		t.windows[buffer.Telemetry].most = t.hello.Window
	}
}

// dictOf is the device's part of the dictionary as its own description tells it: what the platform
// decompresses with is then what is compressed with.
func dictOf(desc []byte) string {
	var d struct {
		Dict string `json:"dict"`
	}
	if json.Unmarshal(desc, &d) != nil {
		return ""
	}
	return d.Dict
}
