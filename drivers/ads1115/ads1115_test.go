package ads1115_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ads1115"
)

// chip has the four registers. It answers as the bus tells it to.
type chip struct {
	registers  [4]uint16
	converting bool
	cut        bool // the controller reports success for transfers that it did not finish
	cutLast    bool // likewise, but only for the conversion
	err        error
	written    []byte
	asked      []byte      // the registers that were read
	before     func(n int) // what happens to the part before the n-th read, from 1
}

func newChip(code uint16) *chip {
	return &chip{registers: [4]uint16{code, 0x8583, 0x8000, 0x7FFF}}
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(_ uint16, w, r []byte) error {
	if c.err != nil || c.cut {
		return c.err
	}
	if len(w) == 3 {
		c.written = append(c.written, w...)
		c.registers[w[0]] = uint16(w[1])<<8 | uint16(w[2])
	}
	if len(r) == 2 {
		c.asked = append(c.asked, w[0])
		if c.before != nil {
			c.before(len(c.asked))
		}
	}
	if len(r) == 2 && !(c.cutLast && w[0] == 0) {
		value := c.registers[w[0]]
		if w[0] == 1 && c.converting {
			value &^= 0x8000
		}
		r[0], r[1] = byte(value>>8), byte(value)
	}
	return nil
}

// A code becomes the voltage that the full scale says, and its two ends are no voltage.
func TestCodesBecomeMicrovolts(t *testing.T) {
	for _, c := range []struct {
		name  string
		full  ads1115.Range
		code  uint16
		want  int64
		class error
	}{
		{"one step", ads1115.Range4096mV, 0x0001, 125, nil},
		{"half of 2.048 V", ads1115.Range2048mV, 0x4000, 1_024_000, nil},
		{"-33 mV", ads1115.Range6144mV, 0xFF50, -33_000, nil},
		{"zero", ads1115.Range4096mV, 0x0000, 0, nil},
		{"last step below full", ads1115.Range4096mV, 0x7FFE, 4_095_750, nil},
		{"last step above minus full", ads1115.Range4096mV, 0x8001, -4_095_875, nil},
		{"rounded up", ads1115.Range6144mV, 0x0001, 188, nil},
		{"rounded down", ads1115.Range6144mV, 0xFFFF, -188, nil},
		{"narrowest", ads1115.Range256mV, 0x4000, 128_000, nil},
		{"full scale", ads1115.Range4096mV, 0x7FFF, 0, drivers.ErrRange},
		{"minus full scale", ads1115.Range4096mV, 0x8000, 0, drivers.ErrRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := ads1115.New(newChip(c.code), 0x48, c.full)
			if _, err := d.Start(0); err != nil {
				t.Fatal(err)
			}
			got, err := d.Read()
			if got != c.want || !errors.Is(err, c.class) {
				t.Errorf("got %d, %v, want %d, %v", got, err, c.want, c.class)
			}
		})
	}
}

// Start writes the configuration of the wanted input and says how long the conversion takes.
func TestStartWritesTheConfiguration(t *testing.T) {
	for _, c := range []struct {
		channel uint8
		full    ads1115.Range
		want    []byte
	}{
		{0, ads1115.Range4096mV, []byte{0x01, 0xC3, 0x83}},
		{3, ads1115.Range6144mV, []byte{0x01, 0xF1, 0x83}},
	} {
		bus := newChip(0)
		wait, err := ads1115.New(bus, 0x48, c.full).Start(c.channel)
		if err != nil || wait != 8600*time.Microsecond || !bytes.Equal(bus.written, c.want) {
			t.Errorf("input %d: got %v, %v, % x, want 8.6ms, % x", c.channel, wait, err,
				bus.written, c.want)
		}
	}
	if _, err := ads1115.New(newChip(0), 0x48, 0).Start(4); err == nil {
		t.Error("input 4: got no error")
	}
}

