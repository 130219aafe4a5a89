package alarm

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every event and every refusal has words in both languages, short enough for a column.
func TestEventsAndRefusalsHaveWords(t *testing.T) {
	for k := Kind(1); k < kinds; k++ {
		text := kindTexts[k]
		if text.En == "" || len(text.En) > 19 || !isHan([]rune(text.Zh + " ")[0]) ||
			len(text.Zh) > 3*9 {
			t.Errorf("%v: %+v", k, text)
		}
	}
	if got := Kind(250).Text(); got.En != "unknown" || got.Zh != "unknown" {
		t.Errorf("an unknown kind: %+v", got)
	}
	source, err := os.ReadFile("event.go")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`Refused[A-Za-z]+ += "([a-z_]+)"`).FindAllSubmatch(source, -1)
	for _, m := range all {
		text := RefusalText(string(m[1]))
		if text.En == string(m[1]) || !strings.ContainsFunc(text.Zh, isHan) {
			t.Errorf("%s: %+v", m[1], text)
		}
	}
	if len(all) != len(refusals) {
		t.Errorf("%d reasons, and words of %d", len(all), len(refusals))
	}
	if got := RefusalText("moon"); got.En != "moon" || got.Zh != "moon" {
		t.Errorf("an unknown reason: %+v", got)
	}
}
