package relay_test

import (
	"errors"
	"testing"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/relay"
)

// line is an output that remembers what was set, and can be stuck or fail.
type line struct {
	drivers.Line
	high, stuck bool
	err         error
	closed      bool
}

func (l *line) Set(high bool) error {
	if !l.stuck {
		l.high = high
	}
	return l.err
}
func (l *line) State() (bool, error) { return l.high, l.err }
func (l *line) Close() error         { l.closed = true; return nil }

// On is High for an active-high output and Low for an active-low one: when it is set, when it is
// read back and as the first level of the request.
func TestPolarityIsTheSameEverywhere(t *testing.T) {
	for _, c := range []struct {
		name   string
		active relay.Level
		on     bool
		high   bool
	}{
		{"active high, on", relay.High, true, true},
		{"active high, off", relay.High, false, false},
		{"active low, on", relay.Low, true, false},
		{"active low, off", relay.Low, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &line{high: !c.high}
			d := relay.New(l, c.active)
			if err := d.Set(c.on); err != nil || l.high != c.high {
				t.Errorf("Set(%v): line is %v, %v, want %v", c.on, l.high, err, c.high)
			}
			if on, err := d.State(); on != c.on || err != nil {
				t.Errorf("State() = %v, %v, want %v", on, err, c.on)
			}
			want := drivers.LineConfig{Output: true, High: c.high}
			if got := relay.First(c.active, c.on); got != want {
				t.Errorf("First = %+v, want %+v", got, want)
			}
		})
	}
}

// Read-back tells what the line carries and not what was set.
func TestStateIsNotWhatWasSet(t *testing.T) {
	d := relay.New(&line{stuck: true}, relay.High)
	if err := d.Set(true); err != nil {
		t.Fatal(err)
	}
	if on, err := d.State(); on || err != nil {
		t.Errorf("got %v, %v, want off", on, err)
	}
}

// An error of the line reaches the caller and is never a state.
func TestErrorsReachTheCaller(t *testing.T) {
	l := &line{high: true, err: drivers.ErrNoDevice}
	d := relay.New(l, relay.High)
	if err := d.Set(true); !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("Set: got %v, want ErrNoDevice", err)
	}
	if on, err := d.State(); on || !errors.Is(err, drivers.ErrNoDevice) {
		t.Errorf("State: got %v, %v, want ErrNoDevice and off", on, err)
	}
	if d.Close(); !l.closed {
		t.Error("the line was not closed")
	}
	var _ drivers.Output = d
	var _ drivers.Checker = d
}
