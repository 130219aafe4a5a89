package chip

import "time"

// SEN5x is a Sensirion SEN50, SEN54 or SEN55: particles, and from the SEN54 on humidity,
// temperature and an index of vapours, from the SEN55 on one of nitrogen oxides.
//
// From the datasheet: a command is a word, and its answer can be fetched when it has been carried
// out; it measures only after it was told to, and then has a new value every second, which a read
// takes; what it does not know is FFFF or 7FFF. That a start is refused while it measures is the
// worse of what parts may do. Left out: cleaning, sleep, offsets, the state of the algorithms.
type SEN5x struct {
	Part
	product                string
	air                    Aerosol
	humidity, temperature  int64 // inputs, m%RH and m°C
	vapours, oxides        int64 // inputs, thousandths of the index
	brokenRHT, brokenGases bool  // inputs

	until     time.Duration // a command is being carried out so long
	pointer   uint16        // what a read fetches
	measuring bool
	started   time.Duration
	next      time.Duration // the next value comes
	fresh     bool          // there is a value that was not read
	latest    [8]uint16
	status    uint32
	standing  int // checks in a row that found the fan standing
}

// The part's own times.
const (
	sen5xPeriod  = time.Second
	sen5xCommand = 20 * time.Millisecond
	sen5xStart   = 50 * time.Millisecond
	sen5xPowerUp = 50 * time.Millisecond
	sen5xSpinUp  = 8 * time.Second  // until the particles are right
	sen5xOxides  = 10 * time.Second // until the index of the oxides is known
	sen5xFanUp   = 3 * time.Second  // the fan is not checked before
)

// The bits of the status register.
const (
	sen5xFan = 1 << 4
	sen5xRHT = 1 << 6
	sen5xGas = 1 << 7
)

// NewSEN5x returns a part in clean air at 21 °C and 45 %RH, powered for long and idle; its product
// is "SEN50", "SEN54" or "SEN55".
func NewSEN5x(clock Clock, product string) *SEN5x {
	c := &SEN5x{product: product, air: Smoke(5_000), humidity: 45_000, temperature: 21_000,
		vapours: 100_000, oxides: 1_000}
	c.setUp(clock, "sen5x", c)
	c.until = 0
	return c
}

// SetAir sets what floats in the air around the part.
func (c *SEN5x) SetAir(a Aerosol) { c.set(func() { c.air = a }) }

// SetTemperature sets the temperature of the air, in m°C.
func (c *SEN5x) SetTemperature(milliCelsius int64) {
	c.set(func() { c.temperature = milliCelsius })
}

// SetHumidity sets the relative humidity of the air, in m%RH.
func (c *SEN5x) SetHumidity(milliPercent int64) { c.set(func() { c.humidity = milliPercent }) }

// SetGases sets the two indices, in thousandths.
func (c *SEN5x) SetGases(vapours, oxides int64) {
	c.set(func() { c.vapours, c.oxides = vapours, oxides })
}

// Break makes the sensor of humidity and temperature or that of gases fail, or mends it.
func (c *SEN5x) Break(rht, gases bool) {
	c.set(func() { c.brokenRHT, c.brokenGases = rht, gases })
}

func (c *SEN5x) reset(now time.Duration) {
	c.until = now + sen5xPowerUp
	c.pointer, c.measuring, c.fresh, c.status, c.standing = 0, false, false, 0, 0
	c.latest = unknownSEN5x()
}

func unknownSEN5x() [8]uint16 {
	return [8]uint16{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0x7FFF, 0x7FFF, 0x7FFF, 0x7FFF}
}

// advance takes over the values that are due. Only the last can be read, so only it is measured.
func (c *SEN5x) advance(now time.Duration) {
	if !c.measuring || now < c.next {
		return
	}
	period := c.stretch(sen5xPeriod)
	due := c.next + (now-c.next)/period*period
	c.next = due + period
	if !c.hit(Busy) {
		c.measure(due)
	}
}

func (c *SEN5x) measure(now time.Duration) {
	c.latest, c.fresh = unknownSEN5x(), true
	age := min(now-c.started, sen5xSpinUp)
	for i, v := range []int64{c.air.PM1, c.air.PM25, c.air.PM4, c.air.PM10} {
		v = v * age.Milliseconds() / sen5xSpinUp.Milliseconds()
		c.latest[i] = uint16(scaled(c.sense(i, v, 0, 6_553_400), 1, 100))
	}
	c.check(now)
	if c.product == "SEN50" {
		return
	}
	if !c.brokenRHT {
		c.latest[4] = uint16(scaled(c.sense(4, c.humidity, 0, 100_000), 1, 10))
		c.latest[5] = uint16(scaled(c.sense(5, c.temperature, -163_835, 163_830), 1, 5))
	}
	if c.brokenGases {
		return
	}
	c.latest[6] = uint16(scaled(c.sense(6, c.vapours, 1_000, 500_000), 1, 100))
	if c.product == "SEN55" && now-c.started >= sen5xOxides {
		c.latest[7] = uint16(scaled(c.sense(7, c.oxides, 1_000, 500_000), 1, 100))
	}
}

// check sets the bits of what fails; they stay until they are cleared.
func (c *SEN5x) check(now time.Duration) {
	if c.brokenRHT {
		c.status |= sen5xRHT
	}
	if c.brokenGases {
		c.status |= sen5xGas
	}
	switch {
	case !c.hit(FanStopped):
		c.standing = 0
	case now-c.started >= sen5xFanUp:
		if c.standing++; c.standing >= 2 {
			c.status |= sen5xFan
		}
	}
}

func (c *SEN5x) address(now time.Duration, read, repeated bool) ([]byte, bool) {
	if now < c.until || repeated {
		return nil, false
	}
	if !read {
		return nil, true
	}
	words := c.answer()
	return seal(fill(&c.Part, words)), words != nil
}

// answer is what a read fetches; nil: nothing is there.
func (c *SEN5x) answer() []uint16 {
	switch c.pointer {
	case 0xD014:
		if c.hit(WrongID) {
			return text("SEN44", 16)
		}
		return text(c.product, 16)
	case 0x0202:
		if c.fresh {
			return []uint16{1}
		}
		return []uint16{0}
	case 0x03C4:
		c.fresh = false
		return c.latest[:]
	case 0xD206:
		return []uint16{uint16(c.status >> 16), uint16(c.status)}
	}
	return nil
}

func (c *SEN5x) take(now time.Duration, i int, b byte) bool {
	switch i {
	case 0:
		c.pointer = uint16(b) << 8
		return true
	case 1:
		c.pointer |= uint16(b)
		return c.command(now)
	}
	return false
}

func (c *SEN5x) command(now time.Duration) bool {
	c.until = now + sen5xCommand
	switch c.pointer {
	case 0xD014, 0x0202, 0x03C4, 0xD206:
	case 0x0021:
		if c.measuring {
			return false
		}
		c.measuring, c.started, c.fresh = true, now, false
		c.until, c.next = now+sen5xStart, now+c.stretch(sen5xPeriod)
	case 0x0104:
		c.measuring, c.fresh, c.latest = false, false, unknownSEN5x()
	case 0xD210: // whether the checks are counted anew is left open; a fault then hides the longest
		c.status, c.standing = 0, 0
	case 0xD304:
		c.reset(now)
	default:
		return false
	}
	return true
}
