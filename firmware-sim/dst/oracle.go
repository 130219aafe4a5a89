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
}

// truth is what is so at a point.
type truth struct {
	p       *spot
	value   int64         // as it was at the last look
	beyond  time.Duration // since when the value is beyond its limit, without a pause
	ended   time.Duration // when it was so before
	by      alarm.OriginKind
	broken  time.Duration // since when nothing good can come
	clear   time.Duration // since when nothing is wrong on the way
	reason  time.Duration // the last moment in which an alarm would have a reason
	stirred time.Duration // the last moment in which something but noise changed
	service time.Duration // since when it is in service
	out     bool          // disabled
	fault   detect.FaultCode
	changes []time.Duration // raised and cleared, since it was stirred
}

// said is an alarm as the panel has told of it.
type said struct {
	point    point.ID
	level    detect.Level
	raised   time.Duration
	silenced bool
	quiet    time.Duration // since when it is silenced
}

func newOracle(s *sim) oracle {
	o := oracle{
		s: s, spots: map[point.ID]*truth{}, alarms: map[alarm.AlarmID]*said{},
		names: map[alarm.AlarmID]uint32{},
	}
	for _, p := range s.site.spots {
		o.spots[p.plan.ID] = &truth{
			p: p, beyond: never, ended: never, broken: never, reason: never, stirred: never,
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
		o.seq = min(o.seq, saved.LastEvent)
	}
	o.run = saved.Boot + 1
	o.alarms = map[alarm.AlarmID]*said{}
	quiet := now - (resound - saved.Resound) // a restart lengthens no silence
	for _, a := range saved.Alarms {
		o.alarms[a.ID] = &said{a.Point, a.Finding.Level, now, a.Silenced && saved.Silenced, quiet}
	}
	for _, t := range o.spots {
		t.fault, t.out, t.service, t.stirred = "", false, now, now
	}
	for _, d := range saved.Disabled {
		o.spots[d.Point].out, o.spots[d.Point].by = true, d.By.Kind
	}
}

// check looks at one decision: first at the truth, then at what was said, then whether the two fit.
func (o *oracle) check(in alarm.Input, d alarm.Decision) {
	for _, p := range o.s.site.spots {
		o.look(o.spots[p.plan.ID], o.s.agent.probe(p))
	}
	numbersAreGapless(o, d)
	if o.first {
		restartLosesNothing(o, d)
		o.first = false
	}
	for i := range d.Events {
		o.hear(&d.Events[i])
	}
	for _, w := range d.Wishes {
		if w.Output == "siren" {
			o.siren = w.Pattern
		}
	}
	silenceEndsWithANewAlarm(o)
	everyCommandActsOnce(o, in, d)
	stepsAreBounded(o, in, d)
	for _, p := range o.s.site.spots {
		t := o.spots[p.plan.ID]
		fireSoundsTheSiren(o, t)
		failingSensorIsReported(o, t)
		noiseDoesNotChatter(o, t)
	}
}

// look takes the truth of a point at this moment.
func (o *oracle) look(t *truth, pr *probe) {
	now, p := o.s.clock, t.p
	was := t.beyond >= 0
	switch is := p.value >= p.limit && !p.noisy; {
	case !is:
		if was {
			t.ended = now
		}
		t.beyond = never
	case !was:
		t.beyond = now
	}
	if t.value != p.value {
		t.value, t.stirred = p.value, now
	}
	switch {
	case !p.broken():
		t.broken = never
	case t.broken < 0:
		t.broken = now
	}
	if p.troubled() || pr.sensor == nil || pr.failures > 0 {
		t.clear, t.stirred = now, now
	}
	if t.clear == now || p.noisy || p.value != p.quiet || t.fault != "" || o.boot == now {
		t.reason = now
	}
}

// hear takes what the panel says.
func (o *oracle) hear(e *alarm.Event) {
	now := o.s.clock
	t := o.spots[e.Point]
	nobodyIsQuieterFromAfar(o, t, e)
	switch e.Kind {
	case alarm.Raised:
		alarmHasAReason(o, t, e)
		disabledIsSilent(o, t, e)
		o.raised(e)
		t.changes = append(t.changes, now)
	case alarm.Cleared:
		if !e.Latched {
			delete(o.alarms, e.Alarm)
		}
		t.changes = append(t.changes, now)
	case alarm.ResetDone:
		delete(o.alarms, e.Alarm)
		t.stirred = now
	case alarm.Silenced:
		o.silence(true)
	case alarm.Resounded:
		o.silence(false)
	case alarm.FaultRaised, alarm.FaultEnded:
		if t != nil {
			t.fault = e.Fault
			if e.Kind == alarm.FaultEnded {
				t.fault = ""
			}
		}
	case alarm.Disabled:
		t.out, t.by, t.stirred = true, e.By.Kind, now
	case alarm.Enabled:
		t.out, t.service, t.stirred = false, now, now
	case alarm.PlanChanged:
		o.rules = now
		for _, t := range o.spots {
			t.stirred = now
		}
	}
}

func (o *oracle) raised(e *alarm.Event) {
	a := o.alarms[e.Alarm]
	if a == nil {
		a = &said{point: e.Point}
		o.alarms[e.Alarm] = a
	}
	a.level = max(a.level, e.To.Level)
	if e.Restored {
		return
	}
	a.raised, a.silenced = o.s.clock, false
	if a.level >= detect.Alarm {
		o.silence(false)
	}
}

func (o *oracle) silence(on bool) {
	for _, a := range o.alarms {
		if on && !a.silenced {
			a.quiet = o.s.clock
		}
		a.silenced = on
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

// probe is the poller of a spot.
func (a *agent) probe(p *spot) *probe {
	for i, q := range a.s.site.spots {
		if q == p {
			return a.probes[i]
		}
	}
	return nil
}
