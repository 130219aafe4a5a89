package alarm

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

const (
	longestTest = 60 * time.Minute // of a walk test and of a drill
	testChirp   = time.Second      // begins with one pulse of 0.2 s
	longestSkip = 100              // bytes of the reason of a skipped point
)

// Why a walk test or a drill is over.
const (
	EndedOrdered   = "ordered"      // a person or the district ended it
	EndedExpired   = "expired"      // its time was over
	EndedAlarm     = "alarm"        // a point that is no part of it tells of danger
	EndedRestarted = "restarted"    // the agent was started anew
	EndedPlan      = "plan_changed" // another site file is in use
)

// TestState is a walk test: somebody goes from detector to detector and tries each. Times are since
// it began, so that they outlive a restart.
type TestState struct {
	Running bool
	Zone    ZoneID // empty: the whole site
	By      Origin
	Age     time.Duration // since it began
	Left    time.Duration // until it ends by itself
	Lasted  time.Duration // once it is over
	Ended   string        // why it is over
	Points  []TestPoint   // in plan order; read only
}

// TestPoint is what a walk test found at one point.
type TestPoint struct {
	Point    point.ID
	Tried    bool
	Detected time.Duration // when its condition was first met
	Alarmed  time.Duration // when the panel took it for an alarm and chirped
	Received time.Duration // when the district had it; 0: not told
	Skipped  string        // why it is not tried; empty: it was, or is still to be
}

// walk is a walk test with its moments. Its list of points is replaced, never changed: snapshots
// share it.
type walk struct {
	TestState
	since, until point.Instant
	chirpUntil   point.Instant
	chirps       bool
}

// startTest takes points into a walk test. Nobody tests while people are in danger. From afar no
// call point is tested: who presses one then knows of no test, and is believed.
func (p *Panel) startTest(now point.Instant, c *Command) string {
	switch {
	case c.Zone != "" && p.area(c.Zone) == nil:
		return RefusedUnknownZone
	case c.For < 0 || c.For > longestTest:
		return RefusedDuration
	case p.exercising():
		return RefusedBusy
	case p.endangered():
		return RefusedAlarm
	}
	var points []TestPoint
	for i := range p.points {
		w := &p.points[i]
		if c.Zone != "" && w.plan.Zone != c.Zone ||
			c.By.Kind == District && w.plan.Manual {
			continue
		}
		tp := TestPoint{Point: w.plan.ID}
		switch {
		case w.disabled != nil:
			tp.Skipped = "disabled"
		case w.alarm != nil:
			tp.Skipped = "in alarm"
		}
		points = append(points, tp)
	}
	if len(points) == 0 {
		return RefusedNothing
	}
	d := c.For
	if d == 0 {
		d = longestTest
	}
	p.test = &walk{
		TestState: TestState{Running: true, Zone: c.Zone, By: c.By, Points: points},
		since:     now, until: now.Add(d),
	}
	p.markTested()
	p.emit(now, Event{Kind: TestStarted, Zone: c.Zone, For: d})
	p.dirty = true
	return ""
}

// exercising tells whether a walk test or a drill runs.
func (p *Panel) exercising() bool {
	return p.test != nil && p.test.Running || p.drill != nil && p.drill.Running
}

// endangered tells whether something that people must leave for stands or is latched.
func (p *Panel) endangered() bool {
	return slices.ContainsFunc(p.alarms, func(a *standing) bool {
		return !a.drill && isLifeSafety(a.signal) && a.finding.Level >= detect.PreAlarm
	})
}

// markTested puts the points of the test under test, and no other.
func (p *Panel) markTested() {
	for i := range p.points {
		p.points[i].testing = false
	}
	if p.test == nil || !p.test.Running {
		return
	}
	for i := range p.test.Points {
		if w := p.at(p.test.Points[i].Point); w != nil {
			w.testing = p.test.Points[i].Skipped == ""
		}
	}
}

// try judges a point under test: it sounds a chirp and nothing else, and is written down.
func (p *Panel) try(now point.Instant, w *watched) {
	t, f := p.test, w.finding
	i := slices.IndexFunc(t.Points, func(tp TestPoint) bool { return tp.Point == w.plan.ID })
	if f.Level < w.goal() || i < 0 || t.Points[i].Tried {
		return
	}
	since := now
	if o, ok := w.rule.(detect.Observer); ok && o.Raw().Met {
		since = max(o.Raw().Since, t.since)
	}
	t.Points = slices.Clone(t.Points)
	tp := &t.Points[i]
	tp.Tried, tp.Detected, tp.Alarmed = true, since.Sub(t.since), now.Sub(t.since)
	t.chirpUntil, t.chirps = now.Add(testChirp), true
	p.emit(now, Event{
		Kind: Tested, Zone: w.plan.Zone, Point: w.plan.ID, Signal: w.plan.Signal,
		From: w.told, To: f, For: now.Sub(since),
	})
	p.redrive, p.dirty = true, true
}

