package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/firepost/firepost/buffer"
)

// outbox measures the store alone, without a courier.
func (b *bench) outbox(ctx context.Context) error {
	return errors.Join(b.putRate(ctx), b.drainDisk(ctx), b.drainMemory(ctx), b.diskBytes(ctx))
}

// putRate is how many bodies of 20 readings Put takes in a second. As with the line up, they are
// acknowledged: every 1000, outside the time that counts.
func (b *bench) putRate(ctx context.Context) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	s := newSeries()
	o := buffer.Open(dir, buffer.Options{Stamp: s.stamp})
	defer o.Close()
	if err := until(ctx, 5*time.Second, func() bool { return o.Epoch() != "" }); err != nil {
		return err
	}
	body := s.body(seriesOf)
	total, took := b.count(100_000, 20_000), time.Duration(0)
	for range total / 1000 {
		began := time.Now()
		first := o.Put(buffer.Telemetry, seriesOf, body)
		for range 999 {
			o.Put(buffer.Telemetry, seriesOf, body)
		}
		took += time.Since(began)
		o.Ack(o.Epoch(), buffer.Telemetry, buffer.Range{From: first, To: o.Tail(buffer.Telemetry)})
	}
	if dropped := o.Stats().Lane[buffer.Telemetry].Dropped; dropped > 0 {
		return fmt.Errorf("%d readings were dropped while they were put", dropped)
	}
	b.print("outbox.put.rate", float64(total)/took.Seconds(), "bodies/s", "")
	return nil
}

// drainDisk is how fast 100,000 readings that only the file has are fetched and acknowledged, and
// how long it then takes until they are gone from the file.
func (b *bench) drainDisk(ctx context.Context) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	if err := prefill(ctx, dir, backlog); err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(dir, "outbox.db"))
	if err != nil {
		return err
	}
	b.print("outbox.file.readings_100000", float64(info.Size()), "B", "")
	o := buffer.Open(dir, buffer.Options{})
	err = b.drain(ctx, o, "outbox.drain.disk.readings_100000", backlog)
	began := time.Now()
	if err = errors.Join(err, o.Close()); err != nil {
		return err
	}
	b.print("outbox.drain.disk.readings_100000.delete", millis(time.Since(began)), "ms", "")
	return nil
}

// drainMemory is the same with readings that only memory has, in an outbox whose file cannot be
// opened. It also tells what they take of the heap.
func (b *bench) drainMemory(ctx context.Context) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	inTheWay := filepath.Join(dir, "file")
	if err := os.WriteFile(inTheWay, nil, 0o600); err != nil {
		return err
	}
	large := buffer.Limit{Bytes: 64 << 20, Count: 1 << 20}
	o := buffer.Open(inTheWay, buffer.Options{Memory: [3]buffer.Limit{large, large, large}})
	defer o.Close()
	if err := until(ctx, 5*time.Second, func() bool { return o.Epoch() != "" }); err != nil {
		return err
	}
	before := heap()
	s := newSeries()
	for left := backlog; left > 0; left -= perBody {
		o.Put(buffer.Telemetry, uint32(min(left, perBody)), s.body(min(left, perBody)))
	}
	b.print("outbox.heap.readings_100000", float64(heap()-before), "B", "")
	return b.drain(ctx, o, "outbox.drain.memory.readings_100000", backlog)
}

// heap is how much of it is in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// drain takes and acknowledges the count readings that o holds, record by record, oldest first.
func (b *bench) drain(ctx context.Context, o *buffer.Outbox, name string, count int) error {
	if err := until(ctx, 10*time.Second, func() bool {
		return o.Stats().Lane[buffer.Telemetry].Held == uint64(count)
	}); err != nil {
		return fmt.Errorf("%s: not all readings are held: %w", name, err)
	}
	began, taken, after := time.Now(), 0, uint64(0)
	for taken < count {
		rs := o.Next(buffer.Telemetry, after, 16)
		if len(rs) == 0 { // it comes from the disk
			select {
			case <-o.More():
			case <-time.After(5 * time.Second):
				return fmt.Errorf("%s: nothing came behind number %d", name, after)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		for _, r := range rs {
			after = r.First + uint64(r.N) - 1
			taken += int(r.N)
			o.Ack(r.Epoch, r.Lane, buffer.Range{From: r.First, To: after})
		}
	}
	b.print(name+".time", millis(time.Since(began)), "ms", "")
	return nil
}

// haste is how much faster than in the field time runs in diskBytes.
const haste = 100

// diskBytes is what a reading costs the card while the line is down. Twenty points are put every
// 10 s as one body, nothing is acknowledged, and the outbox writes after its usual 30 s, so that a
// commit holds three bodies; only that both times are a hundredth: 0.1 s and 0.3 s. What the file
// costs before the first of these commits is left out.
//
// outbox.disk.written is what the outbox counts: the pages that it wrote. outbox.disk.kernel is
// what the kernel counts for this process (write_bytes of /proc/self/io): whole pages of the page
// cache; what the file system adds is in neither.
func (b *bench) diskBytes(ctx context.Context) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	s := newSeries()
	delay := [3]time.Duration{time.Second, time.Second, 3 * pace / haste}
	o := buffer.Open(dir, buffer.Options{Stamp: s.stamp, Delay: delay})
	defer o.Close()
	put := func(n int) error {
		for range n {
			o.Put(buffer.Telemetry, seriesOf, s.body(seriesOf))
			if _, _, err := nap(ctx, pace/haste); err != nil {
				return err
			}
		}
		return until(ctx, 10*time.Second, func() bool {
			return o.Flushed(buffer.Telemetry) >= o.Tail(buffer.Telemetry)
		})
	}
	if err := put(12); err != nil {
		return err
	}
	before, kernel, kernelErr := o.Stats(), int64(0), error(nil)
	if kernel, kernelErr = procField("/proc/self/io", "write_bytes"); kernelErr != nil {
		b.say("outbox.disk.kernel is left out: %v", kernelErr)
	}
	bodies := b.count(360, 90)
	if err := put(bodies); err != nil {
		return err
	}
	after, readings := o.Stats(), float64(bodies*seriesOf)
	if kernelErr == nil {
		now, err := procField("/proc/self/io", "write_bytes")
		if err != nil {
			return err
		}
		b.print("outbox.disk.kernel_per_reading", float64(now-kernel)/readings, "B", "")
	}
	written := float64(after.BytesWritten - before.BytesWritten)
	b.print("outbox.disk.written_per_reading", written/readings, "B", "")
	b.print("outbox.disk.readings_per_commit", readings/float64(after.Commits-before.Commits),
		"readings", "")
	b.print("outbox.disk.written_per_day", written/readings*172_800, "B", "")
	return nil
}
