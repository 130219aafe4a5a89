// Package mcp23017 drives the Microchip MCP23017, an expander with sixteen pins: contacts as a
// sensor, relays as outputs. Pins 0 to 7 are GPA0 to GPA7, pins 8 to 15 are GPB0 to GPB7.
//
// Datasheet: Microchip DS20001952, revision D (2022), by which GPA7 and GPB7 are outputs only: an
// input that changes there during a read may corrupt the bus.
//
// A brown-out turns every pin into an input without a pull-up, and nothing tells. So all registers
// that matter are read back each time, none is remembered, and what was lost is set again and told
// as an error. Sensor and outputs of one part own different registers, so that neither undoes what
// the other did: the sensor has the pull-ups, the outputs have directions and latches.
package mcp23017

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// The registers, one for each port, with IOCON.BANK = 0.
const (
	regDirection = 0x00 // IODIR, 1: input
	regPolarity  = 0x02 // IPOL
	regInterrupt = 0x04 // GPINTEN
	regCompare   = 0x06 // DEFVAL, of no effect while no interrupt is enabled
	regControl   = 0x0A // IOCON, one register at two addresses
	regPullUp    = 0x0C // GPPU
	regPort      = 0x12 // GPIO
	regLatch     = 0x14 // OLAT
	registers    = 0x16
)

// regBankOther is where IOCON lies while BANK = 1; with BANK = 0 it is the second GPINTEN.
const regBankOther = 0x05

// mark is written to DEFVAL. It is the sign that the part still has what it was given, and that the
// bytes of a read are in their places.
const mark = 0xA55A

// settle is how long a pull-up of 100 kΩ takes with a long cable: ten times 100 kΩ and 10 nF.
const settle = 10 * time.Millisecond

// Pins is the number of pins of the part.
const Pins = 16

// OutputsOnly are the pins that cannot be inputs: GPA7 and GPB7.
const OutputsOnly uint16 = 1<<7 | 1<<15

// Config says how the inputs are wired. A bit is a pin.
type Config struct {
	Pins   uint16 // that are inputs; at least one
	High   uint16 // of them, those that are abnormal at High; the others are at Low
	PullUp uint16 // of them, those with the part's own pull-up
}

// Inputs are the contacts on one MCP23017. They are not safe for concurrent use.
type Inputs struct {
	c      i2c.Dev
	config Config
	set    bool // the registers were written, and were as written when they were read last
}

// NewInputs returns the contacts of the MCP23017 at addr on bus. It does not touch the bus. It
// fails when there is none, or one at a pin of OutputsOnly.
func NewInputs(bus i2c.Bus, addr uint16, c Config) (*Inputs, error) {
	switch {
	case c.Pins == 0:
		return nil, errors.New("mcp23017: there is no input")
	case c.Pins&OutputsOnly != 0:
		return nil, errors.New("mcp23017: pins 7 and 15 are outputs only")
	}
	c.PullUp &= c.Pins
	return &Inputs{c: i2c.Dev{Bus: bus, Addr: addr}, config: c}, nil
}

// Describe returns what is known of the part without asking it. Its channels follow from the
// Config.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "mcp23017",
		Name:      "Microchip MCP23017, 16 pins",
		Source:    "Microchip DS20001952, revision D (2022)",
		Addresses: []uint16{0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27},
		Period:    100 * time.Millisecond,
		Use:       "many contacts and relays on one bus",
		Cost:      1,
	}
}

// Channels are the channels of the inputs at these pins, named in0 to in15.
func Channels(pins uint16) (all []drivers.Channel) {
	for pin := range Pins {
		if pins>>pin&1 != 0 {
			all = append(all, drivers.Channel{Name: fmt.Sprintf("in%d", pin),
				Quantity: drivers.Contact, Min: 0, Max: 1})
		}
	}
	return all
}

// Start sets the registers of the inputs if the last read did not find them as they should be.
func (d *Inputs) Start() (time.Duration, error) {
	if d.set {
		return 0, nil
	}
	if err := d.configure(); err != nil {
		return 0, fmt.Errorf("mcp23017 %#x: start: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	d.set = true
	return settle, nil
}

func (d *Inputs) configure() error {
	// Whatever the addressing was, it is the usual one after these two.
	for _, w := range [][]byte{{regBankOther, 0}, {regControl, 0}} {
		if err := d.c.Tx(w, nil); err != nil {
			return err
		}
	}
	up := d.config.PullUp
	err := d.c.Tx([]byte{regPolarity,
		0, 0, // not inverted
		0, 0, // no interrupt
		mark >> 8, mark & 0xFF,
		0, 0, // INTCON
		0, 0, // IOCON
		byte(up), byte(up >> 8),
	}, nil)
	if err != nil {
		return err
	}
	// A pin that is an input already is left alone: its port may have outputs, which are not ours.
	direction := [2]byte{0xFF, 0xFF}
	if err := d.c.Tx([]byte{regDirection}, direction[:]); err != nil {
		return err
	}
	for port, want := range [2]byte{byte(d.config.Pins), byte(d.config.Pins >> 8)} {
		if direction[port]&want == want {
			continue
		}
		w := []byte{regDirection + byte(port), direction[port] | want}
		if err := d.c.Tx(w, nil); err != nil {
			return err
		}
	}
	return nil
}

// Read returns 1 for each contact that is abnormal and 0 for each that is normal, in the order of
// the pins.
//
// Read fails with drivers.ErrNoDevice when the part does not answer or has not the settings that it
// was given: it was reset. The next Start gives them again.
func (d *Inputs) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	var r [registers]byte // zeros are no settings of ours
	if err := d.c.Tx([]byte{regDirection}, r[:]); err != nil {
		return dst, fmt.Errorf("mcp23017 %#x: read: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	if !d.set || !d.intact(r) {
		d.set = false
		return dst, fmt.Errorf("mcp23017 %#x: read % x: %w: not the settings it was given: "+
			"it was reset", d.c.Addr, r, drivers.ErrNoDevice)
	}
	abnormal := ^(word(r, regPort) ^ d.config.High)
	for pin, channel := 0, uint8(0); pin < Pins; pin++ {
		if d.config.Pins>>pin&1 == 0 {
			continue
		}
		dst = append(dst, drivers.Sample{Channel: channel, Quantity: drivers.Contact,
			Value: int64(abnormal >> pin & 1)})
		channel++
	}
	return dst, nil
}

// intact tells whether the registers are as the sensor needs them.
func (d *Inputs) intact(r [registers]byte) bool {
	return word(r, regDirection)&d.config.Pins == d.config.Pins &&
		word(r, regPolarity) == 0 && word(r, regInterrupt) == 0 &&
		r[regCompare] == mark>>8 && r[regCompare+1] == mark&0xFF &&
		word(r, regControl) == 0 && word(r, regPullUp) == d.config.PullUp
}

// word is a register of both ports: port A is its low byte.
func word(r [registers]byte, register int) uint16 {
	return uint16(r[register]) | uint16(r[register+1])<<8
}
