package main

import (
	"slices"
	"strings"
	"testing"
)

// A walk test writes down what is tried without an alarm; a drill says DRILL, and a call point that
// is pressed ends it.
func drillsAndTests(t *testing.T, s *station) {
	s.start().ready()
	s.shows("there was no drill", "drill", "record")
	s.wants("walk test began", "walktest", "start", "--for", "10m")
	s.refuses("busy: ", "drill", "start")
	s.wants("point skipped", "walktest", "skip", "call-1", "--reason", "glass")
	s.press(smoke)
	s.shows("Walk test: at most another")
	await(t, "a record of what was tried", func() bool {
		_, out, _ := s.ask("walktest", "record")
		return strings.Contains(out, "1 of 2 points tried") &&
			strings.Contains(out, "skipped: glass")
	})
	if s.isOn(lamp) {
		t.Error("a walk test lit the lamp")
	}
	s.release(smoke)
	s.shows(`"tried": true`, "walktest", "record", "--json")
	s.shows("- smoke-1 Walk test")
	await(t, "a point that is at rest again", func() bool {
		r, ok := s.status()
		return ok && !slices.ContainsFunc(r.Panel.Points, func(p reportPoint) bool {
			return p.ID == "smoke-1" && p.Level != "normal"
		})
	})
	s.wants("walk test over", "walktest", "end")
	s.refuses("unknown_point", "drill", "start", "--scenario", "smoke-9")
	s.wants("drill began", "drill", "start", "--for", "30m", "--scenario", "smoke-1")
	s.shows("DRILL: at most another")
	s.alarmed()
	s.shows("! FIRE call-1")
	s.shows("a real alarm ended it", "drill", "record")
}
