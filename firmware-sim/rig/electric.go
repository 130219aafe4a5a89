package rig

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// electricModels measure voltages and currents, and what those stand for.
func electricModels() map[string]builder {
	return map[string]builder{
		"ads1115": buildVoltage, "mcp342x": buildVoltage,
		"ina219": buildINA(chip.NewINA219), "ina226": buildINA(chip.NewINA226),
		"loop-4-20ma": buildLoop, "ratiometric": buildRatiometric, "eol-loop": buildEOL,
		"leak-rope": buildRope, "mq": buildMQ,
	}
}

// feed sets the voltage at one input of a converter, in µV before its divider.
type feed func(input int, microvolt int64)

// converter mounts the ADC of a part. A part may name two inputs of it.
func (r *Rig) converter(p *Part, place string) (feed, error) {
	exact := p.Model == "mcp342x" || p.opts["adc"] == "mcp342x"
	m, err := r.mount(p, place, func() (chip.Chip, *chip.Part) {
		if exact {
			c := chip.NewMCP3424(r.clock)
			return c, &c.Part
		}
		c := chip.NewADS1115(r.clock)
		return c, &c.Part
	})
	if err != nil {
		return nil, err
	}
	adc, ok := m.chip.(interface {
		SetInput(input int, microvolt int64)
	})
	if !ok {
		return nil, fmt.Errorf("another part is at %s", place)
	}
	p.size = drivers.Voltage
	divider, err := number(p.opts, "divider", 1)
	if err != nil {
		return nil, err
	}
	return func(input int, microvolt int64) {
		adc.SetInput(input, int64(math.Round(float64(microvolt)/divider)))
	}, nil
}

// number is a bare number of an option; the usual one when it is not given.
func number(opts map[string]string, name string, usual float64) (float64, error) {
	if opts[name] == "" {
		return usual, nil
	}
	v, err := strconv.ParseFloat(opts[name], 64)
	if err != nil || v <= 0 {
		return 0, fmt.Errorf("%s: %q is no number above 0", name, opts[name])
	}
	return v, nil
}

// microvolts is the value of an option that is a voltage.
func (p *Part) microvolts(name string) (int64, error) { return drivers.Voltage.Parse(p.opts[name]) }

// ohms is the value of an option that is a resistor.
func (p *Part) ohms(name string) (float64, error) {
	milli, err := drivers.ParseUnits(p.opts[name], []drivers.Unit{
		{Symbol: "Ω", Scale: 1000}, {Symbol: "kΩ", Scale: 1_000_000},
		{Symbol: "mΩ", Scale: 1}, {Symbol: "ohm", Scale: 1000}})
	return float64(milli) / 1000, err
}

// at is the input of the converter that an option names; -1 for none.
func (p *Part) at(name string) int {
	n, err := strconv.Atoi(p.opts[name])
	if err != nil {
		return -1
	}
	return n
}

// voltageToo lets the voltage at the converter be set as well, beside what it stands for.
func (p *Part) voltageToo(set func(microvolt int64)) {
	p.inputs = append(p.inputs, input{name: "voltage", quantity: drivers.Voltage,
		set: func(v int64) error { set(v); return nil }})
}

func buildVoltage(r *Rig, p *Part, place string) error {
	set, err := r.converter(p, place)
	if err != nil {
		return err
	}
	p.inputs[0].set = func(v int64) error { set(p.at("channel"), v); return nil }
	return nil
}

// span is a value between the ends of a transducer, as a share of the way from the first to the
// second.
func (p *Part) span(low, high string) (
	share func(v int64) float64, first, middle int64, err error) {
	q := p.inputs[0].quantity
	a, errA := q.Parse(p.opts[low])
	b, errB := q.Parse(p.opts[high])
	if err := errors.Join(errA, errB); err != nil {
		return nil, 0, 0, err
	}
	return func(v int64) float64 { return float64(v-a) / float64(b-a) }, a, (a + b) / 2, nil
}

// buildLoop is a head of 4 to 20 mA. One for gas begins without, any other in the middle.
func buildLoop(r *Rig, p *Part, place string) error {
	set, err := r.converter(p, place)
	if err != nil {
		return err
	}
	share, first, middle, err := p.span("at4", "at20")
	if err != nil {
		return err
	}
	shunt, err := p.ohms("shunt")
	if err != nil {
		return err
	}
	p.inputs[0].set = func(v int64) error {
		set(p.at("channel"), int64(math.Round((4000+16000*share(v))*shunt)))
		return nil
	}
	p.voltageToo(func(v int64) { set(p.at("channel"), v) })
	switch p.inputs[0].quantity {
	case drivers.Gas, drivers.Combustible:
		middle = first
	}
	return p.inputs[0].set(middle)
}

