// Package ds3231 drives the Maxim DS3231 real-time clock as a sensor: the temperature of its
// crystal, and whether its time is valid. It never sets the clock and does not tell the time: that
// is the kernel's, whose rtc driver is to be preferred where it can be loaded.
//
// The registers are those of the maker's data sheet (19-5170) as Linux's driver has them,
// drivers/rtc/rtc-ds1307.c. The part has no identity; what tells it is a time that can be one.
package ds3231

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the address of the part.
const Addr = 0x68

// The registers from the time to the temperature, which one read gets.
const (
	regControl     = 0x0E
	regStatus      = 0x0F
	regTemperature = 0x11
	registers      = 0x13
)

const (
	convert   = 1 << 5      // of control: begin a conversion; it clears itself
	interrupt = 0b11100     // of control, as after power-up: the alarms' pin, no square wave
	stopped   = 1 << 7      // of status: the oscillator was stopped, the time is not valid
	busy      = 1 << 2      // of status: a conversion runs
	unused    = 0b0111_0000 // of status: always clear
)

const takes = 200 * time.Millisecond // longest

// The range of the part in m°C.
const lowest, highest = -45_000, 90_000

// Dev is one DS3231. It is not safe for concurrent use.
type Dev struct {
	c       i2c.Dev
	started bool
}

// New returns the DS3231 on bus. It does not touch the bus.
func New(bus i2c.Bus) *Dev { return &Dev{c: i2c.Dev{Bus: bus, Addr: Addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "ds3231",
		Name:      "Maxim DS3231, a clock with a thermometer",
		Source:    "Maxim 19-5170 as quoted in Linux's rtc-ds1307 driver",
		Addresses: []uint16{Addr},
		Channels: []drivers.Channel{
			{Name: "temperature", Quantity: drivers.Temperature, Min: lowest, Max: highest},
			{Name: "time-invalid", Quantity: drivers.Contact, Min: 0, Max: 1},
		},
		Period: 2 * time.Second,
		Takes:  takes,
		Use:    "the time after a power cut",
		Cost:   1,
	}
}

// Start begins one conversion of the temperature.
func (d *Dev) Start() (time.Duration, error) {
	d.started = false
	if err := d.c.Tx([]byte{regControl, convert | interrupt}, nil); err != nil {
		return 0, fmt.Errorf("ds3231: start: %w: %w", drivers.ErrNoDevice, err)
	}
	d.started = true
	return takes, nil
}

// Read returns the temperature in m°C, then 1 when the clock was stopped since it was set last, so
// that its time means nothing, and 0 otherwise.
//
// Read fails with drivers.ErrNotReady while the part converts, with drivers.ErrRange when no
// crystal can have the temperature, and with drivers.ErrNoDevice when the part does not answer or
// what it holds is no time: it is another part.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	var r [registers]byte // zeros are no date
	if err := d.c.Tx([]byte{0}, r[:]); err != nil {
		return dst, fmt.Errorf("ds3231: read: %w: %w", drivers.ErrNoDevice, err)
	}
	if !d.started || !isClock(r) {
		return dst, fmt.Errorf("ds3231: read % x: %w: it is no time", r, drivers.ErrNoDevice)
	}
	if r[regControl]&convert != 0 || r[regStatus]&busy != 0 {
		return dst, fmt.Errorf("ds3231: read: %w", drivers.ErrNotReady)
	}
	quarters := int64(int16(uint16(r[regTemperature])<<8|uint16(r[regTemperature+1]))) / 64
	milli := quarters * 250
	if milli < lowest || milli > highest {
		return dst, fmt.Errorf("ds3231: read %s: %w", drivers.Temperature.Text(milli),
			drivers.ErrRange)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: milli},
		drivers.Sample{Channel: 1, Quantity: drivers.Contact, Value: int64(r[regStatus] / stopped)},
	), nil
}

// isClock tells whether the registers can be those of the part: each field of the time is a number
// in its range, and what is unused is clear.
func isClock(r [registers]byte) bool {
	hour := within(r[2], 0x00, 0x23) // of 24
	if r[2]&0x40 != 0 {              // of 12, with a bit for the afternoon
		hour = within(r[2]&0x1F, 0x01, 0x12)
	}
	return hour && within(r[0], 0x00, 0x59) && within(r[1], 0x00, 0x59) && within(r[3], 1, 7) &&
		within(r[4], 0x01, 0x31) && within(r[5]&0x7F, 0x01, 0x12) && within(r[6], 0x00, 0x99) &&
		r[regStatus]&unused == 0 && r[regTemperature+1]&0x3F == 0
}

// within tells whether b is two decimal digits from low to high.
func within(b, low, high byte) bool { return b&0x0F <= 9 && b >= low && b <= high }
