package alarm

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// keeping is a site at which everything that is saved can be so: operators, items, a valve that
// reports back, a lamp that outlasts its alarm, a dose, and zones that hold alarms back.
func keeping() Plan {
	p := bench()
	p.Operators = []OperatorPlan{{Number: 7, Name: "w", Level: 3}}
	p.Items = []ItemPlan{{ID: "patrol", Every: time.Hour}, {ID: "ways", Days: 31}}
	p.Shift = 1
	p.Zones[1].Mode = PAS
	p.Zones = append(p.Zones, ZonePlan{ID: "attic", Mode: Verify})
	attic := p.Points[0]
	attic.ID, attic.Zone = "smoke3", "attic"
	echo := p.Points[5]
	echo.ID, echo.Signal = "closed", Supervisory
	dose := p.Points[3]
	dose.ID = "dose"
	dose.Spec = detect.Spec{
		Stale: time.Hour, Channels: []detect.Channel{{Quantity: drivers.Gas, BurnIn: 24 * time.Hour}},
		Conditions: []detect.Condition{{
			Kind: detect.Dose, Quantity: drivers.Gas, Level: detect.Alarm, Limit: detect.DoseFrom,
		}},
	}
	p.Points = append(p.Points, attic, echo, dose)
	for i := range p.Outputs {
		switch o := &p.Outputs[i]; o.Kind {
		case Valve:
			o.Feedback = "closed"
		case Lamp:
			o.Hold = 5 * time.Minute
		}
	}
	return p
}

// worker is the person of keeping.
var worker = Origin{Kind: Page, Operator: 7, Level: 3}

// states are saved states that hold together all that can be saved.
func states(t *testing.T) map[string]Saved {
	t.Helper()
	all := map[string]Saved{}
	for name, story := range map[string]func(r *rig){
		"alarms": afterAlarms, "lit": afterReset,
		"held": func(r *rig) {
			r.contacts["smoke2"] = 1
			r.run(3 * time.Second)
			r.order(Command{Action: Acknowledge, By: worker})
		},
		"waits": func(r *rig) {
			r.contacts["smoke3"] = 1
			r.run(3 * time.Second)
			r.contacts["smoke3"] = 0
			r.run(15 * time.Second)
		},
		"test": func(r *rig) {
			r.order(Command{Action: StartTest, Zone: "hall", By: worker})
			r.contacts["smoke1"] = 1
			r.run(3 * time.Second)
			r.contacts["smoke1"] = 0
			r.run(20 * time.Second)
			r.order(Command{Action: ReceiptTest, Point: "smoke1", By: remote})
		},
		"drill": func(r *rig) {
			r.order(Command{Action: StartDrill, By: worker})
			r.run(20 * time.Second)
		},
	} {
		r := newRig(t, keeping(), Saved{Memories: []SavedMemory{
			{Point: "dose", Rule: detect.Memory{Dose: 500_000}, Heard: time.Hour},
		}})
		r.day = 20_700
		for _, c := range []Command{
			{Action: BeginShift}, {Action: CheckItem, Matter: Matter{ID: "ways", Evidence: "ab"}},
			{Action: OpenHazard, Matter: Matter{Text: "a blocked door", Days: 3}},
			{Action: OpenHazard, Matter: Matter{Text: "a lamp", Days: 3}},
			{Action: CloseHazard, Matter: Matter{ID: "h2", Evidence: "cd"}},
			{Action: AskDuty, Call: &Call{ID: "asked"}}, {Action: Answer},
			{Action: AskDuty, Call: &Call{ID: "open"}},
			{Action: Warn, Call: &Call{ID: "warned", Colour: Blue, Text: "rain"}},
			{Action: Disable, Point: "gas", For: time.Hour, Reason: "hot work"},
			{Action: Operate, Output: "fan", On: true},
		} {
			c.By = worker
			if e := r.order(c); e.Kind == Refused {
				t.Fatalf("%s: %v is refused: %s", name, c.Action, e.Reason)
			}
		}
		story(r)
		all[name] = *r.panel.save(r.now) // of this moment, and not of its last change
	}
	return all
}

