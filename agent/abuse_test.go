package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stranger is somebody who tries what he should not.
type stranger struct {
	*rig
	far, near, socket http.Handler // the page on a network and on the box, and the control socket
	head              map[string]string
	from              string // where he is
}

// ask sends one request.
func (s *stranger) ask(h http.Handler, line, body string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(line, " ")
	r := &http.Request{
		Method: method, URL: &url.URL{Path: path}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Accept": {"application/json"}}, Host: "192.0.2.7:8443",
		RemoteAddr: s.from, ContentLength: int64(len(body)), RequestURI: path,
		Body: http.NoBody,
	}
	if body != "" {
		r.Body = readCloser{strings.NewReader(body)}
	}
	for k, v := range s.head {
		r.Header.Set(k, v)
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(s.Context()))
	return w
}

type readCloser struct{ *strings.Reader }

// Close implements io.Closer.
func (readCloser) Close() error { return nil }

// code sends one request and says with which status it was answered.
func (s *stranger) code(h http.Handler, line, body string) string {
	return fmt.Sprint(s.ask(h, line, body).Code)
}

// each sends several and says with which statuses they were answered.
func (s *stranger) each(h http.Handler, body string, lines ...string) string {
	seen := map[string]bool{}
	for _, line := range lines {
		seen[s.code(h, line, body)] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(seen)), ", ")
}

// login gives a PIN for operator 7; what came of it is kept, as a browser keeps it.
func (s *stranger) login(h http.Handler, pin string) int {
	s.head["Content-Type"] = "application/x-www-form-urlencoded"
	w := s.ask(h, "POST /login", "number=7&pin="+pin)
	var told struct{ Token string }
	if json.Unmarshal(w.Body.Bytes(), &told) == nil && told.Token != "" {
		s.head["X-Firepost-Token"] = told.Token
	}
	for _, c := range w.Result().Cookies() {
		s.head["Cookie"] = c.Name + "=" + c.Value
	}
	s.head["Content-Type"] = "application/json"
	return w.Code
}

// guesses counts what came of n wrong PINs.
func (s *stranger) guesses(n int, from func(int) string) string {
	counts := map[int]int{}
	for i := range n {
		s.from = from(i)
		counts[s.login(s.far, "0000")]++
	}
	return fmt.Sprintf("%d × 401, %d × 429", counts[401], counts[429])
}

// raw writes bytes at the server, one piece a second, and says how it was answered.
func (s *stranger) raw(pieces ...string) string {
	l := newPipes("127.0.0.1")
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	go s.agent.ServePage(ctx, l) //nolint:errcheck // it ends with ctx
	conn, err := l.dial(ctx, "", "")
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	began := time.Now()
	go func() {
		for _, p := range pieces {
			if _, err := conn.Write([]byte(p)); err != nil {
				return // closed
			}
			time.Sleep(time.Second)
		}
	}()
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	after := time.Since(began).Round(time.Second)
	if err != nil {
		return fmt.Sprintf("closed after %v", after)
	}
	defer r.Body.Close()
	return fmt.Sprintf("%d after %v", r.StatusCode, after)
}

const silence = `{"action":"silence"}`

// paths are all that tells of the site.
var paths = []string{
	"GET /", "GET /live", "GET /status.json", "GET /sparks.json", "GET /events.json",
	"GET /events.csv", "GET /history.json/heat-1", "GET /walktest", "GET /walktest.json",
	"GET /metrics", "GET /text/en/status", "GET /page.js",
}

