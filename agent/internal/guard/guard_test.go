package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// The guard steps at least every 100 ms, however little comes, and at most every 10 ms, however
// much comes.
func TestGuardStepsAtItsOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{}
		h := run(t, Config{Panel: p})
		time.Sleep(10*time.Second + time.Millisecond)
		if n := p.count(); n != 101 {
			t.Errorf("got %d steps in 10 quiet seconds, want 101", n)
		}
		before := p.count()
		for range 10_000 {
			h.Notice(alarm.Notice{Fault: alarm.StorageSlow})
			time.Sleep(time.Millisecond)
		}
		if n := p.count() - before; n < 990 || n > 1001 {
			t.Errorf("got %d steps in 10 s of storm, want 1000", n)
		}
		if gap := h.Stats().Gap; gap != longest {
			t.Errorf("got %v as the longest gap, want %v", gap, longest)
		}
	})
}

// Commands from the site go before those of the district; a full queue is told to the sender.
func TestCommandsAreBoundedAndLocalOnesGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{}
		g := New(Config{Panel: p})
		for i := range queued {
			for _, kind := range []alarm.OriginKind{alarm.District, alarm.Button} {
				c := alarm.Command{ID: fmt.Sprint(i), By: alarm.Origin{Kind: kind}}
				if err := g.Submit(c); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, kind := range []alarm.OriginKind{alarm.District, alarm.Button} {
			err := g.Submit(alarm.Command{By: alarm.Origin{Kind: kind}})
			if !errors.Is(err, ErrBusy) {
				t.Errorf("got %v of a full queue, want ErrBusy", err)
			}
		}
		g.step(0)
		got := p.inputs[0].Commands
		if len(got) != 2*queued {
			t.Fatalf("got %d commands, want %d", len(got), 2*queued)
		}
		for i, c := range got {
			want := alarm.Button
			if i >= queued {
				want = alarm.District
			}
			if c.By.Kind != want || c.ID != fmt.Sprint(i%queued) {
				t.Errorf("got command %s of %v at %d", c.ID, c.By.Kind, i)
			}
		}
	})
}

// Of each fault code the newest notice counts, and there is a bound on codes that is counted.
func TestNoticesHaveOneSlotForEachFault(t *testing.T) {
	p := &script{}
	g := New(Config{Panel: p})
	var all sync.WaitGroup
	for i := range maxNotices + 3 {
		all.Go(func() {
			for n := range 50 {
				g.Notice(alarm.Notice{
					Fault: detect.FaultCode(fmt.Sprint(i)), On: n == 49, Detail: fmt.Sprint(n),
				})
			}
		})
	}
	all.Wait()
	g.step(0)
	got := p.inputs[0].Notices
	if len(got) != maxNotices {
		t.Errorf("got %d notices, want %d", len(got), maxNotices)
	}
	for _, n := range got {
		if !n.On || n.Detail != "49" {
			t.Errorf("got %+v, want the newest", n)
		}
	}
	if lost := g.Stats().NoticesLost; lost != 3*50 {
		t.Errorf("got %d lost, want 150", lost)
	}
}

// A snapshot is published with each event and otherwise about four times a second.
func TestSnapshotIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{}
		h := run(t, Config{Panel: p})
		for range 50 {
			time.Sleep(77 * time.Millisecond)
			if age := h.Now().Sub(h.Snapshot().At); age > published+longest {
				t.Errorf("got a snapshot %v old", age)
			}
		}
		for i := range uint64(5) {
			h.settle()
			p.mu.Lock()
			p.decision = alarm.Decision{Events: []alarm.Event{{Seq: i}}}
			p.mu.Unlock()
			h.poke()
			synctest.Wait()
			if got, want := h.Snapshot().At, h.Now(); got != want {
				t.Errorf("got a snapshot of %v after an event at %v", got, want)
			}
		}
	})
}

// A panic of the panel itself is told and ends the process: what is left of it cannot be trusted.
func TestPanicOfThePanelIsToldAndGoesOn(t *testing.T) {
	var told any
	g := New(Config{
		Panel: &script{panics: true},
		Crash: func(_ time.Duration, v any, stack []byte) {
			told = v
			if len(stack) == 0 {
				t.Error("got no stack")
			}
		},
	})
	defer func() {
		if v := recover(); v != "the panel itself" || told != v {
			t.Errorf("got the panic %v, told %v", v, told)
		}
	}()
	_ = g.Run(t.Context())
	t.Error("got no panic")
}

