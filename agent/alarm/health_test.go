package alarm

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// room is a plan of two temperatures that measure the same, from 0 to 100 °C.
func room() Plan {
	at := func(id, pair point.ID) PointPlan {
		return PointPlan{ID: id, Zone: "hall", Signal: Fire, Latch: true, Pair: pair,
			Spec: detect.Spec{
				Stale: 8 * time.Second,
				Conditions: []detect.Condition{{Kind: detect.Above, Quantity: drivers.Temperature,
					Level: detect.Alarm, Limit: 56_000, Release: 10 * time.Second}},
				Channels: []detect.Channel{{Quantity: drivers.Temperature, Max: 100_000}},
			}}
	}
	return Plan{Points: []PointPlan{at("a", ""), at("b", "a")}, Zones: []ZonePlan{{ID: "hall"}},
		Outputs: bench().Outputs}
}

// measure steps a panel once a second for a time with a reading of each value.
func measure(p *Panel, now point.Instant, d time.Duration, day Date,
	values map[point.ID]int64) (point.Instant, []Event, *Saved) {
	var events []Event
	var saved *Saved
	for end := now.Add(d); now < end; now = now.Add(time.Second) {
		in := Input{Day: day}
		for i := range p.plan.Points {
			id := p.plan.Points[i].ID
			v, ok := values[id]
			if !ok {
				continue
			}
			rd := point.Reading{Point: id, At: now, Quality: point.Good}
			rd.Sample = drivers.Sample{Quantity: p.plan.Points[i].Spec.Needs()[0], Value: v}
			in.Readings = append(in.Readings, rd)
		}
		out := p.Step(now, in)
		events = append(events, out.Events...)
		if out.Saved != nil {
			saved = out.Saved
		}
	}
	return now, events, saved
}

func faults(events []Event, k Kind, code detect.FaultCode) []Event {
	var found []Event
	for _, e := range events {
		if e.Kind == k && e.Fault == code {
			found = append(found, e)
		}
	}
	return found
}

// Two sensors of one thing that differ by more than a fifth of their span for a minute are both in
// doubt: each still raises an alarm, and neither ends one. They are believed again once they agree.
func TestPairThatDisagreesIsInDoubt(t *testing.T) {
	p := New(room(), Saved{})
	now, events, _ := measure(p, 0, 5*time.Minute, 0, map[point.ID]int64{"a": 20_000, "b": 40_000})
	if n := len(faults(events, FaultRaised, detect.SensorsDisagree)); n != 0 {
		t.Fatalf("a fifth apart: got %d faults, want none", n)
	}
	begin := now
	now, events, _ = measure(p, now, 2*time.Minute, 0, map[point.ID]int64{"a": 20_000, "b": 40_001})
	got := faults(events, FaultRaised, detect.SensorsDisagree)
	if len(got) != 2 || got[0].At.Sub(begin) < time.Minute || got[0].At.Sub(begin) > 62*time.Second {
		t.Fatalf("got %+v, want a fault of both after a minute", got)
	}
	for _, s := range p.Snapshot(now).Points {
		if c := s.Channels[0]; c.Quality != point.Uncertain || c.Reason != point.Disagree {
			t.Errorf("%s: got %v %v, want it in doubt", s.ID, c.Quality, c.Reason)
		}
	}
	// That one is silent for a while settles nothing.
	now, _, _ = measure(p, now, 20*time.Second, 0, map[point.ID]int64{"a": 20_000})
	now, _, _ = measure(p, now, 5*time.Second, 0, map[point.ID]int64{"a": 20_000, "b": 40_001})
	if c := p.Snapshot(now).Points[0].Channels[0]; c.Reason != point.Disagree {
		t.Errorf("after a silence of b: got %v, want it in doubt", c.Reason)
	}
	now, events, _ = measure(p, now, time.Minute, 0, map[point.ID]int64{"a": 20_000, "b": 60_000})
	if len(p.alarms) != 1 {
		t.Fatalf("got %+v, want the alarm of b", events)
	}
	now, _, _ = measure(p, now, time.Minute, 0, map[point.ID]int64{"a": 20_000, "b": 45_000})
	if !p.alarms[0].active {
		t.Error("a value in doubt has ended an alarm")
	}
	_, events, _ = measure(p, now, 20*time.Second, 0, map[point.ID]int64{"a": 20_000, "b": 21_000})
	if n := len(faults(events, FaultEnded, detect.SensorsDisagree)); n != 2 {
		t.Errorf("they agree: got %d ended faults, want 2", n)
	}
	if p.alarms[0].active {
		t.Error("they agree, and the alarm is still active")
	}
}

