package diag

import (
	"strconv"

	"github.com/firepost/firepost/agent/alarm"
)

// page is the page that shows v.
func page(v view) []byte {
	m := &markup{}
	m.add(`<!DOCTYPE html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>%s %s · %s</title>
<link rel="stylesheet" href="style.css">
</head>
<body>
`, v.State.Zh, v.State.En, v.Site.Name)
	if v.Sim {
		m.add("<p class=\"sim\">模拟运行 SIMULATED — 不连接真实传感器 no real sensors</p>\n")
	}
	m.head(v)
	m.said("<p class=\"alone\"><span>%s</span> <span>%s</span></p>\n", v.Alone)
	m.add("<main>\n")
	m.alarms(v.Alarms, v.State)
	m.faults(v.Faults)
	m.duties(v.Duties)
	m.points(v.Points)
	m.outputs(v.Outputs)
	m.district(v)
	m.siteFile(v.Site)
	m.add("</main>\n<footer>firepost %s · %s %s", v.Build.Version, v.Site.ID, v.Site.Hash)
	m.add(` · <a href="status.json">status.json</a> · <a href="metrics">metrics</a></footer>
</body>
</html>
`)
	return m.Bytes()
}

// head is what is read from afar: the word, where, since when, and what to do.
func (m *markup) head(v view) {
	m.add("<header class=\"%s\">\n<p class=\"site\">%s</p>\n<h1>", v.State.Class, v.Site.Name)
	m.both(v.State.Text)
	m.add("</h1>\n")
	for _, where := range v.Where {
		m.add("<p class=\"place\">%s</p>\n", where)
	}
	if v.More > 0 {
		more := strconv.Itoa(v.More)
		m.add("<p class=\"place\">另有 %s 处 · %s more</p>\n", more, more)
	}
	m.since(v)
	m.signs(v.Signs)
	if v.State.Do.En != "" {
		m.add(`<p class="do">`)
		m.both(v.State.Do)
		m.add("</p>\n")
	}
	m.said("<p class=\"since\">剩余 %s · %s left</p>\n", v.Left)
	m.add(`<p class="time">%s`, or(v.Time, "时间未知 time unknown"))
	if v.ClockBad {
		m.add(" · 时钟未校准 clock not set")
	}
	m.add("</p>\n</header>\n")
}

// since is how long it has been as bad as the word says.
func (m *markup) since(v view) {
	if v.Since == "" && v.For.En == "" {
		return
	}
	m.add(`<p class="since">`)
	m.said("%s %s · ", v.Stage)
	if v.Since != "" {
		m.add("自 %s 起 · since %s", v.Since, v.Since)
	} else {
		m.add("已持续 %s · for %s", v.For.Zh, v.For.En)
	}
	m.add("</p>\n")
}

// signs are what sounds and who knows.
func (m *markup) signs(all []sign) {
	if len(all) == 0 {
		return
	}
	m.add(`<p class="signs">`)
	for _, s := range all {
		class := "sign"
		if s.Bad {
			class = "sign bad"
		}
		m.add("\n<span class=\"%s\">%s %s</span>", class, s.Zh, s.En)
	}
	m.add("</p>\n")
}

// both writes t in both languages.
func (m *markup) both(t alarm.Text) {
	m.add(`<span lang="zh">%s</span> <span lang="en">%s</span>`, t.Zh, t.En)
}

// alarms lists the alarms, and for each that is not of the state in the head what to do.
func (m *markup) alarms(all []alarmView, head state) {
	if len(all) == 0 {
		return
	}
	m.add("<section>\n<h2>报警 Alarms</h2>\n<ul class=\"cards\">\n")
	for _, a := range all {
		m.add("<li class=\"%s\">\n<strong>%s %s</strong>\n", a.State.Class, a.State.Zh, a.State.En)
		m.add("<span class=\"where\">%s · %s</span>\n", a.Point, a.Zone)
		m.add("<span>")
		m.said("%s %s · ", a.Stage)
		m.add("已持续 %s · for %s", a.For.Zh, a.For.En)
		m.said(" · %s前首次发现 first seen %s ago", a.Before)
		m.add("</span>\n")
		if a.Waits.En != "" {
			m.add("<strong>%s · %s</strong>\n", a.Waits.Zh, a.Waits.En)
			m.said("<span>剩余 %s · %s left</span>\n", a.Left)
		}
		m.reasons(a)
		if a.State.Class != head.Class {
			m.add(`<span class="do">`)
			m.both(a.State.Do)
			m.add("</span>\n")
		}
		if !a.Active {
			m.add("<span>条件已消失，待复位 condition has ended, waiting for reset</span>\n")
		}
		if a.Silenced {
			m.add("<span>已消音 silenced</span>\n")
		}
		if a.Acknowledged {
			m.add("<span>已确认 acknowledged</span>\n")
		}
		if a.Restored {
			m.add("<span>重启前的报警 from before a restart</span>\n")
		}
		m.add("</li>\n")
	}
	m.add("</ul>\n</section>\n")
}

// reasons lists the conditions that were met, each with its value then, and the values now.
func (m *markup) reasons(a alarmView) {
	for _, why := range a.Why {
		m.add("<span>")
		m.said("%s条件 %s: ", why.Level)
		if why.Part != "" {
			m.add("读数 value <b>%s</b> · 占报警 <b>%s</b> of an alarm · 单独报警值 alone at %s</span>\n",
				why.Value, why.Part, why.Limit)
			continue
		}
		m.add("触发值 reached <b>%s</b> · 限值 limit %s</span>\n", why.Value, why.Limit)
	}
	for _, value := range a.Now {
		m.add("<span>当前值 now <b>%s</b>", value.Text)
		m.said(" <em>%s %s</em>", value.Note)
		m.add("</span>\n")
	}
}

