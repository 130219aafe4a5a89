package drivers

import (
	"strconv"
	"strings"
)

// Quantity names what is measured and fixes its unit. All values are integers.
type Quantity uint8

// The quantities, each with the unit of its values. The zero value is no quantity.
const (
	_           Quantity = iota
	Temperature          // m°C
	Humidity             // m%RH
	Pressure             // Pa
	Level                // mm
	Gas                  // ppb
	Combustible          // m%LEL
	PM1                  // ng/m³
	PM25                 // ng/m³
	PM4                  // ng/m³
	PM10                 // ng/m³
	NC05                 // 1/dm³
	NC1                  // 1/dm³
	NC25                 // 1/dm³
	NC4                  // 1/dm³
	NC10                 // 1/dm³
	Size                 // nm, typical particle size
	Voltage              // µV
	Current              // µA
	Flow                 // ml/min
	Pulses               // 1, a count
	Contact              // 1 = abnormal, 0 = normal
	Raw                  // counts of the part
	CO2                  // ppb, carbon dioxide
	Oxygen               // m%vol
	VOC                  // ppb, volatile organic compounds together
	Index                // 1/1000, a number without a unit
	Ratio                // ppm of a reference voltage or of a whole
	Share                // m%
	Charge               // m%, of a battery
	Tilt                 // m°
	Crack                // µm, width of a crack
	Rain                 // µm of water
	Wind                 // mm/s
	LevelRate            // mm/h
	CrackRate            // µm/h
	Elapsed              // s
	Count                // 1, how many there are
	quantities
)

// Unit is a unit that people write, and how many of the quantity's own units it is.
type Unit struct {
	Symbol string
	Scale  int64
}

var quantityTable = [quantities]struct {
	name  string
	units []Unit // the first is the one shown
}{
	Temperature: {"temperature", []Unit{{"°C", 1000}}},
	Humidity:    {"humidity", []Unit{{"%RH", 1000}}},
	Pressure:    {"pressure", []Unit{{"kPa", 1000}, {"MPa", 1_000_000}, {"bar", 100_000}, {"Pa", 1}}},
	Level:       {"level", []Unit{{"m", 1000}, {"cm", 10}, {"mm", 1}}},
	Gas:         {"gas", []Unit{{"ppm", 1000}, {"ppb", 1}}},
	Combustible: {"combustible", []Unit{{"%LEL", 1000}}},
	PM1:         {"pm1", []Unit{{"µg/m³", 1000}, {"mg/m³", 1_000_000}}},
	PM25:        {"pm2.5", []Unit{{"µg/m³", 1000}, {"mg/m³", 1_000_000}}},
	PM4:         {"pm4", []Unit{{"µg/m³", 1000}, {"mg/m³", 1_000_000}}},
	PM10:        {"pm10", []Unit{{"µg/m³", 1000}, {"mg/m³", 1_000_000}}},
	NC05:        {"nc0.5", []Unit{{"/cm³", 1000}}},
	NC1:         {"nc1", []Unit{{"/cm³", 1000}}},
	NC25:        {"nc2.5", []Unit{{"/cm³", 1000}}},
	NC4:         {"nc4", []Unit{{"/cm³", 1000}}},
	NC10:        {"nc10", []Unit{{"/cm³", 1000}}},
	Size:        {"size", []Unit{{"µm", 1000}, {"nm", 1}}},
	Voltage:     {"voltage", []Unit{{"V", 1_000_000}, {"mV", 1000}}},
	Current:     {"current", []Unit{{"mA", 1000}, {"A", 1_000_000}}},
	Flow:        {"flow", []Unit{{"l/min", 1000}, {"ml/min", 1}}},
	Pulses:      {"pulses", []Unit{{"", 1}}},
	Contact:     {"contact", []Unit{{"", 1}}},
	Raw:         {"raw", []Unit{{"", 1}}},
	CO2:         {"co2", []Unit{{"ppm", 1000}, {"ppb", 1}}},
	Oxygen:      {"oxygen", []Unit{{"%vol", 1000}}},
	VOC:         {"voc", []Unit{{"ppm", 1000}, {"ppb", 1}}},
	Index:       {"index", []Unit{{"", 1000}}},
	Ratio:       {"ratio", []Unit{{"", 1_000_000}}},
	Share:       {"share", []Unit{{"%", 1000}}},
	Charge:      {"charge", []Unit{{"%", 1000}}},
	Tilt:        {"tilt", []Unit{{"°", 1000}}},
	Crack:       {"crack", []Unit{{"mm", 1000}, {"µm", 1}}},
	Rain:        {"rain", []Unit{{"mm", 1000}}},
	Wind:        {"wind", []Unit{{"m/s", 1000}}},
	LevelRate:   {"level_rate", []Unit{{"m/h", 1000}, {"mm/h", 1}}},
	CrackRate:   {"crack_rate", []Unit{{"mm/h", 1000}}},
	Elapsed:     {"elapsed", []Unit{{"s", 1}}},
	Count:       {"count", []Unit{{"", 1}}},
}

// String is the quantity's name in site files, metrics and messages.
func (q Quantity) String() string {
	if q == 0 || q >= quantities {
		return "quantity(" + strconv.Itoa(int(q)) + ")"
	}
	return quantityTable[q].name
}

// Units lists the units that a value of q may be written in; the first is the one shown. It is
// empty for the zero quantity.
func (q Quantity) Units() []Unit {
	if q >= quantities {
		return nil
	}
	return quantityTable[q].units
}

// Text writes value, given in q's own unit, as people read it: "57.3 °C".
func (q Quantity) Text(value int64) string {
	units := q.Units()
	if len(units) == 0 {
		return strconv.FormatInt(value, 10)
	}
	text := decimal(value, units[0].Scale)
	if units[0].Symbol == "" {
		return text
	}
	return text + " " + units[0].Symbol
}

// decimal writes value/scale exactly, for a scale that is a power of ten.
func decimal(value, scale int64) string {
	sign := ""
	if value < 0 {
		sign = "-"
	}
	whole, rest := value/scale, value%scale
	if whole < 0 {
		whole = -whole
	}
	if rest < 0 {
		rest = -rest
	}
	if rest == 0 {
		return sign + strconv.FormatInt(whole, 10)
	}
	digits := strconv.FormatInt(scale+rest, 10)[1:]
	return sign + strconv.FormatInt(whole, 10) + "." + strings.TrimRight(digits, "0")
}

// Quantities lists every quantity.
func Quantities() []Quantity {
	all := make([]Quantity, 0, quantities-1)
	for q := Quantity(1); q < quantities; q++ {
		all = append(all, q)
	}
	return all
}
