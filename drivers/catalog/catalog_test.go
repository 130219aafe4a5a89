package catalog_test

import (
	"errors"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/board"
	"github.com/firepost/firepost/drivers/catalog"
)

// Both boards of package board are boards of the catalog.
var (
	_ catalog.Board = (*board.HostBoard)(nil)
	_ catalog.Board = (*board.SimBoard)(nil)
)

// testBoard has one bus with an ADS1115 and an SHT4x, and lines that remember how they were opened.
type testBoard struct {
	buses, closed int
	opened        map[string]drivers.LineConfig
	registers     [4]uint16
}

func (b *testBoard) I2C(name string) (i2c.Bus, error) {
	if name != "i2c-1" {
		return nil, drivers.ErrNoDevice
	}
	b.buses++
	return testBus{b}, nil
}

func (b *testBoard) Line(name string, c drivers.LineConfig) (drivers.Line, error) {
	if name != "GPIO17" {
		return nil, drivers.ErrNoDevice
	}
	b.opened[name] = c
	return &testLine{high: c.High}, nil
}

type testBus struct{ b *testBoard }

func (t testBus) String() string                  { return "i2c-1" }
func (t testBus) SetSpeed(physic.Frequency) error { return nil }
func (t testBus) Close() error                    { t.b.closed++; return nil }
func (t testBus) Tx(addr uint16, w, r []byte) error {
	switch {
	case addr == 0x48 && len(w) == 3:
		t.b.registers[w[0]] = uint16(w[1])<<8 | uint16(w[2])
	case addr == 0x48 && len(r) == 2:
		value := t.b.registers[w[0]]
		r[0], r[1] = byte(value>>8), byte(value)
	case addr == 0x44 && len(r) == 6:
		copy(r, []byte{0x66, 0x66, 0x93, 0x72, 0xB0, 0xDC})
	case addr != 0x44:
		return drivers.ErrNoDevice
	}
	return nil
}

type testLine struct {
	drivers.Line
	high bool
}

func (l *testLine) Level() (bool, error) { return l.high, nil }
func (l *testLine) State() (bool, error) { return l.high, nil }
func (l *testLine) Set(high bool) error  { l.high = high; return nil }
func (l *testLine) Close() error         { return nil }

func newBoard(code uint16) *testBoard {
	return &testBoard{opened: map[string]drivers.LineConfig{}, registers: [4]uint16{code}}
}

