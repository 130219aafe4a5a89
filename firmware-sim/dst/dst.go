// Package dst runs the real drivers, rules and panel on simulated chips, in virtual time and in one
// goroutine, and checks after every step that nothing happened which must never happen. A seed
// draws everything: site, world, faults, orders, restarts and tunables. Nothing in it may depend on
// the machine that it runs on: the same seed gives the same decisions everywhere, to the byte.
package dst

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// Panel is what the simulation asks of a panel. A test may give it a broken one.
type Panel interface {
	Step(now point.Instant, in alarm.Input) alarm.Decision
	Snapshot(now point.Instant) *alarm.Snapshot
	Replan(now point.Instant, plan alarm.Plan) alarm.Decision
}

// Knobs change a run. The zero value draws everything from the seed.
type Knobs struct {
	Points  int                                     // 0: drawn, 1 to 40
	Chaos   time.Duration                           // the first phase; 0: drawn, mostly 3 to 10 min
	Start   point.Instant                           // of the first step; no decision may depend on it
	Panel   func(p alarm.Plan, s alarm.Saved) Panel // nil: alarm.New
	Orders  func(points []alarm.PointPlan) []Order  // given beside the drawn ones
	Undated bool                                    // the panel never learns the date
	Log     io.Writer                               // a line for everything that happens
	// NoRestarts takes the restarts out of the story. How old the remaining time of a disablement
	// is on the disk, up to 10 s, depends on what else was saved.
	NoRestarts bool
}

// Order is a command and when it is given.
type Order struct {
	At      time.Duration
	Command alarm.Command
}

// Violation is something that must never happen, and did.
type Violation struct {
	Invariant
	At   time.Duration
	Text string
}

// String is the violation with its number and name.
func (v Violation) String() string {
	return fmt.Sprintf("%v: invariant %d, %s: %s", v.At, v.Number, v.Name, v.Text)
}

// Report is what came of a run.
type Report struct {
	Seed       uint64
	Points     int
	Steps      int
	Events     int
	Alarms     int
	Runs       int    // of the panel: 1 and the restarts
	Hash       string // of everything that the panel decided
	Told       []Told // what the panel said of each point
	Violations []Violation
}

// Told is one thing that the panel said of a point.
type Told struct {
	At    time.Duration
	Point point.ID
	What  string
	// Derived tells that no sensor gives the point. Some are made of faults, and what is past its
	// life is one.
	Derived bool
}

const (
	calm     = 150 * time.Second // length of the second phase, beside what sensors need to warm up
	resetFor = 40 * time.Second  // before its end: the back-off is over, every fault has ended
	mostTold = 100_000
	// mostViolations of one invariant are kept.
	mostViolations = 5
)

// sim is one run.
type sim struct {
	knobs   Knobs
	rng     *rand.Rand
	report  Report
	site    *venue
	outputs []alarm.OutputPlan
	story   story
	tick    time.Duration
	calm    time.Duration // length of the second phase
	lag     time.Duration // from a decision until what it saved is on the disk

	clock   time.Duration // since the beginning of the run
	agent   *agent
	durable alarm.Saved // the newest file
	before  alarm.Saved // the other one
	lost    bool        // what the last run left could not be read, and nobody was told yet
	keeping []kept      // saved, not yet on the disk
	oracle  oracle
	sum     hash.Hash
}

type kept struct {
	at    time.Duration
	saved alarm.Saved
}

