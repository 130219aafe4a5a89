package bmx280_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/bmx280"
)

// bus is a part as a plain memory of registers, and notes what was written.
type bus struct {
	memory  [256]byte
	gone    bool
	flip    int // this read of the calibration has a wrong bit; 0: none
	reads   int // of the calibration
	written []string
}

var errNack = errors.New("nack")

func (b *bus) String() string                  { return "test" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Tx(addr uint16, w, r []byte) error {
	if b.gone || addr != 0x76 {
		return errNack
	}
	if len(r) == 0 {
		b.written = append(b.written, fmt.Sprintf("% x", w))
		for i := 0; i+1 < len(w); i += 2 {
			b.memory[w[i]] = w[i+1]
		}
		b.memory[0xF4] &^= 3 // the measurement is over at once
		return nil
	}
	copy(r, b.memory[w[0]:])
	if w[0] == 0x88 {
		if b.reads++; b.reads == b.flip {
			r[5] ^= 0x10
		}
	}
	return nil
}

// newBus is a part whose calibration and values were published.
func newBus(kind bmx280.Kind) *bus {
	b := &bus{}
	copy(b.memory[0x88:], []byte{
		0x10, 0x6E, 0x6C, 0x66, 0x32, 0x00, 0x5D, 0x95, 0xB8, 0xD5, 0xD0, 0x0B, 0x77,
		0x1E, 0x9D, 0xFF, 0xF9, 0xFF, 0xAC, 0x26, 0x0A, 0xD8, 0xBD, 0x10, 0x00, 0x4B})
	copy(b.memory[0xE1:], []byte{0x6E, 0x01, 0x00, 0x13, 0x05, 0x00, 0x1E})
	copy(b.memory[0xF7:], []byte{0x4A, 0x52, 0xC0, 0x80, 0x96, 0xC0, 0x7A, 0x76})
	b.memory[0xD0] = 0x60
	if kind == bmx280.BMP280 {
		b.memory[0xD0] = 0x58
	}
	return b
}

// The published bytes give the published values: 23.722 °C, 100,942.97 Pa, 65.306 %RH by the
// floating-point formulas; the integer ones cut off a thousandth of a degree.
func TestReadFollowsTheDatasheet(t *testing.T) {
	for _, c := range []struct {
		kind    bmx280.Kind
		written string
		want    []drivers.Sample
	}{
		{bmx280.BME280, "f2 03 f5 00 f4 6d", []drivers.Sample{
			{Channel: 0, Quantity: drivers.Temperature, Value: 23_721},
			{Channel: 1, Quantity: drivers.Pressure, Value: 100_943},
			{Channel: 2, Quantity: drivers.Humidity, Value: 65_306}}},
		{bmx280.BMP280, "f5 00 f4 6d", []drivers.Sample{
			{Channel: 0, Quantity: drivers.Temperature, Value: 23_721},
			{Channel: 1, Quantity: drivers.Pressure, Value: 100_943}}},
	} {
		b := newBus(c.kind)
		d := bmx280.New(b, 0x76, c.kind)
		if wait, err := d.Start(); wait != 30500*time.Microsecond || err != nil {
			t.Fatalf("Start: got %v, %v, want 30.5ms", wait, err)
		}
		if !slices.Equal(b.written, []string{c.written}) {
			t.Errorf("written %q, want %q", b.written, c.written)
		}
		if got, err := d.Read(nil); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("got %v, %v, want %v", got, err, c.want)
		}
		if model := bmx280.Describe(c.kind); len(model.Channels) != len(c.want) {
			t.Errorf("%s has %d channels, want %d", model.Model, len(model.Channels), len(c.want))
		}
	}
}

// The formulas hold at both ends: hot, cold, high and low raw values leave the range or stay in it,
// and humidity ends at 0 and 100 %RH.
func TestRangeEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []byte
		want   []int64
		class  error
	}{
		{"humidity above 100", []byte{0x4A, 0x52, 0xC0, 0x80, 0x96, 0xC0, 0xFF, 0xFF},
			[]int64{23_721, 100_943, 100_000}, nil},
		{"humidity below 0", []byte{0x4A, 0x52, 0xC0, 0x80, 0x96, 0xC0, 0, 0},
			[]int64{23_721, 100_943, 0}, nil},
		{"hottest", []byte{0x4A, 0x52, 0xC0, 0xFF, 0xFF, 0xF0, 0x7A, 0x76}, nil, drivers.ErrRange},
		{"coldest", []byte{0x4A, 0x52, 0xC0, 0, 0, 0, 0x7A, 0x76}, nil, drivers.ErrRange},
		{"no pressure", []byte{0xFF, 0xFF, 0xF0, 0x80, 0x96, 0xC0, 0x7A, 0x76}, nil,
			drivers.ErrRange},
		{"too much pressure", []byte{0, 0, 0, 0x80, 0x96, 0xC0, 0x7A, 0x76}, nil,
			drivers.ErrRange},
	} {
		b := newBus(bmx280.BME280)
		copy(b.memory[0xF7:], c.values)
		d := bmx280.New(b, 0x76, bmx280.BME280)
		_, _ = d.Start()
		got, err := d.Read(nil)
		var values []int64
		for _, s := range got {
			values = append(values, s.Value)
		}
		if !errors.Is(err, c.class) || !slices.Equal(values, c.want) {
			t.Errorf("%s: got %v, %v, want %v, %v", c.name, values, err, c.want, c.class)
		}
	}
}

