package detect

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// at is a moment in seconds.
func at(s float64) point.Instant { return point.Instant(s * float64(time.Second)) }

// feed is one reading of a trace; the zero Quality stands for Good here.
type feed struct {
	at     float64
	value  int64
	q      point.Quality
	reason point.Reason
	bad    bool
}

func (f feed) reading(q drivers.Quantity) point.Reading {
	rd := point.Reading{Point: "p", At: at(f.at), Quality: f.q, Reason: f.reason}
	rd.Sample = drivers.Sample{Quantity: q, Value: f.value}
	if f.q == point.Bad && !f.bad {
		rd.Quality = point.Good
	}
	return rd
}

// play steps the rule every 100 ms up to end with the readings of the trace, and returns the
// moments at which the level or the fault changed, as text, such as "9.0 normal sensor_silent".
func play(r Rule, q drivers.Quantity, trace []feed, end float64) []string {
	var got []string
	var last Finding
	next := 0
	for ms := int64(0); ms <= int64(end*1000); ms += 100 {
		now := point.Instant(ms * int64(time.Millisecond))
		var rs []point.Reading
		for next < len(trace) && at(trace[next].at) <= now {
			rs = append(rs, trace[next].reading(q))
			next++
		}
		f := r.Step(now, rs)
		if f.Level != last.Level || f.Fault != last.Fault {
			text := decimalSeconds(ms) + " " + f.Level.String()
			if f.Fault != "" {
				text += " " + string(f.Fault)
			}
			got = append(got, text)
		}
		last = f
	}
	return got
}

func decimalSeconds(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	return d.String()
}

// every repeats a value each second from one second to another, both included.
func every(from, to float64, value int64) []feed {
	var fs []feed
	for t := from; t <= to; t++ {
		fs = append(fs, feed{at: t, value: value})
	}
	return fs
}

