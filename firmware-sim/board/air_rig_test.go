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
	"bme280": func(b *Board) *rig {
		return bmx280Rig(b, chip.NewBME280(b.Now), [3][]int64{
			{25_000, 100_000, 50_000}, {60_000, 95_000, 20_000}, {30_000, 101_000, 40_000}})
	},
	"bmp280": func(b *Board) *rig {
		return bmx280Rig(b, chip.NewBMP280(b.Now), [3][]int64{
			{25_000, 100_000}, {60_000, 95_000}, {30_000, 101_000}})
	},
	"sgp30": func(b *Board) *rig {
		c := chip.NewSGP30(b.Now)
		r := busRig(b, 0x58, c, &c.Part)
		r.truth = [3][]int64{{50, 450_000}, {900, 1_200_000}, {300, 700_000}}
		r.size, r.stuck = 5_000, 2_000
		r.show = func(s scene) { c.SetAir(r.truth[s][0], r.truth[s][1]/1000) }
		return r
	},
	"sen50": func(b *Board) *rig { return sen5xRig(b, "SEN50", 4) },
	"sen54": func(b *Board) *rig { return sen5xRig(b, "SEN54", 7) },
	"sen55": func(b *Board) *rig { return sen5xRig(b, "SEN55", 8) },
	"amg8833": func(b *Board) *rig {
		c := chip.NewAMG8833(b.Now)
		r := busRig(b, 0x69, c, &c.Part)
		r.truth = [3][]int64{{30_000, 21_000}, {160_000, 35_000}, {50_000, 25_000}}
		r.within, r.size, r.stuck = 125, 5_000, 90_000
		r.show = func(s scene) {
			c.SetHottest(r.truth[s][0])
			c.SetRoom(r.truth[s][1])
		}
		return r
	},
}

func bmx280Rig(b *Board, c *chip.BMX280, truth [3][]int64) *rig {
	r := busRig(b, 0x76, c, &c.Part)
	r.truth, r.within, r.size, r.stuck = truth, 16, 5_000, 40_000
	r.show = func(s scene) {
		c.SetTemperature(truth[s][0])
		c.SetPressure(truth[s][1])
		if len(truth[s]) > 2 {
			c.SetHumidity(truth[s][2])
		}
	}
	return r
}

// sen5xRig is one of the SEN5x, with its first n channels.
func sen5xRig(b *Board, product string, n int) *rig {
	c := chip.NewSEN5x(b.Now, product)
	r := busRig(b, 0x69, c, &c.Part)
	air := [3]chip.Aerosol{chip.Smoke(90_000), chip.Smoke(50_000), chip.Smoke(70_000)}
	rest := [3][4]int64{{50_000, 25_000, 90_000, 20_000}, {20_000, 60_000, 80_000, 10_000},
		{40_000, 30_000, 85_000, 15_000}}
	for s, a := range air {
		all := append([]int64{a.PM1, a.PM25, a.PM4, a.PM10}, rest[s][:]...)
		r.truth[s] = all[:n]
	}
	r.within, r.warming, r.partial = 50, true, true
	r.size, r.stuck = 30_000, 75_000
	r.show = func(s scene) {
		c.SetAir(air[s])
		c.SetHumidity(rest[s][0])
		c.SetTemperature(rest[s][1])
		c.SetGases(rest[s][2], rest[s][3])
	}
	return r
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
