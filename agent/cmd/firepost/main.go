// Command firepost is the edge agent of a micro fire station or a small venue: it reads the
// sensors, sounds the alarm on the spot, keeps what it saw while the line is down and forwards it
// to the district.
//
// What it exits with, and what the languages of its answers are, printHelp says.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
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

// outlet is where commands print.
type outlet struct{ out, err io.Writer }

// action is what a command does once its flags are read.
type action func(o outlet, args []string) error

// command is one word or two of the command line. The table is written out by hand on the smallest
// parser that takes flags behind arguments: one that works by reflection keeps every method of
// every package in the program, which is a quarter of its size.
type command struct {
	name, args, help string
	prepare          func(*pflag.FlagSet) action
}

var commands = []command{
	{"run", "", "Watch the site, until a signal ends it.", prepareRun},
	{"check", "[FILE]", "Check the site file, and the box where no file is named.", prepareCheck},
	{"reload", "", "Let the running agent read its site file again.", prepareReload},
	{"scan", "[BUS]", "List buses, lines, and the parts that answer.", prepareScan},
	{"read", "SENSOR", "Show what passes between a part and its driver.", prepareRead},
	{"pin", "LINE", "Show the level of an input, and each change of it.", prepareLevel},
	{"site show", "", "Say which site file counts, and why.", prepareSiteShow},
	{"site diff", "", "Say what a site file of the district changes.", prepareSiteDiff},
	{"site accept", "HASH", "Let such a file be tried; diff tells its hash.", prepareSiteAccept},
	{"site refuse", "", "Refuse it.", prepareSiteRefuse},
	{"site rollback", "", "Go back to the file before it.", prepareSiteRollback},
	{"status", "", "Show what the running agent sees.", prepareStatus},
	{"watch", "", "Show it on the whole terminal, every second anew.", prepareWatch},
	{"points", "[POINT]", "List all points, or tell all of one.", preparePoints},
	{"events", "", "List what has happened since the agent started.", prepareEvents},
	{"cause", "", "Say what the outputs of the running site will do.", prepareCause},
	{"ack", "[POINT]", "Acknowledge alarms: somebody has seen them.", prepareAck},
	{"silence", "", "Stop the sounders. A new alarm starts them again.", prepareSilence},
	{"reset", "[POINT]", "End alarms. What still stands alarms again at once.", prepareReset},
	{"disable", "POINT", "Take a point out of service, at most for 8 hours.", prepareDisable},
	{"enable", "POINT", "Put a disabled point back into service.", prepareEnable},
	{"out", "OUTPUT on|off", "Switch an output; off: do what the alarms say.", prepareOut},
	{"answer", "[CALL]", "Answer a duty check or a warning.", prepareAnswer},
	{"accept", "[ALARM]", "Take an incident on.", prepareAccept},
	{"arrive", "[ALARM]", "Say that you are at the place of an incident.", prepareArrive},
	{"verdict", "[ALARM]", "Say what the alarm of an incident was.", prepareVerdict},
	{"item list", "", "List what is to be checked.", prepareItemList},
	{"item done", "ITEM", "Record that you have checked something.", prepareItemDone},
	{"hazard list", "", "List what is to be put right.", prepareHazardList},
	{"hazard open", "TEXT", "Record something that must be put right.", prepareHazardOpen},
	{"hazard close", "HAZARD", "Record that it is put right.", prepareHazardClose},
	{"shift on", "", "Come on shift.", prepareShiftOn},
	{"shift off", "", "Go off shift.", prepareShiftOff},
	{"drill start", "", "Begin a drill. A real alarm ends it at once.", prepareDrillStart},
	{"drill end", "", "End the drill.", prepareDrillEnd},
	{"drill record", "", "Show the drill that runs, or the last one.", prepareDrillRecord},
	{"walktest start", "", "Begin to try one detector after the other.", prepareTestStart},
	{"walktest skip", "POINT", "Leave a detector out of the walk test.", prepareTestSkip},
	{"walktest end", "", "End the walk test.", prepareTestEnd},
	{"walktest record", "", "Show what the walk test has found.", prepareTestRecord},
	{"enrol", "[CLAIM]", "Join a district with a claim, or go on with it.", prepareEnrol},
	{"identity show", "", "Say who this box is.", prepareIdentityShow},
	{"label", "[CLAIM]", "Draw the label of this box, or of a work order.", prepareLabel},
	{"factory-reset", "", "Remove who this box is, or all of it.", prepareFactoryReset},
	{"operator add", "", "Make the row of an operator for the site file.", prepareOperatorAdd},
}

func main() { os.Exit(run(os.Args[1:], outlet{os.Stdout, os.Stderr})) }

func run(args []string, o outlet) int {
	if len(args) == 0 {
		printHelp(o.err)
		return 2
	}
	switch args[0] {
	case "-h", "--help", "help":
		printHelp(o.out)
		return 0
	case "--version", "version":
		fmt.Fprintln(o.out, version)
		return 0
	}
	if args[0] == "enroll" {
		args = append([]string{"enrol"}, args[1:]...)
	}
	for words := min(len(args), 2); words > 0; words-- {
		name := strings.Join(args[:words], " ")
		for i := range commands {
			if commands[i].name == name {
				return commands[i].run(args[words:], o)
			}
		}
	}
	fmt.Fprintf(o.err, "firepost: %q is no command; %s\n", args[0], instead(args[0]))
	return 2
}

// instead says what could have been meant by a word that is no command.
func instead(word string) string {
	var all []string
	for i := range commands {
		if strings.HasPrefix(commands[i].name, word+" ") {
			all = append(all, commands[i].name)
		}
	}
	if len(all) == 0 {
		return "run firepost --help"
	}
	return "write firepost " + strings.Join(all, ", or ")
}

func (c *command) run(args []string, o outlet) int {
	flags := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	flags.SetOutput(io.Discard) // it would print the usage a second time
	flags.SortFlags = false
	act := c.prepare(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, pflag.ErrHelp):
		c.printHelp(o.out, flags)
		return 0
	case err != nil:
		fmt.Fprintf(o.err, "firepost %s: %v; run firepost %s --help\n", c.name, err, c.name)
		return 2
	}
	if most, least := c.arity(); flags.NArg() > most || flags.NArg() < least {
		fmt.Fprintf(o.err, "firepost %s: write %s\n", c.name, c.usage())
		return 2
	}
	return exitCode(act(o, flags.Args()), o)
}

// arity is how many arguments a command takes.
func (c *command) arity() (most, least int) {
	for _, arg := range strings.Fields(c.args) {
		most++
		if arg[0] != '[' {
			least++
		}
	}
	return most, least
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "firepost: edge agent of a micro fire station: sensors, siren, buffer, "+
		"district.\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  firepost %-20s %s\n", c.name+" "+c.args, c.help)
	}
	fmt.Fprint(w, `
Exit code: 0 done; 1 failed or refused, or check has warnings; 2 the command
line or a site file is wrong, or check finds that the agent would not start or
not see; 3 the panel failed, and is to be started again; 75 enrol goes on by
itself, or may be tried again; 78 run has no good site file.
What a duty person reads is in the language of the terminal, or of --lang.

"firepost COMMAND --help" lists the flags of a command, "firepost --version" the
version.
`)
}

func (c *command) printHelp(w io.Writer, flags *pflag.FlagSet) {
	fmt.Fprintf(w, "%s\n%s\n\n%s", c.usage(), c.help, flags.FlagUsages())
}

// usage is the command as it is written, without its flags.
func (c *command) usage() string { return strings.TrimSpace("firepost " + c.name + " " + c.args) }

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
