// Package mains tells whether there is mains, by an optocoupler that pulls a digital line to and
// fro with each wave. Less than three edges within 40 ms mean that there is none; so does a broken
// wire. What a dead wire picks up now and then, an edge up and one down, is no mains.
//
// Only edges count: a level would be right half of the time whatever happens.
package mains

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/drivers"
)

// window is two waves of 50 Hz, in which a half-wave optocoupler gives four edges.
const window = 40 * time.Millisecond

// least is how many of them there must be: one may lie just outside.
const least = 3

// Dev is one optocoupler. It is not safe for concurrent use. It is no drivers.Waiter: its edges
// come all the time and need not wake anybody.
type Dev struct {
	line drivers.Line
}

// New returns the optocoupler on line, which must have no debounce. It does not touch the line.
func New(line drivers.Line) *Dev { return &Dev{line} }

// Describe returns what is known of an optocoupler without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "mains",
		Name:   "optocoupler at the mains, on a digital line",
		Source: "no part of its own; Linux GPIO character device, version 2",
		Channels: []drivers.Channel{
			{Name: "contact", Quantity: drivers.Contact, Min: 0, Max: 1},
		},
		Period: 250 * time.Millisecond,
		Takes:  window,
		Use:    "that there is mains",
		Cost:   1,
	}
}

// Start forgets the edges up to now and begins to listen.
func (d *Dev) Start() (time.Duration, error) {
	if _, err := drivers.Edges(d.line); err != nil {
		return 0, fmt.Errorf("mains: start: %w", err)
	}
	return window, nil
}

// Read returns 1 when less than three edges came since Start, and 0 otherwise.
//
// Read fails with drivers.ErrNoDevice when the line fails or has no interrupts: nothing would be
// heard on it, and that is no loss of the mains.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	edges, err := drivers.Edges(d.line)
	if err != nil {
		return dst, fmt.Errorf("mains: read: %w", err)
	}
	var lost int64
	if edges < least {
		lost = 1
	}
	return append(dst, drivers.Sample{Quantity: drivers.Contact, Value: lost}), nil
}

// Close gives the line back.
func (d *Dev) Close() error { return d.line.Close() }
