package board

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warthog618/go-gpiocdev"
	"golang.org/x/sys/unix"

	"github.com/firepost/firepost/drivers"
)

// edgeBuffer is how many edges the kernel keeps. More are not lost to the count, because each
// carries its number.
const edgeBuffer = 64

// handle is a requested line of the kernel: *gpiocdev.Line, or a stand-in in tests.
type handle interface {
	Value() (int, error)
	SetValue(value int) error
	Close() error
}

// hostLine is a line of the machine. Its level and its edges may be used from two goroutines.
type hostLine struct {
	name   string
	config drivers.LineConfig
	handle handle
	// interrupts tells whether edges arrive. Without them the kernel has no debounce either.
	interrupts bool

	gone  atomic.Bool   // given back, or its chip is gone; only a new request heals that
	edges atomic.Uint32 // the kernel's number of the newest edge
	wake  chan struct{} // holds one: there was an edge

	mu     sync.Mutex
	seen   uint32 // number of the newest edge that Wait has told
	filter filter
}

// Line opens a line: by its place, such as gpiochip0:17 or LABEL:17, by its name, such as GPIO17,
// or by a position on a header that the board's driver knows, such as P1_11. It fails with
// drivers.ErrNoDevice and says what to do.
//
// The line belongs to this process until it is closed. An output drives c.High from the request on.
func (b *HostBoard) Line(name string, c drivers.LineConfig) (drivers.Line, error) {
	if c.Debounce < 0 || c.Debounce > time.Minute {
		return nil, fmt.Errorf("line %s: debounce of %v; write 0 s to 60 s", name, c.Debounce)
	}
	at, err := b.locate(name)
	if err != nil {
		return nil, fmt.Errorf("line %s: %w: %w", name, drivers.ErrNoDevice, err)
	}
	l := newHostLine(name, c)
	if l.handle, l.interrupts, err = request(at, c, l.edge); err != nil {
		return nil, fmt.Errorf("line %s: %w: %w", name, drivers.ErrNoDevice, err)
	}
	return l, nil
}

func newHostLine(name string, c drivers.LineConfig) *hostLine {
	return &hostLine{name: name, config: c, wake: make(chan struct{}, 1)}
}

// edge is called by the reader of the kernel's events and never waits.
func (l *hostLine) edge(e gpiocdev.LineEvent) {
	if e.LineSeqno == 0 { // a kernel before 5.10 does not number them
		l.edges.Add(1)
	} else {
		l.edges.Store(e.LineSeqno)
	}
	select {
	case l.wake <- struct{}{}:
	default: // it is being woken already
	}
}

