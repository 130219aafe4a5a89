//go:build vm

package vm

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/vhost"
)

// patience is how long the tests wait for what should come within seconds on a machine that is
// emulated, on a processor that others use too.
const patience = 90 * time.Second

// await polls until ok, or fails the test with what was waited for.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// machine is a virtual machine that can be switched on and off.
type machine struct {
	t    *testing.T // the test that is running
	args []string

	cmd   *exec.Cmd
	stdin io.Writer
	began time.Time
	read  sync.WaitGroup

	mu    sync.Mutex
	said  []string // since it was switched on
	ended bool     // nothing more is said
}

// newVirt makes a machine of no make whose bus and lines are those of a board.
func newVirt(t *testing.T, b *board.Board, lines []string, args ...string) *machine {
	t.Helper()
	dir := t.TempDir()
	i2c, gpio := filepath.Join(dir, "i2c"), filepath.Join(dir, "gpio")
	serve(t, i2c, func(ctx context.Context, l *net.UnixListener) error {
		return vhost.ServeI2C(ctx, l, b, bus)
	})
	serve(t, gpio, func(ctx context.Context, l *net.UnixListener) error {
		return vhost.ServeGPIO(ctx, l, b, lines...)
	})
	return newMachine(t, append([]string{"qemu-system-aarch64",
		"-M", "virt,memory-backend=mem", "-cpu", "cortex-a53", "-m", "256M",
		"-object", "memory-backend-memfd,id=mem,size=256M,share=on", "-serial", "stdio",
		"-kernel", filepath.Join(cache, "vmlinuz"), "-append", "console=ttyAMA0 loglevel=4 panic=-1",
		"-chardev", "socket,id=i2c,path=" + i2c, "-device", "vhost-user-i2c-pci,chardev=i2c",
		"-chardev", "socket,id=gpio,path=" + gpio, "-device", "vhost-user-gpio-pci,chardev=gpio",
	}, args...)...)
}

// newMachine makes a machine of a command line. Nothing of it is left when the test ends.
func newMachine(t *testing.T, args ...string) *machine {
	t.Helper()
	m := &machine{t: t, args: append(args, "-nodefaults", "-no-reboot", "-nographic")}
	t.Cleanup(func() {
		if m.cmd != nil {
			m.cut()
		}
		if t.Failed() {
			t.Logf("on the console:\n%s", strings.Join(m.said, "\n"))
		}
	})
	return m
}

// serve runs a back end at a socket until the test ends.
func serve(t *testing.T, path string, run func(context.Context, *net.UnixListener) error) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// on switches the machine on.
func (m *machine) on() {
	m.t.Helper()
	m.cmd = exec.Command(m.args[0], m.args[1:]...)
	m.cmd.Stderr = os.Stderr
	stdout, err := m.cmd.StdoutPipe()
	if err == nil {
		m.stdin, err = m.cmd.StdinPipe()
	}
	if err == nil {
		m.began = time.Now()
		err = m.cmd.Start()
	}
	if err != nil {
		m.t.Fatalf("%v; apt-get install qemu-system-arm", err)
	}
	m.said, m.ended = nil, false
	m.read.Go(func() { m.listen(stdout) })
}

func (m *machine) listen(r io.Reader) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		text := strings.TrimRight(lines.Text(), "\r")
		m.mu.Lock()
		m.said = append(m.said, fmt.Sprintf("%6.2f %s", time.Since(m.began).Seconds(), text))
		m.mu.Unlock()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = true
}

// cut takes the machine's power away.
func (m *machine) cut() {
	if err := m.cmd.Process.Kill(); err != nil {
		m.t.Errorf("qemu: %v", err)
	}
	m.read.Wait()
	_ = m.cmd.Wait() // it was killed, as it should
	m.cmd = nil
}

// says tells whether a line with all of these texts was on the console since a mark.
func (m *machine) says(since int, texts ...string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.said[since:], func(line string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool {
			return !strings.Contains(line, text)
		})
	})
}

// mark is where the console is now.
func (m *machine) mark() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.said)
}

// await waits for a line with all of these texts on the console since a mark.
func (m *machine) await(since int, texts ...string) {
	m.t.Helper()
	await(m.t, fmt.Sprintf("%q on the console", texts), func() bool {
		m.mu.Lock()
		ended := m.ended
		m.mu.Unlock()
		said := m.says(since, texts...)
		if ended && !said {
			m.t.Fatalf("the machine ended before %q was on the console", texts)
		}
		return said
	})
}

// order gives the machine's first process an order and waits until it is carried out.
func (m *machine) order(words ...string) (since int) {
	m.t.Helper()
	since = m.try(words...)
	if !m.says(since, "init: "+words[0]+": done") {
		m.t.Fatalf("%v was not carried out", words)
	}
	return since
}

// try is an order that may fail.
func (m *machine) try(words ...string) (since int) {
	m.t.Helper()
	since = m.mark()
	if _, err := fmt.Fprintln(m.stdin, strings.Join(words, " ")); err != nil {
		m.t.Fatal(err)
	}
	m.await(since, "init: "+words[0]+": ")
	return since
}

// command gives an order to the monitor of a machine.
func command(monitor, order string) error {
	c, err := net.Dial("unix", monitor)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience)) //nolint:errcheck // then the reading tells
	answers := json.NewDecoder(c)
	for _, line := range []string{
		"", // it begins by itself
		`{"execute":"qmp_capabilities"}`,
		order,
	} {
		fmt.Fprintln(c, line)
		var answer struct {
			Error *struct{ Desc string }
		}
		if err := answers.Decode(&answer); err != nil || answer.Error != nil {
			return fmt.Errorf("monitor: %v, %+v", err, answer.Error)
		}
	}
	return nil
}
