package sps30_test

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/sps30"
)

var errNack = errors.New("nack")

// chip answers commands as the part does: the command in one transfer, the answer in the next.
type chip struct {
	gone      bool
	measuring bool
	ready     bool
	values    []byte // 60 bytes
	status    uint32
	old       bool // firmware without a status register
	spoil     bool // the CRC of the status is wrong
	stands    bool // the fan, so that its bit comes back
	checks    int  // in a row that found it so
	started   int
	pointer   uint16
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(addr uint16, w, r []byte) error {
	if c.gone || addr != sps30.Addr || len(w) > 0 && len(r) > 0 {
		return errNack // the part knows no repeated start
	}
	if len(w) >= 2 {
		c.pointer = binary.BigEndian.Uint16(w)
		switch c.pointer {
		case 0x0010:
			if c.measuring || len(w) != 5 || w[4] != 0xAC {
				return errNack
			}
			c.measuring = true
			c.started++
		case 0xD206:
			if c.old {
				return errNack
			}
		case 0xD210:
			c.status, c.checks = 0, 0
		}
		return nil
	}
	switch c.pointer {
	case 0x0202:
		word := []byte{0, 0}
		if c.ready && c.measuring {
			word[1] = 1
		}
		copy(r, append(word, drivers.CRC8(word)))
	case 0x0300:
		copy(r, c.values)
		if c.checks++; c.stands && c.checks >= 2 { // once in each of its seconds
			c.status |= 1 << 4
		}
	case 0xD206:
		copy(r, words(c.status))
		if c.spoil {
			r[5] ^= 1
		}
	}
	return nil
}

// words writes 32-bit patterns as the part does, each half with its CRC.
func words(patterns ...uint32) []byte {
	var b []byte
	for _, p := range patterns {
		w := binary.BigEndian.AppendUint32(nil, p)
		b = append(b, w[0], w[1], drivers.CRC8(w[:2]), w[2], w[3], drivers.CRC8(w[2:]))
	}
	return b
}

func floats(values ...float32) []byte {
	patterns := make([]uint32, len(values))
	for i, v := range values {
		patterns[i] = math.Float32bits(v)
	}
	return words(patterns...)
}

func clean() []byte { return floats(1, 2.5, 3, 4, 10, 11, 12, 13, 14, 0.5) }

// Ten floats become ten integers in the order of the descriptor's channels.
func TestReadGivesTenValues(t *testing.T) {
	c := &chip{ready: true, values: clean()}
	copy(c.values[6:], []byte{0x40, 0x20, 0x8E, 0x00, 0x00, 0x81}) // 2.5, as in the vectors
	d := sps30.New(c, sps30.Addr)
	if wait, err := d.Start(); wait != 20*time.Millisecond || err != nil {
		t.Fatalf("Start: got %v, %v, want 20ms", wait, err)
	}
	got, err := d.Read(nil)
	if err != nil || len(got) != 10 {
		t.Fatalf("got %v, %v, want ten samples", got, err)
	}
	want := []int64{1000, 2500, 3000, 4000, 10_000, 11_000, 12_000, 13_000, 14_000, 500}
	channels := sps30.Describe().Channels
	for i, s := range got {
		if s.Channel != uint8(i) || s.Quantity != channels[i].Quantity || s.Value != want[i] {
			t.Errorf("channel %d: got %v, want %v of %d", i, s, channels[i].Quantity, want[i])
		}
	}
	if wait, err := d.Start(); wait != 0 || err != nil || c.started != 1 {
		t.Errorf("second Start: got %v, %v after %d starts, want 0 after 1", wait, err, c.started)
	}
}

// Every float is a value to the nearest thousandth, or an error: no NaN, infinity, negative or
// huge number ever becomes an integer.
func TestFloatsBecomeIntegersOrErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		float float32
		want  int64
		ok    bool
	}{
		{"zero", 0, 0, true},
		{"minus zero", float32(math.Copysign(0, -1)), 0, true},
		{"smallest", math.SmallestNonzeroFloat32, 0, true},
		{"below half a thousandth", 0.000499, 0, true},
		{"above half a thousandth", 0.000501, 1, true},
		{"1/3", 1.0 / 3, 333, true},
		{"1000", 1000, 1_000_000, true},
		{"a fire", 4321.5, 4_321_500, true},
		{"largest accepted", 65_535.996, 65_535_996, true},
		{"65536", 65_536, 0, false},
		{"huge", math.MaxFloat32, 0, false},
		{"a little negative", -0.001, 0, false},
		{"negative", -1, 0, false},
		{"negative, no full precision", -math.SmallestNonzeroFloat32, 0, false},
		{"infinity", float32(math.Inf(1)), 0, false},
		{"minus infinity", float32(math.Inf(-1)), 0, false},
		{"not a number", float32(math.NaN()), 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			part := &chip{ready: true, values: clean()}
			copy(part.values[54:], floats(c.float)) // the last: nothing before it may be appended
			d := sps30.New(part, sps30.Addr)
			if _, err := d.Start(); err != nil {
				t.Fatal(err)
			}
			got, err := d.Read(nil)
			if !c.ok {
				if !errors.Is(err, drivers.ErrRange) || len(got) != 0 {
					t.Errorf("got %v, %v, want ErrRange", got, err)
				}
				return
			}
			if err != nil || len(got) != 10 || got[9].Value != c.want {
				t.Errorf("got %v, %v, want %d", got, err, c.want)
			}
		})
	}
}

