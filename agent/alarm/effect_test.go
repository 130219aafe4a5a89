package alarm

import (
	"testing"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// What each kind of output does for each cause, and which cause wins.
func TestCauseAndEffect(t *testing.T) {
	type outs struct{ siren, buzzer, strobe, valve, fan Pattern }
	tests := []struct {
		name string
		on   []point.ID
		want outs
	}{
		{"nothing", nil, outs{}},
		{"fire", []point.ID{"smoke1"}, outs{Temporal3, Temporal3, Flash, Steady, Off}},
		{"gas", []point.ID{"gas"}, outs{GasTone, GasTone, Flash, Steady, Off}},
		{"CO", []point.ID{"co"}, outs{Temporal4, Temporal4, Flash, Steady, Steady}},
		{"flood", []point.ID{"flood"}, outs{Alert, Alert, Flash, Off, Off}},
		{"leak", []point.ID{"leak"}, outs{Off, Chirp30, Off, Off, Off}},
		{"fire wins over gas", []point.ID{"gas", "smoke1"},
			outs{Temporal3, Temporal3, Flash, Steady, Off}},
		{"fire stops the fan", []point.ID{"co", "smoke1"},
			outs{Temporal3, Temporal3, Flash, Steady, Off}},
		{"gas stops the fan", []point.ID{"co", "gas"}, outs{GasTone, GasTone, Flash, Steady, Off}},
		{"CO over flood and leak", []point.ID{"flood", "leak", "co"},
			outs{Temporal4, Temporal4, Flash, Steady, Steady}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, bench(), Saved{})
			for _, id := range tt.on {
				r.contacts[id] = 1
			}
			r.run(2 * time.Second)
			got := outs{
				r.last["siren"], r.last["buzzer"], r.last["strobe"], r.last["valve"], r.last["fan"],
			}
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// The site file narrows what drives an output: by zone, by signal and by level; a steady output has
// no pattern but for the chirp.
func TestOutputsAreNarrowed(t *testing.T) {
	tests := []struct {
		name string
		o    OutputPlan
		on   point.ID
		want Pattern
	}{
		{"another zone", OutputPlan{Zones: []ZoneID{"store"}}, "smoke1", Off},
		{"its zone", OutputPlan{Zones: []ZoneID{"store", "hall"}}, "smoke1", Temporal3},
		{"another signal", OutputPlan{Signals: []Signal{Gas}}, "smoke1", Off},
		{"its signal", OutputPlan{Signals: []Signal{Gas}}, "gas", GasTone},
		{"level too high", OutputPlan{Level: detect.AlarmHigh}, "smoke1", Off},
		{"a leak if told so",
			OutputPlan{Level: detect.Supervisory, Signals: []Signal{Water}}, "leak", Chirp30},
		{"steady", OutputPlan{Steady: true}, "smoke1", Steady},
		{"steady buzzer at a leak", OutputPlan{Kind: Buzzer, Steady: true}, "leak", Chirp30},
		{"steady strobe", OutputPlan{Kind: Strobe, Steady: true}, "smoke1", Steady},
		{"lamp", OutputPlan{Kind: Lamp}, "smoke1", Steady},
		{"relay", OutputPlan{Kind: Relay}, "flood", Steady},
		{"fan told to run at gas", OutputPlan{Kind: Fan, Signals: []Signal{Gas}}, "gas", Steady},
		{"valve, of the only detector of a zone", OutputPlan{Kind: Valve}, "smoke1", Steady},
		{"valve for gas alone", OutputPlan{Kind: Valve, Signals: []Signal{Gas}}, "smoke1", Off},
		{"relay that cannot be undone, told so",
			OutputPlan{Kind: Relay, Irreversible: true, Signals: []Signal{Fire}}, "smoke1", Off},
		{"exhaust", OutputPlan{Kind: Fan, SmokeExhaust: true}, "smoke1", Off},
		{"no kind at all", OutputPlan{Kind: outputKinds}, "smoke1", Off},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plan := bench()
			tt.o.ID = "x"
			plan.Outputs = []OutputPlan{tt.o}
			r := newRig(t, plan, Saved{})
			r.contacts[tt.on] = 1
			r.run(2 * time.Second)
			r.plays("x", tt.want)
		})
	}
}

// Each change of an output is one event, which names the alarm behind it.
func TestOutputChangesAreTold(t *testing.T) {
	r := newRig(t, bench(), Saved{})
	r.contacts["gas"] = 1
	r.run(2 * time.Second)
	id := r.newest(Raised).Alarm
	var siren []Pattern
	r.contacts["smoke1"] = 1
	r.run(2 * time.Second)
	r.order(Command{Action: Silence, By: onSite})
	for _, e := range r.events {
		if e.Kind == OutputChanged && e.Output == "siren" {
			siren = append(siren, e.Pattern)
		}
		if e.Kind == OutputChanged && e.Output == "valve" && (e.Alarm != id || e.Point != "gas") {
			t.Errorf("got %+v, want alarm %s as the reason", e, id)
		}
	}
	if len(siren) != 3 || siren[0] != GasTone || siren[1] != Temporal3 || siren[2] != Off {
		t.Errorf("got %v, want gas, temporal3, off", siren)
	}
}

// A detector is alone where no other could witness its fire: a call point, one that is read from
// the same device and one of gas are none. Two are enough to wait for each other; and a zone that
// waits for two is never content with one.
func TestOnlyDetectorClosesTheValve(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Plan)
		want   Pattern
	}{
		{"alone", func(*Plan) {}, Steady},
		{"another zone", func(p *Plan) { p.Points[1].Zone = "store" }, Steady},
		{"a second", func(p *Plan) { p.Points[1].Zone = "hall" }, Off},
		{"a second of the same device", func(p *Plan) {
			p.Points[1].Zone = "hall"
			p.Points[0].Devices, p.Points[1].Devices = []string{"air"}, []string{"air"}
		}, Steady},
		{"a call point", func(p *Plan) { p.Points[1].Zone, p.Points[1].Manual = "hall", true }, Steady},
		{"gas", func(p *Plan) { p.Points[2].Zone = "hall" }, Steady},
		{"a pre-alarm only", func(p *Plan) {
			p.Points[1].Zone = "hall"
			p.Points[1].Spec.Conditions[0].Level = detect.PreAlarm
		}, Steady},
		{"no zone", func(p *Plan) { p.Points[0].Zone = "" }, Steady},
		{"two of no zone", func(p *Plan) { p.Points[0].Zone, p.Points[1].Zone = "", "" }, Off},
		{"a zone that waits for two", func(p *Plan) { p.Zones[0].Mode = Cross }, Off},
		{"a zone that investigates", func(p *Plan) { p.Zones[0].Mode = PAS }, Off},
		{"another zone's valve", func(p *Plan) { p.Outputs[3].Zones = []ZoneID{"store"} }, Off},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := bench()
			c.change(&plan)
			r := newRig(t, plan, Saved{})
			r.contacts["smoke1"] = 1
			r.run(2 * time.Second)
			r.plays("valve", c.want)
		})
	}
}
