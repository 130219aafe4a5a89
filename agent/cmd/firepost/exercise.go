package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/alarm"
)

// What tries the system: drills and walk tests.

func prepareDrillStart(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: alarm.StartDrill.String()})
	f.StringVar(&o.For, "for", "", "for how long at most; default 1h, which is the longest")
	f.StringArrayVar(&o.Scenario, "scenario", nil, "POINT that alarms; repeat it for more. "+
		"default: the first fire detector")
	f.StringArrayVar(&o.Outputs, "output", nil, "valve, fan, relay or barrier that may act; "+
		"repeat it for more. default: none")
	return act
}

func prepareDrillEnd(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: alarm.EndDrill.String()})
	return act
}

func prepareTestStart(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: alarm.StartTest.String()})
	f.StringVar(&o.For, "for", "", "for how long at most; default 1h, which is the longest")
	f.StringVar(&o.Zone, "zone", "", "zone to test; default: the whole site")
	return act
}

func prepareTestSkip(f *pflag.FlagSet) action {
	o, act := order(f, agent.Order{Action: alarm.SkipTest.String()})
	f.StringVar(&o.Reason, "reason", "", "why it is not tried; required")
	return func(out outlet, args []string) error {
		if o.Reason == "" {
			return &exitError{2, `walktest skip needs --reason, such as --reason "out of reach"`}
		}
		return act(out, args)
	}
}

func prepareTestEnd(f *pflag.FlagSet) action {
	_, act := order(f, agent.Order{Action: alarm.EndTest.String()})
	return act
}

// walkTest is the walk test that runs, or the last one, in the agent's status.
type walkTest struct {
	Running bool
	Zone    string
	Ended   string
	Age     float64 `json:"age_seconds"`
	Left    float64 `json:"left_seconds"`
	Lasted  float64 `json:"lasted_seconds"`
	Points  []struct {
		Point, Skipped string
		Tried          bool
		Detected       float64 `json:"detected_seconds"`
		Alarmed        float64 `json:"alarmed_seconds"`
		Received       float64 `json:"received_seconds"`
	}
}

// drillRun is the drill that runs, or the last one.
type drillRun struct {
	Running    bool
	Ended      string
	Age        float64 `json:"age_seconds"`
	Left       float64 `json:"left_seconds"`
	Lasted     float64 `json:"lasted_seconds"`
	Sounded    float64 `json:"sounded_seconds"`
	Silenced   float64 `json:"silenced_seconds"`
	Deviations []string
	Points     []struct {
		Point        string
		Raised       float64 `json:"raised_seconds"`
		Acknowledged float64 `json:"acknowledged_seconds"`
	}
}

func prepareTestRecord(f *pflag.FlagSet) action {
	return recordOf(f, "test", func(w io.Writer, s *report) {
		if s.Panel.Test == nil {
			fmt.Fprintln(w, "there was no walk test")
			return
		}
		s.Panel.Test.print(w)
	})
}

func prepareDrillRecord(f *pflag.FlagSet) action {
	return recordOf(f, "drill", func(w io.Writer, s *report) {
		if s.Panel.Drill == nil {
			fmt.Fprintln(w, "there was no drill")
			return
		}
		s.Panel.Drill.print(w)
	})
}

// recordOf prepares a command that shows one part of what the panel tells.
func recordOf(f *pflag.FlagSet, part string, show func(io.Writer, *report)) action {
	c := &statusCmd{}
	c.flag(f)
	f.BoolVar(&c.json, "json", false, "print the record as JSON")
	return func(o outlet, _ []string) error {
		if !c.json {
			s, err := c.report()
			if err == nil {
				show(o.out, &s)
			}
			return err
		}
		body, err := c.body()
		if err != nil {
			return err
		}
		var s struct{ Panel map[string]json.RawMessage }
		if err := json.Unmarshal(body, &s); err != nil {
			return err
		}
		text := s.Panel[part]
		if text == nil {
			text = json.RawMessage("null")
		}
		_, err = fmt.Fprintf(o.out, "%s\n", text)
		return err
	}
}

