// Package board is a simulated machine: two-wire buses with chips on them, digital lines that a
// world drives and an agent switches, and everything that can go wrong with either.
//
// Board implements catalog.Board by its methods. It imports package drivers for the types of that
// contract and no driver: a simulator must not know how it is used.
//
// Everything waits on channels and timers of package time alone, so a board works in real time and
// in a synctest bubble. With Options.Now a caller turns the clock by hand; the board then belongs
// to one goroutine and nothing in it blocks.
package board

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// Options of a board. The zero value is a board in the time of package time, at 100 kbit/s.
type Options struct {
	// Now turns the clock by hand; nil: the time since New.
	Now chip.Clock
	// Sleep passes the time that transfers take; nil: time.Sleep. See NoSleep.
	Sleep func(time.Duration)
	// Speed of the buses in bits a second; 0: 100,000.
	Speed int
}

// NoSleep makes transfers take no time. The time they would take is still counted.
func NoSleep(time.Duration) {}

// Board is a simulated machine. Its methods may be called from any goroutine.
type Board struct {
	now    chip.Clock
	sleep  func(time.Duration)
	byHand bool // the clock is turned by the caller: nothing may block
	speed  int

	mu    sync.Mutex
	buses map[string]*Bus
	pins  map[string]*Pin
}

// New returns a board without buses and lines. They come into being when they are first named.
func New(o Options) *Board {
	b := &Board{
		now: o.Now, sleep: o.Sleep, byHand: o.Now != nil, speed: o.Speed,
		buses: map[string]*Bus{}, pins: map[string]*Pin{},
	}
	if b.now == nil {
		start := time.Now()
		b.now = func() time.Duration { return time.Since(start) }
	}
	if b.sleep == nil {
		b.sleep = time.Sleep
	}
	if b.speed == 0 {
		b.speed = 100_000
	}
	return b
}

// Now is the time of the board, for the clocks of its chips.
func (b *Board) Now() time.Duration { return b.now() }

// Bus returns the bus of this name, to put chips on it and to disturb it.
func (b *Board) Bus(name string) *Bus {
	b.mu.Lock()
	defer b.mu.Unlock()
	bus, ok := b.buses[name]
	if !ok {
		bus = newBus(b, name)
		b.buses[name] = bus
	}
	return bus
}

// Pin returns the line of this name from the outside: what drives it, or what it drives.
func (b *Board) Pin(name string) *Pin {
	b.mu.Lock()
	defer b.mu.Unlock()
	pin, ok := b.pins[name]
	if !ok {
		pin = newPin(b, name)
		b.pins[name] = pin
	}
	return pin
}

// Pins lists the lines that were named so far.
func (b *Board) Pins() []*Pin {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*Pin
	for _, p := range b.pins {
		all = append(all, p)
	}
	slices.SortFunc(all, func(x, y *Pin) int { return strings.Compare(x.name, y.name) })
	return all
}

// names are a line of text for each bus and each line, and who holds that.
func (b *Board) names() (all []string) {
	b.mu.Lock()
	for name := range b.buses {
		all = append(all, "bus "+name+"\n")
	}
	b.mu.Unlock()
	slices.Sort(all)
	for _, p := range b.Pins() {
		all = append(all, "line "+p.name+p.use()+"\n")
	}
	return all
}

// Heal ends every fault of every bus, chip and line.
func (b *Board) Heal() {
	b.mu.Lock()
	buses, pins := maps.Clone(b.buses), maps.Clone(b.pins)
	b.mu.Unlock()
	for _, bus := range buses {
		bus.Heal()
		for _, c := range bus.all() {
			if part, ok := c.(interface{ Heal() }); ok {
				part.Heal()
			}
		}
	}
	for _, pin := range pins {
		pin.Heal()
	}
}

// I2C opens the bus of this name. The result is an i2c.BusCloser; closing it ends a transfer that
// hangs. A bus may be opened several times: its transfers pass one after the other.
func (b *Board) I2C(name string) (i2c.Bus, error) {
	bus := b.Bus(name)
	if bus.gone() {
		return nil, fmt.Errorf("bus %s: open: %w: %w", name, drivers.ErrNoDevice, syscall.ENODEV)
	}
	return &handle{bus: bus, closed: make(chan struct{})}, nil
}

// Line opens the line of this name. It fails while the line is open already.
func (b *Board) Line(name string, c drivers.LineConfig) (drivers.Line, error) {
	return b.Pin(name).open(c)
}
