package alarm

import (
	"slices"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// driven is one output with what it plays.
type driven struct {
	plan    OutputPlan
	pattern Pattern
	by      *standing // the alarm that drives it
	told    Pattern   // by the last event
}

// usual is what drives an output of each kind when the site file does not say. A valve closes on
// gas; on fire it would need two triggers. A fan runs for CO, and stops for fire and gas: it would
// feed the one and may light the other.
var usual = [outputKinds][]Signal{
	Sounder: {Evacuation, Flood, CO, Gas, Fire},
	Buzzer:  {Supervisory, Power, Water, Evacuation, Flood, CO, Gas, Fire},
	Strobe:  {Evacuation, Flood, CO, Gas, Fire},
	Lamp:    {Evacuation, Flood, CO, Gas, Fire},
	Valve:   {Gas},
	Fan:     {CO, Gas, Fire},
	Relay:   {Evacuation, Flood, CO, Gas, Fire},
}

// tones is how a signal sounds once it is an alarm.
var tones = [signals]Pattern{
	Supervisory: Chirp, Power: Chirp, Water: Chirp,
	Evacuation: Steady, Flood: FloodTone, CO: Temporal4, Gas: GasTone, Fire: Temporal3,
}

// audible tells whether a silence stops the output.
func (o *OutputPlan) audible() bool { return o.Kind == Sounder || o.Kind == Buzzer }

// level is the lowest level that drives the output. A buzzer is there for everything.
func (o *OutputPlan) level() detect.Level {
	switch {
	case o.Level != detect.Normal:
		return o.Level
	case o.Kind == Buzzer:
		return detect.Supervisory
	}
	return detect.Alarm
}

// follows tells whether a drives the output.
func (o *OutputPlan) follows(a *standing) bool {
	if a.finding.Level < o.level() {
		return false
	}
	if len(o.Zones) > 0 && !slices.Contains(o.Zones, a.zone) {
		return false
	}
	if len(o.Signals) > 0 {
		return slices.Contains(o.Signals, a.signal)
	}
	return o.Kind < outputKinds && slices.Contains(usual[o.Kind], a.signal)
}

// plays is what the output does for a.
func (o *OutputPlan) plays(a *standing) Pattern {
	switch o.Kind {
	case Sounder, Buzzer:
		return o.sounds(a)
	case Strobe:
		if !o.Steady {
			return Flash
		}
	case Fan:
		if len(o.Signals) == 0 && a.signal != CO {
			return Off
		}
	}
	return Steady
}

// sounds is the tone of a. A steady output has no pattern for an alarm, but a chirp stays a chirp:
// a siren that howls for a leak would be switched off for good.
func (o *OutputPlan) sounds(a *standing) Pattern {
	tone := Chirp
	switch {
	case a.finding.Level == detect.PreAlarm:
		tone = Alert
	case a.finding.Level >= detect.Alarm && a.signal < signals:
		tone = tones[a.signal]
	}
	if o.Steady && tone != Chirp {
		return Steady
	}
	return tone
}

// urgency orders alarms that drive one output: alarms before lesser levels, then by signal (fire
// wins), then by level.
func (a *standing) urgency() int {
	u := int(a.signal)<<8 + int(a.finding.Level)
	if a.finding.Level >= detect.Alarm {
		u += int(signals) << 8
	}
	return u
}

// decideOutputs gives every output its pattern.
func (p *Panel) decideOutputs() {
	p.redrive = false
	chirps := p.chirps()
	for i := range p.outputs {
		o := &p.outputs[i]
		o.by, o.pattern = p.driver(&o.plan), Off
		if o.by != nil {
			o.pattern = o.plan.plays(o.by)
		}
		if o.pattern == Off || o.pattern == Chirp {
			if asks := p.asks(&o.plan); asks != Off {
				o.by, o.pattern = nil, asks
			}
		}
		if o.pattern == Off && o.plan.Kind == Buzzer && chirps {
			o.pattern = Chirp
		}
		p.wishes[i] = Wish{Output: o.plan.ID, Pattern: o.pattern}
	}
}

// driver is the most urgent alarm that drives an output; nil: none does.
func (p *Panel) driver(o *OutputPlan) *standing {
	var top *standing
	for _, a := range p.alarms {
		if a.silenced && o.audible() || !o.follows(a) {
			continue
		}
		if top == nil || a.urgency() > top.urgency() {
			top = a
		}
	}
	return top
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
		if a := o.by; a != nil {
			e.Alarm, e.Zone, e.Point, e.Signal = a.id, a.zone, a.point, a.signal
		}
		p.emit(now, e)
	}
}

// inheritOutput keeps what was told of an output over a new plan, and tells of one that is gone.
func (p *Panel) inheritOutput(now point.Instant, old *driven) {
	for i := range p.outputs {
		if p.outputs[i].plan.ID == old.plan.ID {
			p.outputs[i].told = old.told
			return
		}
	}
	if old.told != Off {
		p.emit(now, Event{Kind: OutputChanged, Output: old.plan.ID, Pattern: Off})
	}
}
