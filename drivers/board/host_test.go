package board

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/warthog618/go-gpiocdev"
	"golang.org/x/sys/unix"

	"github.com/firepost/firepost/drivers"
)

// kernel stands for a requested line. Like the real one it gives a value beside an error.
type kernel struct {
	value  int
	err    error
	closed bool
}

func (k *kernel) Value() (int, error) { return k.value, k.err }
func (k *kernel) Close() error        { k.closed = true; return nil }
func (k *kernel) SetValue(v int) error {
	if k.err == nil {
		k.value = v
	}
	return k.err
}

func line(k *kernel, c drivers.LineConfig, interrupts bool) *hostLine {
	l := newHostLine("gpiochip0:17", c)
	l.handle, l.interrupts = k, interrupts
	return l
}

// An error of the kernel is an error that names the line, whatever value came with it.
func TestKernelErrorIsNotALevel(t *testing.T) {
	k := &kernel{value: 1, err: unix.ENODEV}
	for name, access := range map[string]func() (bool, error){
		"level": line(k, drivers.LineConfig{}, true).Level,
		"state": line(k, drivers.LineConfig{Output: true}, false).State,
		"set": func() (bool, error) {
			return false, line(k, drivers.LineConfig{Output: true}, false).Set(true)
		},
	} {
		high, err := access()
		if high || !errors.Is(err, drivers.ErrNoDevice) || !errors.Is(err, unix.ENODEV) ||
			!strings.Contains(err.Error(), "line gpiochip0:17: "+name) {
			t.Errorf("%s: got %v, %v, want ErrNoDevice and the kernel's error", name, high, err)
		}
	}
}

// An output is set and read back, and closing gives it to the kernel.
func TestOutputIsReadBack(t *testing.T) {
	k := &kernel{}
	l := line(k, drivers.LineConfig{Output: true}, false)
	for _, high := range []bool{true, false} {
		if err := l.Set(high); err != nil {
			t.Fatal(err)
		}
		if got, err := l.State(); got != high || err != nil {
			t.Errorf("got %v, %v, want %v", got, err, high)
		}
	}
	if l.Close(); !k.closed {
		t.Error("the line was not given back")
	}
}

// A line whose chip is gone is given back at once and stays an error, whatever the kernel says
// later: only a new request heals it.
func TestLineOfAGoneChipStaysAnError(t *testing.T) {
	k := &kernel{value: 1, err: unix.ENODEV}
	in := line(k, drivers.LineConfig{}, true)
	out := line(&kernel{err: unix.ENODEV}, drivers.LineConfig{Output: true}, false)
	in.Level()
	out.Set(true)
	if !k.closed || !out.handle.(*kernel).closed {
		t.Error("a line was not given back")
	}
	k.err, out.handle.(*kernel).err = nil, nil
	_, level := in.Level()
	_, wait := in.Wait(time.Minute)
	_, state := out.State()
	for _, err := range []error{level, wait, state, out.Set(true)} {
		if !errors.Is(err, unix.ENODEV) || !errors.Is(err, drivers.ErrNoDevice) {
			t.Errorf("got %v, want that it is gone", err)
		}
	}
}

// What belongs to the other direction is refused: an input cannot be driven.
func TestDirectionsAreKept(t *testing.T) {
	in := line(&kernel{}, drivers.LineConfig{}, true)
	out := line(&kernel{}, drivers.LineConfig{Output: true}, false)
	if err := in.Set(true); err == nil {
		t.Error("an input was set")
	}
	if _, err := in.State(); err == nil {
		t.Error("an input has a state")
	}
	if _, err := out.Level(); err == nil {
		t.Error("an output has a level of its own")
	}
	if _, err := out.Wait(0); err == nil {
		t.Error("an output was waited for")
	}
}

// Edges end a wait, and those the kernel dropped are counted by their numbers.
func TestLostEdgesAreCounted(t *testing.T) {
	l := line(&kernel{}, drivers.LineConfig{}, true)
	l.edge(gpiocdev.LineEvent{LineSeqno: 1})
	l.edge(gpiocdev.LineEvent{LineSeqno: 137}) // 2 to 136 found no room
	if edges, err := l.Wait(time.Minute); edges != 137 || err != nil {
		t.Errorf("got %d, %v, want 137", edges, err)
	}
	if edges, err := l.Wait(0); edges != 0 || err != nil {
		t.Errorf("without an edge: got %d, %v, want 0", edges, err)
	}
	l.edge(gpiocdev.LineEvent{LineSeqno: 138})
	if edges, err := l.Wait(time.Minute); edges != 1 || err != nil {
		t.Errorf("one more: got %d, %v, want 1", edges, err)
	}
	old := line(&kernel{}, drivers.LineConfig{}, true)
	old.edge(gpiocdev.LineEvent{})
	old.edge(gpiocdev.LineEvent{})
	if edges, err := old.Wait(time.Minute); edges != 2 || err != nil {
		t.Errorf("old kernel: got %d, %v, want 2", edges, err)
	}
}

