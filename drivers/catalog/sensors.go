package catalog

import (
	"errors"
	"io"
	"slices"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/contact"
	"github.com/firepost/firepost/drivers/relay"
	"github.com/firepost/firepost/drivers/sht4x"
	"github.com/firepost/firepost/drivers/sps30"
)

// Sensors returns every part that can be read, by the name of its model. The map is the caller's.
func Sensors() map[string]SensorModel {
	all := map[string]SensorModel{}
	for _, m := range slices.Concat([]SensorModel{contactModel(), sht4xModel(), sps30Model()},
		adcModels(),
		powerModels(),
		probeModels(),
		expanderModels(),
		gasModels(),
		climateModels(),
		airModels(),
		infraredModels(),
	) {
		all[m.Descriptor.Model] = m
	}
	return all
}

// Outputs returns every part that can be switched, by the name of its model. The map is the
// caller's.
func Outputs() map[string]OutputModel {
	all := map[string]OutputModel{}
	for _, m := range slices.Concat([]OutputModel{relayModel()},
		expanderOutputs(),
	) {
		all[m.Descriptor.Model] = m
	}
	return all
}

func contactModel() SensorModel {
	options := []Option{lineOption("GPIO17"), levelOption("abnormal", "low", "abnormal"),
		debounceOption(), biasOption()}
	return onLine(contact.Describe(), options,
		func(_ Board, l drivers.Line, s settings) (drivers.Sensor, error) {
			return contact.New(l, contact.Level(s.text("abnormal") == "high")), nil
		})
}

// onLine makes the model of a part on a digital line. The options pull and debounce are the line's.
func onLine(d drivers.Descriptor, options []Option,
	open func(Board, drivers.Line, settings) (drivers.Sensor, error)) SensorModel {
	return SensorModel{
		Descriptor: d,
		Options:    options,
		Place:      placeOnLine,
		Open: func(b Board, opts map[string]string) (drivers.Sensor, error) {
			s := settings{options, opts}
			if err := s.check(); err != nil {
				return nil, err
			}
			line, err := b.Line(s.text("line"), drivers.LineConfig{
				Bias: biases[s.text("pull")], Debounce: s.debounce(),
			})
			if err != nil {
				return nil, err
			}
			sensor, err := open(b, line, s)
			if err != nil {
				return nil, errors.Join(err, line.Close())
			}
			return sensor, nil
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
	return plainModel(sht4x.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
		return sht4x.New(bus, addr)
	})
}

func sps30Model() SensorModel {
	return plainModel(sps30.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
		return sps30.New(bus, addr)
	})
}

// onBus makes the model of a part on an I²C bus.
func onBus(d drivers.Descriptor, options []Option,
	open func(i2c.Bus, settings) (drivers.Sensor, error)) SensorModel {
	return onBusAndLines(d, options, func(_ Board, bus i2c.Bus, s settings) (drivers.Sensor, error) {
		return open(bus, s)
	})
}

// onBusAndLines makes the model of a part on an I²C bus that may use lines of the board as well.
func onBusAndLines(d drivers.Descriptor, options []Option,
	open func(Board, i2c.Bus, settings) (drivers.Sensor, error)) SensorModel {
	return SensorModel{
		Descriptor: d,
		Options:    options,
		Place: func(opts map[string]string) (bus, chip string) {
			s := settings{options, opts}
			path := s.bus()
			return "i2c:" + path.root, Spot{path, s.address()}.String()
		},
		Open: func(b Board, opts map[string]string) (drivers.Sensor, error) {
			s := settings{options, opts}
			if err := s.check(); err != nil {
				return nil, err
			}
			bus, err := s.bus().open(b)
			if err != nil {
				return nil, err
			}
			sensor, err := open(b, bus, s)
			if err != nil {
				closeBus(bus)
				return nil, err
			}
			return &owner{sensor, bus}, nil
		},
	}
}

// owner is a sensor that closes its bus, behind itself.
type owner struct {
	sensor drivers.Sensor
	bus    i2c.Bus
}

func (o *owner) Start() (time.Duration, error) { return o.sensor.Start() }

func (o *owner) Read(dst []drivers.Sample) ([]drivers.Sample, error) { return o.sensor.Read(dst) }

// Probe asks the part for its identity, if it has one.
func (o *owner) Probe() error {
	if p, ok := o.sensor.(drivers.Prober); ok {
		return p.Probe()
	}
	return nil
}

// Close gives back what the sensor holds, then the bus.
func (o *owner) Close() error {
	var err error
	if c, ok := o.sensor.(io.Closer); ok {
		err = c.Close()
	}
	return errors.Join(err, closeBus(o.bus))
}

func closeBus(bus i2c.Bus) error {
	if c, ok := bus.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
