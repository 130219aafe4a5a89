package alarm

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// station is the bench of a micro fire station: it has operators, buttons, a key switch and duties.
func station() Plan {
	plan := bench()
	plan.Operators = []OperatorPlan{
		{Number: 1, Name: "Li", Level: 1}, {Number: 7, Name: "Wang", Level: 2},
		{Number: 9, Name: "Zhao", Level: 3},
	}
	button := func(id point.ID, b ButtonPlan) {
		spec := contact()
		spec.Conditions[0].Level = detect.Supervisory
		spec.Conditions[0].Confirm, spec.Conditions[0].Release = 0, 0
		plan.Points = append(plan.Points, PointPlan{ID: id, Zone: "hall", Spec: spec, Button: b})
	}
	button("ack", ButtonPlan{Action: Acknowledge, Level: 1})
	button("reset", ButtonPlan{Action: Reset, Level: 2})
	button("silence", ButtonPlan{Action: Silence, Level: 1})
	button("answer", ButtonPlan{Action: Answer, Level: 1})
	button("test", ButtonPlan{Action: SelfTest, Level: 2})
	button("key", ButtonPlan{Key: true})
	plan.Items = []ItemPlan{
		{ID: "extinguishers", Name: "灭火器 Extinguishers", Days: 31},
		{ID: "patrol", Name: "巡查 Patrol", Every: 2 * time.Hour},
	}
	plan.Shift = 3
	return plan
}

// by is an operator at the command line.
func by(number, level uint8) Origin {
	return Origin{Kind: CLI, Operator: number, Level: level}
}

// restart kills the panel and begins a new run of the same plan from what it saved.
func (r *rig) restart(plan Plan) {
	saved := *r.saved
	r.panel, r.now, r.events = New(plan, saved), 0, nil
}

// press closes the contact of a button for a moment.
func (r *rig) press(id point.ID) {
	r.contacts[id] = 1
	r.run(3 * tick)
	r.contacts[id] = 0
	r.run(3 * tick)
}

func (r *rig) refused(c Command, want string) {
	r.t.Helper()
	if e := r.order(c); e.Kind != Refused || e.Reason != want {
		r.t.Fatalf("%v of %+v: got %v %q, want a refusal %q", c.Action, c.By, e.Kind, e.Reason, want)
	}
}

func (r *rig) done(c Command, want Kind) Event {
	r.t.Helper()
	e := r.order(c)
	if e.Kind != want {
		r.t.Fatalf("%v of %+v: got %v %q, want %v", c.Action, c.By, e.Kind, e.Reason, want)
	}
	return e
}

// Every action, from everywhere, at every access level, is allowed to those that the table of
// access rights names, and to nobody else.
func TestPermissions(t *testing.T) {
	const never = 9 // no level is as high
	type row struct {
		button, person uint8 // least level
		district       bool
	}
	want := map[Action]row{
		Acknowledge: {1, 2, true}, Silence: {2, 2, false}, Reset: {2, 2, false},
		Disable: {2, 2, true}, Enable: {2, 2, true}, Operate: {2, 2, true},
		StartTest: {never, 2, true}, EndTest: {never, 2, false}, SkipTest: {never, 2, false},
		ReceiptTest: {never, 2, true}, StartDrill: {never, 2, true}, EndDrill: {never, 2, true},
		AskDuty: {never, 2, true}, Warn: {never, 2, true}, Answer: {1, 1, false},
		Accept: {never, 1, false}, Arrive: {never, 1, false}, Judge: {never, 2, false},
		CheckItem: {never, 1, false}, OpenHazard: {never, 1, false},
		CloseHazard: {never, 2, false}, BeginShift: {never, 1, false}, EndShift: {never, 1, false},
		SelfTest: {2, 2, true}, DecideSite: {never, 3, false},
	}
	p := New(station(), Saved{})
	for a := Action(1); a < actions; a++ {
		row, ok := want[a]
		if !ok {
			t.Errorf("%v has no row in this table", a)
			continue
		}
		for kind := Auto; kind < originKinds; kind++ {
			for level := range uint8(4) {
				from := Origin{Kind: kind, Level: level}
				allowed := false
				switch kind {
				case Auto:
					allowed = a == DecideSite // it tells what it has done
				case Button:
					allowed = level >= row.button
				case CLI, Page:
					allowed, from.Operator = level >= row.person, 9
				case District:
					allowed = row.district
				}
				if got := p.permitted(a, from) == ""; got != allowed {
					t.Errorf("%v from %v at level %d: allowed %v, want %v", a, kind, level, got, allowed)
				}
			}
		}
	}
}

