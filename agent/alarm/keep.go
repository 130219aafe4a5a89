package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

// longPast is before every moment, even after shift.
const longPast = point.Instant(-1 << 62)

// restore takes over what an earlier run left, as if it had all begun at the instant 0. A time that
// ran may have run for saveAgain more than was saved. It is counted as if it had: that a silence
// ends early does no harm.
func (p *Panel) restore(s Saved) {
	for i := range s.Alarms {
		a := s.Alarms[i].standing()
		a.silenced = s.Silenced && s.Alarms[i].Silenced
		p.alarms = append(p.alarms, a)
	}
	p.adopt()
	p.restoreZones(&s)
	for _, a := range p.alarms {
		w := p.at(a.point)
		if w == nil {
			continue
		}
		kept := a.meant().Level
		if w.wait.on {
			kept = a.finding.Level
		}
		a.latched = w.latches(kept) || !a.active
		if a.active {
			a.level, w.told = a.finding.Level, a.finding
		}
		if a.active && !w.wait.ended {
			w.resume(a.meant())
			w.finding = a.meant() // a plan that comes before the first step goes on from it
		}
	}
	p.restoreTest(s.Test)
	p.restoreDrill(s.Drill)
	if p.silenced = s.Silenced && len(p.alarms) > 0; p.silenced {
		p.resoundAt = longPast
		if left := s.Resound - saveAgain; left > 0 {
			p.resoundAt = point.Instant(left)
		}
	}
	for _, m := range s.Memories {
		if w := p.at(m.Point); w != nil {
			w.remember(m)
		}
	}
	p.restoreOutputs(s.Outputs)
	for _, d := range s.Disabled {
		if w := p.at(d.Point); w != nil {
			w.disabled = &disablement{
				since:  point.Instant(-d.Age - saveAgain),
				until:  point.Instant(min(d.Remaining, mostDisabled) - saveAgain),
				reason: d.Reason, by: d.By,
			}
		}
	}
	p.restoreFormulas(s.Formulas)
	p.restoreDuties(&s.Duties)
	p.tally.restore(&s.Tally)
	p.tally.forget(p.lacks)
}

// standing is the alarm as an earlier run left it at the instant 0.
func (s *SavedAlarm) standing() *standing {
	return &standing{
		id: s.ID, point: s.Point, signal: s.Signal, finding: s.Finding, restored: true,
		since: point.Instant(-s.Age), climb: min(max(s.Climb, 0), s.Age), active: !s.Cleared,
		latched: true, acked: s.Acknowledged, by: s.By, incident: s.Incident, held: s.Held,
		toldAt: point.Instant(-s.Told), long: s.Age >= standsLong, zone: s.Zone,
		nature: s.Nature, devices: s.Devices,
	}
}

// shift moves what restore took over to the moment of the first step: time in which nobody watched
// does not count.
func (p *Panel) shift(now point.Instant) {
	by := time.Duration(now)
	for _, a := range p.alarms {
		a.since, a.toldAt = a.since.Add(by), a.toldAt.Add(by)
	}
	p.shiftZones(by)
	p.test.shift(by)
	if p.resoundAt != 0 {
		p.resoundAt = p.resoundAt.Add(by)
	}
	for i := range p.points {
		if d := p.points[i].disabled; d != nil {
			d.since, d.until = d.since.Add(by), d.until.Add(by)
		}
	}
	p.recallFormulas(now)
	p.shiftDuties(now)
	for i := range p.outputs {
		o := &p.outputs[i]
		o.began, o.echo.begin, o.echo.since = now, now, now
		if o.until != 0 {
			o.until = o.until.Add(by)
		}
		if o.litUntil != 0 {
			o.litUntil = o.litUntil.Add(by)
		}
	}
	p.savedAt, p.tally.at, p.tally.savedAt = now, now, now
}

