// Package sitefile knows which site file of a box counts: the one of the people on site, or one
// that came from afar and is based on it. It must never let a file count that is not whole, and
// never let one from afar win over what people on site have written since.
//
// All of it is four files: the local one, and in the folder site of the state directory
//
//	offered.toml  the newest file from afar, with what has become of it
//	pushed.toml   the one from afar that has passed its trial
//	good.toml     a copy of the last file that was in use and not on trial
//
// Each is replaced as a whole, so that after a power cut there is the old one or the new one.
// offered.toml and pushed.toml begin with a line of ours, which TOML takes for a comment.
package sitefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/firepost/firepost/agent/site"
)

// Stage is what has become of an offered file.
type Stage string

// The stages.
const (
	Waiting Stage = "waiting" // for a person on site
	Trial   Stage = "trial"   // it counts, until it has shown that it does no harm
	Kept    Stage = "kept"    // it has passed
	Undone  Stage = "undone"  // it counts no more; see Reason
	Refused Stage = "refused" // by a person on site, or nobody came in time; see Reason
)

// Offer is a site file from afar.
type Offer struct {
	ID      string   `json:"id"`                // of the command that brought it
	Base    string   `json:"base"`              // hash of the local file that it is based on
	Hash    string   `json:"hash"`              // of its text
	Stage   Stage    `json:"stage"`             //
	Reason  string   `json:"reason"`            // of undone and refused
	By      uint8    `json:"by,omitempty"`      // operator who decided
	Expires int64    `json:"expires,omitempty"` // of waiting, Unix seconds
	Starts  int      `json:"starts,omitempty"`  // of the program, within the trial
	Faults  []string `json:"faults,omitempty"`  // that stood before the trial
	Text    []byte   `json:"-"`
}

// Why an offer does not count, or no more.
const (
	ReasonFault      = "new_fault"  // one that was not there before the trial
	ReasonUplink     = "no_uplink"  // the district could not be reached at its end
	ReasonStarts     = "restarts"   // the program has died again and again
	ReasonEdited     = "local_edit" // people on site have changed their file
	ReasonPerson     = "person"     // somebody on site has refused it, or taken it back
	ReasonUnanswered = "unanswered" // nobody has accepted it in time
)

// IsOpen tells whether something is still to come of the offer.
func (o *Offer) IsOpen() bool { return o != nil && (o.Stage == Waiting || o.Stage == Trial) }

// mostStarts is how often the program may start within a trial: a file that lets it die again and
// again is no good.
const mostStarts = 3

// Store is the site files of a box. One goroutine at a time uses it.
type Store struct {
	Local string // path of the file of the people on site
	Dir   string // state directory
	// Step is told before each change of the disk and after it; its error is one of the disk. nil:
	// no one is told.
	Step func() error
}

const (
	offered = "offered.toml"
	pushed  = "pushed.toml"
	good    = "good.toml"
)

// Choice is the file that counts.
type Choice struct {
	Site *site.Site
	Text []byte
	From string // one of the words below
	Base string // hash of the local file; empty: it could not be read
	// Rejected says what is wrong with the local file, when it is that one that would count.
	Rejected error
	// Damaged says that there is a file from afar that passed its trial, and cannot be read: what
	// counts protects people otherwise than they think.
	Damaged error
}

// Where the file that counts is from.
const (
	FromLocal  = "local"
	FromPushed = "pushed" // from afar, for good
	FromTrial  = "trial"  // from afar, on trial
	FromGood   = "good"   // the copy of the last one, because the local one is bad
)

// ErrUnread is of a last good copy that the disk does not give: it may well be good.
var ErrUnread = errors.New("it could not be read")

// Choose finds the file that counts. Without a good one it fails with what is wrong with the local
// one, and with ErrUnread when the last good copy is not known to be bad.
func (s Store) Choose() (Choice, error) {
	o, err := s.Offer()
	if err != nil || o == nil || o.Stage != Trial {
		return s.Settled()
	}
	return s.choose(o)
}

// Settled is Choose as if nothing were on trial.
func (s Store) Settled() (Choice, error) { return s.choose(nil) }

// choose tries what may count, the newest first.
func (s Store) choose(trial *Offer) (Choice, error) {
	text, err := readUpTo(s.Local)
	if err != nil {
		return s.lastGood(Choice{}, fmt.Errorf("site file: %w", err))
	}
	c := Choice{Base: site.HashOf(text)}
	if trial != nil && trial.Base == c.Base && c.take(trial.Text, FromTrial, offered) == nil {
		return c, nil
	}
	o, err := s.Pushed()
	if err == nil && o != nil && o.Base == c.Base {
		if err = c.take(o.Text, FromPushed, pushed); err == nil {
			return c, nil
		}
	}
	if err != nil {
		c.Damaged = fmt.Errorf("the site file of the district does not count, and the local one "+
			"does: %w; let the district push it anew, or run firepost site rollback", err)
	}
	if err := c.take(text, FromLocal, filepath.Base(s.Local)); err != nil {
		return s.lastGood(c, err)
	}
	return c, nil
}

