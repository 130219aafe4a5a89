package diag

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// eventful is what happened at the burning site, and some more.
func eventful(int) []alarm.Event {
	fire := detect.Finding{Level: detect.Alarm, Why: [4]detect.Evidence{
		{Quantity: drivers.Temperature, Value: 61_500, Limit: 57_000, Weight: 1000}}}
	three := alarm.Origin{Kind: alarm.CLI, Operator: 3, Level: 2}
	all := []alarm.Event{
		{Kind: alarm.Started},
		{Kind: alarm.FaultRaised, Fault: alarm.BusHung, Reason: "i2c-1: no answer for 3 s"},
		{Kind: alarm.Raised, Point: "heat-1", Zone: "kitchen", Signal: alarm.Fire, To: fire},
		{Kind: alarm.Raised, Point: "smoke-1", Signal: alarm.Fire, Restored: true,
			To: detect.Finding{Level: detect.Alarm}},
		{Kind: alarm.OutputChanged, Output: "siren", Point: "heat-1", Pattern: alarm.Temporal3},
		{Kind: alarm.Refused, Reason: alarm.RefusedNotPermitted,
			By: alarm.Origin{Kind: alarm.District}},
		{Kind: alarm.Acknowledged, Point: "heat-1", By: three},
		{Kind: alarm.IncidentJudged, Incident: "heat-1-41-5", By: three,
			Matter: alarm.Matter{Verdict: alarm.FalseAlarm, Text: "油烟 oil"}},
		{Kind: alarm.Disabled, Point: "gas-1", Reason: "刷漆 paint", For: 2 * time.Hour, By: three},
		{Kind: alarm.Operated, Output: "lamp", Pattern: alarm.Steady, By: three},
		{Kind: alarm.Confirmed, Output: "siren", For: 1300 * time.Millisecond},
		{Kind: alarm.DrillEnded, Reason: alarm.EndedAlarm, For: 5 * time.Minute, Drill: true},
		{Kind: alarm.ShiftBegun, By: three, Matter: alarm.Matter{People: 2}},
	}
	all = append(all, alarm.Event{Kind: alarm.IncidentClosed, Incident: "heat-1-41-5", Drill: true,
		Matter: alarm.Matter{Verdict: alarm.DrillAlarm}})
	for i := range all {
		all[i].Seq, all[i].At = uint64(70+i), point.Instant(i+80)*sec
	}
	return all
}

// tried is a site that is being tried: a drill is over and a walk test runs.
func tried() *Status {
	s := quiet()
	s.Panel.Drill = &alarm.DrillState{
		Ended: alarm.EndedOrdered, Lasted: 5 * time.Minute, Age: time.Hour,
		Sounded: 10200 * time.Millisecond, Silenced: time.Minute,
		Points: []alarm.DrillPoint{
			{Point: "heat-1", Raised: 10 * time.Second, Acknowledged: 90 * time.Second},
			{Point: "smoke-1"},
		},
		Deviations: []string{"not_raised:smoke-1", "acknowledged_late:heat-1"},
	}
	s.Panel.Test = &alarm.TestState{
		Running: true, Age: 10 * time.Minute, Left: 50 * time.Minute,
		Points: []alarm.TestPoint{
			{Point: "smoke-1", Tried: true, Detected: time.Minute,
				Alarmed: time.Minute + 2400*time.Millisecond, Received: 63 * time.Second},
			{Point: "heat-1", Skipped: "够不着 out of reach"}, {Point: "gas-1"},
		},
	}
	s.Panel.Points[2].Testing = true
	return s
}

// What a terminal shows, in both languages: no line is wider than a serial console, and those that
// stand below each other are aligned.
func TestFacesOfATerminal(t *testing.T) {
	strange := burning()
	strange.Clock = Clock{Now: made, Quality: "ntp"}
	for name, c := range map[string]struct {
		of    *Status
		faces []string
	}{
		"quiet": {quiet(), []string{"status", "points/heat-1", "points/gas-1", "items",
			"hazards", "drill", "walktest"}},
		"burning": {burning(), []string{"status", "points", "points/heat-1", "points/smoke-1",
			"points/gas-1", "events"}},
		"timed":   {strange, []string{"events"}},
		"manned":  {manned(), []string{"status", "items", "hazards"}},
		"drilled": {drilled(), []string{"status", "drill"}},
		"held":    {held(), []string{"status", "walktest"}},
		"tried":   {tried(), []string{"status", "drill", "walktest"}},
		"unborn":  {nil, []string{"status", "events"}},
	} {
		h := newPages(Source{Status: func() *Status { return c.of }, Events: eventful},
			func() time.Time { return made.Add(time.Second) }).Handler()
		said := ""
		for _, face := range c.faces {
			for _, lang := range []string{"en", "zh"} {
				path := "/text/" + lang + "/" + face
				w := get(h, path)
				if w.Code != http.StatusOK {
					t.Errorf("%s %s: got code %d, want 200", name, path, w.Code)
				}
				body := w.Body.String()
				for l := range strings.Lines(body) {
					if width(strings.TrimSuffix(l, "\n")) > columns {
						t.Errorf("%s %s: wider than %d: %s", name, path, columns, l)
					}
				}
				said += "== " + path + "\n" + body
			}
		}
		golden(t, name+".text", said)
	}
}