// abuses is what was tried, and what came of it. It is the table of README.md.
var abuses = []struct {
	tried  string
	do     func(s *stranger) string
	result string
}{
	{"To read, on a network, without a login: the page and all else that tells of the site",
		func(s *stranger) string { return s.each(s.far, "", paths...) }, "401"},
	{"To act without a login", func(s *stranger) string {
		return s.each(s.far, silence, "POST /command", "POST /logout")
	}, "401, 403"},
	{"A wrong PIN 1,000 times from one address", func(s *stranger) string {
		return s.guesses(1000, func(int) string { return s.from })
	}, "5 × 401, 995 × 429"},
	{"A wrong PIN from each of 1,000 addresses", func(s *stranger) string {
		return s.guesses(1000, func(i int) string { return fmt.Sprintf("198.51.%d.%d:9", i/250, i%250) })
	}, "5 × 401, 995 × 429"},
	{"Then the right PIN: on the network, at the box, on the socket", func(s *stranger) string {
		s.guesses(20, func(int) string { return s.from })
		return fmt.Sprint(s.login(s.far, "2468"), ", ", s.login(s.near, "2468"), ", ",
			s.code(s.socket, "POST /command", `{"action":"silence","operator":7,"pin":"2468"}`))
	}, "429, 200, 200"},
	{"An order with a person's cookie and no token, a wrong one, or that of another session",
		func(s *stranger) string {
			s.login(s.far, "2468")
			other := s.head["X-Firepost-Token"]
			delete(s.head, "Cookie")
			s.login(s.far, "2468")
			codes := map[string]bool{}
			for _, token := range []string{"", other, s.head["X-Firepost-Token"] + "A"} {
				s.head["X-Firepost-Token"] = token
				codes[s.code(s.far, "POST /command", silence)] = true
			}
			return strings.Join(slices.Sorted(maps.Keys(codes)), ", ")
		}, "403"},
	{"An order from a page of another site, which has the cookie and even the token",
		func(s *stranger) string {
			s.login(s.far, "2468")
			s.head["Sec-Fetch-Site"] = "cross-site"
			return s.each(s.far, silence, "POST /command", "POST /login", "POST /logout")
		}, "403"},
	{"An order after the logout, and 15 min after the last one", func(s *stranger) string {
		s.login(s.far, "2468")
		kept := maps.Clone(s.head)
		s.code(s.far, "POST /logout", "")
		s.head = kept
		out := s.code(s.far, "POST /command", silence)
		s.login(s.far, "2468")
		time.Sleep(15 * time.Minute)
		return out + ", " + s.code(s.far, "POST /command", silence)
	}, "401, 401"},
	{"An order by GET, HEAD, PUT, DELETE or X-HTTP-Method-Override", func(s *stranger) string {
		s.login(s.far, "2468")
		s.head["X-HTTP-Method-Override"] = "POST"
		return s.each(s.far, silence, "GET /command", "HEAD /command", "PUT /command",
			"DELETE /command")
	}, "404, 405"},
	{"An operator's order that claims another person, a level or a PIN", func(s *stranger) string {
		s.login(s.far, "2468")
		return s.code(s.far, "POST /command", `{"action":"silence","operator":1}`) + ", " +
			s.code(s.far, "POST /command", `{"action":"silence","level":3}`) + ", " +
			s.code(s.far, "POST /command", `{"action":"silence","pin":"2468"}`)
	}, "400, 400, 400"},
	{"A login or an order of 1 MB, and an order of 100,000 brackets", func(s *stranger) string {
		s.head["Content-Type"] = "application/x-www-form-urlencoded"
		long := s.code(s.far, "POST /login", "number=7&pin="+strings.Repeat("2", 1<<20))
		s.login(s.far, "2468")
		return long + ", " + s.code(s.far, "POST /command", `{"reason":"`+strings.Repeat("x", 1<<20)) +
			", " + s.code(s.far, "POST /command", strings.Repeat("[", 100_000))
	}, "400, 400, 400"},
	{"A head of 64 KB", func(s *stranger) string {
		long := strings.Repeat("x", 64<<10)
		return s.raw("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + long + "\r\n\r\n")
	}, "431 after 0s"},
	{"A head that comes a byte a second", func(s *stranger) string {
		return s.raw(strings.Split("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", "")...)
	}, "400 after 5s"},
	{"A body that comes a byte a second", func(s *stranger) string {
		head := "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n" +
			"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
		got := s.raw(append([]string{head}, strings.Split(strings.Repeat("x", 99), "")...)...)
		return got[strings.Index(got, "after"):]
	}, "after 10s"},
	{"Two lengths of one body, as if for a proxy in front", func(s *stranger) string {
		return s.raw("POST /command HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n" +
			"Content-Length: 6\r\n\r\nabcdef")
	}, "400 after 0s"},
	{"The name of another host (DNS rebinding), also one that only begins like an address",
		func(s *stranger) string {
			codes := ""
			for _, host := range []string{"a.example", "192.0.2.7.a.example", "localhost.a.example"} {
				s.head["Host"] = host
				codes += s.code(s.near, "GET /", "") + " "
			}
			return strings.TrimSpace(codes)
		}, "421 421 421"},
	{"To pass for somebody at the box: X-Forwarded-For and its like", func(s *stranger) string {
		for _, k := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded"} {
			s.head[k] = "127.0.0.1"
		}
		return s.each(s.far, "", "GET /", "GET /status.json")
	}, "401"},
	{"Ways out of the page's own paths, where reading is open", func(s *stranger) string {
		return s.each(s.near, "", "GET /../../../etc/passwd", "GET //etc/passwd", "GET /page.css/..",
			"GET /text/../command", "GET /text/en/../../status", "GET /history.json/..%2f..%2fkey.pem",
			"GET /identity/key.pem", "GET /.", "GET /events.json/-1", "GET /events.json/99999999999999")
	}, "307, 404"},
	{"A script as the reason of a disablement, shown on the page", func(s *stranger) string {
		s.login(s.near, "2468")
		s.code(s.near, "POST /command",
			`{"action":"disable","point":"heat-1","for":"1h","reason":"<script>alert(1)</script>"}`)
		time.Sleep(2 * time.Second)
		page := s.ask(s.near, "GET /", "").Body.String()
		if strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;alert") {
			return "it runs, or is not shown"
		}
		return "shown as text"
	}, "shown as text"},
	{"The page in a frame of another one, and scripts that are not its own", func(s *stranger) string {
		policy := s.ask(s.near, "GET /", "").Header().Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'",
		} {
			if !strings.Contains(policy, want) {
				return "no " + want
			}
		}
		return "the browser refuses"
	}, "the browser refuses"},
	{"The control socket: an order without a PIN, and 1,000 wrong ones", func(s *stranger) string {
		none := s.code(s.socket, "POST /command", `{"action":"silence","operator":7}`)
		counts := map[string]int{}
		for range 1000 {
			counts[s.code(s.socket, "POST /command", `{"action":"silence","operator":7,"pin":"0000"}`)]++
		}
		return fmt.Sprintf("%s, %d × 409, %d × 429", none, counts["409"], counts["429"])
	}, "401, 5 × 409, 995 × 429"},
	{"An order to the handler that a program of others embeds", func(s *stranger) string {
		return s.code(s.agent.Handler(), "POST /command", silence)
	}, "404"},
}

