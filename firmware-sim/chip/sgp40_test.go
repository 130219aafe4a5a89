package chip

import (
	"testing"
	"time"
)

// The command that measures is accepted with the checksums of its arguments, and nothing is
// acknowledged while it is carried out.
func TestSGP40Measures(t *testing.T) {
	b := &bench{t: t}
	c := NewSGP40(b.clock)
	b.Chip = c
	c.SetSignal(0x8000)
	b.mustWrite("26 0f 80 00 a2 66 66 93")
	b.wait(sgp40Measure - 1)
	_, err := b.read(3)
	b.wantNack("a read that comes too early", err)
	b.wantNack("a command meanwhile", b.write("28 0e"))
	b.wait(1)
	b.wantRead("80 00 a2")
	_, err = b.read(3)
	b.wantNack("a second read", err)
	b.wantNack("a wrong checksum", b.write("26 0f 80 00 a3"))
	b.wantNack("a ninth byte", b.write("26 0f 80 00 a2 66 66 93 00"))
	b.wait(time.Second)
	b.wantNack("an unknown command", b.write("12 34"))
	b.mustWrite("36 15")
	b.mustWrite("36 82")
	b.wantRead("00 00 81 01 23 a0")
}

// The self-test tells whether the part is sound, and takes its time.
func TestSGP40TestsItself(t *testing.T) {
	b := &bench{t: t}
	c := NewSGP40(b.clock)
	b.Chip = c
	for _, want := range []string{"d4 00 c6", "4b 00 9e"} {
		b.mustWrite("28 0e")
		b.wait(sgp40Test - 1)
		_, err := b.read(3)
		b.wantNack("a read that comes too early", err)
		b.wait(1)
		got, err := b.read(3)
		if got[:5] != want[:5] || err != nil {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
		c.Break()
	}
	c.PowerCycle()
	b.wantNack("a command during power-up", b.write("28 0e"))
	b.wait(sgp40PowerUp)
	b.mustWrite("28 0e")
}
