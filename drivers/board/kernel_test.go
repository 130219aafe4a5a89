//go:build gpiosim

// This file is for machines whose kernel has a simulated GPIO chip: the module gpio-sim.

package board

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
)

// Lines of a real kernel keep their first level, wake and count.
func TestKernelLines(t *testing.T) {
	const root = "/sys/kernel/config/gpio-sim"
	chip := filepath.Join(root, "firepost-test")
	bank := filepath.Join(chip, "bank0")
	for _, step := range []func() error{
		func() error { return os.MkdirAll(bank, 0o755) },
		func() error { return os.WriteFile(filepath.Join(bank, "num_lines"), []byte("2"), 0o644) },
		func() error {
			return os.WriteFile(filepath.Join(bank, "label"), []byte("firepost-test"), 0o644)
		},
		func() error { return os.WriteFile(filepath.Join(chip, "live"), []byte("1"), 0o644) },
	} {
		if err := step(); err != nil {
			t.Fatal("modprobe gpio-sim, and run this as root: ", err)
		}
	}
	t.Cleanup(func() {
		os.WriteFile(filepath.Join(chip, "live"), []byte("0"), 0o644)
		os.Remove(bank)
		os.Remove(chip)
	})
	device, node := attribute(t, chip, "dev_name"), attribute(t, bank, "chip_name")
	out, err := Host().Line("firepost-test:1", drivers.LineConfig{Output: true, High: true})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if high, err := out.State(); !high || err != nil {
		t.Errorf("first State() = %v, %v, want true", high, err)
	}
	in, err := Host().Line("firepost-test:0", drivers.LineConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	pull := filepath.Join("/sys/devices/platform", device, node, "sim_gpio0/pull")
	if err := os.WriteFile(pull, []byte("pull-up"), 0o644); err != nil {
		t.Fatal(err)
	}
	if edges, err := in.Wait(10 * time.Second); edges != 1 || err != nil {
		t.Errorf("Wait = %d, %v, want 1", edges, err)
	}
	if high, err := in.Level(); !high || err != nil {
		t.Errorf("Level() = %v, %v, want true", high, err)
	}
}

func attribute(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}
