package alarm

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Risk ties a point to an entry of the district's list of risks.
type Risk struct {
	Code  string // of the entry; empty: none
	Owner string // who answers for it, as the district names him
}

// derived is how a point whose value is made, and not read, gets it: by a formula out of other
// points, or as a number that the panel knows of itself.
type derived struct {
	formula   detect.Formula // nil: an indicator, or it cannot be made
	indicator *IndicatorKind
	from      []int // its inputs
	result    drivers.Quantity
	trace     *detect.Trace // of an earlier run, until the first step
	inputs    []point.Reading
	due       point.Instant
	classes   func(int64) string // names of its values, when they are classes
	class     int64
	classed   bool
}

// deriveEvery is how often a derived value is told when nothing new has come in.
const deriveEvery = time.Second

// tie gives the derived points their inputs. One that cannot be made stays silent, and so is in
// fault.
func (p *Panel) tie() {
	for i := range p.points {
		w := &p.points[i]
		d := w.plan.Derived
		if d == nil {
			continue
		}
		w.derived = &derived{result: d.Quantity}
		for k := range indicators {
			if indicators[k].Name == d.Formula {
				w.derived.indicator, w.derived.result = &indicators[k], indicators[k].Result
			}
		}
		if k, ok := detect.FormulaByName(d.Formula); ok {
			w.derived.formula = detect.NewFormula(*d)
			if k.Result != 0 {
				w.derived.result = k.Result
			}
		}
		for _, id := range d.From {
			at, ok := p.index[id]
			if !ok {
				w.derived.formula = nil
				continue
			}
			w.derived.from = append(w.derived.from, at)
		}
		switch d.Formula {
		case "colour":
			w.derived.classes = riskColour
		case "fire_danger":
			w.derived.classes = dangerName
		}
	}
}

func riskColour(class int64) string {
	if class <= 0 || class >= int64(colours) {
		return "none"
	}
	return Colour(class).String()
}

func dangerName(class int64) string {
	return [...]string{"low", "moderate", "high", "extreme"}[min(max(class, 0), 3)]
}

// derive makes the values of the derived points, in plan order, so that one may be made of another
// that comes before it.
func (p *Panel) derive(now point.Instant) {
	for i := range p.points {
		if w := &p.points[i]; w.derived != nil {
			p.deriveOne(now, w)
		}
	}
}

func (p *Panel) deriveOne(now point.Instant, w *watched) {
	d := w.derived
	d.inputs = d.inputs[:0]
	for _, at := range d.from {
		d.inputs = append(d.inputs, p.points[at].fresh...)
	}
	if len(d.inputs) == 0 && now < d.due {
		return
	}
	d.due = now.Add(deriveEvery)
	rd := point.Reading{Point: w.plan.ID, At: now, Quality: point.Good}
	rd.Sample.Quantity = d.result
	switch {
	case d.formula != nil:
		rd.Sample.Value, rd.Quality, rd.Reason = d.formula.Step(now, d.inputs)
		if why := p.blind(now, d); why != point.None {
			rd.Sample, rd.Quality, rd.Reason = drivers.Sample{Quantity: d.result}, point.Bad, why
		}
		if rd.Quality == point.Bad && rd.Reason == point.Stale && !p.points[d.from[0]].heard() {
			return // nothing has come yet
		}
	case d.indicator != nil:
		value, known := d.indicator.find(p, now)
		switch {
		case known:
			rd.Sample.Value = value
		case w.heard(): // It was known once, and must not stay as it was.
			rd.Quality, rd.Reason = point.Bad, point.Stale
		default:
			return
		}
	default:
		return
	}
	w.deliver(rd)
	p.classify(now, w, &rd)
}

// heard tells whether a point has had any reading.
func (w *watched) heard() bool {
	for i := range w.channels {
		if w.channels[i].spoke {
			return true
		}
	}
	return false
}

// blind says why a formula cannot be trusted now: one of its inputs has no value. None: it can.
func (p *Panel) blind(now point.Instant, d *derived) point.Reason {
	for _, at := range d.from {
		w := &p.points[at]
		for i := range w.channels {
			c := &w.channels[i]
			switch {
			case !c.spoke:
			case c.Quality == point.Bad:
				return max(c.Reason, point.WarmUp)
			case now.Sub(c.heard) >= w.plan.Spec.StaleAfter():
				return point.Stale
			}
		}
	}
	return point.None
}

// excuseFor is how long after its input a derived point may be well again: it is made once a
// second, and its fault ends by the same delay.
const excuseFor = 2 * deriveEvery

// excused tells whether the fault of a derived point says nothing new: what the panel knows of
// itself may be not known yet, and an input that fails shows that itself, in its own time.
func (p *Panel) excused(now point.Instant, w *watched) bool {
	switch {
	case w.derived == nil:
		return false
	case w.derived.indicator != nil:
		return true
	}
	for _, at := range w.derived.from {
		src := &p.points[at]
		ended := src.fault != "" || src.faultSince != 0 && now.Sub(src.faultSince) <= excuseFor
		if src.finding.Fault != "" || src.disabled != nil || ended || src.ails() {
			return true
		}
	}
	return false
}

// ails tells whether the newest reading of a channel was bad.
func (w *watched) ails() bool {
	return slices.ContainsFunc(w.channels, func(c channel) bool {
		return c.spoke && c.Quality == point.Bad
	})
}

// classify tells when a value that is a class becomes another one. The first is told as well.
func (p *Panel) classify(now point.Instant, w *watched, rd *point.Reading) {
	d := w.derived
	if d.classes == nil || rd.Quality == point.Bad || d.classed && d.class == rd.Sample.Value {
		return
	}
	e := w.event(ClassChanged)
	e.Reason = d.classes(rd.Sample.Value)
	e.Matter.ID, e.Matter.Text = w.plan.Risk.Code, w.plan.Risk.Owner
	if w.plan.Derived.Formula == "colour" {
		e.Matter.Colour = Colour(rd.Sample.Value)
	}
	d.class, d.classed = rd.Sample.Value, true
	if w.disabled == nil {
		p.emit(now, e)
	}
}
