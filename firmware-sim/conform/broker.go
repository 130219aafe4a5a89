package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/firepost/firepost/agent/wire"
)

// brokerChecks need nothing but the broker. The numbers are published: a new check gets a new one.
func brokerChecks() []check {
	return []check{
		{"B01", "a station and a platform connect over MQTT 3.1.1", connects},
		{"B02", "a message of QoS 1 is confirmed and reaches the platform", delivers},
		{"B03", "a message of 32 KB arrives whole", takesLong},
		{"B04", "bytes that are no text arrive as they were, on a topic of nine levels", takesBinary},
		{"B05", "500 messages, 48 unconfirmed at a time, arrive in order", keepsOrder},
		{"B06", "the newest retained message reaches who subscribes later, with wildcards", retains},
		{"B07", "a retained hello reaches a station as it subscribes", greets},
		{"B08", "the will is published, and retained, when the line breaks", wills},
		{"B09", "no will is published after a DISCONNECT", noWill},
		{"B10", "the will is published when a station is silent for 1.5 times its keep-alive", misses},
		{"B11", "a second connection of a station ends the first", takesOver},
		{"B12", "what came while the platform was away is there when it returns", queues},
		{"B13", "what the platform has not confirmed comes again", redelivers},
		{"B14", "a station cannot speak as another one", noImpostor},
		{"B15", "a station cannot hear what another one is told", noListener},
		{"B16", "a station cannot speak to stations", noCommander},
	}
}

func connects(ctx context.Context, b *bench) error {
	_, _, err := b.both(ctx)
	return err
}

// through publishes at the station and waits for the same at the platform.
func (b *bench) through(ctx context.Context, leaf, payload string) error {
	s, p, err := b.both(ctx)
	if err != nil {
		return err
	}
	topic := b.Device.Topic(leaf)
	if err := s.publish(ctx, topic, []byte(payload), false); err != nil {
		return err
	}
	_, err = p.await(ctx, topic, is(payload))
	return err
}

func delivers(ctx context.Context, b *bench) error {
	return b.through(ctx, wire.UpEvent, mark("delivers"))
}

// mark is a payload that no receiver can take for a record, and no other run for its own.
func mark(text string) string { return fmt.Sprintf(`{"conform":%q}`, text+" "+nonce()) }

func takesLong(ctx context.Context, b *bench) error {
	payload := mark("long")
	return b.through(ctx, wire.UpEvent, payload+strings.Repeat(" ", wire.MaxMessage-len(payload)))
}

func takesBinary(ctx context.Context, b *bench) error {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return b.through(ctx, wire.UpTelemetry+"/dz/1-000000", string(all)+nonce())
}

// inFlight is how many messages a station has under way at most.
const inFlight = 48

func keepsOrder(ctx context.Context, b *bench) error {
	s, p, err := b.both(ctx)
	if err != nil {
		return err
	}
	const n = 500
	topic, run := b.Device.Topic(wire.UpEvent), nonce()
	var tokens []mqtt.Token
	for i := range n {
		if i >= inFlight {
			if err := s.done(ctx, tokens[i-inFlight], "PUBACK"); err != nil {
				return err
			}
		}
		tokens = append(tokens, s.Publish(topic, 1, false, fmt.Sprintf(`{"conform":"%s %d"}`, run, i)))
	}
	ours := func(m message) bool { return bytes.Contains(m.payload, []byte(run)) }
	for i := range n {
		m, err := p.await(ctx, topic, ours)
		if err != nil {
			return fmt.Errorf("message %d of %d: %w", i+1, n, err)
		}
		if want := fmt.Sprintf(`{"conform":"%s %d"}`, run, i); string(m.payload) != want {
			return fmt.Errorf("message %d: %s came, want %s", i+1, m.payload, want)
		}
	}
	return nil
}

