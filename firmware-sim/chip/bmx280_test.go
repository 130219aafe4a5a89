package chip

import (
	"testing"
	"time"
)

func benchBME280(t *testing.T) (*bench, *BMX280) {
	b := &bench{t: t}
	c := NewBME280(b.clock)
	b.Chip = c
	return b, c
}

// At the published values the converter gives the published codes: all 20 bits when it is
// oversampled 16 times, 16 when once. What is not measured has its code.
func TestBMX280Vectors(t *testing.T) {
	for _, c := range []struct{ command, want string }{
		{"f2 05 f4 b5", "4a 52 c0 80 96 c0 7a 76"},
		{"f2 01 f4 25", "4a 52 00 80 96 00 7a 77"},
		{"f2 00 f4 21", "80 00 00 80 96 00 80 00"},
	} {
		b, bme := benchBME280(t)
		bme.SetTemperature(23_722)
		bme.SetPressure(100_943)
		bme.SetHumidity(65_306)
		b.mustWrite(c.command)
		b.wait(time.Second)
		b.wantAsked("f7", c.want)
	}
}

// One forced measurement takes its time, tells that it runs, and puts the part to sleep.
func TestBMX280ForcedModeEnds(t *testing.T) {
	b, _ := benchBME280(t)
	b.wantAsked("f7", "80 00 00 80 00 00 80 00")
	b.mustWrite("f2 01 f4 25")
	b.wait(9300*time.Microsecond - 1)
	b.wantAsked("f2", "01 08 25")
	b.wantAsked("f7", "80 00 00")
	b.wait(1)
	b.wantAsked("f2", "01 00 24")
	b.wantAsked("fa", "7e")
}

// The supply and the reset register take all settings and values, and the part needs 2 ms.
func TestBMX280Reset(t *testing.T) {
	b, c := benchBME280(t)
	for _, reset := range []func(){c.PowerCycle, func() { b.mustWrite("e0 b6") }} {
		b.mustWrite("f2 01 f5 a0 f4 25")
		b.wait(time.Second)
		b.wantAsked("f2", "01 00 24 a0")
		reset()
		b.wantNack("a command during start-up", b.write("f4 25"))
		b.wait(bmx280StartUp)
		b.wantAsked("f2", "00 00 00 00 00 80 00 00 80 00 00 80 00")
	}
}

// The two parts differ in their identity and in humidity.
func TestBMX280Identity(t *testing.T) {
	b, _ := benchBME280(t)
	b.wantAsked("d0", "60")
	b.wantAsked("e1", "6e 01 00 13 05 00 1e")
	b.Chip = NewBMP280(b.clock)
	b.wantAsked("d0", "58")
	b.wantAsked("e1", "00 00")
	b.mustWrite("f2 05")
	b.wantAsked("f2", "00")
}
