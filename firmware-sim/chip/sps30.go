package chip

import (
	"math"
	"time"
)

// Aerosol is what floats in the air, as an SPS30 sees it: mass up to 1.0, 2.5, 4.0 and 10 µm in
// ng/m³, number up to 0.5, 1.0, 2.5, 4.0 and 10 µm in 1/dm³, and the typical size in nm.
type Aerosol struct {
	PM1, PM25, PM4, PM10       int64
	NC05, NC1, NC25, NC4, NC10 int64
	Size                       int64
}

// Smoke is the aerosol of a wood fire with pm25 ng/m³ of fine particles. The ratios were measured
// in real wood smoke; NC1, NC2.5 and NC4 lie between their neighbours.
func Smoke(pm25 int64) Aerosol {
	return Aerosol{
		PM1: pm25 * 945 / 1000, PM25: pm25, PM4: pm25, PM10: pm25,
		NC05: pm25 * 650 / 100, NC1: pm25 * 750 / 100, NC25: pm25 * 754 / 100,
		NC4: pm25 * 755 / 100, NC10: pm25 * 755 / 100,
		Size: 470,
	}
}

func (a Aerosol) values() [10]int64 {
	return [10]int64{a.PM1, a.PM25, a.PM4, a.PM10, a.NC05, a.NC1, a.NC25, a.NC4, a.NC10, a.Size}
}

// SPS30 is a Sensirion SPS30: particles, by scattered laser light in a stream that a fan draws.
//
// From the datasheet (version 2.0, June 2023): a command is a word, arguments carry a checksum; it
// measures only after it was told to, and then has a new value every second; a read of the values
// clears the flag that says there are new ones; a STOP stands between a command and the read of its
// answer. That a repeated start is not understood is from Linux's driver. Left out: sleep.
type SPS30 struct {
	Part
	air    Aerosol
	serial string

	until    time.Duration // a command is being executed so long
	argument []byte        // of the command that is being written
	pointer  uint16        // what a read fetches
	mode     sps30Mode
	started  time.Duration // of the measurement
	next     time.Duration // the next value comes
	cleaned  time.Duration // the last cleaning began
	cleaning time.Duration // the fan blows so long
	interval uint32        // seconds between cleanings, 0: never
	fresh    bool          // there is a value that was not read
	latest   [10]int64
	status   uint32
	standing int // checks in a row that found the fan standing
}

type sps30Mode uint8

const (
	sps30Idle sps30Mode = iota
	sps30Float
	sps30Integer
)

// The part's own times (tables of commands and of start-up).
const (
	sps30Period  = time.Second
	sps30SpinUp  = 8 * time.Second // until the values are right, at 200 to 3000 particles in 1 cm³
	sps30Clean   = 10 * time.Second
	sps30Execute = 20 * time.Millisecond // start, stop, write of the interval
	sps30Short   = 5 * time.Millisecond  // cleaning, clearing of the status
	sps30Reset   = 100 * time.Millisecond
	sps30FanUp   = 3 * time.Second // the fan is not checked before
)

// The bits of the status register.
const (
	sps30FanStands = 1 << 4
	sps30FanSpeed  = 1 << 21
)

// NewSPS30 returns a part in clean air (5 µg/m³) that has been powered for long and is idle.
func NewSPS30(clock Clock) *SPS30 {
	c := &SPS30{air: Smoke(5_000), serial: "5A0C1D2E3F405162"}
	c.setUp(clock, "sps30", c)
	c.until = 0
	return c
}

// SetAir sets what floats in the air around the part.
func (c *SPS30) SetAir(a Aerosol) { c.set(func() { c.air = a }) }

// SetSerial sets the number that the part carries, up to 31 characters of ASCII.
func (c *SPS30) SetSerial(serial string) { c.set(func() { c.serial = serial }) }

func (c *SPS30) reset(now time.Duration) {
	c.until = now + sps30Reset
	c.mode, c.fresh, c.pointer, c.latest, c.status = sps30Idle, false, 0, [10]int64{}, 0
	c.standing, c.cleaning, c.interval = 0, 0, 604_800 // a week, the factory setting
}

// advance takes over the values that are due. Only the last can be read, so only it is measured.
func (c *SPS30) advance(now time.Duration) {
	if c.mode == sps30Idle || now < c.next {
		return
	}
	period := c.stretch(sps30Period)
	due := c.next + (now-c.next)/period*period
	c.next = due + period
	if c.interval > 0 && due-c.cleaned >= time.Duration(c.interval)*time.Second {
		c.clean(due)
	}
	if due < c.cleaning {
		return // the values stand still while the fan blows
	}
	c.measure(due)
}

