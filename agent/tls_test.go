package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/firepost/firepost/agent/internal/uplink"
	"github.com/firepost/firepost/provisioning"
)

// issuer is a certificate authority of a district.
type issuer struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newIssuer(t *testing.T) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	is := &issuer{t: t, key: key}
	is.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().AddDate(-3, 0, 0), NotAfter: time.Now().AddDate(3, 0, 0),
	}
	is.cert = is.sign(is.cert, &key.PublicKey)
	return is
}

func (is *issuer) sign(c *x509.Certificate, key *ecdsa.PublicKey) *x509.Certificate {
	is.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, is.cert, key, is.key)
	if err != nil {
		is.t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		is.t.Fatal(err)
	}
	return signed
}

// issue certifies a key under a name and a serial number.
func (is *issuer) issue(name string, key *ecdsa.PublicKey, serial int64, until time.Time,
) *x509.Certificate {
	is.t.Helper()
	return is.sign(&x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		DNSNames: []string{name}, NotBefore: until.AddDate(-1, 0, 0), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, key)
}

func inPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// tlsBroker is a broker on loopback behind real TLS that wants a certificate, or a name and a
// password.
type tlsBroker struct {
	*testing.T
	listener net.Listener
	user     string // "name password"; empty: a certificate

	mu     sync.Mutex
	serial []int64 // of the certificates that were shown
}

// openTLS opens a broker that is certified by is under a name. change may spoil its settings.
func openTLS(is *issuer, name string, change func(*tlsBroker, *tls.Config)) *tlsBroker {
	is.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		is.t.Fatal(err)
	}
	cert := is.issue(name, &key.PublicKey, 2, time.Now().AddDate(0, 1, 0))
	pool := x509.NewCertPool()
	pool.AddCert(is.cert)
	b, config := &tlsBroker{T: is.t}, &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
	if change != nil {
		change(b, config)
	}
	if b.listener, err = tls.Listen("tcp", "127.0.0.1:0", config); err != nil {
		is.t.Fatal(err)
	}
	is.t.Cleanup(func() { b.listener.Close() })
	go b.run()
	return b
}

func (b *tlsBroker) url() string {
	_, port, _ := net.SplitHostPort(b.listener.Addr().String())
	return "mqtts://localhost:" + port
}

func (b *tlsBroker) run() {
	for {
		c, err := b.listener.Accept()
		if err != nil {
			return
		}
		go b.serve(c.(*tls.Conn))
	}
}

func (b *tlsBroker) serve(c *tls.Conn) {
	defer c.Close()
	if c.Handshake() != nil {
		return
	}
	b.mu.Lock()
	for _, cert := range c.ConnectionState().PeerCertificates[:min(1,
		len(c.ConnectionState().PeerCertificates))] {
		b.serial = append(b.serial, cert.SerialNumber.Int64())
	}
	b.mu.Unlock()
	for {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		var answer packets.ControlPacket
		switch p := p.(type) {
		case *packets.ConnectPacket:
			ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
			if b.user != "" && b.user != p.Username+" "+string(p.Password) {
				ack.ReturnCode = packets.ErrRefusedBadUsernameOrPassword
			}
			answer = ack
		case *packets.SubscribePacket:
			ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			ack.MessageID, ack.ReturnCodes = p.MessageID, []byte{1}
			answer = ack
		default:
			continue
		}
		if answer.Write(c) != nil {
			return
		}
	}
}

// shown are the serial numbers of the certificates that boxes have shown.
func (b *tlsBroker) shown() []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.serial)
}

// box is an identity folder with a certificate of a district.
type box struct {
	*issuer
	dir string
	key *ecdsa.PublicKey
	id  *provisioning.Identity
}

// newBox enrols a box by hand. A district with a name and a password gives it no certificate.
func newBox(is *issuer, d provisioning.District, l provisioning.Loader) *box {
	is.t.Helper()
	x := &box{issuer: is, dir: filepath.Join(is.t.TempDir(), "identity")}
	d.Tenant = "test"
	id, err := l.Create(x.dir, d)
	if err != nil {
		is.t.Fatal(err)
	}
	x.key = x.read()
	x.write("ca.pem", inPEM(is.cert))
	if d.Username == "" {
		x.certify(id.ID, 10, time.Now().AddDate(0, 1, 0))
	}
	if x.id, err = l.Load(x.dir); err != nil {
		is.t.Fatal(err)
	}
	return x
}

