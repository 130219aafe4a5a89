package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/agent/wire"
)

// A quantile is a value that was measured: the smallest that the share lies at or below.
func TestQuantileIsTheNearestRank(t *testing.T) {
	thousand := make([]time.Duration, 1000)
	for i := range thousand {
		thousand[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		name   string
		sorted []time.Duration
		q      float64
		want   time.Duration
	}{
		{"nothing", nil, .5, 0},
		{"one", []time.Duration{7}, .999, 7},
		{"lower half of two", []time.Duration{3, 5}, .5, 3},
		{"middle", thousand, .5, 500},
		{"99 %", thousand, .99, 990},
		{"the last but one of a thousand", thousand, .999, 999},
		{"largest", thousand, 1, 1000},
		{"smallest", thousand, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := quantile(c.sorted, c.q); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

// A figure is one line of JSON that a person can read too, and -only leaves others out.
func TestFigureIsOneLine(t *testing.T) {
	var out bytes.Buffer
	b := &bench{out: &out, log: &out, only: "edge."}
	b.print("edge.idle.p99_9", 1.23456, "ms", "<= 10")
	b.print("size.arm6", 1, "B", "")
	b.print("edge.idle.edges", 9_700_000, "edges", "")
	want := `{"name":"edge.idle.p99_9","value":1.235,"unit":"ms","aim":"<= 10"}` + "\n" +
		`{"name":"edge.idle.edges","value":9700000,"unit":"edges"}` + "\n"
	if got := out.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A spread sorts what it is given, and gives an aim to the figure it belongs to.
func TestSpreadNamesItsFigures(t *testing.T) {
	var out bytes.Buffer
	b := &bench{out: &out}
	b.spread("x", []time.Duration{3e6, 1e6, 2e6}, map[string]string{"p99": "<= 5"})
	want := `{"name":"x.p50","value":2,"unit":"ms"}
{"name":"x.p99","value":3,"unit":"ms","aim":"<= 5"}
{"name":"x.p99_9","value":3,"unit":"ms"}
{"name":"x.max","value":3,"unit":"ms"}
`
	if got := out.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Each group is found by the whole name of a figure of it, and by the beginning of its names.
func TestOnlyFindsGroups(t *testing.T) {
	for only, want := range map[string]int{
		"": len(groups()), "bus.24.edge": 1,
		"edge": 7, "edge.idle": 1, "edge.idle.p50": 1, "drain": 1, "si": 1, "none": 0,
	} {
		b := &bench{only: only}
		got := 0
		for _, g := range groups() {
			if b.wants(g) {
				got++
			}
		}
		if got != want {
			t.Errorf("-only %q: got %d groups, want %d", only, got, want)
		}
	}
}

// A PUBLISH has a byte more of head for each 7 bits of its length.
func TestPublishBytes(t *testing.T) {
	for _, c := range []struct{ topic, payload, want int }{
		{10, 113, 2 + 127},
		{10, 114, 3 + 128},
		{10, 16_369, 3 + 16_383},
		{10, 16_370, 4 + 16_384},
	} {
		if got := publishBytes(c.topic, c.payload); got != c.want {
			t.Errorf("topic %d, payload %d: got %d, want %d", c.topic, c.payload, got, c.want)
		}
	}
}

// A field of /proc is read with its unit; one that is not there is an error and not zero.
func TestProcField(t *testing.T) {
	file := filepath.Join(t.TempDir(), "status")
	text := "Name:\tx\nVmRSSx:\t1 kB\nVmRSS:\t  1234 kB\nRssAnon:\nwrite_bytes: 4096\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want int64
		ok   bool
	}{
		{"VmRSS", 1234 * 1024, true}, {"write_bytes", 4096, true}, {"RssAnon", 0, false},
		{"Name", 0, false}, {"none", 0, false},
	} {
		got, err := procField(file, c.name)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%s: got %d, %v, want %d", c.name, got, err, c.want)
		}
	}
}

// The sites that are measured are whole, and the large one has twenty points.
func TestSitesAreGood(t *testing.T) {
	for text, want := range map[string]int{
		shortSite: 1, shortSite + hungSensor: 2, fullSite(): 20, busSite(): len(fullBus),
	} {
		s, err := site.Parse("bench.toml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(s.Plan().Points); got != want {
			t.Errorf("got %d points, want %d", got, want)
		}
	}
}

// The values of the backlog stay within what was said of them, move, and come in the order of time.
func TestSeriesAreSlow(t *testing.T) {
	s := newSeries()
	last := map[string]wire.Record{}
	moved := 0
	at := point.Instant(-1)
	for _, r := range s.next(seriesOf * 500) {
		if r.At < at {
			t.Fatalf("%s at %d comes after %d", r.Name, r.At, at)
		}
		at = r.At
		before, ok := last[r.Name]
		last[r.Name] = r
		if !ok {
			continue
		}
		d := r.Value - before.Value
		if d != 0 {
			moved++
		}
		if max(d, -d)*50 > max(before.Value, -before.Value)*5 {
			t.Fatalf("%s jumps from %d to %d", r.Name, before.Value, r.Value)
		}
	}
	if len(last) != seriesOf || moved < 5000 {
		t.Errorf("got %d series that moved %d times", len(last), moved)
	}
}

// A backlog that does not fit is told, and a short one is there when the outbox is opened again.
func TestPrefillIsWhole(t *testing.T) {
	if err := prefill(context.Background(), t.TempDir(), 130); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := prefill(ctx, file, 130); err == nil {
		t.Error("a folder that is a file took a backlog")
	}
}

// What is missing is named, and the program ends with 1; a wrong command line ends with 2.
func TestMissingBinaryIsNamed(t *testing.T) {
	var log strings.Builder
	args := []string{"-only", "size", "-bin", t.TempDir()}
	if got := run(context.Background(), args, &log, &log); got != 1 {
		t.Errorf("got exit code %d, want 1", got)
	}
	if !strings.Contains(log.String(), "run make cross first") {
		t.Errorf("got %s, which does not say what to do", &log)
	}
	for _, args := range [][]string{{"-none"}, {"word"}} {
		if got := run(context.Background(), args, &log, &log); got != 2 {
			t.Errorf("%v: got exit code %d, want 2", args, got)
		}
	}
	if got := run(context.Background(), []string{"-only", "none"}, &log, &log); got != 1 {
		t.Errorf("got exit code %d, want 1", got)
	}
}

// What is measured has the places and the collector that the command gives itself.
func TestMeasuredLikeTheCommand(t *testing.T) {
	source, err := os.ReadFile("../../agent/cmd/firepost/run.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		fmt.Sprintf("const spare = %d\n", spare), fmt.Sprintf("const collectAt = %d\n", collectAt),
	} {
		if !strings.Contains(string(source), want) {
			t.Errorf("run.go has no %q", want)
		}
	}
}
