package pcf8574_test

import (
	"errors"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/pcf8574"
)

// chip has a latch, and contacts that pull pins Low.
type chip struct {
	latch, low byte
	written    []byte
	second     byte // differs in these bits in the second byte of a read
	cut        bool // the controller reports success for reads that it did not finish
	err        error
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(_ uint16, w, r []byte) error {
	if c.err != nil {
		return c.err
	}
	for _, b := range w {
		c.latch, c.written = b, append(c.written, b)
	}
	if len(r) == 2 && !c.cut {
		r[0] = c.latch &^ c.low
		r[1] = r[0] ^ c.second
	}
	return nil
}

func newInputs(t *testing.T, c *chip, pins, high uint8) *pcf8574.Inputs {
	t.Helper()
	d, err := pcf8574.NewInputs(c, 0x20, pcf8574.Wiring{Pins: pins, High: high})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newOutput(c *chip, pin, outputs uint8) (*pcf8574.Output, error) {
	return pcf8574.NewOutput(c, 0x20, pcf8574.Config{Pin: pin, Outputs: outputs}, &pcf8574.Shared{})
}

// Each contact is abnormal at its level; what was not read, or bounces, is no state.
func TestEachContactHasItsLevel(t *testing.T) {
	for _, c := range []struct {
		name       string
		chip       chip
		pins, high uint8
		want       []int64
		class      error
	}{
		{"quiet", chip{latch: 0xFF}, 0x11, 0, []int64{0, 0}, nil},
		{"contact of pin 4", chip{latch: 0xFF, low: 0x10}, 0x11, 0, []int64{0, 1}, nil},
		{"abnormal at High", chip{latch: 0xFF, low: 0x10}, 0x11, 0x11, []int64{1, 0}, nil},
		{"another pin changes", chip{latch: 0xFF, second: 2}, 0x11, 0, []int64{0, 0}, nil},
		{"it bounces", chip{latch: 0xFF, second: 1}, 0x11, 0, nil, drivers.ErrNotReady},
		{"no answer", chip{err: errors.New("nack")}, 0x11, 0, nil, drivers.ErrNoDevice},
		{"cut short", chip{latch: 0xFF, cut: true}, 0x11, 0, nil, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newInputs(t, &c.chip, c.pins, c.high)
			if wait, err := d.Start(); wait != 0 || err != nil || len(c.chip.written) != 0 {
				t.Fatalf("Start: got %v, %v, wrote % x", wait, err, c.chip.written)
			}
			got, err := d.Read(nil)
			if !errors.Is(err, c.class) || len(got) != len(c.want) {
				t.Fatalf("got %v, %v, want %v, %v", got, err, c.want, c.class)
			}
			for i, v := range c.want {
				if want := (drivers.Sample{Channel: uint8(i), Quantity: drivers.Contact,
					Value: v}); got[i] != want {
					t.Errorf("got %v, want %v", got[i], want)
				}
			}
		})
	}
}

// A part with nothing but inputs is let go each time; with outputs it is left to them.
func TestStartLetsGo(t *testing.T) {
	c := &chip{latch: 0x00}
	d := newInputs(t, c, 0xFF, 0)
	if got, err := d.Read(nil); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("without a Start: got %v, %v", got, err)
	}
	for range 2 {
		if wait, err := d.Start(); wait != time.Millisecond || err != nil {
			t.Errorf("got %v, %v", wait, err)
		}
	}
	if string(c.written) != "\xff\xff" {
		t.Errorf("wrote % x, want ff ff", c.written)
	}
	c.err = errors.New("nack")
	if _, err := d.Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("got %v, want ErrNoDevice", err)
	}
	if d, err := pcf8574.NewInputs(c, 0x20, pcf8574.Wiring{High: 1}); err == nil {
		t.Errorf("no inputs: got %v", d)
	}
}

