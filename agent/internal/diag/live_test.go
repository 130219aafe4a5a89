package diag

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener is a listener that gives out the ends of pipes, so that a server can be in a bubble.
type pipeListener chan net.Conn

func (l pipeListener) Accept() (net.Conn, error) {
	c, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (l pipeListener) Close() error   { close(l); return nil }
func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// follow asks for what is live and returns the messages as they come.
func follow(l pipeListener, query string) (<-chan liveJSON, net.Conn) {
	near, far := net.Pipe()
	l <- far
	go near.Write([]byte("GET /live?" + query + " HTTP/1.1\r\nHost: x\r\n\r\n")) //nolint:errcheck
	told := make(chan liveJSON, 64)
	go func() {
		defer close(told)
		lines := bufio.NewScanner(near)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var j liveJSON
				if json.Unmarshal([]byte(text), &j) == nil {
					told <- j
				}
			}
		}
	}()
	return told, near
}

// live serves a state that a test changes, in a bubble.
func live(t *testing.T) (at *atomic.Pointer[Status], p *Pages, l pipeListener) {
	at = &atomic.Pointer[Status]{}
	at.Store(quiet())
	src := sourceOf(quiet())
	src.Status = at.Load
	p = newPages(src, func() time.Time { return made })
	l = make(pipeListener)
	srv := NewServer(p.Handler())
	go srv.Serve(l) //nolint:errcheck // it ends with the test
	t.Cleanup(func() { srv.Close() })
	return at, p, l
}

// A page that is open is told how it is at once, within 250 ms of each event, and every second
// while nothing happens; of its parts the one that is looked at.
func TestAnOpenPageIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, _, l := live(t)
		told, c := follow(l, "view=outputs&lang=zh")
		defer c.Close()
		first := <-told
		if first.State != "normal" || first.Sound != "" ||
			!strings.Contains(first.Sections["outputs"], "<h2 id=\"h-outputs\">输出</h2>") ||
			!strings.Contains(first.Sections["state"], "<header id=\"state\"") || len(first.Sections) != 2 {
			t.Errorf("got %+v", first)
		}
		fire := alight()
		fire.Panel.LastEvent++
		begun := time.Now()
		at.Store(fire)
		if next := <-told; next.State != "fire" || next.Sound != "fire" ||
			time.Since(begun) > liveLook+time.Millisecond {
			t.Errorf("got %s after %v, want fire after 250 ms at most", next.State, time.Since(begun))
		}
		for range 20 {
			begun = time.Now()
			<-told
			if quiet := time.Since(begun); quiet > liveHead+liveLook {
				t.Errorf("nothing for %v, want a word every second", quiet)
			}
		}
	})
}

// A page that is open hears that the panel has stopped: what stands still is never shown as good.
func TestAnOpenPageHearsThatThePanelStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, _, l := live(t)
		told, c := follow(l, "")
		defer c.Close()
		<-told
		stopped := quiet()
		stopped.Now += 9 * sec
		at.Store(stopped)
		if next := <-told; next.State != "unknown" || next.Sound != "fault" {
			t.Errorf("got %s with sound %q, want unknown with fault", next.State, next.Sound)
		}
	})
}

// A reader who does not read is dropped after 5 s and takes nobody's place, and there is a bound on
// how many there are.
func TestASlowReaderIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, l := live(t)
		var ends []net.Conn
		for range maxLive {
			near, far := net.Pipe()
			l <- far
			near.Write([]byte("GET /live HTTP/1.1\r\nHost: x\r\n\r\n")) //nolint:errcheck
			ends = append(ends, near)
		}
		synctest.Wait()
		w := httptest.NewRecorder()
		p.serveLive(w, httptest.NewRequest(http.MethodGet, "/live", nil))
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("one too many: got code %d, want 503", w.Code)
		}
		time.Sleep(liveWrite + time.Second)
		if got := len(p.live); got != 0 {
			t.Errorf("%d readers who do not read are still served, want none", got)
		}
		for _, c := range ends {
			c.Close()
		}
	})
}

// A reader who goes is noticed.
func TestAReaderWhoGoesIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, l := live(t)
		told, c := follow(l, "")
		<-told
		c.Close()
		time.Sleep(5 * time.Second)
		if got := len(p.live); got != 0 {
			t.Errorf("%d readers are left, want none", got)
		}
	})
}

// Who holds connections open without asking anything keeps nobody else away, and makes room when he
// goes.
func TestConnectionsAreBounded(t *testing.T) {
	l := make(pipeListener)
	limited := Limit(l)
	come := func(from string) (open bool) {
		near, far := net.Pipe()
		taken := make(chan net.Conn, 1)
		go func() {
			c, err := limited.Accept()
			if err == nil {
				taken <- c
			}
		}()
		l <- fromAddr{far, from}
		closed := make(chan bool, 1)
		go func() { _, err := near.Read(make([]byte, 1)); closed <- err != nil }()
		select {
		case <-taken:
			return true
		case <-closed:
			l <- fromAddr{far, "192.0.2.200:1"} // ends the Accept that waits
			(<-taken).Close()
			return false
		}
	}
	for i := range maxConnsOne {
		if !come("192.0.2.1:1") {
			t.Fatalf("connection %d of one address was refused", i)
		}
	}
	if come("192.0.2.1:2") {
		t.Errorf("one address got more than %d", maxConnsOne)
	}
	if !come("192.0.2.2:1") {
		t.Error("another address was kept away")
	}
}

// fromAddr is a pipe that came from somewhere.
type fromAddr struct {
	net.Conn
	from string
}

func (c fromAddr) RemoteAddr() net.Addr {
	at, err := net.ResolveTCPAddr("tcp", c.from)
	if err != nil {
		panic(err)
	}
	return at
}
