package chip

import (
	"testing"
	"time"
)

// Without its algorithm, and in the first 15 s of it, the part tells 400 ppm and 0 ppb.
func TestSGP30IsBlankAtFirst(t *testing.T) {
	b := &bench{t: t}
	c := NewSGP30(b.clock)
	b.Chip = c
	c.SetAir(291, 1024)
	measured := func(want string) {
		t.Helper()
		b.mustWrite("20 08")
		b.wait(sgp30Measure - 1)
		_, err := b.read(6)
		b.wantNack("a read that comes too early", err)
		b.wait(1)
		b.wantRead(want)
	}
	const blank, full = "01 90 4c 00 00 81", "04 00 02 01 23 a0"
	b.wait(time.Minute)
	measured(blank)
	b.mustWrite("20 03")
	b.wait(sgp30Blank - sgp30Measure - 1)
	measured(blank)
	measured(full)
	_, err := b.read(6)
	b.wantNack("a second read", err)
	c.PowerCycle()
	b.wantNack("a command during power-up", b.write("20 08"))
	b.wait(time.Minute)
	measured(blank)
}

// The baseline is there an hour after the start, and not after a loss of the supply.
func TestSGP30Baseline(t *testing.T) {
	b := &bench{t: t}
	c := NewSGP30(b.clock)
	b.Chip = c
	ask := func(command, want string) {
		t.Helper()
		b.mustWrite(command)
		b.wait(sgp30Command)
		b.wantRead(want)
	}
	ask("20 2f", "00 22 65")
	ask("20 15", "00 00 81 00 00 81")
	b.mustWrite("20 03")
	b.wait(sgp30Baseline)
	ask("20 15", "89 73")
	c.PowerCycle()
	b.wait(sgp30PowerUp)
	ask("20 15", "00 00 81 00 00 81")
	b.wantNack("an unknown command", b.write("12 34"))
}
