package site

import (
	"fmt"
	"slices"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// outputs compares what is switched.
func (c *comparison) outputs() {
	for i := range c.from.plan.Outputs {
		was := &c.from.plan.Outputs[i]
		named := func(o *alarm.OutputPlan) bool { return o.ID == was.ID }
		c.subject("output", "输出", string(was.ID), was.Name, true)
		if is := find(c.to.plan.Outputs, named); is != nil {
			c.output(was, is)
		} else {
			c.say(true, "is removed", "被删除")
		}
	}
	for i := range c.to.plan.Outputs {
		is := &c.to.plan.Outputs[i]
		named := func(o *alarm.OutputPlan) bool { return o.ID == is.ID }
		if find(c.from.plan.Outputs, named) == nil {
			c.subject("output", "输出", string(is.ID), is.Name, true)
			// One that only warns does no harm. Any other moves something that nobody has seen move.
			c.say(!is.Kind.Sounds() && is.Kind != alarm.Strobe, "is new", "为新增")
		}
	}
}

// output compares two plans of one output. What it does at which alarm is compared by effects.
func (c *comparison) output(was, is *alarm.OutputPlan) {
	if was.Name != is.Name {
		c.differs(false, "name", "名称", was.Name, is.Name)
	}
	if was.Kind != is.Kind {
		c.differs(true, "kind", "种类", was.Kind.String(), is.Kind.String())
	}
	if !slices.Equal(was.Zones, is.Zones) {
		c.differs(lostAny(was.Zones, is.Zones), "zones", "分区", fmt.Sprint(was.Zones),
			fmt.Sprint(is.Zones))
	}
	if !slices.Equal(was.Signals, is.Signals) {
		c.differs(lostAny(was.Signals, is.Signals), "signals", "报警类型", fmt.Sprint(was.Signals),
			fmt.Sprint(is.Signals))
	}
	if a, b := drivenFrom(was), drivenFrom(is); a != b {
		c.differs(b > a, "level", "级别", a.String(), b.String())
	}
	c.longer("time that it stays on", "延续时间", was.Hold, is.Hold, -1)
	if was.Feedback != is.Feedback {
		c.differs(was.Feedback != "", "feedback", "反馈点位", fmt.Sprintf("%q", was.Feedback),
			fmt.Sprintf("%q", is.Feedback))
	}
	c.other(was.Steady != is.Steady, "how it is driven", "驱动方式")
	c.other(was.In != is.In || was.Ex != is.Ex, "where it hangs", "安装位置")

	rest := *was
	rest.Name, rest.Kind, rest.Zones, rest.Signals = is.Name, is.Kind, is.Zones, is.Signals
	rest.Level, rest.Hold, rest.Feedback = is.Level, is.Hold, is.Feedback
	rest.Steady, rest.In, rest.Ex = is.Steady, is.In, is.Ex
	c.other(!same(rest, *is), "when it may switch", "动作条件")

	a, b := c.from.part(was.ID), c.to.part(is.ID)
	if a.Keep != b.Keep {
		c.say(!b.Keep, fmt.Sprintf("it stays on when the program ends: %t becomes %t", a.Keep, b.Keep),
			fmt.Sprintf("程序退出时保持：%t 改为 %t", a.Keep, b.Keep))
	}
	a.Keep = b.Keep
	c.other(!same(a, b), "the line that it hangs on", "所接线路")
}

// part is the wiring of an output.
func (s *Site) part(id alarm.OutputID) Output {
	i := slices.IndexFunc(s.Outputs, func(o Output) bool { return o.ID == id })
	return s.Outputs[i]
}

// drivenFrom is the lowest level that drives an output.
func drivenFrom(o *alarm.OutputPlan) detect.Level {
	if o.Level == detect.Normal {
		return detect.Alarm
	}
	return o.Level
}

// lostAny tells whether a list that narrows, where empty is everything, narrows more than before.
func lostAny[T comparable](was, is []T) bool {
	if len(is) == 0 {
		return false
	}
	return len(was) == 0 || slices.ContainsFunc(was, func(x T) bool { return !slices.Contains(is, x) })
}

// effects compares what the outputs do when something happens, as the panel itself tells it.
func (c *comparison) effects() {
	vital := c.from.vital()
	after := alarm.Cases(c.to.Plan())
	told := map[alarm.Text]bool{}
	for _, k := range alarm.Cases(c.from.Plan()) {
		places := []point.ID{""} // of a fault of the system
		if k.When.Fault == "" {
			places = k.Points
		}
		for _, id := range places {
			if id != "" && (!vital[id] || find(c.to.plan.Points, pointNamed(id)) == nil) ||
				c.isOver(&k, id) {
				continue
			}
			for _, a := range k.Then {
				if a.Play == alarm.Off || does(after, &k.When, id, a.Output) {
					continue
				}
				if text := c.lost(&k, id, a); !told[text] {
					told[text] = true
					c.changes = append(c.changes, Change{Text: text, Weakens: true})
				}
			}
		}
	}
	c.rows()
}

// isOver tells a case of a zone that doubted a first signal and now believes it.
func (c *comparison) isOver(k *alarm.Case, id point.ID) bool {
	if k.When.Of < alarm.Held {
		return false
	}
	p := find(c.to.plan.Points, pointNamed(id))
	z := find(c.to.plan.Zones, func(z *alarm.ZonePlan) bool { return p != nil && z.ID == p.Zone })
	return z != nil && z.Mode == alarm.Single
}

// does tells whether an output does something at a cause, at a point.
func does(cases []alarm.Case, when *alarm.Cause, id point.ID, out alarm.OutputID) bool {
	return slices.ContainsFunc(cases, func(k alarm.Case) bool {
		return sameCause(&k.When, when) && (id == "" || slices.Contains(k.Points, id)) &&
			slices.ContainsFunc(k.Then, func(a alarm.Act) bool {
				return a.Output == out && a.Play != alarm.Off
			})
	})
}

// lost says what an output would do no more.
func (c *comparison) lost(k *alarm.Case, id point.ID, a alarm.Act) alarm.Text {
	o := c.from.output(a.Output)
	place, cause, act := string(id), causeText(&k.When), actText(o, a.Play)
	en := strings.Replace(cause.En, "PLACE", place, 1)
	zh := strings.Replace(cause.Zh, "PLACE", place, 1)
	return alarm.Text{
		En: fmt.Sprintf("output %s: no more %s when %s", a.Output, act.En, en),
		Zh: fmt.Sprintf("输出 %s：在“%s”时不再%s", a.Output, zh, act.Zh),
	}
}

// rows compares the [[effect]]s of the files: one that is gone, or that keeps an output off, may
// matter in a way that no single alarm shows.
func (c *comparison) rows() {
	own := func(s *Site) (rows []alarm.Effect) {
		for _, e := range s.plan.Effects {
			if e.Own {
				rows = append(rows, e)
			}
		}
		return rows
	}
	was, is := own(c.from), own(c.to)
	if same(was, is) {
		return
	}
	has := func(rows []alarm.Effect, e alarm.Effect) bool {
		return slices.ContainsFunc(rows, func(r alarm.Effect) bool { return same(r, e) })
	}
	weakens := slices.ContainsFunc(was, func(e alarm.Effect) bool { return !has(is, e) }) ||
		slices.ContainsFunc(is, func(e alarm.Effect) bool {
			return !has(was, e) && slices.ContainsFunc(e.Then, func(a alarm.Act) bool {
				return a.Play == alarm.Off
			})
		})
	c.en, c.zh, c.vital = "", "", true
	c.say(weakens, "the rows of [[effect]] are different", "[[effect]] 联动行有变化")
}
