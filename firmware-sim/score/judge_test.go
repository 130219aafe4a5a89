package score

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/firmware-sim/replay"
)

func at(seconds ...int) (all []time.Duration) {
	for _, s := range seconds {
		all = append(all, time.Duration(s)*time.Second)
	}
	return all
}

func every(step, end int) (all []time.Duration) {
	for s := 0; s <= end; s += step {
		all = append(all, time.Duration(s)*time.Second)
	}
	return all
}

func window(kind string, start, end int) replay.Window {
	return replay.Window{Kind: kind, Start: time.Duration(start) * time.Second,
		End: time.Duration(end) * time.Second}
}

// turns makes decisions that turn on and off at these seconds.
func turns(seconds ...int) (all []Change) {
	for i, s := range at(seconds...) {
		all = append(all, Change{At: s, Alarm: i%2 == 0})
	}
	return all
}

// text writes a result as "fire +12s; nuisance 30s 700s".
func (r Result) text() string {
	var all []string
	for _, t := range r.Targets {
		what := "missed"
		if t.Found {
			what = "+" + t.Took.String()
		}
		if t.Early {
			what += " early"
		}
		all = append(all, t.Kind+" "+what)
	}
	for _, f := range r.False {
		all = append(all, fmt.Sprint(f.Kind, " ", f.Alarms))
	}
	return strings.Join(all, "; ")
}

// What decisions are worth follows the rules at every edge, and an independent reading of the same
// rules agrees.
func TestDecisionsAreJudgedByTheRules(t *testing.T) {
	fire := []replay.Window{window(replay.Background, 0, 100), window(replay.Fire, 100, 200)}
	for _, c := range []struct {
		name    string
		rows    []time.Duration
		windows []replay.Window
		changes []Change
		want    string
	}{
		{"no decision at all", every(10, 200), fire, nil, "fire missed; background []"},
		{"found", every(10, 200), fire, turns(130), "fire +30s; background []"},
		{"between two rows", every(10, 200), fire, turns(131), "fire +40s; background []"},
		{"only between two rows", every(10, 200), fire, turns(131, 139),
			"fire missed; background []"},
		{"at the first row", every(10, 200), fire, turns(100), "fire +0s; background []"},
		{"at the last row", every(10, 200), fire, turns(200), "fire +1m40s; background []"},
		{"a moment too late", every(10, 300), fire, turns(201), "fire missed; background []"},
		{"early, and on", every(10, 200), fire, turns(80), "fire +0s early; background [1m20s]"},
		{"early by 30 s, and off", every(10, 200), fire, turns(70, 75, 150),
			"fire +50s early; background [1m10s]"},
		{"long before, and on", every(10, 200), fire, turns(0), "fire +0s early; background [0s]"},
		{"long before, and off", every(10, 200), fire, turns(40, 60),
			"fire missed; background [40s]"},
		{"early, and missed", every(10, 200), fire, turns(90, 95), "fire missed; background [1m30s]"},
		{"a pause of 600 s is one alarm", every(100, 3000),
			[]replay.Window{window(replay.Nuisance, 0, 3000)}, turns(100, 150, 700, 750),
			"nuisance [1m40s]"},
		{"a longer one makes two", every(100, 3000),
			[]replay.Window{window(replay.Nuisance, 0, 3000)}, turns(100, 150, 800, 850),
			"nuisance [1m40s 13m20s]"},
		{"from the fire into the clean air", every(10, 900),
			[]replay.Window{window(replay.Fire, 0, 100), window(replay.Background, 100, 900)},
			turns(50), "fire +50s; background []"},
		{"again long after the fire", every(10, 2000),
			[]replay.Window{window(replay.Fire, 0, 100), window(replay.Background, 100, 2000)},
			turns(50, 90, 1500), "fire +50s; background [25m0s]"},
		{"begun where one window ends and one begins", every(10, 200),
			[]replay.Window{window(replay.Nuisance, 0, 100), window(replay.Background, 100, 200)},
			turns(100), "nuisance []; background [1m40s]"},
		{"begun at the last row", every(10, 200),
			[]replay.Window{window(replay.Nuisance, 0, 200)}, turns(200), "nuisance [3m20s]"},
		{"a window that ends after the last row", every(10, 200),
			[]replay.Window{window(replay.Background, 0, 260)}, turns(200), "background [3m20s]"},
		{"windows that overlap", every(10, 200),
			[]replay.Window{window(replay.Nuisance, 0, 150), window(replay.Background, 100, 200)},
			turns(120), "nuisance [2m0s]; background [2m0s]"},
		{"begun outside all windows", every(10, 200),
			[]replay.Window{window(replay.Nuisance, 0, 50), window(replay.Fire, 100, 200)},
			turns(60), "fire +0s early; nuisance []"},
		{"rows that are far apart", at(0, 60, 120), []replay.Window{window(replay.Gas, 60, 120)},
			turns(63), "gas +1m0s; "},
		{"one row", at(0), []replay.Window{window(replay.Leak, 0, 10)}, turns(0), "leak +0s; "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Judge(c.rows, c.windows, c.changes).text()
			if got != strings.TrimSuffix(c.want, "; ") {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if other := judgeAgain(c.rows, c.windows, c.changes); other != got {
				t.Errorf("got %s, the other reading %s", got, other)
			}
		})
	}
}

