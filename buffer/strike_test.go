package buffer

import (
	"bytes"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"
)

// Whichever disk call panics, once or for ever, what holds for a call that fails holds, too.
func TestAnyDiskCallMayPanic(t *testing.T) {
	for _, mode := range []struct{ forever, after bool }{
		{false, false}, {false, true}, {true, false}, {true, true},
	} {
		name := fmt.Sprintf("forever %t, after %t", mode.forever, mode.after)
		t.Run(name, func(t *testing.T) {
			everyCall(t, func(n int32) *faulty {
				return &faulty{n: n, forever: mode.forever, after: mode.after, panics: true}
			})
		})
	}
}

// While every commit panics, alarms go through memory at once, the fault stands with its stack in
// the log, and an hour has few attempts; when it is over, everything is written.
func TestCommitThatPanicsIsToldAndTriedAgain(t *testing.T) {
	for name, inOpening := range map[string]bool{"every": true, "later ones": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { panicForAnHour(t, inOpening) })
		})
	}
}

func panicForAnHour(t *testing.T, inOpening bool) {
	var log bytes.Buffer
	var said notices
	var calls atomic.Int32
	var bad atomic.Bool
	opt := quick()
	opt.Log, opt.Notice = slog.New(slog.NewTextHandler(&log, nil)), said.say
	may := func(this bool) {
		if this && bad.Load() {
			calls.Add(1)
			panic("unthinkable")
		}
	}
	opt.call = func(name string) error {
		may(name == "commit")
		return nil
	}
	opt.Commit = func(tx *bbolt.Tx) error {
		may(inOpening)
		return tx.Commit()
	}
	o := opened(t, folder(t), opt)
	o.Put(Alarm, 1, []byte("before"))
	time.Sleep(time.Second)
	file := o.Epoch()
	bad.Store(true)
	for i := range 60 {
		began := time.Now()
		o.Put(Alarm, 1, fmt.Append(nil, i))
		got := o.Next(Alarm, 0, 100)
		if n := len(got); n == 0 || string(got[n-1].Body) != fmt.Sprint(i) || time.Since(began) != 0 {
			t.Fatalf("alarm %d: got %d records after %v", i, n, time.Since(began))
		}
		time.Sleep(time.Minute)
	}
	if o.Epoch() == file {
		t.Error("numbers are still those of the file")
	}
	if n := calls.Load(); n < 10 || n > 20 {
		t.Errorf("got %d attempts in an hour, want about one per 5 min", n)
	}
	said.mu.Lock()
	if n := len(said.all); !strings.HasPrefix(said.all[n-1], "storage_failed true") || n > 5 {
		t.Errorf("got %q, want the fault to stand", said.all)
	}
	said.mu.Unlock()
	bad.Store(false)
	time.Sleep(6 * time.Minute)
	if o.Flushed(Alarm) != o.Tail(Alarm) || o.Stats().RAM || len(o.Next(Alarm, 0, 100)) != 61 ||
		!said.has("storage_failed false")() || o.Stats().Err != "" {
		t.Errorf("healed: got %+v, %d flushed; said %q", o.Stats(), o.Flushed(Alarm), said.all)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "unthinkable") ||
		!strings.Contains(log.String(), "strike_test.go") {
		t.Errorf("no stack in the log:\n%s", log.String())
	}
}

// A panic with the lock held, over what is in memory, neither ends the process nor keeps the lock,
// and the file puts memory right.
func TestPanicOverMemoryIsPutRightByTheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said notices
		opt := quick()
		opt.Notice = said.say
		dir := folder(t)
		o := opened(t, dir, opt)
		o.Put(Event, 1, []byte("one"))
		time.Sleep(time.Second)
		o.mu.Lock()
		o.lanes[Event].saved = 99
		o.mu.Unlock()
		epoch := o.Epoch()
		o.Put(Event, 1, []byte("two"))
		o.Put(Alarm, 1, []byte("fire"))
		time.Sleep(5 * time.Second)
		if !said.has("storage_failed true")() || !said.has("storage_failed false")() {
			t.Errorf("said %q, want the fault and its end", said.all)
		}
		if o.Epoch() != epoch {
			t.Errorf("got epoch %s, want %s: the file is sound", o.Epoch(), epoch)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
		o = opened(t, dir, quick())
		for _, r := range []Record{{Lane: Event, Body: []byte("one")},
			{Lane: Event, Body: []byte("two")}, {Lane: Alarm, Body: []byte("fire")}} {
			if !holds(o, r) {
				t.Errorf("%s is lost", r.Body)
			}
		}
	})
}

// A file over which this package panics at each opening is set aside in the third second, with
// everything in it that can be read saved; until then alarms go through memory.
func TestFileThatCausesPanicsIsSetAside(t *testing.T) {
	for _, call := range []string{"verify", "begin", "open"} {
		synctest.Test(t, func(t *testing.T) {
			dir := folder(t)
			o := opened(t, dir, quick())
			o.Put(Alarm, 1, []byte("old"))
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			var said notices
			opt := quick()
			opt.Notice = said.say
			opt.call = func(name string) error {
				aside, _ := filepath.Glob(filepath.Join(dir, "quarantine", "*"))
				if name == call && len(aside) == 0 {
					panic("this file")
				}
				return nil
			}
			o = Open(dir, opt)
			o.Put(Alarm, 1, []byte("new"))
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if o.Stats().RAM || !said.has("storage_failed true")() || !said.has("storage_failed false")() {
				t.Errorf("%s: got %+v; said %q", call, o.Stats(), said.all)
			}
			if got := o.Next(Alarm, 0, 9); len(got) != 2 || string(got[0].Body) != "old" ||
				string(got[1].Body) != "new" {
				t.Errorf("%s: got %v, want old and new", call, got)
			}
			if l := o.Losses(); len(l) != 1 || l[0].Cause != CauseStoreReset || l[0].Salvaged != 1 {
				t.Errorf("%s: got losses %v, want a store made anew", call, l)
			}
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
