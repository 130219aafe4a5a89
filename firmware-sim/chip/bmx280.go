package chip

import (
	"slices"
	"sort"
	"time"
)

// BMX280 is a Bosch BME280 (temperature, pressure, humidity) or BMP280 (without humidity).
//
// From the datasheet: registers behind a pointer that counts up in a read; a write is pairs of
// register and value; in forced mode the part measures once and then sleeps, its mode bits 0; the
// setting of humidity counts from the next write of the control register on; what is not measured
// reads 0x80000 or 0x8000. The values are those that the datasheet's floating-point formulas turn
// into the inputs. Left out: normal mode, the filter, SPI.
type BMX280 struct {
	Part
	humid                           bool  // a BME280
	temperature, pressure, humidity int64 // inputs, m°C, Pa, m%RH

	until     time.Duration // it starts up
	done      time.Duration // the measurement ends
	measuring bool
	pointer   byte
	control   byte // F4
	config    byte // F5
	controlH  byte // F2
	activeH   byte // the one that counts
	values    [8]byte
}

// bmx280Calibration is that of a real part: registers 88 to A1, then E1 to E7.
var bmx280Calibration = [33]byte{
	0x10, 0x6E, 0x6C, 0x66, 0x32, 0x00, 0x5D, 0x95, 0xB8, 0xD5, 0xD0, 0x0B, 0x77, 0x1E, 0x9D, 0xFF,
	0xF9, 0xFF, 0xAC, 0x26, 0x0A, 0xD8, 0xBD, 0x10, 0x00, 0x4B,
	0x6E, 0x01, 0x00, 0x13, 0x05, 0x00, 0x1E,
}

// bmx280StartUp is the time from the supply to the first communication.
const bmx280StartUp = 2 * time.Millisecond

// NewBME280 returns a part at 21 °C, 1000 hPa and 45 %RH that has been powered for long.
func NewBME280(clock Clock) *BMX280 { return newBMX280(clock, true) }

// NewBMP280 returns a part at 21 °C and 1000 hPa that has been powered for long.
func NewBMP280(clock Clock) *BMX280 { return newBMX280(clock, false) }

func newBMX280(clock Clock, humid bool) *BMX280 {
	c := &BMX280{humid: humid, temperature: 21_000, pressure: 100_000, humidity: 45_000}
	c.setUp(clock, "bmx280", c)
	c.until = 0
	return c
}

// SetTemperature sets the temperature of the air, in m°C.
func (c *BMX280) SetTemperature(milliCelsius int64) {
	c.set(func() { c.temperature = milliCelsius })
}

// SetPressure sets the pressure of the air, in Pa.
func (c *BMX280) SetPressure(pascal int64) { c.set(func() { c.pressure = pascal }) }

// SetHumidity sets the relative humidity of the air, in m%RH.
func (c *BMX280) SetHumidity(milliPercent int64) { c.set(func() { c.humidity = milliPercent }) }

func (c *BMX280) reset(now time.Duration) {
	c.until, c.measuring = now+bmx280StartUp, false
	c.pointer, c.control, c.config, c.controlH, c.activeH = 0, 0, 0, 0, 0
	c.values = [8]byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0}
	if !c.humid {
		c.values[6] = 0
	}
}

func (c *BMX280) advance(now time.Duration) {
	if !c.measuring || now < c.done {
		return
	}
	if c.hit(Busy) {
		c.done = now + c.takes()
		return
	}
	c.measuring = false
	c.control &^= 3
	c.convert()
}

// oversampling is how often a value is taken, by its three bits of the setting.
func oversampling(bits byte) int { return [8]int{0, 1, 2, 4, 8, 16, 16, 16}[bits&7] }

// takes is the longest time of one measurement.
func (c *BMX280) takes() time.Duration {
	t, p := oversampling(c.control>>5), oversampling(c.control>>2)
	h := oversampling(c.activeH)
	micro := 1250 + 2300*(t+p+h)
	if p > 0 {
		micro += 575
	}
	if h > 0 {
		micro += 575
	}
	return c.stretch(time.Duration(micro) * time.Microsecond)
}

func (c *BMX280) convert() {
	t := c.raw20(oversampling(c.control>>5), float64(c.sense(0, c.temperature, -60_000, 200_000))/1000,
		func(raw float64) float64 { return fine280(raw) / 5120 })
	fine := fine280(float64(t))
	p := c.raw20(oversampling(c.control>>2), -float64(c.sense(1, c.pressure, 20_000, 120_000)),
		func(raw float64) float64 { return -pressure280(raw, fine) })
	c.values = [8]byte{byte(p >> 12), byte(p >> 4), byte(p << 4),
		byte(t >> 12), byte(t >> 4), byte(t << 4)}
	if !c.humid {
		return
	}
	h := 0x8000
	if oversampling(c.activeH) > 0 {
		want := float64(c.sense(2, c.humidity, 0, 100_000)) / 1000
		h = min(nearest(1<<16, want, func(r float64) float64 { return humidity280(r, fine) }), 0xFFFF)
	}
	c.values[6], c.values[7] = byte(h>>8), byte(h)
}

