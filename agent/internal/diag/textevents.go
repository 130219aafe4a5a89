package diag

import (
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// endings say why a walk test or a drill is over.
var endings = map[string]alarm.Text{
	alarm.EndedOrdered:   {En: "ended by a person", Zh: "人工结束"},
	alarm.EndedExpired:   {En: "its time was over", Zh: "到时结束"},
	alarm.EndedAlarm:     {En: "a real alarm ended it", Zh: "因真实报警终止"},
	alarm.EndedRestarted: {En: "a restart ended it", Zh: "因重启终止"},
	alarm.EndedPlan:      {En: "a new site file ended it", Zh: "因更换配置终止"},
}

// verdicts say what an alarm was.
var verdicts = map[alarm.Verdict]alarm.Text{
	alarm.RealFire: {En: "real", Zh: "真实火警"}, alarm.FalseAlarm: {En: "false", Zh: "误报"},
	alarm.TestAlarm: {En: "test", Zh: "测试"}, alarm.FaultAlarm: {En: "fault", Zh: "故障"},
	alarm.DrillAlarm: {En: "drill", Zh: "演练"},
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
		t.line("", t.pick("nothing has happened since the agent started", "启动后尚无事件"))
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
func (t *text) when(s *Status, at point.Instant) string {
	if moment, ok := s.wall(at); ok {
		return moment.Format("01-02 15:04:05")
	}
	ago := span(s.Now.Sub(at))
	return fit(t.pick(ago.En+" ago", ago.Zh+"前"), len("01-02 15:04:05"))
}

// event tells what a list does not say of an event beside its time and its kind.
func (t *text) event(e *alarm.Event, n names) string {
	said := []string{t.subject(e, n)}
	switch e.Kind {
	case alarm.Raised, alarm.Reraised, alarm.Tested:
		st := wordOf(e.Signal, e.To.Level)
		said = append(said, t.say(st.Text), t.say(stages[e.To.Level]))
		if w := e.To.Why[0]; w.Quantity != 0 && len(why(e.To, nil)) > 0 {
			said = append(said, shown(w.Quantity, w.Value)+t.pick(", limit ", "，限值 ")+
				w.Quantity.Text(w.Limit))
		}
	case alarm.FaultRaised, alarm.FaultEnded:
		said = append(said, string(e.Fault), t.bare(alarm.Fault(e.Fault).Says), e.Reason)
	case alarm.OutputChanged, alarm.Operated:
		st := outputOn
		if e.Pattern == alarm.Off {
			st = outputOff
		}
		said = append(said, t.say(st))
		if e.Pattern > alarm.Steady {
			said = append(said, e.Pattern.String())
		}
	case alarm.Refused:
		said = append(said, t.say(alarm.RefusalText(e.Reason)))
	case alarm.TestEnded, alarm.DrillEnded:
		said = append(said, t.say(endings[e.Reason]))
	default:
		said = append(said, e.Reason)
	}
	said = append(said, t.matter(&e.Matter)...)
	if e.For > 0 {
		said = append(said, t.say(took(e.For)))
	}
	if e.Restored {
		said = append(said, t.say(restored))
	}
	if e.Drill {
		said = append(said, t.say(drill.Text))
	}
	return t.list(append(said, t.who(e.By))...)
}

// took is a span that may be short.
func took(d time.Duration) alarm.Text {
	if d >= 10*time.Second {
		return span(d)
	}
	s := strconv.FormatFloat(d.Seconds(), 'f', 1, 64)
	return alarm.Text{En: s + " s", Zh: s + " 秒"}
}

// subject is what an event is about: what an order names it by, and what people call it.
func (t *text) subject(e *alarm.Event, n names) string {
	id, name := "", ""
	switch {
	case e.Point != "":
		id, name = string(e.Point), n.point(e.Point)
	case e.Output != "":
		id, name = string(e.Output), or(n.outputs[string(e.Output)], string(e.Output))
	case e.Zone != "":
		id, name = string(e.Zone), n.zone(e.Zone)
	case e.Incident != "":
		id = string(e.Incident)
	}
	if name == "" || name == id {
		return id
	}
	return id + " " + name
}

// matter is what an event about the duties of people is about.
func (t *text) matter(m *alarm.Matter) []string {
	said := []string{m.ID, t.say(colours[m.Colour]), t.say(verdicts[m.Verdict]), m.Text}
	if m.Failed {
		said = append(said, t.say(failed))
	}
	if m.People > 0 {
		n := strconv.Itoa(int(m.People))
		said = append(said, t.pick(n+" on shift", n+" 人在岗"))
	}
	return said
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
