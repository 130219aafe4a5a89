package site_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/site"
)

// compared is a site on which every kind of change can be made.
const compared = `
[site]
id = "shop"
resound = "10 min"

[[zone]]
id = "kitchen"

[[zone]]
id = "hall"

[[sensor]]
name = "air"
model = "sht4x"
period = "1 s"

[[sensor]]
name = "button"
model = "contact"
line = "GPIO17"

[[sensor]]
name = "reply"
model = "contact"
line = "GPIO18"

[[sensor]]
name = "door"
model = "contact"
line = "GPIO19"

[[sensor]]
name = "hush"
model = "contact"
line = "GPIO20"

[[point]]
id = "heat"
class = "heat"
zone = "kitchen"
from = "air.temperature"
alarm = "57 °C"
confirm = "10 s"
stale = "20 s"

[[point]]
id = "call"
class = "call_point"
zone = "hall"
from = "button"

[[point]]
id = "reply"
class = "valve"
zone = "hall"
from = "reply"

[[point]]
id = "door"
class = "door"
zone = "hall"
from = "door"

[[point]]
id = "hush"
class = "button"
action = "silence"
zone = "hall"
from = "hush"

[[output]]
id = "siren"
kind = "sounder"
model = "relay"
line = "GPIO5"

[[output]]
id = "valve"
kind = "valve"
model = "relay"
line = "GPIO6"
feedback = "reply"

[[output]]
id = "fan"
kind = "fan"
model = "relay"
line = "GPIO13"

[[output]]
id = "buzzer"
kind = "buzzer"
model = "relay"
line = "GPIO16"

[[effect]]
when = "fire"
then = ["fan"]

[[operator]]
number = 7
name = "王强"
level = 1

[[item]]
id = "extinguishers"
name = "灭火器"
every = "31 d"

[district]
may_not = ["site", "drill_start"]
`

// block is the part of compared between two headers that holds a text.
func block(text string) string {
	for _, b := range strings.SplitAfter(compared, "\n\n") {
		if strings.Contains(b, text) {
			return b
		}
	}
	panic("compared has no " + text)
}

