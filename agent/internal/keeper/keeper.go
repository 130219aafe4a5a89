// Package keeper keeps what the panel must remember over a restart in two files, the older of which
// is replaced each time. It must never let the guard wait for a disk, and never lose anything
// without saying so.
package keeper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// Times of Run.
const (
	slowAfter  = 2 * time.Second // a write that lasts longer is told as storage_slow
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// Options of Open.
type Options struct {
	// Notice is told of storage_failed and storage_slow. It must not wait. nil: no one.
	Notice func(alarm.Notice)
	Log    *slog.Logger // nil: discard

	write func(path string, data []byte) error // nil: atomically and synced; tests fail it
}

// Keeper writes what it is given to the files panel.0 and panel.1.
//
// The number of the run is in three places: in both files, which Run renews at its start, and in
// the file boot. When all three are there and none can be read, the run takes a random number above
// a million, so that it repeats none of an earlier run's.
type Keeper struct {
	dir  string
	o    Options
	boot uint32
	read alarm.Saved // what Open found
	dear bool        // and it must not be lost

	late bool // of a run that began without it; see BeginsLate
	put  bool // what was found is in the late files

	next atomic.Pointer[alarm.Saved] // the newest one not taken by Run
	more chan struct{}

	// Of Run.
	unwritten  *alarm.Saved
	generation uint64
	target     int // which file is written next
	booted     bool
	pause      time.Duration // before the next try; 0: the last one succeeded
}

// Open reads what the last run left. Saved.Boot is the number of this run. The error says what
// could not be read, and so may be lost; the Keeper and Saved can be used all the same. It reads
// only: the disk is written by Run.
func Open(dir string, o Options) (*Keeper, alarm.Saved, error) {
	if o.Notice == nil {
		o.Notice = func(alarm.Notice) {}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.write == nil {
		o.write = writeSynced
	}
	k := &Keeper{dir: dir, o: o, more: make(chan struct{}, 1)}
	saved, err := k.load()
	k.boot, k.read = saved.Boot, saved
	k.dear = len(saved.Alarms)+len(saved.Disabled)+len(saved.Duties.Calls) > 0 ||
		saved.Duties.Chain.N > 0 || err != nil
	k.Save(&saved) // Run writes the number of this run at its start
	return k, saved, err
}

// load reads the files and says what is wrong with them.
func (k *Keeper) load() (alarm.Saved, error) {
	boot, bootErr := readBoot(k.bootFile())
	var errs []error
	saved, newest, missing := alarm.Saved{}, -1, 0
	for i := range 2 {
		s, generation, err := readSaved(k.panelFile(i))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing++
		case err != nil:
			errs = append(errs, err)
		case newest < 0 || generation > k.generation:
			saved, newest, k.generation = s, i, generation
		}
	}
	switch {
	case newest >= 0:
		k.target = 1 - newest
		if missing > 0 && k.generation > 1 {
			errs = append(errs, errors.New("its other file is missing"))
		}
		if len(errs) > 0 {
			errs = append(errs, fmt.Errorf("going on with generation %d", k.generation))
		}
	case len(errs) > 0 || !errors.Is(bootErr, fs.ErrNotExist):
		errs = append(errs, errors.New("going on with nothing remembered and nothing disabled"))
	}
	saved.Boot = max(saved.Boot, boot) + 1
	if saved.Boot == 1 && len(errs) > 0 {
		saved.Boot = 1<<20 + rand.Uint32N(1<<30)
	}
	if bootErr != nil && !errors.Is(bootErr, fs.ErrNotExist) {
		k.o.Log.Warn("number of the run", "err", bootErr)
	}
	if len(errs) > 0 {
		return saved, fmt.Errorf("keeper: %w", errors.Join(errs...))
	}
	return saved, nil
}

// BeginsLate is called before Run when the run has begun, as number boot, without what Open read.
// Then the files that hold alarms, disablements or records of people, or are damaged, are copied to
// panel.late.0 and panel.late.1 before anything takes their place, and the numbers of what is
// written are above those of this run and of all before.
func (k *Keeper) BeginsLate(boot uint32) {
	k.late, k.boot = true, max(k.boot, boot)
}

// Save hands on what must survive. It never waits; of several that Run has not taken, the latest
// wins. The value must not change any more.
func (k *Keeper) Save(s *alarm.Saved) {
	k.next.Store(s)
	select {
	case k.more <- struct{}{}:
	default:
	}
}

// Run writes what Save hands on until ctx ends, and then once more if something is left. A write
// that fails is tried again with pauses that grow to a minute, or with the next Save.
func (k *Keeper) Run(ctx context.Context) error {
	k.tidy()
	retry := time.NewTimer(lastRetry)
	defer retry.Stop()
	for {
		if k.pause == 0 {
			retry.Stop()
		} else {
			retry.Reset(k.pause)
		}
		select {
		case <-k.more:
		case <-retry.C:
		case <-ctx.Done():
			return k.write()
		}
		if err := k.write(); err != nil {
			k.pause = min(max(2*k.pause, firstRetry), lastRetry)
		} else {
			k.pause = 0
		}
	}
}

// write writes the newest value, if one is left.
func (k *Keeper) write() error {
	if s := k.next.Swap(nil); s != nil {
		k.unwritten = s
	}
	if k.unwritten == nil {
		return nil
	}
	told := make(chan struct{})
	slow := time.AfterFunc(slowAfter, func() {
		defer close(told)
		k.o.Notice(alarm.Notice{Fault: alarm.StorageSlow, On: true, Detail: k.dir})
	})
	err := k.store(k.unwritten)
	if !slow.Stop() {
		<-told // the notice of the end must not overtake that of the beginning
		k.o.Notice(alarm.Notice{Fault: alarm.StorageSlow})
	}
	if err != nil {
		if k.pause == 0 {
			k.o.Log.Error("saved state", "err", err)
		}
		// It is told at each try: another room may have taken the same fault back meanwhile.
		k.o.Notice(alarm.Notice{Fault: alarm.StorageFailed, On: true, Detail: err.Error()})
		return err
	}
	k.unwritten = nil
	if k.pause != 0 {
		k.o.Log.Info("saved state is written again")
		k.o.Notice(alarm.Notice{Fault: alarm.StorageFailed})
	}
	return nil
}

// store replaces the older file, and writes the number of the run once.
func (k *Keeper) store(s *alarm.Saved) error {
	own := *s
	own.Boot = k.boot
	if k.late {
		own.LastEvent = max(own.LastEvent, k.read.LastEvent)
		own.LastAlarm = max(own.LastAlarm, k.read.LastAlarm)
		if err := k.putAside(); err != nil {
			return err
		}
	}
	data, err := encodeSaved(k.generation+1, own)
	if err != nil {
		return err
	}
	if err := k.o.write(k.panelFile(k.target), data); err != nil {
		return fmt.Errorf("keeper: %w", err)
	}
	k.generation++
	k.target = 1 - k.target
	if k.booted {
		return nil
	}
	// Last of all: where there is a number there was a panel file, and a missing one is a loss.
	if err := k.o.write(k.bootFile(), encodeBoot(k.boot)); err != nil {
		return fmt.Errorf("keeper: %w", err)
	}
	k.booted = true
	return nil
}

// putAside copies what Open read, once. A copy, because at no moment may there be no state.
func (k *Keeper) putAside() error {
	for i := 0; i < 2 && k.dear && !k.put; i++ {
		data, err := readFile(k.panelFile(i))
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				k.o.Log.Error("state of the run before cannot be kept", "err", err)
			}
			continue
		}
		if err := k.o.write(k.lateFile(i), data); err != nil {
			return fmt.Errorf("keeper: %w", err)
		}
	}
	k.put = true
	return nil
}

// tidy makes the directory and removes what a cut write left.
func (k *Keeper) tidy() {
	if err := os.MkdirAll(k.dir, 0o750); err != nil {
		k.o.Log.Warn("state directory", "err", err) // the first write says it as a fault
	}
	for _, name := range []string{".panel.[01]*", ".panel.late.*", ".boot*"} {
		left, _ := filepath.Glob(filepath.Join(k.dir, name)) // the patterns are well formed
		for _, path := range left {
			_ = os.Remove(path) // it is in nobody's way
		}
	}
}

func (k *Keeper) panelFile(i int) string { return k.file("panel.%d", i) }
func (k *Keeper) lateFile(i int) string  { return k.file("panel.late.%d", i) }
func (k *Keeper) bootFile() string       { return k.file("boot") }

func (k *Keeper) file(format string, args ...any) string {
	return filepath.Join(k.dir, fmt.Sprintf(format, args...))
}
