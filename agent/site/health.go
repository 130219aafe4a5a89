package site

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// The bounds and usual values of what prepares a reading.
const (
	usualStuck  = 24 * time.Hour
	usualJump   = 20_000  // m°C/s: no room and no cable heats so fast
	wholeGain   = 100_000 // m%
	leastGain   = 50_000
	mostGain    = 200_000
	gainToPPM   = 10
	mostYears   = 30
	daysOfYears = 1461 // of four
)

// onFault are what a point that cannot see may give.
var onFault = []struct {
	name  string
	level detect.Level
}{{"hold", detect.Normal}, {"supervisory", detect.Supervisory}, {"alarm", detect.Alarm}}

// health reads how the readings of the point are prepared, and what it gives when it has none.
func (r *rule) health(fed bool) {
	var words []string
	for _, o := range onFault {
		words = append(words, o.name)
	}
	word, _ := r.choice("on_fault", words)
	for _, o := range onFault {
		if o.name == word {
			r.spec.OnFault = o.level
		}
	}
	stuck := r.unless("stuck", "24 h", time.Hour, 30*24*time.Hour, usualStuck)
	warms := r.duration("warm_up", "3 min", 0, longestWarmUp(r.class.signal), r.class.warms)
	r.spec.WarmUp = r.class.warmUp
	if !fed {
		r.measure("gain", drivers.Share)
		r.anyLimit(r.section, "offset", detect.Above)
		r.jump(&detect.Channel{Quantity: r.like}, func(written string) (int64, error) {
			return parseAny(written, r.like)
		})
		return
	}
	for _, f := range r.feeds {
		q := f.channel.Quantity
		if q == drivers.Contact {
			continue
		}
		c := detect.Channel{
			Quantity: q, Min: f.channel.Min, Max: f.channel.Max, WarmUp: warms,
			BurnIn: r.class.burnIn,
		}
		if f.channel.Name == drivers.Temperature.String() {
			c.Jump = usualJump // a part that sees from afar sees a hot pan come into its view
		}
		if isNoisy(q) || r.has("stuck") {
			c.Stuck = stuck
		}
		r.spec.Channels = append(r.spec.Channels, c)
	}
	r.calibrate()
}

// isNoisy tells the quantities whose raw value never rests in a part that works. A count rests, and
// so do a level in whole millimetres and the oxygen of fresh air in tenths of a percent.
func isNoisy(q drivers.Quantity) bool {
	switch q {
	case drivers.Contact, drivers.Pulses, drivers.Count, drivers.Rain, drivers.Elapsed,
		drivers.Index, drivers.Charge, drivers.Flow, drivers.Wind,
		drivers.Level, drivers.Oxygen:
		return false
	}
	return true
}

// unless reads a time span that "off" switches off.
func (r *rule) unless(key, example string, least, most, usual time.Duration) time.Duration {
	if v, ok := r.get(key); ok && v.kind == text && v.text == "off" {
		return 0
	}
	return r.duration(key, example, least, most, usual)
}

// calibrate reads what speaks of the only measured input.
func (r *rule) calibrate() {
	all := r.spec.Channels
	if len(all) > 1 {
		for _, key := range []string{"gain", "offset", "jump"} {
			if _, ok := r.get(key); ok {
				r.wrong(key, "%s is not clear with %d inputs; write a [[point]] for each", key,
					len(all))
			}
		}
	}
	if len(all) != 1 {
		return
	}
	c := &all[0]
	if v, ok := r.measure("gain", drivers.Share); ok {
		if v < leastGain || v > mostGain {
			r.wrong("gain", "gain %q is no calibration; write %q to %q",
				drivers.Share.Text(v), drivers.Share.Text(leastGain), drivers.Share.Text(mostGain))
		}
		c.Gain = (v - wholeGain) * gainToPPM
	}
	if v, ok := r.measure("offset", c.Quantity); ok && r.isOffset(c, v) {
		c.Offset = v
	}
	r.jump(c, c.Quantity.Parse)
}

// jump reads how far the value can go in a second.
func (r *rule) jump(c *detect.Channel, parse func(string) (int64, error)) {
	like := c.Quantity.Text(example(c.Quantity)) + "/s"
	v, ok := r.get("jump")
	if ok && v.kind == text && v.text == "off" {
		c.Jump = 0
		return
	}
	written, ok := r.withUnit("jump", like)
	if !ok {
		return
	}
	bare, isRate := strings.CutSuffix(strings.TrimSpace(written), "/s")
	far, err := parse(bare)
	switch {
	case !isRate || err != nil:
		r.wrong("jump", "jump %q is no value a second; write it like %q", written, like)
	case far <= 0:
		r.wrong("jump", `jump must be above zero; write "off" for none`)
	default:
		c.Jump = far
	}
}