// A part that panics or fails is run again with growing pauses and is told; one that ends is not,
// and the fault is taken back after ten quiet minutes.
func TestKeepRunsAPartAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &script{}
		h := run(t, Config{Panel: p})
		log := newDiary()
		h.Keep(t.Context(), "scribe", func(context.Context) error {
			log.add("run")
			switch len(log.times("run")) {
			case 1:
				panic("nil map")
			case 2, 3:
				return errors.New("disk gone")
			}
			return nil
		})
		for i, want := range ms(0, 100, 300, 700) {
			if got := log.times("run"); len(got) != 4 || got[i] != want {
				t.Errorf("got runs at %v, want 0, 100, 300 and 700 ms", got)
				break
			}
		}
		time.Sleep(20 * time.Minute)
		got := p.notices(alarm.Restarted)
		if len(got) != 4 || got[0] != "10ms true scribe" || !strings.HasPrefix(got[3], "10m0.3") {
			t.Errorf("got %q, want three times on and once off", got)
		}
	})
}

// A reader that falls behind goes on with the oldest event and is told how many it missed.
func TestRingTellsWhatAReaderMissed(t *testing.T) {
	r := newRing()
	var at uint64
	buf := make([]alarm.Event, 0, 100)
	seq := uint64(0)
	write := func(n int) {
		for range n {
			seq++
			r.put(alarm.Event{Seq: seq})
		}
	}
	read := func() (first, n, missed uint64) {
		for {
			events, lost := r.Next(at, buf)
			at += lost + uint64(len(events))
			missed += lost
			if len(events) == 0 {
				return first, n, missed
			}
			if first == 0 {
				first = events[0].Seq
			}
			n += uint64(len(events))
		}
	}
	for _, c := range []struct {
		write                int
		first, count, missed uint64
	}{
		{0, 0, 0, 0},
		{1, 1, 1, 0},
		{250, 2, 250, 0},
		{ringSize - 1, 252, ringSize - 1, 0},
		{ringSize, 8444, ringSize - 1, 1},
		{3 * ringSize, 33020, ringSize - 1, 2*ringSize + 1},
	} {
		write(c.write)
		first, n, missed := read()
		if first != c.first || n != c.count || missed != c.missed {
			t.Errorf("after %d more: got %d from %d, missed %d; want %d from %d, missed %d",
				c.write, n, first, missed, c.count, c.first, c.missed)
		}
	}
}

// The last events are the newest that there are, oldest first, never more than asked for, and never
// one that is being overwritten.
func TestRingTellsTheLast(t *testing.T) {
	r := newRing()
	if got := r.Last(5); len(got) != 0 {
		t.Errorf("of an empty ring: %d", len(got))
	}
	put := func(upTo uint64) {
		for n := r.written.Load() + 1; n <= upTo; n++ {
			r.put(alarm.Event{Seq: n})
		}
	}
	for _, c := range []struct {
		written     uint64
		n           int
		first, last uint64
	}{
		{3, 5, 1, 3}, {3, 2, 2, 3}, {3, 1, 3, 3}, {ringSize + 10, 4, ringSize + 7, ringSize + 10},
		{ringSize + 10, 3 * ringSize, 12, ringSize + 10},
	} {
		put(c.written)
		got := r.Last(c.n)
		if len(got) == 0 || got[0].Seq != c.first || got[len(got)-1].Seq != c.last {
			t.Errorf("the last %d of %d: got %d events, want %d to %d", c.n, c.written, len(got),
				c.first, c.last)
		}
	}
	if got := r.Last(-1); len(got) != 0 {
		t.Errorf("the last -1: %d", len(got))
	}
}

// A reader beside the writer gets events in order, each once, whole, and knows of all it missed; it
// sleeps through none.
func TestRingReaderBesideTheWriter(t *testing.T) {
	r := newRing()
	const total = 20 * ringSize
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			var at uint64
			buf := make([]alarm.Event, 0, 7)
			for at < total {
				more := r.More()
				events, missed := r.Next(at, buf)
				for i, e := range events {
					if want := at + missed + uint64(i) + 1; e.Seq != want || e.Cause != fmt.Sprint(want) {
						t.Errorf("got event %d, want %d", e.Seq, want)
						return
					}
				}
				at += missed + uint64(len(events))
				if len(events) == 0 && missed == 0 {
					<-more
				}
			}
		})
	}
	for seq := uint64(1); seq <= total; seq++ {
		r.put(alarm.Event{Seq: seq, Cause: fmt.Sprint(seq)})
		if seq%5 == 0 || seq == total {
			r.announce()
		}
	}
	all.Wait()
}
