// Command report reads what "go test -json" prints and says what a person wants to know: what
// failed and why, what was skipped and what it needs, and the sum.
//
// With -no-skips a skipped test is a failure: a machine that should have every tool has not.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is one line of "go test -json"; see "go doc test2json".
type event struct {
	Action     string
	Package    string
	Test       string
	Output     string
	Elapsed    float64
	ImportPath string
}

type key struct{ pkg, test string }

type report struct {
	out     map[key][]string
	skipped []key
	failed  []key
	passed  int
	build   map[string][]string // compiler output by import path
}

func main() {
	noSkips := flag.Bool("no-skips", false, "fail when a test was skipped")
	flag.Parse()
	r, err := read(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
	if !r.print(os.Stdout, *noSkips) {
		os.Exit(1)
	}
}

// read follows the run and prints one line for each package as it ends.
func read(in io.Reader, w io.Writer) (*report, error) {
	r := &report{out: map[key][]string{}, build: map[string][]string{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 64<<10), 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(w, lines.Text()) // the go command's own words, such as a download
			continue
		}
		r.take(e, w)
	}
	return r, lines.Err()
}

func (r *report) take(e event, w io.Writer) {
	k := key{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		r.build[e.ImportPath] = append(r.build[e.ImportPath], e.Output)
	case "output":
		r.out[k] = append(r.out[k], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			if e.Action != "skip" { // a package without tests
				fmt.Fprintf(w, "%-5s %s %.1fs\n", e.Action, e.Package, e.Elapsed)
			}
			if e.Action == "fail" {
				r.failed = append(r.failed, k)
			}
			return
		}
		r.count(e.Action, k)
	}
}

func (r *report) count(action string, k key) {
	switch action {
	case "pass":
		r.passed++
		delete(r.out, k)
	case "fail":
		r.failed = append(r.failed, k)
	case "skip":
		r.skipped = append(r.skipped, k)
	}
}

// print writes the findings and returns whether the run was good.
func (r *report) print(w io.Writer, noSkips bool) bool {
	for path, lines := range r.build {
		fmt.Fprintf(w, "\nBUILD %s\n%s", path, strings.Join(lines, ""))
	}
	tests := 0
	for _, k := range r.failed {
		if k.test != "" {
			tests++
		}
		fmt.Fprintf(w, "\nFAIL %s %s\n%s", k.pkg, k.test, strings.Join(r.out[k], ""))
	}
	if len(r.skipped) > 0 {
		fmt.Fprintf(w, "\nSkipped, and what each needs:\n")
	}
	for _, k := range r.skipped {
		fmt.Fprintf(w, "  %s: %s\n", k.test, reason(r.out[k]))
	}
	fmt.Fprintf(w, "\n%d passed, %d failed, %d skipped\n",
		r.passed, max(tests, min(len(r.failed), 1)), len(r.skipped))
	if noSkips && len(r.skipped) > 0 {
		fmt.Fprintln(w, "Nothing may be skipped here: install what is named above.")
		return false
	}
	return len(r.failed) == 0
}

// reason is what the test said when it skipped itself.
func reason(out []string) string {
	var words []string
	for _, line := range out {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if _, text, ok := strings.Cut(line, ".go:"); ok {
			_, line, _ = strings.Cut(text, ": ")
		}
		words = append(words, line)
	}
	return strings.Join(words, " ")
}