// A sensor that is opened by its options gives samples that its channels announce, and gives its
// bus back when it is closed.
func TestSensorsReadThroughTheBoard(t *testing.T) {
	for _, c := range []struct {
		model string
		opts  map[string]string
		code  uint16 // of the ADC
		want  []drivers.Sample
		bus   string
		chip  string
	}{
		{"contact", map[string]string{"line": "GPIO17"}, 0,
			[]drivers.Sample{{Quantity: drivers.Contact, Value: 1}}, "line:GPIO17", "line:GPIO17"},
		{"contact", map[string]string{"line": "GPIO17", "abnormal": "high"}, 0,
			[]drivers.Sample{{Quantity: drivers.Contact}}, "line:GPIO17", "line:GPIO17"},
		{"sht4x", nil, 0, []drivers.Sample{
			{Channel: 0, Quantity: drivers.Temperature, Value: 25_000},
			{Channel: 1, Quantity: drivers.Humidity, Value: 50_001},
		}, "i2c:i2c-1", "i2c-1/0x44"},
		{"ads1115", map[string]string{"bus": "/dev/i2c-1", "address": "72", "channel": "2"}, 8000,
			[]drivers.Sample{{Quantity: drivers.Voltage, Value: 1_000_000}},
			"i2c:i2c-1", "i2c-1/0x48"},
		{"loop-4-20ma", map[string]string{"quantity": "combustible", "at4": "0 %LEL",
			"at20": "100 %LEL"}, 14_400,
			[]drivers.Sample{{Quantity: drivers.Combustible, Value: 50_000}},
			"i2c:i2c-1", "i2c-1/0x48"},
		{"loop-4-20ma", map[string]string{"quantity": "level", "at4": "0 m", "at20": "3 m",
			"shunt": "0.1 kΩ", "range": "2.048 V"}, 19_200,
			[]drivers.Sample{{Quantity: drivers.Level, Value: 1500}}, "i2c:i2c-1", "i2c-1/0x48"},
		{"eol-loop", nil, 13_200, []drivers.Sample{{Quantity: drivers.Contact}},
			"i2c:i2c-1", "i2c-1/0x48"},
		{"eol-loop", map[string]string{"voltage": "3 V", "pull_up": "2.2 kΩ", "detector": "680 Ω",
			"channel": "3"}, 5_104, []drivers.Sample{{Quantity: drivers.Contact, Value: 1}},
			"i2c:i2c-1", "i2c-1/0x48"},
		{"ratiometric", map[string]string{"quantity": "pressure", "low": "0 MPa",
			"high": "1.2 MPa"}, 13_333,
			[]drivers.Sample{{Quantity: drivers.Pressure, Value: 599_981}},
			"i2c:i2c-1", "i2c-1/0x48"},
	} {
		t.Run(c.model, func(t *testing.T) {
			m, b := catalog.Sensors()[c.model], newBoard(c.code)
			if bus, chip := m.Place(c.opts); bus != c.bus || chip != c.chip {
				t.Errorf("Place: got %q, %q, want %q, %q", bus, chip, c.bus, c.chip)
			}
			sensor, err := m.Open(b, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sensor.Start(); err != nil {
				t.Fatal(err)
			}
			got, err := sensor.Read(nil)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
			checkChannels(t, m, c.opts, got)
			if err := sensor.(io.Closer).Close(); err != nil || b.closed != b.buses {
				t.Errorf("Close: %v, %d of %d buses given back", err, b.closed, b.buses)
			}
		})
	}
}

func checkChannels(t *testing.T, m catalog.SensorModel, opts map[string]string,
	samples []drivers.Sample) {
	t.Helper()
	channels := m.Descriptor.Channels
	if m.Channels != nil {
		var err error
		if channels, err = m.Channels(opts); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range samples {
		if int(s.Channel) >= len(channels) {
			t.Fatalf("sample %v has no channel in %v", s, channels)
		}
		c := channels[s.Channel]
		if s.Quantity != c.Quantity || s.Value < c.Min || s.Value > c.Max {
			t.Errorf("sample %v is not of channel %v", s, c)
		}
	}
}

// The line of a contact wakes its reader and is debounced and pulled as the options say.
func TestContactOpensItsLineAsTheOptionsSay(t *testing.T) {
	b := newBoard(0)
	s, err := catalog.Sensors()["contact"].Open(b, map[string]string{
		"line": "GPIO17", "debounce": "35 ms", "pull": "up",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.(drivers.Waiter); !ok {
		t.Error("the contact cannot wake its reader")
	}
	want := drivers.LineConfig{Bias: drivers.BiasUp, Debounce: 35 * time.Millisecond}
	if got := b.opened["GPIO17"]; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// An output has its state from the request on, whatever its polarity, and can be read back.
func TestRelayBeginsInItsState(t *testing.T) {
	for _, c := range []struct {
		active   string
		on, high bool
	}{{"", true, true}, {"", false, false}, {"low", true, false}, {"low", false, true}} {
		b := newBoard(0)
		out, err := catalog.Outputs()["relay"].Open(b,
			map[string]string{"line": "GPIO17", "active": c.active}, c.on)
		if err != nil {
			t.Fatal(err)
		}
		want := drivers.LineConfig{Output: true, High: c.high}
		if got := b.opened["GPIO17"]; got != want {
			t.Errorf("active %q, on %v: got %+v, want %+v", c.active, c.on, got, want)
		}
		if on, err := out.(drivers.Checker).State(); on != c.on || err != nil {
			t.Errorf("active %q, on %v: State() = %v, %v", c.active, c.on, on, err)
		}
	}
}

// A mistake in an option is refused with a text that says what to write.
func TestOptionsSayWhatToWrite(t *testing.T) {
	for _, c := range []struct{ model, option, value, want string }{
		{"contact", "line", "GPIO 17",
			`"GPIO 17" has a blank or a control character; write the name without`},
		{"contact", "line", strings.Repeat("x", 65), " is not a name of 1 to 64 bytes"},
		{"contact", "abnormal", "Low", `"Low" is not known; write "low" or "high"`},
		{"contact", "debounce", "20", `"20" has no unit; write "20 ms" or "20 s"`},
		{"contact", "debounce", "2 s", `"2 s" is not within 0 ms to 1 s; write "20 ms"`},
		{"contact", "debounce", "-1 ms", `"-1 ms" is not within 0 ms to 1 s; write "20 ms"`},
		{"contact", "pull", "pullup",
			`"pullup" is not known; write "board", "up", "down" or "none"`},
		{"contact", "line", "i2c-1", `"i2c-1" is a bus, not a line; write the line of the board ` +
			`that the part hangs on, such as line = "GPIO17"`},
		{"relay", "line", "/dev/i2c-1", `such as line = "GPIO5"`},
		{"relay", "line", "I2C1", ` is a bus, not a line`},
		{"relay", "line", "/dev/gpiochip0", `"/dev/gpiochip0" is a file; write the name of a line`},
		{"relay", "line", "gpiochip0:x", ` has no number of a line behind its colon`},
		{"relay", "line", "gpiochip0:017", ` has no number of a line behind its colon`},
		{"sht4x", "bus", "", " is not a name of 1 to 64 bytes"},
		{"sht4x", "bus", "zzz", `"zzz" is not an I²C bus; write bus = "i2c-1", or another one that `},
		{"sht4x", "bus", "3", `"3" is not an I²C bus; write bus = "i2c-3", `},
		{"sht4x", "bus", "I2C0", `"I2C0" is not an I²C bus; write bus = "i2c-0", `},
		{"sht4x", "bus", "i2c 1", `"i2c 1" is not an I²C bus; write bus = "i2c-1", `},
		{"sht4x", "bus", "i2c-1 ", `"i2c-1 " is not an I²C bus; write bus = "i2c-1", `},
		{"sht4x", "bus", "/dev/i2c/1", `"/dev/i2c/1" is not an I²C bus; write bus = "i2c-1", `},
		{"sht4x", "bus", "i2c1/mux-0x70/0", `"i2c1" is not an I²C bus; write bus = "i2c-1", `},
		{"sht4x", "bus", "i2c-1/mux-0x6f/0", ` with an address from 0x70 to 0x77 and a channel `},
		{"sht4x", "bus", "i2c-1/mux-0x70", ` has no channel of a switch behind "/mux-"; write it `},
		{"sht4x", "bus", "i2c-01", `"i2c-01" is not an I²C bus; write bus = "i2c-1", `},
		{"sht4x", "address", "44",
			`sht4x has no address "44"; write "0x44", "0x45" or "0x46"`},
		{"sps30", "address", "0x68", `sps30 has no address "0x68"; write "0x69"`},
		{"ads1115", "channel", "4", `"4" is not known; write "0", "1", "2" or "3"`},
		{"ads1115", "range", "5 V", `"5 V" is not known; write "6.144 V", "4.096 V", "2.048 V", `},
		{"loop-4-20ma", "shunt", "150", `"150" has no unit; write "150 Ω", "150 ohm" or "150 kΩ"`},
		{"loop-4-20ma", "shunt", "0 Ω", `"0 Ω" is not within 1 Ω to 1 kΩ; write "150 Ω"`},
		{"loop-4-20ma", "quantity", "gass", `"gass" is not a quantity; write "temperature", `},
		{"loop-4-20ma", "quantity", "raw", `"raw" is not a quantity; write "temperature", `},
		{"loop-4-20ma", "at4", "0",
			`"0" is not a value with its unit: write the value at 4 mA, such as at4 = "0 %LEL"`},
		{"dfgas", "gas", "CO", `"CO" is not known; write "co", "o2", "h2s", "nh3", "h2", "no2", `},
		{"pulses", "pulses_per_litre", "9", `"9" is not within 10 to 100000; write "450"`},
		{"pulses", "pulses_per_litre", "1e3", `"1e3" is not a whole number; write "450"`},
		{"loop-4-20ma", "adc", "ads1015", `"ads1015" is not known; write "ads1115" or "mcp342x"`},
		{"eol-loop", "address", "0x40", `no converter has an address "0x40"; write "0x48" to "0x4b"`},
		{"ratiometric", "divider", "0.5", `"0.5" is not within 1 to 100; write "2.471"`},
		{"mcp342x", "bits", "12", `"12" is not known; write "14", "16" or "18"`},
		{"mcp23017", "inputs", "0-7", "7 and 15 can only be outputs"},
		{"mcp23017", "inputs", "0-16", `"0-16" is not a list of pins; write it like "0-3, 5", each `},
		{"pcf8574", "inputs", "5-3", `"5-3" is not a list of pins; write it like "0-3, 5", each at `},
		{"pcf8574", "abnormal_high", "a", `"a" is not a list of pins`},
		{"mcp23017", "channel", "3-4", `"3-4" is not one pin; write it like "3"`},
		{"mcp23017", "channel", "03", `"03" is not one pin; write it like "3"`},
		{"pcf8574", "channel", "8", `"8" is not a list of pins; write it like "0-3, 5", each at `},
		{"ina219", "shunt", "0 Ω", `"0 Ω" is not within 0.1 mΩ to 100 Ω; write "100 mΩ"`},
		{"ina226", "shunt", "2", `"2" has no unit; write "2 mΩ", "2 Ω" or "2 ohm"`},
		{"relay", "active", "on", `"on" is not known; write "low" or "high"`},
	} {
		err := optionOf(t, c.model, c.option).Check(c.value)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s = %.20q: got %v, want %s", c.model, c.option, c.value, err, c.want)
		}
	}
}

// A list of pins is as short as it can be.
func TestPinListIsShort(t *testing.T) {
	for mask, want := range map[uint16]string{
		0: "", 1: "0", 1 << 15: "15", 0x10F: "0-3, 8", 0xFFFF: "0-15", 0x0B: "0-1, 3",
		0x7F7F: "0-6, 8-14",
	} {
		if got := catalog.PinList(mask); got != want {
			t.Errorf("%#x: got %q, want %q", mask, got, want)
		}
	}
}

// What a board can open is accepted.
func TestNamesOfPlacesAreAccepted(t *testing.T) {
	for option, names := range map[string][]string{
		"bus": {"i2c-0", "i2c-1", "/dev/i2c-10", "/soc/i2c@7e804000", "bcm2835 (i2c@7e804000)",
			"30a40000.i2c", "MCP2221 usb-i2c bridge"},
		"line": {"GPIO17", "gpiochip0:17", "pinctrl-bcm2711:5", "7000000.gpio:0", "INT34C5:00:3",
			"P1_11", "P8.07", "siren", "LINE3", "OUT-siren"},
	} {
		for _, name := range names {
			for model, m := range catalog.Sensors() {
				for _, o := range m.Options {
					if o.Name != option {
						continue
					}
					if err := o.Check(name); err != nil {
						t.Errorf("%s %s = %q: %v", model, option, name, err)
					}
				}
			}
		}
	}
}

func optionOf(t *testing.T, model, name string) catalog.Option {
	t.Helper()
	options := slices.Concat(catalog.Sensors()[model].Options, catalog.Outputs()[model].Options)
	i := slices.IndexFunc(options, func(o catalog.Option) bool { return o.Name == name })
	if i < 0 {
		t.Fatalf("%s has no option %s", model, name)
	}
	return options[i]
}

// What only the options together can tell is told by Channels, before anything is opened.
func TestChannelsTellWhatTheOptionsTogetherSay(t *testing.T) {
	for _, c := range []struct {
		model, want string
		opts        map[string]string
	}{
		{"loop-4-20ma", `at20: "3 m" has an unknown unit "m"; write "3 %LEL"`, map[string]string{
			"quantity": "combustible", "at4": "0 %LEL", "at20": "3 m"}},
		{"loop-4-20ma", "the values at 4 mA and at 20 mA are the same", map[string]string{
			"quantity": "level", "at4": "3 m", "at20": "3 m"}},
		{"loop-4-20ma", "quantity: it is missing", map[string]string{"at4": "3 m", "at20": "3 m"}},
		{"ratiometric", "signal and supply are the same input", map[string]string{
			"quantity": "level", "low": "0 m", "high": "3 m", "supply": "0"}},
		{"mcp23017", `abnormal_high: "8" names pins that are not among inputs "0-3"`,
			map[string]string{"inputs": "0-3", "abnormal_high": "8"}},
		{"mq", "mq: an mq-7 has no curve for \"lpg\"; take one of co", map[string]string{
			"part": "mq-7", "gas": "lpg", "clean_air": "0.6 V"}},
		{"leak-rope", "drive_b: it is the same line as drive_a", map[string]string{
			"drive_a": "GPIO17", "drive_b": "GPIO17"}},
		{"leak-rope", "leakrope: a wet rope must have at most two thirds", map[string]string{
			"drive_a": "GPIO17", "drive_b": "GPIO18", "wet": "90 kΩ"}},
		{"eol-loop", `address: ads1115 has no address "0x68"`, map[string]string{
			"address": "0x68"}},
		{"eol-loop", "range: an open line has 3.3 V, and 2.048 V cannot show it",
			map[string]string{"adc": "mcp342x"}},
		{"eol-loop", "range: an open line has 5 V, and 4.096 V cannot show it", map[string]string{
			"voltage": "5 V"}},
		{"eol-loop", "eolloop: alarm reaches up to 0.405 of the supply", map[string]string{
			"detector": "4.7 kΩ"}},
		{"eol-loop", "eolloop: pull-up: 0 Ω is outside 100 Ω to 1 MΩ", map[string]string{
			"pull_up": "0 Ω"}},
		{"ratiometric", `high: "3 %LEL" has an unknown unit`, map[string]string{
			"quantity": "level", "low": "0 m", "high": "3 %LEL"}},
	} {
		m := catalog.Sensors()[c.model]
		if _, err := m.Channels(c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: Channels: got %v, want %s", c.model, c.opts, err, c.want)
		}
		b := newBoard(0)
		if s, err := m.Open(b, c.opts); err == nil || b.closed != b.buses {
			t.Errorf("%s %v: Open: got %v, %v", c.model, c.opts, s, err)
		}
	}
}

// A board without the bus or line says so, and its class survives.
func TestOpenKeepsTheBoardsError(t *testing.T) {
	for model, m := range catalog.Sensors() {
		opts := map[string]string{"bus": "i2c-9", "line": "GPIO9", "quantity": "level",
			"at4": "0 m", "at20": "1 m", "low": "0 m", "high": "1 m", "part": "mq-2",
			"clean_air": "0.6 V", "drive_a": "GPIO9", "drive_b": "GPIO8", "gas": "co"}
		if s, err := m.Open(newBoard(0), opts); !errors.Is(err, drivers.ErrNoDevice) {
			t.Errorf("%s: got %v, %v, want ErrNoDevice", model, s, err)
		}
	}
}

// Every model is whole: a name that a site file can hold, channels, a source, options with help,
// and defaults that pass their own check.
func TestEveryModelIsWhole(t *testing.T) {
	name := regexp.MustCompile(`^[a-z0-9-]+$`)
	check := func(model string, d drivers.Descriptor, options []catalog.Option) {
		if d.Model != model || !name.MatchString(model) || d.Name == "" || d.Source == "" ||
			d.Use == "" || d.Cost < 1 || d.Cost > 4 {
			t.Errorf("%s: descriptor %+v is not whole", model, d)
		}
		for _, c := range d.Channels {
			if c.Name == "" || len(c.Quantity.Units()) == 0 || c.Min >= c.Max {
				t.Errorf("%s: channel %+v is not whole", model, c)
			}
		}
		for _, o := range options {
			if !strings.HasPrefix(o.Help, "write ") || o.Check == nil {
				t.Errorf("%s: option %s has no help or no check", model, o.Name)
			}
			if o.Default != "" && (o.Required || o.Check(o.Default) != nil) {
				t.Errorf("%s: option %s: its default %q is no good", model, o.Name, o.Default)
			}
		}
	}
	for model, m := range catalog.Sensors() {
		check(model, m.Descriptor, m.Options)
		if len(m.Descriptor.Channels) == 0 && m.Channels == nil {
			t.Errorf("%s: its channels come from nowhere", model)
		}
	}
	for model, m := range catalog.Outputs() {
		check(model, m.Descriptor, m.Options)
	}
	got := slices.Sorted(maps.Keys(catalog.Sensors()))
	want := []string{
		"ads1115",
		"aht20",
		"amg8833",
		"bme280",
		"bmp280",
		"contact",
		"dfgas",
		"ds3231",
		"eol-loop",
		"ina219",
		"ina226",
		"leak-rope",
		"loop-4-20ma",
		"mains",
		"max3010x",
		"mcp23017",
		"mcp342x",
		"mlx90614",
		"mq",
		"pcf8574",
		"pulses",
		"ratiometric",
		"scd4x",
		"sen50",
		"sen54",
		"sen55",
		"sgp30",
		"sgp40",
		"sht3x",
		"sht4x",
		"sps30",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sensors: got %v, want %v", got, want)
	}
}

// A part that has an identity is asked for it; one without has nothing to say.
func TestIdentityIsAskedThroughTheCatalog(t *testing.T) {
	for model, has := range map[string]bool{"ina226": true, "sht4x": false} {
		s, err := catalog.Sensors()[model].Open(&testBoard{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.(drivers.Prober).Probe(); (err != nil) != has { // nothing answers there
			t.Errorf("%s: got %v, want it asked: %v", model, err, has)
		}
	}
}

// A part is known by one place, however its bus is written; all that is on one bus and behind its
// switches is read by one goroutine.
func TestPlaceIsOneHoweverItIsWritten(t *testing.T) {
	place := func(opts map[string]string) string {
		bus, chip := catalog.Sensors()["sht4x"].Place(opts)
		return bus + " " + chip
	}
	for want, all := range map[string][]map[string]string{
		"i2c:i2c-1 i2c-1/0x44": {nil, {"bus": "/dev/i2c-1"}, {"address": "68"}},
		"i2c:i2c-1 i2c-1/mux-0x70/3/0x44": {{"bus": "i2c-1/mux-0x70/3"},
			{"bus": "/dev/i2c-1/mux-112/3"}},
		"i2c:/soc/i2c@7e804000 /soc/i2c@7e804000/0x44": {{"bus": "/soc/i2c@7e804000"}},
	} {
		for _, opts := range all {
			if got := place(opts); got != want {
				t.Errorf("%v: got %s, want %s", opts, got, want)
			}
		}
		_, chip, _ := strings.Cut(want, " ")
		if spot, ok := catalog.SpotOf(chip); !ok || spot.String() != chip || spot.Addr() != 0x44 {
			t.Errorf("%s: got %v, %v", chip, spot, ok)
		}
	}
	for _, chip := range []string{"line:GPIO17", "", "i2c-1/0xzz", "i2c-1/mux-0x70/9/0x44"} {
		if spot, ok := catalog.SpotOf(chip); ok {
			t.Errorf("%q: got %v, want no place on I²C", chip, spot)
		}
	}
}
