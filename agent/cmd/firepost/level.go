package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/drivers"
)

// lookEvery is how long a line is waited for before its level is read all the same.
const lookEvery = 250 * time.Millisecond

type levelCmd struct {
	live
	pull     string
	debounce time.Duration
}

func prepareLevel(f *pflag.FlagSet) action {
	c := &levelCmd{}
	c.flags(f, "changes")
	f.StringVar(&c.pull, "pull", "board", "resistor of the line: up, down, none or board, as it is")
	f.DurationVar(&c.debounce, "debounce", 0, "a level must hold so long, such as 20ms")
	return c.run
}

// run shows the level of a line that is an input and free, and each change of it.
func (c *levelCmd) run(o outlet, args []string) error {
	if err := c.check(); err != nil {
		return err
	}
	bias, ok := map[string]drivers.Bias{"board": drivers.BiasDefault, "up": drivers.BiasUp,
		"down": drivers.BiasDown, "none": drivers.BiasNone}[c.pull]
	if !ok {
		return &exitError{2, fmt.Sprintf("--pull %s is unknown; write up, down, none or board", c.pull)}
	}
	info, err := c.machine().Find(args[0])
	if err != nil {
		return err
	}
	if alone, err := c.isAlone(); err != nil {
		return err
	} else if !alone && info.User == agentUser && !info.Output {
		return c.beside(o, args[0])
	}
	if err := c.mayOpen(info); err != nil {
		return err
	}
	l, err := c.machine().Line(args[0], drivers.LineConfig{Bias: bias, Debounce: c.debounce})
	if err != nil {
		return err
	}
	defer l.Close()
	if i, ok := l.(interface{ Interrupts() bool }); ok && !i.Interrupts() {
		fmt.Fprintln(o.err, c.say(alarm.Text{
			En: "the line has no interrupts: it is read every 20 ms, and what is shorter is not seen",
			Zh: "该线路无中断：每 20 毫秒读取一次，更短的变化看不到"}))
	}
	return c.follow(o, l)
}

// agentUser is how the kernel names an agent that has a line.
const agentUser = "firepost"

// beside shows what the agent sees on a line, which it has.
func (c *levelCmd) beside(o outlet, line string) error {
	was, edges, shown := "", uint32(0), uint(0)
	return c.overhear(url.Values{"line": {line}}, func(p probe.Passed) bool {
		edges += p.Edges
		switch {
		case p.Err != "":
			fmt.Fprintln(o.err, p.Err)
		case p.Level != was || edges > 0:
			c.show(o, p.Level, edges, shown == 0)
			was, edges, shown = p.Level, 0, shown+1
		}
		return c.number > 0 && shown > c.number
	})
}

// mayOpen refuses a line that somebody has, and one that drives something: to read it as an input
// would turn that off.
func (c *levelCmd) mayOpen(l drivers.LineInfo) error {
	switch {
	case l.User == agentUser && l.Output:
		return errors.New(c.say(alarm.Text{
			En: "line " + l.Place() + " is an output of the agent; firepost status shows whether it is on",
			Zh: "线路 " + l.Place() + " 是主程序的输出，firepost status 显示其状态"}))
	case l.User != "":
		return fmt.Errorf(c.say(alarm.Text{En: "line %s is held by %s; end that first",
			Zh: "线路 %s 被 %s 占用，请先结束它"}), l.Place(), l.User)
	case l.Output:
		return errors.New(c.say(alarm.Text{
			En: "line " + l.Place() + " is an output now, and to read it would turn it off",
			Zh: "线路 " + l.Place() + " 目前是输出，读取会使其关断"}))
	}
	return nil
}

// follow shows the level now and after each change.
func (c *levelCmd) follow(o outlet, l drivers.Line) error {
	ctx, stop := c.context()
	defer stop()
	was, shown := "", uint(0)
	var edges uint32
	for ctx.Err() == nil {
		high, err := l.Level()
		if err != nil {
			return err
		}
		level := "low"
		if high {
			level = "high"
		}
		if level != was || edges > 0 {
			c.show(o, level, edges, shown == 0)
			if was, shown = level, shown+1; c.number > 0 && shown > c.number {
				return nil
			}
		}
		if edges, err = l.Wait(lookEvery); err != nil {
			return err
		}
	}
	return nil
}

func (c *levelCmd) show(o outlet, level string, edges uint32, first bool) {
	now := time.Now()
	if c.json {
		p := probe.Look(level == "high", edges, now, nil)
		json.NewEncoder(o.out).Encode(p) //nolint:errcheck // whoever read it has gone
		return
	}
	text := c.say(map[string]alarm.Text{
		"high": {En: "High", Zh: "高电平"}, "low": {En: "Low", Zh: "低电平"}}[level])
	if !first {
		text += fmt.Sprintf(c.say(alarm.Text{En: "  %d edges", Zh: "  %d 次跳变"}), edges)
	}
	fmt.Fprintf(o.out, "%s  %s\n", stamp(now), text)
}
