package chip

import "time"

// DFGas is a DFRobot Gravity module with an electrochemical cell for one gas.
//
// From the maker's wiki (SEN0465 to SEN0476) and library: a frame of nine bytes is written behind a
// register of zero, is carried out within 10 ms, and its answer read behind the same register. The
// frame's last byte makes the sum of the six behind the head zero. The module powers up reporting
// by itself every second; told to, it answers only what it is asked. What a read finds before the
// answer is there is left open; this model does not acknowledge it. Left out: the alarm pin, the
// voltage, the address that can be changed.
type DFGas struct {
	Part
	gas    GasCell
	amount int64 // input, in steps of the module: 1 ppm, or 0.1 %vol of oxygen

	asked bool          // it answers only what it is asked
	until time.Duration // a frame is being carried out so long
	frame [9]byte       // that is being written
	reply []byte        // of nine bytes; nil: none
}

// GasCell is what a module is made for.
type GasCell struct {
	Type   byte  // the gas by its number
	Digits byte  // of an amount, behind the point
	Most   int64 // the end of its range
}

// CellCO is the cell for carbon monoxide, 0 to 1000 ppm.
func CellCO() GasCell { return GasCell{Type: 4, Most: 1000} }

// CellO2 is the cell for oxygen, 0 to 25.0 %vol.
func CellO2() GasCell { return GasCell{Type: 5, Digits: 1, Most: 250} }

const dfgasWork = 10 * time.Millisecond

// NewDFGas returns a module with this cell in clean air, which has been powered for long.
func NewDFGas(clock Clock, cell GasCell) *DFGas {
	c := &DFGas{gas: cell}
	if cell == CellO2() {
		c.amount = 209
	}
	c.setUp(clock, "dfgas", c)
	return c
}

// SetAmount sets the gas in the air in the module's steps: ppm of carbon monoxide, tenths of a
// percent by volume of oxygen.
func (c *DFGas) SetAmount(steps int64) { c.set(func() { c.amount = steps }) }

func (c *DFGas) reset(time.Duration) { c.asked, c.until, c.reply = false, 0, nil }

func (c *DFGas) advance(time.Duration) {}

func (c *DFGas) address(now time.Duration, read, _ bool) ([]byte, bool) {
	if !read {
		return nil, true
	}
	if !c.asked && c.reply == nil {
		return c.seal(0x88), true
	}
	if now < c.until || c.reply == nil || c.hit(Busy) {
		return nil, false
	}
	reply := append([]byte(nil), c.reply...)
	if !c.asked || reply[1] == 0x78 {
		c.reply = nil
	}
	return reply, true
}

// take accepts a register and then a frame. A register that is no zero is not known to be there.
func (c *DFGas) take(now time.Duration, i int, b byte) bool {
	switch {
	case i == 0:
		return b == 0
	case i <= len(c.frame):
		c.frame[i-1] = b
		if i == len(c.frame) {
			c.execute(now)
		}
		return true
	}
	return false
}

// execute carries out a frame that is whole; others are not answered.
func (c *DFGas) execute(now time.Duration) {
	if c.frame[0] != 0xFF || c.frame[1] != 1 || c.frame[8] != negative(c.frame[1:7]) {
		return
	}
	switch c.frame[2] {
	case 0x78:
		c.asked = c.frame[3] == 4
		c.reply = []byte{0xFF, 0x78, 1, 0, 0, 0, 0, 0, 0x87}
	case 0x86:
		c.reply = c.seal(0x86)
	default:
		return
	}
	c.until = now + c.stretch(dfgasWork)
}

// seal makes an answer that tells the gas.
func (c *DFGas) seal(command byte) []byte {
	amount := uint16(c.sense(0, c.amount, 0, c.gas.Most))
	kind := c.gas.Type
	if c.hit(WrongID) {
		kind ^= 0x07
	}
	data := []uint16{uint16(command)<<8 | amount>>8, amount<<8 | uint16(kind),
		uint16(c.gas.Digits) << 8, 0}
	out := []byte{0xFF}
	for _, w := range fill(&c.Part, data) {
		out = append(out, byte(w>>8), byte(w))
	}
	out[8] = negative(out[1:7])
	return out
}

// negative is what makes a sum of bytes zero.
func negative(data []byte) (rest byte) {
	for _, b := range data {
		rest -= b
	}
	return rest
}
