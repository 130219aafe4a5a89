package diag

import (
	_ "embed" // the style is part of the program
	"net/http"
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

//go:embed style.css
var styleText []byte

// maxRequests bounds how many requests are answered at the same time. A page is there for a few
// people, and must not take the processor from the panel.
const maxRequests = 8

// pages answers the requests.
type pages struct {
	status func() *Status
	events func(most int) []alarm.Event
	now    func() time.Time
	free   chan struct{}
}

// Handler serves the page at /, and /status.json, /events.json, /metrics and /healthz, and below
// /text what a terminal shows. status and events must return at once, status never nil to be
// useful, events the newest last; they are called at each request, from many goroutines. Nothing
// can be changed through it.
func Handler(status func() *Status, events func(most int) []alarm.Event) http.Handler {
	return newPages(status, events, time.Now)
}

func newPages(
	status func() *Status, events func(int) []alarm.Event, now func() time.Time,
) http.Handler {
	p := &pages{status: status, events: events, now: now, free: make(chan struct{}, maxRequests)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /text/{language}/{face}", p.serveText)
	mux.HandleFunc("GET /text/{language}/{face}/{of}", p.serveText)
	mux.HandleFunc("GET /events.json", p.serveEvents)
	mux.HandleFunc("GET /events.json/{n}", p.serveEvents)
	mux.HandleFunc("GET /{$}", p.servePage)
	mux.HandleFunc("GET /style.css", p.serveStyle)
	mux.HandleFunc("GET /status.json", p.serveJSON)
	mux.HandleFunc("GET /metrics", p.serveMetrics)
	mux.HandleFunc("GET /healthz", p.serveHealth)
	return p.guarded(mux)
}

// guarded bounds the requests and forbids the browser everything that the page does not need.
func (p *pages) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case p.free <- struct{}{}:
			defer func() { <-p.free }()
		default:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// send writes a whole answer: a failure halfway must not look like a page.
func send(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // an error is the reader's: he has gone
}

func (p *pages) servePage(w http.ResponseWriter, _ *http.Request) {
	send(w, "text/html; charset=utf-8", page(newView(p.status(), p.now())))
}

func (p *pages) serveStyle(w http.ResponseWriter, _ *http.Request) {
	send(w, "text/css; charset=utf-8", styleText)
}

// serveHealth tells a supervisor whether the panel is at work. An alarm or a fault is no illness.
func (p *pages) serveHealth(w http.ResponseWriter, _ *http.Request) {
	if !p.status().alive(p.now()) {
		http.Error(w, "the panel is not at work", http.StatusServiceUnavailable)
		return
	}
	send(w, "text/plain; charset=utf-8", []byte("ok\n"))
}

// NewServer returns a server with a bound on everything that a client could drag out.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
	}
}