func (x *box) read() *ecdsa.PublicKey {
	data, err := os.ReadFile(filepath.Join(x.dir, "key.pem"))
	if err != nil {
		x.t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		x.t.Fatal(err)
	}
	return &key.(*ecdsa.PrivateKey).PublicKey
}

func (x *box) write(name string, data []byte) {
	x.t.Helper()
	if err := os.WriteFile(filepath.Join(x.dir, name), data, 0o600); err != nil {
		x.t.Fatal(err)
	}
}

func (x *box) certify(name string, serial int64, until time.Time) {
	x.t.Helper()
	x.write("cert.pem", inPEM(x.issue(name, x.key, serial, until)))
}

// connect makes one connection and ends it.
func (x *box) connect(dial uplink.Dial) error {
	link, err := dial(x.t.Context(), uplink.Opening{
		Will: uplink.Message{Topic: "w", Payload: []byte("gone")}, Topics: []string{"down/#"},
	})
	if err == nil {
		link.Close()
	}
	return err
}

func (x *box) dial() uplink.Dial { return dialIdentity(x.id, slog.New(slog.DiscardHandler)) }

// A new certificate, and a new authority, are used at the next connection, without a restart. A
// file that is damaged, or belongs to another key, leaves the old ones in use and is told of.
func TestRenewedFilesAreUsedAndSpoiltOnesAreNot(t *testing.T) {
	is := newIssuer(t)
	b := openTLS(is, "localhost", nil)
	x := newBox(is, provisioning.District{Brokers: []string{b.url()}}, provisioning.Loader{})
	dial, soon := x.dial(), time.Now().AddDate(0, 1, 0)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name   string
		do     func()
		serial int64
		says   string
	}{
		{"as enrolled", func() {}, 10, ""},
		{"renewed", func() { x.certify(x.id.ID, 11, soon) }, 11, ""},
		{"of another key", func() {
			x.write("cert.pem", inPEM(x.issue(x.id.ID, &stranger.PublicKey, 12, soon)))
		}, 11, "private key does not match"},
		{"half written", func() { x.write("cert.pem", []byte("-----BEGIN CERT")) }, 11, "cert"},
		{"no authority", func() {
			x.certify(x.id.ID, 13, soon)
			x.write("ca.pem", nil)
		}, 11, "ca.pem holds no certificate"},
		{"whole again", func() { x.write("ca.pem", inPEM(is.cert)) }, 13, ""},
		{"gone", func() { os.Remove(filepath.Join(x.dir, "cert.pem")) }, 13, "is missing"},
	} {
		step.do()
		if err := x.connect(dial); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := b.shown(); got[len(got)-1] != step.serial {
			t.Errorf("%s: showed certificate %d, want %d", step.name, got[len(got)-1], step.serial)
		}
		says := fmt.Sprint(x.id.Damage())
		if step.says == "" && says != "<nil>" || !strings.Contains(says, step.says) {
			t.Errorf("%s: says %q, want %q", step.name, says, step.says)
		}
	}
	other := newIssuer(t)
	moved := openTLS(other, "localhost", func(_ *tlsBroker, c *tls.Config) {
		c.ClientCAs.AddCert(is.cert)
	})
	x.id.District.Brokers = []string{moved.url()}
	x.certify(x.id.ID, 14, soon)
	dial = x.dial()
	if err := x.connect(dial); !errors.Is(err, uplink.ErrRefused) {
		t.Errorf("a broker of an authority that is not known: got %v, want a refusal", err)
	}
	x.write("ca.pem", append(inPEM(is.cert), inPEM(other.cert)...))
	if err := x.connect(dial); err != nil {
		t.Errorf("with the new authority: %v", err)
	}
}

