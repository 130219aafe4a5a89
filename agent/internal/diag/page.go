package diag

import (
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// Acting tells whether a person can act through the page.
type Acting uint8

// The ways to serve the page. The zero value only shows.
const (
	ReadOnly    Acting = iota // served where nobody can be asked who he is
	NoOperators               // the site file names nobody who might act
	ByPIN                     // who gives the number and the PIN of an operator
)

// sheet is the page, or a part of it, in the making.
type sheet struct {
	markup
	tongue
	acting Acting
	status *Status // never nil
	now    time.Time
	v      view
	n      names
	src    *Source
}

func newSheet(src *Source, s *Status, now time.Time, chinese bool) *sheet {
	if s == nil {
		s = &Status{}
	}
	m := &sheet{
		tongue: tongue{chinese}, status: s, now: now, v: newView(s, now), n: newNames(s), src: src,
	}
	if src.Acting != nil {
		m.acting = src.Acting()
	}
	return m
}

// tab is one of the parts of the page that a person looks at, one at a time.
type tab struct {
	id    string
	title string // in both languages, as tongue.w takes it
	write func(*sheet)
}

// tabs are the parts of the page, in the order of the navigation.
func tabs() []tab {
	return []tab{
		{"duty", "Duty|值守", (*sheet).duty},
		{"points", "Points|点位", (*sheet).points},
		{"walktest", "Walk test|逐点测试", (*sheet).walkTest},
		{"effects", "Cause and effect|联动", (*sheet).effects},
		{"outputs", "Outputs|输出", (*sheet).outputs},
		{"line", "Line and buffer|上报与缓存", (*sheet).line},
		{"events", "Events|事件", (*sheet).events},
		{"checklists", "Checklists|检查", (*sheet).checklists},
	}
}

// part writes one part under its heading.
func (m *sheet) part(t *tab) {
	m.add("<section id=\"%s\" aria-labelledby=\"h-%s\">\n<h2 id=\"h-%s\">%s</h2>\n",
		t.id, t.id, t.id, m.w(t.title))
	t.write(m)
	m.add("</section>\n")
}

// page writes the whole document. It can be read without a script, and then renews itself.
func (m *sheet) page() {
	language := m.w("en|zh-CN")
	m.add(`<!DOCTYPE html>
<html lang="%s">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<title>%s · %s</title>
<link rel="icon" href="icon.svg">
<link rel="stylesheet" href="page.css">
<script src="page.js" defer></script>
</head>
<body data-build="%s">
`, language, m.say(m.v.State.Text), or(m.v.Site.Name, "firepost"), m.v.Build.Version)
	m.tell(`<a class="skip" href="#duty">%s</a>`+"\n", "To the duties|跳到值守")
	m.add(`<aside id="lost" aria-label="%s" hidden><p role="alert"><strong>%s</strong> <span></span>`+
		"</p></aside>\n", m.w("Connection|连接"),
		m.w("The box does not answer. What is below is old.|与设备的连接中断，以下为旧数据。"))
	m.head()
	m.bar()
	m.add("<main>\n<p id=\"announce\" class=\"unseen\" aria-live=\"assertive\"></p>\n" +
		"<p id=\"answer\" role=\"status\"></p>\n")
	for _, t := range tabs() {
		m.part(&t)
	}
	m.add("</main>\n<footer>firepost %s · %s %s", m.v.Build.Version, m.v.Site.ID, m.v.Site.Hash)
	m.add(` · <a href="status.json">status.json</a> · <a href="metrics">metrics</a></footer>` + "\n")
	m.dialogs()
	m.add("</body>\n</html>\n")
}

// tell writes form with words of the page, given as tongue.w takes them, in the place of its %s.
func (m *sheet) tell(form lit, words string, args ...string) { m.add(form, m.w(words, args...)) }

// tag writes a text, if there is one, in an element of that class.
func (m *sheet) tag(class, text string) {
	if text != "" {
		m.add(`<span class="%s">%s</span>`, class, text)
	}
}

// bar is the navigation, the language, the sound and who acts.
func (m *sheet) bar() {
	m.add("<nav id=\"views\" aria-label=\"%s\">\n", m.w("Parts of this page|页面内容"))
	for _, t := range tabs() {
		m.add("<a href=\"#%s\">%s</a>\n", t.id, m.w(t.title))
	}
	m.add("</nav>\n<aside id=\"tools\" aria-label=\"%s\">\n", m.w("Language, sound, login|语言、声音、登录"))
	m.add(`<button id="sound" type="button" aria-pressed="false" data-on="%s" data-off="%s">`+
		"%s</button>\n", m.w("Sound on|声音已开"), m.w("Sound is off: switch it on|声音未开，点此打开"),
		m.w("Sound|声音"))
	m.add(`<a class="lang" lang="%s" hreflang="%s" href="?lang=%s">%s</a>`+"\n", m.w("zh-CN|en"),
		m.w("zh|en"), m.w("zh|en"), m.w("中文|English"))
	switch m.acting {
	case ByPIN:
		m.add(`<span id="who" data-as="%s"></span>`, m.w("Operator|操作人"))
		m.tell(`<button id="logout" type="button" hidden>%s</button>`, "Log out|退出")
		m.tell(`<button id="enter" type="button">%s</button>`+"\n", "Log in to act|登录操作")
	case NoOperators:
		m.tell("<span class=\"note\">%s</span>\n",
			"To act here, name operators: firepost operator add|"+
				"如需在此操作，请先添加人员：firepost operator add")
	}
	m.add("</aside>\n")
}

// dialogs are asked for by the script.
func (m *sheet) dialogs() {
	if m.acting == ByPIN {
		m.add("<dialog id=\"login\" aria-labelledby=\"login-h\">\n")
		m.loginForm("")
		m.tell("<button type=\"button\" class=\"close\">%s</button>\n</form>\n</dialog>\n",
			"Cancel|取消")
	}
	m.add("<dialog id=\"chart\" aria-labelledby=\"chart-h\">\n<h2 id=\"chart-h\"></h2>\n" +
		"<div class=\"plots\"></div>\n")
	m.tell(`<label><input type="checkbox" id="raw"> %s</label>`, "Before calibration|校准前")
	m.tell(`<button type="button" class="close">%s</button>`+"\n</dialog>\n", "Close|关闭")
}

// loginForm begins the form that asks who somebody is. Wrong says what was wrong with the last
// answer.
func (m *sheet) loginForm(wrong string) {
	m.tell("<form method=\"post\" action=\"login\">\n<h2 id=\"login-h\">%s</h2>\n",
		"Who are you?|身份验证")
	m.add("<p class=\"wrong\" role=\"alert\">%s</p>\n", wrong)
	m.tell(`<label>%s <input name="number" type="number" min="1" max="99" required `+
		`autocomplete="username"></label>`+"\n", "Number|编号")
	m.tell(`<label>%s <input name="pin" type="password" inputmode="numeric" minlength="4" `+
		`maxlength="12" required autocomplete="current-password"></label>`+"\n", "PIN|密码")
	m.tell("<button>%s</button>\n", "Log in|登录")
}

// order begins a form that the script sends as an order; the caller writes its fields and then
// calls send. It writes nothing, and returns false, where nobody can act.
func (m *sheet) order(a alarm.Action, class string, fixed ...string) bool {
	if m.acting != ByPIN {
		return false
	}
	m.add(`<form class="order %s" data-action="%s" data-level="%s">`, class, a.String(),
		strconv.Itoa(int(a.Needs())))
	for i := 0; i+1 < len(fixed); i += 2 {
		m.add(`<input type="hidden" name="%s" value="%s">`, fixed[i], fixed[i+1])
	}
	return true
}

// send ends a form with its button. About tells who cannot see it what it is for; empty: the words
// say enough.
func (m *sheet) send(words, about string) {
	if about != "" {
		m.add(`<button aria-label="%s: %s">%s</button></form>`+"\n", m.w(words), about, m.w(words))
		return
	}
	m.add("<button>%s</button></form>\n", m.w(words))
}

// act is a form of one button.
func (m *sheet) act(a alarm.Action, class, words, about string, fixed ...string) {
	if m.order(a, class, fixed...) {
		m.send(words, about)
	}
}

// door is the page for who has not said yet who he is. It works without a script.
func (m *sheet) door(wrong string) {
	m.add("<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", m.w("en|zh-CN"))
	m.add("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
	m.add("<title>firepost</title>\n<link rel=\"icon\" href=\"icon.svg\">\n" +
		"<link rel=\"stylesheet\" href=\"page.css\">\n</head>\n<body>\n<main class=\"door\">\n")
	m.tell("<p>%s</p>\n",
		"Who reads this page from the network says who he is.|从网络查看本页面须先登录。")
	m.loginForm(wrong)
	m.add("</form>\n")
	m.add(`<p><a lang="%s" hreflang="%s" href="?lang=%s">%s</a></p>`, m.w("zh-CN|en"), m.w("zh|en"),
		m.w("zh|en"), m.w("中文|English"))
	m.add("\n</main>\n</body>\n</html>\n")
}
