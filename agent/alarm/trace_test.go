package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// life is a panel that is given one reading of each of its points every second.
type life struct {
	t     *testing.T
	panel *Panel
	now   point.Instant
	saved *Saved
	last  Decision
}

func newLife(t *testing.T, plan Plan) *life {
	return &life{t: t, panel: New(plan, Saved{})}
}

// run lets d pass while the point reads value.
func (l *life) run(d time.Duration, id point.ID, q drivers.Quantity, value func() int64) {
	for end := l.now.Add(d); l.now < end; l.now = l.now.Add(time.Second) {
		rd := point.Reading{Point: id, At: l.now, Quality: point.Good}
		rd.Sample = drivers.Sample{Quantity: q, Value: value()}
		l.last = l.panel.Step(l.now, Input{Readings: []point.Reading{rd}})
		if l.last.Saved != nil {
			l.saved = l.last.Saved
		}
	}
}

// restart ends the panel, and begins another one from what was saved last.
func (l *life) restart(plan Plan) {
	l.t.Helper()
	l.panel, l.now = New(plan, copied(l.t, l.saved)), point.Instant(3*time.Second)
}

// channel is what is known of the first channel of a point.
func (l *life) channel(id point.ID) ChannelState { return l.panel.at(id).channels[0].ChannelState }

// rainy is a site with a bucket and the rain of a day.
func rainy(window time.Duration) Plan {
	p := bench()
	p.Points = []PointPlan{
		{ID: "bucket", Signal: Supervisory, Spec: detect.Spec{
			Stale:      8 * time.Second,
			Conditions: []detect.Condition{{Kind: detect.Above, Quantity: drivers.Pulses, Limit: 1 << 40}},
		}},
		number("rain", "rain", "bucket"),
	}
	p.Points[1].Derived.Window = window
	return p
}

// The rain of a day is not forgotten by a new site file, and by a restart only as far as it has
// come since it was last written.
func TestRainOutlivesReloadAndRestart(t *testing.T) {
	l := newLife(t, rainy(24*time.Hour))
	n := int64(0)
	pours := func() int64 { n++; return n / 150 }
	l.run(20*time.Hour+30*time.Minute, "bucket", drivers.Pulses, pours)
	before := l.channel("rain").Value
	if before < 97_000 || before > 99_000 {
		t.Fatalf("20.5 h of 4.8 mm: got %d µm", before)
	}
	l.panel.Replan(l.now, rainy(24*time.Hour))
	l.run(2*time.Second, "bucket", drivers.Pulses, pours)
	if got := l.channel("rain").Value; got != before {
		t.Errorf("after a reload: got %d µm, want %d", got, before)
	}
	l.restart(rainy(24 * time.Hour))
	n = 0 // the count begins anew with the program
	l.run(2*time.Second, "bucket", drivers.Pulses, pours)
	if got := l.channel("rain").Value; got < before-5_000 || got > before {
		t.Errorf("after a restart: got %d µm, want %d less an hour's at most", got, before)
	}
	l.panel.Replan(l.now, rainy(time.Hour))
	l.run(2*time.Second, "bucket", drivers.Pulses, pours)
	if got := l.channel("rain").Value; got != 0 {
		t.Errorf("over another window: got %d µm, want none", got)
	}
}

