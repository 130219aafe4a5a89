package alarm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// full is a site with every kind of point and of output of the matrix.
func full() Plan {
	at := func(id point.ID, zone ZoneID, s Signal, l detect.Level) PointPlan {
		p := PointPlan{ID: id, Zone: zone, Signal: s, Latch: true, Spec: contact()}
		p.Spec.Conditions[0].Level = l
		return p
	}
	plan := Plan{Points: []PointPlan{
		at("smoke1", "hall", Fire, detect.Alarm), at("smoke2", "hall", Fire, detect.Alarm),
		at("smoke3", "store", Fire, detect.Alarm), at("smoke4", "store", Fire, detect.Alarm),
		at("attic", "attic", Fire, detect.Alarm), at("call", "hall", Fire, detect.Alarm),
		at("warm", "hall", Fire, detect.PreAlarm),
		at("gas", "kitchen", Gas, detect.Alarm), at("gas-high", "kitchen", Gas, detect.AlarmHigh),
		at("co", "kitchen", CO, detect.Alarm), at("leak", "cellar", Supervisory, detect.Alarm),
		at("tank", "cellar", Water, detect.Alarm), at("flood", "cellar", Flood, detect.Alarm),
		at("flood-high", "cellar", Flood, detect.AlarmHigh),
		at("slope", "yard", Evacuation, detect.Alarm),
		at("cable", "hall", Supervisory, detect.Alarm), at("line", "hall", Fire, detect.Alarm),
	}}
	plan.Points[5].Manual = true
	plan.Points[15].Precursor = true
	for _, p := range plan.Points {
		if plan.zone(p.Zone) < 0 {
			plan.Zones = append(plan.Zones, ZonePlan{ID: p.Zone})
		}
	}
	plan.Outputs = []OutputPlan{
		{ID: "siren", Kind: Sounder}, {ID: "buzzer", Kind: Buzzer}, {ID: "strobe", Kind: Strobe},
		{ID: "valve", Kind: Valve}, {ID: "fan", Kind: Fan, StopOnFire: true},
		{ID: "ex-fan", Kind: Fan, Ex: true}, {ID: "exhaust", Kind: Fan, SmokeExhaust: true},
		{ID: "lamp", Kind: Lamp}, {ID: "barrier", Kind: Barrier}, {ID: "relay", Kind: Relay},
	}
	return plan
}

func (p *Plan) zone(id ZoneID) int {
	for i := range p.Zones {
		if p.Zones[i].ID == id {
			return i
		}
	}
	return -1
}

