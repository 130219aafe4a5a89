package dst

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// drawOrders draws what people and the district ask for, sensible or not, sometimes twice.
func (st *story) drawOrders(s *sim) {
	for range s.rng.IntN(32) {
		o := st.drawOrder(s)
		st.orders = append(st.orders, o)
		if s.rng.IntN(6) == 0 {
			o.At += time.Duration(s.rng.IntN(3000)) * time.Millisecond
			st.orders = append(st.orders, o)
		}
	}
	if s.knobs.Orders != nil {
		st.orders = append(st.orders, s.knobs.Orders(s.site.plan().Points)...)
	}
	slices.SortStableFunc(st.orders, func(a, b Order) int { return cmp.Compare(a.At, b.At) })
}

// often are the actions that are drawn more often than others.
var often = []alarm.Action{
	alarm.Acknowledge, alarm.Silence, alarm.Silence, alarm.Reset, alarm.Disable, alarm.Enable,
	alarm.Operate, alarm.Operate, alarm.StartTest, alarm.StartDrill, alarm.AskDuty, alarm.Warn,
	alarm.Answer, alarm.Accept, alarm.Arrive, alarm.Judge,
}

func (st *story) drawOrder(s *sim) Order {
	st.ids++
	o := Order{At: st.moment(s)}
	c := &o.Command
	c.ID = fmt.Sprintf("o%d", st.ids)
	c.Action = often[s.rng.IntN(len(often))]
	if s.rng.IntN(3) == 0 {
		c.Action = alarm.Action(1 + s.rng.IntN(int(alarm.SelfTest)))
	}
	c.By = alarm.Origin{
		Kind: alarm.OriginKind(s.rng.IntN(5)), Level: uint8(s.rng.IntN(4)),
		Operator: uint8(s.rng.IntN(5)),
	}
	if c.By.Kind == alarm.Button || s.rng.IntN(3) == 0 {
		c.By.Operator = 0
	}
	if s.rng.IntN(3) == 0 { // somebody who knows how
		c.By = alarm.Origin{Kind: alarm.Page, Operator: 3, Level: 3}
	}
	st.fill(s, c)
	if s.rng.IntN(8) == 0 {
		c.Deadline = point.Instant(pick(s.rng, -1, 1000) * time.Millisecond)
	}
	return o
}

// fill draws what an action is about.
func (st *story) fill(s *sim, c *alarm.Command) {
	r := s.rng
	any := s.site.spots[r.IntN(len(s.site.spots))].id
	outputs := s.site.plan().Outputs
	switch c.Action {
	case alarm.Acknowledge, alarm.Reset:
		if r.IntN(2) == 0 {
			c.Point = any
		}
	case alarm.Disable:
		c.Point, c.For, c.Reason = any, time.Duration(1+r.IntN(120))*time.Second, "drawn"
		if r.IntN(8) == 0 {
			c.For = 9 * time.Hour
		}
	case alarm.Enable:
		c.Point = any
	case alarm.Operate:
		c.Output, c.On = outputs[r.IntN(len(outputs))].ID, r.IntN(2) == 0
	case alarm.StartTest:
		c.For = time.Duration(r.IntN(200)) * time.Second
		if r.IntN(2) == 0 {
			c.Zone = alarm.ZoneID(zones[r.IntN(len(zones))])
		}
	case alarm.SkipTest, alarm.ReceiptTest:
		c.Point, c.Reason = any, "drawn"
	case alarm.StartDrill:
		c.For = time.Duration(r.IntN(200)) * time.Second
		if r.IntN(2) == 0 {
			c.Scenario = &alarm.Scenario{Points: []point.ID{any}}
			if r.IntN(2) == 0 {
				c.Scenario.Outputs = []alarm.OutputID{outputs[r.IntN(len(outputs))].ID}
			}
		}
	case alarm.AskDuty, alarm.Warn:
		st.call(s, c)
	default:
		st.duty(s, c)
	}
}

// call draws a duty check or a warning.
func (st *story) call(s *sim, c *alarm.Command) {
	r := s.rng
	c.Call = &alarm.Call{
		ID: fmt.Sprintf("call%d", r.IntN(12)), Limit: time.Duration(r.IntN(200)) * time.Second,
	}
	if c.Action == alarm.Warn {
		c.Call.Colour, c.Call.Text = alarm.Colour(r.IntN(5)), "rain"
		c.Call.Valid = time.Duration(r.IntN(400)-20) * time.Second
	}
}

// duty draws what people do about their duties.
func (st *story) duty(s *sim, c *alarm.Command) {
	r := s.rng
	m := &c.Matter
	switch c.Action {
	case alarm.Answer:
		if r.IntN(3) == 0 {
			m.ID = fmt.Sprintf("call%d", r.IntN(12))
		}
	case alarm.Judge:
		m.Verdict, m.Text = alarm.Verdict(r.IntN(6)), []string{"", "steam"}[r.IntN(2)]
	case alarm.CheckItem:
		m.ID = []string{"patrol", "ways", "no such"}[r.IntN(3)]
		m.Failed = r.IntN(4) == 0
	case alarm.OpenHazard:
		m.Text, m.Days = "a blocked door", uint16(r.IntN(4))
	case alarm.CloseHazard:
		m.ID, m.Evidence = fmt.Sprintf("h%d", 1+r.IntN(3)), "ab12"
	}
}
