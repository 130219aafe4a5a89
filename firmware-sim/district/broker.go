package district

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Broker is an MQTT broker on loopback whose line can be cut. What it knows outlives a cut, as it
// does when a cable is pulled: retained messages and the receiver's subscription stay.
type Broker struct {
	server *mqtt.Server
	log    *slog.Logger

	mu      sync.Mutex
	addr    string
	listen  net.Listener // nil while the line is cut
	conns   map[net.Conn]bool
	mute    bool           // connections are accepted and nothing is answered
	secured []net.Listener // of OpenTLS
	work    sync.WaitGroup
}

// OpenBroker opens a broker at addr; port 0 takes a free one. log may be nil.
func OpenBroker(addr string, log *slog.Logger) (*Broker, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	b := &Broker{log: log, addr: addr, conns: map[net.Conn]bool{}}
	b.server = mqtt.New(&mqtt.Options{InlineClient: true, Logger: log})
	if err := b.server.AddHook(new(openDoor), nil); err != nil {
		return nil, fmt.Errorf("broker: hook: %w", err)
	}
	if err := b.Mend(); err != nil {
		return nil, err
	}
	if err := b.server.Serve(); err != nil {
		return nil, fmt.Errorf("broker: serve: %w", err)
	}
	return b, nil
}

// openDoor lets everybody in who comes without TLS, and a box with its certificate as itself. The
// library's own hook for this brings a parser that nobody needs.
type openDoor struct{ mqtt.HookBase }

// ID names the hook.
func (*openDoor) ID() string { return "open-door" }

// Provides says which questions the hook answers.
func (*openDoor) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck
}

// OnConnectAuthenticate accepts every client under the name of its certificate.
func (*openDoor) OnConnectAuthenticate(cl *mqtt.Client, _ packets.Packet) bool {
	name := nameOf(cl)
	return name == "" || name == cl.ID
}

// OnACLCheck accepts every topic, and of a box with a certificate its own.
func (*openDoor) OnACLCheck(cl *mqtt.Client, topic string, _ bool) bool {
	name := nameOf(cl)
	return name == "" || isOwn(topic, name)
}

// Addr is the address that clients dial. It stays the same over a cut.
func (b *Broker) Addr() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.addr
}

// URL is the address as MQTT clients write it.
func (b *Broker) URL() string { return "tcp://" + b.Addr() }

// Cut ends every connection and refuses new ones until Mend.
func (b *Broker) Cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut()
}

func (b *Broker) cut() {
	if b.listen != nil {
		b.listen.Close()
		b.listen = nil
	}
	for c := range b.conns {
		c.Close()
	}
	clear(b.conns)
	b.mute = false
}

// Mute ends every connection; new ones are accepted, and nothing is ever answered, until Mend.
func (b *Broker) Mute() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut()
	b.mute = true
	return b.open()
}

// Mend opens the line again, on the same port. Connections of a mute time are ended.
func (b *Broker) Mend() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.listen != nil && !b.mute {
		return nil
	}
	b.cut()
	return b.open()
}

func (b *Broker) open() error {
	l, err := net.Listen("tcp", b.addr)
	if err != nil {
		return fmt.Errorf("broker %s: listen: %w", b.addr, err)
	}
	b.listen, b.addr = l, l.Addr().String()
	b.work.Go(func() { b.accept(l) })
	return nil
}

func (b *Broker) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed by a cut
		}
		b.mu.Lock()
		if b.listen != l {
			b.mu.Unlock()
			c.Close()
			return
		}
		b.conns[c] = true
		mute := b.mute
		b.mu.Unlock()
		if !mute {
			b.work.Go(func() { b.serve(c) })
		}
	}
}

func (b *Broker) serve(c net.Conn) {
	if err := b.server.EstablishConnection("line", c); err != nil {
		b.log.Debug("connection ended", "err", err)
	}
	c.Close()
	b.mu.Lock()
	delete(b.conns, c)
	b.mu.Unlock()
}

// subscription is the number of the receiver's subscription. A broker has one receiver, so it is
// the same for all; the library wants it back to end the subscription.
const subscription = 1

// Attach lets a receiver hear every device of this broker from now on: what was confirmed before,
// it never hears of. Serve lets it answer.
func (b *Broker) Attach(r *Receiver) error {
	hear := func(_ *mqtt.Client, _ packets.Subscription, pk packets.Packet) {
		r.Handle(pk.TopicName, pk.Payload, false)
	}
	if err := b.server.Subscribe(allDevices, subscription, hear); err != nil {
		return fmt.Errorf("broker: subscribe: %w", err)
	}
	return nil
}

// Serve publishes what an attached receiver has to say until ctx ends; then it hears no more.
func (b *Broker) Serve(ctx context.Context, r *Receiver) error {
	r.Run(ctx, func(topic string, payload []byte, retain bool) error {
		return b.server.Publish(topic, payload, retain, 1)
	})
	return b.server.Unsubscribe(allDevices, subscription)
}

// allDevices is the filter of everything that devices send.
const allDevices = "firepost/v1/+/+/up/#"

// Publish sends a message as the platform does, for what a receiver has no method for.
func (b *Broker) Publish(topic string, payload []byte, retain bool) error {
	return b.server.Publish(topic, payload, retain, 1)
}

// Close ends the broker and waits for its goroutines.
func (b *Broker) Close() error {
	b.closeSecured()
	b.Cut()
	err := b.server.Close()
	b.work.Wait()
	return err
}
