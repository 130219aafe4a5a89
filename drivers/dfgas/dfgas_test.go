package dfgas_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/dfgas"
)

var errNack = errors.New("nack")

// Frames as the vectors have them.
var (
	askMode = []byte{0, 0xFF, 1, 0x78, 4, 0, 0, 0, 0, 0x83}
	askGas  = []byte{0, 0xFF, 1, 0x86, 0, 0, 0, 0, 0, 0x79}
	yes     = []byte{0xFF, 0x78, 1, 0, 0, 0, 0, 0, 0x87}
)

// chip answers a question as the module does.
type chip struct {
	gone   bool
	mode   []byte // answer to the question for the mode
	answer []byte // and to the one for the gas
	last   []byte
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(addr uint16, w, r []byte) error {
	switch {
	case c.gone || addr != 0x74:
		return errNack
	case bytes.Equal(w, askMode):
		c.last = c.mode
	case bytes.Equal(w, askGas):
		c.last = c.answer
	case len(w) > 1 || len(w) == 1 && w[0] != 0:
		return errors.New("a frame that no vector has")
	}
	copy(r, c.last)
	return nil
}

// gas finds a gas by its name.
func gas(t testing.TB, name string) dfgas.Gas {
	t.Helper()
	for _, g := range dfgas.Gases() {
		if g.Name == name {
			return g
		}
	}
	t.Fatalf("there is no %s", name)
	return dfgas.Gas{}
}

// measure reads until there is something, as a poller does.
func measure(t testing.TB, d *dfgas.Dev) ([]drivers.Sample, error) {
	t.Helper()
	if wait, err := d.Start(); err != nil || wait != 20*time.Millisecond {
		return nil, err
	}
	got, err := d.Read(nil)
	if errors.Is(err, drivers.ErrNotReady) {
		got, err = d.Read(nil)
	}
	return got, err
}

// The vectors, the ends of each range and every number of digits become ppb, or m%vol of oxygen.
func TestAnswersBecomeConcentrations(t *testing.T) {
	for _, c := range []struct {
		name, gas string
		answer    []byte
		want      int64
	}{
		{"CO, 123 ppm", "co", []byte{0xFF, 0x86, 0, 0x7B, 4, 0, 0, 0, 0xFB}, 123_000},
		{"oxygen, 20.9 %", "o2", []byte{0xFF, 0x86, 0, 0xD1, 5, 1, 0, 0, 0xA3}, 20_900},
		{"no CO", "co", []byte{0xFF, 0x86, 0, 0, 4, 0, 0, 0, 0x76}, 0},
		{"CO, the end of the range", "co", []byte{0xFF, 0x86, 0x03, 0xE8, 4, 0, 0, 0, 0x8B},
			1_000_000},
		{"CO beyond the range", "co", []byte{0xFF, 0x86, 0x07, 0xD0, 4, 0, 0, 0, 0x9F}, 1_000_000},
		{"H2S, two digits", "h2s", []byte{0xFF, 0x86, 0x04, 0xD2, 3, 2, 0, 0, 0x9F}, 12_340},
		{"with a byte that no sum covers", "co", []byte{0xFF, 0x86, 0, 0x7B, 4, 0, 0, 7, 0xFB},
			123_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := gas(t, c.gas)
			d := dfgas.New(&chip{mode: yes, answer: c.answer}, 0x74, g)
			for range 2 { // the second time it is known to be asked
				got, err := measure(t, d)
				want := drivers.Sample{Quantity: g.Quantity, Value: c.want}
				if err != nil || len(got) != 1 || got[0] != want {
					t.Errorf("got %v, %v, want %v", got, err, want)
				}
			}
		})
	}
}

