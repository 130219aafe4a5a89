package board

import (
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/firepost/firepost/drivers"
)

// Pin is a simulated line from the outside: a contact that drives it, or a relay that it drives.
type Pin struct {
	board *Board
	name  string

	mu      sync.Mutex
	holder  *line // who has it open; nil: nobody
	fault   *Fault
	changed chan struct{} // closed at each change that a wait or a hang has to look at
	input   input
	output  output
}

// output is what a line drives.
type output struct {
	wanted   bool // the level that was set last
	carries  bool
	since    time.Duration
	history  []Change
	lost     int
	onChange []func(Change)
}

// Change is one moment in which an output was opened or its level changed.
type Change struct {
	At     time.Duration
	High   bool
	Opened bool // a program opened the line, with this level
}

// maxHistory bounds the changes that a pin remembers; older ones are counted.
const maxHistory = 4096

func newPin(b *Board, name string) *Pin {
	return &Pin{board: b, name: name, changed: make(chan struct{})}
}

// Name is the name of the line.
func (p *Pin) Name() string { return p.name }

// use tells how the line is held; empty: it is free.
func (p *Pin) use() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.holder == nil:
		return ""
	case p.holder.config.Output:
		return " out"
	}
	return " in"
}

// Driven is the level that an output carries, and since when. It keeps it when the program that
// set it is gone.
func (p *Pin) Driven() (high bool, since time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.carries, p.output.since
}

// History lists the last 4096 changes of an output, oldest first, and how many were before them. An
// output that clicks while a program starts shows a change close behind an Opened one.
func (p *Pin) History() (changes []Change, lost int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.output.history), p.output.lost
}

// OnChange has f called for each change of the output from now on, by the goroutine that makes it.
func (p *Pin) OnChange(f func(Change)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.output.onChange = append(p.output.onChange, f)
}

// Fail makes the line fail.
func (p *Pin) Fail(f Fault) error {
	if err := f.check("line "+p.name, OnInput|OnOutput); err != nil {
		return err
	}
	if f.Period <= 0 {
		f.Period = time.Millisecond
	}
	p.mu.Lock()
	now := p.advance()
	p.fault, p.input.nextStorm = &f, now+f.Period
	p.sample(now)
	report := p.carry(p.output.wanted, false)
	p.wake()
	p.mu.Unlock()
	report()
	return nil
}

// Heal ends the fault of the line; an access that hangs goes on and is carried out.
func (p *Pin) Heal() {
	p.mu.Lock()
	now := p.advance()
	p.fault = nil
	p.sample(now)
	report := p.carry(p.output.wanted, false)
	p.wake()
	p.mu.Unlock()
	report()
}

func (p *Pin) failing(k Kind) bool { return p.fault != nil && p.fault.Kind == k }

func (p *Pin) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// open gives the line to a program. An output carries its first level from this moment on.
func (p *Pin) open(c drivers.LineConfig) (drivers.Line, error) {
	l := &line{pin: p, config: c, closed: make(chan struct{})}
	p.mu.Lock()
	if err := p.openable(); err != nil {
		p.mu.Unlock()
		return nil, fmt.Errorf("line %s: open: %w", p.name, err)
	}
	now := p.advance()
	p.holder = l
	report := func() {}
	if c.Output {
		p.output.wanted = c.High
		report = p.carry(c.High, true)
	} else {
		p.begin(now)
	}
	p.mu.Unlock()
	report()
	return l, nil
}

func (p *Pin) openable() error {
	switch {
	case p.failing(Gone):
		return fmt.Errorf("%w: %w", drivers.ErrNoDevice, syscall.ENODEV)
	case p.holder != nil || p.failing(Held):
		return syscall.EBUSY
	}
	return nil
}

// carry puts a level on an output and writes it down. The caller unlocks and then runs report.
func (p *Pin) carry(level, opened bool) (report func()) {
	o := &p.output
	if p.failing(Welded) {
		level = p.fault.High
	}
	if !opened && level == o.carries {
		return func() {}
	}
	c := Change{At: p.board.now(), High: level, Opened: opened}
	if level != o.carries || len(o.history) == 0 {
		o.carries, o.since = level, c.At
	}
	o.history = append(o.history, c)
	if len(o.history) > maxHistory {
		o.history = slices.Delete(o.history, 0, 1)
		o.lost++
	}
	hooks := slices.Clone(o.onChange)
	return func() {
		for _, f := range hooks {
			f(c)
		}
	}
}
