// Package provisioning is who this box is: the key that never leaves it, the certificate, and the
// district that it belongs to. It checks all of it and says what to do; it never decides whether
// the box alarms, for a box without an identity still does.
package provisioning

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNone is returned when there is no identity yet. It is no fault: the box alarms on its own, and
// keeps its records until it is enrolled.
var ErrNone = errors.New("unenrolled")

// The files of an identity folder.
const (
	keyFile      = "key.pem"
	certFile     = "cert.pem"
	caFile       = "ca.pem"
	districtFile = "district.toml"
	hardwareFile = "hardware" // fingerprint of the board that the key was made on
)

// maxFile bounds what is read of any of them.
const maxFile = 64 << 10

// Identity is a checked identity folder.
type Identity struct {
	Dir      string
	ID       string // of the device, such as "fp-7k2m4qx6tb"
	Hardware string // fingerprint of this board; empty: it has nothing to tell it by
	District District
	Starts   time.Time // validity of the certificate; zero: there is none
	Expires  time.Time

	judge judge
	shown shown
}

// Problems are all that is wrong with an identity folder, each with what to do.
type Problems []string

// Error lists the problems, one a line.
func (ps Problems) Error() string { return strings.Join(ps, "\n") }

func (ps *Problems) add(format string, args ...any) {
	*ps = append(*ps, fmt.Sprintf(format, args...))
}

// Loader reads an identity folder. Its zero fields mean this machine, now.
type Loader struct {
	Board fs.FS            // the root of the file system that tells the board; nil: that of this one
	Built time.Time        // the clock is never before it; zero: as the program says
	Now   func() time.Time // nil: the system clock
}

// Load reads and checks the identity folder dir. Its error wraps ErrNone while there is no
// identity, and otherwise is Problems: everything that is wrong, at once. What depends on the
// clock is not judged here, because the clock may become right later: see Check.
func Load(dir string) (*Identity, error) { return Loader{}.Load(dir) }

// Load reads and checks the identity folder dir.
func (l Loader) Load(dir string) (*Identity, error) {
	// A key alone says nothing yet: it is made when a claim comes, and the district with the
	// certificate.
	if !exists(dir, certFile) && !(exists(dir, keyFile) && exists(dir, districtFile)) {
		return nil, fmt.Errorf("identity %s: %w; enrol this box", dir, ErrNone)
	}
	id := &Identity{Dir: dir, Hardware: Fingerprint(l.board()), judge: l.judge(dir)}
	var ps Problems
	checkMode(&ps, dir, 0o700)
	key := id.readKey(&ps)
	id.readDistrict(&ps)
	id.readCertificate(&ps, key)
	id.readAuthorities(&ps)
	id.checkHardware(&ps)
	if len(ps) > 0 {
		return nil, ps
	}
	return id, nil
}

func (l Loader) board() fs.FS {
	if l.Board != nil {
		return l.Board
	}
	return os.DirFS("/")
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// checkMode reports what others may do with a file that is ours alone.
func checkMode(ps *Problems, path string, most os.FileMode) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		ps.add("%s: %v", path, cause(err))
	case info.Mode().Perm()&^most != 0:
		ps.add("%s: mode %04o lets others in; run chmod %o %s", path, info.Mode().Perm(), most, path)
	}
}

// cause is an error without the path that the message has already named.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Enrolled tells whether the box has all that it needs to connect: a certificate, a name with a
// password and the authority of the broker, or a district that asks for none of them.
func (id *Identity) Enrolled() bool {
	return !id.Expires.IsZero() || !id.District.protected() ||
		id.District.Username != "" && exists(id.Dir, caFile)
}

func (id *Identity) path(name string) string { return filepath.Join(id.Dir, name) }

// read returns a file of the folder, or nil after reporting why not.
func (id *Identity) read(ps *Problems, name string) []byte {
	data, err := readFile(id.path(name))
	if err != nil {
		ps.add("%s: %v", id.path(name), cause(err))
		return nil
	}
	return data
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("it has %d bytes, at most %d are believed", info.Size(), maxFile)
	}
	return os.ReadFile(path)
}

func (id *Identity) readKey(ps *Problems) *ecdsa.PrivateKey {
	path := id.path(keyFile)
	if !exists(id.Dir, keyFile) {
		ps.add("%s: it is missing, and %s is of no use without it; "+
			"move the folder away and enrol this box", path, certFile)
		return nil
	}
	checkMode(ps, path, 0o600)
	data := id.read(ps, keyFile)
	if data == nil {
		return nil
	}
	key, err := parseKey(data)
	if err != nil {
		ps.add("%s: %v; restore it from a copy, or move the folder away and enrol this box",
			path, err)
		return nil
	}
	if id.ID, err = DeviceID(&key.PublicKey); err != nil {
		ps.add("%s: %v", path, err)
	}
	return key
}

// checkHardware finds a card that was put into another board.
func (id *Identity) checkHardware(ps *Problems) {
	if id.District.Sim || id.Hardware == "" || !exists(id.Dir, hardwareFile) {
		return
	}
	was := strings.TrimSpace(string(id.read(ps, hardwareFile)))
	if was != "" && was != id.Hardware {
		ps.add("%s: this card was enrolled on another board (%s, now %s); "+
			"enrol this box anew", id.path(hardwareFile), was, id.Hardware)
	}
}
