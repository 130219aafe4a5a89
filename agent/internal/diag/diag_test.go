package diag

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/internal/history"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

var update = flag.Bool("update", false, "rewrite the golden files")

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

var made = time.Date(2026, 3, 14, 9, 20, 1, 0, time.UTC)

const sec = point.Instant(time.Second)

// quiet is a small site on which all is well.
func quiet() *Status {
	return &Status{
		Made: made, Now: 100*sec + sec/20,
		Zones: []alarm.ZonePlan{{ID: "kitchen", Name: "厨房 Kitchen"}, {ID: "hall"}},
		Panel: &alarm.Snapshot{
			At: 100 * sec, Step: 1000, Boot: 41, LastEvent: 77, LastAlarm: 5,
			Points: []alarm.PointState{
				{ID: "smoke-1", Name: "厨房烟感 Smoke", Zone: "kitchen", Signal: alarm.Fire,
					Channels: []alarm.ChannelState{{Quantity: drivers.Contact, At: 99 * sec,
						Seen: true, Quality: point.Good}}},
				{ID: "heat-1", Name: "厨房温感 Heat", Zone: "kitchen", Signal: alarm.Fire, Aborted: 2,
					Channels: []alarm.ChannelState{{Quantity: drivers.Temperature, Value: 23_400,
						Raw: 23_700, At: 98 * sec, Seen: true, Quality: point.Good}}},
				{ID: "gas-1", Zone: "hall", Signal: alarm.Gas,
					Life: alarm.LifeState{Watched: true},
					Channels: []alarm.ChannelState{{Quantity: drivers.Combustible, Value: 200, Raw: 200,
						At: 99 * sec, Seen: true, Quality: point.Uncertain, Reason: point.WarmUp}}},
			},
			Outputs: []alarm.OutputState{
				{ID: "siren", Name: "警号 Siren", Kind: alarm.Sounder}, {ID: "lamp", Kind: alarm.Lamp},
			},
		},
		Site: Site{ID: "corner-shop", Name: "街角小店 Corner shop", Hash: "9e50a04a47bd3028"},
		Guard: Guard{Steps: 1000, StepMax: 1500 * time.Microsecond, GapMax: 101 * time.Millisecond,
			Outputs: []Output{{ID: "siren", Sets: 100, SetMax: 40 * time.Microsecond}}},
		Buses: []Bus{{Name: "i2c-1", Reads: 200, LateMax: 1200 * time.Millisecond, Late: []Late{
			{time.Millisecond, 190}, {10 * time.Millisecond, 9}, {0, 1},
		}}},
		Outbox: Outbox{Lanes: []Lane{
			{Name: "a", Sent: 5, Confirmed: 5}, {Name: "e", Sent: 3, Confirmed: 3},
			{Name: "t", Held: 12, HeldBytes: 960, Sent: 40, Confirmed: 39},
		}, WrittenBytes: 8192, Commits: 2},
		Link: Link{Broker: "mqtts://mq.example:8883", Connected: true,
			Since: made.Add(-90 * time.Minute), Tries: 1, InFlight: 1,
			RoundTrip: 45 * time.Millisecond, Received: 4},
		Clock: Clock{Now: made, Quality: "ntp", Error: 20 * time.Millisecond},
		Identity: Identity{State: "enrolled", Device: "fp-7k2m4qx6tb", Tenant: "district-7",
			Expires: made.AddDate(0, 3, 0)},
		Face:  Face{URL: "https://shop:8443/", Fingerprint: [32]byte{0xfe, 0x0a, 31: 0x7b}},
		Build: Build{Version: "v0.1.0", Go: "go1.26", Arch: "linux/arm64"},
	}
}