// faults lists what is wrong with the system itself.
func (m *markup) faults(all []faultView) {
	if len(all) == 0 {
		return
	}
	m.add("<section>\n<h2>故障 Faults</h2>\n<ul class=\"cards\">\n")
	for _, f := range all {
		m.add("<li class=\"fault\">\n")
		m.addIf("<span class=\"where\">%s</span>\n", f.Point)
		for _, name := range f.Names {
			m.add("<strong class=\"where\">%s</strong>\n", name)
		}
		m.add("<strong lang=\"zh\">%s</strong>\n<span lang=\"zh\">%s</span>\n",
			f.Kind.Says.Zh, f.Kind.Do.Zh)
		m.add("<strong lang=\"en\">%s</strong>\n<span lang=\"en\">%s</span>\n",
			f.Kind.Says.En, f.Kind.Do.En)
		m.add("<span class=\"small\">已持续 %s · for %s</span>\n", f.For.Zh, f.For.En)
		m.add(`<span class="raw">%s`, string(f.Kind.Code))
		m.addIf(" · %s", f.Detail)
		m.add("</span>\n</li>\n")
	}
	m.add("</ul>\n</section>\n")
}

// points lists every point with its values and its state.
func (m *markup) points(all []pointView) {
	m.add("<section>\n<h2>点位 Points</h2>\n<table>\n")
	for _, p := range all {
		m.add("<tr>\n<th scope=\"row\">%s<span class=\"small\">%s</span></th>\n<td>", p.Name, p.Zone)
		for _, value := range p.Values {
			m.add("\n<span>%s", value.Text)
			m.said(" <em>%s %s</em>", value.Note)
			m.add("</span>")
		}
		m.said(`<span class="small">%s · %s</span>`, p.Life)
		m.add("</td>\n<td class=\"state %s\"><b>%s<br>%s</b>", p.Class, p.State.Zh, p.State.En)
		m.said(`<span class="small">%s %s</span>`, p.Note)
		m.small(p.Reason)
		m.said(`<span class="small">剩余 %s · %s left</span>`, p.Left)
		m.add("</td>\n</tr>\n")
	}
	if len(all) == 0 {
		m.add("<tr><td>无数据 nothing yet</td></tr>\n")
	}
	m.add("</table>\n</section>\n")
}

// outputs lists every output and what it is told to do.
func (m *markup) outputs(all []outputView) {
	if len(all) == 0 {
		return
	}
	m.add("<section>\n<h2>输出 Outputs</h2>\n<table>\n")
	for _, o := range all {
		m.add("<tr>\n<th scope=\"row\">%s</th>\n<td class=\"%s\"><b>%s %s</b>", o.Name, o.Class,
			o.State.Zh, o.State.En)
		if o.Note.En != "" {
			m.small(o.Note.Zh + " " + o.Note.En)
		}
		m.raw(o.Err)
		m.add("</td>\n</tr>\n")
	}
	m.add("</table>\n</section>\n")
}

// district tells what reaches the district, what waits, and who the box is.
func (m *markup) district(v view) {
	m.add("<section>\n<h2>上报 District</h2>\n<table>\n")
	m.line(v.Link)
	for _, l := range v.Lanes {
		m.add("<tr>\n<th scope=\"row\">待发%s %s waiting</th>\n", l.Word.Zh, l.Word.En)
		m.add(`<td class="state"><b>%s</b>`, strconv.FormatUint(l.Held, 10))
		if l.Dropped > 0 {
			m.small("已丢弃 dropped " + strconv.FormatUint(l.Dropped, 10))
		}
		m.add("</td>\n</tr>\n")
	}
	if v.Outbox.MemoryOnly {
		m.add(`<tr><th scope="row">存储 Storage</th>`)
		m.add("<td class=\"state fault\"><b>仅内存 memory only</b></td></tr>\n")
	}
	if v.Outbox.Err != "" {
		m.add(`<tr><th scope="row">磁盘 Disk</th><td class="state fault"><b>有故障 failing</b>`)
		m.raw(v.Outbox.Err)
		m.add("</td></tr>\n")
	}
	id := v.Identity
	m.add("<tr>\n<th scope=\"row\">身份 Identity</th>\n")
	m.add(`<td class="state">%s %s`, id.Word.Zh, id.Word.En)
	m.small(id.Device)
	m.addIf(`<span class="small">证书至 certificate to %s</span>`, id.Expires)
	m.raw(id.Err)
	m.add("</td>\n</tr>\n</table>\n</section>\n")
}

// line tells how the line to the district is.
func (m *markup) line(l linkView) {
	class, word := "state", "未配置 none"
	switch {
	case l.Connected:
		word = "已连接 connected"
	case l.Broker != "":
		class, word = "state fault", "未连接 not connected"
	}
	m.add("<tr>\n<th scope=\"row\">连接 Line</th>\n<td class=\"%s\"><b>%s</b>", class, word)
	m.said(`<span class="small">%s %s</span>`, l.Why)
	m.said(`<span class="small">%s %s</span>`, l.For)
	m.raw(l.Broker)
	if !l.Connected {
		m.raw(l.Err)
	}
	m.add("</td>\n</tr>\n")
}

// siteFile tells why a newer site file is not in use.
func (m *markup) siteFile(s Site) {
	m.addIf("<section>\n<h2>配置 Site file</h2>\n<pre>%s</pre>\n</section>\n", s.Rejected)
}
