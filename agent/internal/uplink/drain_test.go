package uplink

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/drivers"
	far "github.com/firepost/firepost/firmware-sim/district"
)

// drainBacklog is what a backlog of some days is sent from.
const drainBacklog = 100_000

// filled is a store whose disk has n readings of an earlier time, twenty in a batch.
func filled(b *testing.B, n int) (o *buffer.Outbox, stamp func() buffer.Stamp) {
	b.Helper()
	began := time.Now()
	stamp = func() buffer.Stamp {
		now := time.Now()
		return buffer.Stamp{Boot: 41, Mono: now.Sub(began).Milliseconds(), Wall: now.UnixMilli(),
			Quality: uint8(wire.ClockNTP)}
	}
	dir := b.TempDir()
	o = buffer.Open(dir, buffer.Options{
		Stamp: stamp, MinFree: -1, MinShare: -1,
		Delay: [lanes]time.Duration{time.Millisecond, time.Millisecond, time.Millisecond},
	})
	until := func(is func() bool) {
		for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				b.Fatalf("the store does not keep up: %+v", o.Stats())
			}
		}
	}
	until(func() bool { return o.Epoch() != "" && !o.Stats().RAM })
	for i := range n / 20 {
		var rs []wire.Record
		for j := range 20 {
			rs = append(rs, wire.Record{
				Name: fmt.Sprintf("heat-%d", j), Quantity: drivers.Temperature,
				Value: int64(20_000 + i*37%700*10), At: point.Instant(i * 1e9), Quality: point.Good,
			})
		}
		o.Put(buffer.Telemetry, 20,
			wire.TelemetryBody("fp-7k2m4qx6tb", time.Now().UnixMilli(), point.Instant(i*1e9), rs))
		if i%500 == 0 {
			until(func() bool { return o.Flushed(buffer.Telemetry) >= o.Tail(buffer.Telemetry) })
		}
	}
	if err := o.Close(); err != nil {
		b.Fatal(err)
	}
	o = buffer.Open(dir, buffer.Options{Stamp: stamp, MinFree: -1, MinShare: -1})
	b.Cleanup(func() { _ = o.Close() })
	until(func() bool { return o.Epoch() != "" && !o.Stats().RAM })
	return o, stamp
}

// A backlog of 100,000 readings goes out over loopback to a broker with the reference receiver, is
// confirmed, and is gone from the disk. Both times are from the first try to connect on.
func BenchmarkDrain(b *testing.B) {
	broker, err := far.OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		b.Fatal(err)
	}
	defer broker.Close()
	hello := wire.Hello{
		Receipt: true, Dz: []int{1}, Max: wire.MaxMessage, Rate: wire.MaxRate, Window: wire.MaxWindow,
	}
	var confirmed, removed time.Duration
	for range b.N {
		r := far.NewReceiver(far.Options{Hello: hello, Coalesce: 5 * time.Millisecond})
		if err := broker.Attach(r); err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		served := make(chan error, 1)
		go func() { served <- broker.Serve(ctx, r) }()
		o, stamp := filled(b, drainBacklog)
		if held := o.Stats().Lane[buffer.Telemetry].Held; held != drainBacklog {
			b.Fatalf("%d are held", held)
		}
		k := New(Config{
			Outbox: o, Stamp: stamp, Device: wire.Device{Tenant: "510107", ID: "fp-7k2m4qx6tb"},
			Dial:  PahoDial(Broker{URL: broker.URL(), ClientID: "fp"}),
			Birth: func() wire.State { return wire.State{HW: "5c0e", Boot: 41, Epoch: o.Epoch()} },
			Desc:  func() []byte { return wire.Desc{Dict: ownText}.JSON() },
		})
		began, before := time.Now(), o.Stats().Commits
		ended := make(chan error, 1)
		go func() { ended <- k.Run(ctx) }()
		for o.Stats().Lane[buffer.Telemetry].Held > 0 {
			time.Sleep(time.Millisecond)
		}
		confirmed += time.Since(began)
		for o.Stats().Commits == before {
			time.Sleep(time.Millisecond)
		}
		removed += time.Since(began)
		cancel()
		if err := errors.Join(<-ended, <-served); err != nil {
			b.Fatal(err)
		}
		if got := r.Report(); got.Received["t"] != drainBacklog || got.Malformed > 0 {
			b.Fatalf("%d arrived, %d malformed", got.Received["t"], got.Malformed)
		}
	}
	b.ReportMetric(confirmed.Seconds()/float64(b.N), "s/confirmed")
	b.ReportMetric(removed.Seconds()/float64(b.N), "s/removed")
}