// Each way in which the part fails has its class and gives no sample.
func TestFailuresHaveTheirClass(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*chip)
		class error
	}{
		{"nothing new yet", func(c *chip) { c.ready = false }, drivers.ErrNotReady},
		{"no answer", func(c *chip) { c.gone = true }, drivers.ErrNoDevice},
		{"bit flipped", func(c *chip) { c.values[40] ^= 4 }, drivers.ErrChecksum},
		{"all zeros", func(c *chip) { c.values = make([]byte, 60) }, drivers.ErrChecksum},
		{"fan stands still", func(c *chip) { c.status = 1 << 4 }, drivers.ErrRange},
		{"laser fails", func(c *chip) { c.status = 1 << 5 }, drivers.ErrRange},
		{"status with a wrong checksum", func(c *chip) { c.spoil = true }, drivers.ErrChecksum},
		{"fan speed off only", func(c *chip) { c.status = 1 << 21 }, nil},
		{"firmware without status", func(c *chip) { c.old = true }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			part := &chip{ready: true, values: clean()}
			d := sps30.New(part, sps30.Addr)
			if _, err := d.Start(); err != nil {
				t.Fatal(err)
			}
			c.spoil(part)
			before := []drivers.Sample{{Value: 7}}
			got, err := d.Read(before)
			if !errors.Is(err, c.class) || err != nil && len(got) != 1 {
				t.Errorf("got %v, %v, want %v", got, err, c.class)
			}
		})
	}
}

// A part that lost its supply for a moment measures no more and says "not ready" for ever. It is
// given up after 30 such answers, and the next Start starts it again. The values of the first 8 s
// are left out: the fan is not up to speed, so they are too low, and would look good.
func TestPartThatStoppedIsStartedAgain(t *testing.T) {
	c := &chip{ready: true, values: clean()}
	d := sps30.New(c, sps30.Addr)
	if _, err := d.Start(); err != nil {
		t.Fatal(err)
	}
	c.measuring = false
	for range 29 {
		if _, err := d.Read(nil); !errors.Is(err, drivers.ErrNotReady) {
			t.Fatalf("got %v, want ErrNotReady", err)
		}
	}
	if _, err := d.Read(nil); !errors.Is(err, drivers.ErrNoDevice) {
		t.Fatalf("after 30: got %v, want ErrNoDevice", err)
	}
	if _, err := d.Start(); err != nil || c.started != 2 {
		t.Fatalf("Start: got %v after %d starts, want 2", err, c.started)
	}
	for i := range 8 {
		if got, err := d.Read(nil); !errors.Is(err, drivers.ErrNotReady) || len(got) != 0 {
			t.Fatalf("value %d after the start: got %v, %v, want ErrNotReady", i, got, err)
		}
	}
	if got, err := d.Read(nil); err != nil || len(got) != 10 {
		t.Errorf("got %v, %v, want ten samples", got, err)
	}
}

