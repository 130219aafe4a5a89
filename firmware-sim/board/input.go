package board

import (
	"slices"
	"time"

	"github.com/firepost/firepost/drivers"
)

// wire is what the outside puts on a line.
type wire uint8

const (
	floating wire = iota
	low
	high
)

func wireOf(level bool) wire {
	if level {
		return high
	}
	return low
}

// input is what a line is driven by. Nothing runs in it: whoever looks at it first plays what
// happened since the last look.
type input struct {
	outside   wire
	later     []step        // what the outside will do, in the order of time
	half      time.Duration // of a period of pulses; 0: there are none
	nextPulse time.Duration
	raw       bool
	rawSince  time.Duration
	settled   bool // the level behind the debounce of the kernel
	edges     uint32
	nextStorm time.Duration
}

type step struct {
	at   time.Duration
	wire wire
}

// Drive puts a level on the line from outside, as a contact to ground or to the supply does.
func (p *Pin) Drive(high bool) { p.drive(0, wireOf(high)) }

// Float takes it off again, as an opened contact does: the line's pull decides. Without one a
// floating line is Low.
func (p *Pin) Float() { p.drive(0, floating) }

// DriveAfter is a Drive that happens so long from now. Steps that were told before stay.
func (p *Pin) DriveAfter(d time.Duration, high bool) { p.drive(d, wireOf(high)) }

// FloatAfter is a Float that happens so long from now.
func (p *Pin) FloatAfter(d time.Duration) { p.drive(d, floating) }

// Pulse has the outside pull the line to and fro from now on, with a pulse in each period, as the
// wheel of a water meter does; 0 ends it, and the line stays as it is.
func (p *Pin) Pulse(period time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.advance()
	if p.input.outside == floating {
		p.input.outside = wireOf(p.resolve())
	}
	p.input.half, p.input.nextPulse = period/2, now+period/2
	p.wake()
}

// pulse plans the pulses up to now. Beyond a thousand steps at once they are counted without being
// played: an even number of them leaves the level as it is.
func (p *Pin) pulse(now time.Duration) {
	in := &p.input
	if in.half <= 0 {
		return
	}
	if n := (now - in.nextPulse) / in.half; n > 1000 {
		skip := (n - 100) &^ 1
		in.nextPulse += skip * in.half
		if in.half >= p.debounce() && !p.failing(Stuck) {
			in.edges += uint32(skip)
		}
	}
	for ; in.nextPulse <= now; in.nextPulse += in.half {
		if p.failing(Storm) {
			continue // they drown in it
		}
		p.change(in.nextPulse, wireOf(p.before(in.nextPulse) != high))
	}
}

func (p *Pin) drive(after time.Duration, w wire) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change(p.advance()+after, w)
	p.advance()
	p.wake()
}

// change plans a change of the wire, and its bounces.
func (p *Pin) change(at time.Duration, w wire) {
	if from := p.before(at); p.failing(Bounce) && w != from {
		for range p.fault.Times {
			p.plan(step{at, w})
			p.plan(step{at + p.fault.Period/2, from})
			at += p.fault.Period
		}
	}
	p.plan(step{at, w})
}

// before is what the outside puts on the line just before a moment.
func (p *Pin) before(at time.Duration) wire {
	w := p.input.outside
	for _, s := range p.input.later {
		if s.at <= at {
			w = s.wire
		}
	}
	return w
}

// plan puts a step in its place in time, behind those of the same moment.
func (p *Pin) plan(s step) {
	i := len(p.input.later)
	for i > 0 && p.input.later[i-1].at > s.at {
		i--
	}
	p.input.later = slices.Insert(p.input.later, i, s)
}

// begin is the moment in which a program opens the input: its level holds, and no edge was yet.
func (p *Pin) begin(now time.Duration) {
	in := &p.input
	in.raw, in.rawSince = p.resolve(), now
	in.settled, in.edges = in.raw, 0
}

// advance plays everything that happened at the line up to now, and returns now.
func (p *Pin) advance() time.Duration {
	now, in := p.board.now(), &p.input
	p.pulse(now)
	for len(in.later) > 0 && in.later[0].at <= now {
		s := in.later[0]
		in.later = in.later[1:]
		p.storm(s.at)
		p.glitch(s.at)
		in.outside = s.wire
		p.sample(s.at)
	}
	p.storm(now)
	p.glitch(now)
	p.settle(now)
	return now
}

// sample looks at the wire at a moment.
func (p *Pin) sample(at time.Duration) { p.setRaw(at, p.resolve()) }

// resolve is the level of the wire: driven, or pulled.
func (p *Pin) resolve() bool {
	if p.failing(Stuck) {
		return p.fault.High
	}
	level := p.holder != nil && p.holder.config.Bias == drivers.BiasUp
	if p.input.outside != floating && !p.failing(Floating) {
		level = p.input.outside == high
	}
	return level != p.failing(Inverted)
}

func (p *Pin) setRaw(at time.Duration, level bool) {
	p.settle(at)
	if level != p.input.raw {
		p.input.raw, p.input.rawSince = level, at
		p.settle(at)
	}
}

// settle lets a level pass the debounce of the kernel when it held long enough.
func (p *Pin) settle(at time.Duration) {
	in := &p.input
	if in.settled != in.raw && at-in.rawSince >= p.debounce() {
		in.settled = in.raw
		in.edges++
	}
}

func (p *Pin) debounce() time.Duration {
	if p.holder == nil {
		return 0
	}
	return p.holder.config.Debounce
}

// storm plays the edges of a line that oscillates. Beyond a thousand at once they are counted
// without being played: an even number of them leaves the level as it is.
func (p *Pin) storm(now time.Duration) {
	if !p.failing(Storm) {
		return
	}
	in, period := &p.input, p.fault.Period
	if n := (now - in.nextStorm) / period; n > 1000 {
		skip := (n - 100) &^ 1
		in.nextStorm += skip * period
		if period >= p.debounce() {
			in.edges += uint32(skip)
		}
	}
	for ; in.nextStorm <= now; in.nextStorm += period {
		p.setRaw(in.nextStorm, !in.raw)
	}
}

// glitchEvery is the time between two glitches.
const glitchEvery = 100 * time.Millisecond

// glitch plays the short pulses of a line that picks up what runs beside it.
func (p *Pin) glitch(now time.Duration) {
	if !p.failing(Glitch) {
		return
	}
	in := &p.input
	for ; in.nextStorm+p.fault.Period <= now; in.nextStorm += glitchEvery {
		level := p.resolve()
		p.setRaw(in.nextStorm, !level)
		p.setRaw(in.nextStorm+p.fault.Period, level)
	}
}

// due is the moment at which the line has to be looked at again; ok is false when nothing is known
// to come.
func (p *Pin) due() (at time.Duration, ok bool) {
	in := &p.input
	consider := func(t time.Duration) {
		if !ok || t < at {
			at, ok = t, true
		}
	}
	if len(in.later) > 0 {
		consider(in.later[0].at)
	}
	if in.half > 0 {
		consider(in.nextPulse)
	}
	if in.settled != in.raw {
		consider(in.rawSince + p.debounce())
	}
	if p.failing(Storm) {
		consider(in.nextStorm)
	}
	if p.failing(Glitch) {
		consider(in.nextStorm + p.fault.Period)
	}
	return at, ok
}
