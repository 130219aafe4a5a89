package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/drivers/board"
	"github.com/firepost/firepost/drivers/catalog"
)

const (
	exitPanic  = 3  // the panel has panicked; the next start goes on from what was saved
	exitConfig = 78 // EX_CONFIG of sysexits.h
)

// Where a service of systemd keeps its state, and a folder in memory that it has while it runs.
const (
	stateDir   = "/var/lib/firepost"
	runtimeDir = "/run/firepost"
)

// paths are the places that every command shares.
type paths struct{ dir string }

func (p *paths) flag(f *pflag.FlagSet) {
	f.StringVar(&p.dir, "dir", stateDir, "state directory")
}

// socket is the control socket. That of the service lies in memory: a card that dies does not take
// away the means to silence the siren.
func (p *paths) socket() string {
	return filepath.Join(cmp.Or(p.inMemory(), p.dir), "control.sock")
}

// inMemory is the folder of the service that is in memory; empty: there is none.
func (p *paths) inMemory() string {
	if info, err := os.Stat(runtimeDir); p.dir == stateDir && err == nil && info.IsDir() {
		return runtimeDir
	}
	return ""
}

type runCmd struct {
	paths
	config, sim, page string
	json              bool
}

func prepareRun(f *pflag.FlagSet) action {
	c := &runCmd{}
	f.StringVarP(&c.config, "config", "c", "/etc/firepost/site.toml", "site file")
	c.flag(f)
	f.StringVar(&c.sim, "sim", "", "use the simulated board behind this `SOCKET`")
	f.StringVar(&c.page, "page", "", "serve the page at `ADDRESS`, not where the site file says")
	f.BoolVar(&c.json, "json", false, "write the log as JSON lines")
	return c.run
}

func (c *runCmd) run(o outlet, _ []string) error {
	log := newLog(o, c.json)
	widen()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt) // a board has little memory, and the agent little garbage
	}
	release, err := lockInTime(c.dir)
	if errors.Is(err, errLocked) {
		return err
	}
	if err != nil {
		// A dead card must not keep the siren from working.
		log.Error("state directory", "err", err)
	}
	defer release()
	slow := time.AfterFunc(copyPatience, func() {
		log.Warn("the state directory does not answer; the site file has mistakes, and its " +
			"last good copy is waited for")
	})
	s, rejected, err := agent.LoadSite(c.config, c.dir)
	slow.Stop()
	if err != nil {
		return refuse(o, err)
	}
	if rejected != nil {
		fmt.Fprintln(o.err, rejected)
		log.Error("site file has mistakes; the last good one is in use", "err", c.config)
	}
	for _, w := range s.Warnings {
		log.Warn("site file", "err", w.String())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	anew := &renewal{stop: stop}
	a, err := agent.New(s, agent.Options{
		Board: c.board(), Dir: c.dir, Log: log, Sim: c.sim != "", Version: version,
		Built: buildTime(), File: c.config, Rejected: rejected, Page: c.page, Restart: anew.ask,
		Pet: watchdog(), RunDir: c.inMemory(),
		Fatal: func(value any, stack []byte) {
			fmt.Fprintf(o.err, "firepost: the panel failed: %v\n\n%s", value, stack)
			os.Exit(exitPanic)
		},
	})
	if err != nil {
		return err
	}
	go serveControl(ctx, a, c.socket(), log)
	go followHUP(ctx, a, log)
	return anew.begin(a.Run(ctx), log)
}

// copyPatience is longer than a start takes whose site file is good, however slow the disk is.
const copyPatience = 5 * time.Second

// refuse prints every mistake of a site file and ends with EX_CONFIG: without a good plan nothing
// is half started. While there may be a good copy the code is another one, for what starts the
// program must start it again.
func refuse(o outlet, err error) error {
	fmt.Fprintln(o.err, err)
	if errors.Is(err, agent.ErrUnread) {
		return errors.New("no good site file was found, but the state directory may hold one; " +
			"start it again")
	}
	return &exitError{exitConfig, "no good site file; nothing was started and no output was touched"}
}

func (c *runCmd) board() catalog.Board {
	if c.sim != "" {
		return board.Sim(c.sim)
	}
	return board.Host()
}

// collectAt is how far the heap may grow, in per cent, before it is collected.
const collectAt = 50

// widen lets more goroutines run at once than there are cores. A goroutine that computes, such as
// one that seals a backlog for the line, keeps its place for 10 ms; with places to spare the kernel
// puts the one that carries an alarm beside it at once.
func widen() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.NumCPU() + spare)
	}
}

// spare are the places for a contact, the panel, the siren's writer and its timer.
const spare = 4

func newLog(o outlet, asJSON bool) *slog.Logger {
	if asJSON || os.Getenv("JOURNAL_STREAM") != "" {
		return slog.New(slog.NewJSONHandler(o.err, nil))
	}
	return slog.New(slog.NewTextHandler(o.err, nil))
}

// watchdog returns what the guard calls while all is well: the first call says that the service is
// ready, the others keep it alive.
func watchdog() func() {
	var ready sync.Once
	return func() {
		// Without systemd there is nobody to tell, and that is no failure.
		ready.Do(func() { daemon.SdNotify(false, daemon.SdNotifyReady) })
		daemon.SdNotify(false, daemon.SdNotifyWatchdog)
	}
}

// serveControl serves the control socket until ctx ends. The agent works without it.
func serveControl(ctx context.Context, a *agent.Agent, path string, log *slog.Logger) {
	l, err := listenControl(path)
	if err != nil {
		log.Error("control socket", "err", err)
		return
	}
	if err := a.ServeControl(ctx, l); err != nil {
		log.Error("control socket", "err", err)
	}
}

// listenControl opens the socket for the owner and the group. A socket that nobody serves any more
// is removed; anything else at the path is left alone.
func listenControl(path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode().Type() != os.ModeSocket:
		return nil, fmt.Errorf("%s is not a socket; move it away", path)
	case err == nil:
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	// The directory lets no one in but owner and group, so nobody came in between.
	if err := os.Chmod(path, 0o660); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}
