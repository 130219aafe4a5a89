package board

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
)

// What an adapter of the kernel is asked, from linux/i2c-dev.h and linux/i2c.h.
const (
	ioctlRetries  = 0x701
	ioctlTimeout  = 0x702
	ioctlFuncs    = 0x705
	ioctlTransfer = 0x707  // I2C_RDWR
	flagRead      = 0x0001 // I2C_M_RD
	canTransfer   = 0x0001 // I2C_FUNC_I2C; without it a controller speaks SMBus only

	busTimeout = 20   // in the kernel's unit of 10 ms; its own second is long for a shared bus
	busRetries = 1    // of a transfer whose arbitration was lost
	mostBytes  = 8192 // of one message, the kernel's bound
)

// message is i2c_msg, and job i2c_rdwr_ioctl_data. Their addresses are pointers: what they point to
// neither moves nor is freed while the kernel has it. Kept as numbers, they would go on pointing to
// the old place of a stack that grew, and a transfer would read nothing without an error.
type message struct {
	addr, flags, length uint16
	data                *byte
}

type job struct {
	messages *message
	count    uint32
}

// adapterCalls are the ways to an adapter of the kernel, and a field of each for tests.
type adapterCalls struct {
	open  func(node string) (fd int, err error)
	ioctl func(fd int, request uint, arg unsafe.Pointer) (result int, err error)
	set   func(fd int, request uint, value int) error
	close func(fd int) error
	stat  func(path string) error // nil: the path is there
}

func kernelCalls() adapterCalls {
	return adapterCalls{
		open: func(node string) (int, error) { return unix.Open(node, unix.O_RDWR|unix.O_CLOEXEC, 0) },
		ioctl: func(fd int, request uint, arg unsafe.Pointer) (int, error) {
			n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
			if errno != 0 {
				return 0, errno
			}
			return int(n), nil
		},
		set:   unix.IoctlSetInt,
		close: unix.Close,
		stat:  func(path string) error { return unix.Access(path, unix.F_OK) },
	}
}

// hostBus is an I²C bus of the machine. It may be used from several goroutines: their transfers
// pass one after the other.
//
// Its file is open only while the bus answers: the kernel cannot let a bus go that somebody holds.
// It is closed after each failure, and when the bus's node is gone. The next transfer looks for the
// bus again, by then perhaps under another number.
type hostBus struct {
	name  string              // as it was asked for
	find  func() (int, error) // the number of the bus now
	calls adapterCalls        // the kernel
	root  string              // the kernel's directory of parts that drivers of its own have

	mu       sync.Mutex
	closed   bool
	isOpen   bool
	fd       int
	number   int
	free     [2]uint64 // addresses known to be nobody else's, a bit each
	messages [2]message
	job      job
}

// String is the bus as errors name it.
func (b *hostBus) String() string { return b.name }

// SetSpeed is refused: the speed of a bus is a matter of the device tree.
func (b *hostBus) SetSpeed(physic.Frequency) error {
	return fmt.Errorf("%s: set speed: %w", b.name, errors.ErrUnsupported)
}

// Tx writes w to addr and then, after a repeated start, reads len(r) bytes; either may be empty,
// not both. A transfer that ended early is an error, after which r means nothing. Errors wrap
// drivers.ErrNoDevice and the kernel's error number, such as unix.EREMOTEIO.
func (b *hostBus) Tx(addr uint16, w, r []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	switch {
	case addr > 0x7F || len(w) > mostBytes || len(r) > mostBytes:
		return fmt.Errorf("%s: tx %#x: %d bytes out and %d in: %w", b.name, addr, len(w), len(r),
			unix.EINVAL)
	case len(w) == 0 && len(r) == 0: // not every controller can; success would mean nothing
		return fmt.Errorf("%s: tx %#x: no bytes: %w", b.name, addr, errors.ErrUnsupported)
	case b.closed:
		err = os.ErrClosed
	default:
		err = b.transfer(addr, w, r)
	}
	if err != nil {
		b.drop()
		return fmt.Errorf("%s: tx %#x: %w: %w", b.name, addr, drivers.ErrNoDevice, err)
	}
	return nil
}

