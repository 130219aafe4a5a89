package mains_test

import (
	"errors"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/mains"
)

// line is an input that counts edges between two calls, or fails.
type line struct {
	drivers.Line
	edges  uint32
	deaf   bool
	err    error
	closed bool
}

func (l *line) Wait(max time.Duration) (uint32, error) {
	if max != 0 {
		return 0, errors.New("a driver must not wait")
	}
	edges := l.edges
	l.edges = 0
	return edges, l.err
}
func (l *line) Interrupts() bool { return !l.deaf }
func (l *line) Close() error     { l.closed = true; return nil }

// Edges since Start are mains, edges before it are not, and a line that cannot hear tells nothing.
func TestEdgesAreMains(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after uint32
		spoil         func(*line)
		want          int64
		class         error
	}{
		{"full wave", 100, 8, nil, 0, nil},
		{"a half wave", 0, 3, nil, 0, nil},
		{"a glitch", 0, 2, nil, 1, nil},
		{"lost", 0, 0, nil, 1, nil},
		{"lost before Start", 50, 0, nil, 1, nil},
		{"no interrupts", 0, 0, func(l *line) { l.deaf = true }, 0, drivers.ErrNoDevice},
		{"line gone", 0, 0, func(l *line) { l.err = drivers.ErrNoDevice }, 0, drivers.ErrNoDevice},
		{"line fails", 0, 8, func(l *line) { l.err = errors.New("io") }, 0, drivers.ErrNoDevice},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &line{edges: c.before}
			d := mains.New(l)
			if wait, err := d.Start(); wait != 40*time.Millisecond || err != nil {
				t.Fatalf("Start: got %v, %v", wait, err)
			}
			l.edges = c.after
			if c.spoil != nil {
				c.spoil(l)
			}
			got, err := d.Read(nil)
			if c.class != nil {
				if !errors.Is(err, c.class) || len(got) != 0 {
					t.Errorf("got %v, %v, want %v", got, err, c.class)
				}
				if _, err := d.Start(); !errors.Is(err, c.class) {
					t.Errorf("Start: got %v, want %v", err, c.class)
				}
				return
			}
			want := drivers.Sample{Quantity: drivers.Contact, Value: c.want}
			if err != nil || len(got) != 1 || got[0] != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
	l := &line{}
	if mains.New(l).Close(); !l.closed {
		t.Error("the line was not closed")
	}
}

// FuzzRead: any number of edges is a state.
func FuzzRead(f *testing.F) {
	f.Add(uint32(0), uint32(8))
	f.Fuzz(func(t *testing.T, before, after uint32) {
		l := &line{edges: before}
		d := mains.New(l)
		if _, err := d.Start(); err != nil {
			t.Fatal(err)
		}
		l.edges = after
		got, err := d.Read(nil)
		if err != nil || len(got) != 1 || (got[0].Value == 1) != (after < 3) {
			t.Fatalf("%d edges: got %v, %v", after, got, err)
		}
	})
}
