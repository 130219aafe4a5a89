package dst

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// Invariant is something that holds at every moment of every run. The numbers up to 12 are those of
// the whole project; some of them are about other rooms and are checked elsewhere.
type Invariant struct {
	Number int
	Name   string
}

// The invariants of this level.
var (
	Converges  = Invariant{0, "when everything is healed and reset, nothing is left"}
	Sounds     = Invariant{1, "a fire sounds the siren in time, unless silenced since"}
	Resounds   = Invariant{2, "a silence never outlives a new alarm"}
	Steady     = Invariant{3, "noise alone makes no more than two changes a minute"}
	Gapless    = Invariant{4, "event numbers have no gap and do not repeat"}
	Reports    = Invariant{6, "a failing sensor is in fault after its stale time, until it is well"}
	Remembers  = Invariant{8, "a restart loses no latch and no disablement"}
	Once       = Invariant{9, "a command has one answer and acts once"}
	WallBlind  = Invariant{10, "alarms depend neither on the moment of the start nor on the date"}
	Bounded    = Invariant{11, "what a step makes is bounded"}
	Alone      = Invariant{12, "disabling a point silences that point only"}
	Reasonable = Invariant{13, "an alarm has a reason"}
	Guarded    = Invariant{14, "nobody does from afar, or without the key, what he must not"}
	Rehearsed  = Invariant{15, "a drill says so, and moves nothing that it does not list"}
	Interrupts = Invariant{16, "a real alarm ends a drill and a walk test in its own step"}
	Undone     = Invariant{17, "what cannot be undone never acts on one automatic detector of fire"}
	Answered   = Invariant{18, "a call that was taken in ends exactly once"}
	Handled    = Invariant{19, "a restart loses nothing that people did"}
	OnlyGood   = Invariant{20, "only good readings clear"}
	Shut       = Invariant{21, "what an alarm has closed opens only by a person on site"}
	Blind      = Invariant{22, "a derived value is not good while one of its inputs is blind"}
	Stays      = Invariant{23, "a fault of the box is shown while its cause is there"}
	Adds       = Invariant{24, "one more alarm turns nothing off that warns or protects people"}
	Fixed      = Invariant{25, "what was saved, restored and saved again is the same"}
	Held       = Invariant{26, "a zone holds an alarm back for no longer than it may"}
	Chained    = Invariant{27, "what people did is one chain of records"}
	Pressed    = Invariant{28, "a button acts when it is pressed, and no further than it may"}
	Bare       = Invariant{29, "without a saved state nothing begins disabled, silenced or tested"}
	Blamed     = Invariant{30, "a point is in fault when it, or what it is made of, has a cause"}
)

// sounding is how long a siren may be between two pulses of any pattern: the pause of temporal-4,
// and a little.
const sounding = 6 * time.Second

// unsaved is how much of a remaining time may have run since it was saved. A restart takes it off.
const unsaved = 10 * time.Second

// fireSoundsTheSiren: once a fire has lasted as long as period, conversion, confirm and a few
// ticks, with a working way to the panel and the point in service, its alarm stands and the siren's
// line has carried pulses, unless a person has silenced this very fire, not too long ago. A zone
// may hold it back, for no longer than its mode allows.
func fireSoundsTheSiren(o *oracle, t *truth) {
	p, now := t.p, o.s.clock
	if t.beyond < 0 || t.out || t.testing || p.gone || !p.alarming() {
		return
	}
	begin := max(t.beyond, t.clear+p.warms(), t.service, o.boot+p.warms(), o.rules, p.spins())
	invariant, due := Sounds, begin+p.within()
	if held := o.heldUntil(t, begin); held > 0 {
		invariant, due = Held, held
	}
	if now < due+3*o.s.tick {
		return
	}
	for _, a := range o.alarms {
		if a.point != p.id || a.level < detect.Alarm {
			continue
		}
		siren := o.s.agent.outputs[0]
		since := now - sounding
		if siren.since >= a.raised {
			since = max(since, siren.since) // a pattern begins with a pulse
		}
		if a.silenced && !t.flared(o, a) && now-a.quiet <= resound+2*o.s.tick {
			return
		}
		if siren.heard < since {
			o.s.violated(Sounds, "%s is in alarm since %v, the siren was heard at %v last",
				p.id, a.raised, siren.heard)
		}
		return
	}
	o.s.violated(invariant, "%s burns since %v, and there is no alarm", p.id, begin)
}

// The longest that a zone may hold a first signal back.
const (
	verified     = 20 * time.Second // a second signal is one that lasts
	unseen       = 15 * time.Second
	investigated = 180 * time.Second
)

