package diag

import (
	"strconv"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// duty is what the person on duty must know and do now, the most urgent first.
func (m *sheet) duty() {
	p := m.status.Panel
	if p == nil {
		m.tell("<p>%s</p>\n", "The panel is starting.|系统启动中。")
		return
	}
	m.glance()
	m.alarms()
	m.asked(&p.Duties)
	m.faults()
	m.owed()
	if m.v.Site.Rejected != "" {
		m.tell("<h3>%s</h3>\n", "The newest site file is not in use|最新的站点配置文件未启用")
		m.add("<pre>%s</pre>\n", m.v.Site.Rejected)
	}
	m.offer(m.status.Site.Offer)
}

// offer tells of a site file of the district that waits for a person, or is on trial.
func (m *sheet) offer(o *SiteOffer) {
	switch {
	case o == nil:
		return
	case o.Trial:
		m.tell("<p>%s</p>\n", "A site file of the district is on trial.|区域平台下发的现场配置正在试运行。")
		return
	}
	m.tell("<h3>%s</h3>\n",
		"A site file of the district waits for a person of level 3|区域平台下发的现场配置等待三级人员确认")
	m.add("<ul>\n")
	for _, w := range o.Weakens {
		m.add("<li>%s</li>\n", m.say(w))
	}
	m.add("</ul>\n<p><code>firepost site accept %s</code></p>\n", o.Hash)
}

// glance counts what is watched and what is not.
func (m *sheet) glance() {
	p, out, blind := m.status.Panel, 0, 0
	for i := range p.Points {
		switch {
		case p.Points[i].Disabled > 0 || p.Points[i].Testing:
			out++
		case p.Points[i].Finding.Fault != "":
			blind++
		}
	}
	m.add("<ul class=\"glance\">\n")
	m.figure("", len(p.Points)-out-blind, "Points watched|监视中")
	m.figure("fault", blind, "Without a value|无有效数据")
	m.figure("disabled", out, "Disabled or under test|屏蔽或测试中")
	m.figure("fault", len(p.Faults), "Faults|故障")
	class, said := "", "District connected|平台已连接"
	switch {
	case m.v.Alone.En != "":
		class, said = "fault", "Nobody outside is told|外部收不到报警"
	case !m.v.Link.Connected:
		class, said = "fault", "District not connected|平台未连接"
	}
	m.add("<li class=\"%s\">%s</li>\n</ul>\n", class, m.w(said))
}

// figure is one number of the glance; of what should be 0 the class colours anything else.
func (m *sheet) figure(class string, n int, words string) {
	if n == 0 || class == "" {
		class = ""
		if n == 0 {
			class = "none"
		}
	}
	m.add("<li class=\"%s\">%s <b>%s</b></li>\n", class, m.w(words), strconv.Itoa(n))
}

// alarms lists the alarms, and for each that is not of the state in the head what to do.
func (m *sheet) alarms() {
	p := m.status.Panel
	if len(p.Alarms) == 0 {
		return
	}
	m.tell("<h3>%s</h3>\n<ul class=\"cards\">\n", "Alarms|报警")
	for i := range m.v.Alarms {
		a, v := &p.Alarms[i], &m.v.Alarms[i]
		m.add("<li data-key=\"%s\" data-state=\"%s\">\n<strong>%s · %s</strong>\n", string(a.ID),
			v.State.Class, m.say(v.State.Text), v.Point)
		m.add("<span>%s</span>\n", m.list(v.Zone, m.say(v.Stage), m.how(p, a)))
		if a.Phase != alarm.NotHeld {
			m.add("<strong>%s</strong>\n", m.list(m.say(v.Waits), m.w(leftText, m.say(v.Left))))
		}
		for k := range v.Why {
			m.why(&v.Why[k])
		}
		for _, value := range v.Now {
			m.add("<span>%s <b>%s</b> %s</span>\n", m.w("now|当前"), m.say(value.Text),
				m.say(value.Note))
		}
		if v.State.Class != m.v.State.Class {
			m.add("<span class=\"todo\">%s</span>\n", m.say(v.State.Do))
		}
		if a.Restored {
			m.add("<span>%s</span>\n", m.w(restoredText))
		}
		if !a.Acknowledged {
			m.act(alarm.Acknowledge, "", "Acknowledge|确认", v.Point, "point", string(a.Point))
		}
		m.add("</li>\n")
	}
	m.add("</ul>\n")
}

func (m *sheet) why(w *whyView) {
	m.add("<span>")
	if level := m.say(w.Level); level != "" {
		m.add("%s: ", level)
	}
	if w.Part != "" {
		m.add("%s</span>\n", m.reason(w))
		return
	}
	m.add("%s <b>%s</b>, %s %s</span>\n", m.w("reached|触发值"), w.Value, m.w("limit|限值"), w.Limit)
}

// faults lists what is wrong with the system itself.
func (m *sheet) faults() {
	if len(m.v.Faults) == 0 {
		return
	}
	m.tell("<h3>%s</h3>\n<ul class=\"cards\">\n", "Faults|故障")
	for i := range m.v.Faults {
		f := &m.v.Faults[i]
		m.add("<li data-state=\"fault\" data-key=\"%s\">\n", string(f.Kind.Code)+" "+f.Point)
		m.tag("where", m.list(append([]string{f.Point}, f.Names...)...))
		m.add("<strong>%s</strong>\n<span>%s</span>\n", m.say(f.Kind.Says), m.say(f.Kind.Do))
		m.tell("<span class=\"small\">%s</span>\n", "for _|已持续 _", m.say(f.For))
		code := string(f.Kind.Code)
		if f.Detail != "" {
			code += " · " + f.Detail
		}
		m.raw(code)
		m.add("</li>\n")
	}
	m.add("</ul>\n")
}

// asked are the calls that wait for an answer and the incidents that wait for a person.
func (m *sheet) asked(d *alarm.Duties) {
	if len(d.Calls)+len(d.Incidents) == 0 {
		return
	}
	m.tell("<h3>%s</h3>\n<ul class=\"cards\">\n", "Asked of you|等待处置")
	for i := range d.Calls {
		v := callView(&d.Calls[i])
		m.add("<li data-state=\"prealarm\" data-key=\"%s\">\n<strong>%s · %s</strong>\n", v.ID,
			m.say(v.Name), m.say(v.State))
		m.tag("where", v.Of)
		m.add("<span>%s</span>\n", m.say(v.Note))
		m.act(alarm.Answer, "big", "Answer: I am here|应答：在岗", v.ID, "id", v.ID)
		m.add("</li>\n")
	}
	for i := range d.Incidents {
		m.incident(&d.Incidents[i])
	}
	m.add("</ul>\n")
}

// incident is one incident with the step that comes next.
func (m *sheet) incident(in *alarm.Incident) {
	v := incidentView(in)
	m.add("<li data-state=\"%s\" data-key=\"%s\">\n<strong>%s · %s</strong>\n", v.Class, v.ID,
		m.say(v.Name), m.say(v.State))
	m.add("<span class=\"small\">%s</span>\n", m.list(v.ID, m.w("for _|已持续 _", m.span(in.Age)),
		m.say(v.Note)))
	id := string(in.ID)
	switch {
	case !in.Accept.Done:
		m.act(alarm.Accept, "big", "Accept|接警", id, "alarm", id)
	case !in.Arrive.Done:
		m.act(alarm.Arrive, "big", "Arrived|到场", id, "alarm", id)
	case in.Verdict == 0:
		if !m.order(alarm.Judge, "", "alarm", id) {
			break
		}
		m.tell("<label>%s <select name=\"verdict\">", "What was it?|核实结果")
		for k := range verdicts {
			if verdicts[k] != "" {
				m.add(`<option value="%s">%s</option>`, alarm.Verdict(k).String(), m.w(verdicts[k]))
			}
		}
		m.tell("</select></label>\n<label>%s <input name=\"text\" maxlength=\"80\"></label>\n",
			"Cause (of a false alarm)|原因（误报必填）")
		m.send("Verdict|提交核实", id)
	}
	m.add("</li>\n")
}

// owed are the other duties that wait, as one list.
func (m *sheet) owed() {
	var rest []dutyView
	for _, d := range m.v.Duties {
		if d.Name != dutyWord && d.Name != incidentWord && d.Class != "prealarm" {
			rest = append(rest, d)
		}
	}
	if len(rest) == 0 {
		return
	}
	m.tell("<h3>%s</h3>\n<table>\n", "To look after|待办")
	for i := range rest {
		m.dutyRow(&rest[i])
		m.add("</td></tr>\n")
	}
	m.add("</table>\n")
}

// dutyRow begins a row about a duty; the caller ends its last cell.
func (m *sheet) dutyRow(d *dutyView) {
	m.add("<tr><th scope=\"row\">%s", m.say(d.Name))
	m.small(d.Of)
	m.add("</th>\n<td data-state=\"%s\"><b>%s</b>", d.Class, m.say(d.State))
	m.small(m.say(d.Note))
}

// limits are the conditions of a point that make an alarm of it, in words.
func (m *sheet) limits(all []detect.Condition) {
	for i := range all {
		c := &all[i]
		name := m.say(levels[c.Level])
		if c.Level == detect.Normal {
			name = m.say(fault.Text)
		}
		m.add(`<span class="limit">%s: %s</span>`, name, m.condition(c))
	}
}
