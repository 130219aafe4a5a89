package chip

import (
	"testing"
	"time"
)

func newINA(t *testing.T, make func(Clock) *INA2xx) (*bench, *INA2xx) {
	b := &bench{t: t}
	c := make(b.clock)
	b.Chip = c
	return b, c
}

// The codes are those of the formulas, at the ends of the ranges too.
func TestINA2xxVectors(t *testing.T) {
	for _, c := range []struct {
		name       string
		make       func(Clock) *INA2xx
		config     string
		bus, shunt int64
		wantBus    string
		wantShunt  string
	}{
		{"219", NewINA219, "00 3e 63", 12_000_000, 40_000, "5d c2", "0f a0"},
		{"219, negative", NewINA219, "00 3e 63", 12_000_000, -40_000, "5d c2", "f0 60"},
		{"219, beyond", NewINA219, "00 3e 63", 40_000_000, 400_000, "fa 02", "7d 00"},
		{"219, beyond 16 V and 40 mV", NewINA219, "00 06 63", 20_000_000, -50_000, "7d 02", "f0 60"},
		{"226", NewINA226, "00 45 23", 12_000_000, 20_000, "25 80", "1f 40"},
		{"226, beyond", NewINA226, "00 45 23", 50_000_000, -100_000, "7f ff", "80 00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, ina := newINA(t, c.make)
			ina.SetBus(c.bus)
			ina.SetShunt(c.shunt)
			b.mustWrite(c.config)
			b.wait(50 * time.Millisecond)
			b.mustWrite("02")
			b.wantRead(c.wantBus)
			b.mustWrite("01")
			b.wantRead(c.wantShunt)
		})
	}
}

// After power-up the part measures again and again, with the configuration of the datasheet; a
// brown-out takes it back there, and nothing says so.
func TestINA2xxResetValues(t *testing.T) {
	for name, c := range map[string]struct {
		make   func(Clock) *INA2xx
		config string
	}{"219": {NewINA219, "39 9f"}, "226": {NewINA226, "41 27"}} {
		b, ina := newINA(t, c.make)
		ina.SetBus(12_000_000)
		fresh := func() {
			t.Helper()
			b.mustWrite("00")
			b.wantRead(c.config)
			b.mustWrite("02")
			b.wantRead("00 00")
			b.wait(10 * time.Millisecond)
			if got, _ := b.read(2); got == "00 00" {
				t.Errorf("%s: it does not measure by itself", name)
			}
		}
		fresh()
		b.mustWrite("00 00 23")
		b.mustWrite("05 12 34")
		b.wantRead("12 34")
		ina.PowerCycle()
		fresh()
		b.mustWrite("05")
		b.wantRead("00 00")
		if err := ina.Inject(Fault{Kind: BrownOut}); err != nil {
			t.Fatal(err)
		}
		fresh()
		b.mustWrite("00 80 00") // the reset bit
		fresh()
	}
}

// A measurement takes its time by a slow clock. Its flag comes with it and goes with a new
// configuration, and with a read of the power or of the flags.
func TestINA2xxFlagOfAMeasurement(t *testing.T) {
	b, ina := newINA(t, NewINA219)
	ina.SetBus(12_000_000)
	b.mustWrite("00 3e 63")
	b.mustWrite("02")
	b.wait(18_722*time.Microsecond - 1)
	b.wantRead("00 00")
	b.wait(1)
	b.wantRead("5d c2")
	b.wantRead("5d c2")
	b.mustWrite("03")
	b.wantRead("00 00")
	b.mustWrite("02")
	b.wantRead("5d c0")
	b.wait(time.Second)
	b.wantRead("5d c0") // triggered: once
	b.mustWrite("00 3e 63")
	b.wait(20 * time.Millisecond)
	b.mustWrite("00 3e 63")
	b.mustWrite("02")
	b.wantRead("5d c0")

	b, ina = newINA(t, NewINA226)
	ina.SetBus(12_000_000)
	b.mustWrite("00 45 23")
	b.mustWrite("06")
	b.wait(38_720*time.Microsecond - 1)
	b.wantRead("00 00")
	b.wait(1)
	b.wantRead("00 08")
	b.wantRead("00 00")
	b.mustWrite("02")
	b.wantRead("25 80")
}

// The INA226 says who it is; the INA219 shows by a bit that it does not have.
func TestINA2xxIdentity(t *testing.T) {
	b, ina := newINA(t, NewINA226)
	b.mustWrite("fe")
	b.wantRead("54 49")
	b.mustWrite("ff")
	b.wantRead("22 60")
	b.mustWrite("00 05 23")
	b.wantRead("45 23")
	if err := ina.Inject(Fault{Kind: WrongID}); err != nil {
		t.Fatal(err)
	}
	b.wantRead("05 23")
	b.mustWrite("fe")
	b.wantRead("00 00")
	b, _ = newINA(t, NewINA219)
	b.mustWrite("00 45 23")
	b.wantRead("05 23")
}
