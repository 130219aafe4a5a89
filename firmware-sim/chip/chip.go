// Package chip models sensors byte by byte, so that a driver meets what the real part would do:
// a read that comes too early is refused, a register forgets its value in a brown-out.
//
// The models are written from datasheets. They never import a driver and share no constant with
// one: a mistake that both had would be invisible.
package chip

import (
	"sync"
	"time"
)

// Chip is one part on a two-wire bus, from the bus's side. A bus calls it from one goroutine.
type Chip interface {
	// Start puts the part's address on the bus, for a read or a write, and says whether the part
	// acknowledges. A Start without a Stop before it is a repeated one.
	Start(read bool) (ack bool)
	// Write hands over one byte and says whether the part acknowledges it.
	Write(b byte) (ack bool)
	// Read fetches the next byte; 0xFF when the part has no more to say.
	Read() byte
	// Stop ends the transfer.
	Stop()
	// PowerCycle takes the supply away and gives it back at once.
	PowerCycle()
}

// Clock tells the time since some fixed moment. It never goes back.
type Clock func() time.Duration

// device is what one part does and another does not. All of it runs under Part.mu.
type device interface {
	// advance brings the part up to now: conversions end, values are taken from the inputs.
	advance(now time.Duration)
	// address answers the header; reply is what the part would send for a read.
	address(now time.Duration, read, repeated bool) (reply []byte, ack bool)
	// take accepts byte number i of a write.
	take(now time.Duration, i int, b byte) (ack bool)
	// reset puts every register to its value after power-up.
	reset(now time.Duration)
}

// Part is the side of a chip that all parts share: the byte protocol and the injected faults. Its
// methods may be called from any goroutine.
type Part struct {
	mu     sync.Mutex
	clock  Clock
	model  string
	dev    device
	faults []*injected

	writing bool      // a write was acknowledged and not stopped yet
	taken   int       // bytes of this write
	reply   []byte    // what is left of the answer to a read
	other   *injected // the part that answers as well
}

func (p *Part) setUp(clock Clock, model string, dev device) {
	p.clock, p.model, p.dev = clock, model, dev
	p.dev.reset(clock())
}

// Model is the part's name, as the table of faults uses it.
func (p *Part) Model() string { return p.model }

// Start implements Chip.
func (p *Part) Start(read bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, repeated := p.clock(), p.writing
	p.writing, p.taken, p.reply = false, 0, nil
	p.powerFails(now)
	p.dev.advance(now)
	p.other = p.strikes(Clash)
	if p.hit(Absent) || p.hit(Nack) {
		return p.other != nil
	}
	reply, ack := p.dev.address(now, read, repeated)
	if ack && read {
		p.reply = p.flip(reply)
	}
	p.writing = ack && !read
	return ack || p.other != nil
}

// Write implements Chip.
func (p *Part) Write(b byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.writing || p.hit(NackWrite) {
		return p.other != nil
	}
	p.taken++
	return p.dev.take(p.clock(), p.taken-1, b) || p.other != nil
}

// Read implements Chip.
func (p *Part) Read() byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := byte(0xFF)
	if len(p.reply) > 0 {
		b, p.reply = p.reply[0], p.reply[1:]
	}
	if p.other != nil {
		b &= byte(p.other.rng.Uint32())
	}
	return b
}

// Stop implements Chip.
func (p *Part) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writing, p.taken, p.reply = false, 0, nil
}

// PowerCycle implements Chip. Injected faults stay.
func (p *Part) PowerCycle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writing, p.taken, p.reply = false, 0, nil
	p.dev.reset(p.clock())
}

// set changes an input of the part. What the part measured up to now is measured first.
func (p *Part) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dev.advance(p.clock())
	change()
}
