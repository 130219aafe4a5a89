package site

import (
	"os"
	"strings"
	"testing"
)

// The site file that the README shows is good, without a warning.
func TestReadmeShowsAGoodSiteFile(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "```toml\n")
	example, _, ended := strings.Cut(rest, "```")
	if !ok || !ended {
		t.Fatal("the README shows no site file")
	}
	s, err := Parse("site.toml", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) > 0 {
		t.Errorf("got %v, want no warning", s.Warnings)
	}
	if points := len(s.Plan().Points); points != 2 {
		t.Errorf("got %d points, want the 2 that are shown", points)
	}
}
