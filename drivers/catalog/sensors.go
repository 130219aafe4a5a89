package catalog

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ads1115"
	"github.com/firepost/firepost/drivers/contact"
	"github.com/firepost/firepost/drivers/loop420"
	"github.com/firepost/firepost/drivers/ratiometric"
	"github.com/firepost/firepost/drivers/relay"
	"github.com/firepost/firepost/drivers/sht4x"
	"github.com/firepost/firepost/drivers/sps30"
)

// Sensors returns every part that can be read, by the name of its model. The map is the caller's.
func Sensors() map[string]SensorModel {
	all := map[string]SensorModel{}
	for _, m := range []SensorModel{
		contactModel(), sht4xModel(), sps30Model(), voltageModel(), loopModel(), ratiometricModel(),
	} {
		all[m.Descriptor.Model] = m
	}
	return all
}

// Outputs returns every part that can be switched, by the name of its model. The map is the
// caller's.
func Outputs() map[string]OutputModel {
	all := map[string]OutputModel{}
	for _, m := range []OutputModel{relayModel()} {
		all[m.Descriptor.Model] = m
	}
	return all
}

func contactModel() SensorModel {
	options := []Option{lineOption("GPIO17"), levelOption("abnormal", "low", "abnormal"),
		debounceOption(), biasOption()}
	return SensorModel{
		Descriptor: contact.Describe(),
		Options:    options,
		Place:      placeOnLine,
		Open: func(b Board, opts map[string]string) (drivers.Sensor, error) {
			s := settings{options, opts}
			if err := s.check(); err != nil {
				return nil, err
			}
			debounce, err := parseDebounce(s.text("debounce"))
			if err != nil {
				return nil, err
			}
			line, err := b.Line(s.text("line"), drivers.LineConfig{
				Bias: biases[s.text("pull")], Debounce: debounce,
			})
			if err != nil {
				return nil, err
			}
			return contact.New(line, contact.Level(s.text("abnormal") == "high")), nil
		},
	}
}

func relayModel() OutputModel {
	options := []Option{lineOption("GPIO5"), levelOption("active", "high", "on")}
	return OutputModel{
		Descriptor: relay.Describe(),
		Options:    options,
		Place:      placeOnLine,
		Open: func(b Board, opts map[string]string, on bool) (drivers.Output, error) {
			s := settings{options, opts}
			if err := s.check(); err != nil {
				return nil, err
			}
			active := relay.Level(s.text("active") == "high")
			line, err := b.Line(s.text("line"), relay.First(active, on))
			if err != nil {
				return nil, err
			}
			return relay.New(line, active), nil
		},
	}
}

func placeOnLine(opts map[string]string) (bus, chip string) {
	return "line:" + opts["line"], "line:" + opts["line"]
}

func sht4xModel() SensorModel {
	d := sht4x.Describe()
	return onBus(d, []Option{busOption(), addressOption(d, "0x44")},
		func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
			return sht4x.New(bus, s.address()), nil
		})
}

func sps30Model() SensorModel {
	d := sps30.Describe()
	return onBus(d, []Option{busOption(), addressOption(d, "0x69")},
		func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
			return sps30.New(bus, s.address()), nil
		})
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

func (s settings) adc(bus i2c.Bus) *ads1115.Dev {
	for _, r := range ads1115.Ranges() {
		if rangeText(r) == s.text("range") {
			return ads1115.New(bus, s.address(), r)
		}
	}
	return ads1115.New(bus, s.address(), ads1115.Range6144mV)
}

const inputHelp = `write the input of the ADC, such as channel = "0"; 0 to 3`

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
		Option{Name: "supply", Number: true, Check: chosen("0", "1", "2", "3"),
			Help: `write the input of the ADC that sees the 5 V of the transducer, ` +
				`such as supply = "3"; leave it out when none does`},
		quantityOption(),
		valueOption("low", `write the value at 0.5 V, such as low = "0 MPa"`),
		valueOption("high", `write the value at 4.5 V, such as high = "1.2 MPa"`))
	config := func(s settings) (c ratiometric.Config, err error) {
		if c.Quantity, c.Low, c.High, err = s.span("low", "high"); err != nil {
			return c, err
		}
		c.Signal, c.Supply = s.input("channel"), ratiometric.NoSupply
		if s.text("supply") != "" {
			c.Supply = s.input("supply")
		}
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

func channel(q drivers.Quantity, ends func() (int64, int64)) []drivers.Channel {
	least, largest := ends()
	return []drivers.Channel{{Name: q.String(), Quantity: q, Min: least, Max: largest}}
}

// onBus makes the model of a part on an I²C bus.
func onBus(d drivers.Descriptor, options []Option,
	open func(i2c.Bus, settings) (drivers.Sensor, error)) SensorModel {
	return SensorModel{
		Descriptor: d,
		Options:    options,
		Place: func(opts map[string]string) (bus, chip string) {
			s := settings{options, opts}
			name := busName(s.text("bus"))
			return "i2c:" + name, name + "/0x" + strconv.FormatUint(uint64(s.address()), 16)
		},
		Open: func(b Board, opts map[string]string) (drivers.Sensor, error) {
			s := settings{options, opts}
			if err := s.check(); err != nil {
				return nil, err
			}
			bus, err := b.I2C(busName(s.text("bus")))
			if err != nil {
				return nil, err
			}
			sensor, err := open(bus, s)
			if err != nil {
				closeBus(bus)
				return nil, err
			}
			return &owner{sensor, bus}, nil
		},
	}
}

// owner is a sensor that closes its bus.
type owner struct {
	sensor drivers.Sensor
	bus    i2c.Bus
}

func (o *owner) Start() (time.Duration, error) { return o.sensor.Start() }

func (o *owner) Read(dst []drivers.Sample) ([]drivers.Sample, error) { return o.sensor.Read(dst) }

// Close gives the bus back.
func (o *owner) Close() error { return closeBus(o.bus) }

func closeBus(bus i2c.Bus) error {
	if c, ok := bus.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
