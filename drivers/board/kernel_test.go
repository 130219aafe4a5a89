//go:build gpiosim

// This file is for machines whose kernel has a simulated GPIO chip: the module gpio-sim.

package board

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
)

// simulated is a chip of the kernel's that a test can pull at.
type simulated struct {
	*testing.T
	chip string // its folder in configfs
	path string // of its lines in sysfs
}

// label is by what the tests find the chip.
const label = "firepost-test"

func newSimulated(t *testing.T) simulated {
	t.Helper()
	s := simulated{t, "/sys/kernel/config/gpio-sim/" + label, ""}
	bank := filepath.Join(s.chip, "bank0")
	for _, step := range []func() error{
		func() error { return os.MkdirAll(filepath.Join(bank, "line2"), 0o755) },
		func() error { return s.write(filepath.Join(bank, "num_lines"), "3") },
		func() error { return s.write(filepath.Join(bank, "label"), label) },
		func() error { return s.write(filepath.Join(bank, "line2", "name"), "CALL_POINT") },
		func() error { return s.write(filepath.Join(s.chip, "live"), "1") },
	} {
		if err := step(); err != nil {
			t.Fatal("modprobe gpio-sim, and run this as root: ", err)
		}
	}
	t.Cleanup(func() {
		s.remove()
		for _, dir := range []string{"bank0/line2", "bank0", ""} {
			os.Remove(filepath.Join(s.chip, dir))
		}
	})
	s.path = filepath.Join("/sys/devices/platform", s.read(filepath.Join(s.chip, "dev_name")),
		s.read(filepath.Join(bank, "chip_name")))
	return s
}

func (s simulated) write(path, text string) error {
	return os.WriteFile(path, []byte(text), 0o644)
}

func (s simulated) read(path string) string {
	s.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// remove takes the chip out of the machine, if it is still there.
func (s simulated) remove() { _ = s.write(filepath.Join(s.chip, "live"), "0") }

// pull drives an input from outside.
func (s simulated) pull(line string, high bool) {
	s.Helper()
	way := "pull-down"
	if high {
		way = "pull-up"
	}
	if err := s.write(filepath.Join(s.path, "sim_gpio"+line, "pull"), way); err != nil {
		s.Fatal(err)
	}
}

func (s simulated) open(name string, c drivers.LineConfig) drivers.Line {
	s.Helper()
	l, err := Host().Line(name, c)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { l.Close() })
	return l
}

// Lines of a real kernel are found by label and by name, keep their first level, wake and count.
func TestKernelLines(t *testing.T) {
	s := newSimulated(t)
	out := s.open(label+":1", drivers.LineConfig{Output: true, High: true})
	if high, err := out.State(); !high || err != nil {
		t.Errorf("first State() = %v, %v, want true", high, err)
	}
	in := s.open("CALL_POINT", drivers.LineConfig{})
	s.pull("2", true)
	if edges, err := in.Wait(10 * time.Second); edges != 1 || err != nil {
		t.Errorf("Wait = %d, %v, want 1", edges, err)
	}
	if high, err := in.Level(); !high || err != nil {
		t.Errorf("Level() = %v, %v, want true", high, err)
	}
	if _, err := Host().Line("CALL_POINT", drivers.LineConfig{}); err == nil ||
		!strings.Contains(err.Error(), `held by "firepost"`) {
		t.Errorf("a second opening: got %v, want who holds it", err)
	}
}

// Reading an output back, and listing the lines, leaves its level and its direction.
func TestKernelReadBackChangesNothing(t *testing.T) {
	s := newSimulated(t)
	out := s.open(label+":0", drivers.LineConfig{Output: true, High: true})
	for range 100 {
		if high, err := out.State(); !high || err != nil {
			t.Fatalf("State() = %v, %v, want true", high, err)
		}
		line, err := Host().Find(label + ":0")
		if err != nil || !line.Output || line.User != "firepost" {
			t.Fatalf("Find = %+v, %v, want an output that firepost holds", line, err)
		}
	}
	if got := s.read(filepath.Join(s.path, "sim_gpio0/value")); got != "1" {
		t.Errorf("from outside the line carries %s, want 1", got)
	}
}

// Edges for which the kernel had no room are counted all the same.
func TestKernelCountsLostEdges(t *testing.T) {
	s := newSimulated(t)
	in := s.open(label+":0", drivers.LineConfig{})
	const pulses = 100 // each two edges; the kernel keeps 64
	for range pulses {
		s.pull("0", true)
		s.pull("0", false)
	}
	total := uint32(0)
	for end := time.Now().Add(10 * time.Second); total < 2*pulses && time.Now().Before(end); {
		edges, err := in.Wait(time.Second)
		if err != nil {
			t.Fatal(err)
		}
		total += edges
	}
	if total != 2*pulses {
		t.Errorf("got %d edges, want %d", total, 2*pulses)
	}
}

// The kernel takes the bounce out of a contact: what does not hold is no edge.
func TestKernelDebounces(t *testing.T) {
	s := newSimulated(t)
	in := s.open(label+":0", drivers.LineConfig{Debounce: 100 * time.Millisecond})
	for range 5 {
		s.pull("0", true)
		s.pull("0", false)
	}
	s.pull("0", true)
	total := uint32(0)
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		edges, err := in.Wait(200 * time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		total += edges
	}
	if total != 1 {
		t.Errorf("got %d edges, want 1", total)
	}
}

// A chip that is pulled out is an error with the kernel's number and never a level, and a Wait on
// it comes back.
func TestKernelChipThatGoes(t *testing.T) {
	s := newSimulated(t)
	in := s.open(label+":0", drivers.LineConfig{})
	out := s.open(label+":1", drivers.LineConfig{Output: true})
	s.remove()
	_, err := in.Level()
	if !errors.Is(err, drivers.ErrNoDevice) || !errors.Is(err, syscall.ENODEV) {
		t.Errorf("Level: got %v, want ErrNoDevice and ENODEV", err)
	}
	if err := out.Set(true); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("Set: got %v, want ENODEV", err)
	}
	if _, err := in.Wait(time.Second); !errors.Is(err, syscall.ENODEV) {
		t.Errorf("Wait: got %v, want ENODEV", err)
	}
}
