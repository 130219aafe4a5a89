package buffer

import (
	"math"
	"slices"
	"sort"
	"time"
)

// An item is a record in memory.
type item struct {
	Record
	due     time.Time // when the disk should have it, if it is still here
	forgets []Loss    // what this record declares
	gone    bool      // acknowledged or dropped: no longer in the window
}

func (it *item) size() int64 { return int64(len(it.Body)) + itemOverhead }

func (it *item) loss(epoch string) Loss {
	return Loss{Epoch: epoch, Lane: it.Lane, Range: it.span(), Cause: CauseDroppedRAM}
}

// itemOverhead is about what a record costs in memory beside its body.
const itemOverhead = 160

// A block is one value of the store, as memory knows it.
type block struct {
	Range
	lane    Lane
	n       uint64  // numbers in it; fewer than the range has when there are holes
	parts   []Range // what it has, when there are holes
	size    int64
	at      Stamp
	touched bool // an acknowledgement reached it; the next commit looks at it
}

func newBlock(recs []Record, size int) *block {
	b := &block{lane: recs[0].Lane, at: recs[0].At, size: int64(size)}
	b.Range = Range{recs[0].First, recs[len(recs)-1].last()}
	var parts ranges
	for _, r := range recs {
		b.n += uint64(r.N)
		parts.add(r.span())
	}
	if len(parts) > 1 {
		b.parts = parts
	}
	return b
}

// runs are the numbers that it has.
func (b *block) runs() []Range {
	if b.parts != nil {
		return b.parts
	}
	return []Range{b.Range}
}

func (b *block) key() []byte { return blockKey(b.lane, b.From) }

func (b *block) loss(epoch string) Loss {
	return Loss{Epoch: epoch, Lane: b.lane, Range: b.Range, Cause: CauseEvicted}
}

// A Limit bounds what a lane holds.
type Limit struct {
	Bytes int64
	Count int // records in memory, blocks on the disk
}

func (l Limit) over(max Limit) bool { return l.Bytes > max.Bytes || l.Count > max.Count }

func (l Limit) plus(m Limit) Limit { return Limit{l.Bytes + m.Bytes, l.Count + m.Count} }

// victim names the lane that has to give way: telemetry or events over their own limit, else,
// when all together are too many, whatever matters least. Alarms may use the room of the others.
//
// Thinning belongs here, before telemetry is dropped: keep minimum, maximum and last of a minute.
func victim(use, limit [laneCount]Limit) (Lane, bool) {
	for _, l := range []Lane{Telemetry, Event} {
		if use[l].over(limit[l]) {
			return l, true
		}
	}
	var used, allowed Limit
	for l := range use {
		used, allowed = used.plus(use[l]), allowed.plus(limit[l])
	}
	if used.over(allowed) {
		for _, l := range []Lane{Telemetry, Event, Alarm} {
			if use[l].Count > 0 {
				return l, true
			}
		}
	}
	return 0, false
}

// A lane is one queue: the newest records in memory, older ones on the disk alone. Numbers on
// the disk alone are all below those in memory.
type lane struct {
	next    uint64 // the number to give next
	lease   uint64 // the last number that may be given without asking the disk
	win     []*item
	bytes   int64 // of win
	saved   int   // so many at the front of win are on the disk as well
	disk    []*block
	high    uint64 // the highest number that was ever handed to this store
	acked   ranges // acknowledged numbers of what is still held: holes
	ackDue  time.Time
	dropped uint64
	cache   []page
	want    *uint64 // Next misses what follows this number
	fetched chan struct{}
}

// A page is one block read back.
type page struct {
	block *block
	recs  []Record
}

func (l *lane) use() Limit { return Limit{l.bytes, len(l.win)} }

// pressed reports whether memory is half full, most of it with records the disk has yet to take.
func (l *lane) pressed(limit Limit) bool {
	half := Limit{limit.Bytes / 2, limit.Count / 2}
	return 2*(len(l.win)-l.saved) >= len(l.win) && l.use().over(half)
}

// leaseLow reports whether half of the numbers that may be given are gone.
func (l *lane) leaseLow(which Lane) bool {
	return l.lease < math.MaxUint64 && l.next+leaseSize[which]/2 > l.lease
}

// low is the first number in memory: what is below comes from the disk.
func (l *lane) low() uint64 {
	if len(l.win) > 0 {
		return l.win[0].First
	}
	return l.next
}

func (l *lane) push(it *item) {
	it.First = l.next
	l.next += uint64(it.N)
	l.win = append(l.win, it)
	l.bytes += it.size()
}

// pop takes the oldest record out of memory and reports whether the disk has it.
func (l *lane) pop() (it *item, saved bool) {
	it = l.win[0]
	l.win[0] = nil
	l.win = l.win[1:]
	l.bytes -= it.size()
	if l.saved > 0 {
		l.saved--
		return it, true
	}
	it.gone = true
	return it, false
}

