package buffer

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

const (
	fileName   = "outbox.db"
	bucketName = "q"
	headBucket = "h"       // of the head alone: small, so that it lies in the page of the roots
	pageSize   = 4096      // not the system's: pages of 16 KB make each commit write four times that
	growStep   = 256 << 10 // bbolt's own 16 MB would put the wall at half of MaxSize
	fill       = 0.95      // numbers only grow, so pages need no room for keys between
)

// errDamaged says that the file is not to be trusted any more.
var errDamaged = errors.New("damaged")

func damaged(err error) error { return fmt.Errorf("%s: %w: %w", fileName, errDamaged, err) }

// A store is the open file. It belongs to the disk goroutine.
type store struct {
	path  string
	epoch string
	db    *bbolt.DB
	file  *os.File
	trap  *trap
	size  int64 // of the file, when last seen
}

// openBolt opens the file with the handle that holds the lock. The file must have been walked:
// bbolt looks for free pages in a goroutine of its own, and a panic there ends the process.
func openBolt(path string, file *os.File, maxBytes int64) (*store, error) {
	s := &store{path: path, file: file, trap: newTrap()}
	options := &bbolt.Options{
		Timeout: lockWait, PageSize: pageSize, MaxSize: int(maxBytes), Logger: s.trap,
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType, NoStatistics: true,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return file, nil },
	}
	err := guarded(func() (err error) {
		s.db, err = bbolt.Open(path, 0o600, options)
		return err
	})
	if err != nil {
		_ = file.Close() // again, when bbolt did
		return nil, err
	}
	s.db.AllocSize = growStep
	return s, nil
}

// update runs one transaction and returns how many bytes it wrote. After an error the store must
// be closed.
func (s *store) update(commit func(*bbolt.Tx) error, change func(*bbolt.Bucket) error) (
	written int64, err error,
) {
	if err := s.intact(); err != nil {
		return 0, err
	}
	err = guarded(func() error {
		tx, err := s.db.Begin(true)
		if err != nil {
			return err
		}
		// The public Rollback touches memory alone. The one in db.Update scans the file.
		defer func() { _ = tx.Rollback() }()
		q := tx.Bucket([]byte(bucketName))
		if q == nil || tx.Bucket([]byte(headBucket)) == nil {
			return damaged(errors.New("no bucket"))
		}
		q.FillPercent = fill
		if err := change(q); err != nil {
			return err
		}
		s.trap.armed = true
		defer func() { s.trap.armed = false }()
		err = commit(tx)
		stats := tx.Stats()
		written = stats.GetPageAlloc() + pageSize // the pages, and one of the two metas
		return err
	})
	if info, statErr := s.file.Stat(); statErr == nil {
		s.size = max(s.size, info.Size())
	}
	return written, err
}

// putHead writes the head of the store whose blocks are in q. Beside them it would cost each
// commit the page that it is on, with all blocks on that; in a bucket of its own it lies in the
// page of the roots, which each commit writes.
func putHead(q *bbolt.Bucket, h head) error {
	return q.Tx().Bucket([]byte(headBucket)).Put([]byte(headKey), encodeHead(h))
}

// read returns blocks.
func (s *store) read(blocks []*block) (pages []page, err error) {
	if err := s.intact(); err != nil {
		return nil, err
	}
	err = guarded(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			q := tx.Bucket([]byte(bucketName))
			for _, b := range blocks {
				recs, err := decodeBlock(b.key(), q.Get(b.key()))
				if err != nil {
					return damaged(err)
				}
				pages = append(pages, page{b, recs})
			}
			return nil
		})
	})
	return pages, err
}

// intact finds a file that was cut short or taken away before bbolt maps what is not there.
func (s *store) intact() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < s.size {
		return damaged(fmt.Errorf("cut from %d to %d bytes", s.size, info.Size()))
	}
	s.size = info.Size()
	if at, err := os.Stat(s.path); err != nil || !os.SameFile(info, at) {
		return damaged(errors.New("moved or removed"))
	}
	return nil
}

// close gives the file back. A transaction that panicked may have left bbolt's own locks held;
// then the mapping stays, and with it the lock on the file, unless that is taken off by hand.
func (s *store) close() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = guarded(s.db.Close)
	}()
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case <-closed:
	case <-patience.C:
		_ = unix.Flock(int(s.file.Fd()), unix.LOCK_UN)
		_ = s.file.Close()
	}
}

// guarded turns a panic, of bbolt or its caller, and a fault on its mapping, into errDamaged.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case sprung:
			err = p.err
		default:
			err = damaged(&crash{p, debug.Stack()})
		}
	}()
	return f()
}

// A trap is bbolt's logger. While armed it panics on the first error that Commit logs, with that
// error. Commit would go on to look for free pages in a goroutine of its own, and on a card that
// has just failed to write, reading faults there and ends the process, out of reach of any
// recover. The trap also keeps the error as it was: bbolt makes text of some.
type trap struct {
	bbolt.Logger
	armed bool
}

type sprung struct{ err error }

func newTrap() *trap {
	return &trap{Logger: &bbolt.DefaultLogger{Logger: log.New(io.Discard, "", 0)}}
}

// Errorf implements bbolt.Logger.
func (t *trap) Errorf(_ string, args ...any) {
	if !t.armed {
		return
	}
	for _, a := range args {
		if err, ok := a.(error); ok {
			panic(sprung{err})
		}
	}
}
