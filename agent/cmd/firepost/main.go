// Command firepost is the edge agent of a micro fire station or a small venue: it reads the sensors,
// sounds the alarm on the spot, keeps what it saw while the line is down and forwards it to the
// district.
//
// It exits with 0 when all went well, 1 when something failed or was refused, 2 when the command
// line or a site file is wrong, and 78 when it cannot run for want of a good site file.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/alecthomas/kong"
)

// The linker sets these.
var (
	version = "unknown" // of the build
	built   = "0"       // Unix time of the commit: no clock that is right shows less
)

// exitError ends the process with a code of its own. Its text has been printed already when it is
// empty.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

// cli is the command line.
type cli struct {
	Run     runCmd     `cmd:"" help:"Watch the site, until a signal ends it."`
	Check   checkCmd   `cmd:"" help:"Check a site file and list every mistake."`
	Status  statusCmd  `cmd:"" help:"Show what the running agent sees."`
	Ack     ackCmd     `cmd:"" help:"Acknowledge alarms: somebody has seen them."`
	Silence silenceCmd `cmd:"" help:"Stop the sounders. A new alarm starts them again."`
	Reset   resetCmd   `cmd:"" help:"End alarms whose cause is gone."`
	Disable disableCmd `cmd:"" help:"Take a point out of service for a time, at most 8 hours."`
	Enable  enableCmd  `cmd:"" help:"Put a disabled point back into service."`

	Version kong.VersionFlag `help:"Print the version."`
}

// outlet is where commands print.
type outlet struct{ out, err io.Writer }

func main() { os.Exit(run(os.Args[1:], outlet{os.Stdout, os.Stderr})) }

func run(args []string, o outlet) int {
	code := -1
	parser, err := kong.New(&cli{}, kong.Name("firepost"),
		kong.Description("Edge agent of a micro fire station: sensors, siren, buffer, district."),
		kong.Vars{"version": version}, kong.Writers(o.out, o.err), kong.UsageOnError(),
		kong.Exit(func(c int) { code = c }))
	if err != nil {
		fmt.Fprintln(o.err, "firepost:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if code >= 0 {
		return code // --help or --version
	}
	if err != nil {
		fmt.Fprintf(o.err, "firepost: %v\nRun \"firepost --help\" for what can be written.\n", err)
		return 2
	}
	return exitCode(parsed.Run(o), o)
}

func exitCode(err error, o outlet) int {
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(o.err, "firepost:", text)
	}
	var e *exitError
	if errors.As(err, &e) {
		return e.code
	}
	return 1
}

// buildTime is when the source was committed; zero: not known.
func buildTime() time.Time {
	s, err := strconv.ParseInt(built, 10, 64)
	if err != nil || s <= 0 {
		return time.Time{}
	}
	return time.Unix(s, 0)
}
