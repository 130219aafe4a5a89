package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	connectTimeout = 15 * time.Second // TCP, TLS and CONNACK together, and each SUBACK
	keepAlive      = 30 * time.Second
	pingTimeout    = 10 * time.Second
)

// Broker says where and as whom to connect.
type Broker struct {
	URL                string // mqtt://host:port or mqtts://host:port; without port 1883 or 8883
	ClientID           string
	Username, Password string // empty: none
	// TLS is asked at each attempt, so that a renewed certificate counts at once; nil: the
	// system's roots and no certificate of our own.
	TLS func() (*tls.Config, error)
	Log *slog.Logger // nil: discard

	network func(ctx context.Context, network, host string) (net.Conn, error) // nil: TCP
}

// PahoDial returns a Dial over MQTT 3.1.1. Each connection is a client of its own: a client that
// reconnects by itself reports messages as confirmed that no broker has seen.
func PahoDial(b Broker) Dial {
	if b.Log == nil {
		b.Log = slog.New(slog.DiscardHandler)
	}
	if b.network == nil {
		b.network = (&net.Dialer{Control: setUserTimeout}).DialContext
	}
	return func(ctx context.Context, s Opening) (Link, error) {
		u, err := parseBroker(b.URL)
		if err != nil {
			return nil, err
		}
		l := newPahoLink(b.Log)
		if err := l.connect(ctx, b, u, s); err != nil {
			l.Close()
			return nil, fmt.Errorf("mqtt %s: %w", u.Host, err)
		}
		go l.pump()
		return l, nil
	}
}

func parseBroker(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	ports := map[string]string{"mqtt": "1883", "tcp": "1883", "mqtts": "8883", "ssl": "8883"}
	if err != nil || u.Hostname() == "" || ports[u.Scheme] == "" {
		return nil, fmt.Errorf("broker: write mqtt://host:port or mqtts://host:port: %w", ErrRefused)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), ports[u.Scheme])
	}
	return u, nil
}

// connect opens the network, speaks CONNECT and subscribes. The end of ctx ends it.
func (l *pahoLink) connect(ctx context.Context, b Broker, u *url.URL, s Opening) error {
	o := mqtt.NewClientOptions().SetClientID(b.ClientID).
		SetUsername(b.Username).SetPassword(b.Password).
		SetProtocolVersion(4).SetCleanSession(true).
		SetAutoReconnect(false).SetConnectRetry(false).
		SetOrderMatters(false).SetAutoAckDisabled(true).
		SetKeepAlive(keepAlive).SetPingTimeout(pingTimeout).
		SetConnectTimeout(connectTimeout).SetWriteTimeout(writeTimeout).
		SetStore(l.store).
		SetBinaryWill(s.Will.Topic, s.Will.Payload, 1, s.Will.Retain).
		SetDefaultPublishHandler(l.receive).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { l.finish(err) }).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) {
			return l.open(ctx, b, u)
		})
	o.Servers = []*url.URL{u}
	l.client = mqtt.NewClient(o)
	stop := context.AfterFunc(ctx, l.cut)
	defer stop()
	token := l.client.Connect()
	<-token.Done() // Each step has a deadline, and cut ends them all.
	if err := token.Error(); err != nil {
		return classify(err)
	}
	for _, topic := range s.Topics {
		if err := l.subscribe(topic); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// open makes the network connection that the client uses.
func (l *pahoLink) open(ctx context.Context, b Broker, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	raw, err := b.network(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	secured := raw
	if u.Scheme == "mqtts" || u.Scheme == "ssl" {
		secured, err = handshake(ctx, raw, b, u.Hostname())
		if err != nil {
			raw.Close()
			return nil, err
		}
	}
	c := &conn{Conn: secured, raw: raw, end: l.finish}
	if !l.adopt(c) { // The attempt was given up meanwhile.
		return nil, net.ErrClosed
	}
	return c, nil
}

func handshake(ctx context.Context, raw net.Conn, b Broker, host string) (net.Conn, error) {
	config := &tls.Config{}
	if b.TLS != nil {
		got, err := b.TLS()
		if err != nil {
			return nil, fmt.Errorf("certificate: %w: %w", err, ErrRefused)
		}
		config = got.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	c := tls.Client(raw, config)
	return c, c.HandshakeContext(ctx)
}

func (l *pahoLink) subscribe(topic string) error {
	token, ok := l.client.Subscribe(topic, 1, nil).(*mqtt.SubscribeToken)
	if !ok {
		return fmt.Errorf("subscribe %s: the client gave no token: %w", topic, ErrBroken)
	}
	timer := time.NewTimer(connectTimeout)
	defer timer.Stop()
	select {
	case <-token.Done():
	case <-l.lost:
		return fmt.Errorf("subscribe %s: %w", topic, classify(l.why()))
	case <-timer.C:
		return fmt.Errorf("subscribe %s: no SUBACK: %w", topic, ErrBroken)
	}
	if err := token.Error(); err != nil {
		return fmt.Errorf("subscribe %s: %w", topic, classify(err))
	}
	if code, ok := token.Result()[topic]; !ok || code > 2 {
		return fmt.Errorf("subscribe %s: not permitted: %w", topic, ErrRefused)
	}
	return nil
}

// classify adds the class to an error of the network or the client.
func classify(err error) error {
	var invalid x509.CertificateInvalidError
	switch {
	case err == nil:
		return ErrBroken
	case errors.Is(err, ErrRefused):
		return err
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("%w: %w", err, ErrClock)
	case errors.As(err, new(*tls.CertificateVerificationError)), // The other side is not who it
		isAlert(err), // should be, or it says so of us.
		errors.Is(err, packets.ErrorRefusedNotAuthorised),
		errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword),
		errors.Is(err, packets.ErrorRefusedIDRejected),
		errors.Is(err, packets.ErrorRefusedBadProtocolVersion):
		return fmt.Errorf("%w: %w", err, ErrRefused)
	}
	return fmt.Errorf("%w: %w", err, ErrBroken)
}

// isAlert finds a TLS alert of the other side anywhere in a tree of errors.
func isAlert(err error) bool {
	if op, ok := err.(*net.OpError); ok && op.Op == "remote error" {
		return true
	}
	switch x := err.(type) {
	case interface{ Unwrap() error }:
		return isAlert(x.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(x.Unwrap(), isAlert)
	}
	return false
}
