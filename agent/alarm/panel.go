// Package alarm is the panel: it holds the state of the whole site and decides what sounds, what is
// shown and what is told. It is pure: time is an argument, and it must never know a goroutine, a
// lock, a disk or a network.
package alarm

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

const (
	defaultResound = 10 * time.Minute
	// Event numbers of a run start at the next multiple of seqStride above the one in Saved, which
	// is never more than saveEvery behind. So Saved need not be written for every event, and a
	// number repeats only when nothing of a whole run, or of its last million events, reached the
	// disk.
	seqStride = 1_000_000
	saveEvery = 1000
	// saveAgain is how old a remaining time in Saved may be. It is taken off what is restored, so
	// that a box which restarts again and again still comes to the end of a silence. A disablement
	// of 8 hours costs 2880 small writes, and is rare.
	saveAgain = 10 * time.Second
)

// Panel holds the state of the whole site. It belongs to one goroutine.
type Panel struct {
	plan    Plan
	points  []watched
	index   map[point.ID]int
	order   []int // of points, in which they are heeded: what threatens most comes first
	areas   []area
	danger  int         // points that tell of something that burns or leaks
	alarms  []*standing // in the order in which they were raised
	outputs []driven
	rows    []row
	notices notices
	people  people
	tally   tally
	test    *walk     // the walk test that runs, or the last one
	drill   *exercise // the drill that runs, or the last one

	silenced  bool
	resoundAt point.Instant // 0: not while silenced
	obeyed    [64]string    // IDs of the last commands
	obeyedN   int

	woke      point.Instant // the first step
	boot      uint32
	steps     uint64
	seq       uint64
	lastAlarm uint64

	today      Date          // 0: not known
	remembered point.Instant // when memories were last looked at
	memorised  point.Instant // when all of them were last written

	redrive  bool // the outputs must be decided anew
	rang     bool // an alarm has just begun, or begun anew
	unblamed bool // an output has reported or failed, and the fault does not say so yet
	dirty    bool // something changed that must survive a restart
	savedSeq uint64
	savedAt  point.Instant
	events   []Event
	wishes   []Wish
}

// New returns a panel for plan that goes on from saved. It is made when the agent starts, at the
// instant 0 or little later; what saved holds is shown, and sounds, from the first step.
func New(plan Plan, saved Saved) *Panel {
	p := &Panel{boot: saved.Boot + 1, lastAlarm: saved.LastAlarm, dirty: true}
	if saved.Boot != 0 || saved.LastEvent != 0 {
		p.seq = (saved.LastEvent/seqStride + 1) * seqStride
	}
	p.savedSeq = p.seq
	p.install(plan)
	p.restore(saved)
	p.decideOutputs(0)
	return p
}

// install takes a plan into use, with nothing remembered.
func (p *Panel) install(plan Plan) {
	if plan.Resound <= 0 {
		plan.Resound = defaultResound
	}
	p.plan = plan
	// In a storm each point may raise in one step. Room for that is made before, and not in it.
	p.events = slices.Grow(p.events, len(plan.Points)+len(plan.Outputs))
	p.alarms = slices.Grow(p.alarms, len(plan.Points))
	p.points = make([]watched, len(plan.Points))
	p.index = make(map[point.ID]int, len(plan.Points))
	for i := range plan.Points {
		p.points[i] = newWatched(plan.Points[i])
		p.index[plan.Points[i].ID] = i
		p.points[i].life = plan.Points[i].Life.at(p.today)
	}
	p.marry()
	p.tie()
	p.outputs = make([]driven, len(plan.Outputs))
	p.wishes = make([]Wish, len(plan.Outputs))
	for i := range plan.Outputs {
		p.outputs[i].plan = plan.Outputs[i]
	}
	p.people.items = itemsOf(plan.Items, p.people.items)
	p.people.hasBuzzer = slices.ContainsFunc(plan.Outputs, func(o OutputPlan) bool {
		return o.Kind == Buzzer
	})
	p.compile()
	p.installZones()
	p.redrive = true
}

