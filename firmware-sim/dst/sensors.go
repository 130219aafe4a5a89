package dst

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/firmware-sim/world"
)

// drawPoint draws one point, with the parts that it needs.
func (d *draft) drawPoint() {
	makers := []struct {
		weight int
		make   func()
	}{
		{2, d.heat}, {1, d.pair}, {1, d.dust}, {1, d.weighed}, {1, d.gasHead}, {1, d.monoxide},
		{1, d.chamber}, {1, d.mq}, {1, d.loop}, {1, d.transducer}, {1, d.supply}, {1, d.dioxide},
		{1, d.expander}, {4, d.contact},
	}
	sum := 0
	for _, m := range makers {
		sum += m.weight
	}
	at := d.rng.IntN(sum)
	for _, m := range makers {
		if at -= m.weight; at < 0 {
			m.make()
			return
		}
	}
}

// newBus is a bus that nothing hangs on.
func (d *draft) newBus() string { return fmt.Sprintf("i2c-%d", len(d.buses)+1) }

// thermometer is one of the parts that measure the temperature of air.
func (d *draft) thermometer() (*input, string) {
	bus, model, channel := d.newBus(), "sht4x", "temperature"
	var set func(int64)
	p := part{bus: bus, takes: 20 * time.Millisecond}
	attach := func(address uint16, dev chip.Chip) {
		d.board.Bus(bus).Attach(address, dev)
		p.dev = dev
	}
	switch d.rng.IntN(6) {
	case 0:
		dev := chip.NewSHT3x(d.clock)
		attach(0x44, dev)
		model, set = "sht3x", dev.SetTemperature
	case 1:
		dev := chip.NewBME280(d.clock)
		attach(0x76, dev)
		model, set = "bme280", dev.SetTemperature
	case 2:
		dev := chip.NewAHT20(d.clock)
		attach(0x38, dev)
		model, set, p.takes = "aht20", dev.SetTemperature, 200*time.Millisecond
	case 3:
		dev := chip.NewMLX90614(d.clock)
		attach(0x5A, dev)
		model, set, channel = "mlx90614", dev.SetObject, "object"
	default:
		dev := chip.NewSHT4x(d.clock)
		attach(0x44, dev)
		set = dev.SetTemperature
	}
	seconds := quote(d.one("2 s", "2 s", "5 s"))
	made := d.sensor(model, p, "period", seconds)
	in := made.input(input{
		set: set, quiet: 24_000, early: 42_000, peak: 80_000, calmly: 700,
		room: (*world.Room).Temperature,
	})
	return in, made.name + "." + channel
}

// jump is how long a value that leaps is taken for a mistake: three readings.
func (in *input) jump() time.Duration { return 3 * max(in.part.period, 5*time.Second) }

func (d *draft) heat() {
	in, from := d.thermometer()
	profile, limit := "A1", int64(56_000)
	switch d.rng.IntN(4) {
	case 0:
		profile, limit = "A2S", 60_000
	case 1:
		profile, limit = "BS", 74_000
	}
	d.point(spot{inputs: []*input{in}, limit: limit + 1_000, extra: in.jump()}, "heat",
		[]string{from}, "profile", quote(profile), "gain", d.one("", quote("100.2 %")),
		"offset", d.one("", quote("-0.3 °C")))
}

// pair is two thermometers of one place.
func (d *draft) pair() {
	a, from := d.thermometer()
	p := d.point(spot{inputs: []*input{a}, limit: 57_000, extra: a.jump()}, "heat", []string{from})
	b, from := d.thermometer()
	d.point(spot{inputs: []*input{b}, limit: 57_000, extra: b.jump()}, "heat", []string{from},
		"pair", quote(string(p.id)))
}

