package keeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// state is a saved state that can be told from others by its number.
func state(n uint64) *alarm.Saved {
	return &alarm.Saved{
		LastAlarm: n,
		Alarms: []alarm.SavedAlarm{
			{ID: "smoke1-1-7", Point: "smoke1", Age: 90 * time.Second},
		},
		Disabled: []alarm.SavedDisabled{
			{Point: "kitchen", Remaining: time.Hour, Reason: "hot work"},
		},
	}
}

// fill runs a keeper on dir that writes each of the states numbered 1 to n by itself, and returns
// the number of its run.
func fill(t *testing.T, dir string, n uint64) uint32 {
	t.Helper()
	k, saved, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		k.Save(state(i + 1))
		if err := k.write(); err != nil {
			t.Fatal(err)
		}
	}
	return saved.Boot
}

// What was saved last is there after a restart, whole, and the run has the next number.
func TestOpenReturnsWhatWasSavedLast(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []uint64{1, 2, 3, 8} {
		boot := fill(t, dir, n)
		_, saved, err := Open(dir, Options{})
		want := *state(n)
		want.Boot = boot + 1
		if err != nil || !reflect.DeepEqual(saved, want) {
			t.Errorf("after %d: got %+v, %v; want %+v", n, saved, err, want)
		}
	}
}

// A new box begins with run 1 and nothing lost.
func TestNewBoxIsNoLoss(t *testing.T) {
	_, saved, err := Open(filepath.Join(t.TempDir(), "new"), Options{})
	if want := (alarm.Saved{Boot: 1}); err != nil || !reflect.DeepEqual(saved, want) {
		t.Errorf("got %+v, %v; want %+v", saved, err, want)
	}
}

// The disk is cut at every call, before it, after it and half way through a file that is not
// replaced atomically: the next run finds a state that was on its way, or says what is lost.
func TestPowerCutLosesNothingSilently(t *testing.T) {
	cuts := map[string]func(path string, data []byte) error{
		"before": func(string, []byte) error { return nil },
		"after":  writeSynced,
		"half": func(path string, data []byte) error {
			return os.WriteFile(path, data[:len(data)/2], 0o600)
		},
		"empty": func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
	}
	const states = 4
	for name, cut := range cuts {
		for nth := 1; ; nth++ {
			dir := t.TempDir()
			fill(t, dir, 3) // what an earlier run left: state 3
			calls, off := 0, errors.New("power cut")
			dead := false
			k, before, err := Open(dir, Options{write: func(path string, data []byte) error {
				if calls++; dead || calls == nth {
					if !dead {
						dead = true
						_ = cut(path, data)
					}
					return off
				}
				return writeSynced(path, data)
			}})
			if err != nil {
				t.Fatal(err)
			}
			_ = k.write() // the start of the run
			written, given := uint64(3), uint64(3)
			for n := uint64(11); n < 11+states && !dead; n++ {
				given = n
				k.Save(state(n))
				if k.write() == nil {
					written = n
				}
			}
			_, after, err := Open(dir, Options{})
			if err == nil && after.LastAlarm != written && after.LastAlarm != given {
				t.Errorf("%s call %d: got state %d and no error, want %d or %d",
					name, nth, after.LastAlarm, written, given)
			}
			if nth > 1 && after.Boot <= before.Boot {
				t.Errorf("%s call %d: run %d follows run %d", name, nth, after.Boot, before.Boot)
			}
			if !dead {
				break
			}
		}
	}
}

// However one file is cut off or changed, the run goes on with the other one and says so.
func TestDamageOfOneFileIsTold(t *testing.T) {
	origin := t.TempDir()
	boot := fill(t, origin, 4)
	files, dir := readAll(t, origin), t.TempDir()
	for _, name := range []string{"panel.0", "panel.1"} {
		writeAll(t, dir, files)
		for what, damaged := range damages(files[name]) {
			writeAll(t, dir, map[string][]byte{name: damaged})
			_, saved, err := Open(dir, Options{})
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %s: got %v, want an error that names it", name, what, err)
			}
			if saved.LastAlarm != 3 && saved.LastAlarm != 4 {
				t.Errorf("%s %s: got state %d, want 3 or 4", name, what, saved.LastAlarm)
			}
			if saved.Boot != boot+1 {
				t.Errorf("%s %s: got run %d, want %d", name, what, saved.Boot, boot+1)
			}
		}
	}
}

