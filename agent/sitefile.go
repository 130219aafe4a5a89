package agent

import (
	"errors"
	"time"

	"github.com/firepost/firepost/agent/internal/sitefile"
	"github.com/firepost/firepost/agent/site"
)

// LoadSite reads the site file that counts: the one at path, or one of the district in the state
// directory dir that is based on it. When it is good, a copy is kept in dir. When it is not, the
// last good copy counts and rejected says what is wrong with the file; without a copy, err says it.
// Rejected also tells of a file of the district that counted and is damaged.
func LoadSite(path, dir string) (s *site.Site, rejected, err error) {
	files := sitefile.Store{Local: path, Dir: dir}
	c, err := inTime(files.Begin)
	if errors.Is(err, errSlow) {
		s, err := site.Load(path)
		return s, nil, err
	}
	if err != nil {
		return nil, nil, err
	}
	// That a card cannot take the copy is told by the rooms that must write.
	inTime(func() (struct{}, error) { return struct{}{}, files.KeepGood(c) })
	return c.Site, errors.Join(c.Rejected, c.Damaged), nil
}

var errSlow = errors.New("the state directory does not answer")

// inTime waits for the disk, but not for a dying card: the siren does not wait for it.
func inTime[T any](do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		v, err := do()
		done <- outcome{v, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-time.After(recallTime):
		var none T
		return none, errSlow
	}
}
