package dst

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/firmware-sim/world"
)

// story is everything that will happen in the first phase.
type story struct {
	world  []happening // in the order of time
	orders []Order
	kills  []kill
	plans  []time.Duration
	says   []saying
	days   []day
	up     time.Duration // when a killed agent starts again
	finds  finding       // of the disk, then
	ids    int
}

// happening is something that begins or ends at the site.
type happening struct {
	at time.Duration
	do func()
}

// kill ends the agent. What the next run finds on the disk may be the state before the last write,
// or nothing that can be read.
type kill struct {
	at, up time.Duration
	finds  finding
}

// finding is what a run finds of the one before.
type finding uint8

const (
	newest  finding = iota
	older           // the newest file is damaged
	nothing         // both are
)

// day is the date from a moment on; 0: the clock is not to be believed.
type day struct {
	at   time.Duration
	date alarm.Date
}

type saying struct {
	at     time.Duration
	notice alarm.Notice
}

// way is one way to fail. Its name may be one of a chip, of a bus or of a line.
type way struct {
	chip  chip.Fault
	board board.Fault
	hard  bool
	hung  bool
}

var (
	chipWays = []way{
		{chip: chip.Fault{Kind: chip.Absent}, hard: true},
		{chip: chip.Fault{Kind: chip.Nack, Chance: 300}},
		{chip: chip.Fault{Kind: chip.BitFlip, Chance: 300}},
		{chip: chip.Fault{Kind: chip.BrownOut}},
		{chip: chip.Fault{Kind: chip.Frozen}},
		{chip: chip.Fault{Kind: chip.Zeros, Nth: 5}},
		{chip: chip.Fault{Kind: chip.Spike, Nth: 7, Size: 400_000}},
		{chip: chip.Fault{Kind: chip.Slow, Size: 50}},
	}
	busWays = []way{
		{board: board.Fault{Kind: board.Hang}, hard: true, hung: true},
		{board: board.Fault{Kind: board.Gone}, hard: true},
		{board: board.Fault{Kind: board.StuckLow}, hard: true},
		{board: board.Fault{Kind: board.Short, Nth: 3}},
		{board: board.Fault{Kind: board.Shifted, Nth: 3}},
	}
	lineWays = []way{
		{board: board.Fault{Kind: board.ReadError}, hard: true},
		{board: board.Fault{Kind: board.Gone}, hard: true},
		{board: board.Fault{Kind: board.Hang}, hard: true, hung: true},
		{board: board.Fault{Kind: board.Stuck, High: true}},
		{board: board.Fault{Kind: board.Bounce, Times: 3, Period: 4 * time.Millisecond}},
	}
)

