package catalog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"periph.io/x/conn/v3/i2c"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/mcp23017"
	"github.com/firepost/firepost/drivers/pcf8574"
)

// expanderModels are the contacts on expanders.
func expanderModels() []SensorModel { return []SensorModel{mcp23017Model(), pcf8574Model()} }

// expanderOutputs are the pins of expanders that switch.
func expanderOutputs() []OutputModel {
	return []OutputModel{mcp23017Output(), pcf8574Output()}
}

func mcp23017Model() SensorModel {
	d := mcp23017.Describe()
	options := []Option{busOption(), addressOption(d, "0x20"),
		pinsOption("inputs", "0-6, 8-14", mcp23017.Pins, mcp23017.OutputsOnly, inputsHelp),
		pinsOption("abnormal_high", "", mcp23017.Pins, 0, abnormalHelp),
		{Name: "pull", Default: "up", Check: chosen("up", "none"),
			Help: `write pull = "up" for the pull-ups of the part, or "none" for your own`}}
	m := onBus(d, options, func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
		if err := s.onlyInputs(); err != nil {
			return nil, err
		}
		c := mcp23017.Config{Pins: s.pins("inputs"), High: s.pins("abnormal_high")}
		if s.text("pull") == "up" {
			c.PullUp = c.Pins
		}
		return mcp23017.NewInputs(bus, s.address(), c)
	})
	m.Channels = func(opts map[string]string) ([]drivers.Channel, error) {
		s := settings{options, opts}
		return mcp23017.Channels(s.pins("inputs")), s.onlyInputs()
	}
	m.Pins = pinsOf("inputs", options)
	return m
}

func pcf8574Model() SensorModel {
	d := pcf8574.Describe()
	options := []Option{busOption(), addressOption(d, "0x20"),
		pinsOption("inputs", "0-7", pcf8574.Pins, 0, inputsHelp),
		pinsOption("abnormal_high", "", pcf8574.Pins, 0, abnormalHelp)}
	m := onBus(d, options, func(bus i2c.Bus, s settings) (drivers.Sensor, error) {
		if err := s.onlyInputs(); err != nil {
			return nil, err
		}
		return pcf8574.NewInputs(bus, s.address(), pcf8574.Wiring{
			Pins: uint8(s.pins("inputs")), High: uint8(s.pins("abnormal_high")),
		})
	})
	m.Channels = func(opts map[string]string) ([]drivers.Channel, error) {
		s := settings{options, opts}
		return pcf8574.Channels(uint8(s.pins("inputs"))), s.onlyInputs()
	}
	m.Pins = pinsOf("inputs", options)
	return m
}

// onlyInputs fails when a level is told of a pin that is no input.
func (s settings) onlyInputs() error {
	if other := s.pins("abnormal_high") &^ s.pins("inputs"); other != 0 {
		return fmt.Errorf("abnormal_high: %q names pins that are not among inputs %q",
			s.text("abnormal_high"), s.text("inputs"))
	}
	return nil
}

func mcp23017Output() OutputModel {
	d := mcp23017.Describe()
	d.Name, d.Use = "one pin of a Microchip MCP23017", "relays, lamps, valves"
	options := []Option{ownBusOption(), addressOption(d, "0x20"), pinOption(mcp23017.Pins),
		levelOption("active", "high", "on")}
	m := onExpander(d, options, func(bus i2c.Bus, s settings, shared *mcp23017.Shared) (
		pin, error) {
		return mcp23017.NewOutput(bus, s.address(), s.pin(),
			mcp23017.Level(s.text("active") == "high"), shared)
	})
	m.Pins = pinsOf("channel", options)
	return m
}

func pcf8574Output() OutputModel {
	d := pcf8574.Describe()
	d.Name, d.Use = "one pin of a PCF8574 or PCF8574A", "lamps; nothing that lives depend on"
	options := []Option{ownBusOption(), addressOption(d, "0x20"), pinOption(pcf8574.Pins),
		pinsOption("outputs", "0-7", pcf8574.Pins, 0,
			`write all pins of the part that are outputs, such as outputs = "4-7"; the others `+
				`are let go`),
		levelOption("active", "low", "on")}
	m := onExpander(d, options, func(bus i2c.Bus, s settings, shared *pcf8574.Shared) (
		pin, error) {
		return pcf8574.NewOutput(bus, s.address(), pcf8574.Config{
			Pin: s.pin(), Outputs: uint8(s.pins("outputs")),
			Active: pcf8574.Level(s.text("active") == "high"),
		}, shared)
	})
	m.Pins = pinsOf("outputs", options) // its one register has a level for each of them
	m.Fits = func(opts map[string]string) error {
		s := settings{options, opts}
		own, outputs := uint16(1)<<s.pin(), s.pins("outputs")
		if outputs&own != 0 {
			return nil
		}
		return fmt.Errorf("channel: pin %d is not among outputs %q; write outputs = %q, or take "+
			"another pin", s.pin(), s.text("outputs"), PinList(outputs|own))
	}
	return m
}

