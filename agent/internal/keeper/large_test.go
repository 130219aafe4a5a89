package keeper

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// largest is a box all of whose points are in alarm, and whose people have as much to do as the
// panel keeps, in words as long as it takes.
func largest() alarm.Saved {
	s := alarm.Saved{Boot: 7, LastEvent: 9_000_000}
	who := alarm.Origin{Kind: alarm.CLI, Operator: 99, Level: 3}
	name, hash := strings.Repeat("x", 32), strings.Repeat("a", 128)
	note, text := strings.Repeat("火", 85), strings.Repeat("火", 170)
	why := detect.Evidence{Quantity: 1, Value: 123_456, Limit: 123_456, Weight: 1000}
	for i := range 500 {
		s.Alarms = append(s.Alarms, alarm.SavedAlarm{
			ID: alarm.AlarmID(fmt.Sprintf("%s-%d-%d", name, i, i)), Point: point.ID(name),
			Finding: detect.Finding{
				Level: detect.Alarm, Why: [4]detect.Evidence{why, why, why, why},
			},
			Age: time.Hour, By: who, Incident: alarm.AlarmID(name),
		})
	}
	call := alarm.CallState{
		Call: alarm.Call{ID: hash[:64], Colour: alarm.Red, Text: text, Limit: time.Hour},
		Age:  time.Hour, By: who,
	}
	step := alarm.StepState{Done: true, Overdue: true, After: time.Hour, By: who}
	in := alarm.Incident{
		ID: alarm.AlarmID(name), Age: time.Hour, Accept: step, Arrive: step, Judge: step,
		Verdict: alarm.FalseAlarm, Cause: note,
	}
	for range 8 {
		in.Alarms = append(in.Alarms, alarm.AlarmID(name+"-1234567-1234567"))
		s.Duties.Calls = append(s.Duties.Calls, call)
	}
	for range 64 {
		s.Duties.Seen = append(s.Duties.Seen, hash[:64])
	}
	for range 16 {
		s.Duties.Ended = append(s.Duties.Ended, call)
		s.Duties.Incidents = append(s.Duties.Incidents, in)
		s.Duties.Closed = append(s.Duties.Closed, in)
	}
	for range 100 {
		s.Duties.Items = append(s.Duties.Items, alarm.ItemState{
			ID: name, From: 20_000, Ran: time.Hour, Done: true, Text: note, Evidence: hash, By: who,
		})
		s.Duties.Shift = append(s.Duties.Shift, alarm.OnShift{Operator: 99, Age: time.Hour})
	}
	for range 48 {
		s.Duties.Hazards = append(s.Duties.Hazards, alarm.Hazard{
			ID: "h1", Text: note, Opened: 20_000, Days: 7, By: who, Evidence: hash,
		})
	}
	part := []int64{-(1 << 50), 1 << 20, -(1 << 42)}
	for range 32 {
		s.Formulas = append(s.Formulas, alarm.SavedFormula{
			Point: point.ID(name), Formula: "time_above", From: []point.ID{point.ID(name)},
			Window: 24 * time.Hour,
			Trace: detect.Trace{
				Age: time.Hour, Heard: time.Second, Part: time.Minute, Known: true, Last: 1 << 42,
				Has: true, Parts: slices.Repeat(part, 60),
			},
		})
	}
	return s
}

// The largest state that a panel can have fits in a file and comes back as it was.
func TestLargestStateFits(t *testing.T) {
	want := largest()
	data, err := encodeSaved(1, want)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > maxFile/2 {
		t.Errorf("it takes %d bytes, more than half of what a file may have", len(data))
	}
	path := filepath.Join(t.TempDir(), "panel.0")
	if err := writeSynced(path, data); err != nil {
		t.Fatal(err)
	}
	got, _, err := readSaved(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("it does not come back as it was: %v", err)
	}
}