// drawStory draws the first phase. Each way to fail is on or off for the whole run, so that some
// runs have much of one thing.
func drawStory(s *sim) story {
	st := &story{}
	st.drawRooms(s)
	for _, p := range s.site.spots {
		switch {
		case p.acts():
			st.drawPresses(s, p)
		case len(p.inputs) > 0 && !s.site.geared(p.inputs[0]):
			st.drawFires(s, p)
		}
	}
	for _, p := range s.site.parts {
		if p.pin != nil {
			st.drawFaults(s, some(s.rng, lineWays), p.breakLine)
		}
		for _, in := range p.inputs {
			if in.cut != nil && s.rng.IntN(4) == 0 {
				short := s.rng.IntN(2) == 0
				st.during(st.moment(s), 10*time.Second+st.moment(s)/4, func(on bool) {
					in.breakWire(short, on)
				})
			}
		}
	}
	for _, p := range s.site.chips() {
		if !p.inputs[0].noisy {
			st.drawFaults(s, some(s.rng, chipWays), func(w way, on bool) {
				s.site.breakPart(s, p, w, on)
			})
		}
	}
	for _, bus := range s.site.buses {
		st.drawFaults(s, some(s.rng, busWays), func(w way, on bool) {
			s.site.breakBus(s, bus, w, on)
		})
	}
	for _, g := range s.site.gears {
		st.during(st.moment(s), st.moment(s)/2, func(on bool) { g.jammed = on })
	}
	for _, p := range s.site.parts {
		for _, in := range p.inputs {
			in.noisy = false // it only kept other faults away so far
		}
	}
	slices.SortStableFunc(st.world, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	st.drawOrders(s)
	st.drawKills(s)
	st.drawDays(s)
	return *st
}

// drawRooms lets fires, steam, doors and water play in the rooms, and some of the inputs follow
// them.
func (st *story) drawRooms(s *sim) {
	for _, z := range zones {
		r := s.site.world.Room(z)
		r.SetAir(24_000, 45_000, 20_000)
		r.SetLevel(20)
		r.SetVolume(30 + s.rng.Int64N(100))
		growths := []world.Growth{world.Medium, world.Fast, world.UltraFast}
		growth := growths[s.rng.IntN(len(growths))]
		power := 100_000 + s.rng.Int64N(900_000)
		st.during(st.moment(s), time.Minute+st.moment(s)/4, func(on bool) {
			if on {
				r.Ignite(growth, power)
			} else {
				r.Extinguish()
			}
			s.logf("%s: it burns: %v", z, on)
		})
		st.during(st.moment(s), st.moment(s)/4, r.SetSteam)
		st.during(st.moment(s), st.moment(s)/4, r.SetDoor)
		st.during(st.moment(s), st.moment(s)/4, func(on bool) {
			r.SetRising(-5_000)
			if on {
				r.SetRising(4_000)
			}
		})
	}
	for _, p := range s.site.parts {
		for _, in := range p.inputs {
			in.drifts = in.room != nil && s.rng.IntN(2) == 0
		}
	}
}

// drawPresses has people press a button, or turn a key.
func (st *story) drawPresses(s *sim, p *spot) {
	for range s.rng.IntN(4) {
		length := time.Duration(100+s.rng.IntN(3000)) * time.Millisecond
		if p.key || s.rng.IntN(8) == 0 {
			length = st.moment(s) / 2
		}
		st.during(st.moment(s), length, func(on bool) {
			p.inputs[0].play(map[bool]int64{true: 1}[on])
			s.logf("%s: pressed: %v", p.id, on)
		})
	}
}

// some keeps each way with even chances.
func some(r *rand.Rand, from []way) []way {
	var kept []way
	for _, w := range from {
		if r.IntN(2) == 0 {
			kept = append(kept, w)
		}
	}
	return kept
}

// moment draws a moment of the first phase, to the millisecond.
func (st *story) moment(s *sim) time.Duration {
	return time.Duration(s.rng.Int64N(s.knobs.Chaos.Milliseconds())) * time.Millisecond
}

// during lets something begin and end.
func (st *story) during(from, length time.Duration, do func(on bool)) {
	st.world = append(st.world,
		happening{from, func() { do(true) }}, happening{from + length, func() { do(false) }})
}

// drawFires draws what happens at a spot: fires, or a value that trembles about its limit.
func (st *story) drawFires(s *sim, p *spot) {
	if p.trembles() && s.rng.IntN(3) == 0 {
		in := p.inputs[0]
		in.noisy, in.drifts = true, false
		limit := p.plan.Spec.Conditions[s.rng.IntN(len(p.plan.Spec.Conditions))].Limit
		st.during(st.moment(s)/2, s.knobs.Chaos/3, func(on bool) { in.tremble(s, limit, on) })
		return
	}
	from := time.Duration(0)
	for range s.rng.IntN(4) {
		from += st.moment(s) / 2
		length := time.Duration(s.rng.IntN(90_000)) * time.Millisecond
		if s.rng.IntN(3) == 0 {
			length = time.Duration(s.rng.IntN(1500)) * time.Millisecond
		}
		st.during(from, length, func(on bool) {
			for _, in := range p.inputs {
				in.drifts = false
				in.play(in.quiet)
				if on {
					in.play(in.peak)
				}
			}
			s.logf("%s: it burns: %v", p.id, on)
		})
		if in := p.inputs[0]; in.early > 0 && len(p.inputs) == 1 {
			st.world = append(st.world, happening{max(0, from-10*time.Second), func() {
				in.drifts = false
				in.play(in.early)
			}})
		}
		from += length
	}
}

// trembles tells whether the part of a spot can be made noisy, and its limit is one of a value.
func (p *spot) trembles() bool {
	_, ok := p.inputs[0].part.dev.(*chip.SHT4x)
	return ok && len(p.inputs) == 1 && p.plan.Pair == ""
}

// tremble puts a value just below a limit, with noise that crosses it, but not its hysteresis.
func (in *input) tremble(s *sim, limit int64, on bool) {
	in.noisy = on
	dev := in.part.dev.(*chip.SHT4x)
	dev.Heal()
	in.value = in.quiet
	if on {
		in.value = limit - 600
		must(dev.Inject(chip.Fault{Kind: chip.Noise, Size: 900, Seed: s.report.Seed}))
	}
	in.set(in.value)
	s.logf("%s: it trembles: %v", in.part.name, on)
}

// must is for faults that this package chose: a part that refuses one is a mistake here.
func must(err error) {
	if err != nil {
		panic("dst: " + err.Error())
	}
}

func (st *story) drawFaults(s *sim, ways []way, apply func(way, bool)) {
	if len(ways) == 0 || s.rng.IntN(2) == 0 {
		return
	}
	from := time.Duration(0)
	for range 1 + s.rng.IntN(3) {
		from += st.moment(s) / 2
		w, length := ways[s.rng.IntN(len(ways))], 10*time.Second+st.moment(s)/4
		st.during(from, length, func(on bool) { apply(w, on) })
		from += length
	}
}

// drawKills draws restarts, changes of plan and what other rooms of the agent would say.
func (st *story) drawKills(s *sim) {
	for range s.rng.IntN(4) {
		at := st.moment(s)
		up := at + time.Duration(200+s.rng.IntN(5000))*time.Millisecond
		found := newest
		switch s.rng.IntN(8) {
		case 0:
			found = older
		case 1:
			found = nothing
		}
		st.kills = append(st.kills, kill{at, up, found})
	}
	if s.knobs.NoRestarts {
		st.kills = nil
	}
	slices.SortFunc(st.kills, func(a, b kill) int { return cmp.Compare(a.at, b.at) })
	for range s.rng.IntN(3) {
		st.plans = append(st.plans, st.moment(s))
	}
	slices.Sort(st.plans)
	for range s.rng.IntN(6) {
		n := allWell()[s.rng.IntN(len(allWell()))]
		n.On = true
		at := st.moment(s)
		off := n
		off.On = false
		st.says = append(st.says, saying{at, n}, saying{at + st.moment(s)/4, off})
	}
	slices.SortStableFunc(st.says, func(a, b saying) int { return cmp.Compare(a.at, b.at) })
}

// drawDays draws how the date jumps: not known, on, back.
func (st *story) drawDays(s *sim) {
	date := alarm.Date(20_600)
	for range s.rng.IntN(5) {
		st.days = append(st.days, day{st.moment(s), date})
		date = alarm.Date(20_600 + s.rng.IntN(4000) - 400)
		if s.rng.IntN(3) == 0 {
			date = 0
		}
	}
	slices.SortStableFunc(st.days, func(a, b day) int { return cmp.Compare(a.at, b.at) })
}

// today is the date that the panel is told.
func (st *story) today(now time.Duration) alarm.Date {
	date := alarm.Date(0)
	for _, d := range st.days {
		if d.at <= now {
			date = d.date
		}
	}
	return date
}

// allWell takes back everything that the story says of the agent's other rooms.
func allWell() []alarm.Notice {
	return []alarm.Notice{
		{Fault: alarm.StorageFailed}, {Fault: alarm.UplinkDown}, {Fault: alarm.UplinkRefused},
		{Fault: alarm.MainsLost}, {Fault: alarm.SavedLost}, {Fault: alarm.ClockUnsynced},
		{Fault: "a fault that nobody has written down"},
	}
}

// due returns the orders of this moment.
func (st *story) due(now time.Duration) []alarm.Command {
	var all []alarm.Command
	for len(st.orders) > 0 && st.orders[0].At <= now {
		all = append(all, st.orders[0].Command)
		st.orders = st.orders[1:]
	}
	return all
}

func (st *story) notices(now time.Duration) []alarm.Notice {
	var all []alarm.Notice
	for len(st.says) > 0 && st.says[0].at <= now {
		all = append(all, st.says[0].notice)
		st.says = st.says[1:]
	}
	return all
}

func (st *story) replans(now time.Duration) bool {
	if len(st.plans) == 0 || st.plans[0] > now {
		return false
	}
	st.plans = st.plans[1:]
	return true
}

func (st *story) killed(now time.Duration) bool {
	if len(st.kills) == 0 || st.kills[0].at > now {
		return false
	}
	st.up, st.finds = max(st.kills[0].up, now), st.kills[0].finds
	st.kills = st.kills[1:]
	return true
}
