package diag

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// state is one word for the whole site, and what to do about it. Its class names it in JSON and
// colours the page.
type state struct {
	Class string
	alarm.Text
	Do alarm.Text // empty: nothing
}

// The states that are not the alarm of a signal.
var (
	normal   = state{Class: "normal", Text: alarm.Text{En: "Normal", Zh: "正常"}}
	disabled = state{Class: "disabled", Text: alarm.Text{En: "Disabled", Zh: "屏蔽"}}
	fault    = state{Class: "fault", Text: alarm.Text{En: "Fault", Zh: "故障"}}
	prealarm = state{
		"prealarm", alarm.Text{En: "Pre-alarm", Zh: "预报警"},
		alarm.Text{En: "Go and look there now.", Zh: "请立即到现场查看。"},
	}
	silent = state{
		"unknown", alarm.Text{En: "Not responding", Zh: "无响应"},
		alarm.Text{
			En: "Nothing watches this site. Keep watch yourself and restart the box.",
			Zh: "系统已停止监视。请派人值守，并重启设备。",
		},
	}
	starting = state{Class: "unknown", Text: alarm.Text{En: "Starting", Zh: "启动中"}}
)

// alarms are the states of the signals.
var alarms = map[alarm.Signal]state{
	alarm.Fire: {
		"fire", alarm.Text{En: "FIRE", Zh: "火警"},
		alarm.Text{En: "Get everybody out. Call 119.", Zh: "立即疏散，拨打119。"},
	},
	alarm.Gas: {
		"gas", alarm.Text{En: "GAS", Zh: "燃气报警"},
		alarm.Text{
			En: "No flame, no switch. Close the valve, open windows, get out, then call 119.",
			Zh: "严禁明火，勿动开关。关阀、开窗，撤离后再拨打119。",
		},
	},
	alarm.CO: {
		"co", alarm.Text{En: "CO ALARM", Zh: "一氧化碳报警"},
		alarm.Text{
			En: "Everybody out into fresh air. Call 119, and 120 for who feels unwell.",
			Zh: "立即撤到室外通风处。拨打119，有人不适拨打120。",
		},
	},
	alarm.Flood: {
		"flood", alarm.Text{En: "FLOOD", Zh: "水淹报警"},
		alarm.Text{En: "Leave low rooms. Switch the power there off from a dry place.",
			Zh: "撤离低洼处，在干燥处切断该处电源。"},
	},
	alarm.Evacuation: {
		"evacuation", alarm.Text{En: "EVACUATE", Zh: "立即疏散"},
		alarm.Text{En: "Get everybody out now.", Zh: "所有人员立即撤离。"},
	},
	alarm.Water: {
		"water", alarm.Text{En: "Fire water", Zh: "消防水源异常"},
		alarm.Text{En: "Check tank, pump and valves.", Zh: "请检查水箱、水泵和阀门。"},
	},
	alarm.Power: {
		"power", alarm.Text{En: "Power supply", Zh: "电源异常"},
		alarm.Text{En: "Check the mains and the battery.", Zh: "请检查市电和蓄电池。"},
	},
	alarm.Supervisory: {
		"supervisory", alarm.Text{En: "Supervisory", Zh: "监管报警"},
		alarm.Text{En: "Check the point and put it right.", Zh: "请检查该点位并恢复正常。"},
	},
}

// wordOf is the state that an alarm puts the site into.
func wordOf(s alarm.Signal, l detect.Level) state {
	if l == detect.PreAlarm {
		return prealarm
	}
	if st, ok := alarms[s]; ok {
		return st
	}
	return alarms[alarm.Supervisory]
}

// urgency orders the states of alarms: alarms before pre-alarms, life safety before the rest, then
// by the order of the signals.
func urgency(s alarm.Signal, l detect.Level) int {
	u := 1 + int(s)
	if s >= alarm.Evacuation {
		u += 100
		if l >= detect.Alarm {
			u += 100
		}
	}
	return u
}