// The site file can take each right of the district away, and gives none but the silence.
func TestDistrictLosesRights(t *testing.T) {
	for _, a := range Lendable() {
		plan := station()
		plan.MayNot = []Action{a}
		if got := New(plan, Saved{}).permitted(a, remote); got != RefusedNotPermitted {
			t.Errorf("%v: got %q, want it taken away", a, got)
		}
	}
	for _, never := range []Action{Silence, Reset, EndTest, Answer, Judge} {
		if slices.Contains(Lendable(), never) {
			t.Errorf("%v is a right of the district", never)
		}
	}
	plan := station()
	plan.MaySilence = true
	if got := New(plan, Saved{}).permitted(Silence, remote); got != "" {
		t.Errorf("may_silence: got %q", got)
	}
}

// The district silences nothing in the first three minutes of an alarm, and never the strobe.
func TestDistrictSilencesLateAndNoStrobe(t *testing.T) {
	plan := station()
	plan.MaySilence = true
	r := newRig(t, plan, Saved{})
	r.run(time.Second)
	r.contacts["smoke1"] = 1
	r.run(time.Minute)
	r.refused(Command{Action: Silence, By: remote}, RefusedTooEarly)
	r.run(2*time.Minute + time.Second)
	r.done(Command{Action: Silence, By: remote}, Silenced)
	r.plays("siren", Off)
	r.plays("strobe", Flash)
}

// An operator who is not in the plan, who claims a level that he has not, or whose PIN was wrong,
// is refused, and the refusal says who it was.
func TestAT54OperatorBelowHisLevelIsRefusedAndLogged(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.contacts["smoke1"] = 1
	r.run(5 * time.Second)
	for _, c := range []struct {
		by     Origin
		denied string
		want   string
	}{
		{by(1, 1), "", RefusedNotPermitted},
		{by(1, 2), "", RefusedOperator},
		{by(50, 2), "", RefusedOperator},
		{by(7, 0), RefusedPIN, RefusedPIN},
	} {
		e := r.order(Command{Action: Reset, By: c.by, Denied: c.denied})
		if e.Kind != Refused || e.Reason != c.want || e.By != c.by {
			t.Errorf("%+v: got %v %q by %+v, want %q", c.by, e.Kind, e.Reason, e.By, c.want)
		}
	}
	r.plays("siren", Temporal3)
	r.done(Command{Action: Reset, By: by(7, 2)}, ResetDone)
}

// A step without news allocates nothing, though people have duties, an incident is open and a call
// was answered.
func TestDutiesDoNotAllocate(t *testing.T) {
	plan := station()
	p := New(plan, Saved{})
	in := Input{Readings: readings(plan, 0), Day: 20_000}
	now := point.Instant(0)
	step := func() {
		now = now.Add(tick)
		for i := range in.Readings {
			in.Readings[i].At = now
		}
		p.Step(now, in)
	}
	in.Commands = []Command{
		{Action: BeginShift, By: by(7, 2)},
		{Action: OpenHazard, By: by(7, 2), Matter: Matter{Text: "boxes", Days: 3}},
	}
	step()
	in.Commands = nil
	for range 50 {
		step()
	}
	if got := testing.AllocsPerRun(500, step); got != 0 {
		t.Errorf("got %v allocations a step, want none", got)
	}
}

// What people did about their duties is a chain: each record has the hash of the one before, over a
// restart too, and a record that is changed or taken out is found.
func TestRecordsAreAChain(t *testing.T) {
	plan := station()
	r := newRig(t, plan, Saved{})
	r.day = 20_000
	var records []Event
	collect := func() {
		for _, e := range r.events {
			if e.Matter.Record.N != 0 {
				records = append(records, e)
			}
		}
	}
	r.done(Command{Action: BeginShift, By: by(7, 2)}, ShiftBegun)
	r.done(Command{Action: CheckItem, By: by(1, 1), Matter: Matter{
		ID: "extinguishers", Failed: true, Text: "压力低 low", Evidence: "sha256:ab12",
	}}, ItemDone)
	collect()
	r.restart(plan)
	r.done(Command{Action: OpenHazard, By: by(7, 2), Matter: Matter{Text: "boxes", Days: 3}},
		HazardOpened)
	r.done(Command{Action: CloseHazard, By: by(7, 2), Matter: Matter{ID: "h1"}}, HazardClosed)
	collect()
	if len(records) != 4 {
		t.Fatalf("got %d records, want 4", len(records))
	}
	if bad := broken(records); bad != 0 {
		t.Fatalf("record %d breaks the chain", bad)
	}
	forged := slices.Clone(records)
	forged[1].Matter.Failed = false
	if bad := broken(forged); bad != 2 {
		t.Errorf("a changed record: got %d, want it found at 2", bad)
	}
	if bad := broken(slices.Delete(slices.Clone(records), 1, 2)); bad != 3 {
		t.Errorf("a record taken out: got %d, want it found at 3", bad)
	}
}

// broken is the number of the first record that does not follow from the one before; 0: none.
func broken(records []Event) uint64 {
	prev, n := "", uint64(0)
	for i := range records {
		r := records[i].Matter.Record
		if r.N != n+1 || r.Prev != prev || r.Hash != records[i].RecordHash() {
			return r.N
		}
		prev, n = r.Hash, r.N
	}
	return 0
}