// after is the place in win of the first record with a number above n.
func (l *lane) after(n uint64) int {
	return sort.Search(len(l.win), func(i int) bool { return l.win[i].last() > n })
}

// blockAfter is the place in disk of the first block with a number above n.
func (l *lane) blockAfter(n uint64) int {
	return sort.Search(len(l.disk), func(i int) bool { return l.disk[i].To > n })
}

// ack takes exactly r out of the lane and reports whether the disk has to hear of it.
func (l *lane) ack(r Range, now time.Time) bool {
	i, j := l.after(r.From-1), l.after(r.To)
	if j < len(l.win) && l.win[j].First <= r.To {
		j++
	}
	partly := i < j && (l.win[i].First < r.From || l.win[j-1].last() > r.To)
	if partly || r.From <= l.high {
		l.acked.add(r)
	}
	l.cut(i, j, r)
	touched := false
	for k := l.blockAfter(r.From - 1); k < len(l.disk) && l.disk[k].From <= r.To; k++ {
		l.disk[k].touched, touched = true, true
	}
	switch {
	case touched && l.isDrained():
		l.ackDue = now
	case touched && l.ackDue.IsZero():
		l.ackDue = now.Add(ackDelay)
	}
	return touched
}

// isDrained reports whether the last telemetry that the disk had is acknowledged: nothing will come
// that the commit could take along. Alarms come one by one, and each would be a commit.
func (l *lane) isDrained() bool {
	n := len(l.disk)
	return n > 0 && l.disk[0].lane == Telemetry &&
		l.acked.covers(Range{l.disk[0].From, l.disk[n-1].To})
}

// cut removes from win[i:j] what r or earlier acknowledgements cover.
func (l *lane) cut(i, j int, r Range) {
	saved, kept := l.saved, i
	for k := i; k < j; k++ {
		it := l.win[k]
		if s := it.span(); r.From <= s.From && s.To <= r.To || l.acked.covers(s) {
			it.gone = true
			l.bytes -= it.size()
			if k < saved {
				l.saved--
			}
			continue
		}
		l.win[kept] = it
		kept++
	}
	l.win = slices.Delete(l.win, kept, j)
}

// settle forgets acknowledgements of what is no longer held.
func (l *lane) settle() {
	l.acked = slices.DeleteFunc(l.acked, func(r Range) bool {
		k := l.blockAfter(r.From - 1)
		if k < len(l.disk) && l.disk[k].From <= r.To {
			return false
		}
		i := l.after(r.From - 1)
		return i == len(l.win) || l.win[i].First > r.To
	})
}

// held sums up what the lane has, in memory or on the disk.
func (l *lane) held() (n uint64, bytes int64) {
	for _, b := range l.disk {
		if !b.touched || !l.acked.covers(b.Range) {
			n, bytes = n+b.n, bytes+b.size
		}
	}
	for _, it := range l.win[l.saved:] {
		n, bytes = n+uint64(it.N), bytes+int64(len(it.Body))
	}
	return n, bytes
}

// cached returns a block that was read back. A block that shrank since is another.
func (l *lane) cached(b *block) ([]Record, bool) {
	for i := range l.cache {
		if l.cache[i].block == b {
			return l.cache[i].recs, true
		}
	}
	return nil, false
}

// keep puts blocks that were read back into the cache; the oldest make room.
func (l *lane) keep(pages []page) {
	l.cache = append(l.cache, pages...)
	var size int64
	for i := len(l.cache) - 1; i >= 0; i-- {
		size += l.cache[i].block.size
		if size > cacheBytes && i < len(l.cache)-1 {
			l.cache = slices.Delete(l.cache, 0, i+1)
			return
		}
	}
}

// shed brings memory back within its limits: what the disk has is let go, then records are
// dropped. The caller holds the lock.
func (o *Outbox) shed() {
	for l := range o.lanes {
		for ln := &o.lanes[l]; ln.saved > 0 && ln.use().over(o.opt.Memory[l]); {
			ln.pop()
		}
	}
	for {
		var use [laneCount]Limit
		for l := range o.lanes {
			use[l] = o.lanes[l].use()
		}
		l, over := victim(use, o.opt.Memory)
		if !over {
			return
		}
		if it, saved := o.lanes[l].pop(); !saved {
			o.drop(it)
		}
	}
}

// drop counts a record that the disk did not take in time. What it would have declared is
// pending again.
func (o *Outbox) drop(it *item) {
	ln := &o.lanes[it.Lane]
	if it.First <= ln.high {
		ln.acked.add(it.span()) // a commit that hangs may still write it
	}
	ln.dropped += uint64(it.N)
	o.losses = addLoss(o.losses, it.loss(o.epoch))
	for _, l := range it.forgets {
		o.losses = addLoss(o.losses, l)
	}
	o.lossesChanged()
}
