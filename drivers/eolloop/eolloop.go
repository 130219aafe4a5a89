// Package eolloop drives a supervised two-wire loop through an ADC: detector bases, call points,
// float, door and flow switches, siren lines. A resistor at the end of the line and one in each
// detector tell four states apart. A cut, shorted or odd line is an error and never a state.
//
// The circuit: supply, pull-up, loop. The end of the line closes the loop with one resistor; a
// detector that alarms closes another one across it. The usual set is 4.7 kΩ, 4.7 kΩ and 1 kΩ,
// for which the bands are, as shares of the supply: short below 0.035, alarm 0.035 to 0.300,
// normal 0.420 to 0.580, open above 0.850. What lies between two bands is neither.
package eolloop

import (
	"errors"
	"fmt"
	"time"

	"github.com/firepost/firepost/drivers"
)

// Bounds of a Config. They keep every product within 64 bits.
const (
	minOhms   = 100
	maxOhms   = 1_000_000
	minSupply = 1_000_000
	maxSupply = 60_000_000
)

// How the bands follow from the resistors. Each number is one of the usual set's bands, told so
// that it carries over to another set.
const (
	detectors     = 5   // as many may alarm at once and still be told from a short
	shortOf       = 900 // thousandths of what so many detectors leave
	alarmReaches  = 429 // thousandths of the way from one detector to normal
	normalSpreads = 320 // thousandths by which the loop's resistance may be off
	openFrom      = 700 // thousandths of the way from normal to the supply
	leastGap      = 20  // thousandths of the supply between two bands
	leastShort    = 10  // thousandths of the supply: below is the error of the ADC
)

// NoSupply is the Config.Supply of a loop whose supply is not measured.
const NoSupply = 0xFF

// Config says how the loop is built. Resistors are in Ω, from 100 Ω to 1 MΩ.
type Config struct {
	PullUp, EndOfLine, Detector int64
	Microvolts                  int64 // nominal supply of the loop, 1 V to 60 V
	Signal                      uint8 // input of the ADC
	Supply                      uint8 // input of the ADC that sees the supply, or NoSupply
}

// Bands are the limits between the states, in thousandths of the supply. Short: below Short.
// Alarm: from Short to Alarm. Normal: from NormalLow to NormalHigh. Open: above Open.
type Bands struct{ Short, Alarm, NormalLow, NormalHigh, Open int64 }

// whole is the supply, in the unit of the shares that lead to the bands.
const whole = 1_000_000

// Bands computes the bands of a loop. It fails when two of them meet or overlap: such resistors
// cannot tell the states apart.
func (c Config) Bands() (Bands, error) {
	normal, one, all := c.share(0), c.share(1), c.share(detectors)
	spread := normal * (whole - normal) / whole * normalSpreads / 1000
	b := Bands{
		Short:      thousandths(all * shortOf / 1000),
		Alarm:      thousandths(one + (normal-one)*alarmReaches/1000),
		NormalLow:  thousandths(normal - spread),
		NormalHigh: thousandths(normal + spread),
		Open:       thousandths(normal + (whole-normal)*openFrom/1000),
	}
	switch {
	case b.Short < leastShort:
		return b, fmt.Errorf("eolloop: %d detectors leave %s of the supply, too little to be "+
			"told from a short", detectors, share(thousandths(all)))
	case b.NormalLow-b.Alarm < leastGap:
		return b, fmt.Errorf("eolloop: alarm reaches up to %s of the supply and normal begins at "+
			"%s", share(b.Alarm), share(b.NormalLow))
	case b.Open-b.NormalHigh < leastGap:
		return b, fmt.Errorf("eolloop: normal reaches up to %s of the supply and an open line "+
			"begins at %s", share(b.NormalHigh), share(b.Open))
	}
	return b, nil
}

// share is what the loop leaves of the supply while n detectors alarm.
func (c Config) share(n int64) int64 {
	loop := c.Detector * c.EndOfLine
	return whole * loop / (loop + c.PullUp*(c.Detector+n*c.EndOfLine))
}

func thousandths(part int64) int64 { return (part + whole/2000) / (whole / 1000) }

func share(thousandths int64) string {
	return fmt.Sprintf("0.%03d", thousandths)
}

