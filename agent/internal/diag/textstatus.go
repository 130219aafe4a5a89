package diag

import (
	"slices"
	"strconv"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
)

// The words that only a terminal shows.
var (
	simText   = alarm.Text{En: "SIMULATED", Zh: "模拟 SIMULATED"}
	noTime    = alarm.Text{En: "time unknown", Zh: "时间未知"}
	badClock  = alarm.Text{En: "clock not set", Zh: "时钟未校准"}
	notActive = alarm.Text{En: "cause gone, waits for a reset", Zh: "条件已消失，待复位"}
	hushed    = alarm.Text{En: "silenced", Zh: "已消音"}
	acked     = alarm.Text{En: "acknowledged", Zh: "已确认"}
	restored  = alarm.Text{En: "from before a restart", Zh: "重启前的报警"}
	rejected  = alarm.Text{
		En: "The newest site file is not in use:", Zh: "最新的站点配置文件未启用："}
)

// status is the whole site: what is urgent first, so that a small screen shows it.
func (t *text) status(s *Status, v *view) {
	t.head(v)
	if s.Panel != nil {
		if st, left, runs := exercise(s.Panel); runs {
			l := span(left)
			t.line("", t.say(st.Text)+t.pick(": at most another "+l.En, "：剩余 "+l.Zh))
		}
		for i := range v.Alarms {
			t.alarm(&s.Panel.Alarms[i], &v.Alarms[i], v.State)
		}
		for i := range v.Faults {
			t.fault(&s.Panel.Faults[i], &v.Faults[i])
		}
	}
	t.duties(v.Duties)
	if s.Site.Rejected != "" {
		t.line(broken, t.say(rejected))
		for l := range strings.SplitSeq(s.Site.Rejected, "\n") {
			t.line("    ", l)
		}
	}
	t.district(v)
	if s.Panel != nil {
		t.outputs(s.Panel.Outputs, v.Outputs)
		t.points(s)
	}
}

// head says how it is, where, and what to do.
func (t *text) head(v *view) {
	when := or(v.Time, t.say(noTime))
	if v.ClockBad {
		when = t.list(when, t.say(badClock))
	}
	parts := []string{t.say(v.State.Text), v.Site.Name, when}
	if v.Sim {
		parts = append(parts, t.say(simText))
	}
	t.line("", strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "  "))
	if v.State.Do.En != "" {
		t.line("", t.say(v.State.Do))
	}
	var signs []string
	for _, s := range v.Signs {
		signs = append(signs, t.say(s.Text))
	}
	if v.Alone.En != "" {
		signs = append(signs, t.say(v.Alone))
	}
	if len(signs) > 0 {
		t.line("", strings.Join(signs, " | "))
	}
}

// lasting says for how long something has been so.
func (t *text) lasting(d alarm.Text) string { return t.pick("for "+d.En, "已持续 "+d.Zh) }

// since says how long ago something began.
func (t *text) since(d alarm.Text) string {
	if d.En == "" {
		return ""
	}
	return t.pick("first seen "+d.En+" ago", d.Zh+"前首次发现")
}

// alarm tells of one alarm: what and where, since when, why, and what to do if the head does not
// say that.
func (t *text) alarm(a *alarm.AlarmState, v *alarmView, head state) {
	said := []string{v.Zone + " " + v.Point, t.say(v.Stage), t.lasting(v.For), t.since(v.Before)}
	for _, m := range []struct {
		so bool
		alarm.Text
	}{
		{!v.Active, notActive}, {v.Acknowledged, acked}, {v.Silenced, hushed},
		{v.Restored, restored},
	} {
		if m.so {
			said = append(said, t.say(m.Text))
		}
	}
	t.line(danger+t.say(v.State.Text)+"  "+string(a.Point)+"  ", t.list(said...))
	if v.Waits.En != "" {
		t.line("    ", t.list(t.say(v.Waits), t.pick("in "+v.Left.En, "剩余 "+v.Left.Zh)))
	}
	for _, why := range v.Why {
		level := t.say(why.Level)
		if level != "" {
			level += t.pick(": ", "：")
		}
		t.line("    ", level+t.pick(why.Value+" reached the limit of "+why.Limit,
			"触发值 "+why.Value+"，限值 "+why.Limit))
	}
	if v.State.Class != head.Class && v.State.Do.En != "" {
		t.line("    ", t.say(v.State.Do))
	}
}

