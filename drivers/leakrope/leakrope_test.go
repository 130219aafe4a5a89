package leakrope_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/leakrope"
)

const supply, series = 3_300_000, 100_000

// rope is the circuit: two lines, a rope of so many ohms, and the ADC at its first wire.
type rope struct {
	ohms     int64
	a, b     line
	extra    int64 // a foreign voltage at the ADC
	only     int64 // what a stuck ADC gives; 0: it is not stuck
	err      error // of the ADC
	started  bool
	readings int
}

type line struct {
	drivers.Line
	high, stuck, closed bool
	err                 error
}

func (l *line) Set(high bool) error {
	if !l.stuck {
		l.high = high
	}
	return l.err
}
func (l *line) Close() error { l.closed = true; return nil }

func (r *rope) Start(uint8) (time.Duration, error) {
	r.started = true
	return time.Millisecond, r.err
}
func (r *rope) Read() (int64, error) {
	if !r.started {
		return 0, errors.New("it was not started")
	}
	r.started = false
	r.readings++
	level := func(l *line) int64 {
		if l.high {
			return supply
		}
		return 0
	}
	a, b := level(&r.a), level(&r.b)
	v := b + (a-b)*r.ohms/(r.ohms+series) + r.extra
	if r.only != 0 {
		v = r.only
	}
	return v, r.err
}

func usual() leakrope.Config {
	return leakrope.Config{Supply: supply, Series: series, End: 1_000_000, Wet: 50_000}
}

func newDev(t *testing.T, r *rope) *leakrope.Dev {
	t.Helper()
	d, err := leakrope.New(&r.a, &r.b, r, usual())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// measure does what a poller does.
func measure(d *leakrope.Dev) ([]drivers.Sample, error) {
	if _, err := d.Start(); err != nil {
		return nil, err
	}
	got, err := d.Read(nil)
	for range 10 {
		if !errors.Is(err, drivers.ErrNotReady) || len(got) != 0 {
			break
		}
		got, err = d.Read(nil)
	}
	return got, err
}

// A rope is wet or dry by its resistance; a cut one, a foreign voltage, a stuck ADC and a stuck
// line are errors and never dry.
func TestRopeIsWetOrDryOrBroken(t *testing.T) {
	for _, c := range []struct {
		name  string
		rope  rope
		want  int64
		class error
	}{
		{"dry", rope{ohms: 1_000_000}, 0, nil},
		{"dry, with an ADC that loads it", rope{ohms: 857_000}, 0, nil},
		{"dry, by twice the resistor", rope{ohms: 2_000_000}, 0, nil},
		{"wet", rope{ohms: 20_000}, 1, nil},
		{"wet, the most", rope{ohms: 49_900}, 1, nil},
		{"soaked", rope{ohms: 50}, 1, nil},
		{"damp", rope{ohms: 60_000}, 0, drivers.ErrRange},
		{"corroded", rope{ohms: 480_000}, 0, drivers.ErrRange},
		{"cut", rope{ohms: 100_000_000}, 0, drivers.ErrLineOpen},
		{"no end", rope{ohms: 3_200_000}, 0, drivers.ErrLineOpen},
		{"foreign voltage", rope{ohms: 1_000_000, extra: 400_000}, 0, drivers.ErrRange},
		{"stuck at half", rope{ohms: 1_000_000, only: supply / 2}, 0, drivers.ErrRange},
		{"stuck at a dry voltage", rope{ohms: 1_000_000, only: 3_000_000}, 0, drivers.ErrRange},
		{"stuck at a wet voltage", rope{ohms: 1_000_000, only: 500_000}, 0, drivers.ErrRange},
		{"A is stuck High", rope{ohms: 1_000_000, a: line{high: true, stuck: true}}, 0,
			drivers.ErrRange},
		{"B is stuck Low", rope{ohms: 1_000_000, b: line{stuck: true}}, 0, drivers.ErrRange},
		{"B is stuck Low, the most that is dry",
			rope{ohms: 2_950_000, b: line{stuck: true}}, 0, drivers.ErrRange},
		{"A fails", rope{ohms: 1_000_000, a: line{err: errors.New("io")}}, 0, drivers.ErrNoDevice},
		{"the ADC fails", rope{ohms: 1_000_000, err: drivers.ErrNoDevice}, 0, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &c.rope
			got, err := measure(newDev(t, r))
			if c.class != nil {
				if !errors.Is(err, c.class) || len(got) != 0 {
					t.Errorf("got %v, %v, want %v", got, err, c.class)
				}
			} else if want := (drivers.Sample{Quantity: drivers.Contact,
				Value: c.want}); err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
			if !r.a.stuck && (r.a.high || r.b.high) {
				t.Error("the rope is left under voltage")
			}
		})
	}
}

