package dst

import (
	"fmt"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
)

// resound is how long a silence lasts at most.
const resound = time.Minute

// site is a drawn site: a board with chips and lines, and the points that they feed.
type site struct {
	board *board.Board
	spots []*spot
	buses []string
}

// spot is one point with what is behind it: the part, the physical value, and what is wrong there.
type spot struct {
	plan    alarm.PointPlan
	model   string // of the catalogue
	opts    map[string]string
	bus     string // empty: a line of its own
	chip    string // sensors of one chip convert one after the other
	period  time.Duration
	takes   time.Duration // conversion
	warm    time.Duration // from power-up to full values
	confirm time.Duration // of its alarm condition
	feeds   drivers.Quantity

	set         func(value int64) // the physical value
	quiet, peak int64             // calm and burning
	early       int64             // on the way from one to the other; 0: there is nothing between
	limit       int64             // from here on the alarm condition is met, whatever the rounding
	part        chip.Chip         // nil: a contact
	pin         *board.Pin        // of a contact

	value int64
	noisy bool
	wrong trouble // at this part alone
	way   trouble // at its bus
}

// trouble is what is wrong with a part or a bus at the moment.
type trouble struct {
	kind string // empty: nothing
	hard bool   // nothing good can come through
	hung bool   // nothing comes back at all
}

// drawSite draws the parts of a site and puts them on a board.
func drawSite(s *sim) *site {
	st := &site{}
	st.board = board.New(board.Options{
		Now: func() time.Duration { return s.clock }, Sleep: board.NoSleep,
	})
	n := s.knobs.Points
	if n == 0 {
		n = 1 + s.rng.IntN(8)
		if s.rng.IntN(8) == 0 {
			n = 1 + s.rng.IntN(40)
		}
	}
	for i := range n {
		var p *spot
		switch k := s.rng.IntN(10); {
		case k < 2 && i < 12:
			p = st.heat(s, i)
		case k < 3 && i < 4:
			p = st.smoke(s, i)
		case k < 5 && i < 16:
			p = st.gas(s, i)
		default:
			p = st.contact(s, i)
		}
		p.plan.ID = point.ID(fmt.Sprintf("%s%d", p.model, i))
		p.plan.Zone = alarm.ZoneID(fmt.Sprintf("zone%d", s.rng.IntN(3)))
		p.plan.Spec.Stale = max(8*time.Second, 5*p.period)
		p.confirm = p.plan.Spec.Conditions[0].Confirm
		p.value = p.quiet
		p.set(p.quiet)
		st.spots = append(st.spots, p)
	}
	return st
}

// onBus notes that a part hangs on a bus.
func (st *site) onBus(p *spot, name string) {
	p.bus, p.opts["bus"] = name, name
	for _, have := range st.buses {
		if have == name {
			return
		}
	}
	st.buses = append(st.buses, name)
}

func (st *site) heat(s *sim, i int) *spot {
	part := chip.NewSHT4x(st.board.Now)
	addr := []uint16{0x44, 0x45, 0x46}[i%3]
	bus := fmt.Sprintf("i2c-%d", i/3)
	st.board.Bus(bus).Attach(addr, part)
	p := &spot{
		model: "sht4x", opts: map[string]string{"address": fmt.Sprintf("%#x", addr)},
		period: pick(s.rng, 500, 1000, 5000) * time.Millisecond, takes: 10 * time.Millisecond,
		feeds: drivers.Temperature, set: part.SetTemperature, part: part,
		quiet: 24_000, early: 50_000, peak: 80_000, limit: 56_010,
	}
	st.onBus(p, bus)
	p.plan.Signal, p.plan.Latch = alarm.Fire, true
	p.plan.Spec.Conditions = []detect.Condition{
		{Kind: detect.Above, Quantity: p.feeds, Level: detect.Alarm, Limit: 56_000,
			Hysteresis: 2_000, Confirm: pick(s.rng, 0, 1, 3) * time.Second,
			Release: 10 * time.Second},
		{Kind: detect.Above, Quantity: p.feeds, Level: detect.PreAlarm, Limit: 46_000,
			Hysteresis: 2_000, Confirm: 3 * time.Second, Release: 30 * time.Second},
	}
	return p
}

func (st *site) smoke(s *sim, i int) *spot {
	part := chip.NewSPS30(st.board.Now)
	bus := fmt.Sprintf("i2c-%d", 10+i)
	st.board.Bus(bus).Attach(0x69, part)
	p := &spot{
		model: "sps30", opts: map[string]string{}, period: time.Second,
		takes: 1200 * time.Millisecond, feeds: drivers.PM25, part: part,
		warm:  8 * time.Second, // until its fan is up to speed, it sees a part of the smoke
		set:   func(v int64) { part.SetAir(chip.Smoke(v)) },
		quiet: 20_000, peak: 900_000, limit: 301_000,
	}
	st.onBus(p, bus)
	p.plan.Signal, p.plan.Latch = alarm.Fire, true
	p.plan.Spec.Conditions = []detect.Condition{{
		Kind: detect.Above, Quantity: p.feeds, Level: detect.Alarm, Limit: 300_000,
		Hysteresis: 50_000, Confirm: pick(s.rng, 2, 3, 5) * time.Second, Release: 10 * time.Second,
	}}
	return p
}

