package provisioning

import (
	"errors"
	"path/filepath"
	"time"
)

// State is where a box stands between a bare board and a member of a district.
type State string

// The states.
const (
	New     State = "new"     // no claim
	Claimed State = "claimed" // there is a claim, and no certificate yet
	Pending State = "pending" // the control room has not approved it yet
	Issued  State = "issued"  // there is a certificate that no broker has taken yet
	Active  State = "active"  // a broker has taken the certificate
	Expired State = "expired" // it has ended; the district may still renew it
	Moved   State = "moved"   // the card is in another board
	Broken  State = "broken"  // a file is damaged
)

// Standing is where a box stands.
type Standing struct {
	State     State     `json:"state"`
	Device    string    `json:"device,omitempty"` // empty: there is no key yet
	Site      string    `json:"site,omitempty"`   // as the claim says
	Tenant    string    `json:"tenant,omitempty"`
	Server    string    `json:"server,omitempty"`   // that gives certificates
	Claim     string    `json:"claim,omitempty"`    // its code, masked
	Hardware  string    `json:"hardware,omitempty"` // fingerprint of this board
	Simulated bool      `json:"simulated,omitempty"`
	Asked     time.Time `json:"asked,omitzero"` // when it first had to wait for approval
	Starts    time.Time `json:"starts,omitzero"`
	Expires   time.Time `json:"expires,omitzero"`
	Renews    time.Time `json:"renews,omitzero"`
	Failure   *Failure  `json:"failure,omitempty"` // why it does not go on; nil: it does

	// Wait is how long Advance wants not to be called.
	Wait time.Duration `json:"-"`
}

// How long the enroller waits, beyond what the server says.
const (
	waitPassing = 30 * time.Second
	waitPerson  = 15 * time.Minute
	waitNothing = 10 * time.Second // how soon a new claim is seen
)

// Standing reads where a box stands, without a network. It changes nothing.
func (l Loader) Standing(dir string) Standing {
	f, err := l.open(dir)
	j := l.judge(dir)
	where := f.where()
	s := Standing{
		State: New, Device: f.id, Tenant: where.Tenant, Server: where.Enrol,
		Hardware: Fingerprint(l.board()), Simulated: where.Sim,
	}
	if f.claim != nil {
		j.raise(f.claim.Issued)
		s.State, s.Site, s.Claim, s.Asked = Claimed, f.claim.Site, f.claim.Masked(), f.claim.Asked
		if !s.Asked.IsZero() {
			s.State = Pending
		}
	}
	switch cert := f.cert; {
	case err != nil:
		s.State, s.Failure = Broken, AsFailure(err)
	case f.moved != nil:
		s.State, s.Failure = Moved, f.moved
	case cert != nil && f.key == nil:
		s.State = Broken
		s.Failure = fail("E114", nil, "%s is missing, and the certificate is of no use without it. "+
			"Run: firepost enrol --replace with a new claim.",
			"缺少 %s，证书无法使用。请用新注册码运行：firepost enrol --replace。",
			filepath.Join(dir, keyFile))
	case cert != nil:
		s.Starts, s.Expires = cert[0].NotBefore, cert[0].NotAfter
		s.Renews = renewAt(cert[0], f.id)
		if s.State = Active; j.now().After(s.Expires) {
			s.State = Expired
		}
	case f.fresh != nil:
		s.State, s.Starts, s.Expires = Issued, f.fresh[0].NotBefore, f.fresh[0].NotAfter
	case f.key != nil && f.district != nil && !f.district.protected():
		s.State = Active // A bench whose broker asks for no certificate.
	}
	return s
}

// wait is how long to leave the box alone after Advance ended with err.
func (e *Enroller) wait(s *Standing, err error) time.Duration {
	var p *pending
	switch {
	case errors.As(err, &p):
		return p.after
	case s.Failure != nil && (s.State == Active || s.State == Expired):
		return max(retryRenewal(s), waitPassing)
	case s.Failure == nil:
		return waitNothing
	case s.Failure.Passing:
		return waitPassing
	}
	return waitPerson
}

// retryRenewal is how long to wait after a renewal that failed: a day, less with a short life.
func retryRenewal(s *Standing) time.Duration {
	return min(24*time.Hour, s.Expires.Sub(s.Starts)/60)
}
