package probe

import (
	"strings"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/diag"
)

// marks are what a line begins with, by level.
var marks = [...]alarm.Text{
	Good: {En: "OK", Zh: "正常"}, Note: {En: "NOTE", Zh: "提示"},
	Warning: {En: "WARN", Zh: "警告"}, Failure: {En: "FAIL", Zh: "失败"},
}

// Text is the finding as lines of a terminal.
func (f Finding) Text(chinese bool) string {
	say := func(t alarm.Text) string {
		if chinese {
			return t.Zh
		}
		return t.En
	}
	head := diag.Fit(say(marks[f.Level]), 5) + " " + diag.Fit(say(f.Name), 10)
	body := say(f.Says)
	if f.Code != "" {
		body = f.Code + " " + body
	}
	text := ""
	for line := range strings.Lines(body) {
		text += diag.Hung(head, strings.TrimSuffix(line, "\n"))
		head = strings.Repeat(" ", 16)
	}
	if do := say(f.Do); do != "" {
		text += diag.Hung(strings.Repeat(" ", 16)+"> ", do)
	}
	return text
}

// JSON is a finding as a program reads it.
type JSON struct {
	Step    string  `json:"step"`
	Code    string  `json:"code,omitempty"`
	Level   string  `json:"level"`
	Name    string  `json:"name"`
	Says    string  `json:"says"`
	Do      string  `json:"do,omitempty"`
	Seconds float64 `json:"seconds"`
}

// JSON is the finding in one language.
func (f Finding) JSON(chinese bool) JSON {
	j := JSON{
		Step: f.Step, Code: f.Code, Level: f.Level.String(), Name: f.Name.En, Says: f.Says.En,
		Do: f.Do.En, Seconds: f.Took.Seconds(),
	}
	if chinese {
		j.Name, j.Says, j.Do = f.Name.Zh, f.Says.Zh, f.Do.Zh
	}
	return j
}
