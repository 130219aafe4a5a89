package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/firepost/firepost/drivers"
)

// longestName is the longest name of a bus or line.
const longestName = 64

// settings are the options of one part, with what the site file left out.
type settings struct {
	options []Option
	given   map[string]string
}

// text is the value of an option, its default when nothing was given.
func (s settings) text(name string) string {
	if v := s.given[name]; v != "" {
		return v
	}
	for _, o := range s.options {
		if o.Name == name {
			return o.Default
		}
	}
	return ""
}

// check repeats what the checker of site files does, for callers that did not ask it.
func (s settings) check() error {
	for _, o := range s.options {
		value := s.text(o.Name)
		if value == "" {
			if o.Required {
				return fmt.Errorf("%s is missing: %s", o.Name, o.Help)
			}
			continue
		}
		if o.Check == nil {
			continue
		}
		if err := o.Check(value); err != nil {
			return fmt.Errorf("%s: %w", o.Name, err)
		}
	}
	return nil
}

// addressOption is the address of a part that can have any of those in its descriptor.
func addressOption(d drivers.Descriptor, usual string) Option {
	all := make([]string, len(d.Addresses))
	for i, a := range d.Addresses {
		all[i] = strconv.Quote(fmt.Sprintf("%#x", a))
	}
	return Option{Name: "address", Default: usual, Number: true,
		Help: fmt.Sprintf("write the I²C address of the part, such as address = %q", usual),
		Check: func(text string) error {
			a, err := strconv.ParseUint(text, 0, 16)
			if err != nil || !slices.Contains(d.Addresses, uint16(a)) {
				return fmt.Errorf("%s has no address %q; write %s", d.Model, text, oneOf(all))
			}
			return nil
		}}
}

// address is the value of an addressOption that was checked, or that of a converter.
func (s settings) address() uint16 {
	if s.text("address") == "" {
		return usualAddress[s.text("adc")]
	}
	a, _ := strconv.ParseUint(s.text("address"), 0, 16)
	return uint16(a)
}

// lineOption is a line of the board; usual is the one of the example.
func lineOption(usual string) Option {
	return Option{Name: "line", Required: true,
		Help: fmt.Sprintf(`write line = %q, the name of a line of the board, or its place, `+
			`such as line = "gpiochip0:17"`, usual),
		Check: func(text string) error {
			if err := checkName(text); err != nil {
				return err
			}
			return checkLine(text, usual)
		}}
}

// aBus is what looks like an I²C bus, whatever the case.
var aBus = regexp.MustCompile(`^(?i:/dev/)?(?i:i2c)[-_/]?[0-9]*$`)

func checkLine(text, usual string) error {
	at := strings.LastIndexByte(text, ':')
	switch {
	case aBus.MatchString(text):
		return fmt.Errorf(`%q is a bus, not a line; write the line of the board that the part `+
			`hangs on, such as line = %q`, text, usual)
	case strings.HasPrefix(text, "/dev/"):
		return fmt.Errorf(`%q is a file; write the name of a line, such as line = %q, `+
			`or its place, such as line = "gpiochip0:17"`, text, usual)
	case at >= 0 && (at == 0 || !plainNumber.MatchString(text[at+1:])):
		return fmt.Errorf(`%q has no number of a line behind its colon; `+
			`write it like line = "gpiochip0:17"`, text)
	}
	return nil
}

// plainNumber is a number that can be written in one way only: two texts are two lines, or pins.
var plainNumber = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,3})$`)

func checkName(text string) error {
	if text == "" || len(text) > longestName {
		return fmt.Errorf("%.70q is not a name of 1 to %d bytes", text, longestName)
	}
	if i := strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar
	}); i >= 0 {
		return fmt.Errorf("%q has a blank or a control character; write the name without", text)
	}
	return nil
}

// levelOption says which electrical level means something.
func levelOption(name, usual, meaning string) Option {
	return Option{Name: name, Default: usual,
		Help: fmt.Sprintf(`write %s = "low" or %s = "high", the level that means %s`,
			name, name, meaning),
		Check: chosen("low", "high")}
}

// chosen accepts these texts and no others.
func chosen(texts ...string) func(string) error {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = strconv.Quote(t)
	}
	return func(text string) error {
		if !slices.Contains(texts, text) {
			return fmt.Errorf("%q is not known; write %s", text, oneOf(quoted))
		}
		return nil
	}
}

// oneOf writes a choice: `"a", "b" or "c"`.
func oneOf(all []string) string {
	last := len(all) - 1
	if last < 1 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:last], ", ") + " or " + all[last]
}

// debounce bounds. A longer one would keep an alarm waiting.
const longestDebounce = time.Second

func debounceOption() Option {
	return Option{Name: "debounce", Default: "20 ms", Number: true,
		Help: `write how long a level must hold, such as debounce = "20 ms"; 0 ms to 1 s`,
		Check: func(text string) error {
			_, err := parseDebounce(text)
			return err
		}}
}

func parseDebounce(text string) (time.Duration, error) {
	micros, err := drivers.ParseUnits(text, []drivers.Unit{
		{Symbol: "ms", Scale: 1000}, {Symbol: "s", Scale: 1_000_000},
	})
	if err != nil {
		return 0, err
	}
	if micros < 0 || micros > longestDebounce.Microseconds() {
		return 0, fmt.Errorf("%q is not within 0 ms to 1 s; write %q", text, "20 ms")
	}
	return time.Duration(micros) * time.Microsecond, nil
}

// debounce is the value of a debounceOption that was checked; 0 when there is none.
func (s settings) debounce() time.Duration {
	d, _ := parseDebounce(s.text("debounce"))
	return d
}

// biases are the pulls by the word that the site file has for them.
var biases = map[string]drivers.Bias{
	"board": drivers.BiasDefault, "none": drivers.BiasNone, "up": drivers.BiasUp,
	"down": drivers.BiasDown,
}

func biasOption() Option {
	return Option{Name: "pull", Default: "board",
		Help: `write pull = "up", "down" or "none" to set the line's own resistor; ` +
			`"board" leaves it as it is`,
		Check: chosen("board", "up", "down", "none")}
}

