package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/agent/internal/guard"
	"github.com/firepost/firepost/agent/internal/probe"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

const (
	scanTime  = 9 * time.Second
	slowVisit = 20 * time.Millisecond // of one transfer
	mostSlow  = 500 * time.Millisecond
)

// serveScan tells what is on the buses and lines of the board. The goroutine of each bus makes the
// transfers, one at a time and only while none of its sensors is due, and addresses that the site
// file names are left alone. A transfer of more than 20 ms can make a reading late; when those have
// taken half a second together, the bus is given up.
func (a *Agent) serveScan(w http.ResponseWriter, r *http.Request) {
	board, ok := a.o.Board.(catalog.Lister)
	g := a.guard.Load()
	switch {
	case !ok:
		http.Error(w, "this board cannot tell what it has", http.StatusNotImplemented)
		return
	case g == nil:
		http.Error(w, ErrNotRunning.Error(), http.StatusServiceUnavailable)
		return
	case !a.scanning.CompareAndSwap(false, true):
		http.Error(w, "another scan is under way", http.StatusServiceUnavailable)
		return
	}
	defer a.scanning.Store(false)
	ctx, cancel := context.WithTimeout(r.Context(), scanTime)
	defer cancel()
	open := func(info drivers.BusInfo) (i2c.Bus, error) {
		bus, err := a.o.Board.I2C(info.Name)
		names := []string{info.Name, info.Tree, info.Adapter}
		return &guest{Bus: bus, ctx: ctx, g: g, names: names}, err
	}
	h := probe.Scan(board, probe.SeatsOf(a.site()), true, open)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(h) //nolint:errcheck // the other side has hung up
}

// guest is a bus whose transfers are made by the goroutine that owns it.
type guest struct {
	i2c.Bus
	ctx   context.Context
	g     *guard.Guard
	names []string      // of the bus, as a site file may write it
	slow  time.Duration // what transfers took that were slow
	over  error         // why no further transfer is made
}

// Tx makes a transfer when the bus is free.
func (b *guest) Tx(addr uint16, w, r []byte) error {
	if b.over != nil {
		return b.over
	}
	var done struct {
		err  error
		took time.Duration
	}
	answer := make([]byte, len(r)) // a transfer that hangs has it for good
	transfer := func() {
		began := time.Now()
		done.err = b.Bus.Tx(addr, w, answer)
		done.took = time.Since(began)
	}
	if err := b.visit(transfer); err != nil {
		b.over = fmt.Errorf("%w: %w", err, catalog.ErrInUse)
		return b.over
	}
	if done.took > slowVisit {
		b.slow += done.took
	}
	if b.slow > mostSlow {
		b.over = fmt.Errorf("a transfer takes %v; stop the agent to scan here: %w",
			done.took.Round(time.Millisecond), catalog.ErrInUse)
	}
	copy(r, answer)
	return done.err
}

// visit has the owner of the bus do it; on a bus without sensors nobody minds.
func (b *guest) visit(transfer func()) error {
	if err := b.ctx.Err(); err != nil {
		return err
	}
	for _, name := range b.names {
		if err := b.g.Visit(b.ctx, "i2c:"+name, transfer); !errors.Is(err, guard.ErrNoBus) {
			return err
		}
	}
	transfer()
	return nil
}

// Close gives the bus back.
func (b *guest) Close() error {
	if c, ok := b.Bus.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
