package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/firmware-sim/board"
)

// The lines of testdata/good.toml.
const (
	callPoint = "GPIO17"
	smoke     = "GPIO27"
	siren     = "GPIO5"
	lamp      = "GPIO6"
)

// TestRunning holds what needs an agent as a process of its own.
func TestRunning(t *testing.T) {
	good, err := os.ReadFile("testdata/good.toml")
	if err != nil {
		t.Fatal(err)
	}
	binary := build(t)
	for _, row := range []struct {
		name string
		test func(*testing.T, *station)
	}{
		{"ObeysOrders", obeysOrders},
		{"KnowsItsOperators", knowsItsOperators},
		{"IsWatched", isWatched},
		{"DrillsAndTests", drillsAndTests},
		{"NamesLinesWithoutInterrupts", namesLinesWithoutInterrupts},
		{"RefusesASecondProcess", refusesASecondProcess},
		{"EndsWithOutputsAsConfigured", endsWithOutputsAsConfigured},
		{"EndsWithinAPattern", endsWithinAPattern},
		{"GoesOnWithTheLastGoodSite", goesOnWithTheLastGoodSite},
		{"LeavesAFileAtTheSocketAlone", leavesAFileAtTheSocketAlone},
		{"ReadsItsSiteFileAgain", readsItsSiteFileAgain},
		{"AsksThePeopleOnSite", asksThePeopleOnSite},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.test(t, newStation(t, binary, string(good), ""))
		})
	}
}

// alarmed presses the call point and waits for the siren.
func (s *station) alarmed() {
	s.t.Helper()
	s.press(callPoint)
	await(s.t, "the siren after a press", func() bool { return s.isOn(siren) && s.isOn(lamp) })
}

// wants runs a command that must succeed and print something.
func (s *station) wants(out string, args ...string) {
	s.t.Helper()
	code, got, said := s.ask(args...)
	if code != 0 || !strings.Contains(unwrapped(got), out) {
		s.t.Errorf("%v: got %d, %q, %q, want 0 and %q", args, code, got, said, out)
	}
}

// unwrapped is what a terminal shows, as one line.
func unwrapped(out string) string { return strings.Join(strings.Fields(out), " ") }

// refuses runs a command that the agent must refuse for a reason.
func (s *station) refuses(reason string, args ...string) {
	s.t.Helper()
	code, got, said := s.ask(args...)
	if code != 1 || got != "" || !strings.Contains(said, reason) {
		s.t.Errorf("%v: got %d, %q, %q, want 1 and %q", args, code, got, said, reason)
	}
}

// shows waits until a question, status unless another is named, is answered with a text: what an
// agent tells of itself may be a quarter of a second old.
func (s *station) shows(text string, question ...string) {
	s.t.Helper()
	if len(question) == 0 {
		question = []string{"status"}
	}
	await(s.t, question[0]+" with "+text, func() bool {
		code, out, _ := s.ask(question...)
		return code == 0 && strings.Contains(unwrapped(out), text)
	})
}

// A line that cannot wake its reader is named by check, which asks the agent that runs with the
// file; it works all the same.
func namesLinesWithoutInterrupts(t *testing.T, s *station) {
	if err := s.board.Pin(callPoint).Fail(board.Fault{Kind: board.NoEdges}); err != nil {
		t.Fatal(err)
	}
	s.start().ready()
	s.alarmed()
	_, out, said := s.ask("check", s.config)
	if !strings.Contains(out, "note: GPIO17: it has no interrupts, so it is asked every 20 ms") ||
		strings.Contains(out, "note: GPIO27: it has no") {
		t.Errorf("got %q, %q, want GPIO17 named alone", out, said)
	}
	_, out, _ = s.ask("check", "--box", s.config)
	if !strings.Contains(out, "OK    agent     version ") ||
		!strings.Contains(unwrapped(out), "NOTE agent GPIO17: it has no interrupts") {
		t.Errorf("got %q, want what the agent says of itself", out)
	}
	_, out, said = s.ask("pin", callPoint, "--sim", s.socket, "--for", "1s")
	if !strings.HasSuffix(out, "  Low\n") && !strings.HasSuffix(out, "  High\n") {
		t.Errorf("got %q, %q, want the level that the agent sees", out, said)
	}
}

