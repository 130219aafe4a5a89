package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/firepost/firepost/buffer"
)

// What a day may cost the card at twenty points every 10 s: bytes that the process writes, and that
// reach the block device, with the line up and down.
const (
	aimOnline  = "<= 1000000"
	aimOffline = "<= 65000000"
	aimDevice  = "<= 120000000"

	bodiesADay = 24 * 60 * 60 / 10
	wearHaste  = 200 // how much faster than in the field time runs here
)

// wear is what a day costs the card: with the line up, with the line down at other times between
// two commits than the usual 30 s, and what three days without a line do.
func (b *bench) wear(ctx context.Context) error {
	failed := []error{b.wearOnline(ctx)}
	for _, every := range []time.Duration{10, 30, 60, 120} {
		failed = append(failed, b.wearOffline(ctx, every*time.Second))
	}
	return errors.Join(append(failed, b.threeDays(ctx))...)
}

// wearOnline is a day in which all is acknowledged before the outbox would write it.
func (b *bench) wearOnline(ctx context.Context) error {
	o, err := b.outboxOf(ctx, 30*time.Second)
	if err != nil {
		return err
	}
	defer o.Close()
	s, before := newSeries(), o.Stats()
	for range bodiesADay {
		n := o.Put(buffer.Telemetry, seriesOf, s.body(seriesOf))
		o.Ack(o.Epoch(), buffer.Telemetry, buffer.Range{From: n, To: n + seriesOf - 1})
	}
	b.print("wear.online.written_per_day", float64(o.Stats().BytesWritten-before.BytesWritten), "B",
		aimOnline)
	return nil
}

// wearOffline is a part of a day in which nothing is acknowledged.
func (b *bench) wearOffline(ctx context.Context, every time.Duration) error {
	o, err := b.outboxOf(ctx, every/wearHaste)
	if err != nil {
		return err
	}
	defer o.Close()
	s, bodies := newSeries(), b.count(360, 120)
	put := func(n int) error {
		for range n {
			o.Put(buffer.Telemetry, seriesOf, s.body(seriesOf))
			if _, _, err := nap(ctx, pace/wearHaste); err != nil {
				return err
			}
		}
		return until(ctx, time.Minute, func() bool {
			return o.Flushed(buffer.Telemetry) >= o.Tail(buffer.Telemetry)
		})
	}
	if err := put(12); err != nil {
		return err
	}
	before, device, noDevice := o.Stats(), int64(0), error(nil)
	device, noDevice = procField("/proc/self/io", "write_bytes")
	if err := put(bodies); err != nil {
		return err
	}
	name, aim, far := fmt.Sprintf("wear.offline.every_%ds", int(every.Seconds())), "", ""
	if every == 30*time.Second {
		aim, far = aimOffline, aimDevice
	}
	day := float64(bodiesADay) / float64(bodies)
	after := o.Stats()
	b.print(name+".written_per_day", day*float64(after.BytesWritten-before.BytesWritten), "B", aim)
	b.print(name+".commits_per_day", day*float64(after.Commits-before.Commits), "commits", "")
	if noDevice != nil {
		b.say("%s.device_per_day is left out: %v", name, noDevice)
		return nil
	}
	now, err := procField("/proc/self/io", "write_bytes")
	b.print(name+".device_per_day", day*float64(now-device), "B", far)
	return err
}

// threeDays are 72 hours of readings with a commit for each 30 s of them, and then all of them
// again, oldest first.
func (b *bench) threeDays(ctx context.Context) error {
	o, err := b.outboxOf(ctx, time.Millisecond)
	if err != nil {
		return err
	}
	defer o.Close()
	s, before, began := newSeries(), o.Stats(), time.Now()
	bodies := b.count(3*bodiesADay, 3*bodiesADay/10)
	for range bodies / 3 {
		for range 3 {
			o.Put(buffer.Telemetry, seriesOf, s.body(seriesOf))
		}
		if err := until(ctx, time.Minute, func() bool {
			return o.Flushed(buffer.Telemetry) >= o.Tail(buffer.Telemetry)
		}); err != nil {
			return err
		}
	}
	stats := o.Stats()
	name := fmt.Sprintf("wear.readings_%d", bodies*seriesOf)
	info, err := os.Stat(filepath.Join(b.lastFolder(), "outbox.db"))
	if err != nil {
		return err
	}
	b.print(name+".file", float64(info.Size()), "B", "<= 41943040")
	b.print(name+".written", float64(stats.BytesWritten-before.BytesWritten), "B", "")
	b.print(name+".lost", float64(stats.Lane[buffer.Telemetry].Dropped), "readings", "<= 0")
	b.print(name+".put.time", millis(time.Since(began)), "ms", "")
	return b.drain(ctx, o, name+".drain", bodies*seriesOf)
}

// outboxOf opens an empty outbox that writes telemetry after a time.
func (b *bench) outboxOf(ctx context.Context, delay time.Duration) (*buffer.Outbox, error) {
	dir, err := b.folder()
	if err != nil {
		return nil, err
	}
	o := buffer.Open(dir, buffer.Options{
		Delay: [3]time.Duration{time.Millisecond, time.Millisecond, delay},
	})
	err = until(ctx, 5*time.Second, func() bool { return !o.Stats().RAM })
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}
