package buffer

import (
	"errors"
	"slices"
	"syscall"
	"time"

	berrors "go.etcd.io/bbolt/errors"
)

// run is the disk goroutine, the only one that touches the file. When the disk hangs, it hangs,
// and nobody waits for it.
func (o *Outbox) run() {
	defer close(o.done)
	for {
		timer := time.NewTimer(o.turn())
		select {
		case <-o.quit:
			timer.Stop()
			o.end()
			return
		case <-o.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// work does what is due and returns the time until the next.
func (o *Outbox) work() time.Duration {
	if o.store != nil && o.store.epoch != o.Epoch() {
		o.detach() // it hung until its lease had run out
		o.openAt = o.now()
	}
	if o.store == nil && !o.now().Before(o.openAt) {
		o.open()
	}
	if o.store == nil {
		return o.openAt.Sub(o.now())
	}
	if err := o.fetch(); err != nil {
		o.broken(err)
		return 0
	}
	due := o.due()
	if wait := due.Sub(o.now()); wait > 0 {
		return wait
	}
	if err := o.flush(false); err != nil {
		o.broken(err)
	}
	return 0
}

// due is when the next commit is wanted.
func (o *Outbox) due() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	due := o.now().Add(time.Hour)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(due) {
			due = t
		}
	}
	sooner(o.lossDue)
	for l := range o.lanes {
		ln := &o.lanes[l]
		sooner(ln.ackDue)
		if ln.leaseLow(Lane(l)) {
			sooner(o.now())
		}
		if len(ln.win) == ln.saved {
			continue
		}
		at := ln.win[ln.saved].due
		if ln.pressed(o.opt.Memory[l]) {
			at = o.now()
		}
		if Lane(l) == Telemetry && o.low && at.Before(o.floorAt) {
			at = o.floorAt
		}
		sooner(at)
	}
	if due.Before(o.commitAt) {
		due = o.commitAt
	}
	return due
}

// finish is the last commit: everything, and numbers that need no lease.
func (o *Outbox) finish() {
	if o.crash.Load() {
		o.detach()
		return
	}
	if o.store == nil {
		o.open()
	}
	if o.store == nil {
		return
	}
	err := o.flush(true)
	for range 2 { // once more after a failure, without the ballast
		if err == nil {
			break
		}
		if o.broken(err); o.store == nil {
			o.open()
		}
		if o.store != nil {
			err = o.flush(true)
		}
	}
	o.fail(err)
	o.detach()
}

// flush commits what is due, or at the end everything.
func (o *Outbox) flush(last bool) error {
	if now := o.now(); !now.Before(o.floorAt) {
		o.low = o.belowFloor()
		o.floorAt = now.Add(floorDelay)
	}
	b := o.batch(last)
	if b.isEmpty() {
		return nil
	}
	err := o.commit(b)
	if errors.Is(err, berrors.ErrMaxSizeReached) {
		// Pages that one commit frees serve the next, so room is made in one of its own.
		if err = o.makeRoom(); err == nil {
			err = o.commit(o.batch(last))
		}
	}
	if err != nil {
		return err
	}
	o.commitAt, o.backoff = time.Time{}, 0
	o.fail(nil)
	o.notice(StorageFailed, false, "")
	o.notice(StorageFull, o.low, "little free space; telemetry is kept in memory only")
	if !o.late {
		o.notice(StorageSlow, false, "")
	}
	o.ballast()
	return nil
}

// commit runs one transaction, and when it arrived makes memory agree.
func (o *Outbox) commit(b *batch) error {
	written, err := o.transact(b)
	if err == nil {
		o.settle(b, written)
	}
	return err
}

func (o *Outbox) transact(b *batch) (int64, error) {
	defer o.watch("commit")()
	if err := o.opt.call("commit"); err != nil {
		return 0, err
	}
	return o.store.update(o.opt.Commit, b.apply)
}

// makeRoom evicts the oldest sixteenth of what matters least, in a commit of its own.
func (o *Outbox) makeRoom() error {
	if err := o.reopen(); err != nil {
		return err
	}
	return o.commit(o.eviction())
}

// broken puts the store right after an error, as far as it can be done at once. A failed commit
// always costs the open file: bbolt's memory of it is not to be trusted, and reading it anew is
// the one way to know what of the commit arrived.
func (o *Outbox) broken(err error) {
	if errors.Is(err, errDamaged) {
		o.strike(err)
		return
	}
	o.fail(err)
	if isFull(err) && o.dropBallast() {
		o.backoff = 0
	} else {
		o.backoff = min(max(2*o.backoff, time.Second), maxBackoff)
	}
	o.commitAt = o.now().Add(o.backoff)
	if isFull(err) {
		o.notice(StorageFull, true, err.Error())
	} else {
		o.notice(StorageFailed, true, err.Error())
	}
	if err := o.reopen(); err != nil {
		o.detach()
		o.openAt = o.now()
		if !errors.Is(err, errDamaged) {
			o.openAt = o.now().Add(o.backoff)
		}
	}
}

// fail notes the disk's last error, nil for none, and logs a change.
func (o *Outbox) fail(err error) {
	o.mu.Lock()
	before := o.err
	o.err = err
	o.mu.Unlock()
	if err != nil && (before == nil || before.Error() != err.Error()) {
		o.opt.Log.Error("buffer: disk", "err", err)
	}
}

func isFull(err error) bool {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG,
		berrors.ErrMaxSizeReached} {
		if errors.Is(err, full) {
			return true
		}
	}
	return false
}

