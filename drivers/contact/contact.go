// Package contact drives dry contacts on a digital line: call points, float switches, door and
// flow switches, detector relays. It reads levels; an edge only wakes its reader.
//
// The abnormal state is Low unless said otherwise: wired to ground with a pull-up, a line that is
// cut to ground or read by a failing library (which returns Low) then asks for attention instead
// of looking normal.
package contact

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/drivers"
)

// Level is the electrical level that means "abnormal". The zero value is Low.
type Level bool

// The levels.
const (
	Low  Level = false
	High Level = true
)

// Dev is one contact. It is not safe for concurrent use.
type Dev struct {
	line     drivers.Line
	abnormal Level
}

// New returns the contact on line, which is abnormal at the given level. It does not touch the
// line. Bounce is filtered by the line itself, by its drivers.LineConfig.Debounce.
func New(line drivers.Line, abnormal Level) *Dev { return &Dev{line, abnormal} }

// Describe returns what is known of a contact without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "contact",
		Name:   "dry contact on a digital line",
		Source: "no part of its own; Linux GPIO character device, version 2",
		Channels: []drivers.Channel{
			{Name: "contact", Quantity: drivers.Contact, Min: 0, Max: 1},
		},
		Period: 250 * time.Millisecond, // the level is read at least this often, edge or not
		Use:    "call points, detectors with a relay, doors, floats, valves",
		Cost:   1,
	}
}

// Start has nothing to begin.
func (d *Dev) Start() (time.Duration, error) { return 0, nil }

// Read returns 1 while the contact is abnormal and 0 while it is normal. It fails with
// drivers.ErrNoDevice when the line fails: an error is never taken for a level.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	high, err := d.line.Level()
	if err != nil {
		return dst, fmt.Errorf("contact: %w", drivers.NoDevice(err))
	}
	var value int64
	if Level(high) == d.abnormal {
		value = 1
	}
	return append(dst, drivers.Sample{Quantity: drivers.Contact, Value: value}), nil
}

// Wait returns after an edge in either direction, or after max.
func (d *Dev) Wait(max time.Duration) (uint32, error) { return d.line.Wait(max) }

// Interrupts tells whether an edge ends a Wait. Without them the level is asked for every 20 ms.
func (d *Dev) Interrupts() bool {
	l, ok := d.line.(interface{ Interrupts() bool })
	return !ok || l.Interrupts()
}

// Close gives the line back.
func (d *Dev) Close() error { return d.line.Close() }
