package chip

import (
	"testing"
	"time"
)

func newSPS30(t *testing.T) (*bench, *SPS30) {
	b := &bench{t: t}
	c := NewSPS30(b.clock)
	b.Chip = c
	return b, c
}

// run starts the measurement and lets the fan come up to speed.
func run(b *bench, format string) {
	b.t.Helper()
	b.mustWrite("00 10 " + format)
	b.wait(10 * time.Second)
}

// The values come as floats or as integers, each word with its checksum.
func TestSPS30Vectors(t *testing.T) {
	b, c := newSPS30(t)
	c.SetAir(Aerosol{PM1: 1_000, PM25: 2_500, PM4: 3_000, PM10: 4_000, NC05: 10_000, NC1: 11_000,
		NC25: 12_000, NC4: 13_000, NC10: 65_535_000, Size: 480})
	run(b, "03 00 ac")
	b.mustWrite("03 00")
	b.wantRead("3f 80 d0 00 00 81 40 20 8e 00 00 81 40 40 35 00 00 81 40 80 72 00 00 81 " +
		"41 20 7a 00 00 81 41 30 39 00 00 81 41 40 c1 00 00 81 41 50 82 00 00 81 " +
		"47 7f 70 ff 00 00 3e f5 29 c2 8f a6")

	b, c = newSPS30(t)
	c.SetAir(Smoke(12_000))
	run(b, "05 00 f6")
	b.mustWrite("03 00")
	// 11.34, 12, 12, 12 µg/m³; 78, 90, 90.48, 90.6, 90.6 particles in 1 cm³; 470 nm.
	b.wantRead("00 0b 6b 00 0c fc 00 0c fc 00 0c fc 00 4e a3 00 5a 24 00 5a 24 00 5b 15 00 5b 15 " +
		"01 d6 d7")
}

// There is a new value every second, once; the flag tells, and a read of the values clears it.
func TestSPS30HasAValueEverySecond(t *testing.T) {
	b, _ := newSPS30(t)
	ready := func(want string) { t.Helper(); b.mustWrite("02 02"); b.wantRead(want) }
	ready("00 00 81")
	b.mustWrite("00 10 03 00 ac")
	b.wantNack("a command right behind the start", b.write("02 02"))
	b.wait(sps30Execute)
	ready("00 00 81")
	b.wait(sps30Period - sps30Execute)
	ready("00 01 b0")
	ready("00 01 b0")
	b.mustWrite("03 00")
	if _, err := b.read(60); err != nil {
		t.Fatal(err)
	}
	ready("00 00 81")
	b.wait(sps30Period)
	ready("00 01 b0")
	b.mustWrite("01 04")
	b.wait(sps30Execute)
	ready("00 00 81")
	b.wait(time.Minute)
	ready("00 00 81")
}

// A start while it measures changes nothing: neither the format nor the seconds that pass.
func TestSPS30GoesOnWhenItIsStartedAgain(t *testing.T) {
	b, c := newSPS30(t)
	c.SetAir(Smoke(100_000))
	run(b, "05 00 f6")
	b.wait(700 * time.Millisecond)
	b.mustWrite("00 10 03 00 ac")
	b.wait(300 * time.Millisecond)
	b.mustWrite("02 02")
	b.wantRead("00 01 b0")
	b.mustWrite("03 00")
	b.wantRead("00 5f d1 00 64 fe")
}

// A repeated start is not supported: the pointer and the read are two transfers.
func TestSPS30HasNoRepeatedStart(t *testing.T) {
	b, _ := newSPS30(t)
	if !b.Start(false) || !b.Write(0x02) || !b.Write(0x02) {
		t.Fatal("the pointer was refused")
	}
	if b.Start(true) {
		t.Error("a repeated start was acknowledged")
	}
	b.Stop()
	b.wantRead("00 00 81")
}

// The fan comes up to speed in eight seconds; until then too few particles pass.
func TestSPS30SpinsUp(t *testing.T) {
	for second, want := range map[int]string{1: "00 0c fc 00 0d cd", 4: "00 2f 29 00 32 26",
		8: "00 5f d1 00 64 fe", 60: "00 5f d1 00 64 fe"} {
		b, c := newSPS30(t)
		c.SetAir(Smoke(100_000))
		b.mustWrite("00 10 05 00 f6")
		b.wait(time.Duration(second) * time.Second)
		b.mustWrite("03 00")
		if got, err := b.read(6); got != want || err != nil {
			t.Errorf("after %d s: got %q, %v; want %q", second, got, err, want)
		}
	}
}

