// Package mlx90614 drives the Melexis MLX90614, a thermometer that looks at an object from afar:
// the temperature is the mean of its whole field of view, so that a small fire far away shows
// little. It measures all the time; the agent only fetches.
//
// Registers, scale and times are the maker's (MLX90614 family datasheet) as Linux's driver has
// them, drivers/iio/temperature/mlx90614.c. The bus must not be faster than 100 kHz. The part is
// assumed to be set to an emissivity of 1, as it is delivered.
package mlx90614

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the address with which the part is delivered.
const Addr = 0x5A

const (
	regHousing = 0x06
	regObject  = 0x07
	regAddress = 0x2E // EEPROM: the low byte is the part's own address
	flagError  = 1 << 15

	period = 500 * time.Millisecond // our own choice: a value comes about each 100 ms
)

// What the part can measure, in m°C.
const (
	minObject  = -70_000
	maxObject  = 380_000
	minHousing = -40_000
	maxHousing = 125_000
)

// Dev is one MLX90614. It is not safe for concurrent use.
type Dev struct{ c i2c.Dev }

// New returns the MLX90614 at addr on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev { return &Dev{i2c.Dev{Bus: bus, Addr: addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "mlx90614",
		Name:      "Melexis MLX90614, one zone",
		Source:    "Melexis MLX90614 datasheet as quoted in Linux's mlx90614 driver",
		Addresses: []uint16{Addr},
		Channels: []drivers.Channel{
			{Name: "object", Quantity: drivers.Temperature, Min: minObject, Max: maxObject},
			{Name: "housing", Quantity: drivers.Temperature, Min: minHousing, Max: maxHousing},
		},
		Period: period,
		Takes:  100 * time.Millisecond,
		Use:    "one hot surface: a bearing, a busbar, a stove",
		Cost:   2,
	}
}

// Start makes sure that the part is the one that was fitted: it knows its own address.
func (d *Dev) Start() (time.Duration, error) {
	word, err := d.word(regAddress)
	if err == nil && word&0xFF != d.c.Addr {
		err = fmt.Errorf("%w: its own address is %#x: another part?", drivers.ErrNoDevice,
			word&0xFF)
	}
	if err != nil {
		return 0, fmt.Errorf("mlx90614 %#x: start: %w", d.c.Addr, err)
	}
	return 0, nil
}

// Read returns the temperature of what the part sees, then that of its housing, both in m°C.
//
// Read fails with drivers.ErrChecksum when a word and its packet error code disagree, with
// drivers.ErrRange when the part flags an error or a temperature is outside its range, and with
// drivers.ErrNoDevice when the part does not answer or has not measured since its power-up.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	object, err := d.temperature(regObject, minObject, maxObject)
	if err != nil {
		return dst, fmt.Errorf("mlx90614 %#x: object: %w", d.c.Addr, err)
	}
	housing, err := d.temperature(regHousing, minHousing, maxHousing)
	if err != nil {
		return dst, fmt.Errorf("mlx90614 %#x: housing: %w", d.c.Addr, err)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: object},
		drivers.Sample{Channel: 1, Quantity: drivers.Temperature, Value: housing},
	), nil
}

// temperature reads a register of 0.02 K a count.
func (d *Dev) temperature(register byte, least, largest int64) (int64, error) {
	raw, err := d.word(register)
	value := 20*int64(raw) - 273_150
	switch {
	case err != nil:
		return 0, err
	case raw == 0: // the memory is empty after power-up
		return 0, fmt.Errorf("read: %w: it has not measured yet", drivers.ErrNoDevice)
	case raw&flagError != 0:
		return 0, fmt.Errorf("read %04x: it flags an error: %w", raw, drivers.ErrRange)
	case value < least || value > largest:
		return 0, fmt.Errorf("read %04x: %s: %w", raw, drivers.Temperature.Text(value),
			drivers.ErrRange)
	}
	return value, nil
}

// word reads a register: low byte, high byte, packet error code.
func (d *Dev) word(register byte) (uint16, error) {
	var b [3]byte
	if err := d.c.Tx([]byte{register}, b[:]); err != nil {
		return 0, fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	header := byte(d.c.Addr << 1)
	if pec(header, register, header|1, b[0], b[1]) != b[2] {
		return 0, fmt.Errorf("register %#x: % x: %w", register, b, drivers.ErrChecksum)
	}
	return uint16(b[1])<<8 | uint16(b[0]), nil
}

// pec is the packet error code of SMBus, over all bytes of the transfer: polynomial 0x07, first
// value 0.
func pec(data ...byte) (crc byte) {
	for _, b := range data {
		crc ^= b
		for range 8 {
			if crc&0x80 != 0 {
				crc = crc<<1 ^ 0x07
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
