package mcp23017_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/mcp23017"
)

// chip has the registers of BANK 0. It answers as the bus tells it to.
type chip struct {
	registers [22]byte
	written   [][]byte
	cut       bool // the controller reports success for reads that it did not finish
	err       error
	before    func(n int) // what happens to the part before the n-th transfer, from 1
	transfers int
}

func newChip() *chip { return &chip{registers: [22]byte{0: 0xFF, 1: 0xFF}} }

// reset is a brown-out.
func (c *chip) reset() { c.registers = [22]byte{0: 0xFF, 1: 0xFF} }

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(_ uint16, w, r []byte) error {
	c.transfers++
	if c.before != nil {
		c.before(c.transfers)
	}
	if c.err != nil {
		return c.err
	}
	at := w[0]
	if len(w) > 1 {
		c.written = append(c.written, bytes.Clone(w))
	}
	for i, b := range w[1:] {
		c.registers[int(at)+i] = b
	}
	c.registers[10] |= c.registers[11] // IOCON is one
	if !c.cut {
		copy(r, c.registers[at:])
	}
	return nil
}

func newInputs(t *testing.T, c *chip, config mcp23017.Config) *mcp23017.Inputs {
	t.Helper()
	d, err := mcp23017.NewInputs(c, 0x20, config)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Each contact is abnormal at its level, and the channels are the pins in their order.
func TestEachContactHasItsLevel(t *testing.T) {
	c := newChip()
	config := mcp23017.Config{Pins: 0x0105, High: 0x0004, PullUp: 0xFFFF}
	d := newInputs(t, c, config)
	if wait, err := d.Start(); err != nil || wait != 10*time.Millisecond {
		t.Fatalf("Start: got %v, %v", wait, err)
	}
	if c.registers[12] != 0x05 || c.registers[13] != 0x01 {
		t.Errorf("pull-ups: got % x, want those of the inputs", c.registers[12:14])
	}
	for _, s := range []struct {
		a, b byte
		want [3]int64
	}{{0xFF, 0xFF, [3]int64{0, 1, 0}}, {0xFB, 0xFF, [3]int64{0, 0, 0}},
		{0xFE, 0xFF, [3]int64{1, 1, 0}}, {0xFB, 0xFE, [3]int64{0, 0, 1}}} {
		c.registers[0x12], c.registers[0x13] = s.a, s.b
		if wait, err := d.Start(); wait != 0 || err != nil {
			t.Fatalf("Start: got %v, %v", wait, err)
		}
		got, err := d.Read(nil)
		if err != nil || len(got) != 3 {
			t.Fatalf("got %v, %v", got, err)
		}
		for i, v := range s.want {
			if want := (drivers.Sample{Channel: uint8(i), Quantity: drivers.Contact,
				Value: v}); got[i] != want {
				t.Errorf("%02x %02x: got %v, want %v", s.a, s.b, got[i], want)
			}
		}
	}
	names := []string{}
	for _, ch := range mcp23017.Channels(config.Pins) {
		names = append(names, ch.Name)
	}
	if !slices.Equal(names, []string{"in0", "in2", "in8"}) {
		t.Errorf("channels: got %v", names)
	}
}

// Whatever register was lost, the reading is an error, and the next Start gives the settings anew.
// Outputs on the same part stay as they are.
func TestLostSettingsAreToldAndGivenAgain(t *testing.T) {
	for name, lose := range map[string]func(*chip){
		"reset":             (*chip).reset,
		"an input drives":   func(c *chip) { c.registers[0] &^= 1 },
		"inverted":          func(c *chip) { c.registers[2] = 1 },
		"interrupts":        func(c *chip) { c.registers[4] = 1 },
		"mark, first half":  func(c *chip) { c.registers[6] = 0 },
		"mark, other half":  func(c *chip) { c.registers[7] = 0 },
		"control":           func(c *chip) { c.registers[10] = 0x20 },
		"pull-up":           func(c *chip) { c.registers[13] = 0 },
		"zeros":             func(c *chip) { c.registers = [22]byte{} },
		"a read cut short":  func(c *chip) { c.cut = true },
		"nothing but a one": func(c *chip) { c.registers[0] |= 1; c.registers[12] = 0 },
	} {
		c := newChip()
		d := newInputs(t, c, mcp23017.Config{Pins: 0x7F0F, PullUp: 0x7F0F})
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		c.registers[0] = 0x0F // pins 4 to 7 are outputs
		if got, err := d.Read(nil); err != nil || len(got) != 11 {
			t.Fatalf("%s: healthy, got %v, %v", name, got, err)
		}
		lose(c)
		if got, err := d.Read(nil); !errors.Is(err, drivers.ErrNoDevice) || len(got) != 0 {
			t.Errorf("%s: got %v, %v, want ErrNoDevice", name, got, err)
		}
		c.cut = false
		outputs := ^c.registers[0] & 0xF0
		if wait, err := d.Start(); wait == 0 || err != nil {
			t.Errorf("%s: Start: got %v, %v", name, wait, err)
		}
		if ^c.registers[0]&0xF0 != outputs {
			t.Errorf("%s: outputs were changed: %02x", name, c.registers[0])
		}
		if got, err := d.Read(nil); err != nil || len(got) != 11 {
			t.Errorf("%s: given again, got %v, %v", name, got, err)
		}
	}
}

// A part whose addressing was changed by another program is brought back to the usual one.
func TestAddressingIsBroughtBack(t *testing.T) {
	c := newChip()
	if _, err := newInputs(t, c, mcp23017.Config{Pins: 1}).Start(); err != nil {
		t.Fatal(err)
	}
	if len(c.written) < 2 || !bytes.Equal(c.written[0], []byte{5, 0}) ||
		!bytes.Equal(c.written[1], []byte{10, 0}) {
		t.Errorf("got % x, want the two addresses of IOCON first", c.written)
	}
}

// What cannot be an input is refused, and so is a read without a Start.
func TestNewRefusesNonsense(t *testing.T) {
	for _, pins := range []uint16{0, 1 << 7, 1<<15 | 1} {
		if d, err := mcp23017.NewInputs(newChip(), 0x20, mcp23017.Config{Pins: pins}); err == nil {
			t.Errorf("pins %04x: got %v", pins, d)
		}
	}
	c := newChip()
	d := newInputs(t, c, mcp23017.Config{Pins: 1})
	if got, err := d.Read(nil); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("without a Start: got %v, %v", got, err)
	}
	c.err = errors.New("nack")
	if _, err := d.Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("Start: got %v", err)
	}
	if _, err := mcp23017.NewOutput(c, 0x20, 16, mcp23017.High, nil); err == nil {
		t.Error("pin 16: got no error")
	}
}

// FuzzRead: any registers give an error or a state of each contact.
func FuzzRead(f *testing.F) {
	f.Add(make([]byte, 22), uint16(0x7F7F), uint16(3), true)
	f.Fuzz(func(t *testing.T, registers []byte, pins, high uint16, keep bool) {
		c := newChip()
		d, err := mcp23017.NewInputs(c, 0x20, mcp23017.Config{Pins: pins, High: high, PullUp: pins})
		if err != nil {
			return
		}
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		n := copy(c.registers[0x12:], registers)
		if !keep {
			copy(c.registers[:], registers[n:])
		}
		got, err := d.Read(nil)
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		for i, s := range got {
			if int(s.Channel) != i || s.Value < 0 || s.Value > 1 {
				t.Fatalf("got %v", got)
			}
		}
		if len(got) != len(mcp23017.Channels(pins)) {
			t.Fatalf("got %d samples of %04x", len(got), pins)
		}
	})
}
