package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/keeper"
	"github.com/firepost/firepost/agent/point"
)

// recallTime is how long the start waits for the state directory. A card that takes longer is dead
// or dying, and the siren does not wait for it.
const recallTime = 2 * time.Second

// memory is what the previous run left, and the way to leave something for the next one.
type memory struct {
	boot   uint32      // number of this run
	saved  alarm.Saved // with the number of the run before
	lost   error       // what could not be read
	dir    string
	runDir string // in memory; empty: none
	faults *faults
	late   chan answer // gives what the directory answers

	mu     sync.Mutex
	panics panics         // of the runs before
	keep   *keeper.Keeper // nil: the directory has not answered yet
	newest *alarm.Saved
}

// answer is what comes of a state directory.
type answer struct {
	keep   *keeper.Keeper
	saved  alarm.Saved
	lost   error
	panics panics
}

// recall reads the saved state. Without it the panel begins with nothing disabled: the safe side is
// a noisy side.
func (a *Agent) recall() *memory {
	m := &memory{dir: a.o.Dir, runDir: a.o.RunDir, late: make(chan answer, 1)}
	if m.runDir != "" {
		m.panics = readPanics(m.runDir)
	}
	go func() {
		k, saved, lost := a.open(a.o.Dir, keeper.Options{Notice: m.notice, Log: a.log})
		m.late <- answer{k, saved, lost, readPanics(a.o.Dir)}
	}()
	patience := time.NewTimer(recallTime)
	defer patience.Stop()
	select {
	case got := <-m.late:
		m.keep, m.boot, m.saved, m.lost = got.keep, got.saved.Boot, got.saved, got.lost
		m.remember(got.panics)
		if m.panics.Count >= mostPanics {
			m.keep.BeginsLate(m.boot) // this run begins with a part of it, and must not lose the rest
		}
	case <-patience.C:
		// The number of this run is not known. One drawn from high above is no earlier run's, and
		// leaves room for the runs that count on from it.
		m.boot = 3<<29 + rand.Uint32N(1<<28)
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

// remember takes what the disk tells of panics, where memory tells nothing newer.
func (m *memory) remember(p panics) {
	if m.panics.At == "" {
		m.panics = p
	}
}

// adopt begins to write with a keeper whose directory answered late. This run has begun without
// what it has read: the alarms in it are raised again, the rest is put aside by the keeper, and
// people hear of it.
func (m *memory) adopt(got answer) {
	got.keep.BeginsLate(m.boot)
	m.mu.Lock()
	m.remember(got.panics)
	m.keep = got.keep
	if m.newest != nil {
		m.keep.Save(m.newest)
	}
	m.mu.Unlock()
	m.faults.g.Recall(&got.saved)
	if detail := got.missed(); detail != "" {
		m.faults.say("late", alarm.SavedLost, true, detail)
	}
}

// missed names what this run should have begun with; "" for nothing.
func (a *answer) missed() string {
	var parts []string
	name := func(what string, points []point.ID) {
		var names []string
		for _, id := range points {
			if !slices.Contains(names, string(id)) {
				names = append(names, string(id))
			}
		}
		if names != nil {
			parts = append(parts, what+" before the restart: "+strings.Join(names, ", "))
		}
	}
	var alarms, disabled []point.ID
	for _, x := range a.saved.Alarms {
		alarms = append(alarms, x.Point)
	}
	for _, x := range a.saved.Disabled {
		disabled = append(disabled, x.Point)
	}
	name("in alarm", alarms)
	name("disabled", disabled)
	if a.lost != nil {
		parts = append(parts, a.lost.Error())
	}
	return strings.Join(parts, "; ")
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
		case got := <-m.late:
			m.adopt(got)
		case <-ctx.Done():
			return nil
		}
	}
	err := m.keeper().Run(ctx)
	if ctx.Err() != nil {
		err = errors.Join(err, m.forgive())
	}
	return err
}

// notice passes on what the keeper knows about itself. It knows nothing before run.
func (m *memory) notice(n alarm.Notice) { m.faults.say("keeper", n.Fault, n.On, n.Detail) }