// What is not the conversion that Start asked for is never a voltage.
func TestReadRefusesWhatIsNotItsOwnConversion(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*chip)
		class error
	}{
		{"still converting", func(c *chip) { c.converting = true }, drivers.ErrNotReady},
		{"was reset", func(c *chip) { c.registers[1] = 0x8583 }, drivers.ErrNoDevice},
		{"another input", func(c *chip) { c.registers[1] = 0xD383 }, drivers.ErrNoDevice},
		{"reset while converting", func(c *chip) { c.registers[1], c.converting = 0x8583, true },
			drivers.ErrNoDevice},
		{"no answer", func(c *chip) { c.err = errors.New("nack") }, drivers.ErrNoDevice},
		{"transfer cut short without an error", func(c *chip) { c.cut = true },
			drivers.ErrNoDevice},
		{"conversion cut short without an error", func(c *chip) { c.cutLast = true },
			drivers.ErrRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			bus := newChip(0x1000)
			input := ads1115.New(bus, 0x48, ads1115.Range4096mV).Input(2)
			if _, err := input.Start(); err != nil {
				t.Fatal(err)
			}
			c.spoil(bus)
			got, err := input.Read(nil)
			if !errors.Is(err, c.class) || len(got) != 0 {
				t.Errorf("got %v, %v, want %v", got, err, c.class)
			}
		})
	}
}

// Whatever happens to the part between two transfers of a reading, what is read is the voltage of
// the wanted conversion or no voltage.
func TestNothingBetweenTheTransfersOfAReadingBecomesAVoltage(t *testing.T) {
	const old, wanted = 0x0100, 0x1000
	for n := 1; n <= 4; n++ {
		bus := newChip(wanted)
		d := ads1115.New(bus, 0x48, ads1115.Range4096mV)
		start := func() {
			t.Helper()
			bus.asked = nil
			if _, err := d.Start(0); err != nil {
				t.Fatal(err)
			}
		}
		start()
		bus.before = func(read int) {
			if read == n {
				bus.registers[0], bus.registers[1] = 0, 0x8583 // a reset
			}
		}
		got, err := d.Read()
		switch whole := n > len(bus.asked); {
		case whole && (got != 512_000 || err != nil):
			t.Errorf("reset after the reading: got %d, %v, want 512000", got, err)
		case !whole && !errors.Is(err, drivers.ErrNoDevice):
			t.Errorf("reset before transfer %d: got %d, %v, want ErrNoDevice", n, got, err)
		}
		bus.registers[0], bus.converting = old, true
		bus.before = func(read int) {
			if read == n {
				bus.registers[0], bus.converting = wanted, false // the conversion ends
			}
		}
		start()
		if got, err := d.Read(); err == nil && got != 512_000 {
			t.Errorf("conversion that ends before transfer %d: got %d, want 512000 or an error",
				n, got)
		}
	}
}

// A Read without a Start that succeeded is an error, whatever the part holds.
func TestReadNeedsAStart(t *testing.T) {
	bus := newChip(0x1000)
	d := ads1115.New(bus, 0x48, ads1115.Range4096mV)
	if got, err := d.Read(); err == nil {
		t.Errorf("before the first Start: got %d", got)
	}
	if _, err := d.Start(0); err != nil {
		t.Fatal(err)
	}
	bus.err = errors.New("nack")
	if _, err := d.Start(1); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("Start: got %v, want ErrNoDevice", err)
	}
	bus.err = nil
	if got, err := d.Read(); err == nil {
		t.Errorf("after a failed Start: got %d, which is of the input before", got)
	}
}

// Probe knows the thresholds of an untouched part and takes nothing else for one.
func TestProbeKnowsTheThresholds(t *testing.T) {
	bus := newChip(0)
	d := ads1115.New(bus, 0x48, 0)
	if err := d.Probe(); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	bus.registers[2] = 0xFFFF
	if err := d.Probe(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("another part: got %v, want ErrNoDevice", err)
	}
	if err := ads1115.New(&chip{cut: true}, 0x48, 0).Probe(); err == nil {
		t.Error("a part that is not there: got no error")
	}
}

// FuzzRead: any registers give an error or a voltage within the range.
func FuzzRead(f *testing.F) {
	f.Add(uint16(0x1000), uint16(0xC383), uint8(0), uint8(1))
	f.Add(uint16(0x7FFF), uint16(0x8583), uint8(3), uint8(9))
	f.Fuzz(func(t *testing.T, code, config uint16, channel, full uint8) {
		bus := newChip(code)
		input := ads1115.New(bus, 0x48, ads1115.Range(full)).Input(channel)
		if _, err := input.Start(); err != nil {
			return
		}
		if config != 0 { // zero: the part keeps what Start wrote
			bus.registers[1] = config
		}
		got, err := input.Read(nil)
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		limit := ads1115.Range6144mV.Microvolts()
		if len(got) != 1 || got[0].Value <= -limit || got[0].Value >= limit {
			t.Fatalf("got %v outside ±%d µV", got, limit)
		}
	})
}
