package main

import (
	"io"
	"strings"
	"testing"
)

const (
	passed  = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
	skipped = `{"Action":"output","Package":"p","Test":"TestB","Output":" b_test.go:9: install x\n"}` +
		"\n" + `{"Action":"skip","Package":"p","Test":"TestB"}` + "\n"
	failed = `{"Action":"output","Package":"p","Test":"TestC","Output":"    c_test.go:7: got 1\n"}` +
		"\n" + `{"Action":"fail","Package":"p","Test":"TestC"}` + "\n" +
		`{"Action":"fail","Package":"p","Elapsed":0.1}` + "\n"
	unbuilt = `{"ImportPath":"p [p.test]","Action":"build-output","Output":"x.go:1: undefined\n"}` +
		"\n" + `{"Action":"fail","Package":"p","Elapsed":0}` + "\n"
)

// The report names what failed, why, what was skipped and what it needs, and is good only when
// nothing failed, nor was skipped where nothing may be.
func TestReport(t *testing.T) {
	for _, c := range []struct {
		name, in string
		noSkips  bool
		good     bool
		says     []string
	}{
		{"all passed", passed, false, true, []string{"1 passed, 0 failed, 0 skipped"}},
		{"a skip is named", passed + skipped, false, true,
			[]string{"TestB: install x", "1 passed, 0 failed, 1 skipped"}},
		{"a skip where none may be", passed + skipped, true, false, []string{"TestB: install x"}},
		{"a failure with its words", passed + failed, false, false,
			[]string{"c_test.go:7: got 1", "1 passed, 1 failed, 0 skipped"}},
		{"what does not build", unbuilt, false, false,
			[]string{"x.go:1: undefined", "0 passed, 1 failed, 0 skipped"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := read(strings.NewReader(c.in), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if good := r.print(&out, c.noSkips); good != c.good {
				t.Errorf("good is %v, want %v", good, c.good)
			}
			for _, want := range c.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("got %q, want %q in it", out.String(), want)
				}
			}
		})
	}
}
