package site_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant, as in %s:\n%s", got, path, want)
	}
}

func load(t *testing.T, name string) *site.Site {
	t.Helper()
	s, err := site.Load(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The file that explains every key is itself right, and looks odd to nobody.
func TestReferenceIsASiteFile(t *testing.T) {
	s, err := site.Parse("reference.toml", []byte(site.Reference))
	if err != nil {
		t.Fatalf("got mistakes, want none:\n%v", err)
	}
	if len(s.Warnings) > 0 {
		t.Errorf("got warnings, want none:\n%v", s.Warnings)
	}
	golden(t, "reference", strings.Replace(describe(s), s.Hash, "of the file", 1))
}

// The reference names every model with every option, every class, signal, kind and level, so that
// nothing of the program has to be guessed.
func TestReferenceNamesEverything(t *testing.T) {
	var words []string
	for name, m := range catalog.Sensors() {
		words = append(words, fmt.Sprintf("model = %q", name))
		for _, o := range m.Options {
			words = append(words, "\n"+o.Name+" = ")
		}
	}
	for name, m := range catalog.Outputs() {
		words = append(words, fmt.Sprintf("model = %q", name))
		for _, o := range m.Options {
			words = append(words, "\n"+o.Name+" = ")
		}
	}
	for _, s := range alarm.Signals() {
		words = append(words, s.String())
	}
	for _, k := range alarm.OutputKinds() {
		words = append(words, k.String())
	}
	for l := detect.Supervisory; l <= detect.AlarmHigh; l++ {
		words = append(words, l.String())
	}
	for _, w := range append(words, site.Words()...) {
		if !strings.Contains(site.Reference, w) {
			t.Errorf("the reference does not name %q", w)
		}
	}
}

// A small shop needs some thirty lines, and gets what the trade thinks usual.
func TestShopIsShort(t *testing.T) {
	s := load(t, "shop.toml")
	if len(s.Warnings) > 0 {
		t.Errorf("got warnings, want none:\n%v", s.Warnings)
	}
	golden(t, "shop", describe(s))
}

// Every class has what is usual for it, whatever it is fed with.
func TestEveryClassHasItsDefaults(t *testing.T) {
	golden(t, "classes", describe(load(t, "classes.toml")))
}

// describe writes down everything that a site file leads to.
func describe(s *site.Site) string {
	var b strings.Builder
	fmt.Fprintf(&b, "site %s %q tenant %q hash %s\n", s.ID, s.Name, s.Tenant, s.Hash)
	for _, v := range s.Sensors {
		fmt.Fprintf(&b, "sensor %s: %s %v every %v feeds %v\n",
			v.Name, v.Model, v.Options, v.Period, v.Feeds)
	}
	plan := s.Plan()
	for _, z := range plan.Zones {
		fmt.Fprintf(&b, "zone %s %q mode %v\n", z.ID, z.Name, z.Mode)
	}
	for _, p := range plan.Points {
		fmt.Fprintf(&b, "point %s %q zone %s signal %v latch %v stale %v of %v\n",
			p.ID, p.Name, p.Zone, p.Signal, p.Latch, p.Spec.Stale, p.Devices)
		for _, c := range p.Spec.Conditions {
			q := c.Quantity
			fmt.Fprintf(&b, "  kind %d %v %v limit %s hysteresis %s", c.Kind, q, c.Level,
				q.Text(c.Limit), q.Text(c.Hysteresis))
			fmt.Fprintf(&b, " confirm %v release %v window %v", c.Confirm, c.Release, c.Window)
			describeMore(&b, c)
		}
		describeHealth(&b, p)
	}
	for i, o := range plan.Outputs {
		v := s.Outputs[i]
		fmt.Fprintf(&b, "output %s %q %v zones %v signals %v level %v steady %v: %s %v keep %v",
			o.ID, o.Name, o.Kind, o.Zones, o.Signals, o.Level, o.Steady, v.Model, v.Options, v.Keep)
		fmt.Fprintf(&b, " hold %v\n", o.Hold)
	}
	fmt.Fprintf(&b, "operators %v items %v shift %d may not %v may silence %v\n",
		plan.Operators, plan.Items, plan.Shift, plan.MayNot, plan.MaySilence)
	for _, o := range plan.Outputs {
		fmt.Fprintf(&b, "%s: in %q ex %v irreversible %v exhaust %v stop on fire %v feedback %q\n",
			o.ID, o.In, o.Ex, o.Irreversible, o.SmokeExhaust, o.StopOnFire, o.Feedback)
	}
	b.WriteString(s.Table(false))
	fmt.Fprintf(&b, "resound %v, report %v, page %q\n",
		plan.Resound, s.District.Report, s.Page.Listen)
	for _, q := range drivers.Quantities() {
		if band, ok := s.District.Deadband[q]; ok {
			fmt.Fprintf(&b, "deadband %v %s\n", q, q.Text(band))
		}
	}
	return b.String()
}

// Every mistake of a file is told at once, each with its line and what to write instead.
func TestEveryMistakeIsToldAtOnce(t *testing.T) {
	s, err := site.Load("testdata/mistakes.toml")
	if s != nil {
		t.Error("got a site beside the mistakes, want none")
	}
	var problems site.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	if len(problems) < 25 {
		t.Errorf("got %d messages, want at least 25", len(problems))
	}
	golden(t, "mistakes", err.Error()+"\n")
}

// Ten different mistakes in one file get ten messages: none hides another, none is told twice.
func TestTenMistakesGetTenMessages(t *testing.T) {
	file := string(must(os.ReadFile("testdata/shop.toml")))
	for _, c := range []struct{ why, old, wrong string }{
		{"form", `id = "corner-shop"`, `id = "Corner_Shop"`},
		{"key", `name = "街角小店 Corner shop"`, `nam = "街角小店"`},
		{"too fast", `model = "sht4x"`, "model = \"sht4x\"\nperiod = \"1 ms\""},
		{"sensor", `from = "button"`, `from = "buton"`},
		{"class", `class = "smoke"`, `class = "smok"`},
		{"unit", `from = "air.temperature"`, "from = \"air.temperature\"\nalarm = \"60\""},
		{"kind", `kind = "sounder"`, `kind = "siren"`},
		{"zone", `line = "GPIO5"`, "line = \"GPIO5\"\nzones = [\"yard\"]"},
		{"line twice", `line = "GPIO27"`, `line = "GPIO17"`},
		{"address", "[[output]]", "[page]\nlisten = \"here\"\n\n[[output]]"},
	} {
		changed := strings.Replace(file, c.old, c.wrong, 1)
		if changed == file {
			t.Fatalf("%s: the file has no %q", c.why, c.old)
		}
		file = changed
	}
	_, err := site.Parse("site.toml", []byte(file))
	var problems site.Problems
	if !errors.As(err, &problems) || len(problems) != 10 {
		t.Errorf("got %d messages, want 10:\n%v", len(problems), err)
	}
	for _, p := range problems {
		if p.Line == 0 || p.Text == "" {
			t.Errorf("%v: has no line or no text", p)
		}
	}
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return data
}

// A mistake of syntax has its line and column, and the reading goes on behind it.
func TestSyntaxHasLineAndColumn(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"value without quotes", "[site]\nid = \"a\"\nresound = 10 min # soon\n",
			"s.toml:3:14: the value of resound is not in quotes; write resound = \"10 min\"\n"},
		{"quotes of a word processor", "[site]\nid = “shop”\n",
			"s.toml:2:6: the value of id is not in quotes; write id = \"shop\"\n"},
		{"header", "[site]\nid = \"a\"\n[[point]\nid = \"b\"\n",
			"s.toml:3:8: expected ']]' to close array table name; write a header like [[point]]"},
		{"not UTF-8", "[site]\nid = \"a\"\nname = \"\xb3\xf8\xb7\xbf\"\n",
			"s.toml:3:9: this line is not UTF-8; save the file with the encoding UTF-8 (not GBK)"},
		{"two of them", "[site]\nid = 'a\n= 5\n",
			"s.toml:3:1: invalid character at start of key: U+003D '='\n"},
		{"twice", "[site]\nid = \"a\"\nid = \"b\"\n",
			"s.toml:3:1: id is written twice, first on line 2; keep one of them\n"},
		{"table twice", "[site]\nid = \"a\"\n[site]\nname = \"b\"\n",
			"s.toml:3:2: [site] is already on line 1; keep one of them\n"},
		{"row as table", "[site]\nid = \"a\"\n[point]\nid = \"b\"\n",
			"s.toml:3: [point] may stand several times; write [[point]]"},
		{"table as rows", "[[site]]\nid = \"a\"\n",
			"s.toml:1: [site]: [[site]] stands once; write [site]\n"},
		{"a day that is none", "[site]\nid = \"a\"\nname = 2026-02-30\n",
			"s.toml:3:16: impossible date"},
		{"table as value", "site = 5\n",
			"s.toml:1: [site]: site is a number; write a header [site]\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := site.Parse("s.toml", []byte(c.file))
			if err == nil || !strings.Contains(err.Error()+"\n", c.want) {
				t.Errorf("got:\n%v\nwant in it:\n%s", err, c.want)
			}
		})
	}
}

