package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/firepost/firepost/agent/alarm"
)

// tongue is the language in which a command answers.
type tongue struct{ asked string }

func (t *tongue) flag(f *pflag.FlagSet) {
	f.StringVar(&t.asked, "lang", "", "language: en or zh; without it that of the terminal")
}

// check refuses a language that there is not.
func (t *tongue) check() error {
	if t.asked != "" && t.asked != "en" && t.asked != "zh" {
		return &exitError{2, fmt.Sprintf("--lang %s is unknown; write en or zh", t.asked)}
	}
	return nil
}

// language is the one asked for, or that of the environment: en or zh.
func (t *tongue) language() string {
	env := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_MESSAGES"), os.Getenv("LANG"))
	if strings.HasPrefix(cmp.Or(t.asked, env), "zh") {
		return "zh"
	}
	return "en"
}

func (t *tongue) isChinese() bool { return t.language() == "zh" }

// say picks the language.
func (t *tongue) say(w alarm.Text) string {
	if t.isChinese() {
		return w.Zh
	}
	return w.En
}
