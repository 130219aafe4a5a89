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
		c.subject("output", "输出", string(was.ID), was.Name, true)
		if is := find(c.to.plan.Outputs, outputNamed(was.ID)); is != nil {
			c.output(was, is)
		} else {
			c.say(true, "is removed", "被删除")
		}
	}
	for i := range c.to.plan.Outputs {
		is := &c.to.plan.Outputs[i]
		if find(c.from.plan.Outputs, outputNamed(is.ID)) == nil {
			c.subject("output", "输出", string(is.ID), is.Name, true)
			// One that only warns does no harm. Any other moves something that nobody has seen move.
			c.say(!is.Kind.Sounds() && is.Kind != alarm.Strobe, "is new", "为新增")
		}
	}
}

func outputNamed(id alarm.OutputID) func(*alarm.OutputPlan) bool {
	return func(o *alarm.OutputPlan) bool { return o.ID == id }
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

// effects compares what the outputs do when something happens, as the panel itself tells it. At
// what life depends on, an output may only begin to warn or to close where it did nothing; what
// else moves must not begin to anywhere. A point that is new is judged by the rows.
func (c *comparison) effects() {
	vital := c.from.vital()
	before, after := alarm.Cases(c.from.Plan()), alarm.Cases(c.to.Plan())
	told := map[alarm.Text]bool{}
	for _, k := range slices.Concat(before, after) {
		places := []point.ID{""} // of a fault of the system
		if k.When.Fault == "" {
			places = k.Points
		}
		for _, id := range places {
			if id != "" && !c.hasBoth(id) || c.isOver(&k, id) {
				continue
			}
			was, is := caseOf(before, k.When, id), caseOf(after, k.When, id)
			for i := range c.from.plan.Outputs {
				o := &c.from.plan.Outputs[i]
				x, y := deedOf(was, o.ID), deedOf(is, o.ID)
				if x == y || x == (deed{}) && adds(o, y.play) ||
					id != "" && !vital[id] && warns(o) ||
					find(c.to.plan.Outputs, outputNamed(o.ID)) == nil {
					continue
				}
				if text := deedText(&k, id, o, x, y); !told[text] {
					told[text] = true
					c.changes = append(c.changes, Change{Text: text, Weakens: true})
				}
			}
		}
	}
	c.rows()
}

// hasBoth tells whether a point is of both sites.
func (c *comparison) hasBoth(id point.ID) bool {
	return find(c.from.plan.Points, pointNamed(id)) != nil &&
		find(c.to.plan.Points, pointNamed(id)) != nil
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

// A deed is what an output does at a cause.
type deed struct {
	does  bool
	play  alarm.Pattern // Off: it is kept off
	stays bool          // as it is, because of gas
}

// caseOf finds what happens at a cause at a point. A second point, or a higher level, that changes
// nothing is no case of its own.
func caseOf(cases []alarm.Case, when alarm.Cause, id point.ID) *alarm.Case {
	less := when
	less.Triggers = 0
	if less.Level == detect.AlarmHigh {
		less.Level = detect.Alarm
	}
	for _, w := range []*alarm.Cause{&when, &less} {
		k := find(cases, func(k *alarm.Case) bool {
			return sameCause(&k.When, w) && (id == "" || slices.Contains(k.Points, id))
		})
		if k != nil {
			return k
		}
	}
	return &alarm.Case{}
}

// deedOf is what an output does in a case.
func deedOf(k *alarm.Case, out alarm.OutputID) deed {
	i := slices.IndexFunc(k.Then, func(a alarm.Act) bool { return a.Output == out })
	if i >= 0 {
		return deed{does: true, play: k.Then[i].Play}
	}
	return deed{stays: slices.Contains(k.Stays, out)}
}

// warns tells what does no harm when it begins.
func warns(o *alarm.OutputPlan) bool {
	return o.Kind.Sounds() || o.Kind == alarm.Strobe || o.Kind == alarm.Lamp
}

// adds tells whether an output that did nothing protects more with what it does.
func adds(o *alarm.OutputPlan, play alarm.Pattern) bool {
	return play != alarm.Off && (warns(o) || o.Kind == alarm.Valve && !o.Irreversible)
}

// deedText says what an output would do no more, or from now on.
func deedText(k *alarm.Case, id point.ID, o *alarm.OutputPlan, was, is deed) alarm.Text {
	cause := causeText(&k.When)
	en := strings.Replace(cause.En, "PLACE", string(id), 1)
	zh := strings.Replace(cause.Zh, "PLACE", string(id), 1)
	a, b := was.text(o), is.text(o)
	if was.does && was.play != alarm.Off && is == (deed{}) {
		return alarm.Text{
			En: fmt.Sprintf("output %s: no more %s when %s", o.ID, a.En, en),
			Zh: fmt.Sprintf("输出 %s：在“%s”时不再%s", o.ID, zh, a.Zh),
		}
	}
	return alarm.Text{
		En: fmt.Sprintf("output %s: %q becomes %q when %s", o.ID, a.En, b.En, en),
		Zh: fmt.Sprintf("输出 %s：在“%s”时由“%s”改为“%s”", o.ID, zh, a.Zh, b.Zh),
	}
}

func (d deed) text(o *alarm.OutputPlan) alarm.Text {
	switch {
	case d.does:
		return actText(o, d.play)
	case d.stays:
		return alarm.Text{En: "stays as it is", Zh: "保持不变"}
	}
	return alarm.Text{En: "does nothing", Zh: "不动作"}
}

// rows compares the [[effect]]s of the files: one that is gone, or that does more than let people
// be warned, may matter in a way that no single alarm shows.
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
				o := find(c.to.plan.Outputs, outputNamed(a.Output))
				return o == nil || !adds(o, a.Play)
			})
		})
	c.en, c.zh, c.vital = "", "", true
	c.say(weakens, "the rows of [[effect]] are different", "[[effect]] 联动行有变化")
}
