package catalog

import (
	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/sgp40"
)

// airModels are the parts that measure what is in the air: vapours and dust.
func airModels() []SensorModel {
	return []SensorModel{
		plainModel(sgp40.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
			return sgp40.New(bus, addr)
		}),
	}
}