// A line without interrupts waits for a poll only, however long it is asked to.
func TestLineWithoutInterruptsIsPolled(t *testing.T) {
	l := line(&kernel{value: 1}, drivers.LineConfig{Debounce: time.Hour}, false)
	start := time.Now()
	if edges, err := l.Wait(time.Minute); edges != 0 || err != nil {
		t.Errorf("got %d, %v, want 0", edges, err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v, want about 20ms", took)
	}
	if high, err := l.Level(); !high || err != nil {
		t.Errorf("first level: got %v, %v, want true", high, err)
	}
	l.handle.(*kernel).value = 0
	if high, err := l.Level(); !high || err != nil {
		t.Errorf("within the debounce: got %v, %v, want still true", high, err)
	}
}

// The debounce of a polled line takes a level that has held without a break, and no other.
func TestFilterTakesWhatHolds(t *testing.T) {
	const hold = 50 * time.Millisecond
	var f filter
	start := time.Unix(0, 0)
	for i, c := range []struct {
		at         int // ms
		high, want bool
	}{
		{0, true, true}, // the first level counts at once
		{20, false, true}, {40, true, true},
		{60, false, true}, {100, false, true}, {109, false, true},
		{110, false, false}, {120, false, false},
		{130, true, false}, {200, true, true},
	} {
		at := start.Add(time.Duration(c.at) * time.Millisecond)
		if got := f.settle(c.high, at, hold); got != c.want {
			t.Errorf("step %d at %d ms: got %v, want %v", i, c.at, got, c.want)
		}
	}
	var plain filter
	for _, high := range []bool{true, false, true} {
		if got := plain.settle(high, start, 0); got != high {
			t.Errorf("without debounce: got %v, want %v", got, high)
		}
	}
}

// Only the kernel's answers for "no interrupts" lead to polling; others are errors of the request.
func TestOnlyMissingInterruptsLeadToPolling(t *testing.T) {
	for _, err := range []error{unix.ENXIO, unix.EOPNOTSUPP,
		gpiocdev.ErrUapiIncompatibility{Feature: "debounce", AbiVersion: 1}} {
		if !hasNoInterrupts(err) {
			t.Errorf("%v: not taken for missing interrupts", err)
		}
	}
	for _, err := range []error{unix.EBUSY, unix.EACCES, unix.ENODEV, unix.EINVAL} {
		if hasNoInterrupts(err) {
			t.Errorf("%v: taken for missing interrupts", err)
		}
	}
}

// What cannot be opened says why and what to do, and is no device.
func TestOpenSaysWhatToDo(t *testing.T) {
	b := Host()
	for _, c := range []struct {
		name, want string
		open       func() error
	}{
		{"bus that is not there", "/dev/i2c-9999: there is no such bus; enable it and load i2c-dev",
			func() error { _, err := b.I2C("i2c-9999"); return err }},
		{"bus that nobody knows", "bus nobody: no answer",
			func() error { _, err := b.I2C("nobody"); return err }},
		{"chip that is not there", "gpiochip999: there is no such chip; there are ",
			func() error { return open(b, "gpiochip999:3") }},
		{"label that is not there", `"pinctrl-none"`,
			func() error { return open(b, "pinctrl-none:3") }},
		{"place without a number", `"x" is not the number of a line; write it like gpiochip0:17`,
			func() error { return open(b, "gpiochip0:x") }},
		{"name that is not there", "no line has this name on ",
			func() error { return open(b, "NOBODY_HAS_THIS") }},
	} {
		if err := c.open(); !errors.Is(err, drivers.ErrNoDevice) ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want ErrNoDevice and %q", c.name, err, c.want)
		}
	}
	if err := open(b, "x"); err == nil {
		t.Error("got no error")
	}
	if _, err := b.Line("x", drivers.LineConfig{Debounce: -1}); err == nil {
		t.Error("negative debounce: got no error")
	}
}

func open(b *HostBoard, name string) error {
	l, err := b.Line(name, drivers.LineConfig{})
	if err == nil {
		l.Close()
	}
	return err
}

// Each of the kernel's refusals is put into words that say what to do, and keeps its number.
func TestRefusalsSayWhatToDo(t *testing.T) {
	at := place{"gpiochip0", 17}
	for _, c := range []struct {
		err  error
		want string
	}{
		{&os.PathError{Op: "open", Path: "/dev/gpiochip0", Err: unix.EACCES},
			"gpiochip0: permission denied; add the user to group gpio"},
		{unix.EPERM, "gpiochip0: permission denied; add the user to group gpio"},
		{unix.EBUSY, "gpiochip0:17: the line is held by another program; " +
			"free it or choose another one"},
		{gpiocdev.ErrInvalidOffset, "gpiochip0: the chip has no line 17"},
		{gpiocdev.ErrNotCharacterDevice, "gpiochip0: is not a GPIO chip"},
		{unix.EIO, "gpiochip0:17: input/output error"},
	} {
		if got := explain(at, c.err); got == nil || got.Error() != c.want {
			t.Errorf("%v: got %v, want %s", c.err, got, c.want)
		} else if !errors.Is(got, c.err) {
			t.Errorf("%v: its cause is lost", got)
		}
	}
	if err := explain(at, nil); err != nil {
		t.Errorf("no error: got %v", err)
	}
}
