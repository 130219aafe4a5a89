package sgp30_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/sgp30"
)

// bus answers each command with its words, and notes which were given. A command without words is
// answered by nothing.
type bus struct {
	words   map[string][]uint16
	flip    byte // spoils the last checksum
	gone    bool
	last    string
	written []string
}

var errNack = errors.New("nack")

func (b *bus) String() string                  { return "test" }
func (b *bus) SetSpeed(physic.Frequency) error { return nil }
func (b *bus) Tx(addr uint16, w, r []byte) error {
	if b.gone || addr != sgp30.Addr {
		return errNack
	}
	if len(w) > 0 {
		b.last = fmt.Sprintf("% x", w)
		b.written = append(b.written, b.last)
		return nil
	}
	words, ok := b.words[b.last]
	if !ok {
		return errNack
	}
	var answer []byte
	for _, v := range words {
		word := []byte{byte(v >> 8), byte(v)}
		answer = append(answer, word[0], word[1], drivers.CRC8(word))
	}
	answer[len(answer)-1] ^= b.flip
	copy(r, answer)
	return nil
}

const (
	identity = "20 2f"
	baseline = "20 15"
	begin    = "20 03"
	measure  = "20 08"
)

func newBus() *bus {
	return &bus{words: map[string][]uint16{
		identity: {0x0022}, baseline: {0, 0}, measure: {0x0400, 0x0123}}}
}

// reading is one Start, and Reads until there is something; at most n of them.
func reading(d *sgp30.Dev, n int) (got []drivers.Sample, err error) {
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

func sample(voc, co2 int64) []drivers.Sample {
	return []drivers.Sample{
		{Channel: 0, Quantity: drivers.VOC, Value: voc},
		{Channel: 1, Quantity: drivers.CO2, Value: co2},
	}
}

// A part that is found is asked who it is and whether it runs, started if it does not, and then
// measured; later it is only measured. The words are the published ones: 1024 ppm, 291 ppb.
func TestPartIsStartedOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		has  []uint16
		want []string
	}{
		{"new", []uint16{0, 0}, []string{identity, baseline, begin, measure, measure}},
		{"running", []uint16{0x8973, 0x8AAE}, []string{identity, baseline, measure, measure}},
	} {
		b := newBus()
		b.words[baseline] = c.has
		d := sgp30.New(b, sgp30.Addr)
		for range 2 {
			if got, err := reading(d, 10); err != nil || !slices.Equal(got, sample(291, 1_024_000)) {
				t.Fatalf("%s: got %v, %v", c.name, got, err)
			}
		}
		if !slices.Equal(b.written, c.want) {
			t.Errorf("%s: written %q, want %q", c.name, b.written, c.want)
		}
	}
	wait, err := sgp30.New(newBus(), sgp30.Addr).Start()
	if wait != 12*time.Millisecond || err != nil {
		t.Errorf("Start: got %v, %v, want 12ms", wait, err)
	}
}

// What cannot be a value is an error of the right class.
func TestFailuresHaveTheirClass(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(b *bus)
		class error
	}{
		{"zeros", func(b *bus) { b.words[measure] = []uint16{0, 0} }, drivers.ErrRange},
		{"ones", func(b *bus) { b.words[measure] = []uint16{0xFFFF, 0xFFFF} }, drivers.ErrRange},
		{"too much", func(b *bus) { b.words[measure] = []uint16{400, 60_001} }, drivers.ErrRange},
		{"the most", func(b *bus) { b.words[measure] = []uint16{60_000, 60_000} }, nil},
		{"bit flipped", func(b *bus) { b.flip = 1 }, drivers.ErrChecksum},
		{"gone", func(b *bus) { b.gone = true }, drivers.ErrNoDevice},
	} {
		b := newBus()
		d := sgp30.New(b, sgp30.Addr)
		_, _ = reading(d, 10)
		c.spoil(b)
		if got, err := reading(d, 10); !errors.Is(err, c.class) || (err == nil) != (len(got) == 2) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.class)
		}
	}
	for _, word := range []uint16{0x1022, 0x0010, 0xFFFF} {
		b := newBus()
		b.words[identity] = []uint16{word}
		if _, err := reading(sgp30.New(b, sgp30.Addr), 10); !errors.Is(err, drivers.ErrNoDevice) {
			t.Errorf("identity %04x: got %v, want ErrNoDevice", word, err)
		}
	}
	if sgp30.New(nil, sgp30.Addr) == nil {
		t.Error("New gave nil")
	}
}

// The values of a part that was not started are readings only when a baseline vouches for them;
// without one they are reported after a while, and the part is started again.
func TestFixedValuesAreNoReading(t *testing.T) {
	b := newBus()
	b.words[measure] = []uint16{400, 0}
	d := sgp30.New(b, sgp30.Addr)
	notReady := 0
	var err error
	for range 100 {
		if _, err = reading(d, 5); !errors.Is(err, drivers.ErrNotReady) {
			break
		}
		notReady++
	}
	if !errors.Is(err, drivers.ErrNoDevice) || notReady < 10 || notReady > 30 {
		t.Errorf("got %v after %d readings, want ErrNoDevice after about 20", err, notReady)
	}
	b.written = nil
	if _, err := reading(d, 5); !errors.Is(err, drivers.ErrNotReady) {
		t.Errorf("then: got %v, want ErrNotReady", err)
	}
	if told := strings.Join(b.written, ", "); !strings.Contains(told, begin) {
		t.Errorf("it is not started again: %s", told)
	}
	b.words[baseline] = []uint16{0x8973, 0x8AAE}
	if got, err := reading(d, 10); err != nil || !slices.Equal(got, sample(0, 400_000)) {
		t.Errorf("with a baseline: got %v, %v, want 0 ppb and 400 ppm", got, err)
	}
}

// A part that did not answer once is asked who it is, and not started again.
func TestOneMissedAnswerStartsNothingAgain(t *testing.T) {
	b := newBus()
	d := sgp30.New(b, sgp30.Addr)
	_, _ = reading(d, 10)
	b.gone = true
	_, _ = reading(d, 10)
	b.gone, b.written = false, nil
	got, err := reading(d, 10)
	want := []string{identity, measure}
	if err != nil || len(got) != 2 || !slices.Equal(b.written, want) {
		t.Errorf("got %v, %v, written %q, want %q", got, err, b.written, want)
	}
}

// FuzzRead: any words give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(uint16(0x22), uint16(0), uint16(400), uint16(0), byte(0))
	f.Add(uint16(0x22), uint16(0x8973), uint16(400), uint16(0), byte(0))
	f.Add(uint16(0x22), uint16(0), uint16(0xFFFF), uint16(0xFFFF), byte(1))
	channels := sgp30.Describe().Channels
	f.Fuzz(func(t *testing.T, id, base, co2, voc uint16, flip byte) {
		b := &bus{flip: flip, words: map[string][]uint16{
			identity: {id}, baseline: {base, 0}, measure: {co2, voc}}}
		d := sgp30.New(b, sgp30.Addr)
		_, _ = d.Start()
		for range 10 {
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
