package site

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/drivers"
)

// section reads one table of the file and reports what is wrong with it. A key is known once it has
// been asked for; finish reports the others.
type section struct {
	c       *checker
	t       *table
	subject string // for messages, such as `point "kitchen-heat"`
	known   []string
	told    map[string]bool // keys with a mistake that has been told
}

// know marks keys as known without reading them.
func (s *section) know(keys ...string) {
	for _, key := range keys {
		s.get(key)
	}
}

// get returns the value of key. What could not be read has been reported and counts as absent, but
// it is not missing.
func (s *section) get(key string) (value, bool) {
	if !slices.Contains(s.known, key) {
		s.known = append(s.known, key)
	}
	v, ok := s.t.values[key]
	return v, ok && v.kind != broken
}

func (s *section) has(key string) bool {
	_, ok := s.t.values[key]
	return ok
}

// line is the line of key, or of the table while it is absent.
func (s *section) line(key string) int {
	if v, ok := s.t.values[key]; ok && v.line > 0 {
		return v.line
	}
	return s.t.line
}

// wrong reports a mistake at key.
func (s *section) wrong(key, format string, args ...any) {
	s.tell(key)
	s.c.wrong(s.line(key), s.subject, format, args...)
}

// tell notes that a mistake at key has been told.
func (s *section) tell(key string) {
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[key] = true
}

// missing reports that key is absent; example is what to write.
func (s *section) missing(key, example string) {
	if !s.has(key) {
		s.wrong(key, "%s is missing; write %s = %s", key, key, example)
	}
}

// text reads a key that is a text in quotes.
func (s *section) text(key, example string) (string, bool) {
	v, ok := s.get(key)
	if !ok {
		return "", false
	}
	if v.kind != text {
		s.wrong(key, "%s is %s; write %s = %s", key, kindNames[v.kind], key, example)
		return "", false
	}
	if v.text == "" {
		s.wrong(key, "%s is empty; write %s = %s", key, key, example)
		return "", false
	}
	return v.text, true
}

// maxName bounds what pages and messages must show, in bytes.
const maxName = 96

// name reads a text for people; without one it is the id.
func (s *section) name(key, id string) string {
	name, ok := s.text(key, `"厨房 Kitchen"`)
	switch {
	case !ok:
		return id
	case len(name) > maxName:
		s.wrong(key, "%s has %d bytes; write at most %d", key, len(name), maxName)
	case strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }):
		s.wrong(key, "%s holds a line break or another control character; write one line", key)
	}
	return name
}

// id reads a key that names something; what is wrong with it has been reported.
func (s *section) id(key, example string) (string, bool) {
	s.missing(key, example)
	id, ok := s.text(key, example)
	if ok && !isID(id) {
		s.wrong(key, "%s %q may hold a to z, 0 to 9 and -, at most 32 of them; write %s = %q",
			key, id, key, asID(id, example))
		return "", false
	}
	return id, ok
}

func isID(s string) bool {
	return s != "" && len(s) <= 32 && !strings.ContainsFunc(s, isNoID)
}

func isNoID(c rune) bool { return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') }

// asID proposes an id that is near to s, or the example.
func asID(s, example string) string {
	near := strings.Map(func(c rune) rune {
		switch c {
		case ' ', '_', '.', '/':
			return '-'
		}
		return c
	}, strings.ToLower(s))
	if near = near[:min(len(near), 32)]; isID(near) {
		return near
	}
	return strings.Trim(example, `"`)
}

// flag reads true or false.
func (s *section) flag(key string, absent bool) bool {
	v, ok := s.get(key)
	if !ok {
		return absent
	}
	if v.kind != boolean {
		s.wrong(key, "%s is %s; write %s = true or %s = false", key, kindNames[v.kind], key, key)
		return absent
	}
	return v.text == "true"
}

// words reads a text or a list of texts.
func (s *section) words(key, example string) []string {
	v, ok := s.get(key)
	if !ok {
		return nil
	}
	if v.kind == text {
		v.list = []value{v}
	} else if v.kind != list {
		s.wrong(key, "%s is %s; write %s = %s", key, kindNames[v.kind], key, example)
		return nil
	}
	if len(v.list) == 0 {
		s.wrong(key, "%s is an empty list; write %s = %s, or leave it out", key, key, example)
	}
	var words []string
	for _, item := range v.list {
		if item.kind != text {
			s.wrong(key, "%s holds %s; write %s = %s", key, kindNames[item.kind], key, example)
			continue
		}
		if slices.Contains(words, item.text) {
			s.wrong(key, "%s names %q twice; write it once", key, item.text)
			continue
		}
		words = append(words, item.text)
	}
	return words
}

// choice reads one word of a list.
func (s *section) choice(key string, known []string) (string, bool) {
	word, ok := s.text(key, oneOf(known))
	if ok && !slices.Contains(known, word) {
		s.wrong(key, "%s %q is unknown; %s", key, word, instead(word, known))
		return "", false
	}
	return word, ok
}

// measure reads a value with its unit.
func (s *section) measure(key string, q drivers.Quantity) (int64, bool) {
	written, ok := s.withUnit(key, q.Text(example(q)))
	if !ok {
		return 0, false
	}
	v, err := q.Parse(written)
	if err != nil {
		s.wrong(key, "%s %v", key, err)
		return 0, false
	}
	return v, true
}

// example is a value that is good for showing how to write q.
func example(q drivers.Quantity) int64 {
	if units := q.Units(); len(units) > 0 {
		return 50 * units[0].Scale
	}
	return 50
}

// withUnit reads a number with a unit as text. A bare number is told apart from any other type,
// because it is the usual slip.
func (s *section) withUnit(key, example string) (string, bool) {
	v, ok := s.get(key)
	if ok && v.kind == number {
		_, unit, _ := strings.Cut(example, " ")
		s.wrong(key, "%s %s has no unit; write %s = %q", key, v.text, key,
			strings.TrimSpace(v.text+" "+unit))
		return "", false
	}
	return s.text(key, fmt.Sprintf("%q", example))
}

// duration reads a time span within bounds; absent is its value while the key is absent or wrong.
// Several limits may share one delay: its mistake is told once.
func (s *section) duration(key, example string, least, most, absent time.Duration) time.Duration {
	if s.told[key] {
		return absent
	}
	written, ok := s.withUnit(key, example)
	if !ok {
		return absent
	}
	d, err := parseDuration(written)
	switch {
	case err != nil:
		s.wrong(key, "%s %v", key, err)
	case d < least:
		s.wrong(key, "%s %q is too short; write at least %q", key, written, durationText(least))
	case d > most:
		s.wrong(key, "%s %q is too long; write at most %q", key, written, durationText(most))
	default:
		return d
	}
	return absent
}

// finish reports the keys that nothing asked for.
func (s *section) finish() {
	for _, key := range s.t.keys {
		if len(s.c.problems) >= maxProblems {
			return
		}
		if slices.Contains(s.known, key) || s.t.values[key].kind == broken {
			continue
		}
		s.wrong(key, "unknown key %s; %s", key, s.instead(key))
	}
}

func (s *section) instead(key string) string {
	if best := nearest(key, s.known); best != "" {
		return "did you mean " + best + "?"
	}
	return "the keys here are " + strings.Join(s.known, ", ")
}
