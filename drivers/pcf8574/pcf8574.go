// Package pcf8574 drives the NXP and TI PCF8574 and PCF8574A, an expander with eight pins: contacts
// as a sensor, relays as outputs.
//
// The part has one register and neither directions nor an identity: a pin is High by a weak current
// unless its latch, or a contact, pulls it Low. So an output should switch on at Low, which it can
// drive, and a reset, after which all pins are High, switches everything off. A read cannot be told
// from one of another part at the same address; where lives depend on it take an MCP23017.
//
// Source: NXP PCF8574 product data sheet, revision 5 (2013), as commonly quoted.
package pcf8574

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Pins is the number of pins of the part.
const Pins = 8

// settle is how long 100 µA take to lift a cable of 10 nF to 5 V, and twice that.
const settle = time.Millisecond

// Wiring says how the inputs are wired. A bit is a pin.
type Wiring struct {
	Pins uint8 // that are inputs; at least one
	High uint8 // of them, those that are abnormal at High; the others are at Low
}

// Inputs are the contacts on one PCF8574. They are not safe for concurrent use.
type Inputs struct {
	c       i2c.Dev
	wiring  Wiring
	started bool
}

// NewInputs returns the contacts of the PCF8574 at addr on bus. It does not touch the bus. It fails
// when there is none.
func NewInputs(bus i2c.Bus, addr uint16, w Wiring) (*Inputs, error) {
	if w.Pins == 0 {
		return nil, errors.New("pcf8574: there is no input")
	}
	return &Inputs{c: i2c.Dev{Bus: bus, Addr: addr}, wiring: w}, nil
}

// Describe returns what is known of the part without asking it. Its channels follow from the
// Wiring. The PCF8574A has the addresses from 0x38 on.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "pcf8574",
		Name:   "NXP and TI PCF8574 and PCF8574A, 8 pins",
		Source: "NXP PCF8574 data sheet, revision 5 (2013), as commonly quoted",
		Addresses: []uint16{0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
			0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F},
		Period: 100 * time.Millisecond,
		Use:    "lamps and relays; nothing that lives depend on",
		Cost:   1,
	}
}

// Channels are the channels of the inputs at these pins, named in0 to in7.
func Channels(pins uint8) (all []drivers.Channel) {
	for pin := range Pins {
		if pins>>pin&1 != 0 {
			all = append(all, drivers.Channel{Name: fmt.Sprintf("in%d", pin),
				Quantity: drivers.Contact, Min: 0, Max: 1})
		}
	}
	return all
}

// Start lets go of all pins when all are inputs: one that an earlier program pulled Low would read
// Low for ever. When some are not, their outputs let go of the others.
func (d *Inputs) Start() (time.Duration, error) {
	d.started = true
	if d.wiring.Pins != 0xFF {
		return 0, nil
	}
	if err := d.c.Tx([]byte{0xFF}, nil); err != nil {
		d.started = false
		return 0, fmt.Errorf("pcf8574 %#x: start: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	return settle, nil
}

// Read returns 1 for each contact that is abnormal and 0 for each that is normal, in the order of
// the pins. The pins are read twice in one transfer.
//
// Read fails with drivers.ErrNotReady when a contact changed between the two, and with
// drivers.ErrNoDevice when the part does not answer.
func (d *Inputs) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	if !d.started {
		return dst, fmt.Errorf("pcf8574 %#x: read: %w: it was not started", d.c.Addr,
			drivers.ErrNoDevice)
	}
	first, second, err := read(&d.c)
	if err != nil {
		return dst, err
	}
	if (first^second)&d.wiring.Pins != 0 {
		return dst, fmt.Errorf("pcf8574 %#x: read %02x %02x: a contact bounces: %w", d.c.Addr, first,
			second, drivers.ErrNotReady)
	}
	abnormal := ^(second ^ d.wiring.High)
	for pin, channel := 0, uint8(0); pin < Pins; pin++ {
		if d.wiring.Pins>>pin&1 == 0 {
			continue
		}
		dst = append(dst, drivers.Sample{Channel: channel, Quantity: drivers.Contact,
			Value: int64(abnormal >> pin & 1)})
		channel++
	}
	return dst, nil
}

// read reads the pins twice. A controller that reports success for a transfer it cut short leaves
// what the bytes begin with: not all pins change at once within 90 µs.
func read(c *i2c.Dev) (first, second byte, err error) {
	b := [2]byte{0x00, 0xFF}
	if err := c.Tx(nil, b[:]); err != nil {
		return 0, 0, fmt.Errorf("pcf8574 %#x: read: %w: %w", c.Addr, drivers.ErrNoDevice, err)
	}
	if b == [2]byte{0x00, 0xFF} {
		return 0, 0, fmt.Errorf("pcf8574 %#x: read % x: %w: nothing was read", c.Addr, b,
			drivers.ErrNoDevice)
	}
	return b[0], b[1], nil
}
