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
	// Gap is the longest silence in which the part still counts as heard, for one that is read
	// seldom; less than a minute: a minute.
	Gap time.Duration
}

// Intake prepares the readings of one channel. Its memory is fixed.
type Intake struct {
	Channel
	started bool
	failed  uint8         // failed readings running
	begun   point.Instant // of warming up: the first reading, or the first after it had failed
	ahead   time.Duration // how long an earlier run had let it warm up
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

// MostValue bounds every value, so that sums and products of values fit. No quantity comes near it.
const MostValue = 1 << 42

const mostGain = 1_000_000 // ppm

// Clamp cuts a value to what is counted with.
func Clamp(value int64) int64 { return min(max(value, -MostValue), MostValue) }

// NewIntake returns the intake of c.
func NewIntake(c Channel) Intake {
	c.Gain = min(max(c.Gain, -mostGain), mostGain)
	c.Offset = Clamp(c.Offset)
	c.Gap = max(c.Gap, time.Minute)
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
	raw := Clamp(rd.Sample.Value)
	stuck := n.repeats(rd.At, raw)
	rd.Sample.Value = raw + raw*n.Gain/1_000_000 + n.Offset
	switch {
	case n.outside(raw):
		*rd = bad(*rd, point.Range)
	case n.jumps(rd):
	case n.Min < n.Max && raw > n.Max:
		doubt(rd, point.Saturated)
	case stuck:
		doubt(rd, point.Stuck)
	case n.cold(rd.At) && n.overdue(rd.At):
		doubt(rd, point.Stale)
	case n.cold(rd.At):
		doubt(rd, point.WarmUp)
	}
}

// listen counts how long the part has been heard in all its life. One that had failed may have been
// without power, and warms up anew.
func (n *Intake) listen(at point.Instant) {
	if n.failed >= failures {
		n.started, n.ahead = false, 0
	}
	if !n.started {
		n.started, n.begun, n.heard = true, at.Add(-n.ahead), at
	}
	n.failed = 0
	// A gap is no time under power.
	if gap := at.Sub(n.heard); gap > 0 && gap <= n.Gap {
		n.lit = min(n.lit+gap, n.BurnIn)
	}
	n.heard = max(n.heard, at)
}

func (n *Intake) cold(at point.Instant) bool {
	return at.Sub(n.begun) < n.WarmUp || n.lit < n.BurnIn
}

// overdue tells whether the part has had twice the time that it needs and is not ready yet: it
// comes and goes. It counts as silent then, for warming up for ever must not look well.
func (n *Intake) overdue(at point.Instant) bool {
	return at.Sub(n.begun) >= 2*max(n.WarmUp, n.BurnIn)
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

// Memory is what the intake must keep over a restart: how long the part has been heard in all its
// life, up to its burn-in, and for how long it has warmed up. The latter is forgotten once the part
// has been warm for as long again: a restart after that may be a power cut, and one before it is of
// a program that does not live long enough to see the sensor warm.
func (n *Intake) Memory() (lit, warm time.Duration) {
	switch warm = n.heard.Sub(n.begun); {
	case n.failed >= failures:
		warm = 0
	case !n.started:
		warm = n.ahead
	case warm >= 2*n.WarmUp:
		warm = 0
	}
	return n.lit, min(warm, n.WarmUp)
}

// Remember takes over what an earlier run kept. Nonsense is cut to what can be. It is for before
// the first reading.
func (n *Intake) Remember(lit, warm time.Duration) {
	n.lit, n.ahead = min(max(lit, 0), n.BurnIn), min(max(warm, 0), n.WarmUp)
}

// Inherit goes on from what the intake of an earlier plan has seen: a part that is warm stays warm.
func (n *Intake) Inherit(old Intake) {
	own := n.Channel
	*n = old
	n.Channel, n.lit = own, min(old.lit, own.BurnIn)
}
