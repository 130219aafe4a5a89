package site_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

// No mistake hides another one: a file whose mistakes of one reading are mended, and nothing else,
// is good. A line that was not told keeps its mistake, and the second reading finds it.
func TestNoMistakeHidesAnother(t *testing.T) {
	file := string(must(os.ReadFile("testdata/hidden.toml")))
	_, err := site.Parse("hidden.toml", []byte(file))
	var problems site.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	golden(t, "hidden", err.Error()+"\n")

	told := map[int]bool{}
	for _, p := range problems {
		told[p.Line] = true
	}
	lines, header := strings.Split(file, "\n"), 0
	for i, line := range lines {
		if strings.HasPrefix(line, "[[") {
			header = i + 1
		}
		_, right, isWrong := strings.Cut(line, " ##")
		right, atHeader := strings.CutPrefix(right, "[")
		if isWrong && (told[i+1] || atHeader && told[header]) {
			lines[i] = right
		}
	}
	if _, err := site.Parse("hidden.toml", []byte(strings.Join(lines, "\n"))); err != nil {
		t.Errorf("with what was told mended, still:\n%v", err)
	}
}
