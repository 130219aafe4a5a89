package scd4x_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/scd4x"
)

var errNack = errors.New("nack")

// chip answers commands as the part does: the command in one transfer, the answer in the next.
type chip struct {
	gone      bool
	measuring bool
	ready     []byte // answer to the question whether there is a value
	values    []byte
	started   int
	pointer   uint16
}

func (c *chip) String() string                  { return "test" }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Tx(addr uint16, w, r []byte) error {
	if c.gone || addr != scd4x.Addr || len(w) > 0 && len(r) > 0 {
		return errNack
	}
	if len(w) == 2 {
		c.pointer = binary.BigEndian.Uint16(w)
		if c.pointer == 0x21B1 {
			if c.measuring {
				return errNack
			}
			c.measuring = true
			c.started++
		}
		return nil
	}
	switch c.pointer {
	case 0xE4B8:
		if c.measuring {
			copy(r, c.ready)
		} else {
			copy(r, notYet)
		}
	case 0xEC05:
		copy(r, c.values)
	}
	return nil
}

// Words as the vectors have them.
var (
	yes    = []byte{0x80, 0x06, 0x04}
	notYet = []byte{0x80, 0x00, 0xA2}
)

func example() []byte { return []byte{0x01, 0xF4, 0x33, 0x66, 0x67, 0xA2, 0x5E, 0xB9, 0x3C} }

func words(values ...uint16) []byte {
	var b []byte
	for _, v := range values {
		w := binary.BigEndian.AppendUint16(nil, v)
		b = append(b, w[0], w[1], drivers.CRC8(w))
	}
	return b
}

// measure is one measurement as a poller makes it.
func measure(d *scd4x.Dev) (got []drivers.Sample, err error) {
	if _, err := d.Start(); err != nil {
		return nil, err
	}
	for range 12 {
		if got, err = d.Read(nil); !errors.Is(err, drivers.ErrNotReady) {
			break
		}
	}
	return got, err
}

// The vectors and the ends of the range become ppb, m°C and m%RH.
func TestWordsBecomeValues(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []byte
		want   [3]int64
	}{
		{"the datasheet's example", example(), [3]int64{500_000, 25_003, 37_002}},
		{"another vector", []byte{0x02, 0x2C, 0xA3, 0x67, 0x0D, 0x36, 0x4D, 0x08, 0xF1},
			[3]int64{556_000, 25_446, 30_091}},
		{"least", words(1, 1873, 0), [3]int64{1_000, -39_998, 0}},
		{"largest", words(40_000, 63_662, 0xFFFF), [3]int64{40_000_000, 124_998, 100_000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := scd4x.New(&chip{ready: yes, values: c.values}, scd4x.Addr)
			got, err := measure(d)
			if err != nil || len(got) != 3 {
				t.Fatalf("got %v, %v, want three samples", got, err)
			}
			for i, s := range got {
				channel := scd4x.Describe().Channels[i]
				if s.Channel != uint8(i) || s.Quantity != channel.Quantity || s.Value != c.want[i] {
					t.Errorf("got %v, want %d", s, c.want[i])
				}
			}
		})
	}
}

// Each failure has its class and gives no sample; what a stuck bus gives passes the checksum and
// not the range.
func TestFailuresHaveTheirClass(t *testing.T) {
	spoiled := example()
	spoiled[3] ^= 1
	for _, c := range []struct {
		name   string
		ready  []byte
		values []byte
		class  error
	}{
		{"nothing new yet", notYet, example(), drivers.ErrNotReady},
		{"a bit of the values flipped", yes, spoiled, drivers.ErrChecksum},
		{"a bit of the question flipped", []byte{0x80, 0x07, 0x04}, example(), drivers.ErrChecksum},
		{"no carbon dioxide", yes, words(0, 26_000, 26_000), drivers.ErrRange},
		{"too much", yes, words(40_001, 26_000, 26_000), drivers.ErrRange},
		{"zeros with their checksum", yes, words(0, 0, 0), drivers.ErrRange},
		{"ones with their checksum", yes, words(0xFFFF, 0xFFFF, 0xFFFF), drivers.ErrRange},
		{"too cold", yes, words(500, 1000, 26_000), drivers.ErrRange},
		{"too hot", yes, words(500, 64_000, 26_000), drivers.ErrRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := scd4x.New(&chip{ready: c.ready, values: c.values}, scd4x.Addr)
			if got, err := measure(d); !errors.Is(err, c.class) || len(got) != 0 {
				t.Errorf("got %v, %v, want %v", got, err, c.class)
			}
		})
	}
	d := scd4x.New(&chip{gone: true}, scd4x.Addr)
	if _, err := d.Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("missing: got %v, want ErrNoDevice", err)
	}
}

// The measurement is started once and waited for. A part that measures already may refuse the
// start; that is no failure.
func TestStartStartsOnce(t *testing.T) {
	c := &chip{ready: yes, values: example()}
	d := scd4x.New(c, scd4x.Addr)
	if wait, err := d.Start(); wait != 5*time.Second || err != nil {
		t.Fatalf("first Start: got %v, %v, want 5s", wait, err)
	}
	if wait, err := d.Start(); wait > 10*time.Millisecond || err != nil || c.started != 1 {
		t.Errorf("second Start: got %v, %v after %d starts", wait, err, c.started)
	}
	running := &chip{measuring: true, ready: yes, values: example()}
	if got, err := measure(scd4x.New(running, scd4x.Addr)); err != nil || running.started != 0 {
		t.Errorf("it measures already: got %v, %v after %d starts", got, err, running.started)
	}
}

// A part that lost its supply measures no more and says "not ready" for ever. It is given up, told
// of, and started again.
func TestPartThatStoppedIsStartedAgain(t *testing.T) {
	c := &chip{ready: yes, values: example()}
	d := scd4x.New(c, scd4x.Addr)
	if _, err := measure(d); err != nil {
		t.Fatal(err)
	}
	c.measuring = false
	var err error
	for n := 0; !errors.Is(err, drivers.ErrNoDevice); n++ {
		if n > 4 {
			t.Fatalf("after %d measurements: got %v, want ErrNoDevice", n, err)
		}
		if _, err = measure(d); err == nil {
			t.Fatal("got a value of a part that does not measure")
		}
	}
	if got, err := measure(d); err != nil || c.started != 2 {
		t.Errorf("got %v, %v after %d starts, want a value after 2", got, err, c.started)
	}
}

// FuzzRead: any bytes give an error and no sample, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(example(), uint16(6), true)
	f.Add(words(0, 0, 0), uint16(0x8000), false)
	f.Fuzz(func(t *testing.T, values []byte, ready uint16, repair bool) {
		for i := 0; repair && i+3 <= len(values); i += 3 { // let the fuzzer past the checksums
			values[i+2] = drivers.CRC8(values[i : i+2])
		}
		got, err := measure(scd4x.New(&chip{ready: words(ready), values: values}, scd4x.Addr))
		if err != nil && len(got) != 0 {
			t.Fatalf("error %v with samples %v", err, got)
		}
		for _, s := range got {
			if c := scd4x.Describe().Channels[s.Channel]; s.Value < c.Min || s.Value > c.Max {
				t.Fatalf("sample %v outside %v", s, c)
			}
		}
	})
}
