package chip

import "time"

// SHT4x is a Sensirion SHT40, SHT41 or SHT45: temperature and humidity.
//
// From the datasheet: a command is one byte; while it measures, the part does not acknowledge a
// read; the result can be fetched once. Left out: the heater, and the reset by general call.
type SHT4x struct {
	Part
	temperature, humidity int64 // inputs, m°C and m%RH
	serial                uint32

	until     time.Duration // the part is occupied so long
	measuring bool
	result    []uint16 // what a read fetches; nil: nothing
}

// The part's own times, at their longest (SHT4x datasheet, table of timings).
const (
	sht4xHigh  = 8300 * time.Microsecond
	sht4xMid   = 4500 * time.Microsecond
	sht4xLow   = 1600 * time.Microsecond
	sht4xReset = time.Millisecond // after power-up and after a soft reset
)

// NewSHT4x returns a part that lies at 21 °C and 45 %RH and has been powered for long.
func NewSHT4x(clock Clock) *SHT4x {
	c := &SHT4x{temperature: 21_000, humidity: 45_000, serial: 0x0F1E_2D3C}
	c.setUp(clock, "sht4x", c)
	c.until = 0
	return c
}

// SetTemperature sets the temperature of the air, in m°C.
func (c *SHT4x) SetTemperature(milliCelsius int64) {
	c.set(func() { c.temperature = milliCelsius })
}

// SetHumidity sets the relative humidity of the air, in m%RH.
func (c *SHT4x) SetHumidity(milliPercent int64) {
	c.set(func() { c.humidity = milliPercent })
}

// SetSerial sets the number that the part carries.
func (c *SHT4x) SetSerial(serial uint32) { c.set(func() { c.serial = serial }) }

func (c *SHT4x) reset(now time.Duration) {
	c.measuring, c.result = false, nil
	c.until = now + sht4xReset
}

func (c *SHT4x) advance(now time.Duration) {
	if !c.measuring || now < c.until {
		return
	}
	c.measuring = false
	t := c.sense(0, c.temperature, -45_000, 130_000)
	h := c.sense(1, c.humidity, -6_000, 119_000)
	c.result = []uint16{
		uint16(scaled(t+45_000, 0xFFFF, 175_000)),
		uint16(scaled(h+6_000, 0xFFFF, 125_000)),
	}
}

func (c *SHT4x) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if now < c.until && !c.measuring {
		return nil, false // it starts up
	}
	if !read {
		return nil, true
	}
	if c.result == nil || c.hit(Busy) { // none while it measures
		return nil, false
	}
	words := c.result
	c.result = nil
	return seal(fill(&c.Part, words)), true
}

func (c *SHT4x) take(now time.Duration, i int, b byte) bool {
	if i > 0 {
		return false // a command is one byte
	}
	if b == 0x94 {
		c.reset(now)
		return true
	}
	if c.measuring {
		return false
	}
	switch b {
	case 0xFD:
		c.measure(now, sht4xHigh)
	case 0xF6:
		c.measure(now, sht4xMid)
	case 0xE0:
		c.measure(now, sht4xLow)
	case 0x89:
		serial := c.serial
		if c.hit(WrongID) {
			serial = ^serial
		}
		c.result = []uint16{uint16(serial >> 16), uint16(serial)}
	default:
		return false
	}
	return true
}

func (c *SHT4x) measure(now, takes time.Duration) {
	c.measuring, c.result = true, nil
	c.until = now + c.stretch(takes)
}
