//go:build linux

// Command init is the first process of a virtual machine that tests the agent. It mounts, loads
// the drivers and then does what the unit of a device does: it runs firepost, hears its notices,
// and starts it again half a second after its end or its last sign of life.
//
// It takes orders on the console, one a line, and answers there:
//
//	run PROGRAM [ARGUMENT]...     run a program and say how it ended
//	kill, freeze                  end the agent without a word, or let it hang
//	stop, start                   end the agent as the unit does, and begin again
//	unplug DRIVER, plug DRIVER    take the device of a virtio driver away, and bring it back
package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	began := time.Now()
	if err := prepare(); err != nil {
		say("%v", err)
	}
	const program = "/bin/firepost"
	a := newAgent(program, "run", "-c", "/etc/firepost/site.toml", "--json")
	if _, err := os.Stat(program); err == nil {
		a.start()
	}
	say("ready after %v", time.Since(began).Round(time.Millisecond))
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if word := strings.Fields(lines.Text()); len(word) > 0 {
			obey(a, word)
		}
	}
	select {} // the first process must not end
}

// say writes a line that cannot be taken for one of the agent's log.
func say(format string, args ...any) { fmt.Printf("init: "+format+"\n", args...) }

// obey carries out one order. Each answer begins with its first word.
func obey(a *agent, word []string) {
	var err error
	switch {
	case word[0] == "run" && len(word) > 1:
		err = run(word[1:])
	case word[0] == "kill":
		err = a.signal(unix.SIGKILL)
	case word[0] == "freeze":
		err = a.signal(unix.SIGSTOP)
	case word[0] == "stop":
		a.stop()
	case word[0] == "start":
		a.start()
	case word[0] == "unplug" && len(word) == 2:
		err = unplug(word[1])
	case word[0] == "plug" && len(word) == 2:
		err = plug(word[1])
	default:
		err = fmt.Errorf("unknown order %q", word)
	}
	if err != nil {
		say("%s: failed: %v", word[0], err)
		return
	}
	say("%s: done", word[0])
}

func run(word []string) error {
	cmd := exec.Command(word[0], word[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

const virtio = "/sys/bus/virtio"

// unplug takes the device of a driver away, as a pulled adapter does, and waits until nobody holds
// it any more. That the device itself is still there is only known to this process.
func unplug(driver string) error {
	dir := filepath.Join(virtio, "drivers", driver)
	devices, err := filepath.Glob(filepath.Join(dir, "virtio*"))
	if err != nil || len(devices) != 1 {
		return fmt.Errorf("%s has %d devices", dir, len(devices))
	}
	return os.WriteFile(filepath.Join(dir, "unbind"), []byte(filepath.Base(devices[0])), 0)
}

// plug brings back what no driver has.
func plug(driver string) error {
	devices, err := filepath.Glob(filepath.Join(virtio, "devices", "virtio*"))
	if err != nil {
		return err
	}
	for _, d := range devices {
		if _, err := os.Stat(filepath.Join(d, "driver")); err == nil {
			continue
		}
		return os.WriteFile(filepath.Join(virtio, "drivers", driver, "bind"),
			[]byte(filepath.Base(d)), 0)
	}
	return fmt.Errorf("%s has nothing to take", driver)
}

// prepare makes a Linux of a kernel: file systems, drivers, state disk, network.
func prepare() error {
	for _, step := range []func() error{
		mountSystem, hushConsole, loadDrivers, mountConfig, mountState, bringUpNet,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func mountSystem() error {
	for _, m := range [][3]string{
		{"proc", "/proc", "proc"}, {"sysfs", "/sys", "sysfs"}, {"devtmpfs", "/dev", "devtmpfs"},
		{"tmpfs", "/tmp", "tmpfs"},
	} {
		if err := os.MkdirAll(m[1], 0o755); err != nil {
			return err
		}
		err := unix.Mount(m[0], m[1], m[2], 0, "")
		if err != nil && err != unix.EBUSY {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	return nil
}

// hushConsole turns the echo off: an order must not stand in the middle of what others say.
func hushConsole() error {
	t, err := unix.IoctlGetTermios(0, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	t.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(0, unix.TCSETS, t)
}

// loadDrivers loads the modules in the order of their list.
func loadDrivers() error {
	list, err := os.ReadFile("/lib/modules/list")
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(list)) {
		f, err := os.Open(filepath.Join("/lib/modules", name))
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		f.Close()
		if err != nil && err != unix.EEXIST {
			return fmt.Errorf("load %s: %w", name, err)
		}
	}
	return nil
}

// mountConfig mounts the file system by which a simulated chip is made, if there is one.
func mountConfig() error {
	const dir = "/sys/kernel/config"
	if _, err := os.Stat(dir); err != nil {
		return nil
	}
	if err := unix.Mount("configfs", dir, "configfs", 0, ""); err != nil && err != unix.EBUSY {
		return fmt.Errorf("mount %s: %w", dir, err)
	}
	return nil
}

const stateDir = "/var/lib/firepost"

// mountState mounts the disk, if there is one.
func mountState() error {
	const disk = "/dev/vda"
	if _, err := os.Stat(disk); err != nil {
		return nil
	}
	if err := os.MkdirAll(stateDir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(disk, stateDir, "ext4", unix.MS_NOATIME, ""); err != nil {
		return fmt.Errorf("mount %s: %w", stateDir, err)
	}
	return nil
}

// bringUpNet gives the machine the address that QEMU's user network expects, if there is one. What
// is outside is at 10.0.2.2.
func bringUpNet() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	if err := up(s, "lo", [4]byte{127, 0, 0, 1}, [4]byte{255, 0, 0, 0}); err != nil {
		return err
	}
	if _, err := os.Stat("/sys/class/net/eth0"); err != nil {
		return nil
	}
	return up(s, "eth0", [4]byte{10, 0, 2, 15}, [4]byte{255, 255, 255, 0})
}

func up(s int, name string, addr, mask [4]byte) error {
	set := func(request uint, value [4]byte) error {
		r, err := unix.NewIfreq(name)
		if err == nil {
			err = r.SetInet4Addr(value[:])
		}
		if err == nil {
			err = unix.IoctlIfreq(s, request, r)
		}
		return err
	}
	if err := set(unix.SIOCSIFADDR, addr); err != nil {
		return fmt.Errorf("%s: address: %w", name, err)
	}
	if err := set(unix.SIOCSIFNETMASK, mask); err != nil {
		return fmt.Errorf("%s: mask: %w", name, err)
	}
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, r); err != nil {
		return fmt.Errorf("%s: up: %w", name, err)
	}
	return nil
}
