package guard

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// Times of Keep.
const (
	firstPause    = 100 * time.Millisecond
	longestPause  = 10 * time.Second
	ranWell       = time.Minute      // after it the pause begins anew
	restartedShow = 10 * time.Minute // how long the fault restarted stands after the last panic
)

// Keep runs fn until it returns nil or ctx ends. When fn panics or fails, Keep says so in the log
// and with the notice restarted, waits a little and runs it again. It is for every goroutine of the
// agent but the guard's own.
func (g *Guard) Keep(ctx context.Context, name string, fn func(context.Context) error) {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		panicked, err := g.safely(name, func() error { return fn(ctx) })
		if err == nil || ctx.Err() != nil {
			return
		}
		if !panicked {
			g.restarted(name, err)
		}
		if time.Since(began) > ranWell {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// safely calls fn and turns a panic into an error, after saying so.
func (g *Guard) safely(name string, fn func() error) (panicked bool, err error) {
	defer func() {
		if v := recover(); v != nil {
			panicked, err = true, fmt.Errorf("panic: %v", v)
			g.restarted(name, fmt.Errorf("%w\n%s", err, debug.Stack()))
		}
	}()
	return false, fn()
}

func (g *Guard) restarted(name string, err error) {
	g.stats.restarts.Add(1)
	g.stats.restartedAt.Store(int64(g.Now()))
	g.report(slog.LevelError, "restarted", "part", name, "err", err)
	g.Notice(alarm.Notice{Fault: alarm.Restarted, On: true, Detail: name})
}

// line is one line for the log.
type line struct {
	level slog.Level
	text  string
	args  []any
}

// report hands a line to the log without waiting for it: a log that hangs must not hang a writer.
func (g *Guard) report(level slog.Level, text string, args ...any) {
	select {
	case g.lines <- line{level, text, args}:
	default:
		g.stats.linesLost.Add(1)
	}
}

// write writes the log.
func (g *Guard) write(ctx context.Context) error {
	for {
		select {
		case l := <-g.lines:
			g.cfg.Log.Log(ctx, l.level, l.text, l.args...)
		case <-ctx.Done():
			return nil
		}
	}
}

// save hands on what must survive. It has a goroutine of its own, because the guard waits for no
// one.
func (g *Guard) save(context.Context) error {
	for s := range g.saves {
		if g.cfg.Save != nil {
			g.cfg.Save(s)
		}
	}
	return nil
}

// pet tells the watchdog that all is well, each time that the guard has found it so.
func (g *Guard) pet(ctx context.Context) error {
	for {
		select {
		case <-g.pets:
			if g.cfg.Pet != nil {
				g.cfg.Pet()
			}
		case <-ctx.Done():
			return nil
		}
	}
}
