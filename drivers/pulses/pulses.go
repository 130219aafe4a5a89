// Package pulses counts the pulses of a water meter on a digital line and tells the flow: of a
// YF-S201 with its 450 pulses to the litre, or of any meter whose pulses are known.
//
// A meter that stands still, one whose wire is cut and one that is stuck look the same: no pulses.
// No driver can tell them apart.
//
// Source: YF-S201 as sold, 7.5 Hz for 1 l/min; no maker's datasheet.
package pulses

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/drivers"
)

// Litre is the usual number of pulses to the litre, and MinLitre to MaxLitre what can be told.
const (
	Litre    = 450
	MinLitre = 10
	MaxLitre = 100_000
)

const (
	period  = time.Second
	window  = 10 * time.Second // the flow is the mean of
	slots   = 16               // more than there are periods in a window
	maxHz   = 400              // pulses a second: more is a line that chatters
	maxFlow = maxHz * 60 * 1000 / MinLitre
	// maxCount is never reached: it is 79 years of a line that chatters.
	maxCount = 1_000_000_000_000
)

// Dev is one meter. It is not safe for concurrent use. It is no drivers.Waiter: an edge is to be
// counted, not to be looked after.
type Dev struct {
	line  drivers.Line
	now   func() time.Duration
	litre int64
	edges uint64
	marks [slots]mark // a ring: where the count stood
	first int         // oldest
	n     int
}

type mark struct {
	at    time.Duration
	edges uint64
}

// New returns the meter on line that gives litre pulses to the litre, MinLitre to MaxLitre. Its
// clock now tells the time since any fixed moment and never goes back. New does not touch the line.
func New(line drivers.Line, litre int64, now func() time.Duration) (*Dev, error) {
	if litre < MinLitre || litre > MaxLitre {
		return nil, fmt.Errorf("pulses: %d pulses to the litre are not within %d to %d", litre,
			MinLitre, MaxLitre)
	}
	return &Dev{line: line, litre: litre, now: now}, nil
}

// Describe returns what is known of a meter without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "pulses",
		Name:   "water meter with pulses, such as YF-S201",
		Source: "YF-S201 as sold: 7.5 Hz for 1 l/min",
		Channels: []drivers.Channel{
			{Name: "flow", Quantity: drivers.Flow, Max: maxFlow},
			{Name: "pulses", Quantity: drivers.Pulses, Max: maxCount},
		},
		Period: period,
		Takes:  period,
		Use:    "the flow in a hydrant or sprinkler pipe",
		Cost:   2,
	}
}

// Start begins to count. The first time there is no flow before a period is over.
func (d *Dev) Start() (time.Duration, error) {
	if d.n > 0 {
		return 0, nil
	}
	if err := d.count(); err != nil {
		return 0, fmt.Errorf("pulses: start: %w", err)
	}
	return period, nil
}

// Read returns the flow in ml/min, the mean of the last 10 s, then the pulses since the meter was
// opened. Edges that came while nobody read are counted, also those that the line had no room to
// keep; each pulse has two.
//
// Read fails with drivers.ErrRange when there were more than 400 pulses a second, and with
// drivers.ErrNoDevice when the line fails or has no interrupts: a line that counts nothing would
// look like a pipe in which nothing flows. After a failure the flow is measured anew.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	if err := d.count(); err != nil {
		return dst, fmt.Errorf("pulses: read: %w", err)
	}
	newest, oldest := d.marks[(d.first+d.n-1)%slots], d.marks[d.first]
	edges, span := int64(newest.edges-oldest.edges), (newest.at - oldest.at).Milliseconds()
	if span <= 0 {
		return dst, fmt.Errorf("pulses: read: %w", drivers.ErrNotReady)
	}
	if edges*1000 > 2*maxHz*span {
		return dst, fmt.Errorf("pulses: read: %d edges in %d ms: %w", edges, span,
			drivers.ErrRange)
	}
	const minute = 60_000 // ms
	flow := (edges*1000*minute/2 + d.litre*span/2) / (d.litre * span)
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Flow, Value: min(flow, maxFlow)},
		drivers.Sample{Channel: 1, Quantity: drivers.Pulses,
			Value: int64(min(d.edges/2, maxCount))},
	), nil
}

// count takes the edges since the last call and marks where the count stands. What is missing after
// a failure is not known, so the marks before it serve no more.
func (d *Dev) count() error {
	edges, err := drivers.Edges(d.line)
	if err != nil {
		d.first, d.n = 0, 0
		return err
	}
	now := d.now()
	d.edges += uint64(edges)
	for d.n == slots || d.n > 1 && now-d.marks[d.first].at > window {
		d.first, d.n = (d.first+1)%slots, d.n-1
	}
	d.marks[(d.first+d.n)%slots] = mark{now, d.edges}
	d.n++
	return nil
}

// Close gives the line back.
func (d *Dev) Close() error { return d.line.Close() }
