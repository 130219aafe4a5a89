package sht3x_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/sht3x"
)

// bus gives the first read of a reading its answer and the second one its status, and notes what
// was written. A missing answer is a part that does not acknowledge.
type bus struct {
	answer, status []byte
	asked          bool // for the status
	written        []byte
}

var errNack = errors.New("nack")

func (b *bus) String() string                  { return "test" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Tx(addr uint16, w, r []byte) error {
	b.written = append(b.written, w...)
	b.asked = b.asked || bytes.Equal(w, []byte{0xF3, 0x2D})
	answer := b.answer
	if b.asked {
		answer = b.status
	}
	if addr != 0x44 || answer == nil {
		return errNack
	}
	copy(r, answer)
	return nil
}

// calm is the status of a part that was reset and is well.
var calm = []byte{0x80, 0x10, 0xE1}

func sample(temperature, humidity int64) []drivers.Sample {
	return []drivers.Sample{
		{Channel: 0, Quantity: drivers.Temperature, Value: temperature},
		{Channel: 1, Quantity: drivers.Humidity, Value: humidity},
	}
}

// Read gives the datasheet's values for the datasheet's bytes, and an error of the right class for
// what cannot be a measurement.
func TestReadFollowsTheDatasheet(t *testing.T) {
	fine := []byte{0x66, 0x66, 0x93, 0x80, 0x00, 0xA2}
	for _, c := range []struct {
		name           string
		answer, status []byte
		want           []drivers.Sample
		class          error
	}{
		{"25 °C, 50 %RH", fine, calm, sample(25_000, 50_001), nil},
		{"60 °C, 25 %RH", []byte{0x99, 0x99, 0xBE, 0x40, 0x00, 0x08}, calm,
			sample(60_000, 25_000), nil},
		{"0 and 100 %RH are values", []byte{0x66, 0x66, 0x93, 0x00, 0x00, 0x81}, calm,
			sample(25_000, 0), nil},
		{"bus stuck low", []byte{0, 0, 0x81, 0, 0, 0x81}, calm, nil, drivers.ErrRange},
		{"bus stuck high", []byte{0xFF, 0xFF, 0xAC, 0xFF, 0xFF, 0xAC}, calm, nil, drivers.ErrRange},
		{"nothing arrived", make([]byte, 6), calm, nil, drivers.ErrChecksum},
		{"bit flipped in the temperature", []byte{0x66, 0x67, 0x93, 0x80, 0x00, 0xA2}, calm, nil,
			drivers.ErrChecksum},
		{"bit flipped in the humidity", []byte{0x66, 0x66, 0x93, 0x81, 0x00, 0xA2}, calm, nil,
			drivers.ErrChecksum},
		{"bit flipped in the status", fine, []byte{0x80, 0x11, 0xE1}, nil, drivers.ErrChecksum},
		{"the heater is on", fine, []byte{0x20, 0x00, 0x5D}, nil, drivers.ErrRange},
		{"no answer", nil, calm, nil, drivers.ErrNoDevice},
		{"no status", fine, nil, nil, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := []drivers.Sample{{Value: 7}}
			b := &bus{answer: c.answer, status: c.status}
			got, err := sht3x.New(b, 0x44).Read(before)
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
		answer := []byte{byte(c.raw >> 8), byte(c.raw), 0, 0x80, 0x00, 0xA2}
		answer[2] = drivers.CRC8(answer[:2])
		got, err := sht3x.New(&bus{answer: answer, status: calm}, 0x44).Read(nil)
		if (err == nil) != c.want {
			t.Errorf("raw %d: got %v, %v, want in range %v", c.raw, got, err, c.want)
		}
	}
}

// A heater that is found on is switched off, and not otherwise touched.
func TestHeaterIsSwitchedOff(t *testing.T) {
	for _, status := range [][]byte{calm, {0x20, 0x00, 0x5D}} {
		b := &bus{answer: []byte{0x66, 0x66, 0x93, 0x80, 0x00, 0xA2}, status: status}
		_, err := sht3x.New(b, 0x44).Read(nil)
		if off := bytes.Contains(b.written, []byte{0x30, 0x66}); off != (err != nil) {
			t.Errorf("status % x: written % x, error %v", status, b.written, err)
		}
	}
}

// Start sends the one command and says how long the part needs; it fails when nobody answers, and
// New touches no bus.
func TestStartMeasuresWithHighRepeatability(t *testing.T) {
	b := &bus{answer: []byte{}}
	wait, err := sht3x.New(b, 0x44).Start()
	if err != nil || wait != 15500*time.Microsecond || !bytes.Equal(b.written, []byte{0x24, 0}) {
		t.Errorf("got wait %v, error %v, written % x, want 15.5ms and 24 00", wait, err, b.written)
	}
	if _, err := sht3x.New(b, 0x45).Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("start of a missing part: got %v, want ErrNoDevice", err)
	}
	if sht3x.New(nil, 0x44) == nil {
		t.Error("New gave nil")
	}
}

// FuzzRead: any bytes give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0x66, 0x66, 0x93, 0x80, 0x00, 0xA2}, calm, false)
	f.Add([]byte{0xFF, 0xFF, 0xAC, 0xFF, 0xFF, 0xAC}, calm, true)
	channels := sht3x.Describe().Channels
	f.Fuzz(func(t *testing.T, answer, status []byte, repair bool) {
		if repair && len(answer) >= 6 { // let the fuzzer past the checksum
			answer = slices.Clone(answer)
			answer[2], answer[5] = drivers.CRC8(answer[:2]), drivers.CRC8(answer[3:5])
		}
		got, err := sht3x.New(&bus{answer: answer, status: status}, 0x44).Read(nil)
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
