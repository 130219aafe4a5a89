package site

import (
	"fmt"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// user is a part of the file and where it hangs.
type user struct {
	place
	what    string // such as `sensor "kitchen-air"`
	line    int
	model   string
	options map[string]string
}

func (c *checker) users() []user {
	var all []user
	for _, s := range c.sensors {
		all = append(all, user{
			s.place, fmt.Sprintf("sensor %q", s.name), s.line, s.model, s.options,
		})
	}
	for _, o := range c.outputs {
		all = append(all, user{
			o.place, fmt.Sprintf("output %q", o.plan.ID), o.line, o.model, o.options,
		})
	}
	return all
}

// wiring finds two parts in one place.
func (c *checker) wiring() {
	users := c.users()
	for i, b := range users {
		for _, a := range users[:i] {
			if text := clash(a, b); text != "" {
				c.wrong(b.line, b.what, "%s", text)
				break
			}
		}
	}
}

// clash says why two parts cannot be where they are; "" when they can.
func clash(a, b user) string {
	line, isLine := strings.CutPrefix(b.bus, "line:")
	switch {
	case b.bus == "" || a.bus != b.bus:
		return ""
	case isLine:
		return fmt.Sprintf("line %q is already used by %s on line %d of this file; "+
			"give each its own", line, a.what, a.line)
	case a.chip != b.chip:
		return ""
	}
	input, shares := b.options[inputOption]
	_, other := a.options[inputOption]
	switch {
	case a.model != b.model && !(shares && other):
		return fmt.Sprintf("%s is already %s of model %q on line %d; correct the address of one",
			b.chip, a.what, a.model, a.line)
	case shares && other && a.options[inputOption] == input:
		return fmt.Sprintf("input %s of %s is already %s on line %d; give each its own",
			input, b.chip, a.what, a.line)
	case !shares:
		return fmt.Sprintf("it is the same part as %s on line %d; remove one, "+
			"for a sensor may feed many points", a.what, a.line)
	}
	return ""
}

// inputOption is the option of models that share a converter: each takes an input of it.
const inputOption = "channel"

// slow is how rarely a part may be read that life depends on, before it is worth a word.
const slow = 10 * time.Second

// warn looks for what is allowed and probably not meant.
func (c *checker) warn() {
	c.warnSensors()
	c.warnEffects()
	c.warnModes()
	c.noteCallPoints()
	for _, p := range c.points {
		s := p.plan.Signal
		subject := fmt.Sprintf("point %q", p.plan.ID)
		if isLifeSafety(s) && !p.plan.Latch && alarms(p) {
			c.odd(p.line, subject, "latch = false: a %s alarm that ends by itself leaves no trace "+
				"on the panel; write latch = true unless that is meant", s)
		}
		for _, f := range p.feeds {
			if isLifeSafety(s) && f.from.period > slow {
				c.odd(p.line, subject, "sensor %q is read only every %s; write period = %q or less",
					f.from.name, durationText(f.from.period), durationText(slow))
			}
		}
	}
}

// noteCallPoints names the call points whose line nobody supervises: a cut one looks like one that
// nobody has pressed.
func (c *checker) noteCallPoints() {
	for _, p := range c.points {
		for _, f := range p.feeds {
			if p.class == callPoint && f.from.model == "contact" {
				c.note(p.line, fmt.Sprintf("point %q", p.plan.ID), "unsupervised: a cut line "+
					"looks like a call point at rest; put a resistor at its end and read it "+
					"with model %q", "eol-loop")
			}
		}
	}
}

func (c *checker) warnSensors() {
	for _, s := range c.sensors {
		if len(s.feeds) == 0 {
			c.odd(s.line, fmt.Sprintf("sensor %q", s.name),
				"no point uses it, so nobody hears of it; write a [[point]] with from = %q", s.name)
		}
	}
}

// alarms tells whether a point can reach an alarm.
func alarms(p *watched) bool { return highest(p.plan) >= detect.Alarm }

// highest is how far a point can get from normal.
func highest(p alarm.PointPlan) detect.Level {
	level := detect.Normal
	for _, d := range p.Spec.Conditions {
		level = max(level, d.Level)
	}
	if len(p.Spec.Fire) > 0 {
		level = max(level, detect.Alarm)
	}
	return level
}
