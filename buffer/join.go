package buffer

import (
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// join makes memory and a verified file one. A file of another epoch than the present gets a
// commit first, because no number may be given out before its lease is on the disk.
func (o *Outbox) join(s *store, c *content) error {
	if o.rejoin(c) {
		return nil
	}
	for range 3 { // Puts may outrun the lease while it is written
		base, h := o.beginning(c)
		if err := o.opt.call("begin"); err != nil {
			return err
		}
		written, err := s.update(o.opt.Commit, func(q *bbolt.Bucket) error {
			return putHead(q, h)
		})
		if err != nil {
			return err
		}
		if o.adopt(c, base, h, written) {
			return nil
		}
	}
	return errors.New("records come faster than their numbers can be secured")
}

// rejoin takes up the file of the present epoch again, and reports whether it is that.
func (o *Outbox) rejoin(c *content) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c.head.Epoch != o.epoch {
		return false
	}
	o.take(c)
	for l := range o.lanes {
		o.lanes[l].lease = c.head.Lease[l]
	}
	return true
}

// beginning computes where numbering goes on in a file, and the head that says so.
func (o *Outbox) beginning(c *content) (base [laneCount]uint64, h head) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h = c.head
	h.Clean = false
	h.Losses = slices.Clone(c.head.Losses)
	told := func(l Loss) bool { return l.Cause == CauseStoreReset && l.Epoch == o.epoch }
	if n := o.onDisk(); n > 0 && !slices.ContainsFunc(h.Losses, told) {
		h.Losses = addLoss(h.Losses, Loss{Epoch: o.epoch, Cause: CauseStoreReset, LostEstimate: n,
			Detail: fileName + " was removed or replaced"})
	}
	for l := range o.lanes {
		base[l] = c.head.Next[l]
		switch {
		case c.head.Epoch == o.home.epoch:
			base[l] = max(base[l], o.home.next[l])
		case !c.head.Clean && c.head.Lease[l] >= base[l]:
			h.Losses = addLoss(h.Losses, Loss{Epoch: c.head.Epoch, Lane: Lane(l),
				Range: Range{base[l], c.head.Lease[l]}, Cause: CauseLease})
			base[l] = c.head.Lease[l] + 1
		}
		h.Next[l] = base[l]
		h.Lease[l] = base[l] - 1 + o.lanes[l].next - 1 + leaseSize[l]
	}
	return base, h
}

// adopt moves to the epoch of the file, unless its lease is too short by now.
func (o *Outbox) adopt(c *content, base [laneCount]uint64, h head, written int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for l := range o.lanes {
		if base[l]-1+o.lanes[l].next-1 > h.Lease[l] {
			return false
		}
	}
	o.renumber(h.Epoch, base)
	o.ram = false
	o.commits++
	o.written += uint64(written)
	own := o.losses
	if !o.adopted {
		o.losses = nil
	}
	for _, l := range h.Losses {
		news := l.Cause == CauseStoreReset || l.Cause == CauseLease
		if !o.adopted || news && !slices.Contains(own, l) {
			o.losses = addLoss(o.losses, l)
		}
	}
	if !o.adopted {
		for l := range o.lanes {
			o.lanes[l].dropped += h.Dropped[l]
		}
		for _, l := range own {
			o.losses = addLoss(o.losses, l)
		}
	}
	if !slices.Equal(o.losses, h.Losses) {
		o.lossesChanged()
	}
	o.adopted = true
	for l := range o.lanes {
		o.lanes[l].lease = h.Lease[l]
	}
	o.take(c)
	return true
}

// take takes the file's list of blocks.
func (o *Outbox) take(c *content) {
	for l := range o.lanes {
		ln := &o.lanes[l]
		ln.disk, ln.saved = c.blocks[l], 0
		if n := len(ln.disk); n > 0 {
			// The disk takes the records of a lane in order, so it has all up to its last.
			last := ln.disk[n-1].To
			ln.high = max(ln.high, last)
			for ln.saved < len(ln.win) && ln.win[ln.saved].First <= last {
				ln.saved++
			}
		}
		ln.retouch(nil, o.now())
	}
	o.attached = true
	o.signal(o.more)
}

// renumber moves what is in memory to another epoch. The disk's part of the lanes is empty
// afterwards. The caller holds the lock.
func (o *Outbox) renumber(epoch string, base [laneCount]uint64) {
	for l := range o.lanes {
		ln := &o.lanes[l]
		if o.epoch == "" {
			for _, it := range ln.win {
				it.First += base[l] - 1
			}
			ln.next += base[l] - 1
		} else {
			ln.rename(o.epoch, epoch, base[l])
		}
		ln.disk, ln.saved, ln.high, ln.acked, ln.cache, ln.want = nil, 0, 0, nil, nil, nil
		ln.ackDue = time.Time{}
	}
	for i := range o.losses {
		if l := &o.losses[i]; l.Epoch == "" {
			l.Epoch = epoch
			l.From, l.To = l.From+base[l.Lane]-1, l.To+base[l.Lane]-1
		}
	}
	o.epoch = epoch
}

// rename gives the records of a lane numbers of another epoch, from base on. What came from that
// epoch goes back to the numbers it had there, which are all below base.
func (l *lane) rename(from, to string, base uint64) {
	var back, others []*item
	for _, it := range l.win {
		if it.Orig != nil && it.Orig.Epoch == to {
			it.First, it.Orig = it.Orig.First, nil
			back = append(back, it)
			continue
		}
		if it.Orig == nil {
			it.Orig = &Orig{Epoch: from, First: it.First}
		}
		it.First = base
		base += uint64(it.N)
		others = append(others, it)
	}
	l.win, l.next = append(back, others...), base
}