// Level reads an input.
func (l *hostLine) Level() (bool, error) {
	if l.config.Output {
		return false, l.failed("level", errors.New("it is an output"))
	}
	high, err := l.value()
	if err != nil {
		return false, l.failed("level", err)
	}
	if l.interrupts {
		return high, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.filter.settle(high, time.Now(), l.config.Debounce), nil
}

// State reads back an output. Reading does not configure the line anew: what it drives it goes on
// driving.
func (l *hostLine) State() (bool, error) {
	if !l.config.Output {
		return false, l.failed("state", errors.New("it is an input"))
	}
	high, err := l.value()
	if err != nil {
		return false, l.failed("state", err)
	}
	return high, nil
}

func (l *hostLine) value() (bool, error) {
	if l.gone.Load() {
		return false, unix.ENODEV
	}
	value, err := l.handle.Value()
	if err != nil {
		return false, l.lost(err)
	}
	return value != 0, nil
}

// lost gives a line back whose chip is gone, as after a USB adapter was pulled: the library would
// go on asking it for edges without a pause, and the line stays dead even if the chip returns.
func (l *hostLine) lost(err error) error {
	if errors.Is(err, unix.ENODEV) && !l.gone.Swap(true) {
		_ = l.handle.Close() // nothing is left of it
	}
	return err
}

// Set drives an output.
func (l *hostLine) Set(high bool) error {
	if !l.config.Output {
		return l.failed("set", errors.New("it is an input"))
	}
	if l.gone.Load() {
		return l.failed("set", unix.ENODEV)
	}
	value := 0
	if high {
		value = 1
	}
	if err := l.handle.SetValue(value); err != nil {
		return l.failed("set", l.lost(err))
	}
	return nil
}

// Wait returns after an edge, or after max, and at once when there was an edge since the last call.
// It returns the number of edges since then; those that the kernel had no room for are counted.
// On a line without interrupts it waits for max but at most 20 ms and returns 0: the level has to
// be read.
func (l *hostLine) Wait(max time.Duration) (uint32, error) {
	if l.config.Output {
		return 0, l.failed("wait", errors.New("it is an output"))
	}
	if l.gone.Load() {
		return 0, l.failed("wait", unix.ENODEV)
	}
	if !l.interrupts {
		time.Sleep(min(max, pollEvery))
		return 0, nil
	}
	timer := time.NewTimer(max)
	defer timer.Stop()
	select {
	case <-l.wake:
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	newest := l.edges.Load()
	count := newest - l.seen
	l.seen = newest
	return count, nil
}

// Interrupts tells whether an edge ends a Wait.
func (l *hostLine) Interrupts() bool { return l.interrupts }

// Close gives the line back to the kernel. Whether an output keeps its level then is for the kernel
// to say: that of a Raspberry Pi does by default since June 2024 (parameter persist_gpio_outputs of
// pinctrl-bcm2835), others may make it an input.
func (l *hostLine) Close() error {
	if l.gone.Swap(true) {
		return nil
	}
	return l.handle.Close()
}

func (l *hostLine) failed(action string, err error) error {
	return fmt.Errorf("line %s: %s: %w: %w", l.name, action, drivers.ErrNoDevice, err)
}

// request asks the kernel for a line. A line whose controller has no interrupts is asked for again
// without edges, and then without the kernel's debounce, which needs interrupts too.
func request(at place, c drivers.LineConfig, edge func(gpiocdev.LineEvent)) (handle, bool, error) {
	options := []gpiocdev.LineReqOption{gpiocdev.WithConsumer("firepost")}
	if c.Output {
		level := 0
		if c.High {
			level = 1
		}
		l, err := gpiocdev.RequestLine(at.chip, at.offset,
			append(options, gpiocdev.AsOutput(level))...)
		return l, false, explain(at, err)
	}
	options = append(options, gpiocdev.AsInput)
	switch c.Bias {
	case drivers.BiasNone:
		options = append(options, gpiocdev.WithBiasDisabled)
	case drivers.BiasUp:
		options = append(options, gpiocdev.WithPullUp)
	case drivers.BiasDown:
		options = append(options, gpiocdev.WithPullDown)
	}
	edges := append(options[:len(options):len(options)], gpiocdev.WithBothEdges,
		gpiocdev.WithEventHandler(edge), gpiocdev.WithEventBufferSize(edgeBuffer))
	if c.Debounce > 0 {
		edges = append(edges, gpiocdev.WithDebounce(c.Debounce))
	}
	l, err := gpiocdev.RequestLine(at.chip, at.offset, edges...)
	if err == nil {
		return l, true, nil
	}
	if !hasNoInterrupts(err) {
		return nil, false, explain(at, err)
	}
	l, err = gpiocdev.RequestLine(at.chip, at.offset, options...)
	return l, false, explain(at, err)
}

// hasNoInterrupts tells whether a request failed because the line cannot report edges.
func hasNoInterrupts(err error) bool {
	return errors.Is(err, unix.ENXIO) || errors.Is(err, unix.EOPNOTSUPP) ||
		errors.As(err, new(gpiocdev.ErrUapiIncompatibility))
}

// filter is the debounce of a line that is polled. The zero value has seen nothing yet.
type filter struct {
	known   bool // a level has been seen
	high    bool // the level that holds
	pending bool // the other level was seen last
	since   time.Time
}

// settle takes a level and returns the one that holds: the other one counts when it has been seen
// without a break for hold.
func (f *filter) settle(high bool, now time.Time, hold time.Duration) bool {
	switch {
	case !f.known:
		f.known, f.high = true, high
	case high == f.high:
		f.pending = false
	case !f.pending:
		f.pending, f.since = true, now
	}
	if f.pending && now.Sub(f.since) >= hold {
		f.high, f.pending = high, false
	}
	return f.high
}
