package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// The record of a walk test and of a drill can be read, with every time and whatever went
// otherwise.
func TestRecordsCanBeRead(t *testing.T) {
	const status = `{"panel": {
		"test": {"running": true, "zone": "hall", "age_seconds": 300, "left_seconds": 3300, "points": [
			{"point": "smoke-1", "tried": true, "detected_seconds": 10, "alarmed_seconds": 11.2,
				"received_seconds": 12},
			{"point": "smoke-2", "tried": true, "detected_seconds": 90, "alarmed_seconds": 91},
			{"point": "smoke-3", "skipped": "out of reach"}, {"point": "call-1"}]},
		"drill": {"ended": "alarm", "lasted_seconds": 420, "sounded_seconds": 10,
			"silenced_seconds": 95, "points": [
				{"point": "smoke-1", "raised_seconds": 10, "acknowledged_seconds": 80},
				{"point": "smoke-2"}],
			"deviations": ["acknowledged_late:smoke-1", "not_raised:smoke-2", "not_ended", "x:y"]}}}`
	const want = `walk test of zone hall, for 5m0s, at most another 55m0s; 2 of 4 points tried
  smoke-1          tried after 10s, alarm 1.2 s later, the district 0.8 s after that
  smoke-2          tried after 1m30s, alarm 1.0 s later
  smoke-3          skipped: out of reach
  call-1           not tried
drill, over after 7m0s: alarm
  the siren        after 10s
  silenced         after 1m35s
  smoke-1          after 10s, acknowledged after 1m20s
  smoke-2          not yet
  otherwise than it should: smoke-1 was acknowledged after more than 60 s
  otherwise than it should: smoke-2 did not alarm
  otherwise than it should: no person ended it
  otherwise than it should: x:y
`
	var s report
	if err := json.Unmarshal([]byte(status), &s); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	s.Panel.Test.print(&got)
	s.Panel.Drill.print(&got)
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// A walk test writes down what is tried without an alarm; a drill says DRILL, and a call point that
// is pressed ends it.
func drillsAndTests(t *testing.T, s *station) {
	s.start().ready()
	s.wants("there was no drill", "drill", "record")
	s.wants("test_started", "walktest", "start", "--for", "10m")
	s.refuses("busy: ", "drill", "start")
	s.wants("test_skipped", "walktest", "skip", "call-1", "--reason", "glass")
	s.press(smoke)
	s.shows("walk test: at most another")
	await(t, "a record of what was tried", func() bool {
		_, out, _ := s.ask("walktest", "record")
		return strings.Contains(out, "1 of 2 points tried") &&
			strings.Contains(out, "skipped: glass")
	})
	if s.isOn(lamp) {
		t.Error("a walk test lit the lamp")
	}
	s.release(smoke)
	s.wants(`"tried": true`, "walktest", "record", "--json")
	s.shows("smoke-1          normal")
	s.wants("test_ended", "walktest", "end")
	s.refuses("unknown_point", "drill", "start", "--scenario", "smoke-9")
	s.wants("drill_started", "drill", "start", "--for", "30m", "--scenario", "smoke-1")
	s.shows("DRILL, nothing burns")
	s.alarmed()
	s.shows("fire alarm at call-1")
	s.wants(": alarm", "drill", "record")
}