func (c *SPS30) measure(now time.Duration) {
	if c.hit(Busy) {
		return
	}
	age := min(now-c.started, sps30SpinUp)
	for i, v := range c.air.values() {
		if i < 9 { // the stream is not up to speed: it carries fewer particles, not smaller ones
			v = v * age.Milliseconds() / sps30SpinUp.Milliseconds()
		}
		c.latest[i] = c.sense(i, v, 0, 65_535_000)
	}
	c.fresh = true
	c.checkFan(now)
}

// checkFan sets the bits of the fan when it stood at two checks in succession. The one of its speed
// clears by itself; that it stood stays until it is cleared.
func (c *SPS30) checkFan(now time.Duration) {
	if !c.hit(FanStopped) {
		c.standing = 0
		c.status &^= sps30FanSpeed
		return
	}
	if now-c.started < sps30FanUp {
		return
	}
	if c.standing++; c.standing >= 2 {
		c.status |= sps30FanStands | sps30FanSpeed
	}
}

func (c *SPS30) clean(now time.Duration) { c.cleaned, c.cleaning = now, now+sps30Clean }

func (c *SPS30) address(now time.Duration, read, repeated bool) ([]byte, bool) {
	if now < c.until || repeated {
		return nil, false
	}
	c.argument = c.argument[:0]
	if !read {
		return nil, true
	}
	words := c.answer()
	return seal(fill(&c.Part, words)), words != nil
}

// answer is what a read fetches from where the pointer stands; nil: nothing is there.
func (c *SPS30) answer() []uint16 {
	switch c.pointer {
	case 0x0202:
		if c.fresh {
			return []uint16{1}
		}
		return []uint16{0}
	case 0x0300:
		c.fresh = false
		return c.values()
	case 0x8004:
		return []uint16{uint16(c.interval >> 16), uint16(c.interval)}
	case 0xD002:
		return text("00080000", 4)
	case 0xD033:
		if c.hit(WrongID) {
			return text("0000000000000000", 16)
		}
		return text(c.serial, 16)
	case 0xD100:
		return []uint16{0x0202}
	case 0xD206:
		return []uint16{uint16(c.status >> 16), uint16(c.status)}
	}
	return nil
}

// values are the measured values in the format that was asked for. What an idle part answers, the
// datasheet leaves open; zeros are the answer that would do most harm.
func (c *SPS30) values() []uint16 {
	words := make([]uint16, 0, 20)
	for i, v := range c.latest {
		if c.mode == sps30Integer {
			if i < 9 {
				v = scaled(v, 1, 1000)
			}
			words = append(words, uint16(min(v, 65_535)))
			continue
		}
		bits := math.Float32bits(float32(float64(v) / 1000)) // one division: exact everywhere
		words = append(words, uint16(bits>>16), uint16(bits))
	}
	return words
}

func (c *SPS30) take(now time.Duration, i int, b byte) bool {
	switch i {
	case 0:
		c.pointer = uint16(b) << 8
		return true
	case 1:
		c.pointer |= uint16(b)
		return c.command(now)
	}
	c.argument = append(c.argument, b)
	n := len(c.argument)
	if n > 6 || n%3 == 0 && crc(c.argument[n-3:n-1]...) != b {
		return false
	}
	return c.execute(now)
}

// command does what needs no argument.
func (c *SPS30) command(now time.Duration) bool {
	switch c.pointer {
	case 0x0010, 0x0202, 0x0300, 0x8004, 0xD002, 0xD033, 0xD100, 0xD206:
	case 0x0104:
		c.mode, c.fresh = sps30Idle, false
		c.until = now + sps30Execute
	case 0x5607:
		if c.mode != sps30Idle {
			c.clean(now)
		}
		c.until = now + sps30Short
	case 0xD210: // whether the checks are counted anew is left open; a fault then hides the longest
		c.status, c.standing = 0, 0
		c.until = now + sps30Short
	case 0xD304:
		c.reset(now)
	default:
		return false
	}
	return true
}

// execute does what needs an argument, once it is complete.
func (c *SPS30) execute(now time.Duration) bool {
	a := c.argument
	switch {
	case c.pointer == 0x0010 && len(a) == 3:
		c.until = now + sps30Execute
		return c.start(now, a[0])
	case c.pointer == 0x8004 && len(a) == 6:
		c.interval = uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[3])<<8 | uint32(a[4])
		c.until = now + sps30Execute
	}
	return true
}

// start begins to measure, if the part is idle; a part that measures goes on as it was.
func (c *SPS30) start(now time.Duration, format byte) bool {
	mode, known := map[byte]sps30Mode{0x03: sps30Float, 0x05: sps30Integer}[format]
	if !known {
		return false
	}
	if c.mode == sps30Idle {
		c.mode, c.started, c.cleaned, c.fresh = mode, now, now, false
		c.next = now + c.stretch(sps30Period)
	}
	return true
}
