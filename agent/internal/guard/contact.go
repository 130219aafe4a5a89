package guard

import (
	"context"
	"errors"
	"time"

	"github.com/firepost/firepost/drivers"
)

// Times of a contact.
const (
	lookEvery = 250 * time.Millisecond // a level is read so often even without an edge
	noEdges   = 20 * time.Millisecond  // likewise when the line cannot wake
	apart     = time.Millisecond       // between two looks at a line that never rests
	again     = 2 * time.Second        // longest time between two tries of one that fails
)

// contact reads one line whose edges wake it. Only a level counts: an edge says that it is time to
// look.
type contact struct {
	*device
	waiter drivers.Waiter
}

func (c *contact) run(ctx context.Context) error {
	for ctx.Err() == nil {
		c.look()
		began := c.g.Now()
		c.await(ctx)
		if rest := apart - c.g.Now().Sub(began); rest > 0 {
			pause(ctx, rest)
		}
	}
	return nil
}

// look reads the level. What is as before can wait for the guard's own pace.
func (c *contact) look() {
	if c.mustReopen() && !c.reopen() {
		return
	}
	_, err := c.start()
	changed := false
	if err == nil {
		changed, err = c.read()
	}
	switch {
	case errors.Is(err, drivers.ErrNotReady):
	case err != nil:
		c.failed(err)
		c.g.poke()
	case changed:
		c.g.poke()
	}
}

func (c *contact) reopen() bool {
	err := c.open()
	if err == nil {
		w, ok := c.dev.(drivers.Waiter)
		if ok {
			c.waiter = w
			return true
		}
		err = errors.New("it cannot wake its reader any more")
	}
	c.failed(err)
	c.g.poke()
	return false
}

// await sleeps until it is time to look again.
func (c *contact) await(ctx context.Context) {
	if rest := c.backoff(again); rest > 0 || c.dev == nil {
		pause(ctx, max(rest, lookEvery))
		return
	}
	_, err := c.g.safely(c.name(), func() error {
		_, err := c.waiter.Wait(lookEvery)
		return err
	})
	if err != nil {
		pause(ctx, noEdges)
	}
}

// pause sleeps for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
