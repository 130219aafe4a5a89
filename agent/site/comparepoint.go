package site

import (
	"fmt"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// point compares two plans of one point. What has been compared is made equal in a copy; what then
// differs is unknown, and so weakens.
func (c *comparison) point(was, is *alarm.PointPlan) {
	if was.Signal != is.Signal { // another one drives other outputs
		c.differs(true, "signal", "报警类型", was.Signal.String(), is.Signal.String())
	}
	if was.Latch != is.Latch {
		c.say(!is.Latch, "its alarm "+latchText(is.Latch).En, "报警"+latchText(is.Latch).Zh)
	}
	c.longer("time without a reading until it is a fault", "无数据判故障时间", was.Spec.Stale,
		is.Spec.Stale, 1)
	c.conditions(was.Spec.Conditions, is.Spec.Conditions)
	c.fire(was.Spec.Fire, is.Spec.Fire)
	if was.Spec.OnFault != is.Spec.OnFault {
		c.differs(is.Spec.OnFault < was.Spec.OnFault, "level on a fault", "故障时级别",
			was.Spec.OnFault.String(), is.Spec.OnFault.String())
	}
	if was.Pair != is.Pair {
		c.differs(was.Pair != "", "pair", "配对点位", fmt.Sprintf("%q", was.Pair),
			fmt.Sprintf("%q", is.Pair))
	}
	if was.Life != is.Life {
		c.differs(true, "life", "使用期限", lifeText(was.Life), lifeText(is.Life))
	}
	if was.Zone != is.Zone {
		c.differs(true, "zone", "分区", string(was.Zone), string(is.Zone))
	}
	if was.Name != is.Name {
		c.differs(false, "name", "名称", was.Name, is.Name)
	}
	if was.Risk != is.Risk {
		c.say(false, "its entry in the list of risks is different", "风险清单条目有变化")
	}
	c.other(!same(was.Spec.Channels, is.Spec.Channels), "its calibration", "校准")
	c.other(was.Spec.Drift != is.Spec.Drift, "what follows its baseline", "漂移补偿")
	c.other(was.Button != is.Button, "what it does as a button", "按钮功能")
	c.other(!same(was.Derived, is.Derived), "how its value is made", "计算方式")
	c.sources(was.ID)

	rest := *was
	rest.Name, rest.Zone, rest.Signal, rest.Latch = is.Name, is.Zone, is.Signal, is.Latch
	rest.Pair, rest.Life, rest.Risk, rest.Button = is.Pair, is.Life, is.Risk, is.Button
	rest.Derived, rest.Devices = is.Derived, is.Devices // the parts are told by sources
	rest.Spec = is.Spec
	rest.Spec.WarmUp = was.Spec.WarmUp
	c.other(!same(rest, *is), "its rule", "判断规则")
}

func latchText(latches bool) alarm.Text {
	if latches {
		return alarm.Text{En: "stays until it is reset", Zh: "保持至复位"}
	}
	return alarm.Text{En: "ends by itself", Zh: "自动解除"}
}

func lifeText(l alarm.Life) string {
	if l.Days == 0 {
		return "-"
	}
	return fmt.Sprintf("%d d from %v", l.Days, l.Installed)
}

// fire compares what is weighed together to find a fire.
func (c *comparison) fire(was, is []drivers.Quantity) {
	if slices.Equal(was, is) {
		return
	}
	lost := slices.ContainsFunc(was, func(q drivers.Quantity) bool { return !slices.Contains(is, q) })
	c.differs(lost, "weighed for a fire", "火情判断依据", fmt.Sprint(was), fmt.Sprint(is))
}

// conditions compares the limits of a point, the first of a kind with the first of that kind.
func (c *comparison) conditions(was, is []detect.Condition) {
	left := slices.Clone(is)
	for i := range was {
		w := &was[i]
		j := slices.IndexFunc(left, func(n detect.Condition) bool {
			return n.Kind == w.Kind && n.Quantity == w.Quantity && n.Level == w.Level &&
				n.Fault == w.Fault
		})
		name := conditionText(w)
		if j < 0 {
			c.say(true, name.En+" is removed", name.Zh+"被删除")
			continue
		}
		c.condition(name, w, &left[j])
		left = slices.Delete(left, j, j+1)
	}
	for i := range left {
		name := conditionText(&left[i])
		c.say(false, name.En+" is new", name.Zh+"为新增")
	}
}

// conditionText names a limit without its value, but for one that is removed or new.
func conditionText(d *detect.Condition) alarm.Text {
	level, named := levelTexts[d.Level]
	if d.Fault != "" || !named {
		level = alarm.Text{En: string(d.Fault), Zh: string(d.Fault)}
	}
	kind := kindTexts[d.Kind]
	return alarm.Text{
		En: fmt.Sprintf("%s (%v, %s)", level.En, d.Quantity, kind.En),
		Zh: fmt.Sprintf("%s（%v，%s）", level.Zh, d.Quantity, kind.Zh),
	}
}

var levelTexts = map[detect.Level]alarm.Text{
	detect.Supervisory: {En: "supervisory", Zh: "监管"}, detect.PreAlarm: {En: "prealarm", Zh: "预警"},
	detect.Alarm: {En: "alarm", Zh: "报警"}, detect.AlarmHigh: {En: "alarm_high", Zh: "二级报警"},
}

var kindTexts = map[detect.Kind]alarm.Text{
	detect.Active: {En: "contact", Zh: "触点"}, detect.Above: {En: "above", Zh: "高于"},
	detect.Below: {En: "below", Zh: "低于"}, detect.Rise: {En: "rise", Zh: "上升"},
	detect.Over: {En: "over baseline", Zh: "高于基线"}, detect.Dose: {En: "dose", Zh: "剂量"},
}

// condition compares one limit with what takes its place.
func (c *comparison) condition(name alarm.Text, was, is *detect.Condition) {
	en, zh := name.En+" ", name.Zh
	later := false
	if was.Limit != is.Limit {
		later = (is.Limit > was.Limit) != (was.Kind == detect.Below)
		c.differs(later, en+"limit", zh+"限值", was.Quantity.Text(was.Limit),
			was.Quantity.Text(is.Limit))
	}
	c.longer(en+"delay", zh+"确认时间", was.Confirm, is.Confirm, 1)
	c.longer(en+"release", zh+"恢复时间", was.Release, is.Release, -1)
	a, b := endOf(was), endOf(is)
	sooner := a != b && (b > a) != (was.Kind == detect.Below)
	if a != b && was.Limit == is.Limit || sooner && !later { // else the limit has told it
		c.differs(sooner, en+"ends at", zh+"恢复限值", was.Quantity.Text(a), was.Quantity.Text(b))
	}
	rest := *was
	rest.Limit, rest.Confirm, rest.Release = is.Limit, is.Confirm, is.Release
	rest.Hysteresis = is.Hysteresis
	c.other(rest != *is, en+"rule", zh+"规则")
}

// endOf is the value at which a condition ends.
func endOf(d *detect.Condition) int64 {
	if d.Kind == detect.Below {
		return d.Limit + d.Hysteresis
	}
	return d.Limit - d.Hysteresis
}

// source is one channel that feeds a point.
type source struct {
	Sensor, Model string
	Options       map[string]string
	Channel       uint8
	period        time.Duration
}

// sources are the channels that feed a point.
func (s *Site) sources(id point.ID) []source {
	var all []source
	for i := range s.Sensors {
		v := &s.Sensors[i]
		for _, f := range v.Feeds {
			if f.Point == id {
				all = append(all, source{v.Name, v.Model, v.Options, f.Channel, v.Period})
			}
		}
	}
	return all
}

// sources compares what a point is read from.
func (c *comparison) sources(id point.ID) {
	was, is := c.from.sources(id), c.to.sources(id)
	if len(was) == len(is) {
		for i := range was {
			c.longer("time between two readings", "读取间隔", was[i].period, is[i].period, 1)
			was[i].period = is[i].period
		}
	}
	c.other(!same(was, is), "the part that it is read from", "所接传感器")
}
