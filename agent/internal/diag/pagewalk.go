package diag

import (
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// walkTest guides through a walk test, and shows the last one.
func (m *sheet) walkTest() {
	p := m.status.Panel
	if p == nil {
		return
	}
	w := p.Test
	if w == nil || !w.Running {
		m.tell("<p>%s</p>\n", "Go from detector to detector and try each one. Points under test raise "+
			"no alarm; the siren chirps once for each that works. Tell the district before you begin.|"+
			"逐个触发探测器。测试中的点位不会报警，每测通一个警号短鸣一声。开始前请告知区域平台。")
		m.startTest(p)
	}
	if w == nil {
		return
	}
	m.courseOf(w)
	m.walked(w, true)
	if w.Running {
		m.act(alarm.EndTest, "big ask", "Finish|结束测试", "")
		return
	}
	m.tell(`<p><a href="walktest">%s</a> · <a href="walktest.json">JSON</a></p>`+"\n",
		"The record, to print|测试记录（可打印）")
}

// startTest is the form that begins one.
func (m *sheet) startTest(p *alarm.Snapshot) {
	if !m.order(alarm.StartTest, "ask") {
		return
	}
	m.add(`<label>%s <select name="zone"><option value="">%s</option>`, m.w("Where|范围"),
		m.w("the whole site|全部点位"))
	for _, z := range m.status.Zones {
		m.add(`<option value="%s">%s</option>`, string(z.ID), or(z.Name, string(z.ID)))
	}
	m.tell(`</select></label> <label>%s <select name="for">`, "At most|最长")
	for _, minutes := range []string{"60", "30", "15"} {
		m.add(`<option value="%sm">%s</option>`, minutes, m.w("_ min|_ 分钟", minutes))
	}
	m.add("</select></label>\n")
	m.send("Begin a walk test|开始逐点测试", "")
}

// courseOf says how far the walk test is.
func (m *sheet) courseOf(w *alarm.TestState) {
	tried := 0
	for i := range w.Points {
		if w.Points[i].Tried {
			tried++
		}
	}
	m.add("<p><strong>%s</strong> %s</p>\n",
		m.w("_ of _ tried|已测 _/_", strconv.Itoa(tried), strconv.Itoa(len(w.Points))),
		m.list(m.where(w), m.course(w.Running, w.Age, w.Left, w.Lasted, w.Ended), m.who(w.By)))
	m.add(`<progress max="%s" value="%s">%s</progress>`+"\n", strconv.Itoa(len(w.Points)),
		strconv.Itoa(tried), strconv.Itoa(tried))
}

func (m *sheet) where(w *alarm.TestState) string {
	if w.Zone == "" {
		return m.w("the whole site|全部点位")
	}
	return m.n.zone(w.Zone)
}

// walked lists the points of a walk test, those first that are still to be tried.
func (m *sheet) walked(w *alarm.TestState, acts bool) {
	m.add("<table class=\"walk\">\n")
	for _, open := range []bool{true, false} {
		for i := range w.Points {
			if p := &w.Points[i]; (!p.Tried && p.Skipped == "") == open {
				m.walkedPoint(w, p, acts)
			}
		}
	}
	m.add("</table>\n")
}

func (m *sheet) walkedPoint(w *alarm.TestState, p *alarm.TestPoint, acts bool) {
	id := string(p.Point)
	m.add("<tr data-key=\"%s\"><th scope=\"row\">%s", id, m.n.point(p.Point))
	m.small(m.list(id, m.n.zone(pointOf(m.status.Panel, p.Point).Zone)))
	m.add("</th>\n")
	switch {
	case p.Tried:
		m.tell("<td data-state=\"normal\"><b>✓ %s</b>", "tried|已测")
		m.small(m.w("alarm _ after it began|触发后 _报警", m.took(p.Alarmed-p.Detected)))
		if p.Received > 0 {
			m.small(m.w("at the district _ later|再过 _平台收到", m.took(p.Received-p.Alarmed)))
		}
	case p.Skipped != "":
		m.tell("<td data-state=\"disabled\"><b>– %s</b>", "skipped|跳过")
		m.small(p.Skipped)
	case w.Running:
		m.tell("<td data-state=\"test\"><b>○ %s</b>", "to be tried|待测")
		if acts && m.acting == ByPIN {
			m.tell("<details><summary>%s</summary>", "Skip|跳过")
			m.order(alarm.SkipTest, "", "point", id)
			m.tell(`<label>%s <input name="reason" required maxlength="80"></label>`, "Reason|原因")
			m.send("Skip|跳过", m.n.point(p.Point))
			m.add("</details>")
		}
	default:
		m.tell("<td data-state=\"fault\"><b>✗ %s</b>", "not tried|未测")
	}
	m.add("</td></tr>\n")
}

// record is the last walk test as a page to print and sign.
func (m *sheet) record() {
	m.add("<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", m.w("en|zh-CN"))
	m.add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	m.tell("<title>%s</title>\n", "Walk test, record|逐点测试记录")
	m.add("<link rel=\"stylesheet\" href=\"page.css\">\n</head>\n<body>\n<main class=\"record\">\n")
	m.tell("<h1>%s</h1>\n", "Walk test, record|逐点测试记录")
	if m.v.Sim {
		m.tell("<p class=\"sim\">%s</p>\n", "SIMULATED: no real sensors|模拟运行：不连接真实传感器")
	}
	w := (*alarm.TestState)(nil)
	if m.status.Panel != nil {
		w = m.status.Panel.Test
	}
	if w == nil {
		m.tell("<p>%s</p>\n", "There was no walk test.|没有逐点测试记录。")
	} else {
		m.add("<p>%s · %s · %s</p>\n", m.v.Site.Name, m.v.Site.ID, m.v.Identity.Device)
		if began, ok := m.status.wall(m.status.Panel.At - point.Instant(w.Age)); ok {
			m.tell("<p>%s</p>\n", "Begun _|开始于 _", began.Format(time.DateTime))
		}
		m.courseOf(w)
		m.walked(w, false)
		m.tell("<p class=\"sign-here\">%s</p>\n", "Signed: ____________________   Date: ______________|"+
			"签字：____________________   日期：______________")
	}
	m.add("</main>\n</body>\n</html>\n")
}
