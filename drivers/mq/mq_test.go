package mq_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/mq"
)

// adc gives one voltage, or an error.
type adc struct {
	microvolts int64
	err        error
}

func (a *adc) Start(uint8) (time.Duration, error) { return 9 * time.Millisecond, a.err }
func (a *adc) Read() (int64, error)               { return a.microvolts, a.err }

// heater measures one current, or fails; asked twice for one measurement it has nothing new.
type heater struct {
	current int64
	err     error
	fresh   bool
}

func (h *heater) Start() (time.Duration, error) {
	h.fresh = true
	return 19 * time.Millisecond, nil
}
func (h *heater) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	switch {
	case h.err != nil:
		return dst, h.err
	case !h.fresh:
		return dst, drivers.ErrNotReady
	}
	h.fresh = false
	return append(dst, drivers.Sample{Quantity: drivers.Voltage, Value: 5_000_000},
		drivers.Sample{Channel: 1, Quantity: drivers.Current, Value: h.current}), nil
}

func usual(part, gas string) mq.Config {
	return mq.Config{Part: part, Gas: gas, Supply: 5_000_000, CleanAir: 500_000}
}

// ratioOf is the voltage at which Rs/R0 is so many thousandths, for clean air at 0.5 V.
func ratioOf(clean, ratio float64) int64 {
	return int64(math.Round(5_000_000 / (1 + 9*ratio/clean)))
}

// The amounts are those of the published fits at a ratio of one and of one half, within a percent;
// the ratio of clean air is the one of the part.
func TestAmountsFollowTheCurves(t *testing.T) {
	for _, c := range []struct {
		part, gas string
		clean     float64
		one, half int64 // ppm
	}{
		{"mq-2", "lpg", 9830, 574, 2679},
		{"mq-2", "h2", 9830, 988, 4422},
		{"mq-2", "co", 9830, 10_000, 10_000}, // 36974 and more cannot be told
		{"mq-5", "lpg", 6500, 81, 436},
		{"mq-5", "ch4", 6500, 178, 1048},
		{"mq-7", "co", 27_500, 99, 284},
		{"mq-9", "lpg", 9600, 1000, 4553},
		{"mq-9", "ch4", 9600, 4270, 10_000},
		{"mq-9", "co", 9600, 600, 2841},
	} {
		a := &adc{}
		d, err := mq.New(a, usual(c.part, c.gas))
		if err != nil {
			t.Fatal(err)
		}
		read := func(microvolts int64) [2]int64 {
			t.Helper()
			a.microvolts = microvolts
			if _, err := d.Start(); err != nil {
				t.Fatal(err)
			}
			got, err := d.Read(nil)
			if err != nil || len(got) != 2 {
				t.Fatalf("%s %s: %d µV: got %v, %v", c.part, c.gas, microvolts, got, err)
			}
			return [2]int64{got[0].Value, got[1].Value}
		}
		for ratio, ppm := range map[float64]int64{1000: c.one, 500: c.half} {
			got := read(ratioOf(c.clean, ratio))
			if got[0] < ppm*990 || got[0] > ppm*1010 || got[1] < int64(ratio)-5 ||
				got[1] > int64(ratio)+5 {
				t.Errorf("%s %s at %v: got %v, want %d ppm", c.part, c.gas, ratio, got, ppm)
			}
		}
		if got := read(500_000); got[1] != int64(c.clean) {
			t.Errorf("%s in clean air: ratio %d, want %v", c.part, got[1], c.clean)
		}
	}
}

