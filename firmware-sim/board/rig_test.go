package board

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// scene is one of the three things that a sensor is shown: before a fault, during it, after it.
type scene int

const (
	before scene = iota
	during
	after
)

// rig is a sensor of the catalog on a simulated board, with what it should read.
type rig struct {
	board   *Board
	sensor  drivers.Sensor
	part    *chip.Part // nil: it hangs on a line
	inject  func(f Fault) error
	show    func(scene)
	truth   [3][]int64    // values by scene
	within  int64         // how far a right value may be off
	warming bool          // values below the true one are right, zero is not
	partial bool          // channels may be missing
	lag     time.Duration // a value is the mean of so long
	size    int64         // of an error that is larger than the values differ
	stuck   int64         // a value that is none of the scenes'
	open    int64         // the voltage of its wire when that is cut
	model   catalog.SensorModel
	opts    map[string]string
	log     []attempted // since the fault, and since it was healed
}

// attempted is how an attempt to read ended, and when.
type attempted struct {
	at time.Time
	verdict
}

// busRig is a rig whose part hangs on the bus.
func busRig(b *Board, addr uint16, c chip.Chip, part *chip.Part) *rig {
	b.Bus("i2c-1").Attach(addr, c)
	return &rig{board: b, part: part, inject: b.Bus("i2c-1").Fail}
}

func adcRig(b *Board, opts map[string]string, microvolt [3]int64) *rig {
	adc := chip.NewADS1115(b.Now)
	r := busRig(b, 0x48, adc, &adc.Part)
	r.opts, r.size, r.stuck = opts, 50_000, 1_000_000
	r.show = func(s scene) { adc.SetInput(0, microvolt[s]) }
	return r
}

func inaRig(b *Board, ina *chip.INA2xx) *rig {
	r := busRig(b, 0x40, ina, &ina.Part)
	r.truth = [3][]int64{{12_000_000, 400_000}, {10_000_000, -200_000}, {11_000_000, 100_000}}
	r.size, r.stuck = 8_000, 60_000
	r.show = func(s scene) {
		ina.SetBus(r.truth[s][0])
		ina.SetShunt(r.truth[s][1] / 10) // of 100 mΩ
	}
	return r
}

// contactsRig is a rig with n contacts to ground on an expander; that of pin 2 closes.
func contactsRig(r *rig, n int, drive func(pin int, high bool), float func(pin int)) {
	r.stuck = 0xFFFF
	for s := range r.truth {
		r.truth[s] = make([]int64, n)
	}
	r.truth[during][2] = 1
	r.show = func(s scene) {
		if s == during {
			drive(2, false)
		} else {
			float(2)
		}
	}
}

// rigs makes a rig for each model of the catalog.
var rigs = func() map[string]func(b *Board) *rig {
	all := maps.Clone(firstRigs)
	maps.Copy(all, airRigs)
	return all
}()

// firstRigs makes a rig for each model that is part of the simulated sites.
var firstRigs = map[string]func(b *Board) *rig{
	"sht4x": func(b *Board) *rig {
		sht := chip.NewSHT4x(b.Now)
		r := busRig(b, 0x44, sht, &sht.Part)
		r.truth = [3][]int64{{25_000, 50_000}, {60_000, 20_000}, {30_000, 40_000}}
		r.within, r.size, r.stuck = 3, 5_000, 15_000
		r.show = func(s scene) {
			sht.SetTemperature(r.truth[s][0])
			sht.SetHumidity(r.truth[s][1])
		}
		return r
	},
	"sps30": func(b *Board) *rig {
		sps := chip.NewSPS30(b.Now)
		r := busRig(b, 0x69, sps, &sps.Part)
		air := [3]chip.Aerosol{chip.Smoke(90_000), chip.Smoke(50_000), chip.Smoke(70_000)}
		for s, a := range air {
			r.truth[s] = []int64{a.PM1, a.PM25, a.PM4, a.PM10, a.NC05, a.NC1, a.NC25, a.NC4, a.NC10,
				a.Size}
		}
		r.within, r.warming, r.size, r.stuck = 1, true, 500_000, 1_500_000
		r.show = func(s scene) { sps.SetAir(air[s]) }
		return r
	},
	"ads1115": func(b *Board) *rig {
		volts := [3]int64{1_000_000, 2_000_000, 1_500_000}
		r := adcRig(b, nil, volts)
		r.open = 4_000_000
		r.truth, r.within = [3][]int64{{volts[0]}, {volts[1]}, {volts[2]}}, 63
		return r
	},
	"loop-4-20ma": func(b *Board) *rig {
		r := adcRig(b, map[string]string{"quantity": "combustible", "at4": "0 %LEL",
			"at20": "100 %LEL"}, [3]int64{720_000, 1_800_000, 1_200_000})
		r.truth, r.within = [3][]int64{{5_000}, {50_000}, {25_000}}, 5
		return r
	},
	"ratiometric": func(b *Board) *rig {
		r := adcRig(b, map[string]string{"quantity": "pressure", "low": "0 MPa", "high": "1.2 MPa"},
			[3]int64{1_500_000, 3_500_000, 2_500_000})
		r.truth, r.within = [3][]int64{{300_000}, {900_000}, {600_000}}, 60
		return r
	},
	"ina219": func(b *Board) *rig { return inaRig(b, chip.NewINA219(b.Now)) },
	"ina226": func(b *Board) *rig { return inaRig(b, chip.NewINA226(b.Now)) },
	"mcp23017": func(b *Board) *rig {
		c := chip.NewMCP23017(b.Now)
		r := busRig(b, 0x20, c, &c.Part)
		contactsRig(r, 14, c.Drive, c.Float)
		return r
	},
	"pcf8574": func(b *Board) *rig {
		c := chip.NewPCF8574(b.Now)
		r := busRig(b, 0x20, c, &c.Part)
		contactsRig(r, 8, c.Drive, c.Float)
		return r
	},
	"eol-loop": func(b *Board) *rig {
		r := adcRig(b, nil, [3]int64{1_650_000, 492_537, 1_650_000})
		r.truth = [3][]int64{{0}, {1}, {0}}
		r.size, r.stuck = 1_157_463, 1_650_000 // an alarm that looks normal
		r.open = 3_300_000
		return r
	},
	"dfgas":     dfgasRig,
	"scd4x":     scd4xRig,
	"pulses":    pulsesRig,
	"mains":     mainsRig,
	"ds3231":    ds3231Rig,
	"max3010x":  max3010xRig,
	"mcp342x":   mcp342xRig,
	"mq":        mqRig,
	"leak-rope": leakRopeRig,
	"contact": func(b *Board) *rig {
		pin := b.Pin("GPIO17")
		return &rig{
			board: b, opts: map[string]string{"line": "GPIO17", "pull": "up"},
			truth:  [3][]int64{{0}, {1}, {0}},
			inject: pin.Fail,
			show: func(s scene) {
				if s == during {
					pin.Drive(false)
				} else {
					pin.Float()
				}
			},
		}
	},
}

