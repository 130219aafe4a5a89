package board

import (
	"github.com/firepost/firepost/firmware-sim/chip"
)

// airRigs makes a rig for each model that measures air or heat.
var airRigs = map[string]func(b *Board) *rig{
	"sht3x": func(b *Board) *rig {
		c := chip.NewSHT3x(b.Now)
		r := busRig(b, 0x44, c, &c.Part)
		return r.climate(c.SetTemperature, c.SetHumidity)
	},
	"aht20": func(b *Board) *rig {
		c := chip.NewAHT20(b.Now)
		r := busRig(b, 0x38, c, &c.Part)
		return r.climate(c.SetTemperature, c.SetHumidity)
	},
	"sgp40": func(b *Board) *rig {
		c := chip.NewSGP40(b.Now)
		r := busRig(b, 0x59, c, &c.Part)
		r.truth = [3][]int64{{30_000}, {25_000}, {28_000}}
		r.size, r.stuck = 1_000, 15_000
		r.show = func(s scene) { c.SetSignal(r.truth[s][0]) }
		return r
	},
	"mlx90614": func(b *Board) *rig {
		c := chip.NewMLX90614(b.Now)
		r := busRig(b, 0x5A, c, &c.Part)
		r.truth = [3][]int64{{25_000, 21_000}, {160_000, 30_000}, {40_000, 25_000}}
		r.within, r.size, r.stuck = 10, 5_000, 15_000
		r.show = func(s scene) {
			c.SetObject(r.truth[s][0])
			c.SetHousing(r.truth[s][1])
		}
		return r
	},
}

// climate is a rig whose first two channels are temperature and humidity.
func (r *rig) climate(temperature, humidity func(int64)) *rig {
	r.truth = [3][]int64{{25_000, 50_000}, {60_000, 20_000}, {30_000, 40_000}}
	r.within, r.size, r.stuck = 3, 5_000, 15_000
	r.show = func(s scene) {
		temperature(r.truth[s][0])
		humidity(r.truth[s][1])
	}
	return r
}
