package board

import (
	"time"

	"github.com/firepost/firepost/firmware-sim/chip"
)

func dfgasRig(b *Board) *rig {
	module := chip.NewDFGas(b.Now, chip.CellCO())
	r := busRig(b, 0x74, module, &module.Part)
	ppm := [3]int64{500, 900, 700}
	r.opts = map[string]string{"gas": "co"}
	r.truth = [3][]int64{{500_000}, {900_000}, {700_000}}
	r.size, r.stuck = 50, 77
	r.show = func(s scene) { module.SetAmount(ppm[s]) }
	return r
}

func scd4xRig(b *Board) *rig {
	scd := chip.NewSCD4x(b.Now)
	r := busRig(b, 0x62, scd, &scd.Part)
	r.truth = [3][]int64{{600_000, 25_000, 50_000}, {1_400_000, 30_000, 30_000},
		{1_000_000, 27_000, 40_000}}
	r.within, r.size, r.stuck, r.lag = 3, 500, 1_000, 5*time.Second
	r.show = func(s scene) {
		scd.SetCO2(r.truth[s][0] / 1000)
		scd.SetTemperature(r.truth[s][1])
		scd.SetHumidity(r.truth[s][2])
	}
	return r
}

func pulsesRig(b *Board) *rig {
	pin := b.Pin("GPIO27")
	periods := [3]time.Duration{50 * time.Millisecond, 16 * time.Millisecond, 40 * time.Millisecond}
	return &rig{
		board: b, opts: map[string]string{"line": "GPIO27"},
		truth:  [3][]int64{{2667}, {8333}, {3333}},
		within: 15, // an edge more or less in 10 s
		lag:    10 * time.Second,
		inject: pin.Fail,
		show:   func(s scene) { pin.Pulse(periods[s]) },
	}
}
