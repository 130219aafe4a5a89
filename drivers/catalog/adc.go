package catalog

import (
	"errors"
	"fmt"
	"slices"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ads1115"
	"github.com/firepost/firepost/drivers/eolloop"
	"github.com/firepost/firepost/drivers/loop420"
	"github.com/firepost/firepost/drivers/mcp342x"
	"github.com/firepost/firepost/drivers/ratiometric"
)

// adcModels are the converters and what hangs on one.
func adcModels() []SensorModel {
	return []SensorModel{voltageModel(), exactVoltageModel(), loopModel(), ratiometricModel(),
		eolLoopModel()}
}

// The converters that an option adc names.
const (
	usualADC = "ads1115"
	exactADC = "mcp342x"
)

// usualAddress is where a converter is when nothing is said.
var usualAddress = map[string]uint16{usualADC: 0x48, exactADC: 0x68}

// onADC are the options of what hangs on a converter. The usual range depends on the voltage.
func onADC(usualRange string) []Option {
	return []Option{busOption(),
		{Name: "adc", Default: usualADC, Check: chosen(usualADC, exactADC),
			Help: `write adc = "ads1115" or adc = "mcp342x", the converter that it hangs on`},
		{Name: "address", Number: true,
			Help: `write the I²C address of the converter, such as address = "0x49"; without it ` +
				`an ads1115 is at 0x48 and an mcp342x at 0x68`,
			Check: func(text string) error {
				if addressOption(ads1115.Describe(), "").Check(text) == nil {
					return nil
				}
				if addressOption(mcp342x.Describe(), "").Check(text) == nil {
					return nil
				}
				return fmt.Errorf(`no converter has an address %q; write "0x48" to "0x4b" for `+
					`an ads1115, "0x68" to "0x6f" for an mcp342x`, text)
			}},
		rangeOption(usualRange),
		{Name: "divider", Default: "1", Number: true,
			Help: `write how many times the voltage at the input the measured one is, such as ` +
				`divider = "2.471"; 1 to 100`,
			Check: func(text string) error {
				_, err := parseDivider(text)
				return err
			}},
	}
}

func rangeOption(usual string) Option {
	ranges := make([]string, 0, len(ads1115.Ranges()))
	for _, r := range ads1115.Ranges() {
		ranges = append(ranges, rangeText(r))
	}
	return Option{Name: "range", Default: usual,
		Help: fmt.Sprintf("write the full scale of the converter, such as range = %q; an mcp342x "+
			"has at most 2.048 V", usual),
		Check: chosen(ranges...)}
}

func rangeText(r ads1115.Range) string { return drivers.Voltage.Text(r.Microvolts()) }

// parseDivider returns thousandths.
func parseDivider(text string) (int64, error) {
	milli, err := drivers.ParseUnits(text, []drivers.Unit{{Scale: 1000}})
	if err == nil && (milli < 1000 || milli > 100_000) {
		err = fmt.Errorf(`%q is not within 1 to 100; write "2.471"`, text)
	}
	return milli, err
}

// joint is where a part on a converter is fixed: the converter, its bus, and the lines around it.
type joint struct {
	board Board
	bus   i2c.Bus
	adc   drivers.ADC
}

// onConverter makes the model of what hangs on a converter. config reads its options, and says all
// that is wrong with them together.
func onConverter[C any](d drivers.Descriptor, options []Option, config func(settings) (C, error),
	open func(joint, settings, C) (drivers.Sensor, error), channels func(C) []drivers.Channel,
) SensorModel {
	m := onBusAndLines(d, options, func(b Board, bus i2c.Bus, s settings) (drivers.Sensor, error) {
		if err := s.fitsADC(); err != nil {
			return nil, err
		}
		c, err := config(s)
		if err != nil {
			return nil, err
		}
		return open(joint{b, bus, s.adc(bus)}, s, c)
	})
	m.Descriptor.Addresses = slices.Concat(ads1115.Describe().Addresses,
		mcp342x.Describe().Addresses)
	m.Channels = func(opts map[string]string) ([]drivers.Channel, error) {
		s := settings{options, opts}
		c, err := config(s)
		if err = errors.Join(s.fitsADC(), err); err != nil {
			return nil, err
		}
		return channels(c), nil
	}
	return m
}