// Each order changes what it names and nothing else, status tells of it, and what makes no sense
// is refused with a reason.
func obeysOrders(t *testing.T, s *station) {
	s.start().ready()
	s.shows("SIMULATED")
	s.refuses("nothing_to_do", "ack")
	s.refuses("unknown_point", "ack", "call-9")
	s.alarmed()
	s.shows("! FIRE call-1")
	s.wants("acknowledged", "ack", "call-1", "--operator", "3")
	s.shows("acknowledged")
	if !s.isOn(siren) {
		t.Error("an acknowledgement hushed the siren")
	}
	s.wants("silenced", "silence")
	await(t, "a silent siren beside a lamp that is on", func() bool {
		return !s.isOn(siren) && s.isOn(lamp)
	})
	s.shows("silenced")
	s.press(smoke)
	await(t, "a siren that a new alarm starts again", func() bool { return s.isOn(siren) })
	s.release(smoke)
	s.wants("disabled", "disable", "smoke-1", "--for", "90m", "--reason", "welding")
	s.shows("welding")
	s.refuses("bad_duration: at most 8h", "disable", "smoke-1", "--for", "9h", "--reason", "welding")
	s.release(callPoint)
	s.shows("cause gone, waits for a reset")
	s.wants("reset", "reset")
	await(t, "silence after the reset", func() bool { return !s.isOn(siren) && !s.isOn(lamp) })
	s.refuses("nothing_to_do", "reset")
	s.press(smoke)
	s.wants("enabled", "enable", "smoke-1")
	await(t, "the siren for what stands at an enabled point", func() bool { return s.isOn(siren) })
	s.shows(`"point": "smoke-1"`, "status", "--json")
	s.shows("normal, good", "points", "call-1")
	s.shows(`"id": "call-1",`, "points", "call-1", "--json")
	s.refuses("firepost points lists them", "points", "call-9")
	s.shows("enabled", "events")
	s.shows("已解除屏蔽", "events", "--lang", "zh")
	s.shows(`"kind": "enabled"`, "events", "--json")
	s.refuses("write 1 to 1000 events", "events", "-n", "1001")
	s.wants("若小店 Shop有人按下手动报警", "cause", "--lang", "zh")
	s.wants("已消音", "silence", "--lang", "zh")
	s.refuses("silence 未执行：nothing_to_do：无需操作", "silence", "--lang", "zh")
	s.refuses("unknown_output: the site has no such output; firepost status", "out", "none", "on")
	s.refuses("bad_duration", "out", "lamp", "on", "--for", "2h")
	s.release(smoke)
	await(t, "an end of all alarms", func() bool {
		s.ask("reset")
		return !s.isOn(siren) && !s.isOn(lamp)
	})
	s.wants("operated", "out", "lamp", "on", "--for", "1s")
	await(t, "a lamp that is switched on", func() bool { return s.isOn(lamp) })
	await(t, "a lamp that goes off by itself", func() bool { return !s.isOn(lamp) })
}

// A second agent on the same folder would fight over every line: it is told whom it would disturb,
// and the first one goes on.
func refusesASecondProcess(t *testing.T, s *station) {
	first := s.start().ready()
	second := s.start()
	want := "in use by process " + strconv.Itoa(first.cmd.Process.Pid) + ";"
	if code := second.ends(); code != 1 || !strings.Contains(second.text(), want) {
		t.Errorf("got %d, %q, want 1 and %q", code, second.text(), want)
	}
	s.alarmed()
	first.kill() // the lock of a dead process holds nobody up
	if code := s.start().ready().terminate(); code != 0 {
		t.Errorf("exit code after SIGTERM: got %d, want 0", code)
	}
}

