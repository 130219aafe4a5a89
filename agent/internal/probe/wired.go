package probe

import (
	"fmt"
	"strings"

	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers/catalog"
)

// Wired is a part or a line that a site file uses, and what for.
type Wired struct {
	Name   string // of the sensor or output
	Output bool
	Model  string       // of the part itself: that of the converter, for what hangs on one
	Spot   catalog.Spot // of a part on I²C
	Line   string       // of the board; empty: it is on I²C
}

// Use is how it is told apart from others.
func (w Wired) Use() string { return fmt.Sprintf("%s (%s)", w.Name, w.Model) }

// WiredOf lists what a site file uses, in its order.
func WiredOf(s *site.Site) (all []Wired) {
	sensors, outputs := catalog.Sensors(), catalog.Outputs()
	for _, v := range s.Sensors {
		m := sensors[v.Model]
		w := Wired{Name: v.Name, Model: v.Model}
		if adc := v.Options["adc"]; adc != "" {
			w.Model = adc
		}
		all = append(all, w.at(m.Place(v.Options)))
		if m.Also == nil {
			continue
		}
		for _, seat := range m.Also(v.Options) {
			other := Wired{Name: v.Name, Model: v.Model}
			if strings.HasPrefix(seat.Bus, "i2c:") {
				other.Model = "ina219" // the one that measures a heater
			}
			all = append(all, other.at(seat.Bus, seat.Chip))
		}
	}
	for _, v := range s.Outputs {
		w := Wired{Name: string(v.ID), Model: v.Model, Output: true}
		all = append(all, w.at(outputs[v.Model].Place(v.Options)))
	}
	return all
}

// at gives it its place, as the catalog writes that.
func (w Wired) at(bus, chip string) Wired {
	if line, ok := strings.CutPrefix(bus, "line:"); ok {
		w.Line = line
		return w
	}
	w.Spot, _ = catalog.SpotOf(chip)
	return w
}

// SeatsOf are the addresses that a site file names on buses of the board itself, and the switches
// on them.
func SeatsOf(s *site.Site) Seats {
	seats := Seats{}
	add := func(spot catalog.Spot, use string) {
		at := seats[spot.Root()]
		if at == nil {
			at = map[uint16]string{}
			seats[spot.Root()] = at
		}
		if at[spot.Addr()] != "" && at[spot.Addr()] != use {
			use = at[spot.Addr()] + ", " + use
		}
		at[spot.Addr()] = use
	}
	for _, w := range WiredOf(s) {
		if w.Line != "" {
			continue
		}
		if gate, behind := w.Spot.Switch(); behind {
			add(gate, "pca9548")
		}
		add(w.Spot, w.Use())
	}
	return seats
}
