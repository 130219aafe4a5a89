package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

// growth is level_rate, crack_rate, crack_growth and tilt_change:
//
//	(value now − value one window ago) · per / window
//
// where per is an hour for a rate, and the window itself for a plain difference. A window is
// covered by 48 samples.
type growth struct {
	in    input
	trail rate
	per   time.Duration
	begun bool
	since point.Instant
	value int64
}

func newGrowthHour(d *Derivation) Formula {
	return &growth{in: newInput(d, 0), trail: newRate(d.Window), per: time.Hour}
}

func newGrowth(d *Derivation) Formula {
	return &growth{in: newInput(d, 0), trail: newRate(d.Window), per: d.Window}
}

// Step implements Formula.
func (f *growth) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		if !f.in.take(now, &rs[i]) {
			continue
		}
		if !f.begun || f.trail.lost(f.in.at) {
			f.begun, f.since = true, f.in.at
		}
		f.value = f.trail.per(f.in.at, f.in.value, f.per)
	}
	q, why := quality(f.begun && now.Sub(f.since) >= f.trail.window, &f.in)
	return f.value, q, why
}

// sums adds up what came within a window, in a ring of sumSlots parts of it.
type sums struct {
	width time.Duration // of one part
	slots [sumSlots]sum
	begun bool
	since point.Instant // when the first value came, or the first after a window without one
	heard point.Instant // when the newest one came
	start point.Instant // of the newest part
	at    int           // the newest part
}

// sum is one part of a window.
type sum struct {
	total, n, peak int64
}

const sumSlots = 60

// mostSum bounds the sum of one part, so that those of all parts fit.
const mostSum = 1 << 56

func newSums(window time.Duration) sums {
	return sums{width: max(window/sumSlots, time.Millisecond)}
}

// window is the time that is looked back on.
func (s *sums) window() time.Duration { return s.width * sumSlots }

// hear notes that a value has come. The window fills from then on when none had come in a whole
// one.
func (s *sums) hear(at point.Instant) {
	if !s.begun {
		s.begun, s.since, s.start, s.heard = true, at, at, at
	} else if at.Sub(s.heard) >= s.window() {
		s.since = at
	}
	s.heard = max(s.heard, at)
	s.elapse(at)
}

// elapse lets what is older than the window fall out.
func (s *sums) elapse(now point.Instant) {
	if !s.begun {
		return
	}
	for n := 0; now.Sub(s.start) >= s.width; n++ {
		if n > sumSlots { // A long silence: all of it is old.
			s.start = now
			return
		}
		s.start, s.at = s.start.Add(s.width), (s.at+1)%sumSlots
		s.slots[s.at] = sum{}
	}
}

// add puts a value into the newest part.
func (s *sums) add(at point.Instant, value int64) {
	s.hear(at)
	p := &s.slots[s.at]
	if p.n == 0 || value > p.peak {
		p.peak = value
	}
	p.total, p.n = min(max(p.total+value, -mostSum), mostSum), p.n+1
}

// all joins the parts.
func (s *sums) all() (all sum) {
	for _, p := range s.slots {
		if p.n == 0 {
			continue
		}
		if all.n == 0 || p.peak > all.peak {
			all.peak = p.peak
		}
		all.total, all.n = all.total+p.total, all.n+p.n
	}
	return all
}

// full tells whether the values of a whole window are there.
func (s *sums) full(now point.Instant) bool {
	return s.begun && now.Sub(s.since) >= s.window()
}

// average is mean and max: the mean, or the highest, of all values of the last window.
type average struct {
	in   input
	sums sums
	peak bool
}

func newMean(d *Derivation) Formula {
	return &average{in: newInput(d, 0), sums: newSums(d.Window)}
}

func newPeak(d *Derivation) Formula {
	return &average{in: newInput(d, 0), sums: newSums(d.Window), peak: true}
}

// Step implements Formula.
func (f *average) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		if f.in.take(now, &rs[i]) {
			f.sums.add(f.in.at, f.in.value)
		}
	}
	f.sums.elapse(now)
	all := f.sums.all()
	if all.n == 0 {
		return 0, point.Bad, point.Stale
	}
	q, why := quality(f.sums.full(now), &f.in)
	if f.peak {
		return all.peak, q, why
	}
	return all.total / all.n, q, why
}

// spell is time_above and time_below: for how long, within the last window, the value was at or
// beyond the limit, in seconds. Between two readings the earlier value holds, for mostHold at most.
type spell struct {
	in    input
	limit int64
	below bool
	sums  sums // of milliseconds
}

// mostHold is how long a value is taken to go on without being read again.
const mostHold = time.Minute

func newTimeAbove(d *Derivation) Formula {
	return &spell{in: newInput(d, 0), limit: d.Limit, sums: newSums(d.Window)}
}

func newTimeBelow(d *Derivation) Formula {
	return &spell{in: newInput(d, 0), limit: d.Limit, sums: newSums(d.Window), below: true}
}

// Step implements Formula.
func (f *spell) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		before := f.in
		if !f.in.take(now, &rs[i]) {
			continue
		}
		f.sums.hear(f.in.at)
		if before.seen && isBeyond(before.value, f.limit, f.below) {
			f.sums.add(f.in.at, min(f.in.at.Sub(before.at), mostHold).Milliseconds())
		}
	}
	f.sums.elapse(now)
	q, why := quality(f.sums.full(now), &f.in)
	return f.sums.all().total / 1000, q, why
}

func isBeyond(value, limit int64, below bool) bool {
	if below {
		return value <= limit
	}
	return value >= limit
}

// lasting is how long the value has been at or above the limit without a break, in seconds: of a
// gas detector with its low limit, the duration of the leak.
type lasting struct {
	in    input
	limit int64
	above bool
	since point.Instant
}

func newLasting(d *Derivation) Formula {
	return &lasting{in: newInput(d, 0), limit: d.Limit}
}

// Step implements Formula.
func (f *lasting) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		if !f.in.take(now, &rs[i]) {
			continue
		}
		above := f.in.value >= f.limit
		if above && !f.above {
			f.since = f.in.at
		}
		f.above = above
	}
	q, why := quality(true, &f.in)
	if !f.above {
		return 0, q, why
	}
	return int64(now.Sub(f.since) / time.Second), q, why
}