// An output changes its own bit, keeps the other outputs and lets go of what is none, so that a
// contact that is closed just then does not stay Low for ever.
func TestSetKeepsTheOthers(t *testing.T) {
	c := &chip{latch: 0xDF, low: 0x01} // output 5 is Low, the contact of pin 0 is closed
	o, err := newOutput(c, 4, 0xF0)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []struct {
		on   bool
		want byte
	}{{true, 0xCF}, {true, 0xCF}, {false, 0xDF}} {
		if err := o.Set(s.on); err != nil || c.latch != s.want {
			t.Errorf("Set(%v): got %02x, %v, want %02x", s.on, c.latch, err, s.want)
		}
		if on, err := o.State(); on != s.on || err != nil {
			t.Errorf("State: got %v, %v, want %v", on, err, s.on)
		}
	}
	if len(c.written) != 3 {
		t.Errorf("%d writes in three Sets: one was skipped", len(c.written))
	}
	if _, err := newOutput(c, 3, 0xF0); err == nil {
		t.Error("an output among the inputs: got no error")
	}
}

// Outputs of one part share what they want: a read that lies about a neighbour switches nothing.
func TestSetGivesTheNeighboursWhatTheyWant(t *testing.T) {
	c, shared := &chip{latch: 0xFF}, &pcf8574.Shared{}
	var outs [2]*pcf8574.Output
	for i := range outs {
		var err error
		outs[i], err = pcf8574.NewOutput(c, 0x20, pcf8574.Config{Pin: uint8(4 + i), Outputs: 0xF0},
			shared)
		if err != nil {
			t.Fatal(err)
		}
		if err := outs[i].Set(i == 0); err != nil {
			t.Fatal(err)
		}
	}
	c.low = 0x20
	if err := outs[0].Set(true); err != nil || c.latch != 0xEF {
		t.Errorf("pin 5 read Low: got %v and %02x, want ef", err, c.latch)
	}
	c.low, c.latch = 0, 0xFF
	if err := outs[1].Set(false); err != nil || c.latch != 0xEF {
		t.Errorf("after a brown-out: got %v and %02x, want ef", err, c.latch)
	}
}

// A level that was lost is told and set again; one that the pin does not take is an error.
func TestSetTellsThatTheLevelWasLost(t *testing.T) {
	c := &chip{latch: 0xFF}
	o, err := newOutput(c, 4, 0xFF)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Set(true); err != nil {
		t.Fatal(err)
	}
	c.latch = 0xFF // a brown-out
	if err := o.Set(true); !errors.Is(err, drivers.ErrNoDevice) || c.latch != 0xEF {
		t.Errorf("got %v and %02x, want an error and ef", err, c.latch)
	}
	if err := o.Set(true); err != nil {
		t.Errorf("told twice: %v", err)
	}
	c.low = 0x10 // shorted to ground
	if err := o.Set(false); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("shorted: got %v", err)
	}
	if on, err := o.State(); !on || err != nil {
		t.Errorf("shorted: State: got %v, %v", on, err)
	}
	c.low, c.cut = 0, true
	if err := o.Set(true); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("cut short: got %v", err)
	}
	if _, err := o.State(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("cut short: State: got %v", err)
	}
}

// FuzzRead: any levels give an error or a state of each contact.
func FuzzRead(f *testing.F) {
	f.Add(uint8(0xFF), uint8(0x10), uint8(0), uint8(0xFF), uint8(1))
	f.Fuzz(func(t *testing.T, latch, low, second, pins, high uint8) {
		d, err := pcf8574.NewInputs(&chip{latch: latch, low: low, second: second}, 0x20,
			pcf8574.Wiring{Pins: pins, High: high})
		if err != nil {
			return
		}
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		got, err := d.Read(nil)
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		if len(got) != len(pcf8574.Channels(pins)) {
			t.Fatalf("got %d samples of %02x", len(got), pins)
		}
		for i, s := range got {
			if int(s.Channel) != i || s.Value < 0 || s.Value > 1 {
				t.Fatalf("got %v", got)
			}
		}
	})
}
