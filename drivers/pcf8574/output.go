package pcf8574

import (
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Level is the electrical level that switches an output on.
type Level bool

// The levels. The part can drive Low only.
const (
	Low  Level = false
	High Level = true
)

// Shared is what the outputs of one part want. The zero value is that of a part without outputs.
// Its neighbours get that when a pin is written: what a read says of them may be wrong.
type Shared struct{ outputs, high byte }

// Output is one pin that switches. A pin shares its register with seven others, so no two outputs
// of one part may be in Set at the same time.
type Output struct {
	c       i2c.Dev
	shared  *Shared
	bit     byte
	outputs byte // of the part, opened or not
	active  Level
	driven  bool // Set has succeeded once
	last    byte // and left this in the bit
}

// Config says which pin the output is.
type Config struct {
	Pin     uint8 // 0 to 7
	Outputs uint8 // a bit for each pin of the part that is an output; the others are let go
	Active  Level // the level that switches on
}

// NewOutput returns an output of the PCF8574 at addr on bus. All outputs of one part have one
// Shared. It does not touch the bus: the pin is as it was until the first Set. It fails when the
// pin is not one of the outputs.
func NewOutput(bus i2c.Bus, addr uint16, c Config, s *Shared) (*Output, error) {
	if c.Pin >= Pins || c.Outputs>>c.Pin&1 == 0 {
		return nil, fmt.Errorf("pcf8574: pin %d is not one of the outputs", c.Pin)
	}
	return &Output{c: i2c.Dev{Bus: bus, Addr: addr}, shared: s, bit: 1 << c.Pin,
		outputs: c.Outputs, active: c.Active}, nil
}

// Set switches on or off, gives the other outputs what they want, and reads the pin back.
//
// Set fails with drivers.ErrNoDevice when the part does not answer, when the read-back differs, and
// when the pin had lost the level that the Set before gave it; it then has the wanted level again,
// and the error says that it was without.
func (o *Output) Set(on bool) error {
	level := byte(0)
	if on == bool(o.active) {
		level = o.bit
	}
	o.shared.outputs |= o.bit
	o.shared.high = o.shared.high&^o.bit | level
	_, pins, err := read(&o.c)
	if err != nil {
		return err
	}
	lost := o.driven && pins&o.bit != o.last
	// An output that nobody has opened yet keeps its level, which is that of its latch. The level of
	// an input is not, and one that is written back Low would be Low for ever.
	next := (pins|^o.outputs)&^o.shared.outputs | o.shared.high
	if err := o.c.Tx([]byte{next}, nil); err != nil {
		return fmt.Errorf("pcf8574 %#x: set: %w: %w", o.c.Addr, drivers.ErrNoDevice, err)
	}
	_, pins, err = read(&o.c)
	switch {
	case err != nil:
		return err
	case pins&o.bit != level:
		return fmt.Errorf("pcf8574 %#x: set: %w: wrote %02x and read %02x", o.c.Addr,
			drivers.ErrNoDevice, next, pins)
	}
	o.driven, o.last = true, level
	if lost {
		return fmt.Errorf("pcf8574 %#x: set: %w: it had lost its level: it was reset", o.c.Addr,
			drivers.ErrNoDevice)
	}
	return nil
}

// State reads back what the pin carries.
func (o *Output) State() (bool, error) {
	_, pins, err := read(&o.c)
	if err != nil {
		return false, err
	}
	return (pins&o.bit != 0) == bool(o.active), nil
}