// The part keeps the bits of its status. The driver clears what it has reported, so that a fan that
// stood once is forgotten; one that stands on is told of at every value, also while the part has
// not yet found it again.
func TestFaultThatIsOverIsForgottenAndOneThatStaysIsNot(t *testing.T) {
	for _, bit := range []uint32{1 << 4, 1 << 5} {
		c := &chip{ready: true, values: clean(), status: bit}
		d := sps30.New(c, sps30.Addr)
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			if got, err := d.Read(nil); !errors.Is(err, drivers.ErrRange) || len(got) != 0 {
				t.Fatalf("bit %08x, value %d: got %v, %v, want ErrRange", bit, i, got, err)
			}
		}
		if got, err := d.Read(nil); err != nil || len(got) != 10 {
			t.Errorf("bit %08x, over: got %v, %v, want ten samples", bit, got, err)
		}
	}
	c := &chip{ready: true, values: clean(), stands: true, checks: 2}
	d := sps30.New(c, sps30.Addr)
	if _, err := d.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if got, err := d.Read(nil); !errors.Is(err, drivers.ErrRange) || len(got) != 0 {
			t.Fatalf("the fan stands, value %d: got %v, %v, want ErrRange", i, got, err)
		}
	}
}

// A checksum that does not fit costs one value and no more: the part is not started again for it.
func TestOneBadChecksumCostsOneValue(t *testing.T) {
	c := &chip{ready: true, values: clean()}
	d := sps30.New(c, sps30.Addr)
	if _, err := d.Start(); err != nil {
		t.Fatal(err)
	}
	c.values[0] ^= 1
	if _, err := d.Read(nil); !errors.Is(err, drivers.ErrChecksum) {
		t.Fatalf("got %v, want ErrChecksum", err)
	}
	c.values[0] ^= 1
	if wait, err := d.Start(); wait != 0 || err != nil {
		t.Errorf("Start: got %v, %v, want 0, nil", wait, err)
	}
	if got, err := d.Read(nil); err != nil || len(got) != 10 {
		t.Errorf("got %v, %v, want ten samples", got, err)
	}
}

// A part that measures already refuses the start; that is no failure. A missing one is.
func TestStartAcceptsAPartThatMeasuresAlready(t *testing.T) {
	c := &chip{measuring: true, ready: true, values: clean()}
	d := sps30.New(c, sps30.Addr)
	if _, err := d.Start(); err != nil || c.started != 0 {
		t.Fatalf("got %v after %d starts, want nil after none", err, c.started)
	}
	if got, err := d.Read(nil); err != nil || len(got) != 10 {
		t.Errorf("got %v, %v, want ten samples", got, err)
	}
	if _, err := sps30.New(&chip{gone: true}, sps30.Addr).Start(); !errors.Is(err,
		drivers.ErrNoDevice) {
		t.Errorf("missing part: got %v, want ErrNoDevice", err)
	}
}

// FuzzRead: any bytes give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(clean(), uint32(0), true)
	f.Add(floats(-1), uint32(1<<4), false)
	f.Fuzz(func(t *testing.T, values []byte, status uint32, repair bool) {
		for i := 0; repair && i+3 <= len(values); i += 3 { // let the fuzzer past the checksums
			values[i+2] = drivers.CRC8(values[i : i+2])
		}
		d := sps30.New(&chip{ready: true, values: values, status: status}, sps30.Addr)
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		got, err := d.Read(nil)
		if err != nil && len(got) != 0 {
			t.Fatalf("error %v with samples %v", err, got)
		}
		for _, s := range got {
			if c := sps30.Describe().Channels[s.Channel]; s.Value < c.Min || s.Value > c.Max {
				t.Fatalf("sample %v outside %v", s, c)
			}
		}
	})
}
