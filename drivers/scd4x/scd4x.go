// Package scd4x drives the Sensirion SCD40, SCD41 and SCD43 sensors of carbon dioxide.
//
// Datasheet: Sensirion SCD4x, version 1.3, September 2022. Its example of a measurement prints 7B
// for the checksum of 01F4; 33 is right. A command needs its execution time before its answer can
// be read, so each Read collects the answer to one command and gives the next.
package scd4x

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the only address of the part.
const Addr = 0x62

const (
	cmdStart  = 0x21B1
	cmdReady  = 0xE4B8
	cmdValues = 0xEC05
	readyMask = 0x07FF // nothing but zeros there: no value
)

const (
	period   = 5 * time.Second      // between two values of the part
	first    = 5 * time.Second      // from the start of the measurement to the first value
	patience = 24                   // answers "not ready" in a row: it has stopped measuring
	fetching = 2 * time.Millisecond // 1 ms of cmdReady and cmdValues, and a margin
)

// What the part can measure. No air is without carbon dioxide: 0 ppm is what the part says when it
// did not measure. The temperature is that of the SHT4x inside it.
const (
	maxCO2         = 40_000
	minTemperature = -40_000
	maxTemperature = 125_000
	maxHumidity    = 100_000
)

// Dev is one SCD4x. It is not safe for concurrent use.
type Dev struct {
	c        i2c.Dev
	started  bool
	pending  uint16 // the command whose answer is not collected yet; 0: none
	notReady int    // answers "not ready" since the last value
}

// New returns the SCD4x on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev { return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "scd4x",
		Name:      "Sensirion SCD40, SCD41, SCD43",
		Source:    "Sensirion SCD4x datasheet, version 1.3, September 2022",
		Addresses: []uint16{Addr},
		Channels: []drivers.Channel{
			{Name: "co2", Quantity: drivers.CO2, Max: maxCO2 * 1000},
			{Name: "temperature", Quantity: drivers.Temperature,
				Min: minTemperature, Max: maxTemperature},
			{Name: "humidity", Quantity: drivers.Humidity, Max: maxHumidity},
		},
		Period: period,
		Takes:  period,
		Use:    "the air of a crowded room; fermentation and dry ice in a cellar",
		Cost:   3,
	}
}

// Start asks whether there is a value. A part that is not known to measure is started first; its
// first value comes after 5 s. One that measures already, because the agent was restarted and not
// the part, may refuse that and then answers the question.
func (d *Dev) Start() (time.Duration, error) {
	if !d.started && d.send(cmdStart) == nil {
		d.started, d.pending, d.notReady = true, 0, 0
		return first, nil
	}
	if err := d.ask(cmdReady); err != nil {
		return 0, fmt.Errorf("scd4x %#x: start: %w", d.c.Addr, err)
	}
	d.started = true
	return fetching, nil
}

// Read returns carbon dioxide in ppb, then the temperature in m°C, which is a little above that of
// the air for the part warms itself, then the humidity in m%RH. A value takes two or more calls:
// the answer that there is one, and the value.
//
// Read fails with drivers.ErrNotReady until then, with drivers.ErrChecksum when a word and its CRC
// disagree, with drivers.ErrRange when carbon dioxide is 0 or above 40,000 ppm or the temperature
// outside -40…125 °C, and with drivers.ErrNoDevice when the part does not answer or has stopped
// measuring; the next Start then starts it again.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	values, err := d.read()
	if err != nil {
		return dst, fmt.Errorf("scd4x %#x: read: %w", d.c.Addr, err)
	}
	return append(dst, values[:]...), nil
}

func (d *Dev) read() (values [3]drivers.Sample, err error) {
	switch pending := d.pending; pending {
	case 0:
		return values, d.next(cmdReady)
	case cmdReady:
		var b [3]byte
		if err := d.collect(b[:]); err != nil {
			return values, err
		}
		if (uint16(b[0])<<8|uint16(b[1]))&readyMask != 0 {
			return values, d.next(cmdValues)
		}
		return values, d.wait()
	}
	var b [9]byte
	if err := d.collect(b[:]); err != nil {
		return values, err
	}
	d.notReady = 0
	return convert(b)
}

// wait counts an answer "not ready" and asks again.
func (d *Dev) wait() error {
	d.notReady++
	if d.notReady >= patience {
		d.started, d.notReady = false, 0
		return fmt.Errorf("%w: it has stopped measuring", drivers.ErrNoDevice)
	}
	return d.next(cmdReady)
}

// next gives a command whose answer the next Read collects.
func (d *Dev) next(command uint16) error {
	if err := d.ask(command); err != nil {
		return err
	}
	return drivers.ErrNotReady
}

func (d *Dev) ask(command uint16) error {
	d.pending = 0
	if err := d.send(command); err != nil {
		return err
	}
	d.pending = command
	return nil
}

func (d *Dev) send(command uint16) error {
	if err := d.c.Tx([]byte{byte(command >> 8), byte(command)}, nil); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}

// collect reads the answer to the command that is pending: words of two bytes and a CRC.
func (d *Dev) collect(b []byte) error {
	d.pending = 0
	if err := d.c.Tx(nil, b); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	if !drivers.WordsAgree(b) {
		return fmt.Errorf("% x: %w", b, drivers.ErrChecksum)
	}
	return nil
}

// convert applies the formulas of the datasheet: ppm, -45 + 175 t/65535 °C and 100 h/65535 %RH.
func convert(b [9]byte) (values [3]drivers.Sample, err error) {
	ppm := int64(b[0])<<8 | int64(b[1])
	t, h := int64(b[3])<<8|int64(b[4]), int64(b[6])<<8|int64(b[7])
	temperature := -45_000 + (175_000*t+32_767)/65_535
	if ppm == 0 || ppm > maxCO2 || temperature < minTemperature || temperature > maxTemperature {
		return values, fmt.Errorf("% x: %d ppm at %s: %w", b, ppm,
			drivers.Temperature.Text(temperature), drivers.ErrRange)
	}
	return [3]drivers.Sample{
		{Channel: 0, Quantity: drivers.CO2, Value: ppm * 1000},
		{Channel: 1, Quantity: drivers.Temperature, Value: temperature},
		{Channel: 2, Quantity: drivers.Humidity, Value: (maxHumidity*h + 32_767) / 65_535},
	}, nil
}