// The guess is the same number on every processor.
func TestAmountIsExact(t *testing.T) {
	d, err := mq.New(&adc{microvolts: 2_345_678}, usual("mq-2", "lpg"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Start(); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Read(nil); err != nil || got[0].Value != 358_662 || got[1].Value != 1_235 {
		t.Errorf("got %v, %v", got, err)
	}
}

// What no warm part can give is an error: a cut wire, a short, a cold heater.
func TestBrokenPartIsNoGas(t *testing.T) {
	for _, c := range []struct {
		name       string
		microvolts int64
		heat       *heater
		class      error
		end        error
	}{
		{"cut", 99_999, nil, drivers.ErrRange, drivers.ErrLineOpen},
		{"below ground", -5_000, nil, drivers.ErrRange, drivers.ErrLineOpen},
		{"short", 4_900_001, nil, drivers.ErrRange, drivers.ErrLineShort},
		{"cold", 120_000, nil, drivers.ErrRange, nil},
		{"clean air", 500_000, &heater{current: 150_000}, nil, nil},
		{"weak heater", 500_000, &heater{current: 129_999}, drivers.ErrRange, nil},
		{"shorted heater", 500_000, &heater{current: 170_001}, drivers.ErrRange, nil},
		{"nobody knows", 500_000, &heater{err: drivers.ErrNoDevice}, drivers.ErrNoDevice, nil},
		{"not yet", 500_000, &heater{err: drivers.ErrNotReady}, drivers.ErrNotReady, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			config, want := usual("mq-2", "lpg"), 9*time.Millisecond
			config.CleanAir = 601_000
			if c.heat != nil {
				config.Heater, want = c.heat, 19*time.Millisecond
			}
			d, err := mq.New(&adc{microvolts: c.microvolts}, config)
			if err != nil {
				t.Fatal(err)
			}
			if wait, err := d.Start(); wait != want || err != nil {
				t.Fatalf("Start: got %v, %v", wait, err)
			}
			got, err := d.Read(nil)
			if !errors.Is(err, c.class) || c.end != nil && !errors.Is(err, c.end) ||
				(err == nil) != (len(got) == 2) {
				t.Errorf("got %v, %v, want %v, %v", got, err, c.class, c.end)
			}
		})
	}
}

// A heater that was measured is not asked again while the ADC still converts.
func TestHeaterIsAskedOnce(t *testing.T) {
	config := usual("mq-5", "ch4")
	config.Heater = &heater{current: 150_000}
	a := &adc{microvolts: 500_000}
	d, err := mq.New(a, config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Start(); err != nil {
		t.Fatal(err)
	}
	a.err = drivers.ErrNotReady
	if _, err := d.Read(nil); !errors.Is(err, drivers.ErrNotReady) {
		t.Fatal(err)
	}
	a.err = nil
	if got, err := d.Read(nil); err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	a.err = drivers.ErrNoDevice
	if _, err := d.Start(); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("Start: got %v", err)
	}
}

// A configuration that makes no sense is refused, with what can be had instead.
func TestNewRefusesNonsense(t *testing.T) {
	for want, spoil := range map[string]func(*mq.Config){
		`no part "mq-3"`:          func(c *mq.Config) { c.Part = "mq-3" },
		"take one of lpg, h2, co": func(c *mq.Config) { c.Gas = "ch4" },
		"1 V to 10 V":             func(c *mq.Config) { c.Supply = math.MaxInt64 },
		"4 % to 70 %":             func(c *mq.Config) { c.CleanAir = 0 },
		"% of the supply":         func(c *mq.Config) { c.CleanAir = 3_600_000 },
	} {
		c := usual("mq-2", "lpg")
		spoil(&c)
		if d, err := mq.New(&adc{}, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, %v, want %s", d, err, want)
		}
	}
	if len(mq.Parts()) != 4 || len(mq.Gases()) != 4 {
		t.Errorf("got %v, %v", mq.Parts(), mq.Gases())
	}
}

// FuzzRead: any voltages give an error or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(int64(2_000_000), int64(5_000_000), int64(500_000), uint8(0))
	f.Add(int64(math.MinInt64), int64(10_000_000), int64(400_000), uint8(7))
	f.Fuzz(func(t *testing.T, v, supply, clean int64, which uint8) {
		part := mq.Parts()[int(which)%len(mq.Parts())]
		gas := mq.Gases()[int(which/4)%len(mq.Gases())]
		d, err := mq.New(&adc{microvolts: v}, mq.Config{Part: part, Gas: gas, Supply: supply,
			CleanAir: clean})
		if err != nil {
			return
		}
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		got, err := d.Read(nil)
		if err != nil {
			if len(got) != 0 || !errors.Is(err, drivers.ErrRange) {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		for i, ch := range mq.Describe().Channels {
			if got[i].Value < ch.Min || got[i].Value > ch.Max {
				t.Fatalf("got %v outside %+v", got[i], ch)
			}
		}
	})
}
