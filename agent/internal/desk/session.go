package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

const (
	// idleActs is how long somebody may do nothing and still act: he may have left the screen.
	idleActs = 15 * time.Minute
	// longestSession is how long one may read: a shift.
	longestSession = 12 * time.Hour
	mostSessions   = 16 // the one that did nothing for the longest goes first
)

// session is one person at one browser.
type session struct {
	person Person
	token  string // what his page sends with an order
	begun  time.Time
	acted  time.Time // last; its sessions lock it
	over   context.Context
	stop   context.CancelFunc
}

// sessions are known by the hash of a secret that only the browser has: who reads the memory of a
// crash cannot act with it.
type sessions struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]*session
}

// sessionJSON is what a page knows of its session.
type sessionJSON struct {
	Person
	Token string `json:"token,omitempty"` // absent: he may not act any more
}

// begin makes a session and the secret of its browser.
func (x *sessions) begin(p Person, now time.Time) (*session, string) {
	s, secret := &session{person: p, token: rand.Text(), begun: now, acted: now}, rand.Text()
	s.over, s.stop = context.WithCancel(context.Background())
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.all == nil {
		x.all = map[[sha256.Size]byte]*session{}
	}
	for len(x.all) >= mostSessions {
		x.drop(x.idlest())
	}
	x.all[sha256.Sum256([]byte(secret))] = s
	return s, secret
}

// idlest is the session that has acted longest ago.
func (x *sessions) idlest() (key [sha256.Size]byte) {
	var oldest *session
	for k, s := range x.all {
		if oldest == nil || s.acted.Before(oldest.acted) {
			key, oldest = k, s
		}
	}
	return key
}

func (x *sessions) drop(key [sha256.Size]byte) {
	if s := x.all[key]; s != nil {
		s.stop()
		delete(x.all, key)
	}
}

// of is the session that a request belongs to; nil: it has none that still counts.
func (x *sessions) of(r *http.Request, now time.Time) *session {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return nil
	}
	key := sha256.Sum256([]byte(c.Value))
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.all[key]
	if s != nil && now.Sub(s.begun) >= longestSession {
		x.drop(key)
		return nil
	}
	return s
}

// acts tells whether a session may still act, and counts this as an act.
func (x *sessions) acts(s *session, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now.Sub(s.acted) >= idleActs {
		return false
	}
	s.acted = now
	return true
}

// end ends the session that a request belongs to.
func (x *sessions) end(r *http.Request) {
	if c, err := r.Cookie(cookieName(r)); err == nil {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.drop(sha256.Sum256([]byte(c.Value)))
	}
}

// told is what the page of a session knows.
func (x *sessions) told(s *session, now time.Time) sessionJSON {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now.Sub(s.acted) >= idleActs {
		return sessionJSON{Person: s.person}
	}
	return sessionJSON{Person: s.person, Token: s.token}
}

// hasToken tells whether a request comes from the page of the session.
func (s *session) hasToken(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get(tokenHeader)), []byte(s.token)) == 1
}

// cookieName is the cookie of a session. With TLS its name makes the browser keep it for this very
// host.
func cookieName(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-firepost"
	}
	return "firepost"
}

func cookie(r *http.Request, secret string) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(r), Value: secret, Path: "/", HttpOnly: true, Secure: r.TLS != nil,
		SameSite: http.SameSiteStrictMode, MaxAge: int(longestSession / time.Second),
	}
}
