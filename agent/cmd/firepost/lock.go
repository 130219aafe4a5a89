package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// errLocked is returned when another agent uses the state directory.
var errLocked = errors.New("in use")

// lockTime is how long the start waits for the state directory: the siren does not wait for a card.
const lockTime = 500 * time.Millisecond

// lockInTime is lock, or an error when the directory does not answer.
func lockInTime(dir string) (release func(), err error) {
	type result struct {
		release func()
		err     error
	}
	got := make(chan result, 1)
	go func() {
		release, err := lock(dir)
		got <- result{release, err}
	}()
	select {
	case r := <-got:
		return r.release, r.err
	case <-time.After(lockTime):
		return func() {}, fmt.Errorf("%s: no answer within %v", dir, lockTime)
	}
}

// lock takes the state directory for this process, and makes it when it is not there. The returned
// function gives it back and is never nil.
func lock(dir string) (release func(), err error) {
	release = func() {}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return release, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o640)
	if err != nil {
		return release, err
	}
	release = func() { f.Close() }
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		text, _ := io.ReadAll(io.LimitReader(f, 32)) //nolint:errcheck // it is only a hint
		f.Close()
		return func() {}, fmt.Errorf(
			"%s is %w by process %s; stop the other agent or choose another --dir",
			dir, errLocked, strings.TrimSpace(string(text)))
	}
	if err := f.Truncate(0); err != nil {
		return release, err
	}
	_, err = fmt.Fprintln(f, os.Getpid())
	return release, err
}
