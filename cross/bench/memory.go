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
// no line, and while the backlog goes out.
func (b *bench) memory(ctx context.Context) error {
	return errors.Join(
		b.memoryAtRest(ctx, "memory.idle", 0, aimIdle),
		b.memoryAtRest(ctx, "memory.readings_100000", backlog, aimBuffered),
		b.drains(ctx),
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
