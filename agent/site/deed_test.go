package site_test

import (
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/site"
)

// TestWhatAnOutputDoesAtAnAlarmChangesOnlyWithConsent: what moves, falls still or sounds otherwise
// at what can happen weakens. Only what begins to warn, and a valve that begins to close, does not.
func TestWhatAnOutputDoesAtAnAlarmChangesOnlyWithConsent(t *testing.T) {
	base := strings.Replace(compared, block("[[effect]]"), "", 1)
	base = strings.Replace(base, "[[operator]]", `[[output]]
id = "doors"
kind = "relay"
model = "relay"
line = "GPIO21"
signals = ["gas"]

[[output]]
id = "lamp"
kind = "lamp"
model = "relay"
line = "GPIO22"

[[sensor]]
name = "gas"
model = "contact"
line = "GPIO26"

[[point]]
id = "gas-1"
class = "gas"
zone = "kitchen"
from = "gas"

[[operator]]`, 1)
	for _, k := range []struct {
		name, rows string
		weakens    bool
		says       string
	}{
		{"a fan that runs in a fire", "when = \"fire\"\nthen = [\"fan\"]", true,
			`output fan: "stops" becomes "runs" when one detector finds fire in heat`},
		{"a fan that runs in gas", "when = \"gas\"\nthen = [\"fan\"]", true, "output fan: "},
		{"a relay in a fire", "when = \"fire\"\nthen = [\"doors\"]", true,
			`output doors: "does nothing" becomes "switches on" when`},
		{"a relay at a supervisory", "when = \"supervisory\"\nthen = [\"doors\"]", true, ""},
		{"a relay at a fault", "when = \"fault\"\nthen = [\"doors\"]", true,
			"when something of the system fails"},
		{"a siren that plays the pre-alarm tone",
			"when = \"fire\"\nreplace = true\nthen = [\"siren alert\"]", true, "output siren: "},
		{"a siren that plays another tone too", "when = \"fire\"\nthen = [\"siren alert\"]", true,
			"output siren: "},
		{"a buzzer at a door", "when = \"supervisory\"\nthen = [\"buzzer\"]", false, ""},
		{"a siren at a fault", "when = \"fault\"\nthen = [\"siren chirp\"]", false, ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			from := parse(t, base)
			to := parse(t, strings.Replace(base, "[[operator]]",
				"[[effect]]\n"+k.rows+"\n\n[[operator]]", 1))
			got := site.Compare(from, to)
			if site.Weakens(got) != k.weakens || !strings.Contains(said(got), k.says) {
				t.Errorf("weakens %t, want %t and %q:\n%s", !k.weakens, k.weakens, k.says, said(got))
			}
		})
	}
}