// Whatever is not a concentration is an error of its class, and never 0 ppm.
func TestFailuresAreNeverZero(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []byte
		class  error
	}{
		{"wrong checksum", []byte{0xFF, 0x86, 0, 0x7B, 4, 0, 0, 0, 0xFA}, drivers.ErrChecksum},
		{"wrong head", []byte{0xFE, 0x86, 0, 0x7B, 4, 0, 0, 0, 0xFB}, drivers.ErrChecksum},
		{"all zeros", make([]byte, 9), drivers.ErrChecksum},
		{"all ones", bytes.Repeat([]byte{0xFF}, 9), drivers.ErrChecksum},
		{"the answer to another question", []byte{0xFF, 0x87, 0, 0x7B, 4, 0, 0, 0, 0xFA},
			drivers.ErrNoDevice},
		{"another gas", []byte{0xFF, 0x86, 0, 0x7B, 5, 0, 0, 0, 0xFA}, drivers.ErrNoDevice},
		{"no value", []byte{0xFF, 0x86, 0xFF, 0xFF, 4, 0, 0, 0, 0x78}, drivers.ErrRange},
		{"four digits", []byte{0xFF, 0x86, 0, 1, 4, 4, 0, 0, 0x71}, drivers.ErrRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := dfgas.New(&chip{mode: yes, answer: c.answer}, 0x74, gas(t, "co"))
			if got, err := measure(t, d); !errors.Is(err, c.class) || len(got) != 0 {
				t.Errorf("got %v, %v, want %v", got, err, c.class)
			}
		})
	}
	d := dfgas.New(&chip{gone: true}, 0x74, gas(t, "co"))
	if _, err := d.Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("missing: got %v, want ErrNoDevice", err)
	}
}

// A module that lost its supply reports by itself again: its answer is to no question, and the next
// Start tells it anew. One that refuses to be asked is never believed.
func TestModuleThatForgotItsModeIsToldAgain(t *testing.T) {
	c := &chip{mode: yes, answer: []byte{0xFF, 0x86, 0, 0x7B, 4, 0, 0, 0, 0xFB}}
	d := dfgas.New(c, 0x74, gas(t, "co"))
	if _, err := measure(t, d); err != nil {
		t.Fatal(err)
	}
	sound := c.answer
	c.answer = []byte{0xFF, 0x88, 0, 0x7B, 4, 0, 0, 0, 0xF9}
	if got, err := measure(t, d); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("reporting by itself: got %v, %v, want ErrNoDevice", got, err)
	}
	c.answer, c.mode = sound, []byte{0xFF, 0x78, 0, 0, 0, 0, 0, 0, 0x88}
	if got, err := measure(t, d); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("refusing: got %v, %v, want ErrNoDevice", got, err)
	}
	c.mode = yes
	if got, err := measure(t, d); err != nil || got[0].Value != 123_000 {
		t.Errorf("told again: got %v, %v, want 123 ppm", got, err)
	}
}

// FuzzRead: any bytes give an error and no sample, or a value within the channel's range.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0xFF, 0x86, 0, 0x7B, 4, 0, 0, 0, 0xFB}, uint8(0), true)
	f.Add([]byte{0xFF, 0x86, 0xFF, 0xFF, 5, 9, 0, 0, 0}, uint8(1), true)
	f.Fuzz(func(t *testing.T, answer []byte, which uint8, repair bool) {
		if repair && len(answer) >= 9 { // let the fuzzer past the checksum
			answer[0], answer[8] = 0xFF, 0
			for _, b := range answer[1:7] {
				answer[8] -= b
			}
		}
		g := dfgas.Gases()[int(which)%len(dfgas.Gases())]
		got, err := measure(t, dfgas.New(&chip{mode: yes, answer: answer}, 0x74, g))
		if err != nil && len(got) != 0 {
			t.Fatalf("error %v with samples %v", err, got)
		}
		for _, s := range got {
			if c := g.Channel(); s.Value < c.Min || s.Value > c.Max || s.Quantity != c.Quantity {
				t.Fatalf("sample %v outside %v", s, c)
			}
		}
	})
}
