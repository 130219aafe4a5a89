package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// shown is what came of a command, as a person at a terminal sees it.
func shown(args ...string) string {
	code, out, err := perform(args...)
	return fmt.Sprintf("$ firepost %s\n%s%s[%d]\n\n", strings.Join(args, " "), out, err, code)
}

// The help names every command and flag with its default, and what cannot be understood says what
// to write instead, on one line, with exit code 2.
func TestHelp(t *testing.T) {
	text := shown("--help")
	for _, c := range commands {
		text += shown(append(strings.Fields(c.name), "--help")...)
	}
	for _, args := range [][]string{
		{"--version"}, {}, {"chek"}, {"check", "a", "b"}, {"run", "--nonsense"}, {"enable"},
		{"disable", "call-1"}, {"disable", "call-1", "--for", "2h"}, {"silence", "call-1"},
		{"ack", "a", "b"}, {"out", "siren"}, {"out", "siren", "up"},
		{"out", "siren", "off", "--for", "5s"}, {"out", "siren", "on", "--for", "xx"},
		{"status", "--lang", "fr"},
		{"events", "-n", "-1"}, {"reset", "--operator", "256"},
		{"item"}, {"item", "done"}, {"verdict"}, {"hazard", "open", "boxes"}, {"operator", "add"},
		{"walktest", "skip"}, {"walktest", "skip", "call-1"}, {"drill"},
		{"verdict", "--is", "maybe"}, {"verdict", "--is", "false"},
	} {
		text += shown(args...)
	}
	golden(t, "help", text)
}

// A good site file is summed up with exit code 0; a doubtful one exits with 1; of a bad one every
// mistake is told at once, and it exits with 2. So does one that is not there.
func TestCheck(t *testing.T) {
	text := ""
	for _, args := range [][]string{
		{"check", "-c", "testdata/good.toml"}, {"check", "testdata/warned.toml"},
		{"check", "testdata/bad.toml"}, {"check", "testdata/missing.toml"},
		{"check", "--lang", "zh", "testdata/good.toml"}, {"check", "--lang", "fr"},
	} {
		text += shown(args...)
	}
	golden(t, "check", text)
	if n := strings.Count(text, "\nbad.toml:"); n != 10 {
		t.Errorf("bad.toml has ten mistakes, and %d were told", n)
	}
}

// The reference that check prints is a site file that check finds good.
func TestCheckPrintsAReferenceThatIsGood(t *testing.T) {
	code, out, _ := perform("check", "--reference")
	if code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if _, err := site.Parse("reference", []byte(out)); err != nil {
		t.Error(err)
	}
}

// Without a good site file nothing is half started: all mistakes are told, the exit code is 78, and
// no line of the board is touched. The same with a last good copy that went bad.
func TestRunRefusesABadSite(t *testing.T) {
	bad, err := os.ReadFile("testdata/bad.toml")
	if err != nil {
		t.Fatal(err)
	}
	_, mistakes, _ := perform("check", "-c", "testdata/bad.toml")
	for _, name := range []string{"no copy", "a bad copy"} {
		t.Run(name, func(t *testing.T) {
			s := newStation(t, "", string(bad), "")
			copied := filepath.Join(s.dir, "site", "good.toml")
			if name == "a bad copy" {
				if err := os.MkdirAll(filepath.Dir(copied), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(copied, []byte("[site]\nid = 7\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				mistakes += "and the last good copy: good.toml: there is no sensor;"
			}
			code, _, said := s.ask("run", "-c", "testdata/bad.toml", "--sim", s.socket)
			if code != 78 || !strings.HasPrefix(said, mistakes) ||
				!strings.Contains(said, "no output was touched") {
				t.Errorf("exit code %d, want 78; got\n%s\nwant\n%s", code, said, mistakes)
			}
			if pins := s.board.Pins(); len(pins) != 0 {
				t.Errorf("the run that was refused touched %d lines", len(pins))
			}
		})
	}
}

// A last good copy that cannot be read may be whole: the exit code is not the one after which a
// service is not started again.
func TestRunIsTriedAgainWhileThereMayBeACopy(t *testing.T) {
	bad, err := os.ReadFile("testdata/bad.toml")
	if err != nil {
		t.Fatal(err)
	}
	s := newStation(t, "", string(bad), "")
	if err := os.MkdirAll(filepath.Join(s.dir, "site", "good.toml"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, _, said := s.ask("run", "-c", "testdata/bad.toml", "--sim", s.socket)
	if code != 1 || !strings.Contains(said, "start it again") {
		t.Errorf("exit code %d, want 1; got\n%s", code, said)
	}
}

// Where no agent runs, each command says so and how to start one; a file in the place of the socket
// is named.
func TestCommandsSayThatNoAgentRuns(t *testing.T) {
	dir := t.TempDir()
	asks := [][]string{
		{"status"}, {"status", "--json"}, {"points"}, {"events"}, {"cause"}, {"out", "siren", "on"},
		{"ack"}, {"silence"}, {"reset", "call-1"},
		{"disable", "call-1", "--for", "1h", "--reason", "paint"}, {"enable", "call-1"},
		{"answer", "--operator", "7"}, {"accept", "--operator", "7"}, {"item", "list"},
		{"hazard", "open", "boxes", "--days", "3"}, {"shift", "on", "--operator", "7"},
	}
	want := "firepost: no agent runs with --dir " + dir + "; start it with: firepost run\n"
	for _, ask := range asks {
		code, out, said := perform(append(ask, "--dir", dir)...)
		if code != 1 || out != "" || said != want {
			t.Errorf("%v: got %d, %q, %q, want 1 and %q", ask, code, out, said, want)
		}
	}
	socket := filepath.Join(dir, "control.sock")
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want = "firepost: " + socket + " is not a socket; move it away and start the agent anew\n"
	if code, _, said := perform("status", "--dir", dir); code != 1 || said != want {
		t.Errorf("got %d, %q, want 1 and %q", code, said, want)
	}
}
