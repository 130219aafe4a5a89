// Package relay drives a relay, a siren or a lamp on a digital line. It sets a level and reads it
// back; it never pulses and never remembers: what is wanted is repeated by the caller.
package relay

import (
	"fmt"

	"github.com/firepost/firepost/drivers"
)

// Level is the electrical level that switches on.
type Level bool

// The levels. Most relay boards switch on at High; those with an optocoupler to ground at Low.
const (
	Low  Level = false
	High Level = true
)

// Dev is one output. It is not safe for concurrent use.
type Dev struct {
	line   drivers.Line
	active Level
}

// New returns the output on line, which is on at the level active. It does not touch the line: the
// first level was given when the line was opened, see First.
func New(line drivers.Line, active Level) *Dev { return &Dev{line, active} }

// First is the configuration of the line of an output that begins on or off. The level is part of
// the request, so that a relay that is active at Low does not click when the program starts.
func First(active Level, on bool) drivers.LineConfig {
	return drivers.LineConfig{Output: true, High: level(active, on)}
}

// Describe returns what is known of an output without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "relay",
		Name:   "relay, siren or lamp on a digital line",
		Source: "no part of its own; Linux GPIO character device, version 2",
		Use:    "sirens, lamps, valves, fans",
		Cost:   1,
	}
}

// Set switches on or off. Setting the same twice does no harm.
func (d *Dev) Set(on bool) error {
	if err := d.line.Set(level(d.active, on)); err != nil {
		return fmt.Errorf("relay: %w", drivers.NoDevice(err))
	}
	return nil
}

// State reads back what the line carries. It is the level at the line and not the contact of the
// relay behind it: a welded contact is not seen here.
func (d *Dev) State() (bool, error) {
	high, err := d.line.State()
	if err != nil {
		return false, fmt.Errorf("relay: %w", drivers.NoDevice(err))
	}
	return high == bool(d.active), nil
}

// Close gives the line back. The level stays where the hardware leaves it.
func (d *Dev) Close() error { return d.line.Close() }

func level(active Level, on bool) bool { return on == bool(active) }
