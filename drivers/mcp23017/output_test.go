package mcp23017_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/mcp23017"
)

// port lets the port follow the latch where a pin is an output.
func (c *chip) port(n int) bool {
	latch, inputs := c.registers[20+n/8], c.registers[n/8]
	return (latch&^inputs)>>(n%8)&1 != 0
}

func newOutput(t *testing.T, c *chip, pin uint8, active mcp23017.Level) *mcp23017.Output {
	t.Helper()
	o, err := mcp23017.NewOutput(c, 0x20, pin, active, &mcp23017.Shared{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// The latch is written before the direction, so that no pin drives a level that nobody wanted, and
// the bits of others stay.
func TestSetWritesTheLatchFirst(t *testing.T) {
	c := newChip()
	c.registers[1], c.registers[21] = 0x7F, 0x80
	if err := newOutput(t, c, 9, mcp23017.High).Set(true); err != nil {
		t.Fatal(err)
	}
	want := [][]byte{{21, 0x82}, {1, 0x7D}}
	if len(c.written) != 2 || !bytes.Equal(c.written[0], want[0]) ||
		!bytes.Equal(c.written[1], want[1]) {
		t.Errorf("got % x, want % x", c.written, want)
	}
	if err := newOutput(t, c, 9, mcp23017.Low).Set(true); err != nil || c.port(9) {
		t.Errorf("active low, on: %v, carries %v", err, c.port(9))
	}
}

// A level is written each time, whatever was written before; a part that lost it gets it again and
// the loss is told once.
func TestSetTellsThatTheLevelWasLost(t *testing.T) {
	for name, lose := range map[string]func(*chip){
		"brown-out": (*chip).reset,
		"direction": func(c *chip) { c.registers[0] |= 1 << 3 },
		"latch":     func(c *chip) { c.registers[20] &^= 1 << 3 },
	} {
		c := newChip()
		o := newOutput(t, c, 3, mcp23017.High)
		for range 3 {
			if err := o.Set(true); err != nil {
				t.Fatal(err)
			}
		}
		if len(c.written) != 6 {
			t.Errorf("%d writes in three Sets, want 6", len(c.written))
		}
		lose(c)
		if err := o.Set(true); !errors.Is(err, drivers.ErrNoDevice) || !c.port(3) {
			t.Errorf("%s: got %v, carries %v, want an error and on", name, err, c.port(3))
		}
		if err := o.Set(true); err != nil {
			t.Errorf("%s: told twice: %v", name, err)
		}
	}
}

// Whichever transfer of a Set meets a brown-out, either it is told or the pin carries the level.
func TestNoBrownOutWithinASetIsHidden(t *testing.T) {
	for n := 1; n <= 5; n++ {
		c := newChip()
		o := newOutput(t, c, 3, mcp23017.High)
		if err := o.Set(true); err != nil {
			t.Fatal(err)
		}
		c.transfers = 0
		c.before = func(at int) {
			if at == n {
				c.reset()
			}
		}
		err := o.Set(true)
		c.before = nil
		if err == nil && !c.port(3) && n <= 4 {
			t.Errorf("before transfer %d: no error, and off", n)
		}
		if o.Set(true); !c.port(3) {
			t.Errorf("before transfer %d: the next Set did not switch on", n)
		}
	}
}

// State is what the pin carries, and an error when nothing can be known of it.
func TestStateIsWhatThePinCarries(t *testing.T) {
	c := newChip()
	o := newOutput(t, c, 3, mcp23017.Low)
	if on, err := o.State(); on || !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("an input: got %v, %v", on, err)
	}
	if err := o.Set(false); err != nil {
		t.Fatal(err)
	}
	for _, carried := range []byte{0x08, 0x00} {
		c.registers[18] = carried // whatever the latch says
		if on, err := o.State(); on != (carried == 0) || err != nil {
			t.Errorf("port %02x: got %v, %v", carried, on, err)
		}
	}
	c.registers[10] = 0x80
	if on, err := o.State(); on || !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("another addressing: got %v, %v", on, err)
	}
	c.registers[10], c.registers[11] = 0, 0
	c.cut = true
	for _, err := range []error{o.Set(true), func() error { _, err := o.State(); return err }()} {
		if !errors.Is(err, drivers.ErrNoDevice) {
			t.Errorf("reads cut short: got %v", err)
		}
	}
}

// Outputs of one part share what they want: the first Set after a brown-out brings back all of
// them, and a read that lies about a neighbour switches nothing.
func TestSetGivesTheNeighboursWhatTheyWant(t *testing.T) {
	c, shared := newChip(), &mcp23017.Shared{}
	var outs [3]*mcp23017.Output
	for i, pin := range []uint8{3, 4, 12} {
		o, err := mcp23017.NewOutput(c, 0x20, pin, mcp23017.High, shared)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Set(i != 1); err != nil {
			t.Fatal(err)
		}
		outs[i] = o
	}
	c.reset()
	if err := outs[1].Set(false); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("after a brown-out: got %v", err)
	}
	if !c.port(3) || c.port(4) {
		t.Errorf("pins 3 and 4: got %v, %v, want on and off", c.port(3), c.port(4))
	}
	c.registers[20] = 0x10 // a wrong read of both
	if outs[0].Set(true); !c.port(3) || c.port(4) {
		t.Errorf("after a wrong read: got %v, %v, want on and off", c.port(3), c.port(4))
	}
}
