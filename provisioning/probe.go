package provisioning

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"
)

// probeTime bounds one broker.
const probeTime = 15 * time.Second

var errConnack = errors.New("the broker refuses the connection")

// probe connects to the first broker that answers, as the box would, shows the certificate and
// leaves again: a certificate is not used before a broker has taken it. A broker ends the
// connection that the box has, because it bears the same name; it is opened again as after any
// loss, with what is then on the disk.
func (id *Identity) probe(ctx context.Context, own tls.Certificate, roots *x509.CertPool) error {
	var all []error
	for _, address := range id.District.Brokers {
		err := id.probeOne(ctx, address, own, roots)
		if err == nil {
			return nil
		}
		all = append(all, fmt.Errorf("%s: %w", address, err))
	}
	return errors.Join(all...)
}

func (id *Identity) probeOne(
	ctx context.Context, address string, own tls.Certificate, roots *x509.CertPool,
) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if ports[u.Scheme].protected {
		config := &tls.Config{
			MinVersion: tls.VersionTLS12, ServerName: id.District.ServerName, Time: id.Now,
			RootCAs: roots,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &own, nil
			},
		}
		if config.ServerName == "" {
			config.ServerName = u.Hostname()
		}
		secured := tls.Client(c, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return err
		}
		c = secured
	}
	return greet(c, id.ID, id.District.Username, id.District.Password)
}

// greet says CONNECT, waits for CONNACK and says DISCONNECT: MQTT 3.1.1, sections 3.1, 3.2, 3.14.
func greet(c net.Conn, client, username, password string) error {
	const cleanSession, hasPassword, hasUsername, keepAlive = 0x02, 0x40, 0x80, 60
	flags, fields := byte(cleanSession), []string{client}
	if username != "" {
		flags, fields = flags|hasUsername, append(fields, username)
		if password != "" {
			flags, fields = flags|hasPassword, append(fields, password)
		}
	}
	body := []byte{0, 4, 'M', 'Q', 'T', 'T', 4, flags, 0, keepAlive}
	for _, field := range fields {
		body = binary.BigEndian.AppendUint16(body, uint16(len(field)))
		body = append(body, field...)
	}
	// The length is coded as in encoding/binary: seven bits a byte, lowest first.
	packet := append(binary.AppendUvarint([]byte{0x10}, uint64(len(body))), body...)
	if _, err := c.Write(packet); err != nil {
		return fmt.Errorf("CONNECT: %w", err)
	}
	var ack [4]byte
	if _, err := io.ReadFull(c, ack[:]); err != nil {
		return fmt.Errorf("CONNACK: %w", err)
	}
	switch {
	case ack[0] != 0x20 || ack[1] != 2:
		return fmt.Errorf("CONNACK: % x is not MQTT", ack)
	case ack[3] != 0:
		return fmt.Errorf("%w with code %d", errConnack, ack[3])
	}
	_, err := c.Write([]byte{0xe0, 0}) // A farewell: no will, and none was left.
	return err
}

// explainBroker puts into words why no broker took the certificate.
func explainBroker(err error, now time.Time) *Failure {
	var alert tls.AlertError
	var op *net.OpError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown), errors.As(err, &host):
		return errStranger(err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		if now.Before(invalid.Cert.NotBefore) {
			return errBehind(err, day(now), day(invalid.Cert.NotBefore))
		}
		return errAhead(err, day(now), day(invalid.Cert.NotAfter))
	case errors.Is(err, errConnack), errors.As(err, &alert), errors.Is(err, io.EOF),
		errors.As(err, &op) && op.Op == "remote error":
		return errRefused(err)
	}
	if f := explainNetwork(err); f != nil {
		return f
	}
	return errRefused(err)
}
