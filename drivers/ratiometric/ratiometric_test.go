package ratiometric_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ratiometric"
)

// adc has a voltage at each input and converts the one that was started last.
type adc struct {
	microvolts [4]int64
	started    uint8
	err        error
}

func (a *adc) Start(channel uint8) (time.Duration, error) {
	a.started = channel
	return time.Millisecond, a.err
}
func (a *adc) Read() (int64, error) { return a.microvolts[a.started], a.err }

func pressure(supply uint8) ratiometric.Config {
	return ratiometric.Config{Quantity: drivers.Pressure, Low: 0, High: 1_200_000, Signal: 1,
		Supply: supply}
}

// measure does what a poller does: Start once, then Read until it is not "not ready".
func measure(d *ratiometric.Dev) ([]drivers.Sample, error) {
	if _, err := d.Start(); err != nil {
		return nil, err
	}
	got, err := d.Read(nil)
	for range 3 {
		if !errors.Is(err, drivers.ErrNotReady) || len(got) != 0 {
			break
		}
		got, err = d.Read(nil)
	}
	return got, err
}

// The value follows the share of the supply, and a broken wire is never a low or a high value.
func TestValueFollowsTheShareOfTheSupply(t *testing.T) {
	const none = ratiometric.NoSupply
	for _, c := range []struct {
		name           string
		supplyInput    uint8
		signal, supply int64
		want           int64
		end            error
	}{
		{"0.5 V", none, 500_000, 0, 0, nil},
		{"2.5 V", none, 2_500_000, 0, 600_000, nil},
		{"4.5 V", none, 4_500_000, 0, 1_200_000, nil},
		{"0.25 V", none, 250_000, 0, -75_000, nil},
		{"4.75 V", none, 4_750_000, 0, 1_275_000, nil},
		{"2.5 V of a sagged supply", 0, 2_500_000, 4_750_000, 639_474, nil},
		{"2.5 V of 5 V", 0, 2_500_000, 5_000_000, 600_000, nil},
		{"broken wire", none, 100_000, 0, 0, drivers.ErrLineOpen},
		{"just below 0.25 V", none, 249_999, 0, 0, drivers.ErrLineOpen},
		{"just above 4.75 V", none, 4_750_001, 0, 0, drivers.ErrLineShort},
		{"below ground", none, -20_000, 0, 0, drivers.ErrLineOpen},
		{"high for a sagged supply", 0, 4_700_000, 4_750_000, 0, drivers.ErrLineShort},
		{"supply missing", 0, 2_500_000, 90_000, 0, drivers.ErrRange},
		{"supply too high", 0, 2_500_000, 5_600_000, 0, drivers.ErrRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &adc{microvolts: [4]int64{0: c.supply, 1: c.signal}}
			d, err := ratiometric.New(a, pressure(c.supplyInput))
			if err != nil {
				t.Fatal(err)
			}
			got, err := measure(d)
			if c.end != nil {
				if !errors.Is(err, c.end) || !errors.Is(err, drivers.ErrRange) || len(got) != 0 {
					t.Errorf("got %v, %v, want ErrRange and %v", got, err, c.end)
				}
				return
			}
			want := drivers.Sample{Quantity: drivers.Pressure, Value: c.want}
			if err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
}

// The supply is measured anew each time: a value is never scaled to a supply of before.
func TestSupplyIsMeasuredEachTime(t *testing.T) {
	a := &adc{microvolts: [4]int64{0: 5_000_000, 1: 2_500_000}}
	d, err := ratiometric.New(a, pressure(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ supply, want int64 }{{5_000_000, 600_000}, {4_750_000, 639_474}} {
		a.microvolts[0] = c.supply
		if got, err := measure(d); err != nil || got[0].Value != c.want {
			t.Errorf("supply %d: got %v, %v, want %d", c.supply, got, err, c.want)
		}
	}
	a.microvolts[0] = 0
	if got, err := measure(d); !errors.Is(err, drivers.ErrRange) {
		t.Errorf("supply gone: got %v, %v, want ErrRange", got, err)
	}
}

// Errors of the ADC keep their class, and nonsense is refused.
func TestErrorsKeepTheirClass(t *testing.T) {
	d, err := ratiometric.New(&adc{err: drivers.ErrNoDevice}, pressure(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("Start: got %v, want ErrNoDevice", err)
	}
	if got, err := d.Read(nil); !errors.Is(err, drivers.ErrNoDevice) || len(got) != 0 {
		t.Errorf("Read: got %v, %v, want ErrNoDevice", got, err)
	}
	for name, spoil := range map[string]func(*ratiometric.Config){
		"no quantity":   func(c *ratiometric.Config) { c.Quantity = 0 },
		"empty span":    func(c *ratiometric.Config) { c.High = c.Low },
		"far above":     func(c *ratiometric.Config) { c.High = math.MaxInt64 },
		"far below":     func(c *ratiometric.Config) { c.Low = math.MinInt64 },
		"one input":     func(c *ratiometric.Config) { c.Supply = c.Signal },
		"zero quantity": func(c *ratiometric.Config) { c.Quantity = 255 },
	} {
		c := pressure(0)
		spoil(&c)
		if d, err := ratiometric.New(&adc{}, c); err == nil {
			t.Errorf("%s: got %v, want an error", name, d)
		}
	}
}

// FuzzRead: any voltages and spans give an error or a value within the Config's range.
func FuzzRead(f *testing.F) {
	f.Add(int64(2_500_000), int64(4_750_000), int64(0), int64(1_200_000), true)
	f.Add(int64(math.MinInt64), int64(math.MaxInt64), int64(5e10), int64(-5e10), false)
	f.Fuzz(func(t *testing.T, signal, supply, low, high int64, measured bool) {
		c := ratiometric.Config{Quantity: drivers.Pressure, Low: low, High: high,
			Signal: 1, Supply: ratiometric.NoSupply}
		if measured {
			c.Supply = 0
		}
		d, err := ratiometric.New(&adc{microvolts: [4]int64{0: supply, 1: signal}}, c)
		if err != nil {
			return
		}
		got, err := measure(d)
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("got %v with %v", got, err)
			}
			return
		}
		least, largest := c.Range()
		// The supply may round the last unit the other way than the nominal one does.
		if got[0].Value < least-1 || got[0].Value > largest+1 {
			t.Fatalf("got %d outside %d…%d", got[0].Value, least, largest)
		}
	})
}
