package catalog

import (
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/ds3231"
	"github.com/firepost/firepost/drivers/ina2xx"
	"github.com/firepost/firepost/drivers/mains"
)

// powerModels are the parts that watch a supply.
func powerModels() []SensorModel {
	return []SensorModel{inaModel(ina2xx.INA219), inaModel(ina2xx.INA226), mainsModel(), clockModel()}
}

func clockModel() SensorModel {
	return plainModel(ds3231.Describe(), func(bus i2c.Bus, _ uint16) drivers.Sensor {
		return ds3231.New(bus)
	})
}

func mainsModel() SensorModel {
	return onLine(mains.Describe(), []Option{lineOption("GPIO22"), biasOption()},
		func(_ Board, l drivers.Line, _ settings) (drivers.Sensor, error) { return mains.New(l), nil })
}

func inaModel(t ina2xx.Type) SensorModel {
	const usual = "100 mΩ"
	micro, _ := parseMicroOhms(usual)
	d := ina2xx.Describe(t, micro)
	options := []Option{busOption(), addressOption(d, "0x40"), {
		Name: "shunt", Default: usual, Number: true,
		Help: fmt.Sprintf("write the resistor that the current flows through, such as shunt = %q",
			usual),
		Check: func(text string) error {
			_, err := parseMicroOhms(text)
			return err
		}}}
	m := onBus(d, options, func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
		micro, err := parseMicroOhms(s.text("shunt"))
		if err != nil {
			return nil, err
		}
		return ina2xx.New(bus, s.address(), t, micro)
	})
	m.Channels = func(opts map[string]string) ([]drivers.Channel, error) {
		micro, err := named("shunt")(parseMicroOhms(settings{options, opts}.text("shunt")))
		return ina2xx.Describe(t, micro).Channels, err
	}
	return m
}

// parseMicroOhms reads the shunt of an INA and returns µΩ.
func parseMicroOhms(text string) (int64, error) {
	micro, err := drivers.ParseUnits(text, []drivers.Unit{
		{Symbol: "mΩ", Scale: 1000}, {Symbol: "Ω", Scale: 1_000_000},
		{Symbol: "ohm", Scale: 1_000_000},
	})
	if err != nil {
		return 0, err
	}
	if micro < ina2xx.MinShunt || micro > ina2xx.MaxShunt {
		return 0, fmt.Errorf("%q is not within 0.1 mΩ to 100 Ω; write %q", text, "100 mΩ")
	}
	return micro, nil
}
