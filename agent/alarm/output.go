package alarm

import (
	"slices"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// driven is one output with what it plays.
type driven struct {
	plan    OutputPlan
	choice  choice  // of the matrix
	pattern Pattern // what it plays
	again   uint8   // grows when the pattern begins anew
	began   point.Instant
	told    Pattern // by the last event

	// kept on until a person on site lets it go: it was switched on by hand, or it is a valve that
	// an alarm has closed.
	kept   bool
	keptBy Origin        // zero: an alarm
	until  point.Instant // he wants it for a time; 0: until he lets it go

	last  choice // what it does for an alarm, or would but for a silence
	carry choice // what an alarm made it do under an earlier plan or in an earlier run

	meantUntil point.Instant // it tells that what it sounded for a drill is meant from now on

	lit      bool          // a lamp that an alarm drives
	litUntil point.Instant // a lamp that outlasts its alarm; 0: none

	echo echo
}

// on is what the output plays when it is simply switched on.
func (o *OutputPlan) on() Pattern {
	switch {
	case o.Steady:
	case o.Kind == Strobe:
		return Flash
	case o.Kind.Sounds():
		return HandTone
	}
	return Steady
}

// settle makes a pattern of what the matrix has chosen, of what people want and of what is asked.
// The order matters: an alarm first, then what a person has switched on, then a question to people,
// and a chirp last.
func (p *Panel) settle(now point.Instant, o *driven) {
	alarmed := o.choice.rank > 0 && (o.choice.play.IsAlarm() || o.choice.play == Off)
	p.remark(o)
	if o.plan.Kind == Valve && alarmed && !o.kept {
		o.kept, o.keptBy, p.dirty = true, Origin{}, true
	}
	want := o.choice.play
	switch {
	case p.frozen(&o.plan):
		want = o.pattern
	case alarmed:
	case o.kept:
		want = o.plan.on()
	default:
		if asked := p.asks(&o.plan); asked != Off {
			want = asked
		} else if tone := p.tone(&o.plan); tone != Off {
			want = tone
		}
	}
	want = p.outlast(now, o, want)
	if o.plan.Steady && want.IsAlarm() || now < o.meantUntil && want.IsAlarm() {
		want = Steady
	}
	// Whatever is left of the old alarm's four minutes, a new one is heard often for two at least.
	anew := p.rang && want == Temporal4 && now.Sub(o.began) >= lateTemporal4/2
	if want == o.pattern && !anew {
		return
	}
	if (want == Off) != (o.pattern == Off) {
		p.expect(now, o, want != Off)
	}
	o.pattern, o.began = want, now
	o.again++
}

// frozen tells whether gas keeps an output from switching: it hangs where the gas is, and its spark
// may light it. What warns people, and the valve, switch all the same.
func (p *Panel) frozen(o *OutputPlan) bool {
	return o.In != "" && !o.Ex && o.MayStop() &&
		slices.ContainsFunc(p.alarms, func(a *standing) bool {
			return a.signal == Gas && a.zone == o.In && a.meant().Level >= detect.Alarm
		})
}

// wish writes down what each output should do. One that is told again goes off for a moment, for a
// drive that only sees an edge.
func (p *Panel) wish(now point.Instant) {
	for i := range p.outputs {
		o := &p.outputs[i]
		p.wishes[i] = Wish{Output: o.plan.ID, Pattern: o.pattern, Again: o.again}
		if now < o.echo.restUntil {
			p.wishes[i].Pattern = Off
		}
	}
}

// output is the output of that name; nil when the plan has none.
func (p *Panel) output(id OutputID) *driven {
	for i := range p.outputs {
		if p.outputs[i].plan.ID == id {
			return &p.outputs[i]
		}
	}
	return nil
}

// operate switches an output by hand, and says why not, if it may not. Whoever switches one on
// keeps it on until a person on site lets it go; then it does what the alarms say.
func (p *Panel) operate(now point.Instant, c *Command) string {
	o := p.output(c.Output)
	if o == nil {
		return RefusedUnknownOutput
	}
	if p.redrive {
		p.decideOutputs(now) // by a reset in this very step
	}
	remote := c.By.Kind == District
	held := o.choice.by != nil && o.choice.play == Off
	driven := o.choice.by != nil && o.choice.play != Off
	switch {
	case remote && !(c.On && o.plan.Kind.IsSafer()):
		return RefusedNotPermitted
	case c.On && c.For != 0 && !remote && !o.mayEnd(c.For):
		return RefusedDuration
	case c.On == o.kept && o.until == 0:
		if c.On && o.keptBy == (Origin{}) {
			break // an alarm has closed the valve; from now on somebody has too
		}
		return RefusedNothing
	case p.frozen(&o.plan) || c.On && held:
		return RefusedInterlock
	case !c.On && driven:
		return RefusedDriven
	}
	o.kept, o.keptBy, o.until = c.On, Origin{}, 0
	play := o.choice.play
	if c.On {
		o.keptBy = c.By
		play = o.plan.on()
		if c.For > 0 && !remote {
			o.until = now.Add(c.For)
		}
	}
	e := Event{Kind: Operated, Output: o.plan.ID, Pattern: play}
	if o.until != 0 {
		e.For = c.For
	}
	p.emit(now, e)
	p.redrive, p.dirty = true, true
	return ""
}

// hush lets go what sounds because somebody switched it on, and tells whether there was any.
func (p *Panel) hush() bool {
	any := false
	for i := range p.outputs {
		if o := &p.outputs[i]; o.kept && o.plan.Kind.Sounds() {
			o.kept, o.keptBy, o.until, any = false, Origin{}, 0, true
		}
	}
	return any
}

// tellOutputs makes an event of each change.
func (p *Panel) tellOutputs(now point.Instant) {
	for i := range p.outputs {
		o := &p.outputs[i]
		if o.told == o.pattern {
			continue
		}
		o.told = o.pattern
		e := Event{Kind: OutputChanged, Output: o.plan.ID, Pattern: o.pattern}
		e.Drill = o.pattern == DrillTone
		switch a := o.choice.by; {
		case a != nil:
			e.Alarm, e.Zone, e.Point, e.Signal = a.id, a.zone, a.point, a.signal
			e.Drill = a.drill
		case o.kept:
			e.By = o.keptBy
		}
		p.emit(now, e)
	}
}
