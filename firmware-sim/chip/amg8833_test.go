package chip

import (
	"testing"
	"time"
)

// The codes are those of the scales: a quarter of a degree in two's complement, a sixteenth with a
// sign.
func TestAMG8833Vectors(t *testing.T) {
	for _, c := range []struct {
		hottest, room     int64
		pixel, thermistor string
	}{
		{25_000, 20_000, "64 00", "40 01"},
		{80_000, 25_000, "40 01", "90 01"},
		{-1_000, -250, "fc 0f", "04 08"},
		{900_000, 25_000, "ff 07", "90 01"},
	} {
		b := &bench{t: t}
		amg := NewAMG8833(b.clock)
		b.Chip = amg
		amg.SetHottest(c.hottest)
		amg.SetRoom(c.room)
		b.wait(time.Second)
		b.wantAsked("b6", c.pixel)
		b.wantAsked("0e", c.thermistor)
	}
}

// A picture comes ten times a second, or once; registers are kept until a reset or a loss of the
// supply, which also empty the memory.
func TestAMG8833Pictures(t *testing.T) {
	b := &bench{t: t}
	c := NewAMG8833(b.clock)
	b.Chip = c
	b.wait(time.Second)
	c.SetHottest(40_000)
	b.wantAsked("b6", "78 00") // 30 °C: the next picture has not come
	b.wait(100 * time.Millisecond)
	b.wantAsked("b6", "a0 00")
	b.mustWrite("02 01")
	b.mustWrite("08 a5 01")
	b.wait(100 * time.Millisecond)
	b.wantAsked("08", "a5 01 00")
	c.SetHottest(50_000)
	b.wait(500 * time.Millisecond)
	b.wantAsked("b6", "a0 00")
	for _, reset := range []func(){c.PowerCycle, func() { b.mustWrite("01 3f") }} {
		reset()
		b.wait(amg8833StartUp)
		b.wantAsked("08", "00 00")
		b.wantAsked("b6", "00 00")
		b.wait(100 * time.Millisecond)
		b.wantAsked("b6", "c8 00")
	}
	c.PowerCycle()
	b.wantNack("a command during start-up", b.write("08 01"))
}
