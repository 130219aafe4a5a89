package provisioning

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
)

// maxChain bounds the certificates of one answer.
const maxChain = 16

// The outer and the inner type of a message that holds certificates and nothing else: RFC 5652,
// sections 3 and 5.1, and RFC 7030, section 4.1.3. What is signed, and by whom, is left out of it.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version int
		Digests asn1.RawValue
		Inner   asn1.RawValue
		Certs   asn1.RawValue `asn1:"optional,tag:0"`
		CRLs    asn1.RawValue `asn1:"optional,tag:1"`
		Signers asn1.RawValue
	}
)

// typeSignedData is RFC 5652, section 5.1.
const typeSignedData = "1.2.840.113549.1.7.2"

var errNotCerts = errors.New("it is no list of certificates")

// parseCertsOnly reads the certificates of an EST answer: PKCS#7 in DER, in base64.
func parseCertsOnly(body []byte) ([]*x509.Certificate, error) {
	der := make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	n, err := base64.StdEncoding.Decode(der, body)
	if err != nil {
		return nil, errNotCerts
	}
	var outer contentInfo
	rest, err := asn1.Unmarshal(der[:n], &outer)
	if err != nil || len(rest) > 0 || outer.Type.String() != typeSignedData {
		return nil, errNotCerts
	}
	var inner signedData
	rest, err = asn1.Unmarshal(outer.Content.Bytes, &inner)
	if err != nil || len(rest) > 0 {
		return nil, errNotCerts
	}
	certs, err := x509.ParseCertificates(inner.Certs.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotCerts, err)
	}
	if len(certs) == 0 || len(certs) > maxChain {
		return nil, fmt.Errorf("it holds %d certificates, want 1 to %d", len(certs), maxChain)
	}
	return certs, nil
}
