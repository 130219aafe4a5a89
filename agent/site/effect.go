package site

import (
	"fmt"
	"slices"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// maxEffects bounds the rows that a site adds to the matrix.
const maxEffects = 64

// venue is what is usual for one kind of place, so that the file need not say it.
type venue struct {
	name string
	// airs says that a fire does not stop a fan there.
	airs bool
	// lampAt is the level at which a lamp goes on.
	lampAt detect.Level
}

// venues are the kinds of place. A pump that fights a fire needs its air. The lamp of an underpass
// stops the traffic, which the first centimetres of water do not ask for.
var venues = []venue{
	{name: "shop"}, {name: "station"}, {name: "kitchen"}, {name: "guest_house"}, {name: "workshop"},
	{name: "pump_room", airs: true}, {name: "underpass", lampAt: detect.AlarmHigh},
}

func (c *checker) readVenue(s *section) {
	c.venue = venues[0]
	var names []string
	for _, v := range venues {
		names = append(names, v.name)
	}
	if word, ok := s.choice("venue", names); ok {
		c.venue = venues[slices.Index(names, word)]
	}
}

// acts reads what an output needs to know beside its causes: where it hangs, and how it behaves.
func (c *checker) acts(s *section, plan *alarm.OutputPlan) {
	fan := plan.Kind == alarm.Fan
	if word, ok := s.choice("in", c.zoneNames()); ok {
		plan.In = alarm.ZoneID(word)
	}
	plan.Ex = s.flag("ex", false)
	plan.SmokeExhaust = s.flag("smoke_exhaust", false)
	plan.StopOnFire = s.flag("stop_on_fire", fan && !plan.SmokeExhaust && !c.venue.airs)
	for _, key := range []string{"smoke_exhaust", "stop_on_fire"} {
		if s.has(key) && !fan {
			s.wrong(key, "%s is only for a fan; remove it", key)
		}
	}
	if plan.SmokeExhaust && plan.StopOnFire {
		s.wrong("stop_on_fire", "a fan that carries smoke out cannot stop on fire; remove one")
	}
	plan.Irreversible = s.flag("irreversible", plan.Kind.Closes() || plan.SmokeExhaust)
	if plan.Kind == alarm.Lamp && plan.Level == detect.Normal {
		plan.Level = c.venue.lampAt
	}
	c.feedback(s, plan)
}

// feedback reads the point whose contact says that the output has done what it was told.
func (c *checker) feedback(s *section, plan *alarm.OutputPlan) {
	word, ok := s.text("feedback", `"valve-closed"`)
	if !ok {
		return
	}
	p := c.findPoint(point.ID(word))
	if p == nil {
		s.wrong("feedback", "feedback %q: there is no such point; %s", word,
			instead(word, c.pointNames()))
		return
	}
	isContact := func(f feed) bool { return f.channel.Quantity == drivers.Contact }
	switch {
	case len(p.feeds) > 0 && !slices.ContainsFunc(p.feeds, isContact):
		s.wrong("feedback", "feedback %q has no contact; name a point that reads one", word)
	case p.plan.Signal.IsLifeSafety():
		s.wrong("feedback", "feedback %q raises alarms of signal %s; name the contact that %q moves",
			word, p.plan.Signal, plan.ID)
	}
	plan.Feedback = point.ID(word)
}

func (c *checker) pointNames() []string {
	var names []string
	for _, p := range c.points {
		names = append(names, string(p.plan.ID))
	}
	return names
}

// effect is a [[effect]] of the file.
type effect struct {
	line    int
	rows    []alarm.Effect // one for each signal
	replace bool
}

const (
	whenExample = `"gas high"`
	thenExample = `["siren", "valve", "fan off"]`
)

func (c *checker) effect(i int, t *table) {
	s := &section{c: c, t: t, subject: fmt.Sprintf("effect %d", i+1)}
	e := effect{line: t.line}
	s.missing("when", whenExample)
	var causes []alarm.Cause
	for _, word := range s.words("when", whenExample) {
		causes = append(causes, c.causes(s, word)...)
	}
	c.narrow(s, causes)
	e.replace = s.flag("replace", false)
	if e.replace && s.has("points") {
		s.wrong("replace", "replace = true goes with zones, not with points; remove one of them")
	}
	s.missing("then", thenExample)
	acts := c.actsOf(s)
	for _, a := range acts {
		if a.play == alarm.Chirp30 && slices.ContainsFunc(causes, isDanger) {
			s.wrong("then", "then \"%[1]s chirp\": a chirp is no alarm; write \"%[1]s\" alone",
				a.output.ID)
		}
	}
	s.finish()
	for _, when := range causes {
		row := alarm.Effect{When: when, Own: true}
		for _, a := range acts {
			if row.When.Triggers == 0 && a.output.Irreversible && isFire(when) {
				c.twice(&e, row.When, a)
				continue
			}
			row.Then = append(row.Then, a.of(&row.When))
		}
		if len(row.Then) > 0 {
			e.rows = append(e.rows, row)
		}
	}
	c.effects = append(c.effects, e)
}

func isFire(when alarm.Cause) bool {
	return slices.Contains(when.Signals, alarm.Fire) && when.Of == alarm.Any &&
		when.Level != detect.PreAlarm && when.Level != detect.Supervisory
}

// isDanger tells the alarms that people must leave for.
func isDanger(when alarm.Cause) bool {
	return slices.ContainsFunc(when.Signals, alarm.Signal.IsLifeSafety) &&
		when.Level != detect.PreAlarm &&
		when.Level != detect.Supervisory
}

// speaksOf tells whether an alarm of the point can be a cause.
func speaksOf(when alarm.Cause, p *watched) bool {
	return !p.known || slices.Contains(when.Signals, p.plan.Signal) &&
		(when.Of != alarm.CallPoint || p.plan.Manual) &&
		(when.Of != alarm.Precursor || p.plan.Precursor)
}

// twice makes the rows of what a fire cannot undo: a call point, or two detectors.
func (c *checker) twice(e *effect, when alarm.Cause, a written) {
	for _, r := range []struct {
		of       alarm.Nature
		triggers int
	}{{alarm.CallPoint, 0}, {alarm.Any, 2}} {
		sure := when
		sure.Of, sure.Triggers = r.of, r.triggers
		e.rows = append(e.rows, alarm.Effect{When: sure, Own: true, Then: []alarm.Act{a.of(&sure)}})
	}
}

// The words of a cause that are no signal.
var otherCauses = []struct {
	word string
	when []alarm.Cause
}{
	{"call point", []alarm.Cause{{Signals: []alarm.Signal{alarm.Fire}, Of: alarm.CallPoint}}},
	{"electrical", []alarm.Cause{{
		Signals: []alarm.Signal{alarm.Supervisory}, Of: alarm.Precursor,
	}}},
	{"fault", []alarm.Cause{{Fault: alarm.AnyFault}}},
	{"uplink", []alarm.Cause{{Fault: alarm.UplinkFault}}},
	{"danger", []alarm.Cause{
		{Signals: []alarm.Signal{alarm.Fire}}, {Signals: []alarm.Signal{alarm.Gas}},
		{Signals: []alarm.Signal{alarm.CO}}, {Signals: []alarm.Signal{alarm.Flood}},
		{Signals: []alarm.Signal{alarm.Evacuation}},
	}},
}

var causeLevels = map[string]detect.Level{
	"prealarm": detect.PreAlarm, "alarm": detect.Normal, "high": detect.AlarmHigh,
}

// causeWords are what may stand before a level.
func causeWords() []string {
	words := signalNames()
	slices.Reverse(words)
	for _, o := range otherCauses {
		words = append(words, o.word)
	}
	return words
}

// causes reads one cause: what happens, and how far it has gone.
func (c *checker) causes(s *section, written string) []alarm.Cause {
	word, level, leveled := strings.TrimSpace(written), detect.Normal, false
	if i := strings.LastIndexByte(word, ' '); i > 0 {
		if l, ok := causeLevels[word[i+1:]]; ok {
			word, level, leveled = word[:i], l, true
		}
	}
	var found []alarm.Cause
	if signal, ok := signalByName(word); ok {
		found = []alarm.Cause{{Signals: []alarm.Signal{signal}}}
		if !signal.IsLifeSafety() && !leveled {
			level = detect.Supervisory
		}
	}
	for _, o := range otherCauses {
		if o.word == word {
			found = slices.Clone(o.when)
		}
	}
	if found == nil {
		s.wrong("when", "when %q is unknown; %s, with prealarm or high behind it if that is meant",
			written, instead(word, causeWords()))
	}
	for i := range found {
		if found[i].Fault != "" && leveled {
			s.wrong("when", "when %q: a fault has no level; write %q", written, word)
		}
		found[i].Level = level
	}
	return found
}

// narrow reads where the causes count, and how many points they need.
func (c *checker) narrow(s *section, causes []alarm.Cause) {
	var zones []alarm.ZoneID
	for _, word := range s.words("zones", `["kitchen"]`) {
		if c.findZone(alarm.ZoneID(word)) == nil {
			s.wrong("zones", "zone %q is unknown; %s", word, instead(word, c.zoneNames()))
			continue
		}
		zones = append(zones, alarm.ZoneID(word))
	}
	var points []point.ID
	for _, word := range s.words("points", `["gas-1"]`) {
		p := c.findPoint(point.ID(word))
		if p == nil {
			s.wrong("points", "point %q is unknown; %s", word, instead(word, c.pointNames()))
			continue
		}
		speaks := func(when alarm.Cause) bool { return when.Fault != "" || speaksOf(when, p) }
		if len(causes) > 0 && !slices.ContainsFunc(causes, speaks) {
			s.wrong("points", "point %q is of signal %s, which when does not name; write when = "+
				"%q, or name another point", word, p.plan.Signal, p.plan.Signal)
		}
		points = append(points, point.ID(word))
	}
	triggers := s.count("triggers", 1, 4, 0)
	for i := range causes {
		when := &causes[i]
		if when.Fault != "" {
			for _, key := range []string{"zones", "points", "triggers"} {
				if s.has(key) && !s.told[key] {
					s.wrong(key, "%s is not for a fault; remove it", key)
				}
			}
			continue
		}
		when.Zones, when.Points, when.Triggers = zones, points, triggers
	}
}
