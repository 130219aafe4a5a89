// Package sht4x drives the Sensirion SHT40, SHT41, SHT43 and SHT45 temperature and humidity
// sensors. It never switches on their heater.
//
// Datasheet: Sensirion SHT4x, version 6, February 2023. Its formulas, commands and range are as the
// datasheet's; the measuring time agrees with 8.2 ms in Linux's driver, drivers/hwmon/sht4x.c.
package sht4x

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

const (
	cmdMeasure  = 0xFD                    // both values with high repeatability
	measureTime = 8300 * time.Microsecond // longest with high repeatability
	period      = 500 * time.Millisecond  // our own choice: the part needs no pause
)

// What the part can measure: m°C, m%RH.
const (
	minTemperature = -40_000
	maxTemperature = 125_000
	minHumidity    = 0
	maxHumidity    = 100_000
)

// Dev is one SHT4x. It is not safe for concurrent use.
type Dev struct{ c i2c.Dev }

// New returns the SHT4x at addr on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev { return &Dev{i2c.Dev{Bus: bus, Addr: addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "sht4x",
		Name:      "Sensirion SHT40, SHT41, SHT43, SHT45",
		Source:    "Sensirion SHT4x datasheet, version 6, February 2023",
		Addresses: []uint16{0x44, 0x45, 0x46}, // by the letter in the order number: A, B, C
		Channels: []drivers.Channel{
			{Name: "temperature", Quantity: drivers.Temperature,
				Min: minTemperature, Max: maxTemperature},
			{Name: "humidity", Quantity: drivers.Humidity, Min: minHumidity, Max: maxHumidity},
		},
		Period: period,
		Takes:  measureTime,
		Use:    "the heat of a room",
		Cost:   2,
	}
}

// Start begins one measurement of temperature and humidity.
func (d *Dev) Start() (time.Duration, error) {
	if err := d.c.Tx([]byte{cmdMeasure}, nil); err != nil {
		return 0, fmt.Errorf("sht4x %#x: start: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	return measureTime, nil
}

// Read returns the temperature in m°C, then the humidity in m%RH. Humidity is clamped to
// 0…100 %RH, as the datasheet advises: close to the ends the formula overshoots.
//
// Read fails with drivers.ErrChecksum when a word and its CRC disagree, with drivers.ErrRange when
// the temperature is outside -40…125 °C (a bus that is stuck High reads as 130 °C with a CRC that
// fits), and with drivers.ErrNoDevice when the part does not answer after the wait of Start.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	var b [6]byte // temperature, its CRC, humidity, its CRC
	if err := d.c.Tx(nil, b[:]); err != nil {
		return dst, fmt.Errorf("sht4x %#x: read: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
	}
	if !drivers.WordsAgree(b[:]) {
		return dst, fmt.Errorf("sht4x %#x: read % x: %w", d.c.Addr, b, drivers.ErrChecksum)
	}
	temperature, humidity := convert(b)
	if temperature < minTemperature || temperature > maxTemperature {
		return dst, fmt.Errorf("sht4x %#x: read % x: %s: %w", d.c.Addr, b,
			drivers.Temperature.Text(temperature), drivers.ErrRange)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: temperature},
		drivers.Sample{Channel: 1, Quantity: drivers.Humidity,
			Value: min(max(humidity, minHumidity), maxHumidity)},
	), nil
}

// convert applies the formulas of the datasheet: -45 + 175 t/65535 °C and -6 + 125 h/65535 %RH.
func convert(b [6]byte) (temperature, humidity int64) {
	t, h := int64(b[0])<<8|int64(b[1]), int64(b[3])<<8|int64(b[4])
	return -45_000 + (175_000*t+32_767)/65_535, -6_000 + (125_000*h+32_767)/65_535
}
