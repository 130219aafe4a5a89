// Package scribe writes down what the panel saw: events and readings become bodies in the outbox.
// It must never touch a disk or a network, call back into another room, or make the guard wait.
package scribe

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/buffer"
	"github.com/firepost/firepost/drivers"
)

// Events is the ring of the guard. Positions count the events of this run from 1.
type Events interface {
	// More is closed when events come after the call.
	More() <-chan struct{}
	// Next gives the events after a position, and how many before them were overwritten.
	Next(after uint64, dst []alarm.Event) (events []alarm.Event, missed uint64)
}

// Outbox is where the bodies go. None of its methods waits for a disk.
type Outbox interface {
	Put(l buffer.Lane, n uint32, body []byte) uint64
	Next(l buffer.Lane, after uint64, max int) []buffer.Record
	Losses() []buffer.Loss
	Declare(body []byte, losses []buffer.Loss) uint64
}

// Config is what a Scribe works with. Ring, Snapshot, Outbox, Now and Device are required.
type Config struct {
	Ring     Events
	Snapshot func() *alarm.Snapshot
	Outbox   Outbox
	Now      func() point.Instant
	Wall     func() int64  // Unix ms; 0 while the clock is not set. nil: never set
	Device   func() string // id of the device, the base name of its measurements
	// LastEvent is the last event number that the previous run is known to have given out; 0: not
	// known.
	LastEvent uint64
	Terms
	// Batch is how long a record waits for others; 0: 10 s.
	Batch time.Duration
}

// Terms are what the site file says of records.
type Terms struct {
	Plan alarm.Plan // for names and rules in words; its rules are not stepped
	// Report is the longest time between two records of a channel; 0: 60 s.
	Report time.Duration
	// DeadBands says how far a value moves before it makes a record, in the quantity's unit; 0:
	// each change. A quantity that is missing has the default.
	DeadBands map[drivers.Quantity]int64
}

const (
	defaultReport = time.Minute
	defaultBatch  = 10 * time.Second
	look          = time.Second // between two looks at the snapshot and at the losses
	batchMax      = 60          // records in one body
	eventsMax     = 64          // events taken from the ring at once
)

// Scribe is one reader of the ring. New makes it.
type Scribe struct {
	Config
	next    atomic.Pointer[Terms] // to go on with; nil: those that hold
	points  map[point.ID]*alarm.PointPlan
	outputs map[alarm.OutputID]*alarm.OutputPlan
	zones   map[alarm.ZoneID]string
	states  map[alarm.AlarmID]string // last state told; at most one alarm a point

	position uint64 // in the ring
	missed   uint64 // overwritten before position, not yet told
	begun    uint64 // number of the event that is being written; 0: none
	events   []alarm.Event

	traces  [][]trace // by point and channel of the snapshot
	batch   []wire.Record
	batched point.Instant // when the first of batch came
}

// New returns a Scribe. It touches nothing but memory.
func New(c Config) *Scribe {
	s := &Scribe{
		Config: c, states: map[alarm.AlarmID]string{}, events: make([]alarm.Event, 0, eventsMax),
	}
	if s.Batch <= 0 {
		s.Batch = defaultBatch
	}
	if s.Wall == nil {
		s.Wall = func() int64 { return 0 }
	}
	s.install(c.Terms)
	return s
}

// Adopt goes on with other terms. Any goroutine may call it; it never waits.
func (s *Scribe) Adopt(t Terms) { s.next.Store(&t) }

// install takes terms into use. Each channel then makes a new record: its name may be another.
func (s *Scribe) install(t Terms) {
	s.Terms, s.traces = t, nil
	if s.Report <= 0 {
		s.Report = defaultReport
	}
	s.points = make(map[point.ID]*alarm.PointPlan, len(t.Plan.Points))
	s.outputs = make(map[alarm.OutputID]*alarm.OutputPlan, len(t.Plan.Outputs))
	s.zones = make(map[alarm.ZoneID]string, len(t.Plan.Zones))
	for i := range s.Plan.Outputs {
		s.outputs[s.Plan.Outputs[i].ID] = &s.Plan.Outputs[i]
	}
	for i := range s.Plan.Points {
		s.points[s.Plan.Points[i].ID] = &s.Plan.Points[i]
	}
	for _, z := range s.Plan.Zones {
		s.zones[z.ID] = z.Name
	}
}

// Run writes until ctx ends; then it writes down what is there and returns nil. After a panic it
// may run again: it goes on behind the event that could not be written, and tells of it.
func (s *Scribe) Run(ctx context.Context) error {
	if s.begun != 0 {
		s.tellMissed(s.begun, s.begun)
		s.begun = 0
	}
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		more := s.Ring.More()
		if t := s.next.Swap(nil); t != nil {
			s.install(*t)
		}
		s.follow()
		select {
		case <-ctx.Done():
			s.follow()
			s.watch()
			s.flush()
			return nil
		case <-more:
		case <-tick.C:
			s.watch()
			s.declare()
			if len(s.batch) > 0 && s.Now().Sub(s.batched) >= s.Batch {
				s.flush()
			}
		}
	}
}

// follow writes down all events that the ring has.
func (s *Scribe) follow() {
	for {
		events, missed := s.Ring.Next(s.position, s.events)
		s.position += missed
		s.missed += missed
		if len(events) == 0 {
			return
		}
		if s.missed > 0 { // Numbers are gapless within a run.
			s.tellMissed(events[0].Seq-s.missed, events[0].Seq-1)
			s.missed = 0
		}
		for i := range events {
			s.position++
			s.begun = events[i].Seq
			s.write(&events[i])
			s.begun = 0
		}
	}
}

// write puts one event on its lane.
func (s *Scribe) write(ev *alarm.Event) {
	lane, body := wire.EventBody(*ev, wire.EventContext{
		Now: s.Now(), Point: s.points[ev.Point], Zone: s.zones[ev.Zone], Prev: s.states[ev.Alarm],
		Output: s.outputs[ev.Output],
	})
	if lane == wire.LaneAlarm {
		if ev.Alarm != "" { // An output names the alarm that drives it, and is no state of it.
			s.remember(ev)
		}
		s.Outbox.Put(buffer.Alarm, 1, body)
		return
	}
	s.Outbox.Put(buffer.Event, 1, body)
}

// remember keeps the state of an alarm for as long as it can have another one.
func (s *Scribe) remember(ev *alarm.Event) {
	over := ev.Kind == alarm.ResetDone || ev.Kind == alarm.Cleared && !ev.Latched
	if over {
		delete(s.states, ev.Alarm)
		return
	}
	s.states[ev.Alarm] = wire.StateOf(*ev)
}

// tellMissed declares events that never got a number of a lane.
func (s *Scribe) tellMissed(from, to uint64) {
	s.Outbox.Put(buffer.Alarm, 1, wire.GapBody(wire.Gap{
		Lane: wire.LanePanel, From: from, To: to, Cause: wire.CauseDroppedRAM,
	}))
}
