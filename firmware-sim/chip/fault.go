package chip

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Kind names one way in which a part fails.
type Kind string

// The ways in which parts fail. Kinds says what each does and to which parts it applies.
const (
	Absent     Kind = "absent"
	Nack       Kind = "nack"
	NackWrite  Kind = "nack_write"
	Busy       Kind = "busy"
	BitFlip    Kind = "bit_flip"
	Zeros      Kind = "zeros"
	Ones       Kind = "ones"
	Frozen     Kind = "frozen"
	Stuck      Kind = "stuck"
	WrongID    Kind = "wrong_id"
	BrownOut   Kind = "brown_out"
	Slow       Kind = "slow"
	Saturated  Kind = "saturated"
	Noise      Kind = "noise"
	Spike      Kind = "spike"
	Offset     Kind = "offset"
	Drift      Kind = "drift"
	FanStopped Kind = "fan_stopped"
	Cold       Kind = "cold"
	NoBattery  Kind = "no_battery"
	Clash      Kind = "clash"
	WireOpen   Kind = "wire_open"
	WireShort  Kind = "wire_short"
	EarthLeak  Kind = "earth_leak"
	SupplySag  Kind = "supply_sag"
)

// KindInfo is one row of the table of faults.
type KindInfo struct {
	Kind     Kind
	Does     string   // what the part does
	Occasion string   // what Fault.Chance and Fault.Nth count
	Size     string   // what Fault.Size means; empty: nothing
	Parts    []string // the models it applies to; nil: all that it makes sense for
	Else     string   // why it applies to no other; empty when it applies to all
}

// inUnit says how a size reads that changes a measured value.
const inUnit = "change of the value, in the part's unit: m°C and m%RH, ng/m³ and 1/dm³, µV, " +
	"ppm, tenths of a percent of oxygen"

var kinds = []KindInfo{
	{Absent, "answers nothing", "header", "", nil, ""},
	{Nack, "does not acknowledge its address", "header", "", nil, ""},
	{NackWrite, "does not acknowledge a byte that is written", "byte written", "", nil, ""},
	{Busy, "never finishes what it measures", "question whether it is done", "", nil, instant},
	{BitFlip, "sends one wrong bit, the checksum being right before", "read", "",
		[]string{"sht4x", "sps30", "scd4x", "dfgas", "sht3x", "aht20", "sgp40", "mlx90614",
			"sgp30", "sen5x"}, "its bytes have no checksum that could be right before"},
	{Zeros, "sends words of zeros, with valid checksums", "read", "", nil, ""},
	{Ones, "sends words of ones, with valid checksums", "read", "", nil, ""},
	{Frozen, "measures again and again the value of the first time", "measurement", "", nil, ""},
	{Stuck, "measures the same value whatever comes in", "measurement",
		"the value, in the part's unit", nil, ""},
	{WrongID, "is another part than the one that was fitted", "question for it", "", nil, ""},
	{BrownOut, "loses its registers, silently; once, unless by chance or on each nth occasion",
		"header", "", nil, ""},
	{Slow, "takes longer than its datasheet promises", "measurement", "longer by so many percent",
		nil, instant},
	{Saturated, "measures the upper end of its range", "measurement", "", nil, instant},
	{Noise, "measures with noise, up to that much either way", "measurement", inUnit, nil,
		instant},
	{Spike, "measures one value that is off", "measurement", inUnit, nil, instant},
	{Offset, "measures with an error that stays", "measurement", inUnit, nil, instant},
	{Drift, "measures with an error that grows by so much in a minute", "measurement", inUnit, nil,
		instant},
	{FanStopped, "blows no more: the values freeze, and the status register tells of the fan",
		"measurement", "", []string{"sps30", "sen5x"}, "it has no fan"},
	{Cold, "is cold, as after a long time without its supply: what it tells rises from nothing to " +
		"what is true", "measurement", "seconds until it is warm",
		[]string{"sps30", "sen5x", "sgp30", "sgp40", "dfgas"},
		"nothing in it must grow warm, or start to blow"},
	{NoBattery, "has lost both supplies: its time means nothing", "header", "",
		[]string{"ds3231"}, "it keeps no time"},
	{Clash, "shares its address with another part: one acknowledge is enough, and a zero that one " +
		"of the two sends beats a one", "header", "", nil, ""},
	{WireOpen, "sees the voltage of a wire that is cut, whatever hangs on it", "measurement",
		"the voltage, in µV", converters, noConverter},
	{WireShort, "sees 0 V: the wire is shorted to ground", "measurement", "", converters,
		noConverter},
	{EarthLeak, "sees too little: a part of the current leaks to earth", "measurement",
		"thousandths that are missing", converters, noConverter},
	{SupplySag, "sees too little at each input: what feeds the circuits has less than its voltage",
		"measurement", "thousandths that are missing", converters, noConverter},
}

