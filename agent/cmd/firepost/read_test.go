package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// times are what differs from run to run.
var times = regexp.MustCompile(`\d\d:\d\d:\d\d\.\d{3}| +\d+\.\d ms|"at":"[^"]*"|"seconds":[^,}]*`)

// A part is read by the name that the site file gives it, or by its model and place; every transfer
// is shown with its bytes, every value, and every failure. A wrong name says what to write.
func TestRead(t *testing.T) {
	s := newStation(t, "", airSite, "")
	s.board.Bus("i2c-1").Attach(0x44, chip.NewSHT4x(s.board.Now))
	text := ""
	for _, args := range [][]string{
		{"read", "air", "-n", "2"}, {"read", "sht4x@i2c-1/0x44", "-n", "1", "--json"},
		{"read", "sht4x@i2c-1/0x45", "-n", "1"}, {"read", "call-point", "-n", "1"},
		{"read", "smoke"}, {"read", "thing@i2c-1/0x44"},
	} {
		text += shown(append(args, "--sim", s.socket, "-c", s.config, "--dir", s.dir)...)
	}
	home := strings.TrimSuffix(s.config, "/site.toml")
	golden(t, "read", times.ReplaceAllString(strings.ReplaceAll(text, home, "HOME"), "T"))
	began := time.Now()
	s.ask("read", "air", "--for", "300ms", "--sim", s.socket, "-c", s.config)
	if took := time.Since(began); took < 300*time.Millisecond || took > patience {
		t.Errorf("--for 300ms took %v", took)
	}
}

// The level of an input is shown, and each change of it. A line that drives something is left
// alone, and so is one that somebody holds.
func TestPin(t *testing.T) {
	s := newStation(t, "", airSite, "")
	s.board.Pin("GPIO17").Drive(true)
	s.board.Pin("GPIO17").DriveAfter(300*time.Millisecond, false)
	code, out, said := s.ask("pin", "GPIO17", "-n", "1", "--sim", s.socket)
	got := times.ReplaceAllString(out, "T")
	if want := "T  High\nT  Low  1 edges\n"; code != 0 || got != want {
		t.Errorf("got %d, %q, %q, want %q", code, got, said, want)
	}
	c := &levelCmd{}
	for _, l := range []drivers.LineInfo{
		{Name: "GPIO5", Output: true}, {Name: "GPIO8", User: "spi0 CS0"},
	} {
		if err := c.mayOpen(l); err == nil {
			t.Errorf("%+v may be opened", l)
		}
	}
	if code, _, _ := s.ask("pin", "GPIO17", "--pull", "left", "--sim", s.socket); code != 2 {
		t.Errorf("a pull that there is not: got %d, want 2", code)
	}
}

// While an agent runs and does not answer, its lock tells, and nothing is opened.
func TestReadAndPinLeaveARunningAgentAlone(t *testing.T) {
	s := newStation(t, "", airSite, "")
	release, err := lock(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := os.Stat("/proc/locks"); err != nil {
		t.Skip("the kernel does not show its locks: ", err)
	}
	code, out, said := s.ask("read", "air", "--sim", s.socket, "-c", s.config)
	if code != 1 || out != "" || !strings.Contains(said, "does not answer") {
		t.Errorf("got %d, %q, %q", code, out, said)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "control.sock")); err == nil {
		t.Error("the test has an agent")
	}
	if code, _, said := s.ask("scan", "--sim", s.socket); code != 1 ||
		!strings.Contains(said, "does not answer") {
		t.Errorf("scan: got %d, %q", code, said)
	}
}
