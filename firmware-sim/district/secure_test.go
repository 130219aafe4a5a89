package district

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/firepost/firepost/provisioning"
	"github.com/firepost/firepost/provisioning/enroltest"
)

// A box comes in with its certificate under its own name alone; without one nobody does.
func TestABoxComesInAsItselfAlone(t *testing.T) {
	d := enroltest.New(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(9), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}, d.CA, &key.PublicKey, d.Key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(d.CA)
	b, err := OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	addr, err := b.OpenTLS("127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientCAs:    pool, ClientAuth: tls.RequireAndVerifyClientCert,
	})
	if err != nil {
		t.Fatal(err)
	}
	claim := d.Claim()
	claim.District.Brokers = []string{"mqtts://" + addr}
	e := provisioning.Enroller{Dir: filepath.Join(t.TempDir(), "identity")}
	if err := e.Accept(claim, provisioning.First); err != nil {
		t.Fatal(err)
	}
	s, err := e.Advance(t.Context())
	if err != nil || s.State != provisioning.Active {
		t.Fatalf("got %s, %v, %v, want active", s.State, s.Failure, err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(e.Dir, "cert.pem"), filepath.Join(e.Dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		certs []tls.Certificate
		want  bool
	}{
		{s.Device, []tls.Certificate{pair}, true}, {"fp-2222222222", []tls.Certificate{pair}, false},
		{s.Device, nil, false},
	} {
		got := entered(addr, c.name, &tls.Config{RootCAs: pool, Certificates: c.certs})
		if got != c.want {
			t.Errorf("as %s with %d certificates: %v, want %v", c.name, len(c.certs), got, c.want)
		}
	}
	for topic, want := range map[string]bool{
		"firepost/v1/demo/fp-1/up/alarm": true, "firepost/v1/demo/fp-1/down/#": true,
		"firepost/v1/demo/group/east/down/cmd": true, "firepost/v1/demo/fp-2/up/alarm": false,
		"firepost/v1/demo/+/up/#": false, "#": false, "firepost/v1/demo/fp-1": false,
	} {
		if isOwn(topic, "fp-1") != want {
			t.Errorf("%s: got %v, want %v", topic, !want, want)
		}
	}
}

// entered says CONNECT and looks whether it is let in.
func entered(addr, name string, config *tls.Config) bool {
	c, err := tls.Dial("tcp", addr, config)
	if err != nil {
		return false
	}
	defer c.Close()
	body := append([]byte{0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, byte(len(name))}, name...)
	c.Write(append([]byte{0x10, byte(len(body))}, body...))
	var ack [4]byte
	_, err = io.ReadFull(c, ack[:])
	return err == nil && ack[3] == 0
}
