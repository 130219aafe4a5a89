package buffer

import (
	"testing"
	"testing/synctest"
	"time"
)

// A commit leaves what is on the card alone, but for the newest page of its lane and the way to it:
// 3.5 KB of telemetry cost about 20 KB, whatever else is held.
func TestCommitLeavesOldPagesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, folder(t), quick())
		commit := func() {
			for range 3 {
				o.Put(Telemetry, 20, make([]byte, 1170))
			}
			time.Sleep(time.Second)
		}
		o.Put(Alarm, 1, make([]byte, 500))
		o.Put(Event, 1, make([]byte, 500))
		for range 20 {
			commit()
		}
		const rounds = 100
		before := o.Stats()
		for range rounds {
			commit()
		}
		after := o.Stats()
		if n := after.Commits - before.Commits; n != rounds {
			t.Errorf("got %d commits, want %d", n, rounds)
		}
		if n := (after.BytesWritten - before.BytesWritten) / rounds; n > 22_000 {
			t.Errorf("got %d bytes in a commit, want at most 22000", n)
		}
	})
}
