package board

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// adapter stands for the kernel's side of one bus. Its parts answer a byte with the byte after it.
type adapter struct {
	mu      sync.Mutex
	number  int // -1: it is gone
	openErr error
	err     error           // of every transfer
	short   bool            // a transfer ends early, without an error
	smbus   bool            // all that it speaks
	owned   map[string]bool // paths that are there beside the node
	file    int             // the open file; 0: none
	opens   int
	options map[uint]int
}

func (a *adapter) bus() *hostBus {
	a.options = map[uint]int{}
	return &hostBus{
		name: "air", root: "/parts",
		find: func() (int, error) {
			if a.number < 0 {
				return 0, unix.ENOENT
			}
			return a.number, nil
		},
		calls: adapterCalls{open: a.open, ioctl: a.ioctl, set: a.set, close: a.close, stat: a.stat},
	}
}

func (a *adapter) open(name string) (int, error) {
	a.opens++
	switch {
	case a.openErr != nil:
		return 0, a.openErr
	case name != node(a.number):
		return 0, unix.ENOENT
	case a.file != 0:
		panic("it is open already")
	}
	a.file = 40 + a.opens
	return a.file, nil
}

func (a *adapter) close(fd int) error {
	if fd != a.file {
		return unix.EBADF
	}
	a.file = 0
	return nil
}

func (a *adapter) stat(path string) error {
	if path == node(a.number) || a.owned[path] {
		return nil
	}
	return unix.ENOENT
}

func (a *adapter) set(fd int, request uint, value int) error {
	a.options[request] = value
	return nil
}

func (a *adapter) ioctl(fd int, request uint, arg unsafe.Pointer) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if fd != a.file || fd == 0 {
		return 0, unix.EBADF
	}
	if request == ioctlFuncs {
		*(*uintptr)(arg) = 0x0EFF0001
		if a.smbus {
			*(*uintptr)(arg) = 0x0EFF0000
		}
		return 0, nil
	}
	if request != ioctlTransfer {
		return 0, unix.ENOTTY
	}
	if a.err != nil {
		return 0, a.err
	}
	j := (*job)(arg)
	if a.short {
		return int(j.count) - 1, nil
	}
	wrote := byte(0)
	for _, m := range unsafe.Slice(j.messages, j.count) {
		b := unsafe.Slice(m.data, m.length)
		if m.flags&flagRead == 0 {
			wrote = b[0]
			continue
		}
		for i := range b {
			b[i] = wrote + byte(i) + 1
		}
	}
	return int(j.count), nil
}

// What is handed to the kernel has the layout that linux/i2c.h and i2c-dev.h give it, on 32 and on
// 64 bits.
func TestTransferHasTheKernelsLayout(t *testing.T) {
	var m message
	var j job
	word := unsafe.Sizeof(uintptr(0))
	for _, c := range []struct {
		name      string
		got, want uintptr
	}{
		{"message", unsafe.Sizeof(m), 8 + word}, {"flags", unsafe.Offsetof(m.flags), 2},
		{"length", unsafe.Offsetof(m.length), 4}, {"data", unsafe.Offsetof(m.data), 8},
		{"job", unsafe.Sizeof(j), 2 * word}, {"count", unsafe.Offsetof(j.count), word},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, c.got, c.want)
		}
	}
}

// A transfer carries bytes both ways, on a bus that gives up after 200 ms and keeps its file open.
func TestBusTransfers(t *testing.T) {
	a := &adapter{number: 1}
	bus := a.bus()
	for _, c := range []struct{ w, r, want []byte }{
		{[]byte{7}, make([]byte, 3), []byte{8, 9, 10}},
		{nil, make([]byte, 2), []byte{1, 2}},
		{[]byte{7}, nil, nil},
	} {
		if err := bus.Tx(0x48, c.w, c.r); err != nil || string(c.r) != string(c.want) {
			t.Errorf("got % x, %v, want % x", c.r, err, c.want)
		}
	}
	if a.opens != 1 || a.options[ioctlTimeout] != 20 || a.options[ioctlRetries] != 1 {
		t.Errorf("got %d openings with %v", a.opens, a.options)
	}
	var _ i2c.BusCloser = bus
	if err := bus.Close(); err != nil || a.file != 0 {
		t.Errorf("got %v and file %d, want it closed", err, a.file)
	}
	if err := bus.Tx(0x48, []byte{7}, nil); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after the end: got %v", err)
	}
}

