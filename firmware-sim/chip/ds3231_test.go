package chip

import (
	"testing"
	"time"
)

func newDS3231(t *testing.T) (*bench, *DS3231) {
	b := &bench{t: t}
	c := NewDS3231(b.clock)
	b.Chip = c
	return b, c
}

// The time runs, in decimal digits, and the battery keeps it; without one OSF tells.
func TestDS3231KeepsTime(t *testing.T) {
	b, c := newDS3231(t)
	b.mustWrite("00")
	b.wantRead("00 00 12 04 01 01 26")
	b.wait(12*time.Hour + 59*time.Minute + 58*time.Second)
	b.wantRead("58 59 00 05 02 01 26")
	if err := c.Inject(Fault{Kind: BrownOut}); err != nil {
		t.Fatal(err)
	}
	b.wait(time.Second)
	b.wantRead("59 59 00 05 02 01 26")
	b.mustWrite("0f")
	b.wantRead("00")
	c.EmptyBattery()
	b.mustWrite("0f")
	b.wantRead("80")
	b.mustWrite("00")
	b.wantRead("00 00 00")
	b.mustWrite("0f 00")
	b.mustWrite("0f")
	b.wantRead("00")
}

// The temperature comes every 64 s, and sooner when it is asked for.
func TestDS3231Converts(t *testing.T) {
	b, c := newDS3231(t)
	c.SetTemperature(25_250)
	b.mustWrite("11")
	b.wantRead("00 00")
	b.wait(64 * time.Second)
	b.wantRead("19 40")
	c.SetTemperature(-500)
	b.wantRead("19 40")
	b.mustWrite("0e 3c")
	b.mustWrite("0e")
	b.wait(200*time.Millisecond - 1)
	b.wantRead("3c 00 00 19 40")
	b.wait(1)
	b.wantRead("1c 00 00 ff 80")
}
