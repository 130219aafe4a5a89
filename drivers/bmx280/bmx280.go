// Package bmx280 drives the Bosch BME280 (temperature, humidity, pressure) and BMP280 (temperature,
// pressure). The two look alike and answer at the same addresses: what is sold as the one is often
// the other, so that the part is asked who it is before each measurement.
//
// Registers, times and formulas are those of the maker's datasheet (BST-BME280-DS001) as Linux's
// driver, drivers/iio/pressure/bmp280-core.c, and periph's devices/bmxx80 have them. Nothing of
// what the part says has a checksum: the calibration is read twice, and a bit that flips in a value
// is not noticed as long as the value stays in range.
package bmx280

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Kind is one of the two parts.
type Kind uint8

// The parts. The zero value is the BME280.
const (
	BME280 Kind = iota
	BMP280
)

func (k Kind) model() string {
	if k == BMP280 {
		return "bmp280"
	}
	return "bme280"
}

func (k Kind) id() byte {
	if k == BMP280 {
		return 0x58
	}
	return 0x60
}

const (
	regCalibration = 0x88 // 26 bytes, and 7 more of humidity
	regHumidity    = 0xE1
	regID          = 0xD0
	regControlHum  = 0xF2 // and status, control, configuration, one unused, and the values
	regControl     = 0xF4
	regConfig      = 0xF5

	oversample4  = 3 // four times: the noise then moves the last bits, see skipped
	settings     = oversample4<<5 | oversample4<<2
	modeForced   = 1 // one measurement; then the part sleeps and the bits are 0
	modeMask     = 3
	statusBusy   = 1 << 3
	skippedTwo   = 0x80000 // of temperature and pressure: not measured
	skippedThree = 0x8000  // of humidity

	measureTime = 30500 * time.Microsecond // four times each: 30 ms at the longest
	period      = 500 * time.Millisecond   // our own choice
	patience    = 20                       // answers "busy" in a row: it hangs
	doubts      = 3                        // "not measured" in a row: it is true
)

// What Read accepts, in m°C and Pa. The parts are specified from -40 to 85 °C; they go on above,
// and a fire must not be refused as implausible.
const (
	minTemperature = -40_000
	maxTemperature = 125_000
	maxHumidity    = 100_000
	minPressure    = 30_000
	maxPressure    = 110_000
)

// Dev is one BME280 or BMP280. It is not safe for concurrent use.
type Dev struct {
	c       i2c.Dev
	kind    Kind
	loaded  bool // the calibration
	cal     calibration
	busy    int // answers "busy" since the last value
	skipped int // answers "not measured" since the last value
}

// New returns the part at addr on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16, kind Kind) *Dev {
	return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}, kind: kind}
}

// Describe returns what is known of the part without asking it.
func Describe(kind Kind) drivers.Descriptor {
	d := drivers.Descriptor{
		Model:     kind.model(),
		Name:      "Bosch BME280",
		Source:    "Bosch BST-BME280-DS001 as quoted in Linux's bmp280 and periph's bmxx80 drivers",
		Addresses: []uint16{0x76, 0x77}, // pin SDO to ground, to the supply
		Channels: []drivers.Channel{
			{Name: "temperature", Quantity: drivers.Temperature,
				Min: minTemperature, Max: maxTemperature},
			{Name: "pressure", Quantity: drivers.Pressure, Min: minPressure, Max: maxPressure},
		},
		Period: period,
		Takes:  measureTime,
		Use:    "the heat of a room, and the pressure of the air",
		Cost:   2,
	}
	if kind == BMP280 {
		d.Name = "Bosch BMP280"
		return d
	}
	d.Channels = append(d.Channels, drivers.Channel{Name: "humidity",
		Quantity: drivers.Humidity, Max: maxHumidity})
	return d
}

// Start makes sure that the part is the one that was fitted, reads its calibration if it is not
// known yet, and begins one measurement with all settings: a part that lost them has them again.
func (d *Dev) Start() (time.Duration, error) {
	err := d.identify()
	if err == nil && !d.loaded {
		err = d.load()
	}
	if err == nil {
		d.busy, d.skipped = 0, 0
		err = d.measure()
	}
	if err != nil {
		d.loaded = false
		return 0, fmt.Errorf("%s %#x: start: %w", d.kind.model(), d.c.Addr, err)
	}
	return measureTime, nil
}

