// Package mq drives heated gas sensors of the MQ family, MQ-2, MQ-5, MQ-7 and MQ-9, through an ADC.
// They show that there is gas. How much is a guess: parts of one batch differ by a factor of two,
// and humidity, age and other gases count as well. It is no measurement and must not pass for one.
//
// The curves are fits of the makers' graphs that the library MQUnifiedsensor publishes; those of
// the MQ-5 and all figures for clean air but the one of the MQ-2 are as commonly quoted.
package mq

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/drivers"
)

// curve is one gas of one part: ppm = a·(Rs/R0)^b.
type curve struct {
	part, gas string
	a         int64 // ppb
	b         int64 // thousandths
}

var curves = []curve{
	{"mq-2", "lpg", 574_250, -2_222},
	{"mq-2", "h2", 987_990, -2_162},
	{"mq-2", "co", 36_974_000, -3_109},
	{"mq-5", "lpg", 80_897, -2_431},
	{"mq-5", "ch4", 177_650, -2_560},
	{"mq-7", "co", 99_042, -1_518},
	{"mq-9", "lpg", 1_000_500, -2_186},
	{"mq-9", "ch4", 4_269_600, -2_648},
	{"mq-9", "co", 599_650, -2_244},
}

// part is what the gases of one part have in common.
type part struct {
	clean            int64 // Rs/R0 in clean air, thousandths
	minHeat, maxHeat int64 // current of the heater, µA
}

// parts by name. The heaters of MQ-7 and MQ-9 are cycled between 5 V and 1.4 V, so that a current
// between those of both voltages is healthy.
var parts = map[string]part{
	"mq-2": {9_830, 130_000, 170_000},
	"mq-5": {6_500, 130_000, 170_000},
	"mq-7": {27_500, 35_000, 170_000},
	"mq-9": {9_600, 35_000, 170_000},
}

// Most is the most that Read returns, in ppb: more cannot be told apart.
const Most = 10_000_000

// The bounds of a Config and of what can be true, in µV and in thousandths of the supply.
const (
	minSupply, maxSupply = 1_000_000, 10_000_000
	openBelow            = 20
	shortAbove           = 980
	coldBelow            = 200 // thousandths of the voltage in clean air
	maxRatio             = 1_000_000
)

// Config says which part it is and how it was found in clean air.
type Config struct {
	Part, Gas string // such as "mq-2" and "lpg"
	Channel   uint8  // input of the ADC
	Supply    int64  // µV over part and load, 1 V to 10 V
	CleanAir  int64  // µV over the load in clean air, when the part was warm
	// Heater gives the current of the heater, as an INA219 does; nil: it is not measured.
	Heater drivers.Sensor
}

// Parts lists the names of the parts.
func Parts() []string { return names(func(c curve) string { return c.part }) }

// Gases lists the gases of all parts.
func Gases() []string { return names(func(c curve) string { return c.gas }) }

