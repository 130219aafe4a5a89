package site

import (
	"maps"
	"slices"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/drivers/catalog"
)

// output is an [[output]] of the file.
type output struct {
	line    int
	plan    alarm.OutputPlan
	model   string
	options map[string]string
	keep    bool
	place   place
	pins    uint16 // of an expander, that it drives
}

func (c *checker) output(i int, t *table) {
	s := &section{c: c, t: t, subject: subject("output", t, "id", i)}
	id, named := s.id("id", `"siren"`)
	o := &output{line: t.line}
	o.plan = alarm.OutputPlan{ID: alarm.OutputID(id), Name: s.name("name", id)}
	s.missing("kind", oneOf(outputKinds()))
	if word, ok := s.choice("kind", outputKinds()); ok {
		o.plan.Kind = alarm.OutputKind(slices.Index(outputKinds(), word))
	}
	c.cause(s, &o.plan)
	c.acts(s, &o.plan)
	o.plan.Steady = c.steady(s, o.plan.Kind)
	o.keep = c.keep(s, o.plan.Kind)
	o.plan.Hold = c.hold(s, o.plan.Kind)
	known := slices.Sorted(maps.Keys(c.outputModels))
	s.missing("model", oneOf(known))
	o.model, _ = s.choice("model", known)
	if model, ok := c.outputModels[o.model]; ok {
		o.options = s.options(o.model, model.Options)
		o.place = s.placed(model.Place, o.options)
		o.pins = s.pins(model.Pins, model.Options, o.options)
		s.fit(model, o.options)
	} else {
		var all [][]catalog.Option
		for _, name := range known {
			all = append(all, c.outputModels[name].Options)
		}
		s.anyOptions(all)
	}
	s.finish()
	if !named {
		return
	}
	same := func(old *output) bool { return old.plan.ID == o.plan.ID }
	if i := slices.IndexFunc(c.outputs, same); i >= 0 {
		s.wrong("id", "this id is already on line %d; give each output its own", c.outputs[i].line)
		return
	}
	c.outputs = append(c.outputs, o)
}

// cause reads what drives an output; nothing written means what is usual for its kind.
func (c *checker) cause(s *section, plan *alarm.OutputPlan) {
	for _, word := range s.words("zones", `["kitchen"]`) {
		if c.findZone(alarm.ZoneID(word)) == nil {
			s.wrong("zones", "zone %q is unknown; %s", word, instead(word, c.zoneNames()))
			continue
		}
		plan.Zones = append(plan.Zones, alarm.ZoneID(word))
	}
	for _, word := range s.words("signals", `["fire"]`) {
		signal, ok := signalByName(word)
		if !ok {
			s.wrong("signals", "signal %q is unknown; %s", word, instead(word, signalNames()))
			continue
		}
		plan.Signals = append(plan.Signals, signal)
	}
	if word, ok := s.choice("level", levelNames()); ok {
		plan.Level, _ = levelByName(word)
	}
}

// steady tells whether an output is simply on. A thing that sounds or flashes plays a pattern.
func (c *checker) steady(s *section, k alarm.OutputKind) bool {
	word, ok := s.choice("drive", []string{"pattern", "steady"})
	if ok {
		return word == "steady"
	}
	return !k.Sounds() && k != alarm.Strobe
}

// keep tells whether an output that is on stays on when the agent ends.
func (c *checker) keep(s *section, k alarm.OutputKind) bool {
	word, ok := s.choice("on_exit", []string{"keep", "rest"})
	if ok {
		return word == "keep"
	}
	return k == alarm.Sounder || k == alarm.Strobe || k == alarm.Valve
}
