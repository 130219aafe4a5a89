package buffer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.etcd.io/bbolt"
)

const quarantineKept = 2

// A find is a block of a damaged file whose checksum is right.
type find struct {
	key  string
	off  int64
	size int
}

// rescue moves what can be read of a damaged file to a new one. The records get new numbers in a
// new epoch and keep the old as Orig; the damaged file goes to quarantine.
func (o *Outbox) rescue(cause error) error {
	defer o.watch("rescue")()
	if err := o.opt.call("rescue"); err != nil {
		return err
	}
	old, err := o.lock()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // attach makes a new one
	}
	if err != nil {
		return err
	}
	defer func() { _ = old.Close() }()
	r := rescuer{o: o, old: old, loss: Loss{Cause: CauseStoreReset, Detail: cause.Error()}}
	if err := r.search(); err != nil {
		return err
	}
	tmp, err := r.rebuild()
	if err != nil {
		return err
	}
	if err := o.quarantine(r.loss.Epoch); err != nil {
		return err
	}
	o.opt.Log.Error("buffer: store made anew", "err", cause, "epoch", r.loss.Epoch,
		"salvaged", r.loss.Salvaged, "lost", r.loss.LostEstimate)
	return o.install(tmp)
}

type rescuer struct {
	o     *Outbox
	old   *os.File
	finds []find
	head  head // Epoch "" when it could not be read
	loss  Loss
	seen  [laneCount]uint64 // the last old number taken; old copies repeat
	safe  uint64            // numbers in the file that are not needed: acknowledged, or in memory
}

// search lists the readable blocks in order. Where a branch is broken, leaves are looked for in
// the whole file; old copies among them hold at worst what was acknowledged already.
func (r *rescuer) search() error {
	info, err := r.old.Stat()
	if err != nil {
		return err
	}
	var found [laneCount]uint64
	w := walker{file: r.old, size: info.Size(), until: r.o.now().Add(walkLimit)}
	w.visit = func(key, value []byte, off int64) error {
		if string(key) == headKey {
			if h, err := decodeHead(value); err == nil && h.count() >= r.head.count() {
				r.head = h // an orphan may be an old one
			}
			return nil
		}
		recs, err := decodeBlock(key, value)
		if err != nil {
			w.faults++
			return nil
		}
		if r.loss.Epoch == "" {
			r.loss.Epoch = recs[0].Epoch
		}
		r.finds = append(r.finds, find{string(key), off, len(value)})
		for _, rec := range recs {
			found[rec.Lane] += uint64(rec.N)
		}
		return nil
	}
	if err := w.walk(); err != nil {
		return err
	}
	if w.faults > 0 || found != r.head.Held {
		if err := w.orphans(); err != nil {
			return err
		}
	}
	switch {
	case r.head.Epoch != "":
		r.loss.Epoch = r.head.Epoch
	case r.loss.Epoch == "":
		r.loss.Epoch = r.o.fileEpoch()
	}
	slices.SortStableFunc(r.finds, func(a, b find) int { return strings.Compare(a.key, b.key) })
	return nil
}

// fileEpoch is the epoch of the last file that was open, "" if none was.
func (o *Outbox) fileEpoch() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ram || !o.adopted {
		return o.home.epoch
	}
	return o.epoch
}

// rebuild writes the new store and returns its path.
func (r *rescuer) rebuild() (path string, err error) {
	h := head{Epoch: newEpoch(), Clean: true, Next: [laneCount]uint64{1, 1, 1}}
	s, err := r.o.create(h)
	if err != nil {
		return "", err
	}
	defer s.close()
	h.Dropped, h.Losses = r.head.Dropped, r.head.Losses
	for i := 0; i < len(r.finds) && err == nil; {
		var batch []Record
		batch, i = r.load(i, &h)
		_, err = s.update(r.o.opt.Commit, func(q *bbolt.Bucket) error {
			return r.write(q, h, batch)
		})
	}
	if err != nil {
		return "", err
	}
	r.account(&h)
	_, err = s.update(r.o.opt.Commit, func(q *bbolt.Bucket) error {
		return putHead(q, h)
	})
	return s.path, err
}

