package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files of the authority's folder. The broker of the district shows the server's certificate,
// too.
const (
	caFile     = "ca.pem"
	caKey      = "ca.key"
	serverFile = "server.pem"
	serverKey  = "server.key"
)

// Lives of certificates.
const (
	lifeOfAuthority = 10 * 365 * 24 * time.Hour
	lifeOfServer    = 365 * 24 * time.Hour
	lifeOfDevice    = 90 * 24 * time.Hour
)

// authority signs.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// openAuthority reads the authority of a folder, or makes one, and gives the servers at host a new
// certificate.
func openAuthority(dir, host string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, caFile), filepath.Join(dir, caKey))
	if err != nil {
		if pair, err = makeAuthority(dir); err != nil {
			return nil, err
		}
	}
	a := &authority{key: pair.PrivateKey.(*ecdsa.PrivateKey)}
	if a.cert, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := template("district server", lifeOfServer)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if host != "" {
		template.DNSNames = append(template.DNSNames, host)
	}
	cert, err := a.sign(template, &key.PublicKey)
	if err != nil {
		return nil, err
	}
	return a, save(dir, serverFile, serverKey, cert.Raw, key)
}

func makeAuthority(dir string) (pair tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair, err
	}
	root := template("simulated district", lifeOfAuthority)
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true,
		x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key)
	if err != nil {
		return pair, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		save(dir, caFile, caKey, der, key)
}

func template(name string, life time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // It never fails.
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

func (a *authority) sign(t *x509.Certificate, key any) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key, a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// device gives a box its certificate.
func (a *authority) device(r *x509.CertificateRequest) (*x509.Certificate, error) {
	t := template(r.Subject.CommonName, lifeOfDevice)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.sign(t, r.PublicKey)
}

func save(dir, certName, keyName string, cert []byte, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		certName: {Type: "CERTIFICATE", Bytes: cert}, keyName: {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}