// No connection comes about to who is not the broker of this district, and none over what is older
// than TLS 1.2; what went wrong has its words and its class.
func TestOnlyTheDistrictsBrokerIsSpokenTo(t *testing.T) {
	is := newIssuer(t)
	for _, c := range []struct {
		name, host string
		by         *issuer
		change     func(*tlsBroker, *tls.Config)
		want       error
		says       string
	}{
		{"right", "localhost", is, nil, nil, ""},
		{"another name", "elsewhere", is, nil, uplink.ErrRefused, "for another name"},
		{"another authority", "localhost", newIssuer(t), nil, uplink.ErrRefused,
			"not from the district's authority"},
		{"TLS 1.1", "localhost", is, func(_ *tlsBroker, c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		}, uplink.ErrRefused, "protocol version"},
		{"TLS 1.2", "localhost", is, func(_ *tlsBroker, c *tls.Config) {
			c.MaxVersion = tls.VersionTLS12
		}, nil, ""},
		{"knows us not", "localhost", is, func(_ *tlsBroker, c *tls.Config) {
			c.ClientCAs = x509.NewCertPool()
			c.ClientCAs.AddCert(newIssuer(t).cert)
		}, uplink.ErrRefused, "remote error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openTLS(c.by, c.host, c.change)
			x := newBox(is, provisioning.District{Brokers: []string{b.url()}}, provisioning.Loader{})
			err := x.connect(x.dial())
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("got %v, want %v: %s", err, c.want, c.says)
			}
		})
	}
}

// Where a platform knows no certificates of boxes, a name and a password are the identity; the
// broker shows its certificate all the same.
func TestNameAndPasswordOverTLS(t *testing.T) {
	is := newIssuer(t)
	b := openTLS(is, "localhost", func(b *tlsBroker, c *tls.Config) {
		b.user, c.ClientAuth = "fp-17 secret", tls.NoClientCert
	})
	for password, want := range map[string]error{"secret": nil, "wrong": uplink.ErrRefused} {
		x := newBox(is, provisioning.District{
			Brokers: []string{b.url()}, Username: "fp-17", Password: password,
		}, provisioning.Loader{})
		if !x.id.Enrolled() {
			t.Error("it has all that it needs, and is called not enrolled")
		}
		if err := x.connect(x.dial()); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", password, err, want)
		}
	}
}

// The brokers are tried in their order. After a connection that was of use the first one is tried
// first again, after one that was of none the next.
func TestFailoverGoesBackToTheFirst(t *testing.T) {
	is := newIssuer(t)
	first, second := openTLS(is, "localhost", nil), openTLS(is, "localhost", nil)
	x := newBox(is, provisioning.District{Brokers: []string{first.url(), second.url()}},
		provisioning.Loader{})
	dial := x.dial()
	if err := x.connect(dial); err != nil || len(first.shown()) != 1 {
		t.Fatalf("the first: %v", err)
	}
	if err := x.connect(dial); err != nil || len(second.shown()) != 1 {
		t.Fatalf("the first was of no use, so the second: %v", err)
	}
	first.listener.Close()
	dial = x.dial()
	if err := x.connect(dial); !errors.Is(err, uplink.ErrBroken) {
		t.Fatalf("the first is gone: got %v", err)
	}
	if err := x.connect(dial); err != nil || len(second.shown()) != 2 {
		t.Fatalf("the second: %v", err)
	}
}

// A clock that was never set connects nobody, says so and is no refusal; when it is right the
// connection comes about. A certificate that has ended is said to have, and a new one is used.
func TestClockAtBootAndCertificateRenewed(t *testing.T) {
	is := newIssuer(t)
	b := openTLS(is, "localhost", nil)
	now := time.Unix(9, 0)
	l := provisioning.Loader{
		Built: time.Now().AddDate(-2, 0, 0), Now: func() time.Time { return now },
	}
	x := newBox(is, provisioning.District{Brokers: []string{b.url()}}, l)
	dial := x.dial()
	fails := func(says string) {
		t.Helper()
		err := x.connect(dial)
		if !errors.Is(err, uplink.ErrClock) || errors.Is(err, uplink.ErrRefused) ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want ErrClock: %s", err, says)
		}
	}
	fails("wait for NTP")
	now = time.Now()
	if err := x.connect(dial); err != nil {
		t.Errorf("with the clock set: %v", err)
	}
	x.certify(x.id.ID, 20, time.Now().Add(-time.Hour))
	fails("this box's certificate ended on")
	x.certify(x.id.ID, 21, time.Now().AddDate(0, 1, 0))
	if err := x.connect(dial); err != nil {
		t.Errorf("renewed: %v", err)
	}
	if got := b.shown(); got[len(got)-1] != 21 {
		t.Errorf("showed certificate %d, want the new one", got[len(got)-1])
	}
}
