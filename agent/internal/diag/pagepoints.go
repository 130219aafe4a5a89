package diag

import (
	"strconv"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/history"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// points lists every point with its values, its limits and its state.
func (m *sheet) points() {
	p := m.status.Panel
	if p == nil || len(p.Points) == 0 {
		m.tell("<p>%s</p>\n", "Nothing is watched yet.|尚无点位。")
		return
	}
	m.add("<table class=\"wide\">\n<thead><tr>")
	for _, head := range []string{"Point|点位", "Now|当前值", "Limits|限值", "State|状态"} {
		m.tell(`<th scope="col">%s</th>`, head)
	}
	m.add("</tr></thead>\n<tbody>\n")
	recent := m.src.recent()
	for i := range p.Points {
		m.point(&p.Points[i], &m.v.Points[i], recent[p.Points[i].ID])
	}
	m.add("</tbody>\n</table>\n")
}

// point is one row.
func (m *sheet) point(p *alarm.PointState, v *pointView, recent [][]history.Slot) {
	id := string(p.ID)
	m.add("<tr data-key=\"%s\">\n<th scope=\"row\">%s", id, v.Name)
	m.small(m.list(id, v.Zone))
	m.add("</th>\n<td>")
	for i := range p.Channels {
		c, value := &p.Channels[i], &v.Values[i]
		m.add("<span class=\"value\"><b>%s</b> ", m.say(value.Text))
		m.tag("note", m.say(value.Note))
		if c.Seen && c.Quality != point.Bad && c.Raw != c.Value {
			m.tag("small", m.w("raw _|校准前 _", c.Quantity.Text(c.Raw)))
		}
		m.add("</span>")
		if c.Quantity != drivers.Contact && i < len(recent) {
			m.spark(id, i, recent[i])
		}
	}
	m.small(m.say(v.Life))
	if m.src.History != nil && len(p.Channels) > 0 {
		m.add(`<button type="button" class="chart" data-point="%s" aria-label="%s: %s">%s</button>`, id,
			m.w("Course|曲线"), v.Name, m.w("Course|曲线"))
	}
	m.add("</td>\n<td>")
	m.limits(p.Conditions)
	m.add("</td>\n<td data-state=\"%s\"><b>%s</b>", v.Class, m.say(v.State))
	m.small(m.say(v.Note))
	if p.Finding.Fault != "" {
		m.small(m.bare(alarm.Fault(p.Finding.Fault).Says))
	}
	m.outage(p, v)
	m.add("</td>\n</tr>\n")
}

// outage is the disablement of a point, or the form for one.
func (m *sheet) outage(p *alarm.PointState, v *pointView) {
	if p.Disabled > 0 {
		m.small(m.list(m.w(leftText, m.say(v.Left)), p.Reason, m.who(p.By)))
		m.act(alarm.Enable, "", "Enable|解除屏蔽", v.Name, "point", string(p.ID))
		return
	}
	if m.acting != ByPIN {
		return
	}
	m.tell("<details><summary>%s</summary>", "Disable|屏蔽")
	m.order(alarm.Disable, "ask", "point", string(p.ID))
	m.tell(`<label>%s <select name="for">`, "For|时长")
	for _, hours := range []string{"1", "2", "4", "8"} {
		m.add(`<option value="%sh">%s</option>`, hours, m.w("_ h|_ 小时", hours))
	}
	m.tell(`</select></label> <label>%s <input name="reason" required maxlength="80"></label>`,
		"Reason|原因")
	m.send("Disable|屏蔽", v.Name)
	m.add("</details>")
}

// sparkMinutes is how long the small picture of a channel reaches back.
const sparkMinutes = 30

// The picture of a channel is so large, in its own units.
const sparkWide, sparkHigh = 120, 24

// spark draws the last half hour of one channel. It says nothing that the value beside it does not.
func (m *sheet) spark(id string, channel int, slots []history.Slot) {
	m.add(`<svg class="spark" viewBox="0 0 120 24" aria-hidden="true">`+
		`<path data-spark="%s" d="%s"/></svg>`, id+"/"+strconv.Itoa(channel), sparkPath(slots))
}

// sparkPath is the course of a channel as the path of a picture, with a gap where nothing was read.
func sparkPath(slots []history.Slot) string {
	low, high := int64(1<<62), int64(-1<<62)
	for _, s := range slots {
		if !s.Empty() {
			low, high = min(low, s.Low), max(high, s.High)
		}
	}
	path, pen := []byte{}, byte('M')
	for i, s := range slots {
		if s.Empty() {
			pen = 'M'
			continue
		}
		x := sparkWide * (sparkMinutes - len(slots) + i) / (sparkMinutes - 1)
		y := int64(sparkHigh / 2)
		if high > low {
			y = sparkHigh - 1 - (sparkHigh-2)*(s.High-low)/(high-low)
		}
		path = append(path, pen)
		path = strconv.AppendInt(path, int64(x), 10)
		path = append(path, ' ')
		path = strconv.AppendInt(path, y, 10)
		if pen == 'M' {
			path = append(path, "h0"...) // one alone is a dot
		}
		pen = 'L'
	}
	return string(path)
}

// The JSON of the course of a point. Times are seconds before Made, values in the unit.
type (
	trailJSON struct {
		Point    point.ID     `json:"point"`
		Name     string       `json:"name"`
		Now      *int64       `json:"now,omitempty"` // Unix seconds of the moment; absent: not known
		Channels []courseJSON `json:"channels"`
		Alarms   []markJSON   `json:"alarms"`
	}
	courseJSON struct {
		Quantity string      `json:"quantity"`
		Unit     string      `json:"unit"`
		Age      []float64   `json:"age_seconds"` // of the begin of each slot
		Low      []*float64  `json:"low"`
		High     []*float64  `json:"high"`
		Raw      []*float64  `json:"raw"` // before calibration, the last of the slot
		Limits   []limitJSON `json:"limits"`
	}
	limitJSON struct {
		Level string  `json:"level"`
		Value float64 `json:"value"`
		Text  string  `json:"text"`
	}
	markJSON struct {
		Alarm  alarm.AlarmID `json:"alarm"`
		Signal string        `json:"signal"`
		Level  string        `json:"level"`
		Age    float64       `json:"age_seconds"`
		Ended  *float64      `json:"ended_seconds,omitempty"` // before the moment; absent: it stands
	}
)

// newTrailJSON is the course of p as it was kept.
func newTrailJSON(s *Status, p *alarm.PointState, t history.Trail) trailJSON {
	j := trailJSON{Point: p.ID, Name: or(p.Name, string(p.ID)), Channels: []courseJSON{},
		Alarms: []markJSON{}}
	if at, ok := s.wall(s.Panel.At); ok {
		unix := at.Unix()
		j.Now = &unix
	}
	for _, c := range t.Channels {
		j.Channels = append(j.Channels, newCourseJSON(s.Panel.At, p, c))
	}
	for _, k := range t.Marks {
		mark := markJSON{
			Alarm: k.Alarm, Signal: k.Signal.String(), Level: k.Level.String(),
			Age: s.Panel.At.Sub(k.From).Seconds(),
		}
		if k.Until != 0 {
			ended := s.Panel.At.Sub(k.Until).Seconds()
			mark.Ended = &ended
		}
		j.Alarms = append(j.Alarms, mark)
	}
	return j
}

func newCourseJSON(now point.Instant, p *alarm.PointState, c history.Channel) courseJSON {
	j := courseJSON{Quantity: c.Quantity.String(), Age: []float64{}, Low: []*float64{},
		High: []*float64{}, Raw: []*float64{}, Limits: []limitJSON{}}
	unit := drivers.Unit{Scale: 1}
	if all := c.Quantity.Units(); len(all) > 0 {
		unit = all[0]
	}
	j.Unit = unit.Symbol
	scaled := func(v int64) *float64 {
		f := float64(v) / float64(unit.Scale)
		return &f
	}
	for _, s := range c.Samples {
		j.Age = append(j.Age, now.Sub(s.At).Seconds())
		if s.Empty() {
			j.Low, j.High, j.Raw = append(j.Low, nil), append(j.High, nil), append(j.Raw, nil)
			continue
		}
		j.Low, j.High = append(j.Low, scaled(s.Low)), append(j.High, scaled(s.High))
		j.Raw = append(j.Raw, scaled(s.Raw))
	}
	for i := range p.Conditions {
		f := &p.Conditions[i]
		if f.Quantity == c.Quantity && (f.Kind == detect.Above || f.Kind == detect.Below) {
			j.Limits = append(j.Limits, limitJSON{
				Level: f.Level.String(), Value: *scaled(f.Limit), Text: c.Quantity.Text(f.Limit),
			})
		}
	}
	return j
}
