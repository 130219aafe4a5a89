package site

import (
	"bytes"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// kind is what a value is in TOML.
type kind uint8

const (
	broken  kind = iota // could not be read, and has been reported
	text                // in quotes
	number              // text holds it as it was written
	boolean             // text is "true" or "false"
	moment              // a date or a time
	list
	single   // a table
	multiple // an array of tables
)

var kindNames = [...]string{
	broken: "unreadable", text: "a text", number: "a number", boolean: "true or false",
	moment: "a date", list: "a list", single: "a table", multiple: "a list of tables",
}

// value is a value of the file and the line of its key.
type value struct {
	kind   kind
	line   int
	text   string
	list   []value
	tables []*table // one for single, all for multiple
}

// table is a table of the file with its keys in the order of the file.
type table struct {
	line   int
	opened bool // by a header of its own
	keys   []string
	values map[string]value
}

func (t *table) put(key string, v value) {
	if t.values == nil {
		t.values = map[string]value{}
	}
	if _, ok := t.values[key]; !ok {
		t.keys = append(t.keys, key)
	}
	t.values[key] = v
}

// maxSyntax bounds how many mistakes of syntax are listed: after so many the file is not TOML.
const maxSyntax = 20

// reader builds the tree of a file. It goes on after a mistake, so that all are found at once.
type reader struct {
	file     string
	data     []byte
	lines    []int // offset of the start of each line
	problems Problems
	parser   unstable.Parser
	root     *table
	at       *table // where keys go now
	lost     bool   // a header could not be read, so its keys have no home
}

// read returns the tree of data. With a problem the tree holds what could be read; it is nil when
// it is not worth checking.
func read(file string, data []byte) (*table, Problems) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	r := &reader{file: file, data: data, lines: []int{0}, root: &table{line: 1}}
	r.at = r.root
	for i, c := range data {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	if at := firstInvalid(data); at >= 0 {
		r.report(at, "this line is not UTF-8; save the file with the encoding UTF-8 (not GBK)")
		return nil, r.problems
	}
	for rest := data; rest != nil && len(r.problems) < maxSyntax; {
		r.parser.Reset(rest)
		for r.parser.NextExpression() {
			r.expression(r.parser.Expression())
		}
		rest = r.recover(r.parser.Error())
	}
	if len(r.problems) == 0 {
		r.confirm()
	}
	if r.lost {
		return nil, r.problems
	}
	return r.root, r.problems
}

// confirm lets the decoder of the library have the last word, so that nothing is accepted that is
// not TOML.
func (r *reader) confirm() {
	var whole map[string]any
	err := toml.Unmarshal(r.data, &whole)
	var at *toml.DecodeError
	switch {
	case errors.As(err, &at):
		line, column := at.Position()
		r.problems = append(r.problems, Problem{
			File: r.file, Line: line, Column: column,
			Text: strings.TrimPrefix(at.Error(), "toml: "),
		})
	case err != nil:
		r.problems = append(r.problems, Problem{File: r.file, Text: err.Error()})
	}
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// recover reports a mistake of syntax and returns what follows its line; nil at the end.
func (r *reader) recover(err error) []byte {
	var syntax *unstable.ParserError
	if !errors.As(err, &syntax) {
		return nil
	}
	offset := min(max(cap(r.data)-cap(syntax.Highlight), 0), len(r.data))
	line := r.data[r.lines[r.line(offset)-1]:]
	end := bytes.IndexByte(line, '\n')
	if end >= 0 {
		line = line[:end]
	}
	r.report(offset, "%s", r.explain(string(line), syntax.Message))
	next := bytes.IndexByte(r.data[offset:], '\n')
	if next < 0 {
		return nil
	}
	return r.data[offset+next+1:]
}

// explain says what to write instead of a line that is not TOML, and remembers its key.
func (r *reader) explain(line, message string) string {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "[") {
		r.lost = true
		return message + "; write a header like [[point]]"
	}
	key, val, ok := strings.Cut(line, "=")
	key = strings.TrimSpace(key)
	if !ok || key == "" || strings.ContainsFunc(key, isNoKey) {
		return message
	}
	r.at.put(key, value{kind: broken})
	val, _, _ = strings.Cut(val, "#")
	val = strings.Trim(val, " \t\"'“”‘’")
	if val == "" || strings.ContainsAny(val, "\"'[]{}") {
		return message
	}
	return fmt.Sprintf("the value of %s is not in quotes; write %s = %q", key, key, val)
}

func isNoKey(c rune) bool {
	return isNoID(c) && !(c >= 'A' && c <= 'Z') && c != '_'
}

// line is the number of the line that holds offset.
func (r *reader) line(offset int) int {
	return sort.SearchInts(r.lines, offset+1)
}

// lineOf is the line of a piece of the file.
func (r *reader) lineOf(n *unstable.Node) int {
	return r.line(cap(r.data) - cap(r.parser.Raw(n.Raw)))
}

func (r *reader) report(offset int, format string, args ...any) {
	if len(r.problems) >= maxProblems {
		return
	}
	line := r.line(offset)
	r.problems = append(r.problems, Problem{
		File: r.file, Line: line,
		Column: utf8.RuneCount(r.data[r.lines[line-1]:offset]) + 1,
		Text:   fmt.Sprintf(format, args...),
	})
}

func (r *reader) expression(n *unstable.Node) {
	if n.Kind == unstable.KeyValue {
		r.assign(r.at, n)
		return
	}
	r.header(n)
}

// header opens the table of a [header] or a [[header]].
func (r *reader) header(n *unstable.Node) {
	t, keys := r.root, keyNodes(n)
	for _, k := range keys[:len(keys)-1] {
		if t = r.descend(t, k); t == nil {
			return
		}
	}
	last := keys[len(keys)-1]
	name, line := string(last.Data), r.lineOf(last)
	old, exists := t.values[name]
	fresh := &table{line: line, opened: true}
	r.at = fresh
	switch {
	case !exists && n.Kind == unstable.Table:
		t.put(name, value{kind: single, line: line, tables: []*table{fresh}})
	case !exists:
		t.put(name, value{kind: multiple, line: line, tables: []*table{fresh}})
	case n.Kind == unstable.ArrayTable && old.kind == multiple:
		old.tables = append(old.tables, fresh)
		t.put(name, old)
	case n.Kind == unstable.Table && old.kind == single && !old.tables[0].opened:
		r.at = old.tables[0]
		r.at.opened, r.at.line = true, line
	case n.Kind == unstable.Table && old.kind == multiple:
		r.at = old.tables[len(old.tables)-1]
		r.flag(last, "[%s] here and [[%s]] on line %d; write [[%s]]", name, name, old.line, name)
	default:
		r.flag(last, "[%s] is already on line %d; keep one of them", name, old.line)
	}
}

func (r *reader) flag(n *unstable.Node, format string, args ...any) {
	r.report(cap(r.data)-cap(r.parser.Raw(n.Raw)), format, args...)
}

// descend returns the table that key names within t, and makes it when there is none.
func (r *reader) descend(t *table, key *unstable.Node) *table {
	name, line := string(key.Data), r.lineOf(key)
	v, ok := t.values[name]
	if !ok {
		v = value{kind: single, line: line, tables: []*table{{line: line}}}
		t.put(name, v)
	}
	if len(v.tables) == 0 {
		r.flag(key, "%s is %s since line %d; give this table another name",
			name, kindNames[v.kind], v.line)
		r.at = &table{line: line}
		return nil
	}
	return v.tables[len(v.tables)-1]
}

// assign puts a key and its value into t.
func (r *reader) assign(t *table, n *unstable.Node) {
	keys := keyNodes(n)
	for _, k := range keys[:len(keys)-1] {
		if t = r.descend(t, k); t == nil {
			return
		}
	}
	last := keys[len(keys)-1]
	name := string(last.Data)
	if old, ok := t.values[name]; ok && old.kind != broken {
		r.flag(last, "%s is written twice, first on line %d; keep one of them", name, old.line)
		return
	}
	t.put(name, r.value(n.Value(), r.lineOf(last)))
}

func keyNodes(n *unstable.Node) []*unstable.Node {
	var keys []*unstable.Node
	for it := n.Key(); it.Next(); {
		keys = append(keys, it.Node())
	}
	return keys
}

func (r *reader) value(n *unstable.Node, line int) value {
	v := value{line: line, text: string(n.Data)}
	switch n.Kind {
	case unstable.String:
		v.kind = text
	case unstable.Integer, unstable.Float:
		v.kind = number
	case unstable.Bool:
		v.kind = boolean
	case unstable.Array:
		v.kind = list
		for it := n.Children(); it.Next(); {
			v.list = append(v.list, r.value(it.Node(), line))
		}
	case unstable.InlineTable:
		v.kind = single
		inner := &table{line: line, opened: true}
		for it := n.Children(); it.Next(); {
			r.assign(inner, it.Node())
		}
		v.tables = []*table{inner}
	default:
		v.kind = moment
	}
	return v
}
