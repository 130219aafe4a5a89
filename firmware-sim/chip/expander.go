package chip

import (
	"slices"
	"time"
)

// pins are what hangs on the pins of an expander. A bit is a pin.
type pins struct {
	driven uint16 // by something outside
	high   uint16 // of these, those that are driven High
}

func (p *pins) drive(pin int, high bool) {
	p.driven |= 1 << pin
	p.high &^= 1 << pin
	if high {
		p.high |= 1 << pin
	}
}

func (p *pins) float(pin int) { p.driven &^= 1 << pin }

// MCP23017 is a Microchip MCP23017: sixteen pins, port A in bits 0 to 7.
//
// From the datasheet: a pair of registers for each purpose, at neighbouring addresses or, with
// IOCON.BANK set, in two blocks; an address that counts up and begins anew behind the last, unless
// IOCON.SEQOP is set; after a reset every pin is an input without a pull-up. Left out: interrupts,
// the address after a read, the bus fault of an input at GPA7 and GPB7.
type MCP23017 struct {
	Part
	outside pins

	pointer   byte // the register, by its place while BANK is clear
	registers [22]byte
}

// Registers of port A, with IOCON.BANK clear; that of port B is the next.
const (
	mcpIODIR = 0x00
	mcpIPOL  = 0x02
	mcpIOCON = 0x0A
	mcpGPPU  = 0x0C
	mcpINTF  = 0x0E // and INTCAP: read only
	mcpGPIO  = 0x12
	mcpOLAT  = 0x14

	mcpBank, mcpSequential = 1 << 7, 1 << 5
)

// NewMCP23017 returns a part with nothing at its pins.
func NewMCP23017(clock Clock) *MCP23017 {
	c := &MCP23017{}
	c.setUp(clock, "mcp23017", c)
	return c
}

// Drive puts a level on a pin from outside, stronger than a pull-up and than an output.
func (c *MCP23017) Drive(pin int, high bool) { c.set(func() { c.outside.drive(pin, high) }) }

// Float takes it off again: the pull-up or the output decides, or else the pin is Low.
func (c *MCP23017) Float(pin int) { c.set(func() { c.outside.float(pin) }) }

// Driven is what the part does at a pin: whether it is an output, and its level.
func (c *MCP23017) Driven(pin int) (output, high bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pair(mcpIODIR)>>pin&1 == 0, c.pair(mcpOLAT)>>pin&1 != 0
}

func (c *MCP23017) reset(time.Duration) {
	c.pointer, c.registers = 0, [22]byte{0: 0xFF, 1: 0xFF}
}

func (c *MCP23017) advance(time.Duration) {}

func (c *MCP23017) pair(register int) uint16 {
	return uint16(c.registers[register]) | uint16(c.registers[register+1])<<8
}

// levels are those at the pins.
func (c *MCP23017) levels() uint16 {
	inputs := c.pair(mcpIODIR)
	own := c.pair(mcpOLAT)&^inputs | c.pair(mcpGPPU)&inputs
	return own&^c.outside.driven | c.outside.high&c.outside.driven
}

// address answers a read with the next registers, as far as any transfer goes.
func (c *MCP23017) address(_ time.Duration, read, _ bool) ([]byte, bool) {
	if !read {
		return nil, true
	}
	levels := uint16(c.sense(0, int64(c.levels()), 0, 0xFFFF))
	words := make([]uint16, len(c.registers))
	at := c.pointer
	other := c.hit(WrongID) // a PCF8574, which has its pins only
	for i := range words {
		words[i] = uint16(c.register(at, levels)) * 0x101
		if other {
			words[i] = levels & 0xFF * 0x101
		}
		at = c.after(at)
	}
	reply := make([]byte, len(words))
	for i, w := range fill(&c.Part, words) {
		reply[i] = byte(w)
	}
	return reply, true
}

func (c *MCP23017) register(at byte, levels uint16) byte {
	if at == mcpGPIO || at == mcpGPIO+1 {
		levels ^= c.pair(mcpIPOL) & c.pair(mcpIODIR)
		return byte(levels >> (8 * (at - mcpGPIO)))
	}
	return c.registers[at]
}

// after is the register that follows.
func (c *MCP23017) after(at byte) byte {
	control := c.registers[mcpIOCON]
	switch {
	case control&mcpSequential != 0 && control&mcpBank != 0:
		return at
	case control&mcpSequential != 0:
		return at ^ 1 // it toggles between the two of a pair
	case control&mcpBank != 0 && at >= mcpOLAT: // behind the last of a block
		return 0
	case control&mcpBank != 0:
		return at + 2
	}
	return (at + 1) % byte(len(c.registers))
}

func (c *MCP23017) take(_ time.Duration, i int, b byte) bool {
	if i == 0 {
		return c.point(b)
	}
	c.write(c.pointer, b)
	c.pointer = c.after(c.pointer)
	return true
}

func (c *MCP23017) point(b byte) bool {
	if c.registers[mcpIOCON]&mcpBank != 0 {
		b = b&0x0F<<1 | b>>4
	}
	c.pointer = b % byte(len(c.registers))
	return true
}

func (c *MCP23017) write(at, b byte) {
	switch {
	case at == mcpIOCON || at == mcpIOCON+1:
		c.registers[mcpIOCON], c.registers[mcpIOCON+1] = b&0xFE, b&0xFE
	case at >= mcpINTF && at < mcpGPIO:
	case at == mcpGPIO || at == mcpGPIO+1:
		c.registers[at+2] = b // a write of the port is one of the latch
	default:
		c.registers[at] = b
	}
}

// PCF8574 is an NXP PCF8574: eight pins, each High by a weak current unless its latch or something
// outside pulls it Low.
//
// From the datasheet: a write sets the latches, each byte anew; a read gives the levels, each byte
// anew; after a reset all latches are High. Left out: the interrupt.
type PCF8574 struct {
	Part
	outside pins
	latch   byte
}

// NewPCF8574 returns a part with nothing at its pins.
func NewPCF8574(clock Clock) *PCF8574 {
	c := &PCF8574{}
	c.setUp(clock, "pcf8574", c)
	return c
}

// Drive puts a level on a pin from outside. A pin that is High by its weak current gives way; one
// that the latch pulls Low does not.
func (c *PCF8574) Drive(pin int, high bool) { c.set(func() { c.outside.drive(pin, high) }) }

// Float takes it off again.
func (c *PCF8574) Float(pin int) { c.set(func() { c.outside.float(pin) }) }

// Low tells whether the part pulls the pin Low.
func (c *PCF8574) Low(pin int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latch>>pin&1 == 0
}

func (c *PCF8574) reset(time.Duration) { c.latch = 0xFF }

func (c *PCF8574) advance(time.Duration) {}

func (c *PCF8574) address(_ time.Duration, read, _ bool) ([]byte, bool) {
	if !read {
		return nil, true
	}
	low := byte(c.outside.driven &^ c.outside.high)
	level := byte(c.sense(0, int64(c.latch&^low), 0, 0xFF))
	if c.hit(WrongID) { // an MCP23017 at its first register, after a reset
		level = 0xFF
	}
	return fill(&c.Part, slices.Repeat([]byte{level}, 8)), true
}

func (c *PCF8574) take(_ time.Duration, _ int, b byte) bool {
	c.latch = b
	return true
}