// heldUntil is when the mode of its zone lets the alarm of a detector go at the latest; 0: it holds
// none. Gas high and CO are never held, and a call point is not either.
func (o *oracle) heldUntil(t *truth, begin time.Duration) time.Duration {
	p := t.p
	doubtful := p.plan.Signal == alarm.Fire ||
		p.plan.Signal == alarm.Gas && p.reaches() < detect.AlarmHigh
	if !doubtful || p.plan.Manual {
		return 0
	}
	begin = max(begin, t.reset)
	switch p.mode {
	case alarm.Verify:
		return begin + p.within() + verified
	case alarm.PAS:
		until := begin + p.within() + unseen
		// A run may begin with what was saved before the last one knew better, and go on with a look
		// that was over.
		if t.seen >= t.beyond || t.seen > 0 && o.boot > t.seen {
			until = max(until, max(t.seen, o.boot, o.rules)+investigated)
		}
		return until
	}
	return 0
}

// flared tells whether the fire at a point came back after its alarm was silenced: after a calm
// that was long enough for the panel to see, with a working way.
func (t *truth) flared(o *oracle, a *said) bool {
	p := t.p
	seen := longestRelease + 2*p.within() + 5*o.s.tick
	calm := t.beyond - t.ended
	return a.quiet < t.beyond && calm > seen && max(t.clear, o.boot, o.rules, t.service) < t.ended
}

// longestRelease of a condition of any class that is drawn.
const longestRelease = 30 * time.Second

// silenceEndsWithANewAlarm: while any alarm was raised after the last silence, the siren has a
// pattern.
func silenceEndsWithANewAlarm(o *oracle) {
	for id, a := range o.alarms {
		p := o.s.site.byID[a.point]
		if a.silenced || a.level < detect.Alarm || !p.alarming() || o.siren.IsAlarm() {
			continue
		}
		o.s.violated(Resounds, "%s was raised at %v and not silenced, and the siren is off",
			id, a.raised)
	}
}

// noiseDoesNotChatter counts what a point says while nothing but noise changes at it.
func noiseDoesNotChatter(o *oracle, t *truth) {
	now := o.s.clock
	// The release time after the last real change, and whatever else it takes to be told.
	settle := 15*time.Second + t.p.within() + t.p.warms()
	for len(t.changes) > 0 &&
		(now-t.changes[0] > time.Minute || t.changes[0] < t.stirred+settle) {
		t.changes = t.changes[1:]
	}
	if len(t.changes) > 2 {
		o.s.violated(Steady, "%s changed %d times within a minute", t.p.id, len(t.changes))
		t.changes = nil
	}
}

// numbersAreGapless: within a run every number is the last one and one; over runs they grow.
func numbersAreGapless(o *oracle, d alarm.Decision) {
	for i, e := range d.Events {
		gap := e.Seq != o.seq+1
		if o.first && i == 0 {
			gap = e.Seq <= o.seq
		}
		if gap {
			o.s.violated(Gapless, "event %d after %d", e.Seq, o.seq)
		}
		o.seq = e.Seq
	}
}

// failingSensorIsReported: a point whose part gives nothing good is in fault after its stale time
// and a second.
func failingSensorIsReported(o *oracle, t *truth) {
	if t.broken < 0 || t.out || t.p.gone || t.fault != "" {
		return
	}
	since := max(t.broken, t.service, o.rules)
	if o.s.clock-since > t.p.plan.Spec.Stale+time.Second {
		o.s.violated(Reports, "%s fails since %v and is not in fault", t.p.id, since)
	}
}

// restartLosesNothing: the first step of a run raises again, under its name, every alarm that was
// on the disk, and keeps what was disabled.
func restartLosesNothing(o *oracle, d alarm.Decision) {
	for _, a := range o.start.Alarms {
		found := false
		for _, e := range d.Events {
			found = found || e.Kind == alarm.Raised && e.Alarm == a.ID && e.Restored
		}
		if !found {
			o.s.violated(Remembers, "alarm %s was saved and is not raised again", a.ID)
		}
	}
	out := map[point.ID]bool{}
	for _, p := range o.s.agent.panel.Snapshot(o.s.now()).Points {
		out[p.ID] = p.Disabled > 0
	}
	for _, p := range o.start.Disabled {
		if !out[p.Point] && !o.spots[p.Point].p.gone && p.Remaining > unsaved+o.s.tick {
			o.s.violated(Remembers, "%s was disabled and is not any more", p.Point)
		}
	}
}

