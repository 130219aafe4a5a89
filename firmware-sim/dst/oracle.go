package dst

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// never is the moment of what has not happened.
const never = -time.Hour

// oracle knows the truth of the site, which the panel does not, and what the panel has said. It
// judges by these two alone, never by the panel's own state.
type oracle struct {
	s      *sim
	spots  map[point.ID]*truth
	alarms map[alarm.AlarmID]*said // that stand or are latched, by what the panel has said
	names  map[alarm.AlarmID]uint32
	run    uint32 // number of the run, by its saved state
	seq    uint64 // last event
	first  bool   // of this run nothing was heard yet
	start  alarm.Saved
	boot   time.Duration
	rules  time.Duration // since when the rules have run: boot or new plan
	obeyed map[string]int
	siren  alarm.Pattern

	in       alarm.Input // of this step
	d        alarm.Decision
	wishes   map[alarm.OutputID]alarm.Pattern // of the step before
	driven   map[alarm.OutputID]bool          // an alarm made it change last
	retried  time.Duration                    // an output was told again
	tests    exercise
	drill    exercise
	calls    map[string]time.Duration // that are open, and when they came
	box      map[detect.FaultCode]*told
	chain    alarm.Record
	keyUntil time.Duration
	tested   time.Duration // the last self-test
}

// truth is what is so at a point.
type truth struct {
	p        *spot
	value    int64         // of its inputs together, as it was at the last look
	beyond   time.Duration // since when the condition is met, without a pause
	ended    time.Duration // when it was so before
	by       alarm.OriginKind
	broken   time.Duration // since when nothing good can come
	clear    time.Duration // since when nothing is wrong on the way
	reason   time.Duration // the last moment in which an alarm would have a reason
	stirred  time.Duration // the last moment in which something but noise changed
	service  time.Duration // since when it is in service
	out      bool          // disabled
	fault    detect.FaultCode
	changes  []time.Duration // raised and cleared, since it was stirred
	reset    time.Duration   // the last one
	seen     time.Duration   // when a person on site last acknowledged its alarm
	good     time.Duration   // a good reading, since when none was bad
	released time.Duration   // when it last could clear
	over     time.Duration   // until then it waits for a second signal
	ill      time.Duration   // the last moment in which something was wrong, or a value leapt
	wasGood  time.Duration   // the last good reading
	blamed   time.Duration   // when its fault was shown
	testing  bool
	playing  bool // it is part of a drill
}

// said is an alarm as the panel has told of it.
type said struct {
	point    point.ID
	level    detect.Level
	raised   time.Duration
	silenced bool
	quiet    time.Duration // since it is silenced
	drill    bool
}

// told is a fault of the box that another room has given notice of.
type told struct {
	on    time.Duration // since when; never: it is not
	shown bool
}

// exercise is a drill or a walk test, as the panel has told of it.
type exercise struct {
	on      bool
	outputs []alarm.OutputID // that a drill may move
}

func newOracle(s *sim) oracle {
	o := oracle{
		s: s, spots: map[point.ID]*truth{}, names: map[alarm.AlarmID]uint32{},
		wishes: map[alarm.OutputID]alarm.Pattern{}, box: map[detect.FaultCode]*told{},
	}
	for _, p := range s.site.spots {
		o.spots[p.id] = &truth{
			p: p, beyond: never, ended: never, broken: never, reason: never, stirred: never,
			ill: never,
		}
	}
	return o
}

// booted forgets what died with the last run: what it had not saved, nobody need know.
func (o *oracle) booted(saved alarm.Saved) {
	now := o.s.clock
	o.start, o.first, o.boot, o.rules = saved, true, now, now
	o.obeyed = map[string]int{}
	if saved.Boot != o.run {
		for name, run := range o.names {
			if run > saved.Boot {
				delete(o.names, name)
			}
		}
	}
	if saved.Boot != o.run || o.s.lost {
		o.seq = min(o.seq, saved.LastEvent)
	}
	o.run = saved.Boot + 1
	for _, t := range o.spots {
		t.fault, t.out, t.service, t.stirred = "", false, now, now
		t.testing, t.playing, t.good, t.released, t.over = false, false, never, never, never
	}
	o.alarms = map[alarm.AlarmID]*said{}
	quiet := now - (resound - saved.Resound) // a restart lengthens no silence
	for _, a := range saved.Alarms {
		o.alarms[a.ID] = &said{
			a.Point, a.Finding.Level, now, a.Silenced && saved.Silenced, quiet, false,
		}
		if a.Ended {
			o.spots[a.Point].over = now + time.Minute
		}
	}
	for _, d := range saved.Disabled {
		if t := o.spots[d.Point]; !t.p.gone {
			t.out, t.by = true, d.By.Kind
		}
	}
	o.tests, o.drill = exercise{}, exercise{}
	if saved.Test != nil && saved.Test.Running {
		o.tests.on = true
		for _, p := range saved.Test.Points {
			o.spots[p.Point].testing = p.Skipped == ""
		}
	}
	o.driven, o.calls = map[alarm.OutputID]bool{}, map[string]time.Duration{}
	for _, c := range saved.Duties.Calls {
		o.calls[c.ID] = now
	}
	o.chain, o.keyUntil = saved.Duties.Chain, 0
	o.box = map[detect.FaultCode]*told{}
	clear(o.wishes)
}