// When nothing can be read, the run begins with nothing disabled, says so and has a number of its
// own all the same.
func TestDamageOfBothFilesIsToldAndNoRunRepeats(t *testing.T) {
	origin := t.TempDir()
	boot := fill(t, origin, 4)
	files, dir := readAll(t, origin), t.TempDir()
	second := damages(files["panel.1"])
	for what, first := range damages(files["panel.0"]) {
		changed := map[string][]byte{
			"panel.0": first, "panel.1": second[what], "boot": files["boot"],
		}
		writeAll(t, dir, changed)
		_, saved, err := Open(dir, Options{})
		if want := (alarm.Saved{Boot: boot + 1}); err == nil || !reflect.DeepEqual(saved, want) {
			t.Errorf("%s: got %+v, %v; want %+v and an error", what, saved, err, want)
		}
		writeAll(t, dir, map[string][]byte{"boot": []byte("garbage")})
		if _, saved, err = Open(dir, Options{}); err == nil || saved.Boot < 1<<20 {
			t.Errorf("%s and no number: got run %d, %v; want an unused one", what, saved.Boot, err)
		}
	}
}

// A file that is gone is a loss as well, and a lost file boot is none.
func TestMissingFileIsTold(t *testing.T) {
	origin := t.TempDir()
	boot := fill(t, origin, 4)
	for _, c := range []struct {
		gone []string
		told bool
	}{
		{[]string{"panel.0"}, true},
		{[]string{"panel.1"}, true},
		{[]string{"panel.0", "panel.1"}, true},
		{[]string{"boot"}, false},
	} {
		files := readAll(t, origin)
		for _, name := range c.gone {
			delete(files, name)
		}
		dir := t.TempDir()
		writeAll(t, dir, files)
		_, saved, err := Open(dir, Options{})
		if (err != nil) != c.told || saved.Boot != boot+1 {
			t.Errorf("without %v: got run %d, %v; want run %d, told %v",
				c.gone, saved.Boot, err, boot+1, c.told)
		}
	}
}

// A restart that saves nothing still counts: its number is on the disk before anything else.
func TestRunWritesItsNumberAtOnce(t *testing.T) {
	dir := t.TempDir()
	for want := uint32(1); want <= 3; want++ {
		k, saved, err := Open(dir, Options{})
		if err != nil || saved.Boot != want {
			t.Fatalf("got run %d, %v; want %d", saved.Boot, err, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := k.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// The newest of the values that came during a write is written next; Save waits for none of it, and
// a write of more than 2 s is told until it ends.
func TestSlowDiskIsToldAndHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		r.takes = 5 * time.Second
		k := r.open(t)
		go func() { _ = k.Run(t.Context()) }()
		synctest.Wait()
		began := time.Now()
		for n := range uint64(100) {
			k.Save(state(n))
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("Save waited %v", waited)
		}
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if got, want := r.states, []uint64{0, 99}; !slices.Equal(got, want) {
			t.Errorf("got %v written, want %v", got, want)
		}
		want := []string{"2s storage_slow true", "10s storage_slow false",
			"12s storage_slow true", "15s storage_slow false"}
		if !slices.Equal(r.told, want) {
			t.Errorf("got %q, want %q", r.told, want)
		}
	})
}

// A write that fails is told and tried again until the newest value is on the disk.
func TestFailedWriteIsToldAndTriedAgain(t *testing.T) {
	for nth := 1; nth <= 4; nth++ {
		synctest.Test(t, func(t *testing.T) {
			r := newRecorder()
			r.fails = func(call int) bool { return call >= nth && call < nth+3 }
			k := r.open(t)
			go func() { _ = k.Run(t.Context()) }()
			for n := uint64(1); n <= 3; n++ {
				time.Sleep(time.Hour)
				k.Save(state(n))
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if got := r.states[len(r.states)-1]; got != 3 {
				t.Errorf("call %d: got state %d at the end, want 3", nth, got)
			}
			on := slices.ContainsFunc(r.told, func(s string) bool {
				return strings.HasSuffix(s, "storage_failed true")
			})
			if !on || !strings.HasSuffix(r.told[len(r.told)-1], "storage_failed false") {
				t.Errorf("call %d: got %q, want the fault and its end", nth, r.told)
			}
		})
	}
}

// While the disk fails only the newest value is kept for it, and that one is what it gets.
func TestNewestValueIsWrittenAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		r.fails = func(int) bool { return time.Since(r.began) < time.Hour }
		k := r.open(t)
		go func() { _ = k.Run(t.Context()) }()
		for n := uint64(1); n <= 3; n++ {
			time.Sleep(time.Second)
			k.Save(state(n))
		}
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		calls := r.calls.Load()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if !slices.Equal(r.states, []uint64{3}) {
			t.Errorf("got %v written, want 3 alone", r.states)
		}
		if calls > 80 {
			t.Errorf("got %d tries in an hour, want pauses that grow to a minute", calls)
		}
	})
}

