package provisioning

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
)

// material is what a connection to a broker is made with.
type material struct {
	authorities *x509.CertPool
	cert        tls.Certificate // without a chain: the box shows none
}

// shown is the material that was good last. Files that are replaced one after the other, or by
// something else, must not cut a box off that can still connect.
type shown struct {
	mu   sync.Mutex // guards what follows
	good *material  // nil: none was good yet
	why  error      // why the files are not used; nil: they are
}

// TLS returns what a connection to a broker needs. The files are read now, so that a renewed
// certificate needs no restart. Files that are damaged or do not belong together leave the last
// good ones in use, and Damage tells of it.
func (id *Identity) TLS() (*tls.Config, error) {
	m, err := id.readMaterial()
	id.shown.mu.Lock()
	defer id.shown.mu.Unlock()
	id.shown.why = err
	if err == nil {
		id.shown.good = m
	}
	if m = id.shown.good; m == nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: id.District.ServerName,
		Time:       id.Now,
		RootCAs:    m.authorities,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &m.cert, nil
		},
	}, nil
}

// Damage is what is wrong with the files that TLS read last, while older ones are used in their
// place; nil: nothing is.
func (id *Identity) Damage() error {
	id.shown.mu.Lock()
	defer id.shown.mu.Unlock()
	if id.shown.good == nil {
		return nil // There is nothing in their place: TLS has failed.
	}
	return id.shown.why
}

func (id *Identity) readMaterial() (*material, error) {
	data, err := readFile(id.path(caFile))
	if err != nil {
		return nil, fmt.Errorf("authorities: %w", err)
	}
	m := &material{authorities: x509.NewCertPool()}
	if !m.authorities.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("authorities: %s holds no certificate", id.path(caFile))
	}
	if !exists(id.Dir, certFile) {
		if !id.Expires.IsZero() {
			return nil, fmt.Errorf("identity: %s is missing", id.path(certFile))
		}
		return m, nil
	}
	if m.cert, err = tls.LoadX509KeyPair(id.path(certFile), id.path(keyFile)); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	key, ok := m.cert.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("identity: the key is of another kind")
	}
	if name, err := DeviceID(&key.PublicKey); err != nil || name != id.ID {
		return nil, fmt.Errorf("identity: the key is that of %s, and this box is %s", name, id.ID)
	}
	return m, nil
}
