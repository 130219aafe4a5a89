package site_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

// A file with which a fire, gas or a person at a call point could not raise an alarm in time is
// refused, and each reason is told.
func TestBlindSiteIsRefused(t *testing.T) {
	s, err := site.Load("testdata/blind.toml")
	if s != nil || err == nil {
		t.Fatalf("got %v, %v, want mistakes only", s, err)
	}
	golden(t, "blind", err.Error()+"\n")
}

// What weakens an alarm and may be meant is told.
func TestFaintSiteIsTold(t *testing.T) {
	golden(t, "faint", load(t, "faint.toml").Warnings.Error()+"\n")
}

// A hysteresis that the file gives to a measured smoke detector is the one that holds.
func TestSmokeKeepsItsHysteresis(t *testing.T) {
	for keys, want := range map[string]int64{"": 20_000, `hysteresis = "0.1 V"`: 100_000} {
		b := onBench(t, strings.TrimSpace(smokePoint+"\n"+keys))
		for _, p := range b.site.Plan().Points {
			for _, c := range p.Spec.Conditions {
				if p.ID == "smoke" && c.Hysteresis != want {
					t.Errorf("%q: got hysteresis %d µV, want %d", keys, c.Hysteresis, want)
				}
			}
		}
	}
}

// A cut line that looks as if all were well is said of every contact that life depends on, whatever
// it is wired to; one that opens in an alarm, and one that nobody dies of, are left out.
func TestUnsupervisedContactsAreNoted(t *testing.T) {
	const file = `
[site]
id = "x"

[[sensor]]
name = "s"
model = "contact"
line = "GPIO17"
%s

[[sensor]]
name = "box"
model = "mcp23017"
inputs = "0-1"
%s

[[point]]
id = "p"
class = "%s"
from = "s"

[[point]]
id = "q"
class = "gas"
from = "box.in0"

[[output]]
id = "siren"
kind = "sounder"
model = "relay"
line = "GPIO5"
`
	for _, c := range []struct{ name, wiring, box, class, want string }{
		{"a call point", `pull = "up"`, "", "call_point", `"p", "q"`},
		{"smoke", `pull = "up"`, "", "smoke", `"p", "q"`},
		{"no pull", `abnormal = "high"`, "", "flood", `"p", "q"`},
		{"a contact that opens", "pull = \"up\"\nabnormal = \"high\"", "", "smoke", `"q"`},
		{"pulled down", `pull = "down"`, "", "smoke", `"q"`},
		{"a door", `pull = "up"`, "", "door", `"q"`},
		{"an expander whose contact opens", `pull = "up"`, `abnormal_high = "0"`, "door", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := site.Parse("site.toml", fmt.Appendf(nil, file, c.wiring, c.box, c.class))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, n := range s.Notes {
				if _, rest, ok := strings.Cut(n.String(), "all is well at "); ok {
					got, _, _ = strings.Cut(rest, ";")
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s in\n%v", got, c.want, s.Notes)
			}
		})
	}
}
