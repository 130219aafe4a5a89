package guard

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// visitTime is how long a bus must be free for a visit. A transfer takes a tenth of it; one that
// takes longer makes the next reading late, and whoever visits then stops.
const visitTime = 20 * time.Millisecond

// ErrNoBus is returned when no sensor of the site is on a bus.
var ErrNoBus = errors.New("no sensor is on it")

// Visit has the goroutine that owns a bus call fn, between two accesses of its own and while none
// of its sensors is due. fn makes one transfer at most. Visit fails with ErrNoBus, or when ctx ends
// first: then fn may still be called, or hang with the bus.
func (g *Guard) Visit(ctx context.Context, bus string, fn func()) error {
	for _, p := range g.pollers {
		if p.name != bus {
			continue
		}
		done := make(chan struct{})
		visit := func() {
			defer close(done)
			fn()
		}
		select {
		case p.visits <- visit:
		case <-ctx.Done():
			return fmt.Errorf("%s has no time for it: %w", bus, ctx.Err())
		}
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%s hangs: %w", bus, ctx.Err())
		}
	}
	return fmt.Errorf("%s: %w", bus, ErrNoBus)
}

// guests are let in while nothing is due for longer than a visit takes; nil: they wait.
func (p *poller) guests(free time.Duration) <-chan func() {
	if free < visitTime {
		return nil
	}
	return p.visits
}

// receive lets one guest use the bus.
func (p *poller) receive(visit func()) {
	p.busy.begin(p.g.Now())
	defer p.busy.end()
	_, _ = p.g.safely("visit of "+p.name, func() error { // it tells its own errors
		visit()
		return nil
	})
}
