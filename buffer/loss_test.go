package buffer

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"
)

// What was dropped is remembered over a crash until it is declared, and then forgotten in the
// commit that keeps the declaration.
func TestLossesSurviveUntilDeclared(t *testing.T) {
	dir := folder(t)
	opt := quick()
	opt.Disk[Telemetry] = Limit{Bytes: 1 << 20, Count: 3}
	o := opened(t, dir, opt)
	for range 10 {
		o.Put(Telemetry, 100, make([]byte, 1000))
		flushed(t, o, Telemetry)
	}
	want := []Loss{{Epoch: o.Epoch(), Lane: Telemetry, Range: Range{1, 700}, Cause: CauseEvicted}}
	if got := o.Losses(); !slices.Equal(got, want) || o.Stats().Lane[Telemetry].Dropped != 700 {
		t.Fatalf("got %v, want %v; dropped %d", got, want, o.Stats().Lane[Telemetry].Dropped)
	}
	if got := o.Next(Telemetry, 0, 100); len(got) != 3 || got[0].First != 701 {
		t.Errorf("memory still has what was evicted: got %d records from %d", len(got), got[0].First)
	}
	o.abandon()

	o = opened(t, dir, opt)
	got := o.Losses()
	if !slices.Contains(got, want[0]) || o.Stats().Lane[Telemetry].Dropped != 700 {
		t.Fatalf("after a crash: got %v, dropped %d", got, o.Stats().Lane[Telemetry].Dropped)
	}
	n := o.Declare([]byte("gap"), got)
	flushed(t, o, Alarm)
	o.abandon()

	o = opened(t, dir, opt)
	if got := o.Losses(); slices.Contains(got, want[0]) {
		t.Errorf("after Declare: got %v", got)
	}
	await(t, "the gap", func() bool {
		r := o.Next(Alarm, 0, 1)
		return len(r) == 1 && r[0].First == n && string(r[0].Body) == "gap"
	})
}

// A Loss that grew after it was read keeps the part that was not declared.
func TestDeclareForgetsOnlyWhatItSaid(t *testing.T) {
	at := func(from, to uint64) Loss {
		return Loss{Epoch: "00000001", Lane: Telemetry, Range: Range{from, to}, Cause: CauseEvicted}
	}
	reset := Loss{Epoch: "00000001", Cause: CauseStoreReset, Salvaged: 3}
	for _, c := range []struct {
		name             string
		list, said, want []Loss
	}{
		{"all", []Loss{at(1, 9)}, []Loss{at(1, 9)}, nil},
		{"grown", []Loss{at(1, 12)}, []Loss{at(1, 9)}, []Loss{at(10, 12)}},
		{"middle", []Loss{at(1, 12)}, []Loss{at(4, 6)}, []Loss{at(1, 3), at(7, 12)}},
		{"another", []Loss{at(1, 9), reset}, []Loss{at(20, 30)}, []Loss{at(1, 9), reset}},
		{"reset", []Loss{at(1, 9), reset}, []Loss{reset}, []Loss{at(1, 9)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.list
			for _, d := range c.said {
				got = forgetLoss(got, d)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// The list of losses is bounded, and no number falls out of it unsaid.
func TestManyLossesAreJoinedNotForgotten(t *testing.T) {
	var list []Loss
	lost := uint64(0)
	for e := range 40 {
		for i := range uint64(40) {
			lost += 2
			list = addLoss(list, Loss{Epoch: epochText(uint32(e + 1)), Lane: Event,
				Range: Range{i*10 + 1, i*10 + 2}, Cause: CauseDroppedRAM})
		}
	}
	told := uint64(0)
	for _, l := range list {
		told += l.LostEstimate
		if l.To > 0 {
			told += l.To - l.From + 1
		}
	}
	if len(list) > maxPending || told < lost {
		t.Errorf("got %d entries that tell of %d numbers, want at most %d that tell of %d",
			len(list), told, maxPending, lost)
	}
}

// A declaration that is dropped from memory takes nothing with it: what it would have declared
// is pending again.
func TestDroppedDeclarationDeclaresNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		opt := quick()
		opt.Memory = [laneCount]Limit{{1000, 2}, {1000, 2}, {1000, 2}}
		opt.call = func(name string) error {
			if name == "lock" {
				<-gate
			}
			return nil
		}
		o := Open(folder(t), opt)
		time.Sleep(epochWait)
		synctest.Wait()
		loss := Loss{Epoch: "0000cafe", Lane: Event, Range: Range{1, 5}, Cause: CauseEvicted}
		o.Declare([]byte("gap"), []Loss{loss})
		if o.Losses() != nil {
			t.Fatalf("got %v", o.Losses())
		}
		for range 10 {
			o.Put(Alarm, 1, nil)
		}
		if got := o.Losses(); !slices.Contains(got, loss) {
			t.Errorf("got %v, want %v among them", got, loss)
		}
		close(gate)
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Full memory drops telemetry first, then events, and alarms only when nothing else is left.
func TestAlarmsAreDroppedLast(t *testing.T) {
	full := [laneCount]Limit{{100, 10}, {100, 10}, {100, 10}}
	for _, c := range []struct {
		use  [laneCount]Limit
		want string
	}{
		{[laneCount]Limit{{100, 10}, {100, 10}, {100, 10}}, "none"},
		{[laneCount]Limit{{100, 10}, {101, 10}, {101, 10}}, "t"},
		{[laneCount]Limit{{100, 10}, {100, 11}, {10, 10}}, "e"},
		{[laneCount]Limit{{250, 10}, {20, 1}, {20, 1}}, "none"},
		{[laneCount]Limit{{270, 10}, {20, 1}, {20, 1}}, "t"},
		{[laneCount]Limit{{290, 10}, {20, 1}, {0, 0}}, "e"},
		{[laneCount]Limit{{301, 10}, {0, 0}, {0, 0}}, "a"},
	} {
		got := "none"
		if l, over := victim(c.use, full); over {
			got = l.String()
		}
		if got != c.want {
			t.Errorf("%v: got %s, want %s", c.use, got, c.want)
		}
	}
}

// While the line is up, an hour of 20 points every 10 s costs no commit; while it is down, at
// most two commits a minute, and under 65 MB a day.
func TestFlashBudget(t *testing.T) {
	for _, up := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			o := opened(t, folder(t), Options{Statfs: quick().Statfs})
			synctest.Wait()
			before := o.Stats()
			for range 360 {
				n := o.Put(Telemetry, 20, make([]byte, 20*13))
				time.Sleep(10 * time.Second)
				if up {
					o.Ack(o.Epoch(), Telemetry, Range{n, n + 19})
				}
			}
			s := o.Stats()
			commits, daily := s.Commits-before.Commits, (s.BytesWritten-before.BytesWritten)*24
			t.Logf("line up %t: %d commits, %.1f MB a day", up, commits, float64(daily)/1e6)
			if up && commits != 0 || commits > 120 || daily > 65e6 {
				t.Errorf("line up %t: got %d commits, %d bytes a day", up, commits, daily)
			}
		})
	}
}

// A lane renews its lease before it runs out, and no number is above it.
func TestLeaseIsRenewedAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opt := quick()
		opt.Delay[Event] = time.Hour
		var heads []head
		opt.Commit = func(tx *bbolt.Tx) error {
			h, err := decodeHead(tx.Bucket([]byte(headBucket)).Get([]byte(headKey)))
			heads = append(heads, h)
			if err != nil {
				t.Error(err)
			}
			return tx.Commit()
		}
		o := opened(t, folder(t), opt)
		epoch := o.Epoch()
		for range 2500 {
			n := o.Put(Event, 1, nil)
			synctest.Wait()
			if last := heads[len(heads)-1].Lease[Event]; n > last {
				t.Fatalf("number %d is above the lease %d", n, last)
			}
			o.Ack(epoch, Event, Range{n, n})
			time.Sleep(time.Millisecond)
		}
		if len(heads) < 5 || len(heads) > 7 || o.Epoch() != epoch {
			t.Errorf("got %d commits, want one per half lease", len(heads))
		}
	})
}

