package chip

import "time"

// AMG8833 is a Panasonic Grid-EYE AMG8833: 8 by 8 pixels of heat.
//
// From the specification: registers behind a pointer that counts up in a read; a new picture ten
// times a second, or once; a pixel is twelve bits in two's complement of a quarter of a degree, the
// thermistor a sign and eleven bits of a sixteenth. The memory is empty until the first picture.
// Left out: interrupts, the moving average, sleep.
type AMG8833 struct {
	Part
	hottest, room int64 // inputs, m°C

	until     time.Duration // it starts up
	next      time.Duration // the next picture
	pointer   byte
	registers [0x80]byte
	pixels    [128]byte
}

// amg8833StartUp is the time from the supply to the first communication.
const amg8833StartUp = 50 * time.Millisecond

// NewAMG8833 returns a part in a room at 21 °C with something at 30 °C, powered for long.
func NewAMG8833(clock Clock) *AMG8833 {
	c := &AMG8833{hottest: 30_000, room: 21_000}
	c.setUp(clock, "amg8833", c)
	c.until = 0
	return c
}

// SetHottest sets the temperature of the pixel that is the hottest, in m°C.
func (c *AMG8833) SetHottest(milliCelsius int64) { c.set(func() { c.hottest = milliCelsius }) }

// SetRoom sets the temperature of the part and of what the other pixels see, in m°C.
func (c *AMG8833) SetRoom(milliCelsius int64) { c.set(func() { c.room = milliCelsius }) }

func (c *AMG8833) reset(now time.Duration) {
	c.pointer, c.until = 0, now+amg8833StartUp
	c.restart(now + amg8833StartUp)
}

// restart is the initial reset: registers and memory are as after power-up.
func (c *AMG8833) restart(now time.Duration) {
	c.registers, c.pixels = [0x80]byte{}, [128]byte{}
	c.next = now + c.takes()
}

func (c *AMG8833) takes() time.Duration {
	if c.registers[0x02]&1 != 0 {
		return c.stretch(time.Second)
	}
	return c.stretch(100 * time.Millisecond)
}

func (c *AMG8833) advance(now time.Duration) {
	if now < c.next || c.registers[0x00] != 0 {
		return
	}
	takes := c.takes()
	c.next += (now-c.next)/takes*takes + takes
	if c.hit(Busy) {
		return // the picture stands still, and nothing tells that it is old
	}
	for i := range 64 { // the room is a little uneven
		c.see(i, c.room-int64(i%4)*250)
	}
	c.see(27, c.sense(0, c.hottest, -512_000, 511_750))
	self, sign := scaled(c.sense(1, c.room, -127_937, 127_937)*2, 1, 125), byte(0)
	if self < 0 {
		self, sign = -self, 0x08
	}
	c.registers[0x0E], c.registers[0x0F] = byte(self), byte(self>>8)&0x07|sign
}

func (c *AMG8833) see(pixel int, milliCelsius int64) {
	v := scaled(milliCelsius, 1, 250)
	c.pixels[2*pixel], c.pixels[2*pixel+1] = byte(v), byte(v>>8)&0x0F
}

func (c *AMG8833) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if now < c.until {
		return nil, false
	}
	if !read {
		return nil, true
	}
	all := append(append([]byte{}, c.registers[:]...), c.pixels[:]...)
	if c.hit(WrongID) { // a DS3231 at the same address: nineteen registers, a clock
		all = make([]byte, 256)
		copy(all, []byte{0x58, 0x59, 0x23, 0x02, 0x13, 0x08, 0x18})
	}
	return fill(&c.Part, all[c.pointer:]), true
}

func (c *AMG8833) take(now time.Duration, i int, b byte) bool {
	if i == 0 {
		c.pointer = b
		return true
	}
	switch r := c.pointer; {
	case r == 0x01 && b == 0x3F:
		c.restart(now)
	case r < 0x0E && r != 0x01 && r != 0x04:
		c.registers[r] = b
	}
	c.pointer++
	return true
}