// The kernel's error number stays in the error, with its meaning and the class of the failure, and
// the file is closed: whatever is wrong with a bus, nobody holds it.
func TestBusErrorsKeepTheirNumber(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{unix.EREMOTEIO, "not acknowledged"}, {unix.ENXIO, "not acknowledged"},
		{unix.EIO, "not acknowledged"},
		{unix.ETIMEDOUT, "nobody answers, or a wire is held low"},
		{unix.EAGAIN, "nobody answers, or a wire is held low"},
		{unix.EBUSY, "nobody answers, or a wire is held low"},
		{unix.ENODEV, "the bus is gone"}, {unix.EINVAL, "invalid argument"},
	} {
		a := &adapter{number: 1, err: c.err}
		bus := a.bus()
		err := bus.Tx(0x48, []byte{7}, nil)
		if !errors.Is(err, c.err) || !errors.Is(err, drivers.ErrNoDevice) ||
			!strings.HasPrefix(err.Error(), "air: tx 0x48: no answer: "+c.want) {
			t.Errorf("got %v, want %v as %q", err, c.err, c.want)
		}
		if a.file != 0 {
			t.Errorf("%v: the file is open", c.err)
		}
		a.err = nil
		if err := bus.Tx(0x48, []byte{7}, nil); err != nil || a.opens != 2 {
			t.Errorf("after %v: got %v with %d openings, want the bus back", c.err, err, a.opens)
		}
	}
}

// A controller that reports success for a transfer which it did not finish has read nothing.
func TestShortTransferIsAnError(t *testing.T) {
	a := &adapter{number: 1, short: true}
	for _, r := range [][]byte{nil, make([]byte, 2)} {
		if err := a.bus().Tx(0x48, []byte{7}, r); !errors.Is(err, unix.EIO) {
			t.Errorf("got %v, want an error", err)
		}
		a.file = 0
	}
}

// A bus whose node vanishes is let go at once, and found again under its new number.
func TestBusIsFoundAgain(t *testing.T) {
	a := &adapter{number: 1}
	bus := a.bus()
	if err := bus.Tx(0x48, []byte{7}, nil); err != nil {
		t.Fatal(err)
	}
	a.number = -1
	if err := bus.Tx(0x48, []byte{7}, nil); !errors.Is(err, drivers.ErrNoDevice) || a.file != 0 {
		t.Errorf("without its node: got %v, file %d, want it closed", err, a.file)
	}
	a.number = 11
	if err := bus.Tx(0x48, []byte{7}, nil); err != nil {
		t.Errorf("under another number: %v", err)
	}
}

// What a bus cannot carry is refused before it is touched.
func TestBusRefusesWhatItCannotCarry(t *testing.T) {
	a := &adapter{number: 1}
	bus := a.bus()
	if err := bus.Tx(0x48, nil, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no bytes: got %v, want that nobody was asked", err)
	}
	for _, err := range []error{
		bus.Tx(0x48, make([]byte, mostBytes+1), nil), bus.Tx(0x48, nil, make([]byte, mostBytes+1)),
		bus.Tx(0x80, []byte{1}, nil),
	} {
		if !errors.Is(err, unix.EINVAL) {
			t.Errorf("got %v, want it refused", err)
		}
	}
	if a.opens != 0 {
		t.Error("the bus was opened")
	}
}

