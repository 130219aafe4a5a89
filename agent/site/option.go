package site

import (
	"fmt"
	"slices"
	"strings"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// options reads the settings of a model, which stand beside the other keys. What is wrong is left
// out, and told.
func (s *section) options(model string, options []catalog.Option) map[string]string {
	set := map[string]string{}
	for _, o := range options {
		v, ok := s.get(o.Name)
		switch {
		case ok:
			if text := refusal(o, v); text != "" {
				s.wrong(o.Name, "%s", text)
				continue
			}
			set[o.Name] = v.text
		case s.has(o.Name):
			s.tell(o.Name) // it is broken, so its default does not stand for it
		case o.Required:
			s.wrong(o.Name, "%s is missing for model %q: %s", o.Name, model, o.Help)
		case o.Default != "":
			set[o.Name] = o.Default
		}
	}
	return set
}

// refusal says what is wrong with the value of an option; "" when nothing is. Some options are
// numbers, and a number needs no quotes there.
func refusal(o catalog.Option, v value) string {
	if v.kind != text && !(v.kind == number && o.Number) {
		return fmt.Sprintf("%s is %s; %s", o.Name, kindNames[v.kind], o.Help)
	}
	if o.Check == nil {
		return ""
	}
	if err := o.Check(v.text); err != nil {
		return fmt.Sprintf("%s: %v", o.Name, err)
	}
	return ""
}

// anyOptions reads the settings of a part whose model is not known: what is wrong for each model
// that could be meant is wrong, and what each of them needs is missing.
func (s *section) anyOptions(models [][]catalog.Option) {
	same := map[string][]catalog.Option{}
	var names []string
	for _, o := range slices.Concat(models...) {
		if same[o.Name] == nil {
			names = append(names, o.Name)
		}
		same[o.Name] = append(same[o.Name], o)
	}
	for _, name := range names {
		all := same[name]
		v, ok := s.get(name)
		optional := func(o catalog.Option) bool { return !o.Required }
		switch {
		case ok:
			s.refuseAll(all, v)
		case !s.has(name) && len(all) == len(models) && !slices.ContainsFunc(all, optional):
			s.wrong(name, "%s is missing: %s", name, all[0].Help)
		}
	}
}

// refuseAll reports a value that every one of the options refuses.
func (s *section) refuseAll(all []catalog.Option, v value) {
	first, differ := "", false
	for _, o := range all {
		text := refusal(o, v)
		if text == "" {
			return
		}
		if first == "" {
			first = text
		}
		differ = differ || text != first
	}
	name := all[0].Name
	if differ {
		s.wrong(name, "%s %q is good for no model; correct it with the model", name, v.text)
		return
	}
	s.wrong(name, "%s", first)
}

// channels are those that the options of a model lead to. What it says about its options together
// may be several mistakes, a line each, that begin with the name of the option.
func (s *section) channels(m catalog.SensorModel, set map[string]string) []drivers.Channel {
	flawed := s.flawed(m.Options)
	channels, err := m.Channels(set)
	if err != nil {
		s.rejected(err, m.Options, flawed)
	}
	if q, ok := drivers.QuantityByName(set["quantity"]); ok && (flawed || err != nil) {
		// What it measures is known; how far it goes depends on what is wrong.
		return []drivers.Channel{{Name: q.String(), Quantity: q}}
	}
	return channels
}

// flawed tells whether an option of a part has a mistake.
func (s *section) flawed(options []catalog.Option) bool {
	return slices.ContainsFunc(options, func(o catalog.Option) bool { return s.told[o.Name] })
}

// pins are those of an expander that a part needs; none while one of its options has a mistake.
func (s *section) pins(need func(map[string]string) uint16, options []catalog.Option,
	set map[string]string) uint16 {
	if need == nil || s.flawed(options) {
		return 0
	}
	return need(set)
}

// fit reports options of an output that do not go together.
func (s *section) fit(m catalog.OutputModel, set map[string]string) {
	if m.Fits == nil || s.flawed(m.Options) {
		return
	}
	if err := m.Fits(set); err != nil {
		s.rejected(err, m.Options, false)
	}
}

// rejected reports what a model says about its options together. While one of them is flawed, only
// what it says about another one is sure.
func (s *section) rejected(err error, options []catalog.Option, flawed bool) {
	for _, text := range strings.Split(err.Error(), "\n") {
		key, _, _ := strings.Cut(text, ":")
		isOption := func(o catalog.Option) bool { return o.Name == key }
		if flawed && (s.told[key] || !slices.ContainsFunc(options, isOption)) {
			continue
		}
		s.wrong(key, "%s", text)
	}
}

// placed is where a part hangs; nowhere while an option that tells it has a mistake.
func (s *section) placed(at func(map[string]string) (bus, chip string), set map[string]string) (
	p place) {
	told := func(key string) bool { return s.told[key] }
	if at != nil && !slices.ContainsFunc([]string{"bus", "line", "address", "channel"}, told) {
		p.bus, p.chip = at(set)
	}
	return p
}
