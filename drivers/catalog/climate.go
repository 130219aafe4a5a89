package catalog

import (
	"fmt"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/aht20"
	"github.com/firepost/firepost/drivers/bmx280"
	"github.com/firepost/firepost/drivers/sht3x"
)

// climateModels are the parts that measure the air: temperature, humidity, pressure.
func climateModels() []SensorModel {
	return []SensorModel{
		plainModel(sht3x.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
			return sht3x.New(bus, addr)
		}),
		plainModel(aht20.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
			return aht20.New(bus, addr)
		}),
		bmx280Model(bmx280.BME280),
		bmx280Model(bmx280.BMP280),
	}
}

func bmx280Model(kind bmx280.Kind) SensorModel {
	return plainModel(bmx280.Describe(kind), func(bus i2c.Bus, addr uint16) drivers.Sensor {
		return bmx280.New(bus, addr, kind)
	})
}

// plainModel is a part on an I²C bus that has no options but its place. Its usual address is the
// first of its descriptor.
func plainModel(d drivers.Descriptor, open func(i2c.Bus, uint16) drivers.Sensor) SensorModel {
	usual := fmt.Sprintf("%#x", d.Addresses[0])
	return onBus(d, []Option{busOption(), addressOption(d, usual)},
		func(bus i2c.Bus, s settings) (drivers.Sensor, error) { return open(bus, s.address()), nil })
}
