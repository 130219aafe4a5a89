package site

import (
	"fmt"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// limit is a condition and where it stands in the file.
type limit struct {
	detect.Condition
	key     string
	line    int
	subject string
}

// rule collects the limits of one point.
type rule struct {
	*section
	class   class
	spec    *detect.Spec // what the point leads to
	feeds   []feed
	limits  []limit
	derived bool             // the value is made, and recorded unless there is a limit
	flawed  bool             // a mistake has been told, so that having no limit means nothing
	unseen  bool             // the feeds have a mistake, so no quantity is known
	like    drivers.Quantity // while unseen, what the point probably measures
}

// conditions reads when the point leaves normal.
func (r *rule) conditions() []detect.Condition {
	record := r.record()
	r.normal()
	r.simple()
	r.rows()
	r.both()
	switch {
	case r.class.weighs:
		r.weigh(record)
	case !record && len(r.limits) == 0 && !r.flawed:
		r.usual()
	}
	r.delays(r.section, r.longest(record))
	r.checkOrder()
	r.modest()
	r.drift()
	var all []detect.Condition
	for _, l := range r.limits {
		all = append(all, r.supply(l.Condition))
	}
	for _, f := range r.feeds {
		q := f.channel.Quantity
		if !slices.ContainsFunc(all, func(d detect.Condition) bool { return d.Quantity == q }) {
			all = append(all, watch(q))
		}
	}
	return all
}

// record tells whether the point is only recorded.
func (r *rule) record() bool {
	_, given := r.strictest()
	quiet := r.derived && !given && !r.has("when") && len(r.feeds) == 1 &&
		r.feeds[0].channel.Quantity != drivers.Contact
	record := r.flag("record", quiet)
	if record && (given || r.has("when")) {
		r.wrong("record", "record = true and a limit; remove one of them")
	}
	return record
}

// strictest is the highest level of the short form, and whether there is any. Its delays are those
// of all, so the strictest bound holds.
func (r *rule) strictest() (detect.Level, bool) {
	highest, given := detect.PreAlarm, false
	for _, k := range limitKeys {
		if r.has(k.key) {
			highest, given = max(highest, k.level), true
		}
	}
	return highest, given
}

// limitKeys are the limits of the short form.
var limitKeys = []struct {
	key   string
	kind  detect.Kind
	level detect.Level
}{
	{"prealarm", detect.Above, detect.PreAlarm},
	{"alarm", detect.Above, detect.Alarm},
	{"alarm_high", detect.Above, detect.AlarmHigh},
	{"prealarm_below", detect.Below, detect.PreAlarm},
	{"alarm_below", detect.Below, detect.Alarm},
	{"alarm_high_below", detect.Below, detect.AlarmHigh},
	{"rise", detect.Rise, detect.Alarm},
}

// simple reads the limits that stand in the point itself.
func (r *rule) simple() {
	highest, _ := r.strictest()
	for _, k := range limitKeys {
		if _, ok := r.get(k.key); !ok {
			r.flawed = r.flawed || r.has(k.key)
			continue
		}
		f, ok := r.single(k.key)
		if !ok {
			r.flawed = true
			if len(r.feeds) > 1 {
				r.anyLimit(r.section, k.key, k.kind)
			}
			continue
		}
		r.add(r.section, k.key, k.kind, k.level, highest, f)
	}
	r.know(delayKeys...)
}

// single is the only measured input of the point, which the short form speaks of.
func (r *rule) single(key string) (feed, bool) {
	if len(r.feeds) > 1 {
		r.wrong(key, "%s is not clear with %d inputs; write a [[point.when]] with quantity", key,
			len(r.feeds))
		return feed{}, false
	}
	if r.feeds[0].channel.Quantity == drivers.Contact {
		r.wrong(key, "%s is not for a contact, which is normal or not; remove it", key)
		return feed{}, false
	}
	return r.feeds[0], true
}

// rows reads the [[point.when]] of a point.
func (r *rule) rows() {
	v, ok := r.get("when")
	if !ok {
		return
	}
	if v.kind != multiple {
		r.wrong("when", "when is %s; write a header [[point.when]]", kindNames[v.kind])
		r.flawed = true
		return
	}
	for i, t := range v.tables {
		if len(r.limits) >= maxLimits {
			r.c.wrong(t.line, r.subject, "more than %d limits; use two points", maxLimits)
			return
		}
		s := &section{c: r.c, t: t, subject: fmt.Sprintf("%s when %d", r.subject, i+1)}
		before := len(r.limits)
		r.row(s)
		s.finish()
		r.flawed = r.flawed || len(r.limits) == before
	}
}

func (r *rule) row(s *section) {
	level := detect.Alarm
	if word, ok := s.choice("level", levelNames()); ok {
		level, _ = levelByName(word)
	} else if s.has("level") {
		level = detect.PreAlarm // the mildest while it is unknown
	}
	f, ok := r.input(s)
	var found []int
	for i, k := range rowKeys {
		if s.know(k.key); s.has(k.key) {
			found = append(found, i)
		}
	}
	s.know(delayKeys...)
	if len(found) != 1 {
		r.c.wrong(s.t.line, s.subject,
			"it has %d of above, below, rise and active; write exactly one", len(found))
	}
	if len(found) == 1 && ok {
		k := rowKeys[found[0]]
		r.add(s, k.key, k.kind, level, level, f)
		return
	}
	for _, i := range found {
		r.anyLimit(s, rowKeys[i].key, rowKeys[i].kind)
	}
	r.delays(s, r.longestConfirm(level))
}

// rowKeys are the limits of the long form.
var rowKeys = []struct {
	key  string
	kind detect.Kind
}{
	{"above", detect.Above}, {"below", detect.Below},
	{"rise", detect.Rise}, {"active", detect.Active},
}

// input is the input that a row speaks of.
func (r *rule) input(s *section) (feed, bool) {
	if r.unseen {
		if word, ok := s.choice("quantity", quantityNames()); ok {
			r.like, _ = drivers.QuantityByName(word)
		}
		return feed{}, false
	}
	names := make([]string, len(r.feeds))
	for i, f := range r.feeds {
		names[i] = f.channel.Quantity.String()
	}
	if _, ok := s.get("quantity"); !ok && len(r.feeds) == 1 && !s.has("quantity") {
		return r.feeds[0], true
	}
	s.missing("quantity", oneOf(names))
	word, ok := s.choice("quantity", names)
	if !ok {
		return feed{}, false
	}
	return r.feeds[slices.Index(names, word)], true
}

// add reads one limit with all that belongs to it. The bound of its delay is that of strict.
func (r *rule) add(s *section, key string, kind detect.Kind, level, strict detect.Level, f feed) {
	l := limit{key: key, line: s.line(key), subject: s.subject, Condition: detect.Condition{
		Kind: kind, Quantity: f.channel.Quantity, Level: level,
	}}
	sound := r.threshold(s, &l, f)
	l.Confirm = r.confirm(s, strict, r.class.confirm)
	l.Release = r.release(s)
	if kind == detect.Rise {
		l.Window = r.window(s, max(l.Per, time.Minute))
	} else if s.has("window") && s != r.section {
		s.wrong("window", "window is only for rise; remove it")
	}
	if s.has("hysteresis") && kind != detect.Active {
		l.Hysteresis = r.hysteresis(s, f.channel.Quantity)
	}
	if !sound {
		r.flawed = true
		return
	}
	r.limits = append(r.limits, l)
}

// threshold reads the limit itself.
func (r *rule) threshold(s *section, l *limit, f feed) bool {
	q := f.channel.Quantity
	switch {
	case l.Kind == detect.Active && q != drivers.Contact:
		s.wrong(l.key, "active is only for a contact; write above = %q", q.Text(example(q)))
		return false
	case l.Kind == detect.Active:
		return s.flag(l.key, false) || r.inactive(s)
	case q == drivers.Contact:
		s.wrong(l.key, "%s is not for a contact; write active = true", l.key)
		return false
	case l.Kind == detect.Rise:
		return r.rate(s, l, f)
	}
	v, ok := s.measure(l.key, q)
	if !ok {
		return false
	}
	if ch := f.channel; ch.Min < ch.Max && (v < ch.Min || v > ch.Max) {
		s.wrong(l.key, "%s %q can never be measured by %s; write %s to %s", l.key, q.Text(v),
			f.from.name, q.Text(ch.Min), q.Text(ch.Max))
		return false
	}
	l.Limit, l.Hysteresis = v, r.deadband(f, v)
	return true
}

func (r *rule) inactive(s *section) bool {
	if v, ok := s.get("active"); ok && v.kind == boolean {
		s.wrong("active", "active = false never alarms; write active = true, "+
			"or turn the contact round in its [[sensor]]")
	}
	return false
}

func (r *rule) hysteresis(s *section, q drivers.Quantity) int64 {
	if s.told["hysteresis"] {
		return 0
	}
	v, ok := s.measure("hysteresis", q)
	if ok && v < 0 {
		s.wrong("hysteresis", "hysteresis is negative; write it without the sign")
	}
	return v
}

// usual gives the limits of the class to a point that has none of its own.
func (r *rule) usual() {
	for _, f := range r.feeds {
		q := f.channel.Quantity
		if len(r.class.quantities) > 0 && !slices.Contains(r.class.quantities, q) {
			r.wrong("from", "class %q is not for %s; choose another class, or give a limit",
				r.class.name, q)
			return
		}
		if q == drivers.Contact {
			r.contact()
			continue
		}
		for _, p := range r.class.limits {
			if p.Quantity == q {
				r.preset(p, f)
			}
		}
	}
	if len(r.limits) > 0 {
		return
	}
	q := r.feeds[0].channel.Quantity
	r.c.wrong(r.t.line, r.subject, "it has no limit, so it can never alarm; "+
		"write alarm = %q, or record = true", q.Text(example(q)))
}

// contact is the condition of a point whose input is a contact.
func (r *rule) contact() {
	r.limits = append(r.limits, limit{Condition: detect.Condition{
		Kind: detect.Active, Quantity: drivers.Contact, Level: detect.Alarm,
		Confirm: r.confirm(r.section, detect.Alarm, r.class.confirm), Release: r.release(r.section),
	}})
}

// preset adds a limit of the class.
func (r *rule) preset(c detect.Condition, f feed) {
	c.Hysteresis, c.Release = r.deadband(f, c.Limit), r.release(r.section)
	if c.Kind != detect.Dose {
		usual := c.Confirm
		if usual == 0 {
			usual = r.class.confirm
		}
		c.Confirm = r.confirm(r.section, detect.Alarm, usual)
	}
	r.limits = append(r.limits, limit{Condition: c})
}

// checkOrder finds limits that contradict each other.
func (r *rule) checkOrder() {
	for i, a := range r.limits {
		for _, b := range r.limits[:i] {
			if a.key == "" || b.key == "" || a.Quantity != b.Quantity {
				continue
			}
			if text := contradiction(b, a); text != "" {
				r.c.wrong(a.line, a.subject, "%s", text)
			}
		}
	}
}

// contradiction says what is wrong between two limits of one quantity; "" when nothing is.
func contradiction(a, b limit) string {
	if a.Kind == b.Kind && a.Level > b.Level {
		a, b = b, a
	}
	q := a.Quantity
	at := func(l limit) string { return fmt.Sprintf("%s %q", l.key, q.Text(l.Limit)) }
	switch {
	case a.Kind == b.Kind && a.Level == b.Level:
		return "" // or: two ways to the same level, such as a dose
	case a.Kind == detect.Above && b.Kind == detect.Above && a.Limit >= b.Limit:
		return fmt.Sprintf("%s of level %s is not below %s of level %s; exchange or correct them",
			at(a), a.Level, at(b), b.Level)
	case a.Kind == detect.Below && b.Kind == detect.Below && a.Limit <= b.Limit:
		return fmt.Sprintf("%s of level %s is not above %s of level %s; exchange or correct them",
			at(a), a.Level, at(b), b.Level)
	case a.Kind == detect.Below && b.Kind == detect.Above && a.Limit >= b.Limit,
		a.Kind == detect.Above && b.Kind == detect.Below && b.Limit >= a.Limit:
		return fmt.Sprintf("%s and %s leave no value that is normal; correct them", at(a), at(b))
	}
	return ""
}