// What was saved of another formula, or of one over another time or another point, is not used.
func TestForeignTraceIsNotUsed(t *testing.T) {
	trace := detect.Trace{Known: true, Parts: []int64{5000, 1, 5000}}
	own := SavedFormula{
		Point: "rain", Formula: "rain", From: []point.ID{"bucket"}, Window: time.Hour, Trace: trace,
	}
	for what, c := range map[string]struct {
		change func(*SavedFormula)
		want   int64
	}{
		"its own":        {func(*SavedFormula) {}, 5000},
		"another window": {func(s *SavedFormula) { s.Window = 2 * time.Hour }, 0},
		"another kind":   {func(s *SavedFormula) { s.Formula = "mean" }, 0},
		"another source": {func(s *SavedFormula) { s.From = []point.ID{"other"} }, 0},
		"a read point":   {func(s *SavedFormula) { s.Point = "bucket" }, 0},
		"no point":       {func(s *SavedFormula) { s.Point = "gone" }, 0},
	} {
		s := own
		c.change(&s)
		l := &life{t: t, panel: New(rainy(time.Hour), Saved{Formulas: []SavedFormula{s}})}
		l.run(time.Second, "bucket", drivers.Pulses, func() int64 { return 0 })
		if got := l.channel("rain").Value; got != c.want {
			t.Errorf("%s: got %d, want %d", what, got, c.want)
		}
	}
}

// heater is a site with a gas detector that warms up for three minutes.
func heater() Plan {
	p := bench()
	p.Points = []PointPlan{{
		ID: "gas", Zone: "kitchen", Signal: Gas, Latch: true,
		Spec: detect.Spec{
			Stale: 8 * time.Second, WarmUp: detect.PreAlarm,
			Conditions: []detect.Condition{{
				Kind: detect.Above, Quantity: drivers.Combustible, Level: detect.Alarm, Limit: 10_000,
				Confirm: 3 * time.Second,
			}},
			Channels: []detect.Channel{{Quantity: drivers.Combustible, WarmUp: 3 * time.Minute}},
		},
	}}
	return p
}

func (l *life) gas(d time.Duration, value int64) Pattern {
	l.run(d, "gas", drivers.Combustible, func() int64 { return value })
	return l.last.Wishes[0].Pattern
}

// A new site file lets a warm sensor stay warm: its alarm is not held back for a second.
func TestReloadKeepsAWarmSensorWarm(t *testing.T) {
	l := newLife(t, heater())
	l.gas(5*time.Minute, 0)
	l.panel.Replan(l.now, heater())
	if got := l.gas(5*time.Second, 60_000); got != GasTone {
		t.Errorf("got %v 5 s after the gas, want %v", got, GasTone)
	}
}

// A program that dies sooner than its sensor is warm does not make it blind for ever: the warm-up
// goes on where the last run left it.
func TestShortLivesDoNotHoldAGasAlarmBack(t *testing.T) {
	l := newLife(t, heater())
	for range 6 {
		if l.gas(time.Minute, 60_000) == GasTone {
			return
		}
		l.restart(heater())
	}
	t.Error("6 lives of a minute in 60 % of the explosion limit: the siren is silent")
}

// A restart long after the warm-up may be a power cut: the sensor warms up as at first, and what
// was written of a short life before does not count.
func TestPowerCutLetsASensorWarmUpAnew(t *testing.T) {
	l := newLife(t, heater())
	l.gas(time.Hour, 0)
	l.restart(heater())
	l.gas(170*time.Second, 0)
	if c := l.channel("gas"); c.Reason != point.WarmUp {
		t.Errorf("170 s after a restart: got %v, want it to warm up", c.Reason)
	}
}

// A part that burns in for days does so also at a box that is switched on for half an hour a day.
func TestBurnInIsWrittenOften(t *testing.T) {
	burns := func() Plan {
		p := heater()
		p.Points[0].Spec.Channels[0].BurnIn = 2 * time.Hour
		return p
	}
	l := newLife(t, burns())
	for range 8 {
		l.gas(29*time.Minute, 0)
		l.restart(burns())
	}
	l.gas(5*time.Minute, 0)
	if c := l.channel("gas"); c.Quality != point.Good {
		t.Errorf("8 lives of 29 min: got %v, want good", c.Reason)
	}
}

