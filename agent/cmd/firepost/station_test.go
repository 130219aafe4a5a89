package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/provisioning"
)

// patience is how long a test waits for what should come within a second: a processor that many
// tests share may be late.
const patience = 20 * time.Second

// TestMain runs the tests in the language that they read.
func TestMain(m *testing.M) {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

// station is a simulated board, the folder of an agent, and the program to run on both.
type station struct {
	t      *testing.T
	binary string
	config string
	dir    string // state directory
	socket string // of the board
	board  *board.Board
}

// build makes the program that the tests run as a process.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "firepost")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// newStation serves a board until the test ends. With a broker it has an identity as well.
func newStation(t *testing.T, binary, siteText, broker string) *station {
	t.Helper()
	home := t.TempDir()
	s := &station{
		t: t, binary: binary, config: filepath.Join(home, "site.toml"),
		dir: filepath.Join(home, "state"), socket: filepath.Join(home, "board.sock"),
		board: board.New(board.Options{}),
	}
	s.write(siteText)
	if broker != "" {
		_, err := provisioning.Create(filepath.Join(s.dir, "identity"), provisioning.District{
			Tenant: "bench", Brokers: []string{broker}, Insecure: true, Sim: true,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.board.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("board: %v", err)
		}
	})
	return s
}

// write replaces the site file.
func (s *station) write(siteText string) {
	s.t.Helper()
	if err := os.WriteFile(s.config, []byte(siteText), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// press closes a contact to ground; release opens it.
func (s *station) press(line string)   { s.board.Pin(line).Drive(false) }
func (s *station) release(line string) { s.board.Pin(line).Float() }

func (s *station) isOn(line string) bool {
	on, _ := s.board.Pin(line).Driven()
	return on
}

// await polls until ok, or fails the test with what was waited for.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); pause(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// pause waits for processes outside of this one: they have no virtual clock.
func pause(d time.Duration) { <-time.After(d) }

// perform runs a command in this process and returns its exit code and what it printed.
func perform(args ...string) (code int, out, err string) {
	var o, e bytes.Buffer
	code = run(args, outlet{&o, &e})
	return code, o.String(), e.String()
}

// ask runs a command about the agent of the station.
func (s *station) ask(args ...string) (code int, out, err string) {
	return perform(append(args, "--dir", s.dir)...)
}

// reportPoint is one point of a report.
type reportPoint struct {
	ID, Name, Level, Fault, Reason string
	Disabled                       float64 `json:"disabled_seconds"`
	Values                         []struct{ Text, Quality, Reason string }
}

// report is what the tests read of /status.json.
type report struct {
	State string `json:"state"`
	Sim   bool   `json:"sim"`
	Site  struct{ Name, Rejected string }
	Panel struct {
		Silenced bool
		Alarms   []struct {
			Point, Signal, Level                    string
			Seconds                                 float64
			AtLevel                                 float64 `json:"level_seconds"`
			Active, Latched, Acknowledged, Silenced bool
		}
		Faults []struct {
			Code, Point, Detail string
			Seconds             float64
		}
		Points  []reportPoint
		Outputs []struct {
			ID      string
			Playing bool
			Err     string
		}
	}
	Outbox struct {
		Lanes []struct {
			Lane string
			Held uint64
		}
	}
	Link struct {
		Broker, Err string
		Connected   bool
	}
	Identity struct{ Device, State string }
}

// status is what the agent tells; ok is false while it does not answer.
func (s *station) status() (r report, ok bool) {
	code, out, _ := s.ask("status", "--json")
	return r, code == 0 && json.Unmarshal([]byte(out), &r) == nil
}

// saying is one line of an agent's log.
type saying struct {
	At       time.Duration `json:"-"` // by the clock of the board
	Msg      string
	Point    string
	Alarm    string
	Fault    string
	Err      string
	Restored bool
}

// life is one process of the agent.
type life struct {
	s        *station
	cmd      *exec.Cmd
	from, to time.Duration // by the clock of the board; to is when it was killed
	read     sync.WaitGroup

	mu     sync.Mutex
	said   []saying
	others string // what was written that is no line of a log
}

// start runs the agent of the station. It is killed at the end of the test at the latest.
func (s *station) start() *life {
	s.t.Helper()
	l := &life{s: s, cmd: exec.Command(s.binary, "run", "-c", s.config, "--dir", s.dir,
		"--sim", s.socket, "--json")}
	stderr, err := l.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	l.from = s.board.Now()
	if err := l.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	l.read.Go(func() { l.listen(stderr) })
	s.t.Cleanup(func() {
		if l.cmd.ProcessState == nil {
			l.kill()
		}
		if s.t.Failed() {
			s.t.Logf("process %d wrote: %s", l.cmd.Process.Pid, l.text())
		}
	})
	return l
}

func (l *life) listen(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		v := saying{At: l.s.board.Now()}
		err := json.Unmarshal(lines.Bytes(), &v)
		l.mu.Lock()
		if err == nil {
			l.said = append(l.said, v)
		} else {
			l.others += lines.Text() + "\n"
		}
		l.mu.Unlock()
	}
}

// log is what the process has said so far.
func (l *life) log() []saying {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said[:len(l.said):len(l.said)]
}

func (l *life) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, v := range l.said {
		fmt.Fprintf(&b, "\n  %v %+v", v.At.Round(time.Millisecond), v)
	}
	return b.String() + "\n" + l.others
}

// ready waits until the agent watches and answers.
func (l *life) ready() *life {
	l.s.t.Helper()
	await(l.s.t, "an agent that answers", func() bool {
		r, ok := l.s.status()
		return ok && len(r.Panel.Points) > 0 && r.State != "starting"
	})
	return l
}

// kill ends the process as the kernel does when memory is short: without a word.
func (l *life) kill() {
	l.to = l.s.board.Now()
	if err := l.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		l.s.t.Errorf("kill: %v", err)
	}
	l.read.Wait()
	_ = l.cmd.Wait() // it says "killed", as it should
}

// terminate ends the process as a service manager does, and returns its exit code.
func (l *life) terminate() int {
	l.s.t.Helper()
	if err := l.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		l.s.t.Fatal(err)
	}
	return l.ends()
}

// ends waits until the process ends by itself, and returns its exit code.
func (l *life) ends() int {
	l.s.t.Helper()
	late := time.AfterFunc(patience, func() { _ = l.cmd.Process.Kill() })
	l.read.Wait()
	_ = l.cmd.Wait() // the exit code tells it
	if !late.Stop() {
		l.s.t.Errorf("the process did not end within %v", patience)
	}
	l.to = l.s.board.Now()
	return l.cmd.ProcessState.ExitCode()
}
