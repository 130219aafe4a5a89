package agent

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// pipes is a listener at some address whose connections are pipes, so that it can be in a bubble.
type pipes struct {
	ch   chan net.Conn
	addr net.TCPAddr
}

func newPipes(ip string) *pipes {
	return &pipes{make(chan net.Conn), net.TCPAddr{IP: net.ParseIP(ip), Port: 8443}}
}

func (p *pipes) Accept() (net.Conn, error) {
	c, ok := <-p.ch
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p *pipes) Close() error   { close(p.ch); return nil }
func (p *pipes) Addr() net.Addr { return &p.addr }

// dial is the other end.
func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	p.ch <- far
	return near, nil
}

// visitor is a browser at a page.
type visitor struct {
	*testing.T
	client http.Client
	base   string
	token  string
	seen   [32]byte // of the certificate
}

// visit serves the page at ip and opens a browser there. The page ends with the test.
func (r *rig) visit(ip string) *visitor {
	r.Helper()
	l := newPipes(ip)
	ctx, cancel := context.WithCancel(r.Context())
	served := make(chan error, 1)
	go func() { served <- r.agent.ServePage(ctx, l) }()
	v := &visitor{T: r.T, base: "http://" + l.addr.String()}
	t := &http.Transport{DialContext: l.dial}
	if !l.addr.IP.IsLoopback() {
		v.base = "https://" + l.addr.String()
		t.TLSClientConfig = &tls.Config{
			InsecureSkipVerify: true, // a person compares the fingerprint
			VerifyConnection: func(c tls.ConnectionState) error {
				v.seen = sha256.Sum256(c.PeerCertificates[0].Raw)
				return nil
			},
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.Fatal(err)
	}
	v.client = http.Client{Transport: t, Jar: jar}
	r.Cleanup(func() {
		t.CloseIdleConnections()
		cancel()
		if err := <-served; err != nil {
			r.Errorf("page: %v", err)
		}
	})
	return v
}

func (v *visitor) do(method, path, kind, body string) (code int, text string) {
	v.Helper()
	q, err := http.NewRequest(method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.Fatal(err)
	}
	q.Header.Set("Content-Type", kind)
	q.Header.Set("Accept", "application/json")
	q.Header.Set("X-Firepost-Token", v.token)
	r, err := v.client.Do(q)
	if err != nil {
		v.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		v.Fatal(err)
	}
	return r.StatusCode, string(data)
}

func (v *visitor) get(path string) (int, string) { return v.do("GET", path, "", "") }

func (v *visitor) login(number, pin string) int {
	code, text := v.do("POST", "/login", "application/x-www-form-urlencoded",
		url.Values{"number": {number}, "pin": {pin}}.Encode())
	var told struct{ Token string }
	if json.Unmarshal([]byte(text), &told) == nil && told.Token != "" {
		v.token = told.Token
	}
	return code
}

func (v *visitor) order(body string) (int, string) {
	return v.do("POST", "/command", "application/json", body)
}

// On a network the page is encrypted by the certificate whose fingerprint the box shows, tells a
// stranger nothing, and lets an operator act under his own number and level.
func TestPageOnANetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, manned).run()
		r.sleepUntil(time.Second)
		v := r.visit("192.0.2.7")
		for _, path := range []string{"/", "/status.json", "/live", "/events.json"} {
			code, text := v.get(path)
			if code != http.StatusUnauthorized || strings.Contains(text, "heat-1") {
				t.Errorf("%s: a stranger got %d:\n%s", path, code, text)
			}
		}
		r.sleepUntil(3 * time.Second)
		if face := r.status().Face; face.Fingerprint != v.seen || face.URL != "https://192.0.2.7:8443/" ||
			face.Open {
			t.Errorf("the box shows %+v, the browser saw %x", face, v.seen)
		}
		r.press()
		r.sleepUntil(5 * time.Second)
		if code := v.login("1", ""); code != http.StatusUnauthorized {
			t.Errorf("an operator without a PIN: got %d, want 401", code)
		}
		if code := v.login("7", "2468"); code != http.StatusOK {
			t.Fatalf("login: got %d, want 200", code)
		}
		for _, step := range []struct {
			body string
			code int
			has  string
		}{
			{`{"action":"acknowledge"}`, 200, `"zh":"已确认"`},
			{`{"action":"silence"}`, 200, `"event":"silenced"`},
			{`{"action":"silence"}`, 409, `"en":"there is nothing to do"`},
			{`{"action":"silence","operator":1}`, 400, "the page knows who acts"},
			{`{"action":"reset","pin":"2468"}`, 400, "the page knows who acts"},
			{`{"action":"bake"}`, 400, "unknown"},
			{`{}{}`, 400, "order:"},
		} {
			if code, text := v.order(step.body); code != step.code || !strings.Contains(text, step.has) {
				t.Errorf("%s: got %d %s, want %d with %s", step.body, code, text, step.code, step.has)
			}
		}
		want := alarm.Origin{Kind: alarm.Page, Operator: 7, Level: 2}
		if all := r.heard(alarm.Silenced); len(all) != 1 || all[0].By != want ||
			!strings.HasPrefix(all[0].Cause, "page-") {
			t.Errorf("got the events %+v, want one by %+v", all, want)
		}
		r.release()
		r.end()
	})
}

