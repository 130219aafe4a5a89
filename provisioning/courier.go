package provisioning

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A site without a network enrols by a stick: the box writes a request on it, any computer with a
// network hands that in and writes the answer beside it, and the box reads the answer. The key
// stays on the box.
const (
	requestEnd  = ".request"
	responseEnd = ".response"
)

// courierRequest is what a box asks for.
type courierRequest struct {
	Device string    `toml:"device"`
	Code   string    `toml:"code"`
	Enrol  string    `toml:"enrol"`
	Pin    string    `toml:"pin"`
	Issued time.Time `toml:"issued"`
	CSR    string    `toml:"csr"` // PEM
}

// courierResponse is what the district gives.
type courierResponse struct {
	Certificate string `toml:"certificate"` // PEM
	Authorities string `toml:"authorities"`
}

// CourierOut writes the request of this box into a folder and returns its path. The box must have
// a claim. The request holds the code of the claim: who finds the stick can do with it what he
// could with the claim, and no more.
func (e *Enroller) CourierOut(folder string) (string, error) {
	release, err := lock(e.Dir)
	if err != nil {
		return "", err
	}
	defer release()
	f, err := e.open(e.Dir)
	switch {
	case err != nil:
		return "", err
	case f.moved != nil:
		return "", f.moved
	case f.claim == nil:
		return "", errors.New("this box has no claim; run firepost enrol --courier out --claim FILE DIR")
	}
	if err := e.makeKey(f); err != nil {
		return "", err
	}
	csr, err := request(f)
	if err != nil {
		return "", err
	}
	w := writer{}
	w.text("device", f.id)
	w.text("code", f.claim.Code)
	w.text("enrol", f.claim.District.Enrol)
	w.text("pin", f.claim.District.Pin)
	w.time("issued", f.claim.Issued)
	w.text("csr", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr})))
	path := filepath.Join(folder, f.id+requestEnd)
	return path, replace(path, w)
}

// CourierSubmit hands in the requests of a folder that have no answer yet, from any computer, and
// returns the paths of the answers. What a request that is refused failed with is a Failure.
func CourierSubmit(ctx context.Context, folder string, log *slog.Logger) ([]string, error) {
	requests, err := filepath.Glob(filepath.Join(folder, "*"+requestEnd))
	if err != nil {
		return nil, err
	}
	if len(requests) == 0 {
		return nil, fmt.Errorf("%s: there is no request of a box", folder)
	}
	var done []string
	var all []error
	for _, path := range requests {
		answer := strings.TrimSuffix(path, requestEnd) + responseEnd
		if _, err := os.Stat(answer); err == nil {
			continue
		}
		if err := submit(ctx, path, answer, log); err != nil {
			all = append(all, fmt.Errorf("%s: %w", filepath.Base(path), err))
			continue
		}
		done = append(done, answer)
	}
	return done, errors.Join(all...)
}

func submit(ctx context.Context, path, answer string, log *slog.Logger) error {
	data, err := readFile(path)
	if err != nil {
		return err
	}
	var r courierRequest
	var ps Problems
	if !decodeStrictly(&ps, filepath.Base(path), data, &r) || len(ps) > 0 {
		return ps
	}
	block, _ := pem.Decode([]byte(r.CSR))
	if block == nil {
		return errors.New("it holds no request in PEM")
	}
	j := Loader{}.judge(os.DevNull)
	j.raise(r.Issued)
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &est{url: r.Enrol, log: log, now: j.now}
	cas, err := s.bootstrap(ctx, r.Pin)
	if err != nil {
		return explain(err, j.now())
	}
	got, err := s.enrol(ctx, cas, block.Bytes, r.Device, r.Code)
	var wait *pending
	if errors.As(err, &wait) {
		return errWaiting(time.Now().Format("15:04"), wait.after.String())
	}
	if err != nil {
		return explain(err, j.now())
	}
	w := writer{}
	w.text("certificate", string(encodeChain(got[:1])))
	w.text("authorities", string(encodeChain(cas)))
	return replace(answer, w)
}

// CourierIn takes the answer for this box from a folder. The certificate is then there, and in use
// once a broker has taken it, whenever there is a network. Whoever carried the answer is not
// believed: it must be of the authority that the claim names.
func (e *Enroller) CourierIn(folder string) (Standing, error) {
	release, err := lock(e.Dir)
	if err != nil {
		return e.Standing(e.Dir), err
	}
	defer release()
	f, err := e.open(e.Dir)
	if err == nil && (f.claim == nil || f.key == nil) {
		err = errors.New("this box asks for nothing; run firepost enrol --courier out first")
	}
	if err == nil {
		err = e.takeAnswer(f, filepath.Join(folder, f.id+responseEnd))
	}
	return e.Standing(e.Dir), err
}

func (e *Enroller) takeAnswer(f *folder, path string) error {
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: it is not there; hand the request in first: "+
			"firepost enrol --courier submit DIR", path)
	}
	if err != nil {
		return err
	}
	var r courierResponse
	var ps Problems
	if !decodeStrictly(&ps, path, data, &r) || len(ps) > 0 {
		return ps
	}
	certs, err := parseCertificates([]byte(r.Certificate))
	if err != nil {
		return fmt.Errorf("%s: certificate: %w", path, err)
	}
	cas, err := parseCertificates([]byte(r.Authorities))
	if err != nil {
		return fmt.Errorf("%s: authorities: %w", path, err)
	}
	known := below(cas, f.claim.District.Pin)
	if known == nil {
		return errPin(nil)
	}
	return e.save(f, certs[0], known)
}

// below are the authorities that follow from the one that a pin names, itself first; nil: it is not
// among them.
func below(cas []*x509.Certificate, pin string) (known []*x509.Certificate) {
	for _, c := range cas {
		if c.IsCA && pinned(c, pin) {
			known = []*x509.Certificate{c}
		}
	}
	if known == nil {
		return nil
	}
	root, all := poolOf(known), poolOf(cas)
	for _, c := range cas {
		_, err := c.Verify(x509.VerifyOptions{
			Roots: root, Intermediates: all, CurrentTime: c.NotBefore.Add(time.Second),
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil && c.IsCA && !c.Equal(known[0]) {
			known = append(known, c)
		}
	}
	return known
}

// Reset removes the identity: certificates first, and the key last, so that a power cut leaves
// nothing that another command could take for a whole identity.
func Reset(dir string) error {
	if !exists(dir, "") {
		return nil
	}
	release, err := lock(dir)
	if err != nil {
		return err
	}
	defer release()
	tidy(dir)
	for _, name := range []string{
		claimFile, freshFile, freshCA, certFile, caFile, districtFile, keyFile, hardwareFile,
		clockFile,
	} {
		if err := remove(dir, name); err != nil {
			return err
		}
	}
	return syncDir(dir)
}
