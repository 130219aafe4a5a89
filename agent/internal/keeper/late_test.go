package keeper

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firepost/firepost/agent/alarm"
)

// A run that begins without what was saved writes nothing over it before a copy is on the disk,
// however often the disk fails, and takes no number twice.
func TestLateRunKeepsWhatWasSaved(t *testing.T) {
	for failing := range 5 {
		dir := t.TempDir()
		fill(t, dir, 3)
		before := readAll(t, dir)
		calls := 0
		k, old, err := Open(dir, Options{write: func(path string, data []byte) error {
			if calls++; calls <= failing {
				return errors.New("not yet")
			}
			kept, _ := filepath.Glob(filepath.Join(dir, "panel.late.*"))
			if !strings.Contains(path, "late") && len(kept) < 2 {
				t.Errorf("%s is written while only %q are kept", path, kept)
			}
			return writeSynced(path, data)
		}})
		if err != nil {
			t.Fatal(err)
		}
		k.BeginsLate(1 << 31)
		for n := range uint64(3) {
			k.Save(&alarm.Saved{LastEvent: n})
			err := k.write()
			for err != nil {
				err = k.write()
			}
		}
		for _, name := range []string{"0", "1"} {
			got, err := os.ReadFile(filepath.Join(dir, "panel.late."+name))
			if err != nil || string(got) != string(before["panel."+name]) {
				t.Errorf("after %d failures: panel.%s was not kept: %v", failing, name, err)
			}
		}
		_, next, err := Open(dir, Options{})
		if err != nil || next.Boot != 1<<31+1 || next.LastAlarm != old.LastAlarm ||
			len(next.Alarms) != 0 {
			t.Errorf("the next run has %+v, %v", next, err)
		}
	}
}

// A pair that holds nothing does not take the place of one that was kept before.
func TestLateRunKeepsNothingForNothing(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		k, _, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		k.BeginsLate(1 << 31)
		if err := k.write(); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "panel.late.*")); left != nil {
		t.Errorf("got %v, want nothing kept", left)
	}
}
