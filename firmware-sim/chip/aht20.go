package chip

import (
	"slices"
	"time"
)

// AHT20 is an ASAIR AHT20: temperature and humidity.
//
// From the manual: a read gives the status, then 20 bits of humidity, 20 bits of temperature and a
// checksum over all of it; while it measures, the busy bit is set and the rest is that of the
// measurement before; without its calibration the status lacks a bit, and the values are wrong.
// That the calibration is not loaded by itself after power-up is the worse of what parts do.
type AHT20 struct {
	Part
	temperature, humidity int64 // inputs, m°C and m%RH

	until      time.Duration // the part is occupied so long
	starting   bool          // by its power-up
	measuring  bool
	calibrated bool
	command    []byte // that is being written
	result     [5]byte
}

// The part's own times, at their longest.
const (
	aht20Measure = 80 * time.Millisecond
	aht20Load    = 10 * time.Millisecond
	aht20PowerUp = 100 * time.Millisecond
	aht20Reset   = 20 * time.Millisecond
)

// NewAHT20 returns a part that lies at 21 °C and 45 %RH and has been powered for long.
func NewAHT20(clock Clock) *AHT20 {
	c := &AHT20{temperature: 21_000, humidity: 45_000}
	c.setUp(clock, "aht20", c)
	c.until = 0
	return c
}

// SetTemperature sets the temperature of the air, in m°C.
func (c *AHT20) SetTemperature(milliCelsius int64) {
	c.set(func() { c.temperature = milliCelsius })
}

// SetHumidity sets the relative humidity of the air, in m%RH.
func (c *AHT20) SetHumidity(milliPercent int64) {
	c.set(func() { c.humidity = milliPercent })
}

func (c *AHT20) reset(now time.Duration) {
	c.measuring, c.calibrated, c.result = false, false, [5]byte{}
	c.starting, c.until = true, now+aht20PowerUp
}

func (c *AHT20) advance(now time.Duration) {
	if now < c.until {
		return
	}
	c.starting = false
	if !c.measuring {
		return
	}
	c.measuring = false
	t := c.sense(0, c.temperature, -50_000, 150_000)
	h := c.sense(1, c.humidity, 0, 100_000)
	if !c.calibrated {
		t, h = t/2, h/2
	}
	t = min(scaled(t+50_000, 1<<20, 200_000), 1<<20-1)
	h = min(scaled(h, 1<<20, 100_000), 1<<20-1)
	c.result = [5]byte{byte(h >> 12), byte(h >> 4), byte(h<<4) | byte(t>>16), byte(t >> 8), byte(t)}
}

func (c *AHT20) address(_ time.Duration, read, _ bool) ([]byte, bool) {
	if c.starting {
		return nil, false
	}
	c.command = c.command[:0]
	if !read {
		return nil, true
	}
	if c.hit(WrongID) { // a PCF8574A at the same address, with nothing on its pins
		return slices.Repeat([]byte{0xFF}, 7), true
	}
	status := byte(0x10)
	if c.calibrated {
		status |= 1 << 3
	}
	if c.measuring || c.hit(Busy) {
		status |= 1 << 7
	}
	answer := fill(&c.Part, append([]byte{status}, c.result[:]...))
	return append(answer, crc(answer...)), true
}

func (c *AHT20) take(now time.Duration, _ int, b byte) bool {
	c.command = append(c.command, b)
	switch {
	case c.measuring:
		return b == 0xBA || len(c.command) > 1
	case slices.Equal(c.command, []byte{0xBE, 0x08, 0x00}):
		c.calibrated, c.until = true, now+aht20Load
	case slices.Equal(c.command, []byte{0xAC, 0x33, 0x00}) && now >= c.until:
		c.measuring, c.until = true, now+c.stretch(aht20Measure)
	case slices.Equal(c.command, []byte{0xBA}):
		c.reset(now)
		c.until = now + aht20Reset
	}
	return len(c.command) <= 3
}