// SIGTERM ends the process with exit code 0. A siren that is on stays on, for an update must not
// silence a fire, and the next run opens it without a click; a lamp goes to rest.
func endsWithOutputsAsConfigured(t *testing.T, s *station) {
	first := s.start().ready()
	s.alarmed()
	if code := first.terminate(); code != 0 {
		t.Errorf("exit code after SIGTERM: got %d, want 0", code)
	}
	if !s.isOn(siren) || s.isOn(lamp) {
		t.Errorf("after the end: siren %t, lamp %t, want true, false", s.isOn(siren), s.isOn(lamp))
	}
	second := s.start().ready()
	await(t, "the lamp of an alarm that stands", func() bool { return s.isOn(lamp) })
	changes, _ := s.board.Pin(siren).History()
	for _, c := range changes[2:] { // opened at rest, then the alarm
		if !c.High {
			t.Errorf("the siren fell silent at a restart: %+v", changes)
		}
	}
	s.release(callPoint)
	s.shows("cause gone, waits for a reset")
	s.wants("reset", "reset")
	await(t, "a siren that a reset ends", func() bool { return !s.isOn(siren) })
	if code := second.terminate(); code != 0 || s.isOn(siren) {
		t.Errorf("at rest: exit code %d, siren %t, want 0, false", code, s.isOn(siren))
	}
}

// In whatever moment of its pattern SIGTERM comes, a siren is left on, and the next run opens it
// on: an end in a pause must not silence a fire.
func endsWithinAPattern(t *testing.T, s *station) {
	good, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.write(strings.Replace(string(good), "drive = \"steady\"\n", "", 1))
	l := s.start().ready()
	s.press(callPoint)
	await(t, "the siren after a press", func() bool { return s.isOn(siren) })
	began, pauses := s.board.Now(), 0
	for _, phase := range []time.Duration{
		200 * time.Millisecond, 750 * time.Millisecond, 1250 * time.Millisecond,
		1750 * time.Millisecond, 3000 * time.Millisecond, // the long pause: 2.5 s to 4 s
	} {
		pause(began + phase - s.board.Now())
		if !s.isOn(siren) {
			pauses++
		}
		if code := l.terminate(); code != 0 {
			t.Errorf("exit code after SIGTERM: got %d, want 0", code)
		}
		if !s.isOn(siren) {
			t.Errorf("%v after its pattern began SIGTERM left the siren off", phase)
		}
		l = s.start().ready()
		changes, _ := s.board.Pin(siren).History()
		first := slices.IndexFunc(changes, func(c board.Change) bool { return c.At >= l.from })
		if first < 0 || !changes[first].Opened || !changes[first].High {
			t.Fatalf("the next run began with %+v, want the siren opened on", changes)
		}
		began = changes[first].At
	}
	if pauses == 0 {
		t.Error("no end came in a pause: nothing was tested")
	}
}

// A bad site file does not take the guard away: the last good one is used, which is a fault that
// is shown with the mistakes, until the file is good again.
func goesOnWithTheLastGoodSite(t *testing.T, s *station) {
	good, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.start().ready().terminate()
	s.write(strings.Replace(string(good), `class = "smoke"`, `class = "smok"`, 1))
	second := s.start().ready()
	s.shows("plan_rejected")
	s.shows(`class "smok" is unknown; did you mean "smoke"?`)
	s.alarmed()
	if code := second.terminate(); code != 0 {
		t.Errorf("exit code after SIGTERM: got %d, want 0", code)
	}
	s.write(string(good))
	s.start().ready()
	if _, out, _ := s.ask("status"); strings.Contains(out, "plan_rejected") {
		t.Errorf("the file is good again, and status says\n%s", out)
	}
}

// What is no socket at the place of the control socket is left as it is and named in the log; the
// agent works without orders.
func leavesAFileAtTheSocketAlone(t *testing.T, s *station) {
	path := filepath.Join(s.dir, "control.sock")
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := s.start()
	await(t, "a log that names the file", func() bool {
		return strings.Contains(l.text(), path+" is not a socket; move it away")
	})
	s.alarmed()
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("the file: got %q, %v", text, err)
	}
	s.refuses("is not a socket", "status")
	if code := l.terminate(); code != 0 {
		t.Errorf("exit code after SIGTERM: got %d, want 0", code)
	}
}