// differences are changes to compared.
var differences = []struct {
	name, was, is string
	weakens       bool
	says          string // part of what is said of it, in English
}{
	{"a comment", "[site]", "# by hand\n[site]", false, ""},
	{"a removed detector", block(`id = "heat"`), "", true, "point heat: is removed"},
	{"a removed call point", block(`id = "call"`), "", true, "point call: is removed"},
	{"a removed door contact", block(`id = "door"`), "", false, "point door: is removed"},
	{"a removed siren", block(`id = "siren"`), "", true, "output siren: is removed"},
	{"a removed buzzer", block(`id = "buzzer"`), "", true, "output buzzer: is removed"},
	{"a higher limit", `"57 °C"`, `"58 °C"`, true, "limit 57 °C becomes 58 °C"},
	{"a lower limit", `"57 °C"`, `"55 °C"`, false, "limit 57 °C becomes 55 °C"},
	{"an alarm that ends sooner", `stale = "20 s"`, "stale = \"20 s\"\nhysteresis = \"1 °C\"", true,
		"ends at 54.15 °C becomes 56 °C"},
	{"a longer delay", `confirm = "10 s"`, `confirm = "20 s"`, true, "delay 10 s becomes 20 s"},
	{"a shorter delay", `confirm = "10 s"`, `confirm = "5 s"`, false, "delay 10 s becomes 5 s"},
	{"a later fault", `stale = "20 s"`, `stale = "40 s"`, true, "fault 20 s becomes 40 s"},
	{"an earlier fault", `stale = "20 s"`, `stale = "10 s"`, false, "fault 20 s becomes 10 s"},
	{"a detector that only records", `alarm = "57 °C"`, "record = true", true, "is removed"},
	{"an alarm that ends by itself", `stale = "20 s"`, "stale = \"20 s\"\nlatch = false", true,
		"ends by itself"},
	{"another calibration", `stale = "20 s"`, "stale = \"20 s\"\noffset = \"-2 °C\"", true,
		"calibration"},
	{"a further limit", `stale = "20 s"`, "stale = \"20 s\"\nrise = \"8 °C/min\"", false, "is new"},
	{"a lesser class", `class = "heat"`, "class = \"heat\"\nsignal = \"supervisory\"", true,
		"signal fire becomes supervisory"},
	{"a name", `id = "heat"`, "id = \"heat\"\nname = \"灶台\"", false, "name heat becomes 灶台"},
	{"another place", `zone = "kitchen"`, `zone = "hall"`, true, "zone kitchen becomes hall"},
	{"another part", `line = "GPIO17"`, `line = "GPIO21"`, true, "the part that it is read from"},
	{"a slower part", `period = "1 s"`, `period = "2 s"`, true, "readings 1 s becomes 2 s"},
	{"a quicker part", `period = "1 s"`, `period = "500 ms"`, false, "becomes 500 ms"},
	{"the line of a door", `line = "GPIO19"`, `line = "GPIO21"`, false, "point door"},
	{"the line that a valve answers on", `line = "GPIO18"`, `line = "GPIO21"`, true, "point reply"},
	{"a zone that verifies", `id = "kitchen"`, "id = \"kitchen\"\nmode = \"verify\"", true,
		"mode single becomes verify"},
	{"a sounder of one zone", `line = "GPIO5"`, "line = \"GPIO5\"\nzones = [\"hall\"]", true,
		"no more sounds the fire tone when one detector finds fire in heat"},
	{"a sounder for gas alone", `line = "GPIO5"`, "line = \"GPIO5\"\nsignals = [\"gas\"]", true,
		"signals"},
	{"a sounder of pre-alarms too", `line = "GPIO5"`, "line = \"GPIO5\"\nlevel = \"prealarm\"",
		false, "level alarm becomes prealarm"},
	{"the siren's line", `line = "GPIO5"`, `line = "GPIO26"`, true, "the line that it hangs on"},
	{"a siren that falls silent", `line = "GPIO5"`, "line = \"GPIO5\"\non_exit = \"rest\"", true,
		"when the program ends"},
	{"a valve that nobody sees close", "feedback = \"reply\"\n", "", true, "feedback"},
	{"no more fan in a fire", block("[[effect]]"), "", true,
		"output fan: \"runs\" becomes \"stops\" when"},
	{"another effect", "[[effect]]\nwhen = \"fire\"\nthen = [\"fan\"]\n",
		"[[effect]]\nwhen = \"fire\"\nthen = [\"fan\"]\n\n[[effect]]\nwhen = \"gas\"\n" +
			"then = [\"siren\"]\n", false, "[[effect]]"},
	{"a button that resets", `action = "silence"`, `action = "reset"`, true, "as a button"},
	{"a longer silence", `resound = "10 min"`, `resound = "20 min"`, true, "sounds again"},
	{"a right for the district", `may_not = ["site", "drill_start"]`, `may_not = ["site"]`, true,
		"the district may drill_start"},
	{"the right to silence", "[district]", "[district]\nmay_silence = true", true,
		"the district may silence"},
	{"the right to push", `["site", "drill_start"]`, `["drill_start"]`, true,
		"the district may site"},
	{"one right less", `"drill_start"]`, `"drill_start", "drill_end"]`, false,
		"may no more drill_end"},
	{"a page for the network", "[district]", "[page]\nlisten = \":8080\"\n[district]", true,
		"page"},
	{"no page", "[district]", "[page]\nlisten = \"off\"\n[district]", false, "page"},
	{"a new strobe", "[[effect]]", "[[output]]\nid = \"strobe\"\nkind = \"strobe\"\n" +
		"model = \"relay\"\nline = \"GPIO21\"\n\n[[effect]]", false, "output strobe: is new"},
	{"a new relay", "[[effect]]", "[[output]]\nid = \"doors\"\nkind = \"relay\"\n" +
		"model = \"relay\"\nline = \"GPIO21\"\n\n[[effect]]", true, "output doors: is new"},
	{"a new button", "[[output]]", "[[sensor]]\nname = \"reset\"\nmodel = \"contact\"\n" +
		"line = \"GPIO21\"\n\n[[point]]\nid = \"reset\"\nclass = \"button\"\naction = \"reset\"\n" +
		"zone = \"hall\"\nfrom = \"reset\"\n\n[[output]]", true, "point reset: is new"},
	{"another item", `"灭火器"`, `"全部灭火器"`, false, "to be checked"},
	{"slower reports", "[district]", "[district]\nreport = \"5 min\"", false, "how often"},
	{"a name of the site", `id = "shop"`, "id = \"shop\"\nname = \"小店\"", false, "name"},
	{"an operator", "number = 7", "number = 8", true, "operators"},
	{"people on shift", "[district]", "[shift]\npeople = 2\n[district]", false, "on shift"},
}

