package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

// Trace is what a formula keeps over a restart: ages in place of moments. The zero value is
// nothing.
type Trace struct {
	Age   time.Duration `json:",omitempty"` // since it began to look, or since what it counts from
	Heard time.Duration `json:",omitempty"` // since the newest value
	Part  time.Duration `json:",omitempty"` // since the newest part of a window began
	Known bool          `json:",omitempty"` // Age means something
	Last  int64         `json:",omitempty"` // the last count, or class
	Has   bool          `json:",omitempty"` // Last means something
	Wet   bool          `json:",omitempty"` // of dry_time: a tip was seen
	// Parts are those of the window, the newest first. What is older than the last has no value.
	Parts []int64 `json:",omitempty"`
}

// Tracer is a Formula that looks back, or that depends on what was.
type Tracer interface {
	Trace(now point.Instant) Trace
	// Recall is called before the first Step with what an earlier run kept. Time that passed
	// between the two runs does not count. Nonsense is cut to what can be.
	Recall(now point.Instant, t Trace)
}

// mostAge bounds what is counted from: longer ago makes no difference to anybody.
const mostAge = 10 * 365 * 24 * time.Hour

// ago is the moment that lies an age back.
func ago(now point.Instant, age, most time.Duration) point.Instant {
	return now.Add(-min(max(age, 0), most))
}

// partNumbers are kept of each part of a window.
const partNumbers = 3

func (s *sums) trace(now point.Instant) Trace {
	t := Trace{Known: s.begun}
	if !s.begun {
		return t
	}
	t.Age, t.Heard, t.Part = min(now.Sub(s.since), s.window()), now.Sub(s.heard), now.Sub(s.start)
	last := 0
	for i := range sumSlots {
		p := s.slots[(s.at-i+sumSlots)%sumSlots]
		if t.Parts = append(t.Parts, p.total, p.n, p.peak); p != (sum{}) {
			last = len(t.Parts)
		}
	}
	t.Parts = t.Parts[:last]
	return t
}

func (s *sums) recall(now point.Instant, t *Trace) {
	if !t.Known {
		return
	}
	s.begun, s.at = true, sumSlots-1
	s.since, s.heard = ago(now, t.Age, s.window()), ago(now, t.Heard, s.window())
	s.start = ago(now, t.Part, s.width)
	for i := range min(len(t.Parts)/partNumbers, sumSlots) {
		p := t.Parts[i*partNumbers:]
		s.slots[s.at-i] = sum{
			total: min(max(p[0], -mostSum), mostSum), n: min(max(p[1], 0), mostSum), peak: Clamp(p[2]),
		}
	}
}

// Trace implements Tracer.
func (f *rain) Trace(now point.Instant) Trace {
	t := f.sums.trace(now)
	t.Last, t.Has = f.bucket.count, f.bucket.known
	return t
}

// Recall implements Tracer.
func (f *rain) Recall(now point.Instant, t Trace) {
	f.sums.recall(now, &t)
	f.bucket = bucket{Clamp(t.Last), t.Has}
}

// Trace implements Tracer.
func (f *average) Trace(now point.Instant) Trace { return f.sums.trace(now) }

// Recall implements Tracer.
func (f *average) Recall(now point.Instant, t Trace) { f.sums.recall(now, &t) }

// Trace implements Tracer.
func (f *spell) Trace(now point.Instant) Trace { return f.sums.trace(now) }

// Recall implements Tracer.
func (f *spell) Recall(now point.Instant, t Trace) { f.sums.recall(now, &t) }

// Trace implements Tracer.
func (f *dryTime) Trace(now point.Instant) Trace {
	return Trace{
		Age: now.Sub(f.since), Known: f.begun, Wet: f.wet, Last: f.bucket.count, Has: f.bucket.known,
	}
}

// Recall implements Tracer.
func (f *dryTime) Recall(now point.Instant, t Trace) {
	f.begun, f.wet, f.since = t.Known, t.Known && t.Wet, ago(now, t.Age, mostAge)
	f.bucket = bucket{Clamp(t.Last), t.Has}
}

// Trace implements Tracer.
func (f *lasting) Trace(now point.Instant) Trace {
	return Trace{Age: now.Sub(f.since), Known: f.above}
}

// Recall implements Tracer.
func (f *lasting) Recall(now point.Instant, t Trace) {
	f.above, f.since = t.Known, ago(now, t.Age, mostAge)
}

// Trace implements Tracer.
func (f *colour) Trace(point.Instant) Trace {
	return Trace{Last: f.now, Has: f.in.seen || f.now > 0}
}

// Recall implements Tracer.
func (f *colour) Recall(_ point.Instant, t Trace) {
	if t.Has {
		f.now = min(max(t.Last, 0), int64(len(f.steps)))
	}
}

// Trace implements Tracer. Its parts are the age of a sample in milliseconds, and its value.
func (f *growth) Trace(now point.Instant) Trace {
	t := Trace{Age: min(now.Sub(f.since), f.trail.window), Known: f.begun}
	for i := range f.trail.n {
		s := f.trail.slots[(f.trail.first+f.trail.n-1-i)%rateSlots]
		t.Parts = append(t.Parts, now.Sub(s.at).Milliseconds(), s.value)
	}
	return t
}

// Recall implements Tracer.
func (f *growth) Recall(now point.Instant, t Trace) {
	f.begun, f.since = t.Known, ago(now, t.Age, f.trail.window)
	newest := min(len(t.Parts)/2, rateSlots) - 1
	before := point.Instant(-1 << 63)
	for i := newest; i >= 0; i-- {
		at := now.Add(-time.Duration(Clamp(t.Parts[2*i])) * time.Millisecond)
		if at > now || at <= before {
			continue
		}
		f.trail.push(at, min(max(t.Parts[2*i+1], -rateMost), rateMost))
		before = at
	}
}
