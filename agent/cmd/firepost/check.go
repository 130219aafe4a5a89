package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/agent/site"
)

type checkCmd struct {
	aboard
	box, wiring, reference bool
}

func prepareCheck(f *pflag.FlagSet) action {
	c := &checkCmd{}
	c.flags(f)
	f.BoolVar(&c.box, "box", false, "look at the machine too, though a site file is named")
	f.BoolVar(&c.wiring, "wiring", false, "print which pin and address goes to which part")
	f.BoolVar(&c.reference, "reference", false, "print a site file that explains every key")
	return func(o outlet, args []string) error {
		if len(args) > 0 {
			c.config = args[0]
		}
		c.box = c.box || c.sim != "" || len(args) == 0 && !f.Changed("config")
		return c.run(o)
	}
}

// run prints the mistakes of the site file, or what it says and what its outputs will do, and then
// what it found on the box: on a laptop a file is named, and on the box none needs to be. The exit
// code is 2 when the agent would not start or not see, 1 with warnings alone.
func (c *checkCmd) run(o outlet) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.reference {
		fmt.Fprint(o.out, site.Reference)
		return nil
	}
	s, err := site.Load(c.config)
	if c.wiring && err == nil {
		fmt.Fprint(o.out, probe.Wiring(s, c.isChinese()))
		return nil
	}
	said := c.judge(o, s, err)
	level := probe.Good
	switch {
	case err != nil:
		level = probe.Failure
	case len(s.Warnings) > 0:
		level = probe.Warning
	}
	var found []probe.JSON
	if c.box {
		worst := probe.Good
		worst, found = c.checkBox(o, s)
		level = max(level, worst)
	}
	if c.json {
		if err := c.encode(o, s, err, level, found); err != nil {
			return err
		}
		said = ""
	}
	switch {
	case level == probe.Failure:
		return &exitError{2, said}
	case level == probe.Warning:
		return &exitError{1, said}
	}
	return nil
}

// judge prints what there is to say of the site file, and returns the last word on one that is
// not good.
func (c *checkCmd) judge(o outlet, s *site.Site, err error) string {
	if c.json {
		return ""
	}
	var problems site.Problems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			fmt.Fprintln(o.out, p)
		}
		return c.say(alarm.Text{
			En: count(len(problems), "mistake") + "; the agent would not start with this file",
			Zh: fmt.Sprintf("%d 处错误；用此文件无法启动", len(problems)),
		})
	case err != nil && c.box:
		fmt.Fprintln(o.out, err)
		return "the agent would not start"
	case err != nil:
		return err.Error()
	}
	for _, w := range s.Warnings {
		fmt.Fprintln(o.out, c.say(alarm.Text{En: "warning:", Zh: "警告："}), w.In(c.isChinese()))
	}
	note := c.say(alarm.Text{En: "note:", Zh: "提示："})
	for _, n := range s.Notes {
		fmt.Fprintln(o.out, note, n.In(c.isChinese()))
	}
	for _, n := range c.polled(s.Hash) {
		fmt.Fprintln(o.out, note, c.say(n))
	}
	fmt.Fprintf(o.out, "%s: %s\n", c.config, c.say(summary(s)))
	fmt.Fprint(o.out, "\n", s.Words(c.isChinese()), "\n", s.Table(c.isChinese()))
	return ""
}

// summary says in one line that a site file is good, and what it has.
func summary(s *site.Site) alarm.Text {
	plan := s.Plan()
	zones, sensors := len(plan.Zones), len(s.Sensors)
	points, outputs := len(plan.Points), len(plan.Outputs)
	return alarm.Text{
		En: fmt.Sprintf("good. %s (%s): %s, %s, %s, %s", s.Name, s.Hash, count(zones, "zone"),
			count(sensors, "sensor"), count(points, "point"), count(outputs, "output")),
		Zh: fmt.Sprintf("配置无误。%s（%s）：%d 个分区，%d 个传感器，%d 个点位，%d 个输出",
			s.Name, s.Hash, zones, sensors, points, outputs),
	}
}

// polled asks the agent, if one runs with this very file, which lines have no interrupts: a board
// tells it only to whoever has opened them.
func (c *checkCmd) polled(hash string) []alarm.Text {
	if c.box {
		return nil // what is found on the box has them
	}
	is, err := probe.Ask(context.Background(), c.client())
	if err != nil || is.Site.Hash != hash {
		return nil
	}
	return is.Polled()
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