// burning is the same site with a fire, faults, a disablement, and no line to the district.
func burning() *Status {
	s := quiet()
	s.Sim = true
	p := s.Panel
	p.Silenced = true
	heat := detect.Finding{Level: detect.Alarm, Why: [4]detect.Evidence{
		{Quantity: drivers.Temperature, Value: 61_500, Limit: 57_000, Weight: 1000},
		{Quantity: drivers.Temperature, Value: 9_870, Limit: 8_000, Weight: 1000},
		{Quantity: drivers.Temperature, Value: 46_038, Limit: 46_000, Weight: 1000},
	}}
	p.Points[1].Conditions = []detect.Condition{
		{Kind: detect.Rise, Quantity: drivers.Temperature, Level: detect.PreAlarm, Limit: 8_000},
		{Kind: detect.Above, Quantity: drivers.Temperature, Level: detect.PreAlarm, Limit: 46_000},
		{Kind: detect.Above, Quantity: drivers.Temperature, Level: detect.Alarm, Limit: 57_000},
	}
	p.Points[0].Disabled, p.Points[0].Reason = 30*time.Minute, "装修 building work"
	p.Points[1].Finding, p.Points[1].Alarm = heat, "heat-1-41-5"
	p.Points[1].Channels[0].Value = 66_199
	p.Points[2].Finding.Fault = detect.SensorSilent
	p.Points[2].Channels[0] = alarm.ChannelState{Quantity: drivers.Combustible, Value: 200, Raw: 200,
		At: 20 * sec, Seen: true, Quality: point.Bad, Reason: point.Stale}
	p.Alarms = []alarm.AlarmState{
		{ID: "smoke-1-40-4", Point: "smoke-1", Zone: "kitchen", Signal: alarm.Fire,
			Finding: detect.Finding{Level: detect.Alarm}, Since: -50 * sec, Reached: -50 * sec,
			Latched: true, Acknowledged: true, Restored: true},
		{ID: "heat-1-41-5", Point: "heat-1", Zone: "kitchen", Signal: alarm.Fire, Finding: heat,
			Since: 81 * sec, Reached: 88 * sec, Active: true, Latched: true, Silenced: true},
	}
	p.Faults = []alarm.FaultState{
		{Fault: detect.SensorSilent, Point: "gas-1", Since: 28 * sec},
		{Fault: alarm.UplinkDown, Detail: "dial tcp: timeout", Since: 60 * sec},
		{Fault: alarm.OutputFailed, Detail: "siren: no answer for 3 s; lamp: hangs; x: y",
			Since: 99 * sec},
	}
	p.Outputs[1].Pattern = alarm.Steady
	p.Outputs = append(p.Outputs, alarm.OutputState{
		ID: "valve", Name: "燃气阀 Valve", Kind: alarm.Valve, Pattern: alarm.Steady, Kept: true,
		Failed: true,
	})
	s.Guard.Outputs = append(s.Guard.Outputs, Output{ID: "lamp", On: true, Sets: 9, Err: "hangs"})
	s.Guard.Outputs[0].Err = "no answer for 3 s"
	s.Outbox.Lanes[0].Held = 2
	s.Outbox.Lanes[2].Dropped, s.Outbox.Err, s.Outbox.MemoryOnly = 7, "no space left on device", true
	s.Link = Link{Broker: "mqtts://mq.example:8883", Since: made.Add(-40 * time.Second), Tries: 9,
		Class: "broken", Err: "dial tcp: timeout"}
	s.Clock = Clock{Quality: "none"}
	s.Identity = Identity{State: "unenrolled"}
	s.Site.Rejected = "site.toml:41: point \"heat-1\": alarm \"60\" has no unit; write \"60 °C\""
	s.Site.From, s.Site.Offer = "good", &SiteOffer{
		ID: "c-13", Hash: "3fa9c2d4e5b60718",
		Weakens: []alarm.Text{{En: "output siren: is removed", Zh: "输出 siren：被删除"}},
	}
	return s
}

// sourceOf shows s, with what a page can have: a history, a matrix and who may act.
func sourceOf(s *Status) Source {
	h := history.New(8)
	if s != nil && s.Panel != nil {
		h.Keep(s.Panel)
	}
	return Source{
		Status: func() *Status { return s }, Events: func(int) []alarm.Event { return nil },
		History: h, Acting: func() Acting { return ByPIN },
		Effects: func(bool) [][]string {
			return [][]string{{"cause", "siren"}, {"one detector finds fire", "fire tone"}}
		},
	}
}