// life reads how long the sensor of the point can be trusted.
func (r *rule) life() alarm.Life {
	years := r.years()
	written, ok := r.text("installed", `"2026-03-01"`)
	if !ok {
		if years > 0 && !r.has("installed") {
			r.c.note(r.t.line, r.subject, "nobody is told when its sensor is too old; "+
				"write installed = \"YYYY-MM-DD\"")
		}
		return alarm.Life{Days: days(years)}
	}
	day, err := time.Parse(time.DateOnly, written)
	if err != nil || day.Year() < 2000 || day.Year() > 2100 {
		r.wrong("installed", `installed %q is no date; write it like "2026-03-01"`, written)
		return alarm.Life{}
	}
	if years == 0 && !r.has("life") {
		r.wrong("installed", `installed tells nothing without a life; write life = "5 y"`)
	}
	return alarm.Life{
		Installed: alarm.Date(day.Unix() / int64(24*time.Hour/time.Second)), Days: days(years),
	}
}

func (r *rule) years() int32 {
	written, ok := r.withUnit("life", "5 y")
	if !ok {
		return r.class.years
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(written), "y")))
	if err != nil || n < 1 || n > mostYears || !strings.HasSuffix(strings.TrimSpace(written), "y") {
		r.wrong("life", `life %q is no number of years; write it like "5 y", at most "%d y"`,
			written, mostYears)
		return r.class.years
	}
	return int32(n)
}

func days(years int32) int32 { return years * daysOfYears / 4 }

// pair reads the point that measures the same.
func (r *rule) pair() string {
	other, _ := r.text("pair", `"heat-2"`)
	return other
}

// pairs checks the pairs once all points are known.
func (c *checker) pairs() {
	for _, p := range c.points {
		if p.plan.Pair == "" {
			continue
		}
		line, subject := p.pairAt, fmt.Sprintf("point %q", p.plan.ID)
		other := c.findPoint(p.plan.Pair)
		switch {
		case other == nil:
			c.wrong(line, subject, "pair %q is no point of this file", p.plan.Pair)
		case other == p:
			c.wrong(line, subject, "pair is the point itself; write the id of the other")
		case other.plan.Pair != "" && other.plan.Pair != p.plan.ID:
			c.wrong(line, subject, "pair %q has another pair, %q; two points make a pair",
				p.plan.Pair, other.plan.Pair)
		case len(p.feeds) > 0 && len(other.feeds) > 0 && !measureTheSame(p, other):
			c.wrong(line, subject, "pair %q does not measure the same", p.plan.Pair)
		}
	}
}

func measureTheSame(a, b *watched) bool {
	for _, x := range a.plan.Spec.Channels {
		for _, y := range b.plan.Spec.Channels {
			if x.Quantity == y.Quantity && x.Min < x.Max {
				return true
			}
		}
	}
	return false
}

// both tells of a profile beside limits, which would not count.
func (r *rule) both() {
	for _, key := range []string{"profile", "normal"} {
		if r.has(key) && slices.Contains(r.known, key) && len(r.limits) > 0 {
			r.wrong(key, "%s and a limit; the limit replaces what %s gives, so remove one of them",
				key, key)
		}
	}
}

// modest lowers what a part that only indicates may raise.
func (r *rule) modest() {
	most := r.class.most
	if most == 0 {
		return
	}
	if r.flag("may_alarm", false) {
		r.c.odd(r.line("may_alarm"), r.subject, "may_alarm = true: this part cannot tell how much "+
			"gas there is, so expect alarms without cause; add a detector of class gas")
		return
	}
	for i := range r.limits {
		l := &r.limits[i]
		if l.Level > most && l.key != "" && l.key != "active" {
			r.c.wrong(l.line, l.subject, "%s: this part only indicates, so it may only warn; "+
				"write prealarm, or may_alarm = true", l.key)
		}
		l.Level = min(l.Level, most)
	}
}

// supply makes of an alarm of a supply the fault that it is.
func (r *rule) supply(c detect.Condition) detect.Condition {
	if !r.class.supplies || c.Level < detect.Alarm {
		return c
	}
	switch c.Kind {
	case detect.Active:
		c.Level, c.Fault = detect.Normal, detect.MainsLost
	case detect.Below:
		c.Level, c.Fault = detect.Normal, detect.BatteryLow
	}
	return c
}
