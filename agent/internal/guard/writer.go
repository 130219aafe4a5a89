package guard

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Times of a writer.
const (
	repeat     = time.Second            // a level is given again, should a relay have glitched
	retry      = 100 * time.Millisecond // after a failure
	slowRetry  = 2 * time.Second        // opening slows down to it
	openGrace  = 2 * time.Second        // a node of /dev may come later than the agent
	reopenSets = 20                     // failures running after which the output is opened anew
	lastTries  = 3                      // at the end
	grain      = 10 * time.Millisecond  // every edge of a pattern lies on a multiple of it
)

var errReadBack = errors.New("its read-back says otherwise")

// wish is a pattern and when it began.
type wish struct {
	pattern alarm.Pattern
	since   point.Instant
}

// writer drives one output. It alone waits for the output.
type writer struct {
	g      *Guard
	cfg    Output
	mail   mailbox[wish]
	finish chan struct{}

	// Of the guard's goroutine.
	ordered       bool
	wanted, given alarm.Pattern
	anew, began   uint8 // of the wish, and of what was given: see alarm.Wish

	// Of the writer's goroutine.
	dev   drivers.Output
	wish  wish
	on    bool
	fails int

	busy    access
	done    atomic.Int64 // when the last access ended, with or without success, as an Instant
	failure atomic.Pointer[string]
	shown   atomic.Bool
	sets    atomic.Uint64
	slowest peak
}

// run drives the output until the guard ends. It does not look at its context: an output that
// answers after the guard has ended is still brought to its last level.
func (w *writer) run(context.Context) error {
	beat := w.g.cfg.Beat()
	defer beat.Stop()
	for {
		select {
		case w.wish = <-w.mail:
		default:
		}
		beat.Arm(w.drive())
		select {
		case w.wish = <-w.mail:
		case <-beat.C():
		case <-w.finish:
			w.rest()
			return nil
		}
	}
}

// drive gives the level of this moment and returns how long it is good for.
func (w *writer) drive() time.Duration {
	now := w.g.Now()
	since := now.Sub(w.wish.since)
	on := w.wish.pattern.On(since)
	wait := nextEdge(w.wish.pattern, since, repeat)
	if err := w.set(now, on); err != nil {
		wait = min(wait, w.failed(err))
	} else {
		w.worked()
	}
	return wait - w.g.Now().Sub(now)
}

// set opens the output with its level, or gives the level to the open one, and reads it back.
func (w *writer) set(now point.Instant, on bool) error {
	w.busy.begin(now)
	defer func() {
		end := w.g.Now()
		w.done.Store(int64(end))
		w.busy.end()
		w.slowest.peak(end.Sub(now))
	}()
	w.on = on
	w.shown.Store(on)
	_, err := w.g.safely("output "+string(w.cfg.ID), func() (err error) {
		opened := w.dev == nil
		if opened {
			if w.dev, err = w.cfg.Open(on); err != nil {
				w.dev = nil
				return err
			}
		}
		// That one which failed can be opened anew does not show that it obeys again.
		if !opened || w.fails > 0 {
			if err := w.dev.Set(on); err != nil {
				return err
			}
		}
		w.sets.Add(1)
		return readBack(w.dev, on)
	})
	return err
}

func readBack(dev drivers.Output, on bool) error {
	c, ok := dev.(drivers.Checker)
	if !ok {
		return nil
	}
	switch is, err := c.State(); {
	case err != nil:
		return err
	case is != on:
		return errReadBack
	}
	return nil
}

// failed shows a failure and returns when to try again.
func (w *writer) failed(err error) time.Duration {
	w.fails++
	text := err.Error()
	early := w.dev == nil && w.g.Now() < point.Instant(openGrace)
	if was := w.failure.Load(); !early && (was == nil || *was != text) {
		w.failure.Store(&text)
		w.g.report(slog.LevelError, "output failed", "output", w.cfg.ID, "err", err)
		w.g.poke()
	}
	if w.dev == nil {
		return min(retry<<min(w.fails-1, 8), slowRetry)
	}
	if w.fails%reopenSets == 0 {
		w.close()
	}
	return retry
}

func (w *writer) worked() {
	w.fails = 0
	if w.failure.Swap(nil) != nil {
		w.g.report(slog.LevelInfo, "output works again", "output", w.cfg.ID)
		w.g.poke()
	}
}

// rest leaves the output as it is to be without the guard, and gives it back. An alarm that is kept
// is on without its pattern: nobody is left to end a gap.
func (w *writer) rest() {
	select {
	case w.wish = <-w.mail: // the last wish counts, even if it came with the end
	default:
	}
	on := w.cfg.Keep && w.wish.pattern.IsAlarm()
	if w.dev == nil && !on {
		return
	}
	err := w.set(w.g.Now(), on)
	for tries := 1; err != nil && tries < lastTries; tries++ {
		pause(context.Background(), retry)
		err = w.set(w.g.Now(), on)
	}
	if err != nil {
		w.g.report(slog.LevelError, "output failed", "output", w.cfg.ID, "err", err)
	}
	w.close()
}

// close gives the output back; its level stays where the hardware leaves it.
func (w *writer) close() {
	if c, ok := w.dev.(io.Closer); ok {
		w.dev = nil
		_, _ = w.g.safely("output "+string(w.cfg.ID), c.Close) // nothing is left to do with it
	}
}

// trouble says what is wrong with the output; empty: nothing.
func (w *writer) trouble(now point.Instant) string {
	if w.busy.lasts(now) > hungAfter {
		return "no answer for 3 s"
	}
	if text := w.failure.Load(); text != nil {
		return *text
	}
	return ""
}

// answered is when the last access came to an end. One that failed counts: a new process would not
// heal it, and the fault is shown.
func (w *writer) answered() point.Instant { return point.Instant(w.done.Load()) }

// nextEdge is how long after since the level of p changes, and at most limit.
func nextEdge(p alarm.Pattern, since, limit time.Duration) time.Duration {
	level := p.On(since)
	for at := since.Truncate(grain) + grain; at < since+limit; at += grain {
		if p.On(at) != level {
			return at - since
		}
	}
	return limit
}
