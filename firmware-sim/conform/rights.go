package conform

import (
	"context"
	"errors"
	"net"
	"net/url"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/firepost/firepost/agent/wire"
)

// open opens a connection of the station without MQTT on it.
func (b *bench) open(ctx context.Context) (net.Conn, error) {
	u, err := url.Parse(b.URL)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, u, b.Station, b.Wait)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(3 * b.Wait))
}

// lasting connects a platform whose session the broker keeps.
func (b *bench) lasting(ctx context.Context, id string, acks bool) (*client, error) {
	c, err := b.connect(ctx, id, b.Platform, func(o *mqtt.ClientOptions) {
		o.SetCleanSession(false).SetAutoAckDisabled(!acks)
	})
	return c, err
}

// forget ends a session that the broker keeps.
func (b *bench) forget(ctx context.Context, id string) error {
	c, err := b.connect(ctx, id, b.Platform, nil)
	if err != nil {
		return err
	}
	c.Disconnect(0)
	return nil
}

func queues(ctx context.Context, b *bench) error {
	id, topic, payload := "firepost-conform-"+nonce(), b.Device.Topic(wire.UpAlarm), mark("queued")
	p, err := b.lasting(ctx, id, true)
	if err != nil {
		return err
	}
	if err := p.subscribe(ctx, allDevices); err != nil {
		return err
	}
	p.cut()
	s, err := b.station(ctx, nil)
	if err != nil {
		return err
	}
	if err := s.publish(ctx, topic, []byte(payload), false); err != nil {
		return err
	}
	if p, err = b.lasting(ctx, id, true); err != nil {
		return err
	}
	_, err = p.await(ctx, topic, is(payload))
	p.Disconnect(0)
	return errors.Join(err, b.forget(ctx, id))
}

func redelivers(ctx context.Context, b *bench) error {
	id, topic, payload := "firepost-conform-"+nonce(), b.Device.Topic(wire.UpAlarm), mark("again")
	p, err := b.lasting(ctx, id, false)
	if err != nil {
		return err
	}
	if err := p.subscribe(ctx, allDevices); err != nil {
		return err
	}
	s, err := b.station(ctx, nil)
	if err != nil {
		return err
	}
	if err := s.publish(ctx, topic, []byte(payload), false); err != nil {
		return err
	}
	if _, err := p.await(ctx, topic, is(payload)); err != nil {
		return err
	}
	p.cut()
	if p, err = b.lasting(ctx, id, true); err != nil {
		return err
	}
	_, err = p.await(ctx, topic, is(payload))
	p.Disconnect(0)
	return errors.Join(err, b.forget(ctx, id))
}

// errOpen is why a broker without rights is not asked for them.
const errOpen = skip("the broker was declared open; a district's must not be")

// other is a station that is not ours.
func (b *bench) other() wire.Device {
	return wire.Device{Tenant: b.Device.Tenant, ID: "fp-" + nonce() + "aa"}
}

func noImpostor(ctx context.Context, b *bench) error {
	return b.unheard(ctx, b.other().Topic(wire.UpAlarm), "a station spoke as another one")
}

// unheard publishes what a station may not, and looks whether the platform hears it. A broker may
// refuse by closing the connection, by taking it and dropping it, or by no answer.
func (b *bench) unheard(ctx context.Context, topic, what string) error {
	if b.Open {
		return errOpen
	}
	s, p, err := b.both(ctx)
	if err != nil {
		return err
	}
	s.Publish(topic, 1, false, mark("impostor"))
	return p.quiet(ctx, topic, what)
}

func noListener(ctx context.Context, b *bench) error {
	if b.Open {
		return errOpen
	}
	s, p, err := b.both(ctx)
	if err != nil {
		return err
	}
	other := b.other()
	for _, filter := range []string{other.Topic("down/#"), "firepost/v1/+/+/down/#", "#"} {
		s.Subscribe(filter, 1, nil)
	}
	select { // the broker has seen them, or has closed the connection
	case <-s.closed:
		return nil
	case <-time.After(quietTime):
	case <-ctx.Done():
		return ctx.Err()
	}
	topic := other.Topic(wire.DownCmd)
	if err := p.publish(ctx, topic, []byte(mark("secret")), false); err != nil {
		return err
	}
	return s.quiet(ctx, topic, "a station heard another one's order")
}

func noCommander(ctx context.Context, b *bench) error {
	if b.Open {
		return errOpen
	}
	p, err := b.connect(ctx, "firepost-conform-"+nonce(), b.Platform, nil)
	if err != nil {
		return err
	}
	topic := b.other().Topic(wire.DownCmd)
	if err := p.subscribe(ctx, "firepost/v1/+/+/down/cmd"); err != nil {
		return skip("the platform may not hear down/cmd, so it cannot be seen")
	}
	s, err := b.station(ctx, nil)
	if err != nil {
		return err
	}
	s.Publish(topic, 1, false, mark("order"))
	return p.quiet(ctx, topic, "a station gave an order to another one")
}
