package buffer

import (
	"slices"

	"go.etcd.io/bbolt"
)

const (
	blockNumbers = 128     // in one block of events or telemetry
	blockBytes   = 1900    // likewise, unless one record alone is larger; two fit on a page
	batchBytes   = 1 << 20 // of events and of telemetry in one commit, which keeps it short
)

// A batch is one commit: what goes, what shrinks, what comes, and the head.
type batch struct {
	epoch   string
	head    head
	lossSeq uint64
	due     bool // the head alone is worth a commit
	acked   [laneCount]ranges
	evicted []*block
	gone    map[*block]bool
	edit    []*block // partly acknowledged
	edited  map[*block]*block
	puts    [laneCount][]put
}

// A put is a block on its way to the disk.
type put struct {
	block      *block
	key, value []byte
	items      []*item
}

func (b *batch) isEmpty() bool {
	return !b.due && len(b.gone) == 0 && len(b.edit) == 0 &&
		len(b.puts[Alarm])+len(b.puts[Event])+len(b.puts[Telemetry]) == 0
}

// batch gathers what is due, or for the last commit everything.
func (o *Outbox) batch(last bool) *batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.emptyBatch()
	b.head.Clean = last
	b.due = last || !o.lossDue.IsZero() && !o.now().Before(o.lossDue)
	for l := range Lane(laneCount) {
		ln := &o.lanes[l]
		b.due = b.due || ln.leaseLow(l)
		if o.isDue(l) || last && (l != Telemetry || !o.low) {
			b.puts[l] = o.pack(ln.win[ln.saved:], last || l == Alarm)
		}
		if n := len(b.puts[l]); n > 0 {
			ln.high = max(ln.high, b.puts[l][n-1].block.To)
		}
	}
	b.evict(o, o.opt.Disk)
	b.finish(o)
	return b
}

// eviction is the commit that makes room when the file may not grow any more.
func (o *Outbox) eviction() *batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := o.emptyBatch()
	limit := o.opt.Disk
	for l := range limit {
		limit[l] = Limit{} // what is there is too much already
		for _, x := range o.lanes[l].disk {
			limit[l] = limit[l].plus(Limit{x.size, 1})
		}
	}
	for _, l := range []Lane{Telemetry, Event, Alarm} {
		if limit[l].Count > 0 {
			limit[l].Bytes -= max(limit[l].Bytes/16, min(64<<10, limit[l].Bytes))
			break
		}
	}
	b.evict(o, limit)
	b.finish(o)
	return b
}

func (o *Outbox) emptyBatch() *batch {
	b := &batch{epoch: o.epoch, lossSeq: o.lossSeq,
		gone: map[*block]bool{}, edited: map[*block]*block{}}
	for l := range o.lanes {
		ln := &o.lanes[l]
		b.acked[l] = slices.Clone(ln.acked)
		for _, x := range ln.disk {
			if x.touched && ln.acked.covers(x.Range) {
				b.gone[x] = true
			}
		}
	}
	return b
}

// isDue reports whether a commit takes the lane's new records along. Alarms always go along;
// of the others all go when the oldest is due, so that they do not come one by one.
func (o *Outbox) isDue(l Lane) bool {
	ln := &o.lanes[l]
	switch {
	case len(ln.win) == ln.saved || l == Telemetry && o.low:
		return false
	case l == Alarm || ln.pressed(o.opt.Memory[l]):
		return true
	}
	return !o.now().Before(ln.win[ln.saved].due)
}

// pack makes blocks of items. Alarms stay single, so that damage to one costs one.
func (o *Outbox) pack(items []*item, all bool) (puts []put) {
	total := 0
	for i := 0; i < len(items) && (all || total < batchBytes); {
		first, j, numbers, size := items[i].First, i, uint64(0), 0
		var recs []Record
		for ; j < len(items); j++ {
			it := items[j]
			numbers += uint64(it.N)
			size += len(it.Body) + entrySize
			full := numbers > blockNumbers || size > blockBytes || it.Lane == Alarm ||
				it.last()-first > 1<<30
			if full && j > i {
				break
			}
			recs = append(recs, it.Record)
		}
		key, value := encodeBlock(o.epoch, recs)
		puts = append(puts, put{newBlock(recs, len(value)), key, value, items[i:j:j]})
		total += len(value)
		i = j
	}
	for i := range puts {
		puts[i].items = slices.Clone(puts[i].items) // the window moves on meanwhile
	}
	return puts
}