// While the fan blows itself clean the values stand, and it blows by itself every week.
func TestSPS30CleansItself(t *testing.T) {
	b, _ := newSPS30(t)
	flag := func() string {
		b.mustWrite("03 00")
		if _, err := b.read(60); err != nil {
			t.Fatal(err)
		}
		b.wait(sps30Period)
		b.mustWrite("02 02")
		got, _ := b.read(3)
		return got
	}
	b.mustWrite("56 07")
	b.wait(sps30Short)
	run(b, "03 00 ac")
	if got := flag(); got != "00 01 b0" {
		t.Errorf("cleaning an idle part did something: %s", got)
	}
	b.mustWrite("56 07")
	b.wait(sps30Short)
	if got := flag(); got != "00 00 81" {
		t.Errorf("a new value while the fan blows: %s", got)
	}
	b.wait(sps30Clean)
	if got := flag(); got != "00 01 b0" {
		t.Errorf("no new value after the cleaning: %s", got)
	}
	b.mustWrite("80 04")
	b.wantRead("00 09 09 3a 80 a7")
	b.mustWrite("80 04 00 00 81 00 3c 39")
	b.wait(time.Minute)
	b.mustWrite("80 04")
	b.wantRead("00 00 81 00 3c 39")
	if got := flag(); got != "00 00 81" {
		t.Errorf("the part did not clean itself after its interval: %s", got)
	}
}

// An argument with a wrong checksum is refused and nothing happens.
func TestSPS30RefusesAWrongArgument(t *testing.T) {
	b, _ := newSPS30(t)
	b.wantNack("a wrong checksum", b.write("00 10 03 00 ad"))
	b.wantNack("an unknown format", b.write("00 10 07 00 90"))
	b.wantNack("an unknown command", b.write("12 34"))
	b.wait(time.Minute)
	b.mustWrite("02 02")
	b.wantRead("00 00 81")
}

// The status tells that the fan stands, and keeps it until it is cleared; the values freeze.
func TestSPS30StatusTellsOfTheFan(t *testing.T) {
	b, c := newSPS30(t)
	status := func(want string) { t.Helper(); b.mustWrite("d2 06"); b.wantRead(want) }
	run(b, "03 00 ac")
	status("00 00 81 00 00 81")
	if err := c.Inject(Fault{Kind: FanStopped}); err != nil {
		t.Fatal(err)
	}
	b.wait(sps30Period)
	status("00 00 81 00 00 81") // once may be an error
	b.wait(sps30Period)
	status("00 20 07 00 10 c2")
	b.mustWrite("03 00")
	before, _ := b.read(60)
	c.SetAir(Smoke(900_000))
	b.wait(sps30Period)
	b.mustWrite("03 00")
	b.wantRead(before)
	b.mustWrite("d2 10")
	b.wait(sps30Short)
	status("00 00 81 00 00 81")
	b.wait(sps30Period)
	status("00 00 81 00 00 81") // cleared, it takes two checks again
	b.wait(sps30Period)
	status("00 20 07 00 10 c2")
	c.Heal()
	b.wait(sps30Period)
	status("00 00 81 00 10 c2")
	b.mustWrite("d2 10")
	b.wait(sps30Short)
	status("00 00 81 00 00 81")
}

// A reset and a brown-out leave an idle part with zeros, and nothing says so.
func TestSPS30ForgetsThatItMeasured(t *testing.T) {
	for name, reset := range map[string]func(b *bench, c *SPS30){
		"command": func(b *bench, _ *SPS30) { b.mustWrite("d3 04") },
		"power":   func(_ *bench, c *SPS30) { c.PowerCycle() },
		"brown-out": func(b *bench, c *SPS30) {
			if err := c.Inject(Fault{Kind: BrownOut}); err != nil {
				t.Fatal(err)
			}
			b.wantNack("the header that met it", b.write("02 02"))
		},
	} {
		b, c := newSPS30(t)
		run(b, "03 00 ac")
		reset(b, c)
		b.wantNack(name+": a command during start-up", b.write("02 02"))
		b.wait(sps30Reset)
		b.mustWrite("02 02")
		b.wantRead("00 00 81")
		b.mustWrite("03 00")
		b.wantRead("00 00 81 00 00 81")
		run(b, "03 00 ac")
		b.mustWrite("02 02")
		b.wantRead("00 01 b0")
	}
}

// The numbers that name the part.
func TestSPS30Identity(t *testing.T) {
	b, c := newSPS30(t)
	b.mustWrite("d0 02")
	b.wantRead("30 30 f6 30 38 4f 30 30 f6 30 30 f6")
	b.mustWrite("d1 00")
	b.wantRead("02 02 3a")
	c.SetSerial("AB")
	b.mustWrite("d0 33")
	b.wantRead("41 42 a3 00 00 81")
	if err := c.Inject(Fault{Kind: WrongID}); err != nil {
		t.Fatal(err)
	}
	b.mustWrite("d0 33")
	b.wantRead("30 30 f6")
}
