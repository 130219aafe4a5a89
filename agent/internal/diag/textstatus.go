package diag

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/firepost/firepost/agent/alarm"
)

// Words that stand in more than one place.
const (
	ackedText    = "acknowledged|已确认"
	silencedText = "silenced|已消音"
	goneText     = "cause gone, waits for a reset|条件已消失，待复位"
	restoredText = "from before a restart|重启前的报警"
	leftText     = "_ left|剩余 _"
)

// status is the whole site: what is urgent first, so that a small screen shows it.
func (t *text) status(s *Status, v *view) {
	t.head(v)
	if p := s.Panel; p != nil {
		if st, left, runs := exercise(p); runs {
			t.line("", t.w("_: at most another _|_：剩余 _", t.say(st.Text), t.span(left)))
		}
		for i := range v.Alarms {
			t.alarm(p, &p.Alarms[i], &v.Alarms[i], v.State.Class)
		}
		for i := range v.Faults {
			t.fault(&p.Faults[i], &v.Faults[i])
		}
	}
	t.duties(v.Duties)
	if s.Site.Rejected != "" {
		t.line(broken, t.w("The newest site file is not in use:|最新的站点配置文件未启用："))
		for l := range strings.SplitSeq(s.Site.Rejected, "\n") {
			t.row(l)
		}
	}
	t.offer(s.Site.Offer)
	t.district(v)
	t.reached(&s.Face)
	if s.Panel != nil {
		t.outputs(s.Panel.Outputs, v.Outputs)
		t.points(s)
	}
}

// offer tells of a site file of the district, and of all that it would protect less.
func (t *text) offer(o *SiteOffer) {
	switch {
	case o == nil:
		return
	case o.Trial:
		t.line(todo, t.w("A site file of the district is on trial. firepost site rollback ends it.|"+
			"区域平台下发的现场配置正在试运行，可用 firepost site rollback 撤销。"))
		return
	}
	hash := o.Hash[:min(6, len(o.Hash))]
	t.line(todo, fmt.Sprintf(t.w("A site file of the district waits for firepost site accept "+
		"%[1]s, or refuse:|区域平台下发的现场配置等待确认（firepost site accept %[1]s 或 refuse）："), hash))
	for _, w := range o.Weakens {
		t.row(t.say(w))
	}
}

// head says how it is, where, and what to do.
func (t *text) head(v *view) {
	when := v.Time
	if when == "" {
		when = t.w("time unknown|时间未知")
	}
	if v.ClockBad {
		when = t.list(when, t.w("clock not set|时钟未校准"))
	}
	head := t.say(v.State.Text) + "  "
	if v.Site.Name != "" {
		head += v.Site.Name + "  "
	}
	if v.Sim {
		when += "  " + t.w("SIMULATED|模拟运行")
	}
	t.line("", head+when)
	if do := t.say(v.State.Do); do != "" {
		t.line("", do)
	}
	signs := t.say(v.Alone)
	for i := range v.Signs {
		if signs != "" {
			signs += " | "
		}
		signs += t.say(v.Signs[i].Text)
	}
	if signs != "" {
		t.line("", signs)
	}
}

// alarm tells of one alarm: what and where, since when, why, and what to do if the head does not
// say that.
func (t *text) alarm(p *alarm.Snapshot, a *alarm.AlarmState, v *alarmView, head string) {
	said := saying{v.Zone + " " + v.Point, t.say(v.Stage)}
	said.add(t.how(p, a))
	if a.Restored {
		said.add(t.w(restoredText))
	}
	t.line(danger+t.say(v.State.Text)+"  "+string(a.Point)+"  ", t.list(said...))
	if a.Phase != alarm.NotHeld {
		t.row(t.list(t.say(v.Waits), t.w(leftText, t.say(v.Left))))
	}
	for i := range v.Why {
		why := &v.Why[i]
		said := t.w("_ reached the limit of _|触发值 _，限值 _", why.Value, why.Limit)
		if why.Part != "" {
			said = t.reason(why)
		}
		if level := t.say(why.Level); level != "" {
			said = t.w("_: _|_：_", level, said)
		}
		t.row(said)
	}
	if v.State.Class != head {
		t.row(t.say(v.State.Do))
	}
}

// how tells for how long an alarm has stood, and what was done about it.
func (t tongue) how(p *alarm.Snapshot, a *alarm.AlarmState) string {
	said := saying{t.w("for _|已持续 _", t.span(p.At.Sub(a.Reached)))}
	if a.Reached > a.Since {
		said.add(t.w("first seen _ ago|_前首次发现", t.span(p.At.Sub(a.Since))))
	}
	if !a.Active {
		said.add(t.w(goneText))
	}
	if a.Acknowledged {
		said.add(t.w(ackedText))
	}
	if a.Silenced {
		said.add(t.w(silencedText))
	}
	return t.list(said...)
}

