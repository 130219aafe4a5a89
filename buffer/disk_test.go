package buffer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"
)

var errDisk = fmt.Errorf("test: %w", syscall.EIO)

// A faulty disk fails its n-th call and, if so told, all later ones.
type faulty struct {
	n       int32
	forever bool
	after   bool // a commit arrives, and says it did not
	panics  bool // instead of failing
	calls   atomic.Int32
	failed  atomic.Bool
}

func (f *faulty) next() error {
	if n := f.calls.Add(1); n == f.n || f.forever && n > f.n {
		f.failed.Store(true)
		if f.panics && !f.after {
			panic("disk call")
		}
		return errDisk
	}
	return nil
}

func (f *faulty) call(string) error { return f.next() }

func (f *faulty) commit(tx *bbolt.Tx) error {
	err := f.next()
	if err == nil || f.after {
		err = errors.Join(err, tx.Commit())
	}
	if f.panics && f.after && errors.Is(err, errDisk) {
		panic("after the commit")
	}
	return err
}

// Whichever disk call fails, once or for ever: no Put waits, alarms are given to the courier at
// once, no number is used twice, and after a Close without error everything is there or declared.
func TestAnyDiskCallMayFail(t *testing.T) {
	for _, mode := range []struct{ forever, after bool }{
		{false, false}, {false, true}, {true, false}, {true, true},
	} {
		name := fmt.Sprintf("forever %t, after %t", mode.forever, mode.after)
		t.Run(name, func(t *testing.T) {
			everyCall(t, func(n int32) *faulty {
				return &faulty{n: n, forever: mode.forever, after: mode.after}
			})
		})
	}
}

// everyCall uses an outbox once for each of its disk calls.
func everyCall(t *testing.T, fault func(n int32) *faulty) {
	dir := folder(t)
	for n := int32(1); ; n++ {
		f := fault(n)
		synctest.Test(t, func(t *testing.T) { useFaulty(t, filepath.Join(dir, fmt.Sprint(n)), f) })
		if t.Failed() {
			t.Fatalf("with call %d", n)
		}
		if !f.failed.Load() {
			if n < 10 {
				t.Errorf("got only %d calls; are they counted?", n)
			}
			return
		}
	}
}

