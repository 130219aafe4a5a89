package diag

import (
	"slices"
	"strconv"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// whyView is one reason of an alarm: which condition, the value when it was met, and its limit.
type whyView struct {
	Level alarm.Text // of the condition; empty: not known
	Value string
	Limit string
	// Part is how much of an alarm the value was, when it did not reach the limit: it was one of
	// several reasons. Empty: it was enough alone.
	Part string
}

func newAlarmView(p *alarm.Snapshot, a alarm.AlarmState, n names) alarmView {
	v := alarmView{
		State: stateOf(&a), Stage: stages[a.Finding.Level],
		Point: n.point(a.Point), Zone: n.zone(a.Zone), For: span(p.At.Sub(a.Reached)),
		Active: a.Active, Acknowledged: a.Acknowledged, Silenced: a.Silenced, Restored: a.Restored,
	}
	if a.Phase != alarm.NotHeld {
		v.Waits, v.Left = phases[a.Phase], span(a.Left)
	}
	if a.Reached > a.Since {
		v.Before = span(p.At.Sub(a.Since))
	}
	at := pointOf(p, a.Point)
	for _, c := range at.Channels {
		v.Now = append(v.Now, newValueView(c))
	}
	v.Why = why(a.Finding, at.Conditions)
	return v
}

// pointOf is the point with that ID. One that a newer site file has left out has nothing to tell.
func pointOf(p *alarm.Snapshot, id point.ID) *alarm.PointState {
	for i := range p.Points {
		if p.Points[i].ID == id {
			return &p.Points[i]
		}
	}
	return &alarm.PointState{ID: id}
}

// why lists the values that made an alarm, each beside its limit.
func why(f detect.Finding, conditions []detect.Condition) []whyView {
	var all []whyView
	for i, e := range f.Why {
		if e.Quantity == 0 || e.Quantity == drivers.Contact {
			continue
		}
		v := whyView{Value: shown(e.Quantity, e.Value), Limit: e.Quantity.Text(e.Limit)}
		if e.Weight > 0 && e.Weight < 1000 {
			v.Part = strconv.Itoa(int(e.Weight+5)/10) + " %"
		}
		if c, ok := behind(f, i, conditions); ok {
			v.Level = levels[c.Level]
			v.Value, v.Limit = v.Value+c.PerText(), v.Limit+c.PerText()
		}
		all = append(all, v)
	}
	return all
}

// behind finds the condition that gave reason i of f. Reasons come by falling level, so that of two
// conditions with one limit the higher belongs to the earlier reason.
func behind(f detect.Finding, i int, conditions []detect.Condition) (detect.Condition, bool) {
	e := f.Why[i]
	var fit []detect.Condition
	for _, c := range conditions {
		if c.Explains(e) && c.Level <= f.Level {
			fit = append(fit, c)
		}
	}
	slices.SortStableFunc(fit, func(a, b detect.Condition) int { return int(b.Level) - int(a.Level) })
	for _, earlier := range f.Why[:i] {
		if len(fit) > 0 && earlier.Quantity == e.Quantity && earlier.Limit == e.Limit {
			fit = fit[1:]
		}
	}
	if len(fit) == 0 {
		return detect.Condition{}, false
	}
	return fit[0], true
}

// within names what the detail of a fault speaks of: outputs, buses and sensors begin their part of
// it with their ID.
func (n names) within(f alarm.FaultState) []string {
	var all []string
	for part := range strings.SplitSeq(f.Detail, "; ") {
		id, _, ok := strings.Cut(part, ": ")
		switch f.Fault {
		case alarm.OutputFailed:
			id = n.outputs[id]
		case alarm.BusHung, alarm.BusMissing:
			ok = ok && !strings.Contains(id, " ")
		default:
			ok = false
		}
		if ok && id != "" && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}
