package provisioning

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// est speaks Enrolment over Secure Transport, RFC 7030, with the server of a district.
type est struct {
	url  string // of the district, without the well-known path
	log  *slog.Logger
	now  func() time.Time // that certificates are judged by
	date time.Time        // newest time that the server has given over a connection it was known on
}

const (
	estWait    = 10 * time.Second // each step of a request
	estRetries = 2                // the state machine tries again later
	maxReply   = 256 << 10
	mostDelay  = time.Hour // that a server may ask for
	leastDelay = time.Second
)

// pending is the answer of a server that has not decided yet, or is busy.
type pending struct {
	after time.Duration
	busy  bool
}

func (p *pending) Error() string { return fmt.Sprintf("asked to come again in %v", p.after) }

// refusal is an answer with a status that is no success.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("HTTP %d %s", r.status, r.text) }

// client makes requests with a TLS configuration of its own. A redirection is not followed: it
// would carry the claim code to somebody else.
func (s *est) client(c *tls.Config) *retryablehttp.Client {
	c.MinVersion, c.Time = tls.VersionTLS12, s.now
	return &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: c, DisableKeepAlives: true,
				TLSHandshakeTimeout: estWait, ResponseHeaderTimeout: estWait,
			},
			Timeout: 3 * estWait,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
		Logger: trace{s.log}, RetryMax: estRetries, RetryWaitMin: 200 * time.Millisecond,
		RetryWaitMax: time.Second,
		CheckRetry:   retryNow, Backoff: retryablehttp.LinearJitterBackoff,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
}

// trace takes what the client of requests says. What came of them is told by whoever made them, and
// once: a box that is offline for a month must not fill its journal.
type trace struct{ log *slog.Logger }

// Error implements retryablehttp.LeveledLogger.
func (t trace) Error(msg string, args ...any) { t.log.Debug(msg, args...) }

// Warn implements retryablehttp.LeveledLogger.
func (t trace) Warn(msg string, args ...any) { t.log.Debug(msg, args...) }

// Info implements retryablehttp.LeveledLogger.
func (t trace) Info(msg string, args ...any) { t.log.Debug(msg, args...) }

// Debug implements retryablehttp.LeveledLogger.
func (t trace) Debug(msg string, args ...any) { t.log.Debug(msg, args...) }

// retryNow leaves a server that names a time, or is too busy, to the state machine.
func retryNow(ctx context.Context, r *http.Response, err error) (bool, error) {
	if r != nil && (r.Header.Get("Retry-After") != "" || r.StatusCode == http.StatusTooManyRequests) {
		return false, nil
	}
	return retryablehttp.DefaultRetryPolicy(ctx, r, err)
}

// ask makes one request and returns the certificates of its answer.
func (s *est) ask(
	c *retryablehttp.Client, method, what string, csr []byte, prepare func(*retryablehttp.Request),
) ([]*x509.Certificate, error) {
	base, err := url.Parse(s.url)
	if err != nil {
		return nil, err
	}
	label := base.Path
	base.Path = "/.well-known/est"
	var body any
	if csr != nil {
		body = []byte(base64.StdEncoding.EncodeToString(csr))
	}
	r, err := retryablehttp.NewRequest(method, base.JoinPath(label, what).String(), body)
	if err != nil {
		return nil, err
	}
	if csr != nil {
		r.Header.Set("Content-Type", "application/pkcs10")
		r.Header.Set("Content-Transfer-Encoding", "base64")
	}
	prepare(r)
	reply, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	return s.read(reply)
}

func (s *est) read(reply *http.Response) ([]*x509.Certificate, error) {
	text, err := io.ReadAll(io.LimitReader(reply.Body, maxReply))
	if err != nil {
		return nil, err
	}
	if date, err := http.ParseTime(reply.Header.Get("Date")); err == nil {
		s.date = date
	}
	switch reply.StatusCode {
	case http.StatusOK:
		return parseCertsOnly(text)
	case http.StatusAccepted, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return nil, &pending{
			s.delay(reply.Header.Get("Retry-After")), reply.StatusCode != http.StatusAccepted,
		}
	}
	return nil, &refusal{reply.StatusCode, strings.TrimSpace(string(text[:min(len(text), 200)]))}
}

// delay reads Retry-After: seconds, or a date by the clock of the server.
func (s *est) delay(text string) time.Duration {
	d := time.Minute
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil && !s.date.IsZero() {
		d = at.Sub(s.date)
	}
	return min(max(d, leastDelay), mostDelay)
}

// pinned reports whether a certificate has the key that a pin names.
func pinned(c *x509.Certificate, pin string) bool {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return pinScheme+hex.EncodeToString(sum[:]) == strings.ToLower(pin)
}

// PinOf is the fingerprint of an authority's key, as claims carry it.
func PinOf(authority *x509.Certificate) string {
	sum := sha256.Sum256(authority.RawSubjectPublicKeyInfo)
	return pinScheme + hex.EncodeToString(sum[:])
}

// bootstrap learns the authorities of a district of which the box knows but the pin. The server is
// not known while it answers the first time (RFC 7030, section 4.1.1): nothing but the one
// authority that the pin names is believed of that answer, and nothing secret is sent. Then the
// server must prove to be of that authority, and tells all of them.
func (s *est) bootstrap(ctx context.Context, pin string) ([]*x509.Certificate, error) {
	said, err := s.authorities(ctx, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	s.date = time.Time{} // of a stranger
	for _, c := range said {
		if c.IsCA && pinned(c, pin) {
			return s.authorities(ctx, &tls.Config{RootCAs: poolOf([]*x509.Certificate{c})})
		}
	}
	return nil, errPin(nil)
}

// authorities are those that the server names.
func (s *est) authorities(ctx context.Context, c *tls.Config) ([]*x509.Certificate, error) {
	all, err := s.ask(s.client(c), http.MethodGet, "cacerts", nil,
		func(r *retryablehttp.Request) { r.Request = r.Request.WithContext(ctx) })
	if err != nil {
		return nil, err
	}
	var cas []*x509.Certificate
	for _, c := range all {
		if c.IsCA {
			cas = append(cas, c)
		}
	}
	if len(cas) == 0 {
		return nil, errors.New("it names no certificate authority")
	}
	return cas, nil
}

func poolOf(certs []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool
}

// enrol asks for a first certificate with a claim code.
func (s *est) enrol(
	ctx context.Context, roots []*x509.Certificate, csr []byte, id, code string,
) ([]*x509.Certificate, error) {
	client := s.client(&tls.Config{RootCAs: poolOf(roots)})
	return s.ask(client, http.MethodPost, "simpleenroll", csr, func(r *retryablehttp.Request) {
		r.Request = r.Request.WithContext(ctx)
		r.SetBasicAuth(id, code)
	})
}

// renew asks for a certificate in the place of own.
func (s *est) renew(
	ctx context.Context, roots []*x509.Certificate, csr []byte, own tls.Certificate,
) ([]*x509.Certificate, error) {
	client := s.client(&tls.Config{
		RootCAs: poolOf(roots),
		// Whatever authorities the server names as those it takes, this is what there is.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &own, nil
		},
	})
	return s.ask(client, http.MethodPost, "simplereenroll", csr, func(r *retryablehttp.Request) {
		r.Request = r.Request.WithContext(ctx)
	})
}

// deviceInText finds the name of a box in the answer of a server.
func deviceInText(text string) string {
	return regexp.MustCompile(`fp-[a-z2-7]{10}`).FindString(text)
}
