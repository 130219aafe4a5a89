package district

import (
	"crypto/tls"
	"fmt"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
)

// OpenTLS lets boxes in at another address, by their certificates: each as itself alone, and to
// nothing but its own topics. It returns the address and stays until Close.
func (b *Broker) OpenTLS(addr string, c *tls.Config) (string, error) {
	l, err := tls.Listen("tcp", addr, c)
	if err != nil {
		return "", fmt.Errorf("broker %s: listen: %w", addr, err)
	}
	b.mu.Lock()
	b.secured = append(b.secured, l)
	b.mu.Unlock()
	b.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.conns[conn] = true
			b.mu.Unlock()
			b.work.Go(func() { b.serve(conn) })
		}
	})
	return l.Addr().String(), nil
}

// nameOf is the name in the certificate of a client; empty: it came without TLS.
func nameOf(cl *mqtt.Client) string {
	c, ok := cl.Net.Conn.(*tls.Conn)
	if !ok {
		return ""
	}
	if certs := c.ConnectionState().PeerCertificates; len(certs) > 0 {
		return certs[0].Subject.CommonName
	}
	return "nobody"
}

// isOwn tells whether a topic or filter is of that box: firepost/v1/TENANT/BOX/…, or an order to
// its group.
func isOwn(topic, name string) bool {
	level := strings.Split(topic, "/")
	return len(level) > 4 && (level[3] == name || level[3] == "group")
}

// closeSecured ends what OpenTLS began.
func (b *Broker) closeSecured() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.secured {
		l.Close()
	}
}