// afterAlarms leaves alarms in every state, a judged incident, a valve that has closed and a lamp.
func afterAlarms(r *rig) {
	r.contacts["smoke1"], r.contacts["leak"] = 1, 1
	r.run(8 * time.Second)
	r.order(Command{Action: Accept, By: worker})
	r.order(Command{Action: Judge, By: worker, Matter: Matter{Verdict: FalseAlarm, Text: "steam"}})
	r.contacts["smoke1"] = 0
	r.run(12 * time.Second)
	r.order(Command{Action: Reset, Point: "smoke1", By: worker})
	r.contacts["co"] = 1
	r.run(3 * time.Second)
	r.contacts["closed"] = 1
	r.run(3 * time.Second)
	r.order(Command{Action: Arrive, By: worker})
	r.order(Command{Action: Acknowledge, Point: "co", By: worker})
	r.contacts["co"], r.contacts["flood"] = 0, 1
	r.run(12 * time.Second)
	r.order(Command{Action: Silence, By: worker})
}

// afterReset leaves a lamp that outlasts its alarm.
func afterReset(r *rig) {
	r.contacts["smoke1"] = 1
	r.run(3 * time.Second)
	r.contacts["smoke1"] = 0
	r.run(12 * time.Second)
	r.order(Command{Action: Reset, By: worker})
}

// timeless sets every time that runs to zero, so that two states can be compared.
func timeless(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			timeless(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			timeless(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			timeless(v.Index(i))
		}
	case reflect.Int64:
		if v.Type() == reflect.TypeFor[time.Duration]() {
			v.SetInt(0)
		}
	}
}

// Together the states hold something in every field that is saved.
func TestStatesHoldEverything(t *testing.T) {
	filled := map[string]bool{}
	var look func(path string, v reflect.Value)
	look = func(path string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				look(path, v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				look(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				look(path, v.Index(i))
			}
		}
		filled[path] = filled[path] || !v.IsZero()
	}
	for _, s := range states(t) {
		look("", reflect.ValueOf(s))
	}
	for _, path := range []string{
		".Alarms.By.Operator", ".Alarms.Cleared", ".Alarms.Held", ".Alarms.Waited", ".Alarms.Ended",
		".Alarms.Incident", ".Disabled", ".Silenced", ".Resound", ".Outputs.Kept",
		".Outputs.Confirmed", ".Outputs.Lit", ".Zones.Phase", ".Test.Running",
		".Test.Points.Received", ".Drill.Running", ".Memories.Rule.Dose", ".Memories.Heard",
		".Duties.Calls", ".Duties.Ended.Outcome", ".Duties.Seen", ".Duties.Incidents.Arrive.Done",
		".Duties.Closed", ".Duties.Items.Evidence", ".Duties.Hazards", ".Duties.Settled",
		".Duties.LastHazard", ".Duties.InTime", ".Duties.Shift", ".Duties.Chain.Hash",
		".Tally.DisabledFor", ".Tally.FalseAlarms", ".Tally.Tested", ".Tally.ValveTook",
	} {
		if !filled[path] {
			t.Errorf("no state has %s", path)
		}
	}
}

