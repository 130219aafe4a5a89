package catalog

import (
	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/amg8833"
	"github.com/firepost/firepost/drivers/mlx90614"
)

// infraredModels are the parts that see heat from afar.
func infraredModels() []SensorModel {
	return []SensorModel{
		plainModel(mlx90614.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
			return mlx90614.New(bus, addr)
		}),
		plainModel(amg8833.Describe(), func(bus i2c.Bus, addr uint16) drivers.Sensor {
			return amg8833.New(bus, addr)
		}),
	}
}
