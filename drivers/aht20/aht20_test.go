package aht20_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/aht20"
)

// bus answers every read with the same bytes and notes what was written. A missing answer is a
// part that does not acknowledge.
type bus struct {
	answer  []byte
	written []string
}

var errNack = errors.New("nack")

func (b *bus) String() string                  { return "test" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Tx(addr uint16, w, r []byte) error {
	if addr != aht20.Addr || b.answer == nil {
		return errNack
	}
	if len(w) > 0 {
		b.written = append(b.written, fmt.Sprintf("% x", w))
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

func sealed(b ...byte) []byte { return append(b, drivers.CRC8(b)) }

// Read gives the published values for the published bytes, and an error of the right class for
// what cannot be a measurement.
func TestReadFollowsTheManual(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []byte
		want   []drivers.Sample
		class  error
	}{
		{"19 °C, 46 %RH", []byte{0x18, 0x75, 0x52, 0x05, 0x8E, 0x40, 0x7F},
			sample(19_446, 45_828), nil},
		{"30 °C, 50 %RH", []byte{0x1C, 0x80, 0x00, 0x06, 0x66, 0x66, 0x5C},
			sample(30_000, 50_000), nil},
		{"0 %RH", sealed(0x18, 0, 0, 0x06, 0x66, 0x66), sample(30_000, 0), nil},
		{"100 %RH", sealed(0x18, 0xFF, 0xFF, 0xF6, 0x66, 0x66), sample(30_000, 100_000), nil},
		{"-40 °C", sealed(0x18, 0, 0, 0x00, 0xCC, 0xCD), sample(-40_000, 0), nil},
		{"colder", sealed(0x18, 0, 0, 0x00, 0xCC, 0xC7), nil, drivers.ErrRange},
		{"125 °C", sealed(0x18, 0, 0, 0x0E, 0x00, 0x00), sample(125_000, 0), nil},
		{"hotter", sealed(0x18, 0, 0, 0x0E, 0x00, 0x06), nil, drivers.ErrRange},
		{"all zeros", sealed(0x18, 0, 0, 0, 0, 0), nil, drivers.ErrRange},
		{"all ones", sealed(0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF), nil, drivers.ErrRange},
		{"bit flipped", []byte{0x18, 0x75, 0x52, 0x05, 0x8E, 0x40, 0x7E}, nil, drivers.ErrChecksum},
		{"busy", []byte{0x9C, 0x80, 0x00, 0x06, 0x66, 0x66, 0x5C}, nil, drivers.ErrNotReady},
		{"bus stuck high", bytes.Repeat([]byte{0xFF}, 7), nil, drivers.ErrNotReady},
		{"calibration lost", sealed(0x10, 0x80, 0x00, 0x06, 0x66, 0x66), nil, drivers.ErrNoDevice},
		{"nothing arrived", make([]byte, 7), nil, drivers.ErrChecksum},
		{"no answer", nil, nil, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := []drivers.Sample{{Value: 7}}
			got, err := aht20.New(&bus{answer: c.answer}, aht20.Addr).Read(before)
			if !errors.Is(err, c.class) {
				t.Fatalf("got error %v, want %v", err, c.class)
			}
			if want := append(before, c.want...); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// The calibration is loaded before the first measurement if the part has none, and again after it
// was lost; a part that has it is measured at once.
func TestCalibrationIsLoadedWhenItIsMissing(t *testing.T) {
	b := &bus{answer: sealed(0x10, 0x80, 0x00, 0x06, 0x66, 0x66)}
	d := aht20.New(b, aht20.Addr)
	if wait, err := d.Start(); wait != 10*time.Millisecond || err != nil {
		t.Fatalf("Start without: got %v, %v, want 10ms", wait, err)
	}
	if _, err := d.Read(nil); !errors.Is(err, drivers.ErrNotReady) {
		t.Fatalf("Read before the measurement: got %v, want ErrNotReady", err)
	}
	b.answer = sealed(0x18, 0x80, 0x00, 0x06, 0x66, 0x66)
	if got, err := d.Read(nil); err != nil || !slices.Equal(got, sample(30_000, 50_000)) {
		t.Fatalf("got %v, %v", got, err)
	}
	if wait, err := d.Start(); wait != 80*time.Millisecond || err != nil {
		t.Fatalf("Start with: got %v, %v, want 80ms", wait, err)
	}
	b.answer = sealed(0x10, 0x80, 0x00, 0x06, 0x66, 0x66)
	if _, err := d.Read(nil); !errors.Is(err, drivers.ErrNoDevice) {
		t.Fatalf("calibration lost: got %v, want ErrNoDevice", err)
	}
	_, err := d.Start()
	const want = "be 08 00, ac 33 00, ac 33 00, be 08 00"
	if got := strings.Join(b.written, ", "); got != want || err != nil {
		t.Errorf("written %s, %v, want %s", got, err, want)
	}
}

// A part that stays busy is reported as gone, after a while and then again and again.
func TestBusyDoesNotLastForEver(t *testing.T) {
	b := &bus{answer: sealed(0x98, 0, 0, 0, 0, 0)}
	d := aht20.New(b, aht20.Addr)
	var gone int
	for range 100 {
		if _, err := d.Read(nil); errors.Is(err, drivers.ErrNoDevice) {
			gone++
		}
	}
	if gone != 5 {
		t.Errorf("got %d reports in 100 answers, want 5", gone)
	}
}

// Start fails when nobody answers, and New touches no bus.
func TestStartOfAMissingPart(t *testing.T) {
	if _, err := aht20.New(&bus{}, aht20.Addr).Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("got %v, want ErrNoDevice", err)
	}
	if aht20.New(nil, aht20.Addr) == nil {
		t.Error("New gave nil")
	}
}

// FuzzRead: any bytes give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0x18, 0x75, 0x52, 0x05, 0x8E, 0x40, 0x7F}, false)
	f.Add([]byte{0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0}, true)
	channels := aht20.Describe().Channels
	f.Fuzz(func(t *testing.T, answer []byte, repair bool) {
		if repair && len(answer) >= 7 { // let the fuzzer past the checksum
			answer = sealed(slices.Clone(answer[:6])...)
		}
		d := aht20.New(&bus{answer: answer}, aht20.Addr)
		_, _ = d.Start()
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
