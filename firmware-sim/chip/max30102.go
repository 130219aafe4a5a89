package chip

import "time"

// MAX30102 is a Maxim MAX30102: red and infrared light, and what of it comes back.
//
// From the datasheet: registers of one byte behind a pointer that counts up but at the FIFO;
// samples of 18 bits, the mean of as many as the settings say, into a FIFO of 32 that stops when it
// is full and counts what it lost. Left out: interrupts, the temperature, other modes than both
// LEDs, other widths than 18 bits; a read of the FIFO takes one sample, however long it is.
type MAX30102 struct {
	Part
	light [2]int64 // red, infrared, in counts

	pointer   byte
	registers [256]byte
	fifo      [32][2]int64
	held      int
	next      time.Duration
}

const (
	max30102Write, max30102Lost, max30102Read = 4, 5, 6
	max30102Data                              = 7
	max30102FIFO, max30102Mode, max30102Rate  = 8, 9, 10
	max30102Both                              = 3
)

// max30102Rates are samples a second.
var max30102Rates = [8]int64{50, 100, 200, 400, 800, 1000, 1600, 3200}

// NewMAX30102 returns a part in the dark.
func NewMAX30102(clock Clock) *MAX30102 {
	c := &MAX30102{}
	c.setUp(clock, "max30102", c)
	return c
}

// SetLight sets the counts of red and infrared light that come back.
func (c *MAX30102) SetLight(red, infrared int64) {
	c.set(func() { c.light = [2]int64{red, infrared} })
}

func (c *MAX30102) reset(now time.Duration) {
	c.pointer, c.registers, c.held, c.next = 0, [256]byte{0xFF: 0x15}, 0, now
}

// period is the time of one mean, by a clock that is a tenth slow.
func (c *MAX30102) period() time.Duration {
	mean := int64(1) << min(c.registers[max30102FIFO]>>5, 5)
	rate := max30102Rates[c.registers[max30102Rate]>>2&7]
	return c.stretch(time.Duration(mean) * time.Second / time.Duration(rate) * 11 / 10)
}

func (c *MAX30102) advance(now time.Duration) {
	if c.registers[max30102Mode] != max30102Both {
		c.next = now + c.period()
		return
	}
	period := c.period()
	for ; c.next <= now && c.held < len(c.fifo); c.next += period {
		c.measure()
	}
	if c.next <= now { // the FIFO is full
		lost := int64((now-c.next)/period) + 1
		c.next += time.Duration(lost) * period
		c.registers[max30102Lost] = byte(min(int64(c.registers[max30102Lost])+lost, 31))
	}
}

func (c *MAX30102) measure() {
	if c.hit(Busy) {
		return
	}
	at := int(c.registers[max30102Write]) % len(c.fifo)
	for i, v := range c.light {
		c.fifo[at][i] = c.sense(i, v, 0, 1<<18-1)
	}
	c.registers[max30102Write] = byte((at + 1) % len(c.fifo))
	c.held++
}

func (c *MAX30102) address(_ time.Duration, read, _ bool) ([]byte, bool) {
	if !read {
		return nil, true
	}
	words := make([]uint16, 8)
	for i := range words {
		words[i] = uint16(c.registers[c.pointer+byte(i)])
	}
	if c.pointer == max30102Data {
		words = c.pop()
	}
	if c.hit(WrongID) { // an AT24C32 that was never written
		words = []uint16{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}
	}
	reply := make([]byte, len(words))
	for i, w := range fill(&c.Part, words) {
		reply[i] = byte(w)
	}
	return reply, true
}

// pop takes the oldest sample; from an empty FIFO it is an old one.
func (c *MAX30102) pop() (words []uint16) {
	at := int(c.registers[max30102Read]) % len(c.fifo)
	for _, v := range c.fifo[at] {
		words = append(words, uint16(v>>16), uint16(v>>8&0xFF), uint16(v&0xFF))
	}
	if c.held > 0 {
		c.held--
		c.registers[max30102Read] = byte((at + 1) % len(c.fifo))
		c.registers[max30102Lost] = 0
	}
	return words
}

func (c *MAX30102) take(now time.Duration, i int, b byte) bool {
	if i == 0 {
		c.pointer = b
		return true
	}
	c.write(now, b)
	if c.pointer != max30102Data {
		c.pointer++
	}
	return true
}

func (c *MAX30102) write(now time.Duration, b byte) {
	switch at := c.pointer; {
	case at == max30102Mode && b&0x40 != 0:
		c.reset(now)
		c.pointer = at
	case at >= max30102FIFO && at <= max30102Rate: // what runs is begun anew
		c.registers[at] = b
		c.next = now + c.period()
	case at == max30102Write || at == max30102Read:
		c.registers[at] = b & 31
		c.held = int(c.registers[max30102Write]-c.registers[max30102Read]) & 31
	case at < 0xFE && at != 0x0B:
		c.registers[at] = b
	}
}