func names(of func(curve) string) (all []string) {
	for _, c := range curves {
		if name := of(c); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Dev is one part. It is not safe for concurrent use.
type Dev struct {
	adc     drivers.ADC
	config  Config
	curve   curve
	part    part
	heated  bool // the heater was measured since Start
	samples [4]drivers.Sample
}

// New returns the part on adc. It touches neither the ADC nor the heater. It fails when the
// configuration makes no sense.
func New(adc drivers.ADC, c Config) (*Dev, error) {
	var gases []string
	d := &Dev{adc: adc, config: c, part: parts[c.Part]}
	for _, k := range curves {
		if k.part != c.Part {
			continue
		}
		gases = append(gases, k.gas)
		if k.gas == c.Gas {
			d.curve = k
		}
	}
	switch {
	case gases == nil:
		return nil, fmt.Errorf("mq: there is no part %q", c.Part)
	case d.curve.gas == "":
		return nil, fmt.Errorf("mq: an %s has no curve for %q; take one of %s", c.Part, c.Gas,
			strings.Join(gases, ", "))
	case c.Supply < minSupply || c.Supply > maxSupply:
		return nil, errors.New("mq: the supply is outside 1 V to 10 V")
	case c.CleanAir < c.Supply*2*openBelow/1000 || c.CleanAir > c.Supply*700/1000:
		return nil, errors.New("mq: the voltage in clean air is outside 4 % to 70 % of the supply")
	}
	return d, nil
}

// Describe returns what is known of a part without asking it.
func Describe() drivers.Descriptor {
	return drivers.Descriptor{
		Model:  "mq",
		Name:   "MQ-2, MQ-5, MQ-7, MQ-9: that there is gas, and hardly how much",
		Source: "curves of MQUnifiedsensor, fits of the makers' graphs",
		Channels: []drivers.Channel{
			{Name: "gas", Quantity: drivers.Gas, Min: 0, Max: Most},
			{Name: "ratio", Quantity: drivers.Index, Min: 0, Max: maxRatio},
		},
		Period: 500 * time.Millisecond,
		WarmUp: 3 * time.Minute, // of each start; a new part needs a day or two
		Use:    "a hint that there is gas, beside a head that measures",
		Cost:   1,
	}
}

// Start begins one conversion, and one measurement of the heater.
func (d *Dev) Start() (time.Duration, error) {
	d.heated = false
	var wait time.Duration
	if d.config.Heater != nil {
		var err error
		if wait, err = d.config.Heater.Start(); err != nil {
			return 0, fmt.Errorf("mq: heater: %w", err)
		}
	}
	converts, err := d.adc.Start(d.config.Channel)
	if err != nil {
		return 0, fmt.Errorf("mq: %w", err)
	}
	return max(wait, converts), nil
}

// Read returns the gas in ppb, a guess of at most Most, and the resistance of the part as a
// fraction of its R0, which falls as the gas rises.
//
// Read fails with drivers.ErrRange when the current of the heater is not that of a warm part, or,
// whether or not it is measured, when the part is less conductive than a cold one; with
// drivers.ErrRange and drivers.ErrLineOpen below 2 % of the supply; with drivers.ErrRange and
// drivers.ErrLineShort above 98 %; and as the ADC and the heater's sensor fail.
func (d *Dev) Read(dst []drivers.Sample) ([]drivers.Sample, error) {
	if err := d.heater(); err != nil {
		return dst, err
	}
	v, err := d.adc.Read()
	if err != nil {
		return dst, fmt.Errorf("mq: %w", err)
	}
	c := &d.config
	switch part := min(max(v, 0), 2*c.Supply) * 1000; {
	case part < openBelow*c.Supply:
		return dst, d.failed(v, drivers.ErrLineOpen)
	case part > shortAbove*c.Supply:
		return dst, d.failed(v, drivers.ErrLineShort)
	case part < coldBelow*c.CleanAir:
		return dst, fmt.Errorf("mq: read %s, and %s in clean air: the heater is cold: %w",
			drivers.Voltage.Text(v), drivers.Voltage.Text(c.CleanAir), drivers.ErrRange)
	}
	return append(dst,
		drivers.Sample{Channel: 0, Quantity: drivers.Gas, Value: d.gas(v)},
		drivers.Sample{Channel: 1, Quantity: drivers.Index, Value: d.ratio(v)},
	), nil
}

// heater fails unless the heater is warm, as far as it is measured.
func (d *Dev) heater() error {
	if d.heated || d.config.Heater == nil {
		return nil
	}
	samples, err := d.config.Heater.Read(d.samples[:0])
	if err != nil {
		return fmt.Errorf("mq: heater: %w", err)
	}
	i := slices.IndexFunc(samples, func(s drivers.Sample) bool {
		return s.Quantity == drivers.Current
	})
	if i < 0 {
		return fmt.Errorf("mq: heater: its sensor gives no current: %w", drivers.ErrRange)
	}
	if is := samples[i].Value; is < d.part.minHeat || is > d.part.maxHeat {
		return fmt.Errorf("mq: the heater has %s: %w", drivers.Current.Text(is), drivers.ErrRange)
	}
	d.heated = true
	return nil
}

func (d *Dev) failed(v int64, end error) error {
	return fmt.Errorf("mq: read %s of %s: %w: %w", drivers.Voltage.Text(v),
		drivers.Voltage.Text(d.config.Supply), drivers.ErrRange, end)
}

// ratio is Rs/R0 in thousandths. The load cancels out: clean air was measured over the same one.
func (d *Dev) ratio(v int64) int64 {
	supply, clean := d.config.Supply, d.config.CleanAir
	now := (supply - v) * 1000 / v          // Rs in thousandths of the load
	then := (supply - clean) * 1000 / clean // likewise, in clean air
	return min(now*d.part.clean/then, maxRatio)
}

// gas is a·ratio^b in ppb, computed in logarithms of integers, so that every processor gets the
// same.
func (d *Dev) gas(v int64) int64 {
	supply, clean := d.config.Supply, d.config.CleanAir
	ratio := log2(supply-v) - log2(v) - log2(supply-clean) + log2(clean) + log2(d.part.clean) -
		log2(1000)
	want := log2(d.curve.a) + ratio*d.curve.b/1000
	// The largest amount whose logarithm is not above what is wanted.
	low, high := int64(0), int64(Most)
	for low < high {
		middle := (low + high + 1) / 2
		if log2(middle) <= want {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// fraction is the number of binary places of a logarithm.
const fraction = 24

// log2 is the logarithm of x > 0 to base 2, rounded down to its last place.
func log2(x int64) int64 {
	whole := bits.Len64(uint64(x)) - 1
	log := int64(whole)
	y := uint64(x) << (62 - whole) // 1 to 2, with 62 binary places
	for range fraction {
		high, low := bits.Mul64(y, y)
		y = high<<2 | low>>62
		log <<= 1
		if y >= 1<<63 {
			log, y = log|1, y>>1
		}
	}
	return log
}
