package catalog_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// noiseOptions are those that a model asks for, and that make it use all that it has.
var noiseOptions = map[string]map[string]string{
	"contact": {"line": "GPIO17"}, "mains": {"line": "GPIO22"}, "pulses": {"line": "GPIO27"},
	"dfgas":       {"gas": "co"},
	"mq":          {"part": "mq-2", "gas": "lpg", "clean_air": "0.6 V", "heater": "0x40"},
	"loop-4-20ma": {"quantity": "combustible", "at4": "0 %LEL", "at20": "100 %LEL"},
	"ratiometric": {"quantity": "pressure", "low": "0 MPa", "high": "1.2 MPa", "supply": "3"},
	"eol-loop":    {"supply": "3"},
	"leak-rope":   {"drive_a": "GPIO20", "drive_b": "GPIO21"},
}

// noise is a board on which everything answers anything. It counts the bytes that it made up.
type noise struct {
	rng       *rand.Rand
	bytes     int
	now       time.Duration
	registers [256]byte // what was written behind a pointer, for parts that are read back
	pointer   int
	style     int // of the answers within one reading
}

func (n *noise) Now() time.Duration { return n.now }

func (n *noise) I2C(string) (i2c.Bus, error) { return n, nil }

func (n *noise) Line(string, drivers.LineConfig) (drivers.Line, error) { return noisyLine{n}, nil }

func (n *noise) String() string                  { return "noise" }
func (n *noise) SetSpeed(physic.Frequency) error { return nil }

// Tx answers with random bytes; half of the time they look as a part's do: words with Sensirion's
// checksum, what was written to the registers, one byte all over.
func (n *noise) Tx(_ uint16, w, r []byte) error {
	if n.rng.IntN(64) == 0 {
		return errors.New("nack")
	}
	for i, b := range w {
		if i == 0 {
			n.pointer = int(b)
		} else {
			n.registers[(n.pointer+i-1)%len(n.registers)] = b
		}
	}
	n.bytes += len(r)
	for i := range r {
		r[i] = byte(n.rng.Uint32())
	}
	switch n.style {
	case 0:
		for i := 2; i < len(r); i += 3 {
			r[i] = drivers.CRC8(r[i-2 : i])
		}
	case 1:
		for i := range r {
			if n.rng.IntN(32) != 0 {
				r[i] = n.registers[(n.pointer+i)%len(n.registers)]
			}
		}
	case 2:
		for i := range r {
			r[i] = r[0] & -(r[0] & 1) // one byte, or zeros
		}
	}
	return nil
}

// noisyLine has any level and any number of edges, each made of bytes that are counted.
type noisyLine struct{ n *noise }

func (l noisyLine) chance() (uint32, error) {
	l.n.bytes += 4
	if l.n.rng.IntN(64) == 0 {
		return 0, errors.New("io")
	}
	return l.n.rng.Uint32() >> l.n.rng.IntN(33), nil
}

func (l noisyLine) Level() (bool, error) { v, err := l.chance(); return v&1 != 0, err }
func (l noisyLine) State() (bool, error) { return l.Level() }

func (l noisyLine) Set(bool) error                     { _, err := l.chance(); return err }
func (l noisyLine) Wait(time.Duration) (uint32, error) { return l.chance() }
func (l noisyLine) Close() error                       { return nil }

// Whatever bytes and levels a driver is given, it ends with an error of a known class and no
// sample, or with values within the ranges of its channels. FIREPOST_LARGE=1: 100 million bytes.
func TestAnyBytesAreAnErrorOrInRange(t *testing.T) {
	models := slices.Sorted(maps.Keys(catalog.Sensors()))
	each := 40_000
	if os.Getenv("FIREPOST_LARGE") != "" {
		each = 100_000_000/len(models) + 1
	}
	total := 0
	for i, model := range models {
		n := &noise{rng: rand.New(rand.NewPCG(1, uint64(i)))}
		sensor, err := catalog.Sensors()[model].Open(n, noiseOptions[model])
		if err != nil {
			t.Fatal(err)
		}
		channels := channelsOf(model)
		reads, good := 0, 0
		for ; n.bytes < each; reads++ {
			n.now += time.Duration(n.rng.IntN(3000)) * time.Millisecond
			samples, err := attempt(n, sensor)
			if err == nil {
				good++
			}
			if text := flaw(channels, samples, err); text != "" {
				t.Fatalf("%s, after %d bytes: %s", model, n.bytes, text)
			}
		}
		t.Logf("%-12s %9d bytes, %8d reads, %8d with values", model, n.bytes, reads, good)
		total += n.bytes
	}
	t.Logf("%-12s %9d bytes through %d drivers", "all", total, len(models))
}

// channelsOf are the channels of a model with its noiseOptions.
func channelsOf(model string) []drivers.Channel {
	m := catalog.Sensors()[model]
	if m.Channels == nil {
		return m.Descriptor.Channels
	}
	channels, _ := m.Channels(noiseOptions[model])
	return channels
}

// attempt is one reading. Now and then it is probed first, or read without a start.
func attempt(n *noise, sensor drivers.Sensor) ([]drivers.Sample, error) {
	n.style = n.rng.IntN(6)
	if n.rng.IntN(16) == 0 {
		if p, ok := sensor.(drivers.Prober); ok {
			if err := p.Probe(); err != nil {
				return nil, err
			}
		}
	}
	if n.rng.IntN(16) != 0 {
		if _, err := sensor.Start(); err != nil {
			return nil, err
		}
	}
	samples, err := sensor.Read(nil)
	for tries := 0; errors.Is(err, drivers.ErrNotReady) && tries < 4; tries++ {
		samples, err = sensor.Read(nil)
	}
	return samples, err
}

// flaw says what is wrong with the end of a reading; "" when nothing is.
func flaw(channels []drivers.Channel, samples []drivers.Sample, err error) string {
	if err != nil {
		for _, class := range []error{drivers.ErrNoDevice, drivers.ErrChecksum, drivers.ErrRange,
			drivers.ErrNotReady} {
			if errors.Is(err, class) && len(samples) == 0 {
				return ""
			}
		}
		return "no class, or samples: " + err.Error()
	}
	for _, s := range samples {
		if int(s.Channel) >= len(channels) {
			return "a channel that it has not"
		}
		c := channels[s.Channel]
		if s.Quantity != c.Quantity || s.Value < c.Min || s.Value > c.Max {
			return c.Name + " is " + s.Quantity.Text(s.Value)
		}
	}
	if len(samples) == 0 {
		return "neither an error nor a value"
	}
	return ""
}

// Every driver has a fuzz target of its own, which knows its checksums and registers. A contact has
// none: what it reads are two levels and an error, and its table has them all.
func TestEveryDriverIsFuzzed(t *testing.T) {
	without := []string{"board", "catalog", "contact", "pca9548", "relay"}
	all, err := os.ReadDir("..")
	if err != nil || len(all) < 20 {
		t.Fatalf("got %v, %v", all, err)
	}
	for _, entry := range all {
		if !entry.IsDir() {
			continue
		}
		folder := filepath.Join("..", entry.Name())
		tests, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		fuzzed := slices.ContainsFunc(tests, func(file string) bool {
			text, err := os.ReadFile(file)
			return err == nil && strings.Contains(string(text), "\nfunc FuzzRead(f *testing.F) {")
		})
		if wanted := !slices.Contains(without, filepath.Base(folder)); fuzzed != wanted {
			t.Errorf("%s: FuzzRead is there: %v, want %v", folder, fuzzed, wanted)
		}
	}
}
