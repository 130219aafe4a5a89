package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

const tick = 100 * time.Millisecond

var (
	onSite  = Origin{Kind: Button, Level: 2}
	visitor = Origin{Kind: Button, Level: 1}
	remote  = Origin{Kind: District}
)

// rig is a site on a bench: contacts that are read at every step, until they are cut off.
type rig struct {
	t        *testing.T
	panel    *Panel
	now      point.Instant
	contacts map[point.ID]int64
	cut      map[point.ID]bool
	bad      map[point.ID]bool
	pending  Input
	events   []Event
	saved    *Saved
	last     map[OutputID]Pattern
	ids      int
	day      Date
}

// contact is the rule of a smoke detector with a relay.
func contact() detect.Spec {
	return detect.Spec{
		Stale: 8 * time.Second,
		Conditions: []detect.Condition{{
			Kind: detect.Active, Quantity: drivers.Contact, Level: detect.Alarm,
			Confirm: time.Second, Release: 10 * time.Second,
		}},
	}
}

// bench is the plan of most tests: two smoke detectors in two zones, gas, CO, flood and a leak.
func bench() Plan {
	at := func(id point.ID, zone ZoneID, s Signal, latch bool) PointPlan {
		return PointPlan{
			ID: id, Name: string(id), Zone: zone, Signal: s, Latch: latch, Spec: contact(),
		}
	}
	leak := at("leak", "cellar", Water, false)
	leak.Spec.Conditions[0].Level = detect.Supervisory
	return Plan{
		Points: []PointPlan{
			at("smoke1", "hall", Fire, true), at("smoke2", "store", Fire, true),
			at("gas", "kitchen", Gas, true), at("co", "kitchen", CO, true),
			at("flood", "cellar", Flood, true), leak,
		},
		Zones: []ZonePlan{{ID: "hall"}, {ID: "store"}, {ID: "kitchen"}, {ID: "cellar"}},
		Outputs: []OutputPlan{
			{ID: "siren", Kind: Sounder}, {ID: "buzzer", Kind: Buzzer}, {ID: "strobe", Kind: Strobe},
			{ID: "valve", Kind: Valve}, {ID: "fan", Kind: Fan, StopOnFire: true}, {ID: "lamp", Kind: Lamp},
		},
	}
}

func newRig(t *testing.T, plan Plan, saved Saved) *rig {
	t.Helper()
	r := &rig{
		t: t, panel: New(plan, saved), last: map[OutputID]Pattern{},
		contacts: map[point.ID]int64{}, cut: map[point.ID]bool{}, bad: map[point.ID]bool{},
	}
	return r
}

// step makes one step with a reading of every contact that is not cut off.
func (r *rig) step() {
	in := r.pending
	in.Day = r.day
	r.pending = Input{}
	for i := range r.panel.plan.Points {
		id := r.panel.plan.Points[i].ID
		if r.cut[id] || r.panel.plan.Points[i].Derived != nil {
			continue
		}
		rd := point.Reading{Point: id, At: r.now, Quality: point.Good}
		rd.Sample = drivers.Sample{Quantity: drivers.Contact, Value: r.contacts[id]}
		if r.bad[id] {
			rd.Quality, rd.Reason, rd.Sample.Value = point.Bad, point.NoDevice, 0
		}
		in.Readings = append(in.Readings, rd)
	}
	r.take(r.panel.Step(r.now, in))
	r.now = r.now.Add(tick)
}

func (r *rig) take(d Decision) {
	r.t.Helper()
	for _, e := range d.Events {
		if n := len(r.events); n > 0 && e.Seq != r.events[n-1].Seq+1 {
			r.t.Fatalf("event number %d after %d", e.Seq, r.events[n-1].Seq)
		}
		r.events = append(r.events, e)
	}
	if d.Saved != nil {
		r.saved = d.Saved
	}
	for _, w := range d.Wishes {
		r.last[w.Output] = w.Pattern
	}
}

// run lets d pass.
func (r *rig) run(d time.Duration) {
	for end := r.now.Add(d); r.now < end; {
		r.step()
	}
}

// order gives a command, makes the step and returns its one answer.
func (r *rig) order(c Command) Event {
	r.t.Helper()
	if c.ID == "" {
		r.ids++
		c.ID = "c" + string(rune('0'+r.ids/10)) + string(rune('0'+r.ids%10))
	}
	before := len(r.events)
	r.pending.Commands = append(r.pending.Commands, c)
	r.step()
	var answers []Event
	for _, e := range r.events[before:] {
		if e.Cause == c.ID {
			answers = append(answers, e)
		}
	}
	if len(answers) != 1 {
		r.t.Fatalf("command %s has %d answers, want 1: %+v", c.ID, len(answers), answers)
	}
	return answers[0]
}

// count is how many events of a kind there were at a point (empty: anywhere).
func (r *rig) count(k Kind, id point.ID) int {
	n := 0
	for _, e := range r.events {
		if e.Kind == k && (id == "" || e.Point == id) {
			n++
		}
	}
	return n
}

// newest is the last event of a kind.
func (r *rig) newest(k Kind) Event {
	r.t.Helper()
	for i := len(r.events) - 1; i >= 0; i-- {
		if r.events[i].Kind == k {
			return r.events[i]
		}
	}
	r.t.Fatalf("no event %v in %d", k, len(r.events))
	return Event{}
}

// plays fails the test unless the output plays the pattern.
func (r *rig) plays(id OutputID, want Pattern) {
	r.t.Helper()
	if got := r.last[id]; got != want {
		r.t.Fatalf("at %v: %s plays %v, want %v", time.Duration(r.now), id, got, want)
	}
}

// reboot kills the panel and starts a new one from the last thing it saved.
func (r *rig) reboot() {
	saved := Saved{}
	if r.saved != nil {
		saved = *r.saved
	}
	r.panel, r.now, r.events = New(bench(), saved), 0, nil
}