// inherit keeps the disablement, the findings and the values of a point over a new plan.
func (p *Panel) inherit(now point.Instant, old *watched) {
	w := p.at(old.plan.ID)
	if w == nil {
		if old.fault != "" {
			e := old.event(FaultEnded)
			e.Fault = old.fault
			p.emit(now, e)
		}
		return
	}
	w.disabled, w.wait = old.disabled, old.wait
	w.fault, w.faultSince, w.faultQuiet = old.fault, old.faultSince, old.faultQuiet
	for i := range w.channels {
		for _, c := range old.channels {
			if c.Quantity == w.channels[i].Quantity {
				w.channels[i] = c
			}
		}
	}
	if d, was := w.plan.Derived, old.plan.Derived; d != nil && was != nil {
		w.derived.inherit(old.derived, d.Same(was))
	}
	w.told = old.told
	w.remember(old.memory())
	for i := range w.intakes {
		for j := range old.intakes {
			if old.intakes[j].Quantity == w.intakes[i].Quantity {
				w.intakes[i].Inherit(old.intakes[j])
			}
		}
	}
	w.resume(old.finding)
}

// saveIfDue returns what must survive a restart, or nil when nothing of it has changed.
func (p *Panel) saveIfDue(now point.Instant) *Saved {
	due := p.dirty || p.seq >= p.savedSeq+saveEvery
	due = p.worthSaving(now) || due
	if !due && now.Sub(p.savedAt) >= saveAgain {
		due = p.silenced && p.resoundAt != 0 || p.anyDisabled() || p.anyTimed() ||
			p.counts()
	}
	due = due || now.Sub(p.savedAt) >= saveAges && p.anyActive()
	if runs := p.people.runs(); runs > 0 && now.Sub(p.savedAt) >= runs {
		due = true
	}
	if !due {
		return nil
	}
	p.dirty, p.savedSeq, p.savedAt = false, p.seq, now
	return p.save(now)
}

func (p *Panel) anyDisabled() bool {
	for i := range p.points {
		if p.points[i].disabled != nil {
			return true
		}
	}
	return false
}

// save copies what must survive, with ages and remaining times in place of moments.
func (p *Panel) save(now point.Instant) *Saved {
	s := &Saved{Boot: p.boot, LastEvent: p.seq, LastAlarm: p.lastAlarm, Silenced: p.silenced}
	if p.resoundAt != 0 {
		s.Resound = p.resoundAt.Sub(now)
	}
	for i, a := range p.alarms {
		if a.drill {
			continue // Nothing burns, and a restart ends the drill.
		}
		if s.Alarms == nil {
			s.Alarms = make([]SavedAlarm, 0, len(p.alarms)-i)
		}
		s.Alarms = append(s.Alarms, SavedAlarm{
			ID: a.id, Point: a.point, Signal: a.signal, Finding: a.finding, Age: now.Sub(a.since),
			Climb: a.climb, Acknowledged: a.acked, By: a.by, Cleared: !a.active,
			Silenced: a.silenced,
			Incident: a.incident, Held: a.held, Told: now.Sub(a.toldAt),
			Zone: a.zone, Nature: a.nature, Devices: a.devices,
		})
	}
	for i := range p.points {
		w := &p.points[i]
		if w.kept = w.memory(); w.kept != (SavedMemory{Point: w.plan.ID}) {
			s.Memories = append(s.Memories, w.kept)
		}
		if d := w.disabled; d != nil {
			s.Disabled = append(s.Disabled, SavedDisabled{
				Point: w.plan.ID, Age: now.Sub(d.since), Remaining: d.until.Sub(now),
				Reason: d.reason, By: d.by,
			})
		}
	}
	p.saveZones(now, s)
	s.Test, s.Drill = p.test.state(now), p.drill.state(now)
	s.Duties = p.saveDuties(now)
	s.Tally = p.tally.save()
	s.Formulas = p.saveFormulas(now)
	s.Outputs = p.saveOutputs(now)
	return s
}
