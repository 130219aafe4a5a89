package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// spoilt is a rule that panics whenever it is asked anything.
type spoilt struct{}

func (spoilt) Step(point.Instant, []point.Reading) detect.Finding { panic("step") }
func (spoilt) Resume(detect.Finding)                              { panic("resume") }
func (spoilt) Forget()                                            { panic("forget") }

// The plainest plan sounds every sounder for every alarm that people must leave for, whatever the
// site file makes of it; gas and CO close the valves; nothing else moves. What stood before stands
// and rings, what was closed stays closed, and no point is disabled.
func TestFallbackSoundsEverything(t *testing.T) {
	site := bench()
	site.Zones[0].Mode, site.Zones[1].Mode = PAS, Verify
	site.Outputs[0].Zones, site.Outputs[0].Level = []ZoneID{"store"}, detect.AlarmHigh
	site.Outputs[2].Signals = []Signal{Water}
	site.Outputs = append(site.Outputs,
		OutputPlan{ID: "horn", Kind: Sounder, Signals: []Signal{CO}},
		OutputPlan{ID: "gate", Kind: Barrier}, OutputPlan{ID: "exhaust", Kind: Fan, SmokeExhaust: true},
		OutputPlan{ID: "foam", Kind: Relay, Irreversible: true})
	site.Effects = []Effect{}
	for i := range site.Points {
		site.Points[i].Rule = spoilt{}
	}
	for _, c := range []struct {
		id    point.ID
		tone  Pattern
		valve Pattern
	}{
		{"smoke1", Temporal3, Off}, {"smoke2", Temporal3, Off}, {"gas", GasTone, Steady},
		{"co", Temporal4, Steady}, {"flood", Alert, Off},
	} {
		t.Run(string(c.id), func(t *testing.T) {
			r := newRig(t, site, Saved{})
			r.contacts[c.id] = 1
			r.run(3 * time.Second)
			r.plays("siren", Off) // the site's own plan: no rule works
			r = newRig(t, Fallback(site), r.saved.Bare())
			r.contacts[c.id] = 1
			r.run(3 * time.Second)
			for id, want := range map[OutputID]Pattern{
				"siren": c.tone, "horn": c.tone, "strobe": Flash, "valve": c.valve,
				"gate": Off, "exhaust": Off, "foam": Off, "fan": Off,
			} {
				r.plays(id, want)
			}
		})
	}

	r := newRig(t, bench(), Saved{})
	r.contacts["gas"], r.contacts["smoke1"] = 1, 1
	r.run(3 * time.Second)
	r.order(Command{Action: Disable, Point: "co", For: time.Hour, Reason: "paint", By: onSite})
	r.order(Command{Action: Silence, By: onSite})
	r = newRig(t, Fallback(bench()), copied(t, r.saved).Bare())
	r.run(time.Second)
	r.plays("siren", Temporal3)
	r.plays("valve", Steady)
	if s := r.panel.Snapshot(r.now); len(s.Alarms) != 2 || r.panel.at("co").disabled != nil {
		t.Errorf("got %+v", s.Alarms)
	}
}

// A site that has nothing which the plainest plan drives moves nothing at all.
func TestFallbackLeavesAloneWhatCannotBeUndone(t *testing.T) {
	site := bench()
	site.Outputs = []OutputPlan{
		{ID: "foam", Kind: Relay, Irreversible: true}, {ID: "horn", Kind: Sounder, Irreversible: true},
		{ID: "relay", Kind: Relay}, {ID: "fan", Kind: Fan, StopOnFire: true},
	}
	site.Effects = nil
	r := newRig(t, Fallback(site), Saved{})
	r.contacts["smoke1"], r.contacts["smoke2"], r.contacts["co"] = 1, 1, 1
	r.run(3 * time.Second)
	for _, o := range site.Outputs {
		r.plays(o.ID, Off)
	}
}
