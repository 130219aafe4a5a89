package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/google/renameio/v2"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
)

const (
	// crashTime is how long a panic of the panel waits for its record: the new process is waited
	// for.
	crashTime = 500 * time.Millisecond
	// mostPanics of the panel within panicTime of running are enough: whatever the site file and
	// the saved state ask for, the panel does not survive it.
	mostPanics = 3
	panicTime  = 5 * time.Minute
)

// panics is the record of the panel's last panic. It is the file panel.panic.
type panics struct {
	Count int           `json:"count"` // of those that came within panicTime
	Span  time.Duration `json:"span"`  // for how long the panel ran from the first of them on
	At    string        `json:"at"`
	Panic string        `json:"panic"`
	Stack string        `json:"stack"`
}

// next is the record of a panic that comes after ran of another run. Only running counts: the clock
// of a box that has just started may be years off.
func (p panics) next(ran time.Duration, value any, stack []byte) panics {
	p.Count, p.Span = p.Count+1, p.Span+ran
	if p.Count == 1 || p.Span > panicTime {
		p.Count, p.Span = 1, 0
	}
	p.At, p.Panic = time.Now().UTC().Format(time.RFC3339), fmt.Sprint(value)
	p.Stack = string(stack)
	return p
}

func panicFile(dir string) string { return filepath.Join(dir, "panel.panic") }

// readPanics is what panel.panic tells. A file that is not there or damaged tells of none.
func readPanics(dir string) (p panics) {
	text, err := os.ReadFile(panicFile(dir))
	if err != nil || json.Unmarshal(text, &p) != nil {
		return panics{}
	}
	return p
}

func (p panics) write(dir string) error {
	text, err := json.Marshal(p)
	if err == nil {
		err = renameio.WriteFile(panicFile(dir), append(text, '\n'), 0o640)
	}
	return err
}

// record writes panics down in memory first, which has room and answers, and then on the disk.
func (m *memory) record(p panics) error {
	var inMemory error
	if m.runDir != "" {
		inMemory = p.write(m.runDir)
	}
	return errors.Join(inMemory, p.write(m.dir))
}

// past is what is known of the panics of the runs before.
func (m *memory) past() panics {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.panics
}

// panel makes the panel: by the site's plan and from what was saved, or, after too many panics, by
// a plan in which next to nothing can go wrong.
func (a *Agent) panel(m *memory) guard.Panel {
	defer a.fatal(m, func() time.Duration { return 0 })
	plan, saved := a.site().Plan(), m.saved
	if m.panics.Count >= mostPanics {
		plan, saved = alarm.Fallback(plan), saved.Bare()
		a.plain.Store(true)
	}
	return a.judge(plan, saved)
}

// newPanel is what judges, unless a test stands in its place.
func newPanel(plan alarm.Plan, saved alarm.Saved) guard.Panel { return alarm.New(plan, saved) }

// fatal, when it is deferred, writes down a panic and lets it go on.
func (a *Agent) fatal(m *memory, ran func() time.Duration) {
	if v := recover(); v != nil {
		a.crash(m, ran(), v, debug.Stack())
		panic(v)
	}
}

// crash writes down a panic of the panel before it ends the process, for the next run and for
// whoever comes later.
func (a *Agent) crash(m *memory, ran time.Duration, value any, stack []byte) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		if err := m.record(m.past().next(ran, value, stack)); err != nil {
			a.log.Error("panel.panic", "err", err)
		}
	}()
	select {
	case <-written:
	case <-time.After(crashTime):
	}
	if a.o.Fatal != nil {
		a.o.Fatal(value, stack)
	}
}

// forgive ends the count of panics: a run that was ended in order is no part of a row of them, and
// the next one tries the site's plan again.
func (m *memory) forgive() error {
	p := m.past()
	if p.Count == 0 {
		return nil
	}
	p.Count, p.Span = 0, 0
	return m.record(p)
}

// tellPanics says that the panel runs by the plainest of plans, and why.
func (a *Agent) tellPanics(m *memory) {
	past := m.past()
	if !a.plain.Load() {
		return
	}
	detail := fmt.Sprintf("the panel failed %d times, last with: %s", past.Count, past.Panic)
	m.faults.say("start", alarm.PlanFallback, true, detail)
	a.log.Error("fallback plan", "err", detail)
}
