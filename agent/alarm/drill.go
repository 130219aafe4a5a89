package alarm

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

const (
	announceFor  = 10 * time.Second // the tone before a drill
	mostScenario = 32               // points, and outputs
	ackWithin    = 60 * time.Second // for the station to acknowledge
	meantFor     = 5 * time.Second  // a sounder tells without a pause that a drill has become real
)

// Scenario is what a drill plays: the points that alarm, and the outputs that may act besides what
// sounds and flashes. A valve, a fan, a relay and a barrier stay at rest unless they are listed.
// Without points it is the first automatic fire detector of the site.
//
// Smoke says that somebody uses real smoke at the points, so that what they find is the drill's. It
// is for people on site; without it, whatever a point of the scenario really finds ends the drill.
type Scenario struct {
	Points  []point.ID
	Outputs []OutputID
	Smoke   bool
}

// DrillState is a drill. Times are since it began.
type DrillState struct {
	Running    bool
	Announcing bool // the tone before it
	By         Origin
	Age        time.Duration // since it began
	Left       time.Duration // until it ends by itself
	Lasted     time.Duration // once it is over
	Ended      string        // why it is over
	Points     []DrillPoint  // of the scenario; read only
	Outputs    []OutputID    // that may act besides what sounds and flashes
	Smoke      bool          // real smoke is used
	Sounded    time.Duration // when the first sounder rang; 0: none yet
	Silenced   time.Duration // when a person silenced it; 0: not yet
	// Deviations are what went otherwise than a drill should, once it is over: a code of Drill…,
	// with the point behind a colon where it speaks of one.
	Deviations []string
}

// DrillPoint is one point of a scenario.
type DrillPoint struct {
	Point        point.ID
	Raised       time.Duration // 0: not yet
	Acknowledged time.Duration // 0: not yet
}

// What may go otherwise than a drill should.
const (
	DrillUnsounded = "no_sounder"        // no sounder rang
	DrillUnraised  = "not_raised"        // a point of the scenario did not alarm
	DrillUnseen    = "not_acknowledged"  // nobody acknowledged it
	DrillLate      = "acknowledged_late" // only after more than 60 s
	DrillUnended   = "not_ended"         // neither a person nor a real alarm ended it
)

// part is what a point plays in a drill.
type part uint8

const (
	noPart part = iota
	waits       // its alarm comes after the announcement
	plays       // it alarms, though nothing burns
	played      // it was reset
)

// exercise is a drill with its moments. Its list of points is replaced, never changed.
type exercise struct {
	DrillState
	since, until point.Instant
}

// exercise carries out a command about a walk test or a drill.
func (p *Panel) exercise(now point.Instant, c *Command) string {
	switch c.Action {
	case StartTest:
		return p.startTest(now, c)
	case EndTest:
		return p.endTest(now, EndedOrdered)
	case SkipTest:
		return p.skipTest(now, c)
	case ReceiptTest:
		return p.receiptTest(now, c)
	case StartDrill:
		return p.startDrill(now, c)
	}
	return p.endDrill(now, EndedOrdered)
}

// startDrill begins a drill. Nobody drills while people are in danger.
func (p *Panel) startDrill(now point.Instant, c *Command) string {
	switch {
	case c.For < 0 || c.For > longestTest:
		return RefusedDuration
	case p.exercising():
		return RefusedBusy
	case c.By.Kind == District && p.rests(now):
		return RefusedTooEarly
	case p.endangered():
		return RefusedAlarm
	}
	s, reason := p.scenario(c)
	if reason != "" {
		return reason
	}
	d := c.For
	if d == 0 {
		d = longestTest
	}
	p.drill = &exercise{
		DrillState: DrillState{Running: true, Announcing: true, By: c.By, Outputs: s.Outputs,
			Smoke: s.Smoke},
		since: now, until: now.Add(d),
	}
	names := make([]string, len(s.Points))
	for i, id := range s.Points {
		p.drill.Points = append(p.drill.Points, DrillPoint{Point: id})
		p.at(id).part, names[i] = waits, string(id)
	}
	p.emit(now, Event{
		Kind: DrillStarted, Reason: strings.Join(names, ", "), For: d, Drill: true,
	})
	p.redrive, p.dirty = true, true
	return ""
}

