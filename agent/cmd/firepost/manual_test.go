package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// flagsOf are the flags of a command.
func flagsOf(c *command) []*pflag.Flag {
	set := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	set.SortFlags = false
	c.prepare(set)
	var all []*pflag.Flag
	set.VisitAll(func(f *pflag.Flag) { all = append(all, f) })
	return all
}

// roff escapes text for a manual page.
func roff(text string) string {
	return strings.NewReplacer(`\`, `\\`, "-", `\-`).Replace(text)
}

// manual is the page of man, written from the table of commands.
func manual() string {
	var b strings.Builder
	b.WriteString(`.TH FIREPOST 1
.SH NAME
firepost \- edge agent of a micro fire station: sensors, siren, buffer, district
.SH SYNOPSIS
.B firepost
.I COMMAND
.RI [ FLAGS ]
.SH COMMANDS
`)
	for i := range commands {
		c := &commands[i]
		fmt.Fprintf(&b, ".SS %s\n%s\n", roff(c.usage()), roff(c.help))
		for _, f := range flagsOf(c) {
			name, usage := pflag.UnquoteUsage(f)
			short := ""
			if f.Shorthand != "" {
				short = "-" + f.Shorthand + ", "
			}
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(short+"--"+f.Name+" "+name)),
				roff(usage))
		}
	}
	b.WriteString(`.SH EXIT STATUS
0 done; 1 failed or refused, or check has warnings; 2 the command line or a site file is wrong, or
check finds that the agent would not start or not see; 3 the panel failed, and is to be started
again; 75 enrol goes on by itself, or may be tried again; 78 run has no good site file.
.SH ENVIRONMENT
.TP
.B LC_ALL, LC_MESSAGES, LANG
The language of what a duty person reads: Chinese where the first that is set begins with zh, else
English.
.TP
.B FIREPOST_PIN
The PIN of the operator who acts, where it is not typed.
`)
	return b.String()
}

// completion is what bash completes, written from the table of commands.
func completion() string {
	var first []string
	second := map[string][]string{}
	flags := ""
	for i := range commands {
		words := strings.Fields(commands[i].name)
		if !slices.Contains(first, words[0]) {
			first = append(first, words[0])
		}
		pattern := `"` + words[0] + ` "*`
		if len(words) == 2 {
			second[words[0]] = append(second[words[0]], words[1])
			pattern = `"` + commands[i].name + `"`
		}
		var names []string
		for _, f := range flagsOf(&commands[i]) {
			names = append(names, "--"+f.Name)
		}
		flags += fmt.Sprintf("    %s) words=\"%s\" ;;\n", pattern, strings.Join(names, " "))
	}
	next := ""
	for _, word := range first {
		if all := second[word]; all != nil {
			next += fmt.Sprintf("    %s) words=\"%s\" ;;\n", word, strings.Join(all, " "))
		}
	}
	return `# What bash completes behind firepost.
_firepost() {
  local cur="${COMP_WORDS[COMP_CWORD]}" words=""
  if [[ $COMP_CWORD == 1 ]]; then
    words="` + strings.Join(first, " ") + `"
  elif [[ $cur == -* ]]; then
    case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
` + flags + `    esac
  elif [[ $COMP_CWORD == 2 ]]; then
    case "${COMP_WORDS[1]}" in
` + next + `    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _firepost firepost
`
}

// The manual page and the completion of bash are those of the table of commands.
func TestManualAndCompletion(t *testing.T) {
	for name, text := range map[string]string{"firepost.1": manual(), "firepost.bash": completion()} {
		if *update {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if kept, err := os.ReadFile(name); err != nil || string(kept) != text {
			t.Errorf("%s is not what the table says (%v): run go test -update", name, err)
		}
	}
}

// Bash offers the commands, their second words and their flags.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is missing: apt-get install bash")
	}
	for _, c := range []struct{ line, want string }{
		{"ch", "check"}, {"sh", "shift"}, {"shift o", "on off"}, {"hazard open x --d", "--dir --days"},
		{"points call-1 --j", "--json"}, {"drill st", "start"}, {"ack --o", "--operator"},
	} {
		words := strings.Fields("firepost " + c.line)
		script := fmt.Sprintf("source firepost.bash; COMP_WORDS=(%s); COMP_CWORD=%d; _firepost; "+
			"echo ${COMPREPLY[@]}", strings.Join(words, " "), len(words)-1)
		out, err := exec.Command(bash, "--norc", "-c", script).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.line, got, err, c.want)
		}
	}
}
