package chip

import "time"

// ADS1115 is a Texas Instruments ADS1115: four inputs, one 16-bit converter.
//
// From the datasheet: four registers of 16 bits behind a pointer that is kept from transfer to
// transfer; the conversion register holds the last result until the next is complete; a new
// configuration counts from the next conversion on. Left out: the ALERT pin and the comparator.
type ADS1115 struct {
	Part
	inputs [4]int64 // µV against ground
	supply int64    // µV

	pointer    byte
	high       byte // first byte of the word that is being written
	conversion int16
	config     uint16
	thresholds [2]uint16 // Lo_thresh, Hi_thresh
	converting bool
	active     uint16        // the configuration of the conversion that runs
	done       time.Duration // and when it ends
}

const (
	ads1115Start      = 1 << 15 // written: begin one conversion; read: none is running
	ads1115SingleShot = 1 << 8
	ads1115Reset      = 0x8583
	ads1115WakeUp     = 25 * time.Microsecond // from power-down, typical
)

var (
	ads1115Rates = [8]int64{8, 16, 32, 64, 128, 250, 475, 860} // samples a second
	ads1115Scale = [8]int64{                                   // full scale, µV
		6_144_000, 4_096_000, 2_048_000, 1_024_000, 512_000, 256_000, 256_000, 256_000}
	ads1115Pins = [8][2]int{ // inputs of the multiplexer; -1: ground
		{0, 1}, {0, 3}, {1, 3}, {2, 3}, {0, -1}, {1, -1}, {2, -1}, {3, -1}}
)

// NewADS1115 returns a part with a supply of 5 V and all inputs at ground.
func NewADS1115(clock Clock) *ADS1115 {
	c := &ADS1115{supply: 5_000_000}
	c.setUp(clock, "ads1115", c)
	return c
}

// SetInput sets the voltage at pin AIN0 to AIN3 against ground, in µV. Beyond 0.3 V past the
// supply rails the part's protection conducts and holds the pin there.
func (c *ADS1115) SetInput(pin int, microvolt int64) { c.set(func() { c.inputs[pin] = microvolt }) }

// SetSupply sets the part's supply, in µV.
func (c *ADS1115) SetSupply(microvolt int64) { c.set(func() { c.supply = microvolt }) }

func (c *ADS1115) reset(time.Duration) {
	c.pointer, c.conversion, c.config, c.converting = 0, 0, ads1115Reset, false
	c.thresholds = [2]uint16{0x8000, 0x7FFF}
}

// advance ends the conversion that runs and, in continuous mode, those after it. Only the last can
// be read, so only it is converted.
func (c *ADS1115) advance(now time.Duration) {
	if !c.converting || now < c.done {
		return
	}
	if c.hit(Busy) {
		c.done = now + c.takes(c.active)
		return
	}
	c.convert()
	c.active = c.config
	if c.active&ads1115SingleShot != 0 {
		c.converting = false
		return
	}
	takes := c.takes(c.active)
	if behind := now - c.done; behind >= takes {
		c.convert()
		c.done += behind / takes * takes
	}
	c.done += takes
}

// takes is the time of one conversion. The rate is good to ±10 %; the model has the slowest clock
// that the datasheet allows, so that a driver with no margin is found out.
func (c *ADS1115) takes(config uint16) time.Duration {
	nominal := time.Second / time.Duration(ads1115Rates[config>>5&7])
	return c.stretch(nominal + nominal/10)
}

func (c *ADS1115) convert() {
	pins, full := ads1115Pins[c.active>>12&7], ads1115Scale[c.active>>9&7]
	v := c.pin(pins[0]) - c.pin(pins[1])
	slot := int(c.active>>12&7) ^ 4 // 0 to 3: against ground
	v = c.sense(slot, v, -full, full)
	c.conversion = int16(min(max(scaled(v, 32_768, full), -32_768), 32_767))
}

func (c *ADS1115) pin(n int) int64 {
	if n < 0 {
		return 0
	}
	return min(max(c.inputs[n], -300_000), c.supply+300_000)
}

func (c *ADS1115) address(_ time.Duration, read, _ bool) ([]byte, bool) {
	if !read {
		return nil, true
	}
	word := fill(&c.Part, []uint16{c.register()})[0]
	return []byte{byte(word >> 8), byte(word)}, true
}

func (c *ADS1115) register() uint16 {
	if c.hit(WrongID) { // a TMP102, which has four registers at the same address
		return [4]uint16{0x1900, 0x60A0, 0x4B00, 0x5000}[c.pointer]
	}
	switch c.pointer {
	case 0:
		return uint16(c.conversion)
	case 1:
		if c.converting {
			return c.config &^ ads1115Start
		}
		return c.config | ads1115Start
	}
	return c.thresholds[c.pointer-2]
}

func (c *ADS1115) take(now time.Duration, i int, b byte) bool {
	switch i {
	case 0:
		c.pointer = b & 3
	case 1:
		c.high = b
	case 2:
		c.write(now, uint16(c.high)<<8|uint16(b))
	}
	return true
}

func (c *ADS1115) write(now time.Duration, word uint16) {
	switch c.pointer {
	case 0: // the conversion register cannot be written
	case 1:
		c.configure(now, word)
	default:
		c.thresholds[c.pointer-2] = word
	}
}

func (c *ADS1115) configure(now time.Duration, word uint16) {
	c.config = word &^ ads1115Start
	single := word&ads1115SingleShot != 0
	if c.converting || single && word&ads1115Start == 0 {
		return // it counts from the next conversion on; a start has no effect while one runs
	}
	c.converting, c.active = true, c.config
	c.done = now + ads1115WakeUp + c.takes(c.active)
}
