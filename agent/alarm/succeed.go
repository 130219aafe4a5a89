package alarm

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// SavedOutput is one output as it was. All of them are saved, so that a plan which gives one
// another name finds what it did.
type SavedOutput struct {
	Output    OutputID
	Kind      OutputKind
	Kept      bool    `json:",omitempty"` // until a person on site lets it go
	By        Origin  // who switched it on; zero: an alarm
	Confirmed bool    `json:",omitempty"` // it has done what it was told
	Failed    bool    `json:",omitempty"` // it has not, and a fault stands
	Alarm     AlarmID `json:",omitempty"` // that drives it, or would but for a silence
	Play      Pattern `json:",omitempty"` // what it plays for Alarm
	// Left is how long a person still wants it; 0: until he lets it go.
	Left time.Duration `json:",omitempty"`
	// Pattern is what it must go on playing while gas keeps it from switching.
	Pattern Pattern `json:",omitempty"`
	// Lit is how long a lamp still outlasts its alarm.
	Lit time.Duration `json:",omitempty"`
}

// remark notes what an alarm makes an output do, so that no change of plan undoes it.
func (p *Panel) remark(o *driven) {
	by := o.last.by
	if a := o.choice.by; a != nil && !a.drill && a.finding.Level >= detect.Alarm &&
		o.choice.play.IsAlarm() {
		o.last = o.choice
	} else if by == nil || !by.silenced || !o.plan.Kind.Sounds() || !p.stands(by) {
		o.last = choice{}
	}
	p.dirty = p.dirty || o.last.by != by
	if o.carry.by != nil && o.carry.by == o.choice.by && o.carry.rank < o.choice.rank {
		o.carry = choice{} // The plan of now says it too.
	}
}

// stands tells whether an alarm is neither reset nor gone.
func (p *Panel) stands(a *standing) bool { return slices.Contains(p.alarms, a) }

// carryOn lets an output go on with what an alarm made it do under an earlier plan, until that
// alarm is reset: whoever changes the site file may narrow a siren, and must not silence it.
func (p *Panel) carryOn(o *driven) {
	c := &o.carry
	switch {
	case c.by == nil:
	case !p.stands(c.by):
		*c = choice{}
	case !c.by.silenced || !o.plan.Kind.Sounds():
		c.rank = (1 + c.by.urgency()) << 16 // below every row of this plan for the alarm
		o.offer(*c)
	}
}

// succeed gives each output of a plan what it did under an earlier one, or in an earlier run. One
// that is new goes on with what those of its kind did that are gone: it is likely one of them under
// another name, and a valve that came up open would let the gas in again.
func (p *Panel) succeed(now point.Instant, olds []driven) {
	gone := slices.DeleteFunc(slices.Clone(olds), func(old driven) bool {
		return p.output(old.plan.ID) != nil
	})
	for i := range p.outputs {
		o := &p.outputs[i]
		j := slices.IndexFunc(olds, func(old driven) bool { return old.plan.ID == o.plan.ID })
		if j >= 0 {
			o.continues(&olds[j])
			if o.plan.Feedback != olds[j].plan.Feedback {
				o.echo, p.unblamed = echo{}, true
				p.expect(now, o, o.pattern != Off)
			}
			continue
		}
		for k := range gone {
			o.inherits(&gone[k])
		}
		p.expect(now, o, o.pattern != Off)
	}
}

// continues makes an output what it was, but for its plan.
func (o *driven) continues(old *driven) {
	plan := o.plan
	*o = *old
	o.plan, o.choice = plan, choice{}
	if o.last.by != nil {
		o.carry = o.last
	}
}

// inherits takes over what an output did that is gone.
func (o *driven) inherits(gone *driven) {
	if o.plan.Kind != gone.plan.Kind {
		return
	}
	if gone.kept && !o.kept {
		o.kept, o.keptBy, o.until = true, gone.keptBy, gone.until
	}
	if o.carry.by == nil {
		o.carry = gone.last
	}
	if o.pattern == Off {
		o.pattern, o.began = gone.pattern, gone.began
	}
	o.litUntil = max(o.litUntil, gone.litUntil)
}

// bury tells of the outputs that the new plan has not.
func (p *Panel) bury(now point.Instant, olds []driven) {
	for i := range olds {
		old := &olds[i]
		if p.output(old.plan.ID) != nil {
			continue
		}
		p.unblamed = true
		if old.told != Off {
			p.emit(now, Event{Kind: OutputChanged, Output: old.plan.ID, Pattern: Off})
		}
	}
}

// saveOutputs copies what must survive of the outputs.
func (p *Panel) saveOutputs(now point.Instant) []SavedOutput {
	all := make([]SavedOutput, len(p.outputs))
	for i := range p.outputs {
		o := &p.outputs[i]
		all[i] = SavedOutput{
			Output: o.plan.ID, Kind: o.plan.Kind, Kept: o.kept, By: o.keptBy, Left: o.left(now),
			Confirmed: o.echo.confirmed, Failed: o.echo.failed, Play: o.last.play,
		}
		if o.last.by != nil {
			all[i].Alarm = o.last.by.id
		}
		if p.frozen(&o.plan) {
			all[i].Pattern = o.pattern
		}
		if o.litUntil > now {
			all[i].Lit = o.litUntil.Sub(now)
		}
	}
	return all
}

// restoreOutputs takes over what an earlier run left.
func (p *Panel) restoreOutputs(all []SavedOutput) {
	olds := make([]driven, len(all))
	for i := range all {
		s := &all[i]
		old := driven{plan: OutputPlan{ID: s.Output, Kind: s.Kind}}
		if o := p.output(s.Output); o != nil {
			old.plan = o.plan
		}
		old.kept, old.keptBy, old.pattern = s.Kept, s.By, min(s.Pattern, patterns-1)
		if s.Left > 0 {
			old.until = point.Instant(max(min(s.Left, longestOn)-saveAgain, 1))
		}
		old.echo.confirmed, old.echo.failed = s.Confirmed, s.Failed
		old.litUntil = point.Instant(min(s.Lit, old.plan.Hold))
		for _, a := range p.alarms {
			if a.id == s.Alarm {
				old.last = choice{by: a, play: min(s.Play, patterns-1)}
			}
		}
		olds[i] = old
	}
	p.succeed(0, olds)
}
