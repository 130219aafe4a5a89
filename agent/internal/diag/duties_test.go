package diag

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// manned is the quiet site of a station that has a lot to do.
func manned() *Status {
	s := quiet()
	wang := alarm.Origin{Kind: alarm.CLI, Operator: 7, Level: 2}
	s.Panel.Duties = alarm.Duties{
		Waiting: true,
		Calls: []alarm.CallState{
			{Call: alarm.Call{ID: "w-1", Colour: alarm.Red, Text: "暴雨 <storm>", Limit: 3 * time.Minute},
				Age: 70 * time.Second},
			{Call: alarm.Call{ID: "k-1", Limit: 10 * time.Minute}, Age: 9 * time.Minute},
		},
		Ended: []alarm.CallState{{Call: alarm.Call{ID: "k-0"}, Age: 30 * time.Second,
			Outcome: alarm.DutyAnswered, By: wang}},
		Incidents: []alarm.Incident{{
			ID: "heat-1-41-5", Alarms: []alarm.AlarmID{"heat-1-41-5"}, Age: 190 * time.Second,
			Accept: alarm.StepState{Done: true, Overdue: true, After: 70 * time.Second, By: wang},
			Arrive: alarm.StepState{Overdue: true},
		}},
		Items: []alarm.ItemState{
			{ID: "ways", Name: "疏散通道 Ways out", Done: true, Failed: true, Text: "门锁闭 locked",
				From: 20_500, By: wang},
			{ID: "hoses", Name: "水带 Hoses", From: 20_500},
			{ID: "ext", Name: "灭火器 Extinguishers", From: 20_480, Due: true, Overdue: true},
		},
		Hazards: []alarm.Hazard{
			{ID: "h3", Text: "通道堆物 Boxes", Opened: 20_500, Days: 7, Overdue: true, By: wang},
		},
		Shift: []alarm.OnShift{{Operator: 7, Age: time.Hour}}, Least: 3, Short: true, InTime: 9,
		KeyFor: 5 * time.Minute, Chain: alarm.Record{N: 12, Hash: strings.Repeat("ab", 32)},
	}
	return s
}

// What people are asked and have to do stands on the page in both languages, and in the JSON; a
// site without duties shows none.
func TestFacesOfTheDuties(t *testing.T) {
	golden(t, "duties.en.page", get(serve(manned(), made), "/?lang=en").Body.String())
	golden(t, "duties.zh.page", get(serve(manned(), made), "/?lang=zh").Body.String())
	var doc struct {
		Panel struct{ Duties json.RawMessage }
	}
	body := get(serve(manned(), made), "/status.json").Body.Bytes()
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	golden(t, "duties.json", string(doc.Panel.Duties)+"\n")
	quiet := get(serve(quiet(), made), "/status.json").Body.String()
	if strings.Contains(quiet, "duties") {
		t.Error("a site without duties shows some")
	}
}
