package site

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// watched is a [[point]] of the file.
type watched struct {
	line   int
	class  string
	pairAt int // line
	plan   alarm.PointPlan
	known  bool             // its signal is the one that is meant
	feeds  []feed           // empty: its value is derived
	made   drivers.Quantity // of a derived one
}

// feed is one channel that a point looks at.
type feed struct {
	from    *sensor
	number  uint8
	channel drivers.Channel
}

func (c *checker) point(i int, t *table) {
	s := &section{c: c, t: t, subject: subject("point", t, "id", i)}
	id, named := s.id("id", `"kitchen-heat"`)
	p := &watched{line: t.line}
	p.plan = alarm.PointPlan{ID: point.ID(id), Name: s.name("name", id), Zone: c.zoneOf(s)}
	cl, classed := c.classOf(s)
	p.class, p.plan.Signal, p.known = cl.name, cl.signal, classed
	p.plan.Manual, p.plan.Precursor = cl.name == callPoint, cl.name == "electrical"
	p.plan.Latch = s.flag("latch", cl.latch)
	feeds, fed := c.sourceOf(s, p)
	p.plan.Devices = devices(p.feeds)
	p.plan.Spec.Stale = s.duration("stale", "8 s", time.Second, longestStale(cl.signal, feeds),
		staleAfter(feeds))
	r := &rule{section: s, class: s.profiled(cl), feeds: feeds, flawed: !classed}
	r.spec, r.derived = &p.plan.Spec, s.has("derive")
	if !classed {
		s.keysOfClasses()
	}
	if fed {
		r.spec.Conditions = r.conditions()
	} else {
		r.blind()
	}
	if !r.derived {
		r.health(fed)
		r.reach()
		p.plan.Life = r.life()
		c.button(s, p)
		p.plan.Pair, p.pairAt = point.ID(r.pair()), s.line("pair")
	}
	p.plan.Risk = s.risk()
	s.finish()
	if !named {
		return
	}
	if old := c.findPoint(p.plan.ID); old != nil {
		s.wrong("id", "this id is already on line %d; give each point its own", old.line)
		return
	}
	c.points = append(c.points, p)
}

// keysOfClasses reads what only some classes have, while the one that was meant is not known.
func (s *section) keysOfClasses() {
	s.know("profile", "zero")
	s.measure("normal", drivers.Pressure)
	s.flag("drift", true)
	s.flag("may_alarm", false)
}

// sourceOf reads where the value of a point comes from: out of sensors or out of other points.
func (c *checker) sourceOf(s *section, p *watched) (feeds []feed, sound bool) {
	if s.has("derive") {
		return c.derive(s, p)
	}
	p.feeds, sound = c.feedsOf(s)
	return p.feeds, sound
}

func (c *checker) findPoint(id point.ID) *watched {
	i := slices.IndexFunc(c.points, func(p *watched) bool { return p.plan.ID == id })
	if i < 0 {
		return nil
	}
	return c.points[i]
}

// zoneOf reads the zone of a point. It may be left out while the site has only one.
func (c *checker) zoneOf(s *section) alarm.ZoneID {
	if _, ok := s.get("zone"); !ok && len(c.zones) == 1 && !s.has("zone") {
		return c.zones[0].plan.ID
	}
	if len(c.zones) == 0 {
		return "" // the zones have mistakes of their own
	}
	s.missing("zone", oneOf(c.zoneNames()))
	id, _ := s.choice("zone", c.zoneNames())
	return alarm.ZoneID(id)
}

// classOf reads what kind of point it is. A signal beside a class replaces only the signal.
func (c *checker) classOf(s *section) (class, bool) {
	name, classed := s.text("class", `"smoke"`)
	word, signalled := s.choice("signal", signalNames())
	signal, _ := signalByName(word)
	switch cl, known := classByName(name); {
	case !classed && !signalled && s.has("derive"):
		return plain(alarm.Supervisory), true
	case known:
		if s.has("signal") {
			s.milder(cl, signal)
			cl.signal = signal // the mildest while it is unknown
		}
		return cl, signalled || !s.has("signal")
	case classed:
		s.wrong("class", "class %q is unknown; %s", name, instead(name, classNames()))
	case signalled && !s.has("class"):
		return plain(signal), true
	case !s.has("class") && !s.has("signal"):
		s.wrong("class", `class is missing; write %s, or signal = %s`,
			"class = "+oneOf(classNames()), oneOf(signalNames()))
	}
	return class{signal: signal}, false
}

const fromExample = `"kitchen-air.temperature"`

// feedsOf reads where the values of a point come from.
func (c *checker) feedsOf(s *section) ([]feed, bool) {
	before := len(c.problems)
	s.missing("from", fromExample)
	var feeds []feed
	sound := s.has("from")
	for _, word := range s.words("from", fromExample) {
		f, ok := c.feedOf(s, word)
		if !ok {
			sound = false
			continue
		}
		same := func(old feed) bool { return old.channel.Quantity == f.channel.Quantity }
		if slices.ContainsFunc(feeds, same) {
			s.wrong("from", "from has two inputs of %s; write a [[point]] for each",
				f.channel.Quantity)
			continue
		}
		feeds = append(feeds, f)
	}
	return feeds, sound && len(feeds) > 0 && len(c.problems) == before
}

func (c *checker) feedOf(s *section, word string) (feed, bool) {
	name, channel, _ := strings.Cut(word, ".")
	from := c.findSensor(name)
	if from == nil {
		var names []string
		for _, known := range c.sensors {
			names = append(names, known.name)
		}
		if len(names) == 0 {
			return feed{}, false // already told that there is no sensor
		}
		s.wrong("from", "from %q: there is no sensor %q; %s", word, name, instead(name, names))
		return feed{}, false
	}
	if len(from.channels) == 0 {
		return feed{}, false
	}
	number, ok := from.channel(channel)
	if !ok {
		s.wrong("from", "from %q: model %q has no such channel; write %s",
			word, from.model, oneOf(from.channelNames()))
		return feed{}, false
	}
	return feed{from: from, number: number, channel: from.channels[number]}, true
}

// staleAfter is how long the slowest input of a point may be silent.
func staleAfter(feeds []feed) time.Duration {
	stale := 8 * time.Second
	for _, f := range feeds {
		stale = max(stale, 5*f.from.period)
	}
	return stale
}

// watch is a condition that never stands. It makes the rule notice when a value that is only
// recorded stops coming.
func watch(q drivers.Quantity) detect.Condition {
	return detect.Condition{Kind: detect.Above, Quantity: q, Limit: math.MaxInt64}
}