// An unclean end skips the rest of the lease and says so; numbers that were never written come
// into that range.
func TestCrashSkipsTheLease(t *testing.T) {
	dir := folder(t)
	opt := quick()
	opt.Delay[Event] = time.Hour
	o := opened(t, dir, opt)
	epoch := o.Epoch()
	o.mu.Lock()
	lease := o.lanes[Event].lease
	o.mu.Unlock()
	o.Put(Event, 1, []byte("never written"))
	o.abandon()
	o = opened(t, dir, opt)
	if n := o.Put(Event, 1, nil); n != lease+1 || o.Epoch() != epoch {
		t.Errorf("got %d of %s, want %d of %s", n, o.Epoch(), lease+1, epoch)
	}
	want := Loss{Epoch: epoch, Lane: Event, Range: Range{1, lease}, Cause: CauseLease}
	if got := o.Losses(); !slices.Contains(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func BenchmarkPut(b *testing.B) {
	o := opened(b, b.TempDir(), quick())
	body := make([]byte, 300)
	for b.Loop() {
		n := o.Put(Telemetry, 20, body)
		o.Ack(o.Epoch(), Telemetry, Range{n, n + 19})
	}
}

// BenchmarkDrain reads and acknowledges a backlog of 100,000 records that only the disk has.
func BenchmarkDrain(b *testing.B) {
	const count = 100_000
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		o := opened(b, dir, quick())
		for i := range count {
			o.Put(Telemetry, 1, fmt.Appendf(nil, "%090d", i))
			if i%2000 == 1999 {
				flushed(b, o, Telemetry)
			}
		}
		if err := o.Close(); err != nil {
			b.Fatal(err)
		}
		o = opened(b, dir, quick())
		b.StartTimer()
		got, after := 0, uint64(0)
		for got < count {
			recs := o.Next(Telemetry, after, 200)
			if len(recs) == 0 {
				continue
			}
			got += len(recs)
			after = recs[len(recs)-1].last()
			o.Ack(recs[0].Epoch, Telemetry, Range{recs[0].First, after})
		}
		b.StopTimer()
		_ = o.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(count)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkFlash is what a reading costs the flash with the line down, in blocks of 60.
func BenchmarkFlash(b *testing.B) {
	o := opened(b, b.TempDir(), quick())
	body := make([]byte, 800)
	n := 0
	for b.Loop() {
		o.Put(Telemetry, 60, body)
		flushed(b, o, Telemetry)
		n += 60
	}
	b.ReportMetric(float64(o.Stats().BytesWritten)/float64(n), "B/reading")
}
