// Package amg8833 drives the Panasonic Grid-EYE AMG8833, a picture of heat of 8 by 8 pixels. It
// gives the hottest pixel and the temperature of the part itself.
//
// Registers and scales are the maker's (Grid-EYE reference specification) as Linux's driver,
// drivers/media/i2c/video-i2c.c, has them. The part has no identity and no checksum: what tells it
// from another one, and from itself after a reset, is that it keeps a mark in a register that it
// does not use here, the threshold of its interrupt.
package amg8833

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

const (
	regPower      = 0x00 // 0: normal
	regReset      = 0x01
	regRate       = 0x02 // 0: 10 pictures in a second
	regMark       = 0x08 // low byte of the upper threshold, 0 after a reset
	regThermistor = 0x0E
	regPixels     = 0x80
	initialReset  = 0x3F
	mark          = 0xA5

	setUpTime = 250 * time.Millisecond // our own choice: two pictures and a half
	period    = 500 * time.Millisecond // our own choice: a picture is 12 ms of the bus
)

// What Read accepts, in m°C. The part is specified for 0 to 80 °C; a pixel can tell up to
// 511.75 °C, and a fire must not be refused as implausible.
const (
	minPixel = -20_000
	maxPixel = 511_750
	minSelf  = -20_000
	maxSelf  = 100_000
)

// Dev is one AMG8833. It is not safe for concurrent use.
type Dev struct {
	c     i2c.Dev
	setUp bool
}

// New returns the AMG8833 at addr on bus. It does not touch the bus.
func New(bus i2c.Bus, addr uint16) *Dev { return &Dev{c: i2c.Dev{Bus: bus, Addr: addr}} }

// Describe returns what is known of the part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:     "amg8833",
		Name:      "Panasonic Grid-EYE AMG8833, hottest of 64 pixels",
		Source:    "Panasonic Grid-EYE specification as quoted in Linux's video-i2c driver",
		Addresses: []uint16{0x69, 0x68}, // pin AD_SELECT to the supply, to ground
		Channels: []drivers.Channel{
			{Name: "hottest", Quantity: drivers.Temperature, Min: minPixel, Max: maxPixel},
			{Name: "housing", Quantity: drivers.Temperature, Min: minSelf, Max: maxSelf},
		},
		Period: period,
		Takes:  100 * time.Millisecond,
		Use:    "a hot spot from afar: a hood, a switchboard, a charging battery",
		Cost:   3,
	}
}

// Start sets the part up when it is not known to be; it then makes pictures by itself.
func (d *Dev) Start() (time.Duration, error) {
	if d.setUp {
		return 0, nil
	}
	for _, c := range [][]byte{
		{regPower, 0}, {regReset, initialReset}, {regRate, 0}, {regMark, mark},
	} {
		if err := d.c.Tx(c, nil); err != nil {
			return 0, fmt.Errorf("amg8833 %#x: start: %w: %w", d.c.Addr, drivers.ErrNoDevice, err)
		}
	}
	d.setUp = true
	return setUpTime, nil
}

// Read returns the temperature of the hottest pixel, then that of the part, both in m°C.
//
// Read fails with drivers.ErrRange when all pixels are equal, which no picture of a room is, or a
// value is not one of the part's, and with drivers.ErrNoDevice when the part does not answer or has
// lost its mark: it was reset, or is another one. The next Start then sets it up again.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	hottest, self, err := d.read()
	if err != nil {
		return dst, fmt.Errorf("amg8833 %#x: %w", d.c.Addr, err)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: hottest},
		drivers.Sample{Channel: 1, Quantity: drivers.Temperature, Value: self},
	), nil
}

func (d *Dev) read() (hottest, self int64, err error) {
	var b [regThermistor - regMark + 2]byte // from the mark to the thermistor
	if err := d.fetch(regMark, b[:]); err != nil {
		return 0, 0, err
	}
	if b[0] != mark {
		d.setUp = false
		return 0, 0, fmt.Errorf("read % x: %w: its mark is gone: it was reset, or is another part",
			b, drivers.ErrNoDevice)
	}
	low, high := b[len(b)-2], b[len(b)-1]
	self = int64(low) | int64(high&0x07)<<8 // sign and magnitude
	if high&0x08 != 0 {
		self = -self
	}
	self = self * 125 / 2 // a sixteenth of a degree
	if high > 0x0F || self < minSelf || self > maxSelf {
		return 0, 0, fmt.Errorf("read thermistor %02x%02x: %w", high, low, drivers.ErrRange)
	}
	var pixels [128]byte
	if err := d.fetch(regPixels, pixels[:]); err != nil {
		return 0, 0, err
	}
	hottest, err = hottestOf(pixels)
	return hottest, self, err
}

// hottestOf looks through a picture; a pixel has twelve bits, in two's complement.
func hottestOf(pixels [128]byte) (int64, error) {
	hottest, coldest := int64(minPixel)-1, int64(maxPixel)+1
	for i := 0; i < len(pixels); i += 2 {
		low, high := pixels[i], pixels[i+1]
		v := int64(int16(uint16(high)<<12|uint16(low)<<4)>>4) * 250 // a quarter of a degree
		if high > 0x0F {
			return 0, fmt.Errorf("read pixel %d: %02x%02x: %w", i/2, high, low, drivers.ErrRange)
		}
		hottest, coldest = max(hottest, v), min(coldest, v)
	}
	if hottest == coldest || hottest < minPixel {
		return 0, fmt.Errorf("read: all pixels at most %s, and the coldest %s: %w",
			drivers.Temperature.Text(hottest), drivers.Temperature.Text(coldest), drivers.ErrRange)
	}
	return hottest, nil
}

func (d *Dev) fetch(register byte, b []byte) error {
	if err := d.c.Tx([]byte{register}, b); err != nil {
		d.setUp = false
		return fmt.Errorf("read: %w: %w", drivers.ErrNoDevice, err)
	}
	return nil
}