// fitsADC fails when the converter cannot have the address.
func (s settings) fitsADC() error {
	d := ads1115.Describe()
	if s.text("adc") == exactADC {
		d = mcp342x.Describe()
	}
	if !slices.Contains(d.Addresses, s.address()) {
		return fmt.Errorf("address: %s has no address %q", d.Model, s.text("address"))
	}
	return nil
}

func (s settings) adc(bus i2c.Bus) drivers.ADC {
	var adc drivers.ADC = ads1115.New(bus, s.address(), s.full())
	if s.text("adc") == exactADC {
		adc = mcp342x.New(bus, s.address(), mcp342x.Bits16, s.exactFull())
	}
	milli, _ := parseDivider(s.text("divider"))
	return &divided{adc, milli}
}

// divided is a converter behind a divider.
type divided struct {
	drivers.ADC
	milli int64 // the voltage before the divider, in thousandths of the one behind it
}

// Read returns the voltage before the divider.
func (d *divided) Read() (int64, error) {
	microvolts, err := d.ADC.Read()
	return microvolts * d.milli / 1000, err
}

func (s settings) full() ads1115.Range {
	for _, r := range ads1115.Ranges() {
		if rangeText(r) == s.text("range") {
			return r
		}
	}
	return ads1115.Range6144mV
}

// exactFull is the narrowest range of the exact converter that has all of the wanted one, or else
// its widest.
func (s settings) exactFull() mcp342x.Range {
	full := mcp342x.Range2048mV
	for _, r := range mcp342x.Ranges() {
		if r.Microvolts() >= s.full().Microvolts() {
			full = r
		}
	}
	return full
}

// fullScale is the largest voltage that can be shown, in µV.
func (s settings) fullScale() int64 {
	full := s.full().Microvolts()
	if s.text("adc") == exactADC {
		full = s.exactFull().Microvolts()
	}
	milli, _ := parseDivider(s.text("divider"))
	return full * milli / 1000
}

// shows fails unless the converter can show a voltage, that of an open line.
func (s settings) shows(microvolts int64) error {
	if full := s.fullScale(); microvolts >= full {
		return fmt.Errorf("range: an open line has %s, and %s cannot show it",
			drivers.Voltage.Text(microvolts), drivers.Voltage.Text(full))
	}
	return nil
}

const inputHelp = `write the input of the ADC, such as channel = "0"; 0 to 3`

func supplyOption(what string) Option {
	return Option{Name: "supply", Number: true, Check: chosen("0", "1", "2", "3"),
		Help: `write the input of the ADC that sees ` + what +
			`, such as supply = "3"; leave it out when none does`}
}

// supply is the input that sees the supply, or none.
func (s settings) supply(none uint8) uint8 {
	if s.text("supply") == "" {
		return none
	}
	return s.input("supply")
}

func voltageModel() SensorModel {
	d := ads1115.Describe()
	options := []Option{busOption(), addressOption(d, "0x48"), rangeOption("4.096 V"),
		inputOption("channel", "0", inputHelp)}
	return onBus(d, options, func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
		return ads1115.New(bus, s.address(), s.full()).Input(s.input("channel")), nil
	})
}

func exactVoltageModel() SensorModel {
	d := mcp342x.Describe()
	var ranges []string
	for _, r := range mcp342x.Ranges() {
		ranges = append(ranges, drivers.Voltage.Text(r.Microvolts()))
	}
	bits := map[string]mcp342x.Bits{
		"14": mcp342x.Bits14, "16": mcp342x.Bits16, "18": mcp342x.Bits18,
	}
	options := []Option{busOption(), addressOption(d, "0x68"),
		{Name: "range", Default: ranges[0], Check: chosen(ranges...),
			Help: fmt.Sprintf("write the full scale of the converter, such as range = %q",
				ranges[0])},
		{Name: "bits", Default: "16", Number: true, Check: chosen("14", "16", "18"),
			Help: `write how finely it measures, such as bits = "18"; 14, 16 or 18`},
		inputOption("channel", "0", inputHelp)}
	return onBus(d, options, func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
		adc := mcp342x.New(bus, s.address(), bits[s.text("bits")], s.exactFull())
		return adc.Input(s.input("channel")), nil
	})
}

