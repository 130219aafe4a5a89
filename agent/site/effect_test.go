package site_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
)

var venueClasses = []string{
	"shop", "station", "kitchen", "guest_house", "workshop", "pump_room", "underpass",
}

// For every kind of venue a short site file leads to a cause and effect that an installer can read
// back to the owner, in both languages, as sentences and as a table.
func TestVenuesAreExplained(t *testing.T) {
	for _, name := range venueClasses {
		t.Run(name, func(t *testing.T) {
			s := load(t, "effects/"+name+".toml")
			text := s.Words(false) + "\n" + s.Table(false) + "\n" + s.Words(true) + "\n" + s.Table(true)
			if len(s.Warnings) > 0 {
				text += "\n" + s.Warnings.Error() + "\n"
			}
			golden(t, "effects/"+name, text)
			for _, l := range s.Explain() {
				if strings.Contains(l.Cause.En+l.Cause.Zh, "PLACE") || l.Effect.En == "" {
					t.Errorf("got %+v, want a whole sentence", l)
				}
			}
		})
	}
}

// changed is a site file of the kitchen with more at its end.
func changed(t *testing.T, more string) (*site.Site, error) {
	t.Helper()
	file := must(os.ReadFile("testdata/effects/kitchen.toml"))
	return site.Parse("site.toml", append(file, more...))
}

// does is what an output does in the case of a point and a level, as the panel would have it.
func does(t *testing.T, s *site.Site, id point.ID, level detect.Level, o alarm.OutputID) string {
	t.Helper()
	for _, c := range alarm.Cases(s.Plan()) {
		if c.When.Level != level || c.When.Triggers > 1 || !slices.Contains(c.Points, id) {
			continue
		}
		for _, a := range c.Then {
			if a.Output == o {
				return a.Play.String()
			}
		}
		return "-"
	}
	t.Fatalf("nothing is said of %s at level %v", id, level)
	return ""
}

// A row of the site adds to what is usual; with replace it stands in its place, for its outputs and
// signals and in its zones alone.
func TestRowsOfTheSite(t *testing.T) {
	for _, c := range []struct {
		name, row string
		point     point.ID
		level     detect.Level
		output    alarm.OutputID
		want      string
	}{
		{"usual", "", "gas", detect.Alarm, "siren", "gas"},
		{"another tone", `when = "gas"` + "\n" + `then = "siren evacuation"`,
			"gas", detect.Alarm, "siren", "steady"},
		{"only when it is high: the lower one is usual",
			`when = "gas high"` + "\n" + `then = "siren evacuation"`,
			"gas", detect.Alarm, "siren", "gas"},
		{"of a signal that the output does not mind", `when = "fire"` + "\n" + `then = "ex-fan"`,
			"smoke", detect.Alarm, "ex-fan", "steady"},
		{"in another zone", "when = \"fire\"\nzones = \"kitchen\"\nthen = \"ex-fan\"",
			"smoke", detect.Alarm, "ex-fan", "off"},
		{"the only detector of a zone", "", "smoke", detect.Alarm, "valve", "steady"},
		{"what cannot be undone waits for two",
			"when = \"fire\"\nreplace = true\nthen = \"valve\"", "smoke", detect.Alarm, "valve", "-"},
		{"unless one is said to be enough",
			"when = \"fire\"\ntriggers = 1\nthen = \"valve close\"", "smoke", detect.Alarm, "valve",
			"steady"},
		{"a call point is enough", `when = "fire"` + "\n" + `then = "valve"`,
			"call", detect.Alarm, "valve", "steady"},
		{"replaced: two of two gas detectors",
			"when = \"gas\"\ntriggers = 2\nreplace = true\nthen = \"valve\"",
			"gas", detect.Alarm, "valve", "-"},
		{"replaced for the valve alone",
			"when = \"gas\"\ntriggers = 2\nreplace = true\nthen = \"valve\"",
			"gas", detect.Alarm, "siren", "gas"},
		{"replaced in another zone",
			"when = \"gas\"\nzones = \"hall\"\ntriggers = 2\nreplace = true\nthen = \"valve\"",
			"gas", detect.Alarm, "valve", "steady"},
		{"replaced for another signal",
			"when = \"co\"\ntriggers = 2\nreplace = true\nthen = \"valve\"",
			"gas", detect.Alarm, "valve", "steady"},
		{"before an alarm", `when = "fire prealarm"` + "\n" + `then = "siren"`,
			"heat", detect.PreAlarm, "siren", "alert"},
		{"of one point", "when = \"danger\"\npoints = \"heat\"\nthen = \"siren flood\"",
			"heat", detect.Alarm, "siren", "flood"},
		{"not of another point", "when = \"danger\"\npoints = \"heat\"\nthen = \"siren flood\"",
			"smoke", detect.Alarm, "siren", "temporal3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			more := ""
			if c.row != "" {
				more = "\n[[effect]]\n" + c.row + "\n"
			}
			s, err := changed(t, more)
			if err != nil {
				t.Fatal(err)
			}
			if got := does(t, s, c.point, c.level, c.output); got != c.want {
				t.Errorf("%s at %s: got %s, want %s\n%s", c.output, c.point, got, c.want,
					s.Table(false))
			}
		})
	}
}