// TestWhatWeakensIsToldFromWhatDoesNot shows of each change of a site file that it is found, and
// whether a person on site must agree to it. A change that is not known to be harmless weakens.
func TestWhatWeakensIsToldFromWhatDoesNot(t *testing.T) {
	from := parse(t, compared)
	for _, k := range differences {
		t.Run(k.name, func(t *testing.T) {
			if !strings.Contains(compared, k.was) {
				t.Fatalf("the site has no %q", k.was)
			}
			to := parse(t, strings.Replace(compared, k.was, k.is, 1))
			got := site.Compare(from, to)
			if site.Weakens(got) != k.weakens {
				t.Errorf("weakens %t, want %t:\n%s", !k.weakens, k.weakens, said(got))
			}
			if k.says == "" && len(got) > 0 || !strings.Contains(said(got), k.says) {
				t.Errorf("got\n%swant %q", said(got), k.says)
			}
			for _, c := range got {
				if c.En == "" || c.Zh == "" || c.People != strings.Contains(c.En, "operators") {
					t.Errorf("change %+v", c)
				}
			}
		})
	}
}

func said(changes []site.Change) string {
	text := ""
	for _, c := range changes {
		text += c.En + "\n"
	}
	return text
}

func parse(t *testing.T, text string) *site.Site {
	t.Helper()
	s, err := site.Parse("site.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNothingChangesFromASiteToItself holds for every site file of this project.
func TestNothingChangesFromASiteToItself(t *testing.T) {
	texts := []string{site.Reference, compared}
	files, err := filepath.Glob("../../cross/deb/examples/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	for _, text := range texts {
		from, to := parse(t, text), parse(t, text)
		if got := site.Compare(from, to); len(got) > 0 {
			t.Errorf("%s: %s", from.ID, said(got))
		}
	}
}

// TestEachRemovedPartOfTheReferenceIsMissed takes each point and each output out of the file that
// shows every key. One on which life depends weakens.
func TestEachRemovedPartOfTheReferenceIsMissed(t *testing.T) {
	from := parse(t, site.Reference)
	for _, p := range from.Plan().Points {
		to := from.Without(p.ID, "")
		if got := site.Compare(from, to); p.Signal.IsLifeSafety() && !site.Weakens(got) {
			t.Errorf("point %s: %s", p.ID, said(got))
		}
	}
	for _, o := range from.Plan().Outputs {
		if got := site.Compare(from, from.Without("", o.ID)); !site.Weakens(got) {
			t.Errorf("output %s: %s", o.ID, said(got))
		}
	}
}

// A field that Compare does not know must not come into a site unseen: whoever adds one compares
// it, and adds it here. Fields of points and outputs need no list: what differs in them weakens.
func TestCompareKnowsEveryField(t *testing.T) {
	for _, k := range []struct {
		of    any
		known string
	}{
		{site.Site{}, "ID Name Tenant Hash Sensors Outputs District Page Operators Warnings Notes " +
			"plan"},
		{site.District{}, "Report Deadband MayNotPush"},
		{site.Page{}, "Listen Open Names"},
		{site.Sensor{}, "Name Model Options Period Feeds"},
		{alarm.ZonePlan{}, "ID Name Mode"},
		{alarm.Plan{}, "Points Zones Outputs Effects Resound Hash Operators Items Missing Shift " +
			"MayNot MaySilence"},
	} {
		var got []string
		for f := range reflect.TypeOf(k.of).Fields() {
			got = append(got, f.Name)
		}
		if strings.Join(got, " ") != k.known {
			t.Errorf("%T has the fields %v, want %s", k.of, got, k.known)
		}
	}
}

// FuzzCompare holds for any two files that are sites: to compare them does not panic, one has no
// change to itself, and a point that threatens no one less must not vanish unsaid.
func FuzzCompare(f *testing.F) {
	f.Add(compared, compared)
	f.Add(compared, strings.Replace(compared, block(`id = "heat"`), "", 1))
	f.Fuzz(func(t *testing.T, a, b string) {
		from, err := site.Parse("a", []byte(a))
		if err != nil {
			return
		}
		if got := site.Compare(from, from); len(got) > 0 {
			t.Fatal(said(got))
		}
		to, err := site.Parse("b", []byte(b))
		if err != nil {
			return
		}
		got, there := site.Compare(from, to), to.Plan().Points
		for _, p := range from.Plan().Points {
			stays := slices.ContainsFunc(there, func(q alarm.PointPlan) bool { return q.ID == p.ID })
			if p.Signal.IsLifeSafety() && !stays && !site.Weakens(got) {
				t.Fatalf("point %s is gone and nothing weakens:\n%s", p.ID, said(got))
			}
		}
	})
}