// Step makes one step. Its order matters. Commands come first: a silence meant for an old alarm
// must not hush one that starts in the same step, or is remembered in it. Then what was saved, then
// notices, then buttons, which are commands too, then the rules in plan order, then the zones, then
// the alarms, what threatens most first, then the faults, then what time alone does, and the
// outputs last.
func (p *Panel) Step(now point.Instant, in Input) Decision {
	p.begin(now)
	p.age(in.Day)
	for i := range in.Commands {
		p.obey(now, &in.Commands[i])
	}
	if in.Late != nil {
		p.recall(now, in.Late)
	}
	for i := range in.Notices {
		p.note(now, in.Notices[i])
	}
	for i := range in.Readings {
		if w := p.at(in.Readings[i].Point); w != nil {
			w.deliver(in.Readings[i])
		}
	}
	p.derive(now)
	p.compare(now)
	p.watchAll(now)
	p.interrupt(now)
	p.letGo(now)
	p.doubt(now)
	for _, i := range p.order {
		p.heed(now, &p.points[i])
	}
	for i := range p.points {
		p.showFault(now, &p.points[i])
	}
	p.remind(now)
	p.resound(now)
	p.listen(now)
	p.showNotices(now)
	p.attend(now, in.Day)
	p.reckon(now)
	return p.decide(now)
}

// Replan changes to another plan within a run. Latches and disablements are kept by point ID. An
// alarm whose point is gone stays until a person resets it. The rules are new and start with what
// the old ones had found.
func (p *Panel) Replan(now point.Instant, plan Plan) Decision {
	p.begin(now)
	p.endDrill(now, EndedPlan)
	old, oldOutputs, areas := p.points, p.outputs, p.areas
	p.install(plan)
	p.inheritZones(areas)
	for i := range old {
		p.inherit(now, &old[i])
	}
	p.adopt()
	p.tally.forget(p.lacks)
	p.markTested()
	p.succeed(now, oldOutputs)
	p.bury(now, oldOutputs)
	p.emit(now, Event{Kind: PlanChanged, Reason: plan.Hash})
	p.dirty = true
	return p.decide(now)
}

// begin opens a step. The first one of a run says so, and repeats the alarms that still stand.
func (p *Panel) begin(now point.Instant) {
	p.events = p.events[:0]
	p.steps++
	if p.steps > 1 {
		return
	}
	p.shift(now)
	p.woke = now
	p.emit(now, Event{Kind: Started})
	p.endDrill(now, EndedRestarted)
	for _, a := range p.alarms {
		e := a.event(Raised)
		e.To, e.Restored = a.finding, true
		p.emit(now, e)
	}
}

// decide closes a step.
func (p *Panel) decide(now point.Instant) Decision {
	p.dim(now)
	if p.redrive {
		p.decideOutputs(now)
	} else {
		p.wish(now)
	}
	p.drill.hear(now, p.outputs)
	p.tellOutputs(now)
	p.tellSounded(now)
	return Decision{Wishes: p.wishes, Events: p.events, Saved: p.saveIfDue(now)}
}

// emit numbers an event and gives it out.
func (p *Panel) emit(now point.Instant, e Event) {
	p.seq++
	e.Seq, e.At = p.seq, now
	p.count(&e)
	p.events = append(p.events, e)
}

// at is the point of that name; nil when the plan has none.
func (p *Panel) at(id point.ID) *watched {
	if i, ok := p.index[id]; ok {
		return &p.points[i]
	}
	return nil
}

// lacks tells whether the plan has no point of that name.
func (p *Panel) lacks(id point.ID) bool { return p.at(id) == nil }

// resound lets the sounders ring again some time after a silence, while an alarm still stands.
func (p *Panel) resound(now point.Instant) {
	if !p.silenced || p.resoundAt == 0 || now < p.resoundAt {
		return
	}
	for _, a := range p.alarms {
		if a.active && a.finding.Level >= detect.Alarm {
			p.unsilence()
			p.emit(now, Event{Kind: Resounded, Drill: p.onlyDrill()})
			return
		}
	}
	// All conditions have ended. A latched one that comes back rings by itself.
	p.resoundAt = 0
	p.dirty = true
}

// unsilence gives every alarm its sound back.
func (p *Panel) unsilence() {
	for i := 0; p.silenced && i < len(p.alarms); i++ {
		p.alarms[i].silenced = false
	}
	p.silenced, p.resoundAt = false, 0
	p.redrive, p.dirty = true, true
}
