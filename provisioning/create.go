package provisioning

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// ErrExists is returned by Create when there is an identity: a box never gets a second key.
var ErrExists = errors.New("there is an identity already")

// Create makes a first identity in dir: a new key, and the district that the box belongs to. The
// key is written last, so that a power cut leaves no identity or a whole one. Certificates come
// later, by enrolment.
//
// Create fails with ErrExists when dir holds a key or a certificate.
func Create(dir string, d District) (*Identity, error) { return Loader{}.Create(dir, d) }

// Create makes a first identity in dir, on the board and by the clock of l.
func (l Loader) Create(dir string, d District) (*Identity, error) {
	if exists(dir, keyFile) || exists(dir, certFile) {
		return nil, fmt.Errorf("identity %s: %w", dir, ErrExists)
	}
	d.Brokers = append([]string(nil), d.Brokers...)
	if wrong := d.check(); len(wrong) > 0 {
		return nil, Problems(wrong)
	}
	if err := l.write(dir, d); err != nil {
		return nil, fmt.Errorf("identity %s: create: %w", dir, err)
	}
	return l.Load(dir)
}

func (l Loader) write(dir string, d District) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return err
	}
	key, err := newKey()
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{districtFile, encodeDistrict(&d)},
		{hardwareFile, []byte(Fingerprint(l.board()) + "\n")},
		{keyFile, key}, // last: it makes the identity
	} {
		if err := replace(filepath.Join(dir, f.name), f.data); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// replace writes a file of the folder.
func (e *Enroller) replace(name string, data []byte) error {
	return replaceAt(filepath.Join(e.Dir, name), data, func() { e.reach("written " + name) })
}

// replace writes a file that only the owner can read, as a whole or not at all.
func replace(path string, data []byte) error { return replaceAt(path, data, func() {}) }

// replaceAt is replace, with what happens before the name is given.
func replaceAt(path string, data []byte, then func()) error {
	f, err := renameio.NewPendingFile(path, renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if _, err := f.Write(data); err != nil {
		return err
	}
	then()
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names of new files survive a power cut.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
