package fleet

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// Authority signs the certificates of simulated stations, as a district's authority does after it
// has asked for a claim.
type Authority struct {
	cert *x509.Certificate
	key  any
	pem  []byte
}

// LoadAuthority reads a certificate and its key.
func LoadAuthority(certFile, keyFile string) (*Authority, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("authority %s: %w", certFile, err)
	}
	text, err := os.ReadFile(certFile)
	return &Authority{pair.Leaf, pair.PrivateKey, text}, err
}

// enrol gives the station of an identity folder its certificate, and the authority's.
func (a *Authority) enrol(dir, id string) error {
	text, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		return err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return errors.New("key.pem holds no key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return fmt.Errorf("key.pem: %T: %w", parsed, errors.Join(err))
	}
	cert, err := a.sign(id, &key.PublicKey)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), a.pem, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "cert.pem"), cert, 0o600)
}

// lifetime of a certificate for a station that is simulated.
const lifetime = 30 * 24 * time.Hour

func (a *Authority) sign(id string, key *ecdsa.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: id},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{
			x509.ExtKeyUsageClientAuth},
	}, a.cert, key, a.key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
