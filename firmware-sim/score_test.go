package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The score of the recordings that are built in is the one that was looked at. Whoever changes a
// rule, a driver or a chip sees here what becomes of real fires: go test ./firmware-sim -update.
func TestScoreOfTheBuiltInRecordings(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"score.text": {"score", "--per-episode"}, "score.json": {"score", "--json"},
	} {
		got := command(t, "", args...)
		if got.code != 0 || got.err != "" {
			t.Fatalf("%v ended with %d: %s%s", args, got.code, got.out, got.err)
		}
		golden := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(got.out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil || got.out != string(want) {
			t.Errorf("%v: got\n%s\nwant\n%s\n%v", args, got.out, want, err)
		}
	}
}

// The README shows the score that the command prints.
func TestReadmeShowsTheScore(t *testing.T) {
	t.Parallel()
	const file, begins, ends = "../README.md",
		"<!-- score of the built-in recordings: go test ./firmware-sim -update -->\n```\n",
		"```\n<!-- end of the score -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begins)
	shown, after, closed := strings.Cut(rest, ends)
	if !ok || !closed {
		t.Fatalf("%s has no score between its two marks", file)
	}
	table, _, _ := strings.Cut(command(t, "", "score").out, "\nWhere")
	if *update {
		text := before + begins + table + ends + after
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if shown != table {
		t.Errorf("got\n%s\nwant\n%s\nrun go test ./firmware-sim -update", shown, table)
	}
}

// A folder gives the same score as the recordings that are built in from it, and its decisions are
// written, one file for each recording.
func TestScoreOfAFolder(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "new", "folder")
	folder := command(t, "", "score", "recordings/data", "--json", "--decisions", out)
	if inside := command(t, "", "score", "--json"); folder.out != inside.out || folder.code != 0 {
		t.Errorf("got %s%s, built in %s", folder.out, folder.err, inside.out)
	}
	var s map[string]map[string]any
	if err := json.Unmarshal([]byte(folder.out), &s); err != nil {
		t.Fatal(err)
	}
	want := []string{"detected", "false_per_24h", "median_s", "nuisance_alarms", "nuisance_windows",
		"p90_s", "windows"}
	for _, kind := range []string{"fire", "gas", "water"} {
		var keys []string
		for key := range s[kind] {
			keys = append(keys, key)
		}
		if slices.Sort(keys); !slices.Equal(keys, want) {
			t.Errorf("%s: got %v, want %v", kind, keys, want)
		}
	}
	written, err := filepath.Glob(filepath.Join(out, "*.csv"))
	if err != nil || len(written) != 6 {
		t.Fatalf("got %v, %v, want six tables", written, err)
	}
	text, err := os.ReadFile(written[0])
	if err != nil || !strings.HasPrefix(string(text), "t_s,alarm\n-300,0\n") {
		t.Errorf("%s: got %q, %v", written[0], text, err)
	}
}

// A folder that is not there, or has no recordings, is told of.
func TestScoreOfNothingIsAMistake(t *testing.T) {
	for _, dir := range []string{t.TempDir(), "no/such/folder"} {
		if got := command(t, "", "score", dir); got.code != 1 ||
			!strings.Contains(got.err, "there is no recording") {
			t.Errorf("%s: ended with %d: %s", dir, got.code, got.err)
		}
	}
}
