package diag

import (
	"slices"
	"strconv"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
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
	return "[" + strings.Repeat("#", n) + strings.Repeat("-", barLong-n) + "]"
}

// barOf is the bar of a channel below the limit at which it alarms; empty: its rule has none that a
// bar could show.
func barOf(c *alarm.ChannelState, conditions []detect.Condition) string {
	var best *detect.Condition
	for i := range conditions {
		f := &conditions[i]
		if f.Kind != detect.Above || f.Quantity != c.Quantity || f.Limit <= 0 {
			continue
		}
		isAlarm := f.Level == detect.Alarm
		if best == nil || isAlarm && best.Level != detect.Alarm {
			best = f
		}
	}
	if best == nil || !c.Seen || c.Quality == point.Bad || max(c.Value, -c.Value) > 1<<52 {
		return ""
	}
	return bar(c.Value, best.Limit) + " " + c.Quantity.Text(best.Limit)
}

// value is what a channel reads, and why it is not to be believed.
func (t *text) value(c *alarm.ChannelState) string {
	v := newValueView(*c)
	if v.Text != "" && c.Quantity == drivers.Contact {
		v.Text = t.say(contactText(c.Value))
	}
	return t.list(v.Text, t.say(v.Note))
}

// points lists all points, those first that are not normal.
func (t *text) points(s *Status) {
	n := newNames(s)
	all := make([]*alarm.PointState, len(s.Panel.Points))
	views, ids, names, states := map[point.ID]pointView{}, 0, 0, 0
	for i := range s.Panel.Points {
		p := &s.Panel.Points[i]
		v := newPointView(p, n)
		all[i], views[p.ID] = p, v
		ids, states = max(ids, width(string(p.ID))), max(states, width(t.say(v.State)))
		names = max(names, width(p.Name))
	}
	slices.SortStableFunc(all, func(a, b *alarm.PointState) int {
		return rank(views[b.ID].Class) - rank(views[a.ID].Class)
	})
	used := len(plain) + ids + 2 + states + 2
	names = min(names, max(columns-used-2-valueWide-1-barWide, 0))
	for _, p := range all {
		v := views[p.ID]
		head := markOf(v.Class) + fit(string(p.ID), ids) + "  " + fit(t.say(v.State), states) + "  "
		if names > 0 {
			head += fit(clean(p.Name), names) + "  "
		}
		for i := range p.Channels {
			c := &p.Channels[i]
			value, bar := t.value(c), barOf(c, p.Conditions)
			if len(p.Channels) > 1 {
				value = c.Quantity.String() + " " + value
			}
			if room := columns - width(head); width(bar) > 0 && room >= width(value)+1+width(bar) {
				value = fit(value, max(width(value), min(valueWide, room-width(bar)-1))) + " " + bar
			}
			t.line(head, value)
			head = strings.Repeat(" ", width(head))
		}
		if len(p.Channels) == 0 {
			t.line(head, "")
		}
		if v.Left.En != "" {
			t.line("    ", t.list(t.pick(v.Left.En+" left", "剩余 "+v.Left.Zh), v.Reason))
		}
		if said := t.list(t.say(v.Note), t.say(v.Life)); said != "" {
			t.line("    ", said)
		}
	}
}

// rank orders points: what is normal comes last.
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

func markOf(class string) string {
	return []string{plain, away, broken, danger}[rank(class)]
}

// point tells all of one point.
func (t *text) point(s *Status, p *alarm.PointState) {
	v := newPointView(p, newNames(s))
	t.line(markOf(v.Class)+string(p.ID)+"  ", p.Name)
	row := func(en, zh, said string) {
		if said != "" {
			t.line("    "+fit(t.pick(en, zh), 14)+"  ", said)
		}
	}
	row("zone", "分区", v.Zone)
	row("state", "状态", t.list(t.say(v.State), t.say(v.Note)))
	for i := range s.Panel.Alarms {
		if a := &s.Panel.Alarms[i]; a.Point == p.ID {
			row("alarm", "报警", t.alarmOf(s, a))
		}
	}
	for i := range s.Panel.Faults {
		if f := &s.Panel.Faults[i]; f.Point == p.ID {
			k := alarm.Fault(f.Fault)
			row("fault", "故障", string(f.Fault)+t.pick(": ", "：")+t.say(k.Says)+t.pick(" ", "")+
				t.say(k.Do))
		}
	}
	if v.Left.En != "" {
		row("disabled", "屏蔽", t.list(t.pick(v.Left.En+" left", "剩余 "+v.Left.Zh), p.Reason,
			t.who(p.By)))
	}
	for i := range p.Channels {
		t.channel(&p.Channels[i], p, s.Panel.At)
	}
	for _, c := range p.Conditions {
		t.line("    "+fit(t.conditionName(c), 14)+"  ", t.condition(c))
	}
	switch {
	case p.Life.Known:
		days := strconv.Itoa(int(p.Life.Left))
		row("life", "寿命", t.pick(days+" days left", "剩余 "+days+" 天"))
	case p.Life.Watched:
		row("life", "寿命", t.say(lifeWaits))
	}
	if p.Aborted > 0 {
		n := strconv.FormatUint(p.Aborted, 10)
		row("brief", "短时越限", t.pick("ended "+n+" times before it counted",
			n+" 次在确认时间内消失"))
	}
}

