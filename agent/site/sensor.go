package site

import (
	"maps"
	"slices"
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
	also     []place // what else it needs for itself
	pins     uint16  // of an expander, that are its contacts
	feeds    []Feed
}

// place is where a part hangs: a bus or a line, and the chip on it.
type place struct{ bus, chip string }

// usualPeriod is how often a part is read that names no shortest time of its own.
const usualPeriod = 250 * time.Millisecond

// The bounds of a period. A part may set a longer shortest one.
const (
	shortestPeriod = 10 * time.Millisecond
	longestPeriod  = 10 * time.Minute
)

func (c *checker) sensor(i int, t *table) {
	s := &section{c: c, t: t, subject: subject("sensor", t, "name", i)}
	name, named := s.id("name", `"kitchen-air"`)
	v := &sensor{line: t.line, name: name}
	known := slices.Sorted(maps.Keys(c.sensorModels))
	s.missing("model", oneOf(known))
	v.model, _ = s.choice("model", known)
	if model, ok := c.sensorModels[v.model]; ok {
		c.sensorOf(s, model, v)
	} else {
		s.duration("period", durationText(usualPeriod), shortestPeriod, longestPeriod, usualPeriod)
		var all [][]catalog.Option
		for _, name := range known {
			all = append(all, c.sensorModels[name].Options)
		}
		s.anyOptions(all)
	}
	s.finish()
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
	v.period = s.duration("period", durationText(usual), max(least, shortestPeriod),
		longestPeriod, usual)
	if model.Channels == nil {
		v.channels = model.Descriptor.Channels
	}
	v.options = s.options(v.model, model.Options)
	if model.Channels != nil {
		v.channels = s.channels(model, v.options)
	}
	v.place = s.placed(model.Place, v.options)
	v.pins = s.pins(model.Pins, model.Options, v.options)
	if model.Also != nil && len(s.told) == 0 {
		for _, p := range model.Also(v.options) {
			v.also = append(v.also, place{p.Bus, p.Chip})
		}
	}
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
