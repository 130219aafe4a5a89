package board

import (
	"slices"
	"strings"
)

// verdict is one way in which an attempt to read ends.
type verdict string

const (
	right      verdict = "right" // the true value
	wrong      verdict = "wrong" // another value within the range: the part lies, and well
	noDevice   verdict = "no device"
	checksum   verdict = "checksum"
	outOfRange verdict = "range"
	notReady   verdict = "not ready"
	hangs      verdict = "hangs"      // it does not come back
	unclassed  verdict = "unclassed"  // an error of no class: never right
	zero       verdict = "zero"       // a zero that nobody measured: never right
	impossible verdict = "impossible" // a value that the channel cannot have: never right
	malformed  verdict = "malformed"  // an error with samples, or none with none: never right
)

type row struct {
	kind   string
	models string // "" for all that have no row of their own
	want   []verdict
}

// verdicts says how each fault shows at each model, in the scene during it. Nothing else may show.
var verdicts = []row{
	{"busy", "sht3x sgp40 sgp30", []verdict{noDevice}},
	{"busy", "aht20 sen50 sen54 sen55", []verdict{noDevice, notReady}},
	{"busy", "mlx90614 amg8833", []verdict{wrong}}, // nothing tells that a value is old
	{"zeros", "sht3x sgp40 sgp30", []verdict{outOfRange}},
	{"ones", "sht3x sgp40 sgp30", []verdict{outOfRange}},
	{"ones", "aht20", []verdict{noDevice, notReady}},
	{"wrong_id", "aht20", []verdict{noDevice, notReady}},      // all its bits are one: it seems busy
	{"wrong_id", "sgp30 sen50 sen54 sen55", []verdict{right}}, // it is asked after a failure only
	{"brown_out", "sht3x aht20 sgp40 mlx90614 amg8833 bme280 bmp280", []verdict{noDevice, right}},
	{"brown_out", "sgp30 sen50 sen54 sen55", []verdict{noDevice, notReady, right}},
	{"slow", "sht3x", []verdict{noDevice}},
	{"slow", "sgp40 sgp30", []verdict{noDevice, right}}, // after a failure there is more time
	{"saturated", "sen50", []verdict{wrong}},            // smoke goes beyond any range
	{"noise", "sht3x aht20 sgp40 sgp30 bme280", []verdict{wrong}},
	{"spike", "sen50 sen54 sen55 bme280", []verdict{wrong}}, // one of its values, each time
	{"shifted", "sht3x aht20 sgp40 sgp30 mlx90614 sen50 sen54 sen55", []verdict{checksum}},
	// Driven both ways, a rope tells an ADC that lies.
	{"frozen", "leak-rope", []verdict{outOfRange}},
	{"stuck", "leak-rope", []verdict{outOfRange}},
	{"offset", "leak-rope", []verdict{outOfRange}},
	{"spike", "leak-rope", []verdict{outOfRange, right}},
	{"absent", "", []verdict{noDevice}},
	{"nack", "", []verdict{noDevice}},
	{"nack_write", "", []verdict{noDevice}},
	{"busy", "sht4x dfgas", []verdict{noDevice}},
	{"busy", "sps30 scd4x", []verdict{noDevice, notReady}},
	{"busy", "", []verdict{notReady}},
	// One byte of its answer is neither covered by the checksum nor used.
	{"bit_flip", "dfgas", []verdict{checksum, right}},
	{"bit_flip", "", []verdict{checksum}},
	{"zeros", "sht4x", []verdict{outOfRange}},
	{"zeros", "sps30 scd4x", []verdict{noDevice, notReady}},
	{"zeros", "pcf8574", []verdict{wrong}}, // it has nothing to be known by
	{"zeros", "", []verdict{noDevice}},
	{"ones", "sht4x scd4x", []verdict{outOfRange}},
	{"ones", "sps30", []verdict{noDevice, notReady}},
	{"ones", "pcf8574", []verdict{wrong}},
	{"ones", "", []verdict{noDevice}},
	{"frozen", "", []verdict{wrong}},
	{"stuck", "", []verdict{wrong}},
	{"wrong_id", "sht4x sps30 scd4x", []verdict{right}}, // no read asks for it
	{"wrong_id", "pcf8574", []verdict{wrong}},
	{"wrong_id", "", []verdict{noDevice}},
	{"brown_out", "sps30 scd4x", []verdict{noDevice, notReady, right}},
	{"brown_out", "mcp23017", []verdict{noDevice, right}},
	{"brown_out", "sht4x", []verdict{noDevice, right}},
	{"brown_out", "", []verdict{right}}, // it strikes before a Start, which sets all again
	{"slow", "sht4x", []verdict{noDevice}},
	{"slow", "", []verdict{right}},                 // it is read again a little later
	{"saturated", "sps30 dfgas", []verdict{wrong}}, // a fire goes beyond any range
	{"saturated", "", []verdict{outOfRange}},
	{"noise", "sht4x sps30 scd4x dfgas", []verdict{wrong}},
	{"noise", "eol-loop leak-rope", []verdict{right}},
	{"noise", "", []verdict{right, wrong}},     // some of it is less than a right value may be off
	{"spike", "sps30 scd4x", []verdict{wrong}}, // one of its values, each time
	{"spike", "", []verdict{right, wrong}},
	{"offset", "", []verdict{wrong}},
	{"fan_stopped", "", []verdict{outOfRange}},
	{"drift", "eol-loop", []verdict{outOfRange, right, wrong}}, // it leaves its band
	{"drift", "leak-rope", []verdict{outOfRange}},
	{"drift", "sen54 sen55", []verdict{outOfRange, wrong}},
	{"drift", "", []verdict{wrong}},
	{"cold", "sps30 sen50 sen54 sen55", []verdict{right}}, // as any that warms up
	{"cold", "", []verdict{wrong}},                        // for as long as the descriptor says
	{"no_battery", "", []verdict{wrong}},                  // its second channel tells
	// Where there is no checksum, a clash is seen by what the part should hold, and then not always.
	{"clash", "aht20 dfgas scd4x sen50 sen54 sen55 sgp30 sgp40 sht3x sht4x sps30",
		[]verdict{checksum}},
	{"clash", "bme280 bmp280 mlx90614", []verdict{checksum, noDevice}},
	{"clash", "amg8833", []verdict{noDevice, wrong}},
	{"clash", "ds3231", []verdict{noDevice, right, wrong}},
	{"clash", "mcp342x", []verdict{noDevice, right, wrong, zero}},
	{"clash", "pcf8574", []verdict{notReady, wrong}},
	{"clash", "", []verdict{noDevice}},
	// A plain voltage is one, whatever it comes from.
	{"wire_open", "ads1115 mcp342x", []verdict{wrong}},
	{"wire_short", "ads1115 mcp342x", []verdict{zero}},
	{"wire_open", "", []verdict{outOfRange}},
	{"wire_short", "", []verdict{outOfRange}},
	{"earth_leak", "eol-loop", []verdict{right}}, // within its band
	{"supply_sag", "eol-loop", []verdict{right}},
	{"earth_leak", "leak-rope", []verdict{outOfRange}},
	{"supply_sag", "leak-rope", []verdict{outOfRange}},
	{"earth_leak", "", []verdict{wrong}},
	{"supply_sag", "", []verdict{wrong}},
	{"slow_nack", "", []verdict{noDevice}},
	{"nack_enxio", "", []verdict{noDevice}},
	{"rail_off", "", []verdict{noDevice}},
	{"glitch", "pulses", []verdict{wrong}},
	{"glitch", "", []verdict{right}},
	{"floating", "contact", []verdict{wrong}}, // what must tell a cut wire is an eol-loop
	{"floating", "pulses", []verdict{zero}},
	{"floating", "", []verdict{right}}, // no mains, as during any such wire
	{"inverted", "contact", []verdict{wrong}},
	{"inverted", "", []verdict{right}},
	{"hang", "", []verdict{hangs}},
	{"gone", "", []verdict{noDevice}},
	{"stuck_low", "", []verdict{noDevice}},
	{"short", "", []verdict{noDevice}},
	{"shifted", "sht4x sps30 scd4x dfgas", []verdict{checksum}},
	{"shifted", "pcf8574", []verdict{wrong}},
	{"shifted", "", []verdict{noDevice}},
	{"held", "", []verdict{right}},                   // who has the line keeps it
	{"read_error", "pulses mains", []verdict{right}}, // they read no level
	{"read_error", "", []verdict{noDevice}},
	{"stuck", "contact", []verdict{wrong}},
	{"stuck", "pulses", []verdict{zero}},   // as a meter that stands still
	{"stuck", "mains", []verdict{right}},   // no mains, as during any such wire
	{"bounce", "pulses", []verdict{wrong}}, // no debounce, unless the site file asks for it
	{"bounce", "", []verdict{right}},
	{"storm", "", []verdict{wrong}},                   // the debounce lets nothing pass
	{"no_edges", "pulses mains", []verdict{noDevice}}, // nothing is counted
	{"no_edges", "", []verdict{right}},
}

// wanted finds the row for a fault; used remembers which rows served.
func wanted(kind, model string, used map[int]bool) ([]verdict, bool) {
	found := -1
	for i, r := range verdicts {
		if r.kind != kind {
			continue
		}
		if slices.Contains(strings.Fields(r.models), model) {
			found = i
			break
		}
		if r.models == "" {
			found = i
		}
	}
	if found < 0 {
		return nil, false
	}
	used[found] = true
	return verdicts[found].want, true
}
