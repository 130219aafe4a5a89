// Package aht20 drives the ASAIR AHT20 temperature and humidity sensor.
//
// Commands, status bits and formulas are the maker's (AHT20 product manual) as Linux's driver of
// the AHT10 family, drivers/hwmon/aht10.c, and periph's devices/aht20 have them; the checksum is
// Sensirion's, over six bytes. The part has no identity.
package aht20

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the only address of the part.
const Addr = 0x38

const (
	statusBusy       = 1 << 7
	statusCalibrated = 1 << 3 // its calibration is loaded; without it the values are wrong

	measureTime = 80 * time.Millisecond
	loadTime    = 10 * time.Millisecond
	period      = 2 * time.Second // faster, the part warms itself
	patience    = 20              // answers "busy" in a row: it hangs
)

// What Read accepts, in m°C and m%RH. The part is specified up to 85 °C; it goes on converting
// above, and a fire must not be refused as implausible. A bus that is stuck reads -50 or 150 °C.
const (
	minTemperature = -40_000
	maxTemperature = 125_000
	maxHumidity    = 100_000
)

// Dev is one AHT20. It is not safe for concurrent use.
type Dev struct {
	c       i2c.Dev
	loaded  bool // the part is known to have its calibration
	loading bool // Start asked it to load, and not yet to measure
	busy    int  // answers "busy" since the last value
}

// New returns the AHT20 at addr on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev { return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "aht20",
		Name:      "ASAIR AHT20 (AHT21, AHT25)",
		Source:    "ASAIR AHT20 manual as quoted in Linux's aht10 and periph's aht20 drivers",
		Addresses: []uint16{Addr},
		Channels: []drivers.Channel{
			{Name: "temperature", Quantity: drivers.Temperature,
				Min: minTemperature, Max: maxTemperature},
			{Name: "humidity", Quantity: drivers.Humidity, Max: maxHumidity},
		},
		Period: period,
		Takes:  measureTime,
		Use:    "the heat of a room, where price counts",
		Cost:   1,
	}
}

// Start begins one measurement. A part that is not known to have its calibration is asked first,
// and told to load it; the measurement then begins with the first Read.
func (d *Dev) Start() (time.Duration, error) {
	wait, err := d.start()
	if err != nil {
		return 0, fmt.Errorf("aht20 %#x: start: %w", d.c.Addr, err)
	}
	return wait, nil
}

func (d *Dev) start() (time.Duration, error) {
	d.loading = false
	if !d.loaded {
		var status [1]byte
		if err := d.c.Tx(nil, status[:]); err != nil {
			return 0, fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
		}
		if status[0]&statusCalibrated == 0 {
			d.loading = true
			return loadTime, d.write(0xBE, 0x08, 0x00)
		}
		d.loaded = true
	}
	return measureTime, d.measure()
}

func (d *Dev) measure() error { return d.write(0xAC, 0x33, 0x00) }

// Read returns the temperature in m°C, then the humidity in m%RH.
//
// Read fails with drivers.ErrNotReady while the part measures, with drivers.ErrChecksum when the
// six bytes and their CRC disagree, with drivers.ErrRange when the temperature is outside
// -40…125 °C, and with drivers.ErrNoDevice when the part does not answer, never ends, or has lost
// its calibration, which the next Start loads again.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	temperature, humidity, err := d.read()
	if err != nil {
		return dst, fmt.Errorf("aht20 %#x: %w", d.c.Addr, err)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: temperature},
		drivers.Sample{Channel: 1, Quantity: drivers.Humidity, Value: humidity},
	), nil
}

func (d *Dev) read() (temperature, humidity int64, err error) {
	if d.loading {
		if err := d.measure(); err != nil {
			return 0, 0, fmt.Errorf("measure: %w", err)
		}
		d.loading = false
		return 0, 0, drivers.ErrNotReady
	}
	var b [7]byte // status, 20 bits of humidity, 20 bits of temperature, CRC
	if err := d.c.Tx(nil, b[:]); err != nil {
		d.loaded = false
		return 0, 0, fmt.Errorf("read: %w: %w", drivers.ErrNoDevice, err)
	}
	if err := d.judge(b[:]); err != nil {
		return 0, 0, fmt.Errorf("read % x: %w", b, err)
	}
	h := int64(b[1])<<12 | int64(b[2])<<4 | int64(b[3])>>4
	t := int64(b[3]&0x0F)<<16 | int64(b[4])<<8 | int64(b[5])
	temperature, humidity = -50_000+rounded(200_000*t), rounded(100_000*h)
	if temperature < minTemperature || temperature > maxTemperature {
		return 0, 0, fmt.Errorf("read % x: %s: %w", b, drivers.Temperature.Text(temperature),
			drivers.ErrRange)
	}
	return temperature, humidity, nil
}

// judge tells whether an answer is a measurement. The busy bit comes first: the rest of a busy
// answer is that of the measurement before.
func (d *Dev) judge(b []byte) error {
	if b[0]&statusBusy != 0 {
		if d.busy++; d.busy < patience {
			return drivers.ErrNotReady
		}
		d.busy, d.loaded = 0, false
		return fmt.Errorf("%w: it never ends", drivers.ErrNoDevice)
	}
	d.busy = 0
	if drivers.CRC8(b[:6]) != b[6] {
		return drivers.ErrChecksum
	}
	if b[0]&statusCalibrated == 0 {
		d.loaded = false
		return fmt.Errorf("%w: it has lost its calibration", drivers.ErrNoDevice)
	}
	return nil
}

// rounded divides by 2^20, to the nearest.
func rounded(product int64) int64 { return (product + 1<<19) >> 20 }

func (d *Dev) write(command ...byte) error {
	if err := d.c.Tx(command, nil); err != nil {
		d.loaded = false
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}
