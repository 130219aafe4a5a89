package provisioning_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firepost/firepost/provisioning"
)

// control is a district that behaves: an authority, an enrolment server that binds a claim to the
// first key, and a broker that takes its certificates and nothing else.
type control struct {
	t   *testing.T
	ca  *x509.Certificate
	key *ecdsa.PrivateKey

	est, broker net.Listener
	life        time.Duration // of the certificates it gives

	mu      sync.Mutex
	claims  map[string]string // by code, the key that it is bound to
	approve bool              // it asks nobody
	refuse  bool              // the broker takes no one
	serial  int64
	issued  []*x509.Certificate
	taken   []string                                          // names that the broker has seen
	answer  func(w http.ResponseWriter, r *http.Request) bool // in the place of the server
}

func newControl(t *testing.T) *control {
	return newControlAt(t, time.Now().Add(-time.Hour), time.Now().Add(1000*time.Hour))
}

// newControlAt is a district whose certificates hold for that time.
func newControlAt(t *testing.T, starts, ends time.Time) *control {
	c := &control{
		t: t, claims: map[string]string{}, approve: true, serial: 10, life: 90 * 24 * time.Hour,
		key: check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "district 7"},
		NotBefore: starts, NotAfter: ends, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	c.ca = check(x509.ParseCertificate(
		check(x509.CreateCertificate(rand.Reader, root, root, &c.key.PublicKey, c.key))))
	key := check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	host := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: starts, NotAfter: ends, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der := check(x509.CreateCertificate(rand.Reader, host, c.ca, &key.PublicKey, c.key))
	pool := x509.NewCertPool()
	pool.AddCert(c.ca)
	now := func() time.Time { return ends.Add(-time.Minute) }
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientCAs:    pool, ClientAuth: tls.RequestClientCert, Time: now,
	}
	c.est = check(net.Listen("tcp", "127.0.0.1:0"))
	server := &httptest.Server{Listener: c.est, TLS: config,
		Config: &http.Server{Handler: http.HandlerFunc(c.serve)}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	strict := config.Clone()
	strict.ClientAuth, strict.Time = tls.RequireAndVerifyClientCert, time.Now
	c.broker = check(tls.Listen("tcp", "127.0.0.1:0", strict))
	t.Cleanup(func() { c.broker.Close() })
	go c.serveBroker()
	return c
}

func (c *control) district() provisioning.District {
	return provisioning.District{
		Tenant: "district-7", Brokers: []string{"mqtts://" + c.broker.Addr().String()},
		Enrol: "https://" + c.est.Addr().String(), Pin: provisioning.PinOf(c.ca),
	}
}

// set changes how the district behaves.
func (c *control) set(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn()
}

// reanswer puts something in the place of the server.
func (c *control) reanswer(fn func(w http.ResponseWriter, r *http.Request) bool) {
	c.set(func() { c.answer = fn })
}

// claim gives out a claim.
func (c *control) claim() *provisioning.Claim {
	code := provisioning.NewCode()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.claims[code] = ""
	return &provisioning.Claim{
		Code: code, Issued: time.Now().UTC().Truncate(time.Second), Site: "FS-0042 East Gate",
		District: c.district(),
	}
}

func (c *control) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer != nil && c.answer(w, r) {
		return
	}
	switch strings.TrimPrefix(r.URL.Path, "/.well-known/est/") {
	case "cacerts":
		c.reply(w, c.ca)
	case "simpleenroll":
		c.enrol(w, r)
	case "simplereenroll":
		if len(r.TLS.PeerCertificates) == 0 {
			http.Error(w, "client certificate must be provided", http.StatusForbidden)
			return
		}
		c.issue(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (c *control) enrol(w http.ResponseWriter, r *http.Request) {
	_, code, _ := r.BasicAuth()
	bound, ok := c.claims[code]
	csr := csrOf(r)
	if !ok || csr == nil {
		http.Error(w, "authorization required", http.StatusUnauthorized)
		return
	}
	key := string(csr.RawSubjectPublicKeyInfo)
	if bound != "" && bound != key {
		http.Error(w, "claim code already used by fp-2222222222", http.StatusForbidden)
		return
	}
	c.claims[code] = key
	if !c.approve {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	c.sign(w, csr)
}

func (c *control) issue(w http.ResponseWriter, r *http.Request) {
	if csr := csrOf(r); csr != nil {
		c.sign(w, csr)
	}
}

func csrOf(r *http.Request) *x509.CertificateRequest {
	text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, r.Body))
	if err != nil {
		return nil
	}
	csr, err := x509.ParseCertificateRequest(text)
	if err != nil || csr.CheckSignature() != nil {
		return nil
	}
	return csr
}

func (c *control) sign(w http.ResponseWriter, csr *x509.CertificateRequest) {
	c.reply(w, c.certificate(csr.Subject.CommonName, csr.PublicKey, time.Now().Add(-time.Minute)))
}

// certificate makes one that begins then.
func (c *control) certificate(
	name string, key crypto.PublicKey, starts time.Time,
) *x509.Certificate {
	c.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(c.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: starts, NotAfter: starts.Add(c.life),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der := check(x509.CreateCertificate(rand.Reader, template, c.ca, key, c.key))
	cert := check(x509.ParseCertificate(der))
	c.issued = append(c.issued, cert)
	return cert
}

func (c *control) reply(w http.ResponseWriter, certs ...*x509.Certificate) {
	w.Header().Set("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
	io.WriteString(w, base64.StdEncoding.EncodeToString(certsOnly(certs...)))
}

// certsOnly writes PKCS#7 with certificates alone.
func certsOnly(certs ...*x509.Certificate) []byte {
	var raw []byte
	for _, c := range certs {
		raw = append(raw, c.Raw...)
	}
	set := asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true}
	type inner struct {
		OID asn1.ObjectIdentifier
	}
	signed := check(asn1.Marshal(struct {
		Version int
		Digests asn1.RawValue
		Inner   inner
		Certs   asn1.RawValue
		Signers asn1.RawValue
	}{
		1, set, inner{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}},
		asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: raw}, set,
	}))
	return check(asn1.Marshal(struct {
		OID     asn1.ObjectIdentifier
		Content asn1.RawValue
	}{
		asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2},
		asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: signed},
	}))
}

// serveBroker takes whoever has a certificate of the authority, and answers its CONNECT.
func (c *control) serveBroker() {
	for {
		conn, err := c.broker.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			packet := make([]byte, 256)
			n, err := conn.Read(packet)
			if err != nil || packet[0] != 0x10 || n < 14 {
				return
			}
			c.mu.Lock()
			refuse := c.refuse
			c.taken = append(c.taken, string(packet[14:n]))
			c.mu.Unlock()
			if refuse {
				conn.Write([]byte{0x20, 2, 0, 5})
				return
			}
			conn.Write([]byte{0x20, 2, 0, 0})
			conn.Read(packet)
		}()
	}
}

func (c *control) certificates() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.issued)
}