func serve(s *Status, now time.Time) http.Handler {
	return newPages(sourceOf(s), func() time.Time { return now }).Handler()
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// What people and programs see of a quiet site and of a burning one.
func TestFaces(t *testing.T) {
	for name, s := range map[string]*Status{"quiet": quiet(), "burning": burning()} {
		h := serve(s, made.Add(time.Second))
		for face, path := range map[string]string{
			"en.page": "/?lang=en", "zh.page": "/?lang=zh", "status.json": "/status.json",
			"metrics": "/metrics", "healthz": "/healthz",
		} {
			w := get(h, path)
			if w.Code != http.StatusOK {
				t.Errorf("%s %s: got code %d, want 200", name, path, w.Code)
			}
			golden(t, name+"."+face, w.Body.String())
		}
	}
}

// The word at the top is the most urgent thing that is so.
func TestTheMostUrgentWordWins(t *testing.T) {
	raise := func(s alarm.Signal, l detect.Level) func(*Status) {
		return func(st *Status) {
			st.Panel.Alarms = append(st.Panel.Alarms,
				alarm.AlarmState{Signal: s, Finding: detect.Finding{Level: l}})
		}
	}
	faulty := func(s *Status) { s.Panel.Points[0].Finding.Fault = detect.SensorFailed }
	off := func(s *Status) { s.Panel.Points[0].Disabled = time.Hour }
	for _, c := range []struct {
		name string
		so   []func(*Status)
		want string
	}{
		{"nothing", nil, "normal"},
		{"disabled", []func(*Status){off}, "disabled"},
		{"fault before disabled", []func(*Status){off, faulty}, "fault"},
		{"fault of the box", []func(*Status){func(s *Status) {
			s.Panel.Faults = []alarm.FaultState{{Fault: alarm.StorageFull}}
		}}, "fault"},
		{"supervisory before fault", []func(*Status){faulty, raise(alarm.Supervisory, detect.Alarm)},
			"supervisory"},
		{"pre-alarm of fire before low water", []func(*Status){
			raise(alarm.Fire, detect.PreAlarm), raise(alarm.Water, detect.AlarmHigh)}, "prealarm"},
		{"gas before pre-alarm of fire", []func(*Status){
			raise(alarm.Fire, detect.PreAlarm), raise(alarm.Gas, detect.Alarm)}, "gas"},
		{"fire before gas", []func(*Status){
			raise(alarm.Fire, detect.Alarm), raise(alarm.Gas, detect.AlarmHigh)}, "fire"},
		{"evacuation before water", []func(*Status){
			raise(alarm.Water, detect.Alarm), raise(alarm.Evacuation, detect.Alarm)}, "evacuation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := quiet()
			for _, f := range c.so {
				f(s)
			}
			if got := overall(s, made).Class; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A box that has not heard of all its points yet is starting, and not normal; a fault and an alarm
// are told at once, and what is disabled is not waited for.
func TestAPointUnheardIsNotNormal(t *testing.T) {
	unheard := func(s *Status) *alarm.PointState {
		s.Panel.Points[1].Channels[0].Seen = false
		return &s.Panel.Points[1]
	}
	for want, so := range map[string]func(*Status){
		"unknown":  func(s *Status) { unheard(s) },
		"disabled": func(s *Status) { unheard(s).Disabled = time.Hour },
		"fault":    func(s *Status) { unheard(s).Finding.Fault = detect.SensorSilent },
		"fire": func(s *Status) {
			unheard(s)
			s.Panel.Alarms = alight().Panel.Alarms
		},
	} {
		s := quiet()
		so(s)
		if got := overall(s, made); got.Class != want {
			t.Errorf("got %s, want %s", got.Class, want)
		}
	}
}

// What is old or absent never looks normal: not on the page, not in JSON, not to a supervisor.
func TestAnOldStatusIsNeverNormal(t *testing.T) {
	stopped := quiet()
	stopped.Now = stopped.Panel.At + 4*sec
	empty := &Status{Made: made}
	for _, c := range []struct {
		name  string
		s     *Status
		now   time.Time
		state string
		word  string
	}{
		{"agent stopped", quiet(), made.Add(11 * time.Second), "unknown", "Not responding"},
		{"panel stopped", stopped, made, "unknown", "Not responding"},
		{"no panel yet", empty, made, "unknown", "Starting"},
		{"nothing yet", nil, made, "unknown", "Starting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := serve(c.s, c.now)
			if got := get(h, "/healthz").Code; got != http.StatusServiceUnavailable {
				t.Errorf("/healthz: got code %d, want 503", got)
			}
			if got := get(h, "/").Body.String(); !strings.Contains(got, c.word) ||
				strings.Contains(got, `<h1><span>Normal`) {
				t.Errorf("the page does not say %q:\n%s", c.word, got)
			}
			json := get(h, "/status.json").Body.String()
			if !strings.Contains(json, `"state": "`+c.state+`"`) ||
				!strings.Contains(json, `"alive": false`) {
				t.Errorf("the JSON does not say %q:\n%s", c.state, json)
			}
			if got := get(h, "/metrics").Body.String(); !strings.Contains(got, "firepost_alive 0\n") {
				t.Errorf("the metrics do not say so:\n%s", got)
			}
		})
	}
}

// The head of the page says where it is, since when, and what to do: of the alarms that gave it its
// word, no more than a person reads from afar, and with a time of day only by a clock that is set.
func TestTheHeadSaysWhereAndWhatToDo(t *testing.T) {
	head := func(s *Status) string {
		page := get(serve(s, made), "/").Body.String()
		return page[strings.Index(page, "<header"):strings.Index(page, "</header>")]
	}
	s := burning()
	s.Panel.Alarms = append(s.Panel.Alarms, alarm.AlarmState{
		Point: "gas-1", Zone: "hall", Signal: alarm.Gas, Finding: detect.Finding{Level: detect.Alarm},
		Since: -90 * sec, Reached: -90 * sec,
	})
	s.Clock = Clock{Now: made, Quality: "ntp"}
	got := head(s)
	for _, want := range []string{"厨房 Kitchen · 厨房温感 Heat", "since 09:17:31", "Call 119.", "火警"} {
		if !strings.Contains(got, want) {
			t.Errorf("got no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "gas-1") {
		t.Errorf("a gas alarm is named under the word fire:\n%s", got)
	}
	for range 4 {
		s.Panel.Alarms = append(s.Panel.Alarms, s.Panel.Alarms[0])
	}
	s.Clock.Quality = "none"
	if got := head(s); !strings.Contains(got, "3 more") || !strings.Contains(got, "for 2 min") ||
		strings.Contains(got, "since 09") {
		t.Errorf("of six alarms and with no clock:\n%s", got)
	}
	if got := head(quiet()); strings.Contains(got, `class="do"`) ||
		strings.Contains(got, `class="since"`) {
		t.Errorf("when all is well:\n%s", got)
	}
}

// A value on the page has three figures, whatever its size and sign.
func TestValuesAreRounded(t *testing.T) {
	for value, want := range map[int64]int64{
		0: 0, 999: 999, 1_004: 1_000, 26_501: 26_500, 26_950: 27_000, -26_501: -26_500,
		99_960:            100_000,
		math.MaxInt64 / 4: 2_310_000_000_000_000_000,
	} {
		if got := rounded(value); got != want {
			t.Errorf("%d: got %d, want %d", value, got, want)
		}
	}
}

// A value that cannot be believed is nowhere shown as one.
func TestABadValueIsAbsent(t *testing.T) {
	h := serve(burning(), made)
	got := get(h, "/metrics").Body.String()
	if strings.Contains(got, `firepost_point_value{point="gas-1"`) {
		t.Errorf("the metrics have a value of gas-1:\n%s", got)
	}
	for _, path := range []string{"/", "/status.json"} {
		if got := get(h, path).Body.String(); strings.Contains(got, "0.2 %LEL") {
			t.Errorf("%s shows the value of gas-1:\n%s", path, got)
		}
	}
}

// Everything answers to reading alone, and each answer keeps the browser on this page.
func TestNothingCanBeChanged(t *testing.T) {
	h := serve(quiet(), made)
	for _, path := range []string{"/", "/page.css", "/status.json", "/metrics", "/healthz"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("x")))
			if w.Code != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: got code %d, want 405", method, path, w.Code)
			}
		}
		head := get(h, path).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self';", "Cache-Control": "no-store",
			"X-Content-Type-Options": "nosniff",
		} {
			if got := head.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s: got %s %q, want %q", path, name, got, want)
			}
		}
	}
	if got := get(h, "/other").Code; got != http.StatusNotFound {
		t.Errorf("/other: got code %d, want 404", got)
	}
}