// Every row of the matrix of a site that writes none, and every output in it. The fans begin at
// rest or, where the row may stop them, running for CO.
func TestUsualMatrix(t *testing.T) {
	type outs struct {
		siren, buzzer, strobe, valve, fan, exFan, exhaust, lamp, barrier, relay Pattern
	}
	const on, no = Steady, Off
	tests := []struct {
		name string
		on   []point.ID
		want outs
	}{
		{"call point", []point.ID{"call"},
			outs{Temporal3, Temporal3, Flash, on, no, no, no, on, no, on}},
		{"one smoke", []point.ID{"smoke1"},
			outs{Temporal3, Temporal3, Flash, no, no, no, no, on, no, on}},
		{"two smokes of a zone", []point.ID{"smoke1", "smoke2"},
			outs{Temporal3, Temporal3, Flash, on, no, no, on, on, no, on}},
		{"two smokes of two zones", []point.ID{"smoke1", "smoke3"},
			outs{Temporal3, Temporal3, Flash, no, no, no, no, on, no, on}},
		{"the only detector of a zone", []point.ID{"attic"},
			outs{Temporal3, Temporal3, Flash, on, no, no, no, on, no, on}},
		{"pre-alarm", []point.ID{"warm"}, outs{no, Alert, no, no, no, no, no, no, no, no}},
		{"a pre-alarm is no trigger", []point.ID{"warm", "smoke1"},
			outs{Temporal3, Temporal3, Flash, no, no, no, no, on, no, on}},
		{"gas low", []point.ID{"gas"}, outs{GasTone, GasTone, Flash, on, no, on, no, on, no, on}},
		{"gas high", []point.ID{"gas-high"},
			outs{GasTone, GasTone, Flash, on, no, on, no, on, no, on}},
		{"CO", []point.ID{"co"}, outs{Temporal4, Temporal4, Flash, on, on, on, no, on, no, on}},
		{"CO, then gas", []point.ID{"co", "gas"},
			outs{GasTone, GasTone, Flash, on, no, on, no, on, no, on}},
		{"gas with fire", []point.ID{"gas", "smoke1"},
			outs{Temporal3, Temporal3, Flash, on, no, on, no, on, no, on}},
		{"CO with fire", []point.ID{"co", "smoke1"},
			outs{Temporal3, Temporal3, Flash, on, no, on, no, on, no, on}},
		{"leak", []point.ID{"leak"}, outs{no, Chirp30, no, no, no, no, no, no, no, no}},
		{"tank low", []point.ID{"tank"}, outs{no, Chirp30, no, no, no, no, no, no, no, no}},
		{"flood", []point.ID{"flood"}, outs{Alert, Alert, Flash, no, no, no, no, on, no, on}},
		{"flood high", []point.ID{"flood-high"},
			outs{FloodTone, FloodTone, Flash, no, no, no, no, on, on, on}},
		{"evacuation", []point.ID{"slope"}, outs{on, on, Flash, no, no, no, no, on, no, on}},
		{"electrical precursor", []point.ID{"cable"},
			outs{no, Alert, no, no, no, no, no, no, no, no}},
		{"a precursor comes before a leak", []point.ID{"leak", "cable"},
			outs{no, Alert, no, no, no, no, no, no, no, no}},
		{"a pre-alarm comes before a leak", []point.ID{"leak", "warm"},
			outs{no, Alert, no, no, no, no, no, no, no, no}},
		{"fault", nil, outs{no, Chirp, no, no, no, no, no, no, no, no}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, full(), Saved{})
			for _, id := range tt.on {
				r.contacts[id] = 1
			}
			if tt.name == "fault" {
				r.bad["line"] = true
			}
			r.run(2 * time.Second)
			l := r.last
			got := outs{l["siren"], l["buzzer"], l["strobe"], l["valve"], l["fan"], l["ex-fan"],
				l["exhaust"], l["lamp"], l["barrier"], l["relay"]}
			if got != tt.want {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
		})
	}
}

// While people look after a first smoke, the buzzer alerts and the strobe flashes; while a zone
// only waits for a second signal, nothing but the buzzer says so. Either is a case of its own.
func TestHeldAlarmAlerts(t *testing.T) {
	for mode, want := range map[Mode]struct {
		of     Nature
		strobe Pattern
	}{PAS: {Held, Flash}, Verify: {Doubted, Off}} {
		plan := full()
		plan.Zones[plan.zone("hall")].Mode = mode
		r := newRig(t, plan, Saved{})
		r.contacts["smoke1"] = 1
		r.run(2 * time.Second)
		r.plays("siren", Off)
		r.plays("buzzer", Alert)
		r.plays("strobe", want.strobe)
		found := false
		for _, c := range Cases(plan) {
			found = found || c.When.Of == want.of && len(c.Points) == 3 &&
				c.Then[0] == (Act{"buzzer", Alert}) && (len(c.Then) > 1) == (want.strobe != Off)
		}
		if !found {
			t.Errorf("%v: no case says so: %+v", mode, Cases(plan))
		}
	}
}

