package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

// as runs a command as a process that is given a PIN, and returns what it printed.
func (s *station) as(pin string, args ...string) (out string, ok bool) {
	cmd := exec.Command(s.binary, args...)
	cmd.Env = append(os.Environ(), pinEnv+"="+pin)
	text, err := cmd.CombinedOutput()
	return string(text), err == nil
}

// An operator is added to a site file that stays good; from then on what needs a level needs the
// PIN, an alarm is dealt with step by step, and a check is recorded with its evidence.
func knowsItsOperators(t *testing.T, s *station) {
	file, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.write(string(file) + "\n[[item]]\nid = \"ways\"\nname = \"疏散通道\"\nevery = \"31 d\"\n")
	add := []string{
		"operator", "add", "--number", "7", "--name", "王强", "--level", "2", "--site", s.config,
	}
	if out, ok := s.as("2468", add...); !ok {
		t.Fatalf("operator add: %s", out)
	}
	out, ok := s.as("2468", add...)
	if ok || !strings.Contains(out, "number 7 is another operator's") {
		t.Errorf("the same operator again: %v, %s", ok, out)
	}
	text, err := os.ReadFile(s.config)
	if err != nil || bytes.Contains(text, []byte("2468")) {
		t.Fatalf("the site file shows the PIN, or is gone: %v", err)
	}
	s.start().ready()
	s.alarmed()
	s.shows("nobody has accepted it")
	s.refuses("not_permitted", "silence")
	dir := []string{"--dir", s.dir, "--operator", "7"}
	if out, ok := s.as("1111", append([]string{"silence"}, dir...)...); ok ||
		!strings.Contains(out, "wrong_pin: the PIN is wrong") {
		t.Errorf("a wrong PIN: %v, %s", ok, out)
	}
	if out, ok := s.as("2468", append([]string{"silence"}, dir...)...); !ok {
		t.Errorf("the right PIN: %s", out)
	}
	s.refuses("no_operator", "accept")
	s.wants("incident accepted call-1-", "accept", "--operator", "7")
	s.wants("arrived", "arrive", "--operator", "7")
	if out, ok := s.as("2468", append([]string{"verdict", "--is", "test"}, dir...)...); !ok ||
		!strings.Contains(out, "verdict") {
		t.Errorf("verdict: %s", out)
	}
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(photo, []byte("a photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.shows("ways", "item", "list")
	s.wants("item checked ways", "item", "done", "ways", "--operator", "7", "--evidence", photo)
	s.wants("hazard recorded h1", "hazard", "open", "通道堆物", "--days", "3", "--operator", "7")
	await(t, "a list with the hazard", func() bool {
		_, out, _ := s.ask("hazard", "list")
		return strings.Contains(out, "h1  通道堆物")
	})
	s.wants("on shift", "shift", "on", "--operator", "7")
	s.refuses("unknown_operator", "shift", "on", "--operator", "8")
}

// The row of an operator is good for a site file, and holds no PIN but its hash. A PIN comes from
// the environment, and never from the command line.
func TestOperatorAdd(t *testing.T) {
	t.Setenv(pinEnv, "2468")
	code, row, said := perform("operator", "add", "--number", "7", "--name", `王 "强"`, "--level", "2")
	if code != 0 || strings.Contains(row, "2468") {
		t.Fatalf("got %d, %q, %q", code, row, said)
	}
	good, err := os.ReadFile("testdata/good.toml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := site.Parse("good.toml", append(good, row...))
	if err != nil {
		t.Fatal(err)
	}
	if o := s.Operators[0]; o.Number != 7 || o.Name != `王 "强"` || o.Level != 2 || !o.HasPIN("2468") {
		t.Errorf("got %+v", o)
	}
	for _, args := range [][]string{
		{"--number", "0", "--name", "x"}, {"--number", "100", "--name", "x"}, {"--number", "7"},
		{"--number", "7", "--name", "x", "--level", "4"}, {"--number", "7", "--pin", "2468"},
	} {
		if code, _, _ := perform(append([]string{"operator", "add"}, args...)...); code != 2 {
			t.Errorf("%v: exit code %d, want 2", args, code)
		}
	}
	t.Setenv(pinEnv, "12")
	code, _, said = perform("operator", "add", "--number", "7", "--name", "x", "--level", "2")
	if code != 1 || !strings.Contains(said, "4 to 12 digits") {
		t.Errorf("a short PIN: got %d, %q", code, said)
	}
}
