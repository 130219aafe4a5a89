package replay

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/firmware-sim/chip"
)

// Parts are the chips that a recording is played through. A nil part is not there.
type Parts struct {
	Climate   *chip.SHT4x // temp_c, rh_pct
	Particles *chip.SPS30 // pm*, nc*, typ_um; pm25_est_ugm3 where no particles were measured
	CO        *chip.DFGas // co_ppm
	Oxygen    *chip.DFGas // o2_pct
	CO2       *chip.SCD4x // co2_ppm
	Flow      Wheel       // flow_lpm
	// Analog are the inputs of converters by column: mq2_adc, mq5_adc, mq7_adc, and
	// lel_ch4eq_pct_high and lel_ch4eq_pct_low, each a head of 4…20 mA for 0…100 %LEL.
	Analog map[string]Input
}

// Wheel is the wheel of a water meter: a line that it pulls to and fro. A period of 0 is a wheel
// that stands.
type Wheel interface{ Pulse(period time.Duration) }

// Input is one input of a converter.
type Input struct {
	ADC *chip.ADS1115
	Pin int
}

// What the parts cannot go beyond.
const (
	// maxTemperature is 125 °C, the end of the SHT4x's range, or what its steps allow: the part then
	// says what is still within its range.
	maxTemperature = 124_998
	minTemperature = -40_000
	// maxEstimate is 1000 µg/m³, the end of the range that the SPS30 is specified for. It bounds
	// what was derived. What an instrument of the kind did measure is played as it measured it:
	// the part does go on beyond, and the ratio of its sizes, by which a rule tells smoke from
	// mist, would be lost if all were cut at one value.
	maxEstimate = 1_000_000
	loopOhms    = 150       // the resistor that a loop's current is measured on
	mqSupply    = 5_000_000 // µV, which is full scale of the 10 bits that the MQ columns have
	mqFull      = 1023
	// minCO2 is the air outdoors, from which on the SCD4x is specified. An analyser drifts below.
	minCO2    = 400
	maxCO2    = 40_000
	maxCO     = 1000 // ppm, the range of the cell
	maxOxygen = 250  // tenths of a percent, likewise
	maxFlow   = 30_000
	litre     = 450 // pulses of the wheel of a YF-S201, which ends at 30 l/min
)

// Player sets the inputs of chips to what a recording says.
type Player struct {
	r     *Recording
	parts Parts
	flow  int64 // ml/min, at which the wheel turns
}

// NewPlayer returns a player of r. It is an error when an analog column is not one that a converter
// can be given, or not in the recording.
func NewPlayer(r *Recording, p Parts) (*Player, error) {
	for name, input := range p.Analog {
		if analog[name] == nil {
			return nil, fmt.Errorf("recording %s: column %q is not an analog one", r.ID, name)
		}
		if r.column(name) == nil {
			return nil, fmt.Errorf("recording %s: there is no column %q", r.ID, name)
		}
		if input.ADC == nil || input.Pin < 0 || input.Pin > 3 {
			return nil, fmt.Errorf("recording %s: %s: there is no input %d", r.ID, name, input.Pin)
		}
	}
	return &Player{r: r, parts: p}, nil
}

// Played names the columns that reach a chip; a viewer can tell what a run did not see.
func (p *Player) Played() []string {
	var names []string
	for _, name := range p.r.Columns() {
		if p.reaches(name) {
			names = append(names, name)
		}
	}
	return names
}

// reaches tells whether a column reaches a chip.
func (p *Player) reaches(name string) bool {
	switch name {
	case "temp_c", "rh_pct":
		return p.parts.Climate != nil
	case "co_ppm":
		return p.parts.CO != nil
	case "o2_pct":
		return p.parts.Oxygen != nil
	case "co2_ppm":
		return p.parts.CO2 != nil
	case "flow_lpm":
		return p.parts.Flow != nil
	}
	_, wired := p.parts.Analog[name]
	return wired || p.parts.Particles != nil && p.plays(name)
}

// plays tells whether a column is one of particles that is used.
func (p *Player) plays(name string) bool {
	if name == "pm25_est_ugm3" {
		return p.r.column("pm25_ugm3") == nil
	}
	_, ok := particles(new(chip.Aerosol))[name]
	return ok
}

