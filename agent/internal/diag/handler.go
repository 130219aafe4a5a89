package diag

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/history"
	"github.com/firepost/firepost/agent/point"
)

// Source is what the faces show. Status and Events are required. All of it returns at once and is
// asked by many goroutines; none of it makes the panel wait.
type Source struct {
	Status  func() *Status
	Events  func(most int) []alarm.Event // the newest last
	History *history.Store               // nil: none is kept
	// Effects are the rows of the cause and effect table, the head first; nil: it is not shown.
	Effects func(chinese bool) [][]string
	Acting  func() Acting // nil: it only shows
}

// recent is what the small pictures show.
func (s *Source) recent() map[point.ID][][]history.Slot {
	if s.History == nil {
		return nil
	}
	return s.History.Recent(sparkMinutes)
}

// maxRequests bounds how many requests are answered at the same time. A page is there for a few
// people, and must not take the processor from the panel.
const maxRequests = 8

// Pages answer the requests of readers.
type Pages struct {
	src  Source
	now  func() time.Time
	free chan struct{}
	live chan struct{}
}

// New returns the pages of a source.
func New(src Source) *Pages { return newPages(src, time.Now) }

func newPages(src Source, now func() time.Time) *Pages {
	return &Pages{
		src: src, now: now, free: make(chan struct{}, maxRequests), live: make(chan struct{}, maxLive),
	}
}

// Handler serves the page at / with what it needs, /live, /status.json, /events.json, /events.csv,
// /history.json, /walktest, /metrics and /healthz, and below /text what a terminal shows. Nothing
// can be changed through it.
func (p *Pages) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, fn := range map[string]http.HandlerFunc{
		"/text/{language}/{face}":      p.serveText,
		"/text/{language}/{face}/{of}": p.serveText,
		"/events.json":                 p.serveEvents,
		"/events.json/{n}":             p.serveEvents,
		"/events.csv":                  p.serveEventsCSV,
		"/events.csv/{n}":              p.serveEventsCSV,
		"/{$}":                         p.servePage,
		"/status.json":                 p.serveJSON,
		"/history.json/{point}":        p.serveHistory,
		"/sparks.json":                 p.serveSparks,
		"/walktest":                    p.serveRecord,
		"/walktest.json":               p.serveWalkJSON,
		"/metrics":                     p.serveMetrics,
		"/healthz":                     p.serveHealth,
	} {
		mux.Handle("GET "+pattern, p.bounded(fn))
	}
	for _, a := range assets() {
		mux.Handle("GET /"+a.path, p.bounded(a.serve))
	}
	mux.HandleFunc("GET /live", p.serveLive)
	return Guarded(mux)
}

// Guarded forbids the browser everything that the page does not need.
func Guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "+
			"img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "+
			"frame-ancestors 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// bounded answers so many requests at a time and no more.
func (p *Pages) bounded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case p.free <- struct{}{}:
			defer func() { <-p.free }()
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
			return
		}
		next(w, r)
	})
}

// send writes a whole answer: a failure halfway must not look like a page.
func send(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // an error is the reader's: he has gone
}

const htmlKind = "text/html; charset=utf-8"

// sendJSON writes v as people read it.
func sendJSON(w http.ResponseWriter, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, "application/json", append(body, '\n'))
}

// languageCookie remembers the language that somebody has chosen.
const languageCookie = "lang"

// inChinese tells in which language a request wants its page: what its address says, else what was
// chosen before, else what the browser likes best.
func inChinese(r *http.Request) bool {
	language := r.URL.Query().Get("lang")
	if c, err := r.Cookie(languageCookie); language == "" && err == nil {
		language = c.Value
	}
	if language == "" {
		language = r.Header.Get("Accept-Language")
	}
	return strings.HasPrefix(strings.ToLower(language), "zh")
}

// sheetFor is an empty sheet in the language of a request.
func (p *Pages) sheetFor(r *http.Request) *sheet {
	return newSheet(&p.src, p.src.Status(), p.now(), inChinese(r))
}

// keepLanguage remembers a language that the address names.
func keepLanguage(w http.ResponseWriter, r *http.Request) {
	if l := r.URL.Query().Get("lang"); l == "zh" || l == "en" {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: l, MaxAge: 366 * 24 * 3600, SameSite: http.SameSiteStrictMode,
			HttpOnly: true, Secure: r.TLS != nil,
		})
	}
}

func (p *Pages) servePage(w http.ResponseWriter, r *http.Request) {
	keepLanguage(w, r)
	m := p.sheetFor(r)
	m.page()
	send(w, htmlKind, m.Bytes())
}

// Door is the page for who may not read before he says who he is. Wrong says what was wrong with
// the last answer.
func (p *Pages) Door(w http.ResponseWriter, r *http.Request, code int, wrong alarm.Text) {
	keepLanguage(w, r)
	m := p.sheetFor(r)
	m.door(m.say(wrong))
	w.Header().Set("Content-Type", htmlKind)
	w.WriteHeader(code)
	w.Write(m.Bytes()) // an error is the reader's: he has gone
}

func (p *Pages) serveRecord(w http.ResponseWriter, r *http.Request) {
	m := p.sheetFor(r)
	m.record()
	send(w, htmlKind, m.Bytes())
}

func (p *Pages) serveWalkJSON(w http.ResponseWriter, r *http.Request) {
	m := p.sheetFor(r)
	j := walkJSON{Site: m.v.Site.ID, Name: m.v.Site.Name, Device: m.v.Identity.Device, Sim: m.v.Sim}
	if s := m.status; s.Panel != nil && s.Panel.Test != nil {
		j.Test = newTestJSON(s.Panel.Test)
		if began, ok := s.wall(s.Panel.At.Add(-s.Panel.Test.Age)); ok {
			j.Begun = &began
		}
	}
	sendJSON(w, j)
}

func (p *Pages) serveHistory(w http.ResponseWriter, r *http.Request) {
	s, id := p.src.Status(), point.ID(r.PathValue("point"))
	if s == nil || s.Panel == nil || p.src.History == nil {
		http.Error(w, "no history yet", http.StatusServiceUnavailable)
		return
	}
	at := pointOf(s.Panel, id)
	if at.Channels == nil {
		http.Error(w, "there is no such point; /status.json lists them", http.StatusNotFound)
		return
	}
	body, err := json.Marshal(newTrailJSON(s, at, p.src.History.Point(id)))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, "application/json", body)
}

// serveSparks gives the small pictures anew, by the name that they have on the page.
func (p *Pages) serveSparks(w http.ResponseWriter, _ *http.Request) {
	all := map[string]string{}
	for id, channels := range p.src.recent() {
		for i, slots := range channels {
			all[string(id)+"/"+strconv.Itoa(i)] = sparkPath(slots)
		}
	}
	sendJSON(w, all)
}

// serveHealth tells a supervisor whether the panel is at work. An alarm or a fault is no illness.
func (p *Pages) serveHealth(w http.ResponseWriter, _ *http.Request) {
	if !p.src.Status().alive(p.now()) {
		http.Error(w, "the panel is not at work", http.StatusServiceUnavailable)
		return
	}
	send(w, "text/plain; charset=utf-8", []byte("ok\n"))
}
