// Package max3010x drives the Maxim MAX30102 and MAX30105, which light a chamber in red and in
// infrared and count what comes back. It is experimental: smoke scatters the light, and so do dust,
// steam and the chamber itself, and no curve from counts to smoke exists that was made in a smoke
// tunnel. Use it to collect values, not to protect anybody.
//
// The registers are those of the maker's data sheets (19-7740 and 19-100181) as Linux's driver has
// them, drivers/iio/health/max30102.c.
package max3010x

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Addr is the address of the parts.
const Addr = 0x57

const (
	regWrite  = 0x04 // pointers of the FIFO: written, lost, read
	regData   = 0x07
	regConfig = 0x08
	regPart   = 0xFF
)

const part = 0x15

// config are the registers from regConfig on: mean of four samples, red and infrared, 100 samples a
// second of 18 bits up to 4096 nA, an unused register, 7 mA through each of the LEDs.
var config = [6]byte{0b010 << 5, 0b011, 0b01<<5 | 0b001<<2 | 0b11, 0, 0x24, 0x24}

// first is when there is a mean: 40 ms, and as much again for the part's own clock and start.
const first = 80 * time.Millisecond

// saturated is the largest count.
const saturated = 1<<18 - 1

// Dev is one part. It is not safe for concurrent use.
type Dev struct {
	c       i2c.Dev
	started bool
}

// New returns the part on bus. It does not touch the bus.
func New(bus i2c.Bus) *Dev { return &Dev{c: i2c.Dev{Bus: bus, Addr: Addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "max3010x",
		Name:      "Maxim MAX30102, MAX30105 as an optical chamber (experimental)",
		Source:    "Maxim 19-7740 and 19-100181 as quoted in Linux's max30102 driver",
		Addresses: []uint16{Addr},
		Channels: []drivers.Channel{
			{Name: "red", Quantity: drivers.Raw, Min: 1, Max: saturated - 1},
			{Name: "infrared", Quantity: drivers.Raw, Min: 1, Max: saturated - 1},
		},
		Period: 500 * time.Millisecond,
		Takes:  first,
		Use:    "smoke, for trials only",
		Cost:   2,
	}
}

// Start gives the part its settings and empties its FIFO, so that what is read is new.
func (d *Dev) Start() (time.Duration, error) {
	d.started = false
	for _, w := range [][]byte{append([]byte{regConfig}, config[:]...), {regWrite, 0, 0, 0}} {
		if err := d.c.Tx(w, nil); err != nil {
			return 0, fmt.Errorf("max3010x: start: %w: %w", drivers.ErrNoDevice, err)
		}
	}
	d.started = true
	return first, nil
}

// Read returns the counts of red and of infrared light.
//
// Read fails with drivers.ErrNotReady while there is no sample, with drivers.ErrRange when the
// light is more than can be counted or none comes back at all, which no chamber does, and with
// drivers.ErrNoDevice when the part does not answer, is another one, or has lost its settings.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	if err := d.own(); err != nil {
		return dst, err
	}
	var fifo [3]byte
	if err := d.read(regWrite, fifo[:]); err != nil {
		return dst, err
	}
	if fifo[0] == fifo[2] && fifo[1] == 0 {
		return dst, fmt.Errorf("max3010x: read: %w", drivers.ErrNotReady)
	}
	b := [6]byte{0xFF, 0, 0, 0xFF} // unused bits that are set are no counts
	if err := d.read(regData, b[:]); err != nil {
		return dst, err
	}
	if err := d.own(); err != nil { // a reset before the counts would read as darkness
		return dst, err
	}
	red := int64(b[0])<<16 | int64(b[1])<<8 | int64(b[2])
	infrared := int64(b[3])<<16 | int64(b[4])<<8 | int64(b[5])
	switch {
	case max(red, infrared) > saturated:
		return dst, fmt.Errorf("max3010x: read % x: %w: more bits than it has", b,
			drivers.ErrNoDevice)
	case max(red, infrared) == saturated || min(red, infrared) == 0:
		return dst, fmt.Errorf("max3010x: read % x: blinded, or a LED is dark: %w", b,
			drivers.ErrRange)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Raw, Value: red},
		drivers.Sample{Channel: 1, Quantity: drivers.Raw, Value: infrared},
	), nil
}

// own fails unless the part is one and has the settings that Start gave it.
func (d *Dev) own() error {
	var id [1]byte
	if err := d.read(regPart, id[:]); err != nil {
		return err
	}
	var has [len(config)]byte
	if err := d.read(regConfig, has[:]); err != nil {
		return err
	}
	if !d.started || id[0] != part || has != config {
		return fmt.Errorf("max3010x: read: %w: part %02x with settings % x: it was reset, or is "+
			"another part", drivers.ErrNoDevice, id[0], has)
	}
	return nil
}

func (d *Dev) read(register byte, b []byte) error {
	if err := d.c.Tx([]byte{register}, b); err != nil {
		return fmt.Errorf("max3010x: read: %w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}
