package dst

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/drivers/catalog"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/firmware-sim/world"
)

// venue is a drawn site: its file as a person would write it, a board with chips and lines, and
// what is so there.
type venue struct {
	board *board.Board
	files [2]*site.Site // the file, and the one that it is changed to and back
	inUse int
	parts []*part
	spots []*spot
	byID  map[point.ID]*spot
	buses []string
	gears []*gear
	world *world.World
	peak  map[alarm.ZoneID]bool // rooms that burn
}

// part is one sensor of the file with the chip or the line behind it.
type part struct {
	name   string
	bus    string    // empty: a line of its own
	chip   string    // sensors of one chip convert one after the other
	dev    chip.Chip // nil: a contact
	pin    *board.Pin
	takes  time.Duration // conversion
	spins  time.Duration // from power-up to full values
	inputs []*input

	sensor site.Sensor
	period time.Duration
	warmUp time.Duration

	wrong trouble // at this part alone
	way   trouble // at its bus
}

// trouble is what is wrong with a part, a bus or a wire at the moment.
type trouble struct {
	kind string // empty: nothing
	hard bool   // nothing good can come through
	hung bool   // nothing comes back at all
}

// input is one physical value that a part reads.
type input struct {
	part        *part
	set         func(value int64)
	quiet, peak int64 // calm and burning
	early       int64 // on the way from one to the other; 0: there is nothing between
	value       int64
	noisy       bool
	cut         func(short bool) // breaks its wire; nil: it has none of its own
	wire        trouble
	room        func(*world.Room) int64 // what it measures of its room; nil: a room says nothing
	calmly      int64                   // how far a calm room lets it tremble
	failing     time.Duration           // since when nothing good can come from it
	drifts      bool                    // the room plays it, and nothing else
}

// spot is one point with what it is read from.
type spot struct {
	id     point.ID
	plan   alarm.PointPlan // of the file in use
	mode   alarm.Mode      // of its zone
	inputs []*input        // none: it is derived
	from   []*spot         // of a derived one
	limit  int64           // of its first input: from here on the alarm condition is met
	falls  bool            // it is met below
	extra  time.Duration   // beyond period, conversion and confirm until it must be seen
	action alarm.Action    // of a button
	level  uint8           // of a button
	key    bool
	gone   bool // the file in use has no such point
}

// gear is an output that reports back: a valve that needs its time and may jam.
type gear struct {
	output string
	echo   *input
	jammed bool
	since  time.Duration // that its line is as it is
	high   bool
}

// resound is how long a silence lasts at most, by every file that is drawn.
const resound = time.Minute

// gearTakes is how long a gear moves.
const gearTakes = 3 * time.Second

// plan is the site as a panel needs it, fresh at each call.
func (v *venue) plan() alarm.Plan { return v.files[v.inUse].Plan() }

// adopt takes the plan in use to the spots.
func (v *venue) adopt() {
	for _, p := range v.spots {
		p.gone = true
	}
	plan := v.plan()
	for _, pl := range plan.Points {
		p := v.byID[pl.ID]
		p.plan, p.gone = pl, false
		for _, z := range plan.Zones {
			if z.ID == pl.Zone {
				p.mode = z.Mode
			}
		}
	}
}

// tie gives the parts what the file says of them.
func (v *venue) tie() {
	models := catalog.Sensors()
	for _, s := range v.files[0].Sensors {
		for _, p := range v.parts {
			if p.name != s.Name {
				continue
			}
			p.sensor, p.warmUp = s, models[s.Model].Descriptor.WarmUp
			if p.period == 0 {
				p.period = s.Period
			}
		}
	}
}

// met tells whether the alarm condition of a spot is met, whatever the rounding.
func (p *spot) met() bool {
	if len(p.inputs) == 0 {
		return false
	}
	for _, in := range p.inputs {
		if in.noisy {
			return false
		}
	}
	if len(p.inputs) > 1 {
		for _, in := range p.inputs {
			if in.value != in.peak {
				return false
			}
		}
		return true
	}
	if v := p.inputs[0].value; p.falls {
		return v <= p.limit
	} else {
		return v >= p.limit
	}
}

