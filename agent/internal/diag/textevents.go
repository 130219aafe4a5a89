package diag

import (
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// verdicts say what an alarm was.
var verdicts = [...]string{
	"", alarm.RealFire: "real|真实火警", alarm.FalseAlarm: "false|误报", alarm.TestAlarm: "test|测试",
	alarm.FaultAlarm: "fault|故障", alarm.DrillAlarm: "drill|演练",
}

// events lists what happened, the newest last.
func (t *text) events(s *Status, all []alarm.Event) {
	n, words := newNames(s), 0
	for i := range all {
		words = max(words, width(t.say(all[i].Kind.Text())))
	}
	for i := range all {
		e := &all[i]
		t.line(markOfEvent(e)+t.when(s, e.At)+"  "+fit(t.say(e.Kind.Text()), words)+"  ",
			t.event(e, n))
	}
	if len(all) == 0 {
		t.line("", t.w("nothing has happened since the agent started|启动后尚无事件"))
	}
}

func markOfEvent(e *alarm.Event) string {
	switch e.Kind {
	case alarm.Raised, alarm.Reraised:
		return danger
	case alarm.FaultRaised, alarm.Retried:
		return broken
	case alarm.DutyAsked, alarm.WarningReceived, alarm.IncidentOpened, alarm.IncidentOverdue,
		alarm.ItemOverdue, alarm.HazardOverdue, alarm.ShiftShort:
		return todo
	case alarm.Disabled:
		return away
	}
	return plain
}

// wall is the time of an instant by the clock; ok is false while that is not known.
func (s *Status) wall(at point.Instant) (moment time.Time, ok bool) {
	if s.Clock.Now.IsZero() || s.Clock.Quality == "none" {
		return time.Time{}, false
	}
	return s.Clock.Now.Add(-s.Now.Sub(at)), true
}

// when is the time of an event, or how long ago it was.
func (t tongue) when(s *Status, at point.Instant) string {
	if moment, ok := s.wall(at); ok {
		return moment.Format("01-02 15:04:05")
	}
	return fit(t.w("_ ago|_前", t.span(s.Now.Sub(at))), len("01-02 15:04:05"))
}

// reason is a reason of an alarm in few words.
func (t tongue) reason(why *whyView) string {
	if why.Part != "" {
		return t.w("_ is _ of an alarm, alone at _|_，占报警 _，单独报警值 _", why.Value, why.Part, why.Limit)
	}
	return t.w("_, limit _|_，限值 _", why.Value, why.Limit)
}

// event tells what a list does not say of an event beside its time and its kind.
func (t tongue) event(e *alarm.Event, n names) string {
	said := saying{t.subject(e, n)}
	switch e.Kind {
	case alarm.Raised, alarm.Reraised, alarm.Tested:
		said.add(t.say(wordOf(e.Signal, e.To.Level).Text), t.say(stages[e.To.Level]))
		if all := why(e.To, nil); len(all) > 0 {
			said.add(t.reason(&all[0]))
		}
	case alarm.FaultRaised, alarm.FaultEnded:
		said.add(string(e.Fault), t.bare(alarm.Fault(e.Fault).Says), e.Reason)
	case alarm.OutputChanged, alarm.Operated:
		closes := n.closes[e.Output]
		switch {
		case closes && e.Pattern == alarm.Off:
			said.add(t.say(outputOpen))
		case closes:
			said.add(t.say(outputShuts))
		case e.Pattern == alarm.Off:
			said.add(t.say(outputOff))
		case e.Pattern == alarm.Steady:
			said.add(t.say(outputOn))
		default:
			said.add(t.say(outputOn), t.say(e.Pattern.Text()))
		}
	case alarm.Refused:
		said.add(t.say(alarm.RefusalText(e.Reason)))
	case alarm.TestEnded, alarm.DrillEnded:
		said.add(t.decoded(endings, e.Reason))
	default:
		said.add(e.Reason)
	}
	m := &e.Matter
	said.add(m.ID, t.say(colours[m.Colour]))
	if int(m.Verdict) < len(verdicts) {
		said.add(t.w(verdicts[m.Verdict]))
	}
	said.add(m.Text)
	if m.Failed {
		said.add(t.say(failed))
	}
	if m.People > 0 {
		said.add(t.w("_ on shift|_ 人在岗", strconv.Itoa(int(m.People))))
	}
	if e.For > 0 {
		said.add(t.took(e.For))
	}
	if e.Restored {
		said.add(t.w(restoredText))
	}
	if e.Drill && m.Verdict != alarm.DrillAlarm {
		said.add(t.say(drill.Text))
	}
	said.add(t.who(e.By))
	return t.list(said...)
}

// subject is what an event is about: what an order names it by, and what people call it.
func (t tongue) subject(e *alarm.Event, n names) string {
	id, all := "", n.points
	switch {
	case e.Output != "": // before the point whose alarm drives it
		id, all = string(e.Output), n.outputs
	case e.Point != "":
		id = string(e.Point)
	case e.Zone != "":
		id, all = string(e.Zone), n.zones
	default:
		return string(e.Incident)
	}
	if name := all[id]; name != "" && name != id {
		return id + " " + name
	}
	return id
}

// The JSON of an event. Of what does not apply there is nothing.
type eventJSON struct {
	Seq      uint64         `json:"seq"`
	At       *time.Time     `json:"at,omitempty"` // while the clock is known
	Age      float64        `json:"age_seconds"`
	Kind     string         `json:"kind"`
	Alarm    alarm.AlarmID  `json:"alarm,omitempty"`
	Incident alarm.AlarmID  `json:"incident,omitempty"`
	Zone     alarm.ZoneID   `json:"zone,omitempty"`
	Point    point.ID       `json:"point,omitempty"`
	Output   alarm.OutputID `json:"output,omitempty"`
	Signal   string         `json:"signal,omitempty"`
	Level    string         `json:"level,omitempty"`
	Fault    string         `json:"fault,omitempty"`
	Pattern  string         `json:"pattern,omitempty"`
	By       string         `json:"by"`
	Operator uint8          `json:"operator,omitempty"`
	Cause    string         `json:"cause,omitempty"`
	Reason   string         `json:"reason,omitempty"`
	For      float64        `json:"for_seconds,omitempty"`
	Restored bool           `json:"restored,omitempty"`
	Drill    bool           `json:"drill,omitempty"`
	ID       string         `json:"id,omitempty"` // of a call, a check or a hazard
	Text     string         `json:"text,omitempty"`
	Verdict  string         `json:"verdict,omitempty"`
	Why      []evidenceJSON `json:"why,omitempty"`
}

func newEventsJSON(s *Status, all []alarm.Event) []eventJSON {
	list := make([]eventJSON, len(all))
	for i := range all {
		e := &all[i]
		j := eventJSON{
			Seq: e.Seq, Age: s.Now.Sub(e.At).Seconds(), Kind: e.Kind.String(), Alarm: e.Alarm,
			Incident: e.Incident, Zone: e.Zone, Point: e.Point, Output: e.Output,
			Fault: string(e.Fault), By: e.By.Kind.String(), Operator: e.By.Operator, Cause: e.Cause,
			Reason: e.Reason, For: e.For.Seconds(), Restored: e.Restored, Drill: e.Drill,
			ID: e.Matter.ID, Text: e.Matter.Text, Verdict: e.Matter.Verdict.String(),
			Why: newEvidenceJSON(e.To, nil),
		}
		if moment, ok := s.wall(e.At); ok {
			j.At = &moment
		}
		if e.To.Level != detect.Normal {
			j.Signal, j.Level = e.Signal.String(), e.To.Level.String()
		}
		if e.Kind == alarm.OutputChanged || e.Kind == alarm.Operated {
			j.Pattern = e.Pattern.String()
		}
		list[i] = j
	}
	return list
}
