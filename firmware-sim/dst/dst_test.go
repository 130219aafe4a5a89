package dst

import (
	"flag"
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

var update = flag.Bool("update", false, "rewrite testdata/hashes.golden")

const usualSeeds = 200

// number reads an environment variable.
func number(t *testing.T, name string) (uint64, bool) {
	text := os.Getenv(name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q is not a number", name, text)
	}
	return n, true
}

// lines writes to the test's log.
type lines struct{ t *testing.T }

func (l lines) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSuffix(string(b), "\n"))
	return len(b), nil
}

// No seed breaks an invariant. SEED=31 plays one and tells everything; SEEDS=5000 plays more. And
// the same seed gives the same decisions, on this processor and on every other: the hashes were
// made on amd64, and a run on ARM must reproduce them. They change with every chip, driver, rule
// and panel that behaves otherwise than before; then go test -update writes them anew.
func TestSeeds(t *testing.T) {
	first, last := uint64(0), uint64(usualSeeds)
	if n, ok := number(t, "SEEDS"); ok && !*update {
		last = n
	}
	var k Knobs
	if n, ok := number(t, "SEED"); ok {
		first, last, k.Log = n, n+1, lines{t}
	}
	sum, failed := Report{}, 0
	var hashes []string
	for report := range runs(first, last, k) {
		for _, v := range report.Violations {
			t.Errorf("SEED=%d: %v", report.Seed, v)
		}
		if len(report.Violations) > 0 {
			if failed++; failed > 20 {
				t.Fatal("enough")
			}
		}
		sum.Steps += report.Steps
		sum.Events += report.Events
		sum.Alarms += report.Alarms
		sum.Runs += report.Runs
		sum.Points += report.Points
		hashes = append(hashes, fmt.Sprintf("%d %s %d events\n", report.Seed, report.Hash,
			report.Events))
	}
	t.Logf("%d seeds: %d points, %d boots, %d steps, %d events, %d alarms",
		last-first, sum.Points, sum.Runs, sum.Steps, sum.Events, sum.Alarms)
	if last-first >= usualSeeds && (sum.Alarms < usualSeeds || sum.Runs < usualSeeds*3/2) {
		t.Error("the seeds hardly do anything")
	}
	if first == 0 && last-first <= usualSeeds {
		sameHashes(t, hashes)
	}
}

// runs plays seeds on all processors, and gives their reports in order.
func runs(first, last uint64, k Knobs) iter.Seq[Report] {
	return func(yield func(Report) bool) {
		var next [2]chan Report
		stop := make(chan struct{})
		defer close(stop)
		for i := range next {
			next[i] = make(chan Report)
			go func() {
				for seed := first + uint64(i); seed < last; seed += uint64(len(next)) {
					select {
					case next[i] <- Run(seed, k):
					case <-stop:
						return
					}
				}
			}()
		}
		for seed := first; seed < last; seed++ {
			if !yield(<-next[(seed-first)%uint64(len(next))]) {
				return
			}
		}
	}
}

// sameHashes compares hashes with those of the golden file, or rewrites it.
func sameHashes(t *testing.T, got []string) {
	t.Helper()
	const file = "testdata/hashes.golden"
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(got, "")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Collect(strings.Lines(string(data)))
	if len(want) != usualSeeds {
		t.Fatalf("%s has %d seeds, want %d", file, len(want), usualSeeds)
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Errorf("got %swant %s", got[i], want[i])
		}
	}
}

// Seeds that once found a mistake stay well.
func TestSeedsThatFoundSomething(t *testing.T) {
	for _, found := range []struct {
		seed uint64
		what string
	}{
		{6, "a baseline sank with each restart"},
		{16, "what is made of a sensor that warms up was called silent"},
		{23, "a plan that came before the first step of a run cleared what stood"},
		{87, "a barrier opened when it got another name"},
		{284, "a restart ended the warning of a cold sensor, with no good reading"},
		{436, "a valve that was closed before a restart was taken for a new act"},
		{718, "a reset in the off-delay of a chatter alarmed anew"},
		{1511, "the district silenced gas that had come back two minutes ago"},
		{2421, "of two alarms that close a valve, each restart named the other one"},
		{4572, "a value stayed good whose input fell silent after the very first instant"},
		{9887, "a new carbon monoxide alarm was heard once a minute, as the old one was by then"},
	} {
		for _, v := range Run(found.seed, Knobs{}).Violations {
			t.Errorf("SEED=%d (%s): %v", found.seed, found.what, v)
		}
	}
}

