package chip

import (
	"testing"
	"time"
)

func newADS1115(t *testing.T) (*bench, *ADS1115) {
	b := &bench{t: t}
	c := NewADS1115(b.clock)
	b.Chip = c
	return b, c
}

// The codes are those of the formula and the published vectors, at each end of each range.
func TestADS1115Vectors(t *testing.T) {
	for _, c := range []struct {
		name   string
		input  int64
		config string
		want   string
	}{
		{"full scale", 4_096_000, "01 c3 83", "7f ff"},
		{"beyond full scale", 5_000_000, "01 c3 83", "7f ff"},
		{"one step", 125, "01 c3 83", "00 01"},
		{"half of 2.048 V", 1_024_000, "01 c5 83", "40 00"},
		{"-33 mV at 6.144 V", -33_000, "01 c1 83", "ff 50"},
		{"the protection holds the pin", -2_000_000, "01 c3 83", "f6 a0"},
		{"and at the supply", 7_000_000, "01 c1 83", "6e 6b"},
		{"below the smallest range", -300_000, "01 cb 83", "80 00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, adc := newADS1115(t)
			adc.SetInput(0, c.input)
			b.mustWrite(c.config)
			b.wait(10 * time.Millisecond)
			b.mustWrite("00")
			b.wantRead(c.want)
		})
	}
}

// After power-up the registers are as the datasheet says.
func TestADS1115ResetValues(t *testing.T) {
	b, c := newADS1115(t)
	check := func() {
		t.Helper()
		for pointer, want := range map[string]string{
			"00": "00 00", "01": "85 83", "02": "80 00", "03": "7f ff"} {
			b.mustWrite(pointer)
			b.wantRead(want)
		}
	}
	check()
	c.SetInput(0, 1_000_000)
	b.mustWrite("02 12 34")
	b.wantRead("12 34")
	b.mustWrite("01 c3 83")
	b.wait(time.Second)
	c.PowerCycle()
	b.wantRead("00 00")
	check()
	if err := c.Inject(Fault{Kind: BrownOut}); err != nil {
		t.Fatal(err)
	}
	check()
}

// A conversion takes the time of its rate, by a clock that is ten percent slow; until then the old
// result stands and the OS bit is clear.
func TestADS1115TakesItsTime(t *testing.T) {
	for bits, want := range map[string]time.Duration{
		"03": 137_525 * time.Microsecond, // 8 samples a second
		"83": 8_618_750 * time.Nanosecond,
		"e3": 1_304_069 * time.Nanosecond,
	} {
		b, c := newADS1115(t)
		c.SetInput(0, 2_048_000)
		b.mustWrite("01 c3 " + bits)
		b.wait(want - 1)
		b.wantRead("43 " + bits)
		b.mustWrite("00")
		b.wantRead("00 00")
		b.wait(1)
		b.wantRead("40 00")
		b.mustWrite("01")
		b.wantRead("c3 " + bits)
	}
}

// The multiplexer takes any input against ground, and four pairs.
func TestADS1115Multiplexer(t *testing.T) {
	b, c := newADS1115(t)
	for pin, v := range []int64{1_000_000, 2_000_000, 2_500_000, 3_000_000} {
		c.SetInput(pin, v)
	}
	for mux, want := range map[string]string{
		"83": "e0 c0", "93": "c1 80", "a3": "e0 c0", "b3": "f0 60",
		"c3": "1f 40", "d3": "3e 80", "e3": "4e 20", "f3": "5d c0"} {
		b.mustWrite("01 " + mux + " 83")
		b.wait(10 * time.Millisecond)
		b.mustWrite("00")
		b.wantRead(want)
	}
}

// In continuous mode results follow one another; a new configuration counts from the next one on.
func TestADS1115Continuous(t *testing.T) {
	b, c := newADS1115(t)
	c.SetInput(0, 1_000_000)
	c.SetInput(1, 2_000_000)
	b.mustWrite("01 42 83")
	b.wait(time.Second)
	b.mustWrite("00")
	b.wantRead("1f 40")
	c.SetInput(0, 500_000)
	b.wantRead("1f 40")
	b.wait(20 * time.Millisecond)
	b.wantRead("0f a0")
	b.mustWrite("01 52 83")
	b.mustWrite("00")
	b.wantRead("0f a0")
	b.wait(20 * time.Millisecond)
	b.wantRead("3e 80")
	b.mustWrite("01 53 83")
	b.wait(time.Second)
	c.SetInput(1, 0)
	b.wait(time.Second)
	b.mustWrite("00")
	b.wantRead("3e 80")
	b.mustWrite("01")
	b.wantRead("d3 83")
}

// A start has no effect while a conversion runs, and none without the OS bit.
func TestADS1115StartHasNoEffectMeanwhile(t *testing.T) {
	b, c := newADS1115(t)
	c.SetInput(0, 1_000_000)
	c.SetInput(1, 2_000_000)
	b.mustWrite("01 43 83")
	b.wait(time.Second)
	b.mustWrite("00")
	b.wantRead("00 00")
	b.mustWrite("01 c3 83")
	b.wait(time.Millisecond)
	b.mustWrite("01 d3 83")
	b.wait(10 * time.Millisecond)
	b.mustWrite("00")
	b.wantRead("1f 40")
}

// A part that stays busy never says that it is done; a slow one says so later.
func TestADS1115BusyAndSlow(t *testing.T) {
	b, c := newADS1115(t)
	c.SetInput(0, 1_000_000)
	if err := c.Inject(Fault{Kind: Busy}); err != nil {
		t.Fatal(err)
	}
	b.mustWrite("01 c3 83")
	b.wait(time.Minute)
	b.wantRead("43 83")
	c.Heal()
	b.wait(10 * time.Millisecond)
	b.wantRead("c3 83")
	if err := c.Inject(Fault{Kind: Slow, Size: 50}); err != nil {
		t.Fatal(err)
	}
	b.mustWrite("01 c3 83")
	b.wait(10 * time.Millisecond)
	b.wantRead("43 83")
	b.wait(10 * time.Millisecond)
	b.wantRead("c3 83")
}