// Why a fault does not apply to a part.
const (
	instant     = "it measures nothing: it tells levels, at once"
	noConverter = "no wire of the site hangs on it"
)

// converters are what the wires of a site hang on.
var converters = []string{"ads1115", "mcp342x"}

// Kinds is the table of faults.
func Kinds() []KindInfo { return slices.Clone(kinds) }

// expanders measure nothing: they tell levels, at once.
var expanders = []string{"mcp23017", "pcf8574"}

// switching are the faults of a switch, which only passes on.
var switching = []Kind{Absent, Nack, NackWrite, BrownOut, Clash}

// measuring are the faults of what takes time, or has a value that can be a little off.
var measuring = []Kind{Busy, Slow, Saturated, Noise, Spike, Offset, Drift}

// Applies reports whether a part of this model can fail in this way.
func (k Kind) Applies(model string) bool {
	for _, info := range kinds {
		switch {
		case info.Kind != k:
		case model == "pca9548":
			return slices.Contains(switching, k)
		case info.Parts != nil:
			return slices.Contains(info.Parts, model)
		default:
			return !slices.Contains(expanders, model) || !slices.Contains(measuring, k)
		}
	}
	return false
}

// StrikesInputs reports whether a converter can have this fault at one of its inputs.
func (k Kind) StrikesInputs() bool {
	return slices.Contains([]Kind{Frozen, Stuck, Noise, Spike, Offset, Drift, Saturated, WireOpen,
		WireShort, EarthLeak}, k)
}

// Fault is one fault to inject. With neither Chance nor Nth it strikes on every occasion.
type Fault struct {
	Kind   Kind
	Chance int           // it strikes on so many of 1000 occasions
	Nth    int           // it strikes on every nth occasion
	After  time.Duration // it begins so long after it was injected
	For    time.Duration // and lasts so long; 0: until Heal
	Size   int64         // see KindInfo.Size
	Input  int           // of a converter: it strikes this one, from 1 on; 0: each
	Seed   uint64        // of its chances and its noise
}

type injected struct {
	Fault
	at        time.Duration
	occasions int
	rng       *rand.Rand
	held      map[int]int64 // of a frozen part: the value of each slot
}

// Inject makes the part fail in one more way. It is an error when the part cannot fail so.
func (p *Part) Inject(f Fault) error {
	if !f.Kind.Applies(p.model) {
		return fmt.Errorf("chip %s: no fault %q; take one of %s", p.model, f.Kind, names(p.model))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	p.dev.advance(now)
	p.faults = append(p.faults, &injected{
		Fault: f, at: now, rng: rand.New(rand.NewPCG(f.Seed, 0)), held: map[int]int64{},
	})
	return nil
}

// Heal ends all faults. The registers stay as the faults left them.
func (p *Part) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dev.advance(p.clock())
	p.faults = nil
}

func names(model string) string {
	var list []string
	for _, info := range kinds {
		if info.Kind.Applies(model) {
			list = append(list, string(info.Kind))
		}
	}
	return strings.Join(list, ", ")
}

// hit reports whether a fault of this kind strikes now; asking is an occasion.
func (p *Part) hit(k Kind) bool { return p.strikes(k) != nil }

func (p *Part) strikes(k Kind) *injected { return p.strikesAt(k, -1) }