// check looks at one decision: first at the truth, then at what was said, then whether the two fit.
func (o *oracle) check(in alarm.Input, d alarm.Decision) {
	o.in, o.d = in, d
	for _, p := range o.s.site.spots {
		o.look(o.spots[p.id])
	}
	o.take(in)
	numbersAreGapless(o, d)
	first := o.first
	if first {
		restartLosesNothing(o, d)
		restartKeepsWhatPeopleDid(o)
		savedIsAFixedPoint(o)
		o.first = false
	}
	for i := range d.Events {
		o.hear(&d.Events[i])
	}
	nothingIsUndone(o)
	shutStaysShut(o, first)
	if !first {
		oneMoreAlarmTurnsNothingOff(o)
	}
	for _, w := range d.Wishes {
		o.wishes[w.Output] = w.Pattern
		if w.Output == "siren" {
			o.siren = w.Pattern
		}
	}
	o.verdict()
}

// verdict compares what was said with the truth.
func (o *oracle) verdict() {
	silenceEndsWithANewAlarm(o)
	everyCommandActsOnce(o, o.in, o.d)
	stepsAreBounded(o, o.in, o.d)
	realAlarmEndsWhatIsPlayed(o)
	drillMovesNothing(o)
	boxFaultsStay(o)
	for _, p := range o.s.site.spots {
		t := o.spots[p.id]
		fireSoundsTheSiren(o, t)
		failingSensorIsReported(o, t)
		noiseDoesNotChatter(o, t)
	}
	if o.s.clock%time.Second < o.s.tick {
		blindValuesAreNotGood(o)
	}
}

// take notes which readings were good, and what other rooms told.
func (o *oracle) take(in alarm.Input) {
	for _, t := range o.spots {
		t.release(o.s.clock, o.s.tick)
	}
	for i := range in.Readings {
		t := o.spots[in.Readings[i].Point]
		if in.Readings[i].Quality == point.Good {
			t.wasGood = o.s.clock
		}
		switch {
		case in.Readings[i].Quality == point.Bad:
			t.good = never
		case in.Readings[i].Quality == point.Good && t.good < 0:
			t.good = o.s.clock
		}
	}
	for _, n := range in.Notices {
		b := o.box[n.Fault]
		if b == nil {
			b = &told{on: never}
			o.box[n.Fault] = b
		}
		switch {
		case !n.On:
			b.on = never
		case b.on < 0:
			b.on = o.s.clock
		}
	}
}

// look takes the truth of a point at this moment.
func (o *oracle) look(t *truth) {
	now, p := o.s.clock, t.p
	if len(p.inputs) == 0 {
		t.reason, t.stirred = now, now // what it is made of is the panel's own
		return
	}
	was := t.beyond >= 0
	switch is := p.met(); {
	case !is:
		if was {
			t.ended = now
		}
		t.beyond = never
	case !was:
		t.beyond = now
	}
	sum := int64(0)
	for _, in := range p.inputs {
		sum += in.value
	}
	if t.value != sum {
		t.value, t.stirred = sum, now
	}
	t.broken = never
	for _, in := range p.inputs {
		switch {
		case !in.broken():
			in.failing = never
		case in.failing < 0:
			in.failing = now
		}
		if in.failing >= 0 && (t.broken < 0 || in.failing < t.broken) {
			t.broken = in.failing
		}
	}
	if p.troubled() || o.s.agent.failing(p) {
		t.clear, t.stirred, t.ill = now, now, now
	}
	if !p.calm() {
		t.ill = now
	}
	if t.clear == now || !p.calm() || t.fault != "" || o.boot == now {
		t.reason = now
	}
}

// inAlarm tells whether the panel has told of an alarm at a point that is not over.
func (o *oracle) inAlarm(id point.ID) bool {
	for _, a := range o.alarms {
		if a.point == id {
			return true
		}
	}
	return false
}

// converged demands that nothing is left when everything was healed and reset.
func (o *oracle) converged() {
	nothingIsLeft(o, o.s.agent.panel.Snapshot(o.s.now()))
}
