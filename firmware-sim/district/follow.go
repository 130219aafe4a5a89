package district

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Follow lets a receiver hear every device of a broker elsewhere, such as tcp://host:1883, and
// answer, until ctx ends. It connects again after a loss; messages of the time between come from
// the devices again, or from the broker's queue.
func Follow(ctx context.Context, url, clientID string, r *Receiver) error {
	return FollowTLS(ctx, url, clientID, nil, r)
}

// FollowTLS is Follow over TLS, such as ssl://host:8883.
func FollowTLS(ctx context.Context, url, clientID string, as *tls.Config, r *Receiver) error {
	o := mqtt.NewClientOptions().AddBroker(url).SetClientID(clientID).
		SetProtocolVersion(4).SetCleanSession(false).SetConnectTimeout(followWait).SetTLSConfig(as).
		SetAutoReconnect(true).SetMaxReconnectInterval(followWait)
	hear := func(_ mqtt.Client, m mqtt.Message) { r.Handle(m.Topic(), m.Payload(), m.Retained()) }
	// What the broker queued comes before the subscription is made anew.
	o.SetDefaultPublishHandler(hear)
	o.SetOnConnectHandler(func(c mqtt.Client) { c.Subscribe(allDevices, 1, hear) })
	c := mqtt.NewClient(o)
	if err := wait(ctx, c.Connect()); err != nil {
		return fmt.Errorf("broker %s: connect: %w", url, err)
	}
	defer c.Disconnect(250)
	r.Run(ctx, func(topic string, payload []byte, retain bool) error {
		return wait(ctx, c.Publish(topic, 1, retain, payload))
	})
	return nil
}

// followWait bounds each step of a connection elsewhere.
const followWait = 10 * time.Second

func wait(ctx context.Context, t mqtt.Token) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(followWait):
		return fmt.Errorf("no answer in %v", followWait)
	case <-t.Done():
		return t.Error()
	}
}