// alarmOf tells of the alarm of a point in one line.
func (t *text) alarmOf(s *Status, a *alarm.AlarmState) string {
	said := []string{string(a.ID), t.lasting(span(s.Panel.At.Sub(a.Reached)))}
	if !a.Active {
		said = append(said, t.say(notActive))
	}
	if a.Acknowledged {
		said = append(said, t.say(acked), t.who(a.By))
	}
	if a.Silenced {
		said = append(said, t.say(hushed))
	}
	return t.list(said...)
}

// channel tells of one measured value: what it is, what it was before calibration, and how old.
func (t *text) channel(c *alarm.ChannelState, p *alarm.PointState, at point.Instant) {
	said := []string{t.value(c)}
	if c.Seen && c.Quality != point.Bad && c.Raw != c.Value {
		said = append(said, t.pick("raw ", "校准前 ")+c.Quantity.Text(c.Raw))
	}
	if c.Quality == point.Good {
		said = append(said, t.pick("good", "有效"))
	}
	if c.Seen {
		ago := span(at.Sub(c.At))
		said = append(said, t.pick("heard "+ago.En+" ago", ago.Zh+"前收到"))
	} else {
		said = append(said, t.pick("never heard", "从未收到"))
	}
	head := "    " + fit(c.Quantity.String(), 14) + "  "
	t.line(head, t.list(said...))
	if b := barOf(c, p.Conditions); b != "" {
		t.line(strings.Repeat(" ", width(head)), b)
	}
}

// conditionName is the level that a condition gives.
func (t *text) conditionName(c detect.Condition) string {
	if c.Level == detect.Normal {
		return t.say(fault.Text)
	}
	return t.say(levels[c.Level])
}

// condition says when a point leaves normal.
func (t *text) condition(c detect.Condition) string {
	limit := c.Quantity.Text(c.Limit) + c.PerText()
	said := limit
	switch c.Kind {
	case detect.Active:
		said = t.pick("when active", "动作时")
	case detect.Above:
		said = t.pick("from "+limit+" up", "不低于 "+limit)
	case detect.Below:
		said = t.pick("from "+limit+" down", "不高于 "+limit)
	case detect.Rise:
		said = t.pick("rises by "+limit, "升速达 "+limit)
	case detect.Over:
		said = t.pick(limit+" above its own baseline", "高于基线 "+limit)
	case detect.Dose:
		said = t.pick("as a dose, from "+limit+" up", "累积剂量，自 "+limit+" 起计")
	}
	if c.Confirm > 0 {
		d := span(c.Confirm)
		said = t.list(said, t.pick("for "+d.En, "持续 "+d.Zh))
	}
	return said
}

// who says from where somebody acted, and who he is.
func (t *text) who(by alarm.Origin) string {
	if by == (alarm.Origin{}) {
		return ""
	}
	from := t.say(origins[by.Kind])
	if by.Operator > 0 {
		n := strconv.Itoa(int(by.Operator))
		from += t.pick(", operator "+n, "，人员 "+n)
	}
	return from
}

// origins say from where somebody acted.
var origins = map[alarm.OriginKind]alarm.Text{
	alarm.Auto: {En: "by itself", Zh: "自动"}, alarm.Button: {En: "at the box", Zh: "面板操作"},
	alarm.CLI: {En: "by command", Zh: "命令操作"}, alarm.Page: {En: "on the page", Zh: "页面操作"},
	alarm.District: {En: "by the district", Zh: "平台操作"},
}
