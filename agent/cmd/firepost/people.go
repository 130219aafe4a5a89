package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/site"
)

// What people do about their duties: calls, incidents, checks, hazards and shifts.

// about prepares an order whose argument is the ID of a call, an item or a hazard.
func about(f *pflag.FlagSet, o agent.Order) (*agent.Order, action) {
	set, act := order(f, o)
	return set, naming(&set.ID, act)
}

func prepareAnswer(f *pflag.FlagSet) action {
	_, act := about(f, agent.Order{Action: "answer"})
	return act
}

// incident prepares a step of an incident, whose argument is any of its alarms.
func incident(f *pflag.FlagSet, o agent.Order) (*agent.Order, action) {
	set, act := order(f, o)
	return set, naming(&set.Alarm, act)
}

// naming puts the argument, if there is one, into a field of the order before it acts.
func naming(field *string, act action) action {
	return func(out outlet, args []string) error {
		if len(args) > 0 {
			*field = args[0]
		}
		return act(out, nil)
	}
}

func prepareAccept(f *pflag.FlagSet) action {
	_, act := incident(f, agent.Order{Action: "accept"})
	return act
}

func prepareArrive(f *pflag.FlagSet) action {
	_, act := incident(f, agent.Order{Action: "arrive"})
	return act
}

func prepareVerdict(f *pflag.FlagSet) action {
	o, act := incident(f, agent.Order{Action: "verdict"})
	f.StringVar(&o.Verdict, "is", "", "real, false, test, fault or drill; required")
	f.StringVar(&o.Text, "cause", "", "why it was false; required then")
	return func(out outlet, args []string) error {
		switch {
		case o.Verdict == "":
			return &exitError{2, "verdict needs --is, such as --is false --cause \"oil on the stove\""}
		case !slices.Contains([]string{"real", "false", "test", "fault", "drill"}, o.Verdict):
			return &exitError{2, fmt.Sprintf(
				"--is is %q; write real, false, test, fault or drill", o.Verdict)}
		case o.Verdict == "false" && strings.TrimSpace(o.Text) == "":
			return &exitError{2, "a false alarm needs --cause, such as --cause \"oil on the stove\""}
		}
		return act(out, args)
	}
}

func prepareItemDone(f *pflag.FlagSet) action {
	o, act := about(f, agent.Order{Action: "item_done"})
	f.BoolVar(&o.Failed, "failed", false, "something is wrong; --found says what")
	f.StringVar(&o.Text, "found", "", "what was found")
	return evidence(f, o, act)
}

// evidence adds a file whose hash goes into the record. The file itself stays where it is.
func evidence(f *pflag.FlagSet, o *agent.Order, act action) action {
	file := f.String("evidence", "", "a photo or a paper; its SHA-256 is recorded")
	return func(out outlet, args []string) error {
		if *file != "" {
			hash, err := hashOf(*file)
			if err != nil {
				return err
			}
			o.Evidence = hash
		}
		return act(out, args)
	}
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("evidence: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("evidence: %w", err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

func prepareHazardOpen(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: "hazard_open"})
	f.Uint16Var(&o.Days, "days", 0, "how long it may last; required")
	return func(out outlet, args []string) error {
		if o.Days == 0 {
			return &exitError{2, "hazard open needs --days, such as --days 7"}
		}
		o.Text = args[0]
		return act(out, nil)
	}
}

func prepareHazardClose(f *pflag.FlagSet) action {
	o, act := about(f, agent.Order{Action: "hazard_close"})
	return evidence(f, o, act)
}

func prepareShiftOn(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: "shift_on"})
	return act
}

func prepareShiftOff(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: "shift_off"})
	return act
}

// operatorCmd makes the row of an operator.
type operatorCmd struct {
	number, level uint8
	name, file    string
}

func prepareOperatorAdd(f *pflag.FlagSet) action {
	c := &operatorCmd{}
	f.Uint8Var(&c.number, "number", 0, "1 to 99; required")
	f.StringVar(&c.name, "name", "", "of the person; required")
	f.Uint8Var(&c.level, "level", 1, "1 answers and checks; 2 silences, resets, disables; 3 engineer")
	f.StringVar(&c.file, "site", "", "the site file to add the row to; without it the row is printed")
	return c.run
}

func (c *operatorCmd) run(o outlet, _ []string) error {
	if c.number < 1 || c.number > 99 || c.level < 1 || c.level > 3 ||
		strings.TrimSpace(c.name) == "" {
		return &exitError{2, "operator add needs --number 1 to 99, --name, and --level 1 to 3"}
	}
	row := fmt.Sprintf("[[operator]]\nnumber = %d\nname = %q\nlevel = %d\n",
		c.number, c.name, c.level)
	if c.level > 1 {
		pin, err := newPIN(o)
		if err != nil {
			return err
		}
		hash, err := site.HashPIN(pin)
		if err != nil {
			return err
		}
		row += fmt.Sprintf("pin = %q\n", hash)
	}
	if c.file == "" {
		_, err := io.WriteString(o.out, row)
		return err
	}
	return c.add(o, row)
}

// add puts the row at the end of the site file, if the file is good with it.
func (c *operatorCmd) add(o outlet, row string) error {
	old, err := os.ReadFile(c.file)
	if err != nil {
		return fmt.Errorf("site file: %w", err)
	}
	row = "\n" + row
	if _, err := site.Parse(c.file, append(old, row...)); err != nil {
		return &exitError{2, err.Error()}
	}
	f, err := os.OpenFile(c.file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("site file: %w", err)
	}
	_, err = io.WriteString(f, row)
	if synced := f.Sync(); err == nil {
		err = synced
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		fmt.Fprintf(o.out, "operator %d is in %s; it counts after: firepost reload\n", c.number,
			c.file)
	}
	return err
}