// everyCommandActsOnce: each order is answered by one event in its own step, and of those with the
// same ID no more than one is obeyed.
func everyCommandActsOnce(o *oracle, in alarm.Input, d alarm.Decision) {
	for _, c := range in.Commands {
		answers, orders := 0, 0
		for _, other := range in.Commands {
			if other.ID == c.ID {
				orders++
			}
		}
		for _, e := range d.Events {
			if e.Cause != c.ID {
				continue
			}
			answers++
			if e.Kind != alarm.Refused {
				o.obeyed[c.ID]++
			}
		}
		if answers != orders {
			o.s.violated(Once, "%d answers to order %s, given %d times", answers, c.ID, orders)
		}
		if o.obeyed[c.ID] > 1 && orders == 1 {
			o.s.violated(Once, "order %s was obeyed %d times", c.ID, o.obeyed[c.ID])
		}
	}
}

// stepsAreBounded: no step makes more events than points, outputs and commands account for, and
// nothing that is saved grows beyond the site.
func stepsAreBounded(o *oracle, in alarm.Input, d alarm.Decision) {
	points, outputs := len(o.s.site.spots), len(o.s.agent.outputs)
	most := 2 + 4*points + outputs + len(in.Commands)*(points+3) + 2*64
	if len(d.Events) > most {
		o.s.violated(Bounded, "%d events in one step, %d points", len(d.Events), points)
	}
	if s := d.Saved; s != nil && (len(s.Alarms) > points || len(s.Disabled) > points) {
		o.s.violated(Bounded, "%d alarms and %d disablements saved, %d points",
			len(s.Alarms), len(s.Disabled), points)
	}
}

// disabledIsSilent: nothing is raised at a point that is out of service. That it is so for this
// point only follows from Sounds, which knows no other excuse, and from comparing two runs.
func disabledIsSilent(o *oracle, t *truth, e *alarm.Event) {
	if t.out && !e.Restored {
		o.s.violated(Alone, "%s is disabled and was raised", e.Point)
	}
}

// alarmHasAReason: where nothing burns, nothing trembles and nothing is wrong, nothing alarms. And
// a name is given once.
func alarmHasAReason(o *oracle, t *truth, e *alarm.Event) {
	// A reset within the longest release time raises again; a new plan begins that time anew.
	held := longestRelease + 30*time.Second + 2*t.p.within() + t.p.warms()
	if e.Reason != "" {
		held += investigated + unseen // it was held back until now
	}
	if !e.Restored && !e.Drill && o.s.clock-max(t.reason, o.rules) > held {
		o.s.violated(Reasonable, "%s was raised, its last reason was at %v", e.Point, t.reason)
	}
	if _, known := o.names[e.Alarm]; known && !e.Restored && o.alarms[e.Alarm] == nil {
		o.s.violated(Gapless, "the name %s is given again", e.Alarm)
	}
	o.names[e.Alarm] = o.run
}

// nothingIsLeft: no alarm, no fault, no disablement, no output on, nothing that somebody must do,
// and every value good.
func nothingIsLeft(o *oracle, s *alarm.Snapshot) {
	old := false
	for _, f := range s.Faults {
		if f.Fault == detect.EndOfLife || f.Fault == detect.EndOfLifeSoon {
			old = true // nobody replaces sensors here
		} else {
			o.s.violated(Converges, "fault %s of %q (%s)", f.Fault, f.Point, f.Detail)
		}
	}
	for _, a := range s.Alarms {
		if !old || len(o.s.site.byID[a.Point].inputs) > 0 {
			o.s.violated(Converges, "alarm %s, active %v", a.ID, a.Active)
		}
	}
	for _, out := range s.Outputs {
		if out.Pattern != alarm.Off && !old {
			o.s.violated(Converges, "output %s plays %v", out.ID, out.Pattern)
		}
	}
	for _, p := range s.Points {
		read := len(o.s.site.byID[p.ID].inputs) > 0
		if p.Disabled > 0 || p.Finding.Level != detect.Normal && (read || !old) || p.Testing {
			o.s.violated(Converges, "%s is %v, disabled for %v", p.ID, p.Finding.Level, p.Disabled)
		}
		for _, c := range p.Channels {
			if read && c.Quality != point.Good && c.Reason != point.WarmUp {
				o.s.violated(Converges, "%s: %v is %v, %v", p.ID, c.Quantity, c.Quality, c.Reason)
			}
		}
	}
	d := &s.Duties
	if len(d.Calls)+len(d.Incidents)+len(d.Hazards) > 0 {
		o.s.violated(Converges, "%d calls, %d incidents, %d hazards", len(d.Calls), len(d.Incidents),
			len(d.Hazards))
	}
	for id := range o.calls {
		o.s.violated(Answered, "call %s never ended", id)
	}
	if s.Drill != nil && s.Drill.Running || s.Test != nil && s.Test.Running {
		o.s.violated(Converges, "a drill or a walk test runs")
	}
}
