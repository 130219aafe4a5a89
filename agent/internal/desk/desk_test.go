package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// browser is somebody at the page.
type browser struct {
	h      http.Handler
	host   string
	from   string
	cookie string
	token  string
	gone   *bool // the operator is none any more
	head   map[string]string
}

// ask sends one request and keeps the cookie of the answer, as a browser does.
func (b *browser) ask(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = b.host, b.from
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	if b.token != "" {
		r.Header.Set("X-Firepost-Token", b.token)
	}
	for k, v := range b.head {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.cookie = c.Name + "=" + c.Value
	}
	return w
}

func (b *browser) login(pin string) int {
	w := b.ask("POST", "/login", "number=7&pin="+pin)
	var told sessionJSON
	if json.Unmarshal(w.Body.Bytes(), &told) == nil && told.Token != "" {
		b.token = told.Token
	}
	return w.Code
}

// desk is one with an operator 7 whose PIN is 2468; obeyed counts his orders.
func newDesk(t *testing.T, near, open bool) (b *browser, obeyed *int) {
	t.Helper()
	obeyed = new(int)
	gone := false
	d := New(Config{
		Read: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/live" {
				<-r.Context().Done()
			}
			fmt.Fprint(w, "read "+r.URL.Path)
		}),
		Door: func(w http.ResponseWriter, _ *http.Request, code int, wrong alarm.Text) {
			w.WriteHeader(code)
			fmt.Fprint(w, "door "+wrong.En)
		},
		Check: func(_ context.Context, number uint8, pin string, _ bool) (Person, Verdict) {
			if number == 7 && pin == "2468" {
				return Person{Number: 7, Name: "Wang", Level: 2}, Right
			}
			return Person{}, Wrong
		},
		Known: func(Person) bool { return !gone },
		Obey: func(w http.ResponseWriter, r *http.Request, by Person, _ bool) {
			if _, err := io.ReadAll(r.Body); err != nil {
				http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
				return
			}
			if by != (Person{Number: 7, Name: "Wang", Level: 2}) {
				t.Errorf("an order by %+v", by)
			}
			*obeyed++
		},
		Near: near, Open: open, Names: []string{"shop", "shop.local"},
		Log: slog.New(slog.DiscardHandler),
	})
	return &browser{
		h: d.Handler(), host: "192.0.2.7:8080", from: "192.0.2.99:4000", gone: &gone,
	}, obeyed
}

// An order needs the session of a person and the token of his page, and each alone is nothing.
func TestAnOrderNeedsAPersonAndHisPage(t *testing.T) {
	b, obeyed := newDesk(t, false, true)
	if got := b.ask("POST", "/command", "{}").Code; got != http.StatusUnauthorized {
		t.Errorf("a stranger: got %d, want 401", got)
	}
	if got := b.login("1111"); got != http.StatusUnauthorized || b.cookie != "" {
		t.Errorf("a wrong PIN: got %d and cookie %q, want 401 and none", got, b.cookie)
	}
	if got := b.login("2468"); got != http.StatusOK || b.token == "" {
		t.Fatalf("login: got %d with token %q", got, b.token)
	}
	if got := b.ask("POST", "/command", "{}").Code; got != http.StatusOK || *obeyed != 1 {
		t.Errorf("a person: got %d, and %d orders obeyed, want 200 and 1", got, *obeyed)
	}
	token := b.token
	for _, wrong := range []string{"", "x", token + "x", strings.ToLower(token)} {
		b.token = wrong
		if got := b.ask("POST", "/command", "{}").Code; got != http.StatusForbidden {
			t.Errorf("token %q: got %d, want 403", wrong, got)
		}
	}
	b.token, b.cookie = token, "firepost=x"
	if got := b.ask("POST", "/command", "{}").Code; got != http.StatusUnauthorized {
		t.Errorf("a token alone: got %d, want 401", got)
	}
	if *obeyed != 1 {
		t.Errorf("%d orders were obeyed, want 1", *obeyed)
	}
}

// A page of another site gives no order and no PIN, though the browser has the cookie: not by a
// form, not by a script, and not under a name of its own that leads to this box.
func TestAnotherSiteCannotAct(t *testing.T) {
	b, obeyed := newDesk(t, true, false)
	if b.login("2468") != http.StatusOK {
		t.Fatal("no login")
	}
	for _, head := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
		{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://192.0.2.7:8081"},
	} {
		b.head = head
		for _, path := range []string{"/command", "/login", "/logout"} {
			if got := b.ask("POST", path, "number=7&pin=2468").Code; got != http.StatusForbidden {
				t.Errorf("%v %s: got %d, want 403", head, path, got)
			}
		}
	}
	b.head = nil
	for host, want := range map[string]int{
		"evil.example": 421, "evil.example:8080": 421, "shop.evil.example": 421, "": 421,
		"192.0.2.7.evil.example": 421, "shop": 200, "SHOP.local:8080": 200, "localhost:8080": 200,
		"127.0.0.1:8080": 200, "[::1]:8080": 200, "[fe80::1]": 200,
	} {
		b.host = host
		if got := b.ask("GET", "/status.json", "").Code; got != want {
			t.Errorf("host %q: got %d, want %d", host, got, want)
		}
	}
	if *obeyed != 0 {
		t.Errorf("%d orders were obeyed, want none", *obeyed)
	}
}

