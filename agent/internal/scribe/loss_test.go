package scribe

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/buffer"
)

// Every loss of the outbox is declared once, in the words of its cause.
func TestLossesAreDeclared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{}, 0)
		b.out.mu.Lock()
		b.out.losses = []buffer.Loss{
			{
				Epoch: "e1", Lane: buffer.Telemetry, Range: buffer.Range{From: 5, To: 64},
				Cause: buffer.CauseEvicted,
			},
			{
				Epoch: "e0", Cause: buffer.CauseStoreReset, Salvaged: 3, LostEstimate: 2,
				Detail: "checksum",
			},
		}
		b.out.mu.Unlock()
		time.Sleep(time.Minute)
		b.stop()
		told := b.out.told()
		if len(told) != 2 {
			t.Fatalf("got %d records, want 2: %s", len(told), told)
		}
		for i, want := range []string{
			`"data":{"epoch":"e1","lane":"t","from":5,"to":64,"cause":"evicted"}`,
			`"data":{"epoch":"e0","salvaged":3,"lost_estimate":2,"cause":"checksum"}`,
		} {
			if !strings.HasPrefix(told[i], "a 1 ") || !strings.Contains(told[i], want) {
				t.Errorf("got %s, want %s", told[i], want)
			}
		}
	})
}

// After a crash the gap tells how many events are known to have been numbered in it: those after
// the last one that the disk took.
func TestLeaseTellsWhatWasUsed(t *testing.T) {
	lease := func(l buffer.Lane, from uint64) buffer.Loss {
		return buffer.Loss{
			Epoch: "e1", Lane: l, Range: buffer.Range{From: from, To: from + 999},
			Cause: buffer.CauseLease,
		}
	}
	event := func(seq string) []byte { return []byte(`{"type":"x","data":{"seq":` + seq + `}}`) }
	for _, c := range []struct {
		name   string
		held   map[buffer.Lane][]byte // the record below each gap
		last   uint64
		losses []buffer.Loss
		want   string
	}{
		{
			"three after the last", map[buffer.Lane][]byte{
				buffer.Alarm: event("40"), buffer.Event: event("42"),
			}, 45, []buffer.Loss{lease(buffer.Alarm, 2), lease(buffer.Event, 2)}, `"given":3`,
		},
		{
			"none after the last", map[buffer.Lane][]byte{
				buffer.Alarm: event("45"), buffer.Event: event("42"),
			}, 45, []buffer.Loss{lease(buffer.Alarm, 2), lease(buffer.Event, 2)}, `"given":0`,
		},
		{
			"one lane is not held", map[buffer.Lane][]byte{buffer.Alarm: event("40")}, 45,
			[]buffer.Loss{lease(buffer.Alarm, 2), lease(buffer.Event, 2)}, `"given":0`,
		},
		{
			"the record below is a gap", map[buffer.Lane][]byte{
				buffer.Alarm: []byte(`{"data":{"lane":"t"}}`), buffer.Event: event("42"),
			}, 45, []buffer.Loss{lease(buffer.Alarm, 2), lease(buffer.Event, 2)}, `"given":0`,
		},
		{
			"one lane was told before", map[buffer.Lane][]byte{buffer.Alarm: event("40")}, 45,
			[]buffer.Loss{lease(buffer.Alarm, 2)}, `"given":0`,
		},
		{
			"nothing saved", map[buffer.Lane][]byte{
				buffer.Alarm: event("40"), buffer.Event: event("42"),
			}, 0, []buffer.Loss{lease(buffer.Alarm, 2), lease(buffer.Event, 2)}, `"given":0`,
		},
	} {
		out := &outbox{losses: c.losses}
		for l, body := range c.held {
			out.Put(l, 1, body)
		}
		s := New(Config{
			Outbox: out, LastEvent: c.last, Snapshot: func() *alarm.Snapshot { return nil },
		})
		s.declare()
		gaps := 0
		for _, line := range out.told() {
			if !strings.Contains(line, "gap.v1") {
				continue
			}
			gaps++
			if !strings.Contains(line, c.want) {
				t.Errorf("%s: got %s, want %s", c.name, line, c.want)
			}
		}
		if gaps != len(c.losses) || len(out.losses) != 0 {
			t.Errorf("%s: %d gaps of %d, %d losses left", c.name, gaps, len(c.losses), len(out.losses))
		}
	}
}
