package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/site"
)

var commit = time.Date(2026, 11, 24, 22, 41, 9, 0, time.UTC)

// A version of git becomes one of Debian, with the order that Debian gives it.
func TestVersionsSortAsTheyWereMade(t *testing.T) {
	rows := []struct{ git, debian string }{ // from the oldest to the newest
		{"fe6c9a2", "0.0.0~20261124.224109.gfe6c9a2"},
		{"fe6c9a2-dirty", "0.0.0~20261124.224109.gfe6c9a2+dirty"},
		{"v1.2.0-rc1", "1.2.0~rc1"},
		{"v1.2.0-rc1-3-gabc1234", "1.2.0~rc1+3.gabc1234"},
		{"v1.2.0", "1.2.0"},
		{"v1.2.0-4-gabc1234", "1.2.0+4.gabc1234"},
		{"v1.2.0-4-gabc1234-dirty", "1.2.0+4.gabc1234+dirty"},
		{"v1.10.0", "1.10.0"},
	}
	dpkg, _ := exec.LookPath("dpkg")
	for i, row := range rows {
		if got := debVersion(row.git, commit); got != row.debian {
			t.Errorf("%s: got %s, want %s", row.git, got, row.debian)
		}
		if i == 0 || dpkg == "" {
			continue
		}
		older := rows[i-1].debian
		if exec.Command(dpkg, "--compare-versions", older, "lt", row.debian).Run() != nil {
			t.Errorf("Debian does not say that %s is older than %s", older, row.debian)
		}
	}
}

// program is a small firepost with each form of a command and of a flag.
func program(args ...string) (string, error) {
	switch strings.Join(args, " ") {
	case "--help":
		return "firepost: edge agent.\n\n" +
			"  firepost run                  Watch the site.\n" +
			"  firepost check [FILE]         Check a site file.\n" +
			"  firepost item done ITEM       Record a check.\n" +
			"  firepost item list            List them.\n\n" +
			"\"firepost COMMAND --help\" lists the flags of a command.\n", nil
	case "run --help":
		return "firepost run\nWatch the site.\n\n" +
			"  -c, --config string       site file (default \"/etc/x\")\n" +
			"      --sim SOCKET          use the board behind this SOCKET\n" +
			"      --json[=true|false]   write the log as JSON lines\n", nil
	case "check --help", "item done --help", "item list --help":
		return "firepost\n", nil
	}
	return "", fmt.Errorf("unexpected %q", args)
}

// The man page names every command and flag, in a form that a hyphen can be copied from.
func TestManPageNamesEveryCommandAndFlag(t *testing.T) {
	m, err := readManual(program)
	if err != nil {
		t.Fatal(err)
	}
	page := m.page("v1.2.0", commit)
	for _, want := range []string{
		".TH FIREPOST 1 2026-11-24 \"firepost v1.2.0\"\n",
		".SH NAME\nfirepost \\- edge agent\n",
		".SS firepost check [FILE]\nCheck a site file.\n",
		".SS firepost item done ITEM\n",
		".TP\n\\fB\\-c\\fR, \\fB\\-\\-config\\fR \\fIstring\\fR\nsite file (default \"/etc/x\")\n",
		".TP\n\\fB\\-\\-sim\\fR \\fISOCKET\\fR\n",
		".TP\n\\fB\\-\\-json\\fR\nwrite",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	if _, err := readManual(func(...string) (string, error) { return "help", nil }); err == nil {
		t.Error("a program without commands has a manual")
	}
}

// The tab key gives the words that can stand where the cursor is.
func TestCompletionGivesWhatFits(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is missing")
	}
	m, err := readManual(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ words, want string }{
		{"firepost ''", "run check item"},
		{"firepost r", "run"},
		{"firepost item ''", "done list"},
		{"firepost run ''", "--config --sim --json"},
		{"firepost run --config x --s", "--sim"},
		{"firepost item done ''", ""},
		{"firepost nonsense ''", ""},
	} {
		script := m.completion() + "COMP_WORDS=(" + row.words + ")\n" +
			"COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_firepost\necho \"${COMPREPLY[*]}\"\n"
		out, err := exec.Command(bash, "-c", script).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != row.want {
			t.Errorf("%s: got %q, %v, want %q", row.words, got, err, row.want)
		}
	}
}

// Each venue has an example that a board can run as it stands: no mistake, no warning. What the
// check notes of it is explained in the file.
func TestExamplesAreGood(t *testing.T) {
	files, err := filepath.Glob("examples/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	var venues []string
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := site.Parse(path, text)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for _, w := range s.Warnings {
			t.Errorf("warning: %v", w)
		}
		for _, n := range s.Notes {
			if !strings.Contains(n.String(), "unsupervised") ||
				!strings.Contains(string(text), `cut wire is an "eol-loop"`) {
				t.Errorf("not explained: %v", n)
			}
		}
		_, venue, _ := strings.Cut(string(text), "\nvenue = \"")
		venue, _, _ = strings.Cut(venue, "\"")
		venues = append(venues, venue)
	}
	slices.Sort(venues)
	want := []string{
		"guest_house", "kitchen", "pump_room", "shop", "station", "underpass", "workshop",
	}
	if !slices.Equal(venues, want) {
		t.Errorf("got examples of %q, want %q", venues, want)
	}
}

// The packages come out with the licences of what is in them.
func TestCopyrightNamesWhatIsLinkedIn(t *testing.T) {
	t.Chdir("../..")
	text, err := copyright()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"https://go.dev\n\nCopyright 2009 The Go Authors",
		"https://go.etcd.io/bbolt\n\nThe MIT License",
		"https://github.com/eclipse/paho.mqtt.golang\n\nEclipse Public License",
		"https://github.com/google/renameio/v2\n\nOn Debian systems",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(text, "mochi-mqtt") {
		t.Error("it names what is not in the program")
	}
}
