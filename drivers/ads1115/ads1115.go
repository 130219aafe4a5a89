// Package ads1115 drives the Texas Instruments ADS1115, a 16-bit analog-to-digital converter with
// four inputs. It measures one input against ground at a time, in single-shot mode.
//
// The register fields are those of the maker's datasheet (SBAS444) as Linux's driver has them,
// drivers/iio/adc/ti-ads1015.c; so are the rate and its tolerance. The part has no identity: what
// tells it from another one at the same address is that it keeps its configuration.
package ads1115

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

const (
	regConversion = 0x00
	regConfig     = 0x01
	regLow        = 0x02
	regHigh       = 0x03
)

// The fields of the configuration register.
const (
	configStart     = 1 << 15         // written: convert once; read: not converting
	configGround    = 0b100           // of the multiplexer: input n against ground is 4+n
	configSingle    = 1 << 8          // single-shot
	configRate      = 0b100 << 5      // 128 conversions in a second
	configNoCompare = 0b11            // comparator off
	muxShift        = 12              // multiplexer
	rangeShift      = 9               // amplifier
	lowAfterReset   = uint16(1 << 15) // threshold registers after a reset
	highAfterReset  = uint16(1<<15 - 1)
)

// convertTime is one conversion at 128 in a second, and a tenth more for the part's own clock.
const convertTime = 8600 * time.Microsecond

// Inputs is the number of inputs of the part.
const Inputs = 4

// Range is the amplifier's setting, by the voltage of full scale. No input may be above the supply
// of the part, whatever the range.
type Range uint8

// The ranges. The zero value is the widest.
const (
	Range6144mV Range = iota
	Range4096mV
	Range2048mV
	Range1024mV
	Range512mV
	Range256mV
	ranges
)

// Microvolts is the full scale of the range.
func (r Range) Microvolts() int64 {
	if r == Range6144mV {
		return 6_144_000
	}
	return 4_096_000 >> (r - 1)
}

// Ranges lists every range, the widest first.
func Ranges() []Range {
	all := make([]Range, ranges)
	for i := range all {
		all[i] = Range(i)
	}
	return all
}

// Dev is one ADS1115. It implements drivers.ADC. It is not safe for concurrent use, and two
// devices of one chip take turns: a Start of the other one between Start and Read is noticed by
// Read as a configuration that was not written here.
type Dev struct {
	c       i2c.Dev
	full    Range
	written uint16 // configuration of the last Start, 0 before the first
}

// New returns the ADS1115 at addr on bus, with its amplifier set to full scale r. It does not touch
// the bus.
func New(bus i2c.Bus, addr uint16, r Range) *Dev {
	return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}, full: min(r, ranges-1)}
}

// Describe returns what is known of one input of the part without asking it.
func Describe() drivers.Descriptor {
	widest := Range6144mV.Microvolts()
	return drivers.Descriptor{
		Model:     "ads1115",
		Name:      "Texas Instruments ADS1115, one input against ground",
		Source:    "TI SBAS444 as quoted in Linux's ti-ads1015 driver",
		Addresses: []uint16{0x48, 0x49, 0x4A, 0x4B}, // ADDR to ground, supply, SDA, SCL
		Channels: []drivers.Channel{
			{Name: "voltage", Quantity: drivers.Voltage, Min: -widest, Max: widest},
		},
		Period: 100 * time.Millisecond,
		Takes:  convertTime,
		Use:    "voltages, and whatever hangs on a wire: loops, transducers, gas heads",
		Cost:   2,
	}
}

// Start begins one conversion of input channel, 0 to 3.
func (d *Dev) Start(channel uint8) (time.Duration, error) {
	if channel >= Inputs {
		return 0, fmt.Errorf("ads1115 %#x: start: there is no input %d", d.c.Addr, channel)
	}
	config := configStart | (configGround|uint16(channel))<<muxShift |
		uint16(d.full)<<rangeShift | configSingle | configRate | configNoCompare
	d.written = 0
	if err := d.c.Tx([]byte{regConfig, byte(config >> 8), byte(config)}, nil); err != nil {
		return 0, fmt.Errorf("ads1115 %#x: start: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	d.written = config
	return convertTime, nil
}

// Read returns the voltage in µV.
//
// Read fails with drivers.ErrNotReady while the conversion runs, with drivers.ErrRange when the
// input is at or beyond an end of the range, and with drivers.ErrNoDevice when the part does not
// answer or its configuration is not the one that Start wrote: it was reset in between, and what
// it holds is not the wanted input.
func (d *Dev) Read() (int64, error) {
	// The configuration is checked on both sides of the conversion. Only before it, a reset between
	// the two would read as 0 V; only after it, a conversion that ends between the two would vouch
	// for the voltage of the one before.
	if err := d.own(); err != nil {
		return 0, err
	}
	code, err := d.register(regConversion)
	if err != nil {
		return 0, err
	}
	if err := d.own(); err != nil {
		return 0, err
	}
	if code == 0x7FFF || code == 0x8000 {
		return 0, fmt.Errorf("ads1115 %#x: read %04x: at an end of ±%s: %w", d.c.Addr, code,
			drivers.Voltage.Text(d.full.Microvolts()), drivers.ErrRange)
	}
	return convert(code, d.full), nil
}

// own fails unless the part has ended the conversion that Start began.
func (d *Dev) own() error {
	config, err := d.register(regConfig)
	switch {
	case err != nil:
		return err
	case config|configStart != d.written:
		return fmt.Errorf("ads1115 %#x: read: %w: configuration is %04x, not %04x: "+
			"it was reset or used by another", d.c.Addr, drivers.ErrNoDevice, config, d.written)
	case config&configStart == 0:
		return fmt.Errorf("ads1115 %#x: read: %w", d.c.Addr, drivers.ErrNotReady)
	}
	return nil
}

// Probe fails unless the part looks like an ADS1115 that nobody gave other thresholds.
func (d *Dev) Probe() error {
	low, err := d.register(regLow)
	if err != nil {
		return err
	}
	high, err := d.register(regHigh)
	if err != nil {
		return err
	}
	if low != lowAfterReset || high != highAfterReset {
		return fmt.Errorf("ads1115 %#x: probe: %w: thresholds are %04x and %04x: another part?",
			d.c.Addr, drivers.ErrNoDevice, low, high)
	}
	return nil
}

// register reads a register. The buffer begins as the code of a saturated input and as no
// configuration of ours: a controller that reports success for a transfer it cut short leaves it
// untouched, and zeros would be 0 V.
func (d *Dev) register(number byte) (uint16, error) {
	b := [2]byte{0x80, 0x00}
	if err := d.c.Tx([]byte{number}, b[:]); err != nil {
		return 0, fmt.Errorf("ads1115 %#x: read: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	return uint16(b[0])<<8 | uint16(b[1]), nil
}

// convert turns a code into µV, to the nearest.
func convert(code uint16, full Range) int64 {
	product := int64(int16(code)) * full.Microvolts()
	if product < 0 {
		return (product - 1<<14) / (1 << 15)
	}
	return (product + 1<<14) / (1 << 15)
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
