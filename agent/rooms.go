package agent

import (
	"context"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/scribe"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/buffer"
)

// firstStepTime is how long the rooms wait for the guard's first step. It takes a few milliseconds;
// nothing depends on it, but what starts later cannot take its processor.
const firstStepTime = time.Second

// rooms starts everything but the guard, each part under the guard's care, and ends it all after
// ctx did. Nothing in it waits for a disk, a network or a log.
func (a *Agent) rooms(ctx context.Context, g *guard.Guard, m *memory) {
	awaitFirstStep(ctx, g)
	a.tell(m)
	disk := a.disk
	disk.Stamp, disk.Log, disk.Notice = a.stamp(g, m), a.log, m.faults.of("outbox")
	store := buffer.Open(a.o.Dir, disk)
	l := newLine(a, g, m, store)
	w := &watch{a: a, g: g, store: store, line: l, faults: m.faults}
	rooms := parts{g: g}
	rooms.start(ctx, "log", a.follower(g, "log", func(e alarm.Event) { logEvent(a.log, e) }).run)
	if a.o.OnEvent != nil {
		rooms.start(ctx, "hook", a.follower(g, "hook", a.o.OnEvent).run)
	}
	writer := a.scribe(g, m, store, l)
	rooms.start(ctx, "scribe", writer.Run)
	rooms.start(ctx, "ledger", l.ledger.Run)
	rooms.start(ctx, "uplink", l.run)
	rooms.start(ctx, "enrolment", l.enrol.run)
	rooms.start(ctx, "status", w.run)
	rooms.start(ctx, "page", a.page)
	rooms.start(ctx, "site", (&siteRoom{
		a: a, g: g, faults: m.faults, scribe: writer, line: l,
	}).run)
	<-ctx.Done()
	a.name(rooms.end())
	if err := store.Close(); err != nil {
		a.log.Error("outbox", "err", err)
	}
}

// follower reads the ring for a room that may be slow.
func (a *Agent) follower(g *guard.Guard, room string, fn func(alarm.Event)) *follower {
	return &follower{ring: g.Ring(), fn: fn, missed: func(n uint64) {
		a.log.Warn("events missed", "part", room, "count", n)
	}}
}

// awaitFirstStep gives the guard the processor until it has stepped once.
func awaitFirstStep(ctx context.Context, g *guard.Guard) {
	deadline := time.NewTimer(firstStepTime)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for g.Stats().Steps == 0 {
		select {
		case <-tick.C:
		case <-deadline.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// tell says what the start found wrong. It stands for as long as the run.
func (a *Agent) tell(m *memory) {
	if m.lost != nil {
		m.faults.say("start", alarm.SavedLost, true, m.lost.Error())
		a.log.Error("saved state", "err", m.lost)
	}
	a.tellPanics(m)
	if why := a.spoilt.Load(); why != nil {
		m.faults.say("site", alarm.PlanRejected, true, *why)
	}
}

// stamp labels a record with this run and its clock.
func (a *Agent) stamp(g *guard.Guard, m *memory) func() buffer.Stamp {
	return func() buffer.Stamp {
		w := a.clock.now()
		s := buffer.Stamp{
			Boot: m.boot, Mono: time.Duration(g.Now()).Milliseconds(),
			Quality: uint8(w.Quality), Error: -1,
		}
		if w.Quality != 0 {
			s.Wall = w.Now.UnixMilli()
		}
		if w.Error >= 0 {
			s.Error = int32(min(w.Error.Milliseconds(), 1<<31-1))
		}
		return s
	}
}

func (a *Agent) scribe(
	g *guard.Guard, m *memory, store *buffer.Outbox, l *line,
) *scribe.Scribe {
	stamp := a.stamp(g, m)
	return scribe.New(scribe.Config{
		Ring: g.Ring(), Snapshot: g.Snapshot, Outbox: store, Now: g.Now,
		Wall: func() int64 { return stamp().Wall }, Device: l.device,
		LastEvent: m.saved.LastEvent, Terms: termsOf(a.site()),
	})
}

func termsOf(s *site.Site) scribe.Terms {
	return scribe.Terms{
		Plan: s.Plan(), Report: s.District.Report, DeadBands: s.District.Deadband,
	}
}
