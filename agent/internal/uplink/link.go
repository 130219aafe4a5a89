package uplink

import (
	"context"
	"errors"
)

// Message is one MQTT message. It is published with QoS 1, always.
type Message struct {
	Topic   string
	Payload []byte
	Retain  bool
}

// Delivery is a message that came in. Retain marks the broker's kept copy of it, which may be old.
// Done sends the PUBACK; until then a broker may deliver the message again. Done never waits.
type Delivery struct {
	Message
	Done func()
}

// Opening is what a connection must know before it is opened: the will that the broker publishes
// when the connection is lost, and the topics to subscribe.
type Opening struct {
	Will   Message
	Topics []string
}

// Link is one connection. After a loss it is thrown away, and a new one is dialled. No method
// waits.
type Link interface {
	// Publish starts sending m; messages leave in the order of the calls. The channel gets one
	// value: nil only after the PUBACK of this connection. After a loss it may get none, so wait
	// for Lost as well.
	Publish(m Message) <-chan error
	// Inbox is bounded; what does not fit is dropped without a PUBACK and counted.
	Inbox() <-chan Delivery
	// Lost is closed when the connection is over.
	Lost() <-chan struct{}
	// Close ends the connection without a farewell, so that the broker publishes the will. It
	// returns why the connection was lost before; nil: it was not.
	Close() error
}

// Dial opens a connection. It returns after the broker has confirmed every subscription. It fails
// with ErrRefused, ErrClock or ErrBroken.
type Dial func(ctx context.Context, o Opening) (Link, error)

// Classes of failure.
var (
	// ErrRefused lasts until a person acts: a bad certificate, a wrong name, no permission.
	ErrRefused = errors.New("refused")
	// ErrClock is a certificate outside of its time, which a wrong clock shows as well.
	ErrClock = errors.New("certificate outside of its time")
	// ErrBroken passes: no network, no answer, an answer that is not MQTT.
	ErrBroken = errors.New("connection broken")
	// ErrStalled is a broker that stopped confirming while something was in flight.
	ErrStalled = errors.New("no confirmation")
	// ErrShared is another station that uses this identity.
	ErrShared = errors.New("identity in use elsewhere")
)
