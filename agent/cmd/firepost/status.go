package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

type statusCmd struct {
	paths
	json bool
}

func prepareStatus(f *pflag.FlagSet) action {
	c := &statusCmd{}
	c.flag(f)
	f.BoolVar(&c.json, "json", false, "print all that the agent tells, as JSON")
	return c.run
}

// report is what status shows of /status.json.
type report struct {
	State string `json:"state"`
	Sim   bool   `json:"sim"`
	Site  struct{ Name, Rejected string }
	Panel struct {
		Silenced bool
		Alarms   []struct {
			Point, Signal, Level                    string
			Seconds                                 float64
			AtLevel                                 float64 `json:"level_seconds"`
			Active, Latched, Acknowledged, Silenced bool
			Drill                                   bool
			Phase                                   string
			Left                                    float64 `json:"left_seconds"`
		}
		Faults []struct {
			Code, Point, Detail string
			Seconds             float64
		}
		Points []struct {
			ID, Name, Level, Fault, Reason string
			Disabled                       float64 `json:"disabled_seconds"`
			Values                         []struct{ Text, Quality, Reason string }
			Testing, Chatters              bool
		}
		Outputs []struct {
			ID      string
			Playing bool
			Err     string
		}
		Duties duties
		Test   *walkTest
		Drill  *drillRun
	}
	Outbox struct {
		Lanes []struct {
			Lane string
			Held uint64
		}
	}
	Link struct {
		Broker, Err string
		Connected   bool
	}
	Identity struct{ Device, State string }
}

// run prints the state of the running agent. It fails when there is none.
func (c *statusCmd) run(o outlet, _ []string) error {
	if c.json {
		body, err := c.body()
		if err == nil {
			_, err = o.out.Write(body)
		}
		return err
	}
	s, err := c.report()
	if err == nil {
		s.print(o.out)
	}
	return err
}

// body is what the agent tells.
func (c *statusCmd) body() ([]byte, error) {
	r, err := c.client().Get("http://firepost/status.json")
	if err != nil {
		return nil, c.unreachable(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, mostAnswer))
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("the agent answers %s: %s", r.Status, strings.TrimSpace(string(body)))
	}
	return body, err
}

func (c *statusCmd) report() (s report, err error) {
	body, err := c.body()
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	return s, err
}

func (s *report) print(w io.Writer) {
	sim := ""
	if s.Sim {
		sim = "  SIMULATED 模拟"
	}
	fmt.Fprintf(w, "%s  %s%s\n", strings.ToUpper(s.State), s.Site.Name, sim)
	if s.Site.Rejected != "" {
		fmt.Fprintf(w, "the newest site file is not in use:\n%s\n", s.Site.Rejected)
	}
	for _, a := range s.Panel.Alarms {
		drill := ""
		if a.Drill {
			drill = "DRILL "
		}
		fmt.Fprintf(w, "  %s%s %s at %s for %s%s%s\n", drill, a.Signal, a.Level, a.Point,
			span(a.AtLevel), firstSeen(a.Seconds, a.AtLevel), marks(map[string]bool{
				"cause gone, latched": !a.Active, "acknowledged": a.Acknowledged, "silenced": a.Silenced,
			}))
		if a.Phase != "" {
			fmt.Fprintf(w, "    %s %s\n", held(a.Phase), span(a.Left))
		}
	}
	for _, f := range s.Panel.Faults {
		words := alarm.Fault(detect.FaultCode(f.Code))
		fmt.Fprintf(w, "  fault %s %s for %s: %s %s\n", f.Code, f.Point, span(f.Seconds),
			words.Says.En, words.Do.En)
	}
	s.printExercises(w)
	s.Panel.Duties.print(w)
	for _, p := range s.Panel.Points {
		var values []string
		for _, v := range p.Values {
			values = append(values, strings.TrimSpace(v.Text+" "+v.Reason))
		}
		left := ""
		if p.Testing {
			left += "  under test"
		}
		if p.Chatters {
			left += "  comes and goes"
		}
		if p.Disabled > 0 {
			left += fmt.Sprintf("  disabled for another %s: %s", span(p.Disabled), p.Reason)
		}
		fmt.Fprintf(w, "  %-16s %-10s %s%s\n", p.ID, p.Level, strings.Join(values, ", "), left)
	}
	for _, out := range s.Panel.Outputs {
		fmt.Fprintf(w, "  %-16s %-10s %s\n", out.ID, onOff(out.Playing), out.Err)
	}
	s.printLine(w)
}

func (s *report) printLine(w io.Writer) {
	var held []string
	for _, l := range s.Outbox.Lanes {
		held = append(held, fmt.Sprintf("%s %d", l.Lane, l.Held))
	}
	line := "not connected: " + s.Link.Err
	switch {
	case s.Link.Broker == "":
		line = s.Identity.State
	case s.Link.Connected:
		line = "connected to " + s.Link.Broker
	}
	fmt.Fprintf(w, "  %-16s %s; waiting: %s\n", "district", line, strings.Join(held, ", "))
}

// marks lists the names of those that hold, in the order of the alphabet.
func marks(all map[string]bool) string {
	text := ""
	for _, name := range []string{"acknowledged", "cause gone, latched", "silenced"} {
		if all[name] {
			text += ", " + name
		}
	}
	return text
}

// firstSeen tells when an alarm began, if that was at a lower level.
func firstSeen(all, atLevel float64) string {
	if all <= atLevel {
		return ""
	}
	return " (first seen " + span(all) + " ago)"
}

func span(seconds float64) string {
	return (time.Duration(seconds) * time.Second).String()
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
