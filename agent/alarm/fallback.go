package alarm

// Fallback is a plan for the points and outputs of plan in which next to nothing can go wrong: it
// is for a panel that has panicked again and again. Every alarm that people must leave for sounds
// every sounder, whatever the site file narrows, delays or says of it; gas and CO close the valves.
// Nothing is derived, paired, checked or dated, the rules are new ones, and what cannot be undone
// or moves something else stays as it is.
func Fallback(plan Plan) Plan {
	f := Plan{
		Resound: plan.Resound, Hash: plan.Hash, Operators: plan.Operators, MayNot: plan.MayNot,
		MaySilence: plan.MaySilence,
	}
	for i := range plan.Points {
		w := plan.Points[i]
		if w.Derived != nil {
			continue
		}
		w.Rule, w.Pair, w.Life, w.Risk = nil, "", Life{}, Risk{}
		f.Points = append(f.Points, w)
	}
	for _, z := range plan.Zones {
		f.Zones = append(f.Zones, ZonePlan{ID: z.ID, Name: z.Name})
	}
	var used []OutputPlan
	for _, o := range plan.Outputs {
		o.Zones, o.Signals, o.Level, o.Hold, o.Feedback = nil, nil, 0, 0, ""
		f.Outputs = append(f.Outputs, o)
		switch o.Kind {
		case Sounder, Buzzer, Strobe, Lamp, Valve:
			if !o.Irreversible {
				used = append(used, o)
			}
		}
	}
	f.Effects = []Effect{} // nil would be what is usual for all of the outputs
	for _, e := range Usual(used) {
		if e.When.Of < Held {
			f.Effects = append(f.Effects, e)
		}
	}
	return f
}

// Bare is what the panel of a Fallback goes on from: the numbers, the alarms, and what the outputs
// were left doing. Nothing is disabled, silenced, delayed or tested. The duties of people are not
// taken over, but that their records and hazards go on counting.
func (s Saved) Bare() Saved {
	return Saved{
		Boot: s.Boot, LastEvent: s.LastEvent, LastAlarm: s.LastAlarm, Alarms: s.Alarms,
		Outputs: s.Outputs,
		Duties:  SavedDuties{Chain: s.Duties.Chain, LastHazard: s.Duties.LastHazard},
	}
}