func join(parts ...[]feed) []feed {
	var all []feed
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func bads(from, to float64) []feed {
	var fs []feed
	for t := from; t <= to; t++ {
		fs = append(fs, feed{at: t, bad: true, reason: point.Checksum})
	}
	return fs
}

func unsure(from, to float64, value int64, why point.Reason) []feed {
	fs := every(from, to, value)
	for i := range fs {
		fs[i].q, fs[i].reason = point.Uncertain, why
	}
	return fs
}

var heat = Condition{
	Kind: Above, Quantity: drivers.Temperature, Level: Alarm, Limit: 56_000, Hysteresis: 2_000,
	Confirm: 3 * time.Second, Release: 5 * time.Second,
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// A rule changes its finding at exactly the moments that its delays, its hysteresis and the quality
// of its readings ask for.
func TestRuleChangesAtTheRightMoments(t *testing.T) {
	for _, tt := range append(onLimits(), onQuality()...) {
		t.Run(tt.name, func(t *testing.T) {
			spec := Spec{Stale: 8 * time.Second, Conditions: []Condition{tt.c}}
			same(t, play(New(spec), tt.c.quantity(), tt.trace, tt.end), tt.want)
		})
	}
}

// ruleCase is a trace of readings and the moments at which the finding must change.
type ruleCase struct {
	name  string
	c     Condition
	trace []feed
	end   float64
	want  []string
}

var closed = Condition{Kind: Active, Level: Alarm, Confirm: time.Second, Release: 2 * time.Second}

// onLimits are the cases of limits, hysteresis and delays.
func onLimits() []ruleCase {
	below := heat
	below.Kind, below.Limit, below.Hysteresis = Below, 5_000, 1_000
	now := closed
	now.Confirm, now.Release = 0, 0
	return []ruleCase{
		{"confirm", heat, every(0, 10, 56_000), 10, []string{"3s alarm"}},
		{"just below the limit", heat, every(0, 20, 55_999), 20, nil},
		{"too short", heat, join(every(0, 2, 60_000), every(3, 20, 20_000)), 20,
			[]string{"3s alarm", "8s normal"}},
		{"ends within confirm", heat, join(every(0, 2, 60_000), []feed{{at: 2.9, value: 55_000}},
			every(4, 20, 20_000)), 20, nil},
		{"dips below the limit while pending", heat,
			join(every(0, 1, 60_000), every(2, 2, 55_500), every(3, 8, 60_000)), 8,
			[]string{"6s alarm"}},
		{"hysteresis holds", heat, join(every(0, 3, 60_000), every(4, 30, 54_000)), 30,
			[]string{"3s alarm"}},
		{"release", heat, join(every(0, 3, 60_000), every(4, 30, 53_999)), 30,
			[]string{"3s alarm", "9s normal"}},
		{"release starts anew", heat,
			join(every(0, 3, 60_000), every(4, 7, 20_000), every(8, 8, 55_000),
				every(9, 30, 20_000)), 30,
			[]string{"3s alarm", "14s normal"}},
		{"below", below, join(every(0, 9, 5_000), every(10, 30, 6_001)), 30,
			[]string{"3s alarm", "15s normal"}},
		{"below, hysteresis holds", below, join(every(0, 9, 4_000), every(10, 30, 6_000)), 30,
			[]string{"3s alarm"}},
		{"contact", closed, join(every(0, 4, 1), every(5, 9, 0)), 9,
			[]string{"1s alarm", "7s normal"}},
		{"contact without delays", now, join(every(0, 2, 0), every(3, 3, 1), every(4, 5, 0)), 5,
			[]string{"3s alarm", "4s normal"}},
	}
}

// onQuality are the cases of readings that fail, are uncertain or do not come.
func onQuality() []ruleCase {
	slow := closed
	slow.Release = 20 * time.Second
	return []ruleCase{
		{"silence is a fault", closed, every(0, 2, 0), 12, []string{"10s normal sensor_silent"}},
		{"never heard", closed, nil, 12, []string{"8s normal sensor_silent"}},
		{"silence holds an alarm", closed, every(0, 2, 1), 60,
			[]string{"1s alarm", "10s alarm sensor_silent"}},
		{"silence does not stop a confirm", closed, every(0, 0, 1), 9,
			[]string{"1s alarm", "8s alarm sensor_silent"}},
		{"two failures are none", closed, join(every(0, 2, 0), bads(3, 4), every(5, 9, 0)), 9, nil},
		{"three failures are a fault, until 10 s of good readings", closed,
			join(every(0, 2, 0), bads(3, 5), every(6, 30, 0)), 30,
			[]string{"5s normal sensor_failed", "16s normal"}},
		{"a failure in between begins them anew", closed,
			join(bads(0, 2), every(3, 8, 0), bads(9, 9), every(10, 30, 0)), 30,
			[]string{"2s normal sensor_failed", "20s normal"}},
		{"failed, not silent too", closed, bads(0, 20), 20, []string{"2s normal sensor_failed"}},
		{"failures hold an alarm", closed, join(every(0, 1, 1), bads(2, 20)), 20,
			[]string{"1s alarm", "4s alarm sensor_failed"}},
		{"a failure stops the release", closed,
			join(every(0, 2, 1), every(3, 4, 0), bads(4.5, 4.5), every(6, 9, 0)), 9,
			[]string{"1s alarm", "8s normal"}},
		{"silence stops the release", slow, join(every(0, 2, 1), every(3, 4, 0)), 60,
			[]string{"1s alarm", "12s alarm sensor_silent"}},
		{"nothing ends while the fault stands", closed,
			join(every(0, 1, 1), bads(2, 4), every(5, 30, 0)), 30,
			[]string{"1s alarm", "4s alarm sensor_failed", "15s normal"}},
		{"uncertain raises", heat, unsure(0, 5, 60_000, point.Saturated), 5, []string{"3s alarm"}},
		{"uncertain does not clear", heat,
			join(every(0, 3, 60_000), unsure(4, 9, 20_000, point.WarmUp)), 9, []string{"3s alarm"}},
		{"warming up is not silent", heat, unsure(0, 60, 20_000, point.WarmUp), 60, nil},
		{"a value at the end of the range is", heat, unsure(0, 9, 20_000, point.Saturated), 9,
			[]string{"8s normal sensor_range"}},
		{"otherwise uncertain is", heat, unsure(0, 9, 20_000, point.EndOfLife), 9,
			[]string{"8s normal sensor_silent"}},
		{"doubt begins the good time anew", heat, join(every(0, 20, 20_000),
			unsure(21, 21, 20_000, point.Stuck), every(22, 40, 20_000)), 40,
			[]string{"21s normal sensor_stuck", "32s normal"}},
		{"two that disagree", heat, join(unsure(0, 2, 20_000, point.Disagree), every(3, 20, 20_000)),
			20, []string{"0s normal sensors_disagree", "13s normal"}},
		{"a late delivery counts from its moment", closed,
			[]feed{{at: 0, value: 1}, {at: 1.2, value: 0}, {at: 1.3, value: 0}}, 2,
			[]string{"1s alarm"}},
	}
}

// Two readings that come in one step are judged at their own moments, one after the other.
func TestReadingsOfOneStepAreJudgedInOrder(t *testing.T) {
	r := New(Spec{Conditions: []Condition{{Kind: Active, Level: Alarm, Confirm: time.Second}}})
	r.Step(0, nil)
	f := r.Step(at(1.5), []point.Reading{
		feed{at: 0.1, value: 1}.reading(drivers.Contact),
		feed{at: 1.4, value: 0}.reading(drivers.Contact),
	})
	if f.Level != Normal {
		t.Errorf("after it opened: got %v, want normal (no release time)", f.Level)
	}
	r = New(Spec{Conditions: []Condition{
		{Kind: Active, Level: Alarm, Confirm: time.Second, Release: time.Second},
	}})
	r.Step(0, nil)
	f = r.Step(at(1.5), []point.Reading{
		feed{at: 0.1, value: 1}.reading(drivers.Contact),
		feed{at: 1.4, value: 0}.reading(drivers.Contact),
	})
	if f.Level != Alarm {
		t.Errorf("closed for 1.3 s: got %v, want alarm", f.Level)
	}
}

// The highest level wins, and its reason comes first.
func TestHighestLevelWins(t *testing.T) {
	pre := heat
	pre.Level, pre.Limit = PreAlarm, 46_000
	r := New(Spec{Conditions: []Condition{pre, heat}})
	var f Finding
	for s := 0.0; s < 5; s++ {
		f = r.Step(at(s), []point.Reading{feed{at: s, value: 57_300}.reading(drivers.Temperature)})
	}
	want := Finding{Level: Alarm, Why: [4]Evidence{
		{drivers.Temperature, 57_300, 56_000, 1000}, {drivers.Temperature, 57_300, 46_000, 1000},
	}}
	if f != want {
		t.Errorf("got %+v, want %+v", f, want)
	}
}

// Every quantity that a condition needs must be heard, and a failed reading that does not know its
// quantity counts against all of them.
func TestEveryQuantityMustBeHeard(t *testing.T) {
	spec := Spec{Stale: 8 * time.Second, Conditions: []Condition{
		heat, {Kind: Above, Quantity: drivers.PM25, Level: PreAlarm, Limit: 1},
	}}
	r := New(spec)
	same(t, play(r, drivers.Temperature, every(0, 9, 20_000), 9),
		[]string{"8s normal sensor_silent"})
	same(t, play(New(spec), 0, bads(0, 2), 3), []string{"2s normal sensor_failed"})
	if got := len(spec.Needs()); got != 2 {
		t.Errorf("needs: got %d quantities, want 2", got)
	}
}

// A Stale of zero is not "never": what may be silent for ever looks healthy for ever.
func TestZeroStaleIsNotNever(t *testing.T) {
	r := New(Spec{Conditions: []Condition{{Kind: Active, Level: Alarm}}})
	same(t, play(r, drivers.Contact, nil, 20), []string{"8s normal sensor_silent"})
}

// A rule that goes on from an earlier finding keeps it until good readings end it.
func TestResumedConditionStandsUntilGoodReadingsEndIt(t *testing.T) {
	before := Finding{Level: Alarm, Why: [4]Evidence{{drivers.Temperature, 60_000, 56_000, 1000}}}
	pre := heat
	pre.Level, pre.Limit = PreAlarm, 46_000
	spec := Spec{Stale: 8 * time.Second, Conditions: []Condition{pre, heat}}
	resumed := func(f Finding) Rule {
		r := New(spec)
		r.(Resumer).Resume(f)
		return r
	}
	same(t, play(resumed(before), drivers.Temperature, every(1, 20, 20_000), 20),
		[]string{"0s alarm", "6s normal"})
	same(t, play(resumed(before), drivers.Temperature, nil, 20),
		[]string{"0s alarm", "8s alarm sensor_silent"})
	before.Why[0].Limit = 1 // the limit has changed since
	same(t, play(resumed(before), drivers.Temperature, every(1, 20, 20_000), 20),
		[]string{"0s alarm", "6s normal"})
	same(t, play(resumed(Finding{Fault: SensorFailed}), drivers.Temperature,
		every(1, 20, 20_000), 20), []string{"0s normal sensor_failed", "11s normal"})
	same(t, play(resumed(Finding{}), drivers.Temperature, every(1, 20, 20_000), 20), nil)
}

// Conditions that end before their confirm time are counted.
func TestAbortedConditionsAreCounted(t *testing.T) {
	r := New(Spec{Conditions: []Condition{{Kind: Active, Level: Alarm, Confirm: 2 * time.Second}}})
	var trace []feed
	for s := 0.0; s < 10; s += 2 {
		trace = append(trace, feed{at: s, value: 1}, feed{at: s + 1, value: 0})
	}
	same(t, play(r, drivers.Contact, trace, 10), nil)
	if got := r.(Counter).Aborted(); got != 5 {
		t.Errorf("got %d, want 5", got)
	}
}

// A step without a change allocates nothing, nor does one with a rise over a full window.
func TestStepDoesNotAllocate(t *testing.T) {
	rise := Condition{Kind: Rise, Quantity: drivers.Temperature, Level: Alarm, Limit: 4_000}
	r := New(Spec{Conditions: []Condition{heat, rise}})
	rs := make([]point.Reading, 1)
	now := point.Instant(0)
	got := testing.AllocsPerRun(1000, func() {
		now = now.Add(100 * time.Millisecond)
		rs[0] = point.Reading{At: now, Quality: point.Good}
		rs[0].Sample = drivers.Sample{Quantity: drivers.Temperature, Value: 20_000}
		r.Step(now, rs)
	})
	if got != 0 {
		t.Errorf("got %v allocations a step, want none", got)
	}
}

// A warning of a sensor that warms up outlives a restart as what it is: no alarm, and not over
// before a good reading says so.
func TestWarningOfAColdSensorIsResumed(t *testing.T) {
	spec := Spec{WarmUp: PreAlarm, Conditions: []Condition{
		{Kind: Above, Quantity: drivers.Combustible, Level: Alarm, Limit: 10},
		{Kind: Above, Quantity: drivers.Combustible, Level: AlarmHigh, Limit: 25},
	}}
	r := New(spec)
	rd := feed{value: 30, q: point.Uncertain, reason: point.WarmUp}.reading(drivers.Combustible)
	was := r.Step(0, []point.Reading{rd})
	r = New(spec)
	r.(Resumer).Resume(was)
	if f := r.Step(0, nil); was.Level != PreAlarm || f.Level != PreAlarm {
		t.Errorf("was %v, got %v; want both %v", was.Level, f.Level, PreAlarm)
	}
	rd = feed{at: 1, value: 30}.reading(drivers.Combustible)
	if f := r.Step(at(1), []point.Reading{rd}); f.Level != AlarmHigh {
		t.Errorf("warm: got %v, want %v", f.Level, AlarmHigh)
	}
}
