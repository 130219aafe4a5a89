package loop420_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/loop420"
)

// adc gives one voltage, or an error.
type adc struct {
	microvolts int64
	channel    uint8
	err        error
}

func (a *adc) Start(channel uint8) (time.Duration, error) {
	a.channel = channel
	return time.Millisecond, a.err
}
func (a *adc) Read() (int64, error) { return a.microvolts, a.err }

func gasHead() loop420.Config {
	return loop420.Config{Quantity: drivers.Combustible, At4: 0, At20: 100_000, ShuntMilli: 150_000}
}

// The value follows the current; what NE 43 calls a failure is one, and never a low or a high
// value.
func TestLoopFollowsNE43(t *testing.T) {
	for _, c := range []struct {
		name       string
		microvolts int64
		want       int64
		end        error
	}{
		{"4 mA", 600_000, 0, nil},
		{"12 mA", 1_800_000, 50_000, nil},
		{"20 mA", 3_000_000, 100_000, nil},
		{"3.8 mA", 570_000, -1_250, nil},
		{"20.5 mA", 3_075_000, 103_125, nil},
		{"3.7 mA is held at 3.8", 555_000, -1_250, nil},
		{"20.9 mA is held at 20.5", 3_135_000, 103_125, nil},
		{"just above 3.6 mA", 540_001, -1_250, nil},
		{"just below 21 mA", 3_149_999, 103_125, nil},
		{"3.6 mA", 540_000, 0, drivers.ErrLineOpen},
		{"cut wire", 12, 0, drivers.ErrLineOpen},
		{"cut wire below ground", -3_000, 0, drivers.ErrLineOpen},
		{"21 mA", 3_150_000, 0, drivers.ErrLineShort},
		{"short", 6_000_000, 0, drivers.ErrLineShort},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &adc{microvolts: c.microvolts}
			d, err := loop420.New(a, 3, gasHead())
			if err != nil {
				t.Fatal(err)
			}
			if wait, err := d.Start(); wait != time.Millisecond || err != nil || a.channel != 3 {
				t.Fatalf("Start: got %v, %v on input %d", wait, err, a.channel)
			}
			got, err := d.Read(nil)
			if c.end != nil {
				if !errors.Is(err, c.end) || !errors.Is(err, drivers.ErrRange) || len(got) != 0 {
					t.Errorf("got %v, %v, want ErrRange and %v", got, err, c.end)
				}
				return
			}
			want := drivers.Sample{Quantity: drivers.Combustible, Value: c.want}
			if err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
}

// A span may fall and may lie anywhere: its ends are at 4 and 20 mA.
func TestSpanMayFall(t *testing.T) {
	c := loop420.Config{Quantity: drivers.Level, At4: 5_000, At20: -1_000, ShuntMilli: 100_000}
	for microvolts, want := range map[int64]int64{400_000: 5_000, 1_200_000: 2_000,
		2_000_000: -1_000} {
		d, err := loop420.New(&adc{microvolts: microvolts}, 0, c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Read(nil)
		if err != nil || len(got) != 1 || got[0].Value != want {
			t.Errorf("%d µV: got %v, %v, want %d", microvolts, got, err, want)
		}
	}
	if least, largest := c.Range(); least != -1_188 || largest != 5_075 {
		t.Errorf("Range() = %d, %d, want -1188, 5075", least, largest)
	}
}

// Errors of the ADC keep their class.
func TestErrorsOfTheADCKeepTheirClass(t *testing.T) {
	for _, class := range []error{drivers.ErrNotReady, drivers.ErrNoDevice, drivers.ErrRange} {
		d, err := loop420.New(&adc{microvolts: 1_800_000, err: class}, 0, gasHead())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Start(); !errors.Is(err, class) {
			t.Errorf("Start: got %v, want %v", err, class)
		}
		if got, err := d.Read(nil); !errors.Is(err, class) || len(got) != 0 {
			t.Errorf("Read: got %v, %v, want %v", got, err, class)
		}
	}
}

// A configuration that makes no sense is refused before anything is measured.
func TestNewRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(*loop420.Config){
		"no quantity":      func(c *loop420.Config) { c.Quantity = 0 },
		"no shunt":         func(c *loop420.Config) { c.ShuntMilli = 0 },
		"huge shunt":       func(c *loop420.Config) { c.ShuntMilli = 1_000_001 },
		"span of nothing":  func(c *loop420.Config) { c.At20 = c.At4 },
		"span of too much": func(c *loop420.Config) { c.At20 = math.MaxInt64 },
		"far below":        func(c *loop420.Config) { c.At4 = math.MinInt64 },
	} {
		c := gasHead()
		spoil(&c)
		if d, err := loop420.New(&adc{}, 0, c); err == nil {
			t.Errorf("%s: got %v, want an error", name, d)
		}
	}
}

// FuzzRead: any voltage, shunt and span give an error or a value within the Config's range.
func FuzzRead(f *testing.F) {
	f.Add(int64(1_800_000), int64(150_000), int64(0), int64(100_000))
	f.Add(int64(math.MinInt64), int64(1_000), int64(50_000_000_000), int64(-50_000_000_000))
	f.Fuzz(func(t *testing.T, microvolts, shunt, at4, at20 int64) {
		c := loop420.Config{Quantity: drivers.Pressure, At4: at4, At20: at20, ShuntMilli: shunt}
		d, err := loop420.New(&adc{microvolts: microvolts}, 0, c)
		if err != nil {
			return
		}
		got, err := d.Read(nil)
		if err != nil {
			if len(got) != 0 || !errors.Is(err, drivers.ErrRange) {
				t.Fatalf("got %v with %v", got, err)
			}
			return
		}
		if least, largest := c.Range(); got[0].Value < least || got[0].Value > largest {
			t.Fatalf("got %d outside %d…%d", got[0].Value, least, largest)
		}
	})
}
