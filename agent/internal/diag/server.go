package diag

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// NewServer returns a server with a bound on everything that a client could drag out. What goes
// wrong with a connection is the client's, and is not logged: a stranger could fill the log.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    8 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}

// The bounds of the connections that are open at a time. A browser opens six for a page.
const (
	maxConns    = 64
	maxConnsOne = 20 // from one address
)

// Limit closes what comes to l beyond the bound, so that who holds connections open without asking
// anything cannot keep others away.
func Limit(l net.Listener) net.Listener {
	return &limited{Listener: l, open: map[netip.Addr]int{}}
}

type limited struct {
	net.Listener
	mu    sync.Mutex
	total int
	open  map[netip.Addr]int
}

// Accept waits for a connection that is within the bound.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := addrOf(c)
		if l.take(from) {
			return &counted{Conn: c, gone: sync.OnceFunc(func() { l.give(from) })}, nil
		}
		c.Close()
	}
}

func addrOf(c net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap()
}

func (l *limited) take(from netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total >= maxConns || l.open[from] >= maxConnsOne {
		return false
	}
	l.total++
	l.open[from]++
	return true
}

func (l *limited) give(from netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total--
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	gone func()
}

// Close closes the connection and makes room for another one.
func (c *counted) Close() error {
	c.gone()
	return c.Conn.Close()
}
