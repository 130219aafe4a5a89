package dst

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// story is everything that will happen in the first phase.
type story struct {
	world  []happening // in the order of time
	orders []Order
	kills  []kill
	plans  []time.Duration
	says   []saying
	up     time.Duration // when a killed agent starts again
	ids    int
}

// happening is something that begins or ends at the site.
type happening struct {
	at time.Duration
	do func()
}

type kill struct{ at, up time.Duration }

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
	for _, p := range s.site.spots {
		st.drawFires(s, p)
		if p.pin != nil {
			st.drawFaults(s, some(s.rng, lineWays), p.breakLine)
		}
	}
	for _, p := range s.site.parts() {
		if !p.noisy {
			st.drawFaults(s, some(s.rng, chipWays), func(w way, on bool) {
				s.site.breakPart(s, p, w, on)
			})
		}
	}
	for _, bus := range s.site.buses {
		st.drawFaults(s, some(s.rng, busWays), func(w way, on bool) {
			s.site.breakBus(bus, w, on)
		})
	}
	for _, p := range s.site.spots {
		p.noisy = false // it only kept other faults away so far
	}
	slices.SortStableFunc(st.world, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	st.drawOrders(s)
	st.drawKills(s)
	return *st
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
	if p.model == "sht4x" && s.rng.IntN(3) == 0 {
		p.noisy = true
		limit := p.plan.Spec.Conditions[s.rng.IntN(2)].Limit
		st.during(st.moment(s)/2, s.knobs.Chaos/3, func(on bool) { p.tremble(s, limit, on) })
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
			p.value = p.quiet
			if on {
				p.value = p.peak
			}
			p.set(p.value)
			s.logf("%s: the value is %d", p.plan.ID, p.value)
		})
		if p.early > 0 {
			st.world = append(st.world, happening{max(0, from-10*time.Second), func() {
				p.value = p.early
				p.set(p.value)
			}})
		}
		from += length
	}
}

// tremble puts a value just below a limit, with noise that crosses it, but not its hysteresis.
func (p *spot) tremble(s *sim, limit int64, on bool) {
	p.noisy = on
	part := p.part.(*chip.SHT4x)
	part.Heal()
	p.value = p.quiet
	if on {
		p.value = limit - 600
		must(part.Inject(chip.Fault{Kind: chip.Noise, Size: 900, Seed: s.report.Seed}))
	}
	p.set(p.value)
	s.logf("%s: it trembles: %v", p.plan.ID, on)
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

// drawOrders draws what people and the district ask for, sensible or not, sometimes twice.
func (st *story) drawOrders(s *sim) {
	for range s.rng.IntN(24) {
		o := st.drawOrder(s)
		st.orders = append(st.orders, o)
		if s.rng.IntN(6) == 0 {
			o.At += time.Duration(s.rng.IntN(3000)) * time.Millisecond
			st.orders = append(st.orders, o)
		}
	}
	if s.knobs.Orders != nil {
		st.orders = append(st.orders, s.knobs.Orders(s.site.plan().Points)...)
	}
	slices.SortStableFunc(st.orders, func(a, b Order) int { return cmp.Compare(a.At, b.At) })
}

func (st *story) drawOrder(s *sim) Order {
	st.ids++
	o := Order{At: st.moment(s)}
	c := &o.Command
	c.ID = fmt.Sprintf("o%d", st.ids)
	c.Action = []alarm.Action{
		alarm.Acknowledge, alarm.Silence, alarm.Silence, alarm.Reset, alarm.Disable, alarm.Enable,
	}[s.rng.IntN(6)]
	c.By = alarm.Origin{Kind: alarm.OriginKind(s.rng.IntN(5)), Level: uint8(s.rng.IntN(4))}
	if c.Action >= alarm.Disable || c.Action != alarm.Silence && s.rng.IntN(2) == 0 {
		c.Point = s.site.spots[s.rng.IntN(len(s.site.spots))].plan.ID
	}
	if c.Action == alarm.Disable {
		c.For = time.Duration(1+s.rng.IntN(120)) * time.Second
		c.Reason = "drawn"
	}
	if s.rng.IntN(8) == 0 {
		c.Deadline = point.Instant(pick(s.rng, -1, 1000) * time.Millisecond)
	}
	return o
}

// drawKills draws restarts, changes of plan and what other rooms of the agent would say.
func (st *story) drawKills(s *sim) {
	for range s.rng.IntN(4) {
		at := st.moment(s)
		up := at + time.Duration(200+s.rng.IntN(5000))*time.Millisecond
		st.kills = append(st.kills, kill{at, up})
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

// allWell takes back everything that the story says of the agent's other rooms.
func allWell() []alarm.Notice {
	return []alarm.Notice{
		{Fault: alarm.StorageFailed}, {Fault: alarm.UplinkDown}, {Fault: alarm.UplinkRefused},
		{Fault: alarm.MainsLost}, {Fault: "a fault that nobody has written down"},
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
	st.up = max(st.kills[0].up, now)
	st.kills = st.kills[1:]
	return true
}
