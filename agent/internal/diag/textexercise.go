package diag

import (
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// coded are words for a code of the panel.
type coded struct{ code, words string }

func (t tongue) decoded(table []coded, code string) string {
	for i := range table {
		if table[i].code == code {
			return t.w(table[i].words)
		}
	}
	return code
}

// deviations say what went otherwise than a drill should.
var deviations = []coded{
	{alarm.DrillUnsounded, "no sounder rang for an alarm|警号未因报警鸣响"},
	{alarm.DrillUnraised, "did not alarm|未报警"},
	{alarm.DrillUnseen, "was not acknowledged|未确认"},
	{alarm.DrillLate, "was acknowledged after more than 60 s|超过60秒才确认"},
	{alarm.DrillUnended, "no person ended it|未由人员结束"},
}

// endings say why a walk test or a drill is over.
var endings = []coded{
	{alarm.EndedOrdered, "ended by a person|人工结束"},
	{alarm.EndedExpired, "its time was over|到时结束"},
	{alarm.EndedAlarm, "a real alarm ended it|因真实报警终止"},
	{alarm.EndedRestarted, "a restart ended it|因重启终止"},
	{alarm.EndedPlan, "a new site file ended it|因更换配置终止"},
}

// course says how far something is that runs for a time.
func (t tongue) course(running bool, age, left, lasted time.Duration, ended string) string {
	if running {
		return t.w("for _, at most another _|已进行 _，剩余 _", t.span(age), t.span(left))
	}
	return t.list(t.w("over after _|历时 _", t.span(lasted)), t.decoded(endings, ended))
}

// took is a span that may be short.
func (t tongue) took(d time.Duration) string {
	if d >= 10*time.Second {
		return t.span(d)
	}
	tenths := int(d / (100 * time.Millisecond))
	return t.w("_._ s|_._ 秒", strconv.Itoa(tenths/10), strconv.Itoa(tenths%10))
}

// drill shows the drill that runs, or the last one.
func (t *text) drill(s *Status) {
	d := s.Panel.Drill
	if d == nil {
		t.line("", t.w("there was no drill|没有演练记录"))
		return
	}
	t.line("", t.say(drill.Text)+"  "+t.course(d.Running, d.Age, d.Left, d.Lasted, d.Ended))
	for i := range d.Points {
		dp, raised, acked := &d.Points[i], t.w("not yet in alarm|尚未报警"), ""
		if dp.Raised > 0 {
			raised = t.w("alarm after _|_后报警", t.took(dp.Raised))
		}
		if dp.Acknowledged > 0 {
			acked = t.w("acknowledged after _|_后确认", t.took(dp.Acknowledged))
		}
		t.line(plain+string(dp.Point)+"  ", t.list(raised, acked))
	}
	if d.Sounded > 0 {
		t.line(plain, t.w("the siren rang after _|_后警号响", t.took(d.Sounded)))
	}
	if d.Silenced > 0 {
		t.line(plain, t.w("silenced after _|_后消音", t.took(d.Silenced)))
	}
	for _, code := range d.Deviations {
		what, id, _ := strings.Cut(code, ":")
		t.line(todo, strings.TrimSpace(id+" "+t.decoded(deviations, what)))
	}
}

// walkTest shows the walk test that runs, or the last one.
func (t *text) walkTest(s *Status) {
	w := s.Panel.Test
	if w == nil {
		t.line("", t.w("there was no walk test|没有逐点测试记录"))
		return
	}
	ids, tried := 0, 0
	for i := range w.Points {
		ids = max(ids, width(string(w.Points[i].Point)))
		if w.Points[i].Tried {
			tried++
		}
	}
	where := t.w("the whole site|全部点位")
	if w.Zone != "" {
		where = newNames(s).zone(w.Zone)
	}
	t.line("", t.say(underTest.Text)+"  "+t.list(where,
		t.course(w.Running, w.Age, w.Left, w.Lasted, w.Ended),
		t.w("_ of _ points tried|已测 _/_", strconv.Itoa(tried), strconv.Itoa(len(w.Points)))))
	for i := range w.Points {
		tp, mark, said := &w.Points[i], todo, t.w("not tried|未测")
		switch {
		case tp.Tried:
			mark, said = plain, t.w("tried after _, alarm _ later|_后测试，再过 _报警",
				t.took(tp.Detected), t.took(tp.Alarmed-tp.Detected))
			if tp.Received > 0 {
				said = t.list(said, t.w("at the district _ after that|再过 _平台收到",
					t.took(tp.Received-tp.Alarmed)))
			}
		case tp.Skipped != "":
			mark, said = away, t.w("skipped: _|跳过：_", tp.Skipped)
		}
		t.line(mark+fit(string(tp.Point), ids)+"  ", said)
	}
}
