package diag

import (
	"bytes"
	"strings"
	"time"
	"unicode"

	"github.com/firepost/firepost/agent/alarm"
)

// columns is how wide a terminal is at least: that of a serial console.
const columns = 80

// text is a face for a terminal: lines of at most 80 columns without a control character, so that
// no name or reason from elsewhere can move the cursor. The first column of a line marks what it
// tells: ! an alarm, x a fault, > something to do, - out of service.
type text struct {
	bytes.Buffer
	tongue
}

// tongue is the language of a face.
type tongue struct{ chinese bool }

// Marks of a line.
const (
	plain  = "  "
	danger = "! "
	broken = "x "
	todo   = "> "
	away   = "- "
)

// say picks the language.
func (t tongue) say(w alarm.Text) string {
	if t.chinese {
		return w.Zh
	}
	return w.En
}

// w picks the language of words that only a terminal shows, written "English|中文", and puts args in
// the places of its underscores. This is a third of the code that an alarm.Text and + would take.
func (t tongue) w(words string, args ...string) string {
	en, zh, _ := strings.Cut(words, "|")
	said, rest := "", t.say(alarm.Text{En: en, Zh: zh})
	for _, arg := range args {
		before, after, _ := strings.Cut(rest, "_")
		said, rest = said+before+arg, after
	}
	return said + rest
}

// bare is a sentence without its stop, to stand among others.
func (t tongue) bare(w alarm.Text) string { return strings.TrimRight(t.say(w), ".。") }

// span says how long something lasts.
func (t tongue) span(d time.Duration) string { return t.say(span(d)) }

// list joins the parts that are there, as a sentence does.
func (t tongue) list(parts ...string) string {
	all, comma := "", t.w(", |，")
	for _, p := range parts {
		if p != "" && all != "" {
			all += comma
		}
		all += p
	}
	return all
}

// saying collects the parts of a list.
type saying []string

func (s *saying) add(parts ...string) { *s = append(*s, parts...) }

// line writes head and, behind it, body. What does not fit goes on below the beginning of body, or
// four columns in where head is long.
func (t *text) line(head, body string) {
	head, body = clean(head), clean(body)
	indent, first := width(head), head
	if indent > columns/2 {
		indent = 4
	}
	if width(head)+width(body) <= columns {
		t.WriteString(strings.TrimRight(head+body, " ") + "\n")
		return
	}
	if width(head) > columns/2 {
		for _, l := range wrapped(head, columns) {
			t.WriteString(strings.TrimRight(l, " ") + "\n")
		}
		first = "    "
	}
	// The first line is shorter than the others by what head takes.
	taken := strings.Repeat("x", width(first)-indent)
	for i, l := range wrapped(taken+body, columns-indent) {
		if i > 0 {
			first = strings.Repeat(" ", indent)
		} else {
			l = l[len(taken):]
		}
		t.WriteString(strings.TrimRight(first+l, " ") + "\n")
	}
}

// Folded is prose as lines of a terminal.
func Folded(prose string) string {
	t := &text{}
	for l := range strings.Lines(prose) {
		t.line("", strings.TrimSuffix(l, "\n"))
	}
	return t.String()
}

// Hung is body behind head, as lines of a terminal; what does not fit goes on below the beginning
// of body.
func Hung(head, body string) string {
	t := &text{}
	t.line(head, body)
	return t.String()
}

// Fit makes s exactly so many columns wide.
func Fit(s string, columns int) string { return fit(s, columns) }

// row writes a line that belongs to the one above it.
func (t *text) row(body string) {
	if body != "" {
		t.line("    ", body)
	}
}

// entry writes a line about a thing with a name of its own, if there is something to say.
func (t *text) entry(name, body string) {
	if body != "" {
		t.line("    "+fit(name, 14)+"  ", body)
	}
}

// clean takes out what could change more of a terminal than its next cell.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r) && r != ' ':
			return -1
		}
		return r
	}, s)
}

// width is how many columns s takes. A Chinese character is as wide as two letters.
func width(s string) (n int) {
	for _, r := range s {
		n += cells(r)
	}
	return n
}

func cells(r rune) int {
	if r >= 0x2e80 {
		return 2
	}
	return 1
}

// fit makes s exactly that wide. What does not fit ends in a mark that says so.
func fit(s string, room int) string {
	if left := room - width(s); left >= 0 {
		return s + strings.Repeat(" ", left)
	}
	if room -= cells('…'); room < 0 {
		return ""
	}
	for i, r := range s {
		if room < cells(r) {
			return s[:i] + "…" + strings.Repeat(" ", max(room, 0))
		}
		room -= cells(r)
	}
	return s
}

// wrapped breaks s into lines of at most that width: at spaces, and beside Chinese characters.
func wrapped(s string, room int) []string {
	var lines []string
	for width(s) > room {
		cut, used, last := 0, 0, rune(0)
		for i, r := range s {
			if mayBreak(last, r) {
				cut = i
			}
			if used += cells(r); used > room {
				if cut == 0 {
					cut = i
				}
				break
			}
			last = r
		}
		lines = append(lines, strings.TrimRight(s[:cut], " "))
		s = strings.TrimLeft(s[cut:], " ")
	}
	return append(lines, s)
}

// mayBreak tells whether a line may end between two characters. A number stays with its unit.
func mayBreak(before, after rune) bool {
	switch {
	case before == 0:
		return false
	case after == ' ':
		return !unicode.IsDigit(before)
	case strings.ContainsRune("，。、；：！？）", after) || before == '（':
		return false
	}
	return cells(before) > 1 || cells(after) > 1
}
