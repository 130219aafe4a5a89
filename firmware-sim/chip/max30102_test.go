package chip

import (
	"testing"
	"time"
)

// Samples come at the rate of a slow clock, are read in their order, and stop when the FIFO is
// full.
func TestMAX30102FillsItsFIFO(t *testing.T) {
	b := &bench{t: t}
	c := NewMAX30102(b.clock)
	b.Chip = c
	c.SetLight(0x12345, 0x3FFFF)
	b.mustWrite("ff")
	b.wantRead("15")
	b.wait(time.Second)
	b.mustWrite("04")
	b.wantRead("00 00 00")
	b.mustWrite("08 40 03 27 00 24 24")
	b.mustWrite("08")
	b.wantRead("40 03 27 00 24 24")
	b.mustWrite("04")
	b.wait(44*time.Millisecond - 1)
	b.wantRead("00 00 00")
	b.wait(1)
	b.wantRead("01 00 00")
	c.SetLight(1, 2)
	b.wait(44 * time.Millisecond)
	b.mustWrite("07")
	b.wantRead("01 23 45 03 ff ff")
	b.wantRead("00 00 01 00 00 02")
	b.mustWrite("04")
	b.wantRead("02 00 02")
	b.wait(time.Minute)
	b.wantRead("02 1f 02")
	b.mustWrite("04 00 00 00")
	b.mustWrite("04")
	b.wantRead("00 00 00")
	if err := c.Inject(Fault{Kind: BrownOut}); err != nil {
		t.Fatal(err)
	}
	b.mustWrite("08")
	b.wantRead("00 00 00 00 00 00")
	b.mustWrite("08 40 03 27 00 24 24")
	b.mustWrite("09 40") // the reset bit
	b.mustWrite("08")
	b.wantRead("00 00 00 00 00 00")
}
