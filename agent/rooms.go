package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/scribe"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/provisioning"
)

// firstStepTime is how long the rooms wait for the guard's first step. It takes a few milliseconds;
// nothing depends on it, but what starts later cannot take its processor.
const firstStepTime = time.Second

// rooms starts everything but the guard, each part under the guard's care, and waits until all have
// ended after ctx did.
func (a *Agent) rooms(ctx context.Context, g *guard.Guard, m *memory) {
	awaitFirstStep(ctx, g)
	notice := a.notice(g)
	a.tell(g, m)
	store := buffer.Open(a.o.Dir, buffer.Options{Stamp: a.stamp(g, m), Log: a.log, Notice: notice})
	l := newLine(a, g, store, a.stamp(g, m))
	w := &watch{a: a, g: g, store: store, line: l}
	var all sync.WaitGroup
	room := func(name string, fn func(context.Context) error) {
		all.Go(func() { g.Keep(ctx, name, fn) })
	}
	room("log", func(ctx context.Context) error {
		return follow(ctx, g.Ring(), func(e alarm.Event) { logEvent(a.log, e) }, func(n uint64) {
			a.log.Warn("events missed by the log", "count", n)
		})
	})
	if a.o.OnEvent != nil {
		room("hook", func(ctx context.Context) error {
			return follow(ctx, g.Ring(), a.o.OnEvent, func(n uint64) {
				a.log.Warn("events missed by the hook", "count", n)
			})
		})
	}
	room("scribe", a.scribe(g, m, store).Run)
	room("uplink", l.run)
	room("status", w.run)
	room("page", a.page)
	all.Wait()
	if err := store.Close(); err != nil {
		a.log.Error("outbox", "err", err)
	}
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

// notice turns what a room knows about itself into a notice for the panel.
func (a *Agent) notice(g *guard.Guard) func(code string, on bool, detail string) {
	return func(code string, on bool, detail string) {
		g.Notice(alarm.Notice{Fault: detect.FaultCode(code), On: on, Detail: detail})
	}
}

// tell says what the start found wrong.
func (a *Agent) tell(g *guard.Guard, m *memory) {
	if m.lost != nil {
		g.Notice(alarm.Notice{Fault: alarm.SavedLost, On: true, Detail: m.lost.Error()})
		a.log.Error("saved state", "err", m.lost)
	}
	if a.o.Rejected != nil {
		g.Notice(alarm.Notice{Fault: alarm.PlanRejected, On: true, Detail: a.o.Rejected.Error()})
	}
}

// stamp labels a record with this run and its clock.
func (a *Agent) stamp(g *guard.Guard, m *memory) func() buffer.Stamp {
	return func() buffer.Stamp {
		w := a.clock.now()
		s := buffer.Stamp{
			Boot: m.saved.Boot, Mono: time.Duration(g.Now()).Milliseconds(),
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

// device is the name that measurements bear: the id of the box, also before it has a district.
func (a *Agent) device() string {
	id, err := provisioning.Load(filepath.Join(a.o.Dir, "identity"))
	if err != nil {
		return unnamed
	}
	return id.ID
}

// unnamed is the name of a box without a key.
const unnamed = "unenrolled"

func (a *Agent) scribe(g *guard.Guard, m *memory, store *buffer.Outbox) *scribe.Scribe {
	stamp := a.stamp(g, m)
	return scribe.New(scribe.Config{
		Ring: g.Ring(), Snapshot: g.Snapshot, Outbox: store, Now: g.Now,
		Wall: func() int64 { return stamp().Wall }, Device: a.device(), Plan: a.site.Plan(),
		LastEvent: m.saved.LastEvent, Report: a.site.District.Report,
		DeadBands: a.site.District.Deadband,
	})
}

// crash writes down a panic of the panel before it ends the process, for whoever comes later.
func (a *Agent) crash(value any, stack []byte) {
	text, err := json.Marshal(map[string]string{
		"at": time.Now().UTC().Format(time.RFC3339), "panic": fmt.Sprint(value), "stack": string(stack),
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(a.o.Dir, "panel.panic"), append(text, '\n'), 0o640)
	}
	if err != nil {
		a.log.Error("panel.panic", "err", err)
	}
}
