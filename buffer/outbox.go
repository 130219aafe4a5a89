package buffer

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	epochWait  = 2 * time.Second       // then numbering begins without the file
	slowAfter  = 2 * time.Second       // of one disk call
	closeWait  = 2 * time.Second       // of Close
	readWait   = 50 * time.Millisecond // of Next, for what only the disk has
	ackDelay   = time.Second           // acknowledged to deleted
	lossDelay  = 30 * time.Second      // dropped to remembered on the disk
	floorDelay = 30 * time.Second      // between looks at the free space
	maxBackoff = time.Minute           // between commits while they fail
	maxBody    = 64 << 10              // a larger body is a loss at once
	cacheBytes = 512 << 10             // of blocks read back, per lane
)

// leaseSize is how many numbers a lane may give out before the disk has to know.
var leaseSize = [laneCount]uint64{1000, 1000, 1_000_000}

// An Outbox keeps records until they are acknowledged. All methods may be called from any
// goroutine, and none waits for the disk longer than it says.
type Outbox struct {
	dir string
	opt Options

	mu       sync.Mutex // held for work in memory only
	epoch    string     // "" until known
	ram      bool       // the epoch is of this run alone; numbers need no lease
	lanes    [laneCount]lane
	losses   []Loss
	lossSeq  uint64 // counts changes of losses
	lossDue  time.Time
	home     home // the last epoch that came from the file
	adopted  bool // a file has been, in this run
	attached bool // the file is open
	closed   bool
	err      error // the disk's last
	written  uint64
	commits  uint64

	slow atomic.Bool // a disk call is late at this moment

	wake  chan struct{}
	more  chan struct{}
	quit  chan struct{} // closed by Close
	done  chan struct{} // closed when the disk goroutine has ended
	crash atomic.Bool   // set by tests: end as a power cut does

	// Only the disk goroutine touches these.
	store     *store
	openAt    time.Time     // the next attempt to open the file
	commitAt  time.Time     // the next commit, after one that failed
	backoff   time.Duration // between these
	floorAt   time.Time     // the next look at the free space
	ballasted bool
	low       bool // too little of it for telemetry
	late      bool // the last call took longer than slowAfter
	noticed   map[string]bool
	strikes   int       // within an hour; see strike
	struckAt  time.Time // the last of them
	suspect   error     // why the file is set aside at the next open, sound or not
}

// home is where numbering stood when a file's epoch was left for one in memory.
type home struct {
	epoch string
	next  [laneCount]uint64
}

// Open returns the outbox of dir at once. The file is opened, verified and if need be rescued in
// the background; records may be put from the first moment.
func Open(dir string, o Options) *Outbox {
	b := &Outbox{
		dir: dir, opt: o.withDefaults(),
		wake: make(chan struct{}, 1), more: make(chan struct{}, 1),
		quit: make(chan struct{}), done: make(chan struct{}),
		noticed: map[string]bool{},
	}
	for l := range b.lanes {
		b.lanes[l] = lane{next: 1, fetched: make(chan struct{})}
	}
	time.AfterFunc(epochWait, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.epoch == "" && !b.closed {
			b.toMemory()
		}
	})
	go b.run()
	return b
}

// Put takes n consecutive numbers of a lane for body and returns the first, or 0 while the epoch
// is not known or after Close. It works in memory alone: nothing that happens to the disk delays
// it. n of 0 counts as 1; a body above 64 KB is dropped and counted.
func (o *Outbox) Put(l Lane, n uint32, body []byte) uint64 { return o.put(l, n, body, nil) }

func (o *Outbox) put(l Lane, n uint32, body []byte, forgets []Loss) uint64 {
	it := &item{forgets: forgets}
	it.Record = Record{Lane: l, N: max(n, 1), At: o.opt.Stamp(), Body: bytes.Clone(body)}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return 0
	}
	ln := &o.lanes[l]
	if o.epoch != "" && !o.ram && ln.next+uint64(it.N)-1 > ln.lease {
		// The disk has not answered for a thousand numbers. One above the lease would be given
		// out again after a crash, and the platform would take the new record for a repeat.
		o.toMemory()
	}
	it.due = o.now().Add(o.opt.Delay[l])
	for _, d := range forgets {
		o.losses = forgetLoss(o.losses, d)
		o.lossesChanged()
	}
	if len(body) > maxBody {
		it.First, ln.next = ln.next, ln.next+uint64(it.N)
		o.drop(it)
	} else {
		ln.push(it)
		o.shed()
	}
	if o.urgent(l) {
		o.signal(o.wake)
	}
	o.signal(o.more)
	if o.epoch == "" {
		return 0
	}
	return it.First
}

// urgent reports whether the disk goroutine has to look at its plan again after a Put.
func (o *Outbox) urgent(l Lane) bool {
	ln := &o.lanes[l]
	return len(ln.win)-ln.saved <= 1 || ln.pressed(o.opt.Memory[l]) || ln.leaseLow(l)
}

