package alarm

import (
	"cmp"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Snapshot is the whole state of the panel at a moment. It never changes once it is made, so any
// goroutine may read it.
type Snapshot struct {
	At        point.Instant
	Step      uint64 // steps of this run
	Boot      uint32
	LastEvent uint64
	LastAlarm uint64
	Silenced  bool
	Points    []PointState  // in plan order
	Alarms    []AlarmState  // that stand or are latched, in the order in which they were raised
	Outputs   []OutputState // in plan order
	Faults    []FaultState  // that are shown, oldest first
	Test      *TestState    // the walk test that runs, or the last one; nil: none since long ago
	Drill     *DrillState   // the drill that runs, or the last one; nil: none since long ago
	Duties    Duties        // of people
}

// ChannelState is the last value of one channel of a point.
type ChannelState struct {
	Quantity drivers.Quantity
	Value    int64         // the last value that was not bad; meaningless while Seen is false
	Raw      int64         // the same before calibration
	At       point.Instant // when it was read
	Seen     bool
	Quality  point.Quality // of the newest reading
	Reason   point.Reason
}

// PointState is one point.
type PointState struct {
	ID       point.ID
	Name     string
	Zone     ZoneID
	Signal   Signal
	Finding  detect.Finding // what its rule says now, not latched
	Alarm    AlarmID        // the alarm that stands or is latched at it; empty: none
	Disabled time.Duration  // remaining time of its disablement; 0: in service
	Reason   string         // of the disablement
	By       Origin         // of the disablement
	Aborted  uint64         // conditions that ended before their confirm time
	Testing  bool           // it is under test: it raises no alarm
	Chatters bool           // its condition comes and goes
	Channels []ChannelState
	Life     LifeState // of its sensor
	// Conditions of its rule, to tell which of them gave a reason. They are the plan's: read only.
	Conditions []detect.Condition
}

// AlarmState is one alarm.
type AlarmState struct {
	ID           AlarmID
	Point        point.ID
	Zone         ZoneID
	Signal       Signal
	Finding      detect.Finding // at its highest
	Since        point.Instant  // may lie before the start of this run, then it is negative
	Reached      point.Instant  // when it got to this level
	Active       bool           // its condition still stands
	Latched      bool
	Acknowledged bool
	By           Origin
	Restored     bool
	Silenced     bool // it sounds no more
	Drill        bool // it is part of a drill: nothing burns
	// Phase is what the alarm waits for while its zone holds it back, and Left for how long still.
	Phase Phase
	Left  time.Duration

	Incident AlarmID
}

// OutputState is one output.
type OutputState struct {
	ID      OutputID
	Name    string
	Kind    OutputKind
	Pattern Pattern
	Kept    bool          // it stays on until a person on site lets it go
	Left    time.Duration // of Kept, where he wanted it for a time; 0: for good
	By      Origin        // who switched it on; zero: an alarm
	Alarm   AlarmID       // that drives it; empty: none
	// Of an output with a feedback, while it is on: it has done what it was told, or it has not
	// in time.
	Confirmed, Failed bool
}

// FaultState is one fault that is shown.
type FaultState struct {
	Fault  detect.FaultCode
	Point  point.ID // empty: of the box itself
	Detail string
	Since  point.Instant
}

// Snapshot copies the state of the panel. It may be called before the first step, and then shows
// what an earlier run left.
func (p *Panel) Snapshot(now point.Instant) *Snapshot {
	s := &Snapshot{
		At: now, Step: p.steps, Boot: p.boot, LastEvent: p.seq, LastAlarm: p.lastAlarm,
		Silenced: p.silenced,
		Points:   make([]PointState, len(p.points)),
		Alarms:   make([]AlarmState, len(p.alarms)),
		Outputs:  make([]OutputState, len(p.outputs)),
		Duties:   p.duties(now),
		Test:     p.test.state(now),
		Drill:    p.drill.state(now),
	}
	for i := range p.points {
		s.Points[i] = p.points[i].state(now)
		if w := &p.points[i]; w.fault != "" {
			s.Faults = append(s.Faults, FaultState{
				Fault: w.fault, Point: w.plan.ID, Detail: w.faultDetail(w.fault),
				Since: w.faultSince,
			})
		}
	}
	for i := range p.notices {
		if n := &p.notices[i]; n.shown {
			s.Faults = append(s.Faults,
				FaultState{Fault: n.kind.Code, Detail: n.detail, Since: n.since})
		}
	}
	slices.SortStableFunc(s.Faults, func(a, b FaultState) int {
		return cmp.Compare(a.Since, b.Since)
	})
	for i, a := range p.alarms {
		s.Alarms[i] = a.state()
		s.Alarms[i].Phase, s.Alarms[i].Left = p.phase(now, a)
	}
	for i := range p.outputs {
		o := &p.outputs[i]
		s.Outputs[i] = OutputState{
			ID: o.plan.ID, Name: o.plan.Name, Kind: o.plan.Kind, Pattern: o.pattern,
			Kept: o.kept, By: o.keptBy, Left: o.left(now), Confirmed: o.echo.confirmed,
			Failed: o.echo.failed,
		}
		if a := o.choice.by; a != nil {
			s.Outputs[i].Alarm = a.id
		}
	}
	return s
}

func (a *standing) state() AlarmState {
	return AlarmState{
		ID: a.id, Point: a.point, Zone: a.zone, Signal: a.signal, Finding: a.finding,
		Since: a.since, Reached: a.since.Add(a.climb), Active: a.active, Latched: a.latched,
		Acknowledged: a.acked, By: a.by, Restored: a.restored, Silenced: a.silenced,
		Incident: a.incident, Drill: a.drill,
	}
}

func (w *watched) state(now point.Instant) PointState {
	s := PointState{
		ID: w.plan.ID, Name: w.plan.Name, Zone: w.plan.Zone, Signal: w.plan.Signal,
		Finding: w.finding, Aborted: w.aborted, Channels: make([]ChannelState, len(w.channels)),
		Conditions: w.plan.Spec.Conditions, Life: w.life,
		Testing: w.testing, Chatters: w.chatter.times > 0,
	}
	if w.held != detect.Normal {
		s.Finding = w.shown
	}
	if w.alarm != nil {
		s.Alarm = w.alarm.id
	}
	if d := w.disabled; d != nil {
		s.Disabled, s.Reason, s.By = max(d.until.Sub(now), 1), d.reason, d.by
	}
	for i, c := range w.channels {
		// A value that nobody has repeated for too long is not good any more.
		if c.Quality != point.Bad && now.Sub(c.heard) >= w.plan.Spec.StaleAfter() {
			c.Quality, c.Reason = point.Bad, point.Stale
		}
		s.Channels[i] = c.ChannelState
	}
	return s
}
