// Package rig builds the simulated board that a site file describes: each sensor and output on the
// bus or line where the file has it, with handles by the file's own names to change what the parts
// feel and to make them fail. It must never know a driver.
package rig

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// Rig is a board with the parts of a site. Its methods may be called from any goroutine.
type Rig struct {
	board *board.Board
	clock chip.Clock
	chips map[string]*mounted // by their place
	muxes map[string]*chip.PCA9548

	mu       sync.Mutex
	parts    map[string]*Part
	standing map[string][]string // faults by the name of what has them
	follow   []string            // parts whose values a recording sets
}

// mounted is a chip on its bus. Several parts of a site may be of one chip.
type mounted struct {
	chip chip.Chip
	part *chip.Part
}

// Part is a sensor or an output of the site.
type Part struct {
	Name, Model string

	bus    string            // on which it hangs; empty: on a line
	on     *mounted          // nil: it hangs on a line
	pin    *board.Pin        // nil: it hangs on a bus
	inputs []input           // what it feels
	size   drivers.Quantity  // of the errors that it can have; 0: a bare number
	open   int64             // what a converter sees of its wire when that is cut, in µV
	opts   map[string]string // of the site file
	place  board.Place       // of faults of its line
}

// input is one thing that a part feels, by the name of the channel that tells it.
type input struct {
	name     string
	quantity drivers.Quantity
	set      func(value int64) error
	value    string // that was set last, as text
}

// Chip is the chip of the part; nil for one on a line.
func (p *Part) Chip() chip.Chip {
	if p.on == nil {
		return nil
	}
	return p.on.chip
}

// New puts the parts of a site on a board. The clock is that of the chips.
func New(s *site.Site, b *board.Board, clock chip.Clock) (*Rig, error) {
	r := &Rig{
		board: b, clock: clock, chips: map[string]*mounted{}, muxes: map[string]*chip.PCA9548{},
		parts: map[string]*Part{}, standing: map[string][]string{},
	}
	for _, sensor := range s.Sensors {
		model, known := catalog.Sensors()[sensor.Model]
		build, can := models()[sensor.Model]
		if !known || !can {
			return nil, fmt.Errorf("sensor %q: there is no simulated %s", sensor.Name, sensor.Model)
		}
		p := &Part{Name: sensor.Name, Model: sensor.Model, opts: sensor.Options,
			place: board.OnInput}
		channels := model.Descriptor.Channels
		if model.Channels != nil {
			var err error
			if channels, err = model.Channels(sensor.Options); err != nil {
				return nil, fmt.Errorf("sensor %q: %w", sensor.Name, err)
			}
		}
		for _, c := range channels {
			p.inputs = append(p.inputs, input{name: c.Name, quantity: c.Quantity})
		}
		at, place := model.Place(sensor.Options)
		p.hang(r, at)
		if err := build(r, p, place); err != nil {
			return nil, fmt.Errorf("sensor %q: %w", sensor.Name, err)
		}
		r.parts[p.Name] = p
	}
	return r, r.outputs(s)
}

// outputs are relays on lines, and pins of expanders.
func (r *Rig) outputs(s *site.Site) error {
	for _, o := range s.Outputs {
		model := catalog.Outputs()[o.Model]
		p := &Part{Name: string(o.ID), Model: o.Model, opts: o.Options, place: board.OnOutput}
		at, place := model.Place(o.Options)
		p.hang(r, at)
		if p.pin == nil {
			if _, err := r.expander(p, place); err != nil {
				return fmt.Errorf("output %q: %w", p.Name, err)
			}
		}
		if _, taken := r.parts[p.Name]; taken {
			p.Name = "output:" + p.Name
		}
		r.parts[p.Name] = p
	}
	return nil
}

// hang notes the bus or the line that a part is on.
func (p *Part) hang(r *Rig, at string) {
	if line, ok := strings.CutPrefix(at, "line:"); ok {
		p.pin = r.board.Pin(line)
		return
	}
	p.bus = strings.TrimPrefix(at, "i2c:")
}

// mount puts a chip where a place of the catalog says, unless one is there already.
func (r *Rig) mount(p *Part, place string, fresh func() (chip.Chip, *chip.Part),
) (*mounted, error) {
	if m := r.chips[place]; m != nil {
		p.on = m
		return m, nil
	}
	spot, ok := catalog.SpotOf(place)
	if !ok {
		return nil, fmt.Errorf("%q is no place on a bus", place)
	}
	c, part := fresh()
	m := &mounted{c, part}
	p.on, r.chips[place] = m, m
	s, behind := spot.Switch()
	if !behind {
		r.board.Bus(p.bus).Attach(spot.Addr(), c)
		return m, nil
	}
	mux := r.muxes[s.String()]
	if mux == nil {
		mux = chip.NewPCA9548(r.clock)
		r.muxes[s.String()] = mux
		r.board.Bus(p.bus).Attach(s.Addr(), mux)
	}
	mux.Attach(channelOf(place), spot.Addr(), c)
	return m, nil
}

