package site

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/firepost/firepost/drivers/catalog"
)

// user is a part of the file and where it hangs.
type user struct {
	place
	what    string // such as `sensor "kitchen-air"`
	line    int
	model   string
	options map[string]string
	output  bool
	inputs  uint16 // pins of an expander that are its contacts
	driven  uint16 // pins of an expander that it drives
}

// users are the sensors, and after them the outputs.
func (c *checker) users() []*user {
	var all []*user
	for _, s := range c.sensors {
		all = append(all, &user{
			place: s.place, what: fmt.Sprintf("sensor %q", s.name), line: s.line, model: s.model,
			options: s.options, inputs: s.pins,
		})
		for _, p := range s.also {
			all = append(all, &user{place: p, what: fmt.Sprintf("sensor %q", s.name), line: s.line})
		}
	}
	for _, o := range c.outputs {
		all = append(all, &user{
			place: o.place, what: fmt.Sprintf("output %q", o.plan.ID), line: o.line, model: o.model,
			options: o.options, output: true, driven: o.pins,
		})
	}
	return all
}

// inputOption is the option of models that share a chip: each takes an input of a converter, or a
// pin of an expander.
const inputOption = "channel"

// outputsOption is that of outputs which write all pins of their chip at once.
const outputsOption = "outputs"

// wiring finds two parts in one place.
func (c *checker) wiring() {
	users := c.users()
	for i, b := range users {
		for _, a := range users[:i] {
			if text := c.clash(users, a, b); text != "" {
				c.wrong(b.line, b.what, "%s", text)
				break
			}
		}
	}
}

// clash says why two parts cannot be where they are; "" when they can.
func (c *checker) clash(users []*user, a, b *user) string {
	line, isLine := strings.CutPrefix(b.bus, "line:")
	switch {
	case b.bus == "" || a.bus != b.bus:
		return ""
	case isLine:
		return fmt.Sprintf("line %q is already used by %s on line %d of this file; "+
			"give each its own", line, a.what, a.line)
	case a.chip != b.chip:
		return c.overlap(users, a, b)
	}
	input, shares := b.options[inputOption]
	_, other := a.options[inputOption]
	switch {
	case a.model != b.model && (a.output || b.output || !shares || !other):
		return fmt.Sprintf("%s is already %s%s on line %d; %s", b.chip, a.what, ofModel(a.model),
			a.line, c.apart(users, a, b))
	case a.inputs&b.driven != 0:
		return pinClash(a, b)
	case shares && other && a.options[inputOption] == input:
		kind := "input"
		if b.output {
			kind = "pin"
		}
		return fmt.Sprintf("%s %s of %s is already %s on line %d; give each its own",
			kind, input, b.chip, a.what, a.line)
	case !shares:
		return fmt.Sprintf("it is the same part as %s on line %d; remove one, for a sensor may "+
			"feed many points; if there are two parts, %s", a.what, a.line, c.apart(users, a, b))
	}
	return differ(users, a, b)
}

// differ says what to write for two outputs of one chip that do not name the same pins of it: each
// lets go of those that only the other one names.
func differ(users []*user, a, b *user) string {
	_, whole := b.options[outputsOption]
	if !whole || !a.output || a.driven == b.driven || a.driven == 0 || b.driven == 0 {
		return ""
	}
	both := a.driven | b.driven
	for _, u := range users {
		if u.place == b.place {
			both &^= u.inputs
		}
	}
	return fmt.Sprintf("outputs: %s on line %d is of the same part and has %q; write outputs = %q "+
		"in both", a.what, a.line, a.options[outputsOption], catalog.PinList(both))
}

