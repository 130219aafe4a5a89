package provisioning

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"time"
)

// pageFile holds the certificate that the box has written for its own page.
const pageFile = "page.pem"

// The certificate of a page is valid for longer than a box lasts: nobody could renew it, and a
// browser that has been told once to trust it should not ask again.
const pageYears = 25

// PageCertificate returns the certificate by which browsers know this box, whose identity folder is
// dir: that of its district where it is good for a server, else one that the box has signed itself
// for these names. Both are of the key of the box, which is made when there is none. The own one is
// kept, so that its fingerprint stays. It fails as Sign does.
func (l Loader) PageCertificate(dir string, names []string) (tls.Certificate, error) {
	f, err := l.keyed(dir)
	if err != nil {
		return tls.Certificate{}, err
	}
	chain := f.cert
	if len(chain) == 0 || !servesPages(chain[0]) {
		if chain, err = l.ownPage(dir, f, names); err != nil {
			return tls.Certificate{}, fmt.Errorf("identity %s: certificate of the page: %w", dir, err)
		}
	}
	c := tls.Certificate{PrivateKey: f.key, Leaf: chain[0]}
	for _, x := range chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	return c, nil
}

func servesPages(c *x509.Certificate) bool {
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// ownPage is the certificate that the box has signed itself. One of another key is replaced.
func (l Loader) ownPage(dir string, f *folder, names []string) ([]*x509.Certificate, error) {
	var ps Problems // what cannot be read is made anew
	if data := optional(&ps, dir, pageFile); data != nil {
		if old, err := parseCertificates(data); err == nil && f.key.PublicKey.Equal(old[0].PublicKey) {
			return old[:1], nil
		}
	}
	c, err := newPage(f.key, f.id, names, l.Built)
	if err != nil {
		return nil, err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	return []*x509.Certificate{c}, replace(filepath.Join(dir, pageFile), block)
}

// newPage signs a certificate with the key that it is for. It begins when the program was built,
// because the clock of the box may not be set.
func newPage(key *ecdsa.PrivateKey, id string, names []string, built time.Time) (
	*x509.Certificate, error,
) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	if built.IsZero() {
		built = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: id}, DNSNames: names,
		NotBefore: built.Add(-24 * time.Hour), NotAfter: built.AddDate(pageYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
