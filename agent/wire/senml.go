package wire

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// senmlVersion declares that secondary units are used: 10 plus 2 to the power of feature 4 (RFC
// 9100, section 3).
const senmlVersion = 26

// senmlUnit is how a quantity is written in SenML (RFC 8428): the registered unit, and how many of
// the quantity's own units it is. Where the registry has no fitting unit, the name carries one.
type senmlUnit struct {
	symbol string // empty: none registered
	scale  int64  // a power of ten
	suffix string // of the name, always present
}

var senmlUnits = map[drivers.Quantity]senmlUnit{
	drivers.Temperature: {symbol: "Cel", scale: 1000},
	drivers.Humidity:    {symbol: "%RH", scale: 1000},
	drivers.Pressure:    {symbol: "Pa", scale: 1},
	drivers.Level:       {symbol: "m", scale: 1000},
	drivers.Gas:         {symbol: "ppm", scale: 1000},                 // secondary
	drivers.Combustible: {symbol: "/100", scale: 1000, suffix: "lel"}, // secondary
	drivers.PM1:         {symbol: "ug/m3", scale: 1000},               // secondary
	drivers.PM25:        {symbol: "ug/m3", scale: 1000},               // secondary
	drivers.PM4:         {symbol: "ug/m3", scale: 1000},               // secondary
	drivers.PM10:        {symbol: "ug/m3", scale: 1000},               // secondary
	drivers.NC05:        {scale: 1000, suffix: "nc0.5"},               // 1/cm³
	drivers.NC1:         {scale: 1000, suffix: "nc1"},                 // 1/cm³
	drivers.NC25:        {scale: 1000, suffix: "nc2.5"},               // 1/cm³
	drivers.NC4:         {scale: 1000, suffix: "nc4"},                 // 1/cm³
	drivers.NC10:        {scale: 1000, suffix: "nc10"},                // 1/cm³
	drivers.Size:        {symbol: "mm", scale: 1_000_000},             // secondary
	drivers.Voltage:     {symbol: "V", scale: 1_000_000},
	drivers.Current:     {symbol: "A", scale: 1_000_000},
	drivers.Flow:        {scale: 1000, suffix: "lpm"}, // l/min: l/s would not be exact
	drivers.Pulses:      {symbol: "count", scale: 1},
	drivers.Contact:     {}, // a boolean: true is abnormal
	drivers.Raw:         {scale: 1, suffix: "raw"},
	drivers.CO2:         {symbol: "ppm", scale: 1000},                 // secondary
	drivers.Oxygen:      {symbol: "/100", scale: 1000, suffix: "vol"}, // secondary
	drivers.VOC:         {symbol: "ppm", scale: 1000},                 // secondary
	drivers.Index:       {scale: 1000, suffix: "index"},
	drivers.Ratio:       {symbol: "/", scale: 1_000_000},
	drivers.Share:       {symbol: "/100", scale: 1000}, // secondary
	drivers.Charge:      {symbol: "%EL", scale: 1000},
	drivers.Tilt:        {scale: 1000, suffix: "deg"},
	drivers.Crack:       {symbol: "mm", scale: 1000}, // secondary
	drivers.Rain:        {symbol: "mm", scale: 1000}, // secondary
	drivers.Wind:        {symbol: "m/s", scale: 1000},
	drivers.LevelRate:   {symbol: "m/h", scale: 1000},  // secondary
	drivers.CrackRate:   {symbol: "mm/h", scale: 1000}, // secondary
	drivers.Elapsed:     {symbol: "s", scale: 1},
	drivers.Count:       {symbol: "count", scale: 1},
}

// Series names the measurements of one quantity at a point. The point's main quantity bears the
// point's own name, another one adds its own; nth counts several channels of one quantity from 0.
func Series(p *alarm.PointPlan, id point.ID, q drivers.Quantity, nth int) string {
	return seriesName(id, mainQuantity(p), q, nth)
}

func seriesName(id point.ID, main, q drivers.Quantity, nth int) string {
	name := string(id)
	if suffix := senmlUnits[q].suffix; suffix != "" {
		name += "." + suffix
	} else if q != main {
		name += "." + q.String()
	}
	if nth > 0 {
		name += "." + strconv.Itoa(nth+1)
	}
	return name
}

// Record is one measurement that is kept and sent. Of quality Bad it has no value.
type Record struct {
	Name     string // by Series
	Quantity drivers.Quantity
	Value    int64
	At       point.Instant
	Quality  point.Quality
	Reason   point.Reason
}

