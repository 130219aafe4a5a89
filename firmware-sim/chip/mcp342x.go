package chip

import "time"

// MCP3424 is a Microchip MCP3424: four differential inputs, one 18-bit converter with a reference
// of 2.048 V.
//
// From the datasheet: one byte of configuration, no registers; a read gives the last conversion,
// two bytes or with 18 bits three, and then the configuration again and again; its highest bit is
// clear until a conversion is read for the first time. After power-up it converts input 1 again and
// again, with 12 bits. Left out: the general call.
type MCP3424 struct {
	Part
	inputs [4]int64 // µV

	config     byte // without the highest bit
	fresh      bool // the conversion was not read yet
	latest     int64
	converting bool
	done       time.Duration
}

const (
	mcp3424Reset      = 0x10
	mcp3424Busy       = 1 << 7
	mcp3424Continuous = 1 << 4
)

// mcp3424Slowest is the slowest rate of each resolution, in conversions in 100 s.
var mcp3424Slowest = [4]int64{17_600, 4_400, 1_100, 275}

// NewMCP3424 returns a part with all inputs at 0 V.
func NewMCP3424(clock Clock) *MCP3424 {
	c := &MCP3424{}
	c.setUp(clock, "mcp3424", c)
	return c
}

// SetInput sets the voltage at input 0 to 3, in µV.
func (c *MCP3424) SetInput(input int, microvolt int64) {
	c.set(func() { c.inputs[input] = microvolt })
}

func (c *MCP3424) reset(now time.Duration) {
	c.config, c.fresh, c.latest = mcp3424Reset, false, 0
	c.begin(now)
}

func (c *MCP3424) begin(now time.Duration) {
	c.converting, c.done = true, now+c.takes()
}

func (c *MCP3424) takes() time.Duration {
	return c.stretch(100 * time.Second / time.Duration(mcp3424Slowest[c.config>>2&3]))
}

func (c *MCP3424) advance(now time.Duration) {
	if !c.converting || now < c.done {
		return
	}
	if c.hit(Busy) {
		c.done = now + c.takes()
		return
	}
	c.convert()
	if c.config&mcp3424Continuous == 0 {
		c.converting = false
		return
	}
	takes := c.takes()
	c.done += ((now-c.done)/takes + 1) * takes
}

func (c *MCP3424) convert() {
	input := int(c.config >> 5 & 3)
	full := int64(2_048_000) >> (c.config & 3)
	v := c.sense(input, c.inputs[input], -full, full)
	end := int64(1) << (c.bits() - 1)
	c.latest = min(max(scaled(v, end, full), -end), end-1)
	c.fresh = true
}

func (c *MCP3424) bits() int { return 12 + 2*int(c.config>>2&3) }

func (c *MCP3424) address(_ time.Duration, read, _ bool) ([]byte, bool) {
	if !read {
		return nil, true
	}
	config := c.config | mcp3424Busy
	if c.fresh {
		config = c.config
	}
	c.fresh = false
	if c.hit(WrongID) { // a DS3231, which reads on from where it stands: here the time
		return []byte{0x12, 0x30, 0x45, 0x23, 0x04, 0x24, 0x11, 0x26}, true
	}
	words := []uint16{uint16(c.latest >> 8), uint16(c.latest), uint16(config), uint16(config)}
	if c.bits() > 16 {
		words = append([]uint16{uint16(c.latest >> 16)}, words...)
	}
	reply := make([]byte, len(words))
	for i, w := range fill(&c.Part, words) {
		reply[i] = byte(w)
	}
	return reply, true
}

// take takes the configuration; of several bytes the last counts. A conversion of once begins when
// its highest bit is set.
func (c *MCP3424) take(now time.Duration, _ int, b byte) bool {
	c.config = b &^ mcp3424Busy
	if b&(mcp3424Busy|mcp3424Continuous) != 0 {
		c.fresh = false
		c.begin(now)
	}
	return true
}
