package bmx280

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/firepost/firepost/drivers"
)

// calibration are the constants of one part, named as in the datasheet.
type calibration struct {
	t1, t2, t3                         int64
	p1, p2, p3, p4, p5, p6, p7, p8, p9 int64
	h1, h2, h3, h4, h5, h6             int64
}

// raw is what the converter gave: 20 bits of temperature and pressure, 16 of humidity.
type raw struct{ temperature, pressure, humidity int64 }

// measured is what it means: m°C, Pa, m%RH.
type measured struct{ temperature, pressure, humidity int64 }

// load reads the calibration twice: nothing else would tell of a bit that flips, and every value
// from then on would be wrong.
func (d *Dev) load() error {
	var first, second [33]byte
	for _, b := range [][]byte{first[:], second[:]} {
		if err := d.read(regCalibration, b[:26]); err != nil {
			return fmt.Errorf("calibration: %w", err)
		}
		if d.kind == BMP280 {
			continue
		}
		if err := d.read(regHumidity, b[26:]); err != nil {
			return fmt.Errorf("calibration: %w", err)
		}
	}
	if first != second {
		return fmt.Errorf("calibration % x, then % x: %w", first, second, drivers.ErrChecksum)
	}
	for _, empty := range []byte{0x00, 0xFF} {
		if bytes.Count(first[:24], []byte{empty}) == 24 {
			return fmt.Errorf("calibration % x: %w: it is empty", first, drivers.ErrNoDevice)
		}
	}
	d.cal, d.loaded = parse(first), true
	return nil
}

// parse takes the constants from registers 88 to A1, and of humidity from E1 to E7.
func parse(b [33]byte) (c calibration) {
	unsigned := func(i int) int64 { return int64(binary.LittleEndian.Uint16(b[i:])) }
	signed := func(i int) int64 { return int64(int16(binary.LittleEndian.Uint16(b[i:]))) }
	c.t1, c.t2, c.t3 = unsigned(0), signed(2), signed(4)
	c.p1, c.p2, c.p3 = unsigned(6), signed(8), signed(10)
	c.p4, c.p5, c.p6 = signed(12), signed(14), signed(16)
	c.p7, c.p8, c.p9 = signed(18), signed(20), signed(22)
	c.h1, c.h2, c.h3 = int64(b[25]), signed(26), int64(b[28])
	c.h4 = int64(int8(b[29]))<<4 | int64(b[30]&0x0F)
	c.h5 = int64(int8(b[31]))<<4 | int64(b[30]>>4)
	c.h6 = int64(int8(b[32]))
	return c
}

// convert applies the integer formulas of the datasheet.
func (c calibration) convert(r raw) measured {
	fine := c.fine(r.temperature)
	return measured{
		temperature: (fine*25 + 64) >> 7, // 5120 to a degree
		pressure:    c.pressure(r.pressure, fine),
		humidity:    c.humidity(r.humidity, fine),
	}
}

// fine is the temperature in 1/5120 °C.
func (c calibration) fine(raw int64) int64 {
	v := raw>>4 - c.t1
	return (raw>>3-c.t1<<1)*c.t2>>11 + (v*v>>12*c.t3)>>14
}

// pressure is in Pa; 0 when the constants allow none.
func (c calibration) pressure(raw, fine int64) int64 {
	v := fine - 128_000
	offset := v*v*c.p6 + (v*c.p5)<<17 + c.p4<<35
	scale := (1<<47 + v*v*c.p3>>8 + (v*c.p2)<<12) * c.p1 >> 33
	if scale == 0 {
		return 0
	}
	p := ((1<<20-raw)<<31 - offset) * 3125 / scale
	q := p >> 13
	p = (p+c.p9*q*q>>25+c.p8*p>>19)>>8 + c.p7<<4 // 256 to a Pa
	return (p + 128) >> 8
}

// humidity is in m%RH, within 0 to 100 %RH as in the datasheet's formula.
func (c calibration) humidity(raw, fine int64) int64 {
	v := fine - 76_800
	wet := (raw<<14 - c.h4<<20 - c.h5*v + 1<<14) >> 15
	slope := ((v*c.h6>>10)*(v*c.h3>>11+1<<15)>>10 + 1<<21) * c.h2
	h := wet * ((slope + 1<<13) >> 14)
	h -= (h >> 15) * (h >> 15) >> 7 * c.h1 >> 4
	h = min(max(h, 0), 100<<22) // 2^22 to a percent
	return (h*1000 + 1<<21) >> 22
}

// judge refuses what the part cannot measure.
func (m measured) judge() error {
	if m.temperature < minTemperature || m.temperature > maxTemperature {
		return fmt.Errorf("read %s: %w", drivers.Temperature.Text(m.temperature), drivers.ErrRange)
	}
	if m.pressure < minPressure || m.pressure > maxPressure {
		return fmt.Errorf("read %s: %w", drivers.Pressure.Text(m.pressure), drivers.ErrRange)
	}
	return nil
}