// TelemetryBody is the stored body of a batch in SenML: one number of the telemetry lane for each
// record, in this order. wall is the Unix time in ms at the moment now; 0: not known. rs has at
// least one record.
func TelemetryBody(device string, wall int64, now point.Instant, rs []Record) []byte {
	pack := Pack(device, wall, now, rs)
	return encode(stored{Type: TypeTelemetry, Age: age(now, rs[0].At), Data: pack})
}

// Pack writes at least one record in SenML; see TelemetryBody.
//
// Base time is exact to the millisecond. The times beside it are whole seconds: what must be known
// better is an event, and digits that say nothing are what a batch on the line consists of.
func Pack(device string, wall int64, now point.Instant, rs []Record) []byte {
	first := rs[0].At
	if wall != 0 {
		wall -= age(now, first)
	}
	b := make([]byte, 0, 64+48*len(rs))
	b = append(b, `[{"bn":`...)
	b = appendText(b, device+":")
	b = append(b, `,"bt":`...)
	b = appendDecimal(b, label(wall, int64(first)/1e6), 1000)
	b = append(b, `,"bver":`...)
	b = strconv.AppendInt(b, senmlVersion, 10)
	for i, r := range rs {
		b = append(b, ',')
		if i > 0 {
			b = append(b, '{')
		}
		b = appendRecord(b, r, int64(r.At.Sub(first).Round(time.Second)/time.Second))
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendRecord writes the labels of one record; after is its time after the base time in s.
func appendRecord(b []byte, r Record, after int64) []byte {
	b = append(b, `"n":`...)
	b = appendText(b, r.Name)
	b = appendValue(b, r.Quantity, r.Value, r.Quality == point.Bad)
	if after != 0 {
		b = append(b, `,"t":`...)
		b = strconv.AppendInt(b, after, 10)
	}
	switch r.Quality {
	case point.Good:
	case point.Uncertain:
		b = append(b, `,"q":"u:`...)
		b = append(append(b, r.Reason.String()...), '"')
	default:
		b = append(b, `,"q":"b:`...)
		b = append(append(b, r.Reason.String()...), '"')
	}
	return b
}

// appendValue writes unit and value. A bad reading has no number that could be taken for one: its
// value is the text "bad".
func appendValue(b []byte, q drivers.Quantity, value int64, bad bool) []byte {
	switch {
	case bad:
		return append(b, `,"vs":"bad"`...)
	case q == drivers.Contact:
		b = append(b, `,"vb":`...)
		return strconv.AppendBool(b, value != 0)
	}
	u, ok := senmlUnits[q]
	if !ok {
		u.scale = 1
	}
	if u.symbol != "" {
		b = append(b, `,"u":`...)
		b = appendText(b, u.symbol)
	}
	b = append(b, `,"v":`...)
	return appendDecimal(b, value, u.scale)
}

// evidence is a value beside its limit, in SenML labels.
type evidence struct {
	detect.Evidence
	id   point.ID
	main drivers.Quantity
}

// MarshalJSON writes the value as a telemetry record writes it.
func (e evidence) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 64), `{"n":`...)
	b = appendText(b, seriesName(e.id, e.main, e.Quantity, 0))
	b = appendValue(b, e.Quantity, e.Value, false)
	if e.Quantity != drivers.Contact {
		b = append(b, `,"limit":`...)
		b = appendDecimal(b, e.Limit, max(senmlUnits[e.Quantity].scale, 1))
	}
	if e.Weight != 0 {
		b = strconv.AppendInt(append(b, `,"weight":`...), int64(e.Weight), 10)
	}
	return append(b, '}'), nil
}

// appendDecimal writes value/scale exactly; scale is a power of ten.
func appendDecimal(b []byte, value, scale int64) []byte {
	whole, rest := value/scale, value%scale
	if value < 0 && whole == 0 {
		b = append(b, '-')
	}
	b = strconv.AppendInt(b, whole, 10)
	if rest == 0 {
		return b
	}
	if rest < 0 {
		rest = -rest
	}
	digits := strconv.FormatInt(scale+rest, 10)[1:]
	return append(append(b, '.'), strings.TrimRight(digits, "0")...)
}

// appendText writes a JSON string.
func appendText(b []byte, s string) []byte {
	text, _ := json.Marshal(s) // A string always encodes.
	return append(b, text...)
}
