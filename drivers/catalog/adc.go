package catalog

import (
	"errors"
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ads1115"
	"github.com/firepost/firepost/drivers/eolloop"
	"github.com/firepost/firepost/drivers/loop420"
	"github.com/firepost/firepost/drivers/ratiometric"
)

// adcModels are the converters and what hangs on one.
func adcModels() []SensorModel {
	return []SensorModel{voltageModel(), loopModel(), ratiometricModel(), eolLoopModel()}
}

// onADC are the options of what hangs on an ADS1115. The usual range depends on the voltage.
func onADC(usualRange string) []Option {
	ranges := make([]string, 0, len(ads1115.Ranges()))
	for _, r := range ads1115.Ranges() {
		ranges = append(ranges, rangeText(r))
	}
	return []Option{busOption(), addressOption(ads1115.Describe(), "0x48"),
		{Name: "range", Default: usualRange,
			Help:  fmt.Sprintf("write the full scale of the ADC, such as range = %q", usualRange),
			Check: chosen(ranges...)},
	}
}

func rangeText(r ads1115.Range) string { return drivers.Voltage.Text(r.Microvolts()) }

func (s settings) adc(bus i2c.Bus) *ads1115.Dev { return ads1115.New(bus, s.address(), s.full()) }

func (s settings) full() ads1115.Range {
	for _, r := range ads1115.Ranges() {
		if rangeText(r) == s.text("range") {
			return r
		}
	}
	return ads1115.Range6144mV
}

// fullScale is the largest voltage that the ADC can show, in µV.
func (s settings) fullScale() int64 { return s.full().Microvolts() }

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
	options := append(onADC("4.096 V"), inputOption("channel", "0", inputHelp))
	return onBus(ads1115.Describe(), options,
		func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
			return s.adc(bus).Input(s.input("channel")), nil
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
		c.ShuntMilli, err = parseShunt(s.text("shunt"))
		return c, err
	}
	m := onBus(loop420.Describe(), options,
		func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
			c, err := config(s)
			if err != nil {
				return nil, err
			}
			return loop420.New(s.adc(bus), s.input("channel"), c)
		})
	m.Descriptor.Addresses = ads1115.Describe().Addresses
	m.Channels = func(opts map[string]string) ([]drivers.Channel, error) {
		c, err := config(settings{options, opts})
		if err != nil {
			return nil, err
		}
		if _, err := loop420.New(nil, 0, c); err != nil {
			return nil, err
		}
		return channel(c.Quantity, c.Range), nil
	}
	return m
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
		return c, nil
	}
	m := onBus(ratiometric.Describe(), options,
		func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
			c, err := config(s)
			if err != nil {
				return nil, err
			}
			return ratiometric.New(s.adc(bus), c)
		})
	m.Descriptor.Addresses = ads1115.Describe().Addresses
	m.Channels = func(opts map[string]string) ([]drivers.Channel, error) {
		c, err := config(settings{options, opts})
		if err != nil {
			return nil, err
		}
		if _, err := ratiometric.New(nil, c); err != nil {
			return nil, err
		}
		return channel(c.Quantity, c.Range), nil
	}
	return m
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
		if full := s.fullScale(); c.Microvolts >= full {
			return c, fmt.Errorf("range: an open loop has %s, and %s cannot show it",
				drivers.Voltage.Text(c.Microvolts), drivers.Voltage.Text(full))
		}
		return c, nil
	}
	m := onBus(eolloop.Describe(), options,
		func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
			c, err := config(s)
			if err != nil {
				return nil, err
			}
			return eolloop.New(s.adc(bus), c)
		})
	m.Descriptor.Addresses = ads1115.Describe().Addresses
	m.Channels = func(opts map[string]string) ([]drivers.Channel, error) {
		c, err := config(settings{options, opts})
		if err != nil {
			return nil, err
		}
		_, err = eolloop.New(nil, c)
		return eolloop.Describe().Channels, err
	}
	return m
}

func channel(q drivers.Quantity, ends func() (int64, int64)) []drivers.Channel {
	least, largest := ends()
	return []drivers.Channel{{Name: q.String(), Quantity: q, Min: least, Max: largest}}
}
