package site

import (
	"slices"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// Sentence says of one thing that can happen at the site what its outputs then do.
type Sentence struct {
	alarm.Case
	Cause  alarm.Text // such as "gas in Kitchen"
	Effect alarm.Text // such as "Siren sounds the gas tone, Valve closes"
}

// Explain reads the cause and effect of the site back, in the order in which a person asks: what is
// urgent first. It is what the panel will do, because the panel is asked.
func (s *Site) Explain() []Sentence {
	cases := alarm.Cases(s.Plan())
	all := make([]Sentence, len(cases))
	for i := range cases {
		c := &cases[i]
		all[i] = Sentence{Case: *c, Effect: s.effectText(c)}
		places, cause := s.places(cases, i), causeText(&c.When)
		all[i].Cause = alarm.Text{
			En: strings.Replace(cause.En, "PLACE", strings.Join(places, ", "), 1),
			Zh: strings.Replace(cause.Zh, "PLACE", strings.Join(places, "、"), 1),
		}
	}
	return all
}

// places names where case i can happen: zones, or points where a zone has points of both kinds.
func (s *Site) places(cases []alarm.Case, i int) []string {
	var zones, points []string
	mixed := false
	for _, id := range cases[i].Points {
		p := s.point(id)
		points = append(points, p.Name)
		if name := s.zoneName(p.Zone); !slices.Contains(zones, name) {
			zones = append(zones, name)
		}
		for j := range cases {
			mixed = mixed || j != i && sameCause(&cases[i].When, &cases[j].When) &&
				slices.ContainsFunc(cases[j].Points, func(id point.ID) bool {
					return s.point(id).Zone == p.Zone
				})
		}
	}
	if mixed {
		return points
	}
	return zones
}

func sameCause(a, b *alarm.Cause) bool {
	return a.Fault == b.Fault && slices.Equal(a.Signals, b.Signals) && a.Level == b.Level &&
		a.Of == b.Of && a.Triggers == b.Triggers
}

func (s *Site) point(id point.ID) *alarm.PointPlan {
	i := slices.IndexFunc(s.plan.Points, func(p alarm.PointPlan) bool { return p.ID == id })
	return &s.plan.Points[i]
}

func (s *Site) zoneName(id alarm.ZoneID) string {
	i := slices.IndexFunc(s.plan.Zones, func(z alarm.ZonePlan) bool { return z.ID == id })
	if i < 0 || s.plan.Zones[i].Name == "" {
		return string(id)
	}
	return s.plan.Zones[i].Name
}

func (s *Site) output(id alarm.OutputID) *alarm.OutputPlan {
	i := slices.IndexFunc(s.plan.Outputs, func(o alarm.OutputPlan) bool { return o.ID == id })
	return &s.plan.Outputs[i]
}

// effectText says what the outputs do.
func (s *Site) effectText(c *alarm.Case) alarm.Text {
	var en, zh []string
	for _, a := range c.Then {
		o := s.output(a.Output)
		does := actText(o, a.Play)
		en, zh = append(en, o.Name+" "+does.En), append(zh, o.Name+does.Zh)
	}
	for _, id := range c.Stays {
		name := s.output(id).Name
		en, zh = append(en, name+" "+staysText.En), append(zh, name+staysText.Zh)
	}
	if len(en) == 0 {
		return nothingText
	}
	return alarm.Text{En: strings.Join(en, ", "), Zh: strings.Join(zh, "，")}
}

// Words are the sentences as lines, in Chinese or in English.
func (s *Site) Words(chinese bool) string {
	var b strings.Builder
	for _, l := range s.Explain() {
		if chinese {
			b.WriteString("若" + l.Cause.Zh + "：" + l.Effect.Zh + "。\n")
		} else {
			b.WriteString("If " + l.Cause.En + ": " + l.Effect.En + ".\n")
		}
	}
	return b.String()
}

// Table is the same as a table, with a row for each cause and a column for each output.
func (s *Site) Table(chinese bool) string { return align(s.Rows(chinese)) }

// Rows are the rows of the table. The first is its head, with the IDs of the outputs; "-" stands
// for an output that does nothing.
func (s *Site) Rows(chinese bool) [][]string {
	head := []string{pick(causeHead, chinese)}
	for _, o := range s.plan.Outputs {
		head = append(head, string(o.ID))
	}
	rows := [][]string{head}
	for _, l := range s.Explain() {
		row := []string{pick(l.Cause, chinese)}
		for _, o := range s.plan.Outputs {
			row = append(row, cell(&l.Case, &o, chinese))
		}
		rows = append(rows, row)
	}
	return rows
}

func pick(t alarm.Text, chinese bool) string {
	if chinese {
		return t.Zh
	}
	return t.En
}

// cell is what one output does in one case.
func cell(c *alarm.Case, o *alarm.OutputPlan, chinese bool) string {
	if slices.Contains(c.Stays, o.ID) {
		return pick(asItIs, chinese)
	}
	for _, a := range c.Then {
		if a.Output == o.ID {
			return pick(cellText(o, a.Play), chinese)
		}
	}
	return "-"
}

// align writes rows with columns of one width. A Chinese character is as wide as two letters.
func align(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], width(text))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, text := range row {
			line += text + strings.Repeat(" ", widths[i]-width(text)+2)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

func width(text string) (n int) {
	for _, r := range text {
		if n++; r >= 0x2e80 {
			n++
		}
	}
	return n
}
