package diag

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// Text from outside is on the page only as its escaped self, whichever field it comes in and
// whatever else is shown or absent.
func TestTextOnThePageStaysText(t *testing.T) {
	const (
		plain   = "PLAIN"
		hostile = `</p><script>alert("1")</script>' onclick='&lt;%s%d`
		escaped = `&lt;/p&gt;&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;` +
			`&#39; onclick=&#39;&amp;lt;%s%d`
	)
	_, fields := filled(plain, false, -1)
	if fields < 70 {
		t.Fatalf("got %d texts in a status, want all of them", fields)
	}
	for _, truth := range []bool{false, true} {
		for without := -1; without < fields; without++ {
			got := written(hostile, truth, without)
			want := strings.ReplaceAll(written(plain, truth, without), plain, escaped)
			if got != want {
				t.Fatalf("%v, without text %d: %s", truth, without, firstDifference(got, want))
			}
			if strings.Contains(got, "%!") {
				t.Fatalf("texts and places do not match:\n%s", got)
			}
		}
	}
}

// written is the page, the record and the door of a status that says text everywhere.
func written(text string, truth bool, without int) string {
	s, _ := filled(text, truth, without)
	src := sourceOf(s)
	src.Events = func(int) []alarm.Event {
		return []alarm.Event{{Kind: alarm.Disabled, Point: "p", Reason: text,
			Matter: alarm.Matter{ID: text, Text: text}}}
	}
	src.Effects = func(bool) [][]string { return [][]string{{text, text}, {text, text}} }
	m := newSheet(&src, s, made, truth)
	m.page()
	m.record()
	m.door(text)
	return m.String()
}

// firstDifference shows the lines in which two pages part.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "got:\n" + g[i] + "\nwant:\n" + w[i]
		}
	}
	return "one is longer"
}

// filled is a status that says text in every field and that knows one of everything, except that
// the field with number without is empty. It also counts the fields.
func filled(text string, truth bool, without int) (s *Status, fields int) {
	var fill func(reflect.Value)
	fill = func(f reflect.Value) {
		switch {
		case !f.CanSet(): // inside of a time
		case f.Kind() == reflect.Struct:
			for i := range f.NumField() {
				fill(f.Field(i))
			}
		case f.Kind() == reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
			fill(f.Elem())
		case f.Kind() == reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			fill(f.Index(0))
		case f.Kind() == reflect.Array:
			fill(f.Index(0))
		case f.Kind() == reflect.String:
			if fields != without {
				f.SetString(text)
			}
			fields++
		case f.Kind() == reflect.Bool:
			f.SetBool(truth)
		case f.CanInt():
			f.SetInt(3)
		case f.CanUint():
			f.SetUint(3)
		}
	}
	s = &Status{}
	fill(reflect.ValueOf(s).Elem())
	s.Made = made
	return s, fields
}