// gas is a 4-20 mA head of 0 to 100 %LEL over 150 Ω.
func (st *site) gas(s *sim, i int) *spot {
	bus, addr, input := fmt.Sprintf("i2c-%d", 20+i/8), uint16(0x48+i/4%2), i%4
	at := st.board.Bus(bus)
	name := fmt.Sprintf("%s/%#x", bus, addr)
	var part *chip.ADS1115
	for _, have := range st.spots {
		if have.chip == name {
			part = have.part.(*chip.ADS1115)
		}
	}
	if part == nil {
		part = chip.NewADS1115(st.board.Now)
		at.Attach(addr, part)
	}
	p := &spot{
		model: "loop-4-20ma", period: pick(s.rng, 1000, 2000) * time.Millisecond,
		opts: map[string]string{
			"address": fmt.Sprintf("%#x", addr), "channel": fmt.Sprint(input),
			"quantity": "combustible", "at4": "0 %LEL", "at20": "100 %LEL",
		},
		chip: name, takes: 8 * s.tick, feeds: drivers.Combustible, part: part,
		set: func(v int64) {
			nano := 4_000_000 + 16_000_000*v/100_000
			part.SetInput(input, nano*150/1000)
		},
		quiet: 400, early: 15_000, peak: 40_000, limit: 10_050,
	}
	st.onBus(p, bus)
	p.plan.Signal, p.plan.Latch = alarm.Gas, true
	confirm := pick(s.rng, 1, 3) * time.Second
	for _, c := range []struct {
		level detect.Level
		limit int64
	}{{detect.Alarm, 10_000}, {detect.AlarmHigh, 25_000}} {
		p.plan.Spec.Conditions = append(p.plan.Spec.Conditions, detect.Condition{
			Kind: detect.Above, Quantity: p.feeds, Level: c.level, Limit: c.limit,
			Hysteresis: 1_000, Confirm: confirm, Release: 10 * time.Second,
		})
	}
	return p
}

func (st *site) contact(s *sim, i int) *spot {
	name := fmt.Sprintf("LINE%d", i)
	pin := st.board.Pin(name)
	p := &spot{
		model: "contact", opts: map[string]string{"line": name, "pull": "up"},
		period: pick(s.rng, 20, 250) * time.Millisecond, takes: 20 * time.Millisecond,
		feeds: drivers.Contact, pin: pin, peak: 1, limit: 1,
		set: func(v int64) {
			if v == 0 {
				pin.Float()
			} else {
				pin.Drive(false)
			}
		},
	}
	signals := []alarm.Signal{
		alarm.Fire, alarm.Fire, alarm.Fire, alarm.CO, alarm.Flood, alarm.Water,
	}
	p.plan.Signal = signals[s.rng.IntN(len(signals))]
	p.plan.Latch = p.plan.Signal != alarm.Water
	c := detect.Condition{
		Kind: detect.Active, Quantity: drivers.Contact, Level: detect.Alarm,
		Confirm: pick(s.rng, 0, 200, 1000) * time.Millisecond, Release: 10 * time.Second,
	}
	if p.plan.Signal == alarm.Water {
		c.Level, c.Confirm = detect.Supervisory, 5*time.Second
	}
	p.plan.Spec.Conditions = []detect.Condition{c}
	return p
}

// plan is the site as a panel needs it, fresh at each call.
func (st *site) plan() alarm.Plan {
	p := alarm.Plan{
		Zones: []alarm.ZonePlan{{ID: "zone0"}, {ID: "zone1"}, {ID: "zone2"}},
		Outputs: []alarm.OutputPlan{
			{ID: "siren", Kind: alarm.Sounder}, {ID: "buzzer", Kind: alarm.Buzzer},
			{ID: "strobe", Kind: alarm.Strobe}, {ID: "valve", Kind: alarm.Valve},
			{ID: "fan", Kind: alarm.Fan},
		},
		Resound: resound,
	}
	for _, s := range st.spots {
		p.Points = append(p.Points, s.plan)
	}
	return p
}

// spot finds a point.
func (st *site) spot(id point.ID) *spot {
	for _, p := range st.spots {
		if p.plan.ID == id {
			return p
		}
	}
	return nil
}

// alarming tells whether the alarm condition of a point is more than supervisory.
func (p *spot) alarming() bool { return p.plan.Spec.Conditions[0].Level >= detect.Alarm }