// raw20 is what the converter gives so that the formula, which rises with it, gives want. It has 16
// bits, and one more for each doubling of the oversampling.
func (c *BMX280) raw20(times int, want float64, formula func(raw float64) float64) int {
	if times == 0 {
		return 0x80000
	}
	step := 16 / times
	return min(nearest(1<<20, want, formula)/step*step, 1<<20-step)
}

func nearest(n int, want float64, formula func(raw float64) float64) int {
	return sort.Search(n, func(raw int) bool { return formula(float64(raw)) >= want })
}

// constant is the 16-bit calibration at a byte of bmx280Calibration.
func constant(i int) float64 {
	word := uint16(bmx280Calibration[i]) | uint16(bmx280Calibration[i+1])<<8
	if i == 0 || i == 6 { // T1 and P1 have no sign
		return float64(word)
	}
	return float64(int16(word))
}

// fine280 is t_fine of the datasheet's floating-point formulas; 5120 to a degree.
func fine280(raw float64) float64 {
	v := raw/131072 - constant(0)/8192
	return (raw/16384-constant(0)/1024)*constant(2) + v*v*constant(4)
}

// pressure280 is in Pa.
func pressure280(raw, fine float64) float64 {
	v := fine/2 - 64_000
	offset := v*v*constant(16)/32768 + v*constant(14)*2
	offset = offset/4 + constant(12)*65536
	scale := (constant(10)*v*v/524288 + constant(8)*v) / 524288
	scale = (1 + scale/32768) * constant(6)
	p := (1048576 - raw - offset/4096) * 6250 / scale
	return p + (constant(22)*p*p/2147483648+p*constant(20)/32768+constant(18))/16
}

// humidity280 is in %RH.
func humidity280(raw, fine float64) float64 {
	b := bmx280Calibration
	h1, h2, h3, h6 := float64(b[25]), constant(26), float64(b[28]), float64(int8(b[32]))
	h4 := float64(int(int8(b[29]))<<4 | int(b[30]&0x0F))
	h5 := float64(int(int8(b[31]))<<4 | int(b[30]>>4))
	v := fine - 76_800
	h := (raw - (h4*64 + h5/16384*v)) * (h2 / 65536 * (1 + h6/67108864*v*(1+h3/67108864*v)))
	return h * (1 - h1*h/524288)
}

func (c *BMX280) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if now < c.until {
		return nil, false
	}
	if !read {
		return nil, true
	}
	answer := make([]byte, 0, 32)
	for r := int(c.pointer); r <= 0xFF && len(answer) < cap(answer); r++ {
		answer = append(answer, c.register(byte(r)))
	}
	return fill(&c.Part, answer), true
}

func (c *BMX280) register(r byte) byte {
	switch {
	case r >= 0x88 && r <= 0xA1:
		return bmx280Calibration[r-0x88]
	case r >= 0xE1 && r <= 0xE7 && c.humid:
		return bmx280Calibration[r-0xE1+26]
	case r >= 0xF7 && r <= 0xFE:
		return c.values[r-0xF7]
	}
	switch r {
	case 0xD0:
		return c.identity()
	case 0xF2:
		return c.controlH
	case 0xF3:
		if c.measuring {
			return 1 << 3
		}
	case 0xF4:
		return c.control
	case 0xF5:
		return c.config
	}
	return 0
}

// identity is another Bosch part's when it was swapped: what is sold as the one is the other.
func (c *BMX280) identity() byte {
	if c.humid != c.hit(WrongID) {
		return 0x60
	}
	return 0x58
}

func (c *BMX280) take(now time.Duration, i int, b byte) bool {
	if i%2 == 0 {
		c.pointer = b
		return true
	}
	switch c.pointer {
	case 0xE0:
		if b == 0xB6 {
			c.reset(now)
		}
	case 0xF2:
		if c.humid {
			c.controlH = b & 7
		}
	case 0xF4:
		c.control, c.activeH = b, c.controlH
		if slices.Contains([]byte{1, 2}, b&3) && !c.measuring {
			c.measuring, c.done = true, now+c.takes()
		}
	case 0xF5:
		c.config = b
	}
	return true
}
