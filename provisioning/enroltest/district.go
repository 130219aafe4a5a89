// Package enroltest is a district for tests, on loopback: an authority, an enrolment server that
// binds a claim to the first key, and a broker that takes its certificates and nothing else.
package enroltest

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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firepost/firepost/provisioning"
)

// District is a district that behaves. Its fields are changed within Set once it has been asked.
type District struct {
	CA         *x509.Certificate
	Key        *ecdsa.PrivateKey // of the authority
	Life       time.Duration     // of the certificates it gives
	Approve    bool              // it asks nobody
	RetryAfter int               // seconds until a box that waits for approval comes again
	Refuse     bool              // the broker takes no one
	Issued     []*x509.Certificate
	Taken      []string // names that the broker has seen
	// Answer is asked in the place of the server; false: it leaves it to the server.
	Answer func(w http.ResponseWriter, r *http.Request) bool

	est, broker net.Listener
	mu          sync.Mutex
	claims      map[string]string // by code, the key that it is bound to
	serial      int64
}

// New opens a district until the test ends.
func New(t *testing.T) *District {
	return At(t, time.Now().Add(-time.Hour), time.Now().Add(1000*time.Hour))
}

// At opens a district whose authority and servers have certificates for that time.
func At(t *testing.T, starts, ends time.Time) *District {
	c := &District{
		claims: map[string]string{}, Approve: true, RetryAfter: 30, serial: 10, Life: 90 * 24 * time.Hour,
		Key: check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
	}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "district 7"},
		NotBefore: starts, NotAfter: ends, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	c.CA = check(x509.ParseCertificate(
		check(x509.CreateCertificate(rand.Reader, root, root, &c.Key.PublicKey, c.Key))))
	key := check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	host := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: starts, NotAfter: ends, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der := check(x509.CreateCertificate(rand.Reader, host, c.CA, &key.PublicKey, c.Key))
	pool := x509.NewCertPool()
	pool.AddCert(c.CA)
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

// EST is the address of the enrolment server.
func (c *District) EST() string { return "https://" + c.est.Addr().String() }

// District is where its boxes belong.
func (c *District) District() provisioning.District {
	return provisioning.District{
		Tenant: "district-7", Brokers: []string{"mqtts://" + c.broker.Addr().String()},
		Enrol: c.EST(), Pin: provisioning.PinOf(c.CA),
	}
}

// Set changes how the district behaves.
func (c *District) Set(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fn()
}

// Claim gives out a claim.
func (c *District) Claim() *provisioning.Claim {
	code := provisioning.NewCode()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.claims[code] = ""
	return &provisioning.Claim{
		Code: code, Issued: time.Now().UTC().Truncate(time.Second), Site: "FS-0042 East Gate",
		District: c.District(),
	}
}

func (c *District) serve(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Answer != nil && c.Answer(w, r) {
		return
	}
	switch strings.TrimPrefix(r.URL.Path, "/.well-known/est/") {
	case "cacerts":
		Reply(w, c.CA)
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

func (c *District) enrol(w http.ResponseWriter, r *http.Request) {
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
	if !c.Approve {
		w.Header().Set("Retry-After", strconv.Itoa(c.RetryAfter))
		w.WriteHeader(http.StatusAccepted)
		return
	}
	c.sign(w, csr)
}

func (c *District) issue(w http.ResponseWriter, r *http.Request) {
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

func (c *District) sign(w http.ResponseWriter, csr *x509.CertificateRequest) {
	Reply(w, c.Certificate(csr.Subject.CommonName, csr.PublicKey, time.Now().Add(-time.Minute)))
}

// Certificate makes one that begins then.
func (c *District) Certificate(
	name string, key crypto.PublicKey, starts time.Time,
) *x509.Certificate {
	c.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(c.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: starts, NotAfter: starts.Add(c.Life),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der := check(x509.CreateCertificate(rand.Reader, template, c.CA, key, c.Key))
	cert := check(x509.ParseCertificate(der))
	c.Issued = append(c.Issued, cert)
	return cert
}

// Reply writes certificates as an enrolment server does.
func Reply(w http.ResponseWriter, certs ...*x509.Certificate) {
	w.Header().Set("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
	io.WriteString(w, base64.StdEncoding.EncodeToString(CertsOnly(certs...)))
}

// CertsOnly writes PKCS#7 with certificates alone.
func CertsOnly(certs ...*x509.Certificate) []byte {
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
func (c *District) serveBroker() {
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
			refuse := c.Refuse
			c.Taken = append(c.Taken, string(packet[14:n]))
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

// Count is how many certificates were given.
func (c *District) Count() (n int) {
	c.Set(func() { n = len(c.Issued) })
	return n
}

func check[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
