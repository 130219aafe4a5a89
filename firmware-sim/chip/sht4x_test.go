package chip

import (
	"errors"
	"testing"
	"time"
)

func newSHT4x(t *testing.T) (*bench, *SHT4x) {
	b := &bench{t: t}
	c := NewSHT4x(b.clock)
	b.Chip = c
	return b, c
}

// The words are those of the published vectors, and of the ends of the range.
func TestSHT4xVectors(t *testing.T) {
	for _, c := range []struct {
		name                  string
		temperature, humidity int64
		want                  string
	}{
		{"25 °C, 50 %", 25_000, 50_000, "66 66 93 72 b0 dc"},
		{"the lower end", -45_000, -6_000, "00 00 81 00 00 81"},
		{"the upper end", 130_000, 119_000, "ff ff ac ff ff ac"},
		{"colder than cold", -60_000, -10_000, "00 00 81 00 00 81"},
		{"hotter than hot", 400_000, 200_000, "ff ff ac ff ff ac"},
		{"60 °C", 60_000, 25_250, "99 99 be 40 00 08"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, sht := newSHT4x(t)
			sht.SetTemperature(c.temperature)
			sht.SetHumidity(c.humidity)
			b.mustWrite("fd")
			b.wait(sht4xHigh)
			b.wantRead(c.want)
		})
	}
}

// A read is refused while the part measures, and a result can be fetched once.
func TestSHT4xRefusesAReadUntilItIsDone(t *testing.T) {
	for command, takes := range map[string]time.Duration{
		"fd": sht4xHigh, "f6": sht4xMid, "e0": sht4xLow} {
		b, _ := newSHT4x(t)
		_, err := b.read(6)
		b.wantNack("a read before any measurement", err)
		b.mustWrite(command)
		b.wait(takes - 1)
		_, err = b.read(6)
		b.wantNack("a read that comes too early", err)
		b.wantNack("a new measurement meanwhile", b.write("fd"))
		b.wait(1)
		if _, err := b.read(6); err != nil {
			t.Errorf("%s after %v: %v", command, takes, err)
		}
		_, err = b.read(6)
		b.wantNack("a second read", err)
	}
}

// The value is that of the end of the conversion, whenever it is fetched.
func TestSHT4xMeasuresWhenItMeasures(t *testing.T) {
	b, c := newSHT4x(t)
	c.SetTemperature(25_000)
	b.mustWrite("fd")
	b.wait(10 * time.Millisecond)
	c.SetTemperature(60_000)
	b.wait(time.Second)
	got, err := b.read(3)
	if got != "66 66 93" || err != nil {
		t.Errorf("got %q, %v; want the 25 °C of a second ago", got, err)
	}
}

// Reset ends a measurement; the part does not answer while it starts up.
func TestSHT4xReset(t *testing.T) {
	b, c := newSHT4x(t)
	b.mustWrite("fd")
	b.mustWrite("94")
	b.wantNack("a command during the reset", b.write("fd"))
	b.wait(sht4xReset)
	_, err := b.read(6)
	b.wantNack("the result that was given up", err)
	b.mustWrite("fd")
	c.PowerCycle()
	b.wantNack("a command during power-up", b.write("fd"))
	b.wait(sht4xReset)
	b.mustWrite("fd")
}

// A command is one byte of those the part knows; the serial number has its checksums.
func TestSHT4xCommands(t *testing.T) {
	b, c := newSHT4x(t)
	b.wantNack("an unknown command", b.write("24"))
	b.wantNack("a command of two bytes", b.write("fd 00"))
	b.wait(time.Second)
	c.SetSerial(0xBEEF8000)
	b.mustWrite("89")
	b.wantRead("be ef 92 80 00 a2")
	if err := c.Inject(Fault{Kind: WrongID}); err != nil {
		t.Fatal(err)
	}
	b.mustWrite("89")
	if got, err := b.read(6); got == "be ef 92 80 00 a2" || err != nil {
		t.Errorf("a swapped part: got %q, %v", got, err)
	}
}

// A flipped bit never passes the checksum; every bit of the answer gets its turn.
func TestSHT4xBitFlipIsCaughtByTheChecksum(t *testing.T) {
	b, c := newSHT4x(t)
	if err := c.Inject(Fault{Kind: BitFlip, Seed: 3}); err != nil {
		t.Fatal(err)
	}
	places := map[string]bool{}
	for range 1000 {
		b.mustWrite("fd")
		b.wait(sht4xHigh)
		text, err := b.read(6)
		if err != nil {
			t.Fatal(err)
		}
		raw := unhex(t, text)
		if crc(raw[:2]...) == raw[2] && crc(raw[3:5]...) == raw[5] {
			t.Fatalf("got %s, which is valid", text)
		}
		places[text] = true
	}
	if len(places) != 48 {
		t.Errorf("got %d different wrong answers, want one for each of 48 bits", len(places))
	}
}

// The faults that stop the part stop it, and Heal brings it back.
func TestSHT4xFaultsThatSilence(t *testing.T) {
	for _, f := range []Fault{{Kind: Absent}, {Kind: Nack}, {Kind: NackWrite}, {Kind: Busy},
		{Kind: BrownOut, Nth: 1}, {Kind: Slow, Size: 10}} {
		b, c := newSHT4x(t)
		if err := c.Inject(f); err != nil {
			t.Fatal(err)
		}
		err := b.write("fd")
		b.wait(sht4xHigh)
		_, readErr := b.read(6)
		b.wantNack(string(f.Kind), errors.Join(err, readErr))
		c.Heal()
		b.wait(time.Second)
		b.mustWrite("fd")
		b.wait(sht4xHigh)
		if _, err := b.read(6); err != nil {
			t.Errorf("%s: healed, and still %v", f.Kind, err)
		}
	}
}
