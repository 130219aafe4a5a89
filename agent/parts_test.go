package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/uplink"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/provisioning"
)

// With the kernel's own timers and a real page nothing is left running after Run.
func TestRunLeavesNoGoroutineBehind(t *testing.T) {
	s, err := site.Parse("test.toml", []byte(smallSite))
	if err != nil {
		t.Fatal(err)
	}
	s.Page.Listen = "127.0.0.1:0"
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	a, err := New(s, Options{
		Board: board.New(board.Options{}), Dir: t.TempDir(), Sim: true,
		OnEvent: func(alarm.Event) {}, Log: slog.New(endWithPage{slog.DiscardHandler, cancel}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(ctx); err != nil {
		t.Error(err)
	}
	deadline, tick := time.After(5*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > before {
		select {
		case <-tick.C: // what was told to end may need a moment
		case <-deadline:
			var stacks [1 << 16]byte
			t.Fatalf("%d goroutines, before Run %d\n%s", runtime.NumGoroutine(), before,
				stacks[:runtime.Stack(stacks[:], true)])
		}
	}
}

// endWithPage is a log that ends the run once the page is served: it is the last to come up.
type endWithPage struct {
	slog.Handler
	end func()
}

func (h endWithPage) Enabled(context.Context, slog.Level) bool { return true }
func (h endWithPage) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "page" {
		h.end()
	}
	return nil
}

// A fault that two rooms have stands until both take it back.
func TestAFaultStandsUntilItsLastRoomTakesItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).run()
		r.sleepUntil(time.Second)
		f := newFaults(r.agent.guard.Load())
		steps := []struct {
			room string
			on   bool
			want bool
		}{
			{"outbox", true, true}, {"keeper", true, true}, {"keeper", true, true},
			{"keeper", false, true}, {"outbox", false, false},
			{"keeper", true, true}, {"keeper", false, false},
		}
		for i, s := range steps {
			f.say(s.room, alarm.StorageFailed, s.on, s.room+" has it")
			time.Sleep(time.Second)
			if got := r.shows(alarm.StorageFailed); got != s.want {
				t.Errorf("step %d, %s says %v: shown %v, want %v", i, s.room, s.on, got, s.want)
			}
		}
		r.end()
	})
}

// A hook that panics is told neither the same event again nor those before, and loses none after.
func TestAPanickingHookGoesOnBehindItsEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *string, o *Options) {
			o.OnEvent = func(e alarm.Event) {
				r.hear(e)
				if e.Kind == alarm.Raised {
					panic("the embedder's own")
				}
			}
		}).run()
		r.sleepUntil(5 * time.Second)
		r.press()
		r.sleepUntil(20 * time.Second)
		events := r.heard(0)
		for i, e := range events {
			if e.Seq != uint64(i)+1 {
				t.Errorf("told event %d as the %dth", e.Seq, i+1)
			}
		}
		if !r.shows(alarm.Restarted) || len(events) < 4 {
			t.Errorf("faults %v, %d events", r.faults(), len(events))
		}
		r.end()
	})
}

// What stands in the identity folder is told as it is.
func TestIdentityIsToldHonestly(t *testing.T) {
	district := provisioning.District{
		Tenant: "test", Brokers: []string{"mqtts://district.example"}, Sim: true,
	}
	for _, c := range []struct {
		name    string
		prepare func(dir string) error
		state   string
		says    string
	}{
		{"nothing", func(string) error { return nil }, "unenrolled", "enrol this box"},
		{"a key alone", func(dir string) error {
			_, err := provisioning.Create(dir, district)
			return err
		}, "pending", "no certificate yet"},
		{"a real one on a simulated board", func(dir string) error {
			d := district
			d.Sim = false
			_, err := provisioning.Create(dir, d)
			return err
		}, "broken", "simulated board may not use it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				if err := c.prepare(filepath.Join(r.dir, "identity")); err != nil {
					t.Fatal(err)
				}
				r.run()
				r.sleepUntil(70 * time.Second)
				id := r.status().Identity
				said := strings.Contains(id.Err, c.says) && r.shows(alarm.NotEnrolled)
				if id.State != c.state || !said {
					t.Errorf("got %+v, faults %v; want %s", id, r.faults(), c.state)
				}
				if pending := c.state == "pending"; pending != (id.Device != "") {
					t.Errorf("device %q", id.Device)
				}
				r.end()
			})
		})
	}
}

// After a failure the next broker is tried, after a connection that was of use the first one again,
// and what the handshake said is put into words.
func TestBrokersAreTriedInTurn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "identity")
	id, err := provisioning.Create(dir, provisioning.District{
		Tenant: "test", Brokers: []string{"mqtts://a.example", "mqtts://b.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		var tried []string
		down := map[string]bool{"a": true}
		broker := func(name string) uplink.Dial {
			return func(context.Context, uplink.Opening) (uplink.Link, error) {
				tried = append(tried, name)
				if down[name] {
					return nil, fmt.Errorf("no route: %w", uplink.ErrBroken)
				}
				return nil, nil
			}
		}
		dial := inTurn(id, []uplink.Dial{broker("a"), broker("b"), broker("c")})
		for _, after := range []time.Duration{0, 0, 10 * time.Second, 5 * time.Minute, 0, time.Hour} {
			time.Sleep(after)
			down["a"] = after < time.Hour
			if _, err := dial(t.Context(), uplink.Opening{}); err != nil &&
				!errors.Is(err, uplink.ErrBroken) {
				t.Errorf("the class of the failure is lost: %v", err)
			}
		}
		// b was of no use, c was of use, b then too.
		if want := []string{"a", "b", "c", "a", "b", "a"}; !slices.Equal(tried, want) {
			t.Errorf("tried %v, want %v", tried, want)
		}
	})
}