// A row for a fault drives what it names.
func TestRowForAFault(t *testing.T) {
	s, err := changed(t, "\n[[effect]]\nwhen = [\"fault\", \"uplink\"]\nthen = \"siren chirp\"\n")
	if err != nil {
		t.Fatal(err)
	}
	cases := alarm.Cases(s.Plan())
	for _, c := range cases[len(cases)-2:] {
		want := []alarm.Act{{Output: "siren", Play: alarm.Chirp30}, {Output: "buzzer", Play: alarm.Chirp}}
		if c.When.Fault == "" || !slices.Equal(c.Then, want) {
			t.Errorf("got %+v, want the siren and the buzzer to chirp", c)
		}
	}
}

// Every mistake of a row is told, with what to write instead.
func TestMistakesOfEffects(t *testing.T) {
	rows := "\n" + strings.TrimSpace(`
[[effect]]
then = "siren"

[[effect]]
when = "smoke"
then = "siren"

[[effect]]
when = "fault high"
zones = "kitchen"
then = "buzzer"

[[effect]]
when = "gas"
zones = "cellar"
points = "gas-9"
triggers = 9
then = ["horn", "valve open", "siren loud", "fan slow", "siren", "siren fire", "strobe"]
where = "here"

[[effect]]
when = "gas"
points = "gas"
replace = true

[[output]]
id = "lamp"
kind = "lamp"
model = "relay"
line = "GPIO21"
in = "cellar"
ex = "yes"
smoke_exhaust = true
feedback = "heat"

[[output]]
id = "blower"
kind = "fan"
model = "relay"
line = "GPIO22"
smoke_exhaust = true
stop_on_fire = true
feedback = "nobody"
`) + "\n"
	_, err := changed(t, rows)
	var problems site.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want problems", err)
	}
	golden(t, "effects/mistakes", err.Error()+"\n")
}

// What is allowed and leaves somebody without help is a warning.
func TestWarningsOfEffects(t *testing.T) {
	file := string(must(os.ReadFile("testdata/effects/kitchen.toml")))
	for _, c := range []struct{ name, old, wrong, want string }{
		{"steady siren", `kind = "sounder"`, "kind = \"sounder\"\ndrive = \"steady\"",
			`drive = "steady": fire, gas sound alike`},
		{"no siren", `kind = "sounder"`, `kind = "buzzer"`, "there is no siren"},
		{"a siren in gas", `kind = "sounder"`, "kind = \"sounder\"\nin = \"kitchen\"",
			"it sounds where there may be gas"},
		{"as it is", "", "", ""},
		{"one detector in each zone", "in = \"kitchen\"\n", "smoke_exhaust = true\n",
			"no fire ever moves it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(file, c.old, c.wrong, 1)
			s, err := site.Parse("site.toml", []byte(changed))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(s.Warnings) > 0 {
				got = s.Warnings.Error()
			}
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got:\n%s\nwant in it:\n%s", got, c.want)
			}
		})
	}
	s, err := changed(t, "\n[[effect]]\nwhen = [\"gas\", \"gas prealarm\"]\nreplace = true\n"+
		"triggers = 2\nthen = [\"siren\", \"buzzer\", \"valve\", \"ex-fan\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	want := `no output does anything for the point "gas"`
	if got := s.Warnings.Error(); !strings.Contains(got, want) {
		t.Errorf("got %s, want that nothing is done for the gas", got)
	}
}

// A sensor that only indicates gives a warning when it is over its threshold alone, and closes no
// valve, unless the file says that it may alarm.
func TestAT53IndicativeSensorClosesNoValve(t *testing.T) {
	const mq = "\n[[sensor]]\nname = \"mq\"\nmodel = \"ads1115\"\nchannel = \"3\"\n" +
		"\n[[point]]\nid = \"mq\"\nclass = \"mq\"\nzone = \"kitchen\"\nfrom = \"mq\"\n"
	s, err := changed(t, mq+"prealarm = \"2 V\"\n")
	if err != nil {
		t.Fatal(err)
	}
	p, raised := alarm.New(s.Plan(), alarm.Saved{}), detect.Normal
	for now := point.Instant(0); now < point.Instant(10*time.Minute); now = now.Add(time.Second) {
		d := p.Step(now, alarm.Input{Readings: []point.Reading{{
			Point: "mq", At: now, Quality: point.Good,
			Sample: drivers.Sample{Quantity: drivers.Voltage, Value: 3_000_000},
		}}})
		for _, e := range d.Events {
			if e.Kind == alarm.Raised {
				raised = max(raised, e.To.Level)
			}
		}
		for _, w := range d.Wishes {
			if w.Output == "valve" && w.Pattern != alarm.Off {
				t.Fatalf("after %v it closes the valve", time.Duration(now))
			}
		}
	}
	if raised != detect.PreAlarm {
		t.Errorf("it went to %v, want a warning", raised)
	}
	if s, err = changed(t, mq+"alarm = \"2 V\"\nmay_alarm = true\n"); err != nil {
		t.Fatal(err)
	}
	if got := does(t, s, "mq", detect.Alarm, "valve"); got != "steady" {
		t.Errorf("with may_alarm the valve is %s, want it closed", got)
	}
}
