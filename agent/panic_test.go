package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/keeper"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// panicsIn names the state directory of a process that a test starts to see it panic.
const panicsIn = "FIREPOST_TEST_PANICS_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(panicsIn); dir != "" {
		os.Exit(runToPanic(dir))
	}
	os.Exit(m.Run())
}

// fragile is a panel that no abnormal reading survives under the site's own plan.
type fragile struct{ guard.Panel }

func (f fragile) Step(now point.Instant, in alarm.Input) alarm.Decision {
	for _, rd := range in.Readings {
		if rd.Sample.Quantity == drivers.Contact && rd.Sample.Value != 0 {
			panic("the panel itself")
		}
	}
	return f.Panel.Step(now, in)
}

// runToPanic runs an agent whose call point is pressed, until its siren has sounded, and ends it in
// order then. It prints the faults that are shown.
func runToPanic(dir string) int {
	b := board.New(board.Options{})
	b.Pin(callLine).Drive(false)
	b.Bus("i2c-0").Attach(0x44, chip.NewSHT4x(b.Now))
	text := smallSite + "\n[[zone]]\nid = \"hall\"\nmode = \"pas\"\n"
	text = strings.Replace(text, `class = "heat"`, "class = \"heat\"\nzone = \"hall\"", 1)
	s, err := site.Parse("test.toml", []byte(text))
	if err != nil {
		panic(err)
	}
	s.Page.Listen = ""
	a, err := New(s, Options{
		Board: b, Dir: dir, Sim: true, Fatal: func(any, []byte) { os.Exit(3) },
	})
	if err != nil {
		panic(err)
	}
	a.judge = func(plan alarm.Plan, saved alarm.Saved) guard.Panel {
		p := newPanel(plan, saved)
		if plan.Zones[0].Mode == alarm.Single {
			return p // not the plan of the site file
		}
		return fragile{p}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
			level, _ := b.Pin(sirenLine).History()
			g := a.guard.Load()
			if len(level) < 2 || g == nil || len(g.Snapshot().Faults) == 0 {
				continue
			}
			for _, f := range g.Snapshot().Faults {
				fmt.Println(f.Fault, f.Detail)
			}
			cancel()
		}
	}()
	if err := a.Run(ctx); err != nil {
		fmt.Println(err)
	}
	return 0
}

// A panel that panics over something that does not go away is no crash loop: after the third panic
// the next run goes by the plainest plan, sounds, and says so. A run that is ended in order starts
// anew with the plan of the site. What was saved is put aside before.
func TestThirdPanicEndsTheSitesPlan(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	start := func() (code int, said string) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), panicsIn+"="+dir)
		out, err := cmd.Output()
		var ended *exec.ExitError
		if errors.As(err, &ended) {
			code = ended.ExitCode()
		} else if err != nil {
			t.Fatal(err)
		}
		return code, string(out)
	}
	for n := 1; n <= mostPanics; n++ {
		if code, said := start(); code != 3 || readPanics(dir).Count != n {
			t.Fatalf("start %d: exit code %d, %+v\n%s", n, code, readPanics(dir), said)
		}
	}
	code, said := start()
	if want := "plan_fallback the panel failed 3 times, last with: the panel itself"; code != 0 ||
		!strings.Contains(said, want) {
		t.Errorf("after the third panic: exit code %d, said\n%s", code, said)
	}
	if p := readPanics(dir); p.Count != 0 || !strings.Contains(p.Stack, "fragile") {
		t.Errorf("after an end in order: %+v", p)
	}
	if code, _ := start(); code != 3 || readPanics(dir).Count != 1 {
		t.Errorf("the run after it: exit code %d, %+v", code, readPanics(dir))
	}
}

// A disk on which nothing can be written, and that does not answer at the start, hides no panic
// from the runs after it: they are counted in memory, and the plainest plan comes all the same.
func TestPanicsAreCountedWithoutADisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.agent.o.Dir, r.agent.o.RunDir = filepath.Join(t.TempDir(), "none"), t.TempDir()
		r.agent.open = func(string, keeper.Options) (*keeper.Keeper, alarm.Saved, error) {
			time.Sleep(time.Minute)
			return nil, alarm.Saved{}, errCut
		}
		for n := range mostPanics {
			m := r.agent.recall()
			if r.agent.panel(m); m.past().Count != n || r.agent.plain.Load() {
				t.Errorf("after %d panics: %+v", n, m.past())
			}
			r.agent.crash(m, time.Second, "the panel itself", nil)
		}
		r.agent.panel(r.agent.recall())
		if !r.agent.plain.Load() {
			t.Error("the plan of the site is tried on and on")
		}
		time.Sleep(2 * time.Minute) // until every disk has answered
	})
}

// What a disk that answers late tells of panics counts on from there.
func TestPanicsThatAreReadLateCountOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.agent.open = func(dir string, o keeper.Options) (*keeper.Keeper, alarm.Saved, error) {
			time.Sleep(2 * recallTime)
			return keeper.Open(dir, o)
		}
		if err := os.MkdirAll(r.dir, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := (panics{Count: 2, At: "2026-03-14T12:00:00Z"}).write(r.dir); err != nil {
			t.Fatal(err)
		}
		r.run()
		r.sleepUntil(10 * time.Second)
		r.end()
		if p := readPanics(r.dir); p.Count != 0 || p.At == "" {
			t.Errorf("after an end in order: %+v, want the count forgiven", p)
		}
	})
}

// Panics that lie further apart than five minutes of running are no row, and what the box did
// between them on its own count, powered or not, is no matter.
func TestPanicsFarApartAreNoRow(t *testing.T) {
	t.Parallel()
	var p panics
	for i, c := range []struct {
		ran   time.Duration
		count int
	}{
		{time.Hour, 1}, {2 * time.Minute, 2}, {4 * time.Minute, 1}, {4 * time.Minute, 2},
		{time.Second, 3}, {time.Second, 4}, {time.Hour, 1},
	} {
		if p = p.next(c.ran, "x", nil); p.Count != c.count {
			t.Errorf("%d: after %v the count is %d, want %d", i, c.ran, p.Count, c.count)
		}
	}
}
