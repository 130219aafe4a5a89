package uplink

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	maxOut   = 64 // messages on the way; above the sum of the courier's windows
	maxInbox = 64
)

// pahoLink is one connection of one client.
type pahoLink struct {
	client  mqtt.Client
	store   *ackStore
	log     *slog.Logger
	out     chan outgoing
	acks    chan mqtt.Message
	inbox   chan Delivery
	dropped atomic.Uint64
	lost    chan struct{}

	mu     sync.Mutex // guards what follows
	conn   *conn
	ended  error // why; nil: not yet
	closed bool
}

type outgoing struct {
	Message
	done chan error
}

func newPahoLink(log *slog.Logger) *pahoLink {
	return &pahoLink{
		store: &ackStore{MemoryStore: mqtt.NewMemoryStore(), acked: make(map[string]bool)},
		log:   log,
		out:   make(chan outgoing, maxOut),
		acks:  make(chan mqtt.Message, maxInbox),
		inbox: make(chan Delivery, maxInbox),
		lost:  make(chan struct{}),
	}
}

// Publish hands m to the pump.
func (l *pahoLink) Publish(m Message) <-chan error {
	o := outgoing{m, make(chan error, 1)}
	select {
	case l.out <- o:
	default:
		o.done <- fmt.Errorf("more than %d messages on the way: %w", maxOut, ErrBroken)
	}
	return o.done
}

// pump talks to the client, whose calls wait for the network, until the connection is lost.
func (l *pahoLink) pump() {
	defer l.survive()
	for {
		select {
		case <-l.lost:
			return
		case m := <-l.acks:
			m.Ack()
		case o := <-l.out:
			token := l.client.Publish(o.Topic, 1, o.Retain, o.Payload)
			go l.confirm(token, o.done)
		}
	}
}

// confirm reports a PUBACK. The store is asked as well: it forgets a message only when its PUBACK
// was read, while a token may be completed for other reasons.
func (l *pahoLink) confirm(token mqtt.Token, done chan<- error) {
	defer l.survive()
	select {
	case <-l.lost:
		select { // A PUBACK that came before the end counts.
		case <-token.Done():
		default:
			return
		}
	case <-token.Done():
	}
	err := token.Error()
	published, ok := token.(interface{ MessageID() uint16 })
	switch {
	case err != nil:
		err = classify(err)
	case !ok || !l.store.take(published.MessageID()):
		err = fmt.Errorf("completed without a PUBACK: %w", ErrBroken)
	}
	done <- err
}

// receive is called by the client in a goroutine of its own for each message.
func (l *pahoLink) receive(_ mqtt.Client, m mqtt.Message) {
	defer l.survive()
	d := Delivery{Message: Message{m.Topic(), m.Payload(), m.Retained()}, Done: func() {
		select {
		case l.acks <- m:
		default: // Without a PUBACK it comes again.
			l.dropped.Add(1)
		}
	}}
	select {
	case l.inbox <- d:
	default:
		l.dropped.Add(1)
	}
}

// survive ends the connection when the client panicked in a goroutine of the link: the process
// that sounds the siren must not die of it.
func (l *pahoLink) survive() {
	if p := recover(); p != nil {
		l.log.Error("panic in the MQTT client", "err", p, "stack", string(debug.Stack()))
		l.finish(fmt.Errorf("panic in the MQTT client: %v: %w", p, ErrBroken))
	}
}

// Inbox is what came in.
func (l *pahoLink) Inbox() <-chan Delivery { return l.inbox }

// Lost is closed at the end of the connection.
func (l *pahoLink) Lost() <-chan struct{} { return l.lost }

// adopt takes the network connection over, unless the link is closed already.
func (l *pahoLink) adopt(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.raw.Close()
		return false
	}
	l.conn = c
	return true
}

// finish notes the first reason for the end.
func (l *pahoLink) finish(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended != nil {
		return
	}
	if err == nil {
		err = ErrBroken
	}
	l.ended = err
	close(l.lost)
}

func (l *pahoLink) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

// cut closes the network connection, now or as soon as there is one.
func (l *pahoLink) cut() {
	l.mu.Lock()
	l.closed = true
	c := l.conn
	l.mu.Unlock()
	if c != nil {
		c.Close()
	}
	l.finish(net.ErrClosed)
}

// Close ends the connection. No DISCONNECT is sent, for that would take the will back and leave a
// retained "online" behind.
func (l *pahoLink) Close() error {
	err := l.why()
	l.cut()
	l.client.Disconnect(0) // frees the client's goroutines
	if n := l.dropped.Swap(0); n > 0 {
		l.log.Warn("inbox overflow", "dropped", n)
	}
	if err == nil || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return classify(err)
}

// ackStore is the client's memory of what it has not finished. Its Del is the one place where the
// client tells that a PUBACK was really read.
type ackStore struct {
	*mqtt.MemoryStore
	mu    sync.Mutex
	acked map[string]bool // at most maxOut
}

func outKey(id uint16) string { return fmt.Sprintf("o.%d", id) }

// Put remembers a message that goes out.
func (s *ackStore) Put(key string, m packets.ControlPacket) {
	s.mu.Lock()
	delete(s.acked, key)
	s.mu.Unlock()
	s.MemoryStore.Put(key, m)
}

// Del forgets one that is confirmed.
func (s *ackStore) Del(key string) {
	// A PUBACK that comes twice, or for a message that never was, counts for nothing.
	if known := s.Get(key) != nil; known && len(key) > 1 && key[0] == 'o' {
		s.mu.Lock()
		s.acked[key] = true
		s.mu.Unlock()
	}
	s.MemoryStore.Del(key)
}

// take tells once whether message id was confirmed.
func (s *ackStore) take(id uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := outKey(id)
	ok := s.acked[key]
	delete(s.acked, key)
	return ok
}