// Whatever somebody tries who has no right to it, he reads nothing, changes nothing, and locks out
// nobody who is at the box.
func TestAbuses(t *testing.T) {
	var table strings.Builder
	table.WriteString("| tried | what came of it |\n|---|---|\n")
	for _, a := range abuses {
		t.Run(strings.ReplaceAll(a.tried, " ", "_"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, manned).run()
				r.sleepUntil(5 * time.Second)
				s := &stranger{
					rig: r, far: r.agent.desk(false), near: r.agent.desk(true), socket: r.agent.Control(),
					head: map[string]string{}, from: "198.51.100.9:4000",
				}
				r.press()
				r.sleepUntil(8 * time.Second)
				if got := a.do(s); got != a.result {
					t.Errorf("got %q, want %q", got, a.result)
				}
				r.release()
				if n := len(r.heard(alarm.Silenced)); n > 0 && !strings.Contains(a.tried, "right PIN") {
					t.Error("the siren was silenced")
				}
				r.end()
			})
		})
		fmt.Fprintf(&table, "| %s | %s |\n", a.tried, a.result)
	}
	holdsTable(t, "README.md", table.String())
}

// holdsTable compares the table in a file with the one that was tried.
func holdsTable(t *testing.T, file, table string) {
	t.Helper()
	const begin, end = "<!-- abuses: go test ./agent -update -->\n", "<!-- end of the abuses -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	held, after, ok2 := strings.Cut(rest, end)
	switch {
	case !ok || !ok2:
		t.Errorf("%s has no place for the table", file)
	case held == table:
	case *update:
		if err := os.WriteFile(file, []byte(before+begin+table+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s holds another table; run go test ./agent -update and look", file)
	}
}
