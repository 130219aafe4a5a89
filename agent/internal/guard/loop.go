package guard

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// Times of the loop.
const (
	quiet     = 10 * time.Millisecond  // shortest time between two steps
	longest   = 100 * time.Millisecond // longest: silence is an input too
	published = 250 * time.Millisecond // age at which a snapshot is replaced
	petEvery  = time.Second
	hungAfter = 3 * time.Second // an output that has not answered for so long hangs
	busAfter  = 2 * time.Second // likewise a bus
	restTime  = 500 * time.Millisecond
)

// loop is what belongs to the guard's goroutine alone.
type loop struct {
	last    point.Instant // of the step
	pending bool          // something waits in an inbox
	petted  point.Instant
	shown   point.Instant // when the snapshot was published

	readings []point.Reading
	commands []alarm.Command
	notices  []alarm.Notice

	outputs trouble
	hung    trouble
	missing trouble
	unwired []string // outputs that the panel wishes for and nobody gave
	texts   []string
}

// turn makes a step at once when something arrives after a quiet time, and otherwise at a pace of
// its own: a storm of input costs one step for each quiet time.
func (g *Guard) turn(done <-chan struct{}) {
	beat := g.cfg.Beat()
	defer beat.Stop()
	l := &g.loop
	for {
		select {
		case <-done:
			return
		default:
		}
		due := longest
		if l.pending {
			due = quiet
		}
		now := g.Now()
		if wait := due - now.Sub(l.last); wait > 0 {
			beat.Arm(wait)
			select {
			case <-done:
			case <-g.wake:
				l.pending = true
			case <-beat.C():
			}
			continue
		}
		g.step(now)
	}
}

// step is one turn of the panel. Outputs come first; all that can wait follows.
func (g *Guard) step(now point.Instant) {
	defer g.crash()
	l := &g.loop
	g.stats.gap.peak(now.Sub(l.last))
	l.last, l.pending = now, false
	select {
	case r := <-g.plans:
		g.heed(now, g.cfg.Panel.Replan(now, r.plan))
		close(r.done)
	default:
	}
	g.heed(now, g.cfg.Panel.Step(now, g.gather()))
	g.watch(now)
	g.stats.steps.Add(1)
	g.stats.step.peak(g.Now().Sub(now))
}

// heed does what the panel has decided. Outputs come first.
func (g *Guard) heed(now point.Instant, d alarm.Decision) {
	if g.order(now, d.Wishes) {
		// A writer was made ready on this very thread. It goes first, even when this process has
		// one processor and much else to do.
		runtime.Gosched()
	}
	if d.Saved != nil {
		g.saves.put(d.Saved)
	}
	g.publish(now, d.Events)
}

// crash tells of a panic of the panel and lets it go on: what is left of the judgement cannot be
// trusted, and a new process is there within a second.
func (g *Guard) crash() {
	v := recover()
	if v == nil {
		return
	}
	if g.cfg.Crash != nil {
		g.cfg.Crash(time.Duration(g.Now()), v, debug.Stack())
	}
	panic(v)
}

// gather empties the inboxes.
func (g *Guard) gather() alarm.Input {
	l := &g.loop
	l.readings = l.readings[:0]
	for _, s := range g.slots {
		l.readings = s.take(l.readings)
	}
	slices.SortStableFunc(l.readings, func(a, b point.Reading) int { return cmp.Compare(a.At, b.At) })
	l.commands = drain(l.commands[:0], g.local)
	l.commands = drain(l.commands, g.remote)
	l.notices = g.notices.take(l.notices[:0])
	return alarm.Input{
		Readings: l.readings, Commands: l.commands, Notices: l.notices, Day: g.cfg.Day(),
		Late: g.late.Swap(nil),
	}
}

// drain takes what waits in queue, and no more than it can hold: a sender that never stops cannot
// keep the guard.
func drain(dst []alarm.Command, queue <-chan alarm.Command) []alarm.Command {
	for range queued {
		select {
		case c := <-queue:
			dst = append(dst, c)
		default:
			return dst
		}
	}
	return dst
}

