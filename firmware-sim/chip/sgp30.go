package chip

import "time"

// SGP30 is a Sensirion SGP30: a heated metal oxide that feels volatile organic compounds, and
// guesses at carbon dioxide.
//
// From the datasheet: a command is a word; while it is busy the part acknowledges nothing; without
// its algorithm, and in the first 15 s of it, it tells 400 ppm and 0 ppb; a baseline is there about
// an hour after the start (comment in the maker's driver). Left out: raw signals, humidity
// compensation, setting a baseline.
type SGP30 struct {
	Part
	voc, co2 int64 // inputs, ppb and ppm

	until     time.Duration // the part is busy so long
	measuring bool
	running   bool // the algorithm
	started   time.Duration
	high      byte
	result    []uint16
}

// The part's own times, at their longest.
const (
	sgp30Command  = 10 * time.Millisecond
	sgp30Measure  = 12 * time.Millisecond
	sgp30PowerUp  = 600 * time.Microsecond
	sgp30Blank    = 15 * time.Second
	sgp30Baseline = time.Hour
)

// NewSGP30 returns a part in ordinary air (50 ppb, 450 ppm) that has been powered for long.
func NewSGP30(clock Clock) *SGP30 {
	c := &SGP30{voc: 50, co2: 450}
	c.setUp(clock, "sgp30", c)
	c.until = 0
	return c
}

// SetAir sets what the part finds: vapours in ppb and its estimate of CO2 in ppm.
func (c *SGP30) SetAir(voc, co2 int64) { c.set(func() { c.voc, c.co2 = voc, co2 }) }

func (c *SGP30) reset(now time.Duration) {
	c.measuring, c.running, c.result, c.until = false, false, nil, now+sgp30PowerUp
}

func (c *SGP30) advance(now time.Duration) {
	if !c.measuring || now < c.until {
		return
	}
	c.measuring = false
	co2, voc := c.sense(0, c.co2, 400, 65_535), c.sense(1, c.voc, 0, 65_535)
	if !c.running || now-c.started < sgp30Blank {
		co2, voc = 400, 0
	}
	c.result = []uint16{uint16(co2), uint16(voc)}
}

func (c *SGP30) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if now < c.until {
		return nil, false
	}
	if !read {
		return nil, true
	}
	if c.result == nil || c.hit(Busy) {
		return nil, false
	}
	words := c.result
	c.result = nil
	return seal(fill(&c.Part, words)), true
}

func (c *SGP30) take(now time.Duration, i int, b byte) bool {
	switch i {
	case 0:
		c.high = b
		return true
	case 1:
		return c.command(now, uint16(c.high)<<8|uint16(b))
	}
	return false
}

func (c *SGP30) command(now time.Duration, word uint16) bool {
	c.result, c.until = nil, now+sgp30Command
	switch word {
	case 0x2003:
		c.running, c.started = true, now
	case 0x2008:
		c.measuring, c.until = true, now+c.stretch(sgp30Measure)
	case 0x2015:
		c.result = []uint16{0, 0}
		if c.running && now-c.started >= sgp30Baseline {
			c.result = []uint16{0x8973, 0x8AAE}
		}
	case 0x202F:
		c.result = []uint16{0x0022}
		if c.hit(WrongID) { // an SGPC3 at the same address
			c.result = []uint16{0x1004}
		}
	default:
		return false
	}
	return true
}
