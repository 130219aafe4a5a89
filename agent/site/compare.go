package site

import (
	"fmt"
	"maps"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
)

// Change is one difference between two sites.
type Change struct {
	alarm.Text // what was, and what would be
	// Weakens tells that people would be protected less, or that nobody can tell from the file
	// alone that they would not be.
	Weakens bool
	People  bool // it is about who may act, which only a person at the box may change
}

// Compare lists what changes from one site to another, in the order in which a person asks: points,
// zones, outputs, what they do, and the rest. Two sites that a panel and the people around it
// cannot tell apart have no changes.
//
// What is not known to be harmless weakens: a part that is read instead of another, or a rule that
// is only different, needs somebody who looks at the place.
func Compare(from, to *Site) []Change {
	c := &comparison{from: from, to: to}
	c.points()
	c.zones()
	c.outputs()
	c.effects()
	c.whole()
	return c.changes
}

// Weakens tells whether any of the changes does.
func Weakens(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Weakens })
}

type comparison struct {
	from, to *Site
	changes  []Change

	en, zh string // of what is compared now
	vital  bool   // and whether life may depend on it
}

// subject begins with the next thing.
func (c *comparison) subject(en, zh, id, name string, vital bool) {
	if name != "" && name != id {
		id += " (" + name + ")"
	}
	c.en, c.zh, c.vital = en+" "+id+": ", zh+" "+id+"：", vital
}

// say notes a change of the thing that is compared now.
func (c *comparison) say(weakens bool, en, zh string) {
	c.changes = append(c.changes, Change{
		Text: alarm.Text{En: c.en + en, Zh: c.zh + zh}, Weakens: weakens && c.vital,
	})
}

// differs notes a change of something that has a word, from one text to another.
func (c *comparison) differs(weakens bool, en, zh, was, is string) {
	c.say(weakens, fmt.Sprintf("%s %s becomes %s", en, was, is),
		fmt.Sprintf("%s由 %s 改为 %s", zh, was, is))
}

// longer compares a time of which more protects less; with sign -1: of which less does.
func (c *comparison) longer(en, zh string, was, is time.Duration, sign int) {
	if was != is {
		c.differs((is > was) == (sign > 0), en, zh, durationText(was), durationText(is))
	}
}

// other notes what is different in a way that only a look at the place can judge.
func (c *comparison) other(differs bool, en, zh string) {
	if differs {
		c.say(true, en+" is different", zh+"有变化")
	}
}

// points compares what is watched.
func (c *comparison) points() {
	vital := c.from.vital()
	for i := range c.from.plan.Points {
		was := &c.from.plan.Points[i]
		c.subject("point", "点位", string(was.ID), was.Name, vital[was.ID])
		if is := find(c.to.plan.Points, pointNamed(was.ID)); is != nil {
			c.point(was, is)
		} else {
			c.say(true, "is removed", "被删除")
		}
	}
	for i := range c.to.plan.Points {
		is := &c.to.plan.Points[i]
		if find(c.from.plan.Points, pointNamed(is.ID)) == nil {
			c.subject("point", "点位", string(is.ID), is.Name, is.Button.Acts())
			c.say(true, "is new", "为新增") // a new button acts; nothing else new protects less
		}
	}
}

func pointNamed(id point.ID) func(*alarm.PointPlan) bool {
	return func(p *alarm.PointPlan) bool { return p.ID == id }
}

// find is the first of all that is; nil: none.
func find[T any](all []T, is func(*T) bool) *T {
	for i := range all {
		if is(&all[i]) {
			return &all[i]
		}
	}
	return nil
}

// vital are the points on which life may depend: those of such a signal, those that act for a
// person, and those by which one of them is judged.
func (s *Site) vital() map[point.ID]bool {
	all := map[point.ID]bool{}
	for i := range s.plan.Outputs {
		all[s.plan.Outputs[i].Feedback] = true
	}
	// The inputs of a point stand before it, so that one pass from the end finds all.
	for i := len(s.plan.Points) - 1; i >= 0; i-- {
		p := &s.plan.Points[i]
		if p.Signal.IsLifeSafety() || p.Button.Acts() {
			all[p.ID] = true
		}
		if !all[p.ID] {
			continue
		}
		all[p.Pair] = true
		if p.Derived != nil {
			for _, id := range p.Derived.From {
				all[id] = true
			}
		}
	}
	return all
}

