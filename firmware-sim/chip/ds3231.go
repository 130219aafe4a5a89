package chip

import "time"

// DS3231 is a Maxim DS3231 with its battery: a clock, and a thermometer at its crystal.
//
// From the datasheet: nineteen registers behind a pointer that counts up and begins anew; the
// temperature is converted every 64 s, and when the CONV bit asks for it, within 200 ms; the OSF
// bit tells that the oscillator was stopped, until it is written away. The supply alone may fail:
// the battery keeps clock and registers. Left out: alarms, the square wave, the aging offset, hours
// of 12, years that begin while it is watched.
type DS3231 struct {
	Part
	temperature int64 // m°C

	pointer  byte
	seconds  int64 // of the day 1 January 2026 and after, up to its end
	since    time.Duration
	control  byte
	status   byte
	latest   int16 // quarters of a degree in the upper ten bits
	forced   time.Duration
	asked    bool // a conversion that CONV asked for runs
	periodic time.Duration
}

const (
	ds3231Stopped  = 1 << 7
	ds3231Convert  = 1 << 5
	ds3231Takes    = 200 * time.Millisecond
	ds3231Periodic = 64 * time.Second
)

// NewDS3231 returns a clock that was set to noon of 1 January 2026.
func NewDS3231(clock Clock) *DS3231 {
	c := &DS3231{control: 0x1C, seconds: 12 * 3600, since: clock()}
	c.setUp(clock, "ds3231", c)
	return c
}

// SetTemperature sets the temperature of the crystal, in m°C.
func (c *DS3231) SetTemperature(milli int64) { c.set(func() { c.temperature = milli }) }

// EmptyBattery takes both supplies away and gives them back: the clock was stopped.
func (c *DS3231) EmptyBattery() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.empty(c.clock())
}

func (c *DS3231) empty(now time.Duration) {
	c.seconds, c.since, c.status, c.control = 0, now, ds3231Stopped, 0x1C
	c.reset(now)
}

// SetTime makes the time valid again, as the kernel's driver does when it writes it.
func (c *DS3231) SetTime() { c.set(func() { c.status &^= ds3231Stopped }) }

// reset is what a failure of the supply does while there is a battery: the two wires are new.
func (c *DS3231) reset(now time.Duration) {
	c.pointer = 0
	c.asked, c.control = false, c.control&^ds3231Convert
	if c.periodic == 0 {
		c.periodic = now
	}
}

func (c *DS3231) advance(now time.Duration) {
	if now >= c.periodic {
		c.periodic += ((now-c.periodic)/ds3231Periodic + 1) * ds3231Periodic
		c.convert()
	}
	if !c.asked || now < c.forced {
		return
	}
	if c.hit(Busy) {
		c.forced = now + ds3231Takes
		return
	}
	c.convert()
	c.asked, c.control = false, c.control&^ds3231Convert
}

func (c *DS3231) convert() {
	v := c.sense(0, c.temperature, -128_000, 127_750)
	c.latest = int16(scaled(v, 1, 250) << 6)
}

func (c *DS3231) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if !read {
		return nil, true
	}
	all := c.all(now)
	words := make([]uint16, len(all))
	for i := range words {
		words[i] = uint16(all[(int(c.pointer)+i)%len(all)]) * 0x101
	}
	if c.hit(WrongID) { // an AMG8833, whose pixels begin at 0x80 and whose first registers are few
		words = make([]uint16, len(all))
		words[2] = 0x101
	}
	reply := make([]byte, len(words))
	for i, w := range fill(&c.Part, words) {
		reply[i] = byte(w)
	}
	return reply, true
}

// all are the registers, the time in decimal digits.
func (c *DS3231) all(now time.Duration) [19]byte {
	t := c.seconds + int64((now-c.since)/time.Second)
	day := t / 86_400
	return [19]byte{
		decimal(t % 60), decimal(t / 60 % 60), decimal(t / 3600 % 24), byte(1 + (day+3)%7),
		decimal(1 + day%31), 0x01, 0x26, 14: c.control, 15: c.status,
		17: byte(c.latest >> 8), 18: byte(c.latest),
	}
}

func decimal(n int64) byte { return byte(n/10<<4 | n%10) }

func (c *DS3231) take(now time.Duration, i int, b byte) bool {
	if i == 0 {
		c.pointer = b % 19
		return true
	}
	switch c.pointer {
	case 14:
		c.control = b
		if b&ds3231Convert != 0 && !c.asked {
			c.asked, c.forced = true, now+c.stretch(ds3231Takes)
		}
	case 15:
		c.status = b&c.status&ds3231Stopped | b&0x08
	}
	c.pointer = (c.pointer + 1) % 19
	return true
}