// notice says a code once when it begins and once when it ends.
func (o *Outbox) notice(code string, on bool, detail string) {
	if o.noticed[code] != on {
		o.noticed[code] = on
		o.opt.Notice(code, on, detail)
	}
}

// watch says storage_slow when a call takes longer than 2 s. The returned function ends the
// watch; then the word has been said or never will be.
func (o *Outbox) watch(call string) (stop func()) {
	said := make(chan struct{})
	timer := time.AfterFunc(slowAfter, func() {
		defer close(said)
		o.slow.Store(true)
		o.notice(StorageSlow, true, call+" takes longer than "+slowAfter.String())
	})
	return func() {
		if !timer.Stop() {
			<-said
		}
		o.late = o.slow.Swap(false)
	}
}

// fetch reads back what Next missed.
func (o *Outbox) fetch() error {
	for l := range Lane(laneCount) {
		epoch, blocks := o.missing(l)
		if len(blocks) == 0 {
			continue
		}
		pages, err := o.readBack(blocks)
		if err != nil {
			return err
		}
		o.hand(l, epoch, pages)
		o.signal(o.more)
	}
	return nil
}

// hand gives Next what it waits for.
func (o *Outbox) hand(l Lane, epoch string, pages []page) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if ln := &o.lanes[l]; epoch == o.epoch {
		ln.keep(pages)
		close(ln.fetched)
		ln.fetched = make(chan struct{})
	}
}

func (o *Outbox) readBack(blocks []*block) ([]page, error) {
	defer o.watch("read")()
	if err := o.opt.call("read"); err != nil {
		return nil, err
	}
	return o.store.read(blocks)
}

// missing lists the blocks that Next waits for, as many as the cache takes at once.
func (o *Outbox) missing(l Lane) (epoch string, blocks []*block) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ln := &o.lanes[l]
	if ln.want == nil {
		return o.epoch, nil
	}
	after, size := *ln.want, int64(0)
	ln.want = nil
	for k := ln.blockAfter(after); k < len(ln.disk) && size < cacheBytes/2; k++ {
		b := ln.disk[k]
		if _, ok := ln.cached(b); !ok && b.From < ln.low() && !ln.acked.covers(b.Range) {
			blocks = append(blocks, b)
			size += b.size
		}
	}
	return o.epoch, blocks
}

// detach closes the file.
func (o *Outbox) detach() {
	o.mu.Lock()
	o.attached = false
	o.mu.Unlock()
	if o.store != nil {
		o.store.close()
		o.store = nil
	}
}

// settle makes memory agree with a commit that arrived.
func (o *Outbox) settle(b *batch, written int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.commits++
	o.written += uint64(written)
	if b.epoch != o.epoch {
		return // numbering moved on while the disk hung; adopting the file sorts it out
	}
	if o.lossSeq == b.lossSeq {
		o.lossDue = time.Time{}
	}
	for _, x := range b.evicted {
		ln := &o.lanes[x.lane]
		ln.dropped += x.n
		o.losses = addLoss(o.losses, x.loss(o.epoch))
		ln.cut(ln.after(x.From-1), ln.after(x.To), x.Range)
	}
	for l := range o.lanes {
		ln := &o.lanes[l]
		ln.lease = b.head.Lease[l]
		ln.disk = slices.DeleteFunc(ln.disk, func(x *block) bool { return b.gone[x] })
		for i, x := range ln.disk {
			if y := b.edited[x]; y != nil {
				ln.disk[i] = y
			}
		}
		for _, p := range b.puts[l] {
			ln.disk = append(ln.disk, p.block)
			for _, it := range p.items {
				if !it.gone {
					ln.saved++
				}
			}
		}
		ln.retouch(b.acked[l], o.now())
		ln.settle()
	}
}

// retouch marks the blocks that acknowledgements reached while a commit was under way.
func (l *lane) retouch(known ranges, now time.Time) {
	l.ackDue = time.Time{}
	for _, b := range l.disk {
		b.touched = false
	}
	for _, r := range l.acked {
		if known.covers(r) {
			continue
		}
		for k := l.blockAfter(r.From - 1); k < len(l.disk) && l.disk[k].From <= r.To; k++ {
			l.disk[k].touched = true
			l.ackDue = now.Add(ackDelay)
		}
	}
	if !l.ackDue.IsZero() && l.isDrained() {
		l.ackDue = now
	}
}