// The page needs nothing from elsewhere, and text from the site file stays text.
func TestThePageStandsAlone(t *testing.T) {
	s := burning()
	s.Site.Name = `<script src="http://evil.example/x.js"></script>`
	s.Panel.Points[0].Name = `<img src=x onerror=alert(1)>`
	page := get(serve(s, made), "/").Body.String()
	const ours = `<script src="page.js" defer></script>`
	page = strings.Replace(page, ours, "", 1)
	for _, bad := range []string{"<script", "<img", `="http`, "style=", "url(", " onclick="} {
		for what, text := range map[string]string{
			"page": page, "style": string(pageCSS), "style of charts": string(plotCSS),
		} {
			if strings.Contains(text, bad) {
				t.Errorf("the %s holds %q", what, bad)
			}
		}
	}
	for _, bad := range []string{"http:", "https:", "//cdn", "eval(", "document.write"} {
		if strings.Contains(string(pageJS)+string(courseJS), bad) {
			t.Errorf("the scripts hold %q", bad)
		}
	}
}

// A name of a bus is whatever the site file says; it must not end the metrics.
func TestOddNamesAreOnlyLabels(t *testing.T) {
	s := quiet()
	s.Buses = []Bus{{Name: "a\"b\\c{d}=,\n"}, {Name: "总线"}, {Name: ""}}
	var body bytes.Buffer
	writeMetrics(&body, s, made)
	for _, want := range []string{`bus="a_b_c_d____"`, `bus="总线"`, `bus=""`} {
		if !strings.Contains(body.String(), want) {
			t.Errorf("got no %s in:\n%s", want, body.String())
		}
	}
}

