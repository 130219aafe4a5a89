package replay

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/firmware-sim/recordings"
)

const chair = "fire_nist_sdc10_near"

func load(t *testing.T, id string) *Recording {
	t.Helper()
	r, err := Load(recordings.Files(), id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every recording that the binary carries can be played, names its licence, and says when what
// happened in it happens.
func TestCarriedRecordingsParse(t *testing.T) {
	files, err := fs.Glob(recordings.Files(), "*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, f := range files {
		r := load(t, strings.TrimSuffix(f, ".json"))
		free := strings.Contains(r.Licence, "NIST") || r.Licence == "MIT"
		if len(r.Windows) == 0 || !free {
			t.Errorf("%s: windows %v, licence %q", f, r.Windows, r.Licence)
		}
	}
}

// The chair burns from the end of the held first row, 300 s, to the end.
func TestFireWindowOfTheChair(t *testing.T) {
	r := load(t, chair)
	start, ok := r.FireStart()
	if !ok || start != 300*time.Second || r.Ends() != 530*time.Second {
		t.Errorf("got a fire at %v (%v), the end at %v", start, ok, r.Ends())
	}
	want := Window{Fire, 300 * time.Second, 530 * time.Second, r.Windows[0].Note}
	if len(r.Windows) != 1 || r.Windows[0] != want {
		t.Errorf("got %+v", r.Windows)
	}
	for _, c := range []struct {
		column string
		at     time.Duration
		want   int64
	}{
		{"temp_c", 0, 26_300},
		{"temp_c", 301 * time.Second, 26_300},
		{"temp_c", 302*time.Second - 1, 26_300},
		{"temp_c", 302 * time.Second, 26_400},
		{"pm25_est_ugm3", 347 * time.Second, 124_000},
		{"temp_c", 530 * time.Second, 189_000},
		{"temp_c", time.Hour, 189_000},
	} {
		if got, ok := r.At(c.column, c.at); got != c.want || !ok {
			t.Errorf("%s at %v: got %d, %v; want %d", c.column, c.at, got, ok, c.want)
		}
	}
	if _, ok := r.At("co_ppm", 0); ok {
		t.Error("a column that is not there has a value")
	}
}

// What the chips then say is what the recording says, cut at what the parts can measure.
func TestPlayerReachesTheChips(t *testing.T) {
	var now time.Duration
	clock := func() time.Duration { return now }
	sht, sps := chip.NewSHT4x(clock), chip.NewSPS30(clock)
	p, err := NewPlayer(load(t, chair), Parts{Climate: sht, Particles: sps})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Played(); !slices.Equal(got, []string{"temp_c", "pm25_est_ugm3"}) {
		t.Errorf("played %v", got)
	}
	ask(t, sps, "\x00\x10\x05\x00\xf6", 0)
	for _, c := range []struct {
		at          time.Duration
		temperature string // word of the SHT4x
		particles   string // PM1, PM2.5, PM4, PM10 of the SPS30, µg/m³
	}{
		{100 * time.Second, "684d", "0009 000a 000a 000a"}, // 26.3 °C, 10 µg/m³
		{347 * time.Second, "6bf5", "0075 007c 007c 007c"}, // 28.8 °C, 124 µg/m³
		{349 * time.Second, "6cb0", "03b1 03e8 03e8 03e8"}, // 29.3 °C, cut at 1000 µg/m³
		{530 * time.Second, "f8ae", "03b1 03e8 03e8 03e8"}, // cut at 125 °C
	} {
		now = c.at
		p.Set(c.at)
		now += 2 * time.Second
		ask(t, sht, "\xfd", 0)
		now += 10 * time.Millisecond
		if got := ask(t, sht, "", 1); got != c.temperature {
			t.Errorf("at %v: the temperature is %s, want %s", c.at, got, c.temperature)
		}
		ask(t, sps, "\x03\x00", 0)
		if got := ask(t, sps, "", 4); got != c.particles {
			t.Errorf("at %v: the particles are %s, want %s", c.at, got, c.particles)
		}
	}
}

// ask plays a write or a read on a chip; a read gives n words without their checksums.
func ask(t *testing.T, c chip.Chip, command string, n int) string {
	t.Helper()
	defer c.Stop()
	if !c.Start(command == "") {
		t.Fatalf("% x: no answer", command)
	}
	for _, b := range []byte(command) {
		if !c.Write(b) {
			t.Fatalf("% x: not acknowledged", command)
		}
	}
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("%02x%02x", c.Read(), c.Read())
		c.Read()
	}
	return strings.Join(words, " ")
}

const goodJSON = `{"id":"x","set":"s","experiment":"e","source":{"repo":"r"},"licence":"MIT",
"sensors":"","ground_truth":[{"kind":"fire","start_s":2,"end_s":4,"note":"n"},
{"kind":"background","start_s":0,"end_s":2.0,"note":""}],"reference_alarms_s":{"Ion1":2.5},
"warmup_hold_s":10,"derived":"","notes":"","columns":{"t_s":"","temp_c":"air","rh_pct":"",
"pm25_ugm3":"","pm10_ugm3":"","pm25_est_ugm3":"","mq2_adc":"","lel_ch4eq_pct_high":"","co_ppm":""},
"rows":3,"sample_period_s":2,"max_gap_s":2,"duration_s":4}`

const goodCSV = "t_s,temp_c,rh_pct,pm25_ugm3,pm10_ugm3,pm25_est_ugm3,mq2_adc," +
	"lel_ch4eq_pct_high,co_ppm\n" + `0,20,,2000,3000,10,511.5,0,0
2,,50.5,,3100,10,1023,50,1
4,-3.0005,51,2100,3200,10,2000,120,2
`

func pair(json, csv string) fs.FS {
	return fstest.MapFS{
		"x.json": &fstest.MapFile{Data: []byte(json)}, "x.csv": &fstest.MapFile{Data: []byte(csv)}}
}

// Times of the sidecar become times of the playing; windows are put in order; an empty field is
// the value before it, and never zero.
func TestRecordingInFull(t *testing.T) {
	r, err := Load(pair(goodJSON, goodCSV), "x")
	if err != nil {
		t.Fatal(err)
	}
	start, _ := r.FireStart()
	if start != 12*time.Second || r.Windows[0].Kind != Background ||
		r.Alarms["Ion1"] != 12_500*time.Millisecond || r.Meaning("temp_c") != "air" {
		t.Errorf("got a fire at %v, %+v, alarms %v", start, r.Windows, r.Alarms)
	}
	for _, c := range []struct {
		column string
		at     time.Duration
		want   int64
	}{{"temp_c", 12, 20_000}, {"temp_c", 14, -3_001}, {"rh_pct", 10, 50_500},
		{"pm25_ugm3", 13, 2_000_000}} {
		if got, _ := r.At(c.column, c.at*time.Second); got != c.want {
			t.Errorf("%s at %d s: got %d, want %d", c.column, c.at, got, c.want)
		}
	}
}

// Measured particles are played as they were measured, and win over an estimate; analog columns
// become the voltages of their circuits.
func TestPlayerOfMeasuredParticlesAndAnalog(t *testing.T) {
	r, err := Load(pair(goodJSON, goodCSV), "x")
	if err != nil {
		t.Fatal(err)
	}
	a, ok := r.air(14 * time.Second)
	if !ok || a.PM25 != 2_100_000 || a.PM10 != 3_200_000 || a.PM1 != 2_100_000*945/1000 {
		t.Errorf("got %+v", a)
	}
	for _, c := range []struct {
		column string
		at     time.Duration
		want   int64
	}{
		{"mq2_adc", 0, 2_500_000}, {"mq2_adc", 12, 5_000_000}, {"mq2_adc", 14, 5_000_000},
		{"lel_ch4eq_pct_high", 0, 600_000}, {"lel_ch4eq_pct_high", 12, 1_800_000},
		{"lel_ch4eq_pct_high", 14, 3_000_000},
	} {
		v, _ := r.At(c.column, c.at*time.Second)
		if got := analog[c.column](v); got != c.want {
			t.Errorf("%s at %d s: got %d µV, want %d", c.column, c.at, got, c.want)
		}
	}
	adc := chip.NewADS1115(func() time.Duration { return 0 })
	p, err := NewPlayer(r, Parts{Particles: chip.NewSPS30(func() time.Duration { return 0 }),
		Analog: map[string]Input{"mq2_adc": {adc, 3}}})
	if err != nil {
		t.Fatal(err)
	}
	p.Set(0)
	if got := p.Played(); !slices.Equal(got, []string{"pm25_ugm3", "pm10_ugm3", "mq2_adc"}) {
		t.Errorf("played %v", got)
	}
	for name, parts := range map[string]Parts{
		"not analog":  {Analog: map[string]Input{"temp_c": {adc, 0}}},
		"not there":   {Analog: map[string]Input{"mq7_adc": {adc, 0}}},
		"no such pin": {Analog: map[string]Input{"mq2_adc": {adc, 4}}},
		"no chip":     {Analog: map[string]Input{"mq2_adc": {nil, 0}}},
	} {
		if _, err := NewPlayer(r, parts); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Gases reach their cells in the steps of the part, cut at what it can measure; the wheel of a
// meter turns with the flow, and a flow that stays does not begin its pulse anew.
func TestPlayerOfGasesAndFlow(t *testing.T) {
	json := `{"id":"x","set":"s","experiment":"e","source":{},"licence":"MIT","sensors":"",
"ground_truth":[],"derived":"","notes":"","columns":{"t_s":"","co_ppm":"","o2_pct":"","co2_ppm":"",
"flow_lpm":""},"rows":4,"sample_period_s":10,"max_gap_s":10,"duration_s":30}`
	csv := "t_s,co_ppm,o2_pct,co2_ppm,flow_lpm\n0,122.6,20.87,57,10\n10,4000,-1,612.4,10\n" +
		"20,-5,30,99000,170\n30,0,20.9,500,0\n"
	r, err := Load(pair(json, csv), "x")
	if err != nil {
		t.Fatal(err)
	}
	var now time.Duration
	clock := func() time.Duration { return now }
	co, oxygen := chip.NewDFGas(clock, chip.CellCO()), chip.NewDFGas(clock, chip.CellO2())
	scd, turns := chip.NewSCD4x(clock), wheel{}
	p, err := NewPlayer(r, Parts{CO: co, Oxygen: oxygen, CO2: scd, Flow: &turns})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Played(); !slices.Equal(got, r.Columns()) {
		t.Errorf("played %v", got)
	}
	ask(t, scd, "\x21\xb1", 0)
	for _, c := range []struct {
		at              time.Duration
		co, oxygen, co2 string
	}{
		{0, "007b", "00d1", "0190"},
		{10 * time.Second, "03e8", "0000", "0264"},
		{20 * time.Second, "0000", "00fa", "9c40"},
		{30 * time.Second, "0000", "00d1", "01f4"},
	} {
		now = c.at
		p.Set(c.at)
		now += 6 * time.Second
		ask(t, scd, "\xec\x05", 0)
		now += time.Millisecond
		got := [3]string{amount(co), amount(oxygen), ask(t, scd, "", 1)}
		if want := [3]string{c.co, c.oxygen, c.co2}; got != want {
			t.Errorf("at %v: got %v, want %v", c.at, got, want)
		}
	}
	want := wheel{time.Minute / 4500, time.Minute / 13_500, 0}
	if !slices.Equal(turns, want) {
		t.Errorf("the wheel got %v, want %v", turns, want)
	}
}

// wheel remembers what it was told.
type wheel []time.Duration

func (w *wheel) Pulse(period time.Duration) { *w = append(*w, period) }

// amount is the word that a module reports by itself.
func amount(c *chip.DFGas) string {
	defer c.Stop()
	c.Start(true)
	c.Read()
	c.Read()
	return fmt.Sprintf("%02x%02x", c.Read(), c.Read())
}

// Each mistake in a recording is named with its place.
func TestLoadNamesTheMistake(t *testing.T) {
	for _, c := range []struct{ file, old, new, want string }{
		{"json", `"id":"x"`, `"id":"y"`, `x.json: id is "y"`},
		{"json", `"MIT"`, `""`, "there is no licence"},
		{"json", `"rows":3`, `"rows":4`, "rows is 4, and there are 3"},
		{"json", `"rows":3`, `"row":3`, `unknown field "row"`},
		{"json", `"duration_s":4`, `"duration_s":5`, "the last row is at 4s"},
		{"json", `"duration_s":4`, `"duration_s":"4"`, "is not a decimal number"},
		{"json", `"sample_period_s":2`, `"sample_period_s":0`, "sample_period_s is not positive"},
		{"json", `"warmup_hold_s":10`, `"warmup_hold_s":-1`, "warmup_hold_s is negative"},
		{"json", `"kind":"fire"`, `"kind":"flames"`, `there is no kind "flames"`},
		{"json", `"start_s":2`, `"start_s":1`, "fire from 1s to 4s overlaps"},
		{"json", `"end_s":4`, `"end_s":400`, "fire from 2s to 6m40s overlaps"},
		{"json", `"co_ppm":""`, `"co2_ppm":""`, `x.csv:1: column "co_ppm" is not in the sidecar`},
		{"json", `"co_ppm":""`, `"co_ppm":"","o2_pct":""`, "9 columns, and 10 in the sidecar"},
		{"csv", "t_s,", "t,", `x.csv:1: the first column is "t", not t_s`},
		{"csv", "rh_pct", "temp_c", `column "temp_c" comes twice`},
		{"csv", "\n2,,50.5", "\n0,,50.5", "x.csv:3: t_s: 0s is not later than the row before"},
		{"csv", "511.5", "5e2", `x.csv:2: mq2_adc: "5e2" is not a decimal number`},
		{"csv", "511.5", "+5", `"+5" is not a decimal number`},
		{"csv", "511.5", "5.", `"5." is not a decimal number`},
		{"csv", "511.5", ".5", `".5" is not a decimal number`},
		{"csv", "511.5", "1.0005x", `"1.0005x" is not a decimal number`},
		{"csv", "511.5", "9999999999999", "is not a decimal number"},
		{"csv", "511.5", "NaN", `"NaN" is not a decimal number`},
		{"csv", ",0,0\n", ",0\n", "x.csv:2: record on line 2: wrong number of fields"},
		{"csv", "0,20,,2000,3000,10,511.5,0,0\n2,,50.5,,3100,10,1023,50,1\n" +
			"4,-3.0005,51,2100,3200,10,2000,120,2\n", "", "x.csv: there is no row"},
		{"csv", "50.5,,", ",,", "x.csv: column rh_pct has no value"},
	} {
		json, csv := goodJSON, goodCSV
		target := map[string]*string{"json": &json, "csv": &csv}[c.file]
		if !strings.Contains(*target, c.old) {
			t.Fatalf("the good %s has no %q", c.file, c.old)
		}
		*target = strings.Replace(*target, c.old, c.new, 1)
		if c.want == "x.csv: column rh_pct has no value" {
			csv = strings.Replace(csv, ",51,", ",,", 1)
		}
		_, err := Load(pair(json, csv), "x")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q:\n got %v\nwant %s", c.new, c.old, err, c.want)
		}
	}
	for _, missing := range []string{"x.json", "x.csv"} {
		files := maps.Clone(pair(goodJSON, goodCSV).(fstest.MapFS))
		delete(files, missing)
		if _, err := Load(files, "x"); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: got %v", missing, err)
		}
	}
}

// Every recording loads: those that are built in, or those in the folder FIREPOST_RECORDINGS.
func TestEveryRecordingLoads(t *testing.T) {
	files, dir := recordings.Files(), os.Getenv("FIREPOST_RECORDINGS")
	if dir != "" {
		files = os.DirFS(dir)
	}
	names, err := fs.Glob(files, "*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d recordings, %v", dir, len(names), err)
	}
	for _, name := range names {
		if _, err := Load(files, strings.TrimSuffix(name, ".json")); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d recordings", len(names))
}
