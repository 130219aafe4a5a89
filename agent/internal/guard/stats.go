package guard

import (
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// Stats counts what the guard did since it started.
type Stats struct {
	Steps       uint64
	Step        time.Duration // the longest step
	Gap         time.Duration // the longest time between two steps; more than 100 ms is lateness
	Refused     uint64        // commands that found their queue full
	NoticesLost uint64        // notices of more fault codes than the guard has slots
	LinesLost   uint64        // log lines that found the log hanging
	Restarts    uint64        // panics and unexpected ends of other goroutines
	Buses       []BusStats
	Outputs     []OutputStats
}

// BusStats counts what one bus did.
type BusStats struct {
	Name    string
	Polled  bool                    // a contact without interrupts: its level is asked for every 20 ms
	Reads   uint64                  // conversions read
	Errors  uint64                  // accesses that failed
	Busy    time.Duration           // how long the access under way has lasted; 0: none
	Late    [len(LateBounds)]uint64 // conversions by how late they began, see LateBounds
	LateMax time.Duration           // how late one began at most
}

// LateBounds are the upper bounds of BusStats.Late; the last is without bound.
var LateBounds = [...]time.Duration{
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 1<<63 - 1,
}

// OutputStats counts what one output did.
type OutputStats struct {
	ID   alarm.OutputID
	On   bool          // the level it was last set to
	Sets uint64        // levels given
	Set  time.Duration // the longest Set
	Err  string        // what is wrong with it now; empty: nothing
}

// Stats returns a copy of the counters.
func (g *Guard) Stats() Stats {
	now := g.Now()
	s := Stats{
		Steps:       g.stats.steps.Load(),
		Step:        g.stats.step.load(),
		Gap:         g.stats.gap.load(),
		Refused:     g.stats.refused.Load(),
		NoticesLost: g.stats.noticesLost.Load(),
		LinesLost:   g.stats.linesLost.Load(),
		Restarts:    g.stats.restarts.Load(),
	}
	for _, p := range g.pollers {
		b := BusStats{Name: p.name, Reads: p.reads.Load(), Errors: p.errors.Load()}
		b.Busy, b.LateMax, b.Polled = p.busy.lasts(now), p.latest.load(), p.noEdges.Load()
		for i := range b.Late {
			b.Late[i] = p.late[i].Load()
		}
		s.Buses = append(s.Buses, b)
	}
	for _, w := range g.writers {
		s.Outputs = append(s.Outputs, OutputStats{
			ID: w.cfg.ID, On: w.shown.Load(), Sets: w.sets.Load(), Set: w.slowest.load(),
			Err: w.trouble(now),
		})
	}
	return s
}

type counters struct {
	steps, refused, noticesLost, linesLost, restarts atomic.Uint64

	step, gap   peak
	restartedAt atomic.Int64 // of the last one, as an Instant; 0: none is shown
}

// peak is the largest of the durations shown to it by one goroutine.
type peak struct{ atomic.Int64 }

func (p *peak) peak(d time.Duration) {
	if int64(d) > p.Load() {
		p.Store(int64(d))
	}
}

func (p *peak) load() time.Duration { return time.Duration(p.Load()) }

// access says since when an access that can hang is under way.
type access struct{ since atomic.Int64 } // Instant + 1; 0: none

func (a *access) begin(now point.Instant) { a.since.Store(int64(now) + 1) }
func (a *access) end()                    { a.since.Store(0) }

// lasts is how long the access has been under way, and 0 without one.
func (a *access) lasts(now point.Instant) time.Duration {
	since := a.since.Load()
	if since == 0 {
		return 0
	}
	return max(now.Sub(point.Instant(since-1)), 1)
}