// particles is a dust sensor.
func (d *draft) particles() (*input, string) {
	dev, bus := chip.NewSPS30(d.clock), d.newBus()
	d.board.Bus(bus).Attach(0x69, dev)
	p := d.sensor("sps30", part{
		bus: bus, dev: dev, takes: 1200 * time.Millisecond,
		spins: 8 * time.Second, // until its fan is up to speed, it sees a part of the smoke
	})
	in := p.input(input{
		set: func(v int64) { dev.SetAir(chip.Smoke(v)) }, quiet: 20_000, peak: 900_000,
		room: (*world.Room).PM25, calmly: 8_000,
	})
	return in, p.name + ".pm2.5"
}

func (d *draft) dust() {
	in, from := d.particles()
	d.point(spot{inputs: []*input{in}, limit: 330_000, extra: 3 * time.Second}, "smoke",
		[]string{from}, "alarm", quote("300 µg/m³"), "drift", d.one("true", "false"),
		"confirm", d.one("", quote("3 s")))
}

// weighed is a spot whose channels are weighed together.
func (d *draft) weighed() {
	dust, a := d.particles()
	warm, b := d.thermometer()
	from, inputs := []string{a, b}, []*input{dust, warm}
	if d.chance(2) {
		gas, c := d.carbon()
		from, inputs = append(from, c), append(inputs, gas)
	}
	d.point(spot{inputs: inputs, extra: 10*time.Second + warm.jump()}, "spot", from)
}

// carbon is a cell for carbon monoxide.
func (d *draft) carbon() (*input, string) {
	dev, bus := chip.NewDFGas(d.clock, chip.CellCO()), d.newBus()
	d.board.Bus(bus).Attach(0x74, dev)
	p := d.sensor("dfgas", part{bus: bus, dev: dev, takes: 100 * time.Millisecond},
		"gas", quote("co"))
	return p.input(input{set: dev.SetAmount, early: 120, peak: 500}), p.name
}

func (d *draft) monoxide() {
	in, from := d.carbon()
	d.point(spot{inputs: []*input{in}, limit: 310}, "co", []string{from},
		"warm_up", d.one("", quote("0 s"), quote("30 s")),
		"installed", d.one("", quote("2026-03-01")))
}

// adc takes an input of an ADS1115.
func (d *draft) adc(model string, in input, pairs ...string) (*input, string) {
	n := len(d.adcs) - 1
	if n < 0 || d.inputs == 4 {
		n++
		d.adcs, d.inputs = append(d.adcs, chip.NewADS1115(d.clock)), 0
	}
	bus, address, pin, dev := fmt.Sprintf("i2c-%d", 100+n/4), uint16(0x48+n%4), d.inputs, d.adcs[n]
	if pin == 0 {
		d.board.Bus(bus).Attach(address, dev)
	}
	d.inputs++
	in.set = func(v int64) { dev.SetInput(pin, v) }
	p := d.sensor(model, part{
		bus: bus, chip: fmt.Sprintf("%s/%#x", bus, address), dev: dev, takes: 8 * d.s.tick,
	}, append([]string{
		"address", quote(fmt.Sprintf("%#x", address)), "channel", quote(fmt.Sprint(pin)),
	}, pairs...)...)
	return p.input(in), p.name
}

// volts makes an input speak in its own unit: to gives the microvolts of a value, and open and
// short are those of a broken wire.
func (in *input) volts(to func(int64) int64, open, short int64) {
	raw := in.set
	in.set = func(v int64) { raw(to(v)) }
	in.cut = func(s bool) {
		if s {
			raw(short)
		} else {
			raw(open)
		}
	}
}

// gasHead is a 4-20 mA head of 0 to 100 %LEL over 150 Ω.
func (d *draft) gasHead() {
	in, from := d.adc("loop-4-20ma", input{quiet: 400, early: 15_000, peak: 40_000},
		"quantity", quote("combustible"), "at4", quote("0 %LEL"), "at20", quote("100 %LEL"))
	in.volts(func(v int64) int64 { return (4_000_000 + 16_000_000*v/100_000) * 150 / 1000 }, 0,
		3_500_000)
	d.point(spot{inputs: []*input{in}, limit: 25_500}, "gas", []string{from},
		"profile", d.one("", quote("2026-household")), "warm_up", d.one("", quote("20 s")),
		"installed", d.one("", quote("2022-01-10")))
}

