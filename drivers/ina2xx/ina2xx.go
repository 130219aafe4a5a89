// Package ina2xx drives the Texas Instruments INA219 and INA226, which measure a voltage and the
// current through a shunt: of a battery, a power supply, a siren or the heater of a gas sensor.
//
// The registers and steps are those of the makers' datasheets (SBOS448 and SBOS547) as Linux's
// driver has them, drivers/hwmon/ina2xx.c. The current is computed here, from the shunt: the part's
// own calculation depends on a register that a brown-out empties.
package ina2xx

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Type is the type of the part.
type Type uint8

// The types.
const (
	INA219 Type = iota
	INA226
	types
)

const (
	regConfig = 0x00
	regShunt  = 0x01
	regBus    = 0x02
	regPower  = 0x03 // of the INA219: reading it clears the flag of a finished conversion
	regMask   = 0x06 // of the INA226: its flags
	regMaker  = 0xFE // of the INA226
	regDie    = 0xFF // of the INA226
)

// The flags of a conversion: in the bus register of the INA219, in the mask register of the INA226.
const (
	ready219, overflow219 = 1 << 1, 1 << 0
	ready226, overflow226 = 1 << 3, 1 << 2
)

// What the two registers of identity of the INA226 hold.
const maker226, die226 = 0x5449, 0x2260

// spec is what one type does differently from the other.
type spec struct {
	model, name, source string

	config   uint16        // one measurement of both inputs, 16 samples each
	takes    time.Duration // at the slow end of the part's own clock, a tenth above the nominal time
	busShift int           // bits below the voltage
	busStep  int64         // µV
	busEnd   int64         // the first code that is no voltage
	step     int64         // of the shunt, nV
	end      int64         // the first code of the shunt that is no measurement
}

var specs = [types]spec{
	INA219: {
		model: "ina219", name: "Texas Instruments INA219",
		source: "TI SBOS448 as quoted in Linux's ina2xx driver",
		// 32 V, ±320 mV, twice 16 samples of 12 bits in 8.51 ms, triggered.
		config: 1<<13 | 0b11<<11 | 0b1100<<7 | 0b1100<<3 | 0b011, takes: 19 * time.Millisecond,
		busShift: 3, busStep: 4_000, busEnd: 8_000, step: 10_000, end: 32_000,
	},
	INA226: {
		model: "ina226", name: "Texas Instruments INA226",
		source: "TI SBOS547 as quoted in Linux's ina2xx driver",
		// Bit 14 is always set; 16 samples, twice 1.1 ms, triggered.
		config: 1<<14 | 0b010<<9 | 0b100<<6 | 0b100<<3 | 0b011, takes: 39 * time.Millisecond,
		busStep: 1_250, busEnd: 0x7FFF, step: 2_500, end: 0x7FFF,
	},
}

// The bounds of a shunt in µΩ.
const (
	MinShunt = 100         // 0.1 mΩ
	MaxShunt = 100_000_000 // 100 Ω
)

// Dev is one INA219 or INA226. It is not safe for concurrent use.
type Dev struct {
	c       i2c.Dev
	kind    Type
	shunt   int64 // µΩ
	started bool
}

// New returns the part of type t at addr on bus, with a shunt given in µΩ. It does not touch the
// bus. It fails when the shunt is outside MinShunt to MaxShunt.
func New(bus i2c.Bus, addr uint16, t Type, shuntMicro int64) (*Dev, error) {
	if t >= types {
		return nil, fmt.Errorf("ina2xx: there is no type %d", t)
	}
	if shuntMicro < MinShunt || shuntMicro > MaxShunt {
		return nil, errors.New("ina2xx: the shunt is outside 0.1 mΩ to 100 Ω")
	}
	return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}, kind: t, shunt: shuntMicro}, nil
}

// Describe returns what is known of the part without asking it. Its current depends on the shunt.
func Describe(t Type, shuntMicro int64) drivers.Descriptor {
	s := specs[min(t, types-1)]
	largest := (s.end - 1) * s.step * 1000 / max(shuntMicro, MinShunt)
	d := drivers.Descriptor{
		Model: s.model, Name: s.name, Source: s.source,
		Channels: []drivers.Channel{
			{Name: "voltage", Quantity: drivers.Voltage, Min: 0, Max: (s.busEnd - 1) * s.busStep},
			{Name: "current", Quantity: drivers.Current, Min: -largest - 1, Max: largest + 1},
		},
		Period: 250 * time.Millisecond,
		Takes:  s.takes,
		Use:    "the battery, the supply, what a siren or a heater draws",
		Cost:   1,
	}
	for addr := uint16(0x40); addr <= 0x4F; addr++ {
		d.Addresses = append(d.Addresses, addr)
	}
	return d
}