// What no file can hold is a fault and not a file that no one can read.
func TestTooLargeStateIsAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		k := r.open(t)
		k.Save(&alarm.Saved{Alarms: make([]alarm.SavedAlarm, 5000)})
		err := k.write()
		if !errors.Is(err, errTooLarge) || len(r.states) != 0 || len(r.told) != 1 {
			t.Errorf("got %v, files %v, notices %q; want a fault and no file", err, r.states, r.told)
		}
	})
}

// recorder is a disk in memory that can be slow or fail, and remembers what it was told.
type recorder struct {
	began  time.Time
	takes  time.Duration
	fails  func(call int) bool
	calls  atomic.Int64
	states []uint64
	told   []string
}

func newRecorder() *recorder {
	return &recorder{began: time.Now(), fails: func(int) bool { return false }}
}

func (r *recorder) open(t *testing.T) *Keeper {
	k, _, err := Open(t.TempDir(), Options{Notice: r.notice, write: r.write})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (r *recorder) notice(n alarm.Notice) {
	r.told = append(r.told, fmt.Sprintf("%v %s %v", time.Since(r.began), n.Fault, n.On))
}

func (r *recorder) write(path string, data []byte) error {
	if r.fails(int(r.calls.Add(1))) {
		return errors.New("no space left")
	}
	time.Sleep(r.takes)
	if filepath.Base(path) == "boot" {
		return nil
	}
	_, body, err := unframe(panelKind, data)
	if err != nil {
		return err
	}
	n := uint64(0)
	if i := strings.Index(string(body), `"LastAlarm":`); i >= 0 {
		_, _ = fmt.Sscanf(string(body[i:]), `"LastAlarm":%d`, &n)
	}
	r.states = append(r.states, n)
	return nil
}

// damages are ways to cut data short and to change one byte of it: everywhere in the header, and at
// every seventh byte behind it.
func damages(data []byte) map[string][]byte {
	all := map[string][]byte{
		"garbage":  []byte("\x00\xff\x00\xff garbage\n"),
		"longer":   append(slices.Clone(data), 'x'),
		"huge":     make([]byte, maxFile+10),
		"a format": []byte("firepost-panel 9 1 2 00000000\n{}"),
	}
	for i := range data {
		if i > 64 && i%7 != 0 {
			continue
		}
		all[fmt.Sprintf("cut at %d", i)] = data[:i]
		flipped := slices.Clone(data)
		flipped[i] ^= 0x04
		all[fmt.Sprintf("changed at %d", i)] = flipped
	}
	return all
}

func readAll(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, name := range []string{"panel.0", "panel.1", "boot"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	return files
}

func writeAll(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
