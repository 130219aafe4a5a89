package mcp23017

import (
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Level is the electrical level that switches an output on.
type Level bool

// The levels.
const (
	Low  Level = false
	High Level = true
)

// Shared is what the outputs of one part want. The zero value is that of a part without outputs.
// Its neighbours get that when a pin is written: what a read says of them may be wrong.
type Shared struct{ outputs, high uint16 }

// Output is one pin that switches. A pin shares its registers with seven others, so no two outputs
// of one part may be in Set at the same time.
type Output struct {
	c      i2c.Dev
	shared *Shared
	port   byte // 0: A, 1: B
	bit    byte
	active Level
	driven bool // Set has succeeded once
	last   byte // and left this in the bit of the latch
}

// NewOutput returns the output at pin, 0 to 15, of the MCP23017 at addr on bus, which is on at the
// level active. All outputs of one part have one Shared. It does not touch the bus: the pin is as
// it was until the first Set.
func NewOutput(bus i2c.Bus, addr uint16, pin uint8, active Level, s *Shared) (*Output, error) {
	if pin >= Pins {
		return nil, fmt.Errorf("mcp23017: there is no pin %d", pin)
	}
	return &Output{c: i2c.Dev{Bus: bus, Addr: addr}, shared: s, port: pin / 8, bit: 1 << (pin % 8),
		active: active}, nil
}

// Set switches on or off, and gives the other outputs of its port what they want. It writes the
// latch before the direction, so that a pin that becomes an output drives no other level first, and
// reads both back.
//
// Set fails with drivers.ErrNoDevice when the part does not answer, when the read-back differs, and
// when the part had lost what the Set before gave it; it then has the wanted level again, and the
// error says that it was without.
func (o *Output) Set(on bool) error {
	level := byte(0)
	if on == bool(o.active) {
		level = o.bit
	}
	outputs, high := o.want(level)
	direction, latch, _, err := o.read()
	if err != nil {
		return err
	}
	lost := o.driven && (direction&o.bit != 0 || latch&o.bit != o.last)
	for _, w := range [][]byte{
		{regLatch + o.port, latch&^outputs | high}, {regDirection + o.port, direction &^ outputs},
	} {
		if err := o.c.Tx(w, nil); err != nil {
			return o.failed("set: %w: %w", drivers.ErrNoDevice, err)
		}
	}
	direction, latch, _, err = o.read()
	switch {
	case err != nil:
		return err
	case direction&o.bit != 0 || latch&o.bit != level:
		return o.failed("set: %w: direction %02x and latch %02x are not what was written",
			drivers.ErrNoDevice, direction, latch)
	}
	o.driven, o.last = true, level
	if lost {
		return o.failed("set: %w: it had lost its level: it was reset", drivers.ErrNoDevice)
	}
	return nil
}

// want notes the level that the pin is to have, and returns what all outputs of its port want.
func (o *Output) want(level byte) (outputs, high byte) {
	shift, s := 8*o.port, o.shared
	s.outputs |= uint16(o.bit) << shift
	s.high = s.high&^(uint16(o.bit)<<shift) | uint16(level)<<shift
	return byte(s.outputs >> shift), byte(s.high >> shift)
}

// State reads back what the pin carries. It fails with drivers.ErrNoDevice when the part does not
// answer or the pin is no output.
func (o *Output) State() (bool, error) {
	direction, _, port, err := o.read()
	switch {
	case err != nil:
		return false, err
	case direction&o.bit != 0:
		return false, o.failed("state: %w: the pin is an input: the part was reset",
			drivers.ErrNoDevice)
	}
	return (port&o.bit != 0) == bool(o.active), nil
}

// read reads the registers of the pin's port. What they begin with is no output: a controller that
// reports success for a transfer it cut short leaves it untouched.
func (o *Output) read() (direction, latch, port byte, err error) {
	all := [registers]byte{regDirection: 0xFF, regDirection + 1: 0xFF}
	if err := o.c.Tx([]byte{regDirection}, all[:]); err != nil {
		return 0, 0, 0, o.failed("read: %w: %w", drivers.ErrNoDevice, err)
	}
	if word(all, regControl) != 0 {
		// Another addressing: these are other registers. The usual one comes back for the next try.
		_ = o.c.Tx([]byte{regBankOther, 0}, nil)
		_ = o.c.Tx([]byte{regControl, 0}, nil)
		return 0, 0, 0, o.failed("read: %w: control is %02x", drivers.ErrNoDevice, all[regControl])
	}
	at := int(o.port)
	return all[regDirection+at], all[regLatch+at], all[regPort+at], nil
}

func (o *Output) failed(format string, args ...any) error {
	return fmt.Errorf("mcp23017 %#x: "+format, append([]any{o.c.Addr}, args...)...)
}