func retains(ctx context.Context, b *bench) error {
	s, err := b.station(ctx, nil)
	if err != nil {
		return err
	}
	topic, newest := b.Device.Topic(wire.UpState), mark("retained")
	for _, payload := range []string{mark("older"), newest} {
		if err := s.publish(ctx, topic, []byte(payload), true); err != nil {
			return err
		}
	}
	p, err := b.platform(ctx)
	if err != nil {
		return err
	}
	m, err := p.await(ctx, topic, func(m message) bool { return m.retained })
	if err == nil && string(m.payload) != newest {
		err = fmt.Errorf("%s was kept, want %s", m.payload, newest)
	}
	return errors.Join(err, s.publish(ctx, topic, nil, true)) // nothing of ours stays there
}

func greets(ctx context.Context, b *bench) error {
	p, err := b.platform(ctx)
	if err != nil {
		return err
	}
	topic := b.Device.Topic(wire.DownHello)
	hello := wire.Hello{Now: time.Now()}.JSON()
	if err := p.publish(ctx, topic, hello, true); err != nil {
		return err
	}
	s, err := b.station(ctx, nil)
	if err != nil {
		return err
	}
	if err := s.subscribe(ctx, b.Device.Topic("down/#")); err != nil {
		return err
	}
	_, err = s.await(ctx, topic, is(string(hello)))
	return errors.Join(err, p.publish(ctx, topic, nil, true))
}

// willed connects the station with a will that is told apart from all others.
func (b *bench) willed(ctx context.Context, keepAlive time.Duration) (*client, string, error) {
	will := mark("will")
	s, err := b.station(ctx, func(o *mqtt.ClientOptions) {
		o.SetBinaryWill(b.Device.Topic(wire.UpState), []byte(will), 1, true)
		if keepAlive > 0 {
			o.SetKeepAlive(keepAlive)
		}
	})
	return s, will, err
}

func wills(ctx context.Context, b *bench) error {
	p, err := b.platform(ctx)
	if err != nil {
		return err
	}
	s, will, err := b.willed(ctx, 0)
	if err != nil {
		return err
	}
	s.cut()
	topic := b.Device.Topic(wire.UpState)
	if _, err := p.await(ctx, topic, is(will)); err != nil {
		return err
	}
	later, err := b.platform(ctx)
	if err != nil {
		return err
	}
	if _, err := later.await(ctx, topic, is(will)); err != nil {
		return fmt.Errorf("it was not retained: %w", err)
	}
	return p.publish(ctx, topic, nil, true)
}

func noWill(ctx context.Context, b *bench) error {
	p, err := b.platform(ctx)
	if err != nil {
		return err
	}
	s, will, err := b.willed(ctx, 0)
	if err != nil {
		return err
	}
	s.Disconnect(100)
	p.wait = quietTime
	_, err = p.await(ctx, b.Device.Topic(wire.UpState), is(will))
	if err == nil {
		return errors.New("the will was published after a DISCONNECT")
	}
	return ctx.Err()
}

// silence is the keep-alive of a station that never keeps it.
const silence = 2

// misses speaks CONNECT alone, as a client of the library would ping.
func misses(ctx context.Context, b *bench) error {
	p, err := b.platform(ctx)
	if err != nil {
		return err
	}
	will, topic := mark("silent"), b.Device.Topic(wire.UpState)
	conn, err := b.open(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	hello := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	hello.ProtocolName, hello.ProtocolVersion, hello.Keepalive = "MQTT", 4, silence
	hello.CleanSession, hello.ClientIdentifier = true, b.Device.ID
	hello.WillFlag, hello.WillQos, hello.WillTopic, hello.WillMessage = true, 1, topic, []byte(will)
	hello.Username, hello.UsernameFlag = b.Station.Username, b.Station.Username != ""
	hello.Password, hello.PasswordFlag = []byte(b.Station.Password), b.Station.Password != ""
	if err := hello.Write(conn); err != nil {
		return err
	}
	if _, err := packets.ReadPacket(conn); err != nil {
		return err
	}
	_, err = p.await(ctx, topic, is(will))
	return err
}

func takesOver(ctx context.Context, b *bench) error {
	first, err := b.station(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := b.station(ctx, nil); err != nil {
		return err
	}
	select {
	case <-first.closed:
		return nil
	case <-time.After(b.Wait):
		return fmt.Errorf("the first is still open after %v", b.Wait)
	case <-ctx.Done():
		return ctx.Err()
	}
}