// order gives each writer whose wish has changed the new one. It tells whether an alarm output has
// one. Alarm outputs come last, because what is made ready last runs first.
func (g *Guard) order(now point.Instant, wishes []alarm.Wish) (urgent bool) {
	for _, w := range wishes {
		if wr := g.byID[w.Output]; wr != nil {
			wr.wanted, wr.anew = w.Pattern, w.Again
		} else if text := string(w.Output) + ": not connected"; !slices.Contains(g.loop.unwired, text) {
			g.loop.unwired = append(g.loop.unwired, text)
		}
	}
	for _, w := range g.writers {
		if w.ordered && w.wanted == w.given && w.anew == w.began {
			continue
		}
		if !w.ordered {
			w.done.Store(int64(now)) // its time to answer begins
		}
		w.ordered, w.given, w.began = true, w.wanted, w.anew
		w.mail.put(wish{pattern: w.wanted, since: now})
		urgent = urgent || w.cfg.Alarm
	}
	return urgent
}

// publish shows what the step has changed.
func (g *Guard) publish(now point.Instant, events []alarm.Event) {
	for _, e := range events {
		g.ring.put(e)
	}
	if len(events) > 0 || now.Sub(g.loop.shown) >= published {
		g.loop.shown = now
		g.snap.Store(g.cfg.Panel.Snapshot(now))
	}
	if len(events) > 0 {
		g.ring.announce()
	}
}

// watch looks after everything that the guard does not wait for.
func (g *Guard) watch(now point.Instant) {
	l := &g.loop
	texts := append(l.texts[:0], l.unwired...)
	healthy := true
	for _, w := range g.writers {
		texts = appendText(texts, string(w.cfg.ID), w.trouble(now))
		healthy = healthy && (!w.cfg.Alarm || now.Sub(w.answered()) <= hungAfter)
	}
	g.tell(&l.outputs, alarm.OutputFailed, texts)
	texts = texts[:0]
	for _, p := range g.pollers {
		texts = appendText(texts, p.name, p.trouble(now))
	}
	g.tell(&l.hung, alarm.BusHung, texts)
	texts = texts[:0]
	for _, p := range g.pollers {
		for _, d := range p.all {
			texts = appendText(texts, d.cfg.Name, d.missing(now))
		}
	}
	g.tell(&l.missing, alarm.BusMissing, texts)
	l.texts = texts[:0]
	g.forget(now)
	if now.Sub(l.petted) >= petEvery {
		l.petted = now
		if healthy {
			select {
			case g.pets <- struct{}{}:
			default: // the watchdog itself hangs
			}
		}
	}
}

// forget ends the fault restarted once nothing has panicked for a while.
func (g *Guard) forget(now point.Instant) {
	at := g.stats.restartedAt.Load()
	if at == 0 || now.Sub(point.Instant(at)) < restartedShow {
		return
	}
	if g.stats.restartedAt.CompareAndSwap(at, 0) {
		g.note(alarm.Notice{Fault: alarm.Restarted})
	}
}

// trouble is what was last told of one fault: its causes, each with who has it.
type trouble struct{ told []string }

// tell gives a notice when the causes have changed. One notice carries all of them, because a
// fault code has one slot.
func (g *Guard) tell(t *trouble, code detect.FaultCode, texts []string) {
	if slices.Equal(t.told, texts) {
		return
	}
	t.told = append(t.told[:0], texts...)
	g.note(alarm.Notice{Fault: code, On: len(texts) > 0, Detail: strings.Join(texts, "; ")})
}

// note is the guard's own Notice: the next step takes it.
func (g *Guard) note(n alarm.Notice) {
	g.notices.post(n)
	g.loop.pending = true
}

func appendText(texts []string, name, text string) []string {
	if text == "" {
		return texts
	}
	return append(texts, name+": "+text)
}
