package catalog

import (
	"errors"
	"fmt"
	"strconv"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ina2xx"
	"github.com/firepost/firepost/drivers/leakrope"
	"github.com/firepost/firepost/drivers/max3010x"
	"github.com/firepost/firepost/drivers/mq"
)

// probeModels are what reaches into air and water: gas, leaks, smoke on trial.
func probeModels() []SensorModel {
	return []SensorModel{mqModel(), leakRopeModel(), chamberModel()}
}

func mqModel() SensorModel {
	options := append(onADC("6.144 V"), inputOption("channel", "0", inputHelp),
		Option{Name: "part", Required: true, Check: chosen(mq.Parts()...),
			Help: `write which part it is, such as part = "mq-2"`},
		Option{Name: "gas", Required: true, Check: chosen(mq.Gases()...),
			Help: `write the gas that is expected, such as gas = "lpg"`},
		requiredVoltage("clean_air", "0.6 V", "the load in clean air, with the part warm for a day"),
		voltageOption("voltage", "5 V", "the supply of the part"),
		Option{Name: "heater", Number: true,
			Help: `write the I²C address of an INA219 that measures the current of the heater ` +
				`over 100 mΩ, such as heater = "0x40"; leave it out when none does`,
			Check: addressOption(ina2xx.Describe(ina2xx.INA219, heaterShunt), "0x40").Check})
	config := func(s settings) (c mq.Config, err error) {
		c.Part, c.Gas, c.Channel = s.text("part"), s.text("gas"), s.input("channel")
		var errs [2]error
		c.Supply, errs[0] = s.voltage("voltage")
		c.CleanAir, errs[1] = s.voltage("clean_air")
		if err = errors.Join(errs[:]...); err == nil {
			_, err = mq.New(nil, c)
		}
		return c, err
	}
	m := onConverter(mq.Describe(), options, config,
		func(at joint, s settings, c mq.Config) (drivers.Sensor, error) {
			if s.text("heater") != "" {
				addr, err := strconv.ParseUint(s.text("heater"), 0, 16)
				if err != nil {
					return nil, err
				}
				c.Heater, err = ina2xx.New(at.bus, uint16(addr), ina2xx.INA219, heaterShunt)
				if err != nil {
					return nil, err
				}
			}
			return mq.New(at.adc, c)
		},
		func(mq.Config) []drivers.Channel { return mq.Describe().Channels })
	m.Also = func(opts map[string]string) []Seat {
		s := settings{options, opts}
		addr, err := strconv.ParseUint(s.text("heater"), 0, 16)
		if err != nil {
			return nil // it has none
		}
		path := s.bus()
		return []Seat{{"i2c:" + path.root, Spot{path, uint16(addr)}.String()}}
	}
	return m
}

// heaterShunt is the shunt of the boards that carry an INA219, in µΩ.
const heaterShunt = 100_000

// chamberModel is an optical chamber that is not proven.
func chamberModel() SensorModel {
	return plainModel(max3010x.Describe(), func(bus i2c.Bus, _ uint16) drivers.Sensor {
		return max3010x.New(bus)
	})
}

func leakRopeModel() SensorModel {
	options := append(onADC("4.096 V"), inputOption("channel", "0", inputHelp),
		driveOption("drive_a", "GPIO20", "through the series resistor"),
		driveOption("drive_b", "GPIO21", "at the second wire"),
		voltageOption("voltage", "3.3 V", "a line at High"),
		resistorOption("series", "100 kΩ", "the resistor between line and rope"),
		resistorOption("end_of_line", "1000 kΩ", "the resistor at the end of the rope"),
		resistorOption("wet", "50 kΩ", "what a wet rope has at most"))
	config := func(s settings) (c leakrope.Config, err error) {
		c.Channel = s.input("channel")
		var errs [4]error
		c.Supply, errs[0] = s.voltage("voltage")
		c.Series, errs[1] = s.ohms("series")
		c.End, errs[2] = s.ohms("end_of_line")
		c.Wet, errs[3] = s.ohms("wet")
		if err := errors.Join(errs[:]...); err != nil {
			return c, err
		}
		if s.text("drive_a") == s.text("drive_b") {
			return c, errors.New("drive_b: it is the same line as drive_a")
		}
		if err := s.shows(c.Supply); err != nil {
			return c, err
		}
		_, err = leakrope.New(nil, nil, nil, c)
		return c, err
	}
	m := onConverter(leakrope.Describe(), options, config,
		func(at joint, s settings, c leakrope.Config) (drivers.Sensor, error) {
			a, err := at.board.Line(s.text("drive_a"), drivers.LineConfig{Output: true})
			if err != nil {
				return nil, err
			}
			b, err := at.board.Line(s.text("drive_b"), drivers.LineConfig{Output: true})
			if err != nil {
				return nil, errors.Join(err, a.Close())
			}
			rope, err := leakrope.New(a, b, at.adc, c)
			if err != nil {
				return nil, errors.Join(err, a.Close(), b.Close())
			}
			return rope, nil
		},
		func(leakrope.Config) []drivers.Channel { return leakrope.Describe().Channels })
	m.Also = func(opts map[string]string) (lines []Seat) {
		for _, key := range []string{"drive_a", "drive_b"} {
			bus, chip := placeOnLine(map[string]string{"line": opts[key]})
			lines = append(lines, Seat{bus, chip})
		}
		return lines
	}
	return m
}

// driveOption is a line that a part drives beside its bus.
func driveOption(name, usual, where string) Option {
	o := lineOption(usual)
	o.Name = name
	o.Help = fmt.Sprintf("write %s = %q, the line that drives the rope %s", name, usual, where)
	return o
}
