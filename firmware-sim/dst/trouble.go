package dst

import (
	"github.com/firepost/firepost/firmware-sim/chip"
)

// mending is a part whose faults can be ended.
type mending interface {
	Inject(chip.Fault) error
	Heal()
	Model() string
}

// advance plays what happens at the site by now.
func (st *site) advance(s *sim) {
	w := &s.story.world
	for s.clock < s.knobs.Chaos && len(*w) > 0 && (*w)[0].at <= s.clock {
		(*w)[0].do()
		*w = (*w)[1:]
	}
}

// parts is one spot of each chip.
func (st *site) parts() []*spot {
	var all []*spot
	seen := map[chip.Chip]bool{}
	for _, p := range st.spots {
		if p.part != nil && !seen[p.part] {
			seen[p.part] = true
			all = append(all, p)
		}
	}
	return all
}

// breakPart breaks a chip, and with it every spot that it feeds. A chip that cannot fail in this
// way stays well.
func (st *site) breakPart(s *sim, p *spot, w way, on bool) {
	part := p.part.(mending)
	part.Heal()
	t := trouble{}
	if on && w.chip.Kind.Applies(part.Model()) {
		f := w.chip
		f.Seed = s.report.Seed
		must(part.Inject(f))
		t = trouble{string(f.Kind), w.hard, w.hung}
	}
	for _, q := range st.spots {
		if q.part == p.part {
			q.wrong = t
		}
	}
	s.logf("%s: %+v", p.plan.ID, t)
}

func (p *spot) breakLine(w way, on bool) {
	p.wrong = trouble{}
	if !on {
		p.pin.Heal()
		return
	}
	must(p.pin.Fail(w.board))
	p.wrong = trouble{string(w.board.Kind), w.hard, w.hung}
}

func (st *site) breakBus(name string, w way, on bool) {
	bus := st.board.Bus(name)
	t := trouble{}
	bus.Heal()
	if on {
		must(bus.Fail(w.board))
		t = trouble{string(w.board.Kind), w.hard, w.hung}
	}
	for _, p := range st.spots {
		if p.bus == name {
			p.way = t
		}
	}
}

// heal ends all fires and all faults.
func (st *site) heal() {
	st.board.Heal()
	for _, p := range st.spots {
		p.value, p.noisy, p.wrong, p.way = p.quiet, false, trouble{}, trouble{}
		p.set(p.quiet)
	}
}

// stopped tells whether an access to the part would not come back.
func (p *spot) stopped() bool { return p.wrong.hung || p.way.hung }

// broken tells whether nothing good can come from the part.
func (p *spot) broken() bool { return p.wrong.hard || p.way.hard }

// troubled tells whether anything is wrong at or on the way to the part.
func (p *spot) troubled() bool { return p.wrong.kind != "" || p.way.kind != "" }
