package alarm

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

const (
	remindGas   = 10 * time.Minute // gas and CO
	remindOther = 30 * time.Minute // what threatens no life
	standsLong  = 24 * time.Hour
)

// again is after how long an alarm that still stands is told once more; 0: it is not. A fire needs
// no reminder.
func (a *standing) again() time.Duration {
	switch {
	case (a.signal == Gas || a.signal == CO) && a.finding.Level >= detect.Alarm:
		return remindGas
	case !a.signal.IsLifeSafety():
		return remindOther
	}
	return 0
}

// remind tells of what stands for long: an alarm that a person has silenced and left is heard
// again.
func (p *Panel) remind(now point.Instant) {
	for _, a := range p.alarms {
		if !a.active || a.drill {
			continue
		}
		if every := a.again(); every > 0 && now.Sub(a.toldAt) >= every {
			p.reraise(now, a)
		}
		if !a.long && now.Sub(a.since) >= standsLong {
			a.long = true
			e := a.event(StandingLong)
			e.From, e.To = a.finding, a.finding
			p.emit(now, e)
			p.dirty = true
		}
	}
}

// reraise lets an alarm sound again as if nobody had seen it yet.
func (p *Panel) reraise(now point.Instant, a *standing) {
	a.toldAt, a.acked, a.by, a.silenced = now, false, Origin{}, false
	if p.alarming(a) {
		p.unsilence()
	}
	e := a.event(Reraised)
	e.From, e.To = a.finding, a.finding
	p.emit(now, e)
	p.redrive, p.dirty = true, true
}
