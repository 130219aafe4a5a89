package alarm

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// IndicatorKind is one number that the panel knows of the site. A derived point names it as its
// formula and needs no inputs.
type IndicatorKind struct {
	Name   string
	Result drivers.Quantity
	// find gives the number, and false while there is none.
	find func(p *Panel, now point.Instant) (int64, bool)
}

// indicators holds every number of the site; the comment of its function says what it is.
var indicators = []IndicatorKind{
	{"availability", drivers.Share, (*Panel).availability},
	{"old_faults", drivers.Count, (*Panel).oldFaults},
	{"disabled_points", drivers.Count, (*Panel).disabledPoints},
	{"disabled_time", drivers.Elapsed, (*Panel).disabledTime},
	{"false_alarms", drivers.Count, (*Panel).falseAlarms},
	{"missing_points", drivers.Count, (*Panel).missingPoints},
	{"test_coverage", drivers.Share, (*Panel).testCoverage},
	{"self_check_age", drivers.Elapsed, (*Panel).selfCheckAge},
	{"items_overdue", drivers.Count, (*Panel).itemsOverdue},
	{"hazards_open", drivers.Count, (*Panel).hazardsOpen},
	{"rectified", drivers.Share, (*Panel).rectified},
	{"on_shift", drivers.Count, (*Panel).onShift},
	{"shift_short", drivers.Contact, (*Panel).shiftShort},
	{"accept_median", drivers.Elapsed, responses(Accepting, 50)},
	{"accept_p95", drivers.Elapsed, responses(Accepting, 95)},
	{"arrive_median", drivers.Elapsed, responses(Arriving, 50)},
	{"arrive_p95", drivers.Elapsed, responses(Arriving, 95)},
	{"answer_time", drivers.Elapsed, (*Panel).answerTime},
	{"unanswered", drivers.Share, (*Panel).unanswered},
	{"online", drivers.Share, (*Panel).online},
	{"valve_time", drivers.Elapsed, (*Panel).valveTime},
	{"valve_age", drivers.Elapsed, (*Panel).valveAge},
	{"drill_raise", drivers.Elapsed, (*Panel).drillRaise},
	{"drill_accept", drivers.Elapsed, drilled(Accepting)},
	{"drill_arrive", drivers.Elapsed, drilled(Arriving)},
	{"drill_time", drivers.Elapsed, (*Panel).drillTime},
}

// Indicators lists every number of the site that a derived point may name.
func Indicators() []IndicatorKind { return slices.Clone(indicators) }

const whole = 100_000 // 100 % in m%

// availability (完好率) is
//
//	points that are read and show no fault / points that are read and are in service
//
// It is 0 while all of them are disabled.
func (p *Panel) availability(point.Instant) (int64, bool) {
	var good, all, read int64
	for i := range p.points {
		w := &p.points[i]
		if w.derived != nil {
			continue
		}
		read++
		if w.disabled != nil {
			continue
		}
		all++
		if w.fault == "" {
			good++
		}
	}
	if all == 0 {
		return 0, read > 0
	}
	return good * whole / all, true
}

// oldFaults is how many faults have been shown for more than a day of this run: a fault is found
// anew after a restart.
func (p *Panel) oldFaults(now point.Instant) (n int64, known bool) {
	for i := range p.points {
		if w := &p.points[i]; w.fault != "" && now.Sub(w.faultSince) > day {
			n++
		}
	}
	for i := range p.notices {
		if p.notices[i].shown && now.Sub(p.notices[i].since) > day {
			n++
		}
	}
	return n, true
}

// disabledPoints is how many points are out of service.
func (p *Panel) disabledPoints(point.Instant) (n int64, known bool) {
	for i := range p.points {
		if p.points[i].disabled != nil {
			n++
		}
	}
	return n, true
}

// disabledTime is for how long points have been out of service, all together and ever, in seconds.
func (p *Panel) disabledTime(point.Instant) (int64, bool) {
	return int64(p.tally.disabledFor / time.Second), true
}

// falseAlarms is how many incidents of the last 30 days of running were judged a false alarm.
func (p *Panel) falseAlarms(point.Instant) (n int64, known bool) {
	for _, day := range p.tally.falseAlarms {
		n += int64(day)
	}
	return n, true
}

// missingPoints is how many points the site file asks for and does not have.
func (p *Panel) missingPoints(point.Instant) (int64, bool) { return int64(p.plan.Missing), true }

// testCoverage is
//
//	points that can alarm and were tried in a walk test within 31 days of running
//	/ points that can alarm
func (p *Panel) testCoverage(point.Instant) (int64, bool) {
	var tried, all int64
	for i := range p.points {
		w := &p.points[i]
		if w.derived != nil || w.plan.Button.Acts() || w.goal() == detect.Normal {
			continue
		}
		all++
		for _, t := range p.tally.tested {
			if t.Point == w.plan.ID && t.Age <= 31*day {
				tried++
			}
		}
	}
	if all == 0 {
		return 0, false
	}
	return tried * whole / all, true
}

// selfCheckAge is how long ago the newest check of an item was made, in seconds of running.
func (p *Panel) selfCheckAge(point.Instant) (int64, bool) {
	least, known := time.Duration(0), false
	for i := range p.people.items {
		it := &p.people.items[i]
		if it.Done && (!known || it.Ran < least) {
			least, known = it.Ran, true
		}
	}
	return int64(least / time.Second), known
}