// Nothing that comes from elsewhere can steer a terminal, begin a line, or turn the writing round.
func TestNoTextSteersATerminal(t *testing.T) {
	s, evil := burning(), "x\x1b[2J\n! FIRE\u202e\u009b1A\u200b\x00"
	s.Panel.Points[0].Name, s.Panel.Points[0].Reason = evil, evil
	s.Panel.Faults[0].Detail, s.Link.Err, s.Site.Name, s.Site.Rejected = evil, evil, evil, evil
	h := newPages(Source{
		Status: func() *Status { return s },
		Events: func(int) []alarm.Event {
			return []alarm.Event{{Kind: alarm.Disabled, Point: "smoke-1", Reason: evil}}
		},
	}, func() time.Time { return made }).Handler()
	for _, face := range []string{"status", "points/smoke-1", "events"} {
		body := get(h, "/text/en/"+face).Body.String()
		if i := strings.IndexFunc(body, func(r rune) bool {
			return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x200b)
		}); i >= 0 {
			t.Errorf("%s: %q", face, body[max(i-20, 0):i+10])
		}
		if face == "events" && strings.Count(body, "\n") != 1 {
			t.Errorf("a reason began a line:\n%s", body)
		}
	}
}

// What is asked for and is not there is said, with code 404; so is a number of events beyond the
// bound.
func TestFacesThatAreNot(t *testing.T) {
	h := serve(quiet(), made)
	for path, want := range map[string]string{
		"/text/en/points/heat-9": `"heat-9"; firepost points lists them`,
		"/text/zh/points/heat-9": "没有点位",
		"/text/en/events/1001":   "1 to 1000",
		"/events.json/0":         "1 to 1000",
		"/text/en/nothing":       "no such face",
		"/text/en":               "not found",
	} {
		w := get(h, path)
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %d, %s", path, w.Code, w.Body)
		}
	}
	if w := get(serve(nil, made), "/text/en/points"); w.Code != http.StatusNotFound {
		t.Errorf("points before the first status: got %d", w.Code)
	}
	old := get(serve(quiet(), made.Add(time.Hour)), "/text/en/points").Body.String()
	if !strings.HasPrefix(old, "x Not responding. Nothing watches") {
		t.Errorf("points of a panel that has stopped:\n%s", old)
	}
}

// Before the first status the events are told to a program as they are to a person.
func TestEventsBeforeTheFirstStatus(t *testing.T) {
	h := newPages(Source{Status: func() *Status { return nil }, Events: eventful},
		func() time.Time { return made }).Handler()
	for path, want := range map[string]string{
		"/events.json": `"kind": `, "/events.json/5": `"kind": `, "/text/en/events/5": "\n",
	} {
		w := get(h, path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %d, %s", path, w.Code, w.Body)
		}
	}
}

// A line breaks at a space or beside a Chinese character, but neither between a number and its unit
// nor before a stop, and loses nothing.
func TestWrapped(t *testing.T) {
	for _, c := range []struct {
		text string
		room int
		want string
	}{
		{"one two three", 20, "one two three"}, {"one two three", 7, "one two|three"},
		{"one two three", 6, "one|two|three"}, {"for 12 s more", 7, "for|12 s|more"},
		{"incomprehensible", 5, "incom|prehe|nsibl|e"},
		{"立即疏散，拨打119。", 8, "立即疏|散，拨打|119。"}, {"警号Siren", 7, "警号|Siren"},
	} {
		if got := strings.Join(wrapped(c.text, c.room), "|"); got != c.want {
			t.Errorf("%q in %d: got %q, want %q", c.text, c.room, got, c.want)
		}
	}
}

// A bar is full at the limit and empty at nothing, whatever the value.
func TestBar(t *testing.T) {
	for value, want := range map[int64]string{
		-5: "[----------]", 0: "[----------]", 99: "[---------" + "-]", 500: "[#####-----]",
		999: "[#########-]", 1000: "[##########]", 1 << 52: "[##########]",
	} {
		if got := bar(value, 1000); got != want {
			t.Errorf("%d: got %s, want %s", value, got, want)
		}
	}
}

// What does not fit says so, and is exactly as wide as its room, half a Chinese character or not.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		text string
		room int
		want string
	}{
		{"smoke-1", 9, "smoke-1  "}, {"smoke-1", 7, "smoke-1"}, {"smoke-1", 6, "smoke…"},
		{"后厨烟感", 8, "后厨烟感"}, {"后厨烟感", 7, "后厨烟…"}, {"后厨烟感", 6, "后厨… "},
		{"a", 0, ""}, {"ab", 1, "…"}, {"", 2, "  "},
	} {
		if got := fit(c.text, c.room); got != c.want {
			t.Errorf("%q in %d: got %q, want %q", c.text, c.room, got, c.want)
		}
	}
}
