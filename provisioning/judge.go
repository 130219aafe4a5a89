package provisioning

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// judge is the time that certificates are judged by: the latest of what can be no lie, which is the
// system clock, when the program was made, when the claim was issued, and the last time that was
// good. A system clock long after the program was made is a lie of its own.
type judge struct {
	system func() time.Time
	built  time.Time
	floor  time.Time
}

// tooFarAhead is how long after the build a system clock is no longer believed.
const tooFarAhead = 10 * 365 * 24 * time.Hour

// keepEvery is how often a good time is written down at most: a card wears out.
const keepEvery = time.Hour

func (j *judge) now() time.Time {
	now, _ := j.look()
	return now
}

// look returns now, and whether it is what the system clock shows.
func (j *judge) look() (now time.Time, isSet bool) {
	shown := j.system()
	now = shown
	if !j.built.IsZero() && now.After(j.built.Add(tooFarAhead)) {
		now = j.built
	}
	for _, t := range []time.Time{j.built, j.floor} {
		if now.Before(t) {
			now = t
		}
	}
	return now, now.Equal(shown)
}

// raise says that it is at least t.
func (j *judge) raise(t time.Time) {
	if t.After(j.floor) && (j.built.IsZero() || t.Before(j.built.Add(tooFarAhead))) {
		j.floor = t
	}
}

// judge returns the time that certificates in dir are judged by.
func (l Loader) judge(dir string) judge {
	j := judge{system: l.Now, built: l.Built}
	if j.system == nil {
		j.system = time.Now
	}
	if j.built.IsZero() {
		j.built = BuildTime()
	}
	j.raise(lastGood(dir))
	return j
}

// lastGood is the last time that was known to be good; zero: there was none.
func lastGood(dir string) time.Time {
	data, err := readFile(filepath.Join(dir, clockFile))
	if err != nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(string(data)))
	if err != nil {
		return time.Time{}
	}
	return t
}

// KeepTime writes down a time that is known to be good, at most once an hour, so that the clock of
// the next start is never before it. Without an identity folder it does nothing.
func KeepTime(dir string, t time.Time) error {
	if _, err := os.Stat(dir); err != nil || t.Sub(lastGood(dir)) < keepEvery {
		return nil
	}
	return replace(filepath.Join(dir, clockFile), []byte(t.UTC().Format(time.RFC3339)+"\n"))
}
