//go:build vm

package vm

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// soc is a board that QEMU emulates with its own controllers, under a kernel as Debian ships it.
type soc struct {
	name    string   // of QEMU
	tree    string   // of the device tree, and the folder of its kernel
	newer   bool     // this release's QEMU does not know enough of it
	env     []string // of the programs
	serial  []string
	append  string
	wires   string // QEMU's name of the bus
	path    string // the bus in the device tree
	missing string // how the controller reports a part that is not there
}

var socs = []soc{
	{
		name: "sabrelite", tree: "imx6q-sabrelite", env: []string{"GOARCH=arm", "GOARM=7"},
		serial: []string{"-serial", "null", "-serial", "stdio"}, append: "console=ttymxc1,115200",
		wires: "i2c-bus.0", path: "/soc/bus@2100000/i2c@21a0000", missing: "the bus is held",
	},
	{
		name: "raspi0", tree: "bcm2835-rpi-zero", newer: true, env: []string{"GOARCH=arm", "GOARM=6"},
		serial: []string{"-serial", "stdio"},
		append: "console=ttyAMA0 initcall_blacklist=bcm2835_pm_driver_init",
		wires:  "i2c-bus.1", path: "/soc/i2c@7e804000", missing: "not acknowledged",
	},
	{
		name: "raspi3b", tree: "bcm2837-rpi-3-b", newer: true, env: []string{"GOARCH=arm64"},
		serial: []string{"-serial", "null", "-serial", "stdio"}, append: "console=ttyS1,115200",
		wires: "i2c-bus.1", path: "/soc/i2c@7e804000", missing: "not acknowledged",
	},
	{
		name: "orangepi-pc", tree: "sun8i-h3-orangepi-pc", newer: true,
		env:    []string{"GOARCH=arm", "GOARM=7"},
		serial: []string{"-serial", "stdio", "-nic", "none"}, append: "console=ttyS0,115200",
		wires: "i2c", path: "/soc/i2c@1f02400", missing: "not acknowledged",
	},
}

// The agent's way to a bus works with the controllers of boards that people buy, found by their
// place in the device tree, and a part that is not there is an error with each of them.
func TestBoards(t *testing.T) {
	for _, s := range socs {
		t.Run(s.name, func(t *testing.T) {
			m, monitor := s.machine(t)
			m.on()
			m.await(0, "init: ready")
			for _, c := range []int{25_000, 61_500} {
				setTemperature(t, monitor, c)
				since := m.order("run", "/bin/thermometer", s.path, "0x48")
				m.await(since, fmt.Sprintf("thermometer: %d m°C", c))
			}
			since := m.try("run", "/bin/thermometer", s.path, "0x49")
			m.await(since, "thermometer: after", s.missing)
			t.Logf("read after %v", time.Since(m.began).Round(100*time.Millisecond))
		})
	}
}

// machine makes the board, with a TMP105 that its monitor can warm.
func (s soc) machine(t *testing.T) (m *machine, monitor string) {
	t.Helper()
	dir := filepath.Join(boards, s.tree)
	bin := build(t, s.env, "./init", "./thermometer")
	files := map[string]string{
		"init": filepath.Join(bin, "init"), "bin/thermometer": filepath.Join(bin, "thermometer"),
	}
	monitor = filepath.Join(t.TempDir(), "monitor")
	name := "qemu-system-arm"
	if s.env[0] == "GOARCH=arm64" {
		name = "qemu-system-aarch64"
	}
	args := []string{name}
	if s.newer {
		qemu := filepath.Join(boards, "qemu/usr")
		args = []string{filepath.Join(qemu, "bin", name), "-L", filepath.Join(qemu, "share/qemu")}
	}
	args = append(args, "-M", s.name, "-kernel", filepath.Join(dir, "vmlinuz"),
		"-dtb", filepath.Join(dir, "tree.dtb"), "-initrd", initrd(t, dir, files, nil),
		"-append", s.append+" loglevel=4 panic=-1", "-qmp", "unix:"+monitor+",server=on,wait=off",
		"-device", "tmp105,id=thermometer,address=0x48,bus="+s.wires)
	return newMachine(t, append(args, s.serial...)...), monitor
}

// setTemperature warms the TMP105 of a machine, in m°C.
func setTemperature(t *testing.T, monitor string, milliCelsius int) {
	t.Helper()
	err := command(monitor, fmt.Sprintf(`{"execute":"qom-set","arguments":{`+
		`"path":"/machine/peripheral/thermometer","property":"temperature","value":%d}}`,
		milliCelsius))
	if err != nil {
		t.Fatal(err)
	}
}
