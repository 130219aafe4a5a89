package amg8833_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/amg8833"
)

// bus is a part as a plain memory of registers.
type bus struct {
	memory [256]byte
	gone   bool
	sets   int // times it was set up
}

var errNack = errors.New("nack")

func (b *bus) String() string                  { return "test" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Tx(addr uint16, w, r []byte) error {
	if b.gone || addr != 0x69 {
		return errNack
	}
	if len(r) == 0 {
		b.memory[w[0]] = w[1]
		if w[0] == 0x01 {
			b.sets++
		}
		return nil
	}
	copy(r, b.memory[w[0]:])
	return nil
}

// room is a part that sees 20 °C, with one pixel and the thermistor as given.
func room(pixel, thermistor [2]byte) *bus {
	b := &bus{}
	for i := 0x80; i < 0x100; i += 2 {
		b.memory[i] = 0x50
	}
	copy(b.memory[0xB0:], pixel[:])
	copy(b.memory[0x0E:], thermistor[:])
	return b
}

// Read gives the specification's values for its codes, and an error of the right class for what
// cannot be a picture.
func TestReadFollowsTheSpecification(t *testing.T) {
	warm := [2]byte{0x90, 0x01} // 25 °C
	for _, c := range []struct {
		name              string
		pixel, thermistor [2]byte
		want              [2]int64
		class             error
	}{
		{"25 °C", [2]byte{0x64, 0x00}, warm, [2]int64{25_000, 25_000}, nil},
		{"80 °C", [2]byte{0x40, 0x01}, warm, [2]int64{80_000, 25_000}, nil},
		{"the hottest code", [2]byte{0xFF, 0x07}, warm, [2]int64{511_750, 25_000}, nil},
		{"a cold pixel is not the hottest", [2]byte{0xFC, 0x0F}, warm, [2]int64{20_000, 25_000},
			nil},
		{"-0.25 °C of the part", [2]byte{0x64, 0x00}, [2]byte{0x04, 0x08},
			[2]int64{25_000, -250}, nil},
		{"-20 °C", [2]byte{0x64, 0x00}, [2]byte{0x40, 0x09}, [2]int64{25_000, -20_000}, nil},
		{"colder", [2]byte{0x64, 0x00}, [2]byte{0x41, 0x09}, [2]int64{}, drivers.ErrRange},
		{"100 °C", [2]byte{0x64, 0x00}, [2]byte{0x40, 0x06}, [2]int64{25_000, 100_000}, nil},
		{"hotter", [2]byte{0x64, 0x00}, [2]byte{0x41, 0x06}, [2]int64{}, drivers.ErrRange},
		{"thermistor of more bits", [2]byte{0x64, 0x00}, [2]byte{0x90, 0x11}, [2]int64{},
			drivers.ErrRange},
		{"pixel of more bits", [2]byte{0x64, 0x10}, warm, [2]int64{}, drivers.ErrRange},
		{"all pixels equal", [2]byte{0x50, 0x00}, warm, [2]int64{}, drivers.ErrRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := amg8833.New(room(c.pixel, c.thermistor), 0x69)
			if wait, err := d.Start(); wait != 250*time.Millisecond || err != nil {
				t.Fatalf("Start: got %v, %v, want 250ms", wait, err)
			}
			before := []drivers.Sample{{Value: 7}}
			got, err := d.Read(before)
			want := before
			if c.class == nil {
				want = append(want,
					drivers.Sample{Channel: 0, Quantity: drivers.Temperature, Value: c.want[0]},
					drivers.Sample{Channel: 1, Quantity: drivers.Temperature, Value: c.want[1]})
			}
			if !errors.Is(err, c.class) || !slices.Equal(got, want) {
				t.Errorf("got %v, %v, want %v, %v", got, err, want, c.class)
			}
		})
	}
}

// A part that lost its mark, or did not answer, is set up again; one that kept it is not.
func TestSetUpIsRepeatedAfterAReset(t *testing.T) {
	b := room([2]byte{0x64, 0x00}, [2]byte{0x90, 0x01})
	d := amg8833.New(b, 0x69)
	for _, c := range []struct {
		name  string
		spoil func()
		class error
		sets  int
	}{
		{"well", func() {}, nil, 1},
		{"still", func() {}, nil, 1},
		{"reset", func() { b.memory[0x08] = 0 }, drivers.ErrNoDevice, 1},
		{"well again", func() {}, nil, 2},
		{"gone", func() { b.gone = true }, drivers.ErrNoDevice, 2},
		{"back", func() {}, nil, 3},
	} {
		b.gone = false
		if _, err := d.Start(); err != nil {
			t.Fatalf("%s: Start: %v", c.name, err)
		}
		c.spoil()
		if got, err := d.Read(nil); !errors.Is(err, c.class) || (err == nil) != (len(got) == 2) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.class)
		}
		if b.sets != c.sets {
			t.Errorf("%s: set up %d times, want %d", c.name, b.sets, c.sets)
		}
	}
	if _, err := amg8833.New(b, 0x68).Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("start of a missing part: got %v, want ErrNoDevice", err)
	}
	if amg8833.New(nil, 0x69) == nil {
		t.Error("New gave nil")
	}
}

// FuzzRead: any picture gives an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0x64, 0x00, 0x50, 0x00}, byte(0x90), byte(0x01))
	f.Add([]byte{0xFF, 0xFF, 0xFF, 0xFF}, byte(0xFF), byte(0xFF))
	channels := amg8833.Describe().Channels
	f.Fuzz(func(t *testing.T, picture []byte, low, high byte) {
		b := room([2]byte{0x64, 0x00}, [2]byte{low, high})
		copy(b.memory[0x80:], picture)
		d := amg8833.New(b, 0x69)
		_, _ = d.Start()
		got, err := d.Read(nil)
		if err != nil && len(got) != 0 {
			t.Fatalf("error %v with samples %v", err, got)
		}
		for _, s := range got {
			if c := channels[s.Channel]; s.Value < c.Min || s.Value > c.Max {
				t.Fatalf("sample %v outside %v", s, c)
			}
		}
	})
}
