package buffer

import (
	"testing"
	"testing/synctest"
	"time"
)

// What is acknowledged of telemetry goes from the disk a second later, so that many go at once;
// with the last of it there is nothing to wait for. Alarms, which come one by one, always wait.
func TestLastAcknowledgementOfABacklogIsWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, folder(t), quick())
		for range 30 {
			o.Put(Telemetry, 20, make([]byte, 1170))
			o.Put(Alarm, 1, make([]byte, 300))
			time.Sleep(10 * time.Millisecond)
		}
		commits := func(l Lane, from, to uint64) uint64 {
			before := o.Stats().Commits
			o.Ack(o.Epoch(), l, Range{from, to})
			time.Sleep(10 * time.Millisecond)
			return o.Stats().Commits - before
		}
		for i, c := range []struct {
			lane     Lane
			from, to uint64
			want     uint64
		}{
			{Telemetry, 1, 200, 0}, {Telemetry, 401, 600, 0}, {Alarm, 1, 30, 0}, {Telemetry, 201, 400, 1},
		} {
			if got := commits(c.lane, c.from, c.to); got != c.want {
				t.Errorf("step %d: got %d commits, want %d", i, got, c.want)
			}
		}
		for l, s := range o.Stats().Lane {
			if s.Held != 0 || len(o.lanes[l].disk) != 0 {
				t.Errorf("lane %s: %d held, %d blocks", Lane(l), s.Held, len(o.lanes[l].disk))
			}
		}
	})
}

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
