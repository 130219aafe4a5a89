// Package leakrope drives a water-sensing rope of two bare wires with a resistor at its end. Two
// digital lines drive it, one against the other, and an ADC measures at the nearer wire: once, and
// once more with both lines turned, so that no direct current eats the wires and no other voltage
// passes for water. Between readings both lines are Low.
//
// The circuit: line A, series resistor, first wire, where the ADC measures; second wire, line B.
// With the resistance R of the rope and the series resistor S, the ADC sees R/(R+S) of the supply,
// and turned around S/(R+S). An ADC that gives one voltage for both reads R = S, which is neither
// wet nor dry.
package leakrope

import (
	"errors"
	"fmt"
	"time"

	"github.com/firepost/firepost/drivers"
)

// settle is how long the rope takes after its lines were turned.
const settle = 20 * time.Millisecond

// The bounds of a Config in Ω, and of its supply in µV. They keep every product within 64 bits.
const (
	minOhms, maxOhms     = 1_000, 10_000_000
	minSupply, maxSupply = 1_000_000, 6_000_000
)

// What is true of a rope, in fractions that leave room for a long wire, a damp floor and the input
// of the ADC.
const (
	dryFrom   = 2  // the resistor at the end, divided by it: less is neither wet nor dry
	openAbove = 3  // the same, multiplied: more is an open wire
	agree     = 30 // thousandths of the supply by which the two measurements may differ
	leastEnd  = 3  // the resistor at the end, divided by the series resistor
	mostEnd   = 10 // likewise; with more, a line that is stuck would be within agree
)

// Config says how the rope is wired. Resistors are in Ω, from 1 kΩ to 10 MΩ.
type Config struct {
	Channel uint8 // input of the ADC
	Supply  int64 // µV of a line at High, 1 V to 6 V
	Series  int64 // between line A and the first wire
	End     int64 // between the wires at the end; 3 to 10 times Series
	Wet     int64 // of the rope, at most: it is wet; at most two thirds of Series
}

func (c Config) check() error {
	for _, ohms := range []int64{c.Series, c.End, c.Wet} {
		if ohms < minOhms || ohms > maxOhms {
			return fmt.Errorf("leakrope: %d Ω is outside 1 kΩ to 10 MΩ", ohms)
		}
	}
	switch {
	case c.Supply < minSupply || c.Supply > maxSupply:
		return errors.New("leakrope: the supply is outside 1 V to 6 V")
	case c.Wet*3 > c.Series*2:
		return errors.New("leakrope: a wet rope must have at most two thirds of the series " +
			"resistor, or a stuck ADC looks like water")
	case c.End < c.Series*leastEnd || c.End > c.Series*mostEnd:
		return errors.New("leakrope: the resistor at the end must have 3 to 10 times the series " +
			"resistor, or a stuck ADC or line looks dry")
	}
	return nil
}

// phase is how far a reading is.
type phase uint8

const (
	idle   phase = iota
	driven       // A is High, B is Low
	forth        // and the ADC converts
	turned       // A is Low, B is High
	back         // and the ADC converts
)

// Dev is one rope. It is not safe for concurrent use.
type Dev struct {
	a, b   drivers.Line
	adc    drivers.ADC
	config Config
	phase  phase
	first  int64 // µV while A was High
}

// New returns the rope between lines a and b, which are outputs at Low. It touches neither the
// lines nor the ADC. It fails when the configuration makes no sense.
func New(a, b drivers.Line, adc drivers.ADC, c Config) (*Dev, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Dev{a: a, b: b, adc: adc, config: c}, nil
}

// Describe returns what is known of a rope without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "leak-rope",
		Name:   "water-sensing rope with a resistor at its end, driven both ways",
		Source: "no part of its own; the circuit is in the package's text",
		Channels: []drivers.Channel{
			{Name: "contact", Quantity: drivers.Contact, Min: 0, Max: 1},
		},
		Period: time.Second,
		Takes:  2 * settle,
		Use:    "water under a floor, beside a pump, along a wall",
		Cost:   2,
	}
}