// Requests have a bound: one that waits costs a place, and the next is told to come again.
func TestRequestsAreBounded(t *testing.T) {
	begun, hold := make(chan bool), make(chan bool)
	var asked atomic.Int32
	h := newPages(Source{Status: func() *Status {
		if asked.Add(1) <= maxRequests { // one more would be answered at once, and be seen
			begun <- true
			<-hold
		}
		return quiet()
	}}, func() time.Time { return made }).Handler()
	codes := make(chan int)
	for range maxRequests {
		go func() { codes <- get(h, "/healthz").Code }()
		<-begun
	}
	if got := get(h, "/healthz").Code; got != http.StatusServiceUnavailable {
		t.Errorf("one too many: got code %d, want 503", got)
	}
	close(hold)
	for range maxRequests {
		if got := <-codes; got != http.StatusOK {
			t.Errorf("got code %d, want 200", got)
		}
	}
}

// A server has a bound on all that a client could draw out.
func TestServerHasEveryTimeout(t *testing.T) {
	s := NewServer(http.NotFoundHandler())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 ||
		s.MaxHeaderBytes <= 0 {
		t.Errorf("got %+v, want a bound on each", s)
	}
}

// Every signal, reason and level has words in both languages, says what to do, and has a rule for
// its colour.
func TestEverythingHasWords(t *testing.T) {
	for _, s := range alarm.Signals() {
		for l := detect.Supervisory; l <= detect.AlarmHigh; l++ {
			st := wordOf(s, l)
			if st.En == "" || st.Zh == "" || st.Do.En == "" || st.Do.Zh == "" {
				t.Errorf("%v %v: has no words, or does not say what to do", s, l)
			}
			if !strings.Contains(string(pageCSS), "[data-state="+st.Class+"]") {
				t.Errorf("%v %v: state %s has no colour", s, l, st.Class)
			}
		}
	}
	for r := point.None + 1; r.String() != "unknown"; r++ {
		if reasons[r].En == "" || reasons[r].Zh == "" {
			t.Errorf("%v: has no words", r)
		}
	}
}

// Text can be read on everything that it stands on: contrast of 4.5, after WCAG 2.1 for small text.
func TestTextStandsOut(t *testing.T) {
	vars := regexp.MustCompile(`--(\w+): #(\w{6})`)
	day, night := map[string]string{}, map[string]string{}
	for i, block := range strings.SplitN(string(pageCSS), "@media", 2) {
		for _, m := range vars.FindAllStringSubmatch(block, -1) {
			night[m[1]] = m[2]
			if i == 0 {
				day[m[1]] = m[2]
			}
		}
	}
	if day["paper"] == night["paper"] {
		t.Fatal("the page has no dark colours")
	}
	for name, colours := range map[string]map[string]string{"day": day, "night": night} {
		pairs := [][2]string{
			{colours["ink"], colours["paper"]}, {colours["soft"], colours["paper"]},
			{colours["ink"], colours["card"]}, {colours["soft"], colours["card"]},
			{colours["link"], colours["paper"]}, {colours["link"], colours["card"]},
		}
		for _, back := range []string{"good", "red", "orange", "amber", "blue", "grey"} {
			pairs = append(pairs, [2]string{"ffffff", colours[back]})
		}
		for _, p := range pairs {
			if got := contrast(p[0], p[1]); got < 4.5 {
				t.Errorf("%s: #%s on #%s: got a contrast of %.2f, want 4.5", name, p[0], p[1], got)
			}
		}
	}
}

func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(hex string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			panic(fmt.Sprintf("colour %q: %v", hex, err))
		}
		c := float64(n) / 255
		if c <= 0.03928 {
			sum += weight * c / 12.92
		} else {
			sum += weight * math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	return sum
}
