package rig

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// builder puts a part at its place and fills in how its inputs are set.
type builder func(r *Rig, p *Part, place string) error

// models has a builder for each sensor of the catalog.
func models() map[string]builder {
	all := map[string]builder{
		"contact": buildContact, "mains": buildMains, "pulses": buildPulses,
		"mcp23017": buildExpander, "pcf8574": buildExpander,
	}
	maps.Copy(all, climateModels())
	maps.Copy(all, airModels())
	maps.Copy(all, electricModels())
	return all
}

// plain makes the builder of a chip whose inputs are those of its channels, in their order. Each
// setter is given the value in the channel's unit.
func plain[C chip.Chip](size drivers.Quantity, fresh func(chip.Clock) C,
	part func(C) *chip.Part, setters func(C) []func(int64)) builder {
	return func(r *Rig, p *Part, place string) error {
		m, err := r.mount(p, place, func() (chip.Chip, *chip.Part) {
			c := fresh(r.clock)
			return c, part(c)
		})
		if err != nil {
			return err
		}
		c, ok := m.chip.(C)
		if !ok {
			return fmt.Errorf("another part is at %s", place)
		}
		p.size = size
		for i, set := range setters(c) {
			if i < len(p.inputs) {
				p.inputs[i].set = func(v int64) error {
					set(v)
					return nil
				}
			}
		}
		return nil
	}
}

// climateModels measure temperature, humidity, pressure and radiated heat.
func climateModels() map[string]builder {
	type setters = []func(int64)
	bmx := func(fresh func(chip.Clock) *chip.BMX280) builder {
		return plain(drivers.Temperature, fresh,
			func(c *chip.BMX280) *chip.Part { return &c.Part },
			func(c *chip.BMX280) setters {
				return setters{c.SetTemperature, c.SetPressure, c.SetHumidity}
			})
	}
	return map[string]builder{
		"bme280": bmx(chip.NewBME280), "bmp280": bmx(chip.NewBMP280),
		"sht4x": plain(drivers.Temperature, chip.NewSHT4x,
			func(c *chip.SHT4x) *chip.Part { return &c.Part },
			func(c *chip.SHT4x) setters { return setters{c.SetTemperature, c.SetHumidity} }),
		"sht3x": plain(drivers.Temperature, chip.NewSHT3x,
			func(c *chip.SHT3x) *chip.Part { return &c.Part },
			func(c *chip.SHT3x) setters { return setters{c.SetTemperature, c.SetHumidity} }),
		"aht20": plain(drivers.Temperature, chip.NewAHT20,
			func(c *chip.AHT20) *chip.Part { return &c.Part },
			func(c *chip.AHT20) setters { return setters{c.SetTemperature, c.SetHumidity} }),
		"mlx90614": plain(drivers.Temperature, chip.NewMLX90614,
			func(c *chip.MLX90614) *chip.Part { return &c.Part },
			func(c *chip.MLX90614) setters { return setters{c.SetObject, c.SetHousing} }),
		"amg8833": plain(drivers.Temperature, chip.NewAMG8833,
			func(c *chip.AMG8833) *chip.Part { return &c.Part },
			func(c *chip.AMG8833) setters { return setters{c.SetHottest, c.SetRoom} }),
		"ds3231": plain(drivers.Temperature, chip.NewDS3231,
			func(c *chip.DS3231) *chip.Part { return &c.Part },
			func(c *chip.DS3231) setters {
				return setters{c.SetTemperature, func(invalid int64) {
					if invalid != 0 {
						c.EmptyBattery()
					} else {
						c.SetTime()
					}
				}}
			}),
	}
}

// airModels measure what is in the air.
func airModels() map[string]builder {
	type setters = []func(int64)
	return map[string]builder{
		"sps30": plain(drivers.PM25, chip.NewSPS30,
			func(c *chip.SPS30) *chip.Part { return &c.Part },
			func(c *chip.SPS30) setters { return aerosol(c.SetAir) }),
		"sen50": sen5x("SEN50"), "sen54": sen5x("SEN54"), "sen55": sen5x("SEN55"),
		"sgp40": plain(0, chip.NewSGP40, func(c *chip.SGP40) *chip.Part { return &c.Part },
			func(c *chip.SGP40) setters { return setters{c.SetSignal} }),
		"sgp30": plain(0, chip.NewSGP30, func(c *chip.SGP30) *chip.Part { return &c.Part },
			func(c *chip.SGP30) setters {
				voc, co2 := int64(0), int64(400)
				return setters{
					func(ppb int64) { voc = ppb; c.SetAir(voc, co2) },
					func(ppb int64) { co2 = ppb / 1000; c.SetAir(voc, co2) },
				}
			}),
		"scd4x": plain(0, chip.NewSCD4x, func(c *chip.SCD4x) *chip.Part { return &c.Part },
			func(c *chip.SCD4x) setters {
				return setters{func(ppb int64) { c.SetCO2(ppb / 1000) },
					c.SetTemperature, c.SetHumidity}
			}),
		"dfgas": buildDFGas,
		"max3010x": plain(0, chip.NewMAX30102,
			func(c *chip.MAX30102) *chip.Part { return &c.Part },
			func(c *chip.MAX30102) setters {
				red, infrared := int64(50_000), int64(20_000)
				c.SetLight(red, infrared)
				return setters{
					func(counts int64) { red = counts; c.SetLight(red, infrared) },
					func(counts int64) { infrared = counts; c.SetLight(red, infrared) },
				}
			}),
	}
}

