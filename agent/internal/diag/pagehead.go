package diag

import (
	"strconv"

	"github.com/firepost/firepost/agent/alarm"
)

// head is what is read from across the room: the word in both languages, where, since when, and
// what to do.
func (m *sheet) head() {
	v := &m.v
	m.add("<header id=\"state\" data-state=\"%s\">\n", v.State.Class)
	if v.Sim {
		m.tell("<p class=\"sim\">%s</p>\n", "SIMULATED: no real sensors|模拟运行：不连接真实传感器")
	}
	m.add(`<p class="site">%s <span class="time">%s</span></p>`+"\n", v.Site.Name,
		or(v.Time, m.w("time unknown|时间未知")))
	if v.ClockBad {
		m.tell("<p class=\"bad\">%s</p>\n", "The clock is not set.|时钟未校准。")
	}
	m.add("<h1>")
	first, second := v.State.Zh, v.State.En
	if !m.chinese {
		first, second = second, first
	}
	m.add(`<span>%s</span> <span class="also" lang="%s">%s</span></h1>`+"\n", first,
		m.w("zh-CN|en"), second)
	for _, where := range v.Where {
		m.add("<p class=\"place\">%s</p>\n", where)
	}
	if v.More > 0 {
		m.tell("<p class=\"place\">%s</p>\n", "_ more|另有 _ 处", strconv.Itoa(v.More))
	}
	m.since()
	if len(v.Signs) > 0 {
		m.add("<p class=\"signs\">")
		for _, s := range v.Signs {
			class := "sign"
			if s.Bad {
				class = "sign bad"
			}
			m.tag(class, m.say(s.Text))
		}
		m.add("</p>\n")
	}
	if do := m.say(v.State.Do); do != "" {
		m.add("<p class=\"do\">%s</p>\n", do)
	}
	m.headActs()
	if alone := m.say(v.Alone); alone != "" {
		m.add("<p class=\"alone\">%s</p>\n", alone)
	}
	m.add("</header>\n")
}

// since is how long it has been as bad as the word says, or how long an exercise still runs.
func (m *sheet) since() {
	v := &m.v
	said := saying{m.say(v.Stage)}
	switch {
	case v.Since != "":
		said.add(m.w("since _|自 _ 起", v.Since))
		said.add(m.w("for _|已持续 _", m.say(v.For)))
	case v.For.En != "":
		said.add(m.w("for _|已持续 _", m.say(v.For)))
	}
	if v.Left.En != "" {
		said.add(m.w(leftText, m.say(v.Left)))
	}
	if text := m.list(said...); text != "" {
		m.add("<p class=\"since\">%s</p>\n", text)
	}
}

// headActs are the buttons that an alarm asks for, in the order of their use.
func (m *sheet) headActs() {
	p := m.status.Panel
	if p == nil || !m.status.alive(m.now) {
		return
	}
	unseen, sounds := false, false
	for i := range p.Alarms {
		unseen = unseen || !p.Alarms[i].Acknowledged
		sounds = sounds || !p.Alarms[i].Silenced
	}
	if len(p.Alarms) == 0 && len(p.Faults) == 0 {
		return
	}
	m.add("<div class=\"acts\">\n")
	m.headAct(alarm.Acknowledge, "big", "Acknowledge|确认", unseen)
	m.headAct(alarm.Silence, "big", "Silence|消音", sounds || len(p.Faults) > 0)
	m.headAct(alarm.Reset, "big ask", "Reset|复位", len(p.Alarms) > 0)
	m.add("</div>\n")
}

// headAct is a button in the head. One with nothing to do stays where it is: the next one must not
// come under a finger that was on its way to this one.
func (m *sheet) headAct(a alarm.Action, class, words string, can bool) {
	switch {
	case can:
		m.act(a, class, words, "")
	case m.acting == ByPIN:
		m.tell(`<span class="order big"><button type="button" disabled>%s</button></span>`+"\n", words)
	}
}

// sound is what the browser of a person on duty plays: fire, alarm, call, fault or nothing.
func (m *sheet) sound() string {
	p := m.status.Panel
	switch {
	case !m.status.alive(m.now):
		return "fault"
	case len(p.Duties.Calls) > 0 && m.v.State.Class != alarms[alarm.Fire].Class:
		return "call"
	}
	sound := ""
	for i := range p.Alarms {
		a := &p.Alarms[i]
		switch {
		case a.Silenced:
		case a.Signal == alarm.Fire && stateOf(a).Class != prealarm.Class:
			return "fire"
		default:
			sound = "alarm"
		}
	}
	if sound == "" && len(p.Faults) > 0 && !p.Silenced {
		sound = "fault"
	}
	return sound
}