// The page is in the language that is asked for, that was chosen before, or that the browser likes
// best, in this order; a choice is remembered.
func TestTheLanguageIsThatOfTheReader(t *testing.T) {
	h := serve(quiet(), made)
	for _, c := range []struct {
		query, cookie, accept string
		want                  string
	}{
		{"", "", "", "en"}, {"", "", "zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"}, {"", "", "ZH-tw", "zh-CN"},
		{"", "", "en-US,en;q=0.9,zh;q=0.8", "en"}, {"", "zh", "en", "zh-CN"},
		{"", "en", "zh", "en"}, {"zh", "en", "en", "zh-CN"}, {"en", "zh", "zh", "en"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/?lang="+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: c.cookie})
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := `<html lang="` + c.want + `">`; !strings.Contains(w.Body.String(), got) {
			t.Errorf("%+v: got no %s", c, got)
		}
		if kept := strings.HasPrefix(w.Header().Get("Set-Cookie"), "lang="+c.query+";"); kept !=
			(c.query != "") {
			t.Errorf("%+v: got the cookie %q", c, w.Header().Get("Set-Cookie"))
		}
	}
}

// Where nobody can be asked who he is the page has no button that acts, and says why.
func TestAPageThatOnlyShowsHasNoActs(t *testing.T) {
	for acting, want := range map[Acting]bool{ReadOnly: false, NoOperators: false, ByPIN: true} {
		s := manned()
		s.Panel.Alarms = alight().Panel.Alarms
		src := sourceOf(s)
		src.Acting = func() Acting { return acting }
		got := get(newPages(src, func() time.Time { return made }).Handler(), "/").Body.String()
		if strings.Contains(got, "<form class=\"order") != want || strings.Contains(got, "pin") != want {
			t.Errorf("acting %d: got acts %v, want %v", acting, !want, want)
		}
		if says := strings.Contains(got, "firepost operator add"); says != (acting == NoOperators) {
			t.Errorf("acting %d: got %v, want what to do where the file names nobody", acting, says)
		}
	}
}

// The record of a walk test can be printed in both languages, and read by a program.
func TestTheRecordOfAWalkTest(t *testing.T) {
	h := serve(tried(), made)
	golden(t, "walktest.page", get(h, "/walktest?lang=en").Body.String()+
		get(h, "/walktest?lang=zh").Body.String())
	golden(t, "walktest.json", get(h, "/walktest.json").Body.String())
}

// The course of a point has its values in the unit that people read, its gaps as gaps, its limits
// and its alarms; a point that is not there is no empty course.
func TestTheCourseOfAPoint(t *testing.T) {
	s := alight()
	s.Panel.Points[1].Conditions = []detect.Condition{
		{Kind: detect.Rise, Quantity: drivers.Temperature, Level: detect.PreAlarm, Limit: 8_000},
		{Kind: detect.Above, Quantity: drivers.Temperature, Level: detect.Alarm, Limit: 57_000},
	}
	src := sourceOf(s)
	src.History.Keep(&alarm.Snapshot{At: s.Panel.At + 4*sec, Points: s.Panel.Points})
	h := newPages(src, func() time.Time { return made }).Handler()
	golden(t, "history.json", get(h, "/history.json/heat-1").Body.String()+"\n")
	if w := get(h, "/history.json/nowhere"); w.Code != http.StatusNotFound {
		t.Errorf("no such point: got %d, want 404", w.Code)
	}
	if got := get(h, "/sparks.json").Body.String(); !strings.Contains(got, `"heat-1/0": "M120 12h0"`) {
		t.Errorf("got the small pictures %s", got)
	}
}

// Events as a table for a spreadsheet: one line each whatever is in them, and never a formula.
func TestEventsAsATable(t *testing.T) {
	h := newPages(Source{
		Status: quiet,
		Events: func(int) []alarm.Event {
			return []alarm.Event{
				{Seq: 7, At: 99 * sec, Kind: alarm.Disabled, Point: "smoke-1", Zone: "kitchen",
					By: alarm.Origin{Kind: alarm.Page, Operator: 7}, Reason: `=HYPERLINK("x")`},
				{Seq: 8, At: 100 * sec, Kind: alarm.HazardOpened, Matter: alarm.Matter{Text: "通道, 堆物"}},
			}
		},
	}, func() time.Time { return made }).Handler()
	want := "\ufeff" +
		`"seq","at","kind","point","zone","output","signal","level","fault","alarm","by","operator",` +
		`"reason","text"` + "\r\n" +
		`"7","2026-03-14T09:19:59Z","disabled","smoke-1","kitchen","","","","","","page","7",` +
		`"'=HYPERLINK(""x"")",""` + "\r\n" +
		`"8","2026-03-14T09:20:00Z","hazard_opened","","","","","","","","auto","","","通道, 堆物"` + "\r\n"
	if got := get(h, "/events.csv/10").Body.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if w := get(h, "/events.csv/0"); w.Code != http.StatusNotFound {
		t.Errorf("no events: got %d, want 404", w.Code)
	}
}
