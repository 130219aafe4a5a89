package dst

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// mending is a part whose faults can be ended.
type mending interface {
	Inject(chip.Fault) error
	Heal()
	Model() string
}

// advance plays what happens at the site by now: the story, the rooms and the gears.
func (v *venue) advance(s *sim) {
	w := &s.story.world
	for s.clock < s.knobs.Chaos && len(*w) > 0 && (*w)[0].at <= s.clock {
		(*w)[0].do()
		*w = (*w)[1:]
	}
	for _, g := range v.gears {
		g.move(s)
	}
	if s.clock%(500*time.Millisecond) != 0 || s.clock >= s.knobs.Chaos {
		return
	}
	v.world.Advance(s.clock)
	for _, p := range v.spots {
		for _, in := range p.inputs {
			if in.drifts && !in.noisy {
				in.play(in.room(v.world.Room(string(p.plan.Zone))))
			}
		}
	}
}

// move lets a gear follow its line, unless it is jammed.
func (g *gear) move(s *sim) {
	high, _ := s.site.board.Pin("OUT-" + g.output).Driven()
	if high != g.high {
		g.high, g.since = high, s.clock
	}
	want := int64(0)
	if g.high {
		want = 1
	}
	if !g.jammed && s.clock-g.since >= gearTakes && g.echo.value != want {
		g.echo.play(want)
		s.logf("%s: its gear is at %d", g.output, want)
	}
}

// chips are one part of each chip.
func (v *venue) chips() []*part {
	var all []*part
	seen := map[chip.Chip]bool{}
	for _, p := range v.parts {
		if p.dev != nil && !seen[p.dev] {
			seen[p.dev] = true
			all = append(all, p)
		}
	}
	return all
}

// breakPart breaks a chip, and with it every sensor that it feeds. A chip that cannot fail in this
// way stays well.
func (v *venue) breakPart(s *sim, p *part, w way, on bool) {
	dev := p.dev.(mending)
	dev.Heal()
	t := trouble{}
	if on && w.chip.Kind.Applies(dev.Model()) {
		f := w.chip
		f.Seed = s.report.Seed
		must(dev.Inject(f))
		t = trouble{string(f.Kind), w.hard, w.hung}
	}
	for _, q := range v.parts {
		if q.dev == p.dev {
			q.wrong = t
		}
	}
	s.logf("%s: %+v", p.name, t)
}

func (p *part) breakLine(w way, on bool) {
	p.wrong = trouble{}
	if !on {
		p.pin.Heal()
		return
	}
	must(p.pin.Fail(w.board))
	p.wrong = trouble{string(w.board.Kind), w.hard, w.hung}
}

func (v *venue) breakBus(s *sim, name string, w way, on bool) {
	bus := v.board.Bus(name)
	t := trouble{}
	bus.Heal()
	if on {
		must(bus.Fail(w.board))
		t = trouble{string(w.board.Kind), w.hard, w.hung}
	}
	for _, p := range v.parts {
		if p.bus == name {
			p.way = t
		}
	}
	s.logf("%s: %+v", name, t)
}

// heal ends all fires and all faults.
func (v *venue) heal() {
	v.board.Heal()
	v.peak = map[alarm.ZoneID]bool{}
	for _, g := range v.gears {
		g.jammed = false
	}
	for _, p := range v.parts {
		p.wrong, p.way = trouble{}, trouble{}
		for _, in := range p.inputs {
			in.noisy, in.drifts, in.wire = false, false, trouble{}
			if !v.geared(in) {
				in.play(in.quiet)
			} else {
				in.play(in.value)
			}
		}
	}
}

// geared tells whether a gear moves an input.
func (v *venue) geared(in *input) bool {
	for _, g := range v.gears {
		if g.echo == in {
			return true
		}
	}
	return false
}
