package diag

import "github.com/firepost/firepost/agent/alarm"

// What an output does, beside its name.
var (
	outputOff    = alarm.Text{En: "off", Zh: "停止"}
	outputOn     = alarm.Text{En: "on", Zh: "启动"}
	outputOpen   = alarm.Text{En: "open", Zh: "打开"}
	outputShuts  = alarm.Text{En: "told to close", Zh: "已发关闭指令"}
	outputShut   = alarm.Text{En: "closed, confirmed", Zh: "已关闭，有反馈"}
	outputWorks  = alarm.Text{En: "on, confirmed", Zh: "已启动，有反馈"}
	outputFailed = alarm.Text{En: "not confirmed", Zh: "未收到反馈"}
)

// What a person should know of an output that no alarm drives any more.
var (
	noteOpens = alarm.Text{
		En: "Look for gas first, then open it at the box.", Zh: "确认无燃气后，在现场操作打开。"}
	noteKept = alarm.Text{En: "Switched on by hand.", Zh: "手动启动。"}
	noteFar  = alarm.Text{En: "Switched on by the district.", Zh: "由区域平台启动。"}
)

// newOutputView shows an output and, where it reports back, whether it has done what it was told.
func newOutputView(o *alarm.OutputState, err string) outputView {
	v := outputView{Name: or(o.Name, string(o.ID)), Class: "state", State: outputOff, Err: err}
	closes, on := o.Kind.Closes(), o.Pattern != alarm.Off
	switch {
	case on && o.Failed:
		v.State = outputFailed
	case on && o.Confirmed && closes:
		v.State = outputShut
	case on && o.Confirmed:
		v.State = outputWorks
	case on && closes:
		v.State = outputShuts
	case on:
		v.State = outputOn
	case closes:
		v.State = outputOpen
	}
	switch {
	case err != "" || o.Failed:
		v.Class = "state fault"
	case on:
		v.Class = "state on"
	}
	switch {
	case !o.Kept || o.Alarm != "":
	case o.Kind == alarm.Valve:
		v.Note = noteOpens
	case o.By.Kind == alarm.District:
		v.Note = noteFar
	case o.By != (alarm.Origin{}):
		v.Note = noteKept
	}
	return v
}
