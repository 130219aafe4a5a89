package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// tap lets one person at a time see what passes between the drivers of the sensors and the board.
// Nobody waits for it: what the person is too slow for is left out.
type tap struct{ looker atomic.Pointer[looker] }

// looker is somebody who looks at one part or one line.
type looker struct {
	bus  string // as the site file names it
	addr uint16
	line string
	c    chan probe.Passed
}

// mostPassed is how much may wait for a looker.
const mostPassed = 64

// board gives out buses and lines that can be looked at.
func (t *tap) board(b catalog.Board) catalog.Board {
	tapped := tappedBoard{b, t}
	if clock, ok := b.(interface{ Now() time.Duration }); ok {
		return clockedBoard{tapped, clock.Now}
	}
	return tapped
}

type tappedBoard struct {
	catalog.Board
	tap *tap
}

// clockedBoard is one that has a clock of its own, as a simulated one has.
type clockedBoard struct {
	tappedBoard
	now func() time.Duration
}

// Now is the time of the board.
func (b clockedBoard) Now() time.Duration { return b.now() }

// I2C opens a bus.
func (b tappedBoard) I2C(name string) (i2c.Bus, error) {
	bus, err := b.Board.I2C(name)
	if err != nil {
		return nil, err
	}
	return &tappedBus{bus, name, b.tap}, nil
}

// Line opens a line.
func (b tappedBoard) Line(name string, c drivers.LineConfig) (drivers.Line, error) {
	l, err := b.Board.Line(name, c)
	if err != nil || c.Output {
		return l, err
	}
	return &tappedLine{Line: l, name: name, tap: b.tap}, nil
}

type tappedBus struct {
	i2c.Bus
	name string
	tap  *tap
}

// Tx makes a transfer.
func (b *tappedBus) Tx(addr uint16, w, r []byte) error {
	l := b.tap.looker.Load()
	if l == nil || l.bus != b.name || l.addr != addr {
		return b.Bus.Tx(addr, w, r)
	}
	began := time.Now()
	err := b.Bus.Tx(addr, w, r)
	p := probe.Transfer(addr, w, r, began, err)
	select {
	case l.c <- p:
	default: // it is too slow
	}
	return err
}

// Close gives the bus back.
func (b *tappedBus) Close() error {
	if c, ok := b.Bus.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

type tappedLine struct {
	drivers.Line
	name  string
	tap   *tap
	edges atomic.Uint32 // since the level was last looked at
}

// Wait waits for an edge.
func (l *tappedLine) Wait(max time.Duration) (uint32, error) {
	edges, err := l.Line.Wait(max)
	l.edges.Add(edges)
	return edges, err
}

// Level reads the line.
func (l *tappedLine) Level() (bool, error) {
	high, err := l.Line.Level()
	edges := l.edges.Swap(0)
	if k := l.tap.looker.Load(); k != nil && k.line == l.name {
		select {
		case k.c <- probe.Look(high, edges, time.Now(), err):
		default: // it is too slow
		}
	}
	return high, err
}

// Interrupts tells whether an edge ends a Wait.
func (l *tappedLine) Interrupts() bool {
	i, ok := l.Line.(interface{ Interrupts() bool })
	return !ok || i.Interrupts()
}

// lookTime ends a look that nobody has ended.
const lookTime = time.Hour

// servePassing tells, a line of JSON each, what passes between a sensor and its driver: of a part
// by bus and address, or of a line.
func (a *Agent) servePassing(w http.ResponseWriter, r *http.Request) {
	l, err := a.looker(r)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	case !a.tap.looker.CompareAndSwap(nil, l):
		http.Error(w, "somebody else looks at a part", http.StatusServiceUnavailable)
		return
	}
	defer a.tap.looker.Store(nil)
	ctx, cancel := context.WithTimeout(r.Context(), lookTime)
	defer cancel()
	w.Header().Set("Content-Type", "application/x-ndjson")
	flow := http.NewResponseController(w)
	flow.Flush() //nolint:errcheck // the next write tells
	for out := json.NewEncoder(w); ; {
		select {
		case <-ctx.Done():
			return
		case p := <-l.c:
			_ = flow.SetWriteDeadline(time.Now().Add(answerTime)) // that of the server was for pages
			if out.Encode(p) != nil || flow.Flush() != nil {
				return
			}
		}
	}
}

// looker is what a request asks to look at. Only what the agent reads can be seen passing.
func (a *Agent) looker(r *http.Request) (*looker, error) {
	l := &looker{
		bus: r.FormValue("bus"), line: r.FormValue("line"), c: make(chan probe.Passed, mostPassed),
	}
	addr, err := strconv.ParseUint(r.FormValue("address"), 0, 7)
	if err == nil {
		l.addr = uint16(addr)
	}
	for _, w := range probe.WiredOf(a.site()) {
		onBus := w.Line == "" && w.Spot.Root() == l.bus && w.Spot.Addr() == l.addr
		if !w.Output && (onBus || w.Line != "" && w.Line == l.line) {
			return l, nil
		}
	}
	return nil, fmt.Errorf("no sensor of the running site is there; firepost points lists them")
}
