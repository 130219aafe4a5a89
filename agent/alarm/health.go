package alarm

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Life says how long a sensor can be trusted. The zero value: for ever.
type Life struct {
	Installed Date  // 0: not known
	Days      int32 // 0: no end
}

// LifeState is where a sensor stands in its life. The zero value is one that nobody watches.
type LifeState struct {
	Fault   detect.FaultCode // end_of_life, end_of_life_soon, or none
	Watched bool             // the day of its installation and its life are known
	Known   bool             // and so is today; until then its end is not noticed
	Left    int32            // days; negative: since when it is over; meaningless unless Known
}

// lifeWarning is how long before its end a sensor is reported.
const lifeWarning = 30

// at is where a life stands on a day.
func (l Life) at(day Date) LifeState {
	s := LifeState{Watched: l.Days > 0 && l.Installed != 0}
	if !s.Watched || day == 0 {
		return s
	}
	s.Known, s.Left = true, int32(l.Installed)+l.Days-int32(day)
	switch {
	case s.Left <= 0:
		s.Fault = detect.EndOfLife
	case s.Left <= lifeWarning:
		s.Fault = detect.EndOfLifeSoon
	}
	return s
}

// age brings the lives of all sensors to a day. While the day is not known what was known stays.
func (p *Panel) age(day Date) {
	if day == p.today || day == 0 {
		return
	}
	p.today = day
	for i := range p.points {
		w := &p.points[i]
		w.life = w.plan.Life.at(day)
	}
}

// pair is two points that measure the same.
type pair struct {
	a, b     *watched
	quantity drivers.Quantity
	span     int64
	apart    bool // they differ too much, since the moment below
	since    point.Instant
	disagree bool // for so long that neither can be believed
}

const (
	pairShare = 5           // a fifth of the span is too much
	pairAfter = time.Minute // for so long
)

// marry ties the points that are pairs. A pair is written at either of its points.
func (p *Panel) marry() {
	for i := range p.points {
		a := &p.points[i]
		b := p.at(a.plan.Pair)
		if b == nil || b == a || a.pair != nil || b.pair != nil {
			continue
		}
		for _, c := range a.plan.Spec.Channels {
			if c.Min < c.Max && b.channel(c.Quantity) != nil {
				a.pair = &pair{a: a, b: b, quantity: c.Quantity, span: c.Max - c.Min}
				b.pair = a.pair
				break
			}
		}
	}
}

// channel is what is known of a quantity; nil when the point does not measure it.
func (w *watched) channel(q drivers.Quantity) *channel {
	for i := range w.channels {
		if w.channels[i].Quantity == q {
			return &w.channels[i]
		}
	}
	return nil
}

// compare looks at every pair once a step.
func (p *Panel) compare(now point.Instant) {
	for i := range p.points {
		if w := &p.points[i]; w.pair != nil && w.pair.a == w {
			w.pair.compare(now)
		}
	}
}

// compare tells whether the two have been too far apart for too long. While one of them has no
// value nothing can be said, and what was so stays so.
func (c *pair) compare(now point.Instant) {
	a, b := c.a.channel(c.quantity), c.b.channel(c.quantity)
	if !c.comparable(now, a) || !c.comparable(now, b) {
		c.since = now
		return
	}
	far := max(a.Value-b.Value, b.Value-a.Value) > c.span/pairShare
	if far && !c.apart {
		c.since = now
	}
	c.apart = far
	c.disagree = far && (c.disagree || now.Sub(c.since) >= pairAfter)
}

func (c *pair) comparable(now point.Instant, ch *channel) bool {
	return ch.Seen && ch.Quality != point.Bad && ch.Reason != point.WarmUp &&
		now.Sub(ch.heard) < c.a.plan.Spec.StaleAfter()
}

// prepare makes of what was read what is judged.
func (w *watched) prepare(rd *point.Reading) {
	rd.Sample.Value = detect.Clamp(rd.Sample.Value)
	for i := range w.intakes {
		n := &w.intakes[i]
		if n.Quantity == rd.Sample.Quantity || rd.Sample.Quantity == 0 {
			n.Prepare(rd)
		}
	}
	if w.pair != nil && w.pair.disagree && rd.Sample.Quantity == w.pair.quantity &&
		rd.Quality == point.Good {
		rd.Quality, rd.Reason = point.Uncertain, point.Disagree
	}
}

const (
	rememberEvery = 10 * time.Second // how often memories are looked at
	doseStep      = 50_000           // millionths of a dose that are worth a write
	heardStep     = 10 * time.Minute // of a part that burns in
	warmParts     = 16               // of a warm-up
	rememberAll   = time.Hour        // what creeps is written so often
)

// worthSaving tells whether a memory has moved so far that it must be written: a dose at once, what
// creeps every hour.
func (p *Panel) worthSaving(now point.Instant) bool {
	if now.Sub(p.remembered) < rememberEvery {
		return false
	}
	p.remembered = now
	all := now.Sub(p.memorised) >= rememberAll
	if all {
		p.memorised = now
	}
	due := all && p.traces()
	for i := range p.points {
		w := &p.points[i]
		m := w.memory()
		due = due || w.moved(&m) || all && m != w.kept
	}
	return due
}

// moved tells whether what a point must keep has moved by a step. That a warm-up is over must not
// wait: it would be saved time for a sensor that has been without power since.
func (w *watched) moved(m *SavedMemory) bool {
	dose := max(m.Rule.Dose-w.kept.Rule.Dose, w.kept.Rule.Dose-m.Rule.Dose)
	longest := time.Duration(0)
	for i := range w.intakes {
		longest = max(longest, w.intakes[i].WarmUp)
	}
	return dose >= doseStep || m.Heard-w.kept.Heard >= heardStep ||
		m.Warm-w.kept.Warm >= max(longest/warmParts, 1) || m.Warm < w.kept.Warm
}

// memory is what the point must keep over a restart; the zero value but for its name: nothing.
func (w *watched) memory() (m SavedMemory) {
	m.Point = w.plan.ID
	for i := range w.intakes {
		lit, warm := w.intakes[i].Memory()
		m.Heard = max(m.Heard, lit)
		if warm > 0 && (m.Warm == 0 || warm < m.Warm) {
			m.Warm = warm
		}
	}
	r, ok := w.rule.(detect.Rememberer)
	if !ok {
		return m
	}
	defer w.breaks()
	m.Rule = r.Memory()
	return m
}

// remember goes on from what an earlier run or plan kept.
func (w *watched) remember(m SavedMemory) {
	w.kept = m
	for i := range w.intakes {
		w.intakes[i].Remember(m.Heard, m.Warm)
	}
	if r, ok := w.rule.(detect.Rememberer); ok {
		defer w.breaks()
		r.Remember(m.Rule)
	}
}

// breaks notes that a rule has panicked.
func (w *watched) breaks() {
	if r := recover(); r != nil {
		w.broken = fmt.Sprint(r)
	}
}
