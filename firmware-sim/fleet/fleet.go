// Package fleet runs many stations in one process, each with its board, its parts, its folder and
// its connection, to load a broker and a platform.
package fleet

import (
	"context"
	_ "embed" // the site of a station
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/rig"
	"github.com/firepost/firepost/provisioning"
)

//go:embed site.toml
var siteText string

// callPoint is the line of a station's first call point, which is pressed while it is Low.
const callPoint = "GPIO17"

// Options say what a fleet is. N, Dir and District are required.
type Options struct {
	N        int
	Dir      string                // a folder for each station is made in it, or used again
	District provisioning.District // where they belong; Sim is set
	CA       *Authority            // gives each station its certificate; nil: they have none
}

// Fleet is a number of stations.
type Fleet struct {
	stations []station
}

type station struct {
	id    string
	agent *agent.Agent
	board *board.Board
}

// New makes the stations, and identities for those that have none. Nothing runs yet.
func New(o Options) (*Fleet, error) {
	s, err := site.Parse("site.toml", []byte(siteText))
	if err != nil {
		return nil, err
	}
	o.District.Sim = true
	f, shared := &Fleet{}, agent.NewShared()
	for i := range o.N {
		st, err := newStation(s, o, shared, filepath.Join(o.Dir, fmt.Sprintf("%05d", i+1)))
		if err != nil {
			return nil, fmt.Errorf("station %d: %w", i+1, err)
		}
		f.stations = append(f.stations, st)
	}
	return f, nil
}

func newStation(
	s *site.Site, o Options, shared *agent.Shared, dir string,
) (station, error) {
	identity := filepath.Join(dir, "identity")
	id, err := provisioning.Create(identity, o.District)
	switch {
	case errors.Is(err, provisioning.ErrExists):
		if id, err = provisioning.Load(identity); err != nil {
			return station{}, err
		}
	case err != nil:
		return station{}, err
	case o.CA != nil:
		if err := o.CA.enrol(identity, id.ID); err != nil {
			return station{}, err
		}
	}
	b := board.New(board.Options{})
	if _, err := rig.New(s, b, b.Now); err != nil {
		return station{}, err
	}
	a, err := agent.New(s, agent.Options{
		Board: b, Dir: dir, Sim: true, Page: "off", Shared: shared,
	})
	return station{id.ID, a, b}, err
}

// Run lets all stations work until ctx ends. Its error names those that did not end well.
func (f *Fleet) Run(ctx context.Context) error {
	errs := make([]error, len(f.stations))
	var work sync.WaitGroup
	for i, s := range f.stations {
		work.Go(func() {
			if err := s.agent.Run(ctx); err != nil {
				errs[i] = fmt.Errorf("station %s: %w", s.id, err)
			}
		})
	}
	work.Wait()
	return errors.Join(errs...)
}

// IDs are the names of the stations.
func (f *Fleet) IDs() []string {
	ids := make([]string, len(f.stations))
	for i, s := range f.stations {
		ids[i] = s.id
	}
	return ids
}

// Press presses the call point of station i, or lets it go.
func (f *Fleet) Press(i int, pressed bool) {
	f.stations[i].board.Pin(callPoint).Drive(!pressed)
}
