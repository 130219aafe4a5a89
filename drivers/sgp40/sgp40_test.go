package sgp40_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/sgp40"
)

// bus gives each read the next answer, the last one again and again, and notes what was written.
// A missing answer is a part that does not acknowledge.
type bus struct {
	answers [][]byte
	written []string
}

var errNack = errors.New("nack")

func (b *bus) String() string                  { return "test" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Tx(addr uint16, w, r []byte) error {
	if addr != sgp40.Addr || len(b.answers) == 0 || b.answers[0] == nil {
		return errNack
	}
	if len(w) > 0 {
		b.written = append(b.written, fmt.Sprintf("% x", w))
	}
	if len(r) > 0 {
		copy(r, b.answers[0])
		if len(b.answers) > 1 {
			b.answers = b.answers[1:]
		}
	}
	return nil
}

func word(v uint16) []byte {
	b := []byte{byte(v >> 8), byte(v)}
	return append(b, drivers.CRC8(b))
}

const (
	test    = "28 0e"
	measure = "26 0f 80 00 a2 66 66 93" // 50 %RH and 25 °C, as the datasheet's default
)

// The first reading is: self-test, a value that does not count, a value; the next ones are a value.
func TestFirstValueFollowsASelfTest(t *testing.T) {
	b := &bus{answers: [][]byte{word(0xD400), word(12_345), word(30_000)}}
	d := sgp40.New(b, sgp40.Addr)
	if wait, err := d.Start(); wait != 320*time.Millisecond || err != nil {
		t.Fatalf("first Start: got %v, %v, want 320ms", wait, err)
	}
	for range 2 {
		if got, err := d.Read(nil); !errors.Is(err, drivers.ErrNotReady) || len(got) != 0 {
			t.Fatalf("got %v, %v, want ErrNotReady", got, err)
		}
	}
	want := []drivers.Sample{{Quantity: drivers.Raw, Value: 30_000}}
	if got, err := d.Read(nil); err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v, %v, want %v", got, err, want)
	}
	if wait, err := d.Start(); wait != 30*time.Millisecond || err != nil {
		t.Fatalf("second Start: got %v, %v, want 30ms", wait, err)
	}
	if got, err := d.Read(nil); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	told := strings.Join(b.written, ", ")
	if want := strings.Join([]string{test, measure, measure, measure}, ", "); told != want {
		t.Errorf("written %s, want %s", told, want)
	}
}

// What cannot be a signal is an error of the right class, and the part is then tested anew.
func TestFailuresAreToldAndTestedAnew(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []byte
		class  error
	}{
		{"zeros", word(0), drivers.ErrRange},
		{"ones", word(0xFFFF), drivers.ErrRange},
		{"bit flipped", []byte{0x75, 0x30, 0x00}, drivers.ErrChecksum},
		{"nothing arrived", []byte{0, 0, 0}, drivers.ErrChecksum},
		{"no answer", nil, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &bus{answers: [][]byte{word(0xD400), word(30_000), word(30_000), c.answer}}
			d := sgp40.New(b, sgp40.Addr)
			_, _ = d.Start()
			for range 3 {
				_, _ = d.Read(nil)
			}
			before := []drivers.Sample{{Value: 7}}
			if got, err := d.Read(before); !errors.Is(err, c.class) || !slices.Equal(got, before) {
				t.Fatalf("got %v, %v, want %v", got, err, c.class)
			}
			b.answers, b.written = [][]byte{word(0xD400)}, nil
			if _, err := d.Start(); err != nil || !slices.Equal(b.written, []string{test}) {
				t.Errorf("after it, written %q, %v", b.written, err)
			}
		})
	}
}

// A part that finds itself broken gives no value, however well it answers.
func TestBrokenPartGivesNoValue(t *testing.T) {
	b := &bus{answers: [][]byte{word(0x4B00), word(30_000)}}
	d := sgp40.New(b, sgp40.Addr)
	_, _ = d.Start()
	if got, err := d.Read(nil); !errors.Is(err, drivers.ErrRange) || len(got) != 0 {
		t.Errorf("got %v, %v, want ErrRange", got, err)
	}
	if _, err := sgp40.New(&bus{}, sgp40.Addr).Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("start of a missing part: got %v, want ErrNoDevice", err)
	}
	if sgp40.New(nil, sgp40.Addr) == nil {
		t.Error("New gave nil")
	}
}

// FuzzRead: any bytes give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(uint16(0xD400), uint16(1), uint16(30_000), byte(0))
	f.Add(uint16(0xD400), uint16(1), uint16(0xFFFF), byte(1))
	channel := sgp40.Describe().Channels[0]
	f.Fuzz(func(t *testing.T, first, second, third uint16, flip byte) {
		last := word(third)
		last[2] ^= flip
		d := sgp40.New(&bus{answers: [][]byte{word(first), word(second), last}}, sgp40.Addr)
		_, _ = d.Start()
		for range 5 {
			got, err := d.Read(nil)
			if err != nil && len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			for _, s := range got {
				if s.Value < channel.Min || s.Value > channel.Max || s.Quantity != drivers.Raw {
					t.Fatalf("sample %v outside %v", s, channel)
				}
			}
		}
	})
}