// channelOf is the channel of a switch in a place such as i2c-1/mux-0x70/3/0x44.
func channelOf(place string) int {
	steps := strings.Split(place, "/")
	n, _ := strconv.Atoi(steps[len(steps)-2]) // the catalog wrote it
	return n
}

// Part finds a part by its name. The error says what there is.
func (r *Rig) Part(name string) (*Part, error) {
	if p := r.parts[name]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("there is no part %q; there are %s", name,
		strings.Join(r.Names(), ", "))
}

// Names lists the parts: the sensors and outputs of the site.
func (r *Rig) Names() []string { return slices.Sorted(maps.Keys(r.parts)) }

// Switched is an output on a line of its own.
type Switched struct {
	Name string
	Pin  *board.Pin
	Low  bool // it is on at Low
}

// Switched lists the outputs on lines.
func (r *Rig) Switched() (all []Switched) {
	for _, name := range r.Names() {
		if p := r.parts[name]; p.pin != nil && p.place == board.OnOutput {
			all = append(all, Switched{p.Name, p.pin, p.opts["active"] == "low"})
		}
	}
	return all
}

// Buses lists the buses that something hangs on.
func (r *Rig) Buses() []string {
	var all []string
	for _, p := range r.parts {
		if p.bus != "" {
			all = append(all, p.bus)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Follow has parts follow a recording: Set is refused for them until it is over.
func (r *Rig) Follow(parts ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.follow = parts
}

// Set changes what a part feels: PART.CHANNEL, or PART when it has a single channel. A contact is
// normal or abnormal; any other value has its unit.
func (r *Rig) Set(name, value string) error {
	part, channel, _ := strings.Cut(name, ".")
	p, err := r.Part(part)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Contains(r.follow, part) {
		return fmt.Errorf("%s follows the recording until it is over; make it fail, or play "+
			"--site", part)
	}
	in, err := p.input(channel)
	if err != nil {
		return err
	}
	v, err := parse(in.quantity, value)
	if err != nil {
		return fmt.Errorf("%s.%s: %w", p.Name, in.name, err)
	}
	if err := in.set(v); err != nil {
		return fmt.Errorf("%s.%s: %w", p.Name, in.name, err)
	}
	in.value = value
	return nil
}

// input finds a channel of the part.
func (p *Part) input(channel string) (*input, error) {
	var names []string
	for i := range p.inputs {
		if p.inputs[i].name == channel || channel == "" && len(p.inputs) == 1 {
			return &p.inputs[i], nil
		}
		names = append(names, p.Name+"."+p.inputs[i].name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s is an output: nothing can be set at it; make it fail", p.Name)
	}
	if channel == "" {
		return nil, fmt.Errorf("%s has more than one value; take one of %s", p.Name,
			strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("%s has no value %q; take one of %s", p.Name, channel,
		strings.Join(names, ", "))
}

// parse reads a value of a quantity; that of a contact is a word.
func parse(q drivers.Quantity, text string) (int64, error) {
	if q == drivers.Contact {
		switch text {
		case "normal", "0":
			return 0, nil
		case "abnormal", "1":
			return 1, nil
		}
		return 0, fmt.Errorf("%q is no state; write normal or abnormal", text)
	}
	return q.Parse(text)
}

// Show tells of each part, or of one, what was set and which faults stand.
func (r *Rig) Show(name string) (string, error) {
	names := r.Names()
	if name != "" {
		if _, err := r.Part(name); err != nil {
			return "", err
		}
		names = []string{name}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var text strings.Builder
	for _, n := range names {
		p := r.parts[n]
		fmt.Fprintf(&text, "%-20s %-12s %-10s %s\n", n, p.Model, p.where(),
			strings.Join(slices.Concat(r.values(p), r.faulty(n)), "   "))
	}
	if name == "" {
		for _, bus := range r.Buses() {
			fmt.Fprintf(&text, "%-20s %-12s %-10s %s\n", bus, "bus", "",
				strings.Join(r.faulty(bus), "   "))
		}
	}
	return strings.TrimRight(text.String(), "\n"), nil
}

func (p *Part) where() string {
	if p.pin != nil {
		return p.pin.Name()
	}
	return p.bus
}

// values tells what was set by hand, or what sets it.
func (r *Rig) values(p *Part) (all []string) {
	if slices.Contains(r.follow, p.Name) {
		return []string{"follows the recording"}
	}
	for _, in := range p.inputs {
		if in.value != "" {
			all = append(all, in.name+" "+in.value)
		}
	}
	if len(all) == 0 && len(p.inputs) > 0 {
		return []string{"as at the start"}
	}
	return all
}

func (r *Rig) faulty(name string) (all []string) {
	for _, f := range r.standing[name] {
		all = append(all, "FAULT "+f)
	}
	return all
}
