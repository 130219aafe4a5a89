package ledger

import (
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// outcome is what came of one call of the disk.
type outcome struct {
	err     error
	isRead  bool
	records []record // of a read
	cut     bool
	batch   []*entry // of a write
	whole   bool
	size    int
}

// call lets the disk do something without waiting for it. Only one call is under way at a time.
func (l *Ledger) call(now time.Time, fn func() outcome) {
	l.busy, l.since = true, now
	go func() { l.done <- fn() }()
}

func (l *Ledger) load() {
	f := l.file
	l.call(l.began, func() outcome {
		o := outcome{isRead: true}
		data, err := f.read()
		if o.err = err; err == nil {
			o.records, o.cut, o.err = parse(data)
		}
		o.size = len(data)
		return o
	})
}

// write hands on what the file does not have yet. All that has gathered meanwhile costs one sync.
func (l *Ledger) write(now time.Time) {
	if l.busy || !l.read || len(l.dirty) == 0 && !l.absent || now.Before(l.retry) {
		return
	}
	batch := append(l.dirty, l.later...)
	l.dirty, l.later = nil, nil
	o := outcome{batch: batch, whole: l.whole || l.size > l.limit}
	list := batch
	if o.whole {
		list = l.order
	}
	var lines []byte
	for _, e := range list {
		lines = appendLine(lines, &e.record)
	}
	for _, e := range batch {
		e.dirty = false
	}
	o.size = len(lines)
	f, aside := l.file, l.aside
	l.call(now, func() outcome {
		if o.whole {
			o.err = f.replace(lines, aside)
		} else {
			o.err = f.add(lines)
		}
		return o
	})
}

// settle goes on after a call of the disk.
func (l *Ledger) settle(o outcome, now time.Time) {
	l.busy = false
	switch {
	case o.isRead:
		l.remember(o, now)
	case o.err != nil:
		l.fail(o, now)
	default:
		if l.failed {
			l.failed = false
			l.Log.Info("ledger is written again")
			l.Notice(string(alarm.StorageFailed), false, "")
		}
		l.size += o.size
		if o.whole {
			l.whole, l.aside, l.absent = false, false, false
			l.size, l.limit = o.size, 2*o.size+slack
		}
		for _, e := range o.batch {
			if !e.dirty && e.unwritten() {
				l.proceed(e, now)
			}
		}
	}
}

// fail notes that a write has failed. What it wrote of a line may be there, so that the file must
// be replaced.
func (l *Ledger) fail(o outcome, now time.Time) {
	for _, e := range o.batch {
		l.mark(e)
	}
	l.whole, l.retry = true, now.Add(retryAfter)
	if !l.failed {
		l.Log.Error("ledger", "err", o.err)
	}
	l.failed = true
	l.Notice(string(alarm.StorageFailed), true, "ledger: "+o.err.Error())
}

// mark notes that the file does not have the state of a command.
func (l *Ledger) mark(e *entry) {
	if e.dirty {
		return
	}
	e.dirty = true
	l.dirty = append(l.dirty, e)
	if len(l.dirty) > mostKept { // The disk has hung for long; all of it will be written anew.
		l.whole = true
		l.dirty = slices.DeleteFunc(l.dirty, func(e *entry) bool {
			e.dirty = !e.Told
			return e.Told
		})
	}
}

// remember takes over what the runs before have left. Without it the ledger starts empty, and is
// wary of what is older than this run.
func (l *Ledger) remember(o outcome, now time.Time) {
	l.read, l.whole = true, true
	switch {
	case errors.Is(o.err, fs.ErrNotExist):
		// Written at once, though empty: the next run must not take it for lost.
		l.lost, l.absent = l.Boot > 1, true
	case o.err != nil:
		l.lost, l.aside = true, true
	default:
		l.whole, l.size, l.limit = o.cut, o.size, o.size+slack
	}
	if l.lost {
		l.Log.Error("ledger: what earlier runs were told is lost", "err", o.err)
	}
	var old []*entry
	for i := range o.records {
		e := &entry{record: o.records[i]}
		if l.byID[e.ID] != nil {
			continue // obeyed from memory, before the disk has answered
		}
		l.byID[e.ID] = e
		old = append(old, e)
	}
	l.order = append(old, l.order...)
	l.forget()
	for _, e := range old {
		if !e.isOver() || !e.Told {
			l.open = append(l.open, e)
			l.resume(e, now)
		}
	}
}

// forget drops what is too old, or too much.
func (l *Ledger) forget() {
	wall, known := l.Wall()
	excess := len(l.order) - mostKept
	l.order = slices.DeleteFunc(l.order, func(e *entry) bool {
		isOld := known && e.At > 0 && wall.Sub(time.UnixMilli(e.At)) > keptFor
		if !e.isOver() || !e.Told || excess <= 0 && !isOld {
			return false
		}
		excess--
		delete(l.byID, e.ID)
		return true
	})
}

// end writes what is left, if the disk answers soon enough.
func (l *Ledger) end() {
	timer := time.NewTimer(endTime)
	defer timer.Stop()
	l.ending = true
	for l.busy || len(l.dirty)+len(l.later) > 0 && l.read && !l.failed {
		l.dirty, l.later = append(l.dirty, l.later...), nil
		l.write(time.Now())
		select {
		case o := <-l.done:
			l.settle(o, time.Now())
		case <-timer.C:
			return
		}
	}
}
