package max3010x_test

import (
	"errors"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/max3010x"
)

// chip has the registers, and one sample in its FIFO.
type chip struct {
	registers [256]byte
	sample    [6]byte
	cut       byte // the controller does not finish reads of this register, and reports success
	err       error
	before    func(n int) // what happens to the part before the n-th read, from 1
	reads     int
}

func newChip(sample [6]byte) *chip {
	c := &chip{sample: sample}
	c.registers[0xFF] = 0x15
	return c
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(_ uint16, w, r []byte) error {
	if c.err != nil {
		return c.err
	}
	copy(c.registers[w[0]:], w[1:])
	if len(r) == 0 {
		return nil
	}
	c.reads++
	if c.before != nil {
		c.before(c.reads)
	}
	switch {
	case c.cut != 0 && c.cut == w[0]:
	case w[0] == 7:
		copy(r, c.sample[:])
	default:
		copy(r, c.registers[w[0]:])
	}
	return nil
}

// start begins a measurement whose sample is there.
func start(t *testing.T, c *chip) *max3010x.Dev {
	t.Helper()
	d := max3010x.New(c)
	if wait, err := d.Start(); wait != 80*time.Millisecond || err != nil {
		t.Fatalf("Start: got %v, %v", wait, err)
	}
	c.registers[4] = 1
	return d
}

// The counts are 18 bits each; darkness, glare and what is no answer of the part are errors.
func TestCountsAreCountsOrErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		sample [6]byte
		spoil  func(*chip)
		want   [2]int64
		class  error
	}{
		{"counts", [6]byte{1, 0x23, 0x45, 0, 0, 1}, nil, [2]int64{74_565, 1}, nil},
		{"the most", [6]byte{3, 0xFF, 0xFE, 3, 0xFF, 0xFE}, nil, [2]int64{262_142, 262_142}, nil},
		{"glare", [6]byte{3, 0xFF, 0xFF, 0, 0, 1}, nil, [2]int64{}, drivers.ErrRange},
		{"a dark LED", [6]byte{1, 0, 0, 0, 0, 0}, nil, [2]int64{}, drivers.ErrRange},
		{"more bits than it has", [6]byte{4, 0, 0, 0, 0, 1}, nil, [2]int64{}, drivers.ErrNoDevice},
		{"nothing yet", [6]byte{1, 0, 0, 1}, func(c *chip) { c.registers[4] = 0 }, [2]int64{},
			drivers.ErrNotReady},
		{"a full FIFO", [6]byte{1, 0, 0, 1}, func(c *chip) { c.registers[4], c.registers[5] = 0, 9 },
			[2]int64{65_536, 65_536}, nil},
		{"another part", [6]byte{1, 0, 0, 1}, func(c *chip) { c.registers[0xFF] = 0x11 },
			[2]int64{}, drivers.ErrNoDevice},
		{"was reset", [6]byte{1, 0, 0, 1}, func(c *chip) { c.registers[9] = 0 }, [2]int64{},
			drivers.ErrNoDevice},
		{"a read cut short", [6]byte{1, 0, 0, 1}, func(c *chip) { c.cut = 7 }, [2]int64{},
			drivers.ErrNoDevice},
		{"no answer", [6]byte{1, 0, 0, 1}, func(c *chip) { c.err = errors.New("nack") }, [2]int64{},
			drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			bus := newChip(c.sample)
			d := start(t, bus)
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
			if err != nil || len(got) != 2 || got[0].Value != c.want[0] || got[1].Value != c.want[1] {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

// A reset before any transfer of a reading is told.
func TestResetWithinAReadingIsTold(t *testing.T) {
	for n := 1; n <= 6; n++ {
		bus := newChip([6]byte{1, 0, 0, 1})
		d := start(t, bus)
		bus.reads = 0
		bus.before = func(read int) {
			if read == n {
				bus.registers, bus.sample = [256]byte{0xFF: 0x15}, [6]byte{}
			}
		}
		if got, err := d.Read(nil); err == nil {
			t.Errorf("before read %d: got %v", n, got)
		}
	}
	bus := newChip([6]byte{})
	if got, err := max3010x.New(bus).Read(nil); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("without a Start: got %v, %v", got, err)
	}
	bus.err = errors.New("nack")
	if _, err := max3010x.New(bus).Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("Start: got %v", err)
	}
}

// FuzzRead: any sample and any pointers give an error or counts within the range.
func FuzzRead(f *testing.F) {
	f.Add([]byte{1, 0x23, 0x45, 0, 0, 1}, byte(1), byte(0), byte(0))
	f.Fuzz(func(t *testing.T, sample []byte, written, lost, read byte) {
		bus := newChip([6]byte{})
		copy(bus.sample[:], sample)
		d := start(t, bus)
		bus.registers[4], bus.registers[5], bus.registers[6] = written, lost, read
		got, err := d.Read(nil)
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		for i, ch := range max3010x.Describe().Channels {
			if got[i].Value < ch.Min || got[i].Value > ch.Max {
				t.Fatalf("got %v outside %+v", got[i], ch)
			}
		}
	})
}
