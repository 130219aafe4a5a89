package board

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/firmware-sim/chip"
)

// mqRig is an MQ-2 with a healthy heater.
func mqRig(b *Board) *rig {
	ina := chip.NewINA219(b.Now)
	ina.SetBus(5_000_000)
	ina.SetShunt(15_000)
	b.Bus("i2c-1").Attach(0x40, ina)
	const supply, clean = 5_000_000.0, 600_000.0
	microvolts := [3]int64{clean, 3_000_000, 2_000_000}
	r := adcRig(b, map[string]string{"part": "mq-2", "gas": "lpg", "clean_air": "0.6 V",
		"heater": "0x40"}, microvolts)
	for s, v := range microvolts {
		ratio := 9.83 * (supply - float64(v)) / float64(v) / ((supply - clean) / clean)
		r.truth[s] = []int64{int64(574_250 * math.Pow(ratio, -2.222)), int64(1000 * ratio)}
	}
	r.within = 200
	return r
}

// A part whose heater is off, or whose heater nobody can measure, tells nothing of the gas.
func TestColdHeaterIsNoCleanAir(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "mq")
		heater := r.board.Bus("i2c-1").at(0x40)[0].(*chip.INA2xx)
		for _, c := range []struct {
			shunt int64
			want  verdict
		}{{15_000, right}, {0, outOfRange}, {-15_000, outOfRange}, {60_000, outOfRange},
			{16_900, right}} {
			heater.SetShunt(c.shunt)
			if got := r.watch(5*time.Second, before); !slices.Equal(got, []verdict{c.want}) {
				t.Errorf("%d µV over the shunt: got %v, want %v", c.shunt, got, c.want)
			}
		}
		fail(t, heater.Inject(chip.Fault{Kind: chip.Absent}))
		if got := r.watch(5*time.Second, before); !slices.Equal(got, []verdict{noDevice}) {
			t.Errorf("without an INA219: got %v", got)
		}
	})
}

func max3010xRig(b *Board) *rig {
	c := chip.NewMAX30102(b.Now)
	r := busRig(b, 0x57, c, &c.Part)
	r.truth = [3][]int64{{50_000, 20_000}, {90_000, 40_000}, {60_000, 30_000}}
	r.within, r.size, r.stuck = 200, 5_000, 77_777
	r.show = func(s scene) { c.SetLight(r.truth[s][0], r.truth[s][1]) }
	return r
}

// leakRopeRig is the circuit of a rope: what the lines drive decides what the ADC sees.
func leakRopeRig(b *Board) *rig {
	adc := chip.NewADS1115(b.Now)
	r := busRig(b, 0x48, adc, &adc.Part)
	r.opts = map[string]string{"drive_a": "GPIO20", "drive_b": "GPIO21"}
	r.truth = [3][]int64{{0}, {1}, {0}}
	r.size, r.stuck, r.open = 400_000, 3_000_000, 3_300_000
	ohms := int64(1_000_000)
	wire := func(Change) {
		const supply, series = 3_300_000, 100_000
		var a, c int64
		if high, _ := b.Pin("GPIO20").Driven(); high {
			a = supply
		}
		if high, _ := b.Pin("GPIO21").Driven(); high {
			c = supply
		}
		adc.SetInput(0, c+(a-c)*ohms/(ohms+series))
	}
	b.Pin("GPIO20").OnChange(wire)
	b.Pin("GPIO21").OnChange(wire)
	r.show = func(s scene) {
		ohms = [3]int64{1_000_000, 20_000, 900_000}[s]
		wire(Change{})
	}
	return r
}
