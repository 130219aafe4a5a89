package main

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/firepost/firepost/agent/alarm"
)

// Of a picture only what has changed is written, for a serial line is slow; each line stands where
// it belongs, the loud ones in reverse; what does not fit is counted; what is gone is wiped.
func TestPictureWritesWhatChanged(t *testing.T) {
	var b bytes.Buffer
	p := picture{out: &b}
	for _, c := range []struct {
		name, text    string
		rows, columns int
		want          string
	}{
		{"all of the first", "Normal  Shop\n  a  1\n  b  2\n", 24, 80,
			"\x1b[2J\x1b[1;1H\x1b[1mNormal  Shop\x1b[0m\x1b[K" +
				"\x1b[2;1H  a  1\x1b[0m\x1b[K\x1b[3;1H  b  2\x1b[0m\x1b[K"},
		{"nothing of the same", "Normal  Shop\n  a  1\n  b  2\n", 24, 80, ""},
		{"one line", "Normal  Shop\n  a  1\nx b  3\n", 24, 80,
			"\x1b[3;1H\x1b[1mx b  3\x1b[0m\x1b[K"},
		{"an alarm, with its head, on fewer lines", "FIRE  Shop\n! a  9\n", 24, 80,
			"\x1b[1;1H\x1b[1m\x1b[1;7mFIRE  Shop\x1b[0m\x1b[K" +
				"\x1b[2;1H\x1b[1;7m! a  9\x1b[0m\x1b[K\x1b[3;1H\x1b[0m\x1b[K"},
		{"another size", "FIRE  Shop\n1\n2\n3\n", 3, 80,
			"\x1b[2J\x1b[1;1H\x1b[1mFIRE  Shop\x1b[0m\x1b[K\x1b[2;1H1\x1b[0m\x1b[K" +
				"\x1b[3;1H  2 more lines: firepost status\x1b[0m\x1b[K"},
	} {
		b.Reset()
		if err := p.draw(c.text, c.rows, c.columns); err != nil || b.String() != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.name, &b, err, c.want)
		}
	}
	if err := p.draw(strings.Repeat("x\n", 25), 0, 0); err != nil ||
		!strings.Contains(b.String(), "\x1b[24;1H  2 more lines") {
		t.Errorf("a terminal that does not say its size: %q, %v", &b, err)
	}
}

// What the kernel has written over the picture does not stay for long.
func TestPictureIsDrawnAnewNowAndThen(t *testing.T) {
	var b bytes.Buffer
	p, whole := picture{out: &b}, 0
	for range 3 * redrawAfter {
		b.Reset()
		if err := p.draw("Normal\n", 24, 80); err != nil {
			t.Fatal(err)
		}
		whole += strings.Count(b.String(), screenClear)
	}
	if whole != 3 {
		t.Errorf("drawn anew %d times, want 3", whole)
	}
}

// seen is what a process has written so far.
type seen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *seen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *seen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// watch shows an alarm within moments, and an agent that is gone as one of which nothing is known;
// Ctrl-C gives the terminal back as it was, with exit code 0.
func isWatched(t *testing.T, s *station) {
	l := s.start().ready()
	var out seen
	cmd := exec.Command(s.binary, "watch", "--dir", s.dir, "--lang", "zh")
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	shows := func(text string) {
		t.Helper()
		await(t, "a picture with "+text, func() bool { return strings.Contains(out.String(), text) })
	}
	shows("正常  小店 Shop")
	s.press(callPoint)
	shows(loud + "! 火警  call-1")
	l.terminate()
	shows("! 状态未知")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.HasPrefix(out.String(), screenBegin) ||
		!strings.HasSuffix(out.String(), screenEnd) {
		t.Errorf("after Ctrl-C: %v, %q", err, out.String())
	}
}

// A refusal is told with its code, its words, and what to write instead.
func TestRefusalsSayWhatToDo(t *testing.T) {
	for reason, want := range map[string][2]string{
		alarm.RefusedUnknownPoint: {
			"unknown_point: the site has no such point; firepost points lists them",
			"unknown_point：没有这个点位；用 firepost points 查看全部点位"},
		alarm.RefusedNothing: {"nothing_to_do: there is nothing to do", "nothing_to_do：无需操作"},
		"moon":               {"moon", "moon"},
	} {
		en, zh := tongue{"en"}, tongue{"zh"}
		if got := [2]string{en.because(reason), zh.because(reason)}; got != want {
			t.Errorf("%s: got %q, want %q", reason, got, want)
		}
	}
}

// The language is the one asked for, else that of the terminal, else English.
func TestLanguage(t *testing.T) {
	for _, c := range []struct{ asked, all, messages, lang, want string }{
		{"", "", "", "", "en"}, {"", "", "", "zh_CN.UTF-8", "zh"}, {"", "C", "", "zh_CN.UTF-8", "en"},
		{"", "", "zh_CN", "C", "zh"}, {"en", "zh_CN", "", "", "en"}, {"zh", "C", "", "", "zh"},
		{"", "", "", "de_DE.UTF-8", "en"},
	} {
		t.Setenv("LC_ALL", c.all)
		t.Setenv("LC_MESSAGES", c.messages)
		t.Setenv("LANG", c.lang)
		spoken := tongue{c.asked}
		if got := spoken.language(); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}
