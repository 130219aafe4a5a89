package score

import (
	"slices"
	"time"

	"github.com/firepost/firepost/firmware-sim/replay"
)

// Change is a moment from which on the rule of a spot is, or is no longer, in alarm.
type Change struct {
	At    time.Duration // in the time of the playing
	Alarm bool
}

// Target is what came of one window in which something happened that must be found.
type Target struct {
	replay.Window
	Found bool
	Took  time.Duration // from the start of the window to the alarm; 0 when it was on already
	Early bool          // it was on within the 30 s before
}

// False is what came of one window in which nothing happened that must be found.
type False struct {
	replay.Window
	Alarms []time.Duration // when one began
}

// Result is what the decisions for one recording are worth.
type Result struct {
	Targets []Target
	False   []False
}

const (
	// merge is how long a pause within one alarm may be. An alarm that comes back sooner is the
	// same one, and was counted.
	merge = 600 * time.Second
	// before is how long before a window an alarm makes it an early one.
	before = 30 * time.Second
)

// Judge compares decisions, in the order of time, with what really happened. It looks at them at
// the rows of the recording: what is between two rows nobody measured.
//
// A fire, a gas, a leak or a flood is found when the alarm is on at a row of its window. An alarm
// is false when it begins in a nuisance or background window.
func Judge(rows []time.Duration, windows []replay.Window, changes []Change) Result {
	on := sample(rows, changes)
	began := onsets(rows, on)
	end := rows[len(rows)-1]
	var r Result
	for _, w := range windows {
		w.End = min(w.End, end)
		if happened(w) == None {
			f := False{Window: w}
			for _, at := range began {
				if w.Start <= at && (at < w.End || at == w.End && w.End == end) {
					f.Alarms = append(f.Alarms, at)
				}
			}
			r.False = append(r.False, f)
			continue
		}
		r.Targets = append(r.Targets, target(rows, on, w))
	}
	return r
}

// target looks for the first row of a window at which the alarm is on.
func target(rows []time.Duration, on []bool, w replay.Window) Target {
	t := Target{Window: w}
	for i, at := range rows {
		if !on[i] || at > w.End {
			continue
		}
		if at >= w.Start {
			t.Found, t.Took = true, at-w.Start
			break
		}
		t.Early = t.Early || w.Start-at <= before
	}
	t.Early = t.Early && t.Found
	return t
}

// sample tells at each row whether the alarm is on: as the last change before it says.
func sample(rows []time.Duration, changes []Change) []bool {
	on := make([]bool, len(rows))
	next, now := 0, false
	for i, at := range rows {
		for next < len(changes) && changes[next].At <= at {
			now = changes[next].Alarm
			next++
		}
		on[i] = now
	}
	return on
}

// onsets are the rows at which an alarm begins.
func onsets(rows []time.Duration, on []bool) (began []time.Duration) {
	last := -merge - 1
	for i, at := range rows {
		if !on[i] {
			continue
		}
		if (i == 0 || !on[i-1]) && (last < 0 || at-last > merge) {
			began = append(began, at)
		}
		last = at
	}
	return began
}

// Quantile is the q-th thousandth of sorted times, linear between two of them.
func Quantile(sorted []time.Duration, q int) time.Duration {
	place := (len(sorted) - 1) * q
	i, part := place/1000, time.Duration(place%1000)
	next := sorted[min(i+1, len(sorted)-1)]
	return sorted[i] + (next-sorted[i])*part/1000
}

// Sum is what the decisions for many recordings are worth together. The times are seconds; they are
// nil when nothing was found, and the rate when there was no time without anything to find.
type Sum struct {
	Windows         int      `json:"windows"` // in which there was something to find
	Detected        int      `json:"detected"`
	Median          *float64 `json:"median_s"`
	P90             *float64 `json:"p90_s"`
	NuisanceWindows int      `json:"nuisance_windows"`
	NuisanceAlarms  int      `json:"nuisance_alarms"` // windows of these in which an alarm began
	FalsePerDay     *float64 `json:"false_per_24h"`   // alarms in nuisance and background windows

	Experiments, Found int           `json:"-"` // several windows may be of one experiment
	Quiet              time.Duration `json:"-"` // time of nuisance and background windows
	FalseAlarms        int           `json:"-"`
}

// Add sums up the episodes of one kind.
func Add(kind Kind, episodes []Episode) Sum {
	var s Sum
	var took []time.Duration
	experiments := map[string]bool{} // whether it was found
	for _, e := range episodes {
		if e.Kind != kind {
			continue
		}
		for _, t := range e.Result.Targets {
			if happened(t.Window) != kind {
				continue // it is for another spot
			}
			s.Windows++
			experiments[e.Experiment] = experiments[e.Experiment] || t.Found
			if t.Found {
				took = append(took, t.Took)
			}
		}
		for _, f := range e.Result.False {
			s.count(f)
		}
	}
	s.Detected, s.Experiments = len(took), len(experiments)
	for _, found := range experiments {
		if found {
			s.Found++
		}
	}
	if slices.Sort(took); len(took) > 0 {
		s.Median, s.P90 = number(Quantile(took, 500), time.Second), number(Quantile(took, 900),
			time.Second)
	}
	if s.Quiet > 0 {
		s.FalsePerDay = number(24*time.Hour*time.Duration(s.FalseAlarms), s.Quiet)
	}
	return s
}

func (s *Sum) count(f False) {
	s.Quiet += f.End - f.Start
	s.FalseAlarms += len(f.Alarms)
	if f.Kind != replay.Nuisance {
		return
	}
	s.NuisanceWindows++
	if len(f.Alarms) > 0 {
		s.NuisanceAlarms++
	}
}

// number is a/b to three places.
func number(a, b time.Duration) *float64 {
	n := float64(int64(float64(a)/float64(b)*1000+0.5)) / 1000
	return &n
}