// Run plays one seed: a phase of chaos, then one in which everything is healed and must become
// well again.
func Run(seed uint64, k Knobs) Report {
	if k.Panel == nil {
		k.Panel = func(p alarm.Plan, s alarm.Saved) Panel { return alarm.New(p, s) }
	}
	s := &sim{knobs: k, rng: rand.New(rand.NewPCG(seed, 0)), sum: sha256.New()}
	s.report.Seed = seed
	s.tick = pick(s.rng, 20, 50, 100, 100, 100, 100, 100, 100) * time.Millisecond
	if k.Chaos == 0 {
		s.drawChaos()
	}
	s.lag = pick(s.rng, 0, 100, 2000) * time.Millisecond
	s.site = drawSite(s)
	s.story = drawStory(s)
	s.outputs = s.site.plan().Outputs
	for _, p := range s.site.spots {
		s.calm = max(s.calm, calm+p.warms())
	}
	s.report.Points = len(s.site.spots)
	s.oracle = newOracle(s)
	s.durable.Memories = s.site.burntIn()
	s.before = s.durable
	s.boot()
	for ; s.clock < s.knobs.Chaos; s.clock += s.tick {
		s.world()
		s.turn(s.story.due(s.clock))
	}
	s.heal()
	for end := s.knobs.Chaos + s.calm; s.clock < end; s.clock += s.tick {
		s.world()
		s.turn(s.mend(s.clock - s.knobs.Chaos))
	}
	s.oracle.converged()
	s.report.Hash = fmt.Sprintf("%x", s.sum.Sum(nil)[:8])
	return s.report
}

// drawChaos draws the length of the first phase. A few are long enough for what takes its time.
func (s *sim) drawChaos() {
	s.knobs.Chaos = time.Duration(180+s.rng.IntN(420)) * time.Second
	if s.rng.IntN(50) == 0 {
		s.knobs.Chaos = 75 * time.Minute
	}
}

// now is the moment that the panel is told: the time since its agent started.
func (s *sim) now() point.Instant {
	return s.knobs.Start.Add(s.clock - s.agent.started)
}

// boot starts an agent from what is on the disk. As the keeper does, it numbers the runs by the
// newest file even where it must take the older one.
func (s *sim) boot() {
	s.report.Runs++
	found := s.durable
	switch s.story.finds {
	case older:
		found = s.before
		found.Boot = s.durable.Boot
	case nothing:
		found = alarm.Saved{Boot: max(s.durable.Boot, 1<<20), Memories: s.site.burntIn()}
	}
	s.lost = s.story.finds != newest
	s.agent = newAgent(s, found)
	s.oracle.booted(found)
	s.logf("boot %d", s.report.Runs)
}

// world lets the site and the faults go on, and kills the agent when the story says so.
func (s *sim) world() {
	s.site.advance(s)
	if s.agent != nil && s.clock < s.knobs.Chaos && s.story.killed(s.clock) {
		s.save(nil)
		s.agent.kill()
		s.agent, s.keeping = nil, nil
		s.logf("killed")
	}
	if s.agent == nil && (s.clock >= s.story.up || s.clock >= s.knobs.Chaos) {
		s.boot()
	}
}

// turn is one step of the agent. While it is down nothing happens, and orders are lost.
func (s *sim) turn(orders []alarm.Command) {
	if s.agent == nil {
		return
	}
	in := alarm.Input{Readings: s.agent.poll(), Commands: orders}
	if !s.knobs.Undated {
		in.Day = s.story.today(s.clock)
	}
	if s.lost {
		in.Notices, s.lost = []alarm.Notice{{Fault: alarm.SavedLost, On: true}}, false
	}
	if s.clock < s.knobs.Chaos {
		in.Notices = append(in.Notices, s.story.notices(s.clock)...)
		if s.story.replans(s.clock) {
			s.replan()
		}
	} else if s.clock-s.knobs.Chaos < s.tick {
		in.Notices = allWell()
	}
	for i := range in.Commands {
		if in.Commands[i].Deadline != 0 {
			in.Commands[i].Deadline += s.now()
		}
	}
	s.decided(in, s.agent.panel.Step(s.now(), in))
	s.report.Steps++
}

// replan changes to the other file of the site.
func (s *sim) replan() {
	s.site.inUse = 1 - s.site.inUse
	s.site.adopt()
	s.decided(alarm.Input{}, s.agent.panel.Replan(s.now(), s.site.plan()))
}

// decided carries out a decision, writes it down and checks it.
func (s *sim) decided(in alarm.Input, d alarm.Decision) {
	s.agent.play(d.Wishes)
	s.save(d.Saved)
	for _, e := range d.Events {
		s.tell(e)
	}
	s.oracle.check(in, d)
}

