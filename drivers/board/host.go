package board

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strconv"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"
	"periph.io/x/host/v3"
	"periph.io/x/host/v3/sysfs"

	"github.com/firepost/firepost/drivers"
)

// HostBoard is the machine. It implements catalog.Board.
type HostBoard struct{}

// Host returns the machine's own board. It touches nothing before something is opened.
func Host() *HostBoard { return &HostBoard{} }

// Failures tells which of the drivers for boards, headers and USB adapters did not load, and why.
// It loads them, which is done once in a process: a name that only they know, such as P1_11, needs
// them too. A board may well work without them; on ARM one that says "failed to obtain revision"
// is common and means nothing.
func (b *HostBoard) Failures() []string {
	state, err := host.Init()
	var all []string
	if err != nil {
		all = append(all, err.Error())
	}
	if state == nil {
		return all
	}
	for _, f := range state.Failed {
		all = append(all, f.String())
	}
	return all
}

// busTimeout is how long the kernel waits for a bus that hangs, in its unit of 10 ms. Its own
// second is long for a bus that others share.
const busTimeout = 20

const ioctlTimeout = 0x702 // I2C_TIMEOUT of linux/i2c-dev.h

var kernelBus = regexp.MustCompile(`^(?:/dev/)?i2c-([0-9]{1,4})$`)

// I2C opens a bus by its kernel name, such as i2c-1, or by a name in periph's registry, which a
// program that embeds the agent may have filled. It fails with drivers.ErrNoDevice and says what to
// do. The bus must be used by one goroutine and can be closed.
func (b *HostBoard) I2C(name string) (i2c.Bus, error) {
	match := kernelBus.FindStringSubmatch(name)
	if match == nil {
		return b.named(name)
	}
	path := "/dev/i2c-" + match[1]
	if err := prepare(path); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, drivers.ErrNoDevice, err)
	}
	number, err := strconv.Atoi(match[1])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	bus, err := sysfs.NewI2C(number)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, drivers.ErrNoDevice, err)
	}
	return &hostBus{BusCloser: bus, name: "i2c-" + match[1]}, nil
}

// prepare sees whether a bus is there and permitted, which the library's errors do not tell apart,
// and shortens the time that a hanging bus takes.
func prepare(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such bus; enable it and load i2c-dev, " +
			"or choose one that ls /dev/i2c-* shows")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("permission denied; add the user to group i2c")
	case err != nil:
		return err
	}
	defer f.Close()
	if err := unix.IoctlSetInt(int(f.Fd()), ioctlTimeout, busTimeout); err != nil {
		return fmt.Errorf("is not an I²C bus: %w", err)
	}
	return nil
}

func (b *HostBoard) named(name string) (i2c.Bus, error) {
	failures := b.Failures()
	bus, err := i2creg.Open(name)
	if err != nil {
		return nil, fmt.Errorf("bus %s: %w: %w (drivers that did not load: %q)", name,
			drivers.ErrNoDevice, err, failures)
	}
	return &hostBus{BusCloser: bus, name: name}, nil
}

// hostBus is an I²C bus of the machine.
type hostBus struct {
	i2c.BusCloser
	name    string
	out, in [256]byte // on the heap, see Tx
}

// String is the bus as errors name it.
func (b *hostBus) String() string { return b.name }

// Tx writes w to addr, then reads len(r) bytes. The library gives the kernel addresses that the Go
// runtime does not see as such; buffers that belong to the bus never move, those on a goroutine's
// stack may. What is in r stays there when the controller reports success for a transfer that it
// did not finish, so that a caller can tell.
//
// The library drops the kernel's error number: its text alone says whether a part did not
// acknowledge or the bus hangs. Both are drivers.ErrNoDevice.
func (b *hostBus) Tx(addr uint16, w, r []byte) error {
	if len(w) > len(b.out) || len(r) > len(b.in) {
		return fmt.Errorf("%s: tx %#x: %d bytes out and %d in are more than %d", b.name, addr,
			len(w), len(r), len(b.out))
	}
	if len(w) == 0 && len(r) == 0 { // the library would report success without asking anybody
		return fmt.Errorf("%s: tx %#x: no bytes: %w", b.name, addr, errors.ErrUnsupported)
	}
	out, in := b.out[:copy(b.out[:], w)], b.in[:copy(b.in[:], r)]
	if err := b.BusCloser.Tx(addr, out, in); err != nil {
		return fmt.Errorf("%s: tx %#x: %w: %w", b.name, addr, drivers.ErrNoDevice, err)
	}
	copy(r, in)
	return nil
}