// Whatever people and the district pile up, the panel keeps a bounded number of each and says that
// it is full.
func TestDutiesAreBounded(t *testing.T) {
	r := newRig(t, station(), Saved{})
	r.day = 20_000
	for i := range 200 {
		id := fmt.Sprintf("x%d", i)
		r.pending.Commands = append(r.pending.Commands,
			Command{Action: Warn, By: remote, Call: &Call{ID: id, Colour: Red, Text: "storm"}},
			Command{Action: OpenHazard, By: by(7, 2), Matter: Matter{Text: "boxes", Days: 3}})
		r.step()
	}
	s := r.panel.Snapshot(r.now)
	if n := len(s.Duties.Calls); n != mostCalls {
		t.Errorf("got %d calls, want %d", n, mostCalls)
	}
	if n := len(s.Duties.Hazards); n != mostHazards {
		t.Errorf("got %d hazards, want %d", n, mostHazards)
	}
	if e := r.newest(Refused); e.Reason != RefusedBusy {
		t.Errorf("got %q, want %q", e.Reason, RefusedBusy)
	}
	for i := range 200 {
		r.pending.Commands = append(r.pending.Commands,
			Command{Action: Answer, By: by(1, 1)},
			Command{Action: AskDuty, By: remote, Call: &Call{ID: fmt.Sprintf("y%d", i)}},
			Command{Action: CloseHazard, By: by(7, 2), Matter: Matter{ID: fmt.Sprintf("h%d", i)}})
		r.step()
	}
	d := r.panel.save(r.now).Duties
	if len(d.Ended) > mostClosed || len(d.Settled) > mostClosed || len(d.Seen) > mostSeen {
		t.Errorf("got %d calls, %d hazards that are over and %d names", len(d.Ended),
			len(d.Settled), len(d.Seen))
	}
}

// Nothing that is too long, empty or spread over lines is taken in.
func TestMalformedDutiesAreRefused(t *testing.T) {
	r := newRig(t, station(), Saved{})
	long := string(make([]byte, 600))
	for _, c := range []struct {
		c    Command
		want string
	}{
		{Command{Action: Warn, By: remote}, RefusedMalformed},
		{Command{Action: Warn, By: remote, Call: &Call{ID: "", Colour: Red, Text: "x"}},
			RefusedMalformed},
		{Command{Action: Warn, By: remote, Call: &Call{ID: "a", Text: "x"}}, RefusedMalformed},
		{Command{Action: Warn, By: remote, Call: &Call{ID: "a", Colour: colours, Text: "x"}},
			RefusedMalformed},
		{Command{Action: Warn, By: remote, Call: &Call{ID: "a", Colour: Red, Text: "x\ny"}},
			RefusedMalformed},
		{Command{Action: Warn, By: remote, Call: &Call{ID: "a", Colour: Red, Text: "x", Valid: -1}},
			RefusedExpired},
		{Command{Action: AskDuty, By: remote, Call: &Call{ID: "a", Colour: Red, Text: "x"}},
			RefusedMalformed},
		{Command{Action: AskDuty, By: remote, Call: &Call{ID: long}}, RefusedMalformed},
		{Command{Action: Answer, By: by(1, 1)}, RefusedNothing},
		{Command{Action: Answer, By: by(1, 1), Matter: Matter{ID: "a"}}, RefusedUnknown},
		{Command{Action: Answer, By: by(0, 2)}, RefusedNoOperator},
		{Command{Action: CheckItem, By: by(1, 1), Matter: Matter{ID: "no"}}, RefusedUnknown},
		{Command{Action: CheckItem, By: by(1, 1), Matter: Matter{ID: "patrol", Evidence: "a b"}},
			RefusedMalformed},
		{Command{Action: CheckItem, By: by(1, 1), Matter: Matter{ID: "patrol", Failed: true}},
			RefusedNoReason},
		{Command{Action: OpenHazard, By: by(1, 1), Matter: Matter{Days: 3}}, RefusedNoReason},
		{Command{Action: OpenHazard, By: by(1, 1), Matter: Matter{Text: "x"}}, RefusedDuration},
		{Command{Action: CloseHazard, By: by(7, 2), Matter: Matter{ID: "h1"}}, RefusedUnknown},
		{Command{Action: Accept, By: by(1, 1)}, RefusedNothing},
		{Command{Action: Accept, By: by(1, 1), Alarm: "no"}, RefusedUnknown},
		{Command{Action: EndShift, By: by(1, 1)}, RefusedNothing},
	} {
		r.refused(c.c, c.want)
	}
	if s := r.panel.Snapshot(r.now).Duties; len(s.Calls)+len(s.Hazards) != 0 || s.Chain.N != 0 {
		t.Errorf("something was kept: %+v", s)
	}
}
