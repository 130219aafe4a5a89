package ds3231_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ds3231"
)

// chip has the registers. It answers as the bus tells it to.
type chip struct {
	registers [19]byte
	cut       bool // the controller reports success for reads that it did not finish
	err       error
	control   byte // what was written
}

// newChip has a date of the published examples, and ends in this status and temperature.
func newChip(t *testing.T, end string) *chip {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(
		"58 59 23 02 13 08 18 00 00 00 00 00 00 00 1c "+end, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return &chip{registers: [19]byte(data)}
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(_ uint16, w, r []byte) error {
	if c.err != nil {
		return c.err
	}
	if len(w) == 2 && w[0] == 0x0E {
		c.control = w[1]
	}
	if !c.cut {
		copy(r, c.registers[w[0]:])
	}
	return nil
}

// The temperature is in quarters of a degree; a clock that was stopped is told.
func TestRegistersBecomeTemperatureAndValidity(t *testing.T) {
	for _, c := range []struct {
		name, end   string
		spoil       func(*chip)
		temperature int64
		invalid     int64
		class       error
	}{
		{"25.25 °C", "08 00 19 40", nil, 25_250, 0, nil},
		{"-0.5 °C", "08 00 ff 80", nil, -500, 0, nil},
		{"-0.25 °C", "00 00 ff c0", nil, -250, 0, nil},
		{"-45 °C", "00 00 d3 00", nil, -45_000, 0, nil},
		{"90 °C", "00 00 5a 00", nil, 90_000, 0, nil},
		{"below", "00 00 d2 c0", nil, 0, 0, drivers.ErrRange},
		{"above", "00 00 5a 40", nil, 0, 0, drivers.ErrRange},
		{"the oscillator was stopped", "88 00 19 40", nil, 25_250, 1, nil},
		{"busy", "04 00 19 40", nil, 0, 0, drivers.ErrNotReady},
		{"still converts", "00 00 19 40", func(c *chip) { c.registers[14] = 0x3C }, 0, 0,
			drivers.ErrNotReady},
		{"11 PM", "00 00 19 40", func(c *chip) { c.registers[2] = 0x71 }, 25_250, 0, nil},
		{"13 PM", "00 00 19 40", func(c *chip) { c.registers[2] = 0x73 }, 0, 0, drivers.ErrNoDevice},
		{"24 hours", "00 00 19 40", func(c *chip) { c.registers[2] = 0x24 }, 0, 0,
			drivers.ErrNoDevice},
		{"the next century", "00 00 19 40", func(c *chip) { c.registers[5] = 0x92 }, 25_250, 0, nil},
		{"60 seconds", "00 00 19 40", func(c *chip) { c.registers[0] = 0x60 }, 0, 0,
			drivers.ErrNoDevice},
		{"no digit", "00 00 19 40", func(c *chip) { c.registers[1] = 0x1A }, 0, 0,
			drivers.ErrNoDevice},
		{"day 0", "00 00 19 40", func(c *chip) { c.registers[4] = 0 }, 0, 0, drivers.ErrNoDevice},
		{"unused bits", "10 00 19 40", nil, 0, 0, drivers.ErrNoDevice},
		{"finer than a quarter", "00 00 19 41", nil, 0, 0, drivers.ErrNoDevice},
		{"zeros", "00 00 00 00", func(c *chip) { c.registers = [19]byte{} }, 0, 0,
			drivers.ErrNoDevice},
		{"cut short", "00 00 19 40", func(c *chip) { c.cut = true }, 0, 0, drivers.ErrNoDevice},
		{"no answer", "00 00 19 40", func(c *chip) { c.err = errors.New("nack") }, 0, 0,
			drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			bus := newChip(t, c.end)
			d := ds3231.New(bus)
			if wait, err := d.Start(); wait != 200*time.Millisecond || err != nil ||
				bus.control != 0x3C {
				t.Fatalf("Start: got %v, %v, wrote %02x", wait, err, bus.control)
			}
			if c.spoil != nil {
				c.spoil(bus)
			}
			got, err := d.Read(nil)
			if c.class != nil {
				if !errors.Is(err, c.class) || len(got) != 0 {
					t.Errorf("got %v, %v, want %v", got, err, c.class)
				}
				return
			}
			if err != nil || len(got) != 2 || got[0].Value != c.temperature ||
				got[1].Value != c.invalid {
				t.Errorf("got %v, %v, want %d, %d", got, err, c.temperature, c.invalid)
			}
		})
	}
	bus := newChip(t, "00 00 19 40")
	d := ds3231.New(bus)
	if got, err := d.Read(nil); err == nil {
		t.Errorf("without a Start: got %v", got)
	}
	bus.err = errors.New("nack")
	if _, err := d.Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("Start: got %v", err)
	}
}

// FuzzRead: any registers give an error or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add([]byte("\x58\x59\x23\x02\x13\x08\x18\x00\x00\x00\x00\x00\x00\x00\x1c\x08\x00\x19\x40"))
	f.Fuzz(func(t *testing.T, registers []byte) {
		bus := &chip{}
		copy(bus.registers[:], registers)
		d := ds3231.New(bus)
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		got, err := d.Read(nil)
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		for i, ch := range ds3231.Describe().Channels {
			if got[i].Value < ch.Min || got[i].Value > ch.Max {
				t.Fatalf("got %v outside %+v", got[i], ch)
			}
		}
	})
}
