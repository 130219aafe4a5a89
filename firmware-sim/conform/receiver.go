package conform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/wire"
)

// receiverChecks need the platform's receiver behind the broker.
func receiverChecks() []check {
	return []check{
		{"R01", "a birth is answered by a hello within 5 s", hello},
		{"R02", "an alarm gets its receipt", receipt},
		{"R03", "a receipt stops below a number that is missing, and goes on when it comes", hole},
		{"R04", "a record that comes again gets its receipt again", again},
		{"R05", "a declared gap counts as settled", gap},
		{"R06", "fields that nobody knows are ignored", unknown},
		{"R07", "a message of ten records settles ten numbers", many},
		{"R08", "bytes that are no message stand in nobody's way", garbage},
		{"R09", "a new epoch counts from 1", epoch},
		{"R10", "telemetry is understood as compressed as the hello offers", compressed},
	}
}

// visit is one connection of the station, in an epoch of its own.
type visit struct {
	*bench
	*client
	epoch string
	hello wire.Hello
}

// helloWait is how long a station waits for its hello before it does without.
const helloWait = 5 * time.Second

// visit connects, subscribes, tells its birth and takes the hello, as the contract has it.
func (b *bench) visit(ctx context.Context) (*visit, error) {
	c, err := b.station(ctx, nil)
	if err != nil {
		return nil, err
	}
	v := &visit{bench: b, client: c, epoch: nonce()}
	if err := c.subscribe(ctx, b.Device.Topic("down/#")); err != nil {
		return nil, err
	}
	session := nonce()
	now := time.Now()
	birth := wire.State{
		Online: true, Session: session, Epoch: v.epoch, Boot: 1, FW: "conform", Sim: true,
		TS: now.UTC().Format(time.RFC3339),
	}
	if err := c.publish(ctx, b.Device.Topic(wire.UpState), birth.JSON(), true); err != nil {
		return nil, err
	}
	began := now.Add(-time.Minute) // clocks differ
	_, err = c.await(ctx, b.Device.Topic(wire.DownHello), func(m message) bool {
		v.hello, err = wire.DecodeHello(m.payload)
		return err == nil && !m.retained && v.hello.Now.After(began)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("no hello after a birth: %w", err)
	case time.Since(now) > helloWait:
		return nil, fmt.Errorf("the hello came after %v, and a station waits %v",
			time.Since(now).Round(time.Millisecond), helloWait)
	}
	return v, nil
}

// withReceipts is visit for what only a receiver with receipts can be asked.
func (b *bench) withReceipts(ctx context.Context) (*visit, error) {
	v, err := b.visit(ctx)
	if err == nil && !v.hello.Receipt {
		return nil, skip("the hello offers no receipts")
	}
	return v, err
}

func hello(ctx context.Context, b *bench) error {
	_, err := b.visit(ctx)
	return err
}

// body is the stored form of what a record says.
func body(kind, data string) []byte {
	return fmt.Appendf(nil, `{"type":%q,"data":%s}`, kind, data)
}

const someAlarm = `{"kind":"fault","state":"fault","sev":"minor","fault":"conform"}`

// envelope is the message of n records from first.
func (v *visit) envelope(lane byte, first uint64, n uint32, stored []byte) ([]byte, error) {
	now := time.Now()
	return wire.Envelope(v.Device, wire.Meta{
		Lane: lane, Epoch: v.epoch, First: first, N: n, Boot: 1, Mono: now.UnixMilli() % 1e6,
		Wall: now.UnixMilli(), Quality: wire.ClockNTP,
	}, stored, now, false)
}

// alarm sends number n of lane a.
func (v *visit) alarm(ctx context.Context, n uint64) error {
	m, err := v.envelope(wire.LaneAlarm, n, 1, body(wire.TypeAlarm, someAlarm))
	if err != nil {
		return err
	}
	return v.publish(ctx, v.Device.Topic(wire.UpAlarm), m, false)
}

// settled waits until a receipt covers number n of a lane.
func (v *visit) settled(ctx context.Context, lane string, n uint64) error {
	var upTo uint64
	_, err := v.await(ctx, v.Device.Topic(wire.DownAck), func(m message) bool {
		a, err := wire.DecodeAck(m.payload)
		if err == nil && a.Epoch == v.epoch {
			upTo = a.UpTo[lane]
		}
		return upTo >= n
	})
	if err != nil {
		return fmt.Errorf("no receipt of %s %d, the last was of %d: %w", lane, n, upTo, err)
	}
	if upTo > n {
		return fmt.Errorf("a receipt of %s %d, which was never sent; the last is %d", lane, upTo, n)
	}
	return nil
}

func receipt(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	return errors.Join(v.alarm(ctx, 1), v.settled(ctx, "a", 1))
}

func hole(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(v.alarm(ctx, 1), v.settled(ctx, "a", 1), v.alarm(ctx, 3)); err != nil {
		return err
	}
	early := time.After(quietTime)
	for waiting := true; waiting; {
		select {
		case m := <-v.heard:
			a, err := wire.DecodeAck(m.payload)
			if err == nil && a.Epoch == v.epoch && a.UpTo["a"] > 1 {
				return fmt.Errorf("a receipt of %d while 2 has not come: it would be lost", a.UpTo["a"])
			}
		case <-early:
			waiting = false
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.Join(v.alarm(ctx, 2), v.settled(ctx, "a", 3))
}

func again(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	return errors.Join(v.alarm(ctx, 1), v.settled(ctx, "a", 1),
		v.alarm(ctx, 1), v.settled(ctx, "a", 1))
}

func gap(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	lost := wire.Gap{Epoch: v.epoch, Lane: "e", From: 1, To: 7, Cause: wire.CauseEvicted}
	m, err := v.envelope(wire.LaneAlarm, 1, 1, wire.GapBody(lost))
	if err != nil {
		return err
	}
	return errors.Join(v.publish(ctx, v.Device.Topic(wire.UpAlarm), m, false),
		v.settled(ctx, "e", 7))
}

func unknown(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	m, err := v.envelope(wire.LaneAlarm, 1, 1, body(wire.TypeAlarm, someAlarm))
	if err != nil {
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(m, &fields); err != nil {
		return err
	}
	fields["fromlater"] = json.RawMessage(`{"a":[1]}`)
	if m, err = json.Marshal(fields); err != nil {
		return err
	}
	return errors.Join(v.publish(ctx, v.Device.Topic(wire.UpAlarm), m, false),
		v.settled(ctx, "a", 1))
}

// ten is a stored batch of ten readings.
const ten = `[{"bn":"conform/","bt":1767225600,"bver":26,"n":"t","u":"Cel","v":21},` +
	`{"n":"t","u":"Cel","v":21,"t":1},{"n":"t","u":"Cel","v":22,"t":2},` +
	`{"n":"t","u":"Cel","v":21,"t":3},{"n":"t","u":"Cel","v":22,"t":4},` +
	`{"n":"t","u":"Cel","v":21,"t":5},{"n":"t","u":"Cel","v":22,"t":6},` +
	`{"n":"t","u":"Cel","v":21,"t":7},{"n":"t","u":"Cel","v":22,"t":8},` +
	`{"n":"t","u":"Cel","v":21,"t":9}]`

func many(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	m, err := v.envelope(wire.LaneTelemetry, 1, 10, body(wire.TypeTelemetry, ten))
	if err != nil {
		return err
	}
	return errors.Join(v.publish(ctx, v.Device.Topic(wire.UpTelemetry), m, false),
		v.settled(ctx, "t", 10))
}

func garbage(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	topic := v.Device.Topic(wire.UpAlarm)
	for _, bad := range []string{"", "null", "{", `{"id":1}`, "\xff\xfe", `[[[[[[`} {
		if err := v.publish(ctx, topic, []byte(bad), false); err != nil {
			return err
		}
	}
	return errors.Join(v.alarm(ctx, 1), v.settled(ctx, "a", 1))
}

func epoch(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(v.alarm(ctx, 1), v.alarm(ctx, 2), v.settled(ctx, "a", 2)); err != nil {
		return err
	}
	v.epoch = nonce()
	return errors.Join(v.alarm(ctx, 1), v.settled(ctx, "a", 1))
}

func compressed(ctx context.Context, b *bench) error {
	v, err := b.withReceipts(ctx)
	if err != nil {
		return err
	}
	const dict = `"conform/"`
	if err := v.publish(ctx, v.Device.Topic(wire.UpDesc),
		[]byte(fmt.Sprintf(`{"site":"conform","dict":%q}`, dict)), true); err != nil {
		return err
	}
	// A dictionary may be offered only once it is known. Without, what was offered first counts.
	_, _ = v.await(ctx, v.Device.Topic(wire.DownHello), func(m message) bool {
		h, err := wire.DecodeHello(m.payload)
		if err == nil && len(h.Dz) > 0 {
			v.hello = h
		}
		return err == nil && len(h.Dz) > 0
	})
	coding := v.hello.Coding(dict)
	if coding.Suffix == "" {
		return skip("the hello offers no compression")
	}
	m, err := v.envelope(wire.LaneTelemetry, 1, 10, body(wire.TypeTelemetry, ten))
	if err != nil {
		return err
	}
	var z wire.Compressor
	topic := v.Device.Topic(wire.UpTelemetry + coding.Suffix)
	return errors.Join(v.publish(ctx, topic, z.Compress(coding, m), false), v.settled(ctx, "t", 10))
}
