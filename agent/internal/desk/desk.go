// Package desk lets people act through the page, each under his own number and with his own PIN. It
// must never let anybody act whom it does not know, and nothing in it makes the panel wait.
package desk

import (
	"context"
	"encoding/json"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// Person is who acts.
type Person struct {
	Number uint8  `json:"operator"`
	Name   string `json:"name"`
	Level  uint8  `json:"level"`
	Key    string `json:"-"` // of his PIN: with another one he has to log in anew
}

// Verdict is what a PIN was.
type Verdict uint8

// The verdicts.
const (
	Wrong  Verdict = iota // or there is no such person, or he has no PIN
	Right                 // it is his
	Locked                // too many wrong ones: it was not even looked at
)

// Config is what a desk stands on.
type Config struct {
	// Read shows what there is to see. It must answer to GET alone and change nothing.
	Read http.Handler
	// Door asks a reader who he is, and says what was wrong with the last answer.
	Door func(w http.ResponseWriter, r *http.Request, code int, wrong alarm.Text)
	// Check tells whether a PIN is that of an operator. Near: it is given on the box itself.
	Check func(ctx context.Context, number uint8, pin string, near bool) (Person, Verdict)
	// Known tells whether somebody who has logged in is still known as that.
	Known func(Person) bool
	// Obey carries out an order, which is the body of the request.
	Obey func(w http.ResponseWriter, r *http.Request, by Person, near bool)

	// Near: it is reached from the box itself alone. There reading is open, and a stranger on the
	// network locks nobody out. What the box asks of itself elsewhere is near as well.
	Near  bool
	Open  bool     // everybody may read
	Names []string // of the box in a browser, beside its addresses
	Log   *slog.Logger
}

const (
	mostLogin = 1 << 10 // bytes of a number and a PIN
	mostOrder = 4 << 10 // bytes of an order
	// tokenHeader carries what a page of another site cannot know.
	tokenHeader = "X-Firepost-Token"
)

// What is wrong with what somebody said of himself.
var (
	wrongText = alarm.Text{En: "The number or the PIN is wrong.", Zh: "编号或密码错误。"}
	lockText  = alarm.Text{
		En: "Too many wrong PINs. Wait, or use the buttons of the box.",
		Zh: "密码错误次数过多，请稍候，或使用设备按钮。",
	}
)

// Desk is one page that people act on.
type Desk struct {
	c        Config
	sessions sessions
	far      *Locks[netip.Prefix] // by the address, of readers who are not at the box
	cross    *http.CrossOriginProtection
}

// New returns a desk.
func New(c Config) *Desk {
	return &Desk{c: c, far: NewLocks[netip.Prefix](256), cross: http.NewCrossOriginProtection()}
}

// Handler serves everything of Read to who may read, and POST /login, /logout and /command, and GET
// /session.json. A request that does not name this box, or comes from a page of another one, is
// refused before anything else.
func (d *Desk) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", d.login)
	mux.HandleFunc("POST /logout", d.logout)
	mux.HandleFunc("POST /command", d.command)
	mux.HandleFunc("GET /session.json", d.session)
	mux.HandleFunc("GET /", d.read)
	checked := d.cross.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.isMe(r.Host) {
			http.Error(w, "this is not the name of the box: use its address, or write the name into "+
				"[page] names of the site file", http.StatusMisdirectedRequest)
			return
		}
		checked.ServeHTTP(w, r)
	})
}

// isMe tells whether a browser that asks for host means this box. A page of somewhere else can make
// a browser ask here under its own name (DNS rebinding), but never under an address or under a name
// that only this box has.
func (d *Desk) isMe(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	for _, name := range d.c.Names {
		if host == strings.ToLower(name) {
			return true
		}
	}
	return false
}

