package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// outcome is what a command of this binary came to.
type outcome struct {
	code     int
	out, err string
}

// written collects what is printed by any goroutine, and tells of a word that it waits for.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
	word string
	seen func()
}

// Write implements io.Writer.
func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	if w.word != "" && strings.Contains(w.text.String(), w.word) {
		w.word = ""
		w.seen()
	}
	return len(p), nil
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// command runs one command until it ends; when it has printed word it gets what Ctrl-C gives it.
func command(t *testing.T, word string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, problems := &written{word: word, seen: cancel}, &written{}
	code := run(ctx, args, outlet{out, problems, strings.NewReader("")})
	return outcome{code, out.String(), problems.String()}
}

// The whole way of an alarm works, from the chip to the district and through a lost line, and the
// summary says so in the fields that a script relies on.
func TestDemoKeepsItsPromises(t *testing.T) {
	t.Parallel()
	got := command(t, "", "demo", "--once", "--json", "--speed", "10", "--page", "127.0.0.1:0")
	if got.code != 0 || got.err != "" {
		t.Fatalf("ended with %d: %s%s", got.code, got.out, got.err)
	}
	var fields map[string]any
	var s summary
	for _, into := range []any{&fields, &s} {
		if err := json.Unmarshal([]byte(got.out), into); err != nil {
			t.Fatalf("%v in %s", err, got.out)
		}
	}
	want := []string{"alarm_at", "broken", "buffered", "district_alarm_at", "duplicates",
		"fire_start", "forwarded", "lost", "recording", "siren_at", "speed"}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("got fields %q, want %q", names, want)
	}
	// The smoke passes the limit 48 s into the recording and must last for 10 s; a loaded machine
	// loses what it loses in real time, of which a second is ten here.
	switch {
	case s.AlarmAt < 57.9 || s.AlarmAt > 75:
		t.Errorf("alarm at %v s, want 58 or little more", s.AlarmAt)
	case s.SirenAt < 57.9 || s.SirenAt > s.AlarmAt+10:
		t.Errorf("siren at %v s, alarm at %v", s.SirenAt, s.AlarmAt)
	case s.DistrictAlarmAt < s.AlarmAt || s.DistrictAlarmAt > s.AlarmAt+50:
		t.Errorf("district told at %v s, alarm at %v", s.DistrictAlarmAt, s.AlarmAt)
	}
	if s.Buffered == 0 || s.Forwarded != s.Buffered || s.Lost != 0 || s.FireStart != 0 ||
		s.Speed != 10 || s.Recording != builtIn || len(s.Broken) != 0 {
		t.Errorf("got %s", got.out)
	}
}

