package agent

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/keeper"
)

// recallTime is how long the start waits for the state directory. A card that takes longer is dead
// or dying, and the siren does not wait for it.
const recallTime = 2 * time.Second

// memory is what the previous run left, and the way to leave something for the next one.
type memory struct {
	boot   uint32      // number of this run
	saved  alarm.Saved // with the number of the run before
	lost   error       // what could not be read
	faults *faults
	late   chan *keeper.Keeper // gives the keeper when the directory answered too late

	mu     sync.Mutex
	keep   *keeper.Keeper // nil: the directory has not answered yet
	newest *alarm.Saved
}

// recall reads the saved state. Without it the panel begins with nothing disabled: the safe side is
// a noisy side.
func (a *Agent) recall() *memory {
	m := &memory{late: make(chan *keeper.Keeper, 1)}
	var saved alarm.Saved
	var lost error
	opened := make(chan struct{})
	go func() {
		var k *keeper.Keeper
		k, saved, lost = a.open(a.o.Dir, keeper.Options{Notice: m.notice, Log: a.log})
		m.late <- k
		close(opened)
	}()
	patience := time.NewTimer(recallTime)
	defer patience.Stop()
	select {
	case <-opened:
		m.keep, m.boot, m.saved, m.lost = <-m.late, saved.Boot, saved, lost
	case <-patience.C:
		// The number of this run is not known. One drawn from the upper half is no earlier run's.
		m.boot = math.MaxInt32 + rand.Uint32N(math.MaxInt32)
		m.lost = fmt.Errorf("the state directory %s did not answer within %v", a.o.Dir, recallTime)
	}
	m.saved.Boot = m.boot - 1
	return m
}

// save hands on what must survive; it never waits for the disk.
func (m *memory) save(s *alarm.Saved) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.newest = s
	if m.keep != nil {
		m.keep.Save(s)
	}
}

// adopt begins to write with a keeper whose directory answered late. What it has read comes too
// late, too: this run has begun without it.
func (m *memory) adopt(k *keeper.Keeper) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep = k
	if m.newest != nil {
		k.Save(m.newest)
	}
}

func (m *memory) keeper() *keeper.Keeper {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keep
}

// run writes what is handed on until ctx ends, and then what is left.
func (m *memory) run(ctx context.Context) error {
	if m.keeper() == nil {
		select {
		case k := <-m.late:
			m.adopt(k)
		case <-ctx.Done():
			return nil
		}
	}
	return m.keeper().Run(ctx)
}

// notice passes on what the keeper knows about itself. It knows nothing before run.
func (m *memory) notice(n alarm.Notice) { m.faults.say("keeper", n.Fault, n.On, n.Detail) }