func useFaulty(t *testing.T, dir string, f *faulty) {
	used := map[string]string{}
	var put []Record
	give := func(o *Outbox, l Lane, body string) {
		first := o.Put(l, 1, []byte(body))
		id := fmt.Sprint(o.Epoch(), l, first)
		if had, ok := used[id]; ok && first != 0 {
			t.Errorf("%s was given to %q and %q", id, had, body)
		}
		used[id] = body
		put = append(put, Record{Lane: l, First: first, N: 1, Body: []byte(body)})
	}
	opt := quick()
	opt.Retry = 10 * time.Second
	opt.Memory[Telemetry] = Limit{Bytes: 1 << 20, Count: 5}
	opt.call, opt.Commit = f.call, f.commit
	o := Open(dir, opt)
	time.Sleep(3 * time.Second)
	for i := range 4 {
		give(o, Alarm, fmt.Sprint("alarm ", i))
		if got := o.Next(Alarm, 0, 10); len(got) != i+1 {
			t.Errorf("alarm %d: got %d from Next, want %d", i, len(got), i+1)
		}
		give(o, Event, fmt.Sprint("event ", i))
		for j := range 2 {
			give(o, Telemetry, fmt.Sprint("reading ", i, j))
			time.Sleep(5 * time.Second)
		}
	}
	o.Ack(o.Epoch(), Event, Range{1, 2})
	time.Sleep(2 * time.Minute)
	_ = o.Next(Telemetry, 0, 100)
	losses := o.Losses()
	if o.Close() != nil {
		return // what was in memory is gone, and the owner has been told
	}
	o = opened(t, dir, quick())
	time.Sleep(time.Second)
	for _, r := range put {
		if r.Lane == Event && r.First <= 2 || holds(o, r) {
			continue
		}
		told := func(l Loss) bool { return l.Lane == r.Lane }
		if !slices.ContainsFunc(append(losses, o.Losses()...), told) {
			t.Errorf("%q is lost, and no loss says so", r.Body)
		}
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// holds reports whether a lane has the body.
func holds(o *Outbox, r Record) bool {
	for range 10 {
		for _, g := range o.Next(r.Lane, 0, 1000) {
			if string(g.Body) == string(r.Body) {
				return true
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return false
}

// While a commit hangs, Put returns, the courier gets alarms, and when the lease has run out
// numbering goes on in an epoch of its own; when the disk is back, nothing is missing and
// everything can be told apart.
func TestHungCommitDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hang atomic.Bool
		gate := make(chan struct{})
		var said notices
		opt := quick()
		opt.Notice = said.say
		opt.Memory[Alarm] = Limit{Bytes: 4 << 20, Count: 10_000}
		opt.Commit = func(tx *bbolt.Tx) error {
			if hang.Load() {
				<-gate
			}
			return tx.Commit()
		}
		dir := folder(t)
		o := opened(t, dir, opt)
		file := o.Epoch()
		hang.Store(true)
		start := time.Now()
		for i := range 1500 {
			o.Put(Alarm, 1, fmt.Append(nil, i))
		}
		got := o.Next(Alarm, 0, 2000)
		if len(got) != 1500 || time.Since(start) != 0 {
			t.Fatalf("got %d alarms after %v, want 1500 at once", len(got), time.Since(start))
		}
		if o.Epoch() == file || got[0].Orig == nil || got[0].Orig.Epoch != file {
			t.Errorf("beyond the lease: got epoch %s, first %+v", o.Epoch(), got[0])
		}
		time.Sleep(3 * time.Second)
		if !said.has("storage_slow true")() {
			t.Errorf("got %q, want storage_slow", said.all)
		}
		hang.Store(false)
		close(gate)
		time.Sleep(3 * time.Second)
		if o.Epoch() != file || !said.has("storage_slow false")() {
			t.Errorf("healed: got epoch %s, want %s; said %q", o.Epoch(), file, said.all)
		}
		var bodies []string
		identities := map[string]bool{}
		for _, r := range o.Next(Alarm, 0, 2000) {
			bodies = append(bodies, string(r.Body))
			identities[fmt.Sprint(r.Epoch, r.First)] = true
		}
		if len(bodies) != 1500 || bodies[1499] != "1499" || len(identities) != 1500 {
			t.Errorf("got %d bodies under %d numbers", len(bodies), len(identities))
		}
		if n := o.Flushed(Alarm); n != o.Tail(Alarm) || o.Losses() != nil {
			t.Errorf("got %d on the disk of %d, losses %v", n, o.Tail(Alarm), o.Losses())
		}
	})
}

// Alarms that only a hung disk has do not hold up those in memory; they follow when it is back.
func TestUnreadableAlarmsHoldUpNoNewOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hang atomic.Bool
		gate := make(chan struct{})
		opt := quick()
		opt.Memory[Alarm] = Limit{Bytes: 1 << 20, Count: 5}
		opt.Commit = func(tx *bbolt.Tx) error {
			if hang.Load() {
				<-gate
			}
			return tx.Commit()
		}
		o := opened(t, folder(t), opt)
		for range 20 {
			o.Put(Alarm, 1, []byte("old"))
			time.Sleep(time.Second)
		}
		hang.Store(true)
		o.Put(Alarm, 1, []byte("new"))
		time.Sleep(slowAfter + time.Second)
		got := o.Next(Alarm, 0, 100)
		if len(got) == 0 || string(got[len(got)-1].Body) != "new" {
			t.Errorf("hung: got %d records", len(got))
		}
		close(gate)
		time.Sleep(time.Second)
		if got := o.Next(Alarm, 0, 100); len(got) != 21 {
			t.Errorf("healed: got %d records, want 21", len(got))
		}
	})
}

// Close waits for a disk that hangs no longer than 2 s, and says what was lost.
func TestCloseDoesNotWaitForAHungDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		opt := quick()
		var hang atomic.Bool
		opt.Commit = func(tx *bbolt.Tx) error {
			if hang.Load() {
				<-gate
			}
			return tx.Commit()
		}
		o := opened(t, folder(t), opt)
		hang.Store(true)
		o.Put(Alarm, 1, []byte("fire"))
		time.Sleep(time.Second)
		start := time.Now()
		err := o.Close()
		if took := time.Since(start); took != closeWait || err == nil {
			t.Errorf("got %v after %v, want an error after %v", err, took, closeWait)
		}
		close(gate)
		<-o.done
	})
}

