package alarm

import (
	"slices"

	"github.com/firepost/firepost/agent/detect"
)

// usualRow is a row of the matrix of a site that writes none. The kinds are those that act in it;
// fans have rules of their own.
type usualRow struct {
	when  Cause
	tone  Pattern // of what sounds
	kinds []OutputKind
	early bool // it speaks of what comes before an alarm
}

var (
	lifeSafety = []Signal{Evacuation, Flood, CO, Gas, Fire}
	lesser     = []Signal{Supervisory, Power, Water}

	warns   = []OutputKind{Sounder, Buzzer, Strobe, Lamp, Relay}
	closes  = []OutputKind{Sounder, Buzzer, Strobe, Lamp, Relay, Valve}
	bars    = []OutputKind{Sounder, Buzzer, Strobe, Lamp, Relay, Barrier}
	buzzers = []OutputKind{Buzzer}
)

// usualRows is the cause-and-effect matrix that holds unless a site writes another. On fire a valve
// waits for a call point or for two independent detectors, because a burnt dinner must not put out
// the stoves of a house; but where a zone has one detector only, it is enough: a valve that is
// closed for nothing is opened again, and one that waits for what cannot come feeds a fire. Gas and
// CO close it at once.
var usualRows = []usualRow{
	{when: Cause{Signals: []Signal{Fire}}, tone: Temporal3, kinds: warns},
	{when: Cause{Signals: []Signal{Fire}, Of: CallPoint}, tone: Temporal3,
		kinds: []OutputKind{Valve}},
	{when: Cause{Signals: []Signal{Fire}, Triggers: 2}, tone: Temporal3,
		kinds: []OutputKind{Valve}},
	{when: Cause{Signals: []Signal{Fire}, Of: Alone}, tone: Temporal3, kinds: []OutputKind{Valve}},
	{when: Cause{Signals: []Signal{Gas}}, tone: GasTone, kinds: closes},
	{when: Cause{Signals: []Signal{CO}}, tone: Temporal4, kinds: closes},
	{when: Cause{Signals: []Signal{Flood}}, tone: Alert, kinds: warns},
	{when: Cause{Signals: []Signal{Flood}, Level: detect.AlarmHigh}, tone: FloodTone, kinds: bars},
	{when: Cause{Signals: []Signal{Evacuation}}, tone: Steady, kinds: warns},
	{when: Cause{Signals: lifeSafety, Level: detect.PreAlarm}, tone: Alert, kinds: buzzers,
		early: true},
	{when: Cause{Signals: []Signal{Fire}, Level: detect.PreAlarm, Of: Held}, tone: Alert,
		kinds: []OutputKind{Buzzer, Strobe}, early: true},
	{when: Cause{Signals: lesser, Of: Precursor}, tone: Alert, kinds: buzzers},
	{when: Cause{Signals: lesser, Level: detect.Supervisory}, tone: Chirp30, kinds: buzzers},
	{when: Cause{Signals: lifeSafety, Level: detect.Supervisory}, tone: Chirp30, kinds: buzzers,
		early: true},
	{when: Cause{Fault: AnyFault}, tone: Chirp, kinds: buzzers},
	{when: Cause{Fault: UplinkFault}, tone: Chirp, kinds: buzzers},
}

// Usual is the matrix that is usual for the outputs of a plan, narrowed as their Zones, Signals and
// Level say.
func Usual(outputs []OutputPlan) []Effect {
	hasBuzzer := slices.ContainsFunc(outputs, func(o OutputPlan) bool { return o.Kind == Buzzer })
	var all []Effect
	for i := range usualRows {
		for j := range outputs {
			o := &outputs[j]
			when, ok := o.cause(&usualRows[i], hasBuzzer)
			if !ok {
				continue
			}
			if play, acts := o.does(&usualRows[i], when.Signals); acts {
				all = join(all, when, Act{Output: o.ID, Play: play})
			}
		}
	}
	return all
}

// join adds an act to the row of its cause.
func join(all []Effect, when Cause, act Act) []Effect {
	for i := range all {
		e := &all[i]
		if !e.When.equal(&when) {
			continue
		}
		same := func(a Act) bool { return a.Output == act.Output }
		if j := slices.IndexFunc(e.Then, same); j >= 0 {
			e.Then[j] = act // of two rows that a higher level makes one, the later is the narrower
			return all
		}
		e.Then = append(e.Then, act)
		return all
	}
	return append(all, Effect{When: when, Then: []Act{act}})
}

