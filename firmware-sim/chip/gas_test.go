package chip

import (
	"strings"
	"testing"
	"time"
)

func scd4xScript(b *bench, part **Part) string {
	if *part == nil {
		c := NewSCD4x(b.clock)
		b.Chip, *part = c, &c.Part
	}
	c := b.Chip.(*SCD4x)
	var out strings.Builder
	b.say(&out, "3f 86", time.Second, 0)
	b.say(&out, "21 b1", 0, 0)
	for _, ppm := range []int64{800, 900} {
		c.SetCO2(ppm)
		b.wait(5 * time.Second)
		b.say(&out, "e4 b8", time.Millisecond, 3)
		b.say(&out, "ec 05", time.Millisecond, 9)
	}
	b.say(&out, "3f 86", time.Second, 0)
	b.say(&out, "36 82", time.Millisecond, 9)
	return out.String()
}

func dfgasScript(b *bench, part **Part) string {
	if *part == nil {
		c := NewDFGas(b.clock, CellCO())
		b.Chip, *part = c, &c.Part
	}
	c := b.Chip.(*DFGas)
	var out strings.Builder
	b.say(&out, modeFrame, 12*time.Millisecond, 9)
	for _, ppm := range []int64{123, 150} {
		c.SetAmount(ppm)
		b.say(&out, askFrame, 12*time.Millisecond, 9)
	}
	return out.String()
}

// Frames of the published vectors, behind their register.
const (
	modeFrame = "00 ff 01 78 04 00 00 00 00 83"
	askFrame  = "00 ff 01 86 00 00 00 00 00 79"
)

func newSCD4x(t *testing.T) (*bench, *SCD4x) {
	b := &bench{t: t}
	c := NewSCD4x(b.clock)
	b.Chip = c
	return b, c
}

// The words are those of the published vectors.
func TestSCD4xVectors(t *testing.T) {
	for _, c := range []struct {
		name                       string
		co2, temperature, humidity int64
		want                       string
	}{
		{"the datasheet's example", 500, 25_003, 37_002, "01 f4 33 66 67 a2 5e b9 3c"},
		{"another vector", 556, 25_446, 30_091, "02 2c a3 67 0d 36 4d 08 f1"},
		{"the upper ends", 50_000, 200_000, 120_000, "9c 40 45 ff ff ac ff ff ac"},
		{"the lower ends", -1, -60_000, -1, "00 00 81 00 00 81 00 00 81"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, scd := newSCD4x(t)
			scd.SetCO2(c.co2)
			scd.SetTemperature(c.temperature)
			scd.SetHumidity(c.humidity)
			b.mustWrite("21 b1")
			b.wait(5 * time.Second)
			b.mustWrite("ec 05")
			b.wait(time.Millisecond)
			b.wantRead(c.want)
		})
	}
}

// An idle part has no values; one that measures has a new one every 5 s, which is fetched once, and
// each answer takes its time.
func TestSCD4xHasAValueEveryFiveSeconds(t *testing.T) {
	b, _ := newSCD4x(t)
	ready := func(want string) {
		t.Helper()
		b.mustWrite("e4 b8")
		_, err := b.read(3)
		b.wantNack("an answer before its time", err)
		b.wait(time.Millisecond)
		b.wantRead(want)
	}
	fetch := func() error {
		b.mustWrite("ec 05")
		b.wait(time.Millisecond)
		_, err := b.read(9)
		return err
	}
	b.wait(time.Minute)
	ready("80 00 a2")
	b.mustWrite("21 b1")
	b.wantNack("a second start", b.write("21 b1"))
	b.wait(5*time.Second - 2*time.Millisecond)
	ready("80 00 a2")
	b.wait(time.Millisecond)
	ready("80 06 04")
	if err := fetch(); err != nil {
		t.Fatal(err)
	}
	b.wantNack("a value that was fetched", fetch())
	b.wait(time.Minute)
	if err := fetch(); err != nil {
		t.Fatal(err)
	}
	b.mustWrite("3f 86")
	b.wait(time.Millisecond)
	b.wantNack("a command while it stops", b.write("e4 b8"))
	b.wait(500 * time.Millisecond)
	b.mustWrite("36 82")
	b.wantNack("an argument", b.write("21 b1 00"))
	b.PowerCycle()
	b.wantNack("a command while it powers up", b.write("21 b1"))
	b.wait(time.Second)
	ready("80 00 a2")
	b.wantNack("an unknown command", b.write("12 34"))
}

// The frames are those of the published vectors.
func TestDFGasVectors(t *testing.T) {
	for _, c := range []struct {
		name   string
		cell   GasCell
		amount int64
		want   string
	}{
		{"CO, 123 ppm", CellCO(), 123, "ff 86 00 7b 04 00 00 00 fb"},
		{"oxygen, 20.9 %vol", CellO2(), 209, "ff 86 00 d1 05 01 00 00 a3"},
		{"CO beyond the range", CellCO(), 2000, "ff 86 03 e8 04 00 00 00 8b"},
		{"less than nothing", CellCO(), -3, "ff 86 00 00 04 00 00 00 76"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bench{t: t}
			m := NewDFGas(b.clock, c.cell)
			b.Chip = m
			m.SetAmount(c.amount)
			b.mustWrite(modeFrame)
			b.wait(10 * time.Millisecond)
			b.wantRead("ff 78 01 00 00 00 00 00 87")
			b.mustWrite(askFrame)
			b.wait(10*time.Millisecond - 1)
			_, err := b.read(9)
			b.wantNack("an answer before its time", err)
			b.wait(1)
			b.mustWrite("00")
			b.wantRead(c.want)
		})
	}
}

// A module powers up reporting by itself; frames with a wrong sum and other registers are nothing
// to it.
func TestDFGasReportsByItselfUntilItIsTold(t *testing.T) {
	b := &bench{t: t}
	m := NewDFGas(b.clock, CellO2())
	b.Chip = m
	b.wantRead("ff 88 00 d1 05 01 00 00 a1")
	b.mustWrite("00 ff 01 78 04 00 00 00 00 84")
	b.wait(time.Second)
	b.wantRead("ff 88 00 d1 05 01 00 00 a1")
	b.wantNack("another register", b.write("01"))
	b.wantNack("more than a frame", b.write(modeFrame+" 00"))
	b.wait(time.Second)
	b.wantRead("ff 78 01 00 00 00 00 00 87")
	_, err := b.read(9)
	b.wantNack("a read of nothing", err)
	m.PowerCycle()
	b.wantRead("ff 88 00 d1 05 01 00 00 a1")
}