// itemsOverdue is how many check items nobody has checked in time.
func (p *Panel) itemsOverdue(point.Instant) (n int64, known bool) {
	for i := range p.people.items {
		if p.people.items[i].Overdue {
			n++
		}
	}
	return n, true
}

// hazardsOpen is how many hazards are still to be put right.
func (p *Panel) hazardsOpen(point.Instant) (int64, bool) {
	return int64(len(p.people.hazards.open)), true
}

// rectified is the share of the hazards that were put right in time.
func (p *Panel) rectified(point.Instant) (int64, bool) {
	hs := &p.people.hazards
	inTime, all := rectified(hs.open, hs.inTime, hs.late)
	if all == 0 {
		return 0, false
	}
	return inTime * whole / all, true
}

// onShift is how many people are on shift.
func (p *Panel) onShift(point.Instant) (int64, bool) {
	return int64(len(p.people.shift.people)), true
}

// shiftShort is 1 while fewer people are on shift than the site file asks for.
func (p *Panel) shiftShort(point.Instant) (int64, bool) {
	if p.people.shift.short {
		return 1, true
	}
	return 0, true
}

// responses is a percentile of the times after which a step of an incident was made, over the open
// incidents and the last that were closed, in seconds: the smallest time that at least so many of a
// hundred did not exceed.
func responses(s Step, percent int) func(*Panel, point.Instant) (int64, bool) {
	return func(p *Panel, _ point.Instant) (int64, bool) {
		var times [2 * mostClosed]time.Duration
		n := 0
		note := func(in *Incident) {
			if st := in.Step(s); st.Done && !in.Drill && n < len(times) {
				times[n] = st.After
				n++
			}
		}
		for i := range p.people.incidents.closed {
			note(&p.people.incidents.closed[i])
		}
		for i := range p.people.incidents.open {
			note(&p.people.incidents.open[i].Incident)
		}
		if n == 0 {
			return 0, false
		}
		slices.Sort(times[:n])
		return int64(times[(n*percent+99)/100-1] / time.Second), true
	}
}

// answerTime is how long the newest call that was answered had to wait, in seconds.
func (p *Panel) answerTime(point.Instant) (int64, bool) {
	for _, c := range slices.Backward(p.people.calls.ended) {
		if c.Outcome == DutyAnswered || c.Outcome == WarningAnswered {
			return int64(c.Took / time.Second), true
		}
	}
	return 0, false
}

// unanswered is the share of the last calls that nobody answered in time.
func (p *Panel) unanswered(point.Instant) (int64, bool) {
	var missed int64
	ended := p.people.calls.ended
	for i := range ended {
		if ended[i].Outcome == DutyMissed || ended[i].Outcome == WarningUnanswered {
			missed++
		}
	}
	if len(ended) == 0 {
		return 0, false
	}
	return missed * whole / int64(len(ended)), true
}

// online is the share of the last 24 hours in which the district could be reached. It counts this
// run only: whether somebody could be reached before a restart is not known after it.
func (p *Panel) online(point.Instant) (int64, bool) {
	var up, down time.Duration
	for i := range p.tally.up {
		up, down = up+p.tally.up[i], down+p.tally.down[i]
	}
	all := (up + down).Milliseconds()
	if all == 0 {
		return 0, false
	}
	return up.Milliseconds() * whole / all, true
}

// valveTime is how long the newest closing of a valve took until it was confirmed, in seconds, part
// of one as a whole one.
func (p *Panel) valveTime(point.Instant) (int64, bool) {
	took := p.tally.valveTook
	return int64((took + time.Second - 1) / time.Second), took > 0
}

// valveAge is how long ago a valve was last closed and confirmed, in seconds of running.
func (p *Panel) valveAge(point.Instant) (int64, bool) {
	return int64(p.tally.valveAge / time.Second), p.tally.valveTook > 0
}

// drillRaise is how long after its begin the newest drill raised its first alarm, in seconds.
func (p *Panel) drillRaise(point.Instant) (int64, bool) {
	if p.drill == nil {
		return 0, false
	}
	first := time.Duration(0)
	for _, dp := range p.drill.Points {
		if dp.Raised > 0 && (first == 0 || dp.Raised < first) {
			first = dp.Raised
		}
	}
	return int64(first / time.Second), first > 0
}

// drilled is how long after the alarm of the newest drill the station made a step, in seconds.
func drilled(s Step) func(*Panel, point.Instant) (int64, bool) {
	return func(p *Panel, _ point.Instant) (int64, bool) {
		ins := &p.people.incidents
		for i := range slices.Backward(ins.open) {
			if in := &ins.open[i].Incident; in.Drill && in.Step(s).Done {
				return int64(in.Step(s).After / time.Second), true
			}
		}
		for i := range slices.Backward(ins.closed) {
			if in := &ins.closed[i]; in.Drill && in.Step(s).Done {
				return int64(in.Step(s).After / time.Second), true
			}
		}
		return 0, false
	}
}

// drillTime is how long the newest drill that is over lasted, in seconds.
func (p *Panel) drillTime(point.Instant) (int64, bool) {
	if p.drill == nil || p.drill.Running {
		return 0, false
	}
	return int64(p.drill.Lasted / time.Second), true
}
