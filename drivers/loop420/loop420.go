// Package loop420 drives transducers with a 4-20 mA loop: gas heads, level and pressure
// transmitters. It reads the voltage over a shunt from any drivers.ADC and never takes a broken
// loop for a low value.
//
// Source: NAMUR recommendation NE 43 (2003) as commonly quoted: 3.8 to 20.5 mA is measurement,
// 3.6 mA and below or 21 mA and above is a failure of the loop or of the transmitter.
package loop420

import (
	"errors"
	"fmt"
	"time"

	"github.com/firepost/firepost/drivers"
)

// The currents of NE 43, in nA.
const (
	zero        = 4_000_000
	span        = 16_000_000
	openBelow   = 3_600_000
	valueFrom   = 3_800_000
	valueTo     = 20_500_000
	shortAbove  = 21_000_000
	maxMicrovol = 1_000_000_000 // more is no voltage over a shunt
)

// The bounds of a Config. They keep every product within 64 bits.
const (
	minShunt = 1_000
	maxShunt = 1_000_000
	maxSpan  = 100_000_000_000
)

// Config says what the loop measures.
type Config struct {
	Quantity   drivers.Quantity
	At4, At20  int64 // values at 4 and 20 mA in the quantity's unit; At20 may be the smaller one
	ShuntMilli int64 // the shunt in mΩ, 1 Ω to 1 kΩ
}

// Range returns the least and the largest value that Read returns: those at 3.8 and 20.5 mA.
func (c Config) Range() (least, largest int64) {
	a, b := c.value(valueFrom), c.value(valueTo)
	return min(a, b), max(a, b)
}

// value is the value at a current in nA, to the nearest.
func (c Config) value(current int64) int64 {
	return c.At4 + drivers.Nearest((c.At20-c.At4)*(current-zero), span)
}

func (c Config) check() error {
	const far = maxSpan / 2
	switch {
	case len(c.Quantity.Units()) == 0:
		return errors.New("loop420: there is no quantity")
	case c.ShuntMilli < minShunt || c.ShuntMilli > maxShunt:
		return fmt.Errorf("loop420: a shunt of %d mΩ is outside 1 Ω to 1 kΩ", c.ShuntMilli)
	case c.At4 == c.At20:
		return errors.New("loop420: the values at 4 mA and at 20 mA are the same")
	case c.At4 < -far || c.At4 > far || c.At20 < -far || c.At20 > far:
		return errors.New("loop420: the values at 4 mA and at 20 mA are too large")
	}
	return nil
}

// Dev is one loop. It is not safe for concurrent use.
type Dev struct {
	adc     drivers.ADC
	channel uint8
	config  Config
}

// New returns the loop whose shunt is at input channel of adc. It does not touch the ADC. It fails
// when the configuration makes no sense.
func New(adc drivers.ADC, channel uint8, c Config) (*Dev, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Dev{adc, channel, c}, nil
}

// Describe returns what is known of a loop without asking it. Its channel follows from the Config.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "loop-4-20ma",
		Name:   "4-20 mA loop over a shunt",
		Source: "NAMUR NE 43 (2003) as commonly quoted",
		Period: 500 * time.Millisecond,
		Use:    "heads and transmitters of the trade: gas, level, pressure",
		Cost:   1,
	}
}

// Start begins one conversion.
func (d *Dev) Start() (time.Duration, error) {
	wait, err := d.adc.Start(d.channel)
	if err != nil {
		return 0, fmt.Errorf("loop420: %w", err)
	}
	return wait, nil
}

// Read returns the value of the loop. From 3.6 to 3.8 mA it is the value at 3.8 mA, from 20.5 to
// 21 mA the one at 20.5 mA.
//
// Read fails with drivers.ErrRange and drivers.ErrLineOpen at 3.6 mA or less, with drivers.ErrRange
// and drivers.ErrLineShort at 21 mA or more, and as the ADC fails.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	microvolts, err := d.adc.Read()
	if err != nil {
		return dst, fmt.Errorf("loop420: %w", err)
	}
	current := min(max(microvolts, -maxMicrovol), maxMicrovol) * 1_000_000 / d.config.ShuntMilli
	if current <= openBelow {
		return dst, fault(current, drivers.ErrLineOpen)
	}
	if current >= shortAbove {
		return dst, fault(current, drivers.ErrLineShort)
	}
	value := d.config.value(min(max(current, valueFrom), valueTo))
	return append(dst, drivers.Sample{Quantity: d.config.Quantity, Value: value}), nil
}

func fault(current int64, end error) error {
	return fmt.Errorf("loop420: read %s: %w: %w", drivers.Current.Text(current/1000),
		drivers.ErrRange, end)
}
