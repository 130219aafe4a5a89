package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/wire"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/district"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func finding(level detect.Level, q drivers.Quantity, value, limit int64) detect.Finding {
	return detect.Finding{Level: level,
		Why: [4]detect.Evidence{{Quantity: q, Value: value, Limit: limit}}}
}

// The story is readable, each line fits a terminal, the siren is told once and after its alarm, and
// what comes late is counted once by number.
func TestStoryIsReadable(t *testing.T) {
	began := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	now := -2 * time.Second
	s := &story{out: &out, at: func(t time.Time) time.Duration {
		if t.Year() == began.Year() { // a moment that a message names
			return t.Sub(began)
		}
		return now
	}}
	at := func(seconds float64) { now = time.Duration(seconds * float64(time.Second)) }
	hear := func(leaf, payload string, isNew bool) {
		s.heard(district.Message{Leaf: leaf, Payload: []byte(payload), New: isNew})
	}
	hear(wire.UpState, `{"online":true}`, false)
	at(0)
	s.tell(yellow, "fire", "it starts in the recorded room")
	at(51.24)
	s.event(alarm.Event{Kind: alarm.Raised, Point: "smoke-1", Signal: alarm.Fire,
		To: finding(detect.PreAlarm, drivers.PM25, 124_000, 35_000)})
	at(58.06)
	s.siren(board.Change{High: true})
	s.siren(board.Change{})
	at(58.09)
	s.event(alarm.Event{Kind: alarm.Raised, Point: "smoke-1", Signal: alarm.Fire,
		To: finding(detect.Alarm, drivers.PM25, 621_000, 150_000)})
	s.siren(board.Change{High: true})
	at(58.2)
	hear(wire.UpAlarm, `{"id":"e0-a-2-1","sent":"2020-01-01T00:00:58.100Z",`+
		`"data":{"aid":"x","state":"raised","point":"smoke-1","kind":"fire"}}`, true)
	at(73.1)
	s.mark(func(s *story) { s.cut = true })
	hear(wire.UpState, `{"online":false}`, false)
	at(83)
	s.event(alarm.Event{Kind: alarm.Raised, Point: "call-1", Signal: alarm.Fire,
		To: finding(detect.Alarm, drivers.Contact, 1, 1)})
	s.event(alarm.Event{Kind: alarm.FaultRaised, Fault: alarm.UplinkDown})
	s.tell(yellow, "buffered", "%s", waiting{A: 1})
	at(119.96)
	s.mark(func(s *story) { s.mended = true })
	hear(wire.UpState, `{"online":true,"pend":{"a":1,"t":8},"last":{"a":3,"t":28}}`, false)
	hear(wire.UpAlarm, `{"id":"e0-a-3-1","data":{"aid":"y","state":"prealarm"}}`, true)
	hear(wire.UpBackfill, `{"id":"e0-t-21-8"}`, true)
	hear(wire.UpBackfill, `{"id":"e0-t-21-8"}`, false)
	hear(wire.UpTelemetry, `{"id":"e0-t-29-4"}`, true)
	s.tell(green, "forwarded", "%d of the %d records that waited", s.forwarded, s.waited)
	if s.forwarded != 9 || s.waited != 9 {
		t.Errorf("forwarded %d of %d, want 9 of 9", s.forwarded, s.waited)
	}
	if s.sirenAt.at != 58_060*time.Millisecond || s.alarmAt.at != s.sirenAt.at {
		t.Errorf("siren at %v, alarm at %v", s.sirenAt.at, s.alarmAt.at)
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if len([]rune(line)) > 100 {
			t.Errorf("too long: %s", line)
		}
	}
	golden(t, "story", out.String())
}

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

// A moment is written to the nearest tenth of a second, and never as 60 seconds.
func TestClockIsRounded(t *testing.T) {
	for at, want := range map[time.Duration]string{
		0: "+0:00.0", 59_960 * time.Millisecond: "+1:00.0", -11_940 * time.Millisecond: "-0:11.9",
		-20 * time.Millisecond: "+0:00.0", 3*time.Minute + 49*time.Second: "+3:49.0",
	} {
		if got := clock(at); got != want {
			t.Errorf("%v: got %s, want %s", at, got, want)
		}
	}
}

// The district says in a few words what a message is about, whatever it is.
func TestGistOfAMessage(t *testing.T) {
	for _, c := range []struct{ leaf, payload, want string }{
		{wire.UpState, `{"online":true}`, "online"},
		{wire.UpState, `{"online":false}`, "offline"},
		{wire.UpActive, `{"alarms":[{}],"faults":[]}`, "1 alarms and 0 faults stand"},
		{wire.UpTelemetry, `{"id":"e-t-1-9","seqn":9,"data":[]}`, "e-t-1-9  9 values"},
		{wire.UpAlarm, `{"id":"e-a-2-1","data":{"state":"raised","kind":"fire","point":"smoke-1"}}`,
			"e-a-2-1  raised fire smoke-1"},
		{wire.UpEvent, `{"id":"e-e-3-1","data":{"state":"output","output":"siren","pattern":"off"}}`,
			"e-e-3-1  output siren off"},
		{wire.UpDesc, `{"site":"demo"}`, "15 bytes"},
		{wire.UpAlarm, `nonsense`, "8 bytes"},
	} {
		if got := gist(district.Message{Leaf: c.leaf, Payload: []byte(c.payload)}); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.leaf, c.payload, got, c.want)
		}
	}
}

// What the sensors see is told with one decimal, and a long text is broken between its words.
func TestWordsForPeople(t *testing.T) {
	for text, want := range map[string]string{
		"26.501 °C": "26.5 °C", "566 µg/m³": "566 µg/m³", "29.96 °C": "30 °C", "open": "open",
	} {
		if got := rounded(text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	got := strings.Join(wrap("free to use  and 烟感 modify, verylongwordindeed", 9), "|")
	if want := "free to|use and|烟感|modify,|verylongwordindeed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
