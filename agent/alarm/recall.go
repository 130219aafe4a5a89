package alarm

import (
	"slices"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// recall takes over, in the midst of a run, what an earlier run left and a slow disk gave only now.
// Latches rise by it and never fall: what was in alarm is again, and rings, and what was closed is
// closed. A disablement, a silence and a delay are not taken over: people have heard since that
// nothing of them is in force.
func (p *Panel) recall(now point.Instant, s *Saved) {
	p.lastAlarm = max(p.lastAlarm, s.LastAlarm)
	for i := range s.Alarms {
		p.recallAlarm(now, &s.Alarms[i])
	}
	for i := range p.outputs {
		o := &p.outputs[i]
		for _, was := range s.Outputs {
			if was.Kept && was.Kind.Closes() && was.Kind == o.plan.Kind && !o.kept &&
				(was.Output == o.plan.ID || p.output(was.Output) == nil) {
				o.kept, o.keptBy = true, was.By
			}
		}
	}
	p.redrive, p.dirty = true, true
}

// recallAlarm lets an alarm of an earlier run stand again, unless its point has one by now, has
// been disabled, or would not have latched it.
func (p *Panel) recallAlarm(now point.Instant, s *SavedAlarm) {
	a := s.standing()
	a.finding, a.held = a.meant(), detect.Normal
	w := p.at(a.point)
	switch {
	case slices.ContainsFunc(p.alarms, func(b *standing) bool { return b.point == a.point }):
		return
	case w != nil && (w.disabled != nil || a.active && !w.latches(a.finding.Level)):
		return
	case w != nil:
		w.alarm = a
		a.zone, a.nature, a.devices = w.plan.Zone, w.plan.nature(), w.plan.Devices
	}
	a.since, a.toldAt = now.Add(-s.Age), now
	a.active, a.acked, a.by, a.incident = false, false, Origin{}, ""
	p.alarms = append(p.alarms, a)
	if p.alarming(a) {
		p.unsilence()
		p.rang = true
	}
	isNew := p.involve(now, a)
	e := a.event(Raised)
	e.To, e.Restored = a.finding, true
	p.emit(now, e)
	if isNew {
		p.emit(now, a.event(IncidentOpened))
	}
}