// scenario checks what a drill shall play. What moves something is listed by a person on site only.
func (p *Panel) scenario(c *Command) (s Scenario, reason string) {
	if c.Scenario != nil {
		s.Points = slices.Clone(c.Scenario.Points)
		s.Outputs, s.Smoke = slices.Clone(c.Scenario.Outputs), c.Scenario.Smoke
	}
	if len(s.Points) == 0 {
		i := slices.IndexFunc(p.points, func(w watched) bool {
			return w.plan.Signal == Fire && !w.plan.Manual && w.disabled == nil
		})
		if i < 0 {
			return s, RefusedScenario
		}
		s.Points = []point.ID{p.points[i].plan.ID}
	}
	if len(s.Points) > mostScenario || len(s.Outputs) > mostScenario {
		return s, RefusedScenario
	}
	for i, id := range s.Points {
		switch w := p.at(id); {
		case w == nil:
			return s, RefusedUnknownPoint
		case w.disabled != nil || w.alarm != nil || slices.Contains(s.Points[:i], id):
			return s, RefusedScenario
		}
	}
	for _, id := range s.Outputs {
		if p.output(id) == nil {
			return s, RefusedUnknownOutput
		}
	}
	if (len(s.Outputs) > 0 || s.Smoke) && c.By.Kind == District {
		return s, RefusedNotPermitted
	}
	return s, ""
}

// played is the finding of a point of the scenario: an alarm once the announcement is over. Smoke
// that is used there before it is its alarm too.
func (p *Panel) played(w *watched, f detect.Finding) detect.Finding {
	if w.part == waits && !p.drill.Announcing {
		w.part = plays
	}
	if w.part == plays && f.Level < detect.Alarm {
		f.Level, f.Why = detect.Alarm, [4]detect.Evidence{}
	}
	return f
}

// interrupt ends a drill and a walk test when their time is over, or at once when a point that is
// no part of them tells of danger. It comes before any point is heeded, so that the alarm behind it
// is whole.
func (p *Panel) interrupt(now point.Instant) {
	if t := p.test; t != nil && t.chirps && now >= t.chirpUntil {
		t.chirps, p.redrive = false, true
	}
	if d := p.drill; d != nil && d.Announcing && now.Sub(d.since) >= announceFor {
		d.Announcing, p.redrive = false, true
	}
	if !p.exercising() {
		return
	}
	why := ""
	if p.overdone(now) {
		why = EndedAlarm
	}
	smoky := p.drill != nil && p.drill.Smoke
	for i := range p.points {
		if p.points[i].isReal(smoky) {
			why = EndedAlarm
		}
	}
	if p.test != nil && (why != "" || now >= p.test.until) {
		p.endTest(now, reasonOr(why, EndedExpired))
	}
	if p.drill != nil && (why != "" || now >= p.drill.until) {
		p.endDrill(now, reasonOr(why, EndedExpired))
	}
}

func reasonOr(why, otherwise string) string {
	if why == "" {
		return otherwise
	}
	return why
}

// isReal tells whether a point tells of a danger that is no part of a walk test or a drill. What a
// point of the scenario really finds is real too, unless the drill uses smoke. A call point, gas
// high and CO are never played by hand.
func (w *watched) isReal(smoky bool) bool {
	if w.disabled != nil || w.testing || !w.plan.Signal.IsLifeSafety() {
		return false
	}
	if w.part == noPart {
		return w.finding.Level >= detect.PreAlarm
	}
	return (w.plan.Manual || !smoky) && w.finding.Level >= detect.Alarm ||
		w.plan.Signal == Gas && w.finding.Level == detect.AlarmHigh ||
		w.plan.Signal == CO && w.finding.Level >= detect.Alarm
}