// What is done at the box alone is refused on the network, also to an operator with his PIN, and in
// words: to reset what life depends on, to open a valve, to enable what somebody on site disabled.
func TestNothingIsMadeLessSafeFromTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, manned, func(_ *rig, text *string, _ *Options) {
			*text += "\n[[output]]\nid = \"valve\"\nkind = \"valve\"\nmodel = \"relay\"\n" +
				"line = \"GPIO24\"\n"
		}).run()
		r.sleepUntil(time.Second)
		far, near := r.visit("192.0.2.7"), r.visit("127.0.0.1")
		for _, v := range []*visitor{far, near} {
			if code := v.login("7", "2468"); code != http.StatusOK {
				t.Fatalf("login: got %d, want 200", code)
			}
		}
		r.press()
		r.sleepUntil(5 * time.Second)
		r.release()
		r.sleepUntil(8 * time.Second)
		near.order(`{"action":"disable","point":"heat-1","for":"1h","reason":"paint"}`)
		for _, body := range []string{
			`{"action":"reset"}`, `{"action":"reset","point":"call-1"}`,
			`{"action":"enable","point":"heat-1"}`,
			`{"action":"operate","output":"valve"}`,
		} {
			code, text := far.order(body)
			if code != http.StatusConflict || !strings.Contains(text, "at the box") ||
				!strings.Contains(text, "设备现场") {
				t.Errorf("from afar %s: got %d %s, want 409", body, code, text)
			}
		}
		if s := r.agent.guard.Load().Snapshot(); len(s.Alarms) != 1 {
			t.Errorf("%d alarms, want 1", len(s.Alarms))
		}
		for _, body := range []string{
			`{"action":"reset"}`, `{"action":"enable","point":"heat-1"}`,
			`{"action":"operate","output":"valve"}`,
		} {
			if code, text := near.order(body); code != http.StatusOK {
				t.Errorf("at the box %s: got %d %s, want 200", body, code, text)
			}
		}
		if code, text := far.order(`{"action":"operate","output":"valve","on":true}`); code != 200 {
			t.Errorf("to close a valve from afar: got %d %s, want 200", code, text)
		}
		r.end()
	})
}