// Start refuses a part that is another one, has no calibration, or tells it in two ways; what was
// sold under the wrong name is told how to be named.
func TestStartAsksWhoIsThere(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(b *bus)
		class error
		text  string
	}{
		{"a BMP280", func(b *bus) { b.memory[0xD0] = 0x58 }, drivers.ErrNoDevice,
			`write model = "bmp280"`},
		{"another part", func(b *bus) { b.memory[0xD0] = 0x61 }, drivers.ErrNoDevice,
			"its identity is 0x61, not 0x60"},
		{"nobody", func(b *bus) { b.gone = true }, drivers.ErrNoDevice, "nack"},
		{"zeros", func(b *bus) { clear(b.memory[0x88:0xA0]) }, drivers.ErrNoDevice, "empty"},
		{"ones", func(b *bus) { copy(b.memory[0x88:], bytes.Repeat([]byte{0xFF}, 26)) },
			drivers.ErrNoDevice, "empty"},
		{"a bit flipped", func(b *bus) { b.flip = 1 }, drivers.ErrChecksum, "then"},
		{"later", func(b *bus) { b.flip = 2 }, drivers.ErrChecksum, "then"},
	} {
		b := newBus(bmx280.BME280)
		c.spoil(b)
		_, err := bmx280.New(b, 0x76, bmx280.BME280).Start()
		if !errors.Is(err, c.class) || !bytes.Contains([]byte(err.Error()), []byte(c.text)) {
			t.Errorf("%s: got %v, want %v with %q", c.name, err, c.class, c.text)
		}
	}
	if bmx280.New(nil, 0x76, bmx280.BME280) == nil {
		t.Error("New gave nil")
	}
}

// A part that was reset, is busy, or did not measure gives no value; each is told in its way.
func TestWhatWasNotMeasuredIsNoValue(t *testing.T) {
	skipped := []byte{0x80, 0, 0, 0x80, 0, 0, 0x80, 0}
	for _, c := range []struct {
		name  string
		spoil func(b *bus)
		want  []error // of the reads, the last one again and again
	}{
		{"reset", func(b *bus) { copy(b.memory[0xF2:], append([]byte{0, 0, 0, 0, 0}, skipped...)) },
			[]error{drivers.ErrNoDevice}},
		{"settings lost", func(b *bus) { b.memory[0xF4] = 0 }, []error{drivers.ErrNoDevice}},
		{"humidity off", func(b *bus) { b.memory[0xF2] = 0 }, []error{drivers.ErrNoDevice}},
		{"busy", func(b *bus) { b.memory[0xF3] = 8 },
			append(slices.Repeat([]error{drivers.ErrNotReady}, 19), drivers.ErrNoDevice)},
		{"no temperature", func(b *bus) { copy(b.memory[0xFA:], skipped[3:6]) },
			[]error{drivers.ErrNotReady, drivers.ErrNotReady, drivers.ErrRange}},
		{"no pressure", func(b *bus) { copy(b.memory[0xF7:], skipped[:3]) },
			[]error{drivers.ErrNotReady, drivers.ErrNotReady, drivers.ErrRange}},
		{"no humidity", func(b *bus) { copy(b.memory[0xFD:], skipped[6:]) },
			[]error{drivers.ErrNotReady, drivers.ErrNotReady, drivers.ErrRange}},
		{"gone", func(b *bus) { b.gone = true }, []error{drivers.ErrNoDevice}},
	} {
		b := newBus(bmx280.BME280)
		d := bmx280.New(b, 0x76, bmx280.BME280)
		_, _ = d.Start()
		c.spoil(b)
		for i, want := range c.want {
			if got, err := d.Read(nil); !errors.Is(err, want) || len(got) != 0 {
				t.Errorf("%s, read %d: got %v, %v, want %v", c.name, i, got, err, want)
			}
		}
	}
}

// FuzzRead: any memory of a part gives an error and no sample, or values within the range.
func FuzzRead(f *testing.F) {
	f.Add(newBus(bmx280.BME280).memory[0x88:], true)
	f.Add(newBus(bmx280.BMP280).memory[0x88:], false)
	f.Fuzz(func(t *testing.T, memory []byte, humid bool) {
		kind := bmx280.BMP280
		if humid {
			kind = bmx280.BME280
		}
		b := newBus(kind)
		id := b.memory[0xD0]
		copy(b.memory[0x88:], memory)
		b.memory[0xD0] = id
		d := bmx280.New(b, 0x76, kind)
		_, _ = d.Start()
		channels := bmx280.Describe(kind).Channels
		for range 3 {
			got, err := d.Read(nil)
			if err != nil && len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			for _, s := range got {
				if c := channels[s.Channel]; s.Value < c.Min || s.Value > c.Max ||
					s.Quantity != c.Quantity {
					t.Fatalf("sample %v outside %v", s, c)
				}
			}
		}
	})
}