// A bus that does not open, and a part that is somebody else's, say what to do.
func TestBusSaysWhatToDo(t *testing.T) {
	for want, a := range map[string]*adapter{
		"there is no such bus; enable it and load i2c-dev": {number: 1, openErr: unix.ENOENT},
		"permission denied; add the user to group i2c":     {number: 1, openErr: unix.EACCES},
		"speaks SMBus only; choose another bus":            {number: 1, smbus: true},
		"a driver of the kernel has this part (1-0068/driver); remove its overlay": {
			number: 1, owned: map[string]bool{"/parts/1-0068/driver": true}},
	} {
		err := a.bus().Tx(0x68, []byte{7}, nil)
		if err == nil || !strings.Contains(err.Error(), want) || a.file != 0 {
			t.Errorf("got %v, file %d, want %q", err, a.file, want)
		}
	}
	file := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bus := (&adapter{number: 1}).bus()
	open := kernelCalls().open
	bus.calls = kernelCalls()
	bus.calls.open = func(string) (int, error) { return open(file) }
	if err := bus.Tx(0x68, []byte{7}, nil); err == nil ||
		!strings.Contains(err.Error(), "is not an I²C bus") {
		t.Errorf("a plain file: got %v", err)
	}
}

// Many goroutines on one bus get what they asked for and nothing else, while their stacks move and
// garbage is collected.
func TestSharedBusMixesNothing(t *testing.T) {
	a := &adapter{number: 1}
	bus := i2c.Bus(a.bus())
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			for i := range 100 {
				var fresh sync.WaitGroup
				fresh.Go(func() { // with a small stack
					w, r := [1]byte{byte(n*16 + i)}, [2]byte{}
					err := bus.Tx(0x48, w[:], r[:])
					if want := [2]byte{w[0] + 1, w[0] + 2}; err != nil || r != want {
						t.Errorf("got % x, %v, want % x", r, err, want)
					}
				})
				fresh.Wait()
				if i%10 == 0 {
					runtime.GC()
				}
			}
		})
	}
	all.Wait()
}

// A bus is found by its number, by the name of its adapter and by its path in the device tree. A
// name that fits two is refused, and one that fits none lists what there is.
func TestBusesHaveStableNames(t *testing.T) {
	root := t.TempDir()
	const tree = "../../../../../../firmware/devicetree/base/soc/i2c@7e804000"
	for number, name := range []string{"bcm2835 (i2c@7e205000)", "bcm2835 (i2c@7e804000)", "mux",
		"mux"} {
		dir := filepath.Join(root, fmt.Sprintf("i2c-%d", number))
		if err := errors.Join(os.Mkdir(dir, 0o755),
			os.WriteFile(filepath.Join(dir, "name"), []byte(name+"\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(tree, filepath.Join(root, "i2c-1", "of_node")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		"i2c-7": 7, "/dev/i2c-0": 0, "bcm2835 (i2c@7e804000)": 1, "/soc/i2c@7e804000": 1,
	} {
		if got, err := findBus(root, name); got != want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"mux":   `more than one bus has this name`,
		"other": `no bus has this name; there are i2c-0 ["bcm2835 (i2c@7e205000)"], i2c-1 [`,
	} {
		if _, err := findBus(root, name); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

// Each bus is listed with the names that stay, the addresses that drivers of the kernel have, and
// what to do where its node does not open.
func TestBusesAreListed(t *testing.T) {
	root, dev := t.TempDir(), t.TempDir()
	err := errors.Join(os.Mkdir(filepath.Join(root, "i2c-10"), 0o755),
		os.Mkdir(filepath.Join(root, "i2c-2"), 0o755),
		os.WriteFile(filepath.Join(root, "i2c-2", "name"), []byte("bcm2835\n"), 0o644),
		os.Symlink("../../firmware/devicetree/base/soc/i2c@1", filepath.Join(root, "i2c-2/of_node")),
		os.MkdirAll(filepath.Join(root, "2-0068"), 0o755), os.Mkdir(filepath.Join(root, "2-0020"), 0o755),
		os.Symlink("../../bus/i2c/drivers/rtc-ds1307", filepath.Join(root, "2-0068/driver")),
		os.WriteFile(filepath.Join(dev, "i2c-2"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	got, err := listBuses(root, dev)
	want := []drivers.BusInfo{
		{Name: "i2c-2", Adapter: "bcm2835", Tree: "/soc/i2c@1",
			Taken: map[uint16]string{0x68: "rtc-ds1307"}},
		{Name: "i2c-10", Taken: map[uint16]string{},
			Err: filepath.Join(dev, "i2c-10") + " is missing; run sudo modprobe i2c-dev"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
