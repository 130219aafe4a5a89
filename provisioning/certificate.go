package provisioning

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// readCertificate checks the certificate, which a box gets when it is enrolled.
func (id *Identity) readCertificate(ps *Problems, key *ecdsa.PrivateKey) {
	if !exists(id.Dir, certFile) {
		return
	}
	path := id.path(certFile)
	data := id.read(ps, certFile)
	if data == nil {
		return
	}
	chain, err := parseCertificates(data)
	if err != nil {
		ps.add("%s: %v; restore it from a copy, or enrol this box anew", path, err)
		return
	}
	leaf := chain[0]
	id.Starts, id.Expires = leaf.NotBefore, leaf.NotAfter
	if key == nil {
		return
	}
	switch {
	case !key.PublicKey.Equal(leaf.PublicKey):
		ps.add("%s: it belongs to another key than %s; restore both from one copy, "+
			"or enrol this box anew", path, keyFile)
	case leaf.Subject.CommonName != id.ID:
		ps.add("%s: it is made out to %q and this box is %s; ask the district for a new one",
			path, leaf.Subject.CommonName, id.ID)
	}
	if uses := leaf.ExtKeyUsage; len(uses) > 0 && !slices.Contains(uses, x509.ExtKeyUsageAny) &&
		!slices.Contains(uses, x509.ExtKeyUsageClientAuth) {
		ps.add("%s: it may not be used by a client; ask the district for a client certificate", path)
	}
}

// parseCertificates reads one certificate or a chain of them, the own one first.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if data = rest; block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d is damaged", len(chain)+1)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errors.New("it holds no certificate in PEM")
	}
	return chain, nil
}

// readAuthorities checks that the district's certificate authority is known.
func (id *Identity) readAuthorities(ps *Problems) {
	path := id.path(caFile)
	if !exists(id.Dir, caFile) {
		if id.District.protected() && exists(id.Dir, certFile) {
			ps.add("%s: it is missing, so no broker can be recognised; "+
				"copy it from the district's package, or enrol this box anew", path)
		}
		return
	}
	data := id.read(ps, caFile)
	if data == nil {
		return
	}
	all, err := parseCertificates(data)
	if err != nil {
		ps.add("%s: %v; copy it from the district's package", path, err)
		return
	}
	for i, c := range all {
		if !c.IsCA {
			ps.add("%s: certificate %d (%s) is not of an authority; copy the file from the "+
				"district's package", path, i+1, c.Subject.CommonName)
		}
	}
}

// BuildTime is when this program was made, as far as it knows; the zero time otherwise. No clock
// that is right can be before it.
func BuildTime() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			t, _ := time.Parse(time.RFC3339, s.Value)
			return t
		}
	}
	return time.Time{}
}

// Now is the time that certificates are judged by: the system clock while it can be believed, and
// never before the program was made or the last time that was known to be good.
func (id *Identity) Now() time.Time { return id.judge.now() }

// Check tells what is wrong with the certificate at this moment; nil when nothing is, or when
// there is none. It is asked before each connection, because clocks become right and certificates
// old.
func (id *Identity) Check() error {
	now := id.Now()
	starts, expires := id.validity()
	switch {
	case expires.IsZero():
		return nil
	case now.Before(starts):
		return fmt.Errorf("the clock says %s, before this box's certificate starts (%s); "+
			"wait for NTP", day(now), day(starts))
	case now.After(expires):
		return fmt.Errorf("this box's certificate ended on %s and today is %s; "+
			"ask the district for a new one", day(expires), day(now))
	}
	return nil
}

// validity is that of the certificate on the disk, which may have been renewed since Load.
func (id *Identity) validity() (starts, expires time.Time) {
	if data, err := readFile(id.path(certFile)); err == nil {
		if certs, err := parseCertificates(data); err == nil {
			return certs[0].NotBefore, certs[0].NotAfter
		}
	}
	return id.Starts, id.Expires
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Explain puts into words what a failed handshake means for the person who must mend it. Errors of
// another kind come back as they are.
func (id *Identity) Explain(err error) error {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("the broker's certificate is not from the district's authority; "+
			"do not go on in this network, or correct %s: %w", id.path(caFile), err)
	case errors.As(err, &host):
		return fmt.Errorf("the broker's certificate is for another name; "+
			"correct brokers or server_name in %s: %w", id.path(districtFile), err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		now := id.Now()
		if now.Before(invalid.Cert.NotBefore) {
			return fmt.Errorf("the clock says %s, before the broker's certificate starts (%s); "+
				"wait for NTP: %w", day(now), day(invalid.Cert.NotBefore), err)
		}
		return fmt.Errorf("the broker's certificate ended on %s; tell the district: %w",
			day(invalid.Cert.NotAfter), err)
	}
	return err
}
