package board

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/firmware-sim/chip"
)

// Bus is a simulated two-wire bus from the outside: the chips on it, its controller and its faults.
type Bus struct {
	board *Board
	name  string
	turn  chan struct{} // holds the token of whoever transfers: a lock that a bubble can see

	mu        sync.Mutex
	chips     map[uint16][]chip.Chip
	fault     *Fault
	healed    chan struct{} // closed by Heal
	strikes   int
	nack      error         // how the controller reports a missing acknowledge
	nackTakes time.Duration // and how long it takes to notice
	transfers int
	busy      time.Duration
}

func newBus(b *Board, name string) *Bus {
	return &Bus{
		board: b, name: name, turn: make(chan struct{}, 1), chips: map[uint16][]chip.Chip{},
		healed: make(chan struct{}), nack: nackError,
	}
}

// Attach puts a chip on the bus. Two chips at one address both listen, and what they say is the
// AND of both, as on the wires.
func (b *Bus) Attach(addr uint16, c chip.Chip) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chips[addr] = append(b.chips[addr], c)
}

// Detach takes all chips at addr off the bus.
func (b *Bus) Detach(addr uint16) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.chips, addr)
}

// PowerCycle takes the supply of all chips away and gives it back at once.
func (b *Bus) PowerCycle() {
	for _, c := range b.all() {
		c.PowerCycle()
	}
}

// Transfers is how many transfers were tried, and how long the bus was occupied by them.
func (b *Bus) Transfers() (n int, busy time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.transfers, b.busy
}

// branch is a chip with others behind it: those that hear an address now, and all of them.
type branch interface {
	Behind(addr uint16) []chip.Chip
	All() []chip.Chip
}

// at are the chips that hear an address now.
func (b *Bus) at(addr uint16) []chip.Chip {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.chips[addr])
	for _, chips := range b.chips {
		for _, c := range chips {
			if s, ok := c.(branch); ok {
				all = append(all, s.Behind(addr)...)
			}
		}
	}
	return all
}

func (b *Bus) all() (all []chip.Chip) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, chips := range b.chips {
		for _, c := range chips {
			all = append(all, c)
			if s, ok := c.(branch); ok {
				all = append(all, s.All()...)
			}
		}
	}
	return all
}

// spend lets n bytes pass over the bus, each of them nine bits with its acknowledge.
func (b *Bus) spend(n int) {
	b.pass(time.Duration(9*n) * time.Second / time.Duration(b.board.speed))
}

func (b *Bus) pass(d time.Duration) {
	b.mu.Lock()
	b.busy += d
	b.mu.Unlock()
	b.board.sleep(d)
}

// play plays one transfer on the chips at addr, byte by byte.
func (b *Bus) play(addr uint16, w, r []byte) error {
	chips := b.at(addr)
	defer func() {
		for _, c := range chips {
			c.Stop()
		}
	}()
	if len(w) > 0 || len(r) == 0 {
		b.spend(1)
		if !start(chips, false) {
			return b.notAcknowledged()
		}
	}
	b.spend(len(w))
	for _, c := range w {
		if !write(chips, c) {
			return b.notAcknowledged()
		}
	}
	if len(r) == 0 {
		return nil
	}
	b.spend(1)
	if !start(chips, true) {
		return b.notAcknowledged()
	}
	for i := range r {
		r[i] = read(chips)
	}
	b.spend(len(r))
	return nil
}

// refused is a missing acknowledge, as the controller reports it.
type refused struct{ error }

func (r refused) Error() string { return "not acknowledged: " + r.error.Error() }

func (r refused) Unwrap() error { return r.error }

func (b *Bus) notAcknowledged() error {
	b.mu.Lock()
	err, takes := b.nack, b.nackTakes
	b.mu.Unlock()
	b.pass(takes)
	return refused{err}
}

// The wires: one acknowledge is enough, and a zero beats a one. Every chip hears everything.

func start(chips []chip.Chip, read bool) (ack bool) {
	for _, c := range chips {
		ack = c.Start(read) || ack
	}
	return ack
}

func write(chips []chip.Chip, b byte) (ack bool) {
	for _, c := range chips {
		ack = c.Write(b) || ack
	}
	return ack
}

func read(chips []chip.Chip) byte {
	b := byte(0xFF)
	for _, c := range chips {
		b &= c.Read()
	}
	return b
}

// handle is an opened bus. It implements i2c.BusCloser.
type handle struct {
	bus    *Bus
	once   sync.Once
	closed chan struct{}
}

// String is the bus as errors name it.
func (h *handle) String() string { return h.bus.name }

// SetSpeed is refused, as by nearly every Linux controller.
func (h *handle) SetSpeed(physic.Frequency) error {
	return fmt.Errorf("bus %s: set speed: %w", h.bus.name, errors.ErrUnsupported)
}

// Close gives the bus back and ends a transfer that hangs.
func (h *handle) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Tx writes w to addr and then, after a repeated start, reads into r. With neither it puts the
// address on the bus and tells whether a chip is there. A missing acknowledge is the controller's
// error, EREMOTEIO unless SetController chose another.
func (h *handle) Tx(addr uint16, w, r []byte) error {
	b := h.bus
	select {
	case <-h.closed:
		return h.failed(addr, os.ErrClosed)
	case b.turn <- struct{}{}:
	}
	defer func() { <-b.turn }()
	select {
	case <-h.closed:
		return h.failed(addr, os.ErrClosed)
	default:
	}
	if err := b.transfer(addr, w, r, h.closed); err != nil {
		return h.failed(addr, err)
	}
	return nil
}

func (h *handle) failed(addr uint16, err error) error {
	return fmt.Errorf("bus %s: %#02x: %w", h.bus.name, addr, err)
}
