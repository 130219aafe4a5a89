package conform

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// bench is what one check uses; its clients end with it.
type bench struct {
	Options
	clients []*client
}

func newBench(o Options) *bench { return &bench{Options: o} }

// settle is how long a broker has to be done with a connection: a station stays away longer.
const settle = 300 * time.Millisecond

func (b *bench) close() {
	for _, c := range b.clients {
		c.Disconnect(0)
	}
	<-time.After(settle)
}

// message is what a client has received.
type message struct {
	topic    string
	payload  []byte
	retained bool
}

// client is one connection, which does not come back by itself.
type client struct {
	mqtt.Client
	wait   time.Duration
	heard  chan message
	closed chan struct{} // when the connection is lost

	mu  sync.Mutex
	raw net.Conn
}

// heardMost is how many messages a client holds that nobody has asked for.
const heardMost = 4096

// connect opens a connection; change may alter how.
func (b *bench) connect(
	ctx context.Context, id string, as Login, change func(*mqtt.ClientOptions),
) (*client, error) {
	c := &client{wait: b.Wait, heard: make(chan message, heardMost), closed: make(chan struct{})}
	o := mqtt.NewClientOptions().AddBroker(b.URL).SetClientID(id).SetProtocolVersion(4).
		SetUsername(as.Username).SetPassword(as.Password).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectTimeout(b.Wait).
		SetDefaultPublishHandler(c.take).
		SetConnectionLostHandler(func(mqtt.Client, error) { close(c.closed) })
	o.SetCustomOpenConnectionFn(func(u *url.URL, _ mqtt.ClientOptions) (net.Conn, error) {
		raw, err := dial(ctx, u, as, b.Wait)
		c.mu.Lock()
		c.raw = raw
		c.mu.Unlock()
		return raw, err
	})
	if change != nil {
		change(o)
	}
	c.Client = mqtt.NewClient(o)
	if err := c.done(ctx, c.Connect(), "CONNACK"); err != nil {
		return nil, err
	}
	b.clients = append(b.clients, c)
	return c, nil
}

// station connects as the device.
func (b *bench) station(ctx context.Context, change func(*mqtt.ClientOptions)) (*client, error) {
	return b.connect(ctx, b.Device.ID, b.Station, change)
}

// platform connects as who hears every device, and subscribes.
func (b *bench) platform(ctx context.Context) (*client, error) {
	c, err := b.connect(ctx, "firepost-conform-"+nonce(), b.Platform, nil)
	if err != nil {
		return nil, err
	}
	return c, c.subscribe(ctx, allDevices)
}

const allDevices = "firepost/v1/+/+/up/#"

// both connects a station and a platform that hears it.
func (b *bench) both(ctx context.Context) (station, platform *client, err error) {
	if platform, err = b.platform(ctx); err != nil {
		return nil, nil, fmt.Errorf("platform: %w", err)
	}
	if station, err = b.station(ctx, nil); err != nil {
		return nil, nil, fmt.Errorf("station: %w", err)
	}
	return station, platform, nil
}

func (c *client) take(_ mqtt.Client, m mqtt.Message) {
	select {
	case c.heard <- message{m.Topic(), m.Payload(), m.Retained()}:
	default:
	}
}

// done waits for the broker's answer.
func (c *client) done(ctx context.Context, t mqtt.Token, answer string) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-time.After(c.wait):
		return fmt.Errorf("no %s in %v", answer, c.wait)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *client) subscribe(ctx context.Context, topic string) error {
	t := c.Subscribe(topic, 1, nil)
	if err := c.done(ctx, t, "SUBACK"); err != nil {
		return err
	}
	if got := t.(*mqtt.SubscribeToken).Result()[topic]; got > 1 {
		return fmt.Errorf("subscription to %s was refused", topic)
	}
	return nil
}

func (c *client) publish(ctx context.Context, topic string, payload []byte, retain bool) error {
	return c.done(ctx, c.Publish(topic, 1, retain, payload), "PUBACK")
}

// cut ends the connection as a line does that breaks.
func (c *client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Close()
}

// await waits for a message on a topic that ok accepts; what else comes is passed over.
func (c *client) await(ctx context.Context, topic string, ok func(message) bool) (message, error) {
	late := time.After(c.wait)
	for {
		select {
		case m := <-c.heard:
			if m.topic == topic && (ok == nil || ok(m)) {
				return m, nil
			}
		case <-late:
			return message{}, fmt.Errorf("nothing such on %s in %v", topic, c.wait)
		case <-ctx.Done():
			return message{}, ctx.Err()
		}
	}
}

// quietTime is how long nothing may come where nothing should.
const quietTime = 2 * time.Second

// quiet fails when a message comes on a topic.
func (c *client) quiet(ctx context.Context, topic, what string) error {
	over := time.After(quietTime)
	for {
		select {
		case m := <-c.heard:
			if m.topic == topic {
				return fmt.Errorf("%s: %s came", what, topic)
			}
		case <-over:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// is accepts exactly this payload.
func is(payload string) func(message) bool {
	return func(m message) bool { return string(m.payload) == payload }
}
