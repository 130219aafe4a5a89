package agent

import (
	"errors"
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/internal/sitefile"
	"github.com/firepost/firepost/agent/site"
)

// ErrUnread is returned by LoadSite when the site file is bad and the disk does not tell whether
// there is a good copy: the next try may find it.
var ErrUnread = sitefile.ErrUnread

// LoadSite reads the site file that counts: the one at path, or one of the district in the state
// directory dir that is based on it. When it is good, a copy is kept in dir. When it is not, the
// last good copy counts and rejected says what is wrong with the file; without a copy, err says it.
// Rejected also tells of a file of the district that counted and is damaged.
// A disk that hangs is waited for when the file is bad, because then only the copy protects anyone.
func LoadSite(path, dir string) (s *site.Site, rejected, err error) {
	files := sitefile.Store{Local: path, Dir: dir}
	begun := begin(files.Begin)
	c, err := begun.within(recallTime)
	if errors.Is(err, errSlow) {
		s, bad := site.Load(path)
		if bad == nil {
			return s, nil, nil
		}
		if c, err = begun.within(copyTime); errors.Is(err, errSlow) {
			return nil, nil, fmt.Errorf("%w\nand the last good copy: %w: %w", bad, ErrUnread, err)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	// That a card cannot take the copy is told by the rooms that must write.
	kept := begin(func() (struct{}, error) { return struct{}{}, files.KeepGood(c) })
	kept.within(recallTime)
	return c.Site, errors.Join(c.Rejected, c.Damaged), nil
}

// copyTime is how long a bad site file waits for its copy. A service whose start takes longer than
// 30 s is started again.
const copyTime = 20 * time.Second

var errSlow = errors.New("the state directory does not answer")

// outcome is what the disk says, once.
type outcome[T any] chan func() (T, error)

// begin asks the disk.
func begin[T any](do func() (T, error)) outcome[T] {
	o := make(outcome[T], 1)
	go func() {
		v, err := do()
		o <- func() (T, error) { return v, err }
	}()
	return o
}

// within waits for the disk, but not for a dying card: the siren does not wait for it.
func (o outcome[T]) within(d time.Duration) (T, error) {
	select {
	case get := <-o:
		return get()
	case <-time.After(d):
		var none T
		return none, errSlow
	}
}
