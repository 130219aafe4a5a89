package site

import (
	"fmt"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// modeOf reads what a first signal of an automatic detector does in a zone.
func (c *checker) modeOf(s *section) alarm.Mode {
	var names []string
	for _, m := range alarm.Modes() {
		names = append(names, m.String())
	}
	word, ok := s.choice("mode", names)
	if !ok {
		return alarm.Single
	}
	return alarm.Mode(slices.Index(names, word))
}

// The bounds of how long a lamp outlasts its alarm: at least as long as somebody needs who comes
// back from another room.
const (
	usualHold   = 300 * time.Second
	longestHold = time.Hour
)

// hold reads how long a lamp stays on after its last alarm. Nothing else outlasts one.
func (c *checker) hold(s *section, k alarm.OutputKind) time.Duration {
	if k == alarm.Lamp {
		return s.duration("hold", "300 s", 0, longestHold, usualHold)
	}
	if s.has("hold") {
		s.wrong("hold", `hold is for a lamp; leave it out, or write kind = "lamp"`)
	}
	s.know("hold")
	return 0
}

// devices are the parts that a point is read from.
func devices(feeds []feed) []string {
	var names []string
	for _, f := range feeds {
		if !slices.Contains(names, f.from.name) {
			names = append(names, f.from.name)
		}
	}
	return names
}

// warnModes finds zones whose mode waits for what cannot come.
func (c *checker) warnModes() {
	for _, z := range c.zones {
		m, n := z.plan.Mode, c.doubted(z.plan.ID)
		subject := fmt.Sprintf("zone %q", z.plan.ID)
		switch {
		case m == alarm.Single:
		case n == 0:
			c.odd(z.line, subject, "mode = %q: the zone has no automatic detector of fire or gas "+
				"that it could wait for; leave mode out", m)
		case m == alarm.Cross && n == 1:
			c.odd(z.line, subject, "mode = %q: the zone has one detector only, so what waits for "+
				"two never acts on it; add another one that is read from another part", m)
		}
	}
}

// doubted counts the points of a zone that its mode applies to, each read from parts of its own.
func (c *checker) doubted(zone alarm.ZoneID) int {
	var seen []string
	n := 0
	for _, p := range c.points {
		isDoubted := p.plan.Zone == zone && p.class != callPoint && alarms(p) &&
			(p.plan.Signal == alarm.Fire || p.plan.Signal == alarm.Gas)
		shared := slices.ContainsFunc(p.plan.Devices, func(d string) bool {
			return slices.Contains(seen, d)
		})
		if isDoubted && !shared {
			n++
			seen = append(seen, p.plan.Devices...)
		}
	}
	return n
}