// aerosol are the setters of the ten values of an aerosol. That of pm2.5 carries the others along,
// as smoke does.
func aerosol(show func(chip.Aerosol)) []func(int64) {
	a := chip.Smoke(5_000)
	show(a)
	var all []func(int64)
	for _, field := range []*int64{&a.PM1, &a.PM25, &a.PM4, &a.PM10, &a.NC05, &a.NC1, &a.NC25,
		&a.NC4, &a.NC10, &a.Size} {
		all = append(all, func(v int64) {
			if field == &a.PM25 {
				a = chip.Smoke(v)
			}
			*field = v
			show(a)
		})
	}
	return all
}

func sen5x(product string) builder {
	return plain(drivers.PM25,
		func(clock chip.Clock) *chip.SEN5x { return chip.NewSEN5x(clock, product) },
		func(c *chip.SEN5x) *chip.Part { return &c.Part },
		func(c *chip.SEN5x) []func(int64) {
			vapours, oxides := int64(100_000), int64(1_000)
			return append(aerosol(c.SetAir)[:4], c.SetHumidity, c.SetTemperature,
				func(v int64) { vapours = v; c.SetGases(vapours, oxides) },
				func(v int64) { oxides = v; c.SetGases(vapours, oxides) })
		})
}

// cells are the modules of DFRobot by the gas that they are made for: how the module names it, the
// digits behind its point, and the end of its range in steps of the last digit.
var cells = map[string]chip.GasCell{
	"co": chip.CellCO(), "o2": chip.CellO2(), "h2s": {Type: 0x03, Most: 100},
	"nh3": {Type: 0x02, Most: 100}, "h2": {Type: 0x06, Most: 1000},
	"no2": {Type: 0x2C, Digits: 1, Most: 200}, "o3": {Type: 0x2A, Digits: 1, Most: 100},
	"cl2": {Type: 0x31, Digits: 1, Most: 200}, "so2": {Type: 0x2B, Digits: 1, Most: 200},
	"hcl": {Type: 0x2E, Digits: 1, Most: 100}, "hf": {Type: 0x33, Digits: 1, Most: 100},
	"ph3": {Type: 0x45, Digits: 1, Most: 10_000},
}

func buildDFGas(r *Rig, p *Part, place string) error {
	cell, ok := cells[p.opts["gas"]]
	if !ok {
		return fmt.Errorf("there is no simulated module for %q", p.opts["gas"])
	}
	step := int64(1000) // ppb, or thousandths of a percent
	if cell.Digits == 1 {
		step = 100
	}
	return plain(0, func(clock chip.Clock) *chip.DFGas { return chip.NewDFGas(clock, cell) },
		func(c *chip.DFGas) *chip.Part { return &c.Part },
		func(c *chip.DFGas) []func(int64) {
			return []func(int64){func(v int64) { c.SetAmount(v / step) }}
		})(r, p, place)
}

// buildContact is a contact that rests where its abnormal level is not.
func buildContact(_ *Rig, p *Part, _ string) error {
	abnormal := p.opts["abnormal"] == "high"
	p.pin.Drive(!abnormal)
	p.inputs[0].set = func(v int64) error {
		p.pin.Drive((v != 0) == abnormal)
		return nil
	}
	return nil
}

// halfWave is how often the optocoupler of 50 Hz pulls its line.
const halfWave = 10 * time.Millisecond

func buildMains(_ *Rig, p *Part, _ string) error {
	p.pin.Pulse(halfWave)
	p.inputs[0].set = func(lost int64) error {
		if lost != 0 {
			p.pin.Pulse(0)
		} else {
			p.pin.Pulse(halfWave)
		}
		return nil
	}
	return nil
}

func buildPulses(_ *Rig, p *Part, _ string) error {
	litre, err := strconv.ParseInt(p.opts["pulses_per_litre"], 10, 64)
	if err != nil {
		return err
	}
	p.pin.Drive(false)
	p.inputs[0].set = func(flow int64) error { // ml/min
		if flow <= 0 {
			p.pin.Pulse(0)
			return nil
		}
		p.pin.Pulse(time.Minute * 1000 / time.Duration(flow*litre))
		return nil
	}
	p.inputs[1].set = func(int64) error {
		return fmt.Errorf("pulses are counted; set %s.flow", p.Name)
	}
	return nil
}

// pins is an expander from the outside.
type pins interface{ Drive(pin int, high bool) }

// expander mounts the chip of contacts or outputs.
func (r *Rig) expander(p *Part, place string) (pins, error) {
	m, err := r.mount(p, place, func() (chip.Chip, *chip.Part) {
		if p.Model == "pcf8574" {
			c := chip.NewPCF8574(r.clock)
			return c, &c.Part
		}
		c := chip.NewMCP23017(r.clock)
		return c, &c.Part
	})
	if err != nil {
		return nil, err
	}
	c, ok := m.chip.(pins)
	if !ok {
		return nil, fmt.Errorf("another part is at %s", place)
	}
	return c, nil
}

func buildExpander(r *Rig, p *Part, place string) error {
	c, err := r.expander(p, place)
	if err != nil {
		return err
	}
	high := pinsOf(p.opts["abnormal_high"])
	for i := range p.inputs {
		pin, err := strconv.Atoi(strings.TrimPrefix(p.inputs[i].name, "in"))
		if err != nil {
			return err
		}
		abnormal := high[pin]
		c.Drive(pin, !abnormal)
		p.inputs[i].set = func(v int64) error {
			c.Drive(pin, (v != 0) == abnormal)
			return nil
		}
	}
	return nil
}

// pinsOf reads an option such as "0-3, 8", which the site file's checker has passed.
func pinsOf(text string) map[int]bool {
	set := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.Atoi(first)
		b, errB := strconv.Atoi(last)
		for pin := a; errA == nil && errB == nil && pin <= b; pin++ {
			set[pin] = true
		}
	}
	return set
}
