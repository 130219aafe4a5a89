package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Drift says how the rest value of a quantity is followed while dust settles in the part. An Alarm
// of zero follows nothing.
type Drift struct {
	Quantity drivers.Quantity
	Alarm    int64 // how far above the baseline an alarm lies
	Zero     int64 // the value in clean air when the part was new
}

const (
	driftTime    = 24 * time.Hour   // time constant of the low-pass
	driftShift   = 16               // the baseline has so many bits below one
	mostAlarm    = 1 << 30          // so that the products below fit
	driftLongest = 65 * time.Second // what one reading may count for
)

// drift follows the baseline of one quantity: a first-order low-pass, frozen while the value is
// more than half an alarm above it, and bounded to half an alarm around the zero. What is left of
// each division is kept, so that the slowest creep is followed.
type drift struct {
	Drift
	baseline int64 // from Zero, in 1/2^driftShift
	rest     int64 // of the last division
	at       point.Instant
	seen     bool
}

func newDrift(d Drift) drift {
	d.Alarm = min(max(d.Alarm, 0), mostAlarm)
	return drift{Drift: d}
}

// above is how far value lies above the baseline.
func (d *drift) above(value int64) int64 {
	return Clamp(value) - d.Zero - d.baseline>>driftShift
}

// take follows a good value.
func (d *drift) take(at point.Instant, value int64) {
	step := min(at.Sub(d.at), driftLongest)
	if !d.seen {
		step = 0
	}
	d.at, d.seen = at, true
	off := d.above(value)
	if step <= 0 || off > d.Alarm/2 {
		return
	}
	// In 1/2^driftShift of a unit: at most 2^30 * 2^16 * 65,000.
	far := max(off, -d.Alarm)<<driftShift - d.baseline&(1<<driftShift-1)
	sum := far*step.Milliseconds() + d.rest
	d.set(d.baseline + sum/driftTime.Milliseconds())
	d.rest = sum % driftTime.Milliseconds()
}

// set moves the baseline within its bounds.
func (d *drift) set(baseline int64) {
	most := d.Alarm << driftShift / 2
	d.baseline = min(max(baseline, -most), most)
}

// restore goes on from a baseline of an earlier run, given in thousandths of a unit. It rounds up,
// for they were rounded down: restarts without end must not move a baseline.
func (d *drift) restore(milli int64) {
	const most = mostAlarm * 1000
	exact := min(max(milli, -most), most) << driftShift
	if exact > 0 {
		exact += 999
	}
	d.set(exact / 1000)
}

// fault says how much of the way to the bound is used up.
func (d *drift) fault() FaultCode {
	off := max(d.baseline, -d.baseline)
	switch {
	case d.Alarm == 0:
		return ""
	case off >= d.Alarm<<driftShift/2:
		return Contaminated
	case off >= d.Alarm<<driftShift*4/10:
		return DirtySoon
	}
	return ""
}