// strikesAt asks for a fault of one input.
func (p *Part) strikesAt(k Kind, slot int) *injected {
	if len(p.faults) == 0 {
		return nil
	}
	age := p.clock()
	for _, f := range p.faults {
		if f.Kind == k && (f.Input == 0 || f.Input == slot+1) && f.occasion(age-f.at) {
			return f
		}
	}
	return nil
}

func (f *injected) occasion(age time.Duration) bool {
	if age < f.After || f.For > 0 && age >= f.After+f.For {
		return false
	}
	f.occasions++
	switch {
	case f.Nth > 0:
		return f.occasions%f.Nth == 0
	case f.Chance > 0:
		return f.rng.IntN(1000) < f.Chance
	}
	return true
}

// powerFails carries out what a failure of the supply does to the registers.
func (p *Part) powerFails(now time.Duration) {
	if f := p.strikes(BrownOut); f != nil {
		p.dev.reset(now)
		p.once(f)
	}
	if f := p.strikes(NoBattery); f != nil {
		p.dev.(interface{ empty(now time.Duration) }).empty(now)
		p.once(f)
	}
}

// once ends a fault that is to strike a single time.
func (p *Part) once(f *injected) {
	if f.Chance == 0 && f.Nth == 0 {
		p.faults = slices.DeleteFunc(p.faults, func(g *injected) bool { return g == f })
	}
}

// sense is what the part measures of an input, between lo and hi. Each input has its own slot.
func (p *Part) sense(slot int, value, lo, hi int64) int64 {
	value = p.wired(slot, value)
	for _, k := range []Kind{Frozen, FanStopped} {
		if f := p.strikesAt(k, slot); f != nil {
			if _, held := f.held[slot]; !held {
				f.held[slot] = value
			}
			value = f.held[slot]
		}
	}
	if f := p.strikesAt(Stuck, slot); f != nil {
		value = f.Size
	}
	for _, k := range []Kind{Offset, Spike} {
		if f := p.strikesAt(k, slot); f != nil {
			value += f.Size
		}
	}
	if f := p.strikesAt(Drift, slot); f != nil {
		value += f.Size * f.stands(p).Milliseconds() / time.Minute.Milliseconds()
	}
	if f := p.strikesAt(Noise, slot); f != nil && f.Size > 0 {
		value += f.rng.Int64N(2*f.Size+1) - f.Size
	}
	if f := p.strikesAt(Cold, slot); f != nil {
		warm := time.Duration(f.Size) * time.Second
		if stands := f.stands(p); stands < warm {
			value = value * stands.Milliseconds() / warm.Milliseconds()
		}
	}
	if p.strikesAt(Saturated, slot) != nil {
		value = hi
	}
	return min(max(value, lo), hi)
}

// wired is what the wires of a site leave of the voltage at an input.
func (p *Part) wired(slot int, value int64) int64 {
	for _, k := range []Kind{EarthLeak, SupplySag} {
		if f := p.strikesAt(k, slot); f != nil {
			value -= value * f.Size / 1000
		}
	}
	if f := p.strikesAt(WireOpen, slot); f != nil {
		value = f.Size
	}
	if p.strikesAt(WireShort, slot) != nil {
		value = 0
	}
	return value
}

// stands is how long a fault has struck.
func (f *injected) stands(p *Part) time.Duration { return p.clock() - f.at - f.After }

// stretch is how long something takes that the datasheet says takes d.
func (p *Part) stretch(d time.Duration) time.Duration {
	if f := p.strikes(Slow); f != nil {
		return d + d*time.Duration(f.Size)/100
	}
	return d
}

// fill replaces all of an answer when the part sends only zeros or ones.
func fill[T byte | uint16](p *Part, answer []T) []T {
	switch {
	case p.hit(Zeros):
		return make([]T, len(answer))
	case p.hit(Ones):
		return slices.Repeat([]T{^T(0)}, len(answer))
	}
	return answer
}

// flip turns one bit of the answer. One only: the checksum must be able to catch it.
func (p *Part) flip(reply []byte) []byte {
	f := p.strikes(BitFlip)
	if f == nil || len(reply) == 0 {
		return reply
	}
	bit := f.rng.IntN(8 * len(reply))
	reply[bit/8] ^= 1 << (bit % 8)
	return reply
}