func (b *hostBus) transfer(addr uint16, w, r []byte) error {
	if err := b.ready(); err != nil {
		return err
	}
	if err := b.mine(addr); err != nil {
		return err
	}
	n := 0
	for _, part := range []struct {
		bytes []byte
		flags uint16
	}{{w, 0}, {r, flagRead}} {
		if len(part.bytes) > 0 {
			b.messages[n] = message{addr, part.flags, uint16(len(part.bytes)), &part.bytes[0]}
			n++
		}
	}
	b.job = job{&b.messages[0], uint32(n)}
	done, err := b.calls.ioctl(b.fd, ioctlTransfer, unsafe.Pointer(&b.job))
	runtime.KeepAlive(b)
	b.messages = [2]message{} // the caller's bytes are the caller's again
	switch {
	case err != nil:
		return meaning(err)
	case done != n:
		return fmt.Errorf("%d of %d messages passed: %w", done, n, unix.EIO)
	}
	return nil
}

// meaning tells what an error number of the kernel says about a bus. Controllers report a part that
// does not acknowledge in three ways (Documentation/i2c/fault-codes.rst), and that of an i.MX6 as a
// timeout.
func meaning(err error) error {
	says := ""
	switch number, _ := err.(unix.Errno); number {
	case unix.ENXIO, unix.EREMOTEIO, unix.EIO:
		says = "not acknowledged"
	case unix.ETIMEDOUT, unix.EAGAIN, unix.EBUSY:
		says = "nobody answers, or a wire is held low"
	case unix.ENODEV, unix.EBADF:
		says = "the bus is gone"
	default:
		return err
	}
	return fmt.Errorf("%s: %w", says, err)
}

// ready opens the bus, unless it is open and its node is still there.
func (b *hostBus) ready() error {
	if b.isOpen {
		if b.calls.stat(node(b.number)) == nil {
			return nil
		}
		b.drop()
	}
	number, err := b.find()
	if err != nil {
		return err
	}
	fd, err := b.calls.open(node(number))
	if err != nil {
		return refused(node(number), err)
	}
	b.fd, b.number, b.isOpen = fd, number, true
	if err := b.prepare(); err != nil {
		b.drop()
		return err
	}
	return nil
}

// prepare sees whether the bus can do what is needed and bounds the time that a hanging one takes.
func (b *hostBus) prepare() error {
	funcs := new(uintptr) // an unsigned long
	if _, err := b.calls.ioctl(b.fd, ioctlFuncs, unsafe.Pointer(funcs)); err != nil {
		return fmt.Errorf("%s: is not an I²C bus: %w", node(b.number), err)
	}
	if *funcs&canTransfer == 0 {
		return fmt.Errorf("%s: its controller speaks SMBus only; choose another bus: %w",
			node(b.number), unix.EOPNOTSUPP)
	}
	if err := b.calls.set(b.fd, ioctlTimeout, busTimeout); err != nil {
		return err
	}
	return b.calls.set(b.fd, ioctlRetries, busRetries)
}

// mine fails for a part that the kernel has a driver of its own for: both would be misled.
func (b *hostBus) mine(addr uint16) error {
	word, bit := &b.free[addr/64], uint64(1)<<(addr%64)
	if *word&bit != 0 {
		return nil
	}
	part := fmt.Sprintf("%d-%04x", b.number, addr)
	if b.calls.stat(filepath.Join(b.root, part, "driver")) == nil {
		return fmt.Errorf("a driver of the kernel has this part (%s/driver); remove its overlay "+
			"from the device tree: %w", part, unix.EBUSY)
	}
	*word |= bit
	return nil
}

// drop closes the file, if it is open.
func (b *hostBus) drop() {
	if b.isOpen {
		_ = b.calls.close(b.fd) // whatever it says, the file is closed
	}
	b.isOpen, b.free = false, [2]uint64{}
}

// Close gives the bus back.
func (b *hostBus) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.drop()
	return nil
}

// refused puts into words why a bus does not open.
func refused(node string, err error) error {
	says := ""
	switch number, _ := err.(unix.Errno); number {
	case unix.ENOENT, unix.ENODEV, unix.ENXIO:
		says = "there is no such bus; enable it and load i2c-dev, " +
			"or choose one that ls /dev/i2c-* shows: "
	case unix.EACCES, unix.EPERM:
		says = "permission denied; add the user to group i2c: "
	}
	return fmt.Errorf("%s: %s%w", node, says, err)
}
