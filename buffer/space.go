package buffer

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ballastSize is what a full disk gets back at once, enough for some commits.
const ballastSize = 256 << 10

func (o *Outbox) ballastPath() string { return filepath.Join(o.dir, "ballast") }

// ballast lays the reserve in while there is room.
func (o *Outbox) ballast() {
	if o.ballasted || o.low || o.now().Before(o.commitAt) || o.belowFloor() {
		return
	}
	o.ballasted = true // one attempt; a failed one must not repeat at each commit
	defer o.watch("ballast")()
	if _, err := os.Stat(o.ballastPath()); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	b := make([]byte, ballastSize)
	var seed [32]byte
	_, _ = rand.NewChaCha8(seed).Read(b) // no file system can make it small
	if err := o.opt.call("ballast"); err != nil {
		return
	}
	if err := os.WriteFile(o.ballastPath()+".tmp", b, 0o600); err != nil {
		_ = os.Remove(o.ballastPath() + ".tmp")
		return
	}
	_ = os.Rename(o.ballastPath()+".tmp", o.ballastPath())
}

// dropBallast gives the reserve back and reports whether there was one.
func (o *Outbox) dropBallast() bool {
	o.ballasted = false
	return os.Remove(o.ballastPath()) == nil
}

// belowFloor reports whether too little space is left to write telemetry.
func (o *Outbox) belowFloor() bool {
	defer o.watch("statfs")()
	if err := o.opt.call("statfs"); err != nil {
		return false
	}
	free, total, err := o.opt.Statfs(o.dir)
	if err != nil {
		return false // the commit will tell
	}
	return free < o.opt.MinFree || free < total/100*o.opt.MinShare
}

func statfs(dir string) (free, total int64, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), int64(st.Blocks) * int64(st.Bsize), nil
}
