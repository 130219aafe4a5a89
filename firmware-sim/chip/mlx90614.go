package chip

import "time"

// MLX90614 is a Melexis MLX90614 with one zone: a thermometer that looks from afar.
//
// From the datasheet: a byte names a word of the memory or of the EEPROM, and a read behind a
// repeated start fetches it, low byte first, with the packet error code of SMBus over the whole
// transfer; it measures all the time, and its memory is empty until the first measurement after
// power-up has ended. Left out: writing to the EEPROM, sleep, and the PWM output.
type MLX90614 struct {
	Part
	object, housing int64 // inputs, m°C

	named   bool // the transfer has named a word
	pointer byte
	next    time.Duration // the next measurement ends
	memory  [2]uint16     // of the housing, of the object
}

// The part's own times.
const (
	mlx90614PowerUp = 250 * time.Millisecond // until the first value
	mlx90614Refresh = 100 * time.Millisecond // typical, with the filters as delivered
)

const mlx90614Address = 0x5A

// NewMLX90614 returns a part at 21 °C that looks at something as warm, powered for long.
func NewMLX90614(clock Clock) *MLX90614 {
	c := &MLX90614{object: 21_000, housing: 21_000}
	c.setUp(clock, "mlx90614", c)
	c.next = clock()
	return c
}

// SetObject sets the mean temperature of what the part sees, in m°C.
func (c *MLX90614) SetObject(milliCelsius int64) { c.set(func() { c.object = milliCelsius }) }

// SetHousing sets the temperature of the part, in m°C.
func (c *MLX90614) SetHousing(milliCelsius int64) { c.set(func() { c.housing = milliCelsius }) }

func (c *MLX90614) reset(now time.Duration) {
	c.named, c.memory, c.next = false, [2]uint16{}, now+mlx90614PowerUp
}

func (c *MLX90614) advance(now time.Duration) {
	if now < c.next {
		return
	}
	takes := c.stretch(mlx90614Refresh)
	c.next += (now-c.next)/takes*takes + takes
	if c.hit(Busy) {
		return // the memory keeps the last value, and nothing tells that it is old
	}
	c.memory = [2]uint16{
		kelvin(c.sense(0, c.housing, -40_000, 125_000)),
		kelvin(c.sense(1, c.object, -70_010, 382_190)),
	}
}

// kelvin is m°C in counts of 0.02 K.
func kelvin(milliCelsius int64) uint16 { return uint16(scaled(milliCelsius+273_150, 1, 20)) }

func (c *MLX90614) address(_ time.Duration, read, repeated bool) ([]byte, bool) {
	if !read {
		c.named = false
		return nil, true
	}
	if !repeated || !c.named {
		return nil, false
	}
	word := fill(&c.Part, []uint16{c.word()})[0]
	lo, hi := byte(word), byte(word>>8)
	const header = mlx90614Address << 1
	return []byte{lo, hi, smbusPEC(header, c.pointer, header|1, lo, hi)}, true
}

func (c *MLX90614) word() uint16 {
	switch c.pointer {
	case 0x06, 0x07:
		return c.memory[c.pointer-0x06]
	case 0x24:
		return 0xFFFF // emissivity 1
	case 0x2E:
		if c.hit(WrongID) {
			return 0xBE00 | 0x2A
		}
		return 0xBE00 | mlx90614Address
	}
	return 0
}

func (c *MLX90614) take(_ time.Duration, i int, b byte) bool {
	c.named, c.pointer = true, b
	return i == 0
}

// smbusPEC is the packet error code of SMBus: x^8+x^2+x+1, nothing before, nothing inverted.
func smbusPEC(data ...byte) byte {
	var sum uint32
	for _, b := range data {
		sum ^= uint32(b) << 8
		for range 8 {
			sum <<= 1
			if sum&0x10000 != 0 {
				sum ^= 0x10700
			}
		}
	}
	return byte(sum >> 8)
}