// evict takes the oldest blocks out until the lanes are within limit.
func (b *batch) evict(o *Outbox, limit [laneCount]Limit) {
	var use [laneCount]Limit
	for l := range o.lanes {
		for _, x := range o.lanes[l].disk {
			if !b.gone[x] {
				use[l] = use[l].plus(Limit{x.size, 1})
			}
		}
		for _, p := range b.puts[l] {
			use[l] = use[l].plus(Limit{p.block.size, 1})
		}
	}
	var oldest [laneCount]int
	for {
		l, over := victim(use, limit)
		if !over {
			return
		}
		disk, i := o.lanes[l].disk, oldest[l]
		for i < len(disk) && b.gone[disk[i]] {
			i++
		}
		if i == len(disk) {
			return // what is new is let in; the next commit makes up for it
		}
		x := disk[i]
		b.gone[x] = true
		b.evicted = append(b.evicted, x)
		use[l] = use[l].plus(Limit{-x.size, -1})
		oldest[l] = i + 1
	}
}

// finish writes the head, and for the last commit what will be missing.
func (b *batch) finish(o *Outbox) {
	b.head.Epoch = o.epoch
	losses := slices.Clone(o.losses)
	for _, x := range b.evicted {
		losses = addLoss(losses, x.loss(o.epoch))
		b.head.Dropped[x.lane] += x.n
	}
	for l := range o.lanes {
		ln := &o.lanes[l]
		b.head.Next[l], b.head.Dropped[l] = ln.next, b.head.Dropped[l]+ln.dropped
		b.head.Lease[l] = max(ln.lease, ln.next-1+leaseSize[l])
		for _, x := range ln.disk {
			if !b.gone[x] {
				b.head.Held[l] += x.n
				if x.touched {
					b.edit = append(b.edit, x)
				}
			}
		}
		written := 0
		for _, p := range b.puts[l] {
			b.head.Held[l] += p.block.n
			written += len(p.items)
		}
		if rest := ln.win[ln.saved+written:]; len(rest) > 0 {
			b.head.Next[l] = rest[0].First // a crash loses from here on
		}
		if b.head.Clean {
			b.head.Next[l], b.head.Lease[l] = ln.next, ln.next-1
			for _, it := range ln.win[ln.saved+written:] {
				losses = addLoss(losses, it.loss(o.epoch))
				b.head.Dropped[l] += uint64(it.N)
			}
		}
	}
	b.head.Losses = losses
}

// apply makes the changes in one transaction.
func (b *batch) apply(q *bbolt.Bucket) error {
	for x := range b.gone {
		if err := q.Delete(x.key()); err != nil {
			return err
		}
	}
	for _, x := range b.edit {
		if err := b.shrink(q, x); err != nil {
			return err
		}
	}
	for _, puts := range b.puts {
		for _, p := range puts {
			if err := q.Put(p.key, p.value); err != nil {
				return err
			}
		}
	}
	return putHead(q, b.head)
}

// shrink rewrites a block without what was acknowledged.
func (b *batch) shrink(q *bbolt.Bucket, x *block) error {
	recs, err := decodeBlock(x.key(), q.Get(x.key()))
	if err != nil {
		return damaged(err)
	}
	rest := slices.DeleteFunc(slices.Clone(recs), func(r Record) bool {
		return b.acked[x.lane].covers(r.span())
	})
	if len(rest) == len(recs) {
		return nil
	}
	b.head.Held[x.lane] -= x.n
	if err := q.Delete(x.key()); err != nil {
		return err
	}
	if len(rest) == 0 {
		b.gone[x] = true
		return nil
	}
	key, value := encodeBlock(b.epoch, rest)
	b.edited[x] = newBlock(rest, len(value))
	b.head.Held[x.lane] += b.edited[x].n
	return q.Put(key, value)
}