// take chooses a text if it is a site.
func (c *Choice) take(text []byte, from, name string) error {
	s, err := site.Parse(name, text)
	if err != nil {
		return err
	}
	c.Site, c.Text, c.From = s, text, from
	return nil
}

// lastGood chooses the copy of the last good file in place of one that is wrong.
func (s Store) lastGood(c Choice, wrong error) (Choice, error) {
	text, err := readUpTo(s.path(good))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, wrong
	case err != nil:
		err = fmt.Errorf("%w: %w", ErrUnread, err)
	default:
		err = c.take(text, FromGood, good)
	}
	if err == nil {
		c.Rejected = wrong
		return c, nil
	}
	return c, fmt.Errorf("%w\nand the last good copy: %w", wrong, err)
}

// Begin is Choose for a program that starts. It counts the start, so that a file on trial under
// which the program dies again and again ends its trial.
func (s Store) Begin() (Choice, error) {
	c, err := s.Choose()
	if err != nil || c.From != FromTrial {
		return c, err
	}
	o, err := s.Offer()
	if err == nil {
		if o.Starts++; o.Starts > mostStarts {
			o.Stage, o.Reason = Undone, ReasonStarts
		}
		err = s.Put(o)
	}
	if err == nil {
		return s.Choose()
	}
	return s.Settled() // What cannot be counted must not be tried.
}

// Offer is the newest file from afar; nil: there was none.
func (s Store) Offer() (*Offer, error) { return s.read(offered) }

// Pushed is the file from afar that has passed its trial; nil: there is none.
func (s Store) Pushed() (*Offer, error) { return s.read(pushed) }

// Own is the file of the people on site, whatever else counts.
func (s Store) Own() (*site.Site, error) {
	text, err := readUpTo(s.Local)
	if err != nil {
		return nil, err
	}
	return site.Parse(filepath.Base(s.Local), text)
}

// Put writes down what has become of an offer.
func (s Store) Put(o *Offer) error { return s.write(offered, o.bytes()) }

// Keep lets an offer that has passed its trial count for good.
func (s Store) Keep(o *Offer) error {
	o.Stage = Kept
	if err := s.write(pushed, o.bytes()); err != nil {
		return err
	}
	return s.Put(o)
}

// Drop lets the local file count again.
func (s Store) Drop() error {
	return s.do(func() error {
		if err := os.Remove(s.path(pushed)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return s.sync()
	})
}

// KeepGood keeps a copy of the file in use, unless it is on trial.
func (s Store) KeepGood(c Choice) error {
	if c.From == FromTrial || c.From == FromGood {
		return nil
	}
	if old, err := os.ReadFile(s.path(good)); err == nil && bytes.Equal(old, c.Text) {
		return nil
	}
	return s.write(good, c.Text)
}

func (s Store) path(name string) string { return filepath.Join(s.Dir, "site", name) }

// headLine begins the first line of a file from afar.
const headLine = "#firepost "

func (o *Offer) bytes() []byte {
	head, err := json.Marshal(o)
	if err != nil {
		panic("sitefile: an offer cannot be encoded: " + err.Error()) // it is plain values
	}
	return append(append(append([]byte(headLine), head...), '\n'), o.Text...)
}

// read reads a file from afar; nil: there is none.
func (s Store) read(name string) (*Offer, error) {
	data, err := readUpTo(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	head, text, _ := bytes.Cut(data, []byte("\n"))
	head, ours := bytes.CutPrefix(head, []byte(headLine))
	o := &Offer{}
	if !ours || json.Unmarshal(head, o) != nil || site.HashOf(text) != o.Hash {
		return nil, fmt.Errorf("%s is damaged", s.path(name))
	}
	o.Text = text
	return o, nil
}

// maxFile bounds a file of this package: a site file has 1 MB at most.
const maxFile = 2 << 20

func readUpTo(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes; this is no site file", path, maxFile)
	}
	return data, err
}

// write replaces a file as a whole.
func (s Store) write(name string, data []byte) error {
	return s.do(func() error {
		if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o750); err != nil {
			return err
		}
		if err := renameio.WriteFile(s.path(name), data, 0o640); err != nil {
			return err
		}
		return s.sync()
	})
}

// sync makes names durable.
func (s Store) sync() error {
	d, err := os.Open(filepath.Join(s.Dir, "site"))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// do makes one change of the disk.
func (s Store) do(change func() error) error {
	for _, act := range []func() error{s.Step, change, s.Step} {
		if act == nil {
			continue
		}
		if err := act(); err != nil {
			return fmt.Errorf("site files: %w", err)
		}
	}
	return nil
}
