package probe

import (
	"fmt"

	"github.com/firepost/firepost/agent/alarm"
)

// both makes a text of two formats with the same arguments. An argument that is an alarm.Text is
// put in by its language.
func both(en, zh string, args ...any) alarm.Text {
	english, chinese := make([]any, len(args)), make([]any, len(args))
	for i, arg := range args {
		english[i], chinese[i] = arg, arg
		if t, ok := arg.(alarm.Text); ok {
			english[i], chinese[i] = t.En, t.Zh
		}
	}
	return alarm.Text{En: fmt.Sprintf(en, english...), Zh: fmt.Sprintf(zh, chinese...)}
}

// one is a single finding.
func one(f Finding) []Finding { return []Finding{f} }

// good is a finding that asks for nothing.
func good(says alarm.Text) []Finding { return one(Finding{Says: says}) }
