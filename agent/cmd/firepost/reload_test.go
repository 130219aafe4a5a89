package main

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// The running agent takes a changed site file on when it is told to, by command or by signal: at
// once where only its rules changed, and as a new process of the same number where its parts did,
// but not within an alarm. A bad file changes nothing and is named in full.
func readsItsSiteFileAgain(t *testing.T, s *station) {
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	first := s.start().ready()
	s.ask("reload") // a file that is written while the agent starts is taken as it starts
	s.write(strings.Replace(good, `id = "siren"`, "id = \"siren\"\nname = \"大厅警号\"", 1))
	s.wants("output siren: name siren becomes 大厅警号 in use, without a restart", "reload")
	s.shows("大厅警号", "cause")

	s.write(strings.Replace(good, `class = "smoke"`, `class = "smok"`, 1))
	code, out, _ := s.ask("reload", "--lang", "zh")
	if code != 1 || !strings.Contains(out, `class "smok" is unknown`) ||
		!strings.Contains(out, "继续使用原配置") {
		t.Errorf("a bad file: %d, %s", code, out)
	}
	s.shows("plan_rejected")

	s.alarmed()
	elsewhere := strings.Replace(good, `line = "`+smoke+`"`, `line = "GPIO26"`, 1)
	s.write(elsewhere)
	if code, out, _ := s.ask("reload"); code != 1 || !strings.Contains(out, "an alarm stands") {
		t.Errorf("other parts within an alarm: %d, %s", code, out)
	}
	s.write(good)
	if err := first.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, "the good file by a signal", func() bool {
		_, out, _ := s.ask("status")
		return !strings.Contains(out, "plan_rejected")
	})
	if !s.isOn(lamp) {
		t.Error("the alarm is lost")
	}
	s.release(callPoint)
	await(t, "a reset", func() bool {
		s.ask("reset")
		return !s.isOn(lamp)
	})

	s.write(elsewhere)
	s.wants("the agent starts anew", "reload")
	await(t, "smoke at its new line", func() bool {
		s.press("GPIO26")
		return s.isOn(siren)
	})
}