// fault tells of one fault, and what to do.
func (t *text) fault(f *alarm.FaultState, v *faultView) {
	head := broken + t.say(fault.Text) + "  "
	if f.Point != "" {
		head += string(f.Point) + "  "
	}
	says := t.say(v.Kind.Says)
	if names := strings.Join(v.Names, t.pick(", ", "、")); names != "" {
		says = names + t.pick(": ", "：") + says
	}
	t.line(head, says+t.pick(" ", "")+t.say(v.Kind.Do))
	code := string(f.Fault)
	if f.Detail != "" {
		code += ": " + f.Detail
	}
	t.line("    ", t.list(code, t.lasting(v.For)))
}

// duties are what people are asked and have to do.
func (t *text) duties(all []dutyView) {
	for i := range all {
		d := &all[i]
		mark := plain
		if d.Class == "fault" || d.Class == "prealarm" {
			mark = todo
		}
		head := mark + t.say(d.Name) + "  "
		if d.ID != "" {
			head += d.ID + "  "
		}
		of := d.Of
		if of == d.ID {
			of = ""
		}
		t.line(head, t.list(of, t.say(d.State), t.say(d.Note)))
	}
}

// district says what reaches the district and what waits for it.
func (t *text) district(v *view) {
	mark, said := plain, []string{}
	switch {
	case v.Link.Connected:
		said = append(said, t.pick("connected to ", "已连接 ")+v.Link.Broker, t.say(v.Link.For))
	case v.Link.Broker != "":
		mark = broken
		said = append(said, t.pick("not connected to ", "未连接 ")+v.Link.Broker, t.say(v.Link.For),
			t.say(v.Link.Why))
	default:
		said = append(said, t.bare(v.Identity.Word))
	}
	if v.Identity.Err != "" {
		mark, said = broken, append(said, v.Identity.Err)
	}
	var held []string
	for _, l := range v.Lanes {
		lane := t.say(l.Word) + " " + strconv.FormatUint(l.Held, 10)
		if l.Dropped > 0 {
			n := strconv.FormatUint(l.Dropped, 10)
			lane += t.pick(" ("+n+" dropped)", "（已丢弃 "+n+"）")
		}
		held = append(held, lane)
	}
	if len(held) > 0 {
		said = append(said, t.pick("waiting: ", "待发：")+t.list(held...))
	}
	if v.Outbox.MemoryOnly {
		mark, said = broken, append(said, t.pick("kept in memory only", "仅存于内存"))
	}
	if v.Outbox.Err != "" {
		mark, said = broken, append(said, t.pick("disk: ", "磁盘：")+v.Outbox.Err)
	}
	t.line(mark+t.pick("District", "区域平台")+"  ", t.list(said...))
	if !v.Link.Connected && v.Link.Err != "" {
		t.line("    ", strings.TrimRight(fit(clean(v.Link.Err), columns-4), " "))
	}
}

// outputs lists the outputs with what they do.
func (t *text) outputs(all []alarm.OutputState, views []outputView) {
	ids, states := 0, 0
	for i := range views {
		ids, states = max(ids, width(string(all[i].ID))), max(states, width(t.say(views[i].State)))
	}
	for i := range views {
		v := &views[i]
		mark := plain
		switch {
		case strings.HasSuffix(v.Class, "fault"):
			mark = broken
		case v.Class != "state":
			mark = todo
		}
		name := v.Name
		if name == string(all[i].ID) {
			name = ""
		}
		t.line(mark+fit(string(all[i].ID), ids)+"  "+fit(t.say(v.State), states)+"  ",
			t.list(name, t.bare(v.Note), v.Err))
	}
}
