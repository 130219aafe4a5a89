package main

import (
	"bufio"
	"context"
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

	"github.com/firepost/firepost/firmware-sim/district"
)

// mosquitto is the real broker as a process of the test, with a receiver behind it.
type mosquitto struct {
	t    *testing.T
	path string
	conf string
	url  string

	mu   sync.Mutex
	cmd  *exec.Cmd // nil: it does not run
	said string    // since the last start
	read *sync.WaitGroup
}

// newMosquitto starts the broker on a free port.
func newMosquitto(t *testing.T) *mosquitto {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/mosquitto")
	}
	if err != nil {
		t.Skip("mosquitto is missing: apt-get install mosquitto")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // the system gave it
	l.Close()
	home := t.TempDir()
	m := &mosquitto{t: t, path: path, url: "tcp://127.0.0.1:" + port,
		conf: filepath.Join(home, "conf")}
	text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"+
		"persistence true\npersistence_location %s/\n", port, home)
	if os.Getuid() == 0 {
		text += "user root\n"
	}
	if err := os.WriteFile(m.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start()
	t.Cleanup(func() { m.stop(syscall.SIGTERM) })
	return m
}

// start runs the broker and waits until it says that it does.
func (m *mosquitto) start() {
	cmd := exec.Command(m.path, "-v", "-c", m.conf)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		m.t.Errorf("mosquitto: %v", err)
		return
	}
	read := new(sync.WaitGroup)
	m.mu.Lock()
	m.cmd, m.said, m.read = cmd, "", read
	m.mu.Unlock()
	read.Go(func() { m.listen(stderr) })
	for end := time.Now().Add(patience); !m.says(" running\n"); pause(5 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Errorf("mosquitto does not run")
			return
		}
	}
}

// listen keeps what tells of the broker itself and of the receiver: the rest is long.
func (m *mosquitto) listen(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		text := lines.Text()
		if strings.HasSuffix(text, " running") || strings.Contains(text, "SUBSCRIBE from") {
			m.mu.Lock()
			m.said += text + "\n"
			m.mu.Unlock()
		}
	}
}

func (m *mosquitto) says(text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Contains(m.said, text)
}

// stop ends the broker. After SIGTERM it knows at the next start what it knew; after SIGKILL it
// has forgotten what it had confirmed and not yet passed on.
func (m *mosquitto) stop(how syscall.Signal) {
	m.mu.Lock()
	cmd, read := m.cmd, m.read
	m.cmd = nil
	m.mu.Unlock()
	if cmd == nil {
		return
	}
	if err := cmd.Process.Signal(how); err != nil {
		m.t.Errorf("mosquitto: %v", err)
	}
	read.Wait()
	_ = cmd.Wait() // ended by a signal, as it should
}

// follow lets a receiver hear the broker until the test ends, over every restart.
func (m *mosquitto) follow(r *district.Receiver) {
	m.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- district.Follow(ctx, m.url, "district", r) }()
	m.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			m.t.Errorf("district: %v", err)
		}
	})
	m.heard()
}

// heard waits until the receiver has subscribed at the broker that runs now.
func (m *mosquitto) heard() {
	m.t.Helper()
	await(m.t, "the receiver at the broker", func() bool { return m.says("SUBSCRIBE from district") })
}
