package diag

import (
	"cmp"
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// effects draws what the outputs will do as a table: a row for each cause, a column for each
// output.
func (m *sheet) effects() {
	if m.src.Effects == nil {
		return
	}
	m.tell("<p>%s</p>\n", "What the site does by itself, with no network and no person.|"+
		"无需网络和人员，现场自动执行的动作。")
	m.add("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n"+
		"<table class=\"matrix\">\n", m.w("Table of causes and outputs|原因与输出表"))
	for i, row := range m.src.Effects(m.chinese) {
		m.add("<tr>")
		for k, cell := range row {
			switch {
			case i == 0 && k > 0:
				m.add("<th scope=\"col\">%s</th>", or(m.n.outputs[cell], cell))
			case i == 0:
				m.add("<th scope=\"col\">%s</th>", cell)
			case k == 0:
				m.add("<th scope=\"row\">%s</th>", cell)
			case cell == "-":
				m.add("<td>·</td>")
			default:
				m.add("<td class=\"does\">%s</td>", cell)
			}
		}
		m.add("</tr>\n")
	}
	m.add("</table>\n</div>\n")
}

// outputs lists every output and what it is told to do, with a button that tries it.
func (m *sheet) outputs() {
	p := m.status.Panel
	if p == nil {
		return
	}
	m.add("<table>\n")
	for i := range p.Outputs {
		o, v := &p.Outputs[i], &m.v.Outputs[i]
		m.add("<tr data-key=\"%s\"><th scope=\"row\">%s", string(o.ID), v.Name)
		m.small(string(o.ID))
		m.add("</th>\n<td data-state=\"%s\"><b>%s</b>", v.Class, m.say(v.State))
		if o.Left > 0 {
			m.small(m.w(leftText, m.span(o.Left)))
		}
		m.small(m.say(v.Note))
		m.small(m.who(o.By))
		m.raw(v.Err)
		m.tries(o, v.Name)
		m.add("</td></tr>\n")
	}
	m.add("</table>\n")
}

// tries are the buttons of one output. What closes, a valve or a barrier, does not open by itself.
func (m *sheet) tries(o *alarm.OutputState, name string) {
	id, on := string(o.ID), o.Pattern != alarm.Off
	switch {
	case o.Alarm != "":
		m.tell("<span class=\"small\">%s</span>", "An alarm drives it.|由报警驱动。")
	case o.Kind.Closes() && on:
		m.act(alarm.Operate, "ask", "Open|打开", name, "output", id)
	case o.Kind.Closes():
		m.act(alarm.Operate, "ask", "Close|关闭", name, "output", id, "on", "true")
	case on:
		m.act(alarm.Operate, "", "Off|停止", name, "output", id)
	default:
		m.act(alarm.Operate, "ask", "Try for 5 s|试动5秒", name, "output", id, "on", "true",
			"for", "5s")
	}
}

// line tells what reaches the district, what waits, how good the clock is and who the box is.
func (m *sheet) line() {
	v, s := &m.v, m.status
	m.add("<table>\n")
	m.link()
	for i := range v.Lanes {
		l := &v.Lanes[i]
		class, lost := "", ""
		if l.Dropped > 0 {
			class, lost = "fault", m.w("_ lost to a full store, declared as a gap|因存满丢弃 _ 条，已申报缺口",
				strconv.FormatUint(l.Dropped, 10))
		}
		m.fact(m.w("Waiting: _|待发：_", m.say(l.Word)), class, strconv.FormatUint(l.Held, 10),
			"", m.oldest(l.Oldest),
			m.w("_ messages sent, _ confirmed|已发 _ 条，确认 _ 条", strconv.FormatUint(l.Sent, 10),
				strconv.FormatUint(l.Confirmed, 10)), lost)
	}
	switch {
	case v.Outbox.Err != "":
		m.fact(m.w("Disk|磁盘"), "fault", m.w("failing|有故障"), v.Outbox.Err)
	case v.Outbox.MemoryOnly:
		m.fact(m.w("Disk|磁盘"), "fault", m.w("in memory only|仅内存"), "")
	default:
		m.fact(m.w("Disk|磁盘"), "", m.w("works|正常"), "",
			m.w("_ KB written|已写 _ KB", strconv.FormatUint(v.Outbox.WrittenBytes>>10, 10)))
	}
	m.clock(&s.Clock)
	id := &v.Identity
	m.fact(m.w("Identity|身份"), "", m.say(id.Word), cmp.Or(m.say(id.Why), id.Err), id.Device)
	if !id.Identity.Expires.IsZero() && !s.Clock.Now.IsZero() {
		days := int(id.Identity.Expires.Sub(s.Clock.Now) / (24 * time.Hour))
		class := ""
		if days < 15 {
			class = "fault"
		}
		m.fact(m.w("Certificate|证书"), class, m.w("_ days left|剩余 _ 天", strconv.Itoa(days)), "",
			id.Expires)
	}
	if s.Face.Fingerprint != [32]byte{} {
		m.fact(m.w("This page|本页面"), "", s.Face.URL,
			m.w("SHA-256 of its certificate: _|证书SHA-256：_", s.Face.print()))
	}
	m.add("</table>\n")
}

// fact is one row: what, how it is, what a machine said of it, and what else to know.
func (m *sheet) fact(name, class, state, raw string, notes ...string) {
	m.add("<tr><th scope=\"row\">%s</th>\n<td data-state=\"%s\"><b>%s</b>", name, class, state)
	for _, note := range notes {
		m.small(note)
	}
	m.raw(raw)
	m.add("</td></tr>\n")
}

// link tells how the line to the district is.
func (m *sheet) link() {
	l := &m.v.Link
	name := m.w("District|区域平台")
	switch {
	case l.Connected:
		trip := strconv.FormatInt(l.RoundTrip.Milliseconds(), 10)
		m.fact(name, "", m.w("connected|已连接"), l.Broker, m.w("for _|已持续 _", m.say(l.For)),
			m.w("an answer takes _ ms|往返 _ 毫秒", trip))
	case l.Broker != "":
		m.fact(name, "fault", m.w("not connected|未连接"), l.Broker+" "+l.Err, m.say(l.Why), m.say(l.For),
			m.w("_ tries|已重试 _ 次", strconv.FormatUint(uint64(l.Tries), 10)))
	default:
		m.fact(name, "fault", m.w("nobody outside is told|外部收不到报警"), "")
	}
}

// oldest says how long the oldest record of a lane has waited.
func (m *sheet) oldest(at time.Time) string {
	if at.IsZero() || m.status.Clock.Now.IsZero() {
		return ""
	}
	return m.w("the oldest for _|最早一条已等 _", m.span(m.status.Clock.Now.Sub(at)))
}

// clockTexts say where the time comes from.
var clockTexts = []coded{
	{"gnss", "by satellite|卫星授时"}, {"ntp", "by the network|网络授时"},
	{"plat", "by the district|平台授时"}, {"rtc", "by the clock of the board|板载时钟"},
	{"hold", "set, and on its own since|已校准，现自走时"}, {"none", "not set|未校准"},
}

func (m *sheet) clock(c *Clock) {
	class, off := "", ""
	if c.Quality == "none" {
		class = "fault"
	} else if c.Error > 0 {
		off = m.w("wrong by _ at most|误差不超过 _", m.took(c.Error))
	}
	m.fact(m.w("Clock|时钟"), class, m.decoded(clockTexts, c.Quality), "", m.v.Time, off)
}

// shownEvents is how many events the page lists; the files that it offers have more.
const shownEvents = 200

// events lists what happened, the newest first.
func (m *sheet) events() {
	if m.src.Events == nil {
		return
	}
	all := m.src.Events(shownEvents)
	m.tell(`<form id="filter"><label>%s <select name="kind">`, "Show|显示")
	for _, k := range [...][2]string{
		{"", "everything|全部"}, {"alarm", "alarms|报警"}, {"fault", "faults|故障"},
		{"duty", "duties|值守"}, {"other", "the rest|其他"},
	} {
		m.add(`<option value="%s">%s</option>`, k[0], m.w(k[1]))
	}
	m.tell(`</select></label> <label>%s <input name="text" type="search"></label></form>`,
		"With the words|含有")
	m.tell("<p>%s <a href=\"events.csv/1000\" download>CSV</a> · "+
		"<a href=\"events.json/1000\" download>JSON</a></p>\n", "The newest 1000:|最近1000条：")
	m.add("<table class=\"log\">\n")
	for i := len(all) - 1; i >= 0; i-- {
		e := &all[i]
		m.add("<tr data-key=\"%s\" data-kind=\"%s\"><td class=\"when\">%s</td>",
			strconv.FormatUint(e.Seq, 10), group(e), m.when(m.status, e.At))
		m.add("<td><b>%s</b> %s</td></tr>\n", m.say(e.Kind.Text()), m.event(e, m.n))
	}
	m.add("</table>\n")
}

// group sorts the kinds of events for the filter.
func group(e *alarm.Event) string {
	switch e.Kind {
	case alarm.Raised, alarm.Reraised, alarm.Cleared, alarm.Acknowledged, alarm.Silenced,
		alarm.Resounded, alarm.ResetDone:
		return "alarm"
	case alarm.FaultRaised, alarm.FaultEnded, alarm.Retried:
		return "fault"
	}
	if e.Kind >= alarm.DutyAsked && e.Kind <= alarm.ShiftFull {
		return "duty"
	}
	return "other"
}
