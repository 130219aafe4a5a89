package alarm

import (
	"slices"
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// standing is one alarm, from its raise until it is cleared or, when latched, reset.
type standing struct {
	id       AlarmID
	point    point.ID
	zone     ZoneID
	signal   Signal
	nature   Nature
	devices  []string       // of its point
	finding  detect.Finding // at its highest
	level    detect.Level   // now; below Alarm again it is no silence for what follows
	since    point.Instant
	climb    time.Duration // from since until finding reached its level
	active   bool          // the condition stands; otherwise the alarm is latched
	latched  bool
	acked    bool
	by       Origin // who acknowledged it
	restored bool
	silenced bool
	incident AlarmID // that it belongs to; empty: none

	held   detect.Level // what its zone makes a pre-alarm of; Normal: nothing
	toldAt point.Instant
	long   bool // it was told that it stands for long
	drill  bool // nothing burns
}

func (a *standing) event(k Kind) Event {
	return Event{
		Kind: k, Alarm: a.id, Zone: a.zone, Point: a.point, Signal: a.signal, Latched: a.latched,
		Incident: a.incident, Drill: a.drill,
	}
}

// latches tells whether an alarm of this level at w stays until reset. A pre-alarm never does: it
// is a question, not an answer.
func (w *watched) latches(l detect.Level) bool {
	return w.plan.Latch && l != detect.PreAlarm
}

// keeps is the level that a point latches while its zone holds it back. A first signal that waits
// for a second one latches nothing.
func (w *watched) keeps() detect.Level {
	if w.wait.on {
		return detect.Normal
	}
	return w.held
}

// follow brings the alarm of a point into line with what its rule finds.
func (p *Panel) follow(now point.Instant, w *watched) {
	a, level := w.alarm, w.shown.Level
	switch {
	case a == nil && level == detect.Normal:
	case a == nil:
		p.raise(now, w)
	case level > a.level, w.held > a.held:
		// It went higher, or came back before the reset. It rings again: whoever silenced the alarm
		// saw less, or saw it end.
		p.rise(now, w, w.told)
	case level == detect.Normal && a.active:
		p.clear(now, w)
	default:
		a.level = level
	}
	w.told = w.shown
}

// raise starts an alarm.
func (p *Panel) raise(now point.Instant, w *watched) {
	p.lastAlarm++
	w.alarm = &standing{
		id:    p.alarmID(w.plan.ID),
		point: w.plan.ID, zone: w.plan.Zone, signal: w.plan.Signal, since: now,
		nature: w.plan.nature(), devices: w.plan.Devices,
		drill: w.part != noPart,
	}
	p.alarms = append(p.alarms, w.alarm)
	p.rise(now, w, detect.Finding{})
}

// alarmID names the newest alarm, of a point.
func (p *Panel) alarmID(id point.ID) AlarmID {
	name := append(make([]byte, 0, 64), id...)
	name = strconv.AppendUint(append(name, '-'), uint64(p.boot), 10)
	return AlarmID(strconv.AppendUint(append(name, '-'), p.lastAlarm, 10))
}

// rise lets the alarm of w stand at the level of its finding, unseen by anyone, and sound.
func (p *Panel) rise(now point.Instant, w *watched, from detect.Finding) {
	a := w.alarm
	if w.shown.Level > a.finding.Level {
		a.climb = now.Sub(a.since)
	}
	if w.shown.Level >= a.finding.Level {
		a.finding = w.shown
	}
	a.active, a.level, a.held = true, w.shown.Level, w.held
	a.acked, a.by, a.toldAt = false, Origin{}, now
	a.latched = a.latched || w.latches(max(a.finding.Level, w.keeps()))
	a.silenced = false
	if p.alarming(a) {
		p.unsilence()
		p.rang = true
	}
	isNew := p.involve(now, a)
	e := a.event(Raised)
	e.From, e.To = from, w.shown
	p.emit(now, e)
	p.rehearse(now, a, Raised)
	if isNew {
		p.emit(now, a.event(IncidentOpened))
	}
	p.redrive, p.dirty = true, true
}

// alarming tells whether a is more than a chirp: then it ends a silence for all.
func (p *Panel) alarming(a *standing) bool {
	return a.finding.Level >= detect.Alarm || p.drives(a)
}

// clear notes that the condition of w's alarm has ended. A latched alarm stays.
func (p *Panel) clear(now point.Instant, w *watched) {
	a := w.alarm
	a.active, a.level = false, detect.Normal
	e := a.event(Cleared)
	e.From, e.To = a.finding, w.shown
	p.emit(now, e)
	if !a.latched {
		p.remove(a)
	}
	p.redrive, p.dirty = true, true
}

// reset ends an alarm, whether its condition stands or not. If it stands, the same step raises it
// again under a new ID; that it has only just ended is no reason to.
func (p *Panel) reset(now point.Instant, a *standing, by Origin) {
	e := a.event(ResetDone)
	e.From, e.By = a.finding, by
	if w := p.at(a.point); w != nil {
		e.To = w.finding
	}
	p.remove(a)
	if w := p.at(a.point); w != nil {
		w.forget()
		w.proven = a.finding.Level >= detect.Alarm && !a.drill
	}
	p.emit(now, e)
	p.redrive, p.dirty = true, true
}

// remove forgets an alarm. With the last silenced one the silence ends too.
func (p *Panel) remove(a *standing) {
	if i := slices.Index(p.alarms, a); i >= 0 {
		p.alarms = slices.Delete(p.alarms, i, i+1)
	}
	if w := p.at(a.point); w != nil && w.alarm == a {
		w.alarm, w.wait = nil, wait{}
		if w.part == plays {
			w.part = played
		}
	}
	if !slices.ContainsFunc(p.alarms, func(a *standing) bool { return a.silenced }) {
		p.silenced, p.resoundAt = false, 0
	}
}

// adopt ties the alarms to the points of the plan. An alarm without a point is no longer active,
// and stays latched: what once burned is not forgotten because a file changed.
func (p *Panel) adopt() {
	for _, a := range p.alarms {
		w := p.at(a.point)
		if w == nil {
			a.active, a.level, a.latched = false, detect.Normal, true
			continue
		}
		w.alarm, a.zone, a.nature, a.devices = a, w.plan.Zone, w.plan.nature(), w.plan.Devices
	}
}