// calm tells whether nothing happens at a spot.
func (p *spot) calm() bool {
	for _, in := range p.inputs {
		if in.noisy || max(in.value-in.quiet, in.quiet-in.value) > in.calmly {
			return false
		}
	}
	return true
}

// reaches is how far its condition leads: of a spot whose inputs are weighed, an alarm.
func (p *spot) reaches() detect.Level {
	if len(p.plan.Spec.Fire) > 0 {
		return detect.Alarm
	}
	level := detect.Normal
	for _, c := range p.plan.Spec.Conditions {
		level = max(level, c.Level)
	}
	return level
}

// alarming tells whether people must leave for what is met here.
func (p *spot) alarming() bool {
	return threatens(p.plan.Signal) && p.reaches() >= detect.Alarm && !p.acts()
}

// acts tells a button or a key switch.
func (p *spot) acts() bool { return p.key || p.action != 0 }

// threatens tells the signals that people must leave for.
func threatens(s alarm.Signal) bool {
	switch s {
	case alarm.Fire, alarm.Gas, alarm.CO, alarm.Flood, alarm.Evacuation:
		return true
	}
	return false
}

// confirm is the longest delay of the conditions that make its alarm.
func (p *spot) confirm() time.Duration {
	d := p.extra
	for _, c := range p.plan.Spec.Conditions {
		if c.Level >= detect.Alarm && c.Kind != detect.Dose && c.Kind != detect.Rise {
			d = max(d, p.extra+c.Confirm)
		}
	}
	return d
}

// within is how long it may take from the condition to the alarm.
func (p *spot) within() time.Duration {
	d := time.Duration(0)
	for _, in := range p.inputs {
		d = max(d, in.part.period+in.part.takes)
	}
	return d + p.confirm()
}

// warms is for how long after it was powered, or mended, its values are not believed.
func (p *spot) warms() time.Duration {
	d := time.Duration(0)
	for _, in := range p.inputs {
		d = max(d, in.part.warmUp)
	}
	for _, c := range p.plan.Spec.Channels {
		d = max(d, c.WarmUp)
	}
	return d
}

// spins is how long its parts need from power-up.
func (p *spot) spins() time.Duration {
	d := time.Duration(0)
	for _, in := range p.inputs {
		d = max(d, in.part.spins)
	}
	return d
}

// play sets a value.
func (in *input) play(value int64) {
	in.value = value
	if in.wire.kind == "" {
		in.set(value)
	}
}

// breakWire cuts or shorts the wire, or mends it.
func (in *input) breakWire(short, on bool) {
	in.wire = trouble{}
	if !on {
		in.set(in.value)
		return
	}
	in.wire = trouble{kind: "wire", hard: true}
	in.cut(short)
}

// stopped tells whether an access to the part would not come back.
func (p *part) stopped() bool { return p.wrong.hung || p.way.hung }

// broken tells whether nothing good can come from an input. A converter that is frozen does not see
// a wire that breaks.
func (in *input) broken() bool {
	return in.part.wrong.hard || in.part.way.hard || in.wire.hard && in.part.wrong.kind == ""
}

// troubled tells whether anything is wrong at or on the way to its parts.
func (p *spot) troubled() bool {
	for _, in := range p.inputs {
		if in.part.wrong.kind != "" || in.part.way.kind != "" || in.wire.kind != "" {
			return true
		}
	}
	return false
}

// burntIn is what a panel remembers of parts that must burn in, which takes longer than any run:
// one that forgot it could clear nothing there until the end.
func (v *venue) burntIn() (all []alarm.SavedMemory) {
	for _, p := range v.spots {
		for _, c := range p.plan.Spec.Channels {
			if c.BurnIn > 0 {
				all = append(all, alarm.SavedMemory{Point: p.id, Heard: c.BurnIn})
			}
		}
	}
	return all
}
