package board

import (
	"io"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// A descriptor that says how long a conversion takes says no less than what Start asks for, once
// the part has been set up.
func TestStartAsksForNoMoreThanTheDescriptorSays(t *testing.T) {
	for _, model := range slices.Sorted(maps.Keys(rigs)) {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, model)
			defer r.sensor.(io.Closer).Close()
			r.watch(20*time.Second, before)
			wait, err := r.sensor.Start()
			if takes := r.model.Descriptor.Takes; err != nil || takes > 0 && wait > takes {
				t.Errorf("%s: got %v, %v, want at most %v", model, wait, err, takes)
			}
		})
	}
}
