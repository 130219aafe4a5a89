// Package mcp342x drives the Microchip MCP3421 to MCP3428, slow and exact analog-to-digital
// converters with one to four inputs and a reference of their own of 2.048 V. It measures one input
// at a time, in one-shot mode. What is above 2.048 V needs a divider before the input.
//
// Source: Microchip DS22003 (MCP3421) and DS22088 (MCP3422/3/4) as Linux's driver has them,
// drivers/iio/adc/mcp3422.c. Each read carries the configuration behind the value, which tells
// whether the part was reset in between.
package mcp342x

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// The fields of the configuration byte.
const (
	configBusy   = 1 << 7 // written: convert once; read: what is read was read before
	channelShift = 5
	bitsShift    = 2
)

// Inputs is the largest number of inputs of a part. The MCP3421 has the first only.
const Inputs = 4

// Bits is how finely a conversion tells the voltage, and how long it takes. The fastest rate of the
// part, 12 bits, is left out: its configuration is zero, as the answer of a dead bus is.
type Bits uint8

// The choices. The zero value is the usual one.
const (
	Bits16 Bits = iota
	Bits14
	Bits18
)

// resolutions are the choices: the field of the configuration, and the time of a conversion at the
// slowest rate that the datasheet allows (44, 11 and 2.75 in a second).
var resolutions = [...]struct {
	bits, field byte
	takes       time.Duration
}{
	Bits16: {16, 0b10, 91 * time.Millisecond},
	Bits14: {14, 0b01, 23 * time.Millisecond},
	Bits18: {18, 0b11, 364 * time.Millisecond},
}

// Range is the amplifier's setting, by the voltage of full scale.
type Range uint8

// The ranges. The zero value is the widest.
const (
	Range2048mV Range = iota
	Range1024mV
	Range512mV
	Range256mV
	ranges
)

// Microvolts is the full scale of the range.
func (r Range) Microvolts() int64 { return 2_048_000 >> min(r, ranges-1) }

// Ranges lists every range, the widest first.
func Ranges() []Range { return []Range{Range2048mV, Range1024mV, Range512mV, Range256mV} }

// Dev is one MCP342x. It implements drivers.ADC. It is not safe for concurrent use, and two devices
// of one chip take turns: a Start of the other one between Start and Read is noticed by Read.
type Dev struct {
	c       i2c.Dev
	bits    Bits
	full    Range
	started bool
	written byte // configuration of the last Start, without configBusy
}

// New returns the MCP342x at addr on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16, b Bits, r Range) *Dev {
	return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}, bits: min(b, Bits18), full: min(r, ranges-1)}
}

// Describe returns what is known of one input of the part without asking it.
func Describe() drivers.Descriptor {
	widest := Range2048mV.Microvolts()
	return drivers.Descriptor{
		Model:     "mcp342x",
		Name:      "Microchip MCP3421 to MCP3428, one input",
		Source:    "Microchip DS22003 and DS22088 as quoted in Linux's mcp3422 driver",
		Addresses: []uint16{0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F},
		Channels: []drivers.Channel{
			{Name: "voltage", Quantity: drivers.Voltage, Min: -widest, Max: widest},
		},
		Period: 500 * time.Millisecond,
		Takes:  364 * time.Millisecond,
		Use:    "voltages that need more than 15 bits and have time",
		Cost:   2,
	}
}

// Start begins one conversion of input channel, 0 to 3.
func (d *Dev) Start(channel uint8) (time.Duration, error) {
	d.started = false
	if channel >= Inputs {
		return 0, fmt.Errorf("mcp342x %#x: start: there is no input %d", d.c.Addr, channel)
	}
	r := resolutions[d.bits]
	d.written = channel<<channelShift | r.field<<bitsShift | byte(d.full)
	if err := d.c.Tx([]byte{configBusy | d.written}, nil); err != nil {
		return 0, fmt.Errorf("mcp342x %#x: start: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	d.started = true
	return r.takes, nil
}

// Read returns the voltage in µV.
//
// Read fails with drivers.ErrNotReady while the conversion runs, with drivers.ErrRange when the
// input is at or beyond an end of the range, and with drivers.ErrNoDevice when the part does not
// answer or its configuration is not the one that Start wrote: it was reset in between, or is
// another part.
func (d *Dev) Read() (int64, error) {
	r := resolutions[d.bits]
	buffer := [4]byte{0xFF, 0xFF, 0xFF, 0xFF} // ones are no configuration of ours
	b := buffer[:4]
	if r.bits <= 16 {
		b = buffer[:3]
	}
	if err := d.c.Tx(nil, b); err != nil {
		return 0, fmt.Errorf("mcp342x %#x: read: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	config := b[len(b)-1]
	code, extended := number(b[:len(b)-1], r.bits)
	switch end := int64(1) << (r.bits - 1); {
	case !d.started || config&^configBusy != d.written || !extended:
		return 0, fmt.Errorf("mcp342x %#x: read % x: %w: not the conversion that was started: "+
			"it was reset or used by another", d.c.Addr, b, drivers.ErrNoDevice)
	case config&configBusy != 0:
		return 0, fmt.Errorf("mcp342x %#x: read: %w", d.c.Addr, drivers.ErrNotReady)
	case code == end-1 || code == -end:
		return 0, fmt.Errorf("mcp342x %#x: read % x: at an end of ±%s: %w", d.c.Addr, b,
			drivers.Voltage.Text(d.full.Microvolts()), drivers.ErrRange)
	default:
		return drivers.Nearest(code*d.full.Microvolts(), end), nil
	}
}

// number is the code in the bytes of a read. Unused bits repeat the sign; extended tells whether
// they do.
func number(b []byte, bits byte) (code int64, extended bool) {
	code = int64(int8(b[0]))
	for _, next := range b[1:] {
		code = code<<8 | int64(next)
	}
	end := int64(1) << (bits - 1)
	return code, code >= -end && code < end
}

// Input is one input of the part, read as a voltage. It implements drivers.Sensor.
type Input struct {
	adc     *Dev
	channel uint8
}

// Input returns input channel, 0 to 3, as a sensor of its own.
func (d *Dev) Input(channel uint8) *Input { return &Input{d, channel} }

// Start begins one conversion.
func (i *Input) Start() (time.Duration, error) { return i.adc.Start(i.channel) }

// Read returns the voltage in µV. It fails as Dev.Read does.
func (i *Input) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	microvolts, err := i.adc.Read()
	if err != nil {
		return dst, err
	}
	return append(dst, drivers.Sample{Quantity: drivers.Voltage, Value: microvolts}), nil
}