// pinClash says what to write for a sensor and an output that want the same pin of an expander.
func pinClash(in, out *user) string {
	channel := out.options[inputOption]
	pin, _ := strconv.ParseUint(channel, 10, 8) // it has passed its check
	own := uint16(1) << pin
	if in.inputs&own == 0 {
		both := in.inputs & out.driven
		are := fmt.Sprintf("pins %s are inputs", catalog.PinList(both))
		if both&(both-1) == 0 {
			are = fmt.Sprintf("pin %s is an input", catalog.PinList(both))
		}
		return fmt.Sprintf("outputs: %s of %s on line %d; write outputs = %q", are, in.what,
			in.line, catalog.PinList((out.driven|own)&^in.inputs))
	}
	text := fmt.Sprintf("channel: pin %s is an input of %s on line %d; take another pin",
		channel, in.what, in.line)
	if rest := in.inputs &^ own; rest != 0 {
		text += fmt.Sprintf(", or write inputs = %q there", catalog.PinList(rest))
	}
	return text
}

// ofModel names a model; a part that belongs to another one has none.
func ofModel(model string) string {
	if model == "" {
		return ""
	}
	return fmt.Sprintf(" of model %q", model)
}

// overlap says what two parts hear of each other that are not at the same place: one behind a
// switch and one before it, or one that has the address of the switch.
func (c *checker) overlap(users []*user, a, b *user) string {
	at, okA := catalog.SpotOf(a.chip)
	bt, okB := catalog.SpotOf(b.chip)
	if !okA || !okB {
		return ""
	}
	if at.Hears(bt) {
		return fmt.Sprintf("%s answers together with %s, %s on line %d, when a switch between "+
			"them is open; %s", b.chip, a.chip, a.what, a.line, c.apart(users, a, b))
	}
	if s, ok := bt.Switch(); ok && s.Hears(at) {
		return fmt.Sprintf("the switch that it is behind has the address of %s on line %d; %s",
			a.what, a.line, c.apart(users, a, a))
	}
	if s, ok := at.Switch(); ok && s.Hears(bt) {
		return fmt.Sprintf("it has the address of the switch that %s on line %d is behind; %s",
			a.what, a.line, c.apart(users, b, b))
	}
	return ""
}

// apart says how two parts can be told apart: by a free address of one of them, or by a switch.
func (c *checker) apart(users []*user, a, b *user) string {
	for _, u := range []*user{b, a} {
		if free, ok := c.freeAddress(users, u); ok {
			return fmt.Sprintf(`give %s another address, such as address = "%#x"`, u.what, free)
		}
	}
	at, _ := catalog.SpotOf(b.chip)
	if _, behind := at.Switch(); behind {
		return "put one of them on another channel or another bus"
	}
	return fmt.Sprintf(`neither has a free address: put one of them on another bus, or behind a `+
		`PCA9548 and write bus = "%s/mux-0x70/0" there`, strings.TrimPrefix(b.bus, "i2c:"))
}

// freeAddress is an address that a part can have and that nobody hears. One of another sixteen is
// that of another type of the part, and cannot be set.
func (c *checker) freeAddress(users []*user, u *user) (uint16, bool) {
	at, _ := catalog.SpotOf(u.chip)
	all := slices.Concat(c.sensorModels[u.model].Descriptor.Addresses,
		c.outputModels[u.model].Descriptor.Addresses)
	for _, addr := range all {
		other := at.At(addr)
		if addr>>4 == at.Addr()>>4 && !slices.ContainsFunc(users, func(o *user) bool {
			return heard(o, other)
		}) {
			return addr, true
		}
	}
	return 0, false
}

// heard tells whether a part, or the switch that it is behind, hears what is meant for another.
func heard(u *user, other catalog.Spot) bool {
	at, ok := catalog.SpotOf(u.chip)
	s, behind := at.Switch()
	return ok && (at.Hears(other) || behind && s.Hears(other))
}

// warnBusNames finds buses that are named in two ways: two names may mean one bus, and then nobody
// sees that two parts on it clash.
func (c *checker) warnBusNames() {
	var numbered, named *user
	for _, u := range c.users() {
		at, ok := catalog.SpotOf(u.chip)
		switch {
		case ok && at.IsNumbered():
			numbered = u
		case ok:
			named = u
		}
	}
	if numbered != nil && named != nil {
		c.odd(named.line, named.what, "its bus has a name that stays, and that of %s on line %d a "+
			"number; both may mean one bus: name all buses in the same way", numbered.what,
			numbered.line)
	}
}
