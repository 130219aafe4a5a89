package alarm

import (
	"slices"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// row is a row of the matrix with its outputs looked up.
type row struct {
	*Effect
	acts []act
}

type act struct {
	output int
	play   Pattern
}

// compile looks up the outputs of the matrix. An act for one that is not there, or that stops what
// must not stop, is left out.
func (p *Panel) compile() {
	if p.plan.Effects == nil {
		p.plan.Effects = Usual(p.plan.Outputs)
	}
	p.rows = p.rows[:0]
	for i := range p.plan.Effects {
		r := row{Effect: &p.plan.Effects[i]}
		for _, a := range r.Then {
			for j := range p.plan.Outputs {
				o := &p.plan.Outputs[j]
				if o.ID == a.Output && a.Play < patterns && (a.Play != Off || o.MayStop()) {
					r.acts = append(r.acts, act{j, a.Play})
				}
			}
		}
		p.rows = append(p.rows, r)
	}
}

// MayStop tells whether a row of the matrix may keep the output off. What warns people, and what
// keeps gas or people out of harm's way, is never told to stop.
func (o *OutputPlan) MayStop() bool {
	return o.Kind == Fan || o.Kind == Lamp || o.Kind == Relay
}

// matches tells whether a is of the kind that the cause waits for.
func (p *Panel) matches(c *Cause, a *standing) bool {
	return c.Fault == "" && a.finding.Level >= c.level() &&
		(len(c.Signals) == 0 || slices.Contains(c.Signals, a.signal)) &&
		(len(c.Zones) == 0 || slices.Contains(c.Zones, a.zone) || p.area(a.zone) == nil) &&
		(len(c.Points) == 0 || slices.Contains(c.Points, a.point)) &&
		(c.Of == Any || c.Of == a.nature || c.Of >= Held && c.Of == p.back(a) ||
			c.Of == Alone && p.alone(a))
}

// back tells why the zone of an alarm holds it back; Any: it does not.
func (p *Panel) back(a *standing) Nature {
	z := p.area(a.zone)
	switch {
	case a.held == detect.Normal || z == nil:
		return Any
	case z.plan.Mode == PAS:
		return Held
	case z.plan.Mode == Verify:
		return Doubted
	}
	return Any
}

// alone tells whether the zone of an alarm of fire can give no second, because it has no other
// automatic detector. In a zone that waits for two, one is never enough.
func (p *Panel) alone(a *standing) bool {
	w, z := p.at(a.point), p.area(a.zone)
	return w != nil && w.alone && a.nature == Any && (z == nil || z.plan.Mode != Cross)
}

// isAlone tells whether a point is the only automatic detector of fire in its zone, of which
// detectors are all.
func (w *watched) isAlone(detectors []*watched) bool {
	return w.plan.detects() && !slices.ContainsFunc(detectors, func(o *watched) bool {
		return o != w && !slices.ContainsFunc(o.plan.Devices, func(device string) bool {
			return slices.Contains(w.plan.Devices, device)
		})
	})
}

// detects tells whether a point finds fire by itself.
func (p *PointPlan) detects() bool {
	return p.Signal == Fire && p.nature() == Any &&
		(p.raises(detect.Alarm) || p.raises(detect.AlarmHigh))
}

// mostTriggers bounds how many points a row may wait for.
const mostTriggers = 8

// enough tells whether as many independent points of a's zone as wanted count, a among them. A
// point whose condition has ended counts until its alarm is reset; one that is read from a device
// of another is no second, and what a drill plays is none of a fire.
func (p *Panel) enough(a *standing, want int, counts func(*standing) bool) bool {
	var found [mostTriggers]*standing
	found[0] = a
	n := 1
	for _, b := range p.alarms {
		if n >= min(want, mostTriggers) {
			return true
		}
		if b == a || b.zone != a.zone || b.drill != a.drill || !counts(b) {
			continue
		}
		if !slices.ContainsFunc(found[:n], b.shares) {
			found[n] = b
			n++
		}
	}
	return n >= min(want, mostTriggers)
}

// shares tells whether two alarms were read from one device.
func (a *standing) shares(b *standing) bool {
	return slices.ContainsFunc(a.devices, func(device string) bool {
		return slices.Contains(b.devices, device)
	})
}

// choice is what is chosen for an output so far.
type choice struct {
	rank int
	by   *standing // nil: a fault
	play Pattern
}

// rank orders the rows that are met: by the alarm, then the narrower one. A fault comes last.
func (r *row) rank(a *standing) int {
	if a == nil {
		return 1
	}
	rank := (1+a.urgency())<<16 + int(r.When.level())<<8 + min(max(r.When.Triggers, 0), 15)<<2
	if r.When.Of != Any {
		rank += 2
	}
	if r.Own {
		rank++
	}
	return rank
}

// urgency orders alarms that drive one output: alarms before lesser levels, then by signal (fire
// wins), then by level. What may become a fire comes before what only wants to be put right.
func (a *standing) urgency() int {
	u := int(a.signal)<<8 + int(a.finding.Level)
	switch {
	case a.signal < Evacuation && a.nature == Precursor:
		u = int(Water)<<8 + 0x80 + int(a.finding.Level)
	case a.signal >= Evacuation && a.finding.Level >= detect.Alarm:
		u += int(signals) << 8
	}
	return u
}

// apply offers what a row says to its outputs.
func (p *Panel) apply(r *row) {
	if r.When.Fault != "" {
		stands, sounds := p.faulty(r.When.Fault)
		for _, a := range r.acts {
			if o := &p.outputs[a.output]; sounds || stands && !o.plan.Kind.Sounds() {
				o.offer(choice{r.rank(nil), nil, a.play})
			}
		}
		return
	}
	for _, a := range p.alarms {
		rank := r.rank(a)
		if !p.wanted(r, rank) {
			continue // Many alarms may stand, and few of them decide.
		}
		counts := func(b *standing) bool { return p.matches(&r.When, b) }
		if !counts(a) || !p.enough(a, r.When.Triggers, counts) {
			continue
		}
		for _, act := range r.acts {
			o := &p.outputs[act.output]
			if rank <= o.choice.rank || a.silenced && o.plan.Kind.Sounds() || p.blocks(&o.plan, a) {
				continue
			}
			if o.plan.Irreversible && p.waits(a) && !p.enough(a, 2, (*standing).witnesses) {
				continue
			}
			o.offer(choice{rank, a, act.play})
		}
	}
}

// wanted tells whether a row with this rank would change anything.
func (p *Panel) wanted(r *row, rank int) bool {
	for i := range r.acts {
		if p.outputs[r.acts[i].output].choice.rank < rank {
			return true
		}
	}
	return false
}

// offer takes the more urgent of two choices. Of two alike the older alarm stays, so that the
// reason does not jump.
func (o *driven) offer(c choice) {
	if c.rank > o.choice.rank {
		o.choice = c
	}
}

// waits tells whether what cannot be undone waits for a second point beside a.
func (p *Panel) waits(a *standing) bool {
	z := p.area(a.zone)
	return z != nil && z.plan.Mode == Cross && a.nature != CallPoint &&
		a.signal != CO && a.signal != Gas
}

// decideOutputs gives every output its pattern.
func (p *Panel) decideOutputs(now point.Instant) {
	p.redrive = false
	for i := range p.outputs {
		p.outputs[i].choice = choice{}
		p.carryOn(&p.outputs[i])
	}
	for i := range p.rows {
		p.apply(&p.rows[i])
	}
	for i := range p.outputs {
		p.settle(now, &p.outputs[i])
	}
	p.rang = false
	p.wish(now)
}

// drives tells whether a row makes a sounder play for a.
func (p *Panel) drives(a *standing) bool {
	for i := range p.rows {
		r := &p.rows[i]
		if !p.matches(&r.When, a) {
			continue
		}
		for _, act := range r.acts {
			if p.plan.Outputs[act.output].Kind == Sounder && act.play != Off {
				return true
			}
		}
	}
	return false
}