// load reads about a megabyte of records from finds[i:] on and numbers them anew.
func (r *rescuer) load(i int, h *head) (batch []Record, next int) {
	for size := 0; i < len(r.finds) && size < batchBytes; i++ {
		recs, err := r.read(r.finds[i])
		if err != nil {
			continue
		}
		for _, rec := range recs {
			if rec.First <= r.seen[rec.Lane] {
				continue
			}
			r.seen[rec.Lane] = rec.last()
			if r.o.has(rec) {
				r.safe += uint64(rec.N)
				continue
			}
			if rec.Orig == nil {
				rec.Orig = &Orig{Epoch: rec.Epoch, First: rec.First}
			}
			rec.First = h.Next[rec.Lane]
			h.Next[rec.Lane] += uint64(rec.N)
			h.Held[rec.Lane] += uint64(rec.N)
			r.loss.Salvaged += uint64(rec.N)
			batch = append(batch, rec)
			size += len(rec.Body) + entrySize
		}
	}
	for l := range h.Next {
		h.Lease[l] = h.Next[l] - 1
	}
	return batch, i
}

func (r *rescuer) read(f find) ([]Record, error) {
	value := make([]byte, f.size)
	if _, err := r.old.ReadAt(value, f.off); err != nil {
		return nil, err
	}
	return decodeBlock([]byte(f.key), value)
}

// has reports whether a record of the file is in memory as well, or acknowledged.
func (o *Outbox) has(r Record) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	ln := &o.lanes[r.Lane]
	if r.Epoch != o.epoch {
		return false
	}
	i := ln.after(r.First - 1)
	return i < len(ln.win) && ln.win[i].First == r.First || ln.acked.covers(r.span())
}

func (r *rescuer) write(q *bbolt.Bucket, h head, batch []Record) error {
	for len(batch) > 0 {
		n, size := 0, 0
		for n < len(batch) && batch[n].Lane == batch[0].Lane {
			size += len(batch[n].Body) + entrySize
			if n > 0 && (size > blockBytes || batch[0].Lane == Alarm || n >= blockNumbers ||
				batch[n].last()-batch[0].First > 1<<30) {
				break
			}
			n++
		}
		if err := q.Put(encodeBlock(h.Epoch, batch[:n])); err != nil {
			return err
		}
		batch = batch[n:]
	}
	return putHead(q, h)
}

// account says in the new head what was lost.
func (r *rescuer) account(h *head) {
	o := r.o
	o.mu.Lock()
	ours := r.head.Epoch == o.epoch || r.head.Epoch == o.home.epoch
	held := o.onDisk() + r.safe
	o.mu.Unlock()
	if r.head.Epoch != "" {
		held = 0
		for _, n := range r.head.Held {
			held += n
		}
	}
	if found := r.loss.Salvaged + r.safe; held > found {
		r.loss.LostEstimate = held - found
	}
	if held == 0 {
		r.loss.Detail += "; how much it held is not known"
	}
	for l := range r.head.Lease {
		if used := (Range{r.head.Next[l], r.head.Lease[l]}); r.head.Epoch != "" &&
			!r.head.Clean && !ours && used.From <= used.To {
			h.Losses = addLoss(h.Losses, Loss{Epoch: r.head.Epoch, Lane: Lane(l), Range: used,
				Cause: CauseLease})
		}
	}
	h.Losses = addLoss(h.Losses, r.loss)
}

// quarantine keeps a second name for the damaged file, and of such files the newest two. A link
// first, because then there is no moment without an outbox.db.
func (o *Outbox) quarantine(epoch string) error {
	if err := o.opt.call("quarantine"); err != nil {
		return err
	}
	dir := filepath.Join(o.dir, "quarantine")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	name := "outbox-" + epoch + "-" + strconv.FormatInt(o.opt.Stamp().Wall, 10)
	for i := 0; ; i++ {
		err := os.Link(o.path(), filepath.Join(dir, fmt.Sprintf("%s-%d.db", name, i)))
		if errors.Is(err, fs.ErrExist) && i < 1000 {
			continue
		}
		if err != nil {
			o.opt.Log.Warn("buffer: no evidence kept", "err", err)
		}
		break
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	age := func(e os.DirEntry) int64 {
		if info, err := e.Info(); err == nil {
			return info.ModTime().UnixNano()
		}
		return 0
	}
	slices.SortStableFunc(entries, func(a, b os.DirEntry) int { return int(age(b)/1e6 - age(a)/1e6) })
	for _, e := range entries[min(quarantineKept, len(entries)):] {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