// toMemory begins an epoch of this run alone, in which numbers need no lease. Records that had
// numbers keep them as Orig. When the file works again it is adopted. The caller holds the lock.
func (o *Outbox) toMemory() {
	if o.epoch != "" && !o.ram {
		o.home = home{epoch: o.epoch}
		for l := range o.lanes {
			o.home.next[l] = o.lanes[l].next
		}
	}
	o.renumber(newEpoch(), [laneCount]uint64{1, 1, 1})
	o.ram = true
	for l := range o.lanes {
		o.lanes[l].lease = math.MaxUint64
	}
	o.opt.Log.Warn("buffer: numbering in memory", "epoch", o.epoch)
	o.signal(o.more)
	o.signal(o.wake)
}

func newEpoch() string { return epochText(rand.Uint32N(math.MaxUint32) + 1) }

// Next returns up to max records of a lane that are not acknowledged and have numbers above
// after, oldest first; none before the epoch is known. What only the disk has is waited for at
// most 50 ms and not at all while the disk is slow; More tells when it has come. Records that
// cannot be read hold up younger ones of their lane, except alarms, which nothing holds up.
func (o *Outbox) Next(l Lane, after uint64, max int) []Record {
	for wait := !o.slow.Load(); ; wait = false {
		o.mu.Lock()
		recs, missing := o.collect(l, after, max)
		fetched := o.lanes[l].fetched
		wait = wait && o.attached
		o.mu.Unlock()
		if len(recs) > 0 || !missing || !wait {
			return recs
		}
		patience := time.NewTimer(readWait)
		select {
		case <-fetched:
		case <-patience.C:
		}
		patience.Stop()
	}
}

// collect is Next without waiting; missing says that the disk has been asked for more.
func (o *Outbox) collect(l Lane, after uint64, max int) (recs []Record, missing bool) {
	ln := &o.lanes[l]
	if o.closed || o.epoch == "" {
		return nil, false
	}
	low := ln.low()
	add := func(r Record) {
		if r.last() > after && len(recs) < max && !ln.acked.covers(r.span()) {
			r.Epoch = o.epoch
			recs = append(recs, r)
		}
	}
	for k := ln.blockAfter(after); k < len(ln.disk) && ln.disk[k].From < low; k++ {
		b := ln.disk[k]
		if ln.acked.covers(b.Range) {
			continue
		}
		if len(recs) >= max {
			return recs, false
		}
		page, ok := ln.cached(b)
		if !ok {
			ln.want = &after
			o.signal(o.wake)
			missing = true
			if l == Alarm && (!o.attached || o.slow.Load()) {
				break
			}
			return recs, true
		}
		for _, r := range page {
			if r.First < low {
				add(r)
			}
		}
	}
	for i := ln.after(after); i < len(ln.win) && len(recs) < max; i++ {
		add(ln.win[i].Record)
	}
	return recs, missing
}

// Ack removes exactly r from a lane; what is below it stays. Numbers of another epoch than the
// present one are ignored. What was not yet on the disk never gets there.
func (o *Outbox) Ack(epoch string, l Lane, r Range) {
	o.mu.Lock()
	defer o.mu.Unlock()
	ln := &o.lanes[l]
	r.From, r.To = max(r.From, 1), min(r.To, ln.next-1)
	if epoch == "" || epoch != o.epoch || r.From > r.To {
		return
	}
	if ln.ack(r, o.now()) {
		o.signal(o.wake)
	}
}

// Tail returns the last number given out, 0 for none: the line between backlog and live.
func (o *Outbox) Tail(l Lane) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.epoch == "" {
		return 0
	}
	return o.lanes[l].next - 1
}

// Epoch returns what the numbers belong to; "" until it is known, at most 2 s after Open. It
// changes when the store had to be made anew, and when the file comes or goes for long.
func (o *Outbox) Epoch() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.epoch
}

// Flushed returns the number up to which everything in the lane is on the disk or acknowledged.
func (o *Outbox) Flushed(l Lane) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	ln := &o.lanes[l]
	switch {
	case o.epoch == "":
		return 0
	case ln.saved < len(ln.win):
		return ln.win[ln.saved].First - 1
	}
	return ln.next - 1
}

// More wakes its one reader when there may be something new to send, or another epoch.
func (o *Outbox) More() <-chan struct{} { return o.more }

// Close writes what is left, with exact numbers, and closes the file. It waits 2 s for the disk.
func (o *Outbox) Close() error {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return nil
	}
	o.closed = true
	o.mu.Unlock()
	close(o.quit)
	patience := time.NewTimer(closeWait)
	defer patience.Stop()
	select {
	case <-o.done:
	case <-patience.C:
		return fmt.Errorf("buffer: close: the disk does not answer; %d records were in memory alone",
			o.unsaved())
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

func (o *Outbox) unsaved() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for l := range o.lanes {
		n += len(o.lanes[l].win) - o.lanes[l].saved
	}
	return n
}

// now is the monotonic clock. No decision reads the wall.
func (o *Outbox) now() time.Time { return time.Now() }

func (o *Outbox) signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
