package diag

import (
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// barLong is how many cells a bar has between its ends; valueWide is a value of most points.
const (
	barLong   = 10
	valueWide = 12
	barWide   = barLong + 2 + 10 // with its limit
)

// bar shows value as a part of limit, for eyes that have no time to read numbers.
func bar(value, limit int64) string {
	n := int(min(max(value, 0)*barLong/max(limit, 1), barLong))
	return "[" + "##########"[:n] + "----------"[n:] + "]"
}

// barOf is the bar of a channel below the limit at which it alarms; empty: its rule has none that a
// bar could show.
func barOf(c *alarm.ChannelState, conditions []detect.Condition) string {
	var best *detect.Condition
	for i := range conditions {
		f := &conditions[i]
		if f.Kind == detect.Above && f.Quantity == c.Quantity && f.Limit > 0 &&
			(best == nil || f.Level == detect.Alarm && best.Level != detect.Alarm) {
			best = f
		}
	}
	if best == nil || !c.Seen || c.Quality == point.Bad || max(c.Value, -c.Value) > 1<<52 {
		return ""
	}
	return bar(c.Value, best.Limit) + " " + c.Quantity.Text(best.Limit)
}

// value is what a channel reads, and why it is not to be believed.
func (t tongue) value(c *alarm.ChannelState) string {
	v := newValueView(*c)
	return t.list(t.say(v.Text), t.say(v.Note))
}

// points lists all points, those first that are not normal.
func (t *text) points(s *Status) {
	n := newNames(s)
	views, ids, names, states := make([]pointView, len(s.Panel.Points)), 0, 0, 0
	for i := range views {
		p := &s.Panel.Points[i]
		views[i] = newPointView(p, n)
		ids, states = max(ids, width(string(p.ID))), max(states, width(t.say(views[i].State)))
		names = max(names, width(p.Name))
	}
	used := len(plain) + ids + 2 + states + 2
	names = min(names, max(columns-used-2-valueWide-1-barWide, 0))
	for r := len(ranks) - 1; r >= 0; r-- {
		for i := range views {
			v, p := &views[i], &s.Panel.Points[i]
			if rank(v.Class) == r {
				head := ranks[r] + fit(string(p.ID), ids) + "  " + fit(t.say(v.State), states) + "  "
				if names > 0 {
					head += fit(clean(p.Name), names) + "  "
				}
				t.listed(head, p, v)
			}
		}
	}
}

// listed is a point in a list, behind a head that says which and how it is.
func (t *text) listed(head string, p *alarm.PointState, v *pointView) {
	room := columns - width(head)
	for i := range p.Channels {
		c := &p.Channels[i]
		value, bar := t.value(c), barOf(c, p.Conditions)
		if len(p.Channels) > 1 {
			value = c.Quantity.String() + " " + value
		}
		if spare := room - 1 - len(bar); bar != "" && spare >= width(value) {
			value = fit(value, max(width(value), min(valueWide, spare))) + " " + bar
		}
		t.line(head, value)
		head = strings.Repeat(" ", width(head))
	}
	if len(p.Channels) == 0 {
		t.line(head, "")
	}
	if p.Disabled > 0 {
		t.row(t.list(t.w(leftText, t.say(v.Left)), v.Reason))
	}
	t.row(t.list(t.say(v.Note), t.say(v.Life)))
}

// ranks are the marks of points, by how urgent they are.
var ranks = [...]string{plain, away, broken, danger}

func rank(class string) int {
	switch class {
	case normal.Class:
		return 0
	case disabled.Class, underTest.Class:
		return 1
	case fault.Class:
		return 2
	}
	return 3
}

// point tells all of one point.
func (t *text) point(s *Status, p *alarm.PointState) {
	v := newPointView(p, newNames(s))
	t.line(ranks[rank(v.Class)]+string(p.ID)+"  ", p.Name)
	t.entry(t.w("zone|分区"), v.Zone)
	t.entry(t.w("state|状态"), t.list(t.say(v.State), t.say(v.Note)))
	for i := range s.Panel.Alarms {
		if a := &s.Panel.Alarms[i]; a.Point == p.ID {
			by := ""
			if a.Acknowledged {
				by = t.who(a.By)
			}
			t.entry(t.w("alarm|报警"), t.list(string(a.ID), t.how(s.Panel, a), by))
		}
	}
	for i := range s.Panel.Faults {
		if f := &s.Panel.Faults[i]; f.Point == p.ID {
			k := alarm.Fault(f.Fault)
			t.entry(t.w("fault|故障"), t.w("_: _ _|_：__", string(f.Fault), t.say(k.Says), t.say(k.Do)))
		}
	}
	if p.Disabled > 0 {
		t.entry(t.w("disabled|屏蔽"), t.list(t.w(leftText, t.say(v.Left)), p.Reason, t.who(p.By)))
	}
	for i := range p.Channels {
		t.channel(&p.Channels[i], p, s.Panel.At)
	}
	for i := range p.Conditions {
		c := &p.Conditions[i]
		name := t.say(levels[c.Level])
		if c.Level == detect.Normal {
			name = t.say(fault.Text)
		}
		t.entry(name, t.condition(c))
	}
	life := t.say(v.Life)
	if p.Life.Known {
		life = t.w("_ days left|剩余 _ 天", strconv.Itoa(int(p.Life.Left)))
	}
	t.entry(t.w("life|寿命"), life)
	if p.Aborted > 0 {
		t.entry(t.w("brief|短时越限"), t.w("ended _ times before it counted|_ 次在确认时间内消失",
			strconv.FormatUint(p.Aborted, 10)))
	}
}

// channel tells of one measured value: what it is, what it was before calibration, and how old.
func (t *text) channel(c *alarm.ChannelState, p *alarm.PointState, at point.Instant) {
	said := saying{t.value(c)}
	if c.Seen && c.Quality != point.Bad && c.Raw != c.Value {
		said.add(t.w("raw _|校准前 _", c.Quantity.Text(c.Raw)))
	}
	if c.Quality == point.Good {
		said.add(t.w("good|有效"))
	}
	heard := t.w("never heard|从未收到")
	if c.Seen {
		heard = t.w("heard _ ago|_前收到", t.span(at.Sub(c.At)))
	}
	said.add(heard)
	t.entry(c.Quantity.String(), t.list(said...))
	t.entry("", barOf(c, p.Conditions))
}

// conditionTexts say when a point leaves normal, by the kind of its condition.
var conditionTexts = [...]string{
	detect.Active: "when active|动作时",
	detect.Above:  "from _ up|不低于 _",
	detect.Below:  "from _ down|不高于 _",
	detect.Rise:   "rises by _|升速达 _",
	detect.Over:   "_ above its own baseline|高于基线 _",
	detect.Dose:   "as a dose, from _ up|累积剂量，自 _ 起计",
}

// condition says when a point leaves normal.
func (t tongue) condition(c *detect.Condition) string {
	words := "_"
	if int(c.Kind) < len(conditionTexts) {
		words = conditionTexts[c.Kind]
	}
	said, lasts := "", ""
	if c.Kind == detect.Active {
		said = t.w(words)
	} else {
		said = t.w(words, c.Quantity.Text(c.Limit)+c.PerText())
	}
	if c.Confirm > 0 {
		lasts = t.w("for _|持续 _", t.confirm(c.Confirm))
	}
	return t.list(said, lasts)
}

// confirm is a span of which a part of a second counts.
func (t tongue) confirm(d time.Duration) string {
	if d < time.Second {
		return t.took(d)
	}
	return t.span(d)
}

// originTexts say from where somebody acted.
var originTexts = [...]string{
	alarm.Auto: "by itself|自动", alarm.Button: "at the box|面板操作", alarm.CLI: "by command|命令操作",
	alarm.Page: "on the page|页面操作", alarm.District: "by the district|平台操作",
}

// who says from where somebody acted, and who he is.
func (t tongue) who(by alarm.Origin) string {
	if by == (alarm.Origin{}) || int(by.Kind) >= len(originTexts) {
		return ""
	}
	from := t.w(originTexts[by.Kind])
	if by.Operator > 0 {
		return t.list(from, t.w("operator _|人员 _", strconv.Itoa(int(by.Operator))))
	}
	return from
}