// A second detector that is read from the part of the first one is no second trigger, nor is what a
// drill plays.
func TestTriggersAreIndependent(t *testing.T) {
	plan := full()
	plan.Points[0].Devices, plan.Points[1].Devices = []string{"a", "b"}, []string{"b"}
	r := newRig(t, plan, Saved{})
	r.contacts["smoke1"], r.contacts["smoke2"] = 1, 1
	r.run(2 * time.Second)
	r.plays("valve", Off)
	r.contacts["line"] = 1
	r.run(2 * time.Second)
	r.plays("valve", Steady)
	p := New(full(), Saved{})
	real := p.pretend(&p.points[0], detect.Alarm, Any)
	played := p.pretend(&p.points[1], detect.Alarm, Any)
	played.drill = true
	p.alarms = []*standing{real, played}
	p.decideOutputs(0)
	if got := p.output("valve").pattern; got != Off {
		t.Errorf("with a drill beside a fire the valve plays %v, want off", got)
	}
}

// Whatever is told that it cannot be undone waits as a valve does, whether it minds a fire by its
// kind or by its signals.
func TestIrreversibleWaitsForTwo(t *testing.T) {
	plan := full()
	plan.Outputs = append(plan.Outputs,
		OutputPlan{ID: "gas-flood", Kind: Relay, Irreversible: true},
		OutputPlan{ID: "gate", Kind: Barrier, Irreversible: true, Signals: []Signal{Fire}},
		OutputPlan{ID: "told", Kind: Fan, Irreversible: true, Signals: []Signal{Fire}})
	for _, tt := range []struct {
		on   []point.ID
		want Pattern
	}{
		{[]point.ID{"smoke1"}, Off}, {[]point.ID{"smoke1", "smoke3"}, Off},
		{[]point.ID{"smoke1", "smoke2"}, Steady}, {[]point.ID{"call"}, Steady},
	} {
		r := newRig(t, plan, Saved{})
		for _, id := range tt.on {
			r.contacts[id] = 1
		}
		r.run(2 * time.Second)
		for _, id := range []OutputID{"gas-flood", "gate", "told"} {
			r.plays(id, tt.want)
		}
	}
}

// A district that cannot be reached has a sound, and it is that of a fault.
func TestUplinkFaultChirps(t *testing.T) {
	r := newRig(t, full(), Saved{})
	r.pending.Notices = []Notice{{Fault: UplinkDown, On: true}}
	r.run(59 * time.Second)
	r.plays("buzzer", Off)
	r.run(2 * time.Second)
	r.plays("buzzer", Chirp)
	r.plays("siren", Off)
}

// At a site without a buzzer the siren gives the alert tone, because nobody would hear it else.
func TestWithoutABuzzerTheSirenAlerts(t *testing.T) {
	for _, id := range []point.ID{"warm", "cable"} {
		plan := full()
		plan.Outputs = plan.Outputs[:1]
		r := newRig(t, plan, Saved{})
		r.contacts[id] = 1
		r.run(2 * time.Second)
		r.plays("siren", Alert)
	}
}

// Of one alarm the narrower row is obeyed, and of two alike that of the site. A row for the
// kitchen says nothing about the hall.
func TestRowOfTheSiteIsNarrower(t *testing.T) {
	plan := full()
	plan.Effects = append(Usual(plan.Outputs), Effect{
		When: Cause{Signals: []Signal{Fire}, Zones: []ZoneID{"store"}}, Own: true,
		Then: []Act{{"fan", Steady}, {"siren", Alert}, {"valve", Steady}},
	})
	r := newRig(t, plan, Saved{})
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Temporal3)
	r.plays("fan", Off)
	r = newRig(t, plan, Saved{})
	r.contacts["smoke3"] = 1
	r.run(2 * time.Second)
	r.plays("siren", Alert)
	r.plays("fan", Steady)
	r.plays("valve", Steady)
}

