package alarm

import "github.com/firepost/firepost/agent/point"

// outlast lets a lamp outlast the alarm that drove it, so that who comes back from a reset in
// another room still sees where it was. The panel knows nothing of a receipt: a lamp that is held
// for long enough after the reset was held after the receipt too, unless the line was down.
func (p *Panel) outlast(now point.Instant, o *driven, want Pattern) Pattern {
	a := o.choice.by
	switch {
	case o.plan.Hold <= 0:
	case a != nil && want.IsAlarm():
		o.lit, o.litUntil = !a.drill, 0
	case o.lit:
		o.lit, o.litUntil, p.dirty = false, now.Add(o.plan.Hold), true
	}
	if want == Off && now < o.litUntil {
		return o.plan.on()
	}
	return want
}

// dim ends what outlast and mean have held.
func (p *Panel) dim(now point.Instant) {
	for i := range p.outputs {
		o := &p.outputs[i]
		if o.litUntil != 0 && now >= o.litUntil {
			o.litUntil, p.redrive = 0, true
		}
		if o.meantUntil != 0 && now >= o.meantUntil {
			o.meantUntil, p.redrive = 0, true
		}
	}
}
