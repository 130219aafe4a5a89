package site

import (
	"fmt"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// longestGap is how far two readings may be apart for the time between them to count as burn-in.
const longestGap = time.Minute

func burnsIn(p *watched) bool {
	return slices.ContainsFunc(p.plan.Spec.Channels, func(c detect.Channel) bool {
		return c.BurnIn > 0
	})
}

// slow is how rarely a part may be read that life depends on, before it is worth a word.
const slow = 10 * time.Second

// warn looks for what is allowed and probably not meant.
func (c *checker) warn() {
	c.warnSensors()
	c.warnBusNames()
	c.warnEffects()
	c.warnModes()
	c.warnPage()
	c.noteUnsupervised()
	for _, p := range c.points {
		s := p.plan.Signal
		subject := fmt.Sprintf("point %q", p.plan.ID)
		if s.IsLifeSafety() && !p.plan.Latch && alarms(p) {
			c.odd(p.line, subject, "latch = false: a %s alarm that ends by itself leaves no trace "+
				"on the panel; write latch = true unless that is meant", s)
		}
		for _, f := range p.feeds {
			if s.IsLifeSafety() && f.from.period > slow {
				c.odd(p.line, subject, "sensor %q is read only every %s; write period = %q or less",
					f.from.name, durationText(f.from.period), durationText(slow))
			}
			if s.IsLifeSafety() && f.from.period > longestGap && burnsIn(p) {
				c.odd(p.line, subject, "sensor %q is read so rarely that its burn-in never ends, and "+
					"until then it only warns; write period = %q or less", f.from.name,
					durationText(slow))
			}
		}
	}
}

// noteUnsupervised names the points of life safety whose line nobody supervises: a cut one looks
// like one on which nothing has happened.
func (c *checker) noteUnsupervised() {
	var named []*watched
	for _, p := range c.points {
		if p.plan.Signal.IsLifeSafety() && slices.ContainsFunc(p.feeds, feed.isBlindToACut) {
			named = append(named, p)
		}
	}
	if len(named) == 0 {
		return
	}
	c.note(named[0].line, "", "unsupervised: a cut line looks like all is well at %s; put a "+
		"resistor at its end and read it with model %q, or use a contact that opens, with "+
		"pull = \"up\" and abnormal = \"high\"", quoted(named), "eol-loop")
}

// isBlindToACut tells whether a contact is read as if all were well when its line is cut: one that
// the line's own pull does not make abnormal.
func (f feed) isBlindToACut() bool {
	o := f.from.options
	switch f.from.model {
	case "contact":
		opens := o["pull"] == "up" && o["abnormal"] == "high"
		return !opens && (o["pull"] != "down" || o["abnormal"] == "high")
	case "mcp23017", "pcf8574":
		return f.channel.Quantity == drivers.Contact && o["abnormal_high"] == ""
	}
	return false
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