// What warns people or closes off gas is never told to stop, whatever a matrix says.
func TestNoRowStopsWhatWarns(t *testing.T) {
	plan := full()
	for _, o := range plan.Outputs {
		plan.Effects = append(plan.Effects, Effect{
			When: Cause{Signals: []Signal{Fire}}, Then: []Act{{o.ID, Off}}, Own: true,
		})
	}
	plan.Effects = append(plan.Effects, Usual(plan.Outputs)...)
	r := newRig(t, plan, Saved{})
	r.contacts["call"] = 1
	r.run(2 * time.Second)
	for id, want := range map[OutputID]Pattern{
		"siren": Temporal3, "strobe": Flash, "valve": Steady, "lamp": Off, "relay": Off,
	} {
		r.plays(id, want)
	}
}

// randomRow draws a row that speaks of the outputs of full.
func randomRow(rng *rand.Rand, plan Plan) Effect {
	e := Effect{Own: true, When: Cause{
		Signals: []Signal{Signal(rng.IntN(int(signals)))}, Triggers: rng.IntN(3),
		Level: detect.Level(rng.IntN(5)), Of: Nature(rng.IntN(2)),
	}}
	if rng.IntN(2) == 0 {
		e.When.Zones = []ZoneID{plan.Zones[rng.IntN(len(plan.Zones))].ID}
	}
	for _, o := range plan.Outputs {
		if rng.IntN(3) == 0 {
			e.Then = append(e.Then, Act{o.ID, Pattern(rng.IntN(int(Chirp)))})
		}
	}
	return e
}

// One more alarm never turns off what warns people or keeps them from harm, whatever the matrix
// says and whatever stands already. (A fan may have to stop.)
func TestOneMoreAlarmTurnsNothingOff(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	for i := range 300 {
		plan := full()
		plan.Effects = Usual(plan.Outputs)
		for range rng.IntN(6) {
			plan.Effects = append(plan.Effects, randomRow(rng, plan))
		}
		r := newRig(t, plan, Saved{})
		order := rng.Perm(len(plan.Points))
		for _, n := range order[:1+rng.IntN(6)] {
			before := map[OutputID]Pattern{}
			for id, p := range r.last {
				before[id] = p
			}
			r.contacts[plan.Points[n].ID] = 1
			r.run(1200 * time.Millisecond)
			for _, o := range plan.Outputs {
				now := r.last[o.ID]
				if o.Kind != Fan && !(o.MayStop() && len(plan.Effects) > len(Usual(plan.Outputs))) &&
					before[o.ID] != Off && now == Off {
					t.Fatalf("round %d: %s turned %s off: %v", i, plan.Points[n].ID, o.ID, r.contacts)
				}
			}
		}
	}
}

// A thousand alarms at once, each of which meets several rows, are decided in time.
func TestManyAlarmsAreDecidedInTime(t *testing.T) {
	plan := large(1000)
	for i := range plan.Points {
		plan.Points[i].Zone = ZoneID(fmt.Sprintf("z%d", i%100))
	}
	p := New(plan, Saved{})
	in := Input{Readings: readings(plan, 1)}
	for now := point.Instant(0); len(p.alarms) < 1000; now = now.Add(tick) {
		for i := range in.Readings {
			in.Readings[i].At = now
		}
		p.Step(now, in)
	}
	if got := testing.AllocsPerRun(10, func() { p.decideOutputs(0) }); got != 0 {
		t.Errorf("got %v allocations, want none", got)
	}
}

// feedbackPlan is full with a valve and a barrier that report back.
func feedbackPlan() Plan {
	plan := full()
	for _, id := range []point.ID{"valve-closed", "barrier-down"} {
		plan.Points = append(plan.Points, PointPlan{ID: id, Zone: "hall", Spec: detect.Spec{
			Stale: 8 * time.Second,
			Conditions: []detect.Condition{{
				Kind: detect.Above, Quantity: drivers.Contact, Limit: 1 << 40, // it is only read
			}},
		}})
	}
	plan.Outputs[3].Feedback, plan.Outputs[8].Feedback = "valve-closed", "barrier-down"
	return plan
}
