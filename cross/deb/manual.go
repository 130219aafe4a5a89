package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// manual is what the program says of itself: the man page and the completion are made of it.
type manual struct {
	title    string // what the program is, in one line
	commands []command
}

type command struct {
	name, args, help string
	flags            []option
}

type option struct{ short, long, value, help string }

// A line of the help: two spaces, "firepost", the words of the command, its arguments, its text.
// A line of a flag: perhaps a letter, the name, perhaps the kind of its value, its text.
var (
	commandLine = regexp.MustCompile(
		`^  firepost ([a-z-]+(?: [a-z-]+)?)((?: \[?[A-Z-]+\]?)*)  +(\S.*)$`)
	flagLine = regexp.MustCompile(
		`^ +(?:(-[a-zA-Z]), )?(--[a-z-]+)(?:\[=true\|false\])?(?: ([A-Za-z0-9]+))?   +(\S.*)$`)
)

// readManual asks the program for its help and for that of each command.
func readManual(ask func(args ...string) (string, error)) (*manual, error) {
	text, err := ask("--help")
	if err != nil {
		return nil, err
	}
	m := &manual{}
	m.title, _, _ = strings.Cut(strings.TrimPrefix(text, "firepost: "), "\n")
	for line := range strings.Lines(text) {
		f := commandLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if f == nil {
			continue
		}
		c := command{name: f[1], args: strings.TrimSpace(f[2]), help: f[3]}
		text, err := ask(append(strings.Fields(c.name), "--help")...)
		if err != nil {
			return nil, fmt.Errorf("help of %s: %w", c.name, err)
		}
		for line := range strings.Lines(text) {
			if f := flagLine.FindStringSubmatch(strings.TrimRight(line, "\n")); f != nil {
				c.flags = append(c.flags, option{f[1], f[2], f[3], f[4]})
			}
		}
		m.commands = append(m.commands, c)
	}
	if len(m.commands) == 0 {
		return nil, errors.New("firepost --help lists no command")
	}
	return m, nil
}

// roff makes a text safe in a man page.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

// page is the man page.
func (m *manual) page(version string, at time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH FIREPOST 1 %s \"firepost %s\"\n", at.Format(time.DateOnly), version)
	fmt.Fprintf(&b, ".SH NAME\nfirepost \\- %s\n", roff(strings.TrimRight(m.title, ".")))
	b.WriteString(".SH SYNOPSIS\n.B firepost\n.I COMMAND\n.RI [ FLAGS ]\n.SH COMMANDS\n")
	for _, c := range m.commands {
		fmt.Fprintf(&b, ".SS firepost %s\n%s\n", roff(strings.TrimSpace(c.name+" "+c.args)),
			roff(c.help))
		for _, f := range c.flags {
			names := `\fB` + roff(f.long) + `\fR`
			if f.short != "" {
				names = `\fB` + roff(f.short) + `\fR, ` + names
			}
			if f.value != "" {
				names += ` \fI` + roff(f.value) + `\fR`
			}
			fmt.Fprintf(&b, ".TP\n%s\n%s\n", names, roff(f.help))
		}
	}
	b.WriteString(places)
	return b.String()
}

// places is the part of the man page that no command knows.
const places = `.SH FILES
.TP
.I /etc/firepost/site.toml
What hangs where. The service starts when it is there; no package ever writes it.
.TP
.I /usr/share/firepost/examples
Site files to begin with, a venue each, and settings for systemd.
.TP
.I /var/lib/firepost
The key of the box, the records that were not received yet, what the panel must not forget, and
the last good site file.
.TP
.I /run/firepost/control.sock
Where the running service takes orders, from root and the group firepost.
.SH EXIT STATUS
0 when all went well, 1 when something failed or was refused, 2 when the command line or a site
file is wrong, 78 when it cannot run for want of a good site file.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)
`

// completion is what bash asks when somebody presses the tab key.
func (m *manual) completion() string {
	var first []string
	second := map[string][]string{}
	var b strings.Builder
	for _, c := range m.commands {
		word, rest, two := strings.Cut(c.name, " ")
		if !slices.Contains(first, word) {
			first = append(first, word)
		}
		if two {
			second[word] = append(second[word], rest)
		}
		var flags []string
		for _, f := range c.flags {
			flags = append(flags, f.long)
		}
		fmt.Fprintf(&b, "\t%q*) words=%q ;;\n", c.name+" ", strings.Join(flags, " "))
	}
	for _, word := range first {
		if len(second[word]) > 0 {
			fmt.Fprintf(&b, "\t%q) words=%q ;;\n", word+" ", strings.Join(second[word], " "))
		}
	}
	return "# bash completion of firepost\n_firepost() {\n" +
		"\tlocal said=\"${COMP_WORDS[*]:1:COMP_CWORD-1} \" words=\n" +
		"\tcase $said in\n" + b.String() +
		"\t\" \") words=\"" + strings.Join(first, " ") + "\" ;;\n\tesac\n" +
		"\tCOMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n" +
		"complete -o default -F _firepost firepost\n"
}