// zones compares the areas. Where a point has moved is told of the point.
func (c *comparison) zones() {
	for i := range c.from.plan.Zones {
		was := &c.from.plan.Zones[i]
		is := find(c.to.plan.Zones, func(z *alarm.ZonePlan) bool { return z.ID == was.ID })
		c.subject("zone", "分区", string(was.ID), was.Name, true)
		if is == nil {
			c.say(false, "is removed", "被删除")
			continue
		}
		if is.Mode != was.Mode {
			c.differs(is.Mode != alarm.Single, "mode", "模式", was.Mode.String(), is.Mode.String())
		}
		if is.Name != was.Name {
			c.differs(false, "name", "名称", was.Name, is.Name)
		}
	}
	for i := range c.to.plan.Zones {
		is := &c.to.plan.Zones[i]
		if find(c.from.plan.Zones, func(z *alarm.ZonePlan) bool { return z.ID == is.ID }) == nil {
			c.subject("zone", "分区", string(is.ID), is.Name, true)
			c.say(false, "is new", "为新增")
		}
	}
}

// whole compares what belongs to the site as a whole.
func (c *comparison) whole() {
	was, is := &c.from.plan, &c.to.plan
	c.en, c.zh, c.vital = "site: ", "站点：", true
	for _, t := range []struct{ en, zh, was, is string }{
		{"id", "编号", c.from.ID, c.to.ID}, {"name", "名称", c.from.Name, c.to.Name},
		{"tenant", "租户", c.from.Tenant, c.to.Tenant},
	} {
		if t.was != t.is {
			c.differs(false, t.en, t.zh, fmt.Sprintf("%q", t.was), fmt.Sprintf("%q", t.is))
		}
	}
	c.longer("time until a silenced alarm sounds again", "消音后再次鸣响时间", was.Resound, is.Resound, 1)
	if !slices.Equal(c.from.Operators, c.to.Operators) ||
		!slices.Equal(was.Operators, is.Operators) {
		c.say(true, "the operators are different", "人员名单有变化")
		c.changes[len(c.changes)-1].People = true
	}
	if !slices.Equal(was.Items, is.Items) {
		c.say(false, "what is to be checked is different", "检查项有变化")
	}
	if was.Missing != is.Missing {
		// With more points fewer are missing; with the same, less is asked for.
		c.differs(is.Missing < was.Missing && len(is.Points) <= len(was.Points),
			"points that are missing", "缺少的点位", fmt.Sprint(was.Missing), fmt.Sprint(is.Missing))
	}
	if was.Shift != is.Shift {
		c.differs(is.Shift < was.Shift, "people on shift", "在岗人数", fmt.Sprint(was.Shift),
			fmt.Sprint(is.Shift))
	}
	c.rights(was, is)
	if !c.from.Page.Equal(c.to.Page) {
		c.differs(!c.to.Page.isLocal(), "page", "页面地址", c.from.Page.text(), c.to.Page.text())
	}
	if d, e := c.from.District, c.to.District; d.Report != e.Report ||
		!maps.Equal(d.Deadband, e.Deadband) {
		c.say(false, "how often values are told is different", "上报频度有变化")
	}
}

// rights compares what the district may do.
func (c *comparison) rights(was, is *alarm.Plan) {
	may := func(p *alarm.Plan, a alarm.Action) bool { return !slices.Contains(p.MayNot, a) }
	for _, a := range alarm.Lendable() {
		if before, after := may(was, a), may(is, a); before != after {
			c.right(after, a.String())
		}
	}
	if was.MaySilence != is.MaySilence {
		c.right(is.MaySilence, alarm.Silence.String())
	}
	if c.from.District.MayNotPush != c.to.District.MayNotPush {
		c.right(!c.to.District.MayNotPush, pushRight)
	}
}

func (c *comparison) right(given bool, what string) {
	en, zh := "may no more ", "不再允许区域平台 "
	if given {
		en, zh = "may ", "将允许区域平台 "
	}
	c.say(given, "the district "+en+what, zh+what)
}

// isLocal tells whether nobody on the network can open the page.
func (p Page) isLocal() bool {
	host, _, _ := net.SplitHostPort(p.Listen)
	ip := net.ParseIP(host)
	return p.Listen == "" || host == "localhost" || ip != nil && ip.IsLoopback()
}

// text is where the page is and who may read it.
func (p Page) text() string {
	said := strconv.Quote(p.Listen)
	if p.Open {
		said += " open"
	}
	return strings.Join(append([]string{said}, p.Names...), " ")
}

// same tells whether two values hold the same.
func same(a, b any) bool { return reflect.DeepEqual(a, b) }
