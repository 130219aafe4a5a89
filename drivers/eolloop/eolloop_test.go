package eolloop_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/eolloop"
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

func usual(supply uint8) eolloop.Config {
	return eolloop.Config{PullUp: 4_700, EndOfLine: 4_700, Detector: 1_000, Microvolts: 3_300_000,
		Signal: 1, Supply: supply}
}

func measure(d *eolloop.Dev) ([]drivers.Sample, error) {
	if _, err := d.Start(); err != nil {
		return nil, err
	}
	got, err := d.Read(nil)
	if errors.Is(err, drivers.ErrNotReady) && len(got) == 0 {
		got, err = d.Read(nil)
	}
	return got, err
}

// Each band is one state, both ends of each gap are an error, and a short is a fault and never an
// alarm.
func TestBandsTellTheStates(t *testing.T) {
	gap, open, short := drivers.ErrRange, drivers.ErrLineOpen, drivers.ErrLineShort
	for _, c := range []struct {
		name           string
		signal, supply int64 // supply 0: not measured
		want           int64
		fault          error
	}{
		{"short", 0, 0, 0, short},
		{"short, below ground", -5_000, 0, 0, short},
		{"just below the alarm", 115_499, 0, 0, short},
		{"first of the alarm", 115_500, 0, 1, nil},
		{"five detectors", 129_412, 0, 1, nil},
		{"two detectors", 289_474, 0, 1, nil},
		{"one detector", 492_537, 0, 1, nil},
		{"last of the alarm", 990_000, 0, 1, nil},
		{"just above the alarm", 990_001, 0, 0, gap},
		{"between", 1_204_054, 0, 0, gap},
		{"just below normal", 1_385_999, 0, 0, gap},
		{"first of normal", 1_386_000, 0, 0, nil},
		{"normal", 1_650_000, 0, 0, nil},
		{"last of normal", 1_914_000, 0, 0, nil},
		{"just above normal", 1_914_001, 0, 0, gap},
		{"just below open", 2_805_000, 0, 0, gap},
		{"first of open", 2_805_001, 0, 0, open},
		{"open", 3_299_984, 0, 0, open},
		{"a foreign voltage", 6_000_000, 0, 0, open},
		{"normal of a sagged supply", 1_350_000, 2_700_000, 0, nil},
		{"one detector of a high supply", 552_000, 3_700_000, 1, nil},
		{"the last of normal, but the supply sagged", 1_914_001, 3_000_000, 0, gap},
		{"supply gone", 0, 12, 0, gap},
		{"supply too low", 1_320_000, 2_639_999, 0, gap},
		{"supply too high", 1_980_000, 3_960_001, 0, gap},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := usual(eolloop.NoSupply)
			if c.supply != 0 {
				config.Supply = 0
			}
			d, err := eolloop.New(&adc{microvolts: [4]int64{c.supply, c.signal}}, config)
			if err != nil {
				t.Fatal(err)
			}
			got, err := measure(d)
			if c.fault == nil {
				want := drivers.Sample{Quantity: drivers.Contact, Value: c.want}
				if err != nil || len(got) != 1 || got[0] != want {
					t.Errorf("got %v, %v, want %v", got, err, want)
				}
				return
			}
			if !errors.Is(err, c.fault) || !errors.Is(err, gap) || len(got) != 0 {
				t.Errorf("got %v, %v, want ErrRange and %v", got, err, c.fault)
			}
			if c.fault == gap && (errors.Is(err, open) || errors.Is(err, short)) {
				t.Errorf("got %v: a gap is neither open nor short", err)
			}
		})
	}
}