// endDrill takes back all that was played. What really stands at a point of the scenario alarms in
// the same step.
func (p *Panel) endDrill(now point.Instant, why string) string {
	d := p.drill
	if d == nil || !d.Running {
		return RefusedNothing
	}
	if why == EndedAlarm {
		p.mean(now)
	}
	for _, a := range slices.Clone(p.alarms) {
		if a.drill {
			p.reset(now, a, Origin{})
		}
	}
	for i := range p.points {
		p.points[i].part = noPart
	}
	d.Running, d.Announcing, d.Ended, d.Lasted = false, false, why, now.Sub(d.since)
	d.Deviations = d.deviations()
	p.emit(now, Event{Kind: DrillEnded, Reason: why, For: d.Lasted, Drill: true})
	p.redrive, p.dirty = true, true
	return ""
}

// mean lets what sounds for a drill sound without a pause for a moment: whoever hears the tone of
// the drill go on would take the fire for a part of it.
func (p *Panel) mean(now point.Instant) {
	for i := range p.outputs {
		o := &p.outputs[i]
		if a := o.choice.by; a != nil && a.drill && o.plan.Kind.Sounds() && o.pattern.IsAlarm() {
			o.meantUntil = now.Add(meantFor)
		}
	}
}

// deviations compares a drill with what it should have been.
func (d *exercise) deviations() []string {
	var all []string
	if d.Sounded == 0 {
		all = append(all, DrillUnsounded)
	}
	for _, dp := range d.Points {
		switch id := ":" + string(dp.Point); {
		case dp.Raised == 0:
			all = append(all, DrillUnraised+id)
		case dp.Acknowledged == 0:
			all = append(all, DrillUnseen+id)
		case dp.Acknowledged-dp.Raised > ackWithin:
			all = append(all, DrillLate+id)
		}
	}
	if d.Ended != EndedOrdered && d.Ended != EndedAlarm {
		all = append(all, DrillUnended)
	}
	return all
}

// blocks tells whether a drill keeps an output at rest: what moves something, unless it is listed.
func (p *Panel) blocks(o *OutputPlan, a *standing) bool {
	if !a.drill {
		return false
	}
	switch o.Kind {
	case Sounder, Buzzer, Strobe, Lamp:
		return false
	}
	return p.drill == nil || !slices.Contains(p.drill.Outputs, o.ID)
}

// rehearse writes down when something of a drill happened.
func (p *Panel) rehearse(now point.Instant, a *standing, k Kind) {
	d := p.drill
	if !a.drill || d == nil {
		return
	}
	i := slices.IndexFunc(d.Points, func(dp DrillPoint) bool { return dp.Point == a.point })
	if i < 0 {
		return
	}
	d.Points = slices.Clone(d.Points)
	switch dp := &d.Points[i]; {
	case k == Raised && dp.Raised == 0:
		dp.Raised = now.Sub(d.since)
	case k == Acknowledged && dp.Acknowledged == 0:
		dp.Acknowledged = now.Sub(d.since)
	}
}

// onlyDrill tells whether nothing stands but what a drill plays.
func (p *Panel) onlyDrill() bool {
	return p.drill != nil && p.drill.Running &&
		!slices.ContainsFunc(p.alarms, func(a *standing) bool { return !a.drill })
}

// hushed writes down when a person silenced a drill.
func (d *exercise) hushed(now point.Instant) {
	if d != nil && d.Running && d.Silenced == 0 {
		d.Silenced = now.Sub(d.since)
	}
}

// hear writes down when the first sounder rang for an alarm; what announces the drill is none.
func (d *exercise) hear(now point.Instant, outputs []driven) {
	if d == nil || !d.Running || d.Sounded != 0 {
		return
	}
	for i := range outputs {
		o := &outputs[i]
		if a := o.choice.by; o.plan.Kind == Sounder && a != nil && a.drill && o.pattern != Off {
			d.Sounded = now.Sub(d.since)
		}
	}
}

// state is the drill at a moment.
func (d *exercise) state(now point.Instant) *DrillState {
	if d == nil {
		return nil
	}
	s := d.DrillState
	s.Age = now.Sub(d.since)
	if s.Running {
		s.Left = max(d.until.Sub(now), 0)
	}
	return &s
}

// restoreDrill takes over the drill of an earlier run. One that ran then is over, and begin says
// so: after a restart everything is meant.
func (p *Panel) restoreDrill(s *DrillState) {
	if s != nil {
		p.drill = &exercise{DrillState: *s, since: point.Instant(-s.Age)}
	}
}
