package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/alarm"
)

const (
	watchEvery  = time.Second
	watchWait   = 3 * time.Second // for an answer; an old picture is worse than none
	redrawAfter = 30              // pictures: the kernel may have written over one
)

// What a terminal of the VT100 kind does with them. Lines that are too long for it are cut, so that
// each stays where it was put.
const (
	screenBegin = "\x1b[?25l\x1b[?7l" // no cursor, no wrapping
	screenEnd   = "\x1b[0m\x1b[?7h\x1b[?25h\r\n"
	screenClear = "\x1b[2J"
	lineEnd     = "\x1b[0m\x1b[K"
	loud        = "\x1b[1;7m" // bold, reverse
	bold        = "\x1b[1m"
)

type watchCmd struct{ show }

func prepareWatch(f *pflag.FlagSet) action {
	c := &watchCmd{show{what: "status"}}
	c.paths.flag(f)
	c.tongue.flag(f)
	return c.run
}

// run shows the status until Ctrl-C. An agent that does not answer is shown as such, and looked for
// again.
func (c *watchCmd) run(o outlet, _ []string) error {
	if err := c.check(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Fprint(o.out, screenBegin)
	defer fmt.Fprint(o.out, screenEnd)
	client, p := c.client(), picture{out: o.out, tongue: c.tongue}
	client.Timeout = watchWait
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		body, err := c.get(client, "")
		if err != nil {
			body = []byte("! " + c.say(alarm.Text{En: "Not known how it is", Zh: "状态未知"}) + "\n" +
				err.Error())
		}
		rows, columns := screen(int(os.Stdout.Fd()))
		if err := p.draw(string(body), rows, columns); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// picture is what stands on the terminal.
type picture struct {
	out io.Writer
	tongue
	lines         []string
	rows, columns int
	drawn         int
}

// draw shows a text. Only lines that have changed are written: a serial line is slow.
func (p *picture) draw(body string, rows, columns int) error {
	if rows < 2 {
		rows, columns = 24, 80 // it does not say
	}
	lines := strings.Split(strings.TrimRight(body, "\n"), "\n")
	loudest := ""
	for _, l := range lines {
		if strings.HasPrefix(l, "! ") {
			loudest = loud
		}
	}
	if n := len(lines) - rows; n > 0 {
		more := p.say(alarm.Text{En: "  %d more lines: firepost status", Zh: "  另有 %d 行：firepost status"})
		lines = append(lines[:rows-1:rows-1], fmt.Sprintf(more, n+1))
	}
	var b strings.Builder
	if p.drawn%redrawAfter == 0 || rows != p.rows || columns != p.columns {
		p.lines = nil
		b.WriteString(screenClear)
	}
	for i, l := range lines {
		lines[i] = dressed(l, i == 0, loudest)
		if i >= len(p.lines) || p.lines[i] != lines[i] {
			fmt.Fprintf(&b, "\x1b[%d;1H%s%s", i+1, lines[i], lineEnd)
		}
	}
	for i := len(lines); i < len(p.lines); i++ {
		fmt.Fprintf(&b, "\x1b[%d;1H%s", i+1, lineEnd)
	}
	p.lines, p.rows, p.columns = lines, rows, columns
	p.drawn++
	_, err := io.WriteString(p.out, b.String())
	return err
}

// dressed makes a line stand out by what its first column says. The headline is as loud as the
// loudest of them.
func dressed(l string, isHead bool, loudest string) string {
	switch {
	case strings.HasPrefix(l, "! "):
		return loud + l
	case isHead:
		return bold + loudest + l
	case strings.HasPrefix(l, "x "), strings.HasPrefix(l, "> "):
		return bold + l
	}
	return l
}
