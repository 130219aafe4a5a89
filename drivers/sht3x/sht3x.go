// Package sht3x drives the Sensirion SHT30, SHT31 and SHT35 temperature and humidity sensors. It
// never switches on their heater, and switches it off when it finds it on.
//
// Commands, range, status bits and the measuring time are the maker's (SHT3x-DIS datasheet) as
// Linux's driver has them, drivers/hwmon/sht3x.c. The command without clock stretching is used:
// some controllers corrupt a stretched read. The humidity formula is not the SHT4x's.
package sht3x

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

const (
	cmdMeasure   = 0x2400 // both values, high repeatability, no clock stretching
	cmdStatus    = 0xF32D
	cmdHeaterOff = 0x3066
	statusHeater = 1 << 13 // the heater is on: the temperature is that of the part

	measureTime = 15500 * time.Microsecond // longest with high repeatability, at any supply
	period      = 500 * time.Millisecond   // our own choice: the part needs no pause
)

// What the part can measure: m°C, m%RH.
const (
	minTemperature = -40_000
	maxTemperature = 125_000
	maxHumidity    = 100_000
)

// Dev is one SHT3x. It is not safe for concurrent use.
type Dev struct{ c i2c.Dev }

// New returns the SHT3x at addr on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev { return &Dev{i2c.Dev{Bus: bus, Addr: addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "sht3x",
		Name:      "Sensirion SHT30, SHT31, SHT35",
		Source:    "Sensirion SHT3x-DIS datasheet as quoted in Linux's sht3x driver",
		Addresses: []uint16{0x44, 0x45}, // pin ADDR to ground, to the supply
		Channels: []drivers.Channel{
			{Name: "temperature", Quantity: drivers.Temperature,
				Min: minTemperature, Max: maxTemperature},
			{Name: "humidity", Quantity: drivers.Humidity, Max: maxHumidity},
		},
		Period: period,
		Takes:  measureTime,
		Use:    "the heat of a room",
		Cost:   2,
	}
}

// Start begins one measurement of temperature and humidity.
func (d *Dev) Start() (time.Duration, error) {
	if err := d.command(cmdMeasure); err != nil {
		return 0, fmt.Errorf("sht3x %#x: start: %w", d.c.Addr, err)
	}
	return measureTime, nil
}

// Read returns the temperature in m°C, then the humidity in m%RH.
//
// Read fails with drivers.ErrChecksum when a word and its CRC disagree, with drivers.ErrRange when
// the temperature is outside -40…125 °C (a bus that is stuck reads as -45 or 130 °C with a CRC
// that fits) or when the heater is on, and with drivers.ErrNoDevice when the part does not answer
// after the wait of Start.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	temperature, humidity, err := d.fetch()
	if err == nil {
		err = d.heater()
	}
	if err != nil {
		return dst, fmt.Errorf("sht3x %#x: %w", d.c.Addr, err)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: temperature},
		drivers.Sample{Channel: 1, Quantity: drivers.Humidity, Value: humidity},
	), nil
}

// fetch collects the measurement: temperature, its CRC, humidity, its CRC.
func (d *Dev) fetch() (temperature, humidity int64, err error) {
	var b [6]byte
	if err := d.c.Tx(nil, b[:]); err != nil {
		return 0, 0, fmt.Errorf("read: %w: %w", drivers.ErrNoDevice, err)
	}
	if !drivers.WordsAgree(b[:]) {
		return 0, 0, fmt.Errorf("read % x: %w", b, drivers.ErrChecksum)
	}
	t, h := int64(b[0])<<8|int64(b[1]), int64(b[3])<<8|int64(b[4])
	temperature, humidity = -45_000+(175_000*t+32_767)/65_535, (100_000*h+32_767)/65_535
	if temperature < minTemperature || temperature > maxTemperature {
		return 0, 0, fmt.Errorf("read % x: %s: %w", b, drivers.Temperature.Text(temperature),
			drivers.ErrRange)
	}
	return temperature, humidity, nil
}

// heater refuses what was measured while the heater was on, and switches it off. A part keeps the
// heater on over a restart of the agent, and nothing in the values tells.
func (d *Dev) heater() error {
	if err := d.command(cmdStatus); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	var b [3]byte
	if err := d.c.Tx(nil, b[:]); err != nil {
		return fmt.Errorf("status: %w: %w", drivers.ErrNoDevice, err)
	}
	if !drivers.WordsAgree(b[:]) {
		return fmt.Errorf("status % x: %w", b, drivers.ErrChecksum)
	}
	if (uint16(b[0])<<8|uint16(b[1]))&statusHeater == 0 {
		return nil
	}
	_ = d.command(cmdHeaterOff) // one that is not heard is repeated at the next reading
	return fmt.Errorf("status % x: its heater is on: %w", b, drivers.ErrRange)
}

func (d *Dev) command(word uint16) error {
	if err := d.c.Tx([]byte{byte(word >> 8), byte(word)}, nil); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}
