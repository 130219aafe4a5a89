// Package ledger keeps the commands of the district, so that each is obeyed at most once and comes
// to exactly one end, over repeats, restarts and power cuts. It must never let the guard or the
// courier wait, and never act upon a command that it may have acted upon before.
//
// What is to be done is on the disk before the panel is asked, and what came of it before the
// district is told. A disk that does not answer within a second stops neither an order that makes
// the site safer nor an answer: it is given from memory, and says so.
package ledger

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
)

const (
	mostKept   = 2000
	keptFor    = 30 * 24 * time.Hour
	mostOpen   = 64 // commands that are not over yet
	inbox      = 16
	patience   = time.Second      // with the disk
	answerTime = 10 * time.Second // of the panel, which answers within a step
	retryAfter = 5 * time.Second  // a write that failed
	lookEvery  = time.Second
	endTime    = 500 * time.Millisecond
	readAhead  = 64
)

// Ring gives the panel's events; *guard.Ring is one.
type Ring interface {
	More() <-chan struct{}
	Next(after uint64, dst []alarm.Event) (events []alarm.Event, missed uint64)
}

// Config is what a Ledger works with. No function in it may wait. All but Log are required.
type Config struct {
	Dir     string
	Boot    uint32                    // number of this run: only the first one may find no file
	Outputs func() []alarm.OutputPlan // of the plan that holds

	Ring     Ring
	Snapshot func() *alarm.Snapshot
	Submit   func(alarm.Command) error
	Now      func() point.Instant
	// Wall is the time of day. known is false while it may be wrong by more than a minute.
	Wall func() (now time.Time, known bool)
	// Answer sends the stored body of an answer.
	Answer func(body []byte)
	// Read packs the present values of points; nil: one of them is unknown.
	Read func([]point.ID) []byte
	// Offer hands on a site file, which may begin until a moment and never later; false: another
	// one is on its way. Offered tells what has become of it, in the words of an answer, or in none
	// when it has begun; known: it has been looked at.
	Offer   func(id string, f wire.SiteFile, expires, until time.Time) bool
	Offered func(id string) (r wire.Rsp, known bool)
	// Republish asks for up/active once more.
	Republish func()
	// Resend sends what is still held of some numbers and declares the others. It returns the
	// reason of a rejection; empty: none.
	Resend func(wire.Numbers) (reason string)
	// Notice is told when the fault storage_failed begins or ends.
	Notice func(code string, on bool, detail string)
	Log    *slog.Logger // nil: discard
}

// Ledger is one box's ledger. New makes it.
type Ledger struct {
	Config
	file disk
	in   chan delivery
	done chan outcome // of the one call of the disk that is under way
	last atomic.Pointer[string]

	byID  map[string]*entry
	order []*entry // as they came
	open  []*entry // of these, the ones that are not over
	seen  uint64   // position in the ring

	began  time.Time // of reading the file; zero: not yet
	read   bool      // it has been read, or cannot be
	lost   bool      // it could not be
	absent bool      // there is no file yet
	aside  bool      // it lies there and is worthless
	busy   bool      // a call of the disk is under way
	since  time.Time // when that began
	failed bool      // the last one did
	retry  time.Time // not before it
	whole  bool      // the file must be replaced
	size   int       // of the file
	limit  int       // above which it is replaced
	dirty  []*entry  // whose state the file does not have
	later  []*entry  // likewise, but it can wait for the next write
	ending bool      // nothing new is begun
}

// disk is what a Ledger needs of its file.
type disk interface {
	read() ([]byte, error)
	add(lines []byte) error
	replace(lines []byte, aside bool) error
}

// delivery is one command that came in.
type delivery struct {
	wire.Command
	done func() // it need not be delivered again
}

// New returns a ledger. It touches nothing but memory.
func New(c Config) *Ledger {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Ledger{
		Config: c, file: file{c.Dir}, in: make(chan delivery, inbox), done: make(chan outcome, 1),
		byID: make(map[string]*entry),
	}
}

// Take takes a command over; one that is malformed has no Name. done is called once it need not be
// delivered again. Take never waits: it returns false when too many commands wait.
func (l *Ledger) Take(c wire.Command, done func()) bool {
	select {
	case l.in <- delivery{c, done}:
		return true
	default:
		return false
	}
}

// Last is the id of the command that came last in this run; empty: none. Any goroutine may call it.
func (l *Ledger) Last() string {
	if id := l.last.Load(); id != nil {
		return *id
	}
	return ""
}

// Run answers commands until ctx ends. After a panic it may be called again.
func (l *Ledger) Run(ctx context.Context) error {
	if l.began.IsZero() {
		l.began = time.Now()
		l.load()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		more := l.Ring.More()
		l.follow()
		l.attend(time.Now())
		l.write(time.Now())
		timer.Reset(time.Until(l.wake(time.Now())))
		in := l.in
		if !l.read && time.Since(l.began) < patience {
			in = nil // what came before may come again
		}
		select {
		case <-ctx.Done():
			l.end()
			return nil
		case d := <-in:
			l.take(d, time.Now())
		case o := <-l.done:
			l.settle(o, time.Now())
		case <-more:
		case <-timer.C:
		}
	}
}

// wake is the next moment at which something is due without a cause from outside.
func (l *Ledger) wake(now time.Time) time.Time {
	at := now.Add(time.Minute)
	sooner := func(x time.Time) {
		if x.Before(at) {
			at = x
		}
	}
	if late := l.began.Add(patience); !l.read && now.Before(late) {
		sooner(late)
	}
	if len(l.dirty) > 0 && !l.busy && l.read {
		sooner(l.retry)
	}
	for _, e := range l.open {
		switch {
		case e.unwritten() && l.isStuck(now):
			return now
		case e.unwritten():
			sooner(e.patience)
		case e.stage == asked:
			sooner(e.until)
		case e.stage == pursued:
			sooner(now.Add(lookEvery))
		}
	}
	return at
}

// isStuck tells whether the disk is not to be waited for.
func (l *Ledger) isStuck(now time.Time) bool {
	return !l.read || l.failed || l.busy && now.Sub(l.since) >= patience
}

// attend does what time alone does.
func (l *Ledger) attend(now time.Time) {
	for _, e := range slices.Clone(l.open) {
		if e.unwritten() && (l.isStuck(now) || !now.Before(e.patience)) {
			e.Memory = true
			l.proceed(e, now)
		}
		switch {
		case e.stage == asked && !now.Before(e.until):
			l.finish(e, now, wire.Rsp{State: wire.RspInterrupted})
		case e.stage == pursued:
			l.look(e, now)
		}
	}
}
