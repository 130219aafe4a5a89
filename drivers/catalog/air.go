package catalog

import (
	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/sen5x"
	"github.com/firepost/firepost/drivers/sgp30"
	"github.com/firepost/firepost/drivers/sgp40"
)

// airModels are the parts that measure what is in the air: vapours and dust.
func airModels() []SensorModel {
	return []SensorModel{
		plainModel(sgp40.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
			return sgp40.New(bus, addr)
		}),
		plainModel(sgp30.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
			return sgp30.New(bus, addr)
		}),
		sen5xModel(sen5x.SEN50),
		sen5xModel(sen5x.SEN54),
		sen5xModel(sen5x.SEN55),
	}
}

func sen5xModel(kind sen5x.Kind) SensorModel {
	return plainModel(sen5x.Describe(kind), func(bus i2c.Bus, addr uint16) drivers.Sensor {
		return sen5x.New(bus, addr, kind)
	})
}