func (d *Dev) identify() error {
	var id [1]byte
	if err := d.read(regID, id[:]); err != nil {
		return err
	}
	for _, k := range []Kind{BME280, BMP280} {
		if id[0] == k.id() && k != d.kind {
			return fmt.Errorf("%w: it is another part; write model = %q", drivers.ErrNoDevice,
				k.model())
		}
	}
	if id[0] != d.kind.id() {
		return fmt.Errorf("%w: its identity is %#x, not %#x: another part?", drivers.ErrNoDevice,
			id[0], d.kind.id())
	}
	return nil
}

// measure gives all settings and begins one measurement. The setting of humidity counts from the
// next write of the control register on, so that it comes first.
func (d *Dev) measure() error {
	commands := []byte{regConfig, 0, regControl, settings | modeForced}
	if d.kind == BME280 {
		commands = append([]byte{regControlHum, oversample4}, commands...)
	}
	if err := d.c.Tx(commands, nil); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}

// Read returns the temperature in m°C, then the pressure in Pa, then, of a BME280, the humidity in
// m%RH.
//
// Read fails with drivers.ErrNotReady while the part measures, with drivers.ErrRange when a value
// is outside -40…125 °C or 300…1100 hPa or a channel stays without a measurement, and with
// drivers.ErrNoDevice when the part does not answer, never ends, or does not have the settings of
// Start: it was reset in between, or used by another.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	m, err := d.fetch()
	if err == nil {
		err = m.judge()
	}
	if err != nil {
		return dst, fmt.Errorf("%s %#x: %w", d.kind.model(), d.c.Addr, err)
	}
	dst = append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: m.temperature},
		drivers.Sample{Channel: 1, Quantity: drivers.Pressure, Value: m.pressure})
	if d.kind == BME280 {
		dst = append(dst,
			drivers.Sample{Channel: 2, Quantity: drivers.Humidity, Value: m.humidity})
	}
	return dst, nil
}

// fetch reads settings, status and values in one burst, so that the values belong to the settings.
func (d *Dev) fetch() (measured, error) {
	var b [13]byte // F2 control of humidity, F3 status, F4 control, F5, F6, pressure from F7 on
	if err := d.read(regControlHum, b[:]); err != nil {
		d.loaded = false
		return measured{}, fmt.Errorf("read: %w", err)
	}
	if b[2]&^modeMask != settings || d.kind == BME280 && b[0] != oversample4 {
		d.loaded = false
		return measured{}, fmt.Errorf("read % x: %w: it was reset or used by another", b,
			drivers.ErrNoDevice)
	}
	if b[1]&statusBusy != 0 || b[2]&modeMask != 0 {
		if d.busy++; d.busy < patience {
			return measured{}, drivers.ErrNotReady
		}
		d.loaded = false
		return measured{}, fmt.Errorf("read % x: %w: it never ends", b, drivers.ErrNoDevice)
	}
	r := raw{
		pressure:    int64(b[5])<<12 | int64(b[6])<<4 | int64(b[7])>>4,
		temperature: int64(b[8])<<12 | int64(b[9])<<4 | int64(b[10])>>4,
		humidity:    int64(b[11])<<8 | int64(b[12]),
	}
	if r.temperature == skippedTwo || r.pressure == skippedTwo ||
		d.kind == BME280 && r.humidity == skippedThree {
		return measured{}, d.again(b[:])
	}
	return d.cal.convert(r), nil
}

// again measures once more when a channel has the code of "not measured". Near 26 °C the code is
// also a value, but then the noise soon gives another.
func (d *Dev) again(b []byte) error {
	if d.skipped++; d.skipped >= doubts {
		return fmt.Errorf("read % x: a channel is not measured: %w", b, drivers.ErrRange)
	}
	if err := d.measure(); err != nil {
		return fmt.Errorf("measure: %w", err)
	}
	return drivers.ErrNotReady
}

func (d *Dev) read(register byte, b []byte) error {
	if err := d.c.Tx([]byte{register}, b); err != nil {
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}