// lasted tells how far something is that runs for a time.
func lasted(running bool, age, left, lasted float64, ended string) string {
	if running {
		return fmt.Sprintf("for %s, at most another %s", span(age), span(left))
	}
	return fmt.Sprintf("over after %s: %s", span(lasted), ended)
}

func (t *walkTest) print(w io.Writer) {
	where := "the whole site"
	if t.Zone != "" {
		where = "zone " + t.Zone
	}
	tried := 0
	for _, p := range t.Points {
		if p.Tried {
			tried++
		}
	}
	fmt.Fprintf(w, "walk test of %s, %s; %d of %d points tried\n", where,
		lasted(t.Running, t.Age, t.Left, t.Lasted, t.Ended), tried, len(t.Points))
	for _, p := range t.Points {
		said := "not tried"
		switch {
		case p.Tried && p.Received > 0:
			said = fmt.Sprintf("tried after %s, alarm %.1f s later, the district %.1f s after that",
				span(p.Detected), p.Alarmed-p.Detected, p.Received-p.Alarmed)
		case p.Tried:
			said = fmt.Sprintf("tried after %s, alarm %.1f s later", span(p.Detected),
				p.Alarmed-p.Detected)
		case p.Skipped != "":
			said = "skipped: " + p.Skipped
		}
		fmt.Fprintf(w, "  %-16s %s\n", p.Point, said)
	}
}

func (d *drillRun) print(w io.Writer) {
	fmt.Fprintf(w, "drill, %s\n", lasted(d.Running, d.Age, d.Left, d.Lasted, d.Ended))
	for _, at := range []struct {
		name string
		at   float64
	}{{"the siren", d.Sounded}, {"silenced", d.Silenced}} {
		if at.at > 0 {
			fmt.Fprintf(w, "  %-16s after %s\n", at.name, span(at.at))
		}
	}
	for _, p := range d.Points {
		said := "not yet"
		if p.Raised > 0 {
			said = "after " + span(p.Raised)
		}
		if p.Acknowledged > 0 {
			said += ", acknowledged after " + span(p.Acknowledged)
		}
		fmt.Fprintf(w, "  %-16s %s\n", p.Point, said)
	}
	for _, code := range d.Deviations {
		fmt.Fprintf(w, "  otherwise than it should: %s\n", deviation(code))
	}
}

// deviation puts what went otherwise in a drill into words.
func deviation(code string) string {
	what, id, _ := strings.Cut(code, ":")
	words := map[string]string{
		alarm.DrillUnsounded: "no sounder rang",
		alarm.DrillUnraised:  "did not alarm",
		alarm.DrillUnseen:    "was not acknowledged",
		alarm.DrillLate:      "was acknowledged after more than 60 s",
		alarm.DrillUnended:   "no person ended it",
	}[what]
	if words == "" {
		return code
	}
	return strings.TrimSpace(id + " " + words)
}

// printExercises tells in the status what runs and is no alarm.
func (s *report) printExercises(w io.Writer) {
	if d := s.Panel.Drill; d != nil && d.Running {
		fmt.Fprintf(w, "  DRILL, nothing burns: at most another %s\n", span(d.Left))
	}
	if t := s.Panel.Test; t != nil && t.Running {
		fmt.Fprintf(w, "  walk test: at most another %s; its points raise no alarm\n", span(t.Left))
	}
}

// held says what an alarm waits for that its zone holds back; how long follows.
func held(phase string) string {
	switch phase {
	case alarm.Verifying.String():
		return "it waits for a second signal, for another"
	case alarm.WaitAck.String():
		return "acknowledge it, or the siren sounds in"
	}
	return "look, and reset it if nothing burns, or the siren sounds in"
}
