package diag

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// alight is the quiet site with a fire that the district knows of and everybody hears.
func alight() *Status {
	s := quiet()
	s.Panel.Alarms = []alarm.AlarmState{{
		ID: "heat-1-41-5", Point: "heat-1", Zone: "kitchen", Signal: alarm.Fire, Active: true,
		Finding: detect.Finding{Level: detect.Alarm}, Since: 83 * sec, Reached: 90 * sec,
	}}
	s.Panel.Outputs[0].Pattern = alarm.Temporal3
	return s
}

func head(s *Status) string {
	page := get(serve(s, made), "/").Body.String()
	return page[strings.Index(page, "<header"):strings.Index(page, "<main")]
}

// In an alarm the head of the page says whether it can be heard and whether anybody outside knows,
// and never more than is sure: an outbox that is empty because the alarm has not come to it yet is
// no proof.
func TestTheHeadSaysWhoHearsAndWhoKnows(t *testing.T) {
	hold := func(s *Status) { s.Outbox.Lanes[0].Held = 1 }
	cut := func(s *Status) { s.Link.Connected = false }
	stop := func(s *Status) { s.Panel.Outputs[0].Pattern = alarm.Off }
	hush := func(s *Status) { s.Panel.Silenced = true }
	broken := func(s *Status) { s.Guard.Outputs[0].Err = "no answer for 3 s" }
	for _, c := range []struct {
		name string
		so   []func(*Status)
		want []sign
	}{
		{"heard and told", nil, []sign{sirenOn, districtTold}},
		{"silenced", []func(*Status){stop, hush}, []sign{silencedSign, districtTold}},
		{"sounds again", []func(*Status){hush}, []sign{sirenOn, silencedSign, districtTold}},
		{"not for this level", []func(*Status){stop}, []sign{sirenOff, districtTold}},
		{"does not obey", []func(*Status){broken}, []sign{sirenFails, districtTold}},
		{"silenced and broken", []func(*Status){stop, hush, broken},
			[]sign{sirenFails, silencedSign, districtTold}},
		{"no siren", []func(*Status){func(s *Status) { s.Panel.Outputs = s.Panel.Outputs[1:] }},
			[]sign{sirenNone, districtTold}},
		{"on its way", []func(*Status){hold}, []sign{sirenOn, districtWaits}},
		{"values wait", []func(*Status){func(s *Status) { s.Outbox.Lanes[2].Held = 9 }},
			[]sign{sirenOn, districtTold}},
		{"too new to be sure", []func(*Status){func(s *Status) {
			s.Panel.Alarms[0].Reached = s.Panel.At - sec
		}}, []sign{sirenOn, districtWaits}},
		{"cut off", []func(*Status){hold, cut}, []sign{sirenOn, districtUntold}},
		{"cut off since", []func(*Status){cut}, []sign{sirenOn, districtGone}},
		{"no outbox yet", []func(*Status){func(s *Status) { s.Outbox.Lanes = nil }},
			[]sign{sirenOn, districtWaits}},
		{"not enrolled", []func(*Status){func(s *Status) { s.Identity.State = "unenrolled" }},
			[]sign{sirenOn}},
		{"panel stopped", []func(*Status){func(s *Status) { s.Now += 9 * sec }}, nil},
		{"no alarm", []func(*Status){func(s *Status) { s.Panel.Alarms = nil }}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := alight()
			for _, f := range c.so {
				f(s)
			}
			if got := newView(s, made).Signs; !slices.Equal(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			for _, want := range c.want {
				if got := head(s); !strings.Contains(got, ">"+want.En+"<") {
					t.Errorf("got no %q in:\n%s", want.En, got)
				}
			}
		})
	}
}

// A box that belongs to no district says so at once and in every state, and only then.
func TestABoxAloneSaysSo(t *testing.T) {
	for state, want := range map[string]bool{
		"": false, "enrolled": false, "unenrolled": true, "pending": true, "broken": true, "new": true,
	} {
		for _, s := range []*Status{quiet(), alight()} {
			s.Identity.State = state
			if got := strings.Contains(head(s), "nobody outside is told"); got != want {
				t.Errorf("%q: got %v, want %v", state, got, want)
			}
		}
	}
}

// An alarm is as old as its level: the head and the card tell when the fire came, and the card
// alone what came before. A second stage is named, for its moment is not that of the word above it.
func TestAnAlarmIsAsOldAsItsLevel(t *testing.T) {
	s := alight()
	got := get(serve(s, made), "/").Body.String()
	for _, want := range []string{"since 09:19:51", "for 10 s", "first seen 17 s ago"} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(head(s), "09:19:44") || strings.Contains(got, "second stage") {
		t.Errorf("got the age of the pre-alarm, or a second stage:\n%s", got)
	}
	high := s.Panel.Alarms[0]
	high.Finding.Level, high.Reached = detect.AlarmHigh, 95*sec
	s.Panel.Alarms = append(s.Panel.Alarms, high)
	if got := head(s); !strings.Contains(got, "second stage, since 09:19:56") {
		t.Errorf("got no moment of the second stage in:\n%s", got)
	}
}

