package guard

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// notReadyTries is how many periods a conversion may take before it is begun anew.
const notReadyTries = 2

// poller reads the sensors of one bus. A transfer that hangs stops it and nothing else. It never
// judges.
type poller struct {
	g       *Guard
	name    string
	all     []*device // never changes
	devices []*polled // of the poller's goroutine; nil before it runs

	contacts sync.WaitGroup
	visits   chan func()

	streak int // accesses that failed, since a good one
	out    outage

	noEdges       atomic.Bool // a contact of it cannot wake its reader
	busy          access
	reads, errors atomic.Uint64
	late          [len(LateBounds)]atomic.Uint64
	latest        peak
}

// polled is a device as its poller sees it.
type polled struct {
	*device
	due        point.Instant // when it is to be served
	base       point.Instant // conversions begin at base + n periods, so that they do not drift
	converting bool          // between Start and Read
	started    point.Instant
	retryAt    point.Instant // it is left alone until then
	opens      int           // failed tries to open it at first
	tried      point.Instant // when it was last begun
	bad        bool          // its newest access failed
	again      bool          // and is tried a second time
}

func (p *poller) run(ctx context.Context) error {
	p.poll(ctx)
	for _, d := range p.devices {
		d.close()
	}
	p.contacts.Wait()
	return nil
}

// poll serves what has to be asked, and ends when nothing of it is left.
func (p *poller) poll(ctx context.Context) {
	beat := p.g.cfg.Beat()
	defer beat.Stop()
	if p.devices == nil {
		for _, d := range p.all {
			p.devices = append(p.devices, &polled{device: d, due: p.g.Now()})
		}
	}
	for len(p.devices) > 0 && ctx.Err() == nil {
		now := p.g.Now()
		d := p.next(now)
		if wait := d.due.Sub(now); wait > 0 {
			beat.Arm(wait)
			select {
			case <-ctx.Done():
			case <-beat.C():
			case visit := <-p.guests(wait):
				p.receive(visit)
			}
			continue
		}
		p.busy.begin(now)
		p.serve(ctx, d, now)
		p.busy.end()
	}
}

// next is the device to be served first.
func (p *poller) next(now point.Instant) *polled {
	var first *polled
	for _, d := range p.devices {
		if !d.converting && p.converts(d.cfg.Chip) {
			continue // the other sensor of its chip comes first
		}
		if first == nil || before(d, first, now) {
			first = d
		}
	}
	return first
}

// converts tells whether a conversion of chip is under way.
func (p *poller) converts(chip string) bool {
	return chip != "" && slices.ContainsFunc(p.devices, func(d *polled) bool {
		return d.converting && d.cfg.Chip == chip
	})
}

// before tells whether a is served before b: of two that are due an alarm input, then the one that
// was due first. One that is late by a period counts as urgent: it is not put off for ever.
func before(a, b *polled, now point.Instant) bool {
	if aDue, bDue := a.due <= now, b.due <= now; !aDue || !bDue {
		return a.due < b.due
	}
	if aFirst, bFirst := a.urgent(now), b.urgent(now); aFirst != bFirst {
		return aFirst
	}
	return a.due < b.due
}

// urgent: one that fails does not put off those that work.
func (d *polled) urgent(now point.Instant) bool {
	return d.cfg.Urgent && d.fails < failedAfter || now.Sub(d.due) > d.cfg.Period
}

// serve makes one access at most two calls long: an opening, a Start or a Read.
func (p *poller) serve(ctx context.Context, d *polled, now point.Instant) {
	switch {
	case d.converting:
		p.read(d)
	case p.rests(d, now):
		d.giveBad()
		d.due = p.slot(d, now)
		p.g.poke()
	case p.tries(d, now) || d.mustReopen():
		p.open(ctx, d)
	default:
		p.start(d, now)
	}
}

func (p *poller) open(ctx context.Context, d *polled) {
	first := !d.opened
	if err := d.open(); err != nil {
		if !first {
			p.failed(d, err)
			return
		}
		d.due = p.g.Now().Add(min(retry<<min(d.opens, 8), slowRetry))
		d.opens++
		return
	}
	if c, ok := d.dev.(drivers.Waiter); ok {
		p.devices = slices.DeleteFunc(p.devices, func(o *polled) bool { return o == d })
		contact := &contact{device: d.device, waiter: c}
		if l, ok := d.dev.(interface{ Interrupts() bool }); ok && !l.Interrupts() {
			p.noEdges.Store(true)
			p.g.report(slog.LevelWarn, "no interrupts: asked every 20 ms", "sensor", d.cfg.Name)
		}
		p.contacts.Go(func() {
			p.g.Keep(ctx, "contact "+d.cfg.Name, contact.run)
			contact.close()
		})
		return
	}
	if first {
		d.base = p.g.Now()
	}
	p.start(d, p.g.Now())
}

func (p *poller) start(d *polled, now point.Instant) {
	p.count(now.Sub(d.due))
	wait, err := d.start()
	switch {
	case errors.Is(err, drivers.ErrNotReady):
		d.due = p.g.Now().Add(d.tenth())
	case err != nil:
		p.failed(d, err)
	default:
		d.converting, d.started = true, now
		d.due = p.g.Now().Add(wait)
	}
}

func (p *poller) read(d *polled) {
	_, err := d.read()
	now := p.g.Now()
	if errors.Is(err, drivers.ErrNotReady) {
		p.answered(d, now)
		d.due = now.Add(d.tenth())
		// Nothing new is no failure, but a conversion may have been lost.
		d.converting = now.Sub(d.started) < notReadyTries*d.cfg.Period
		return
	}
	if err != nil {
		p.failed(d, err)
		return
	}
	p.answered(d, now)
	d.converting = false
	d.due = d.slot(now)
	p.reads.Add(1)
	p.g.poke()
}

func (p *poller) failed(d *polled, err error) {
	p.errors.Add(1)
	now := p.g.Now()
	d.converting = false
	again := p.secondTry(d, err)
	if errors.Is(err, drivers.ErrRange) {
		p.answered(d, now) // with what cannot be: the wire behind the part is cut, not the bus
	} else {
		p.missed(d, now, err)
	}
	if d.again = again; again {
		d.due = now.Add(min(d.tenth(), longestAgain))
		return
	}
	d.failed(err)
	d.retryAt = now.Add(d.backoff(lastBackoff))
	d.due = p.slot(d, now)
	p.g.poke()
}

// slot is the next moment of the device's fixed phase.
func (d *polled) slot(now point.Instant) point.Instant {
	n := now.Sub(d.base)/d.cfg.Period + 1
	return d.base.Add(n * d.cfg.Period)
}

// tenth is when something that was not ready is asked again.
func (d *polled) tenth() time.Duration { return max(d.cfg.Period/10, time.Millisecond) }

func (p *poller) count(late time.Duration) {
	p.latest.peak(late)
	for i, bound := range LateBounds {
		if late <= bound {
			p.late[i].Add(1)
			return
		}
	}
}

// trouble says that the bus hangs, or that nothing on it answers; empty: neither. With one device
// on it nobody can tell whose fault it is, and the device has its own.
func (p *poller) trouble(now point.Instant) string {
	switch {
	case p.busy.lasts(now) > busAfter:
		return "no answer for 2 s"
	case len(p.all) > 1 && p.out.since.lasts(now) > busAfter:
		return "nothing on it answers"
	}
	return ""
}
