package ina2xx_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ina2xx"
)

// chip has the registers of either type. It answers as the bus tells it to.
type chip struct {
	registers map[byte]uint16
	cut       bool // the controller reports success for reads that it did not finish
	cutOnly   byte // likewise, but only of this register
	err       error
	asked     []byte
	before    func(n int) // what happens to the part before the n-th read, from 1
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(_ uint16, w, r []byte) error {
	if c.err != nil {
		return c.err
	}
	if len(w) == 3 {
		c.registers[w[0]] = uint16(w[1])<<8 | uint16(w[2])
	}
	if len(r) != 2 {
		return nil
	}
	c.asked = append(c.asked, w[0])
	if c.before != nil {
		c.before(len(c.asked))
	}
	if !c.cut && (c.cutOnly == 0 || c.cutOnly != w[0]) {
		r[0], r[1] = byte(c.registers[w[0]]>>8), byte(c.registers[w[0]])
	}
	return nil
}

// newChip has measured these codes.
func newChip(t ina2xx.Type, bus, shunt uint16) *chip {
	c := &chip{registers: map[byte]uint16{1: shunt, 2: bus}}
	if t == ina2xx.INA226 {
		c.registers[6], c.registers[0xFE], c.registers[0xFF] = 0x0008, 0x5449, 0x2260
	}
	return c
}

func newDev(t *testing.T, c *chip, kind ina2xx.Type, shunt int64) *ina2xx.Dev {
	t.Helper()
	d, err := ina2xx.New(c, 0x40, kind, shunt)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Codes become µV and µA; what lies at an end of a range, or is said to have overflowed, is none.
func TestCodesBecomeVoltageAndCurrent(t *testing.T) {
	const a, b = ina2xx.INA219, ina2xx.INA226
	for _, c := range []struct {
		name       string
		kind       ina2xx.Type
		bus, code  uint16
		shunt      int64
		volt, amps int64
		class      error
	}{
		{"219: 12 V, 40 mV over 0.1 Ω", a, 0x5DC2, 0x0FA0, 100_000, 12_000_000, 400_000, nil},
		{"219: -40 mV", a, 0x5DC2, 0xF060, 100_000, 12_000_000, -400_000, nil},
		{"219: nothing", a, 0x0002, 0x0000, 100_000, 0, 0, nil},
		{"219: last code of the voltage", a, 0xF9FA, 0, 100_000, 31_996_000, 0, nil},
		{"219: 32 V", a, 0xFA02, 0, 100_000, 0, 0, drivers.ErrRange},
		{"219: last code of the shunt", a, 0x0002, 31_999, 100_000, 0, 3_199_900, nil},
		{"219: 320 mV", a, 0x0002, 32_000, 100_000, 0, 0, drivers.ErrRange},
		{"219: -320 mV", a, 0x0002, 0x8300, 100_000, 0, 0, drivers.ErrRange},
		{"219: overflow", a, 0x5DC3, 0, 100_000, 0, 0, drivers.ErrRange},
		{"219: still measuring", a, 0x5DC0, 0, 100_000, 0, 0, drivers.ErrNotReady},
		{"219: rounds to the nearest", a, 0x0002, 1, 30_000, 0, 333, nil},
		{"219: and so below zero", a, 0x0002, 0xFFFE, 30_000, 0, -667, nil},
		{"226: 12 V, 20 mV over 2 mΩ", b, 0x2580, 0x1F40, 2_000, 12_000_000, 10_000_000, nil},
		{"226: one step below zero", b, 0x0000, 0xFFFF, 100_000, 0, -25, nil},
		{"226: 36 V", b, 0x7080, 0, 100_000, 36_000_000, 0, nil},
		{"226: end of the voltage", b, 0x7FFF, 0, 100_000, 0, 0, drivers.ErrRange},
		{"226: end of the shunt", b, 0, 0x7FFF, 100_000, 0, 0, drivers.ErrRange},
		{"226: its other end", b, 0, 0x8000, 100_000, 0, 0, drivers.ErrRange},
		{"226: largest shunt", b, 0, 0x7FFE, 100_000_000, 0, 819, nil},
		{"226: smallest shunt", b, 0, 0x7FFE, 100, 0, 819_150_000, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDev(t, newChip(c.kind, c.bus, c.code), c.kind, c.shunt)
			if _, err := d.Start(); err != nil {
				t.Fatal(err)
			}
			got, err := d.Read(nil)
			if c.class != nil {
				if !errors.Is(err, c.class) || len(got) != 0 {
					t.Errorf("got %v, %v, want %v", got, err, c.class)
				}
				return
			}
			want := []drivers.Sample{{Quantity: drivers.Voltage, Value: c.volt},
				{Channel: 1, Quantity: drivers.Current, Value: c.amps}}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
}

// Start asks for one measurement of both inputs and says how long it takes at most.
func TestStartWritesTheConfiguration(t *testing.T) {
	for kind, want := range map[ina2xx.Type]struct {
		config uint16
		wait   time.Duration
	}{ina2xx.INA219: {0x3E63, 19 * time.Millisecond}, ina2xx.INA226: {0x4523,
		39 * time.Millisecond}} {
		c := newChip(kind, 0, 0)
		wait, err := newDev(t, c, kind, 100_000).Start()
		if got := c.registers[0]; got != want.config || wait != want.wait || err != nil {
			t.Errorf("%d: got %04x, %v, %v, want %04x, %v", kind, got, wait, err, want.config,
				want.wait)
		}
	}
}

// A reset between any two transfers of a reading, and a part of the other type, are no device and
// never 0 V; a transfer that was cut short is never a value.
func TestReadRefusesWhatIsNotItsOwnMeasurement(t *testing.T) {
	for _, kind := range []ina2xx.Type{ina2xx.INA219, ina2xx.INA226} {
		read := func(c *chip) ([]drivers.Sample, error) {
			d := newDev(t, c, kind, 100_000)
			if _, err := d.Start(); err != nil {
				return nil, err
			}
			c.asked = nil
			return d.Read(nil)
		}
		whole := newChip(kind, 0x2582, 100)
		if _, err := read(whole); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= len(whole.asked); n++ {
			c := newChip(kind, 0x2582, 100)
			c.before = func(read int) {
				if read == n && c.registers[0] != 0 && len(c.asked) > 0 {
					c.registers[0], c.registers[1], c.registers[2] = 0x399F, 0, 0
				}
			}
			if got, err := read(c); !errors.Is(err, drivers.ErrNoDevice) &&
				!errors.Is(err, drivers.ErrNotReady) || len(got) != 0 {
				t.Errorf("%d: reset before transfer %d: got %v, %v", kind, n, got, err)
			}
		}
		for _, c := range []*chip{{cut: true, registers: map[byte]uint16{}},
			{err: errors.New("nack"), registers: map[byte]uint16{}}} {
			if got, err := read(c); !errors.Is(err, drivers.ErrNoDevice) || len(got) != 0 {
				t.Errorf("%d: got %v, %v, want ErrNoDevice", kind, got, err)
			}
		}
		for _, register := range []byte{1, 2} {
			c := newChip(kind, 0x2582, 100)
			c.cutOnly = register
			if got, err := read(c); !errors.Is(err, drivers.ErrRange) || len(got) != 0 {
				t.Errorf("%d: register %d cut: got %v, %v, want ErrRange", kind, register, got, err)
			}
		}
		d := newDev(t, newChip(kind, 0x2582, 100), kind, 100_000)
		if got, err := d.Read(nil); !errors.Is(err, drivers.ErrNoDevice) {
			t.Errorf("%d: without a Start: got %v, %v", kind, got, err)
		}
	}
}

// Probe tells one type from the other, and New refuses a shunt that cannot be.
func TestProbeTellsTheTypes(t *testing.T) {
	c219, c226 := newChip(ina2xx.INA219, 0, 0), newChip(ina2xx.INA226, 0, 0)
	c219.registers[0], c226.registers[0] = 0x399F, 0x4127
	for _, c := range []struct {
		chip *chip
		kind ina2xx.Type
		fits bool
	}{{c219, ina2xx.INA219, true}, {c226, ina2xx.INA226, true}, {c219, ina2xx.INA226, false},
		{c226, ina2xx.INA219, false}} {
		if err := newDev(t, c.chip, c.kind, 1_000).Probe(); (err == nil) != c.fits {
			t.Errorf("probe of type %d: got %v, want it to fit: %v", c.kind, err, c.fits)
		}
	}
	for _, shunt := range []int64{-1, 0, 99, 100_000_001} {
		if d, err := ina2xx.New(c219, 0x40, ina2xx.INA219, shunt); err == nil {
			t.Errorf("shunt %d: got %v", shunt, d)
		}
	}
}

// FuzzRead: any registers give an error or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(uint16(0x5DC2), uint16(0x0FA0), uint16(8), uint16(0), false, int64(100_000))
	f.Add(uint16(0x7FFE), uint16(0x8001), uint16(8), uint16(0x4127), true, int64(100))
	f.Fuzz(func(t *testing.T, bus, shunt, mask, config uint16, is226 bool, micro int64) {
		kind := ina2xx.INA219
		if is226 {
			kind = ina2xx.INA226
		}
		c := newChip(kind, bus, shunt)
		c.registers[6] = mask
		d, err := ina2xx.New(c, 0x40, kind, micro)
		if err != nil {
			return
		}
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		if config != 0 { // zero: the part keeps what Start wrote
			c.registers[0] = config
		}
		got, err := d.Read(nil)
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		for i, ch := range ina2xx.Describe(kind, micro).Channels {
			if got[i].Value < ch.Min || got[i].Value > ch.Max {
				t.Fatalf("got %v outside %+v", got[i], ch)
			}
		}
	})
}