// buildRatiometric is a transducer of 0.5 to 4.5 V at 5 V.
func buildRatiometric(r *Rig, p *Part, place string) error {
	set, err := r.converter(p, place)
	if err != nil {
		return err
	}
	share, _, middle, err := p.span("low", "high")
	if err != nil {
		return err
	}
	if at := p.at("supply"); at >= 0 {
		set(at, 5_000_000)
	}
	p.inputs[0].set = func(v int64) error {
		set(p.at("channel"), int64(math.Round(500_000+4_000_000*share(v))))
		return nil
	}
	p.voltageToo(func(v int64) { set(p.at("channel"), v) })
	return p.inputs[0].set(middle)
}

// buildEOL is a loop with a resistor at its end. Abnormal is one detector that alarms.
func buildEOL(r *Rig, p *Part, place string) error {
	set, err := r.converter(p, place)
	if err != nil {
		return err
	}
	supply, errS := p.microvolts("voltage")
	up, errU := p.ohms("pull_up")
	end, errE := p.ohms("end_of_line")
	detector, errD := p.ohms("detector")
	if err := errors.Join(errS, errU, errE, errD); err != nil {
		return err
	}
	if at := p.at("supply"); at >= 0 {
		set(at, supply)
	}
	p.open = supply
	p.inputs[0].set = func(v int64) error {
		loop := end
		if v != 0 {
			loop = end * detector / (end + detector)
		}
		set(p.at("channel"), int64(math.Round(float64(supply)*loop/(loop+up))))
		return nil
	}
	p.voltageToo(func(v int64) { set(p.at("channel"), v) })
	return p.inputs[0].set(0)
}

// buildRope is a rope that two lines drive: its voltage follows from what they carry.
func buildRope(r *Rig, p *Part, place string) error {
	set, err := r.converter(p, place)
	if err != nil {
		return err
	}
	supply, errV := p.microvolts("voltage")
	series, errS := p.ohms("series")
	end, errE := p.ohms("end_of_line")
	wet, errW := p.ohms("wet")
	if err := errors.Join(errV, errS, errE, errW); err != nil {
		return err
	}
	rope := end
	p.open = supply
	level := func(line string) float64 {
		if high, _ := r.board.Pin(line).Driven(); high {
			return float64(supply)
		}
		return 0
	}
	wire := func(board.Change) {
		a, b := level(p.opts["drive_a"]), level(p.opts["drive_b"])
		set(p.at("channel"), int64(math.Round(b+(a-b)*rope/(rope+series))))
	}
	r.board.Pin(p.opts["drive_a"]).OnChange(wire)
	r.board.Pin(p.opts["drive_b"]).OnChange(wire)
	p.inputs[0].set = func(v int64) error {
		rope = end
		if v != 0 {
			rope = wet / 2
		}
		wire(board.Change{})
		return nil
	}
	return nil
}

// buildMQ is a heated sensor and its load. What it feels is set as the voltage over the load: how
// much gas that stands for is the driver's guess.
func buildMQ(r *Rig, p *Part, place string) error {
	set, err := r.converter(p, place)
	if err != nil {
		return err
	}
	clean, err := p.microvolts("clean_air")
	if err != nil {
		return err
	}
	for i := range p.inputs {
		p.inputs[i].set = func(int64) error {
			return fmt.Errorf("the driver guesses it from the voltage; set %s.voltage", p.Name)
		}
	}
	p.voltageToo(func(v int64) { set(p.at("channel"), v) })
	set(p.at("channel"), clean)
	if p.opts["heater"] == "" {
		return nil
	}
	addr, err := strconv.ParseUint(p.opts["heater"], 0, 7)
	if err != nil {
		return err
	}
	heater := chip.NewINA219(r.clock)
	heater.SetBus(5_000_000)
	heater.SetShunt(15_000) // 150 mA in 100 mΩ
	r.board.Bus(p.bus).Attach(uint16(addr), heater)
	return nil
}

func buildINA(fresh func(chip.Clock) *chip.INA2xx) builder {
	return func(r *Rig, p *Part, place string) error {
		shunt, err := p.ohms("shunt")
		if err != nil {
			return err
		}
		err = plain(drivers.Voltage, fresh, func(c *chip.INA2xx) *chip.Part { return &c.Part },
			func(c *chip.INA2xx) []func(int64) {
				return []func(int64){c.SetBus, func(microamp int64) {
					c.SetShunt(int64(math.Round(float64(microamp) * shunt)))
				}}
			})(r, p, place)
		if err != nil {
			return err
		}
		return errors.Join(p.inputs[0].set(12_000_000), p.inputs[1].set(0))
	}
}