// chamber is a smoke chamber that is measured.
func (d *draft) chamber() {
	in, from := d.adc("ads1115", input{quiet: 1_000_000, peak: 2_000_000})
	d.point(spot{inputs: []*input{in}, limit: 1_450_000, extra: 4 * time.Second}, "smoke",
		[]string{from}, "alarm", quote("1.4 V"), "zero", quote("1 V"))
}

// mq is a part that shows gas and does not measure it.
func (d *draft) mq() {
	in, from := d.adc("ads1115", input{quiet: 800_000, peak: 2_500_000})
	d.point(spot{inputs: []*input{in}, limit: 2_050_000}, "mq", []string{from},
		"prealarm", quote("2 V"), "warm_up", d.one("", quote("5 s")))
}

// loop is a supervised loop of call points or of smoke detectors.
func (d *draft) loop() {
	in, from := d.adc("eol-loop", input{peak: 1}, "voltage", quote("3.3 V"))
	in.volts(func(v int64) int64 {
		if v == 0 {
			return 1_650_000
		}
		return 492_000
	}, 3_290_000, 0)
	d.point(spot{inputs: []*input{in}, limit: 1}, d.one("call_point", "smoke", "flood"),
		[]string{from})
}

// transducer is a ratiometric one, of pressure, water, cracks or rain.
func (d *draft) transducer() {
	kinds := []struct {
		quantity, low, high, class string
		full                       int64 // at the high end
		quiet, early, peak, limit  int64
		falls                      bool
		pairs                      []string
	}{
		{"pressure", "0 MPa", "1.2 MPa", "pressure", 1_200_000, 300_000, 0, 100_000, 138_000, true,
			[]string{"profile", quote("hydrant")}},
		{"level", "0 m", "2 m", "flood", 2_000, 20, 200, 500, 320, false, nil},
		{"level", "0 m", "2 m", "tank", 2_000, 1_500, 0, 200, 480, true,
			[]string{"alarm_below", quote("0.5 m"), "confirm", quote("10 s")}},
		{"crack", "0 mm", "100 mm", "slope", 100_000, 1_000, 12_000, 30_000, 20_600, false,
			[]string{"prealarm", quote("10 mm"), "alarm", quote("20 mm")}},
		{"rain", "0 mm", "200 mm", "rain", 200_000, 1_000, 0, 90_000, 51_500, false,
			[]string{"alarm", quote("50 mm")}},
		{"flow", "0 l/min", "100 l/min", "flow", 100_000, 1_000, 0, 50_000, 20_600, false,
			[]string{"alarm", quote("20 l/min")}},
	}
	k := kinds[d.rng.IntN(len(kinds))]
	in := input{quiet: k.quiet, early: k.early, peak: k.peak}
	if k.class == "flood" {
		in.room, in.calmly = (*world.Room).Level, 1
	}
	made, from := d.adc("ratiometric", in, "quantity", quote(k.quantity), "low", quote(k.low),
		"high", quote(k.high), "range", quote("6.144 V"))
	made.volts(func(v int64) int64 { return 500_000 + 4_000_000*v/k.full }, 0, 5_000_000)
	d.point(spot{inputs: []*input{made}, limit: k.limit, falls: k.falls}, k.class, []string{from},
		k.pairs...)
}

// supply is a voltage and a current.
func (d *draft) supply() {
	bus := d.newBus()
	dev := chip.NewINA226(d.clock)
	d.board.Bus(bus).Attach(0x40, dev)
	p := d.sensor("ina226", part{bus: bus, dev: dev, takes: 50 * time.Millisecond},
		"address", quote("0x40"), "shunt", quote("100 mΩ"))
	if d.chance(2) {
		in := p.input(input{set: dev.SetBus, quiet: 12_000_000, peak: 10_000_000})
		d.point(spot{inputs: []*input{in}, limit: 10_800_000, falls: true}, "power",
			[]string{p.name + ".voltage"}, "alarm_below", quote("11 V"))
		return
	}
	in := p.input(input{
		set: func(v int64) { dev.SetShunt(v / 10) }, quiet: 50_000, peak: 600_000,
	})
	d.point(spot{inputs: []*input{in}, limit: 320_000}, "electrical", []string{p.name + ".current"})
}