// The cookie is for the browser alone and for this page alone.
func TestTheCookieIsKeptClose(t *testing.T) {
	b, _ := newDesk(t, false, true)
	w := b.ask("POST", "/login", "number=7&pin=2468")
	got := w.Header().Get("Set-Cookie")
	for _, want := range []string{"firepost=", "Path=/", "HttpOnly", "SameSite=Strict"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want %s in it", got, want)
		}
	}
	r := httptest.NewRequest("GET", "https://192.0.2.7/", nil) // with TLS
	c := cookie(r, "x")
	if c.Name != "__Host-firepost" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Errorf("with TLS: got %+v", c)
	}
}

// Who may not read sees the door and nothing else, by whatever path he comes; what tells nothing of
// the site is for everybody.
func TestReadingFromANetworkTakesALogin(t *testing.T) {
	b, _ := newDesk(t, false, false)
	for _, path := range []string{
		"/", "/status.json", "/live", "/history.json/x", "/page.js", "//status.json",
		"/page.css/../status.json", "/%2e%2e/status.json", "/page.css%2f..%2fstatus.json",
		"/./status.json", "/text/en/status", "/metrics", "/healthz/x",
	} {
		if w := b.ask("GET", path, ""); strings.HasPrefix(w.Body.String(), "read") ||
			w.Code == http.StatusOK {
			t.Errorf("%s: a stranger got %d %q", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/page.css", "/icon.svg", "/healthz"} {
		if got := b.ask("GET", path, "").Body.String(); got != "read "+path {
			t.Errorf("%s: got %q", path, got)
		}
	}
	if b.login("2468"); b.ask("GET", "/status.json", "").Body.String() != "read /status.json" {
		t.Error("who has logged in cannot read")
	}
}

// After 15 min without an act nobody acts any more, and reads on; after 12 h he does not read, and
// what he had open ends.
func TestASessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, obeyed := newDesk(t, false, false)
		b.login("2468")
		live := make(chan struct{})
		go func() { b.ask("GET", "/live", ""); close(live) }()
		time.Sleep(idleActs - time.Second)
		if got := b.ask("POST", "/command", "").Code; got != http.StatusOK {
			t.Errorf("within 15 min: got %d, want 200", got)
		}
		time.Sleep(idleActs)
		if got := b.ask("POST", "/command", "").Code; got != http.StatusUnauthorized || *obeyed != 1 {
			t.Errorf("after 15 min: got %d, want 401", got)
		}
		told := b.ask("GET", "/session.json", "").Body.String()
		if !strings.Contains(told, "Wang") || strings.Contains(told, "token") {
			t.Errorf("after 15 min the page is told %s", told)
		}
		if got := b.ask("GET", "/", "").Code; got != http.StatusOK {
			t.Errorf("reading after 15 min: got %d, want 200", got)
		}
		time.Sleep(longestSession)
		<-live
		if got := b.ask("GET", "/", "").Code; got != http.StatusUnauthorized {
			t.Errorf("reading after 12 h: got %d, want 401", got)
		}
	})
}

// Who logs out is out at once, with all that he had open.
func TestLogoutEndsWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newDesk(t, false, false)
		b.login("2468")
		live, cookie := make(chan struct{}), b.cookie
		go func() { b.ask("GET", "/live", ""); close(live) }()
		synctest.Wait()
		if got := b.ask("POST", "/logout", "").Code; got != http.StatusNoContent {
			t.Fatalf("got %d, want 204", got)
		}
		out := time.Now()
		if <-live; time.Since(out) > time.Second {
			t.Errorf("what was open ended after %v, want at once", time.Since(out))
		}
		b.cookie = cookie
		if got := b.ask("GET", "/", "").Code; got != http.StatusUnauthorized {
			t.Errorf("with the old cookie: got %d, want 401", got)
		}
	})
}

