package sen5x_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/sen5x"
)

// bus answers each command with its words, and notes which were given.
type bus struct {
	name     string
	ready    bool
	values   [8]uint16
	status   uint16 // low word
	remains  uint16 // bits that come back after they were cleared
	flip     byte   // spoils the last checksum of the values
	gone     bool
	measures bool // and refuses to be started
	last     string
	written  []string
}

var errNack = errors.New("nack")

func (b *bus) String() string                  { return "test" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Tx(addr uint16, w, r []byte) error {
	if b.gone || addr != sen5x.Addr || len(w) > 0 && len(r) > 0 {
		return errNack
	}
	if len(w) > 0 {
		return b.command(fmt.Sprintf("% x", w))
	}
	var words []uint16
	switch b.last {
	case name:
		for i := range 3 {
			words = append(words, uint16(b.name[2*i])<<8|uint16((b.name + "\x00")[2*i+1]))
		}
	case ready:
		words = []uint16{0}
		if b.ready {
			words[0] = 1
		}
	case values:
		words = b.values[:]
	case status:
		words = []uint16{0, b.status}
	}
	var answer []byte
	for _, v := range words {
		word := []byte{byte(v >> 8), byte(v)}
		answer = append(answer, word[0], word[1], drivers.CRC8(word))
	}
	if b.last == values {
		answer[len(answer)-1] ^= b.flip
	}
	copy(r, answer)
	return nil
}

func (b *bus) command(command string) error {
	b.last = command
	b.written = append(b.written, command)
	switch command {
	case begin:
		if b.measures {
			return errNack
		}
		b.measures = true
	case heal:
		b.status = b.remains
	}
	return nil
}

const (
	name   = "d0 14"
	begin  = "00 21"
	ready  = "02 02"
	values = "03 c4"
	status = "d2 06"
	heal   = "d2 10"
)

// newBus is a part with the published values.
func newBus(name string) *bus {
	return &bus{name: name, ready: true, values: [8]uint16{0x0032, 0x0050, 0x005A, 0x0064,
		0x1388, 0x1388, 0x03E8, 0x000A}}
}

// reading is one Start, and Reads until there is something; at most n of them.
func reading(d *sen5x.Dev, n int) (got []drivers.Sample, err error) {
	if _, err := d.Start(); err != nil {
		return nil, err
	}
	for range n {
		if got, err = d.Read(nil); !errors.Is(err, drivers.ErrNotReady) {
			break
		}
	}
	return got, err
}

// told are the values by channel; -1 for one that was left out.
func told(samples []drivers.Sample) []int64 {
	out := slices.Repeat([]int64{-1}, 8)
	for _, s := range samples {
		out[s.Channel] = s.Value
	}
	return out
}

// The published words give 5, 8, 9 and 10 µg/m³, 50 %RH, 25 °C and the indices 100 and 1, as far as
// the part has them; the first reading asks for the name and starts it, the next ones do not.
func TestReadFollowsTheDatasheet(t *testing.T) {
	all := []int64{5_000, 8_000, 9_000, 10_000, 50_000, 25_000, 100_000, 1_000}
	for kind, n := range map[sen5x.Kind]int{sen5x.SEN50: 4, sen5x.SEN54: 7, sen5x.SEN55: 8} {
		d := sen5x.Describe(kind)
		b := newBus(d.Name[len("Sensirion "):])
		dev := sen5x.New(b, sen5x.Addr, kind)
		for range 2 {
			got, err := reading(dev, 10)
			if err != nil || len(got) != n || len(d.Channels) != n ||
				!slices.Equal(told(got)[:n], all[:n]) {
				t.Errorf("%s: got %v, %v, want the first %d of %v", d.Model, got, err, n, all)
			}
		}
		want := []string{name, begin, ready, values, status, ready, values, status}
		if !slices.Equal(b.written, want) {
			t.Errorf("%s: written %q, want %q", d.Model, b.written, want)
		}
	}
	wait, err := sen5x.New(newBus("SEN55"), sen5x.Addr, sen5x.SEN55).Start()
	if wait != 20*time.Millisecond || err != nil {
		t.Errorf("Start: got %v, %v, want 20ms", wait, err)
	}
}

// What is not known is left out, and what cannot be true is an error of the right class.
func TestUnknownIsLeftOutAndWrongIsAnError(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(b *bus)
		want  []int64
		class error
	}{
		{"no oxides yet", func(b *bus) { b.values[7] = 0x7FFF },
			[]int64{5_000, 8_000, 9_000, 10_000, 50_000, 25_000, 100_000, -1}, nil},
		{"the gases fail", func(b *bus) { b.status = 1 << 7 },
			[]int64{5_000, 8_000, 9_000, 10_000, 50_000, 25_000, -1, -1}, nil},
		{"humidity fails", func(b *bus) { b.status = 1 << 6 },
			[]int64{5_000, 8_000, 9_000, 10_000, -1, -1, -1, -1}, nil},
		{"the thickest smoke", func(b *bus) { b.values[3] = 0xFFFE },
			[]int64{5_000, 8_000, 9_000, 6_553_400, 50_000, 25_000, 100_000, 1_000}, nil},
		{"-40 °C", func(b *bus) { b.values[5] = 0xE0C0 },
			[]int64{5_000, 8_000, 9_000, 10_000, 50_000, -40_000, 100_000, 1_000}, nil},
		{"colder", func(b *bus) { b.values[5] = 0xE0BF }, nil, drivers.ErrRange},
		{"hotter than 125 °C", func(b *bus) { b.values[5] = 25_001 }, nil, drivers.ErrRange},
		{"more than 100 %RH", func(b *bus) { b.values[4] = 10_001 }, nil, drivers.ErrRange},
		{"a negative index", func(b *bus) { b.values[6] = 0xFFFF }, nil, drivers.ErrRange},
		{"an index above 500", func(b *bus) { b.values[6] = 5_001 }, nil, drivers.ErrRange},
		{"no particles", func(b *bus) { b.values[0] = 0xFFFF }, nil, drivers.ErrNoDevice},
		{"the fan stands", func(b *bus) { b.status = 1 << 4 }, nil, drivers.ErrRange},
		{"the laser fails", func(b *bus) { b.status = 1 << 5 }, nil, drivers.ErrRange},
		{"bit flipped", func(b *bus) { b.flip = 1 }, nil, drivers.ErrChecksum},
		{"gone", func(b *bus) { b.gone = true }, nil, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBus("SEN55")
			d := sen5x.New(b, sen5x.Addr, sen5x.SEN55)
			_, _ = reading(d, 10)
			c.spoil(b)
			got, err := reading(d, 10)
			if !errors.Is(err, c.class) || err != nil && len(got) != 0 ||
				err == nil && !slices.Equal(told(got), c.want) {
				t.Errorf("got %v, %v, want %v, %v", told(got), err, c.want, c.class)
			}
		})
	}
}