// While one of a pair is silent there is nothing to compare.
func TestPairOfOneDoesNotDisagree(t *testing.T) {
	p := New(room(), Saved{})
	now, _, _ := measure(p, 0, 50*time.Second, 0, map[point.ID]int64{"a": 20_000, "b": 90_000})
	_, events, _ := measure(p, now, 5*time.Minute, 0, map[point.ID]int64{"a": 20_000})
	if n := len(faults(events, FaultRaised, detect.SensorsDisagree)); n != 0 {
		t.Errorf("got %d faults, want none", n)
	}
}

// The end of a sensor's life is told a month before, on the day itself, and not while the day is
// not known; then the snapshot says that it waits.
func TestEndOfLifeIsToldAMonthBefore(t *testing.T) {
	plan := room()
	plan.Points = plan.Points[:1]
	plan.Points[0].Life = Life{Installed: 20_000, Days: 1826}
	for _, c := range []struct {
		day  Date
		want LifeState
	}{
		{0, LifeState{Watched: true}},
		{20_000, LifeState{Watched: true, Known: true, Left: 1826}},
		{21_795, LifeState{Watched: true, Known: true, Left: 31}},
		{21_796, LifeState{"end_of_life_soon", true, true, 30}},
		{21_825, LifeState{"end_of_life_soon", true, true, 1}},
		{21_826, LifeState{"end_of_life", true, true, 0}},
		{30_000, LifeState{"end_of_life", true, true, -8174}},
	} {
		p := New(plan, Saved{})
		now, events, _ := measure(p, 0, 2*time.Second, c.day, map[point.ID]int64{"a": 20_000})
		if got := p.Snapshot(now).Points[0].Life; got != c.want {
			t.Errorf("day %d: got %+v, want %+v", c.day, got, c.want)
		}
		told := len(faults(events, FaultRaised, c.want.Fault))
		if want := c.want.Fault != ""; (told == 1) != want {
			t.Errorf("day %d: told %d times", c.day, told)
		}
	}
	// What was known stays while the clock is in doubt, and over a new plan.
	p := New(plan, Saved{})
	now, _, _ := measure(p, 0, time.Second, 21_826, map[point.ID]int64{"a": 20_000})
	now, events, _ := measure(p, now, time.Minute, 0, map[point.ID]int64{"a": 20_000})
	if n := len(faults(events, FaultEnded, detect.EndOfLife)); n != 0 {
		t.Error("the clock is in doubt, and the fault has ended")
	}
	p.Replan(now, plan)
	if got := p.points[0].life.Fault; got != detect.EndOfLife {
		t.Errorf("after a new plan: got %q", got)
	}
}

// A calibrated value is shown, judged and passed on; the raw one stands beside it.
func TestSnapshotHasTheRawValueToo(t *testing.T) {
	plan := room()
	plan.Points[0].Spec.Channels[0].Gain = 100_000
	plan.Points[0].Spec.Channels[0].Offset = -1_000
	p := New(plan, Saved{})
	now, _, _ := measure(p, 0, time.Second, 0, map[point.ID]int64{"a": 20_000})
	c := p.Snapshot(now).Points[0].Channels[0]
	if c.Value != 21_000 || c.Raw != 20_000 {
		t.Errorf("got %d of raw %d, want 21000 of 20000", c.Value, c.Raw)
	}
	// 52 °C are 56.2 °C.
	measure(p, now, time.Second, 0, map[point.ID]int64{"a": 52_000})
	if len(p.alarms) != 1 {
		t.Error("the calibrated value is above the limit, and nothing alarms")
	}
}

// breath is a plan with a point that counts the dose of CO.
func breath() Plan {
	return Plan{Zones: []ZonePlan{{ID: "hall"}}, Points: []PointPlan{{
		ID: "co", Zone: "hall", Signal: CO, Latch: true,
		Spec: detect.Spec{Stale: 8 * time.Second, Conditions: []detect.Condition{{
			Kind: detect.Dose, Quantity: drivers.Gas, Level: detect.Alarm, Limit: detect.DoseFrom,
			Release: 10 * time.Second,
		}}},
	}}}
}