// When the file cannot be opened in time, an epoch in memory begins within 2 s; when it can, the
// records move into it and keep what they were called before.
func TestLateFileIsAdopted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		opt := quick()
		opt.call = func(name string) error {
			if name == "verify" {
				<-gate
			}
			return nil
		}
		o := Open(folder(t), opt)
		defer func() { _ = o.Close() }()
		o.Put(Alarm, 1, []byte("early"))
		time.Sleep(epochWait)
		synctest.Wait()
		ram := o.Epoch()
		got := o.Next(Alarm, 0, 9)
		if ram == "" || !o.Stats().RAM || len(got) != 1 || got[0].First != 1 || got[0].Orig != nil {
			t.Fatalf("in memory: epoch %q, got %v", ram, got)
		}
		close(gate)
		time.Sleep(time.Second)
		got = o.Next(Alarm, 0, 9)
		if o.Epoch() == ram || o.Stats().RAM || len(got) != 1 || *got[0].Orig != (Orig{ram, 1}) {
			t.Errorf("adopted: epoch %q, got %v", o.Epoch(), got)
		}
	})
}

// Where no file can be made, numbering begins in memory at once, the notice is said, and a file
// is made as soon as that is possible.
func TestImpossibleFileCostsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(folder(t), "state")
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var said notices
		opt := quick()
		opt.Notice = said.say
		o := Open(dir, opt)
		defer func() { _ = o.Close() }()
		synctest.Wait()
		n := o.Put(Alarm, 1, []byte("fire"))
		if n != 1 || len(o.Next(Alarm, 0, 1)) != 1 || !o.Stats().RAM ||
			!said.has("storage_failed true")() {
			t.Errorf("got number %d, %+v; said %q", n, o.Stats(), said.all)
		}
		if err := os.Remove(dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if o.Stats().RAM || o.Flushed(Alarm) != 1 || !said.has("storage_failed false")() {
			t.Errorf("healed: got %+v; said %q", o.Stats(), said.all)
		}
	})
}

// On a full disk records stay in memory, the ballast is given up, the notice is said, and all is
// written by itself when there is room.
func TestT06FullDiskHealsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		var said notices
		dir := folder(t)
		opt := quick()
		opt.Notice = said.say
		opt.Commit = func(tx *bbolt.Tx) error {
			if full.Load() {
				return &os.PathError{Op: "write", Path: fileName, Err: syscall.ENOSPC}
			}
			return tx.Commit()
		}
		o := opened(t, dir, opt)
		o.Put(Alarm, 1, []byte("before"))
		time.Sleep(time.Second)
		if _, err := os.Stat(filepath.Join(dir, "ballast")); err != nil {
			t.Errorf("no ballast: %v", err)
		}
		full.Store(true)
		o.Put(Alarm, 1, []byte("during"))
		time.Sleep(time.Minute)
		if _, err := os.Stat(filepath.Join(dir, "ballast")); err == nil {
			t.Error("the ballast was kept")
		}
		if !said.has("storage_full true")() || o.Flushed(Alarm) != 1 || len(o.Next(Alarm, 0, 9)) != 2 {
			t.Errorf("said %q, flushed %d", said.all, o.Flushed(Alarm))
		}
		full.Store(false)
		time.Sleep(2 * time.Minute)
		if !said.has("storage_full false")() || o.Flushed(Alarm) != 2 || o.Stats().Err != "" {
			t.Errorf("healed: said %q, flushed %d, err %q", said.all, o.Flushed(Alarm), o.Stats().Err)
		}
	})
}

