package diag

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// deviations say what went otherwise than a drill should.
var deviations = map[string]alarm.Text{
	alarm.DrillUnsounded: {En: "no sounder rang", Zh: "警号未响"},
	alarm.DrillUnraised:  {En: "did not alarm", Zh: "未报警"},
	alarm.DrillUnseen:    {En: "was not acknowledged", Zh: "未确认"},
	alarm.DrillLate:      {En: "was acknowledged after more than 60 s", Zh: "超过60秒才确认"},
	alarm.DrillUnended:   {En: "no person ended it", Zh: "未由人员结束"},
}

// course says how far something is that runs for a time.
func (t *text) course(running bool, age, left, lasted time.Duration, ended string) string {
	if running {
		a, l := span(age), span(left)
		return t.pick("for "+a.En+", at most another "+l.En, "已进行 "+a.Zh+"，剩余 "+l.Zh)
	}
	l := span(lasted)
	return t.list(t.pick("over after "+l.En, "历时 "+l.Zh), t.say(endings[ended]))
}

// after is when something happened, since the beginning.
func (t *text) after(d time.Duration) string {
	s := took(d)
	return t.pick("after "+s.En, "第 "+s.Zh)
}

// textDrill shows the drill that runs, or the last one.
func (p *pages) textDrill(t *text, _ *http.Request) error {
	s := p.status()
	switch {
	case s == nil || s.Panel == nil:
		return t.errStarting()
	case s.Panel.Drill == nil:
		t.line("", t.pick("there was no drill", "没有演练记录"))
		return nil
	}
	d := s.Panel.Drill
	t.line("", t.say(drill.Text)+"  "+t.course(d.Running, d.Age, d.Left, d.Lasted, d.Ended))
	ids := 0
	for i := range d.Points {
		ids = max(ids, width(string(d.Points[i].Point)))
	}
	for _, dp := range d.Points {
		said := t.pick("not yet in alarm", "尚未报警")
		if dp.Raised > 0 {
			said = t.pick("alarm ", "报警 ") + t.after(dp.Raised)
		}
		if dp.Acknowledged > 0 {
			said = t.list(said, t.say(acked)+" "+t.after(dp.Acknowledged))
		}
		t.line(plain+fit(string(dp.Point), ids)+"  ", said)
	}
	if d.Sounded > 0 {
		t.line(plain, t.pick("the siren rang ", "警号响 ")+t.after(d.Sounded))
	}
	if d.Silenced > 0 {
		t.line(plain, t.pick("silenced ", "消音 ")+t.after(d.Silenced))
	}
	for _, code := range d.Deviations {
		what, id, _ := strings.Cut(code, ":")
		if words, ok := deviations[what]; ok {
			code = strings.TrimSpace(id + " " + t.say(words))
		}
		t.line(todo, code)
	}
	return nil
}

// textWalkTest shows the walk test that runs, or the last one.
func (p *pages) textWalkTest(t *text, _ *http.Request) error {
	s := p.status()
	switch {
	case s == nil || s.Panel == nil:
		return t.errStarting()
	case s.Panel.Test == nil:
		t.line("", t.pick("there was no walk test", "没有逐点测试记录"))
		return nil
	}
	w, ids, tried := s.Panel.Test, 0, 0
	for i := range w.Points {
		ids = max(ids, width(string(w.Points[i].Point)))
		if w.Points[i].Tried {
			tried++
		}
	}
	where := t.pick("the whole site", "全部点位")
	if w.Zone != "" {
		where = newNames(s).zone(w.Zone)
	}
	n := strconv.Itoa(tried) + t.pick(" of ", "/") + strconv.Itoa(len(w.Points))
	t.line("", t.say(underTest.Text)+"  "+t.list(where,
		t.course(w.Running, w.Age, w.Left, w.Lasted, w.Ended), t.pick(n+" points tried", "已测 "+n)))
	for i := range w.Points {
		tp, mark, said := &w.Points[i], todo, t.pick("not tried", "未测")
		switch {
		case tp.Tried:
			late := took(tp.Alarmed - tp.Detected)
			mark = plain
			said = t.list(t.pick("tried ", "测试 ")+t.after(tp.Detected),
				t.pick("alarm "+late.En+" later", late.Zh+"后报警"))
			if tp.Received > 0 {
				more := took(tp.Received - tp.Alarmed)
				said = t.list(said, t.pick("at the district "+more.En+" after that",
					"再过 "+more.Zh+"平台收到"))
			}
		case tp.Skipped != "":
			mark, said = away, t.pick("skipped: ", "跳过：")+tp.Skipped
		}
		t.line(mark+fit(string(tp.Point), ids)+"  ", said)
	}
	return nil
}