// recordingOf writes a recording of 60 s in which the fire starts after 12 s and the smoke is as
// given from 2 s on, and returns its path.
func recordingOf(t *testing.T, smoke int) string {
	t.Helper()
	table := "t_s,temp_c,pm25_ugm3\n0,20,5\n"
	for s := 2; s <= 60; s += 2 {
		table += fmt.Sprintf("%d,20,%d\n", s, smoke)
	}
	beside := `{"id":"made","set":"test","experiment":"1","source":{},"licence":"none needed",
		"sensors":"none","ground_truth":[{"kind":"fire","start_s":0,"end_s":60,"note":"made up"}],
		"reference_alarms_s":{},"warmup_hold_s":12,"derived":"","notes":"","provenance_note":"",
		"columns":{"t_s":"s","temp_c":"degC","pm25_ugm3":"ug/m3"},"rows":31,"sample_period_s":2,
		"max_gap_s":2,"duration_s":60}`
	path := filepath.Join(t.TempDir(), "made.csv")
	for name, text := range map[string]string{path: table,
		strings.TrimSuffix(path, ".csv") + ".json": beside} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// A fire that nobody notices is a broken promise: it is named, and the exit code is not 0.
func TestFireWithoutAlarmIsABrokenPromise(t *testing.T) {
	t.Parallel()
	got := command(t, "", "demo", "--json", "--speed", "10", "--page", "127.0.0.1:0",
		"--recording", recordingOf(t, 20))
	const why = "the fire was not detected"
	if got.code != 1 || !strings.Contains(got.err, why) || !strings.Contains(got.out, why) {
		t.Errorf("got %d, %s%s, want 1 and %q", got.code, got.out, got.err, why)
	}
}

// A line that stays away is a broken promise of the demonstration, though the siren has sounded.
func TestLineThatStaysAwayIsABrokenPromise(t *testing.T) {
	t.Parallel()
	c := &demoCmd{Once: true, Speed: 10, Page: "127.0.0.1:0", Dir: t.TempDir(),
		Recording: recordingOf(t, 300)}
	out := &written{}
	d, err := c.open(t.Context(), outlet{out, out, strings.NewReader("")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.broker.Close()
	d.mend, d.drain = func() error { return nil }, 500*time.Millisecond
	err = d.run(t.Context(), outlet{out, out, strings.NewReader("")})
	if err == nil || !strings.Contains(err.Error(), "the line did not come back") {
		t.Errorf("got %v, want that the line did not come back", err)
	}
	for _, want := range []string{"SIREN ON", "line lost", "BROKEN: the line did not come back"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the story:\n%s", want, out)
		}
	}
}

// Ctrl-C before the end breaks no promise, but --once must not pass for a run that showed all.
func TestCtrlCBeforeTheEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flag string
		code int
		want string
	}{
		{"--speed=5", 0, "ended before its end"},
		{"--once", 1, "BROKEN: it was ended before its end"},
	} {
		got := command(t, "line up", "demo", "--page", "127.0.0.1:0", c.flag)
		if got.code != c.code || !strings.Contains(got.out, c.want) {
			t.Errorf("%s: got %d, want %d and %q in\n%s%s", c.flag, got.code, c.code, c.want, got.out,
				got.err)
		}
	}
}

// What cannot be shown is refused at once, with what to write instead.
func TestDemoRefusesWhatItCannotShow(t *testing.T) {
	used := t.TempDir()
	if err := os.WriteFile(filepath.Join(used, "outbox.db"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"demo --speed 0", 1, "--speed 0: write 1 to 10"},
		{"demo --speed 11", 1, "--speed 11: write 1 to 10"},
		{"demo --dir " + used, 1, "it is not empty; name a new folder"},
		{"demo --recording nowhere.csv", 1, "nowhere.json"},
		{"demo --page nowhere", 1, "--page: listen tcp: address nowhere"},
		{"demo --quick", 2, "unknown flag --quick; run firmware-sim --help"},
		{"play --speed 99", 1, "--speed 99: write 1 to 10"},
	} {
		got := command(t, "", strings.Fields(c.args)...)
		if got.code != c.code || !strings.Contains(got.err, c.want) {
			t.Errorf("%s: got %d, %q, want %d, %q", c.args, got.code, got.err, c.code, c.want)
		}
	}
}

// The site of the demonstration is a good one at every speed, and its times shrink with it.
func TestSiteIsGoodAtEverySpeed(t *testing.T) {
	for speed := 1; speed <= maxSpeed; speed++ {
		s, err := demoSiteAt(speed)
		if err != nil {
			t.Fatalf("speed %d: %v", speed, err)
		}
		if len(s.Warnings) > 0 {
			t.Errorf("speed %d: %v", speed, s.Warnings)
		}
		if text, _ := siteText(speed); strings.Contains(text, "{{") || strings.Contains(text, "brace") {
			t.Errorf("speed %d: the site file speaks of its making:\n%s", speed, text)
		}
		alarm := s.Plan().Points[0].Spec.Conditions[1]
		want := (10 * time.Second / time.Duration(speed)).Truncate(time.Millisecond)
		if alarm.Confirm != want {
			t.Errorf("speed %d: got %v to confirm, want %v", speed, alarm.Confirm, want)
		}
	}
}
