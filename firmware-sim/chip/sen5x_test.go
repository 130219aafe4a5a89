package chip

import (
	"testing"
	"time"
)

func newSEN5x(t *testing.T, product string) (*bench, *SEN5x) {
	b := &bench{t: t}
	c := NewSEN5x(b.clock, product)
	b.Chip = c
	return b, c
}

// asked gives a command, waits as long as the part works on it, and compares the answer.
func (b *bench) asked(command, want string) {
	b.t.Helper()
	b.mustWrite(command)
	b.wait(sen5xCommand - 1)
	_, err := b.read(3)
	b.wantNack("a read that comes too early", err)
	b.wait(1)
	b.wantRead(want)
}

// The words are those of the scales; what a product does not have is unknown.
func TestSEN5xVectors(t *testing.T) {
	const mass = "00 32 26 00 50 ff 00 5a 24 00 64 fe"
	for product, rest := range map[string]string{
		"SEN50": " 7f ff 8f 7f ff 8f 7f ff 8f 7f ff 8f",
		"SEN54": " 13 88 01 13 88 01 03 e8 d4 7f ff 8f",
		"SEN55": " 13 88 01 13 88 01 03 e8 d4 00 0a 5a",
	} {
		b, c := newSEN5x(t, product)
		c.SetAir(Aerosol{PM1: 5_000, PM25: 8_000, PM4: 9_000, PM10: 10_000})
		c.SetHumidity(50_000)
		c.SetTemperature(25_000)
		c.SetGases(100_000, 1_000)
		b.asked("03 c4", "ff ff ac ff ff ac ff ff ac ff ff ac 7f ff 8f 7f ff 8f 7f ff 8f 7f ff 8f")
		b.mustWrite("00 21")
		b.wait(time.Minute)
		b.wantNack("a second start", b.write("00 21"))
		b.wait(sen5xCommand)
		b.asked("02 02", "00 01 b0")
		b.asked("03 c4", mass+rest)
		b.asked("02 02", "00 00 81")
	}
}

// The index of the oxides is unknown at first, and what fails is unknown and told.
func TestSEN5xTellsWhatFails(t *testing.T) {
	b, c := newSEN5x(t, "SEN55")
	b.mustWrite("00 21")
	b.wait(9 * time.Second)
	last := func() string {
		t.Helper()
		b.mustWrite("03 c4")
		b.wait(sen5xCommand)
		got, err := b.read(24)
		if err != nil {
			t.Fatal(err)
		}
		return got[36:]
	}
	if got := last(); got[27:] != "7f ff 8f" {
		t.Errorf("oxides after 9 s: got %s, want unknown", got)
	}
	c.Break(true, true)
	b.wait(2 * time.Second)
	if got := last(); got != "7f ff 8f 7f ff 8f 7f ff 8f 7f ff 8f" {
		t.Errorf("broken: got %s, want unknown", got)
	}
	b.asked("d2 06", "00 00 81 00 c0")
	c.Break(false, false)
	b.wait(2 * time.Second)
	b.asked("d2 06", "00 00 81 00 c0") // it stays
	b.mustWrite("d2 10")
	b.wait(sen5xCommand)
	b.asked("d2 06", "00 00 81 00 00 81")
	c.PowerCycle()
	b.wantNack("a command during power-up", b.write("02 02"))
	b.wait(sen5xPowerUp)
	b.asked("02 02", "00 00 81")
}
