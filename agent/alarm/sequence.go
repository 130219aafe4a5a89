package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// The times of a positive alarm sequence, after NFPA 72.
const (
	sequenceAck  = 15 * time.Second  // for a person to acknowledge
	sequenceLook = 180 * time.Second // to look, and to reset what is no fire
	saveAges     = time.Hour
)

// Why an alarm that was held back is one now: the Reason of its Raised event.
const (
	ReleasedUnseen = "unacknowledged" // nobody acknowledged it in time
	ReleasedUnsure = "not_reset"      // nobody reset it in time
	ReleasedSecond = "second_point"   // another point tells of danger
	ReleasedPlan   = "plan_changed"   // its zone holds nothing back any more
)

// area is one zone with what it holds back.
type area struct {
	plan  ZonePlan
	phase Phase         // of its positive alarm sequence
	until point.Instant // end of the phase
}

// installZones takes the zones of the plan, and the order in which points are attended to: what
// threatens most is told first when many change at once.
func (p *Panel) installZones() {
	p.areas = make([]area, len(p.plan.Zones))
	for i := range p.plan.Zones {
		p.areas[i].plan = p.plan.Zones[i]
	}
	p.order = p.order[:0]
	for s := int(signals) - 1; s >= 0; s-- {
		for i := range p.points {
			if w := &p.points[i]; int(w.plan.Signal) == s {
				p.order = append(p.order, i)
			}
		}
	}
	detectors := map[ZoneID][]*watched{}
	for i := range p.points {
		if w := &p.points[i]; w.plan.detects() {
			detectors[w.plan.Zone] = append(detectors[w.plan.Zone], w)
		}
	}
	for i := range p.points {
		w := &p.points[i]
		w.area, w.alone = -1, w.isAlone(detectors[w.plan.Zone])
		for z := range p.areas {
			if p.areas[z].plan.ID == p.points[i].plan.Zone {
				p.points[i].area = z
			}
		}
	}
}

// area is the zone of that name; nil when the plan has none.
func (p *Panel) area(id ZoneID) *area {
	for i := range p.areas {
		if p.areas[i].plan.ID == id {
			return &p.areas[i]
		}
	}
	return nil
}

// holds tells whether z keeps its alarms from sounding.
func (z *area) holds() bool { return z != nil && z.plan.Mode == PAS && z.phase != NotHeld }

// sequence shows a first signal as a pre-alarm while a person may still say that it is no fire.
func (p *Panel) sequence(now point.Instant, w *watched, f detect.Finding) detect.Finding {
	w.wait = wait{}
	if !w.doubtful(f) || p.witnessed(w) {
		return f
	}
	z := &p.areas[w.area]
	if z.phase == NotHeld {
		z.phase, z.until = WaitAck, now.Add(sequenceAck)
	}
	w.held = f.Level
	f.Level = detect.PreAlarm
	return f
}

// doubt ends what the zones hold back, once somebody else tells of danger or the time is over.
// Only a reset ends it without an alarm: that the condition has gone is no proof.
func (p *Panel) doubt(now point.Instant) {
	p.danger = p.witnesses()
	for _, a := range p.alarms {
		if a.held == detect.Normal {
			continue
		}
		w, z := p.at(a.point), p.area(a.zone)
		if w != nil && w.wait.on {
			continue // its own rule confirms or drops it
		}
		switch {
		case !z.holds():
			p.release(now, a, ReleasedPlan)
		case w != nil && p.witnessed(w):
			p.release(now, a, ReleasedSecond)
		case now >= z.until && z.phase == WaitAck:
			p.release(now, a, ReleasedUnseen)
		case now >= z.until:
			p.release(now, a, ReleasedUnsure)
		}
	}
	for i := range p.areas {
		if z := &p.areas[i]; z.phase != NotHeld && !p.keeps(z) {
			z.phase = NotHeld
		}
	}
}

// keeps tells whether an alarm of z is still held back.
func (p *Panel) keeps(z *area) bool {
	for _, a := range p.alarms {
		if a.zone == z.plan.ID && a.held != detect.Normal {
			return true
		}
	}
	return false
}

