package buffer

import (
	"errors"
	"fmt"
	"time"
)

const (
	strikeCalm = time.Hour   // without a strike, and the next is a first one again
	strikeWait = time.Second // between the second and the rescue
)

// A crash is a panic that guarded caught.
type crash struct {
	value any
	stack []byte
}

// Error implements error.
func (c *crash) Error() string { return fmt.Sprintf("panic: %v", c.value) }

func isCrash(err error) bool { return errors.As(err, new(*crash)) }

// turn is work that outlives a panic of this package's own code. What the file holds may be the
// cause, and then the panic would come again at every start of the process.
func (o *Outbox) turn() (wait time.Duration) {
	err := guarded(func() error {
		wait = o.work()
		return nil
	})
	if err != nil {
		o.struck(err)
		return 0
	}
	return wait
}

// end is finish likewise.
func (o *Outbox) end() {
	err := guarded(func() error {
		o.finish()
		return nil
	})
	if err != nil {
		o.struck(err)
		o.detach()
	}
}

// struck is strike, of which a panic is logged and no more: what keeps the loop from running hot
// has been done by then.
func (o *Outbox) struck(err error) {
	err = guarded(func() error {
		o.strike(err)
		return nil
	})
	if err != nil {
		_ = guarded(func() error {
			o.fail(err)
			return nil
		})
	}
}

// strike closes a file that was found damaged while it was open, or over which this package
// panicked. The first strike of an hour has it read anew at once, which sets aside what is
// damaged. After the second it is set aside even though it looks sound, and what is in it moves to
// a new one. Where that did not help, the fault is not the file's: the records stay in memory, and
// each Retry is one more attempt.
func (o *Outbox) strike(err error) {
	o.detach()
	now := o.now()
	if now.Sub(o.struckAt) > strikeCalm {
		o.strikes = 0
	}
	o.struckAt, o.strikes = now, o.strikes+1
	switch o.strikes {
	case 1:
		o.openAt = now
	case 2:
		o.openAt, o.suspect = now.Add(strikeWait), err
	default:
		o.openAt = now.Add(o.opt.Retry)
	}
	o.fail(err)
	if c := (*crash)(nil); errors.As(err, &c) {
		o.opt.Log.Error("buffer: panic", "err", err, "stack", string(c.stack))
	}
	if isCrash(err) || o.strikes > 1 {
		o.notice(StorageFailed, true, err.Error())
	}
	if o.isHopeless() {
		o.leave()
	}
}

// isHopeless reports whether a new file has not helped.
func (o *Outbox) isHopeless() bool { return o.strikes > 2 }

// leave goes on in memory, where nothing counts as written that may not be.
func (o *Outbox) leave() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ram {
		o.toMemory()
	}
}
