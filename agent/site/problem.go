package site

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake of a site file, or one thing that is allowed but looks wrong.
type Problem struct {
	File    string
	Line    int    // from 1; 0: the file as a whole
	Column  int    // from 1, in characters; 0: the line as a whole
	Subject string // such as `point "kitchen-heat"`; empty: the file itself
	Text    string // what is so, then what to write instead
	Zh      string // Text in Chinese, of warnings and notes; empty: it is in English alone
}

// In is String in Chinese, as far as there is any, or in English.
func (p Problem) In(isChinese bool) string {
	if isChinese && p.Zh != "" {
		p.Text = p.Zh
	}
	return p.String()
}

// String is the problem as one line: `site.toml:41: point "kitchen-heat": alarm "60" has …`.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Column > 0 {
		fmt.Fprintf(&b, ":%d", p.Column)
	}
	b.WriteString(": ")
	if p.Subject != "" {
		b.WriteString(p.Subject + ": ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Problems are all mistakes of a site file, in the order of its lines. It is the error of Parse and
// Load.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func (ps Problems) sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int { return a.Line - b.Line })
}

// nearest finds the word of known that word was probably meant to be, or "". Two slips are allowed,
// one in a short word.
func nearest(word string, known []string) string {
	best, least := "", 3
	if len(word) <= 3 {
		least = 2
	}
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the least number of letters to add, drop or replace between a and b. Names are short:
// a long word is cut, for nothing is near it anyway.
func distance(a, b string) int {
	const most = 40
	a, b = a[:min(len(a), most)], b[:min(len(b), most)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// instead says what a wrong word was probably meant to be, or lists what may stand there.
func instead(word string, known []string) string {
	if best := nearest(word, known); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "write " + oneOf(known)
}

// oneOf lists words: `"a", "b" or "c"`.
func oneOf(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	last := len(quoted) - 1
	if last <= 0 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