// fault tells of one fault, and what to do.
func (t *text) fault(f *alarm.FaultState, v *faultView) {
	head := broken + t.say(fault.Text) + "  "
	if f.Point != "" {
		head += string(f.Point) + "  "
	}
	says := t.w("_ _|__", t.say(v.Kind.Says), t.say(v.Kind.Do))
	if len(v.Names) > 0 {
		says = t.w("_: _|_：_", strings.Join(v.Names, t.w(", |、")), says)
	}
	t.line(head, says)
	code := string(f.Fault)
	if f.Detail != "" {
		code += ": " + f.Detail
	}
	t.row(t.list(code, t.w("for _|已持续 _", t.say(v.For))))
}

// duties are what people are asked and have to do.
func (t *text) duties(all []dutyView) {
	for i := range all {
		d := &all[i]
		head, of := plain, d.Of
		if d.Class == "fault" || d.Class == "prealarm" {
			head = todo
		}
		head += t.say(d.Name) + "  "
		if d.ID != "" {
			head += d.ID + "  "
		}
		if of == d.ID {
			of = ""
		}
		t.line(head, t.list(of, t.say(d.State), t.say(d.Note)))
	}
}

// district says what reaches the district and what waits for it.
func (t *text) district(v *view) {
	mark, said := plain, saying{}
	switch l := &v.Link; {
	case l.Connected:
		said.add(t.w("connected to _|已连接 _", l.Broker), t.say(l.For))
	case l.Broker != "":
		mark = broken
		said.add(t.w("not connected to _|未连接 _", l.Broker), t.say(l.For), t.say(l.Why))
	default:
		said.add(t.bare(v.Identity.Word))
	}
	if v.Identity.Err != "" {
		mark = broken
		said.add(cmp.Or(t.bare(v.Identity.Why), v.Identity.Err))
	}
	var held saying
	for i := range v.Lanes {
		l := &v.Lanes[i]
		lane := t.say(l.Word) + " " + strconv.FormatUint(l.Held, 10)
		if l.Dropped > 0 {
			lane += t.w(" (_ dropped)|（已丢弃 _）", strconv.FormatUint(l.Dropped, 10))
		}
		held.add(lane)
	}
	if len(held) > 0 {
		said.add(t.w("waiting: _|待发：_", t.list(held...)))
	}
	if v.Outbox.MemoryOnly {
		mark = broken
		said.add(t.w("kept in memory only|仅存于内存"))
	}
	if v.Outbox.Err != "" {
		mark = broken
		said.add(t.w("disk: _|磁盘：_", v.Outbox.Err))
	}
	t.line(mark+t.w("District  |区域平台  "), t.list(said...))
	if !v.Link.Connected && v.Link.Err != "" {
		t.row(strings.TrimRight(fit(clean(v.Link.Err), columns-4), " "))
	}
}

// outputs lists the outputs with what they do.
func (t *text) outputs(all []alarm.OutputState, views []outputView) {
	ids, states := 0, 0
	for i := range views {
		ids, states = max(ids, width(string(all[i].ID))), max(states, width(t.say(views[i].State)))
	}
	for i := range views {
		v, id, mark := &views[i], string(all[i].ID), plain
		switch {
		case strings.HasSuffix(v.Class, "fault"):
			mark = broken
		case v.Class != "state":
			mark = todo
		}
		name := v.Name
		if name == id {
			name = ""
		}
		left := ""
		if all[i].Left > 0 {
			left = t.w(leftText, t.span(all[i].Left))
		}
		t.line(mark+fit(id, ids)+"  "+fit(t.say(v.State), states)+"  ",
			t.list(name, t.bare(v.Note), left, v.Err))
	}
}

// reached says where the page is, and by what a person knows that it is this box.
func (t *text) reached(f *Face) {
	if f.URL == "" {
		return
	}
	who := t.w("who reads it logs in|查看须登录")
	if f.Open {
		who = t.w("open to read|可直接查看")
	}
	t.line(plain+t.w("Page  |页面  "), t.list(f.URL, who))
	if print := f.print(); print != "" {
		t.row(t.w("its certificate has the SHA-256 fingerprint|其证书的SHA-256指纹"))
		t.row(print[:len(print)/2+1])
		t.row(print[len(print)/2+1:])
	}
}