// Below the floor of free space telemetry stays in memory, and everything else is written.
func TestTelemetryIsNotWrittenBelowTheFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var free atomic.Int64
		var said notices
		opt := quick()
		opt.Notice = said.say
		opt.Statfs = func(string) (int64, int64, error) { return free.Load(), 1 << 30, nil }
		free.Store(50 << 20)
		o := opened(t, folder(t), opt)
		o.Put(Telemetry, 1, []byte("reading"))
		o.Put(Alarm, 1, []byte("fire"))
		time.Sleep(time.Minute)
		if o.Flushed(Telemetry) != 0 || o.Flushed(Alarm) != 1 || !said.has("storage_full true")() {
			t.Errorf("got %d readings and %d alarms on the disk; said %q",
				o.Flushed(Telemetry), o.Flushed(Alarm), said.all)
		}
		free.Store(500 << 20)
		time.Sleep(time.Minute)
		if o.Flushed(Telemetry) != 1 || !said.has("storage_full false")() {
			t.Errorf("got %d readings on the disk; said %q", o.Flushed(Telemetry), said.all)
		}
		free.Store(0)
		time.Sleep(time.Minute)
		n := o.Put(Telemetry, 7, []byte("reading"))
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		o = opened(t, o.dir, opt)
		want := []Loss{{Epoch: o.Epoch(), Lane: Telemetry, Range: Range{n, n + 6},
			Cause: CauseDroppedRAM}}
		if got := o.Losses(); !slices.Equal(got, want) {
			t.Errorf("not written at the end: got %v, want %v", got, want)
		}
	})
}

// A write that fails for real costs neither the process nor a record. The descriptor is made
// read-only under bbolt, so that pwrite itself fails.
func TestRealWriteErrorIsSurvived(t *testing.T) {
	t.Parallel()
	var said notices
	opt := quick()
	opt.Notice = said.say
	o := opened(t, folder(t), opt)
	o.Put(Alarm, 1, []byte("one"))
	flushed(t, o, Alarm)
	readOnly, err := os.Open(o.path())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = readOnly.Close() }()
	if err := syscall.Dup3(int(readOnly.Fd()), int(o.store.file.Fd()), syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	o.Put(Alarm, 1, []byte("two"))
	await(t, "the notice", said.has("storage_failed true"))
	await(t, "recovery", said.has("storage_failed false"))
	flushed(t, o, Alarm)
	if got := drain(t, o, Alarm); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %q", got)
	}
}

// A commit that fails must not have bbolt look through the file in a goroutine of its own.
func TestTrapKeepsTheErrorOfACommit(t *testing.T) {
	trap := newTrap()
	trap.Errorf("writing failed: %v", errDisk)
	trap.armed = true
	err := guarded(func() error {
		trap.Errorf("writing failed: %v", errDisk)
		return nil
	})
	if !errors.Is(err, syscall.EIO) || errors.Is(err, errDamaged) {
		t.Errorf("got %v, want the error of the disk", err)
	}
}

// The wall of MaxSize is met with eviction: new records are written, the oldest are a Loss, and
// the file stays below its cap.
func TestFullFileEvictsTheOldest(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	opt := quick()
	opt.MaxBytes = 8 << 20
	opt.Disk[Telemetry] = Limit{Bytes: 64 << 20, Count: 1 << 20} // so that only the wall is left
	o := opened(t, dir, opt)
	o.Put(Alarm, 1, []byte("fire"))
	for range 1000 {
		o.Put(Telemetry, 60, make([]byte, 12<<10))
		if o.Tail(Telemetry)%1200 == 0 {
			flushed(t, o, Telemetry)
		}
	}
	flushed(t, o, Telemetry)
	info, err := os.Stat(o.path())
	if err != nil || info.Size() > opt.MaxBytes {
		t.Errorf("got a file of %d bytes, want at most %d; %v", info.Size(), opt.MaxBytes, err)
	}
	s := o.Stats()
	if l := o.Losses(); len(l) != 1 || l[0].Cause != CauseEvicted || l[0].From != 1 ||
		l[0].To != s.Lane[Telemetry].Dropped {
		t.Errorf("got losses %v of %d dropped", l, s.Lane[Telemetry].Dropped)
	}
	if s.Lane[Telemetry].Held+s.Lane[Telemetry].Dropped != 60_000 ||
		s.Lane[Alarm].Held != 1 || s.Err != "" {
		t.Errorf("got %+v", s)
	}
	o.abandon()
	o = opened(t, dir, quick())
	if got := o.Losses(); len(got) == 0 || got[0].Cause != CauseEvicted {
		t.Errorf("after a crash: got losses %v", got)
	}
	await(t, "the alarm", func() bool { return len(o.Next(Alarm, 0, 1)) == 1 })
}