// Start begins one measurement of the voltage and of the shunt.
func (d *Dev) Start() (time.Duration, error) {
	d.started = false
	if d.kind == INA219 {
		// The flag of the measurement before must not vouch for this one.
		if _, err := d.register(regPower, 0); err != nil {
			return 0, err
		}
	}
	config := d.spec().config
	if err := d.c.Tx([]byte{regConfig, byte(config >> 8), byte(config)}, nil); err != nil {
		return 0, d.failed("start: %w: %w", drivers.ErrNoDevice, err)
	}
	d.started = true
	return d.spec().takes, nil
}

// Read returns the voltage in µV, then the current in µA; the current is negative when it flows
// towards the supply side of the shunt.
//
// Read fails with drivers.ErrNotReady while the measurement runs, with drivers.ErrRange when an
// input is beyond its range or the part says that a calculation overflowed, and with
// drivers.ErrNoDevice when the part does not answer or its configuration is not the one that Start
// wrote: it was reset, or is of the other type.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	// The configuration is checked on both sides of the values: a reset between them empties them,
	// and one within a transfer answers with another register.
	if err := d.own(); err != nil {
		return dst, err
	}
	m, err := d.measured()
	if err != nil {
		return dst, err
	}
	if err := d.own(); err != nil {
		return dst, err
	}
	s := d.spec()
	switch {
	case !m.ready:
		return dst, d.failed("read: %w", drivers.ErrNotReady)
	case m.overflow:
		return dst, d.failed("read: the part says overflow: %w", drivers.ErrRange)
	case m.bus >= s.busEnd || m.shunt >= s.end || m.shunt <= -s.end:
		return dst, d.failed("read voltage %d, shunt %d: at an end of the range: %w", m.bus,
			m.shunt, drivers.ErrRange)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Voltage, Value: m.bus * s.busStep},
		drivers.Sample{Channel: 1, Quantity: drivers.Current, Value: d.current(m.shunt * s.step)},
	), nil
}

// measurement is what a part holds: codes, and what it says of them.
type measurement struct {
	bus, shunt      int64
	ready, overflow bool
}

// measured reads the part. Its flags come first: asked later, those of a measurement that has just
// ended would vouch for the values of the one before.
func (d *Dev) measured() (m measurement, err error) {
	if d.kind == INA226 {
		flags, err := d.register(regMask, 0xFFFF)
		if err != nil {
			return m, err
		}
		m.ready, m.overflow = flags&ready226 != 0, flags&overflow226 != 0
	}
	bus, err := d.register(regBus, 0xFFFF)
	if err != nil {
		return m, err
	}
	if d.kind == INA219 {
		m.ready, m.overflow = bus&ready219 != 0, bus&overflow219 != 0
	}
	m.bus = int64(bus >> d.spec().busShift)
	shunt, err := d.register(regShunt, 0x7FFF)
	m.shunt = int64(int16(shunt))
	return m, err
}

// current is nV over the shunt as µA, to the nearest.
func (d *Dev) current(nanovolts int64) int64 { return drivers.Nearest(nanovolts*1000, d.shunt) }

// own fails unless the part has the configuration that Start wrote.
func (d *Dev) own() error {
	config, err := d.register(regConfig, 0xFFFF)
	if err != nil {
		return err
	}
	if want := d.spec().config; !d.started || config != want {
		return d.failed("read: %w: configuration is %04x, not %04x: it was reset, or is another "+
			"part", drivers.ErrNoDevice, config, want)
	}
	return nil
}

// Probe fails unless the part looks like one of its type. The INA219 carries no identity; it is
// known by a bit of its configuration that the INA226 has always set.
func (d *Dev) Probe() error {
	if d.kind == INA219 {
		config, err := d.register(regConfig, 0xFFFF)
		if err == nil && config>>14&1 != 0 {
			err = d.failed("probe: %w: configuration is %04x", drivers.ErrNoDevice, config)
		}
		return err
	}
	maker, err := d.register(regMaker, 0)
	if err != nil {
		return err
	}
	die, err := d.register(regDie, 0)
	if err == nil && (maker != maker226 || die != die226) {
		err = d.failed("probe: %w: identity is %04x %04x", drivers.ErrNoDevice, maker, die)
	}
	return err
}

// register reads a register. What it begins with must be no measurement: a controller that reports
// success for a transfer it cut short leaves it untouched.
func (d *Dev) register(number byte, blank uint16) (uint16, error) {
	b := [2]byte{byte(blank >> 8), byte(blank)}
	if err := d.c.Tx([]byte{number}, b[:]); err != nil {
		return 0, d.failed("read: %w: %w", drivers.ErrNoDevice, err)
	}
	return uint16(b[0])<<8 | uint16(b[1]), nil
}

func (d *Dev) spec() *spec { return &specs[d.kind] }

func (d *Dev) failed(format string, args ...any) error {
	return fmt.Errorf("%s %#x: "+format, append([]any{d.spec().model, d.c.Addr}, args...)...)
}
