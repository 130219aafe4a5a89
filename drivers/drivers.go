// Package drivers is the contract between firepost and the parts it reads and switches.
//
// A part lives in a package of its own below this one and never sleeps, logs, locks or starts a
// goroutine. A failed read never looks like a value: it is an error, and an error is never zero.
package drivers

import (
	"errors"
	"time"
)

// The classes of a failed access. A driver wraps one of them, so that errors.Is tells the class.
var (
	// ErrNoDevice is returned when the part does not answer, or its bus is gone.
	ErrNoDevice = errors.New("no answer")
	// ErrChecksum is returned when bytes and their checksum disagree.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrNotReady is returned when there is nothing new yet. It is not a failure: Read is tried
	// again a little later.
	ErrNotReady = errors.New("not ready")
	// ErrRange is returned when a value lies outside what the part can measure, or when a line to
	// a transducer is open or shorted.
	ErrRange = errors.New("out of range")
)

// ErrLineOpen and ErrLineShort tell the two ends of ErrRange apart on a wired transducer. Each is
// wrapped together with ErrRange.
var (
	ErrLineOpen  = errors.New("line open")
	ErrLineShort = errors.New("line short")
)

// Sample is what a driver read: one value of one channel, in the unit of its quantity.
type Sample struct {
	Channel  uint8 // place in the part's Descriptor.Channels
	Quantity Quantity
	Value    int64
}

// Sensor reads one part in two phases, so that its bus is free while it converts. A Sensor is used
// by one goroutine at a time.
type Sensor interface {
	// Start begins one conversion and returns how long it takes; 0 when there is nothing to wait for.
	Start() (wait time.Duration, err error)
	// Read collects the conversion and appends its samples to dst. A failed Read appends nothing.
	// After ErrNotReady, Read is called again without a new Start.
	Read(dst []Sample) ([]Sample, error)
}

// Waiter is a Sensor whose input can wake its reader. Only a level counts: an edge says no more
// than that it is time to look.
type Waiter interface {
	// Wait returns after an edge, or after max. It returns the edges seen since the last call.
	Wait(max time.Duration) (edges uint32, err error)
}

// Prober is a Sensor that can tell whether its part is the one that it was written for. It is asked
// after a failure, before the next Start: another part may have been plugged in meanwhile.
type Prober interface {
	// Probe asks the part for its identity. It fails with ErrNoDevice when that is another one.
	Probe() error
}

// Output is switched on and off. Set gives a level and is repeated every second: setting the same
// level twice must be harmless.
type Output interface {
	Set(on bool) error
}

// Checker reads back what an output really drives, without being able to change it.
type Checker interface {
	State() (on bool, err error)
}

// Line is one digital line. Its levels are electrical: true is High. Which level means "abnormal"
// or "on" is said by the part behind it.
type Line interface {
	Output
	Checker
	Waiter
	// Level reads an input. An error is not a level.
	Level() (high bool, err error)
	// Close gives the line back. The level of an output stays where the hardware leaves it.
	Close() error
}

// Bias is the pull of an input line.
type Bias uint8

// The pulls of a line. BiasDefault leaves the line as the board has it.
const (
	BiasDefault Bias = iota
	BiasNone
	BiasUp
	BiasDown
)

// LineConfig says how a line is opened. The zero value is an input with the board's own pull and
// without debounce.
type LineConfig struct {
	Output   bool
	High     bool // first level of an output: the line never drives another one first
	Bias     Bias
	Debounce time.Duration // of an input; 0: none
}

// ADC converts one voltage at a time.
type ADC interface {
	// Start begins one conversion of channel and returns how long it takes.
	Start(channel uint8) (wait time.Duration, err error)
	// Read returns the voltage in µV.
	Read() (microvolt int64, err error)
}

// Channel is one value that a part gives.
type Channel struct {
	Name     string // as the site file writes it, such as "temperature"
	Quantity Quantity
	Min, Max int64 // what the part can measure, in the quantity's unit
}

// Descriptor is what is known of a part without asking it. It is data, so that the checker of site
// files, the documentation and the simulator share it.
type Descriptor struct {
	Model     string // as the site file writes it, such as "sht4x"
	Name      string // maker and type, for people
	Source    string // datasheet with version and year
	Addresses []uint16
	Channels  []Channel
	Period    time.Duration // shortest time between two conversions
	WarmUp    time.Duration // values before it are uncertain
	// Takes is the longest until a change is in what is read: a conversion, or the pace of a part
	// that measures by itself. Zero: at once, or the time of the converter that it hangs on.
	Takes time.Duration
	Life  string // how long the part can be trusted, for people; empty: nobody names a limit
	Use   string // what it is good for in a small venue, for people
	// Cost is what one with its board costs: 1 up to 5 €, 2 up to 20 €, 3 up to 60 €, 4 more. It
	// is a rough figure for choosing, as of 2025.
	Cost uint8
}