// save brings to the disk what had time enough to get there.
func (s *sim) save(saved *alarm.Saved) {
	if saved != nil {
		s.keeping = append(s.keeping, kept{s.clock, *saved})
	}
	for len(s.keeping) > 0 && s.clock-s.keeping[0].at >= s.lag {
		s.before, s.durable, s.keeping = s.durable, s.keeping[0].saved, s.keeping[1:]
	}
}

// tell writes an event into the hash, the report and the log. Moments are written as the time since
// the agent started, so that a run may begin at any moment.
func (s *sim) tell(e alarm.Event) {
	s.report.Events++
	e.At -= s.knobs.Start
	fmt.Fprintf(s.sum, "%d %+v\n", s.clock, e)
	s.logf("  %d %v %s%s %v>%v %s%v %s %s", e.Seq, e.Kind, e.Point, e.Output, e.From.Level,
		e.To.Level, e.Fault, e.Pattern, e.Cause, e.Reason)
	switch e.Kind {
	case alarm.Raised:
		s.report.Alarms++
		s.told(e, e.To.Level.String())
	case alarm.Cleared:
		s.told(e, "")
	case alarm.FaultRaised, alarm.FaultEnded:
		s.told(e, string(e.Fault))
	}
}

func (s *sim) told(e alarm.Event, what string) {
	if len(s.report.Told) < mostTold {
		p := s.site.byID[e.Point]
		s.report.Told = append(s.report.Told, Told{
			s.clock, e.Point, e.Kind.String() + " " + what, p != nil && len(p.inputs) == 0,
		})
	}
}

func (s *sim) violated(inv Invariant, format string, args ...any) {
	v := Violation{inv, s.clock, fmt.Sprintf(format, args...)}
	same := 0
	for _, have := range s.report.Violations {
		if have.Invariant == inv {
			same++
		}
	}
	if same < mostViolations {
		s.logf("VIOLATED %v", v)
		s.report.Violations = append(s.report.Violations, v)
	}
}

func (s *sim) logf(format string, args ...any) {
	if s.knobs.Log != nil {
		fmt.Fprintf(s.knobs.Log, "%10v "+format+"\n", append([]any{s.clock}, args...)...)
	}
}

// heal ends every fault, every fire and every story.
func (s *sim) heal() {
	s.logf("everything is healed")
	s.site.heal()
}

// keyholder is a person who may do everything that can be done on site.
var keyholder = alarm.Origin{Kind: alarm.Page, Operator: 3, Level: 3}

// mend is what people do in the second phase: put everything back into service, end what runs and
// answer what is asked; later give their verdicts, reset, and open the valve again.
func (s *sim) mend(since time.Duration) (all []alarm.Command) {
	give := func(c alarm.Command) {
		c.ID, c.By = fmt.Sprintf("mend-%v-%d", since, len(all)), keyholder
		all = append(all, c)
	}
	switch since / s.tick * s.tick {
	case s.tick:
		give(alarm.Command{Action: alarm.EndTest})
		give(alarm.Command{Action: alarm.EndDrill})
		for _, p := range s.site.spots {
			give(alarm.Command{Action: alarm.Enable, Point: p.id})
		}
		for range 8 {
			give(alarm.Command{Action: alarm.Answer})
		}
	case (s.calm - resetFor) / s.tick * s.tick:
		for range 17 {
			give(alarm.Command{Action: alarm.Judge, Matter: alarm.Matter{Verdict: alarm.TestAlarm}})
		}
		give(alarm.Command{Action: alarm.Reset})
		for _, o := range s.site.plan().Outputs { // a valve stays closed until then
			give(alarm.Command{Action: alarm.Operate, Output: o.ID})
		}
		for n := range 33 {
			give(alarm.Command{Action: alarm.CloseHazard, Matter: alarm.Matter{ID: fmt.Sprintf("h%d", n)}})
		}
	}
	return all
}

// pick draws one of some numbers.
func pick(r *rand.Rand, from ...int) time.Duration {
	return time.Duration(from[r.IntN(len(from))])
}