// A fault that the status tells of is cleared, holds for three more values, and then, if it has not
// come back, is over.
func TestFaultIsOverWhenItStaysAway(t *testing.T) {
	b := newBus("SEN55")
	d := sen5x.New(b, sen5x.Addr, sen5x.SEN55)
	b.status, b.remains = 1<<4, 1<<4
	for i := range 4 {
		if _, err := reading(d, 10); !errors.Is(err, drivers.ErrRange) {
			t.Fatalf("while it stands, %d: got %v, want ErrRange", i, err)
		}
	}
	b.status, b.remains = 0, 0
	refused := 0
	for range 10 {
		if _, err := reading(d, 10); errors.Is(err, drivers.ErrRange) {
			refused++
		}
	}
	if refused != 3 {
		t.Errorf("after it, %d values were refused, want 3", refused)
	}
}

// A part that is another one is refused by its name.
func TestNameIsAsked(t *testing.T) {
	for _, other := range []string{"SEN50", "SEN54", "SEN44", "\x00\x00\x00\x00\x00"} {
		b := newBus(other)
		d := sen5x.New(b, sen5x.Addr, sen5x.SEN55)
		if got, err := reading(d, 10); !errors.Is(err, drivers.ErrNoDevice) || len(got) != 0 {
			t.Errorf("%q: got %v, %v, want ErrNoDevice", other, got, err)
		}
		if slices.Contains(b.written, begin) {
			t.Errorf("%q was started", other)
		}
	}
	if sen5x.New(nil, sen5x.Addr, sen5x.SEN55) == nil {
		t.Error("New gave nil")
	}
}

// A part that stopped measuring is reported and started again, and its first values, which are too
// low, are left out. One missed answer alone costs no more than that answer.
func TestStoppedPartIsStartedAgain(t *testing.T) {
	b := newBus("SEN55")
	d := sen5x.New(b, sen5x.Addr, sen5x.SEN55)
	_, _ = reading(d, 10)
	b.gone = true
	_, _ = reading(d, 10)
	b.gone = false
	if _, err := reading(d, 10); err != nil {
		t.Fatalf("after one missed answer: %v", err)
	}
	b.ready, b.measures = false, false
	if _, err := reading(d, 100); !errors.Is(err, drivers.ErrNoDevice) {
		t.Fatalf("stopped: got %v, want ErrNoDevice", err)
	}
	b.ready = true
	left := 0
	for range 20 {
		if _, err := reading(d, 10); errors.Is(err, drivers.ErrNotReady) {
			left++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if left != 8 || !b.measures {
		t.Errorf("%d values were left out, want 8; it measures: %v", left, b.measures)
	}
}

// FuzzRead: any words give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(uint64(0x0032_0050_005A_0064), uint64(0x1388_1388_03E8_000A), uint16(0), byte(0))
	f.Add(^uint64(0), uint64(0x7FFF_7FFF_7FFF_7FFF), uint16(0xF0), byte(1))
	channels := sen5x.Describe(sen5x.SEN55).Channels
	f.Fuzz(func(t *testing.T, mass, rest uint64, status uint16, flip byte) {
		b := newBus("SEN55")
		b.status, b.flip = status, flip
		for i := range 4 {
			b.values[i], b.values[i+4] = uint16(mass>>(48-16*i)), uint16(rest>>(48-16*i))
		}
		got, err := reading(sen5x.New(b, sen5x.Addr, sen5x.SEN55), 10)
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
