package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what should come within a second or two: a processor that
// many tests share may be late.
const patience = 30 * time.Second

// programs are the files that the tests run.
type programs struct{ firepost, sim string }

// build makes them from the source around this module.
func build(t *testing.T) programs {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-C", "../..", "-o", dir+"/", "./agent/cmd/firepost",
		"./firmware-sim")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return programs{filepath.Join(dir, "firepost"), filepath.Join(dir, "firmware-sim")}
}

// operator is who acts in the tests.
const (
	operator = "7"
	pin      = "2468"
)

// siteText is a small place with everything that a person on duty has to do with.
const siteText = `
[site]
id = "corner"
name = "街角小店 Corner shop"

[page]
listen = "%s"

[[zone]]
id = "room"
name = "客房 Guest room"

[[sensor]]
name = "ceiling-dust"
model = "sps30"
bus = "i2c-1"

[[sensor]]
name = "ceiling-air"
model = "sht4x"
bus = "i2c-1"

[[sensor]]
name = "call-point"
model = "contact"
line = "GPIO17"

[[point]]
id = "smoke-1"
name = "客房烟感 Smoke, guest room"
signal = "fire"
zone = "room"
from = "ceiling-dust.pm2.5"

[[point.when]]
above = "150 µg/m³"
level = "alarm"
confirm = "200 ms"
release = "1 s"

[[point]]
id = "heat-1"
name = "客房温感 Heat, guest room"
class = "heat"
zone = "room"
from = "ceiling-air.temperature"

[[point]]
id = "call-1"
name = "手动报警按钮 Call point"
class = "call_point"
zone = "room"
from = "call-point"

[[output]]
id = "siren"
name = "警号 Siren"
kind = "sounder"
model = "relay"
line = "GPIO5"

[[output]]
id = "buzzer"
name = "蜂鸣器 Buzzer"
kind = "buzzer"
model = "relay"
line = "GPIO13"

[[output]]
id = "gas-valve"
name = "燃气阀 Gas valve"
kind = "valve"
model = "relay"
line = "GPIO20"

[[item]]
id = "extinguishers"
name = "灭火器 Extinguishers"
every = "31 d"

[shift]
people = 1

[district]
report = "5 s"
`

// process is a program that runs until the test ends.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser

	mu  sync.Mutex
	out bytes.Buffer
}

// Write implements io.Writer for what the program prints.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...)}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in = in
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), p.said())
		}
	})
	return p
}

// kill ends the program as a power cut would.
func (p *process) kill() {
	p.cmd.Process.Kill() //nolint:errcheck // it may have ended
	p.cmd.Wait()         //nolint:errcheck // it was killed
}

// station is an agent with a board and a district.
type station struct {
	programs
	dir, config, url string
	district         *process
	agent            *process
}

// newStation starts one. With fire the room burns for a while, soon after the agent has come.
func newStation(t *testing.T, p programs, fire bool) *station {
	t.Helper()
	page, broker := freePort(t), freePort(t)
	s := &station{programs: p, dir: t.TempDir(), url: "http://" + page + "/"}
	s.config = filepath.Join(s.dir, "corner.toml")
	if err := os.WriteFile(s.config, fmt.Appendf(nil, siteText, page), 0o600); err != nil {
		t.Fatal(err)
	}
	add := exec.Command(p.firepost, "operator", "add", "--number", operator, "--name", "王强",
		"--level", "2", "--site", s.config)
	add.Env = append(os.Environ(), "FIREPOST_PIN="+pin)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("operator add: %v\n%s", err, out)
	}
	s.district = start(t, p.sim, "district", "--listen", broker)
	board := start(t, p.sim, "play", "--dir", s.dir, "--broker", "tcp://"+broker, "--speed", "10",
		recording(t, fire))
	await(t, "the board", func() bool { return strings.Contains(board.said(), "waits for an agent") })
	s.run(t)
	return s
}

// run starts the agent and waits for its page.
func (s *station) run(t *testing.T) {
	t.Helper()
	s.agent = start(t, s.firepost, "run", "-c", s.config, "--dir", filepath.Join(s.dir, "state"),
		"--sim", filepath.Join(s.dir, "board.sock"))
	await(t, "the page", func() bool {
		resp, err := http.Get(s.url + "healthz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// status is what the tests read of status.json.
type status struct {
	Panel struct {
		Alarms []struct {
			Active bool `json:"active"`
		} `json:"alarms"`
	} `json:"panel"`
}

func (s *station) status(t *testing.T) (st status) {
	t.Helper()
	resp, err := http.Get(s.url + "status.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&st); err != nil {
		t.Fatal(err)
	}
	return st
}

// order types an order of the district.
func (s *station) order(t *testing.T, text string) {
	t.Helper()
	if _, err := fmt.Fprintln(s.district.in, text); err != nil {
		t.Fatal(err)
	}
}

// recording writes one to play and returns its name: a quiet room, or one that burns from 60 s to
// 150 s.
func recording(t *testing.T, fire bool) string {
	t.Helper()
	var rows strings.Builder
	rows.WriteString("t_s,temp_c,rh_pct,pm25_ugm3\n")
	const last = 400
	for s := 0; s <= last; s += 2 {
		dust := 10
		if fire && s >= 60 && s < 150 {
			dust = 700
		}
		fmt.Fprintf(&rows, "%d,%.1f,45,%d\n", s, 21+0.1*float64(s%20), dust)
	}
	truth := `{"kind":"background","start_s":0,"end_s":400,"note":"quiet"}`
	if fire {
		truth = `{"kind":"fire","start_s":60,"end_s":150,"note":"drawn"}`
	}
	about := fmt.Sprintf(`{"id":"room","set":"drawn","experiment":"","source":{"repo":"-"},
"licence":"-","sensors":"","ground_truth":[%s],"reference_alarms_s":{},"warmup_hold_s":0,
"derived":"","notes":"","columns":{"t_s":"","temp_c":"","rh_pct":"","pm25_ugm3":""},
"rows":%d,"sample_period_s":2,"max_gap_s":2,"duration_s":%d}`, truth, last/2+1, last)
	dir := t.TempDir()
	for name, text := range map[string]string{"room.csv": rows.String(), "room.json": about} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "room.csv")
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await polls until ok, or fails the test with what was waited for.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); <-time.After(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
