package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/board"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/rig"
)

const kitchen = "../cross/deb/examples/restaurant-kitchen.toml"

// terminal is a player with somebody who types.
type terminal struct {
	t    *testing.T
	out  *written
	keys io.WriteCloser
}

// typed types a line and waits until a word is answered.
func (m terminal) typed(line, word string) {
	m.t.Helper()
	m.out.mu.Lock()
	m.out.text.Reset()
	m.out.mu.Unlock()
	answered := make(chan struct{})
	m.out.await(word, func() { close(answered) })
	fmt.Fprintln(m.keys, line)
	select {
	case <-answered:
	case <-time.After(20 * time.Second):
		m.t.Fatalf("%s: got %q, want %q", line, m.out, word)
	}
}

// await calls seen once when a word has been printed.
func (w *written) await(word string, seen func()) {
	w.mu.Lock()
	w.word, w.seen = word, seen
	w.mu.Unlock()
	_, _ = w.Write(nil) // it may be there already
}

// Somebody at the prompt changes what a part of the site file feels and makes it fail, and an agent
// on the board's socket sees just that: the value, the failure, and the value again.
func TestWhatIsTypedIsWhatAnAgentSees(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "sim")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in, keys := io.Pipe()
	m := terminal{t, &written{}, keys}
	ready := make(chan struct{})
	m.out.await("type help", func() { close(ready) })
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"play", "--dir", dir, "--site", kitchen}, outlet{m.out, m.out, in})
	}()
	<-ready
	b := board.Sim(filepath.Join(dir, socketName))
	air, err := catalog.Sensors()["sht4x"].Open(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer air.(io.Closer).Close()
	read := func() (int64, error) {
		wait, err := air.Start()
		if err != nil {
			return 0, err
		}
		<-time.After(wait) // the chip converts in real time
		got, err := air.Read(nil)
		if err != nil {
			return 0, err
		}
		return (got[0].Value + 5) / 10, nil
	}
	m.typed("set hood-air.temperature 70 °C", "is 70 °C")
	if got, err := read(); err != nil || got != 7000 {
		t.Errorf("got %d, %v, want 70 °C", got, err)
	}
	m.typed("fault hood-air nack", "hood-air: does not acknowledge its address")
	if got, err := read(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("got %d, %v, want no answer", got, err)
	}
	m.typed("show hood-air", "FAULT nack")
	m.typed("heal hood-air", "healed")
	if got, err := read(); err != nil || got != 7000 {
		t.Errorf("healed, got %d, %v, want 70 °C", got, err)
	}
	m.typed("fault kitchen-air nack", `there is no part "kitchen-air"; there are buzzer, call-point`)
	m.typed("fault hood-air nak", `it can have absent, nack, nack_write`)
	m.typed("faults hood-air", "brown_out")
	m.typed("help", "heal PART")
	m.typed("set hood-air.temperature 70", `has no unit; write "70 °C"`)
	keys.Close()
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("ended with %d: %s", code, m.out)
	}
}

// The scenario of the README fits its site, and every mistake of another one is told at once, with
// its line.
func TestScenarioIsCheckedBeforeItIsPlayed(t *testing.T) {
	s, err := site.Load(kitchen)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("scenarios/kitchen.txt")
	if err != nil {
		t.Fatal(err)
	}
	steps, err := rig.ParseScenario("kitchen.txt", text, s)
	if err != nil || len(steps) != 16 {
		t.Errorf("got %d steps, %v", len(steps), err)
	}
	path := filepath.Join(t.TempDir(), "wrong.txt")
	wrong := "5s set hood-air.temperature 20 °C\n\n# fine\n1s heal all\nsoon heal all\n6s\n" +
		"7s fault hood-air melt\n8s set gas-head.combustible 5\n9s fault hood-air nack for long\n"
	if err := os.WriteFile(path, []byte(wrong), 0o644); err != nil {
		t.Fatal(err)
	}
	got := command(t, "", "play", "--dir", t.TempDir(), "--site", kitchen, "--scenario", path)
	for _, want := range []string{
		"wrong.txt:4: 1s is before the line above, 5s",
		`wrong.txt:5: a line begins with its time: "soon" is no time; write it like 10s`,
		"wrong.txt:6: there is no order behind the time",
		`wrong.txt:7: hood-air has no fault "melt"; it can have absent`,
		`wrong.txt:8: gas-head.combustible: "5" has no unit; write "5 %LEL"`,
		`wrong.txt:9: fault hood-air: for: "long" is no time`,
	} {
		if got.code != 1 || !strings.Contains(got.err, want) {
			t.Errorf("got %d, %s, want in it %s", got.code, got.err, want)
		}
	}
	if strings.Contains(got.err, "wrong.txt:1:") {
		t.Errorf("a right line is refused: %s", got.err)
	}
}

// What follows a recording is not set by hand meanwhile, as the recording would take it back at
// once: it says so. It can fail, and is free when the recording is over.
func TestRecordedPartIsNotSetMeanwhile(t *testing.T) {
	m, err := openRoom("", 1)
	if err != nil {
		t.Fatal(err)
	}
	const order = "set ceiling-air.temperature 70 °C"
	if _, err := m.rig.Do(order); err == nil || !strings.Contains(err.Error(), "--site") {
		t.Errorf("got %v, want it refused with what to do", err)
	}
	for _, other := range []string{"fault ceiling-air nack", "set call-point abnormal"} {
		if _, err := m.rig.Do(other); err != nil {
			t.Error(err)
		}
	}
	m.play(t.Context(), time.Now(), m.record.Ends())
	if _, err := m.rig.Do(order); err != nil {
		t.Errorf("the recording is over: %v", err)
	}
	if _, err := rig.ParseScenario("x", []byte("1s "+order), m.site, followers()...); err == nil {
		t.Error("a scenario is not refused")
	}
}

// A site file and what belongs to the demonstration are not mixed.
func TestSiteExcludesTheDemonstration(t *testing.T) {
	for want, args := range map[string][]string{
		"leave one of the two out": {"made.csv", "--site", kitchen},
		"leave --speed out":        {"--site", kitchen, "--speed", "5"},
		"no such file":             {"--site", "nowhere.toml"},
	} {
		args = append([]string{"play", "--dir", t.TempDir()}, args...)
		if got := command(t, "", args...); got.code != 1 || !strings.Contains(got.err, want) {
			t.Errorf("%v: got %d, %s, want %s", args, got.code, got.err, want)
		}
	}
}