func loopModel() SensorModel {
	options := append(onADC("4.096 V"), inputOption("channel", "0", inputHelp), shuntOption(),
		quantityOption(),
		valueOption("at4", `write the value at 4 mA, such as at4 = "0 %LEL"`),
		valueOption("at20", `write the value at 20 mA, such as at20 = "100 %LEL"`))
	config := func(s settings) (c loop420.Config, err error) {
		if c.Quantity, c.At4, c.At20, err = s.span("at4", "at20"); err != nil {
			return c, err
		}
		if c.ShuntMilli, err = parseShunt(s.text("shunt")); err == nil {
			_, err = loop420.New(nil, 0, c)
		}
		return c, err
	}
	return onConverter(loop420.Describe(), options, config,
		func(at joint, s settings, c loop420.Config) (drivers.Sensor, error) {
			return loop420.New(at.adc, s.input("channel"), c)
		},
		func(c loop420.Config) []drivers.Channel { return channel(c.Quantity, c.Range) })
}

func ratiometricModel() SensorModel {
	options := append(onADC("6.144 V"), inputOption("channel", "0", inputHelp),
		supplyOption("the 5 V of the transducer"),
		quantityOption(),
		valueOption("low", `write the value at 0.5 V, such as low = "0 MPa"`),
		valueOption("high", `write the value at 4.5 V, such as high = "1.2 MPa"`))
	config := func(s settings) (c ratiometric.Config, err error) {
		if c.Quantity, c.Low, c.High, err = s.span("low", "high"); err != nil {
			return c, err
		}
		c.Signal, c.Supply = s.input("channel"), s.supply(ratiometric.NoSupply)
		_, err = ratiometric.New(nil, c)
		return c, err
	}
	return onConverter(ratiometric.Describe(), options, config,
		func(at joint, _ settings, c ratiometric.Config) (drivers.Sensor, error) {
			return ratiometric.New(at.adc, c)
		},
		func(c ratiometric.Config) []drivers.Channel { return channel(c.Quantity, c.Range) })
}

func eolLoopModel() SensorModel {
	options := append(onADC("4.096 V"), inputOption("channel", "0", inputHelp),
		supplyOption("the supply of the loop"),
		voltageOption("voltage", "3.3 V", "the supply of the loop"),
		resistorOption("pull_up", "4.7 kΩ", "the resistor between supply and loop"),
		resistorOption("end_of_line", "4.7 kΩ", "the resistor at the end of the loop"),
		resistorOption("detector", "1 kΩ", "the resistor that a detector closes across the loop"))
	config := func(s settings) (c eolloop.Config, err error) {
		c.Signal, c.Supply = s.input("channel"), s.supply(eolloop.NoSupply)
		var errs [4]error
		c.Microvolts, errs[0] = s.voltage("voltage")
		c.PullUp, errs[1] = s.ohms("pull_up")
		c.EndOfLine, errs[2] = s.ohms("end_of_line")
		c.Detector, errs[3] = s.ohms("detector")
		if err := errors.Join(errs[:]...); err != nil {
			return c, err
		}
		if err := s.shows(c.Microvolts); err != nil {
			return c, err
		}
		_, err = eolloop.New(nil, c)
		return c, err
	}
	return onConverter(eolloop.Describe(), options, config,
		func(at joint, _ settings, c eolloop.Config) (drivers.Sensor, error) {
			return eolloop.New(at.adc, c)
		},
		func(eolloop.Config) []drivers.Channel { return eolloop.Describe().Channels })
}

func channel(q drivers.Quantity, ends func() (int64, int64)) []drivers.Channel {
	least, largest := ends()
	return []drivers.Channel{{Name: q.String(), Quantity: q, Min: least, Max: largest}}
}
