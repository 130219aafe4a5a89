package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// duties is what status and the lists show of what people have to do.
type duties struct {
	Date    string
	Waiting bool
	Calls   []struct {
		ID, Kind, Colour, Text string
		Left                   float64 `json:"left_seconds"`
	}
	Incidents []struct {
		ID      string
		Seconds float64
		Verdict string
		Steps   []struct {
			Step       string
			Done, Late bool
			Seconds    float64
		}
	}
	Items []struct {
		ID, Name, State, From, Text string
		Failed                      bool
	}
	Hazards []struct {
		ID, Text, Due string
		Overdue       bool
	}
	OnShift []int `json:"on_shift"`
	Least   int
	Short   bool
}

// print shows what a person must act on.
func (d *duties) print(w io.Writer) {
	for _, c := range d.Calls {
		fmt.Fprintf(w, "  call  %s %s %s %s: answer within %s\n", c.ID, c.Kind, c.Colour, c.Text,
			span(c.Left))
	}
	for _, in := range d.Incidents {
		fmt.Fprintf(w, "  incident %s for %s", in.ID, span(in.Seconds))
		for _, s := range in.Steps {
			switch {
			case s.Done:
				fmt.Fprintf(w, ", %s after %s", s.Step, span(s.Seconds))
			case s.Late:
				fmt.Fprintf(w, ", %s is late", s.Step)
			default:
				fmt.Fprintf(w, ", %s to do", s.Step)
			}
		}
		fmt.Fprintln(w)
	}
	for _, h := range d.Hazards {
		if h.Overdue {
			fmt.Fprintf(w, "  hazard %s is overdue since %s: %s\n", h.ID, h.Due, h.Text)
		}
	}
	for _, it := range d.Items {
		if it.Failed || it.State != "good" {
			fmt.Fprintf(w, "  item %s is %s: %s\n", it.ID, it.State,
				strings.TrimSpace(it.Name+" "+it.Text))
		}
	}
	if d.Short {
		fmt.Fprintf(w, "  on shift are %d, and %d should be\n", len(d.OnShift), d.Least)
	}
	if d.Waiting {
		fmt.Fprintln(w, "  the date is not known: what goes by the calendar waits")
	}
}

func prepareItemList(f *pflag.FlagSet) action {
	return list(f, func(w io.Writer, d *duties) {
		for _, it := range d.Items {
			fmt.Fprintf(w, "%-20s %-8s %-10s %s\n", it.ID, it.State, it.From, it.Name)
		}
	})
}

func prepareHazardList(f *pflag.FlagSet) action {
	return list(f, func(w io.Writer, d *duties) {
		for _, h := range d.Hazards {
			state := "open"
			if h.Overdue {
				state = "overdue"
			}
			fmt.Fprintf(w, "%-6s %-8s %-10s %s\n", h.ID, state, h.Due, h.Text)
		}
	})
}

// list prepares a command that shows a part of the duties.
func list(f *pflag.FlagSet, show func(io.Writer, *duties)) action {
	c := &statusCmd{}
	c.flag(f)
	return func(o outlet, _ []string) error {
		s, err := c.report()
		if err == nil {
			show(o.out, &s.Panel.Duties)
		}
		return err
	}
}
