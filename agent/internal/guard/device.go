package guard

import (
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Failures of a device.
const (
	failedAfter  = 3 // running; then it is asked less often
	reopenAfter  = 6 // running, and each time so many more
	firstBackoff = time.Second
	lastBackoff  = time.Minute
)

var errNotOpen = errors.New("not opened yet")

// device is one sensor and what is known of it. It belongs to one goroutine.
type device struct {
	g      *Guard
	cfg    Sensor
	slots  []*slot         // one for each feed
	newest []point.Reading // likewise, the last one given

	dev     drivers.Sensor
	samples []drivers.Sample
	opened  bool // once at least
	warm    point.Instant
	fails   int // running
	renewed int // the failure for which it was last opened anew
	last    error

	openErr atomic.Pointer[error] // while it never opened
}

func newDevice(g *Guard, s Sensor) *device {
	if s.Period <= 0 {
		s.Period = time.Second
	}
	d := &device{g: g, cfg: s, newest: make([]point.Reading, len(s.Feeds))}
	for i, f := range s.Feeds {
		d.slots = append(d.slots, &slot{})
		d.newest[i].Point = f.Point
		d.newest[i].Sample = drivers.Sample{Channel: f.Channel, Quantity: f.Quantity}
	}
	d.openErr.Store(&errNotOpen)
	return d
}

// open opens the sensor, or opens it anew. One that cannot be closed stays in use until there is
// another one: it may hold what the new one would need.
func (d *device) open() error {
	var dev drivers.Sensor
	d.close()
	_, err := d.g.safely(d.name(), func() (err error) {
		dev, err = d.cfg.Open()
		return err
	})
	if err != nil {
		if was := d.openErr.Load(); !d.opened && (*was).Error() != err.Error() {
			d.openErr.Store(&err)
			d.g.report(slog.LevelWarn, "cannot open", "sensor", d.cfg.Name, "err", err)
		}
		return err
	}
	d.dev, d.renewed = dev, d.fails
	d.openErr.Store(nil)
	if !d.opened {
		d.warm = d.g.Now().Add(d.cfg.WarmUp)
	}
	d.opened = true
	return nil
}

// close gives the sensor back.
func (d *device) close() {
	if c, ok := d.dev.(io.Closer); ok {
		d.dev = nil
		_, _ = d.g.safely(d.name(), c.Close) // it has failed already, or is not needed any more
	}
}

// start and read are the two entries of the sensor. After a failure it must be the same part still.

func (d *device) start() (wait time.Duration, err error) {
	_, err = d.g.safely(d.name(), func() (err error) {
		if p, ok := d.dev.(drivers.Prober); ok && d.fails > 0 {
			if err := p.Probe(); err != nil {
				return err
			}
		}
		wait, err = d.dev.Start()
		return err
	})
	return wait, err
}

// read gives on what the sensor has read, and tells whether it differs from what was given before.
func (d *device) read() (changed bool, err error) {
	_, err = d.g.safely(d.name(), func() (err error) {
		d.samples, err = d.dev.Read(d.samples[:0])
		return err
	})
	if err != nil {
		return false, err
	}
	now := d.g.Now()
	if d.fails > 0 {
		d.g.report(slog.LevelInfo, "sensor works again", "sensor", d.cfg.Name, "after", d.fails)
	}
	if d.fails >= failedAfter {
		d.warm = now.Add(d.cfg.WarmUp) // it may have been without power
	}
	d.fails, d.renewed, d.last = 0, 0, nil
	quality, reason := point.Good, point.None
	if now < d.warm {
		quality, reason = point.Uncertain, point.WarmUp
	}
	for i, f := range d.cfg.Feeds {
		for _, s := range d.samples {
			if s.Channel == f.Channel {
				changed = d.give(i, point.Reading{
					Point: f.Point, At: now, Sample: s, Quality: quality, Reason: reason,
				}) || changed
			}
		}
	}
	return changed, nil
}

// failed counts a failure and gives it on as a bad reading of each point.
func (d *device) failed(err error) {
	d.fails++
	if d.last == nil || d.last.Error() != err.Error() {
		d.g.report(slog.LevelWarn, "sensor failed", "sensor", d.cfg.Name, "err", err)
	}
	d.last = err
	d.giveBad()
}

// giveBad says that the sensor does not read, and why.
func (d *device) giveBad() {
	reason := reasonOf(d.last)
	for i := range d.cfg.Feeds {
		bad := d.newest[i]
		bad.Sample.Value = 0
		bad.At, bad.Quality, bad.Reason = d.g.Now(), point.Bad, reason
		d.give(i, bad)
	}
}

func (d *device) give(i int, r point.Reading) (changed bool) {
	was := d.newest[i]
	d.newest[i] = r
	d.slots[i].put(r)
	return was.Sample != r.Sample || was.Quality != r.Quality || was.At == 0
}

// backoff is how long a device that failed so often is left alone.
func (d *device) backoff(last time.Duration) time.Duration {
	if d.fails < failedAfter {
		return 0
	}
	return min(firstBackoff<<min(d.fails-failedAfter, 10), last)
}

// mustReopen tells whether it is time to open the device anew: one that lost its power has lost its
// settings too. It is opened once for each failure that asks for it: a part that needs time to
// settle after an opening gets it. What is gone from the board cannot come back to what is open.
func (d *device) mustReopen() bool {
	isGone := errors.Is(d.last, syscall.ENODEV)
	return d.dev == nil || d.fails > d.renewed && (isGone || d.fails%reopenAfter == 0)
}

// missing says why the device could never be opened; empty: it could, or the agent is still young.
func (d *device) missing(now point.Instant) string {
	if err := d.openErr.Load(); err != nil && now > point.Instant(openGrace) {
		return (*err).Error()
	}
	return ""
}

func (d *device) name() string { return "sensor " + d.cfg.Name }

// reasonOf turns the class of an error into a reason. An error without a class means that the part
// could not be asked.
func reasonOf(err error) point.Reason {
	switch {
	case errors.Is(err, drivers.ErrLineOpen):
		return point.LineOpen
	case errors.Is(err, drivers.ErrLineShort):
		return point.LineShort
	case errors.Is(err, drivers.ErrChecksum):
		return point.Checksum
	case errors.Is(err, drivers.ErrRange):
		return point.Range
	}
	return point.NoDevice
}
