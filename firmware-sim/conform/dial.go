package conform

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"time"
)

// dial opens the network connection below MQTT.
func dial(ctx context.Context, u *url.URL, as Login, wait time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	switch u.Scheme {
	case "tcp", "mqtt":
		return new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	case "ssl", "mqtts":
		return (&tls.Dialer{Config: as.TLS}).DialContext(ctx, "tcp", u.Host)
	}
	return nil, fmt.Errorf("broker %s: write tcp://host:port or ssl://host:port", u)
}
