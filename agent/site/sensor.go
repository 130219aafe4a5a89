package site

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// sensor is a [[sensor]] of the file.
type sensor struct {
	line     int
	name     string
	model    string
	options  map[string]string
	period   time.Duration
	channels []drivers.Channel // empty: unknown, because of a mistake that has been told
	place    place
	feeds    []Feed
}

// place is where a part hangs: a bus or a line, and the chip on it.
type place struct{ bus, chip string }

// usualPeriod is how often a part is read that names no shortest time of its own.
const usualPeriod = 250 * time.Millisecond

func (c *checker) sensor(i int, t *table) {
	s := &section{c: c, t: t, subject: subject("sensor", t, "name", i)}
	name, named := s.id("name", `"kitchen-air"`)
	v := &sensor{line: t.line, name: name}
	known := slices.Sorted(maps.Keys(c.sensorModels))
	s.missing("model", oneOf(known))
	v.model, _ = s.choice("model", known)
	if model, ok := c.sensorModels[v.model]; ok {
		c.sensorOf(s, model, v)
		s.finish()
	}
	if !named {
		return
	}
	if old := c.findSensor(name); old != nil {
		s.wrong("name", "this name is already on line %d; give each sensor its own", old.line)
		return
	}
	c.sensors = append(c.sensors, v)
}

// sensorOf reads what only a known model can explain.
func (c *checker) sensorOf(s *section, model catalog.SensorModel, v *sensor) {
	least := model.Descriptor.Period
	usual := least
	if usual == 0 {
		usual = usualPeriod
	}
	v.period = s.duration("period", durationText(usual), max(least, 10*time.Millisecond),
		10*time.Minute, usual)
	if model.Channels == nil {
		v.channels = model.Descriptor.Channels
	}
	before := len(c.problems)
	v.options = s.options(v.model, model.Options)
	if len(c.problems) > before {
		return
	}
	if model.Channels != nil {
		channels, err := model.Channels(v.options)
		if err != nil {
			s.rejected(err)
			return
		}
		v.channels = channels
	}
	if model.Place != nil {
		v.place.bus, v.place.chip = model.Place(v.options)
	}
}

// rejected reports what a model says about its options together. It may be several mistakes, a line
// each, that begin with the name of the option.
func (s *section) rejected(err error) {
	for _, text := range strings.Split(err.Error(), "\n") {
		key, _, _ := strings.Cut(text, ":")
		s.wrong(key, "%s", text)
	}
}

// options reads the settings of a model, which stand beside the other keys. A number or a bare true
// is taken as its text.
func (s *section) options(model string, options []catalog.Option) map[string]string {
	set := map[string]string{}
	for _, o := range options {
		v, ok := s.get(o.Name)
		switch {
		case !ok && o.Required && !s.has(o.Name):
			s.c.wrong(s.t.line, s.subject, "%s is missing for model %q: %s", o.Name, model, o.Help)
			continue
		case !ok && o.Default == "":
			continue
		case !ok:
			set[o.Name] = o.Default
			continue
		case v.kind != text && v.kind != number && v.kind != boolean:
			s.wrong(o.Name, "%s is %s: %s", o.Name, kindNames[v.kind], o.Help)
			continue
		}
		if o.Check != nil {
			if err := o.Check(v.text); err != nil {
				s.wrong(o.Name, "%s: %v", o.Name, err)
				continue
			}
		}
		set[o.Name] = v.text
	}
	return set
}

func (c *checker) findSensor(name string) *sensor {
	i := slices.IndexFunc(c.sensors, func(s *sensor) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return c.sensors[i]
}

// channel finds a channel by its name. A sensor with a single channel need not name it.
func (s *sensor) channel(name string) (uint8, bool) {
	if name == "" && len(s.channels) == 1 {
		return 0, true
	}
	for i, ch := range s.channels {
		if ch.Name == name {
			return uint8(i), true
		}
	}
	return 0, false
}

func (s *sensor) channelNames() []string {
	var names []string
	for _, ch := range s.channels {
		names = append(names, s.name+"."+ch.Name)
	}
	return names
}