// overall is the state of the site: the most urgent of what is so.
func overall(s *Status, now time.Time) state {
	switch {
	case s == nil || s.Panel == nil:
		return starting
	case !s.alive(now):
		return silent
	}
	best, word := 0, normal
	for i := range s.Panel.Alarms {
		a := &s.Panel.Alarms[i]
		if a.Drill {
			continue
		}
		if u := urgency(a.Signal, a.Finding.Level); u > best {
			best, word = u, wordOf(a.Signal, a.Finding.Level)
		}
	}
	if best > 0 {
		return word
	}
	trial, _, runs := exercise(s.Panel)
	switch {
	case runs && trial.Class == drill.Class:
		return drill
	case len(s.Panel.Faults) > 0:
		return fault
	case runs:
		word = trial
	}
	for i := range s.Panel.Points {
		switch p := &s.Panel.Points[i]; {
		case p.Finding.Fault != "":
			return fault
		case awaits(p):
			word = starting
		case p.Disabled > 0 && word.Class != starting.Class:
			word = disabled
		}
	}
	return word
}

// awaits tells whether nothing has been heard yet of a point that is in service. That lasts until
// its first reading, or until it is silent, which is a fault.
func awaits(p *alarm.PointState) bool {
	for i := range p.Channels {
		if !p.Channels[i].Seen && p.Disabled == 0 && !p.Testing {
			return true
		}
	}
	return false
}

// qualities say what is wrong with a value.
var qualities = map[point.Quality]alarm.Text{
	point.Bad:       {En: "no value", Zh: "无数据"},
	point.Uncertain: {En: "uncertain", Zh: "不确定"},
}

// reasons say why a value is not good.
var reasons = map[point.Reason]alarm.Text{
	point.WarmUp:    {En: "warming up", Zh: "预热中"},
	point.Saturated: {En: "beyond its range", Zh: "超量程"},
	point.Range:     {En: "out of range", Zh: "数值越界"},
	point.Checksum:  {En: "damaged on the bus", Zh: "总线数据错误"},
	point.NoDevice:  {En: "no answer", Zh: "设备无应答"},
	point.Stale:     {En: "silent", Zh: "长时间无数据"},
	point.Stuck:     {En: "stuck", Zh: "数值卡死"},
	point.Rate:      {En: "jumps", Zh: "数值跳变"},
	point.Disagree:  {En: "disagrees", Zh: "读数不一致"},
	point.LineOpen:  {En: "line open", Zh: "线路断开"},
	point.LineShort: {En: "line shorted", Zh: "线路短路"},
	point.EndOfLife: {En: "end of life", Zh: "寿命到期"},
	point.Test:      {En: "test", Zh: "测试"},
}

// lifeWaits says that the end of a sensor's life is not watched.
var lifeWaits = alarm.Text{
	En: "End of life not watched: the date is not known", Zh: "日期未知，暂未检查使用寿命"}

// rounded is value to three figures, which is what a person takes in at a glance.
func rounded(value int64) int64 {
	step := int64(1)
	for v := max(value, -value); v >= 1000; v /= 10 {
		step *= 10
	}
	return nearest(value, step)
}

// shown is value as a person reads it: of temperature and humidity one decimal, of the rest three
// figures. The JSON has all of them.
func shown(q drivers.Quantity, value int64) string {
	if q == drivers.Temperature || q == drivers.Humidity {
		return q.Text(nearest(value, 100))
	}
	return q.Text(rounded(value))
}

// nearest is the multiple of step that is nearest to value.
func nearest(value, step int64) int64 {
	half := step / 2
	if value < 0 {
		half = -half
	}
	return (value + half) / step * step
}

// levels name the conditions of a point.
var levels = map[detect.Level]alarm.Text{
	detect.Supervisory: {En: "supervisory", Zh: "监管"},
	detect.PreAlarm:    {En: "pre-alarm", Zh: "预报警"},
	detect.Alarm:       {En: "alarm", Zh: "报警"},
	detect.AlarmHigh:   {En: "second stage", Zh: "二级报警"},
}

// stages name the levels for which a signal has no word of its own.
var stages = map[detect.Level]alarm.Text{detect.AlarmHigh: levels[detect.AlarmHigh]}

