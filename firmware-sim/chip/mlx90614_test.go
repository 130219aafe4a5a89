package chip

import (
	"testing"
	"time"
)

// The words are those of the published vectors, each with its packet error code.
func TestMLX90614Vectors(t *testing.T) {
	for _, c := range []struct {
		object, housing int64
		objects, houses string
	}{
		{28_010, 23_190, "d2 3a 30", "e1 39 e9"},
		{380_010, 25_750, "92 7f", "61 3a 56"},
		{-70_010, 25_950, "ad 27", "6b 3a d4"},
		{900_000, 24_570, "ff 7f", "26 3a 66"},
	} {
		b := &bench{t: t}
		mlx := NewMLX90614(b.clock)
		b.Chip = mlx
		mlx.SetObject(c.object)
		mlx.SetHousing(c.housing)
		b.wait(mlx90614Refresh)
		b.wantAsked("07", c.objects)
		b.wantAsked("06", c.houses)
	}
}

// The memory is empty after power-up, until the first measurement has ended; the EEPROM stays.
func TestMLX90614MemoryIsEmptyAfterPowerUp(t *testing.T) {
	b := &bench{t: t}
	c := NewMLX90614(b.clock)
	b.Chip = c
	b.wait(time.Second)
	b.wantAsked("07", "74 39")
	c.PowerCycle()
	b.wait(mlx90614PowerUp - 1)
	b.wantAsked("07", "00 00")
	b.wantAsked("2e", "5a be")
	b.wait(1)
	b.wantAsked("07", "74 39")
	b.wantAsked("24", "ff ff")
	_, err := b.read(3)
	b.wantNack("a read without a repeated start", err)
}