// The clock never claims more than it knows.
func TestClockTellsHowFarItCanBeBelieved(t *testing.T) {
	built := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return built.Add(d) }
	system := Wall{Now: at(time.Hour), Quality: wire.ClockNTP}
	synctest.Test(t, func(t *testing.T) {
		c := clock{system: func() Wall { return system }, built: built}
		check := func(say string, now time.Time, q wire.ClockQuality, err time.Duration) {
			t.Helper()
			if w := c.now(); !w.Now.Equal(now) || w.Quality != q || w.Error != err {
				t.Errorf("%s: got %v %v ±%v, want %v %v ±%v", say, w.Now, w.Quality, w.Error, now, q, err)
			}
		}
		lost := Wall{Quality: wire.ClockNone, Error: -1}
		system = Wall{Now: built.Add(-time.Hour), Quality: wire.ClockNTP}
		check("a disciplined clock before the build", built, wire.ClockNone, -1)
		system = lost
		system.Now = at(time.Hour)
		check("never set", at(time.Hour), wire.ClockNone, -1)
		c.hear(built.Add(-time.Second))
		check("a platform that is wrong itself", at(time.Hour), wire.ClockNone, -1)
		c.hear(at(5 * time.Hour))
		time.Sleep(10_000 * time.Second)
		check("the platform's time, on its own since", at(5*time.Hour+10_000*time.Second), wire.ClockPlat,
			2*time.Second)
		system = Wall{Now: at(24 * time.Hour), Quality: wire.ClockNTP, Error: time.Millisecond}
		check("disciplined", at(24*time.Hour), wire.ClockNTP, time.Millisecond)
		system = lost
		time.Sleep(10_000 * time.Second)
		check("no longer disciplined", at(24*time.Hour+10_000*time.Second), wire.ClockHold,
			time.Second+time.Millisecond)
		c.hear(at(48 * time.Hour))
		check("the platform again", at(48*time.Hour), wire.ClockPlat, time.Second)
	})
}

// A log that hangs costs lines, which are counted, and no time; one that works gets every line with
// its attributes.
func TestLogNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		l, log := newLines(slog.NewTextHandler(&text, nil))
		log = log.With("point", "p-1").WithGroup("g")
		for i := range mostLines + 3 {
			log.Info("line", "n", i)
		}
		if n := l.lost.Load(); n != 3 {
			t.Errorf("%d lines counted as lost, want 3", n)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.run(ctx); err != nil {
			t.Error(err)
		}
		if n := strings.Count(text.String(), "point=p-1 g.n="); n != mostLines {
			t.Errorf("%d lines written, want %d", n, mostLines)
		}
	})
}

// A panic of the panel is written down for whoever comes later; a disk that hangs does not keep the
// process from its end.
func TestCrashIsWrittenDownAndWaitsForNoDisk(t *testing.T) {
	t.Parallel()
	a := &Agent{o: Options{Dir: t.TempDir()}}
	_, a.log = newLines(slog.DiscardHandler)
	record := filepath.Join(a.o.Dir, "panel.panic")
	a.crash(&memory{dir: a.o.Dir}, time.Second, "index out of range", []byte("stack of it"))
	text, err := os.ReadFile(record)
	if err != nil || !strings.Contains(string(text), "stack of it") {
		t.Errorf("the record is %q, %v", text, err)
	}
	m := &memory{dir: a.o.Dir}
	m.mu.Lock() // like a disk that hangs: nothing is written down
	began := time.Now()
	a.crash(m, time.Second, "index out of range", nil)
	if took := time.Since(began); took > 2*crashTime {
		t.Errorf("the end waited %v for the disk", took)
	}
}

// A state directory that hangs does not keep a good site file from being used.
func TestLoadSiteWaitsForNoDisk(t *testing.T) {
	t.Parallel()
	dir, path := t.TempDir(), writeFile(t, smallSite)
	if _, _, err := LoadSite(path, dir); err != nil {
		t.Fatal(err)
	}
	hang(t, filepath.Join(dir, "site", "good.toml"))
	began := time.Now()
	s, rejected, err := LoadSite(path, dir)
	if s == nil || rejected != nil || err != nil || time.Since(began) > 2*recallTime {
		t.Errorf("got %v, rejected %v, err %v after %v", s, rejected, err, time.Since(began))
	}
}

// A bad site file waits for its copy on a slow disk, and one that does not come is not said to be
// missing: a service that ends for good protects nobody.
func TestLoadSiteOfABadFileWaitsForItsCopy(t *testing.T) {
	t.Parallel()
	dir, path := t.TempDir(), writeFile(t, smallSite)
	if _, _, err := LoadSite(path, dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("["), 0o600); err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(dir, "site", "good.toml")
	hang(t, good)
	go func() {
		time.Sleep(recallTime + time.Second)
		if err := os.WriteFile(good, []byte(smallSite), 0o600); err != nil { // the other end
			t.Error(err)
		}
	}()
	if s, rejected, err := LoadSite(path, dir); s == nil || rejected == nil || err != nil {
		t.Errorf("got %v, rejected %v, err %v", s, rejected, err)
	}
	if err := errors.Join(os.Remove(good), os.Mkdir(good, 0o700)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := LoadSite(path, dir); !errors.Is(err, ErrUnread) {
		t.Errorf("got %v, want ErrUnread", err)
	}
}

// hang replaces a file with one whose opening never ends: whoever opens it waits for the other end.
func hang(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
}