// The browser of the box itself is near on a page for the network too: its own address is at both
// ends of the connection, which no head of a request can say.
func TestTheBoxIsNearOnAPageForTheNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, manned).run()
		r.sleepUntil(5 * time.Second)
		far := r.agent.desk(false)
		get := func(remote, local string) int {
			at, err := net.ResolveTCPAddr("tcp", local)
			if err != nil {
				t.Fatal(err)
			}
			q := httptest.NewRequest("GET", "https://127.0.0.1:8080/status.json", nil)
			q = q.WithContext(context.WithValue(q.Context(), http.LocalAddrContextKey, at))
			q.RemoteAddr = remote
			w := httptest.NewRecorder()
			far.ServeHTTP(w, q)
			return w.Code
		}
		for _, k := range []struct {
			remote, local string
			code          int
		}{
			{"127.0.0.1:5555", "127.0.0.1:8080", 200}, {"[::1]:5555", "[::1]:8080", 200},
			{"[::ffff:127.0.0.1]:5555", "127.0.0.1:8080", 200},
			{"192.0.2.9:5555", "127.0.0.1:8080", 401}, {"127.0.0.1:5555", "192.0.2.7:8080", 401},
			{"192.0.2.9:5555", "192.0.2.7:8080", 401},
		} {
			if got := get(k.remote, k.local); got != k.code {
				t.Errorf("from %s to %s: got %d, want %d", k.remote, k.local, got, k.code)
			}
		}
		r.end()
	})
}

// Who guesses PINs over the network locks out himself there, and neither the operator at the box,
// on its page and on its socket, nor its buttons.
func TestAStrangerLocksNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, manned).run()
		r.sleepUntil(time.Second)
		far, near := r.visit("192.0.2.7"), r.visit("127.0.0.1")
		for range 5 {
			if code := far.login("7", "0000"); code != http.StatusUnauthorized {
				t.Errorf("a wrong PIN: got %d, want 401", code)
			}
		}
		if code := far.login("7", "2468"); code != http.StatusTooManyRequests {
			t.Errorf("after five wrong ones: got %d, want 429", code)
		}
		r.press()
		r.sleepUntil(5 * time.Second)
		r.release()
		if code := near.login("7", "2468"); code != http.StatusOK {
			t.Errorf("at the box: got %d, want 200", code)
		}
		if code, text := near.order(`{"action":"acknowledge"}`); code != http.StatusOK {
			t.Errorf("at the box: got %d %s, want 200", code, text)
		}
		if code, a := r.order(`{"action":"silence","operator":7,"pin":"2468"}`); code != http.StatusOK {
			t.Errorf("on the socket: got %d %+v, want 200", code, a)
		}
		r.board.Pin("GPIO23").Drive(false)
		r.sleepUntil(7 * time.Second)
		if got := r.heard(alarm.ResetDone); len(got) != 1 || got[0].By.Kind != alarm.Button {
			t.Errorf("the reset button: got %+v", got)
		}
		r.end()
	})
}

// On the box itself reading is open and plain; where the file names no operators nobody acts, and
// the page says so.
func TestPageOfASiteWithoutOperators(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t).run()
		r.sleepUntil(2 * time.Second)
		v := r.visit("127.0.0.1")
		if code, text := v.get("/"); code != http.StatusOK || !strings.Contains(text, "heat-1") ||
			!strings.Contains(text, "firepost operator add") {
			t.Errorf("got %d:\n%s", code, text)
		}
		if code := v.login("7", "2468"); code != http.StatusUnauthorized {
			t.Errorf("login: got %d, want 401", code)
		}
		if code, _ := v.order(`{"action":"silence"}`); code != http.StatusUnauthorized {
			t.Errorf("order: got %d, want 401", code)
		}
		r.end()
	})
}

// A page that is open to its network shows all and still lets nobody act without a PIN.
func TestAnOpenPageStillAsksWhoActs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, manned, func(_ *rig, text *string, _ *Options) {
			*text += "\n[page]\nread = \"open\"\n"
		}).run()
		r.sleepUntil(2 * time.Second)
		v := r.visit("192.0.2.7")
		if code, text := v.get("/"); code != http.StatusOK || !strings.Contains(text, "heat-1") {
			t.Errorf("reading: got %d:\n%s", code, text)
		}
		if code, _ := v.order(`{"action":"silence"}`); code != http.StatusUnauthorized {
			t.Errorf("acting: got %d, want 401", code)
		}
		r.end()
	})
}
