package diag

import (
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// checklists are what is checked again and again, what is to be put right, and who is there.
func (m *sheet) checklists() {
	if m.status.Panel == nil {
		return
	}
	d := &m.status.Panel.Duties
	if d.Waiting {
		m.tell("<p class=\"bad\">%s</p>\n",
			"The date is not known: what goes by the calendar waits.|日期未知，定期事项暂停计时。")
	}
	m.tell("<h3>%s</h3>\n", "To be checked|检查项")
	if len(d.Items) == 0 {
		m.tell("<p>%s</p>\n", "The site file names nothing that is to be checked.|配置中没有检查项。")
	} else {
		m.add("<table>\n")
		for i := range d.Items {
			m.item(&d.Items[i])
		}
		m.add("</table>\n")
	}
	m.hazards(d)
	m.tell("<h3>%s</h3>\n<table>\n", "On shift|在岗")
	for _, o := range d.Shift {
		m.fact(m.w("operator _|人员 _", strconv.Itoa(int(o.Operator))), "",
			m.w("for _|已持续 _", m.span(o.Age)), "")
	}
	m.add("</table>\n")
	if d.Least > 0 {
		m.tell("<p>%s</p>\n", "At least _ should be here.|至少应有 _ 人在岗。", strconv.Itoa(int(d.Least)))
	}
	m.act(alarm.BeginShift, "", "I begin my shift|本人上岗", "")
	m.act(alarm.EndShift, "", "I end my shift|本人离岗", "")
}

// item is one thing that is to be checked, with the form that says it was.
func (m *sheet) item(it *alarm.ItemState) {
	v, asks := itemView(it)
	if !asks {
		v.State = alarm.Text{En: "good", Zh: "正常"}
	}
	m.add("<tr data-key=\"%s\"><th scope=\"row\">%s", it.ID, it.Name)
	m.small(it.ID)
	m.add("</th>\n<td data-state=\"%s\"><b>%s</b>", v.Class, m.say(v.State))
	if it.Done {
		m.small(m.list(m.w("checked _|上次检查 _", it.From.String()), m.who(it.By), it.Text))
	}
	if next := m.due(it); next != "" {
		m.small(next)
	}
	if m.acting == ByPIN {
		m.tell("<details><summary>%s</summary>", "Say that it was checked|登记检查")
		m.order(alarm.CheckItem, "stack", "id", it.ID)
		m.tell(`<label><input type="checkbox" name="failed"> %s</label>`, "Something is wrong|发现问题")
		m.tell(`<label>%s <input name="text" maxlength="80"></label>`, "What was found|情况")
		m.evidence()
		m.send("Checked|登记", it.Name)
		m.add("</details>")
	}
	m.add("</td></tr>\n")
}

// due says when an item is due again.
func (m *sheet) due(it *alarm.ItemState) string {
	for _, plan := range m.status.Items {
		switch {
		case plan.ID != it.ID:
		case plan.Days > 0 && it.From != 0:
			return m.w("until _|期限 _", (it.From + alarm.Date(plan.Days)).String())
		case plan.Every > 0 && !it.Overdue:
			return m.w("due in _|_后到期", m.span(max(plan.Every-it.Ran, 0)))
		}
	}
	return ""
}

// evidence asks for a file, of which the record keeps the hash.
func (m *sheet) evidence() {
	m.tell(`<label>%s <input type="file" data-hash="evidence" accept="image/*,application/pdf">`+
		`</label><input type="hidden" name="evidence">`,
		"Photo (its SHA-256 is recorded, keep the file)|照片（仅记录SHA-256，请保存原件）")
}

// hazards lists what is to be put right.
func (m *sheet) hazards(d *alarm.Duties) {
	m.tell("<h3>%s</h3>\n", "Hazards|隐患")
	if len(d.Hazards) == 0 {
		m.tell("<p>%s</p>\n", "No hazard is open.|没有待整改的隐患。")
	} else {
		m.add("<table>\n")
		for i := range d.Hazards {
			h := &d.Hazards[i]
			v := hazardView(h)
			m.dutyRow(&v)
			m.small(m.list(h.ID, m.who(h.By)))
			if m.order(alarm.CloseHazard, "stack", "id", h.ID) {
				m.evidence()
				m.send("Put right|已整改", h.Text)
			}
			m.add("</td></tr>\n")
		}
		m.add("</table>\n")
	}
	if m.order(alarm.OpenHazard, "stack") {
		m.tell(`<label>%s <input name="text" required maxlength="80"></label>`, "What is wrong|隐患内容")
		m.tell(`<label>%s <input name="days" type="number" min="1" max="366" value="7" required></label>`,
			"Days to put it right|整改期限（天）")
		m.send("Record a hazard|登记隐患", "")
	}
}

// walkJSON is the last walk test beside where and when.
type walkJSON struct {
	Site   string     `json:"site"`
	Name   string     `json:"name"`
	Device string     `json:"device,omitempty"`
	Sim    bool       `json:"sim"`
	Begun  *time.Time `json:"begun,omitempty"` // while the clock is known
	Test   *testJSON  `json:"test"`            // null: there was none
}