// Each reason of an alarm finds its condition, if the point still has it.
func TestReasonsFindTheirConditions(t *testing.T) {
	pm := func(k detect.Kind, l detect.Level, limit int64) detect.Condition {
		return detect.Condition{Kind: k, Quantity: drivers.PM25, Level: l, Limit: limit}
	}
	f := detect.Finding{Level: detect.Alarm, Why: [4]detect.Evidence{
		{Quantity: drivers.PM25, Value: 621_400, Limit: 150_000},
		{Quantity: drivers.PM25, Value: 200_000, Limit: 150_000},
		{Quantity: drivers.PM25, Value: 90_000, Limit: 35_000},
		{Quantity: drivers.PM25, Value: 50_000, Limit: 40_000},
	}}
	all := []detect.Condition{
		pm(detect.Rise, detect.PreAlarm, 35_000), pm(detect.Above, detect.PreAlarm, 150_000),
		pm(detect.Above, detect.Alarm, 150_000), pm(detect.Above, detect.AlarmHigh, 35_000),
	}
	got := ""
	for _, w := range why(f, all) {
		got += fmt.Sprintf("%s: %s of %s\n", w.Level.En, w.Value, w.Limit)
	}
	want := `alarm: 621 µg/m³ of 150 µg/m³
pre-alarm: 200 µg/m³ of 150 µg/m³
pre-alarm: 90 µg/m³/min of 35 µg/m³/min
: 50 µg/m³ of 40 µg/m³
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// Where several reasons made an alarm together, each says how much of it it was, on the page and on
// a terminal, and never that it reached its limit.
func TestReasonsSayHowMuchTheyWeigh(t *testing.T) {
	all := why(detect.Finding{Level: detect.Alarm, Why: [4]detect.Evidence{
		{Quantity: drivers.PM25, Value: 800_000, Limit: 7_300_000, Weight: 750},
		{Quantity: drivers.Gas, Value: 40_000, Limit: 150_000, Weight: 280},
		{Quantity: drivers.Temperature, Value: 61_500, Limit: 57_000, Weight: 1000},
	}}, nil)
	if got := all[0].Part + ", " + all[1].Part + ", " + all[2].Part; got != "75 %, 28 %, " {
		t.Errorf("got %q", got)
	}
	m := newSheet(&Source{}, nil, made, false)
	m.why(&all[0])
	if got := m.String(); !strings.Contains(got, "is 75 % of an alarm") ||
		strings.Contains(got, "reached") {
		t.Errorf("page: got %q", got)
	}
	en, zh := tongue{}, tongue{chinese: true}
	for got, want := range map[string]string{
		en.reason(&all[0]): "800 µg/m³ is 75 % of an alarm, alone at 7300 µg/m³",
		zh.reason(&all[0]): "800 µg/m³，占报警 75 %，单独报警值 7300 µg/m³",
		en.reason(&all[2]): "61.5 °C, limit 57 °C",
	} {
		if got != want {
			t.Errorf("terminal: got %q, want %q", got, want)
		}
	}
}

// A fault names in people's words what its detail names by ID, and nothing that only looks so.
func TestAFaultNamesWhatItSpeaksOf(t *testing.T) {
	n := newNames(quiet())
	for _, c := range []struct {
		f    alarm.FaultState
		want string
	}{
		{alarm.FaultState{Fault: alarm.OutputFailed, Detail: "siren: write: error; lamp: hangs"},
			"警号 Siren, lamp"},
		{alarm.FaultState{Fault: alarm.OutputFailed, Detail: "no name; dial tcp: x"}, ""},
		{alarm.FaultState{Fault: alarm.BusMissing, Detail: "hall: open /dev/i2c-1: none"}, "hall"},
		{alarm.FaultState{Fault: alarm.BusHung, Detail: "dial tcp: timeout"}, ""},
		{alarm.FaultState{Fault: alarm.UplinkDown, Detail: "dial: timeout"}, ""},
	} {
		if got := strings.Join(n.within(c.f), ", "); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.f.Fault, c.f.Detail, got, c.want)
		}
	}
}

// A value is shown as a person reads it.
func TestShownAsAPersonReadsIt(t *testing.T) {
	for _, c := range []struct {
		q     drivers.Quantity
		value int64
		want  string
	}{
		{drivers.Temperature, 36_199, "36.2 °C"}, {drivers.Temperature, 9_870, "9.9 °C"},
		{drivers.Temperature, -5_050, "-5.1 °C"}, {drivers.Temperature, 123_449, "123.4 °C"},
		{drivers.Humidity, 44_960, "45 %RH"}, {drivers.PM25, 621_400, "621 µg/m³"},
	} {
		if got := shown(c.q, c.value); got != c.want {
			t.Errorf("%d: got %q, want %q", c.value, got, c.want)
		}
	}
}

// What is disabled comes back, and the page says when.
func TestADisablementHasAnEnd(t *testing.T) {
	s := quiet()
	s.Panel.Points[0].Disabled, s.Panel.Points[0].Reason = 90*time.Minute, "works"
	if got := get(serve(s, made), "/").Body.String(); !strings.Contains(got, "90 min left") {
		t.Errorf("got no remaining time in:\n%s", got)
	}
}

// The name of what has failed and the words for a lost line stand out from what a machine said.
func TestMachineTextIsApart(t *testing.T) {
	got := get(serve(burning(), made), "/").Body.String()
	parts := strings.Split(got, "dial tcp")
	for _, before := range parts[:len(parts)-1] {
		if i := strings.LastIndex(before, "<span"); !strings.HasPrefix(before[i:], `<span class="raw">`) {
			t.Errorf("machine text in %q", before[i:])
		}
	}
	if len(parts) != 3 {
		t.Errorf("got it %d times, want it with the fault and with the line", len(parts)-1)
	}
	for _, class := range []string{"refused", "clock", "shared", "stalled", "broken"} {
		if w := failures[class]; w.En == "" || w.Zh == "" {
			t.Errorf("%s: has no words", class)
		}
	}
}
