package dst

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// drillSaysSo: a point of a drill alarms for the drill, and no other does.
func drillSaysSo(o *oracle, t *truth, e *alarm.Event) {
	if !e.Restored && e.Drill != t.playing {
		o.s.violated(Rehearsed, "%s was raised, drill %v; it is part of one: %v", e.Point, e.Drill,
			t.playing)
	}
}

// drillMovesNothing: what a drill plays sounds and flashes; what moves gas, air or people stays,
// unless a person on site has listed it.
func drillMovesNothing(o *oracle) {
	for i := range o.d.Events {
		e := &o.d.Events[i]
		if e.Kind != alarm.OutputChanged || !e.Drill || e.Pattern == alarm.Off {
			continue
		}
		switch o.kind(e.Output) {
		case alarm.Sounder, alarm.Buzzer, alarm.Strobe, alarm.Lamp:
			continue
		}
		if !slices.Contains(o.drill.outputs, e.Output) {
			o.s.violated(Rehearsed, "a drill moves %s", e.Output)
		}
	}
}

// realAlarmEndsWhatIsPlayed: after a step in which people are told of a danger that is no part of a
// drill or of a walk test, none runs.
func realAlarmEndsWhatIsPlayed(o *oracle) {
	if !o.tests.on && !o.drill.on {
		return
	}
	for i := range o.d.Events {
		e := &o.d.Events[i]
		if e.Kind == alarm.Raised && !e.Drill && !e.Restored && threatens(e.Signal) &&
			e.To.Level >= detect.PreAlarm {
			o.s.violated(Interrupts, "%s was raised, and what is played goes on", e.Point)
		}
	}
}

// nothingIsUndone: what cannot be undone moves for a fire only when a person has pressed a call
// point, or two independent detectors of a zone agree. A valve is closed by one where there is no
// second to agree with, unless the zone was told to wait for it. What was done before a restart
// goes on after it, whatever the file says by then.
func nothingIsUndone(o *oracle) {
	begins := slices.ContainsFunc(o.d.Events, func(e alarm.Event) bool {
		return e.Kind == alarm.Started
	})
	for i := range o.d.Events {
		e := &o.d.Events[i]
		if e.Kind != alarm.OutputChanged || !e.Pattern.IsAlarm() || e.Drill || e.Alarm == "" ||
			e.Signal != alarm.Fire {
			continue
		}
		goesOn := begins && slices.ContainsFunc(o.start.Outputs, func(s alarm.SavedOutput) bool {
			return s.Output == e.Output && s.Alarm == e.Alarm
		})
		if goesOn {
			continue
		}
		p := o.s.site.byID[e.Point]
		for _, out := range o.s.outputs {
			lone := out.Kind == alarm.Valve && p.mode != alarm.Cross && !o.s.site.hasPeer(p)
			if out.ID == e.Output && out.Irreversible && !p.plan.Manual && !lone &&
				o.witnesses(p) == 0 {
				o.s.violated(Undone, "%s acts for %s alone", e.Output, e.Point)
			}
		}
	}
}

// shutStaysShut: a valve that is closed opens in the step in which a person of level 2 on site asks
// for it, and a restart keeps it closed.
func shutStaysShut(o *oracle, first bool) {
	if first {
		clear(o.wishes)
		for _, out := range o.start.Outputs {
			if out.Kept {
				o.wishes[out.Output] = alarm.Steady
			}
		}
	}
	for _, w := range o.d.Wishes {
		closed := o.wishes[w.Output] != alarm.Off && w.Pattern == alarm.Off
		if !closed || o.kind(w.Output) != alarm.Valve || o.lately(o.retried, time.Second) {
			continue
		}
		opened := slices.ContainsFunc(o.d.Events, func(e alarm.Event) bool {
			return e.Kind == alarm.Operated && e.Output == w.Output && e.Pattern == alarm.Off &&
				e.By.Kind != alarm.District && e.By.Kind != alarm.Auto && e.By.Level >= 2
		})
		if !opened {
			o.s.violated(Shut, "%s opens by itself", w.Output)
		}
	}
}

// oneMoreAlarmTurnsNothingOff: in a step in which alarms are raised and nothing else is ended, all
// that warns or protects people, and was driven by an alarm, goes on.
func oneMoreAlarmTurnsNothingOff(o *oracle) {
	more := slices.ContainsFunc(o.d.Events, func(e alarm.Event) bool {
		return e.Kind == alarm.Raised && e.To.Level >= detect.Alarm && threatens(e.Signal)
	})
	for _, k := range []alarm.Kind{
		alarm.Silenced, alarm.ResetDone, alarm.Operated, alarm.DrillEnded, alarm.Cleared,
		alarm.Disabled, alarm.PlanChanged,
	} {
		more = more && !o.said(k)
	}
	if !more || o.lately(o.tested, 6*time.Second) || o.lately(o.retried, time.Second) {
		return
	}
	for _, w := range o.d.Wishes {
		switch o.kind(w.Output) {
		case alarm.Sounder, alarm.Strobe, alarm.Valve, alarm.Barrier:
			if o.wishes[w.Output].IsAlarm() && o.driven[w.Output] && !w.Pattern.IsAlarm() {
				o.s.violated(Adds, "%s goes from %v to %v", w.Output, o.wishes[w.Output], w.Pattern)
			}
		}
	}
}
