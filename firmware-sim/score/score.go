// Package score plays recordings through simulated chips, the drivers and the panel in the time of
// the recordings, and tells how well fires are found and how often an alarm is false. It must never
// judge by anything that the panel did not decide.
package score

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/firepost/firepost/firmware-sim/replay"
)

// Episode is one recording and what came of it.
type Episode struct {
	*replay.Recording
	Kind Kind
	Trace
	Result Result
}

// All plays every recording of files, so many at once, and returns them by the names of the files.
// What comes of one does not depend on the others. Those that cannot be read are left out, and the
// error names each.
func All(files fs.FS, workers int) ([]Episode, error) {
	names, err := fs.Glob(files, "*.csv")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("there is no recording: no file ends in .csv")
	}
	all, errs := make([]Episode, len(names)), make([]error, len(names))
	next := make(chan int)
	var busy sync.WaitGroup
	for range max(workers, 1) {
		busy.Go(func() {
			for i := range next {
				all[i], errs[i] = one(files, strings.TrimSuffix(path.Base(names[i]), ".csv"))
			}
		})
	}
	for i := range names {
		next <- i
	}
	close(next)
	busy.Wait()
	played := all[:0]
	for i, e := range all {
		if errs[i] == nil {
			played = append(played, e)
		}
	}
	return played, errors.Join(errs...)
}

func one(files fs.FS, id string) (Episode, error) {
	r, err := replay.Load(files, id)
	if err != nil {
		return Episode{}, err
	}
	e := Episode{Recording: r, Kind: kindOf(r)}
	if e.Kind == None {
		return e, nil
	}
	if e.Trace, err = Play(r); err != nil {
		return e, err
	}
	e.Result = Judge(r.Rows(), r.Windows, e.Changes)
	return e, nil
}

// Decisions are the decisions as a table: seconds in the time of the file, and 0 or 1.
func (e Episode) Decisions() string {
	var b strings.Builder
	b.WriteString("t_s,alarm\n")
	for _, c := range e.Changes {
		on := 0
		if c.Alarm {
			on = 1
		}
		fmt.Fprintf(&b, "%s,%d\n", seconds(c.At-e.Hold), on)
	}
	return b.String()
}

// seconds is d in seconds, exactly.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}
