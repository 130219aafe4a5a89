package provisioning

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// obtain gets a first certificate with the claim.
func (e *Enroller) obtain(ctx context.Context, f *folder, j *judge) error {
	now, isSet := j.look()
	e.tell(1, Detail{Now: now, IsSet: isSet})
	if err := e.makeKey(f); err != nil {
		return err
	}
	s := e.server(f, j)
	cas, err := s.bootstrap(ctx, f.claim.District.Pin)
	if err != nil {
		return explain(err, j.now())
	}
	e.believe(s, j)
	e.tell(3, Detail{Server: s.url})
	csr, err := request(f)
	if err != nil {
		return err
	}
	e.reach("asking")
	got, err := s.enrol(ctx, cas, csr, f.id, f.claim.Code)
	e.believe(s, j)
	var wait *pending
	if errors.As(err, &wait) {
		return e.waits(f, wait, j.now())
	}
	if err != nil {
		return explain(err, j.now())
	}
	e.reach("answered")
	return e.save(f, got[0], cas)
}

// waits writes down when the box first asked, and says that it waits.
func (e *Enroller) waits(f *folder, p *pending, now time.Time) error {
	if p.busy {
		busy := errAnswer(p, "it is busy")
		return errors.Join(busy, p)
	}
	if f.claim.Asked.IsZero() {
		f.claim.Asked = now.UTC().Truncate(time.Second)
		if err := e.replace(claimFile, f.claim.File()); err != nil {
			return err
		}
	}
	asked := f.claim.Asked.Local().Format("15:04")
	return errors.Join(errWaiting(asked, p.after.String()), p)
}

// makeKey makes the key of the box when it has none. The fingerprint of the board comes first: a
// key without it would follow the card into any board.
func (e *Enroller) makeKey(f *folder) error {
	made := f.key == nil
	if made {
		text, err := newKey()
		if err == nil {
			err = e.replace(hardwareFile, []byte(Fingerprint(e.board())+"\n"))
		}
		if err == nil {
			err = e.replace(keyFile, text)
		}
		if err == nil {
			f.key, err = parseKey(text)
		}
		if err == nil {
			f.id, err = DeviceID(&f.key.PublicKey)
		}
		if err != nil {
			return err
		}
		e.reach("key")
	}
	e.tell(2, Detail{Made: made})
	return nil
}

func (e *Enroller) server(f *folder, j *judge) *est {
	return &est{url: f.where().Enrol, log: e.log(), now: j.now}
}

// believe keeps the time of a server that has proved who it is.
func (e *Enroller) believe(s *est, j *judge) {
	if s.date.IsZero() {
		return
	}
	j.raise(s.date)
	if err := KeepTime(e.Dir, s.date); err != nil {
		e.log().Error("clock", "err", err)
	}
}

// request is what the box asks a certificate with.
func request(f *folder) ([]byte, error) {
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: f.id},
	}, f.key)
}

// save checks a certificate and keeps it beside the one in use.
func (e *Enroller) save(f *folder, leaf *x509.Certificate, cas []*x509.Certificate) error {
	full, err := verify(f, leaf, cas)
	if err != nil {
		return errAnswer(err, err.Error())
	}
	if err := e.replace(freshCA, encodeChain(cas)); err != nil {
		return err
	}
	if err := e.replace(freshFile, encodeChain(full)); err != nil {
		return err
	}
	f.fresh, f.cas = full, cas
	e.tell(4, Detail{Device: f.id, Until: leaf.NotAfter})
	return nil
}

// verify checks that a certificate is for this box and of its district, and returns it with what
// stands between it and the authority. The clock is not asked: the broker judges.
func verify(
	f *folder, leaf *x509.Certificate, cas []*x509.Certificate,
) ([]*x509.Certificate, error) {
	switch {
	case !f.key.PublicKey.Equal(leaf.PublicKey):
		return nil, errors.New("the certificate is for another key")
	case leaf.Subject.CommonName != f.id:
		return nil, fmt.Errorf("the certificate is made out to %q and this box is %s",
			leaf.Subject.CommonName, f.id)
	}
	pool := poolOf(cas)
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: pool, Intermediates: pool, CurrentTime: leaf.NotBefore.Add(time.Second),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return nil, err
	}
	full := []*x509.Certificate{leaf}
	for _, c := range chains[0][1:] {
		if c.CheckSignatureFrom(c) != nil {
			full = append(full, c)
		}
	}
	return full, nil
}

// try shows the new certificate to a broker and puts it in its place when that takes it.
func (e *Enroller) try(ctx context.Context, f *folder, j *judge) error {
	id := &Identity{Dir: e.Dir, ID: f.id, District: f.where(), judge: *j}
	own := tls.Certificate{PrivateKey: f.key}
	for _, c := range f.fresh {
		own.Certificate = append(own.Certificate, c.Raw)
	}
	began := time.Now()
	if err := id.probe(ctx, own, poolOf(f.cas)); err != nil {
		return explainBroker(err, j.now())
	}
	e.reach("taken")
	e.tell(5, Detail{Broker: id.District.Brokers[0], Took: time.Since(began)})
	if err := e.promote(f); err != nil {
		return err
	}
	e.tell(6, Detail{Device: f.id, Folder: e.Dir})
	return nil
}

// promote puts the new certificate in its place. The claim goes before: without it the box finds
// the new certificate and tries it again, with it it would ask for another one.
func (e *Enroller) promote(f *folder) error {
	if f.claim != nil {
		if err := e.replace(districtFile, encodeDistrict(&f.claim.District)); err != nil {
			return err
		}
	}
	if err := e.rename(freshCA, caFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := e.remove(claimFile); err != nil {
		return err
	}
	if err := e.rename(freshFile, certFile); err != nil {
		return err
	}
	return syncDir(e.Dir)
}

func (e *Enroller) rename(from, to string) error {
	e.reach("renaming " + from)
	return os.Rename(filepath.Join(e.Dir, from), filepath.Join(e.Dir, to))
}

// renew gets a certificate in the place of the one in use.
func (e *Enroller) renew(ctx context.Context, f *folder, j *judge) error {
	s := e.server(f, j)
	if s.url == "" {
		return errEnded(day(f.cert[0].NotAfter), day(j.now()))
	}
	cas, err := s.authorities(ctx, &tls.Config{RootCAs: poolOf(f.cas)})
	if err != nil {
		return explain(err, j.now())
	}
	e.believe(s, j)
	csr, err := request(f)
	if err != nil {
		return err
	}
	own := tls.Certificate{PrivateKey: f.key}
	for _, c := range f.cert {
		own.Certificate = append(own.Certificate, c.Raw)
	}
	got, err := s.renew(ctx, cas, csr, own)
	var no *refusal
	if errors.As(err, &no) && no.status < 500 && j.now().After(f.cert[0].NotAfter) {
		return errEnded(day(f.cert[0].NotAfter), day(j.now()))
	}
	if err != nil {
		return explain(err, j.now())
	}
	return e.save(f, got[0], cas)
}
