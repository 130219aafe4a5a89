package contact_test

import (
	"errors"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/contact"
)

// line is an input with a level, or with an error. As libraries do, it says Low with an error.
type line struct {
	drivers.Line
	high   bool
	err    error
	edges  uint32
	waited time.Duration
	closed bool
}

func (l *line) Level() (bool, error) { return l.high, l.err }
func (l *line) Close() error         { l.closed = true; return nil }
func (l *line) Wait(max time.Duration) (uint32, error) {
	l.waited = max
	return l.edges, l.err
}

var errGone = errors.New("line is gone")

// The abnormal level reads as 1 and the other one as 0; an error of the line is an error whatever
// level came with it, and appends nothing.
func TestOnlyALevelIsAState(t *testing.T) {
	for _, c := range []struct {
		name     string
		abnormal contact.Level
		high     bool
		err      error
		want     int64
	}{
		{"low is abnormal by default", contact.Low, false, nil, 1},
		{"high is normal by default", contact.Low, true, nil, 0},
		{"abnormal at high", contact.High, true, nil, 1},
		{"normal at low", contact.High, false, nil, 0},
		{"error with low", contact.High, false, errGone, 0},
		{"error with high", contact.Low, true, errGone, 0},
		{"error with low, abnormal at low", contact.Low, false, errGone, 0},
		{"error with high, abnormal at high", contact.High, true, errGone, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := contact.New(&line{high: c.high, err: c.err}, c.abnormal)
			got, err := d.Read(nil)
			if !errors.Is(err, c.err) || c.err != nil && len(got) != 0 {
				t.Fatalf("got %v, %v, want error %v", got, err, c.err)
			}
			want := drivers.Sample{Quantity: drivers.Contact, Value: c.want}
			if c.err == nil && (len(got) != 1 || got[0] != want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// The zero polarity is abnormal at Low, so that a forgotten option does not hide an alarm.
func TestZeroPolarityIsAbnormalAtLow(t *testing.T) {
	var zero contact.Level
	got, err := contact.New(&line{}, zero).Read(nil)
	if err != nil || len(got) != 1 || got[0].Value != 1 {
		t.Errorf("got %v, %v, want 1", got, err)
	}
}

// Waiting and closing are the line's: the contact adds nothing of its own.
func TestWaitIsTheLines(t *testing.T) {
	l := &line{edges: 3}
	d := contact.New(l, contact.Low)
	if edges, err := d.Wait(time.Second); edges != 3 || err != nil || l.waited != time.Second {
		t.Errorf("got %d edges, %v after %v, want 3, nil after 1s", edges, err, l.waited)
	}
	if wait, err := d.Start(); wait != 0 || err != nil {
		t.Errorf("Start: got %v, %v, want 0, nil", wait, err)
	}
	if d.Close(); !l.closed {
		t.Error("the line was not closed")
	}
	var _ drivers.Sensor = d
	var _ drivers.Waiter = d
}