// A derived point one of whose inputs is not in the plan is in fault, and nothing else happens.
func TestDerivedPointWithoutItsInputIsInFault(t *testing.T) {
	plan := bench()
	d := number("rise", "level_rate", "nowhere")
	d.Spec.Conditions = []detect.Condition{{
		Kind: detect.Above, Quantity: drivers.LevelRate, Level: detect.Alarm, Limit: 5,
	}}
	plan.Points = append(plan.Points, d)
	r := newRig(t, plan, Saved{})
	r.run(20 * time.Second)
	if got := r.panel.at("rise").fault; got != detect.SensorSilent {
		t.Errorf("got fault %q, want %q", got, detect.SensorSilent)
	}
}

// blurt is a rule that panics when it is asked what it sees.
type blurt struct{}

func (blurt) Step(point.Instant, []point.Reading) detect.Finding { return detect.Finding{} }
func (blurt) Raw() detect.Raw                                    { panic("raw") }

// A rule that panics when it is asked what it sees costs its own point only.
func TestRuleThatPanicsWhenAskedCostsItsPoint(t *testing.T) {
	plan := bench()
	plan.Points = append(plan.Points, PointPlan{ID: "x", Signal: Water, Rule: blurt{}})
	r := newRig(t, plan, Saved{})
	r.contacts["smoke1"] = 1
	r.run(5 * time.Second)
	if got := r.panel.at("x").fault; got != detect.RuleBroken || r.last["siren"] != Temporal3 {
		t.Errorf("got fault %q and siren %v", got, r.last["siren"])
	}
	r.order(Command{Action: Disable, Point: "x", For: time.Hour, Reason: "x", By: remote})
}

// With nothing in service nothing is available; a number that is not known any more is not good,
// and no fault of a sensor either.
func TestIndicatorThatIsNotKnownIsNotGood(t *testing.T) {
	plan := bench()
	for _, name := range []string{"availability", "old_faults"} {
		plan.Points = append(plan.Points, number(point.ID(name), name))
	}
	r := newRig(t, plan, Saved{})
	r.run(2 * time.Second)
	for _, p := range bench().Points {
		r.order(Command{Action: Disable, Point: p.ID, For: time.Hour, Reason: "x", By: onSite})
	}
	r.run(2 * time.Second)
	r.says("availability", 0)
	known := false
	lost := IndicatorKind{"lost", drivers.Count, func(*Panel, point.Instant) (int64, bool) {
		return 7, known
	}}
	w := r.panel.at("old_faults")
	w.derived.indicator, known = &lost, true
	r.run(2 * time.Second)
	r.says("old_faults", 7)
	known = false
	r.run(20 * time.Second)
	if c := w.channels[0]; c.Quality != point.Bad || c.Reason != point.Stale || w.fault != "" {
		t.Errorf("not known any more: got %v %v, fault %q", c.Quality, c.Reason, w.fault)
	}
}

// Points that have left the plan take no place from those that a walk test tries now.
func TestCoverageForgetsPointsThatAreGone(t *testing.T) {
	two := func(a, b point.ID) Plan {
		p := bench()
		p.Points = p.Points[:2]
		p.Points[0].ID, p.Points[1].ID = a, b
		return p
	}
	r := newRig(t, two("a", "b"), Saved{})
	walk := func(ids ...point.ID) {
		t.Helper()
		r.run(time.Second)
		r.order(Command{Action: StartTest, By: Origin{Kind: CLI, Level: 2}})
		for _, id := range ids {
			r.contacts[id] = 1
			r.run(5 * time.Second)
			r.contacts[id] = 0
			r.run(30 * time.Second)
		}
		r.order(Command{Action: EndTest, By: Origin{Kind: CLI, Level: 2}})
		if got, _ := r.panel.testCoverage(r.now); got != 100_000 {
			t.Errorf("%v tried: coverage %d m%%, want all", ids, got)
		}
	}
	walk("a", "b")
	r.take(r.panel.Replan(r.now, two("c", "d")))
	walk("c", "d")
	r.restart(two("d", "e"))
	if got := r.panel.tally.tested; len(got) != 1 || got[0].Point != "d" {
		t.Errorf("after a restart with another plan: it knows %v, want d", got)
	}
}
