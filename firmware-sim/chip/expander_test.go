package chip

import "testing"

func newMCP23017(t *testing.T) (*bench, *MCP23017) {
	b := &bench{t: t}
	c := NewMCP23017(b.clock)
	b.Chip = c
	return b, c
}

// After a reset every pin is an input without a pull-up; a brown-out takes the part back there.
func TestMCP23017ResetValues(t *testing.T) {
	const fresh = "ff ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
	b, c := newMCP23017(t)
	b.wantRead(fresh)
	for _, lose := range []func(){c.PowerCycle, func() {
		if err := c.Inject(Fault{Kind: BrownOut}); err != nil {
			t.Fatal(err)
		}
	}} {
		b.mustWrite("00 00 00 00 00 00 00 12 34 00 00 00 00 00 00")
		b.mustWrite("14 55 aa")
		if output, high := c.Driven(0); !output || !high {
			t.Errorf("pin 0: got output %v, high %v", output, high)
		}
		b.mustWrite("12")
		b.wantRead("55 aa 55 aa")
		lose()
		b.mustWrite("00")
		b.wantRead(fresh)
		if output, _ := c.Driven(0); output {
			t.Error("pin 0 is an output after a reset")
		}
	}
}

// A pin has the level of what drives it, of its latch or of its pull-up, in this order; an input
// may be read inverted.
func TestMCP23017Pins(t *testing.T) {
	b, c := newMCP23017(t)
	c.Drive(3, true)
	c.Drive(9, true)
	b.mustWrite("12")
	b.wantRead("08 02")
	b.mustWrite("0c ff 00")
	b.mustWrite("12")
	b.wantRead("ff 02")
	c.Drive(0, false)
	b.mustWrite("12")
	b.wantRead("fe 02")
	c.Float(0)
	b.mustWrite("02 0f 00")
	b.mustWrite("12")
	b.wantRead("f0 02")
	b.mustWrite("00 ff fe") // pin 8 is an output
	b.mustWrite("13 01")    // by its port
	b.mustWrite("12")
	b.wantRead("f0 03 00 01")
	c.Drive(8, false)
	b.mustWrite("13")
	b.wantRead("02")
}

// The address counts up and begins anew; with BANK the ports are two blocks, and with SEQOP the
// address stays.
func TestMCP23017Addresses(t *testing.T) {
	b, _ := newMCP23017(t)
	b.mustWrite("14 11 22 33")
	b.mustWrite("14")
	b.wantRead("11 22 33 ff")
	b.mustWrite("0a a0") // BANK and SEQOP
	b.mustWrite("0a 44 55")
	b.mustWrite("1a")
	b.wantRead("22 22")
	b.mustWrite("0a")
	b.wantRead("55 55")
	b.mustWrite("05 80")
	b.mustWrite("09")
	b.wantRead("44 55 33") // the pins that are outputs, their latches, and anew
}

// The PCF8574 has all pins High after a reset; a contact pulls one Low, a latch does and wins.
func TestPCF8574Pins(t *testing.T) {
	b := &bench{t: t}
	c := NewPCF8574(b.clock)
	b.Chip = c
	b.wantRead("ff ff")
	c.Drive(4, false)
	b.wantRead("ef ef")
	b.mustWrite("fe")
	c.Drive(0, true)
	b.wantRead("ee")
	c.Float(4)
	b.wantRead("fe")
	if !c.Low(0) || c.Low(1) {
		t.Errorf("pins 0 and 1: got %v, %v, want Low and not", c.Low(0), c.Low(1))
	}
	b.mustWrite("00 0f")
	b.wantRead("0f")
	if err := c.Inject(Fault{Kind: BrownOut}); err != nil {
		t.Fatal(err)
	}
	b.wantRead("ff")
}
