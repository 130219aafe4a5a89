package provisioning

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What an identity folder holds while a box is being enrolled.
const (
	claimFile  = "claim.toml"
	freshFile  = "cert.new.pem" // issued, and not yet taken by a broker
	freshCA    = "ca.new.pem"   // the authorities that go with it
	clockFile  = "clock"        // the last good time
	lockFile   = "lock"
	newClaim   = "new.claim" // beside the folder: put there by whoever prepared the card
	tempPrefix = "."         // of a file that is not whole
)

// folder is what there is, as far as it can be read.
type folder struct {
	key      *ecdsa.PrivateKey   // nil: none yet
	id       string              // of the box; empty without a key
	claim    *Claim              // nil: none
	district *District           // nil: none
	cert     []*x509.Certificate // the working one with its chain; nil: none
	fresh    []*x509.Certificate // nil: none
	cas      []*x509.Certificate // of fresh, else of cert
	moved    *Failure            // nil: the board is that of the key
}

// ErrBusy is returned while another process enrols the box.
var ErrBusy = errors.New("another process enrols this box; try again in a minute")

// lock keeps other processes from changing the folder, which is made when it is not there.
func lock(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, ErrBusy
	}
	return func() { f.Close() }, nil
}

// tidy removes what a power cut left half written.
func tidy(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) && e.Type().IsRegular() {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// open reads the folder. What is damaged is told at once, all of it.
func (l Loader) open(dir string) (*folder, error) {
	f := &folder{}
	var ps Problems
	if data := optional(&ps, dir, keyFile); data != nil {
		key, err := parseKey(data)
		if err == nil {
			f.key = key
			f.id, err = DeviceID(&key.PublicKey)
		}
		if err != nil {
			ps.add("%s: %v; restore it from a copy, or run firepost factory-reset",
				filepath.Join(dir, keyFile), err)
		}
	}
	if data := optional(&ps, dir, claimFile); data != nil {
		claim, err := parseClaimFile(data)
		if f.claim = claim; err != nil {
			ps.add("%s: %v", filepath.Join(dir, claimFile), err)
		}
	}
	if data := optional(&ps, dir, districtFile); data != nil {
		district, err := ParseDistrict(filepath.Join(dir, districtFile), data)
		if f.district = district; err != nil {
			ps.add("%v", err)
		}
	}
	f.cert = chain(&ps, dir, certFile)
	f.fresh = chain(&ps, dir, freshFile)
	if f.cas = chain(&ps, dir, freshCA); f.cas == nil {
		f.cas = chain(&ps, dir, caFile)
	}
	f.moved = l.moved(dir, f)
	if len(ps) > 0 {
		return f, ps
	}
	return f, nil
}

// moved finds a card that was put into another board.
func (l Loader) moved(dir string, f *folder) *Failure {
	data, err := readFile(filepath.Join(dir, hardwareFile))
	now, was := Fingerprint(l.board()), strings.TrimSpace(string(data))
	if err != nil || f.key == nil || now == "" || was == "" || was == now || f.where().Sim {
		return nil
	}
	return errMoved(was, now)
}

// where is the district that the box belongs to, or is about to.
func (f *folder) where() District {
	switch {
	case f.claim != nil:
		return f.claim.District
	case f.district != nil:
		return *f.district
	}
	return District{}
}

// optional reads a file that need not be there.
func optional(ps *Problems, dir, name string) []byte {
	data, err := readFile(filepath.Join(dir, name))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			ps.add("%s: %v", filepath.Join(dir, name), cause(err))
		}
		return nil
	}
	return data
}

func chain(ps *Problems, dir, name string) []*x509.Certificate {
	data := optional(ps, dir, name)
	if data == nil {
		return nil
	}
	certs, err := parseCertificates(data)
	if err != nil {
		ps.add("%s: %v; restore it from a copy, or run firepost enrol --again with a new claim",
			filepath.Join(dir, name), err)
	}
	return certs
}

func encodeChain(certs []*x509.Certificate) []byte {
	var text []byte
	for _, c := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return text
}

// renewAt is when a certificate is renewed: after two thirds of its life, and up to a twentieth of
// it later, so that boxes which were enrolled on one day do not all come back on one day.
func renewAt(c *x509.Certificate, id string) time.Time {
	life := c.NotAfter.Sub(c.NotBefore)
	var draw time.Duration
	for _, letter := range id {
		draw = (draw*31 + time.Duration(letter)) % 1000
	}
	return c.NotBefore.Add(life/3*2 + life/20/1000*draw)
}

// remove deletes a file that may not be there.
func remove(dir, name string) error {
	err := os.Remove(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("identity: %w", err)
	}
	return nil
}