// pin is an output with its read-back.
type pin interface {
	drivers.Output
	drivers.Checker
}

// onExpander makes the model of an output that shares its registers with others of its chip, and S
// with them. Each output has a goroutine of its own, so those of one chip take turns.
func onExpander[S any](d drivers.Descriptor, options []Option,
	open func(i2c.Bus, settings, *S) (pin, error)) OutputModel {
	type chip struct {
		turn   chan struct{} // holds the token of whoever writes
		shared S
	}
	chips := &sync.Map{} // by place; of the outputs that one table of models opens
	place := onBus(d, options, nil).Place
	return OutputModel{
		Descriptor: d,
		Options:    options,
		Place:      place,
		Open: func(b Board, opts map[string]string, on bool) (drivers.Output, error) {
			s := settings{options, opts}
			if err := s.check(); err != nil {
				return nil, err
			}
			bus, err := s.bus().open(b)
			if err != nil {
				return nil, err
			}
			_, name := place(opts)
			found, _ := chips.LoadOrStore(name, &chip{turn: make(chan struct{}, 1)})
			c := found.(*chip)
			out := &sharing{turn: c.turn, bus: bus}
			if out.pin, err = open(bus, s, &c.shared); err == nil {
				err = out.Set(on) // it has its level from its first moment
			}
			if err != nil {
				closeBus(bus)
				return nil, err
			}
			return out, nil
		},
	}
}

// sharing is an output that takes turns with others, and closes its bus.
type sharing struct {
	pin
	turn chan struct{}
	bus  i2c.Bus
}

// Set switches on or off, after the others of its chip.
func (o *sharing) Set(on bool) error {
	o.turn <- struct{}{}
	defer func() { <-o.turn }()
	return o.pin.Set(on)
}

// Close gives the bus back. It waits for no other.
func (o *sharing) Close() error { return closeBus(o.bus) }

// pinOption is a pin of an expander that has n of them. Its name lets outputs share a chip.
func pinOption(n int) Option {
	return Option{Name: "channel", Required: true, Number: true,
		Help: fmt.Sprintf(`write the pin of the part, such as channel = "3"; 0 to %d`, n-1),
		Check: func(text string) error {
			_, err := parsePins(text, n)
			if err == nil && !plainNumber.MatchString(text) {
				err = fmt.Errorf(`%q is not one pin; write it like "3"`, text)
			}
			return err
		}}
}

func (s settings) pin() uint8 {
	n, _ := strconv.ParseUint(s.text("channel"), 10, 8)
	return uint8(n)
}

const (
	inputsHelp   = `write which pins are inputs, such as inputs = "0-3, 8"`
	abnormalHelp = `write which inputs are abnormal at High, such as abnormal_high = "2"; the ` +
		`others are at Low`
)

// pinsOption is a set of pins of an expander that has n of them, without those that it forbids.
func pinsOption(name, usual string, n int, forbidden uint16, help string) Option {
	return Option{Name: name, Default: usual, Number: true, Help: help,
		Check: func(text string) error {
			mask, err := parsePins(text, n)
			if err == nil && mask&forbidden != 0 {
				err = errors.New("7 and 15 can only be outputs")
			}
			return err
		}}
}

// pins is the value of a pinsOption that was checked.
func (s settings) pins(name string) uint16 {
	mask, _ := parsePins(s.text(name), 16)
	return mask
}

// pinsOf makes the Pins of a model from one of its options.
func pinsOf(name string, options []Option) func(map[string]string) uint16 {
	return func(opts map[string]string) uint16 { return settings{options, opts}.pins(name) }
}

// PinList writes the pins of a mask as an option has them, such as "0-3, 8".
func PinList(mask uint16) string {
	var parts []string
	for pin := 0; mask>>pin != 0; pin++ {
		first := pin
		for mask>>pin&1 != 0 {
			pin++
		}
		switch pin - first {
		case 0:
		case 1:
			parts = append(parts, strconv.Itoa(first))
		default:
			parts = append(parts, fmt.Sprintf("%d-%d", first, pin-1))
		}
	}
	return strings.Join(parts, ", ")
}

// parsePins reads pins and ranges of pins, such as "0-3, 8", below n.
func parsePins(text string, n int) (mask uint16, err error) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		a, errA := strconv.ParseUint(first, 10, 8)
		b, errB := strconv.ParseUint(last, 10, 8)
		if errA != nil || errB != nil || a > b || b >= uint64(n) {
			return 0, fmt.Errorf(`%q is not a list of pins; write it like "0-3, 5", each at `+
				`most %d`, text, n-1)
		}
		for pin := a; pin <= b; pin++ {
			mask |= 1 << pin
		}
	}
	return mask, nil
}