func newRig(t *testing.T, model string) *rig {
	t.Helper()
	r := rigs[model](New(Options{}))
	r.model = catalog.Sensors()[model]
	r.show(before)
	var err error
	if r.sensor, err = r.model.Open(r.board, r.opts); err != nil {
		t.Fatal(err)
	}
	return r
}

// begin makes the fault, with the size that suits the part.
func (r *rig) begin(f met) error {
	if f.chip == "" {
		return r.inject(Fault{Kind: f.board, High: true, Times: 4,
			Period: 10 * time.Millisecond})
	}
	fault := chip.Fault{Kind: f.chip, Size: r.size}
	switch f.chip {
	case chip.Slow:
		fault.Size = 10
	case chip.Spike:
		fault.Nth = 3
	case chip.Stuck:
		fault.Size = r.stuck
	case chip.Noise:
		fault.Size = 400
	case chip.Drift:
		fault.Size = 2 * r.size
	case chip.Cold:
		fault.Size = 600
	case chip.WireOpen:
		fault.Size = r.open
	case chip.EarthLeak, chip.SupplySag:
		fault.Size = 100
	}
	return r.part.Inject(fault)
}

// attempt is one reading: Start, the wait, and Read until there is something.
func (r *rig) attempt(scenes []scene) verdict {
	wait, err := r.sensor.Start()
	if err != nil {
		return class(err)
	}
	time.Sleep(wait)
	for range 12 {
		mark := drivers.Sample{Quantity: drivers.Raw, Value: -1}
		var samples []drivers.Sample
		samples, err = r.sensor.Read([]drivers.Sample{mark})
		switch {
		case len(samples) == 0 || samples[0] != mark || (err == nil) == (len(samples) == 1):
			return malformed
		case err == nil:
			return r.judge(samples[1:], scenes)
		case !errors.Is(err, drivers.ErrNotReady):
			return class(err)
		}
		time.Sleep(r.model.Descriptor.Period / 10)
	}
	return class(err)
}

// class is the verdict of an error, which must have one class and no other.
func class(err error) verdict {
	found := unclassed
	for class, v := range map[error]verdict{drivers.ErrNoDevice: noDevice,
		drivers.ErrChecksum: checksum, drivers.ErrRange: outOfRange, drivers.ErrNotReady: notReady} {
		if errors.Is(err, class) {
			if found != unclassed {
				return unclassed
			}
			found = v
		}
	}
	return found
}

func (r *rig) judge(samples []drivers.Sample, scenes []scene) verdict {
	channels := r.model.Descriptor.Channels
	if r.model.Channels != nil {
		channels, _ = r.model.Channels(r.opts)
	}
	if len(samples) != len(channels) && !r.partial {
		return malformed
	}
	verdict, next := right, 0
	for _, s := range samples {
		i := int(s.Channel)
		if i < next || i >= len(channels) || i > next && !r.partial {
			return malformed
		}
		next = i + 1
		c := channels[i]
		if s.Quantity != c.Quantity || s.Value < c.Min || s.Value > c.Max {
			return impossible
		}
		if !slices.ContainsFunc(scenes, func(at scene) bool { return r.isTrue(at, i, s) }) {
			verdict = wrong
			if s.Value == 0 && s.Quantity != drivers.Contact {
				return zero
			}
		}
	}
	return verdict
}

func (r *rig) isTrue(at scene, channel int, s drivers.Sample) bool {
	value := s.Value
	if channel >= len(r.truth[at]) {
		return value >= 0 // a count goes on through all scenes
	}
	truth := r.truth[at][channel]
	if r.warming && value > 0 && value <= truth {
		return true
	}
	if s.Quantity == drivers.Contact {
		return value == truth
	}
	return value >= truth-r.within && value <= truth+r.within
}
