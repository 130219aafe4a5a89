package diag

import (
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// The JSON of what people are asked and have to do.
type (
	dutiesJSON struct {
		Date      string         `json:"date,omitempty"`
		Waiting   bool           `json:"waiting"` // for the date
		Calls     []callJSON     `json:"calls"`
		Ended     []callJSON     `json:"ended"`
		Incidents []incidentJSON `json:"incidents"`
		Closed    []incidentJSON `json:"closed"`
		Items     []itemJSON     `json:"items"`
		Hazards   []hazardJSON   `json:"hazards"`
		Rectified float64        `json:"rectified"` // the share that was put right in time
		OnShift   []int          `json:"on_shift"`  // numbers of operators
		Least     uint8          `json:"least"`
		Short     bool           `json:"short"`
		Key       float64        `json:"key_seconds,omitempty"`
		Records   uint64         `json:"records"`
		Record    string         `json:"record,omitempty"` // hash of the newest
	}
	callJSON struct {
		ID       string  `json:"id"`
		Kind     string  `json:"kind"` // duty_check or warning
		Colour   string  `json:"colour,omitempty"`
		Text     string  `json:"text,omitempty"`
		Seconds  float64 `json:"seconds"` // since it came, or until it was over
		Left     float64 `json:"left_seconds,omitempty"`
		Outcome  string  `json:"outcome,omitempty"`
		Operator uint8   `json:"operator,omitempty"`
	}
	incidentJSON struct {
		ID      alarm.AlarmID   `json:"id"`
		Alarms  []alarm.AlarmID `json:"alarms"`
		More    uint32          `json:"more,omitempty"`
		Seconds float64         `json:"seconds"`
		Drill   bool            `json:"drill,omitempty"`
		Steps   []stepJSON      `json:"steps"`
		Verdict string          `json:"verdict,omitempty"`
		Cause   string          `json:"cause,omitempty"`
	}
	stepJSON struct {
		Step     string  `json:"step"`
		Done     bool    `json:"done"`
		Late     bool    `json:"late"`
		Seconds  float64 `json:"seconds,omitempty"`
		Operator uint8   `json:"operator,omitempty"`
	}
	itemJSON struct {
		ID       string  `json:"id"`
		Name     string  `json:"name"`
		State    string  `json:"state"` // good, due or overdue
		From     string  `json:"from,omitempty"`
		Ran      float64 `json:"ran_seconds"`
		Done     bool    `json:"done"`
		Failed   bool    `json:"failed"`
		Text     string  `json:"text,omitempty"`
		Operator uint8   `json:"operator,omitempty"`
	}
	hazardJSON struct {
		ID       string `json:"id"`
		Text     string `json:"text"`
		Opened   string `json:"opened,omitempty"`
		Due      string `json:"due,omitempty"`
		Overdue  bool   `json:"overdue"`
		Operator uint8  `json:"operator,omitempty"`
	}
)

// isIdle tells whether nobody was ever asked or has to do anything.
func isIdle(d *alarm.Duties) bool {
	return len(d.Calls)+len(d.Ended)+len(d.Incidents)+len(d.Closed)+len(d.Items)+len(d.Hazards)+
		len(d.Shift) == 0 && d.Least == 0 && d.Chain.N == 0 && d.KeyFor == 0
}

func newDutiesJSON(d *alarm.Duties) *dutiesJSON {
	if isIdle(d) {
		return nil
	}
	j := &dutiesJSON{
		Date: d.Date.String(), Waiting: d.Waiting, Least: d.Least, Short: d.Short,
		Key: d.KeyFor.Seconds(), Records: d.Chain.N, Record: d.Chain.Hash,
		Rectified: float64(d.Rectified()) / 1000,
		Calls:     []callJSON{}, Ended: []callJSON{}, Incidents: []incidentJSON{},
		Closed: []incidentJSON{}, Items: []itemJSON{}, Hazards: []hazardJSON{}, OnShift: []int{},
	}
	for i := range d.Calls {
		j.Calls = append(j.Calls, newCallJSON(&d.Calls[i]))
	}
	for i := range d.Ended {
		j.Ended = append(j.Ended, newCallJSON(&d.Ended[i]))
	}
	for i := range d.Incidents {
		j.Incidents = append(j.Incidents, newIncidentJSON(&d.Incidents[i]))
	}
	for i := range d.Closed {
		j.Closed = append(j.Closed, newIncidentJSON(&d.Closed[i]))
	}
	for i := range d.Items {
		it := &d.Items[i]
		j.Items = append(j.Items, itemJSON{
			ID: it.ID, Name: it.Name, State: itemState(it), From: it.From.String(),
			Ran: it.Ran.Seconds(), Done: it.Done, Failed: it.Failed, Text: it.Text,
			Operator: it.By.Operator,
		})
	}
	for i := range d.Hazards {
		h := &d.Hazards[i]
		j.Hazards = append(j.Hazards, hazardJSON{
			ID: h.ID, Text: h.Text, Opened: h.Opened.String(), Due: h.Due().String(),
			Overdue: h.Overdue, Operator: h.By.Operator,
		})
	}
	for _, o := range d.Shift {
		j.OnShift = append(j.OnShift, int(o.Operator))
	}
	return j
}

func newCallJSON(c *alarm.CallState) callJSON {
	j := callJSON{
		ID: c.ID, Kind: "duty_check", Colour: c.Colour.String(), Text: c.Text,
		Seconds: c.Age.Seconds(), Operator: c.By.Operator,
	}
	if c.Colour != 0 {
		j.Kind = "warning"
	}
	if c.Outcome != 0 {
		j.Outcome = c.Outcome.String()
	} else {
		j.Left = max(c.Limit-c.Age, 0).Seconds()
	}
	return j
}

func newIncidentJSON(in *alarm.Incident) incidentJSON {
	j := incidentJSON{
		ID: in.ID, Alarms: in.Alarms, More: in.More, Seconds: in.Age.Seconds(), Drill: in.Drill,
		Verdict: in.Verdict.String(), Cause: in.Cause,
	}
	for s := alarm.Accepting; s <= alarm.Judging; s++ {
		st := in.Step(s)
		j.Steps = append(j.Steps, stepJSON{
			Step: s.String(), Done: st.Done, Late: st.Overdue, Seconds: st.After.Seconds(),
			Operator: st.By.Operator,
		})
	}
	return j
}

func itemState(it *alarm.ItemState) string {
	switch {
	case it.Overdue:
		return "overdue"
	case it.Due:
		return "due"
	}
	return "good"
}

// dutyView is one line of what people are asked or have to do.
type dutyView struct {
	Name  alarm.Text
	ID    string // by which an order names it; empty: none
	Of    string // which, in the words of whoever gave it
	Class string // colour of the state
	State alarm.Text
	Note  alarm.Text
}

// duties are the lines that a person must act on, the most urgent first.
func duties(d *alarm.Duties) (list []dutyView) {
	for i := range d.Calls {
		list = append(list, callView(&d.Calls[i]))
	}
	for i := range d.Incidents {
		list = append(list, incidentView(&d.Incidents[i]))
	}
	for i := range d.Hazards {
		list = append(list, hazardView(&d.Hazards[i]))
	}
	for i := range d.Items {
		if v, asks := itemView(&d.Items[i]); asks {
			list = append(list, v)
		}
	}
	if n := len(d.Shift); n > 0 || d.Least > 0 {
		v := dutyView{Name: shiftWord, Class: "normal"}
		text := strconv.Itoa(n)
		if d.Least > 0 {
			text += " / " + strconv.Itoa(int(d.Least))
		}
		v.State = alarm.Text{En: text, Zh: text}
		if d.Short {
			v.Class, v.Note = "fault", tooFew
		}
		list = append(list, v)
	}
	if d.KeyFor > 0 {
		list = append(list, dutyView{Name: keyWord, Class: "disabled", State: span(d.KeyFor)})
	}
	if d.Waiting {
		list = append(list, dutyView{Name: dateWord, Class: "fault", State: dateUnknown})
	}
	return list
}

func hazardView(h *alarm.Hazard) dutyView {
	v := dutyView{Name: hazardWord, ID: h.ID, Of: h.Text, Class: "disabled", State: hazardOpen}
	if h.Overdue {
		v.Class, v.State = "fault", overdue
	}
	if due := h.Due().String(); due != "" {
		v.Note = alarm.Text{En: "until " + due, Zh: "期限 " + due}
	}
	return v
}

// itemView tells of an item of the checklist; asks: somebody must do something about it.
func itemView(it *alarm.ItemState) (v dutyView, asks bool) {
	v = dutyView{Name: itemWord, ID: it.ID, Of: it.Name, Class: "fault"}
	switch {
	case it.Overdue:
		v.State = overdue
	case it.Failed:
		v.State, v.Of = failed, it.Name+": "+it.Text
	case it.Due:
		v.Class, v.State = "disabled", due
	default:
		v.Class = "normal"
		return v, false
	}
	return v, true
}

func callView(c *alarm.CallState) dutyView {
	v := dutyView{Name: dutyWord, ID: c.ID, Of: c.Text, Class: "prealarm", State: unanswered}
	if c.Colour != 0 {
		v.Name = colours[c.Colour]
	}
	left := span(c.Limit - c.Age)
	v.Note = alarm.Text{En: left.En + " left", Zh: "剩余 " + left.Zh}
	return v
}

func incidentView(in *alarm.Incident) dutyView {
	v := dutyView{
		Name: incidentWord, ID: string(in.ID), Of: string(in.ID), Class: "prealarm", State: unreset,
	}
	for s := alarm.Judging; s >= alarm.Accepting; s-- {
		st := in.Step(s)
		if st.Done {
			break
		}
		v.State = stepWaits[s]
		if st.Overdue {
			v.Class = "fault"
			v.State = alarm.Text{En: "overdue: " + v.State.En, Zh: "超时：" + v.State.Zh}
		}
	}
	var zh, en []string
	for s := alarm.Accepting; s <= alarm.Judging; s++ {
		if st := in.Step(s); st.Done {
			after := strconv.Itoa(int(st.After / time.Second))
			zh, en = append(zh, stepDone[s].Zh+after+"秒"), append(en, stepDone[s].En+" "+after+" s")
		}
	}
	v.Note = alarm.Text{En: strings.Join(en, ", "), Zh: strings.Join(zh, "，")}
	return v
}

// duties counts what people are asked and have to do.
func (g gauges) duties(d *alarm.Duties) {
	late := 0
	for i := range d.Items {
		if d.Items[i].Overdue {
			late++
		}
	}
	g.put("calls_open", float64(len(d.Calls)))
	g.put("incidents_open", float64(len(d.Incidents)))
	g.put("items_overdue", float64(late))
	g.put("hazards_open", float64(len(d.Hazards)))
	g.put("hazards_rectified_share", float64(d.Rectified())/1000)
	g.put("people_on_shift", float64(len(d.Shift)))
	g.put("shift_short", truth(d.Short))
	g.put("duties_waiting_for_date", truth(d.Waiting))
}

// The words of the duties.
var (
	dutyWord     = alarm.Text{En: "Duty check", Zh: "查岗"}
	unanswered   = alarm.Text{En: "answer now", Zh: "请立即应答"}
	incidentWord = alarm.Text{En: "Incident", Zh: "警情处置"}
	unreset      = alarm.Text{En: "judged, not yet reset", Zh: "已核实，待复位"}
	hazardWord   = alarm.Text{En: "Hazard", Zh: "隐患"}
	hazardOpen   = alarm.Text{En: "open", Zh: "整改中"}
	itemWord     = alarm.Text{En: "Check", Zh: "检查"}
	due          = alarm.Text{En: "due", Zh: "应检查"}
	failed       = alarm.Text{En: "found wrong", Zh: "发现问题"}
	overdue      = alarm.Text{En: "overdue", Zh: "已逾期"}
	shiftWord    = alarm.Text{En: "On shift", Zh: "在岗人数"}
	tooFew       = alarm.Text{En: "too few", Zh: "人数不足"}
	keyWord      = alarm.Text{En: "Key switch turned", Zh: "钥匙开关已开"}
	dateWord     = alarm.Text{En: "Date", Zh: "日期"}
	dateUnknown  = alarm.Text{
		En: "unknown: what goes by the calendar waits", Zh: "未知，定期事项暂停计时"}
)

// colours name the warnings.
var colours = map[alarm.Colour]alarm.Text{
	alarm.Red:    {En: "Red warning", Zh: "红色预警"},
	alarm.Orange: {En: "Orange warning", Zh: "橙色预警"},
	alarm.Yellow: {En: "Yellow warning", Zh: "黄色预警"},
	alarm.Blue:   {En: "Blue warning", Zh: "蓝色预警"},
}

// stepWaits and stepDone say how far an incident is.
var (
	stepWaits = map[alarm.Step]alarm.Text{
		alarm.Accepting: {En: "nobody has accepted it", Zh: "待接警"},
		alarm.Arriving:  {En: "nobody has arrived", Zh: "待到场"},
		alarm.Judging:   {En: "no verdict", Zh: "待核实"},
	}
	stepDone = map[alarm.Step]alarm.Text{
		alarm.Accepting: {En: "accepted", Zh: "接警"}, alarm.Arriving: {En: "arrived", Zh: "到场"},
		alarm.Judging: {En: "verdict", Zh: "核实"},
	}
)