// goal is the level at which a point has been tried: alarm, or the highest that it has.
func (w *watched) goal() detect.Level {
	goal := detect.Supervisory
	for _, c := range w.plan.Spec.Conditions {
		goal = max(goal, c.Level)
	}
	return min(goal, detect.Alarm)
}

// tested finds a point in the walk test; nil when there is none.
func (p *Panel) tested(id point.ID) *TestPoint {
	if p.test == nil {
		return nil
	}
	i := slices.IndexFunc(p.test.Points, func(tp TestPoint) bool { return tp.Point == id })
	if i < 0 {
		return nil
	}
	p.test.Points = slices.Clone(p.test.Points)
	return &p.test.Points[i]
}

// skipTest takes a point out of the walk test: it is back in service at once.
func (p *Panel) skipTest(now point.Instant, c *Command) string {
	reason := strings.TrimSpace(c.Reason)
	if reason == "" || len(reason) > longestSkip {
		return RefusedNoReason
	}
	w, tp := p.at(c.Point), p.tested(c.Point)
	switch {
	case w == nil || tp == nil:
		return RefusedUnknownPoint
	case !p.test.Running || tp.Tried || tp.Skipped != "":
		return RefusedNothing
	}
	tp.Skipped, w.testing = reason, false
	p.emit(now, Event{
		Kind: TestSkipped, Zone: w.plan.Zone, Point: w.plan.ID, Signal: w.plan.Signal, Reason: reason,
	})
	p.dirty = true
	return ""
}

// receiptTest notes when the district had the alarm of a point that was tried.
func (p *Panel) receiptTest(now point.Instant, c *Command) string {
	w, tp := p.at(c.Point), p.tested(c.Point)
	switch {
	case w == nil || tp == nil:
		return RefusedUnknownPoint
	case !tp.Tried || tp.Received != 0:
		return RefusedNothing
	case c.For < 0 || c.For > longestTest:
		return RefusedDuration
	}
	tp.Received = now.Sub(p.test.since)
	if c.For > 0 {
		tp.Received = tp.Alarmed + c.For
	}
	p.emit(now, Event{
		Kind: TestReceived, Zone: w.plan.Zone, Point: w.plan.ID, Signal: w.plan.Signal,
		For: tp.Received - tp.Alarmed,
	})
	p.dirty = true
	return ""
}

// endTest puts the points back into service. The same step raises what stands there.
func (p *Panel) endTest(now point.Instant, why string) string {
	if p.test == nil || !p.test.Running {
		return RefusedNothing
	}
	t := p.test
	t.Running, t.Ended, t.Lasted, t.chirps = false, why, now.Sub(t.since), false
	p.markTested()
	p.emit(now, Event{Kind: TestEnded, Zone: t.Zone, Reason: why, For: t.Lasted})
	p.redrive, p.dirty = true, true
	return ""
}

// tone is what an output plays while no alarm drives it: the chirp of a walk test, or what
// announces a drill.
func (p *Panel) tone(o *OutputPlan) Pattern {
	switch {
	case !o.audible():
	case p.drill != nil && p.drill.Announcing:
		return DrillTone
	case p.test != nil && p.test.chirps:
		return Chirp
	}
	return Off
}

// state is the walk test at a moment.
func (t *walk) state(now point.Instant) *TestState {
	if t == nil {
		return nil
	}
	s := t.TestState
	s.Age = now.Sub(t.since)
	if s.Running {
		s.Left = max(t.until.Sub(now), 0)
	}
	return &s
}

// restoreTest goes on with a walk test of an earlier run, less what may have run since it was
// saved.
func (p *Panel) restoreTest(s *TestState) {
	if s == nil {
		return
	}
	p.test = &walk{TestState: *s, since: point.Instant(-s.Age)}
	p.test.until = point.Instant(min(s.Left, longestTest) - saveAgain)
	p.markTested()
}

// shift moves a restored walk test to the moment of the first step.
func (t *walk) shift(by time.Duration) {
	if t != nil {
		t.since, t.until = t.since.Add(by), t.until.Add(by)
	}
}