// Editors of other systems put a mark before the text and end lines their way.
func TestForeignEditorsAreUnderstood(t *testing.T) {
	file := must(os.ReadFile("testdata/shop.toml"))
	file = []byte("\ufeff" + strings.ReplaceAll(string(file), "\n", "\r\n"))
	if _, err := site.Parse("site.toml", file); err != nil {
		t.Errorf("got mistakes, want none:\n%v", err)
	}
}

// A panel may change what it was given, and the next panel starts afresh.
func TestPlanIsNewAtEachCall(t *testing.T) {
	s := load(t, "shop.toml")
	want := describe(s)
	spoiled := s.Plan()
	spoiled.Points[0].Spec.Conditions[0].Confirm = time.Hour
	spoiled.Points[0].ID = "other"
	spoiled.Zones[0].ID = "other"
	spoiled.Outputs[0].Kind = alarm.Lamp
	if got := describe(s); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// A value that is only recorded is still missed when it stops coming.
func TestRecordedPointIsWatched(t *testing.T) {
	file := string(must(os.ReadFile("testdata/shop.toml"))) + "[[point]]\nid = \"damp\"\n" +
		"signal = \"supervisory\"\nfrom = \"air.humidity\"\nrecord = true\n"
	s, err := site.Parse("site.toml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	points := s.Plan().Points
	rule := detect.New(points[len(points)-1].Spec)
	rule.Step(0, nil)
	got := rule.Step(9*1e9, nil)
	want := detect.Finding{Fault: detect.SensorSilent}
	if got != want {
		t.Errorf("after 9 s of silence got %+v, want %+v", got, want)
	}
}

// A file that cannot be read is an error that names it, and no list of mistakes.
func TestLoadNamesTheFileThatIsNotThere(t *testing.T) {
	_, err := site.Load("testdata/none.toml")
	var problems site.Problems
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, &problems) {
		t.Errorf("got %v, want that the file does not exist", err)
	}
}

// A file that is too large is refused before it is parsed.
func TestHugeFileIsRefused(t *testing.T) {
	_, err := site.Parse("site.toml", make([]byte, 1<<20+1))
	if err == nil || !strings.Contains(err.Error(), "larger than 1 MB") {
		t.Errorf("got %v, want that it is too large", err)
	}
}

// FuzzParse: any bytes give a site or problems with a line inside the file, never both and never a
// panic; a site that is accepted can be made into a plan whose points all exist.
func FuzzParse(f *testing.F) {
	f.Add([]byte(site.Reference))
	for _, name := range []string{"shop.toml", "mistakes.toml", "odd.toml", "hidden.toml"} {
		f.Add(must(os.ReadFile(filepath.Join("testdata", name))))
	}
	f.Add([]byte("a.b.c = 1\n[a]\n[[a.b]]\n"))
	f.Add([]byte("point = [{id = 1}, 5]\n[[point]]\nwhen = {}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := site.Parse("f.toml", data)
		if (s == nil) == (err == nil) {
			t.Fatalf("got site %v and error %v, want one of them", s, err)
		}
		if err != nil {
			for _, p := range err.(site.Problems) {
				if p.Line < 0 || p.Line > strings.Count(string(data), "\n")+2 || p.Text == "" {
					t.Fatalf("%+v lies outside of the file", p)
				}
			}
			return
		}
		known := map[string]bool{}
		for _, p := range s.Plan().Points {
			known[string(p.ID)] = true
			detect.New(p.Spec).Step(0, nil)
		}
		for _, v := range s.Sensors {
			for _, feed := range v.Feeds {
				if !known[string(feed.Point)] {
					t.Fatalf("sensor %s feeds the unknown point %s", v.Name, feed.Point)
				}
			}
		}
	})
}

// What is allowed and probably not meant is a warning, with the same place and advice.
func TestOddThingsAreWarnings(t *testing.T) {
	golden(t, "odd", load(t, "odd.toml").Warnings.Error()+"\n")
}

// A place is one place however it is written, and what is no place is refused: two parts never
// share it unseen, and a siren never hangs on the bus of a sensor.
func TestPlacesAreKnownByOneName(t *testing.T) {
	file := string(must(os.ReadFile("testdata/shop.toml")))
	for _, c := range []struct{ name, old, wrong, want string }{
		{"a bus by its file", "[[output]]", "[[sensor]]\nname = \"air-2\"\nmodel = \"sht4x\"\n" +
			"bus = \"/dev/i2c-1\"\n\n[[output]]", "it is the same part as sensor \"air\""},
		{"a siren on a bus", `line = "GPIO5"`, `line = "i2c-1"`,
			`"i2c-1" is a bus, not a line; write the line of the board that the part hangs on, ` +
				`such as line = "GPIO5"`},
		{"a siren on the file of a bus", `line = "GPIO5"`, `line = "/dev/i2c-1"`,
			`"/dev/i2c-1" is a bus, not a line;`},
		{"a line in quotes missing", `line = "GPIO5"`, `line = 5`,
			`line is a number; write line = "GPIO5"`},
		{"a line that is true", `line = "GPIO5"`, `line = true`,
			`line is true or false; write line = "GPIO5"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(file, c.old, c.wrong, 1)
			if changed == file {
				t.Fatalf("the file has no %q", c.old)
			}
			_, err := site.Parse("site.toml", []byte(changed))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got:\n%v\nwant in it:\n%s", err, c.want)
			}
		})
	}
}