// The usual resistors give the usual bands; others give their own, with room between them.
func TestBandsFollowTheResistors(t *testing.T) {
	for _, c := range []struct {
		pullUp, end, detector int64
		want                  eolloop.Bands
		err                   string
	}{
		{4_700, 4_700, 1_000, eolloop.Bands{35, 300, 420, 580, 850}, ""},
		{2_200, 4_700, 680, eolloop.Bands{51, 414, 612, 751, 904}, ""},
		{10_000, 10_000, 2_200, eolloop.Bands{36, 302, 420, 580, 850}, ""},
		{4_700, 4_700, 4_700, eolloop.Bands{}, "alarm reaches up to 0.405 of the supply and " +
			"normal begins at 0.420"},
		{100_000, 4_700, 1_000, eolloop.Bands{}, "too little to be told from a short"},
		{100, 10_000, 330, eolloop.Bands{}, "normal reaches up to 0.993 of the supply and an " +
			"open line begins at 0.997"},
	} {
		config := usual(eolloop.NoSupply)
		config.PullUp, config.EndOfLine, config.Detector = c.pullUp, c.end, c.detector
		got, err := config.Bands()
		if c.err == "" && (err != nil || got != c.want) {
			t.Errorf("%d %d %d: got %v, %v, want %v", c.pullUp, c.end, c.detector, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%d %d %d: got %v, %v, want %s", c.pullUp, c.end, c.detector, got, err, c.err)
		}
		if _, newErr := eolloop.New(&adc{}, config); (newErr == nil) != (err == nil) {
			t.Errorf("%d %d %d: New: got %v", c.pullUp, c.end, c.detector, newErr)
		}
	}
}

// The supply is measured anew each time, and errors of the ADC keep their class.
func TestSupplyIsMeasuredEachTime(t *testing.T) {
	a := &adc{microvolts: [4]int64{3_300_000, 1_400_000}}
	d, err := eolloop.New(a, usual(0))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := measure(d); err != nil || got[0].Value != 0 {
		t.Errorf("got %v, %v, want normal", got, err)
	}
	a.microvolts[0] = 3_800_000
	if got, err := measure(d); !errors.Is(err, drivers.ErrRange) {
		t.Errorf("another supply: got %v, %v, want ErrRange", got, err)
	}
	for _, class := range []error{drivers.ErrNoDevice, drivers.ErrNotReady, drivers.ErrRange} {
		a.err = class
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
	for name, spoil := range map[string]func(*eolloop.Config){
		"no pull-up":     func(c *eolloop.Config) { c.PullUp = 0 },
		"no end of line": func(c *eolloop.Config) { c.EndOfLine = 0 },
		"huge detector":  func(c *eolloop.Config) { c.Detector = math.MaxInt64 },
		"no supply":      func(c *eolloop.Config) { c.Microvolts = 0 },
		"huge supply":    func(c *eolloop.Config) { c.Microvolts = math.MaxInt64 },
		"one input":      func(c *eolloop.Config) { c.Supply = c.Signal },
	} {
		c := usual(0)
		spoil(&c)
		if d, err := eolloop.New(&adc{}, c); err == nil {
			t.Errorf("%s: got %v, want an error", name, d)
		}
	}
}

// FuzzRead: any resistors that are accepted have bands in order, and any voltages give an error or
// a state.
func FuzzRead(f *testing.F) {
	f.Add(int64(1_650_000), int64(3_300_000), int64(4_700), int64(4_700), int64(1_000), true)
	f.Add(int64(math.MinInt64), int64(math.MaxInt64), int64(1e6), int64(1e6), int64(100), false)
	f.Fuzz(func(t *testing.T, signal, supply, pullUp, end, detector int64, measured bool) {
		c := eolloop.Config{PullUp: pullUp, EndOfLine: end, Detector: detector,
			Microvolts: 3_300_000, Signal: 1, Supply: eolloop.NoSupply}
		if measured {
			c.Supply = 0
		}
		d, err := eolloop.New(&adc{microvolts: [4]int64{0: supply, 1: signal}}, c)
		if err != nil {
			return
		}
		b, _ := c.Bands()
		if !(0 < b.Short && b.Short < b.Alarm && b.Alarm < b.NormalLow &&
			b.NormalLow < b.NormalHigh && b.NormalHigh < b.Open && b.Open < 1000) {
			t.Fatalf("bands %+v are not in order", b)
		}
		got, err := measure(d)
		if err != nil {
			if len(got) != 0 || !errors.Is(err, drivers.ErrRange) {
				t.Fatalf("got %v with %v", got, err)
			}
			return
		}
		if len(got) != 1 || got[0].Value < 0 || got[0].Value > 1 {
			t.Fatalf("got %v", got)
		}
	})
}
