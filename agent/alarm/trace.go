package alarm

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// SavedFormula is what the formula of a derived point remembers. It is of use to the same formula
// over the same time of the same points only.
type SavedFormula struct {
	Point   point.ID
	Formula string
	From    []point.ID
	Window  time.Duration
	Trace   detect.Trace
}

// mostFormulas bounds the file: a formula takes some 2 kB of it.
const mostFormulas = 32

// saveFormulas copies what formulas remember. Of more than mostFormulas the first are kept.
func (p *Panel) saveFormulas(now point.Instant) (all []SavedFormula) {
	for i := range p.points {
		w := &p.points[i]
		if f, ok := w.tracer(); ok && len(all) < mostFormulas {
			d := w.plan.Derived
			all = append(all, SavedFormula{
				Point: w.plan.ID, Formula: d.Formula, From: d.From, Window: d.Window,
				Trace: f.Trace(now),
			})
		}
	}
	return all
}

// tracer is the formula of a point, when it has a memory.
func (w *watched) tracer() (detect.Tracer, bool) {
	if w.derived == nil {
		return nil, false
	}
	f, ok := w.derived.formula.(detect.Tracer)
	return f, ok
}

// traces tells whether a formula of the plan has a memory.
func (p *Panel) traces() bool {
	for i := range p.points {
		if _, ok := p.points[i].tracer(); ok {
			return true
		}
	}
	return false
}

// restoreFormulas takes over what formulas of an earlier run remembered. They are told at the first
// step, for only then is it known what the time is.
func (p *Panel) restoreFormulas(saved []SavedFormula) {
	for i := range saved {
		s := &saved[i]
		w := p.at(s.Point)
		if w == nil || w.derived == nil {
			continue
		}
		d := w.plan.Derived
		if d.Formula == s.Formula && slices.Equal(d.From, s.From) && d.Window == s.Window {
			w.derived.trace = &s.Trace
		}
	}
}

// recallFormulas tells the formulas what an earlier run remembered.
func (p *Panel) recallFormulas(now point.Instant) {
	for i := range p.points {
		w := &p.points[i]
		if f, ok := w.tracer(); ok && w.derived.trace != nil {
			f.Recall(now, *w.derived.trace)
			w.derived.trace = nil
		}
	}
}

// inherit goes on from the formula of an earlier plan, when it is the same.
func (d *derived) inherit(old *derived, same bool) {
	if d == nil || old == nil || !same || d.formula == nil || old.formula == nil {
		return
	}
	d.formula, d.class, d.classed = old.formula, old.class, old.classed
}
