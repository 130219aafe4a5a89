package chip

import "time"

// SCD4x is a Sensirion SCD40, SCD41 or SCD43: carbon dioxide, temperature and humidity.
//
// From the datasheet (version 1.3, September 2022): a command is a word, and the part needs its
// execution time before it acknowledges the read of the answer; it measures only after it was told
// to, and then has a new value every 5 s, which can be fetched once: without one the read is not
// acknowledged. While it measures it takes only the commands for that. Left out: single shots, low
// power, compensation, calibration, sleep.
type SCD4x struct {
	Part
	co2, temperature, humidity int64 // inputs, ppm, m°C and m%RH

	until     time.Duration // a command is being executed so long
	high      byte          // first byte of the command that is being written
	pointer   uint16        // what a read fetches
	measuring bool
	next      time.Duration // the next value comes
	latest    []uint16      // nil: none that was not fetched
}

// The part's own times.
const (
	scd4xPeriod  = 5 * time.Second
	scd4xExecute = time.Millisecond
	scd4xStop    = 500 * time.Millisecond
	scd4xReinit  = 20 * time.Millisecond
	scd4xPowerUp = time.Second
)

// NewSCD4x returns a part in a room at 21 °C and 45 %RH with 600 ppm, which has been powered for
// long and is idle.
func NewSCD4x(clock Clock) *SCD4x {
	c := &SCD4x{co2: 600, temperature: 21_000, humidity: 45_000}
	c.setUp(clock, "scd4x", c)
	c.until = 0
	return c
}

// SetCO2 sets the carbon dioxide in the air, in ppm.
func (c *SCD4x) SetCO2(ppm int64) { c.set(func() { c.co2 = ppm }) }

// SetTemperature sets the temperature of the air, in m°C.
func (c *SCD4x) SetTemperature(milliCelsius int64) {
	c.set(func() { c.temperature = milliCelsius })
}

// SetHumidity sets the relative humidity of the air, in m%RH.
func (c *SCD4x) SetHumidity(milliPercent int64) { c.set(func() { c.humidity = milliPercent }) }

func (c *SCD4x) reset(now time.Duration) {
	c.measuring, c.latest, c.pointer = false, nil, 0
	c.until = now + scd4xPowerUp
}

// advance takes over the values that are due. Only the last can be read, so only it is measured.
func (c *SCD4x) advance(now time.Duration) {
	if !c.measuring || now < c.next {
		return
	}
	period := c.stretch(scd4xPeriod)
	c.next += ((now-c.next)/period + 1) * period
	if c.hit(Busy) {
		return
	}
	t := c.sense(1, c.temperature, -45_000, 130_000)
	h := c.sense(2, c.humidity, 0, 100_000)
	c.latest = []uint16{
		uint16(c.sense(0, c.co2, 0, 40_000)),
		uint16(scaled(t+45_000, 0xFFFF, 175_000)),
		uint16(scaled(h, 0xFFFF, 100_000)),
	}
}

func (c *SCD4x) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if now < c.until {
		return nil, false
	}
	if !read {
		return nil, true
	}
	words := c.answer()
	return seal(fill(&c.Part, words)), words != nil
}

// answer is what a read fetches; nil: nothing is there. The bits of the status above the eleventh
// are not those that tell of a value.
func (c *SCD4x) answer() []uint16 {
	pointer := c.pointer
	c.pointer = 0
	switch pointer {
	case 0xE4B8:
		if c.latest != nil {
			return []uint16{0x8006}
		}
		return []uint16{0x8000}
	case 0xEC05:
		words := c.latest
		c.latest = nil
		return words
	case 0x3682:
		if c.hit(WrongID) {
			return []uint16{0, 0, 0}
		}
		return []uint16{0xF896, 0x9F07, 0x3BBE}
	}
	return nil
}

func (c *SCD4x) take(now time.Duration, i int, b byte) bool {
	switch i {
	case 0:
		c.high = b
		return true
	case 1:
		return c.command(now, uint16(c.high)<<8|uint16(b))
	}
	return false // no command here has an argument
}

func (c *SCD4x) command(now time.Duration, command uint16) bool {
	takes := scd4xExecute
	switch command {
	case 0xEC05, 0xE4B8:
	case 0x3F86:
		c.measuring, c.latest = false, nil
		takes = scd4xStop
	case 0x21B1, 0x3646, 0x3682:
		if c.measuring {
			return false
		}
		switch command {
		case 0x21B1:
			c.measuring, c.next = true, now+c.stretch(scd4xPeriod)
			takes = 0
		case 0x3646:
			takes = scd4xReinit
		}
	default:
		return false
	}
	c.pointer, c.until = command, now+takes
	return true
}