// Who is no operator any more, or has another PIN or level, is out at once.
func TestWhoIsNoOperatorAnyMoreIsOut(t *testing.T) {
	b, obeyed := newDesk(t, false, false)
	b.login("2468")
	*b.gone = true
	for _, path := range []string{"/command", "/logout"} {
		if got := b.ask("POST", path, "{}").Code; got < 400 {
			t.Errorf("%s: got %d, want a refusal", path, got)
		}
	}
	*b.gone = false
	if got := b.ask("GET", "/", "").Code; got != http.StatusUnauthorized || *obeyed != 0 {
		t.Errorf("when he is one again: got %d, want 401 before a new login", got)
	}
}

// Of too many sessions the one that has done nothing for the longest goes.
func TestSessionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, _ := newDesk(t, false, false)
		var all []*browser
		for range mostSessions + 1 {
			b := *first
			b.login("2468")
			all = append(all, &b)
			time.Sleep(time.Second)
		}
		for i, b := range all {
			want := http.StatusOK
			if i == 0 {
				want = http.StatusUnauthorized
			}
			if got := b.ask("GET", "/", "").Code; got != want {
				t.Errorf("session %d: got %d, want %d", i, got, want)
			}
		}
	})
}

// Who guesses PINs from one address waits, longer and longer, whichever number he tries; others do
// not, and nobody at the box ever does.
func TestAGuesserWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := newDesk(t, false, true)
		for i := range FreeTries {
			w := b.ask("POST", "/login", fmt.Sprintf("number=%d&pin=1111", i+1))
			if w.Code != http.StatusUnauthorized {
				t.Errorf("try %d: got %d, want 401", i, w.Code)
			}
		}
		if got := b.login("2468"); got != http.StatusTooManyRequests {
			t.Errorf("after five: got %d, want 429", got)
		}
		other := *b
		other.from = "192.0.2.98:4000"
		if got := other.login("2468"); got != http.StatusOK {
			t.Errorf("from elsewhere: got %d, want 200", got)
		}
		time.Sleep(FirstLock + time.Second)
		b.login("1111")
		time.Sleep(FirstLock + time.Second)
		if got := b.login("2468"); got != http.StatusTooManyRequests {
			t.Errorf("5 min after the sixth: got %d, want 429 for 10 min", got)
		}
		near, _ := newDesk(t, true, true)
		for range 2 * FreeTries {
			near.login("1111")
		}
		if got := near.login("2468"); got != http.StatusOK {
			t.Errorf("at the box: got %d, want 200", got)
		}
	})
}

// Wrong PINs are counted for whole networks of IPv6, of which one owner has all addresses, and in a
// bounded memory.
func TestGuessesAreCountedByNetwork(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1:1": "192.0.2.1/32", "[::ffff:192.0.2.1]:1": "192.0.2.1/32",
		"[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64",
		"x": "invalid Prefix",
	} {
		if got := network(&http.Request{RemoteAddr: from}).String(); got != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
		}
	}
	l, now := NewLocks[netip.Prefix](8), time.Now()
	for i := range 100 {
		from := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		l.Wrong(netip.PrefixFrom(from, 32), now.Add(time.Duration(i)))
	}
	if len(l.all) != 8 {
		t.Errorf("%d are kept, want 8", len(l.all))
	}
}

// What is too long or of another kind is refused before it is looked at.
func TestRequestsHaveASize(t *testing.T) {
	b, obeyed := newDesk(t, true, false)
	long := "number=7&pin=2468&x=" + strings.Repeat("y", mostLogin)
	if got := b.ask("POST", "/login", long).Code; got != http.StatusBadRequest {
		t.Errorf("a long login: got %d, want 400", got)
	}
	for _, body := range []string{"", "number=300&pin=2468", "number=-1", "pin=2468", "%zz"} {
		if got := b.ask("POST", "/login", body).Code; got != http.StatusBadRequest {
			t.Errorf("login %q: got %d, want 400", body, got)
		}
	}
	b.head = map[string]string{"Content-Type": "application/json"}
	if got := b.ask("POST", "/login", `{"number":7,"pin":"2468"}`).Code; got != http.StatusBadRequest {
		t.Errorf("JSON: got %d, want 400", got)
	}
	b.head = nil
	b.login("2468")
	if got := b.ask("POST", "/command", strings.Repeat("x", mostOrder+1)).Code; got !=
		http.StatusRequestEntityTooLarge || *obeyed != 0 {
		t.Errorf("a long order: got %d, want 413", got)
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		if got := b.ask(method, "/command", "{}").Code; got != http.StatusMethodNotAllowed {
			t.Errorf("%s: got %d, want 405", method, got)
		}
	}
	b.head = map[string]string{"Accept": "text/html"}
	if w := b.ask("POST", "/login", "number=7&pin=2468"); w.Code != http.StatusSeeOther ||
		w.Header().Get("Location") != "./" {
		t.Errorf("a form without a script: got %d to %q", w.Code, w.Header().Get("Location"))
	}
}
