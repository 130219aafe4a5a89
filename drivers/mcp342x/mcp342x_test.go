package mcp342x_test

import (
	"errors"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/mcp342x"
)

// chip answers with its bytes, and with the configuration that was written when it has none.
type chip struct {
	value   []byte
	config  []byte // instead of what was written
	cut     bool   // the controller reports success for reads that it did not finish
	err     error
	written []byte
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(_ uint16, w, r []byte) error {
	if c.err != nil {
		return c.err
	}
	if len(w) > 0 {
		c.written = append(c.written, w...)
	}
	if len(r) > 0 && !c.cut {
		copy(r, c.value)
		r[len(r)-1] = c.written[len(c.written)-1] &^ 0x80
		copy(r[len(r)-1:], c.config)
	}
	return nil
}

// A code becomes the voltage that bits and range say, and its two ends are no voltage.
func TestCodesBecomeMicrovolts(t *testing.T) {
	for _, c := range []struct {
		name  string
		bits  mcp342x.Bits
		full  mcp342x.Range
		code  []byte
		want  int64
		class error
	}{
		{"16 bits, half", mcp342x.Bits16, 0, []byte{0x40, 0x00}, 1_024_000, nil},
		{"16 bits, one step", mcp342x.Bits16, 0, []byte{0x00, 0x01}, 63, nil},
		{"16 bits, minus one step", mcp342x.Bits16, 0, []byte{0xFF, 0xFF}, -63, nil},
		{"16 bits, full", mcp342x.Bits16, 0, []byte{0x7F, 0xFF}, 0, drivers.ErrRange},
		{"16 bits, minus full", mcp342x.Bits16, 0, []byte{0x80, 0x00}, 0, drivers.ErrRange},
		{"18 bits, last", mcp342x.Bits18, 0, []byte{0x01, 0xFF, 0xFE}, 2_047_969, nil},
		{"18 bits, full", mcp342x.Bits18, 0, []byte{0x01, 0xFF, 0xFF}, 0, drivers.ErrRange},
		{"18 bits, minus full", mcp342x.Bits18, 0, []byte{0xFE, 0x00, 0x00}, 0, drivers.ErrRange},
		{"18 bits, unused bits", mcp342x.Bits18, 0, []byte{0x02, 0x00, 0x00}, 0,
			drivers.ErrNoDevice},
		{"14 bits, quarter of 0.256 V", mcp342x.Bits14, mcp342x.Range256mV, []byte{0x08, 0x00},
			64_000, nil},
		{"14 bits, full", mcp342x.Bits14, 0, []byte{0x1F, 0xFF}, 0, drivers.ErrRange},
		{"14 bits, unused bits", mcp342x.Bits14, 0, []byte{0x20, 0x00}, 0, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := mcp342x.New(&chip{value: c.code}, 0x68, c.bits, c.full)
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
		bits    mcp342x.Bits
		full    mcp342x.Range
		want    byte
		wait    time.Duration
	}{
		{0, mcp342x.Bits16, mcp342x.Range2048mV, 0x88, 91 * time.Millisecond},
		{3, mcp342x.Bits18, mcp342x.Range512mV, 0xEE, 364 * time.Millisecond},
		{1, mcp342x.Bits14, mcp342x.Range256mV, 0xA7, 23 * time.Millisecond},
	} {
		bus := &chip{}
		wait, err := mcp342x.New(bus, 0x68, c.bits, c.full).Start(c.channel)
		if err != nil || wait != c.wait || len(bus.written) != 1 || bus.written[0] != c.want {
			t.Errorf("input %d: got %v, %v, % x, want %v, %02x", c.channel, wait, err, bus.written,
				c.wait, c.want)
		}
	}
	if _, err := mcp342x.New(&chip{}, 0x68, 0, 0).Start(4); err == nil {
		t.Error("input 4: got no error")
	}
}

// What is not the conversion that Start asked for is never a voltage.
func TestReadRefusesWhatIsNotItsOwnConversion(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*chip)
		class error
	}{
		"still converting": {func(c *chip) { c.config = []byte{0xC8} }, drivers.ErrNotReady},
		"was reset":        {func(c *chip) { c.config = []byte{0x90} }, drivers.ErrNoDevice},
		"another input":    {func(c *chip) { c.config = []byte{0x28} }, drivers.ErrNoDevice},
		"no answer":        {func(c *chip) { c.err = errors.New("nack") }, drivers.ErrNoDevice},
		"read cut short":   {func(c *chip) { c.cut = true }, drivers.ErrNoDevice},
	} {
		bus := &chip{value: []byte{0x10, 0x00}, written: []byte{0xC8}}
		input := mcp342x.New(bus, 0x68, 0, 0).Input(2)
		if got, err := input.Read(nil); err == nil {
			t.Errorf("before the first Start: got %v", got)
		}
		if _, err := input.Start(); err != nil {
			t.Fatal(err)
		}
		c.spoil(bus)
		if got, err := input.Read(nil); !errors.Is(err, c.class) || len(got) != 0 {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.class)
		}
	}
	d := mcp342x.New(&chip{err: errors.New("nack")}, 0x68, 0, 0)
	if _, err := d.Start(0); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("Start: got %v, want ErrNoDevice", err)
	}
}

// FuzzRead: any bytes give an error or a voltage within the range.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0x40, 0x00, 0x00}, byte(0x08), uint8(0), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, value []byte, config byte, channel, bits, full uint8) {
		bus := &chip{value: value}
		input := mcp342x.New(bus, 0x68, mcp342x.Bits(bits), mcp342x.Range(full)).Input(channel)
		if _, err := input.Start(); err != nil {
			return
		}
		if config != 0 { // zero: the part keeps what Start wrote
			bus.config = []byte{config}
		}
		got, err := input.Read(nil)
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		limit := mcp342x.Range(full).Microvolts()
		if len(got) != 1 || got[0].Value < -limit || got[0].Value > limit {
			t.Fatalf("got %v outside ±%d µV", got, limit)
		}
	})
}