// Start drives the rope one way.
func (d *Dev) Start() (time.Duration, error) {
	if err := d.drive(true, false); err != nil {
		d.rest()
		return 0, fmt.Errorf("leakrope: start: %w", err)
	}
	d.phase = driven
	return settle, nil
}

// Read returns 1 while the rope is wet and 0 while it is dry. It takes four steps, each of which
// but the last fails with drivers.ErrNotReady: convert, turn the lines, convert, judge.
//
// Read fails with drivers.ErrRange and drivers.ErrLineOpen when the wire is cut, with
// drivers.ErrRange alone when the two measurements disagree or the rope is neither wet nor dry, and
// as the lines and the ADC fail.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	var second int64
	var err error
	switch d.phase {
	case driven, turned:
		err = d.convert()
	case forth:
		err = d.turn()
	case back:
		second, err = d.adc.Read()
	default:
		err = fmt.Errorf("%w: it was not started", drivers.ErrNoDevice)
	}
	var wet int64
	if err == nil {
		err = d.drive(false, false)
	}
	if err == nil {
		d.phase = idle
		wet, err = d.judge(second)
	}
	if err != nil {
		if !errors.Is(err, drivers.ErrNotReady) {
			d.rest()
		}
		return dst, fmt.Errorf("leakrope: %w", err)
	}
	return append(dst, drivers.Sample{Quantity: drivers.Contact, Value: wet}), nil
}

// convert begins a conversion. Like turn, it always returns an error: there is no state yet.
func (d *Dev) convert() error {
	if _, err := d.adc.Start(d.config.Channel); err != nil {
		return err
	}
	d.phase++
	return fmt.Errorf("it converts: %w", drivers.ErrNotReady)
}

func (d *Dev) turn() error {
	var err error
	if d.first, err = d.adc.Read(); err != nil {
		return err
	}
	if err := d.drive(false, true); err != nil {
		return err
	}
	d.phase = turned
	return fmt.Errorf("it is turned around: %w", drivers.ErrNotReady)
}

// drive gives both lines their level.
func (d *Dev) drive(a, b bool) error {
	if err := d.a.Set(a); err != nil {
		return drivers.NoDevice(err)
	}
	return drivers.NoDevice(d.b.Set(b))
}

// rest takes the voltage off the rope, as far as that is possible after a failure.
func (d *Dev) rest() {
	d.phase = idle
	_ = d.drive(false, false) // the failure before is told
}

// judge tells the state from both measurements.
func (d *Dev) judge(second int64) (int64, error) {
	c := &d.config
	first := min(max(d.first, 0), c.Supply)
	other := min(max(c.Supply-second, 0), c.Supply) // what the first one was, if nothing is wrong
	if differ := max(first-other, other-first); differ*1000 > agree*c.Supply {
		return 0, fmt.Errorf("read %s, and turned around %s: they disagree: %w",
			drivers.Voltage.Text(d.first), drivers.Voltage.Text(second), drivers.ErrRange)
	}
	drop := (first + other) / 2 // over the rope, of c.Supply
	switch rest := c.Supply - drop; {
	case drop*c.Series <= c.Wet*rest:
		return 1, nil
	case drop*c.Series > openAbove*c.End*rest:
		return 0, fmt.Errorf("read %s of %s: %w: %w", drivers.Voltage.Text(drop),
			drivers.Voltage.Text(c.Supply), drivers.ErrRange, drivers.ErrLineOpen)
	case drop*c.Series*dryFrom < c.End*rest:
		return 0, fmt.Errorf("read %s of %s: neither wet nor dry: %w", drivers.Voltage.Text(drop),
			drivers.Voltage.Text(c.Supply), drivers.ErrRange)
	}
	return 0, nil
}

// Close takes the voltage off the rope and gives its lines back.
func (d *Dev) Close() error {
	d.rest()
	return errors.Join(d.a.Close(), d.b.Close())
}