// release makes an alarm of what was held back.
func (p *Panel) release(now point.Instant, a *standing, why string) {
	from := a.finding
	a.finding.Level, a.held = a.held, detect.Normal
	a.climb = now.Sub(a.since)
	if a.active {
		a.level = a.finding.Level
	}
	a.acked, a.by, a.silenced, a.toldAt = false, Origin{}, false, now
	p.unsilence()
	e := a.event(Raised)
	e.From, e.To, e.Reason = from, a.finding, why
	p.emit(now, e)
	p.redrive, p.dirty = true, true
}

// awaits tells whether an acknowledgement by this person lets the zone of a wait longer. Nobody far
// away can look, so the district's marks the alarm and no more.
func (p *Panel) awaits(a *standing, by Origin) bool {
	z := p.area(a.zone)
	return a.held != detect.Normal && by.Kind != District && z.holds() && z.phase == WaitAck
}

// look gives the person who acknowledged a the time to look.
func (p *Panel) look(now point.Instant, a *standing) {
	z := p.area(a.zone)
	z.phase, z.until = Investigating, now.Add(sequenceLook)
}

// phase is what a waits for while it is held back, and for how long still.
func (p *Panel) phase(now point.Instant, a *standing) (Phase, time.Duration) {
	if a.held == detect.Normal {
		return NotHeld, 0
	}
	if w := p.at(a.point); w != nil && w.wait.on {
		return Verifying, max(w.wait.since.Add(verifyWindow).Sub(now), 0)
	}
	if z := p.area(a.zone); z.holds() {
		return z.phase, max(z.until.Sub(now), 0)
	}
	return NotHeld, 0
}

// meant is the finding of a as its rule gave it, held back or not.
func (a *standing) meant() detect.Finding {
	f := a.finding
	f.Level = max(f.Level, a.held)
	return f
}

// inheritZones keeps what the zones hold back over a new plan. Where the mode has changed nothing
// is held any more, and doubt says so.
func (p *Panel) inheritZones(old []area) {
	for i := range old {
		if z := p.area(old[i].plan.ID); z != nil && z.plan.Mode == PAS {
			z.phase, z.until = old[i].phase, old[i].until
		}
	}
}

// restoreZones goes on with what an earlier run held back. What may have run since it was saved is
// taken off: that an alarm sounds early does no harm.
func (p *Panel) restoreZones(s *Saved) {
	for _, saved := range s.Zones {
		if z := p.area(saved.Zone); z != nil && z.plan.Mode == PAS {
			left := min(saved.Remaining, sequenceLook) - saveAgain
			z.phase, z.until = saved.Phase, point.Instant(left)
		}
	}
	for i := range s.Alarms {
		a := &s.Alarms[i]
		w := p.at(a.Point)
		if w == nil || a.Waited <= 0 || p.mode(w) != Verify {
			continue
		}
		w.wait = wait{
			on: true, ended: a.Ended, since: point.Instant(-a.Waited - saveAgain),
			first: w.alarm.meant(),
		}
	}
}

// shiftZones moves what was restored to the moment of the first step.
func (p *Panel) shiftZones(by time.Duration) {
	for i := range p.areas {
		p.areas[i].until = p.areas[i].until.Add(by)
	}
	for i := range p.points {
		p.points[i].wait.since = p.points[i].wait.since.Add(by)
	}
}

// saveZones copies what the zones hold back.
func (p *Panel) saveZones(now point.Instant, s *Saved) {
	for i := range p.areas {
		if z := &p.areas[i]; z.phase != NotHeld {
			s.Zones = append(s.Zones, SavedZone{
				Zone: z.plan.ID, Phase: z.phase, Remaining: z.until.Sub(now),
			})
		}
	}
	for i := range s.Alarms {
		if w := p.at(s.Alarms[i].Point); w != nil && w.wait.on {
			s.Alarms[i].Waited, s.Alarms[i].Ended = max(now.Sub(w.wait.since), 1), w.wait.ended
		}
	}
}

// counts tells whether a time runs that is saved every ten seconds.
func (p *Panel) counts() bool {
	if p.test != nil && p.test.Running {
		return true
	}
	for _, a := range p.alarms {
		if a.held != detect.Normal {
			return true
		}
	}
	return false
}

// anyActive tells whether an alarm grows older. Its age is saved every hour.
func (p *Panel) anyActive() bool {
	for _, a := range p.alarms {
		if a.active && !a.drill {
			return true
		}
	}
	return false
}