func (c Config) check() error {
	for _, r := range []struct {
		name string
		ohms int64
	}{{"pull-up", c.PullUp}, {"end of line", c.EndOfLine}, {"detector", c.Detector}} {
		if r.ohms < minOhms || r.ohms > maxOhms {
			return fmt.Errorf("eolloop: %s: %d Ω is outside 100 Ω to 1 MΩ", r.name, r.ohms)
		}
	}
	switch {
	case c.Microvolts < minSupply || c.Microvolts > maxSupply:
		return errors.New("eolloop: the supply is outside 1 V to 60 V")
	case c.Signal == c.Supply:
		return errors.New("eolloop: signal and supply are the same input")
	}
	return nil
}

// Dev is one loop. It is not safe for concurrent use.
type Dev struct {
	adc      drivers.ADC
	config   Config
	bands    Bands
	supply   int64 // µV, of this measurement
	measured bool  // the supply is known, and the signal converts
}

// New returns the loop on adc. It does not touch the ADC. It fails when the configuration makes no
// sense.
func New(adc drivers.ADC, c Config) (*Dev, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	bands, err := c.Bands()
	if err != nil {
		return nil, err
	}
	return &Dev{adc: adc, config: c, bands: bands, supply: c.Microvolts}, nil
}

// Describe returns what is known of a loop without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "eol-loop",
		Name:   "supervised two-wire loop with a resistor at its end",
		Source: "no part of its own; bands computed from the resistors",
		Channels: []drivers.Channel{
			{Name: "contact", Quantity: drivers.Contact, Min: 0, Max: 1},
		},
		Period: 250 * time.Millisecond,
		Use:    "detector bases, call points, siren lines: wherever a cut wire must be told",
		Cost:   1,
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
		return 0, fmt.Errorf("eolloop: %w", err)
	}
	return wait, nil
}

// Read returns 1 while a detector alarms and 0 while the loop is normal. With a measured supply it
// needs two conversions: the first Read takes the supply, starts the signal and fails with
// drivers.ErrNotReady; the next one returns the state.
//
// Read fails with drivers.ErrRange and drivers.ErrLineOpen on an open line, with drivers.ErrRange
// and drivers.ErrLineShort on a shorted one, with drivers.ErrRange alone between two bands or when
// the supply is off by more than a fifth, and as the ADC fails.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	microvolts, err := d.adc.Read()
	if err != nil {
		return dst, fmt.Errorf("eolloop: %w", err)
	}
	if !d.measured {
		return dst, d.turnToSignal(microvolts)
	}
	value, err := d.judge(min(max(microvolts, -2*maxSupply), 2*maxSupply))
	if err != nil {
		return dst, err
	}
	return append(dst, drivers.Sample{Quantity: drivers.Contact, Value: value}), nil
}

// turnToSignal takes the measured supply and begins the conversion of the signal. It always
// returns an error: there is no state yet.
func (d *Dev) turnToSignal(supply int64) error {
	nominal := d.config.Microvolts
	if supply < nominal*4/5 || supply > nominal*6/5 {
		return fmt.Errorf("eolloop: the supply has %s: %w", drivers.Voltage.Text(supply),
			drivers.ErrRange)
	}
	if _, err := d.adc.Start(d.config.Signal); err != nil {
		return fmt.Errorf("eolloop: %w", err)
	}
	d.supply, d.measured = supply, true
	return fmt.Errorf("eolloop: the supply is measured, the signal converts: %w",
		drivers.ErrNotReady)
}

// judge tells the state from the voltage over the loop.
func (d *Dev) judge(microvolts int64) (int64, error) {
	part, b := microvolts*1000, d.bands // of d.supply, in thousandths
	switch {
	case part < b.Short*d.supply:
		return 0, d.fault(microvolts, drivers.ErrLineShort)
	case part <= b.Alarm*d.supply:
		return 1, nil
	case part > b.Open*d.supply:
		return 0, d.fault(microvolts, drivers.ErrLineOpen)
	case part >= b.NormalLow*d.supply && part <= b.NormalHigh*d.supply:
		return 0, nil
	}
	return 0, fmt.Errorf("eolloop: read %s of %s: neither normal nor alarm: %w",
		drivers.Voltage.Text(microvolts), drivers.Voltage.Text(d.supply), drivers.ErrRange)
}

func (d *Dev) fault(microvolts int64, end error) error {
	return fmt.Errorf("eolloop: read %s of %s: %w: %w", drivers.Voltage.Text(microvolts),
		drivers.Voltage.Text(d.supply), drivers.ErrRange, end)
}
