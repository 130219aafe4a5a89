package alarm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// inputs are the things that can happen, each with the seconds that pass.
var inputs = []struct {
	name    string
	seconds []int
}{
	{"true", []int{1}}, {"false", []int{1}}, {"bad", []int{1}}, {"good", []int{1}},
	{"acknowledge", []int{1}}, {"silence", []int{1}}, {"reset", []int{1}},
	{"disable", []int{1}}, {"enable", []int{1}}, {"test", []int{1}}, {"end test", []int{1}},
	{"a second", []int{1}}, {"12 seconds", slices.Repeat([]int{1}, 12)}, {"an hour", []int{hour}},
	{"restart", []int{1}},
}

// orders are the commands among them.
var orders = map[string]Command{
	"acknowledge": {Action: Acknowledge}, "silence": {Action: Silence}, "reset": {Action: Reset},
	"disable": {Action: Disable, Point: "p", For: time.Hour, Reason: "x"},
	"enable":  {Action: Enable, Point: "p"},
	"test":    {Action: StartTest}, "end test": {Action: EndTest},
}

// trial is a panel with one point.
type trial struct {
	plan       func() Plan
	panel      *Panel
	now        point.Instant
	value, bad bool
	saved      Saved
	siren      Pattern
}

func newTrial(verify, latch bool) *trial {
	tr := &trial{plan: func() Plan {
		plan := Plan{
			Points: []PointPlan{{ID: "p", Zone: "z", Signal: Fire, Latch: latch, Spec: contact()}},
			Zones:  []ZonePlan{{ID: "z"}}, Outputs: []OutputPlan{{ID: "siren"}},
		}
		plan.Points[0].Spec.Stale = 100 * time.Hour
		c := &plan.Points[0].Spec.Conditions[0]
		c.Confirm, c.Release = onDelay*time.Second, offDelay*time.Second
		if verify {
			plan.Zones[0].Mode = Verify
		}
		return plan
	}}
	tr.panel = New(tr.plan(), Saved{})
	tr.step("", 1)
	return tr
}

// step makes one step and returns what was told, without the outputs.
func (tr *trial) step(name string, seconds int) (says []string) {
	switch name {
	case "true", "false":
		tr.value = name == "true"
	case "bad", "good":
		tr.bad = name == "bad"
	case "restart":
		tr.panel, tr.now = New(tr.plan(), tr.saved), 0
	}
	tr.now = tr.now.Add(time.Duration(seconds) * time.Second)
	rd := point.Reading{Point: "p", At: tr.now, Quality: point.Good}
	rd.Sample.Quantity = drivers.Contact
	if tr.value {
		rd.Sample.Value = 1
	}
	if tr.bad {
		rd.Quality, rd.Reason, rd.Sample.Value = point.Bad, point.NoDevice, 0
	}
	in := Input{Readings: []point.Reading{rd}}
	if c, ok := orders[name]; ok {
		c.By = desk
		in.Commands = []Command{c}
	}
	d := tr.panel.Step(tr.now, in)
	for _, e := range d.Events {
		if e.Kind != OutputChanged {
			says = append(says, e.Kind.String())
		}
	}
	if d.Saved != nil {
		tr.saved = *d.Saved
	}
	tr.siren = d.Wishes[0].Pattern
	return says
}

// looks is what can be seen of the panel.
func (tr *trial) looks() string {
	s := tr.panel.Snapshot(tr.now)
	p, a := s.Points[0], AlarmState{}
	if len(s.Alarms) > 0 {
		a = s.Alarms[0]
	}
	return fmt.Sprintf("alarm %v active %v acknowledged %v silenced %v, siren %v, disabled %v, "+
		"under test %v, fault %v, aborted %d", p.Alarm != "", a.Active, a.Acknowledged, a.Silenced,
		tr.siren == Temporal3, p.Disabled > 0, p.Testing, len(s.Faults) > 0, p.Aborted)
}

// looks is what the table says can be seen.
func (m *model) looks() string {
	visible := m.visible()
	sounds := visible && !m.silenced && !m.in(sSecond, sSecond2, sQuiet, sQuiet2)
	return fmt.Sprintf("alarm %v active %v acknowledged %v silenced %v, siren %v, disabled %v, "+
		"under test %v, fault %v, aborted %d", visible, visible && !m.in(sLatched, sAgain), m.acked,
		m.silenced, sounds, m.disabled, m.under, m.shown, m.aborted)
}

// Whatever happens to a point, and in whatever order, the panel does what the table of the alarm
// model says: it tells the same, in the same order, and shows the same. Every sequence of inputs up
// to a depth is tried, shortest first, but for those that lead to where an earlier one has led.
func TestPanelIsTheTable(t *testing.T) {
	for _, tt := range []struct {
		name          string
		verify, latch bool
		inputs        int // verification after a restart has tests of its own
	}{
		{"latching", false, true, len(inputs)}, {"passing", false, false, len(inputs)},
		{"verifying", true, true, len(inputs) - 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			start := model{verify: tt.verify, latch: tt.latch, state: sNormal, good: true}
			explore(t, start, tt.inputs, 7)
		})
	}
}

// path is a sequence of inputs.
type path []int

func (p path) String() string {
	var names []string
	for _, i := range p {
		names = append(names, inputs[i].name)
	}
	return strings.Join(names, ", ")
}

// explore compares panel and table along every path.
func explore(t *testing.T, start model, n, depth int) {
	seen := map[model]bool{start.key(): true}
	level := []path{nil}
	for d := 1; d <= depth && len(level) > 0; d++ {
		var next []path
		for _, p := range level {
			for i := range n {
				to := append(slices.Clone(p), i)
				m, ok := compare(t, start, to)
				if !ok {
					return // the shortest sequence is told
				}
				if k := m.key(); !seen[k] {
					seen[k] = true
					next = append(next, to)
				}
			}
		}
		level = next
	}
	t.Logf("%d states, %d not gone on from", len(seen), len(level))
}

// compare goes one path, and holds panel against table at its last input.
func compare(t *testing.T, start model, p path) (m model, same bool) {
	t.Helper()
	m = start
	tr := newTrial(m.verify, m.latch)
	for i, in := range p {
		for n, seconds := range inputs[in].seconds {
			name := inputs[in].name
			want, got := m.step(name, seconds), tr.step(name, seconds)
			if i < len(p)-1 {
				continue
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v, second %d: it tells %q, want %q", p, n+1, got, want)
				return m, false
			}
			if got, want := tr.looks(), m.looks(); got != want {
				t.Errorf("%v, second %d:\n got %s\nwant %s", p, n+1, got, want)
				return m, false
			}
		}
	}
	return m, true
}
