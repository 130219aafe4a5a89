package diag

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// view is a Status in the words of the page.
type view struct {
	State    state
	Where    []string   // the newest alarms of this state, each with its zone
	More     int        // alarms of this state that Where leaves out
	Stage    alarm.Text // of the highest of them; empty: the first
	Since    string     // by the clock, when the first of them got there; empty: not known
	For      alarm.Text
	Signs    []sign     // what sounds, and who has been told
	Alone    alarm.Text // why nobody outside is told; empty: somebody is
	Sim      bool
	Site     Site
	Time     string // of the clock; empty: not known
	ClockBad bool
	Alarms   []alarmView
	Faults   []faultView
	Duties   []dutyView
	Points   []pointView
	Outputs  []outputView
	Left     alarm.Text // of a drill or a walk test; empty: none runs
	Link     linkView
	Lanes    []laneView
	Outbox   Outbox
	Identity identityView
	Build    Build
	Loop     Guard
}

type alarmView struct {
	State        state
	Point, Zone  string
	Stage        alarm.Text
	For          alarm.Text // at this level
	Before       alarm.Text // since a lower one; empty: there was none
	Why          []whyView
	Now          []valueView
	Waits, Left  alarm.Text // while its zone holds it back
	Active       bool
	Acknowledged bool
	Silenced     bool
	Restored     bool
}

type faultView struct {
	Kind   alarm.FaultKind
	Point  string
	Names  []string // of what the detail speaks of
	Detail string
	For    alarm.Text
}

type pointView struct {
	Name, Zone string
	Class      string
	State      alarm.Text
	Values     []valueView
	Reason     string     // of a disablement
	Left       alarm.Text // of a disablement
	Note       alarm.Text // it comes and goes
	Life       alarm.Text // of its sensor; empty: nothing to say
}

type valueView struct {
	Text alarm.Text // empty: none
	Note alarm.Text
}

type outputView struct {
	Name  string
	Class string
	State alarm.Text
	Note  alarm.Text // empty: none
	Err   string
}

type linkView struct {
	Link
	For alarm.Text
	Why alarm.Text // it is not connected
}

type laneView struct {
	Lane
	Word alarm.Text
}

type identityView struct {
	Identity
	Word    alarm.Text
	Expires string
}

// names finds what people call a point, a zone or an output, and how far an alarm got.
type names struct {
	points, zones, outputs map[string]string
	levels                 map[alarm.AlarmID]detect.Level
	drills                 map[alarm.AlarmID]bool
	closes                 map[alarm.OutputID]bool // on means closed
}

func newNames(s *Status) names {
	n := names{
		points: map[string]string{}, zones: map[string]string{}, outputs: map[string]string{},
		levels: map[alarm.AlarmID]detect.Level{"": detect.Normal},
		drills: map[alarm.AlarmID]bool{}, closes: map[alarm.OutputID]bool{},
	}
	for _, z := range s.Zones {
		n.zones[string(z.ID)] = z.Name
	}
	if s.Panel != nil {
		for _, p := range s.Panel.Points {
			n.points[string(p.ID)] = p.Name
		}
		for _, o := range s.Panel.Outputs {
			n.outputs[string(o.ID)] = or(o.Name, string(o.ID))
			n.closes[o.ID] = o.Kind.Closes()
		}
		for _, a := range s.Panel.Alarms {
			n.levels[a.ID], n.drills[a.ID] = a.Finding.Level, a.Drill
		}
	}
	return n
}

func (n names) point(id point.ID) string    { return or(n.points[string(id)], string(id)) }
func (n names) zone(id alarm.ZoneID) string { return or(n.zones[string(id)], string(id)) }

