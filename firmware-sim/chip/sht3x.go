package chip

import "time"

// SHT3x is a Sensirion SHT30, SHT31 or SHT35: temperature and humidity.
//
// From the datasheet: a command is a word; a read finds nothing until the measurement has ended,
// and then once; the status register tells of a reset and of the heater, and both stay until they
// are cleared; between two commands the part wants a millisecond. Left out: clock stretching, the
// periodic mode, alerts, and the reset by general call.
type SHT3x struct {
	Part
	temperature, humidity int64 // inputs, m°C and m%RH

	until     time.Duration // the part is occupied so long
	next      time.Duration // and takes no command before
	measuring bool
	result    []uint16 // what a read fetches; nil: nothing
	high      byte     // of the command that is being written
	status    uint16
}

// The part's own times, at their longest (tables of the acquisition and of the system timing).
const (
	sht3xHigh  = 15 * time.Millisecond
	sht3xMid   = 6 * time.Millisecond
	sht3xLow   = 4 * time.Millisecond
	sht3xReset = 1500 * time.Microsecond
	sht3xIdle  = time.Millisecond // between two commands
)

// The bits of the status register.
const (
	sht3xAlert    = 1 << 15
	sht3xHeater   = 1 << 13
	sht3xWasReset = 1 << 4
)

// sht3xHeats is by how much the heater warms the part: a few degrees, says the datasheet.
const sht3xHeats = 4_000

// NewSHT3x returns a part that lies at 21 °C and 45 %RH and has been powered for long.
func NewSHT3x(clock Clock) *SHT3x {
	c := &SHT3x{temperature: 21_000, humidity: 45_000}
	c.setUp(clock, "sht3x", c)
	c.until = 0
	return c
}

// SetTemperature sets the temperature of the air, in m°C.
func (c *SHT3x) SetTemperature(milliCelsius int64) {
	c.set(func() { c.temperature = milliCelsius })
}

// SetHumidity sets the relative humidity of the air, in m%RH.
func (c *SHT3x) SetHumidity(milliPercent int64) {
	c.set(func() { c.humidity = milliPercent })
}

func (c *SHT3x) reset(now time.Duration) {
	c.measuring, c.result, c.next = false, nil, 0
	c.status = sht3xAlert | sht3xWasReset
	c.until = now + sht3xReset
}

func (c *SHT3x) advance(now time.Duration) {
	if !c.measuring || now < c.until {
		return
	}
	c.measuring = false
	t := c.temperature
	if c.status&sht3xHeater != 0 {
		t += sht3xHeats
	}
	t = c.sense(0, t, -45_000, 130_000)
	h := c.sense(1, c.humidity, 0, 100_000)
	c.result = []uint16{
		uint16(scaled(t+45_000, 0xFFFF, 175_000)), uint16(scaled(h, 0xFFFF, 100_000)),
	}
}

func (c *SHT3x) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if now < c.until && !c.measuring {
		return nil, false // it starts up
	}
	if !read {
		return nil, !c.measuring && now >= c.next
	}
	if c.result == nil || c.hit(Busy) { // none while it measures
		return nil, false
	}
	words := c.result
	c.result = nil
	return seal(fill(&c.Part, words)), true
}

func (c *SHT3x) take(now time.Duration, i int, b byte) bool {
	switch i {
	case 0:
		c.high = b
		return !c.hit(WrongID) // an SHT4x at the same address: its commands are one byte
	case 1:
		c.next = now + sht3xIdle
		return c.command(now, uint16(c.high)<<8|uint16(b))
	}
	return false
}

func (c *SHT3x) command(now time.Duration, word uint16) bool {
	switch word {
	case 0x2400:
		c.measure(now, sht3xHigh)
	case 0x240B:
		c.measure(now, sht3xMid)
	case 0x2416:
		c.measure(now, sht3xLow)
	case 0xF32D:
		c.result = []uint16{c.status}
	case 0x3041:
		c.status &= sht3xHeater
	case 0x306D:
		c.status |= sht3xHeater
	case 0x3066:
		c.status &^= sht3xHeater
	case 0x30A2:
		c.reset(now)
	default:
		return false
	}
	return true
}

func (c *SHT3x) measure(now, takes time.Duration) {
	c.measuring, c.result = true, nil
	c.until = now + c.stretch(takes)
}