// hush is somebody who silences whatever sounds, at once.
func hush([]alarm.PointPlan) (orders []Order) {
	for at := time.Duration(0); at < 10*time.Minute; at += 5 * time.Second {
		orders = append(orders, Order{At: at, Command: alarm.Command{
			ID: "hush " + at.String(), Action: alarm.Silence,
			By: alarm.Origin{Kind: alarm.Button, Level: 2},
		}})
	}
	return orders
}

// No invariant breaks where somebody silences whatever sounds: each fire rings again in its time.
func TestSeedsWithSomebodyWhoHushes(t *testing.T) {
	for seed := range uint64(40) {
		for _, v := range Run(seed, Knobs{Orders: hush}).Violations {
			t.Errorf("SEED=%d: %v", seed, v)
		}
	}
}

// A panel that is told other dates, or none, alarms the same.
func TestAlarmsDoNotDependOnTheDate(t *testing.T) {
	for seed := range uint64(10) {
		if v := blindToTheDate(seed, Knobs{Chaos: 4 * time.Minute}); v != "" {
			t.Errorf("SEED=%d: invariant %d, %s: %s", seed, WallBlind.Number, WallBlind.Name, v)
		}
	}
}

// blindToTheDate compares the alarms of a run with those of one that never learns the date.
func blindToTheDate(seed uint64, k Knobs) string {
	alarms := func(k Knobs) (all []Told) {
		for _, told := range Run(seed, k).Told {
			if told.Derived || !strings.HasPrefix(told.What, alarm.Raised.String()) &&
				!strings.HasPrefix(told.What, alarm.Cleared.String()) {
				continue
			}
			all = append(all, told)
		}
		return all
	}
	want := alarms(k)
	k.Undated = true
	got := alarms(k)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("without a date: %v, else: %v", tail(got, i), tail(want, i))
		}
	}
	return ""
}

// An agent that started at another moment decides the same.
func TestDecisionsDoNotDependOnTheMoment(t *testing.T) {
	for seed := range uint64(10) {
		if v := blindToTheMoment(seed, Knobs{Chaos: 2 * time.Minute}); v != "" {
			t.Errorf("SEED=%d: invariant %d, %s: %s", seed, WallBlind.Number, WallBlind.Name, v)
		}
	}
}

// blindToTheMoment compares runs that start at different moments.
func blindToTheMoment(seed uint64, k Knobs) string {
	want := Run(seed, k)
	k.Start = point.Instant(300 * 24 * time.Hour)
	if got := Run(seed, k); got.Hash != want.Hash {
		return fmt.Sprintf("%d events and hash %s, started at %v: %d events and hash %s",
			want.Events, want.Hash, time.Duration(k.Start), got.Events, got.Hash)
	}
	return ""
}

// Disabling one point changes nothing that is said of any other.
func TestDisablingAPointSilencesThatPointOnly(t *testing.T) {
	for seed := range uint64(20) {
		k := Knobs{Points: 2 + int(seed)%9, Chaos: 3 * time.Minute, NoRestarts: true}
		if v := alone(seed, k); v != "" {
			t.Errorf("SEED=%d: invariant %d, %s: %s", seed, Alone.Number, Alone.Name, v)
		}
	}
}

// alone compares a run with one in which a point is disabled in the middle.
func alone(seed uint64, k Knobs) string {
	var out point.ID
	withOrder := k
	withOrder.Orders = func(points []alarm.PointPlan) []Order {
		out = points[int(seed)%len(points)].ID
		return []Order{{At: k.Chaos / 3, Command: alarm.Command{
			ID: "one more", Action: alarm.Disable, Point: out, For: time.Hour, Reason: "compare",
			By: alarm.Origin{Kind: alarm.Button, Level: 2},
		}}}
	}
	got, want := Run(seed, withOrder).Told, Run(seed, k).Told
	got, want = without(got, out), without(want, out)
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			return fmt.Sprintf("with %s disabled: %v, else: %v", out, tail(got, i), tail(want, i))
		}
	}
	return ""
}

func without(all []Told, id point.ID) []Told {
	var rest []Told
	for _, t := range all {
		if t.Point != id {
			rest = append(rest, t)
		}
	}
	return rest
}

func tail(all []Told, i int) []Told {
	if i >= len(all) {
		return nil
	}
	return all[i:min(i+3, len(all))]
}