func (c *Cause) equal(d *Cause) bool {
	return c.Level == d.Level && c.Of == d.Of && c.Triggers == d.Triggers && c.Fault == d.Fault &&
		slices.Equal(c.Signals, d.Signals) && slices.Equal(c.Zones, d.Zones) &&
		slices.Equal(c.Points, d.Points)
}

// level is the lowest level that counts.
func (c *Cause) level() detect.Level {
	if c.Level == detect.Normal {
		return detect.Alarm
	}
	return c.Level
}

// sure tells the rows for what cannot be undone.
func (r *usualRow) sure() bool {
	return r.when.Of == CallPoint || r.when.Of == Alone || r.when.Triggers > 1
}

// careful tells the outputs that a single detector of fire does not move.
func (o *OutputPlan) careful() bool { return o.Irreversible || o.Kind == Valve || o.SmokeExhaust }

// minds tells whether some usual row makes an output of this kind act on the signal.
func (k OutputKind) minds(s Signal) bool {
	return k == Fan || slices.ContainsFunc(usualRows, func(r usualRow) bool {
		return slices.Contains(r.when.Signals, s) && slices.Contains(r.kinds, k)
	})
}

// acts tells whether the output acts in a row without being told.
func (o *OutputPlan) acts(r *usualRow, hasBuzzer bool) bool {
	switch {
	case o.Kind == Fan:
		return true
	case o.Kind == Sounder && !hasBuzzer && r.tone == Alert:
		return true // nothing else at the site would be heard
	case r.sure() && o.careful():
		return o.Kind.minds(Fire)
	case r.early && o.Level != detect.Normal && o.Level <= r.when.Level:
		return true
	}
	return slices.Contains(r.kinds, o.Kind)
}

// cause is the cause of a usual row as the output is narrowed, if there is one.
func (o *OutputPlan) cause(r *usualRow, hasBuzzer bool) (when Cause, ok bool) {
	when = r.when
	if when.Fault != "" {
		return when, true
	}
	if r.early && o.Level > when.Level || when.Of == Alone && o.Kind != Valve {
		return when, false
	}
	usual, told := o.acts(r, hasBuzzer), len(o.Signals) > 0
	switch {
	case o.Level > when.level():
		when.Level = o.Level
	case o.Level == detect.Normal && o.Kind != Buzzer && !r.early:
		when.Level = max(when.Level, detect.Alarm) // only a buzzer is there for less
	}
	if when.Level == detect.Alarm {
		when.Level = detect.Normal // which means it
	}
	when.Zones = o.Zones
	when.Signals = slices.DeleteFunc(slices.Clone(when.Signals), func(s Signal) bool {
		return told && !slices.Contains(o.Signals, s) || !usual && (r.early || o.Kind.minds(s))
	})
	return when, len(when.Signals) > 0 && (usual || told)
}

// does is what the output does in a usual row, and whether it does anything.
func (o *OutputPlan) does(r *usualRow, signals []Signal) (Pattern, bool) {
	fire := slices.Contains(signals, Fire) && !r.early
	switch {
	case o.Kind >= outputKinds:
		return Off, false
	case r.when.Fault != "":
		return r.tone, o.Kind == Buzzer
	case fire && r.sure() != o.careful() && o.Kind != Fan:
		return Off, false // another row of a fire has it
	case o.Kind == Fan:
		return o.blows(r, signals)
	case o.Kind.Sounds():
		return r.tone, true
	case o.Kind == Strobe:
		return Flash, true
	}
	return Steady, true
}

// blows is what a fan does. One that carries smoke out waits for two triggers of a fire. Another
// one runs for CO; for gas only if it cannot light it; and a fire stops it, for it would feed it.
// One that is told its signals runs for them.
func (o *OutputPlan) blows(r *usualRow, signals []Signal) (Pattern, bool) {
	s, told := signals[0], len(o.Signals) > 0
	switch {
	case o.SmokeExhaust && s == Fire:
		return Steady, r.when.Triggers > 1
	case told:
		return Steady, !r.early && (s != Fire || r.sure() == o.Irreversible)
	case r.early || r.sure() || o.SmokeExhaust:
		return Off, false
	case s == CO, s == Gas && o.Ex:
		return Steady, true
	}
	return Off, s == Gas || s == Fire && o.StopOnFire
}
