package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"github.com/firepost/firepost/agent/site"
)

// LoadSite reads the site file at path. When it is good, a copy is kept in the state directory dir.
// When it is not, the last good copy counts and rejected says what is wrong with the file; without
// a copy, err says it.
func LoadSite(path, dir string) (s *site.Site, rejected, err error) {
	good := goodPath(dir)
	s, err = site.Load(path)
	if err == nil {
		kept := make(chan struct{})
		go func() {
			defer close(kept)
			keepGood(path, good)
		}()
		select {
		case <-kept:
		case <-time.After(recallTime): // The siren does not wait for a dying card.
		}
		return s, nil, nil
	}
	old, oldErr := site.Load(good)
	if oldErr != nil {
		if errors.Is(oldErr, os.ErrNotExist) {
			return nil, nil, err
		}
		return nil, nil, fmt.Errorf("%w\nand the last good copy: %w", err, oldErr)
	}
	return old, err, nil
}

// keepGood copies an accepted site file. A card that cannot take it costs the copy, not the start;
// that it cannot is told by the rooms that must write.
func keepGood(path, good string) {
	data, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if old, err := os.ReadFile(good); err == nil && string(old) == string(data) {
		return
	}
	if os.MkdirAll(filepath.Dir(good), 0o750) == nil {
		_ = renameio.WriteFile(good, data, 0o640)
	}
}

// goodPath is where the copy of the last good site file lies.
func goodPath(dir string) string { return filepath.Join(dir, "site", "good.toml") }
