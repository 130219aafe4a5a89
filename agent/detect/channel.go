package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Channel says how the readings of one quantity are prepared before anything judges them. The zero
// value of each field leaves the readings as they are.
type Channel struct {
	Quantity drivers.Quantity
	Gain     int64         // ppm by which the raw value is enlarged
	Offset   int64         // added after that, in the quantity's unit
	Min, Max int64         // what the part can measure; Min == Max: anything
	Jump     int64         // the furthest that the value can go in a second
	Stuck    time.Duration // the same raw value for so long is no measurement
	WarmUp   time.Duration // uncertain for so long after each start
	BurnIn   time.Duration // and until it has been heard for so long in all its life
}

// Intake prepares the readings of one channel. Its memory is fixed.
type Intake struct {
	Channel
	started bool
	failed  uint8         // failed readings running
	begun   point.Instant // the first reading, or the first after it had failed
	heard   point.Instant // the newest reading
	lit     time.Duration // how long it has been heard in all its life, up to BurnIn

	raw      int64 // the newest raw value
	rawSince point.Instant
	rawSeen  bool

	value  int64 // the last one that was believed
	at     point.Instant
	seen   bool
	jumped uint8 // values running that were too far away
}

// Bounds of what calibrates, and of a raw value, so that the products fit.
const (
	mostRaw  = 1 << 42
	mostGain = 1_000_000
)

// NewIntake returns the intake of c.
func NewIntake(c Channel) Intake {
	c.Gain = min(max(c.Gain, -mostGain), mostGain)
	c.Offset = min(max(c.Offset, -mostRaw), mostRaw)
	return Intake{Channel: c}
}

// Prepare calibrates a reading and lowers its quality where it cannot be believed. A bad reading
// stays as it is.
func (n *Intake) Prepare(rd *point.Reading) {
	if rd.Quality == point.Bad {
		n.failed = min(n.failed+1, failures)
		return
	}
	n.listen(rd.At)
	raw := min(max(rd.Sample.Value, -mostRaw), mostRaw)
	stuck := n.repeats(rd.At, raw)
	if n.calibrates() {
		rd.Sample.Value = raw + raw*n.Gain/1_000_000 + n.Offset
	}
	switch {
	case n.outside(raw):
		*rd = bad(*rd, point.Range)
	case n.jumps(rd):
	case n.Min < n.Max && raw > n.Max:
		doubt(rd, point.Saturated)
	case stuck:
		doubt(rd, point.Stuck)
	case n.cold(rd.At):
		doubt(rd, point.WarmUp)
	}
}

// calibrates tells whether the value differs from the raw one.
func (n *Intake) calibrates() bool { return n.Gain != 0 || n.Offset != 0 }

// listen counts how long the part has been heard in all its life. One that had failed may have been
// without power, and warms up anew.
func (n *Intake) listen(at point.Instant) {
	if !n.started || n.failed >= failures {
		n.started, n.begun, n.heard = true, at, at
	}
	n.failed = 0
	// A gap is no time under power.
	if gap := at.Sub(n.heard); gap > 0 && gap <= time.Minute {
		n.lit = min(n.lit+gap, n.BurnIn)
	}
	n.heard = max(n.heard, at)
}

func (n *Intake) cold(at point.Instant) bool {
	return at.Sub(n.begun) < n.WarmUp || n.lit < n.BurnIn
}

// repeats tells whether the part has given one raw value for too long. Clean air gives zero, or the
// lowest value, all day, so these and the highest prove nothing.
func (n *Intake) repeats(at point.Instant, raw int64) bool {
	if !n.rawSeen || raw != n.raw {
		n.raw, n.rawSince, n.rawSeen = raw, at, true
	}
	rests := raw == 0 || n.Min < n.Max && (raw <= n.Min || raw >= n.Max)
	return n.Stuck > 0 && !rests && at.Sub(n.rawSince) >= n.Stuck
}

// outside tells whether the part cannot have measured raw. A tenth of the span beyond its end a
// part may still read, and a fire may drive it there.
func (n *Intake) outside(raw int64) bool {
	margin := (n.Max - n.Min) / 10
	return n.Min < n.Max && (raw < n.Min-margin || raw > n.Max+margin)
}

// jumps tells whether the value is further from the last one than nature can go, and then leaves
// nothing of the reading. The third such value running is let through, as an uncertain one: it may
// raise an alarm, and where it is counts from then on.
func (n *Intake) jumps(rd *point.Reading) bool {
	v := rd.Sample.Value
	seconds := max(int64(rd.At.Sub(n.at)/time.Second), 1)
	far := n.Jump > 0 && n.seen && distance(v, n.value)/seconds > n.Jump
	if far && n.jumped < failures-1 {
		n.jumped++
		*rd = bad(*rd, point.Rate)
		return true
	}
	n.value, n.at, n.seen, n.jumped = v, rd.At, true, 0
	if far {
		doubt(rd, point.Rate)
	}
	return far
}

func distance(a, b int64) int64 { return max(a-b, b-a) }

// bad is the reading without its value.
func bad(rd point.Reading, why point.Reason) point.Reading {
	rd.Sample.Value, rd.Quality, rd.Reason = 0, point.Bad, why
	return rd
}

// doubt makes a good reading uncertain. One that is uncertain already keeps its reason.
func doubt(rd *point.Reading, why point.Reason) {
	if rd.Quality == point.Good {
		rd.Quality, rd.Reason = point.Uncertain, why
	}
}

// Memory is what the intake must keep over a restart.
func (n *Intake) Memory() time.Duration { return n.lit }

// Remember takes over what an earlier run kept. Nonsense is cut to what can be.
func (n *Intake) Remember(lit time.Duration) { n.lit = min(max(lit, 0), n.BurnIn) }

// Inherit goes on from what the intake of an earlier plan has seen: a part that is warm stays warm.
func (n *Intake) Inherit(old Intake) {
	own := n.Channel
	*n = old
	n.Channel, n.lit = own, min(old.lit, own.BurnIn)
}
