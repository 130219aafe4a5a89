package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/globalsign/est"
)

// retryAfter is how soon a box that waits for approval comes again.
const retryAfter = 5

// claimWindow is how long the key that used a claim first may use it again: a box whose power was
// cut before it had saved its certificate. It is measured by the clock of the server.
const claimWindow = 24 * time.Hour

// office decides who gets a certificate. It implements est.CA.
type office struct {
	a *authority

	mu     sync.Mutex
	out    io.Writer
	claims map[string]*claim
	asks   bool            // people are asked for every box
	judged map[string]bool // what they said of a box; absent: nothing yet
	told   map[string]bool // boxes that were told of as waiting
}

// claim is bound to the key that used it first.
type claim struct {
	key  string
	used time.Time
}

// refusal is an answer that is no certificate; it implements est.Error.
type refusal struct {
	status, after int
	text          string
}

func (r *refusal) StatusCode() int { return r.status }
func (r *refusal) RetryAfter() int { return r.after }
func (r *refusal) Error() string   { return r.text }

func newOffice(a *authority, out io.Writer) *office {
	return &office{
		a: a, out: out, claims: map[string]*claim{}, judged: map[string]bool{},
		told: map[string]bool{},
	}
}

// command is what people in the control room say.
func (o *office) command(word, arg string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch word {
	case "claim":
		o.claims[arg] = &claim{}
	case "ask":
		o.asks = arg == "on"
	case "approve", "deny":
		o.judged[arg] = word == "approve"
	}
}

// check is asked before each request but that for the authorities. Who renews shows a certificate.
func (o *office) check(_ context.Context, r *http.Request, _, _, code string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/simplereenroll") && len(r.TLS.PeerCertificates) > 0 {
		return nil
	}
	if o.claims[code] == nil {
		return &refusal{http.StatusUnauthorized, 0, "no such claim"}
	}
	return nil
}

// CACerts implements est.CA.
func (o *office) CACerts(context.Context, string, *http.Request) ([]*x509.Certificate, error) {
	return []*x509.Certificate{o.a.cert}, nil
}

// CSRAttrs implements est.CA: there is nothing that a request should hold.
func (o *office) CSRAttrs(context.Context, string, *http.Request) (est.CSRAttrs, error) {
	return est.CSRAttrs{}, nil
}

// Enroll implements est.CA. A claim belongs to the key that used it first, and may be used again
// by that key alone: a box whose power was cut must get its certificate all the same.
func (o *office) Enroll(
	_ context.Context, csr *x509.CertificateRequest, _ string, r *http.Request,
) (*x509.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	device, key := csr.Subject.CommonName, string(csr.RawSubjectPublicKeyInfo)
	_, code, _ := r.BasicAuth()
	c := o.claims[code]
	switch {
	case c == nil:
		return nil, &refusal{http.StatusUnauthorized, 0, "no such claim"}
	case c.key == "":
		c.key, c.used = key, time.Now()
	case c.key != key:
		o.say("refused %s: its claim belongs to another key", device)
		return nil, &refusal{http.StatusForbidden, 0, "the claim was used by another box"}
	case time.Since(c.used) > claimWindow:
		return nil, &refusal{http.StatusUnauthorized, 0, "the claim has been used"}
	}
	if good, isJudged := o.judged[device]; isJudged && !good {
		o.say("refused %s: denied", device)
		return nil, &refusal{http.StatusUnauthorized, 0, "denied"}
	} else if o.asks && !isJudged {
		if !o.told[device] {
			o.told[device] = true
			o.say("pending %s", device)
		}
		return nil, &refusal{http.StatusAccepted, retryAfter, "waiting for approval"}
	}
	return o.give(csr, "issued")
}

// Reenroll implements est.CA. The key stays, and with it the name.
func (o *office) Reenroll(
	_ context.Context, old *x509.Certificate, csr *x509.CertificateRequest, _ string,
	_ *http.Request,
) (*x509.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := csr.Subject.CommonName
	if old.CheckSignatureFrom(o.a.cert) != nil || old.Subject.CommonName != name ||
		string(old.RawSubjectPublicKeyInfo) != string(csr.RawSubjectPublicKeyInfo) {
		return nil, &refusal{http.StatusForbidden, 0, "the certificate is not of this box"}
	}
	return o.give(csr, "renewed")
}

func (o *office) give(csr *x509.CertificateRequest, word string) (*x509.Certificate, error) {
	cert, err := o.a.device(csr)
	if err == nil {
		o.say("%s %s until %s", word, cert.Subject.CommonName, cert.NotAfter.Format(time.DateOnly))
	}
	return cert, err
}

func (o *office) say(format string, args ...any) { fmt.Fprintf(o.out, format+"\n", args...) }

// ServerKeyGen implements est.CA: keys are made on the boxes.
func (o *office) ServerKeyGen(
	context.Context, *x509.CertificateRequest, string, *http.Request,
) (*x509.Certificate, []byte, error) {
	return nil, nil, &refusal{http.StatusNotImplemented, 0, "keys are made on the boxes"}
}

// TPMEnroll implements est.CA: no box has such a part.
func (o *office) TPMEnroll(
	context.Context, *x509.CertificateRequest, []*x509.Certificate, []byte, []byte, string,
	*http.Request,
) ([]byte, []byte, []byte, error) {
	return nil, nil, nil, &refusal{http.StatusNotImplemented, 0, "no box has a TPM"}
}
