package buffer

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

const (
	lockWait  = 3 * time.Second
	lockPoll  = 50 * time.Millisecond
	walkLimit = 10 * time.Second
)

// content is what a verified file holds.
type content struct {
	head   head
	blocks [laneCount][]*block
}

// open brings the file back, whatever that takes. On failure records stay in memory.
func (o *Outbox) open() {
	suspect := o.suspect
	o.suspect = nil
	var err error
	if suspect != nil {
		err = o.renew(suspect)
	} else {
		err = o.attach()
	}
	for range 3 { // a damaged file is rescued; a full disk gets the ballast
		switch {
		case isCrash(err):
			o.strike(err)
			return
		case errors.Is(err, errDamaged):
			err = o.renew(err)
		case isFull(err) && o.dropBallast():
			err = o.attach()
		}
	}
	if err != nil {
		o.fail(err)
		code := StorageFailed
		if isFull(err) {
			code = StorageFull
		}
		o.notice(code, true, err.Error())
		o.openAt = o.now().Add(o.opt.Retry)
		if o.Epoch() == "" {
			o.leave()
		}
		return
	}
	o.ballast()
	if !o.now().Before(o.commitAt) && !o.isHopeless() {
		o.fail(nil)
		o.notice(StorageFailed, false, "")
	}
}

// renew opens a new file with what can be read of a damaged one.
func (o *Outbox) renew(cause error) error {
	if err := o.rescue(cause); err != nil {
		return err
	}
	return o.attach()
}

// reopen reads the file anew after a failed commit.
func (o *Outbox) reopen() error {
	o.detach()
	return o.attach()
}

// attach opens and verifies the file and joins it with what is in memory.
func (o *Outbox) attach() error {
	defer o.watch("open")()
	s, c, err := o.openFile()
	if err != nil {
		return err
	}
	defer func() {
		if o.store != s { // also after a panic: the lock on the file must go with it
			s.close()
		}
	}()
	if err := o.join(s, c); err != nil {
		return err
	}
	o.store = s
	return nil
}

func (o *Outbox) path() string { return filepath.Join(o.dir, fileName) }

func (o *Outbox) openFile() (*store, *content, error) {
	if err := o.prepare(); err != nil {
		return nil, nil, err
	}
	file, err := o.lock()
	if err != nil {
		return nil, nil, err
	}
	mine := false
	defer func() {
		if !mine {
			_ = file.Close()
		}
	}()
	c, err := o.verify(file)
	if err == nil {
		err = o.opt.call("open")
	}
	if err != nil {
		return nil, nil, err
	}
	mine = true
	s, err := openBolt(o.path(), file, o.opt.MaxBytes)
	if err != nil {
		return nil, nil, err
	}
	s.epoch = c.head.Epoch
	return s, c, nil
}

// prepare makes the folder and, if need be, the file.
func (o *Outbox) prepare() error {
	if err := o.opt.call("mkdir"); err != nil {
		return err
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(o.dir, "*.tmp"))
	if err != nil {
		return err
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	_, err = os.Stat(o.path())
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	h := head{Epoch: newEpoch(), Clean: true, Next: [laneCount]uint64{1, 1, 1}}
	tmp, err := o.create(h)
	if err != nil {
		return err
	}
	tmp.close()
	return o.install(tmp.path)
}

// onDisk counts the numbers that only the file has, as far as memory knows.
// The caller holds the lock.
func (o *Outbox) onDisk() (n uint64) {
	for l := range o.lanes {
		low := o.lanes[l].low()
		for _, b := range o.lanes[l].disk {
			if b.To < low && !o.lanes[l].acked.covers(b.Range) {
				n += b.n
			}
		}
	}
	return n
}

// create makes a new store beside the file. Power that fails during the first initialisation can
// leave a file that bbolt cannot read, so it gets its name only when it is whole.
func (o *Outbox) create(h head) (*store, error) {
	if err := o.opt.call("create"); err != nil {
		return nil, err
	}
	path := o.path() + ".tmp"
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	s, err := openBolt(path, file, o.opt.MaxBytes)
	if err != nil {
		return nil, err
	}
	s.epoch = h.Epoch
	err = guarded(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			if _, err := tx.CreateBucket([]byte(headBucket)); err != nil {
				return err
			}
			q, err := tx.CreateBucket([]byte(bucketName))
			if err != nil {
				return err
			}
			return putHead(q, h)
		})
	})
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// install gives a new store its name.
func (o *Outbox) install(tmp string) error {
	if err := o.opt.call("install"); err != nil {
		return err
	}
	if err := os.Rename(tmp, o.path()); err != nil {
		return err
	}
	dir, err := os.Open(o.dir)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	return dir.Sync()
}

// lock opens the file for this process alone. bbolt gets this very handle, so that nobody can
// come between the verification and the opening.
func (o *Outbox) lock() (*os.File, error) {
	if err := o.opt.call("lock"); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(o.path(), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	for end := o.now().Add(lockWait); ; {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || o.now().After(end) {
			break
		}
		time.Sleep(lockPoll)
	}
	if err == nil {
		return file, nil
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("buffer: %s is locked by %s; stop the other agent or choose another --dir",
			fileName, holder(file))
	}
	_ = file.Close()
	return nil, err
}

// holder names the process that has the lock on file.
func holder(file *os.File) string {
	info, err := file.Stat()
	if err != nil {
		return "another process"
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	list, err := os.Open("/proc/locks")
	if err != nil || !ok {
		return "another process"
	}
	defer func() { _ = list.Close() }()
	inode := ":" + strconv.FormatUint(sys.Ino, 10)
	for lines := bufio.NewScanner(list); lines.Scan(); {
		// 1: FLOCK  ADVISORY  WRITE 812 fe:00:393231 0 EOF
		f := strings.Fields(lines.Text())
		if len(f) > 5 && f[1] == "FLOCK" && strings.HasSuffix(f[5], inode) && f[4] != "0" {
			return "process " + f[4]
		}
	}
	return "another process"
}

// verify reads the whole file before bbolt does, every checksum and every page.
func (o *Outbox) verify(file *os.File) (*content, error) {
	if err := o.opt.call("verify"); err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	c := &content{}
	w := walker{file: file, size: info.Size(), strict: true, until: o.now().Add(walkLimit)}
	w.visit = func(key, value []byte, _ int64) error {
		if string(key) == headKey {
			h, err := decodeHead(value)
			if err != nil {
				return damaged(err)
			}
			c.head = h
			return nil
		}
		return c.add(key, value)
	}
	if err := w.walk(); err != nil {
		return nil, err
	}
	if c.head.Epoch == "" {
		return nil, damaged(errors.New("no head"))
	}
	if held := c.held(); held != c.head.Held {
		// A whole branch can be missing from a tree that is sound otherwise.
		return nil, damaged(fmt.Errorf("got %d numbers, head says %d", held, c.head.Held))
	}
	return c, nil
}

func (c *content) held() (n [laneCount]uint64) {
	for l := range c.blocks {
		for _, b := range c.blocks[l] {
			n[l] += b.n
		}
	}
	return n
}

func (c *content) add(key, value []byte) error {
	recs, err := decodeBlock(key, value)
	if err != nil {
		return damaged(err)
	}
	b := newBlock(recs, len(value))
	list := c.blocks[b.lane]
	if n := len(list); recs[0].Epoch != c.head.Epoch || n > 0 && list[n-1].To >= b.From {
		return damaged(fmt.Errorf("value of %x does not belong here", key))
	}
	c.blocks[b.lane] = append(list, b)
	return nil
}
