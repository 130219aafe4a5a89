package rig

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// Fault is a fault by its name, with what may be said of it.
type Fault struct {
	Name   string
	Size   string // such as "5 °C", "10 %", "low"; empty: what is usual
	Chance int    // it strikes on so many of 1000 occasions; 0: on each
	Nth    int    // it strikes on every nth occasion; 0: on each
	After  time.Duration
	For    time.Duration // 0: until it is healed
}

// Named is one row of the table of faults.
type Named struct {
	Name string
	Does string
	On   string // what it strikes, in words
}

// Faults is the table of all faults that can be injected by name.
func Faults() []Named {
	var all []Named
	for _, k := range chip.Kinds() {
		on := "a part on a bus"
		if k.Parts != nil {
			on = strings.Join(k.Parts, ", ")
		}
		all = append(all, Named{string(k.Kind), k.Does, on})
	}
	for _, k := range board.Kinds() {
		all = append(all, Named{string(k.Kind), k.Does, places(k.On)})
	}
	return all
}

func places(on board.Place) string {
	var all []string
	for _, p := range []struct {
		place board.Place
		word  string
	}{{board.OnBus, "a bus"}, {board.OnInput, "a line that is read"},
		{board.OnOutput, "a line that switches"}} {
		if on&p.place != 0 {
			all = append(all, p.word)
		}
	}
	return strings.Join(all, ", ")
}

// FaultsOf lists what can happen to a part, or to a bus.
func (r *Rig) FaultsOf(name string) ([]Named, error) {
	place := board.OnBus
	if !slices.Contains(r.Buses(), name) {
		p, err := r.Part(name)
		if err != nil {
			return nil, r.noTarget(name)
		}
		if p.on != nil {
			return chipFaults(p.on.part), nil
		}
		place = p.place
	}
	var all []Named
	for _, k := range board.Kinds() {
		if k.On&place != 0 {
			all = append(all, Named{string(k.Kind), k.Does, places(k.On)})
		}
	}
	return all, nil
}

func chipFaults(part *chip.Part) (all []Named) {
	for _, k := range chip.Kinds() {
		if k.Kind.Applies(part.Model()) {
			all = append(all, Named{string(k.Kind), k.Does, part.Model()})
		}
	}
	return all
}

func (r *Rig) noTarget(name string) error {
	return fmt.Errorf("there is no part %q; there are %s, and the buses %s", name,
		strings.Join(r.Names(), ", "), strings.Join(r.Buses(), ", "))
}

// Fail makes a part or a bus fail. It returns what that means.
func (r *Rig) Fail(name string, f Fault) (says string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	can, err := r.FaultsOf(name)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(can, func(n Named) bool { return n.Name == f.Name })
	if i < 0 {
		return "", r.noFault(name, f.Name, can)
	}
	p := r.parts[name]
	if p != nil && p.on != nil {
		err = p.failChip(f)
	} else {
		err = r.failBoard(name, p, f)
		r.standing[name] = nil // a bus or a line has one at a time
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, f.Name, err)
	}
	r.standing[name] = append(r.standing[name], f.Name)
	return can[i].Does, nil
}

func (r *Rig) noFault(name, fault string, can []Named) error {
	var names []string
	for _, n := range can {
		names = append(names, n.Name)
	}
	text := fmt.Sprintf("%s has no fault %q; it can have %s", name, fault,
		strings.Join(names, ", "))
	p := r.parts[name]
	onBus := func(k board.KindInfo) bool { return string(k.Kind) == fault && k.On&board.OnBus != 0 }
	if p != nil && p.on != nil && slices.ContainsFunc(board.Kinds(), onBus) {
		text += fmt.Sprintf("; %s strikes a whole bus: fault %s %s", fault, p.bus, fault)
	}
	return errors.New(text)
}

func (p *Part) failChip(f Fault) error {
	fault := chip.Fault{Kind: chip.Kind(f.Name), Chance: f.Chance, Nth: f.Nth, After: f.After,
		For: f.For}
	size, err := p.sizeOf(fault.Kind, f.Size)
	if err != nil {
		return err
	}
	fault.Size = size
	if p.size == drivers.Voltage && fault.Kind.StrikesInputs() {
		fault.Input = p.at("channel") + 1
	}
	return p.on.part.Inject(fault)
}

// sizeOf reads the size of a fault in the unit of the part.
func (p *Part) sizeOf(kind chip.Kind, text string) (int64, error) {
	units := []drivers.Unit{{Scale: 1}} // a bare number
	if p.size != 0 {
		units = p.size.Units()
	}
	usual, hasUsual := int64(0), true
	switch kind {
	case chip.Slow:
		units, usual = []drivers.Unit{{Symbol: "%", Scale: 1}}, 10
	case chip.EarthLeak, chip.SupplySag:
		units, usual = []drivers.Unit{{Symbol: "%", Scale: 10}}, 100
	case chip.Cold:
		units, usual = []drivers.Unit{{Symbol: "s", Scale: 1}}, 60
	case chip.WireOpen:
		usual = p.open
	case chip.Stuck, chip.Noise, chip.Spike, chip.Offset, chip.Drift:
		hasUsual = false
	default:
		if text != "" {
			return 0, errors.New("it has no size")
		}
		return 0, nil
	}
	switch {
	case text != "":
		return drivers.ParseUnits(text, units)
	case hasUsual:
		return usual, nil
	}
	return 0, fmt.Errorf("say how much: %q", p.example(kind))
}

func (p *Part) example(kind chip.Kind) string {
	text := "50"
	if p.size != 0 {
		text = "5 " + p.size.Units()[0].Symbol
	}
	return fmt.Sprintf("fault %s %s by %s", p.Name, kind, text)
}

// failBoard makes a bus or a line fail.
func (r *Rig) failBoard(name string, p *Part, f Fault) error {
	if f.Chance != 0 || f.After != 0 || f.For != 0 {
		return errors.New("a bus or a line fails at once and until it is healed")
	}
	fault := board.Fault{Kind: board.Kind(f.Name), Nth: f.Nth, Times: 5}
	if fault.Kind == board.Bounce {
		fault.Period = 2 * time.Millisecond
	}
	levels := fault.Kind == board.Stuck || fault.Kind == board.Welded
	switch {
	case levels && f.Size == "high":
		fault.High = true
	case levels && f.Size == "low":
	case levels:
		return fmt.Errorf("say at which level: \"fault %s %s at low\", or high", name, f.Name)
	case f.Size != "":
		return errors.New("it has no size")
	}
	if p != nil {
		return p.pin.Fail(fault)
	}
	return r.board.Bus(name).Fail(fault)
}

// Heal ends the faults of a part or of a bus; of "all", everything.
func (r *Rig) Heal(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.parts[name]
	switch {
	case name == "all":
		r.board.Heal()
		clear(r.standing)
		return nil
	case slices.Contains(r.Buses(), name):
		r.board.Bus(name).Heal()
	case p == nil:
		return r.noTarget(name)
	case p.on != nil:
		p.on.part.Heal()
		r.healed(p.on)
	default:
		p.pin.Heal()
	}
	delete(r.standing, name)
	return nil
}

// healed forgets the faults of all parts of one chip.
func (r *Rig) healed(m *mounted) {
	for name, p := range r.parts {
		if p.on == m {
			delete(r.standing, name)
		}
	}
}
