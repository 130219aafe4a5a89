package alarm

import (
	"testing"
	"time"
)

// change puts another plan into use: within the run, or by a restart from what was saved last.
func (r *rig) change(plan Plan, restart bool) {
	if !restart {
		r.take(r.panel.Replan(r.now, plan))
		return
	}
	r.run(saveAgain)
	r.panel, r.now, r.events = New(plan, copied(r.t, r.saved)), 0, nil
	clear(r.last)
	r.step()
}

// No change of plan, and no restart under another, opens a valve or silences a siren while the
// alarm stands: not with another name, not narrowed to other zones, signals or levels, not with a
// matrix that forgets them. It ends with the reset, and what the alarm closed stays closed.
func TestChangeOfPlanUndoesNothing(t *testing.T) {
	for name, change := range map[string]func(*Plan){
		"another name": func(p *Plan) {
			p.Outputs[0].ID, p.Outputs[3].ID = "horn", "gas-valve"
		},
		"other zones": func(p *Plan) {
			p.Outputs[0].Zones, p.Outputs[3].Zones = []ZoneID{"store"}, []ZoneID{"store"}
		},
		"other signals": func(p *Plan) {
			p.Outputs[0].Signals, p.Outputs[3].Signals = []Signal{Flood}, []Signal{Flood}
		},
		"another name and other signals": func(p *Plan) {
			p.Outputs[0].ID, p.Outputs[3].ID = "horn", "gas-valve"
			p.Outputs[0].Signals, p.Outputs[3].Signals = []Signal{Flood}, []Signal{Flood}
		},
		"an empty matrix": func(p *Plan) { p.Effects = []Effect{} },
		"other points":    func(p *Plan) { p.Points = p.Points[:2] },
	} {
		for _, restart := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				plan := bench()
				change(&plan)
				siren, valve := plan.Outputs[0].ID, plan.Outputs[3].ID
				r := newRig(t, bench(), Saved{})
				r.contacts["gas"] = 1
				r.run(3 * time.Second)
				r.plays("siren", GasTone)
				r.change(plan, restart)
				r.plays(siren, GasTone)
				r.plays(valve, Steady)
				r.run(20 * time.Second)
				r.plays(siren, GasTone)
				r.change(plan, !restart) // and not by the change after it
				r.plays(siren, GasTone)

				r.order(Command{Action: Silence, By: onSite})
				r.plays(siren, Off)
				r.change(plan, restart)
				r.plays(siren, Off)
				r.plays(valve, Steady)
				if name != "other points" { // of which the condition is over
					r.run(defaultResound + time.Second)
					r.plays(siren, GasTone)
				}

				r.contacts["gas"] = 0
				r.run(20 * time.Second)
				r.order(Command{Action: Reset, By: onSite})
				r.plays(siren, Off)
				r.plays(valve, Steady)
				r.change(plan, restart)
				r.plays(valve, Steady)
			})
		}
	}
}

// A valve that an alarm has closed stays closed after the reset, whatever its name, until a person
// on site opens it; one that was there before and is open stays open.
func TestRenamedValveStaysClosed(t *testing.T) {
	for _, restart := range []bool{false, true} {
		two := func(first OutputID) Plan {
			plan := bench()
			plan.Outputs[3].ID = first
			plan.Outputs[3].Zones = []ZoneID{"kitchen"}
			plan.Outputs = append(plan.Outputs, OutputPlan{
				ID: "other", Kind: Valve, Zones: []ZoneID{"store"},
			})
			return plan
		}
		r := newRig(t, two("valve"), Saved{})
		r.contacts["gas"] = 1
		r.run(3 * time.Second)
		r.contacts["gas"] = 0
		r.run(20 * time.Second)
		r.order(Command{Action: Reset, By: onSite})
		r.change(two("gas-valve"), restart)
		r.run(time.Second)
		r.plays("gas-valve", Steady)
		r.plays("other", Off)
		r.order(Command{Action: Operate, Output: "gas-valve", By: onSite})
		r.plays("gas-valve", Off)
	}
}

// What a fan of a gassed room did it goes on doing under another name: it must not switch there.
func TestRenamedFanDoesNotSwitchInGas(t *testing.T) {
	plan := func(name OutputID) Plan {
		plan := bench()
		plan.Outputs[4] = OutputPlan{ID: name, Kind: Fan, In: "kitchen"}
		return plan
	}
	r := newRig(t, plan("fan"), Saved{})
	r.run(time.Second)
	r.order(Command{Action: Operate, Output: "fan", On: true, By: onSite})
	r.plays("fan", Steady)
	r.contacts["gas"] = 1
	r.run(3 * time.Second)
	for _, restart := range []bool{false, true} {
		r.change(plan("hood"), restart)
		r.plays("hood", Steady)
		r.change(plan("fan"), restart)
		r.plays("fan", Steady)
	}
}
