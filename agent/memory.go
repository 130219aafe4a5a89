package agent

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/keeper"
)

// recallTime is how long the start waits for the state directory. A card that takes longer is dead
// or dying, and the siren does not wait for it.
const recallTime = 2 * time.Second

// memory is what the previous run left, and the way to leave something for the next one.
type memory struct {
	keep  *keeper.Keeper // nil: the state directory did not answer
	saved alarm.Saved
	lost  error // what could not be read
	guard atomic.Pointer[guard.Guard]
}

// recall reads the saved state. Without it the panel begins with nothing disabled: the safe side is
// a noisy side.
func (a *Agent) recall() *memory {
	got := make(chan *memory, 1)
	go func() {
		m := &memory{}
		m.keep, m.saved, m.lost = keeper.Open(a.o.Dir, keeper.Options{Notice: m.notice, Log: a.log})
		got <- m
	}()
	late := time.NewTimer(recallTime)
	defer late.Stop()
	select {
	case m := <-got:
		return m
	case <-late.C:
		// The number of this run is not known. One drawn from the upper half is no earlier run's.
		boot := math.MaxInt32 + rand.Uint32N(math.MaxInt32)
		return &memory{
			saved: alarm.Saved{Boot: boot},
			lost:  fmt.Errorf("the state directory %s did not answer within %v", a.o.Dir, recallTime),
		}
	}
}

// save hands on what must survive; it never waits.
func (m *memory) save(s *alarm.Saved) {
	if m.keep != nil {
		m.keep.Save(s)
	}
}

// start begins to write what is handed on. It goes on when ctx has ended, until end is called: the
// guard may still have a word for the next run. written is closed when nothing more is written.
func (m *memory) start(ctx context.Context, g *guard.Guard) (end func(), written <-chan struct{}) {
	done := make(chan struct{})
	ctx, end = context.WithCancel(context.WithoutCancel(ctx))
	if m.keep == nil {
		close(done)
		return end, done
	}
	m.guard.Store(g)
	go func() {
		defer close(done)
		g.Keep(ctx, "keeper", m.keep.Run)
	}()
	return end, done
}

// notice passes on what the keeper knows about itself.
func (m *memory) notice(n alarm.Notice) {
	if g := m.guard.Load(); g != nil {
		g.Notice(n)
	}
}
