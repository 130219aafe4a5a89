package sht4x_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/sht4x"
)

// bus answers every read with the same bytes and notes what was written. A missing answer is a
// part that does not acknowledge.
type bus struct {
	answer  []byte
	written []byte
}

var errNack = errors.New("nack")

func (b *bus) String() string                  { return "test" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Tx(addr uint16, w, r []byte) error {
	b.written = append(b.written, w...)
	if addr != 0x44 || b.answer == nil {
		return errNack
	}
	copy(r, b.answer)
	return nil
}

func sample(temperature, humidity int64) []drivers.Sample {
	return []drivers.Sample{
		{Channel: 0, Quantity: drivers.Temperature, Value: temperature},
		{Channel: 1, Quantity: drivers.Humidity, Value: humidity},
	}
}

// Read gives the datasheet's values for the datasheet's bytes, and an error of the right class for
// what cannot be a measurement.
func TestReadFollowsTheDatasheet(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []byte
		want   []drivers.Sample
		class  error
	}{
		{"25 °C, 50 %RH", []byte{0x66, 0x66, 0x93, 0x72, 0xB0, 0xDC}, sample(25_000, 50_001), nil},
		{"humidity below 0", []byte{0x66, 0x66, 0x93, 0x00, 0x00, 0x81}, sample(25_000, 0), nil},
		{"humidity above 100", []byte{0x66, 0x66, 0x93, 0xFF, 0xFF, 0xAC},
			sample(25_000, 100_000), nil},
		{"60 °C", []byte{0x99, 0x99, 0xBE, 0x72, 0xB0, 0xDC}, sample(60_000, 50_001), nil},
		{"bus stuck low", []byte{0x00, 0x00, 0x81, 0x00, 0x00, 0x81}, nil, drivers.ErrRange},
		{"bus stuck high", []byte{0xFF, 0xFF, 0xAC, 0xFF, 0xFF, 0xAC}, nil, drivers.ErrRange},
		{"all ones, no checksum", []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, nil,
			drivers.ErrChecksum},
		{"nothing arrived", []byte{0, 0, 0, 0, 0, 0}, nil, drivers.ErrChecksum},
		{"bit flipped in the temperature", []byte{0x66, 0x67, 0x93, 0x72, 0xB0, 0xDC}, nil,
			drivers.ErrChecksum},
		{"bit flipped in the humidity", []byte{0x66, 0x66, 0x93, 0x72, 0xB1, 0xDC}, nil,
			drivers.ErrChecksum},
		{"no answer", nil, nil, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := []drivers.Sample{{Value: 7}}
			got, err := sht4x.New(&bus{answer: c.answer}, 0x44).Read(before)
			if !errors.Is(err, c.class) {
				t.Fatalf("got error %v, want %v", err, c.class)
			}
			if want := append(before, c.want...); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// The range ends at -40 and 125 °C, where the datasheet's does.
func TestRangeEndsWhereTheDatasheetDoes(t *testing.T) {
	for _, c := range []struct {
		raw  uint16
		want bool
	}{{1871, false}, {1873, true}, {63_662, true}, {63_664, false}} {
		b := []byte{byte(c.raw >> 8), byte(c.raw), 0, 0x72, 0xB0, 0xDC}
		b[2] = drivers.CRC8(b[:2])
		got, err := sht4x.New(&bus{answer: b}, 0x44).Read(nil)
		if (err == nil) != c.want {
			t.Errorf("raw %d: got %v, %v, want in range %v", c.raw, got, err, c.want)
		}
	}
}

// Start sends the one command and says how long the part needs; it fails when nobody answers.
func TestStartMeasuresWithHighRepeatability(t *testing.T) {
	b := &bus{answer: []byte{}}
	wait, err := sht4x.New(b, 0x44).Start()
	if err != nil || wait != 8300*time.Microsecond || !bytes.Equal(b.written, []byte{0xFD}) {
		t.Errorf("got wait %v, error %v, written % x, want 8.3ms and fd", wait, err, b.written)
	}
	if _, err := sht4x.New(b, 0x45).Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("start of a missing part: got %v, want ErrNoDevice", err)
	}
}

// New touches no bus: a nil one is enough.
func TestNewTouchesNoBus(t *testing.T) {
	if sht4x.New(nil, 0x44) == nil {
		t.Error("got nil")
	}
}

// FuzzRead: any bytes give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0x66, 0x66, 0x93, 0x72, 0xB0, 0xDC}, false)
	f.Add([]byte{0xFF, 0xFF, 0xAC, 0xFF, 0xFF, 0xAC}, true)
	channels := sht4x.Describe().Channels
	f.Fuzz(func(t *testing.T, answer []byte, repair bool) {
		if repair && len(answer) >= 6 { // let the fuzzer past the checksum
			answer[2], answer[5] = drivers.CRC8(answer[:2]), drivers.CRC8(answer[3:5])
		}
		got, err := sht4x.New(&bus{answer: append([]byte{}, answer...)}, 0x44).Read(nil)
		if err != nil && len(got) != 0 {
			t.Fatalf("error %v with samples %v", err, got)
		}
		for _, s := range got {
			if c := channels[s.Channel]; s.Value < c.Min || s.Value > c.Max ||
				s.Quantity != c.Quantity {
				t.Fatalf("sample %v outside %v", s, c)
			}
		}
	})
}
