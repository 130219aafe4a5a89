package provisioning

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Enroller brings a box from a claim to a certificate that a broker of its district takes, and
// renews it. Everything that it knows is in the files of the identity folder: it goes on after a
// power cut in any moment, with the same key. It has no goroutine; Advance is called until it says
// that nothing is to be done soon.
type Enroller struct {
	Loader
	Dir       string
	Districts []string     // that tell the district when a claim does not; first good one
	Log       *slog.Logger // nil: discard
	Tell      func(Step)   // is told of each step when it is done; may be nil
	Sim       bool         // the board is simulated: claims of real boxes are not for it

	at func(point string) // where a test ends the process
}

// Step is one of the six steps of an enrolment, as a person sees them.
type Step struct {
	Number int // 1 to 6
	Detail Detail
}

// Detail is what there is to tell of a step; which fields are set depends on it.
type Detail struct {
	Now    time.Time     // 1: by which certificates are judged
	IsSet  bool          // 1: it is that of the system clock
	Made   bool          // 2: the key was made in this run
	Server string        // 3
	Device string        // 4
	Until  time.Time     // 4: end of the certificate
	Broker string        // 5
	Took   time.Duration // 5
	Folder string        // 6
}

// Steps is how many there are.
const Steps = 6

// Mode says what may be given up for a claim.
type Mode uint8

// The modes of Accept.
const (
	First   Mode = iota // nothing: a box with a certificate that holds takes no claim
	Again               // the certificate, for another one of the same key
	Replace             // the key as well: the card is in another board, or the box joins anew
)

// ErrEnrolled is returned by Accept with First for a box that needs no claim.
var ErrEnrolled = errors.New("this box is enrolled already")

// Accept takes a claim. Nothing is sent yet. It fails with ErrBusy, ErrEnrolled or a Failure: E107
// when the district is not known, E104 when the claim is for another one, E216 when the card is in
// another board and the mode is not Replace.
func (e *Enroller) Accept(c *Claim, m Mode) error {
	release, err := lock(e.Dir)
	if err != nil {
		return err
	}
	defer release()
	return e.accept(c, m)
}

func (e *Enroller) accept(c *Claim, m Mode) error {
	tidy(e.Dir)
	f, err := e.open(e.Dir)
	if err != nil && m != Replace {
		return err
	}
	judge := e.judge(e.Dir)
	switch {
	case m == Replace:
	case f.moved != nil:
		return f.moved
	case m == First && f.cert != nil && judge.now().Before(f.cert[0].NotAfter):
		return ErrEnrolled
	case m == First && f.claim != nil && f.claim.Code == c.Code:
		return nil // It goes on where it stood.
	}
	if err := c.complete(e.known(f)); err != nil {
		return err
	}
	if err := e.replace(claimFile, c.File()); err != nil {
		return err
	}
	gone := []string{freshFile, freshCA}
	if m == Replace {
		gone = append(gone, certFile, caFile, keyFile, hardwareFile)
	}
	return e.remove(gone...)
}

// known is the district that the box knows without the claim; nil: none.
func (e *Enroller) known(f *folder) *District {
	if f.district != nil {
		return f.district
	}
	for _, path := range e.Districts {
		data, err := readFile(path)
		if err != nil {
			continue
		}
		d, err := ParseDistrict(path, data)
		if err != nil {
			e.log().Error("district", "err", err)
			continue
		}
		return d
	}
	return nil
}

func (e *Enroller) log() *slog.Logger {
	if e.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Log
}

// reach tells that a point is reached at which a power cut must do no harm.
func (e *Enroller) reach(point string) {
	if e.at != nil {
		e.at(point)
	}
}

func (e *Enroller) tell(number int, d Detail) {
	if e.Tell != nil {
		e.Tell(Step{number, d})
	}
}

func (e *Enroller) remove(names ...string) error {
	for _, name := range names {
		if err := remove(e.Dir, name); err != nil {
			return err
		}
		e.reach("removed " + name)
	}
	return syncDir(e.Dir)
}

// Advance goes as far as it can go now and says where the box then stands: it takes a claim that
// lies beside the folder, makes the key, gets a certificate, tries it at a broker and puts it in
// its place, and renews one that is old enough. Its error is ErrBusy, or of the disk; what else
// keeps it is the Failure of the Standing.
func (e *Enroller) Advance(ctx context.Context) (Standing, error) {
	if !exists(e.Dir, "") && !e.isOffered() {
		return Standing{State: New, Wait: waitNothing}, nil
	}
	release, err := lock(e.Dir)
	if err != nil {
		return e.Standing(e.Dir), err
	}
	defer release()
	tidy(e.Dir)
	why := e.collect()
	if why == nil {
		why = e.advance(ctx)
	}
	s := e.Standing(e.Dir)
	var disk *os.PathError
	if errors.As(why, &disk) {
		return s, why
	}
	if why != nil {
		s.Failure = AsFailure(why)
	}
	s.Wait = e.wait(&s, why)
	return s, nil
}

// isOffered tells whether a claim lies beside the folder.
func (e *Enroller) isOffered() bool { return exists(filepath.Dir(e.Dir), newClaim) }

// HasNews tells whether somebody has done something to the box since it stood like that.
func (e *Enroller) HasNews(s Standing) bool {
	now := e.Standing(e.Dir)
	return e.isOffered() || now.Claim != s.Claim || now.Device != s.Device || now.State != s.State
}

// collect takes the claim that was put beside the folder.
func (e *Enroller) collect() error {
	path := filepath.Join(filepath.Dir(e.Dir), newClaim)
	data, err := readFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := ParseClaim(data)
	if err != nil {
		return err
	}
	if err := e.accept(c, First); err != nil && !errors.Is(err, ErrEnrolled) {
		return err
	}
	return os.Remove(path)
}

func (e *Enroller) advance(ctx context.Context) error {
	f, err := e.open(e.Dir)
	if err != nil {
		return err
	}
	j := e.judge(e.Dir)
	if f.claim != nil {
		j.raise(f.claim.Issued)
	}
	switch {
	case f.moved != nil:
		return f.moved
	case f.claim != nil && f.claim.District.Sim != e.Sim:
		return errSimulated(e.Sim)
	case f.fresh != nil && f.key != nil && f.fresh[0].NotAfter.After(j.now()):
	case f.claim != nil:
		if err := e.obtain(ctx, f, &j); err != nil {
			return err
		}
	case f.cert != nil && f.key != nil && !j.now().Before(renewAt(f.cert[0], f.id)):
		if err := e.renew(ctx, f, &j); err != nil {
			return err
		}
	default:
		return nil
	}
	return e.try(ctx, f, &j)
}
