package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// nap sleeps for d by the kernel's own timer. It returns the moment at which it went on, and how
// long before that it was due: what the kernel and the scheduler of Go took to give the processor
// back.
func nap(ctx context.Context, d time.Duration) (at time.Time, late time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, 0, err
	}
	due := monotonic() + d
	ts := unix.NsecToTimespec(int64(due))
	for {
		err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return time.Time{}, 0, fmt.Errorf("clock_nanosleep: %w", err)
		}
	}
	at = time.Now()
	return at, monotonic() - due, nil
}

func monotonic() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail for this clock
	return time.Duration(ts.Nano())
}

// leaseTime is how long the kernel lets a lease hold up others: lease-break-time, 45 s unless it
// was changed, less what an agent needs to end.
const leaseTime = 38 * time.Second

// blockDisk makes every opening of the outbox's file in dir wait, by a lease on it, as it would on
// a card that does not answer. It lasts until release and at most leaseTime.
func blockDisk(dir string) (release func(), err error) {
	path := filepath.Join(dir, "outbox.db")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		f.Close()
		return nil, fmt.Errorf("a lease on %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// realtime gives every thread of this process, and those that they start, the scheduling FIFO of
// priority 1, until back.
func realtime() (back func(), err error) {
	if err := schedule(unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: 1}); err != nil {
		return nil, err
	}
	return func() { _ = schedule(unix.SchedAttr{Policy: unix.SCHED_NORMAL}) }, nil
}

func schedule(attr unix.SchedAttr) error {
	attr.Size = unix.SizeofSchedAttr
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err == nil {
			err = unix.SchedSetAttr(id, &attr, 0)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) { // one that has ended meanwhile needs nothing
			return fmt.Errorf("sched_setattr: %w", err)
		}
	}
	return nil
}

// procField reads a number of a file of /proc such as "VmRSS:  1234 kB"; a unit kB is worked in.
func procField(file, name string) (int64, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), name+":")
		if !ok {
			continue
		}
		words := strings.Fields(rest)
		if len(words) == 0 {
			break
		}
		n, err := strconv.ParseInt(words[0], 10, 64)
		if len(words) > 1 && words[1] == "kB" {
			n *= 1024
		}
		return n, err
	}
	return 0, fmt.Errorf("%s has no %s", file, name)
}
