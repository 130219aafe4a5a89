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
	// What stands at a point under test for so long is no test any more, nor are so many points at
	// once.
	testStands = 3 * time.Minute
	testUrgent = time.Minute // likewise of a call point, of gas high and of CO
	testAtOnce = 3
	// testClear is how long a point that was tried must be normal before it is back in service.
	testClear = time.Minute
	// The district tests one zone at a time, and leaves the people their peace between.
	testFromAfar = 10 * time.Minute
	restFromAfar = time.Hour
	testChirp    = time.Second // begins with one pulse of 0.2 s
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

// startTest takes points into a walk test. Nobody tests while people are in danger.
func (p *Panel) startTest(now point.Instant, c *Command) string {
	most := longestTest
	if c.By.Kind == District {
		most = testFromAfar
	}
	switch {
	case c.Zone != "" && p.area(c.Zone) == nil:
		return RefusedUnknownZone
	case c.For < 0 || c.For > most:
		return RefusedDuration
	case p.exercising():
		return RefusedBusy
	case c.By.Kind == District && p.rests(now):
		return RefusedTooEarly
	case c.By.Kind == District && c.Zone == "" && len(p.areas) > 1:
		return RefusedUnknownZone
	case p.endangered():
		return RefusedAlarm
	}
	points := p.testable(c)
	if len(points) == 0 {
		return RefusedNothing
	}
	d := c.For
	if d == 0 {
		d = most
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

// testable lists what can be tried: what can tell of something, and is no button. From afar it is
// automatic fire detectors alone: who presses a call point then knows of no test, and is believed.
func (p *Panel) testable(c *Command) (points []TestPoint) {
	for i := range p.points {
		w := &p.points[i]
		switch {
		case c.Zone != "" && w.plan.Zone != c.Zone, w.plan.Button.Acts(), w.derived != nil,
			w.goal() == detect.Normal,
			c.By.Kind == District && (w.plan.Manual || w.plan.Signal != Fire):
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
	return points
}

// rests tells whether the last walk test or drill of the district is over for less than it must
// wait.
func (p *Panel) rests(now point.Instant) bool {
	rested := func(by Origin, end point.Instant) bool {
		return by.Kind != District || now.Sub(end) >= restFromAfar
	}
	t, d := p.test, p.drill
	return t != nil && !rested(t.By, t.since.Add(t.Lasted)) ||
		d != nil && !rested(d.By, d.since.Add(d.Lasted))
}

// exercising tells whether a walk test or a drill runs.
func (p *Panel) exercising() bool {
	return p.test != nil && p.test.Running || p.drill != nil && p.drill.Running
}

// endangered tells whether something that people must leave for stands or is latched.
func (p *Panel) endangered() bool {
	return slices.ContainsFunc(p.alarms, func(a *standing) bool {
		return !a.drill && a.signal.IsLifeSafety() && a.finding.Level >= detect.PreAlarm
	})
}

// markTested puts the points of the test under test, and no other.
func (p *Panel) markTested() {
	for i := range p.points {
		p.points[i].testing, p.points[i].metAt, p.points[i].calmAt = false, 0, 0
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
	if w.raw.Met {
		since = max(w.raw.Since, t.since)
	}
	t.Points = slices.Clone(t.Points)
	tp := &t.Points[i]
	tp.Tried, tp.Detected, tp.Alarmed = true, since.Sub(t.since), now.Sub(t.since)
	t.chirpUntil, t.chirps = now.Add(testChirp), true
	e := w.event(Tested)
	e.From, e.To, e.For = w.told, f, now.Sub(since)
	p.emit(now, e)
	p.redrive, p.dirty = true, true
}

// overdone tells whether points under test tell of more than somebody who tries one after the
// other: one that stands for too long, or several at once. A point that was tried is back in
// service once it has been normal for a while.
func (p *Panel) overdone(now point.Instant) bool {
	if p.test == nil || !p.test.Running {
		return false
	}
	standing, over := 0, false
	for i := range p.points {
		w := &p.points[i]
		switch {
		case !w.testing:
		case w.finding.Level < w.goal():
			w.metAt = 0
			p.returns(now, w)
		default:
			if w.metAt == 0 {
				w.metAt = now
			}
			w.calmAt = 0
			if w.plan.Signal.IsLifeSafety() {
				standing++
				over = over || now.Sub(w.metAt) >= w.testStands()
			}
		}
	}
	return over || standing >= testAtOnce
}

// testStands is how long a point may be in alarm while somebody tries it.
func (w *watched) testStands() time.Duration {
	if w.plan.Manual || w.plan.Signal == CO || w.finding.Level == detect.AlarmHigh {
		return testUrgent
	}
	return testStands
}

// returns puts a point that was tried back into service once it has been normal for a while.
func (p *Panel) returns(now point.Instant, w *watched) {
	i := slices.IndexFunc(p.test.Points, func(tp TestPoint) bool { return tp.Point == w.plan.ID })
	if i < 0 || !p.test.Points[i].Tried || w.finding.Level > detect.Normal {
		w.calmAt = 0
		return
	}
	if w.calmAt == 0 {
		w.calmAt = now
	}
	if now.Sub(w.calmAt) >= testClear {
		w.testing = false
	}
}

// goal is the level at which a point has been tried: alarm, or the highest that it has; Normal when
// it tells of nothing.
func (w *watched) goal() detect.Level {
	goal := detect.Normal
	if len(w.plan.Spec.Fire) > 0 || w.plan.Rule != nil {
		goal = detect.Alarm
	}
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
	if reason == "" || len(reason) > longestReason {
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
	e := w.event(TestSkipped)
	e.Reason = reason
	p.emit(now, e)
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
	e := w.event(TestReceived)
	e.For = tp.Received - tp.Alarmed
	p.emit(now, e)
	p.dirty = true
	return ""
}

// endTest puts the points back into service. The same step raises what stands there; what is over
// and only waits out its off-delay was tried, and is no danger.
func (p *Panel) endTest(now point.Instant, why string) string {
	if p.test == nil || !p.test.Running {
		return RefusedNothing
	}
	t := p.test
	t.Running, t.Ended, t.Lasted, t.chirps = false, why, now.Sub(t.since), false
	for i := range p.points {
		w := &p.points[i]
		over := w.finding.Level >= w.goal() && !w.raw.Met && !w.ails()
		if w.testing && over {
			w.forget()
			w.finding.Level = detect.Normal // the rule says so too, from its next answer on
		}
	}
	p.markTested()
	p.emit(now, Event{Kind: TestEnded, Zone: t.Zone, Reason: why, For: t.Lasted})
	p.redrive, p.dirty = true, true
	return ""
}

// tone is what an output plays while no alarm drives it: the chirp of a walk test, or what
// announces a drill.
func (p *Panel) tone(o *OutputPlan) Pattern {
	switch {
	case !o.Kind.Sounds():
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