// near tells whether a request comes from the box itself: both ends of its connection are there,
// whatever the head of the request says.
func (d *Desk) near(r *http.Request) bool {
	if d.c.Near {
		return true
	}
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if err != nil || !ok || !remote.Addr().Unmap().IsLoopback() {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// isFree tells what everybody may have: it tells nothing of the site.
func isFree(path string) bool {
	return path == "/page.css" || path == "/icon.svg" || path == "/healthz"
}

// known is the session of a request, of somebody who is still known; nil: there is none.
func (d *Desk) known(r *http.Request) *session {
	s := d.sessions.of(r, time.Now())
	if s != nil && !d.c.Known(s.person) {
		d.sessions.end(r)
		return nil
	}
	return s
}

func (d *Desk) read(w http.ResponseWriter, r *http.Request) {
	if d.near(r) || d.c.Open || isFree(r.URL.Path) {
		d.c.Read.ServeHTTP(w, r)
		return
	}
	s := d.known(r)
	if s == nil {
		d.c.Door(w, r, http.StatusUnauthorized, alarm.Text{})
		return
	}
	// What is open ends with the session: somebody has logged out, or his shift is over.
	ctx, stop := context.WithDeadline(r.Context(), s.begun.Add(longestSession))
	defer stop()
	defer context.AfterFunc(s.over, stop)()
	d.c.Read.ServeHTTP(w, r.WithContext(ctx))
}

// login begins a session. Who asks with a script gets JSON, who asks with the form a page.
func (d *Desk) login(w http.ResponseWriter, r *http.Request) {
	number, pin, ok := credentials(w, r)
	if !ok {
		http.Error(w, "login: send the fields number and pin of a form", http.StatusBadRequest)
		return
	}
	from, near := network(r), d.near(r)
	p, verdict := Person{}, Locked
	if near || !d.far.Locked(from, time.Now()) {
		p, verdict = d.c.Check(r.Context(), number, pin, near)
	}
	switch verdict {
	case Right:
		d.far.Right(from)
		d.enter(w, r, p)
	case Locked:
		d.refuse(w, r, http.StatusTooManyRequests, lockText)
	default:
		if !near {
			d.far.Wrong(from, time.Now())
		}
		d.c.Log.Warn("page: wrong PIN", "operator", number, "from", r.RemoteAddr)
		d.refuse(w, r, http.StatusUnauthorized, wrongText)
	}
}

// credentials reads a number and a PIN, and nothing that is too long to be them.
func credentials(w http.ResponseWriter, r *http.Request) (number uint8, pin string, ok bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return 0, "", false
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostLogin)
	if r.ParseForm() != nil {
		return 0, "", false
	}
	n, err := strconv.ParseUint(r.PostForm.Get("number"), 10, 8)
	return uint8(n), r.PostForm.Get("pin"), err == nil
}

// network is whom wrong PINs are counted for: an address, or in IPv6 the network that a single
// owner has all of.
func network(r *http.Request) netip.Prefix {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	bits, addr := 32, at.Addr().Unmap()
	if addr.Is6() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

func (d *Desk) enter(w http.ResponseWriter, r *http.Request, p Person) {
	d.sessions.end(r)
	s, secret := d.sessions.begin(p, time.Now())
	http.SetCookie(w, cookie(r, secret))
	d.c.Log.Info("page: login", "operator", p.Number, "from", r.RemoteAddr)
	if wantsJSON(r) {
		tell(w, http.StatusOK, d.sessions.told(s, time.Now()))
		return
	}
	w.Header().Set("Location", "./")
	w.WriteHeader(http.StatusSeeOther)
}

func (d *Desk) refuse(w http.ResponseWriter, r *http.Request, code int, why alarm.Text) {
	if wantsJSON(r) {
		tell(w, code, struct {
			En string `json:"en"`
			Zh string `json:"zh"`
		}{why.En, why.Zh})
		return
	}
	d.c.Door(w, r, code, why)
}

// session tells a page who acts on it. Who may no longer act, but still read, gets no token.
func (d *Desk) session(w http.ResponseWriter, r *http.Request) {
	if s := d.known(r); s != nil {
		tell(w, http.StatusOK, d.sessions.told(s, time.Now()))
		return
	}
	tell(w, http.StatusOK, struct{}{})
}

func (d *Desk) logout(w http.ResponseWriter, r *http.Request) {
	if s := d.known(r); s == nil || !s.hasToken(r) {
		http.Error(w, "logout: it is not from this page", http.StatusForbidden)
		return
	}
	d.sessions.end(r)
	gone := cookie(r, "")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	w.WriteHeader(http.StatusNoContent)
}

// command hands an order on, of a person who is known and whose page sends it.
func (d *Desk) command(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	s := d.known(r)
	switch {
	case s == nil || !d.sessions.acts(s, now):
		http.Error(w, "log in to act", http.StatusUnauthorized)
	case !s.hasToken(r):
		http.Error(w, "the order is not from this page; load it anew", http.StatusForbidden)
	default:
		r.Body = http.MaxBytesReader(w, r.Body, mostOrder)
		d.c.Obey(w, r, s.person, d.near(r))
	}
}

func tell(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // the other side has hung up
}
