package pulses_test

import (
	"errors"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/pulses"
)

// line is an input that has seen edges since the last Wait.
type line struct {
	drivers.Line
	edges  uint32
	err    error
	deaf   bool // it has no interrupts
	closed bool
}

func (l *line) Wait(time.Duration) (uint32, error) {
	edges := l.edges
	l.edges = 0
	return edges, l.err
}
func (l *line) Interrupts() bool { return !l.deaf }
func (l *line) Close() error     { l.closed = true; return nil }

// bench is a meter with a clock that the test turns.
type bench struct {
	t    testing.TB
	line line
	now  time.Duration
	*pulses.Dev
}

func newBench(t testing.TB, litre int64) *bench {
	t.Helper()
	b := &bench{t: t}
	var err error
	b.Dev, err = pulses.New(&b.line, litre, func() time.Duration { return b.now })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// begin is the first Start, in which nothing is known yet.
func (b *bench) begin() {
	b.t.Helper()
	if wait, err := b.Start(); wait != time.Second || err != nil {
		b.t.Fatalf("Start: got %v, %v, want 1s", wait, err)
	}
}

// after lets time pass, in which edges came, and reads.
func (b *bench) after(d time.Duration, edges uint32) (flow, count int64, err error) {
	b.now += d
	b.line.edges += edges
	got, err := b.Read(nil)
	if err != nil {
		if len(got) != 0 {
			b.t.Fatalf("error %v with samples %v", err, got)
		}
		return 0, 0, err
	}
	if len(got) != 2 || got[0].Quantity != drivers.Flow || got[1].Quantity != drivers.Pulses ||
		got[1].Channel != 1 {
		b.t.Fatalf("got %v, want a flow and a count", got)
	}
	return got[0].Value, got[1].Value, nil
}

// 75 pulses in a second are 10 l/min, and every other meter and pace is in proportion.
func TestPulsesBecomeAFlow(t *testing.T) {
	for _, c := range []struct {
		name  string
		litre int64
		span  time.Duration
		edges uint32
		want  int64
	}{
		{"the vector", 450, time.Second, 150, 10_000},
		{"nothing flows", 450, time.Second, 0, 0},
		{"one pulse a second", 450, time.Second, 2, 133},
		{"a late reader", 450, 2500 * time.Millisecond, 375, 10_000},
		{"the fastest", 450, time.Second, 800, 53_333},
		{"a coarse meter", 10, time.Second, 2, 6_000},
		{"the fastest of a coarse meter", 10, time.Second, 800, 2_400_000},
		{"a fine meter", 100_000, time.Second, 800, 240},
		{"read once a minute", 450, time.Minute, 9000, 10_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.litre)
			b.begin()
			flow, count, err := b.after(c.span, c.edges)
			if err != nil || flow != c.want || count != int64(c.edges/2) {
				t.Errorf("got %d, %d, %v, want %d, %d", flow, count, err, c.want, c.edges/2)
			}
			if wait, err := b.Start(); wait != 0 || err != nil {
				t.Errorf("second Start: got %v, %v, want 0", wait, err)
			}
		})
	}
}

// The flow is the mean of the last 10 s: a trickle of one edge now and then is steady, and what
// was before is forgotten. The count goes on.
func TestFlowIsTheMeanOfTenSeconds(t *testing.T) {
	b := newBench(t, 450)
	b.begin()
	var flow, count int64
	for i := range 60 { // 0.2 l/min, 1.5 Hz, in lumps
		var err error
		if flow, count, err = b.after(time.Second, []uint32{2, 4}[i%2]); err != nil {
			t.Fatal(err)
		}
		if i >= 9 && (flow < 186 || flow > 214) {
			t.Errorf("after %d s: got %d ml/min, want 200", i+1, flow)
		}
	}
	if count != 90 {
		t.Errorf("got %d pulses, want 90", count)
	}
	for range 10 {
		flow, _, _ = b.after(time.Second, 0)
	}
	if flow != 0 {
		t.Errorf("10 s after the end: got %d ml/min, want 0", flow)
	}
}

// A line that cannot count, that fails or that chatters is an error and never a flow of zero. After
// it the flow is measured anew, and nothing is made up for the time in which nobody knows.
func TestALineThatCannotCountIsNoFlowOfZero(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*line)
		class error
	}{
		{"gone", func(l *line) { l.err = drivers.ErrNoDevice }, drivers.ErrNoDevice},
		{"another error", func(l *line) { l.err = errors.New("closed") }, drivers.ErrNoDevice},
		{"no interrupts", func(l *line) { l.deaf = true }, drivers.ErrNoDevice},
		{"it chatters", func(l *line) { l.edges = 1000 }, drivers.ErrRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, 450)
			b.begin()
			if _, _, err := b.after(time.Second, 150); err != nil {
				t.Fatal(err)
			}
			for range 10 { // so that only the newest second counts for the chatter
				c.spoil(&b.line)
				_, _, err := b.after(time.Second, 0)
				if err != nil && !errors.Is(err, c.class) && !errors.Is(err, drivers.ErrNotReady) {
					t.Fatalf("got %v, want %v", err, c.class)
				}
				if err == nil && c.class == drivers.ErrNoDevice {
					t.Fatal("got a flow, want an error")
				}
			}
			b.line = line{}
			for range 12 {
				if _, err := b.Start(); err != nil {
					t.Fatal(err)
				}
				b.after(time.Second, 150)
			}
			if flow, _, err := b.after(time.Second, 150); err != nil || flow != 10_000 {
				t.Errorf("healed: got %d, %v, want 10 l/min", flow, err)
			}
		})
	}
}

// While its clock stands there is nothing new. A meter that makes no sense is refused.
func TestNothingIsToldWithoutTime(t *testing.T) {
	b := newBench(t, 450)
	b.begin()
	if _, _, err := b.after(0, 5); !errors.Is(err, drivers.ErrNotReady) {
		t.Errorf("got %v, want ErrNotReady", err)
	}
	for _, litre := range []int64{-1, 0, 9, 100_001} {
		if _, err := pulses.New(&line{}, litre, nil); err == nil {
			t.Errorf("%d pulses to the litre: accepted", litre)
		}
	}
	if err := b.Close(); err != nil || !b.line.closed {
		t.Errorf("Close: got %v, closed %v", err, b.line.closed)
	}
}

// FuzzRead: any edges at any pace give an error, or values within the descriptor's range.
func FuzzRead(f *testing.F) {
	f.Add(int64(450), uint32(150), int64(1000), uint8(3))
	f.Add(int64(10), uint32(4_000_000_000), int64(86_400_000), uint8(40))
	f.Fuzz(func(t *testing.T, litre int64, edges uint32, millis int64, times uint8) {
		litre = pulses.MinLitre + (litre&0xFFFFF)%(pulses.MaxLitre-pulses.MinLitre+1)
		b := newBench(t, litre)
		b.begin()
		for range times {
			flow, count, err := b.after(time.Duration(millis&0xFFFFFFF)*time.Millisecond, edges)
			channels := pulses.Describe().Channels
			if err == nil && (flow < 0 || flow > channels[0].Max || count < 0 ||
				count > channels[1].Max) {
				t.Fatalf("got %d ml/min and %d pulses", flow, count)
			}
		}
	})
}
