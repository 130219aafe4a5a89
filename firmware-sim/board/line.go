package board

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/firepost/firepost/drivers"
)

// pollEvery is how long a wait takes at most on a line without interrupts.
const pollEvery = 20 * time.Millisecond

// line is an opened line. It implements drivers.Line.
type line struct {
	pin    *Pin
	config drivers.LineConfig
	once   sync.Once
	closed chan struct{}
}

// Set drives an output.
func (l *line) Set(high bool) error {
	if err := l.enter("set", true, SetError); err != nil {
		return err
	}
	l.pin.output.wanted = high
	report := l.pin.carry(high, false)
	l.pin.mu.Unlock()
	report()
	return nil
}

// State reads back what an output carries.
func (l *line) State() (bool, error) {
	if err := l.enter("state", true, ReadError); err != nil {
		return false, err
	}
	defer l.pin.mu.Unlock()
	return l.pin.output.carries, nil
}

// Level reads an input, behind its debounce.
func (l *line) Level() (bool, error) {
	if err := l.enter("level", false, ReadError); err != nil {
		return false, err
	}
	defer l.pin.mu.Unlock()
	l.pin.advance()
	return l.pin.input.settled, nil
}

// enter locks the pin for an access, or says why there is none. It waits while the line hangs.
func (l *line) enter(action string, output bool, fails Kind) error {
	p := l.pin
	p.mu.Lock()
	for {
		err := l.refusal(output, fails)
		if err != nil {
			p.mu.Unlock()
			return fmt.Errorf("line %s: %s: %w", p.name, action, err)
		}
		if !p.failing(Hang) {
			return nil
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-l.closed:
		}
		p.mu.Lock()
	}
}

func (l *line) refusal(output bool, fails Kind) error {
	p := l.pin
	switch {
	case p.holder != l:
		return os.ErrClosed
	case output != l.config.Output:
		return syscall.EPERM
	case p.failing(Gone):
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, syscall.ENODEV)
	case p.failing(fails):
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, syscall.EIO)
	case p.failing(Hang) && p.board.byHand:
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, syscall.ETIMEDOUT)
	}
	return nil
}

// Interrupts tells whether an edge ends a Wait.
func (l *line) Interrupts() bool {
	l.pin.mu.Lock()
	defer l.pin.mu.Unlock()
	return !l.pin.failing(NoEdges)
}

// Wait returns after an edge, or after longest. On a line without interrupts it returns after
// 20 ms. A failed Wait takes its time as well, up to a second, so that a loop around it does not
// spin.
func (l *line) Wait(longest time.Duration) (uint32, error) {
	if longest > pollEvery && !l.Interrupts() {
		longest = pollEvery
	}
	end := l.pin.board.now() + longest
	for {
		if err := l.enter("wait", false, ""); err != nil {
			l.pass(min(longest, time.Second), nil)
			return 0, err
		}
		edges, changed, rest := l.look(end)
		l.pin.mu.Unlock()
		if edges > 0 || rest <= 0 || !l.pass(rest, changed) {
			return edges, nil
		}
	}
}

// look takes the edges that were seen, and tells how long there is nothing more to see.
func (l *line) look(end time.Duration) (edges uint32, changed <-chan struct{}, rest time.Duration) {
	p := l.pin
	now := p.advance()
	rest = end - now
	if p.failing(NoEdges) {
		p.input.edges = 0
		return 0, nil, rest
	}
	edges, p.input.edges = p.input.edges, 0
	if at, ok := p.due(); ok {
		rest = min(rest, at-now)
	}
	return edges, p.changed, rest
}

// pass lets time pass until something changed or the line is closed. It reports whether time went
// on at all: a clock that is turned by hand may stand.
func (l *line) pass(d time.Duration, changed <-chan struct{}) bool {
	b := l.pin.board
	if b.byHand {
		before := b.now()
		b.sleep(d)
		return b.now() != before
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-l.closed:
	}
	return true
}

// Close gives the line back and ends an access that hangs. An output keeps its level.
func (l *line) Close() error {
	l.once.Do(func() {
		l.pin.mu.Lock()
		defer l.pin.mu.Unlock()
		if l.pin.holder == l {
			l.pin.holder = nil
		}
		close(l.closed)
		l.pin.wake()
	})
	return nil
}
