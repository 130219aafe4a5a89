package board

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/chip"
)

func mcp342xRig(b *Board) *rig {
	adc := chip.NewMCP3424(b.Now)
	r := busRig(b, 0x68, adc, &adc.Part)
	r.truth = [3][]int64{{1_000_000}, {1_800_000}, {1_500_000}}
	r.within, r.size, r.stuck, r.open = 32, 50_000, 900_000, 2_000_000
	r.show = func(s scene) { adc.SetInput(0, r.truth[s][0]) }
	return r
}

func ds3231Rig(b *Board) *rig {
	c := chip.NewDS3231(b.Now)
	r := busRig(b, 0x68, c, &c.Part)
	r.truth = [3][]int64{{25_000, 0}, {60_000, 0}, {30_000, 0}}
	r.within, r.size, r.stuck = 125, 5_000, 15_000
	r.show = func(s scene) {
		c.SetTemperature(r.truth[s][0])
		if s == after {
			c.SetTime()
		}
	}
	return r
}

func mainsRig(b *Board) *rig {
	pin := b.Pin("GPIO22")
	return &rig{
		board: b, opts: map[string]string{"line": "GPIO22"},
		truth:  [3][]int64{{0}, {1}, {0}},
		inject: pin.Fail,
		show: func(s scene) {
			if s == during {
				pin.Pulse(0)
			} else {
				pin.Pulse(10 * time.Millisecond)
			}
		},
	}
}

// What hangs on a converter reads the same on either of the two, with a divider where the voltage
// is too high for it.
func TestTransducersHangOnEitherConverter(t *testing.T) {
	const divider = "2.5"
	for _, c := range []struct {
		model      string
		opts       map[string]string
		microvolts int64 // before the divider
		want       drivers.Sample
		within     int64
	}{
		{"loop-4-20ma", map[string]string{"quantity": "combustible", "at4": "0 %LEL",
			"at20": "100 %LEL"}, 1_800_000,
			drivers.Sample{Quantity: drivers.Combustible, Value: 50_000}, 10},
		{"ratiometric", map[string]string{"quantity": "pressure", "low": "0 MPa",
			"high": "1.2 MPa"}, 2_500_000,
			drivers.Sample{Quantity: drivers.Pressure, Value: 600_000}, 60},
		{"eol-loop", nil, 492_537, drivers.Sample{Quantity: drivers.Contact, Value: 1}, 0},
		{"eol-loop", nil, 1_650_000, drivers.Sample{Quantity: drivers.Contact, Value: 0}, 0},
	} {
		for _, adc := range []string{"ads1115", "mcp342x"} {
			synctest.Test(t, func(t *testing.T) {
				b := New(Options{})
				exact, usual := chip.NewMCP3424(b.Now), chip.NewADS1115(b.Now)
				exact.SetInput(0, c.microvolts*2/5)
				usual.SetInput(0, c.microvolts*2/5)
				b.Bus("i2c-1").Attach(0x68, exact)
				b.Bus("i2c-1").Attach(0x48, usual)
				opts := map[string]string{"adc": adc, "divider": divider}
				for k, v := range c.opts {
					opts[k] = v
				}
				sensor, err := catalog.Sensors()[c.model].Open(b, opts)
				fail(t, err)
				wait, err := sensor.Start()
				fail(t, err)
				time.Sleep(wait)
				got, err := sensor.Read(nil)
				if err != nil || len(got) != 1 || got[0].Quantity != c.want.Quantity ||
					max(got[0].Value-c.want.Value, c.want.Value-got[0].Value) > c.within {
					t.Errorf("%s on %s: got %v, %v, want %v", c.model, adc, got, err, c.want)
				}
			})
		}
	}
}

// A clock whose battery was empty says that its time means nothing.
func TestEmptyBatteryIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "ds3231")
		r.board.Bus("i2c-1").at(0x68)[0].(*chip.DS3231).EmptyBattery()
		r.truth[before][1] = 1
		if got := r.watch(10*time.Second, before); !slices.Contains(got, right) || len(got) != 1 {
			t.Errorf("got %v, want it told", got)
		}
	})
}
