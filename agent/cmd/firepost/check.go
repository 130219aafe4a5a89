package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/site"
)

type checkCmd struct {
	paths
	config    string
	reference bool
	tongue
}

func prepareCheck(f *pflag.FlagSet) action {
	c := &checkCmd{}
	f.StringVarP(&c.config, "config", "c", "/etc/firepost/site.toml", "site file")
	c.paths.flag(f)
	c.tongue.flag(f)
	f.BoolVar(&c.reference, "reference", false, "print a site file that explains every key")
	return c.run
}

// run prints the mistakes of the site file, or what it says and what its outputs will do. The exit
// code is 2 with mistakes, 1 with warnings alone.
func (c *checkCmd) run(o outlet, args []string) error {
	if len(args) > 0 {
		c.config = args[0]
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.reference {
		fmt.Fprint(o.out, site.Reference)
		return nil
	}
	s, err := site.Load(c.config)
	var problems site.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Fprintln(o.out, p)
		}
		return &exitError{2, count(len(problems), "mistake") +
			"; the agent would not start with this file"}
	}
	if err != nil {
		return &exitError{2, err.Error()}
	}
	for _, w := range s.Warnings {
		fmt.Fprintln(o.out, "warning:", w)
	}
	for _, n := range s.Notes {
		fmt.Fprintln(o.out, "note:", n)
	}
	for _, n := range c.polled(s.Hash) {
		fmt.Fprintln(o.out, "note:", n)
	}
	plan := s.Plan()
	fmt.Fprintf(o.out, "%s: good. %s (%s): %s, %s, %s, %s\n", c.config, s.Name, s.Hash,
		count(len(plan.Zones), "zone"), count(len(s.Sensors), "sensor"),
		count(len(plan.Points), "point"), count(len(plan.Outputs), "output"))
	fmt.Fprint(o.out, "\n", s.Words(c.isChinese()), "\n", s.Table(c.isChinese()))
	if len(s.Warnings) > 0 {
		return &exitError{1, ""}
	}
	return nil
}

// polled asks the agent, if one runs with this very file, which lines have no interrupts: a board
// tells it only to whoever has opened them.
func (c *checkCmd) polled(hash string) (notes []string) {
	status := show{paths: c.paths, what: "status", json: true}
	body, err := status.get(c.client(), "")
	var is struct {
		Site  struct{ Hash string }
		Buses []struct {
			Name   string
			Polled bool
		}
	}
	if err != nil || json.Unmarshal(body, &is) != nil || is.Site.Hash != hash {
		return nil
	}
	for _, b := range is.Buses {
		if b.Polled {
			notes = append(notes, fmt.Sprintf("%s: it has no interrupts, so it is asked every "+
				"20 ms; what hangs on it is seen that much later", strings.TrimPrefix(b.Name, "line:")))
		}
	}
	return notes
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
