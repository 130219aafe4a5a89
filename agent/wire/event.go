package wire

import (
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// EventContext is what an event alone does not say.
type EventContext struct {
	Now   point.Instant    // the moment at which the body is stored
	Point *alarm.PointPlan // of the event's point; nil: of the box itself, or not in the plan
	Zone  string           // the zone's name for people
	// Output is the output of the event; nil: of none, or not in the plan.
	Output *alarm.OutputPlan
	Prev   string // StateOf the alarm's event before this one; empty: none
}

// eventData is the data of an alarm or an event message.
type eventData struct {
	Seq      uint64  `json:"seq"` // the panel's own number, gapless over both lanes
	AID      string  `json:"aid,omitempty"`
	Point    string  `json:"point,omitempty"`
	Zone     string  `json:"zone,omitempty"`
	Kind     string  `json:"kind,omitempty"`
	Sev      string  `json:"sev,omitempty"`
	Level    string  `json:"level,omitempty"`
	State    string  `json:"state"`
	Prev     *string `json:"prev"`
	Fault    string  `json:"fault,omitempty"`
	Output   string  `json:"output,omitempty"`
	Pattern  string  `json:"pattern,omitempty"`
	Cause    *cause  `json:"cause,omitempty"`
	Command  string  `json:"command,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	For      int64   `json:"for,omitempty"`  // s
	Took     int64   `json:"took,omitempty"` // ms
	By       by      `json:"by"`
	Latched  bool    `json:"latched"`
	Restored bool    `json:"restored"`
	Drill    bool    `json:"drill"`
	Incident string  `json:"incident,omitempty"`
	Duty     *duty   `json:"duty,omitempty"`
	GB       *gb     `json:"gb,omitempty"`
}

// cause is why an alarm was raised: the rule in words, and the values that met it.
type cause struct {
	Rule   string     `json:"rule,omitempty"`
	Values []evidence `json:"values"`
}

type by struct {
	Kind     string `json:"kind"`
	Operator uint8  `json:"operator,omitempty"`
	Level    uint8  `json:"level,omitempty"`
}

func byOf(o alarm.Origin) by { return by{o.Kind.String(), o.Operator, o.Level} }

// StateOf is the state that an event tells: of an alarm prealarm, raised, acknowledged, cleared,
// reset or reraised, otherwise the event's kind.
func StateOf(ev alarm.Event) string {
	if ev.Kind == alarm.Raised && ev.To.Level == detect.PreAlarm {
		return "prealarm"
	}
	return ev.Kind.String()
}

// LaneOf says which lane an event goes on: what a district must learn of an alarm or a fault goes
// on the alarm lane; what people and the box did besides goes on the event lane.
func LaneOf(k alarm.Kind) byte {
	switch k {
	case alarm.Raised, alarm.Cleared, alarm.Acknowledged, alarm.ResetDone, alarm.Reraised,
		alarm.FaultRaised, alarm.FaultEnded:
		return LaneAlarm
	}
	return LaneEvent
}

// EventBody is the stored body of an event, and the lane that it belongs on.
func EventBody(ev alarm.Event, ctx EventContext) (lane byte, stored []byte) {
	d := eventData{
		Seq:      ev.Seq,
		AID:      string(ev.Alarm),
		Point:    string(ev.Point),
		Zone:     ctx.Zone,
		State:    StateOf(ev),
		Fault:    string(ev.Fault),
		Output:   string(ev.Output),
		Command:  ev.Cause,
		Reason:   ev.Reason,
		By:       byOf(ev.By),
		Latched:  ev.Latched,
		Restored: ev.Restored,
		Drill:    ev.Drill,
		Incident: string(ev.Incident),
		Duty:     dutyOf(&ev),
		GB:       gbOf(ev, ctx.Point),
	}
	if d.GB == nil {
		d.GB = gbOutput(ev, ctx.Output)
	}
	if ctx.Prev != "" {
		d.Prev = &ctx.Prev
	}
	switch ev.Kind {
	case alarm.Raised, alarm.Reraised:
		d.Kind, d.Level = ev.Signal.String(), ev.To.Level.String()
		d.Sev, d.Cause = severity(ev.Signal, ev.To.Level, ev.Drill), causeOf(ev.Point, ev.To, ctx.Point)
	case alarm.Cleared, alarm.Acknowledged, alarm.ResetDone:
		d.Kind = ev.Signal.String()
	case alarm.FaultRaised, alarm.FaultEnded:
		d.Kind, d.Sev = "fault", "major"
	case alarm.OutputChanged, alarm.Operated:
		d.Pattern = ev.Pattern.String()
	}
	if tookTime(ev.Kind) {
		d.Took = ev.For.Milliseconds()
	} else {
		d.For = int64(ev.For / time.Second)
	}
	subject := string(ev.Point)
	if subject == "" {
		subject = string(ev.Output)
	}
	lane, kind := LaneOf(ev.Kind), TypeEvent
	if lane == LaneAlarm {
		kind = TypeAlarm
	}
	return lane, body(kind, subject, age(ctx.Now, ev.At), d)
}

// age is the time from at to now in ms.
func age(now, at point.Instant) int64 { return max(now.Sub(at).Milliseconds(), 0) }

// severity is how urgent an alarm is: critical where life is at stake. In a drill nothing is.
func severity(s alarm.Signal, l detect.Level, drill bool) string {
	if l <= detect.Supervisory || drill {
		return "minor"
	}
	switch s {
	case alarm.Fire, alarm.Gas, alarm.CO, alarm.Evacuation:
		if l >= detect.Alarm {
			return "critical"
		}
		return "major"
	case alarm.Flood:
		if l == detect.AlarmHigh {
			return "critical"
		}
		return "major"
	case alarm.Water, alarm.Power:
		return "major"
	}
	return "minor"
}

// causeOf puts a finding's evidence into words; nil when there is none.
func causeOf(id point.ID, f detect.Finding, p *alarm.PointPlan) *cause {
	c := cause{}
	for _, e := range f.Why {
		if e.Quantity == 0 {
			continue
		}
		c.Values = append(c.Values, evidence{id: id, main: mainQuantity(p), Evidence: e})
	}
	if c.Values == nil {
		return nil
	}
	if p != nil {
		c.Rule = ruleText(f, p.Spec)
	}
	return &c
}

// ruleText is the condition that the first evidence met, such as "temperature >= 57 °C for 10 s".
// It is empty when the rule is not given as conditions.
func ruleText(f detect.Finding, spec detect.Spec) string {
	for _, c := range spec.Conditions {
		// An active contact needs no limit, and older evidence has none.
		active := c.Kind == detect.Active && c.Quantity == f.Why[0].Quantity
		if c.Level == f.Level && (active || c.Explains(f.Why[0])) {
			return conditionText(c)
		}
	}
	return ""
}

func conditionText(c detect.Condition) string {
	q := c.Quantity
	text := q.String()
	switch c.Kind {
	case detect.Active:
		text += " active"
	case detect.Above:
		text += " >= " + q.Text(c.Limit)
	case detect.Below:
		text += " <= " + q.Text(c.Limit)
	case detect.Rise:
		text += " rises >= " + q.Text(c.Limit) + c.PerText()
	case detect.Over:
		text += " >= baseline + " + q.Text(c.Limit)
	case detect.Dose:
		text += " dose from " + q.Text(c.Limit)
	}
	if c.FastRise > 0 {
		text += ", or >= " + q.Text(c.FastLimit) + " rising >= " + q.Text(c.FastRise) + "/min,"
	}
	if c.Confirm > 0 {
		text += " for " + c.Confirm.String()
	}
	if c.Of > 0 {
		text += " in " + strconv.Itoa(int(c.Need)) + " of " + strconv.Itoa(int(c.Of)) + " samples"
	}
	return text
}

// mainQuantity is the quantity of a point whose series bears the point's own name.
func mainQuantity(p *alarm.PointPlan) drivers.Quantity {
	if p == nil || len(p.Spec.Conditions) == 0 {
		return 0
	}
	return p.Spec.Conditions[0].Quantity
}
