package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/firepost/firepost/agent"
	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/district"
)

// edgeLimit is how long the siren is waited for. An edge that it does not follow is counted as
// missed, and as having taken so long.
const edgeLimit = 2 * time.Second

// edges are the times from a contact's edge to the siren's write. Drive is measured from the call
// that closes the contact. Kernel begins earlier, when the kernel's timer for that call was due: it
// includes what a process needs to get the processor, as a real edge does.
type edges struct {
	Drive, Kernel []time.Duration
	Missed        int
}

// await returns when the siren's line was last put to a level, and whether that came in time.
func (p *post) await(high bool) (time.Time, bool) {
	late := time.NewTimer(edgeLimit)
	defer late.Stop()
	for {
		select {
		case c := <-p.changes:
			if c.high == high {
				return c.at, true
			}
		case <-late.C:
			return time.Time{}, false
		}
	}
}

// measure closes and opens the contact n times, with 20 to 70 ms before each edge.
func (p *post) measure(ctx context.Context, n int) (edges, error) {
	var e edges
	for range n {
		at, late, err := nap(ctx, apart())
		if err != nil {
			return e, err
		}
		if err := p.press(true); err != nil {
			return e, err
		}
		set, ok := p.await(true)
		if !ok {
			e.Missed++
			set = at.Add(edgeLimit)
		}
		e.Drive = append(e.Drive, set.Sub(at))
		e.Kernel = append(e.Kernel, set.Sub(at)+late)
		if _, _, err := nap(ctx, apart()); err != nil {
			return e, err
		}
		if err := p.press(false); err != nil {
			return e, err
		}
		if _, ok := p.await(false); !ok {
			return e, errors.New("the siren did not end with its alarm")
		}
	}
	return e, nil
}

func apart() time.Duration { return 20*time.Millisecond + rand.N(50*time.Millisecond) }

// aimEdge is what is promised of an edge, whatever else the machine does.
func aimEdge() map[string]string { return map[string]string{"p99_9": "<= 10"} }

func (b *bench) printEdges(name string, e edges, aims map[string]string) {
	b.spread(name, e.Drive, aims)
	b.spread(name+".kernel", e.Kernel, nil)
	b.print(name+".missed", float64(e.Missed), "edges", "<= 0")
	b.print(name+".edges", float64(len(e.Drive)), "edges", "")
}

// edgeCount is how many edges a figure rests on.
func (b *bench) edgeCount() int { return b.count(1000, 200) }

// alone measures a post that has neither district nor trouble.
func (b *bench) alone(ctx context.Context, name string) error {
	dir, err := b.folder()
	if err != nil {
		return err
	}
	p, err := startPost(ctx, newBoard(), shortSite, agent.Options{Dir: dir})
	if err != nil {
		return err
	}
	e, err := p.measure(ctx, b.edgeCount())
	if err = errors.Join(err, p.stop()); err != nil {
		return err
	}
	b.printEdges(name, e, aimEdge())
	return nil
}

func (b *bench) edgeIdle(ctx context.Context) error { return b.alone(ctx, "edge.idle") }

func (b *bench) edgeBusyOutside(ctx context.Context) error {
	stop, err := b.busyOutside(ctx, 2*runtime.NumCPU())
	if err != nil {
		return err
	}
	defer stop()
	return b.alone(ctx, "edge.busy_outside")
}

// edgeBusyOutsideFifo is the same with real-time scheduling of the whole process: FIFO
// of priority 1, for this process and not for the busy ones. It shows what is the kernel's share of
// a slow edge, and needs a privilege; without it there is no figure.
func (b *bench) edgeBusyOutsideFifo(ctx context.Context) error {
	stop, err := b.busyOutside(ctx, 2*runtime.NumCPU())
	if err != nil {
		return err
	}
	defer stop()
	back, err := realtime()
	if err != nil {
		b.say("edge.busy_outside_fifo is left out: %v", err)
		return nil
	}
	defer back()
	return b.alone(ctx, "edge.busy_outside_fifo")
}

func (b *bench) edgeBusyInside(ctx context.Context) error {
	defer busyInside(runtime.NumCPU())()
	return b.alone(ctx, "edge.busy_inside")
}

// edgeTrouble measures with everything broken at once that an edge must not depend on: another bus
// hangs, the broker takes the connection and never answers, the embedder's hook never returns, and
// the outbox's disk does not answer. The disk can be held up for a time only, so several agents are
// measured one after the other.
func (b *bench) edgeTrouble(ctx context.Context) error {
	name := "edge.trouble"
	var all edges
	for want := b.edgeCount(); len(all.Drive) < want; {
		e, blocked, err := b.troubled(ctx, want-len(all.Drive))
		if err != nil {
			return err
		}
		if !blocked {
			name = "edge.trouble_disk_works"
		}
		all.Drive, all.Kernel = append(all.Drive, e.Drive...), append(all.Kernel, e.Kernel...)
		all.Missed += e.Missed
	}
	b.printEdges(name, all, aimEdge())
	return nil
}

// roundTime is how long edges are measured before the disk would answer again.
const roundTime = leaseTime - 10*time.Second

// troubled measures up to n edges of one agent. blocked tells whether its disk really hung to the
// end.
func (b *bench) troubled(ctx context.Context, n int) (e edges, blocked bool, err error) {
	dir, err := b.folder()
	if err != nil {
		return e, false, err
	}
	broker, err := district.OpenBroker("127.0.0.1:0", nil)
	if err != nil {
		return e, false, err
	}
	defer broker.Close()
	if err := errors.Join(broker.Mute(), enrol(dir, broker.URL())); err != nil {
		return e, false, err
	}
	brd := newBoard()
	if err := brd.Bus(hungBus).Fail(board.Fault{Kind: board.Hang}); err != nil {
		return e, false, err
	}
	release, err := blockDisk(dir)
	if err != nil {
		b.say("the disk works in this one: %v", err)
		release = func() {}
	}
	ends := make(chan struct{})
	p, err := startPost(ctx, brd, shortSite+hungSensor, agent.Options{
		Dir: dir, OnEvent: func(alarm.Event) { <-ends },
	})
	if err == nil {
		e, blocked, err = p.round(ctx, n)
		close(ends)
		brd.Heal()
		release()
		return e, blocked, errors.Join(err, p.stop())
	}
	release()
	return e, false, err
}

// round measures up to n edges, and as many as there is time for.
func (p *post) round(ctx context.Context, n int) (all edges, blocked bool, err error) {
	const step = 20
	// The outbox gives up waiting for its file after 2 s; what is before that is another thing.
	if _, _, err := nap(ctx, 3*time.Second); err != nil {
		return all, false, err
	}
	for end := time.Now().Add(roundTime); len(all.Drive) < n && time.Now().Before(end); {
		e, err := p.measure(ctx, min(step, n-len(all.Drive)))
		all.Drive, all.Kernel = append(all.Drive, e.Drive...), append(all.Kernel, e.Kernel...)
		all.Missed += e.Missed
		if err != nil {
			return all, false, err
		}
	}
	s, err := p.status()
	if err == nil && s.Link.Connected {
		err = fmt.Errorf("the broker answered, which it should not have")
	}
	return all, s.Outbox.MemoryOnly, err
}
