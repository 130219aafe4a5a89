package score

import (
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/recordings"
	"github.com/firepost/firepost/firmware-sim/replay"
)

// record makes a recording of one column with a row every 10 s.
func record(t *testing.T, kind, column string, values []string) *replay.Recording {
	t.Helper()
	var csv strings.Builder
	fmt.Fprintf(&csv, "t_s,%s\n", column)
	for i, v := range values {
		fmt.Fprintf(&csv, "%d,%s\n", 10*i, v)
	}
	end := 10 * (len(values) - 1)
	json := fmt.Sprintf(`{"id":"x","set":"s","experiment":"e","source":{},"licence":"none",
"sensors":"","ground_truth":[{"kind":%q,"start_s":0,"end_s":%d,"note":""}],"derived":"","notes":"",
"columns":{"t_s":"",%q:""},"rows":%d,"sample_period_s":10,"max_gap_s":10,"duration_s":%d}`,
		kind, end, column, len(values), end)
	r, err := replay.Load(fstest.MapFS{"x.csv": &fstest.MapFile{Data: []byte(csv.String())},
		"x.json": &fstest.MapFile{Data: []byte(json)}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Water that runs without a break is a leak after half an hour; a tap that is opened again and
// again is none. The pulses of the wheel reach the rule.
func TestWaterWithoutABreakIsALeak(t *testing.T) {
	running := slices.Repeat([]string{"0.9"}, 300) // 50 min
	taps := slices.Repeat(append(slices.Repeat([]string{"6"}, 30), "0", "0", "0"), 10)
	for name, c := range map[string]struct {
		values []string
		from   time.Duration
	}{
		"a leak":         {running, 30 * time.Minute},
		"taps":           {taps, 0},
		"a drop":         {slices.Repeat([]string{"0.1"}, 300), 0},
		"nothing at all": {slices.Repeat([]string{"0"}, 300), 0},
	} {
		trace, err := Play(record(t, "leak", "flow_lpm", c.values))
		if err != nil || len(trace.Faults) > 0 {
			t.Fatalf("%s: %v, %v", name, err, trace.Faults)
		}
		if c.from == 0 {
			if len(trace.Changes) != 1 || trace.Changes[0].Alarm {
				t.Errorf("%s: got %v, want no alarm", name, trace.Changes)
			}
			continue
		}
		if len(trace.Changes) != 2 || !trace.Changes[1].Alarm ||
			trace.Changes[1].At < c.from || trace.Changes[1].At > c.from+5*time.Second {
			t.Errorf("%s: got %v, want an alarm after %v", name, trace.Changes, c.from)
		}
	}
}

// A head at a tenth of the explosion limit is an alarm within seconds, and the reason is what the
// head said. An MQ module only warns, however much it sees.
func TestGasIsAnAlarmAtItsLimit(t *testing.T) {
	gas := func(column, low, high string) Trace {
		values := append(slices.Repeat([]string{low}, 30), slices.Repeat([]string{high}, 30)...)
		trace, err := Play(record(t, "gas", column, values))
		if err != nil {
			t.Fatal(err)
		}
		return trace
	}
	head := gas("lel_ch4eq_pct_high", "9.9", "10.2")
	if len(head.Changes) != 2 || head.Changes[1].At < 300*time.Second ||
		head.Changes[1].At > 305*time.Second {
		t.Errorf("got %v, want an alarm soon after 5m", head.Changes)
	}
	if len(head.Why) != 1 || head.Why[0].Quantity != drivers.Combustible ||
		head.Why[0].Value < 10_000 || head.Why[0].Limit != 10_000 {
		t.Errorf("got the reasons %v", head.Why)
	}
	if mq := gas("mq2_adc", "500", "1023"); len(mq.Changes) != 1 || mq.Changes[0].Alarm {
		t.Errorf("an MQ module: got %v, want no alarm", mq.Changes)
	}
}

// A spot has the sensors that there are columns for, and of the particles the sizes that were
// measured; from an estimate all sizes follow.
func TestSpotMeasuresWhatWasMeasured(t *testing.T) {
	for _, c := range []struct {
		columns []string
		want    string
	}{
		{[]string{"temp_c", "rh_pct"}, "air.humidity air.temperature"},
		{[]string{"pm1_ugm3", "pm25_ugm3", "pm10_ugm3"}, "dust.pm1 dust.pm10 dust.pm2.5"},
		{[]string{"pm25_ugm3", "pm25_est_ugm3"}, "dust.pm2.5"},
		{[]string{"temp_c", "pm25_est_ugm3"}, "air.temperature dust.nc0.5 dust.nc1 dust.nc10 " +
			"dust.nc2.5 dust.pm1 dust.pm10 dust.pm2.5 dust.pm4 dust.size"},
		{[]string{"co_ppm", "o2_pct", "co2_ppm"}, "co.co oxygen.o2 co2.co2"},
		{[]string{"temp_wall_c", "smoke_od_per_m", "he1_pct", "mq3_adc", "pressure_bar"}, ""},
	} {
		var got []string
		for _, p := range parts() {
			for _, channel := range p.measures(c.columns) {
				got = append(got, p.name+"."+channel)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: got %v, want %s", c.columns, got, c.want)
		}
	}
}

// What happened decides which spot plays a recording; where nothing did, its columns. One that no
// chip can feel is not played, and says so.
func TestKindOfASpot(t *testing.T) {
	for _, c := range []struct {
		kind, column string
		want         Kind
	}{
		{"fire", "temp_c", Fire}, {"nuisance", "pm25_ugm3", Fire}, {"gas", "mq2_adc", Gas},
		{"background", "mq5_adc", Gas}, {"background", "flow_lpm", Water},
		{"gas", "co_ppm", Fire}, {"fault", "flow_lpm", Water}, {"background", "pressure_bar", None},
	} {
		if got := kindOf(record(t, c.kind, c.column, []string{"1", "1"})); got != c.want {
			t.Errorf("%s with %s: got %s, want %s", c.kind, c.column, got, c.want)
		}
	}
}

// What comes of a recording depends neither on how many are played at once nor on the others.
func TestScoreDoesNotDependOnTheOthers(t *testing.T) {
	one, err := All(recordings.Files(), 1)
	if err != nil {
		t.Fatal(err)
	}
	many, err := All(recordings.Files(), 8)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(one, many) {
		t.Error("one at a time and eight at once differ")
	}
	for _, e := range one {
		alone, err := Play(e.Recording)
		if err != nil || !reflect.DeepEqual(alone, e.Trace) {
			t.Errorf("%s: alone it decides %v (%v), among others %v", e.ID, alone, err, e.Trace)
		}
		for _, fault := range e.Faults { // a step from row to row may look like a jump
			if fault == detect.SensorSilent || fault == detect.SensorFailed {
				t.Errorf("%s: the panel saw the fault %s", e.ID, fault)
			}
		}
	}
}

// The table of decisions begins with the recording and has a row for each change.
func TestDecisionsAreATable(t *testing.T) {
	e := Episode{Recording: &replay.Recording{Hold: 300 * time.Second}, Trace: Trace{
		Changes: []Change{{0, false}, {301_500 * time.Millisecond, true},
			{400*time.Second + 1, false}}}}
	if got, want := e.Decisions(), "t_s,alarm\n-300,0\n1.5,1\n100.000000001,0\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A recording that cannot be read is named and costs only itself.
func TestRecordingThatCannotBeReadIsNamed(t *testing.T) {
	if all, err := All(fstest.MapFS{}, 1); err == nil || len(all) > 0 {
		t.Errorf("nothing: got %v, %v", all, err)
	}
	files := fstest.MapFS{"bad.csv": {Data: []byte("t_s\n")}}
	for _, name := range []string{"fire_nrc_02.csv", "fire_nrc_02.json"} {
		data, err := fs.ReadFile(recordings.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	all, err := All(files, 2)
	if len(all) != 1 || all[0].ID != "fire_nrc_02" {
		t.Errorf("got %v, want the good one", all)
	}
	if err == nil || !strings.Contains(err.Error(), "bad.json") {
		t.Errorf("got %v, want the bad one named", err)
	}
}
