// Command firmware-sim is the bench of firepost: a simulated board, recorded fires to play on it,
// and a stand-in for the district. It is for developers and for those who build a platform; no part
// of it runs on a device.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type cli struct {
	Demo     demoCmd     `cmd:"" help:"A recorded fire, from sensor to siren and district."`
	Play     playCmd     `cmd:"" help:"Play a recording on a board for firepost run --sim."`
	District districtCmd `cmd:"" help:"A district: a broker and a checking receiver."`
	Score    scoreCmd    `cmd:"" help:"How soon recorded fires are found, and how often wrongly."`
	Conform  conformCmd  `cmd:"" help:"Hold a broker, and a receiver behind it, against the contract."`
	Fleet    fleetCmd    `cmd:"" help:"Many stations in one process, to load a broker and a platform."`
}

// outlet is where commands print, and what they are told meanwhile.
type outlet struct {
	out, err io.Writer
	in       io.Reader
}

// errBroken is returned when a promise of firepost was broken; what it was has been printed.
var errBroken = errors.New("a promise was broken")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM,
		syscall.SIGHUP)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], outlet{os.Stdout, os.Stderr, os.Stdin}))
}

func run(ctx context.Context, args []string, o outlet) int {
	code := -1
	parser, err := kong.New(&cli{}, kong.Name("firmware-sim"),
		kong.Description("The bench of firepost: a simulated board, recorded fires, a district."),
		kong.Writers(o.out, o.err), kong.UsageOnError(), kong.Exit(func(c int) { code = c }))
	if err != nil {
		fmt.Fprintln(o.err, "firmware-sim:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if code >= 0 {
		return code // --help
	}
	if err != nil {
		fmt.Fprintf(o.err, "firmware-sim: %v; run firmware-sim --help\n", err)
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(o); err != nil {
		fmt.Fprintln(o.err, "firmware-sim:", err)
		return 1
	}
	return 0
}
