// Package ratiometric drives transducers that give 10 to 90 % of their supply, sold as 0.5-4.5 V:
// pressure of pumps, hydrants and sprinkler pipes. It reads any drivers.ADC, corrects for the
// supply when that is measured too, and never takes a broken wire for a low value.
//
// No datasheet fits all makers. The ends of 10 and 90 % are common to them; that less than 5 or
// more than 95 % of the supply is a wire fault is the custom of the automotive trade.
package ratiometric

import (
	"errors"
	"fmt"
	"time"

	"github.com/firepost/firepost/drivers"
)

// The supply in µV: the nominal one, and what a transducer still works with.
const (
	nominal   = 5_000_000
	minSupply = 4_500_000
	maxSupply = 5_500_000
)

// The signal in thousandths of the supply.
const (
	openBelow  = 50
	lowEnd     = 100
	highEnd    = 900
	shortAbove = 950
)

// maxSpan keeps every product within 64 bits.
const maxSpan = 100_000_000_000

// NoSupply is the Config.Supply of a transducer whose supply is not measured. It is taken for 5 V.
const NoSupply = 0xFF

// Config says what the transducer measures.
type Config struct {
	Quantity  drivers.Quantity
	Low, High int64 // values at 10 and at 90 % of the supply; High may be the smaller one
	Signal    uint8 // input of the ADC
	Supply    uint8 // input of the ADC that sees the supply, or NoSupply
}

// Range returns the least and the largest value that Read returns: those at 5 and 95 % of the
// supply.
func (c Config) Range() (least, largest int64) {
	a, b := c.value(openBelow, 1000), c.value(shortAbove, 1000)
	return min(a, b), max(a, b)
}

// value is the value at signal of supply, to the nearest.
func (c Config) value(signal, supply int64) int64 {
	return c.Low + drivers.Nearest((c.High-c.Low)*(10*signal-supply), 8*supply)
}

func (c Config) check() error {
	const far = maxSpan / 2
	switch {
	case len(c.Quantity.Units()) == 0:
		return errors.New("ratiometric: there is no quantity")
	case c.Low == c.High:
		return errors.New("ratiometric: the values at both ends are the same")
	case c.Low < -far || c.Low > far || c.High < -far || c.High > far:
		return errors.New("ratiometric: the values at the ends are too large")
	case c.Signal == c.Supply:
		return errors.New("ratiometric: signal and supply are the same input")
	}
	return nil
}

// Dev is one transducer. It is not safe for concurrent use.
type Dev struct {
	adc      drivers.ADC
	config   Config
	supply   int64 // µV, of this measurement
	measured bool  // the supply is known, and the signal converts
}

// New returns the transducer on adc. It does not touch the ADC. It fails when the configuration
// makes no sense.
func New(adc drivers.ADC, c Config) (*Dev, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Dev{adc: adc, config: c, supply: nominal}, nil
}

// Describe returns what is known of a transducer without asking it. Its channel follows from the
// Config.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "ratiometric",
		Name:   "0.5-4.5 V transducer, ratiometric to 5 V",
		Source: "common to the trade: 10 to 90 % of the supply",
		Period: 500 * time.Millisecond,
		Use:    "the pressure in a hydrant or sprinkler pipe",
		Cost:   2,
	}
}

// Start begins one measurement: of the supply when it is measured, otherwise of the signal.
func (d *Dev) Start() (time.Duration, error) {
	input := d.config.Supply
	d.measured = input == NoSupply
	if d.measured {
		input = d.config.Signal
	}
	wait, err := d.adc.Start(input)
	if err != nil {
		return 0, fmt.Errorf("ratiometric: %w", err)
	}
	return wait, nil
}

// Read returns the value of the transducer. With a measured supply it needs two conversions: the
// first Read takes the supply, starts the signal and fails with drivers.ErrNotReady; the next one
// returns the value.
//
// Read fails with drivers.ErrRange when the supply is outside 4.5 to 5.5 V; with drivers.ErrRange
// and drivers.ErrLineOpen when the signal is below 5 % of the supply; with drivers.ErrRange and
// drivers.ErrLineShort when it is above 95 %; and as the ADC fails.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	microvolts, err := d.adc.Read()
	if err != nil {
		return dst, fmt.Errorf("ratiometric: %w", err)
	}
	if !d.measured {
		return dst, d.turnToSignal(microvolts)
	}
	signal := min(max(microvolts, -maxSupply), 2*maxSupply)
	if signal*1000 < openBelow*d.supply {
		return dst, d.fault(microvolts, drivers.ErrLineOpen)
	}
	if signal*1000 > shortAbove*d.supply {
		return dst, d.fault(microvolts, drivers.ErrLineShort)
	}
	value := d.config.value(signal, d.supply)
	return append(dst, drivers.Sample{Quantity: d.config.Quantity, Value: value}), nil
}

// turnToSignal takes the measured supply and begins the conversion of the signal. It always
// returns an error: there is no value yet.
func (d *Dev) turnToSignal(supply int64) error {
	if supply < minSupply || supply > maxSupply {
		return fmt.Errorf("ratiometric: the supply has %s: %w", drivers.Voltage.Text(supply),
			drivers.ErrRange)
	}
	if _, err := d.adc.Start(d.config.Signal); err != nil {
		return fmt.Errorf("ratiometric: %w", err)
	}
	d.supply, d.measured = supply, true
	return fmt.Errorf("ratiometric: the supply is measured, the signal converts: %w",
		drivers.ErrNotReady)
}

func (d *Dev) fault(signal int64, end error) error {
	return fmt.Errorf("ratiometric: read %s of %s: %w: %w", drivers.Voltage.Text(signal),
		drivers.Voltage.Text(d.supply), drivers.ErrRange, end)
}