// A dose is written when it has moved by a twentieth, within a minute; while nothing moves, nothing
// is written.
func TestDoseIsWrittenAsItMoves(t *testing.T) {
	p := New(breath(), Saved{})
	now, _, _ := measure(p, 0, time.Minute, 0, map[point.ID]int64{"co": 0})
	now, _, saved := measure(p, now, 30*time.Minute, 0, map[point.ID]int64{"co": 10_000})
	if saved != nil {
		t.Errorf("got %+v, want no write in clean air", saved)
	}
	kept, writes := int64(0), 0
	for range 24 * 60 / 10 {
		now, _, saved = measure(p, now, 10*time.Second, 0, map[point.ID]int64{"co": 100_000})
		if saved != nil {
			kept = saved.Memories[0].Rule.Dose
			writes++
		}
		if true := p.points[0].memory().Rule.Dose; true-kept > 60_000 {
			t.Fatalf("the dose is %d, and %d is written", true, kept)
		}
	}
	if writes < 15 || writes > 20 {
		t.Errorf("got %d writes of a dose that grew to 96 %%", writes)
	}
}

// What creeps is written once an hour.
func TestBaselineIsWrittenEveryHour(t *testing.T) {
	plan := breath()
	plan.Points[0].Spec = detect.Spec{
		Stale: 8 * time.Second, Drift: detect.Drift{Quantity: drivers.Raw, Alarm: 1000},
		Conditions: []detect.Condition{{Kind: detect.Over, Quantity: drivers.Raw,
			Level: detect.Alarm, Limit: 1000}},
	}
	p := New(plan, Saved{})
	now, _, _ := measure(p, 0, 2*time.Second, 0, map[point.ID]int64{"co": 0})
	writes := 0
	for range 10 * 60 {
		var saved *Saved
		now, _, saved = measure(p, now, time.Minute, 0, map[point.ID]int64{"co": 400})
		if saved != nil {
			writes++
		}
	}
	if writes < 9 || writes > 11 {
		t.Errorf("got %d writes in ten hours", writes)
	}
	again := New(plan, *p.save(now))
	if a, b := again.points[0].memory(), p.points[0].memory(); a.Rule.Baseline < b.Rule.Baseline-1 ||
		a.Rule.Baseline > b.Rule.Baseline || a.Rule.Baseline < 100_000 {
		t.Errorf("got a baseline of %d, want that of before, %d", a.Rule.Baseline, b.Rule.Baseline)
	}
}

// Nonsense in what was saved is cut to what can be, and a point that is gone is forgotten.
func TestSavedMemoryMayBeNonsense(t *testing.T) {
	p := New(breath(), Saved{Memories: []SavedMemory{
		{Point: "gone", Rule: detect.Memory{Dose: 7}},
		{Point: "co", Rule: detect.Memory{Dose: math.MinInt64, Baseline: math.MaxInt64,
			Drifted: true}, Heard: -5},
	}})
	_, events, _ := measure(p, 0, time.Minute, 0, map[point.ID]int64{"co": 0})
	for _, e := range events {
		if e.Kind == Raised || e.Kind == FaultRaised {
			t.Errorf("got %+v", e)
		}
	}
}

// A new plan keeps the dose, and the baseline as far as the new bounds allow.
func TestReplanKeepsMemories(t *testing.T) {
	p := New(breath(), Saved{})
	now, _, _ := measure(p, 0, 10*time.Minute, 0, map[point.ID]int64{"co": 100_000})
	before := p.points[0].memory().Rule.Dose
	p.Replan(now, breath())
	if got := p.points[0].memory().Rule.Dose; got != before || got < 390_000 {
		t.Errorf("got %d, want %d", got, before)
	}
}

// Every fault that a rule can find has words of its own.
func TestEveryFaultOfARuleHasWords(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../detect/detect.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		kind, ok := spec.Type.(*ast.Ident)
		value, isText := spec.Values[0].(*ast.BasicLit)
		if !ok || !isText || kind.Name != "FaultCode" {
			return true
		}
		looked++
		code := detect.FaultCode(strings.Trim(value.Value, `"`))
		if !slices.ContainsFunc(catalogue, func(k FaultKind) bool { return k.Code == code }) {
			t.Errorf("%s has no words", code)
		}
		return true
	})
	if looked < 15 {
		t.Errorf("looked at %d codes only", looked)
	}
}