// Two readings of the rules agree on whatever decisions, windows and rows there may be.
func TestTwoReadingsOfTheRulesAgree(t *testing.T) {
	kinds := []string{replay.Fire, replay.Gas, replay.Leak, replay.Flood, replay.Fault,
		replay.Nuisance, replay.Background}
	for seed := range uint64(5000) {
		rng := rand.New(rand.NewPCG(seed, 0))
		n := 1 + rng.IntN(60)
		rows := make([]time.Duration, n)
		for i := 1; i < n; i++ {
			rows[i] = rows[i-1] + time.Duration(1+rng.IntN(90))*time.Second
		}
		end := int(rows[n-1]/time.Second) + 30
		var windows []replay.Window
		for range 1 + rng.IntN(3) {
			start := rng.IntN(end)
			windows = append(windows,
				window(kinds[rng.IntN(len(kinds))], start, start+1+rng.IntN(end-start)))
		}
		var changes []Change
		for s, on := 0, true; s < end; on = !on {
			changes = append(changes, Change{time.Duration(s) * time.Second, on == (seed%2 == 0)})
			s += 1 + rng.IntN(1000)
		}
		got := Judge(rows, windows, changes).text()
		if want := judgeAgain(rows, windows, changes); got != want {
			t.Fatalf("seed %d: got %s, want %s", seed, got, want)
		}
	}
}

// judgeAgain reads the rules word for word and slowly: each row is asked anew about all others.
func judgeAgain(rows []time.Duration, windows []replay.Window, changes []Change) string {
	on := func(i int) bool {
		answer := false
		for _, c := range changes {
			if c.At <= rows[i] {
				answer = c.Alarm
			}
		}
		return answer
	}
	begins := func(i int) bool {
		if !on(i) || i > 0 && on(i-1) {
			return false
		}
		for j := range i {
			if on(j) && rows[i]-rows[j] <= 10*time.Minute {
				return false
			}
		}
		return true
	}
	last := rows[len(rows)-1]
	var targets, quiet []string
	for _, w := range windows {
		w.End = min(w.End, last)
		first, early := -1, false
		var alarms []time.Duration
		for i, x := range rows {
			if on(i) && first < 0 && x >= w.Start && x <= w.End {
				first = i
			}
			early = early || on(i) && x < w.Start && x >= w.Start-30*time.Second
			if begins(i) && x >= w.Start && (x < w.End || x == w.End && x == last) {
				alarms = append(alarms, x)
			}
		}
		switch {
		case w.Kind == replay.Nuisance || w.Kind == replay.Background:
			quiet = append(quiet, fmt.Sprint(w.Kind, " ", alarms))
		case first < 0:
			targets = append(targets, w.Kind+" missed")
		case early:
			targets = append(targets, fmt.Sprint(w.Kind, " +", rows[first]-w.Start, " early"))
		default:
			targets = append(targets, fmt.Sprint(w.Kind, " +", rows[first]-w.Start))
		}
	}
	return strings.Join(append(targets, quiet...), "; ")
}

// A sum counts windows and experiments, takes the median over what was found, and tells nothing
// where there was nothing to tell.
func TestSumOfEpisodes(t *testing.T) {
	episode := func(kind Kind, experiment string, r Result) Episode {
		return Episode{Recording: &replay.Recording{Experiment: experiment}, Kind: kind, Result: r}
	}
	found := func(s int) Target {
		return Target{Window: window(replay.Fire, 0, 900), Found: true,
			Took: time.Duration(s) * time.Second}
	}
	missed := Target{Window: window(replay.Fire, 0, 900)}
	all := []Episode{
		episode(Fire, "a", Result{Targets: []Target{found(60)}}),
		episode(Fire, "a", Result{Targets: []Target{missed}}),
		episode(Fire, "b", Result{Targets: []Target{found(10), found(20)}}),
		episode(Fire, "c", Result{Targets: []Target{missed}}),
		episode(Fire, "d", Result{False: []False{
			{Window: window(replay.Nuisance, 0, 3600), Alarms: at(1, 2000)},
			{Window: window(replay.Nuisance, 3600, 7200)},
			{Window: window(replay.Background, 7200, 10800), Alarms: at(8000)}}}),
		episode(Gas, "e", Result{Targets: []Target{missed, {Window: window(replay.Gas, 0, 9)}}}),
	}
	f := Add(Fire, all)
	if f.Windows != 5 || f.Detected != 3 || f.Experiments != 3 || f.Found != 2 ||
		f.NuisanceWindows != 2 || f.NuisanceAlarms != 1 || f.FalseAlarms != 3 ||
		f.Quiet != 3*time.Hour {
		t.Errorf("got %+v", f)
	}
	if *f.Median != 20 || *f.P90 != 52 || *f.FalsePerDay != 24 {
		t.Errorf("got %v, %v, %v, want 20, 52, 24", *f.Median, *f.P90, *f.FalsePerDay)
	}
	g := Add(Gas, all) // the fire in it is not for a gas detector
	if g.Windows != 1 || g.Detected != 0 || g.Median != nil || g.P90 != nil || g.FalsePerDay != nil {
		t.Errorf("got %+v", g)
	}
	if w := Add(Water, all); w != (Sum{}) {
		t.Errorf("got %+v, want nothing", w)
	}
}
