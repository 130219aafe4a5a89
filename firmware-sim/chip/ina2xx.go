package chip

import "time"

// INA2xx is a Texas Instruments INA219 or INA226: the voltage at its bus input, and the one over a
// shunt.
//
// From the datasheets: registers of 16 bits behind a pointer that is kept; a write of the
// configuration ends what runs and begins anew; a triggered part measures once, shunt and bus one
// after the other; the flag of a finished measurement is cleared by that write, and by a read of
// the power (INA219) or of the mask register (INA226). Left out: power, current, alert.
type INA2xx struct {
	Part
	is226      bool
	bus, shunt int64 // µV

	pointer    byte
	high       byte
	config     uint16
	other      map[byte]uint16 // calibration, mask, limit: kept and of no effect
	latest     [2]uint16       // shunt, bus
	ready      bool
	converting bool
	done       time.Duration
}

// What the datasheets say of power-up and of time.
const (
	ina219Reset = 0x399F
	ina226Reset = 0x4127
)

// ina219Nominal is how long one input takes, by the four bits of its field; µs. Bit 2 without bit 3
// counts for nothing.
var ina219Nominal = [16]int64{84, 148, 276, 532, 84, 148, 276, 532,
	532, 1060, 2130, 4260, 8510, 17020, 34050, 68100}

var (
	ina226Nominal = [8]int64{140, 204, 332, 588, 1100, 2116, 4156, 8244} // µs a sample
	ina226Average = [8]int64{1, 4, 16, 64, 128, 256, 512, 1024}
)

// NewINA219 returns an INA219 with both inputs at 0 V.
func NewINA219(clock Clock) *INA2xx {
	c := &INA2xx{}
	c.setUp(clock, "ina219", c)
	return c
}

// NewINA226 returns an INA226 with both inputs at 0 V.
func NewINA226(clock Clock) *INA2xx {
	c := &INA2xx{is226: true}
	c.setUp(clock, "ina226", c)
	return c
}

// SetBus sets the voltage that is measured, in µV.
func (c *INA2xx) SetBus(microvolt int64) { c.set(func() { c.bus = microvolt }) }

// SetShunt sets the voltage over the shunt, in µV.
func (c *INA2xx) SetShunt(microvolt int64) { c.set(func() { c.shunt = microvolt }) }

func (c *INA2xx) reset(now time.Duration) {
	c.pointer, c.latest, c.ready = 0, [2]uint16{}, false
	c.other = map[byte]uint16{}
	c.config = ina219Reset
	if c.is226 {
		c.config = ina226Reset
	}
	c.begin(now)
}

// begin starts what the mode asks for: nothing, once, or again and again.
func (c *INA2xx) begin(now time.Duration) {
	c.converting = c.config&3 != 0
	c.done = now + c.takes()
}

// takes is the time of one measurement by a clock that is a tenth slow, the longest allowed.
func (c *INA2xx) takes() time.Duration {
	shunt, bus := ina219Nominal[c.config>>3&15], ina219Nominal[c.config>>7&15]
	if c.is226 {
		times := ina226Average[c.config>>9&7]
		shunt, bus = times*ina226Nominal[c.config>>3&7], times*ina226Nominal[c.config>>6&7]
	}
	var micros int64
	if c.config&1 != 0 {
		micros += shunt
	}
	if c.config&2 != 0 {
		micros += bus
	}
	return c.stretch(time.Duration(micros) * time.Microsecond * 11 / 10)
}

func (c *INA2xx) advance(now time.Duration) {
	if !c.converting || now < c.done {
		return
	}
	if c.hit(Busy) {
		c.done = now + c.takes()
		return
	}
	c.convert()
	if continuous := c.config&4 != 0; !continuous {
		c.converting = false
		return
	}
	takes := c.takes()
	c.done += ((now-c.done)/takes + 1) * takes
}

func (c *INA2xx) convert() {
	if c.config&1 != 0 {
		c.latest[0] = uint16(c.shuntCode())
	}
	if c.config&2 != 0 {
		c.latest[1] = c.busCode()
	}
	c.ready = true
}

// shuntCode is in steps of 10 µV up to the range of the amplifier, or in steps of 2.5 µV.
func (c *INA2xx) shuntCode() int64 {
	if c.is226 {
		v := c.sense(0, c.shunt, -81_920, 81_920)
		return min(max(scaled(v, 2, 5), -32_768), 32_767)
	}
	full := int64(40_000) << (c.config >> 11 & 3)
	return scaled(c.sense(0, c.shunt, -full, full), 1, 10)
}

func (c *INA2xx) busCode() uint16 {
	if c.is226 {
		v := c.sense(1, c.bus, 0, 40_960_000)
		return uint16(min(scaled(v, 1, 1250), 32_767))
	}
	full := int64(16_000_000) << (c.config >> 13 & 1)
	return uint16(scaled(c.sense(1, c.bus, 0, full), 1, 4000)) << 3
}

func (c *INA2xx) address(_ time.Duration, read, _ bool) ([]byte, bool) {
	if !read {
		return nil, true
	}
	word := fill(&c.Part, []uint16{c.register()})[0]
	return []byte{byte(word >> 8), byte(word)}, true
}

func (c *INA2xx) register() uint16 {
	switch c.pointer {
	case 0:
		return c.configuration()
	case 1:
		return c.latest[0]
	case 2:
		if !c.is226 && c.ready {
			return c.latest[1] | 2
		}
		return c.latest[1]
	case 3:
		c.ready = c.ready && c.is226
		return 0
	case 6:
		return c.mask()
	case 0xFE, 0xFF:
		return c.identity()
	}
	return c.other[c.pointer]
}

// configuration is as it was written, but for the bits that the type does not have.
func (c *INA2xx) configuration() uint16 {
	if c.is226 == c.hit(WrongID) { // an INA219
		return c.config & 0x3FFF
	}
	return c.config&0x0FFF | 0x4000
}

func (c *INA2xx) mask() uint16 {
	if !c.is226 {
		return 0
	}
	word := c.other[6] &^ 8
	if c.ready {
		word |= 8
	}
	c.ready = false
	return word
}

func (c *INA2xx) identity() uint16 {
	switch {
	case c.is226 == c.hit(WrongID):
		return 0 // an INA219 has none
	case c.pointer == 0xFE:
		return 0x5449
	}
	return 0x2260
}

func (c *INA2xx) take(now time.Duration, i int, b byte) bool {
	switch i {
	case 0:
		c.pointer = b
	case 1:
		c.high = b
	case 2:
		c.write(now, uint16(c.high)<<8|uint16(b))
	}
	return true
}

func (c *INA2xx) write(now time.Duration, word uint16) {
	switch {
	case c.pointer == 0 && word>>15 != 0:
		pointer := c.pointer
		c.reset(now)
		c.pointer = pointer
	case c.pointer == 0:
		c.config, c.ready = word, false
		if !c.is226 {
			c.config &= 0x3FFF
		}
		c.begin(now)
	case c.pointer >= 5 && c.pointer <= 7:
		c.other[c.pointer] = word
	}
}