// What was saved, restored and saved again is the same: alarms, silences, disablements, outputs,
// duties, tests, memories and tallies. Only a drill is over.
func TestEveryPartOfTheStateSurvives(t *testing.T) {
	for name, was := range states(t) {
		was = copied(t, &was)
		p := New(keeping(), was)
		for i := range keeping().Points { // nothing new comes, and nothing is over
			p.points[i].plan.Spec.Stale = time.Hour
		}
		is := copied(t, p.Step(0, Input{Day: 20_700}).Saved)
		if was.Drill != nil && was.Drill.Running {
			was.Drill, is.Drill = nil, nil
			was.Duties, is.Duties = SavedDuties{}, SavedDuties{}
		}
		is.Boot, is.LastEvent = was.Boot, was.LastEvent
		timeless(reflect.ValueOf(&was).Elem())
		timeless(reflect.ValueOf(&is).Elem())
		for i := range reflect.TypeOf(was).NumField() {
			w, s := reflect.ValueOf(was).Field(i), reflect.ValueOf(is).Field(i)
			if field := reflect.TypeOf(was).Field(i).Name; !reflect.DeepEqual(w.Interface(),
				s.Interface()) {
				t.Errorf("%s: %s was\n%+v and is\n%+v", name, field, w, s)
			}
		}
	}
}

// extremes are values that a damaged or foreign state may have in a field.
func extremes(v reflect.Value) (all []reflect.Value) {
	of := func(x any) { all = append(all, reflect.ValueOf(x).Convert(v.Type())) }
	switch v.Kind() {
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		of(int64(-1))
		of(int64(math.MinInt64) >> (64 - v.Type().Bits()))
		of(int64(math.MaxInt64) >> (64 - v.Type().Bits()))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		of(uint64(math.MaxUint64) >> (64 - v.Type().Bits()))
		of(uint64(0))
	case reflect.Bool:
		of(!v.Bool())
	case reflect.String:
		of("")
		of(strings.Repeat("x", 300))
	case reflect.Slice, reflect.Pointer:
		all = append(all, reflect.Zero(v.Type()))
	}
	return all
}

// Whatever a single field of the state has become, the panel starts, goes on, and sounds what the
// state says of its alarms: one wrong value silences nothing.
func TestNoFieldOfTheStateSilencesOthers(t *testing.T) {
	for name, s := range states(t) {
		was := copied(t, &s)
		var walk func(path string, v reflect.Value)
		walk = func(path string, v reflect.Value) {
			switch v.Kind() {
			case reflect.Struct:
				for i := range v.NumField() {
					walk(path+"."+v.Type().Field(i).Name, v.Field(i))
				}
				return
			case reflect.Slice:
				for i := range v.Len() {
					walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
				}
			case reflect.Pointer:
				if !v.IsNil() {
					walk(path, v.Elem())
				}
			}
			kept := reflect.New(v.Type()).Elem()
			kept.Set(v)
			for _, x := range extremes(v) {
				v.Set(x)
				bear(t, fmt.Sprintf("%s%s = %.20v", name, path, x), was,
					strings.HasPrefix(path, ".Alarms"))
				v.Set(kept)
			}
		}
		walk("", reflect.ValueOf(&was).Elem())
	}
}

// bear starts a panel from a state and lets it go on for a while.
func bear(t *testing.T, what string, s Saved, ofAlarms bool) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s: it panics: %v", what, r)
		}
	}()
	p := New(keeping(), s)
	shown := p.Snapshot(0)
	if !ofAlarms && len(shown.Alarms) != len(s.Alarms) {
		t.Errorf("%s: %d alarms, want %d", what, len(shown.Alarms), len(s.Alarms))
	}
	for _, a := range s.Alarms {
		loud := a.Signal >= Evacuation && a.Signal <= Fire && a.Finding.Level == detect.Alarm &&
			!(a.Silenced && s.Silenced)
		if loud && a.Held == detect.Normal && shown.Outputs[0].Pattern == Off {
			t.Errorf("%s: %s stands and the siren is off", what, a.ID)
		}
	}
	for now := point.Instant(0); now < point.Instant(3*time.Second); now = now.Add(tick) {
		p.Step(now, Input{Day: 20_700})
	}
	p.Step(point.Instant(time.Hour), Input{Commands: []Command{
		{ID: "r", Action: Reset, By: worker}, {ID: "t", Action: EndTest, By: worker},
		{ID: "a", Action: Accept, By: worker}, {ID: "c", Action: Answer, By: worker},
	}})
	p.Snapshot(point.Instant(time.Hour))
}
