package probe

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

// The wiring of each example is drawn pin by pin, in both languages.
func TestWiringOfTheExamples(t *testing.T) {
	files, err := filepath.Glob("../../../cross/deb/examples/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples: ", err)
	}
	for _, file := range files {
		s, err := site.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		golden(t, "wiring-"+name, Wiring(s, false)+"\n"+Wiring(s, true))
	}
}

// A line is found on the header by its name, by the position of its pin and by its place on a chip
// whose lines are there; what nobody can tell is on none.
func TestPinOf(t *testing.T) {
	for line, want := range map[string]int{
		"GPIO17": 11, "P1_11": 11, "pinctrl-bcm2711:17": 11, "pinctrl-rp1:21": 40, "GPIO2": 3,
		"gpiochip0:17": 0, "PC7": 0, "GPIO99": 0, "P1_41": 0, "1c20800.pinctrl:71": 0, "GPIO0": 0,
	} {
		if got := pinOf(line); got != want {
			t.Errorf("%s: got pin %d, want %d", line, got, want)
		}
	}
}