// inputOption is an input of an ADC. An empty default may stay empty.
func inputOption(name, usual, help string) Option {
	return Option{Name: name, Required: usual == "", Default: usual, Number: true, Help: help,
		Check: chosen("0", "1", "2", "3")}
}

func (s settings) input(name string) uint8 { return s.text(name)[0] - '0' }

func shuntOption() Option {
	return Option{Name: "shunt", Default: "150 Ω", Number: true,
		Help: `write the resistor that the current flows through, such as shunt = "150 Ω"`,
		Check: func(text string) error {
			_, err := parseShunt(text)
			return err
		}}
}

// parseShunt returns mΩ.
func parseShunt(text string) (int64, error) {
	milli, err := drivers.ParseUnits(text, []drivers.Unit{
		{Symbol: "Ω", Scale: 1000}, {Symbol: "ohm", Scale: 1000}, {Symbol: "kΩ", Scale: 1_000_000},
	})
	if err != nil {
		return 0, err
	}
	if milli < 1_000 || milli > 1_000_000 {
		return 0, fmt.Errorf("%q is not within 1 Ω to 1 kΩ; write %q", text, "150 Ω")
	}
	return milli, nil
}

// resistorOption is a resistor of a circuit; what says where it is.
func resistorOption(name, usual, what string) Option {
	return Option{Name: name, Default: usual, Number: true,
		Help: fmt.Sprintf("write %s, such as %s = %q", what, name, usual),
		Check: func(text string) error {
			_, err := parseOhms(text)
			return err
		}}
}

// parseOhms returns Ω.
func parseOhms(text string) (int64, error) {
	return drivers.ParseUnits(text, []drivers.Unit{
		{Symbol: "kΩ", Scale: 1000}, {Symbol: "Ω", Scale: 1}, {Symbol: "ohm", Scale: 1},
	})
}

// ohms is the value of a resistorOption.
func (s settings) ohms(name string) (int64, error) {
	return named(name)(parseOhms(s.text(name)))
}

// voltageOption is a voltage of a circuit; what says where it is.
func voltageOption(name, usual, what string) Option {
	return Option{Name: name, Default: usual, Number: true,
		Help: fmt.Sprintf("write the voltage of %s, such as %s = %q", what, name, usual),
		Check: func(text string) error {
			_, err := drivers.Voltage.Parse(text)
			return err
		}}
}

// requiredVoltage is a voltageOption that has no usual value.
func requiredVoltage(name, example, what string) Option {
	o := voltageOption(name, example, what)
	o.Required, o.Default = true, ""
	return o
}

// voltage is the value of a voltageOption in µV.
func (s settings) voltage(name string) (int64, error) {
	return named(name)(drivers.Voltage.Parse(s.text(name)))
}

// named puts the name of an option before what is wrong with its value.
func named(name string) func(int64, error) (int64, error) {
	return func(v int64, err error) (int64, error) {
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		return v, nil
	}
}

func quantityOption() Option {
	return Option{Name: "quantity", Required: true,
		Help: `write what the transducer measures, such as quantity = "pressure"`,
		Check: func(text string) error {
			_, err := parseQuantity(text)
			return err
		}}
}

func parseQuantity(text string) (drivers.Quantity, error) {
	if q, ok := drivers.QuantityByName(text); ok && q.Units()[0].Symbol != "" {
		return q, nil
	}
	var known []string
	for _, q := range drivers.Quantities() {
		if q.Units()[0].Symbol != "" {
			known = append(known, strconv.Quote(q.String()))
		}
	}
	return 0, fmt.Errorf("%q is not a quantity; write %s", text, oneOf(known))
}

// valueOption is a value whose unit depends on the quantity: alone it can only be checked to be a
// value of some quantity. The whole is checked by SensorModel.Channels.
func valueOption(name, help string) Option {
	check := func(text string) error {
		for _, q := range drivers.Quantities() {
			if _, err := q.Parse(text); err == nil && q.Units()[0].Symbol != "" {
				return nil
			}
		}
		return fmt.Errorf("%q is not a value with its unit: %s", text, help)
	}
	return Option{Name: name, Required: true, Number: true, Help: help, Check: check}
}

// span reads the quantity and the values at both ends of a transducer. One that is missing hides
// nothing about the other.
func (s settings) span(low, high string) (q drivers.Quantity, a, b int64, err error) {
	if s.text("quantity") == "" {
		return 0, 0, 0, errors.New("quantity: it is missing")
	}
	if q, err = parseQuantity(s.text("quantity")); err != nil {
		return 0, 0, 0, fmt.Errorf("quantity: %w", err)
	}
	a, lowErr := s.end(q, low)
	b, highErr := s.end(q, high)
	return q, a, b, errors.Join(lowErr, highErr)
}

// end is the value at one end of a transducer.
func (s settings) end(q drivers.Quantity, name string) (int64, error) {
	if s.text(name) == "" {
		return 0, fmt.Errorf("%s: it is missing", name)
	}
	return named(name)(q.Parse(s.text(name)))
}