// What the head of the page says of the siren and of the district during an alarm.
var (
	sirenOn        = sign{alarm.Text{En: "Siren on", Zh: "警号响"}, false}
	sirenOff       = sign{alarm.Text{En: "Siren off", Zh: "警号未响"}, false}
	sirenFails     = sign{alarm.Text{En: "Siren does not obey", Zh: "警号失灵"}, true}
	sirenNone      = sign{alarm.Text{En: "No siren", Zh: "无警号"}, true}
	silencedSign   = sign{alarm.Text{En: "Silenced", Zh: "已消音"}, true}
	districtTold   = sign{alarm.Text{En: "District told", Zh: "平台已收到"}, false}
	districtWaits  = sign{alarm.Text{En: "Telling the district", Zh: "正在上报平台"}, false}
	districtUntold = sign{alarm.Text{En: "District not told yet", Zh: "平台未收到"}, true}
	districtGone   = sign{alarm.Text{
		En: "District told, now not connected", Zh: "平台已收到，现已断线"}, true}
)

// unenrolled says of each state of an identity but one that nobody outside is told.
var unenrolled = map[string]alarm.Text{
	"unenrolled": {En: "Not enrolled: nobody outside is told", Zh: "尚未注册，外部收不到报警"},
	"pending":    {En: "No certificate yet: nobody outside is told", Zh: "证书未签发，外部收不到报警"},
	"claimed":    {En: "No certificate yet: nobody outside is told", Zh: "证书未签发，外部收不到报警"},
	"issued":     {En: "Not connected yet: nobody outside is told", Zh: "尚未接入平台，外部收不到报警"},
	"expired":    {En: "Certificate ended: nobody outside is told", Zh: "证书已到期，外部收不到报警"},
	"moved":      {En: "Card of another box: nobody outside is told", Zh: "存储卡属于其他设备，外部收不到报警"},
	"broken":     {En: "Identity damaged: nobody outside is told", Zh: "身份文件有误，外部收不到报警"},
}

// failures say why the line to the district is down, by the class of the failure.
var failures = map[string]alarm.Text{
	"refused": {En: "the district refuses this box", Zh: "平台拒绝接入"},
	"clock":   {En: "the clock is wrong", Zh: "时钟不正确"},
	"shared":  {En: "another box uses this identity", Zh: "身份被其他设备占用"},
	"stalled": {En: "no answer", Zh: "平台无应答"},
	"broken":  {En: "cannot be reached", Zh: "无法连通"},
}

// lanes are the lanes by their letter.
var lanes = map[string]alarm.Text{
	"a": {En: "alarms", Zh: "报警"}, "e": {En: "events", Zh: "事件"},
	"t": {En: "values", Zh: "数据"},
}

// identities are the states of an identity.
var identities = map[string]alarm.Text{
	"unenrolled": {En: "Not enrolled. Local alarms work.", Zh: "尚未注册。本地报警正常。"},
	"claimed":    {En: "Has a claim, and no certificate yet.", Zh: "已有注册码，尚无证书。"},
	"pending":    {En: "Waiting for its certificate.", Zh: "等待签发证书。"},
	"issued":     {En: "Has a certificate, and has not connected with it yet.", Zh: "证书已签发，尚未接入平台。"},
	"expired":    {En: "The certificate has ended. Local alarms work.", Zh: "证书已到期。本地报警正常。"},
	"moved":      {En: "The card is of another box. Local alarms work.", Zh: "存储卡属于其他设备。本地报警正常。"},
	"enrolled":   {En: "Enrolled", Zh: "已注册"},
	"broken":     {En: "The identity is damaged. Local alarms work.", Zh: "身份文件有误。本地报警正常。"},
}

// span says how long something has lasted.
func span(d time.Duration) alarm.Text {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return lasting(d/time.Second, "s", "秒")
	case d < 2*time.Hour:
		return lasting(d/time.Minute, "min", "分钟")
	case d < 48*time.Hour:
		return lasting(d/time.Hour, "h", "小时")
	}
	return lasting(d/(24*time.Hour), "days", "天")
}

func lasting(n time.Duration, en, zh string) alarm.Text {
	return alarm.Text{En: fmt.Sprintf("%d %s", int64(n), en), Zh: fmt.Sprintf("%d %s", int64(n), zh)}
}