func (d *draft) dioxide() {
	dev, bus := chip.NewSCD4x(d.clock), d.newBus()
	d.board.Bus(bus).Attach(0x62, dev)
	p := d.sensor("scd4x", part{bus: bus, dev: dev, takes: 6 * time.Second})
	in := p.input(input{set: dev.SetCO2, quiet: 600, peak: 4_000})
	d.points++
	id := d.name("air")
	d.table("point", "id", quote(id), "signal", quote("supervisory"), "zone", quote(d.one(zones...)),
		"from", quote(p.name+".co2"), "alarm", quote("2000 ppm"), "confirm", quote("5 s"))
	d.keep(&spot{id: point.ID(id), inputs: []*input{in}, limit: 2_200})
}

// expander is contacts on an MCP23017.
func (d *draft) expander() {
	dev, bus := chip.NewMCP23017(d.clock), d.newBus()
	d.board.Bus(bus).Attach(0x20, dev)
	p := d.sensor("mcp23017", part{bus: bus, dev: dev, takes: 20 * time.Millisecond},
		"inputs", quote("0-1"))
	for pin := range 2 {
		in := p.input(input{peak: 1, set: func(v int64) {
			if v == 0 {
				dev.Float(pin)
			} else {
				dev.Drive(pin, false)
			}
		}})
		d.contactPoint(in, fmt.Sprintf("%s.in%d", p.name, pin))
	}
}

// dry is a contact on a line of its own.
func (d *draft) dry() (*input, string) {
	name := fmt.Sprintf("LINE%d", len(d.parts))
	pin := d.board.Pin(name)
	p := d.sensor("contact", part{
		pin: pin, period: pick(d.rng, 20, 250) * time.Millisecond, takes: 20 * time.Millisecond,
	}, "line", quote(name), "pull", quote("up"))
	return p.input(input{peak: 1, set: func(v int64) {
		if v == 0 {
			pin.Float()
		} else {
			pin.Drive(false)
		}
	}}), p.name
}

func (d *draft) contact() {
	in, from := d.dry()
	if len(d.gears) == 0 && d.chance(6) {
		d.point(spot{inputs: []*input{in}, limit: 1}, "valve", []string{from})
		d.gears = append(d.gears, &gear{output: "valve", echo: in})
		return
	}
	d.contactPoint(in, from)
}

// contactPoint is a point of some class that a contact is enough for.
func (d *draft) contactPoint(in *input, from string) {
	class := d.one("call_point", "call_point", "smoke", "smoke", "heat", "flood", "slope", "gas",
		"co", "leak", "tamper", "door", "pump", "tank", "pressure", "power", "electrical")
	confirm := ""
	switch class {
	case "smoke", "heat", "flood":
		confirm = d.one("", quote("1 s"), quote("3 s"))
	case "tank", "pressure":
		confirm = quote("5 s")
	}
	d.point(spot{inputs: []*input{in}, limit: 1}, class, []string{from}, "confirm", confirm)
}

// drawButtons draws the buttons of the box.
func (d *draft) drawButtons() {
	if d.chance(2) {
		return
	}
	for _, b := range []struct {
		action alarm.Action
		level  uint8
	}{
		{alarm.Silence, 2}, {alarm.Reset, 2}, {alarm.Acknowledge, 1}, {alarm.Answer, 1},
		{alarm.SelfTest, 2},
	} {
		if d.chance(3) {
			continue
		}
		in, from := d.dry()
		d.point(spot{inputs: []*input{in}, limit: 1, action: b.action, level: b.level}, "button",
			[]string{from}, "action", quote(b.action.String()), "level", fmt.Sprint(b.level))
	}
	if d.chance(2) {
		in, from := d.dry()
		d.point(spot{inputs: []*input{in}, limit: 1, key: true}, "key", []string{from})
	}
}
