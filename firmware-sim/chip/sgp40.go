package chip

import "time"

// SGP40 is a Sensirion SGP40: a heated metal oxide that feels volatile organic compounds.
//
// From the datasheet (version 1.0, July 2020): a command is a word; the one that measures has two
// words of arguments with their checksums; while it is busy the part acknowledges nothing; a result
// can be fetched once. Left out: how the hot plate warms up, and what humidity does.
type SGP40 struct {
	Part
	signal int64 // input, ticks
	broken bool  // the self-test finds it so

	until     time.Duration // the part is busy so long
	measuring bool
	written   []byte
	result    []uint16
}

// The part's own times, at their longest.
const (
	sgp40Measure = 30 * time.Millisecond
	sgp40Test    = 320 * time.Millisecond
	sgp40PowerUp = 600 * time.Microsecond
)

// NewSGP40 returns a part in clean air, with a signal of 30,000 ticks, powered for long.
func NewSGP40(clock Clock) *SGP40 {
	c := &SGP40{signal: 30_000}
	c.setUp(clock, "sgp40", c)
	c.until = 0
	return c
}

// SetSignal sets the raw signal of the air around the part, in ticks.
func (c *SGP40) SetSignal(ticks int64) { c.set(func() { c.signal = ticks }) }

// Break makes the self-test find the hot plate or the metal oxide broken.
func (c *SGP40) Break() { c.set(func() { c.broken = true }) }

func (c *SGP40) reset(now time.Duration) {
	c.measuring, c.result, c.until = false, nil, now+sgp40PowerUp
}

func (c *SGP40) advance(now time.Duration) {
	if c.measuring && now >= c.until {
		c.measuring = false
		c.result = []uint16{uint16(c.sense(0, c.signal, 0, 0xFFFF))}
	}
}

func (c *SGP40) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if now < c.until {
		return nil, false
	}
	c.written = c.written[:0]
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

func (c *SGP40) take(now time.Duration, _ int, b byte) bool {
	c.written = append(c.written, b)
	w := c.written
	switch n := len(w); {
	case n == 1:
		return true
	case n == 2:
		return c.command(now, uint16(w[0])<<8|uint16(w[1]))
	case n > 8 || w[0] != 0x26:
		return false
	case n == 5 || n == 8:
		if crc(w[n-3:n-1]...) != b {
			return false
		}
		if n == 8 {
			c.measuring, c.until = true, now+c.stretch(sgp40Measure)
		}
	}
	return true
}

func (c *SGP40) command(now time.Duration, word uint16) bool {
	c.result = nil
	switch word {
	case 0x260F:
		return !c.hit(WrongID) // an SGP41 at the same address measures with another command
	case 0x280E:
		c.result, c.until = []uint16{0xD400}, now+sgp40Test
		if c.broken {
			c.result = []uint16{0x4B00}
		}
	case 0x3615:
	case 0x3682:
		c.result = []uint16{0x0000, 0x0123, 0x4567}
	default:
		return false
	}
	return true
}
