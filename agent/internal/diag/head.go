package diag

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// mostWhere is how many alarms the head of the page names: it is read from afar.
const mostWhere = 3

// where tells in the head of the page where it is, and since when it is as bad as this.
func (v *view) where(s *Status, n names) {
	first, top := s.Panel.At, detect.Normal
	for _, a := range s.Panel.Alarms {
		if stateOf(&a).Class != v.State.Class {
			continue
		}
		if a.Finding.Level > top {
			top, first = a.Finding.Level, a.Reached
		}
		if a.Finding.Level == top {
			first = min(first, a.Reached)
		}
		if len(v.Where) == mostWhere {
			v.More++
			continue
		}
		v.Where = append(v.Where, n.zone(a.Zone)+" · "+n.point(a.Point))
	}
	if len(v.Where) == 0 {
		return
	}
	v.For, v.Stage = span(s.Panel.At.Sub(first)), stages[top]
	if v.Time != "" && !v.ClockBad {
		since, layout := s.Clock.Now.Add(-s.Panel.At.Sub(first)), time.TimeOnly
		if since.YearDay() != s.Clock.Now.YearDay() {
			layout = time.DateTime
		}
		v.Since = since.Format(layout)
	}
}

// sign is one thing that a person who hears an alarm must know besides. A bad one asks for an act:
// to warn people by voice, or to call somebody.
type sign struct {
	alarm.Text
	Bad bool
}

// signs tells during an alarm whether it can be heard, and whether anybody outside knows.
func signs(s *Status) []sign {
	var all []sign
	siren := sirenSign(s)
	if !s.Panel.Silenced || siren.Bad || siren == sirenOn {
		all = append(all, siren)
	}
	if s.Panel.Silenced {
		all = append(all, silencedSign)
	}
	if alone(s).En == "" { // else it is said already
		all = append(all, toldSign(s))
	}
	return all
}

// sirenSign tells of the sounders together.
func sirenSign(s *Status) sign {
	errs := map[alarm.OutputID]string{}
	for _, o := range s.Guard.Outputs {
		errs[o.ID] = o.Err
	}
	said := sirenNone
	for _, o := range s.Panel.Outputs {
		switch {
		case o.Kind != alarm.Sounder:
		case errs[o.ID] != "":
			return sirenFails
		case o.Pattern.IsAlarm():
			said = sirenOn
		case said != sirenOn:
			said = sirenOff
		}
	}
	return said
}

// settling is how long an alarm may be on its way to the outbox: until then an empty outbox does
// not mean that the district has the alarm.
const settling = 2 * time.Second

// toldSign tells how far the district knows: it has taken every record of the alarm lane, or not.
func toldSign(s *Status) sign {
	waiting := len(s.Outbox.Lanes) == 0
	for _, l := range s.Outbox.Lanes {
		waiting = waiting || l.Name == "a" && l.Held > 0
	}
	for _, a := range s.Panel.Alarms {
		waiting = waiting || s.Panel.At.Sub(a.Reached) < settling
	}
	switch {
	case waiting && s.Link.Connected:
		return districtWaits
	case waiting:
		return districtUntold
	case s.Link.Connected:
		return districtTold
	}
	return districtGone
}

// unread is how long it may take to read who the box is.
const unread = point.Instant(3 * time.Second)

// alone says why nobody outside is told of anything; empty: the box belongs to a district.
func alone(s *Status) alarm.Text {
	if s.Identity.State == "" || s.Identity.State == "enrolled" || s.Now < unread {
		return alarm.Text{}
	}
	if said, ok := unenrolled[s.Identity.State]; ok {
		return said
	}
	return unenrolled["unenrolled"]
}
