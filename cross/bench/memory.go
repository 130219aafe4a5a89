package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// settleTime is how long a program is left alone before its memory is read.
const settleTime = 10 * time.Second

// What is promised of the memory, in bytes.
const (
	aimIdle     = "<= 16000000"
	aimBuffered = "<= 24000000"
)

// memory measures the device's own program on a venue of twenty points: at rest, with a backlog and
// no line, and while the backlog goes out. The last of them also tells how long that takes.
func (b *bench) memory(ctx context.Context) error {
	return errors.Join(
		b.memoryAtRest(ctx, "memory.idle", 0, aimIdle),
		b.memoryAtRest(ctx, "memory.readings_100000", backlog, aimBuffered),
		b.draining(ctx),
	)
}

// memoryAtRest reads the memory of a program that has held readings for some seconds, and has no
// broker.
func (b *bench) memoryAtRest(ctx context.Context, name string, held int, aim string) error {
	state, err := b.folder()
	if err != nil {
		return err
	}
	if held > 0 {
		if err := prefill(ctx, state, held); err != nil {
			return err
		}
	}
	// Port 1 refuses: this is a line that is down.
	if err := enrol(state, "tcp://127.0.0.1:1"); err != nil {
		return err
	}
	p, err := b.startProcess(ctx, fullSite(), state, newBoard())
	if err != nil {
		return err
	}
	_, _, err = nap(ctx, settleTime)
	r, memErr := p.memory()
	s, statusErr := p.status(ctx)
	if err = errors.Join(err, memErr, statusErr, p.stop()); err != nil {
		return err
	}
	if s.held() < uint64(held) || s.Outbox.MemoryOnly {
		return fmt.Errorf("%s: the program holds %d of %d readings", name, s.held(), held)
	}
	b.printMemory(name, r, aim)
	return nil
}

// draining follows a program from the moment at which its broker can be reached until its backlog
// is gone. The rate is the courier's own.
func (b *bench) draining(ctx context.Context) error {
	n := b.count(backlog, backlog/10)
	state, err := b.folder()
	if err != nil {
		return err
	}
	if err := prefill(ctx, state, n); err != nil {
		return err
	}
	far, url, err := b.startDistrict(ctx)
	if err != nil {
		return err
	}
	defer far.stop()
	if err := enrol(state, url); err != nil {
		return err
	}
	p, err := b.startProcess(ctx, fullSite(), state, newBoard())
	if err != nil {
		return err
	}
	took, most, err := b.follow(ctx, p)
	if err = errors.Join(err, p.stop()); err != nil {
		return err
	}
	b.printMemory(fmt.Sprintf("memory.draining_%d", n), most, aimBuffered)
	name := fmt.Sprintf("drain.default_rate.readings_%d.by_%d", n, perBody)
	b.print(name, took.Seconds(), "s", "")
	b.print("drain.default_rate.by_60.rate", float64(n)/took.Seconds(), "readings/s", "")
	return nil
}

// drainLimit is how long a backlog is waited for.
const drainLimit = 20 * time.Minute

// follow looks at a program four times a second until it holds nothing more. It returns how long
// that took from the connection, and the most memory that was seen.
func (b *bench) follow(
	ctx context.Context, p *process,
) (took time.Duration, most resident, err error) {
	var connected, told time.Time
	end := time.Now().Add(drainLimit)
	for time.Now().Before(end) {
		if _, _, err := nap(ctx, time.Second/4); err != nil {
			return 0, most, err
		}
		r, err := p.memory()
		if err != nil {
			return 0, most, err
		}
		most.all, most.anon = max(most.all, r.all), max(most.anon, r.anon)
		s, err := p.status(ctx)
		if err != nil {
			continue // it is not there yet
		}
		switch now := time.Now(); {
		case !s.Link.Connected:
		case connected.IsZero():
			connected = now
		case s.held() == 0:
			return now.Sub(connected), most, nil
		case now.Sub(told) > 30*time.Second:
			told = now
			b.say("%d readings wait", s.held())
		}
	}
	return 0, most, fmt.Errorf("the backlog was not gone after %v", drainLimit)
}
