package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/firmware-sim/recordings"
	"github.com/firepost/firepost/firmware-sim/replay"
	"github.com/firepost/firepost/firmware-sim/score"
)

type scoreCmd struct {
	Dir        string `arg:"" optional:"" help:"Folder of recordings; without it those built in."`
	JSON       bool   `help:"Print one JSON object and nothing else."`
	PerEpisode bool   `help:"A line for each recording."`
	Decisions  string `help:"Write ID.csv with t_s and alarm into this folder." placeholder:"DIR"`
}

// scores is what --json prints.
type scores struct {
	Fire  score.Sum `json:"fire"`
	Gas   score.Sum `json:"gas"`
	Water score.Sum `json:"water"`
}

// Run plays the recordings, as many at once as there are processors; what it prints does not depend
// on how many.
func (c *scoreCmd) Run(o outlet) error {
	var files fs.FS = recordings.Files()
	if c.Dir != "" {
		files = os.DirFS(c.Dir)
	}
	episodes, unread := score.All(files, runtime.GOMAXPROCS(0))
	if len(episodes) == 0 {
		return unread
	}
	if c.Decisions != "" {
		if err := writeDecisions(c.Decisions, episodes); err != nil {
			return err
		}
	}
	s := scores{score.Add(score.Fire, episodes), score.Add(score.Gas, episodes),
		score.Add(score.Water, episodes)}
	if c.JSON {
		return errors.Join(json.NewEncoder(o.out).Encode(s), unread)
	}
	if c.PerEpisode {
		printEpisodes(o.out, episodes)
	}
	s.print(o.out)
	printCommercial(o.out, episodes)
	return unread // told last, so that it is seen
}

func writeDecisions(dir string, episodes []score.Episode) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, e := range episodes {
		if e.Kind == score.None {
			continue
		}
		name := filepath.Join(dir, e.ID+".csv")
		if err := os.WriteFile(name, []byte(e.Decisions()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// print writes the table for people.
func (s scores) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "point\tfound\texperiments\tmedian\t90 %\tnuisances with an alarm\tfalse alarms")
	for _, row := range []struct {
		kind score.Kind
		sum  score.Sum
	}{{score.Fire, s.Fire}, {score.Gas, s.Gas}, {score.Water, s.Water}} {
		m := row.sum
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.kind, of(m.Detected, m.Windows),
			of(m.Found, m.Experiments), inSeconds(m.Median), inSeconds(m.P90),
			of(m.NuisanceAlarms, m.NuisanceWindows), perDay(m))
	}
	t.Flush()
}

func of(n, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %d", n, all)
}

func inSeconds(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f s", *v)
}

func perDay(s score.Sum) string {
	if s.FalsePerDay == nil {
		return "-"
	}
	in := fmt.Sprintf("%.1f h", s.Quiet.Hours())
	if s.Quiet < time.Hour {
		in = fmt.Sprintf("%.0f min", s.Quiet.Minutes())
	}
	return fmt.Sprintf("%d in %s (%.1f in a day)", s.FalseAlarms, in, *s.FalsePerDay)
}

// printEpisodes writes what came of each recording.
func printEpisodes(w io.Writer, episodes []score.Episode) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprint(t, "recording\tpoint\toutcome\treasons of the first alarm, and faults\n")
	for _, e := range episodes {
		why := reasons(e)
		for _, target := range e.Result.Targets {
			fmt.Fprintf(t, "%s\t%s\t%s%s\n", e.ID, target.Kind, outcomeOf(target), why)
			why = ""
		}
		if text := quiet(e); len(e.Result.Targets) == 0 || text != "quiet" {
			fmt.Fprintf(t, "%s\t%s\t%s%s\n", e.ID, e.Kind, text, why)
		}
	}
	t.Flush()
	fmt.Fprintln(w)
}

func outcomeOf(t score.Target) string {
	switch {
	case !t.Found:
		return "not found"
	case t.Early:
		return "found before its time"
	}
	return fmt.Sprintf("found after %.1f s", t.Took.Seconds())
}

// quiet tells of the false alarms of a recording.
func quiet(e score.Episode) string {
	if e.Kind == score.None {
		return "nothing in it can be played"
	}
	var all []string
	for _, f := range e.Result.False {
		for _, at := range f.Alarms {
			all = append(all, fmt.Sprintf("%.1f s", (at-e.Hold).Seconds()))
		}
	}
	if len(all) == 0 {
		return "quiet"
	}
	return "false alarm at " + strings.Join(all, ", ")
}

// reasons are what the first alarm was given for, and the faults that the panel saw, in a column of
// their own.
func reasons(e score.Episode) string {
	var all []string
	for _, why := range e.Why {
		all = append(all, reason(why))
	}
	for _, fault := range e.Faults {
		all = append(all, "fault "+string(fault))
	}
	if len(all) == 0 {
		return ""
	}
	return "\t" + strings.Join(all, ", ")
}

// reason is one value beside its limit. Where several together make an alarm, each says how much of
// one it is, and where it would be one alone.
func reason(why detect.Evidence) string {
	q := why.Quantity
	if why.Weight < 1000 {
		return fmt.Sprintf("%s %s is %d %% of an alarm (alone at %s)", q, q.Text(why.Value),
			why.Weight/10, q.Text(why.Limit))
	}
	return fmt.Sprintf("%s %s (limit %s)", q, q.Text(why.Value), q.Text(why.Limit))
}

// printCommercial compares the spots beside which commercial alarms hung with those.
func printCommercial(w io.Writer, episodes []score.Episode) {
	const ionisation, photoelectric = "Ion", "Pho"
	times := map[string][]time.Duration{}
	for _, e := range episodes {
		if len(e.Alarms) == 0 || len(e.Result.Targets) == 0 {
			continue
		}
		fire := e.Result.Targets[0]
		if fire.Found {
			times["here"] = append(times["here"], fire.Took)
		}
		for _, kind := range []string{ionisation, photoelectric} {
			if first, ok := firstOf(e.Recording, kind); ok {
				times[kind] = append(times[kind], first-fire.Start)
			}
		}
	}
	if len(times["here"]) == 0 || len(times[ionisation])+len(times[photoelectric]) == 0 {
		return
	}
	fmt.Fprintf(w, "\nWhere commercial alarms hung, the median to the first ionisation alarm was %s, "+
		"to the first\nphotoelectric one %s, to the alarm of this spot %s.\n",
		median(times[ionisation]), median(times[photoelectric]), median(times["here"]))
}

// firstOf is when the first commercial alarm of a kind sounded.
func firstOf(r *replay.Recording, kind string) (first time.Duration, ok bool) {
	for name, at := range r.Alarms {
		if strings.HasPrefix(name, kind) && (!ok || at < first) {
			first, ok = at, true
		}
	}
	return first, ok
}

func median(times []time.Duration) string {
	if len(times) == 0 {
		return "-"
	}
	slices.Sort(times)
	return fmt.Sprintf("%.0f s (%d)", score.Quantile(times, 500).Seconds(), len(times))
}
