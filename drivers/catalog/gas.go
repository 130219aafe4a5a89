package catalog

import (
	"fmt"
	"strconv"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/dfgas"
	"github.com/firepost/firepost/drivers/pulses"
	"github.com/firepost/firepost/drivers/scd4x"
)

// gasModels are the parts that measure gas and water.
func gasModels() []SensorModel {
	return []SensorModel{dfgasModel(), scd4xModel(), pulsesModel()}
}

func scd4xModel() SensorModel {
	return plainModel(scd4x.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
		return scd4x.New(bus, addr)
	})
}

func dfgasModel() SensorModel {
	d := dfgas.Describe()
	names := make([]string, 0, len(dfgas.Gases()))
	for _, g := range dfgas.Gases() {
		names = append(names, g.Name)
	}
	options := []Option{busOption(), addressOption(d, "0x74"),
		{Name: "gas", Required: true, Check: chosen(names...),
			Help: `write the gas that the module is made for, such as gas = "co"`}}
	m := onBus(d, options, func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
		return dfgas.New(bus, s.address(), s.gas()), nil
	})
	m.Channels = func(opts map[string]string) ([]drivers.Channel, error) {
		return []drivers.Channel{settings{options, opts}.gas().Channel()}, nil
	}
	return m
}

// gas is the gas of a module; its name was checked.
func (s settings) gas() dfgas.Gas {
	all := dfgas.Gases()
	for _, g := range all {
		if g.Name == s.text("gas") {
			return g
		}
	}
	return all[0]
}

func pulsesModel() SensorModel {
	debounce := debounceOption()
	debounce.Default = "0 ms" // a meter's wheel does not bounce, and is faster than a contact
	options := []Option{lineOption("GPIO27"), debounce, biasOption(), litreOption()}
	return onLine(pulses.Describe(), options,
		func(b Board, l drivers.Line, s settings) (drivers.Sensor, error) {
			litre, err := parseLitre(s.text("pulses_per_litre"))
			if err != nil {
				return nil, err
			}
			return pulses.New(l, litre, clockOf(b))
		})
}

func litreOption() Option {
	usual := strconv.Itoa(pulses.Litre)
	return Option{Name: "pulses_per_litre", Default: usual, Number: true,
		Help: `write how many pulses the meter gives for a litre, such as ` +
			`pulses_per_litre = "450"`,
		Check: func(text string) error {
			_, err := parseLitre(text)
			return err
		}}
}

func parseLitre(text string) (int64, error) {
	litre, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number; write \"%d\"", text, pulses.Litre)
	}
	if litre < pulses.MinLitre || litre > pulses.MaxLitre {
		return 0, fmt.Errorf("%q is not within %d to %d; write \"%d\"", text, pulses.MinLitre,
			pulses.MaxLitre, pulses.Litre)
	}
	return litre, nil
}

// clockOf is the clock of a board: a simulated one has its own.
func clockOf(b Board) func() time.Duration {
	if c, ok := b.(interface{ Now() time.Duration }); ok {
		return c.Now
	}
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}
