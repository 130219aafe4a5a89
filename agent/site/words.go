package site

import (
	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// The words of the table, and of what no kind of output has words of its own for.
var (
	causeHead   = alarm.Text{En: "cause", Zh: "原因"}
	asItIs      = alarm.Text{En: "as it is", Zh: "不动"}
	nothingText = alarm.Text{En: "nothing happens", Zh: "无任何动作"}
	staysText   = alarm.Text{
		En: "stays as it is, because switching it could light the gas",
		Zh: "保持原状（开关动作可能引燃燃气）",
	}
	onText  = alarm.Text{En: "on", Zh: "开"}
	offText = alarm.Text{En: "off", Zh: "停"}
)

// causeTexts say what a signal means once it is an alarm, and when it has gone higher. PLACE is
// where.
var causeTexts = map[alarm.Signal][2]alarm.Text{
	alarm.Fire: {
		{En: "one detector finds fire in PLACE", Zh: "PLACE有一个探测器报火警"},
		{En: "a detector finds much fire in PLACE", Zh: "PLACE有探测器报二级火警"},
	},
	alarm.Gas: {
		{En: "there is gas in PLACE", Zh: "PLACE检测到燃气"},
		{En: "there is much gas in PLACE", Zh: "PLACE燃气浓度高"},
	},
	alarm.CO: {
		{En: "there is carbon monoxide in PLACE", Zh: "PLACE检测到一氧化碳"},
		{En: "there is much carbon monoxide in PLACE", Zh: "PLACE一氧化碳浓度高"},
	},
	alarm.Flood: {
		{En: "there is water in PLACE", Zh: "PLACE积水"},
		{En: "there is deep water in PLACE", Zh: "PLACE深度积水"},
	},
	alarm.Evacuation: {
		{En: "people must leave PLACE", Zh: "PLACE须立即疏散"},
		{En: "people must leave PLACE at once", Zh: "PLACE须马上疏散"},
	},
	alarm.Water: {
		{En: "the fire water of PLACE is off normal", Zh: "PLACE消防水源异常"},
		{En: "the fire water of PLACE is far off normal", Zh: "PLACE消防水源严重异常"},
	},
	alarm.Power: {
		{En: "the power of PLACE is off normal", Zh: "PLACE电源异常"},
		{En: "the power of PLACE is far off normal", Zh: "PLACE电源严重异常"},
	},
	alarm.Supervisory: {
		{En: "something in PLACE is off normal", Zh: "PLACE有监管异常"},
		{En: "something in PLACE is far off normal", Zh: "PLACE有严重监管异常"},
	},
}

// earlyTexts name a signal of which there is a first sign.
var earlyTexts = map[alarm.Signal]alarm.Text{
	alarm.Fire: {En: "fire", Zh: "火情"}, alarm.Gas: {En: "gas", Zh: "燃气"},
	alarm.CO: {En: "carbon monoxide", Zh: "一氧化碳"}, alarm.Flood: {En: "water", Zh: "积水"},
	alarm.Evacuation:  {En: "danger", Zh: "险情"},
	alarm.Water:       {En: "low fire water", Zh: "消防水源异常"},
	alarm.Power:       {En: "low power", Zh: "电源异常"},
	alarm.Supervisory: {En: "something off normal", Zh: "监管异常"},
}

// causeText says what happens, with PLACE where it says where.
func causeText(c *alarm.Cause) alarm.Text {
	switch {
	case c.Fault == alarm.UplinkFault:
		return alarm.Text{En: "the district cannot be reached", Zh: "与区域平台断线"}
	case c.Fault != "":
		return alarm.Text{En: "something of the system fails", Zh: "系统有故障"}
	case c.Of == alarm.CallPoint:
		return alarm.Text{En: "somebody presses a call point in PLACE", Zh: "PLACE有人按下手动报警"}
	case c.Of == alarm.Held:
		return alarm.Text{
			En: "one detector finds fire in PLACE, for the 15 s in which a person may acknowledge " +
				"and the 180 s in which he may look",
			Zh: "PLACE有一个探测器报火警，在15秒内等待确认、180秒内等待查看期间",
		}
	case c.Of == alarm.Doubted:
		return alarm.Text{
			En: "one detector finds fire in PLACE, until a second signal confirms it",
			Zh: "PLACE有一个探测器报火警，等待第二个信号核实期间",
		}
	case c.Of == alarm.Precursor && c.Level >= detect.Alarm:
		return alarm.Text{
			En: "a cable in PLACE gets hot or leaks current", Zh: "PLACE电气线路过热或漏电",
		}
	}
	signal := c.Signals[0]
	if c.Level < detect.Alarm {
		sign := earlyTexts[signal]
		return alarm.Text{
			En: "there is a first sign of " + sign.En + " in PLACE", Zh: "PLACE有" + sign.Zh + "预报警",
		}
	}
	text := causeTexts[signal][0]
	if c.Level == detect.AlarmHigh {
		text = causeTexts[signal][1]
	}
	if c.Triggers > 1 {
		if signal == alarm.Fire {
			return alarm.Text{En: "two detectors find fire in PLACE", Zh: "PLACE有两个探测器报火警"}
		}
		text.En, text.Zh = text.En+", at two detectors", text.Zh+"（两个探测器）"
	}
	return text
}

// actText says what an output does, behind its name.
func actText(o *alarm.OutputPlan, p alarm.Pattern) alarm.Text {
	switch {
	case o.Kind.Sounds():
		return soundText(o, p)
	case o.Kind == alarm.Strobe:
		return alarm.Text{En: "flashes", Zh: "闪光"}
	case o.Kind.Closes():
		return alarm.Text{En: "closes", Zh: "关闭"}
	case o.Kind == alarm.Fan:
		if p == alarm.Off {
			return alarm.Text{En: "stops", Zh: "停止"}
		}
		return alarm.Text{En: "runs", Zh: "运行"}
	case o.Kind == alarm.Lamp:
		if p == alarm.Off {
			return alarm.Text{En: "goes out", Zh: "熄灭"}
		}
		return alarm.Text{En: "lights up", Zh: "亮起"}
	}
	if p == alarm.Off {
		return alarm.Text{En: "switches off", Zh: "断开"}
	}
	return alarm.Text{En: "switches on", Zh: "接通"}
}

func soundText(o *alarm.OutputPlan, p alarm.Pattern) alarm.Text {
	switch tone := p.Text(); {
	case isTone(p):
		return alarm.Text{En: "sounds the " + tone.En, Zh: "响" + tone.Zh}
	case p == alarm.Chirp:
		return alarm.Text{En: "chirps once a minute", Zh: "每分钟短鸣一声"}
	case p == alarm.Chirp30:
		return alarm.Text{En: "chirps every 30 s", Zh: "每30秒短鸣一声"}
	case o.Steady:
		return alarm.Text{En: "sounds its own tone", Zh: "鸣响（自带音）"}
	}
	return alarm.Text{En: "sounds without a pause", Zh: "连续鸣响"}
}

// isTone tells the patterns that have a name among people.
func isTone(p alarm.Pattern) bool {
	switch p {
	case alarm.Temporal3, alarm.Temporal4, alarm.GasTone, alarm.FloodTone, alarm.Alert:
		return true
	}
	return false
}

// cellText is what an output does, for a narrow column.
func cellText(o *alarm.OutputPlan, p alarm.Pattern) alarm.Text {
	tone := p.Text()
	switch {
	case p == alarm.Off:
		return offText
	case isTone(p):
		return alarm.Text{En: tone.En[:len(tone.En)-len(" tone")], Zh: tone.Zh[:len(tone.Zh)-len("音")]}
	case p == alarm.Chirp:
		return alarm.Text{En: "chirp", Zh: "短鸣"}
	case p == alarm.Chirp30:
		return alarm.Text{En: "chirp 30 s", Zh: "短鸣30秒"}
	case o.Kind == alarm.Strobe:
		return alarm.Text{En: "flash", Zh: "闪"}
	case o.Kind.Closes():
		return alarm.Text{En: "close", Zh: "关"}
	case o.Kind.Sounds():
		return alarm.Text{En: "steady", Zh: "连续"}
	}
	return onText
}
