// Command bench measures what firepost promises: how soon the siren is written, what a step, a
// record and a message cost, how much memory and flash the program takes. It prints one JSON object
// a line for each figure, and what it is doing on stderr.
//
// A slow figure is a result and no failure. It exits with 1 only when something could not be
// measured, and says what is missing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

// bench is one run of the program.
type bench struct {
	out   io.Writer // of figures
	log   io.Writer // of progress
	quick bool
	only  string // print no figure whose name does not begin so
	bin   string // folder of the binaries that "make cross" makes
	dir   string // for everything that a measurement writes
	dirs  int
}

// group is a set of figures that are measured together.
type group struct {
	names []string // what the names of its figures begin with
	run   func(*bench, context.Context) error
}

// groups is everything that can be measured, in the order in which it is.
func groups() []group {
	return []group{
		{[]string{"size."}, (*bench).size},
		{[]string{"wire."}, (*bench).wireBytes},
		{[]string{"panel."}, (*bench).panel},
		{[]string{"outbox."}, (*bench).outbox},
		{[]string{"wear."}, (*bench).wear},
		{[]string{"start."}, (*bench).start},
		{[]string{"edge.idle."}, (*bench).edgeIdle},
		{[]string{"edge.busy_outside."}, (*bench).edgeBusyOutside},
		{[]string{"edge.busy_outside_fifo."}, (*bench).edgeBusyOutsideFifo},
		{[]string{"edge.busy_inside."}, (*bench).edgeBusyInside},
		{[]string{"edge.trouble"}, (*bench).edgeTrouble},
		{[]string{"edge.page."}, (*bench).edgePage},
		{[]string{"edge.one_core."}, (*bench).edgeOneCore},
		{[]string{"bus.24."}, (*bench).bus24},
		{[]string{"memory.", "drain."}, (*bench).memory},
	}
}

// roles are what this program does when it starts itself again.
func roles() map[string]func(ctx context.Context, args []string) error {
	return map[string]func(context.Context, []string) error{
		"spin": spin, "district": serveDistrict, "one-core": oneCore,
		"crowd": crowd,
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// What cmd/firepost gives itself: so many places for goroutines beside the cores, and a heap that
// is collected at so many per cent of growth. A test holds them equal to its.
const (
	spare     = 4
	collectAt = 50
)

// likeTheCommand gives this process what cmd/firepost gives itself.
func likeTheCommand() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.NumCPU() + spare)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) int {
	likeTheCommand()
	if len(args) > 0 {
		if role, ok := roles()[args[0]]; ok {
			if err := role(ctx, args[1:]); err != nil {
				fmt.Fprintf(log, "bench %s: %v\n", args[0], err)
				return 1
			}
			return 0
		}
	}
	b := &bench{out: out, log: log}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.BoolVar(&b.quick, "quick", false, "smaller counts")
	flags.StringVar(&b.only, "only", "", "measure only what begins with `PREFIX`")
	flags.StringVar(&b.bin, "bin", "bin", "`folder` of the binaries of make cross")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(log, "bench: what is %q?\n", flags.Arg(0))
		return 2
	}
	if err := b.all(ctx); err != nil {
		fmt.Fprintf(log, "bench: %v\n", err)
		return 1
	}
	return 0
}

// all measures one group after the other. One that cannot be measured does not stop the others.
func (b *bench) all(ctx context.Context) error {
	var err error
	if b.dir, err = os.MkdirTemp("", "firepost-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	var failed []error
	found := false
	for _, g := range groups() {
		if !b.wants(g) {
			continue
		}
		found = true
		began := time.Now()
		err := g.run(b, ctx)
		if ctx.Err() != nil {
			return errors.Join(append(failed, ctx.Err())...)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", strings.TrimSuffix(g.names[0], "."), err))
		}
		b.say("%s took %s", strings.TrimSuffix(g.names[0], "."), time.Since(began).Round(time.Second))
	}
	if !found {
		return fmt.Errorf("no figure begins with %q", b.only)
	}
	return errors.Join(failed...)
}

func (b *bench) wants(g group) bool {
	for _, name := range g.names {
		if strings.HasPrefix(name, b.only) || strings.HasPrefix(b.only, name) {
			return true
		}
	}
	return false
}

// say tells what is going on.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, "bench: "+format+"\n", args...)
}

// count is how often something is done: less with -quick.
func (b *bench) count(full, quick int) int {
	if b.quick {
		return quick
	}
	return full
}

// folder makes a new one, with a short path: a socket's name may have 107 bytes.
func (b *bench) folder() (string, error) {
	b.dirs++
	return b.lastFolder(), os.Mkdir(b.lastFolder(), 0o700)
}

func (b *bench) lastFolder() string { return filepath.Join(b.dir, fmt.Sprint(b.dirs)) }
