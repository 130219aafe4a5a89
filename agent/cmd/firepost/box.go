package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/provisioning"
)

// checkBox looks at the machine and returns the worst that it found. s is nil when the site file
// has mistakes.
func (c *checkCmd) checkBox(o outlet, s *site.Site) (worst probe.Level, found []probe.JSON) {
	chinese := c.isChinese()
	if !c.json {
		fmt.Fprintf(o.out, "\n%s\n", c.say(alarm.Text{En: "The box:", Zh: "设备："}))
	}
	worst = probe.Run(context.Background(), c.steps(s), func(f probe.Finding) {
		if c.json {
			found = append(found, f.JSON(chinese))
			return
		}
		fmt.Fprint(o.out, f.Text(chinese))
	})
	return worst, found
}

// steps are what is looked at: beside a running agent what it says of itself, because it has the
// buses, the lines and the session at the broker.
func (c *checkCmd) steps(s *site.Site) []probe.Step {
	running, err := probe.Ask(context.Background(), c.client())
	steps := []probe.Step{}
	switch {
	case err == nil:
		steps = append(steps, running.Steps()...)
		if s != nil && s.Hash != running.Site.Hash {
			steps = append(steps, finding("agent", probe.Note, alarm.Text{
				En: "the running agent has another site file than this one; restart it to use this",
				Zh: "运行中的主程序使用的是另一份站点配置；重启后才使用这一份"}))
		}
	case c.isLocked():
		return []probe.Step{finding("agent", probe.Failure, alarm.Text{
			En: "an agent holds " + c.dir + " and does not answer: it starts, or it hangs",
			Zh: "主程序占用 " + c.dir + " 但无应答：正在启动或已卡死"})}
	default:
		loader := provisioning.Loader{Built: buildTime()}
		id, err := loader.Load(filepath.Join(c.dir, "identity"))
		steps = append(steps, probe.Clock(buildTime()), probe.Identity(id, err))
		if s != nil {
			steps = append(probe.Board(c.machine(), s), steps...)
		}
		if err == nil && id.Enrolled() {
			steps = append(steps, probe.Broker(id)...)
		}
	}
	if c.sim == "" {
		steps = append(steps, probe.User(serviceUser, c.machine(), c.config, c.dir))
	}
	return append(steps, probe.Disk(c.dir, err != nil))
}

// serviceUser is who the service runs as.
const serviceUser = "firepost"

// finding is a step that knows already what to say.
func finding(name string, level probe.Level, says alarm.Text) probe.Step {
	return probe.Known(name, alarm.Text{En: "agent", Zh: "主程序"},
		probe.Finding{Level: level, Says: says})
}

// isLocked tells whether an agent holds the state directory. It takes no lock itself: an agent that
// starts at this moment must get it.
func (p paths) isLocked() bool {
	info, err := os.Stat(filepath.Join(p.dir, "lock"))
	if err != nil {
		return false
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	all, err := os.ReadFile("/proc/locks")
	if !ok || err != nil {
		return false
	}
	// 1: FLOCK  ADVISORY  WRITE 812 b3:02:1234 0 EOF
	dev := uint64(is.Dev) //nolint:unconvert // its type differs by processor
	file := fmt.Sprintf(" %02x:%02x:%d ", unix.Major(dev), unix.Minor(dev), is.Ino)
	for line := range strings.Lines(string(all)) {
		if strings.Contains(line, " FLOCK ") && strings.Contains(line, file) {
			return true
		}
	}
	return false
}

// checked is what check prints with --json.
type checked struct {
	File     string       `json:"file"`
	Level    string       `json:"level"` // good, note, warning, failure
	Mistakes []string     `json:"mistakes"`
	Warnings []string     `json:"warnings"`
	Notes    []string     `json:"notes"`
	Box      []probe.JSON `json:"box,omitempty"`
}

func texts(ps site.Problems) []string {
	all := []string{}
	for _, p := range ps {
		all = append(all, p.String())
	}
	return all
}

// encode prints the report.
func (c *checkCmd) encode(o outlet, s *site.Site, err error, level probe.Level,
	box []probe.JSON) error {
	r := checked{File: c.config, Mistakes: []string{}, Warnings: []string{}, Notes: []string{},
		Box: box, Level: level.String()}
	var problems site.Problems
	switch {
	case errors.As(err, &problems):
		r.Mistakes = texts(problems)
	case err != nil:
		r.Mistakes = []string{err.Error()}
	default:
		r.Warnings, r.Notes = texts(s.Warnings), texts(s.Notes)
	}
	e := json.NewEncoder(o.out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
