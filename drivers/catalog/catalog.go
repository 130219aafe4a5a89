// Package catalog is the one table of all parts that a site file can name. It knows every driver;
// no driver knows another.
package catalog

import (
	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
)

// Board gives out the buses and lines of the machine, by the names that the site file writes.
type Board interface {
	// I2C opens a bus. The caller is the only user of what it returns and uses it from one
	// goroutine. When the result is an i2c.BusCloser, the caller closes it.
	I2C(name string) (i2c.Bus, error)
	// Line opens a digital line. An output drives c.High from its first moment.
	Line(name string, c drivers.LineConfig) (drivers.Line, error)
}

// Option is a setting of a part that the site file may give, always as text.
type Option struct {
	Name     string
	Required bool
	Default  string // used when the site file is silent
	Help     string // what to write, with an example; begins with "write"
	// Number says that a bare number in the site file is given to Check as its text. For any other
	// option it is a mistake, as true and false are for all.
	Number bool
	// Check says what is wrong with a value and what to write instead; nil accepts any text.
	Check func(value string) error
}

// SensorModel is a part that is read.
type SensorModel struct {
	Descriptor drivers.Descriptor
	Options    []Option
	// Channels gives the channels that follow from the options; nil: those of the descriptor. The
	// options have passed their checks; for one that is missing its default counts. What is wrong
	// with one option begins with its name and a colon, each on a line of its own.
	Channels func(opts map[string]string) ([]drivers.Channel, error)
	// Place names what the part hangs on: the bus ("i2c:NAME") or line ("line:NAME") that one
	// goroutine owns, and the chip on it. Two sensors of one chip never convert at the same time.
	Place func(opts map[string]string) (bus, chip string)
	// Also names what else the part needs for itself, such as the lines that drive it; nil: nothing.
	Also func(opts map[string]string) []Seat
	// Pins are the pins of an expander that are contacts, a bit each; nil: none. No output may drive
	// one of them. The options have passed their checks.
	Pins func(opts map[string]string) uint16
	// Open makes the driver. It opens the bus or line and does not talk to the part.
	Open func(b Board, opts map[string]string) (drivers.Sensor, error)
}

// Seat is a bus or line and the chip on it, as Place gives them.
type Seat struct{ Bus, Chip string }

// OutputModel is a part that is switched.
type OutputModel struct {
	Descriptor drivers.Descriptor
	Options    []Option
	Place      func(opts map[string]string) (bus, chip string)
	// Pins are the pins of its expander that it drives, a bit each; nil: none. That is more than its
	// own when it cannot leave the others as they are.
	Pins func(opts map[string]string) uint16
	// Fits says what is wrong with options together that have each passed their checks; nil: they
	// always fit. Its errors are written as those of SensorModel.Channels.
	Fits func(opts map[string]string) error
	// Open makes the driver; on is the state that the part has from its first moment.
	Open func(b Board, opts map[string]string, on bool) (drivers.Output, error)
}