// Both polarities are used for the same number of readings, and nothing is read before its wait.
func TestRopeIsDrivenBothWays(t *testing.T) {
	r := &rope{ohms: 1_000_000}
	d := newDev(t, r)
	if got, err := d.Read(nil); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("without a Start: got %v, %v", got, err)
	}
	wait, err := d.Start()
	if wait != 20*time.Millisecond || err != nil || !r.a.high || r.b.high {
		t.Fatalf("Start: got %v, %v, lines %v and %v", wait, err, r.a.high, r.b.high)
	}
	for n, want := range []struct{ a, b bool }{{true, false}, {false, true}, {false, true},
		{false, false}} {
		_, err := d.Read(nil)
		if (n < 3) != errors.Is(err, drivers.ErrNotReady) || r.a.high != want.a ||
			r.b.high != want.b {
			t.Errorf("step %d: got %v, lines %v and %v", n, err, r.a.high, r.b.high)
		}
	}
	if r.readings != 2 {
		t.Errorf("%d readings, want 2", r.readings)
	}
	if _, err := d.Start(); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil || !r.a.closed || !r.b.closed || r.a.high {
		t.Errorf("Close: %v, closed %v and %v, A %v", err, r.a.closed, r.b.closed, r.a.high)
	}
}

// A configuration with which a fault could look like a state is refused.
func TestNewRefusesNonsense(t *testing.T) {
	for name, spoil := range map[string]func(*leakrope.Config){
		"wet is as much as the series": func(c *leakrope.Config) { c.Wet = 70_000 },
		"end is as much as the series": func(c *leakrope.Config) { c.End = 290_000 },
		"end is far more":              func(c *leakrope.Config) { c.End = 1_000_001 },
		"no series":                    func(c *leakrope.Config) { c.Series = 0 },
		"huge end":                     func(c *leakrope.Config) { c.End = math.MaxInt64 },
		"no supply":                    func(c *leakrope.Config) { c.Supply = 0 },
	} {
		c := usual()
		spoil(&c)
		if d, err := leakrope.New(&line{}, &line{}, &rope{}, c); err == nil {
			t.Errorf("%s: got %v", name, d)
		}
	}
}

// FuzzRead: any rope and any voltages give an error or a state, and the rope is without voltage.
func FuzzRead(f *testing.F) {
	f.Add(int64(1_000_000), int64(0), int64(0), int64(100_000), int64(1_000_000), int64(50_000))
	f.Fuzz(func(t *testing.T, ohms, extra, only, seriesOhms, end, wet int64) {
		if ohms < 0 || ohms > 1e9 {
			return
		}
		r := &rope{ohms: ohms, extra: extra % 1e12, only: only}
		d, err := leakrope.New(&r.a, &r.b, r, leakrope.Config{Supply: supply, Series: seriesOhms,
			End: end, Wet: wet})
		if err != nil {
			return
		}
		got, err := measure(d)
		if r.a.high || r.b.high {
			t.Fatal("the rope is left under voltage")
		}
		if err != nil {
			if len(got) != 0 || !errors.Is(err, drivers.ErrRange) {
				t.Fatalf("error %v with samples %v", err, got)
			}
			return
		}
		if len(got) != 1 || got[0].Value < 0 || got[0].Value > 1 {
			t.Fatalf("got %v", got)
		}
	})
}