func or(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

// newView puts s into words. A nil Status is one of an agent that has just begun.
func newView(s *Status, now time.Time) view {
	if s == nil {
		s = &Status{}
	}
	v := view{
		State: overall(s, now), Sim: s.Sim, Site: s.Site, Outbox: s.Outbox, Build: s.Build,
		Loop: s.Guard, Link: linkView{Link: s.Link}, Alone: alone(s),
		Identity: identityView{Identity: s.Identity, Word: identities[s.Identity.State]},
	}
	if !s.Clock.Now.IsZero() {
		v.Time = s.Clock.Now.Format(time.DateTime)
	}
	v.ClockBad = s.Clock.Quality == "none"
	if !s.Identity.Expires.IsZero() {
		v.Identity.Expires = s.Identity.Expires.Format(time.DateOnly)
	}
	if !s.Link.Since.IsZero() {
		v.Link.For = span(s.Made.Sub(s.Link.Since))
	}
	if !s.Link.Connected {
		v.Link.Why = failures[s.Link.Class]
	}
	for _, l := range s.Outbox.Lanes {
		v.Lanes = append(v.Lanes, laneView{Lane: l, Word: lanes[l.Name]})
	}
	if s.Panel != nil {
		v.panel(s)
	}
	if s.alive(now) && len(s.Panel.Alarms) > 0 {
		v.Signs = signs(s)
	}
	return v
}

func (v *view) panel(s *Status) {
	n := newNames(s)
	v.where(s, n)
	if _, left, runs := exercise(s.Panel); runs {
		v.Left = span(left)
	}
	v.Duties = duties(&s.Panel.Duties)
	for _, a := range s.Panel.Alarms {
		v.Alarms = append(v.Alarms, newAlarmView(s.Panel, a, n))
	}
	for _, f := range s.Panel.Faults {
		fv := faultView{
			Kind: alarm.Fault(f.Fault), Detail: f.Detail, For: span(s.Panel.At.Sub(f.Since)),
			Names: n.within(f),
		}
		if f.Point != "" {
			fv.Point = n.point(f.Point)
		}
		v.Faults = append(v.Faults, fv)
	}
	for i := range s.Panel.Points {
		v.Points = append(v.Points, newPointView(&s.Panel.Points[i], n))
	}
	doing := map[alarm.OutputID]string{}
	for _, o := range s.Guard.Outputs {
		doing[o.ID] = o.Err
	}
	for _, o := range s.Panel.Outputs {
		v.Outputs = append(v.Outputs, newOutputView(&o, doing[o.ID]))
	}
}

func newPointView(p *alarm.PointState, n names) pointView {
	st := pointState(p, max(p.Finding.Level, n.levels[p.Alarm]))
	switch {
	case n.drills[p.Alarm]:
		st = drill
	case p.Testing:
		st = underTest
	}
	v := pointView{
		Name: or(p.Name, string(p.ID)), Zone: n.zone(p.Zone), Class: st.Class, State: st.Text,
	}
	if p.Chatters {
		v.Note = chatters
	}
	if p.Disabled > 0 {
		v.Reason, v.Left = p.Reason, span(p.Disabled)
	}
	if p.Life.Watched && !p.Life.Known {
		v.Life = lifeWaits
	}
	for _, c := range p.Channels {
		v.Values = append(v.Values, newValueView(c))
	}
	return v
}

// pointState is the word for one point that is at level, or is held there by an alarm. What a
// disabled point finds raises no alarm, and is not called one. A fault is told before a
// disablement, for who has disabled a point may not know that it has broken since.
func pointState(p *alarm.PointState, level detect.Level) state {
	switch {
	case p.Disabled > 0 && p.Alarm == "" && p.Finding.Fault == "":
		return disabled
	case level > detect.Normal:
		return wordOf(p.Signal, level)
	case p.Finding.Fault != "":
		return fault
	case p.Disabled > 0:
		return disabled
	}
	return normal
}

// newValueView shows a value only as far as it can be believed.
func newValueView(c alarm.ChannelState) valueView {
	v := valueView{}
	if c.Seen && c.Quality != point.Bad {
		text := shown(c.Quantity, c.Value)
		v.Text = alarm.Text{En: text, Zh: text}
		if c.Quantity == drivers.Contact {
			v.Text = contactText(c.Value)
		}
	}
	if c.Quality == point.Good {
		return v
	}
	v.Note = qualities[c.Quality]
	if r, ok := reasons[c.Reason]; ok {
		v.Note = r
	}
	return v
}

func contactText(value int64) alarm.Text {
	if value != 0 {
		return alarm.Text{En: "active", Zh: "动作"}
	}
	return alarm.Text{En: "normal", Zh: "正常"}
}