// Set gives the chips the inputs of the moment t of the playing: the first row while it is held and
// the last after the end. A chip whose columns are not recorded keeps its inputs.
func (p *Player) Set(t time.Duration) {
	if c := p.parts.Climate; c != nil {
		if v, ok := p.r.At("temp_c", t); ok {
			c.SetTemperature(min(max(v, minTemperature), maxTemperature))
		}
		if v, ok := p.r.At("rh_pct", t); ok {
			c.SetHumidity(min(max(v, 0), 100_000))
		}
	}
	if c := p.parts.Particles; c != nil {
		if a, ok := p.r.air(t); ok {
			c.SetAir(a)
		}
	}
	p.setGases(t)
	if v, ok := p.r.At("flow_lpm", t); ok && p.parts.Flow != nil {
		p.turn(min(max(v, 0), maxFlow))
	}
	for name, input := range p.parts.Analog {
		v, _ := p.r.At(name, t)
		input.ADC.SetInput(input.Pin, analog[name](v))
	}
}

func (p *Player) setGases(t time.Duration) {
	if v, ok := p.r.At("co_ppm", t); ok && p.parts.CO != nil {
		p.parts.CO.SetAmount(min(max((v+500)/1000, 0), maxCO))
	}
	if v, ok := p.r.At("o2_pct", t); ok && p.parts.Oxygen != nil {
		p.parts.Oxygen.SetAmount(min(max((v+50)/100, 0), maxOxygen))
	}
	if v, ok := p.r.At("co2_ppm", t); ok && p.parts.CO2 != nil {
		p.parts.CO2.SetCO2(min(max((v+500)/1000, minCO2), maxCO2))
	}
}

// turn lets the wheel turn at a flow in ml/min. A flow that stays does not begin its pulse anew.
func (p *Player) turn(flow int64) {
	if flow == p.flow {
		return
	}
	p.flow = flow
	var period time.Duration
	if flow > 0 {
		period = time.Minute * 1000 / time.Duration(litre*flow)
	}
	p.parts.Flow.Pulse(period)
}

// air is the aerosol at t: what was measured, and for the sizes that were not, what smoke has.
func (r *Recording) air(t time.Duration) (chip.Aerosol, bool) {
	pm25, ok := r.At("pm25_ugm3", t)
	if !ok {
		if pm25, ok = r.At("pm25_est_ugm3", t); !ok {
			return chip.Aerosol{}, false
		}
		pm25 = min(pm25, maxEstimate)
	}
	a := chip.Smoke(max(pm25, 0))
	for name, field := range particles(&a) {
		if v, ok := r.At(name, t); ok {
			*field = max(v, 0)
		}
	}
	return a, true
}

// particles are the measured columns of particles, each with its place in a.
func particles(a *chip.Aerosol) map[string]*int64 {
	return map[string]*int64{
		"pm1_ugm3": &a.PM1, "pm25_ugm3": &a.PM25, "pm4_ugm3": &a.PM4, "pm10_ugm3": &a.PM10,
		"nc05_cm3": &a.NC05, "nc1_cm3": &a.NC1, "nc25_cm3": &a.NC25, "nc4_cm3": &a.NC4,
		"nc10_cm3": &a.NC10, "typ_um": &a.Size,
	}
}

// analog are the columns of converters, each with the µV that a thousandth of its unit gives.
var analog = map[string]func(int64) int64{
	"lel_ch4eq_pct_high": loop,
	"lel_ch4eq_pct_low":  loop,
	"mq2_adc":            counts,
	"mq5_adc":            counts,
	"mq7_adc":            counts,
}

// loop is the voltage of a head of 4…20 mA for 0…100 %LEL, in µV; it is given m%LEL.
func loop(value int64) int64 {
	value = min(max(value, 0), 100_000)
	microampere := 4_000 + value*16_000/100_000
	return microampere * loopOhms
}

// counts is the voltage that an MQ board's 10-bit converter saw, in µV; it is given thousandths.
func counts(value int64) int64 {
	value = min(max(value, 0), mqFull*1000)
	return value * mqSupply / (mqFull * 1000)
}
