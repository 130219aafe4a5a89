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
	FanStopped Kind = "fan_stopped"
)

// KindInfo is one row of the table of faults.
type KindInfo struct {
	Kind     Kind
	Does     string   // what the part does
	Occasion string   // what Fault.Chance and Fault.Nth count
	Size     string   // what Fault.Size means; empty: nothing
	Parts    []string // the models it applies to; nil: all that it makes sense for
}

// inUnit says how a size reads that changes a measured value.
const inUnit = "change of the value, in the part's unit: m°C and m%RH, ng/m³ and 1/dm³, µV, " +
	"ppm, tenths of a percent of oxygen"

var kinds = []KindInfo{
	{Absent, "answers nothing", "header", "", nil},
	{Nack, "does not acknowledge its address", "header", "", nil},
	{NackWrite, "does not acknowledge a byte that is written", "byte written", "", nil},
	{Busy, "never finishes what it measures", "question whether it is done", "", nil},
	{BitFlip, "sends one wrong bit, the checksum being right before", "read", "",
		[]string{"sht4x", "sps30", "scd4x", "dfgas", "sht3x", "aht20", "sgp40", "mlx90614",
			"sgp30", "sen5x"}},
	{Zeros, "sends words of zeros, with valid checksums", "read", "", nil},
	{Ones, "sends words of ones, with valid checksums", "read", "", nil},
	{Frozen, "measures again and again the value of the first time", "measurement", "", nil},
	{Stuck, "measures the same value whatever comes in", "measurement",
		"the value, in the part's unit", nil},
	{WrongID, "is another part than the one that was fitted", "question for it", "", nil},
	{BrownOut, "loses its registers, silently; once, if neither Chance nor Nth is given", "header",
		"", nil},
	{Slow, "takes longer than its datasheet promises", "measurement", "longer by so many percent",
		nil},
	{Saturated, "measures the upper end of its range", "measurement", "", nil},
	{Noise, "measures with noise, even between -Size and +Size", "measurement", inUnit, nil},
	{Spike, "measures one value that is off", "measurement", inUnit, nil},
	{Offset, "measures with an error that stays", "measurement", inUnit, nil},
	{FanStopped, "its fan stands: the values freeze, and the status register tells", "measurement",
		"", []string{"sps30", "sen5x"}},
}

// Kinds is the table of faults.
func Kinds() []KindInfo { return slices.Clone(kinds) }

// expanders measure nothing: they tell levels, at once.
var expanders = []string{"mcp23017", "pcf8574"}

// switching are the faults of a switch, which only passes on.
var switching = []Kind{Absent, Nack, NackWrite, BrownOut}

// measuring are the faults of what takes time, or has a value that can be a little off.
var measuring = []Kind{Busy, Slow, Saturated, Noise, Spike, Offset}

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

// Fault is one fault to inject. With neither Chance nor Nth it strikes on every occasion.
type Fault struct {
	Kind   Kind
	Chance int           // it strikes on so many of 1000 occasions
	Nth    int           // it strikes on every nth occasion
	After  time.Duration // it begins so long after it was injected
	For    time.Duration // and lasts so long; 0: until Heal
	Size   int64         // see KindInfo.Size
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

func (p *Part) strikes(k Kind) *injected {
	if len(p.faults) == 0 {
		return nil
	}
	age := p.clock()
	for _, f := range p.faults {
		if f.Kind == k && f.occasion(age-f.at) {
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

func (p *Part) brownOut(now time.Duration) {
	f := p.strikes(BrownOut)
	if f == nil {
		return
	}
	p.dev.reset(now)
	if f.Chance == 0 && f.Nth == 0 {
		p.faults = slices.DeleteFunc(p.faults, func(g *injected) bool { return g == f })
	}
}

// sense is what the part measures of an input, between lo and hi. Each input has its own slot.
func (p *Part) sense(slot int, value, lo, hi int64) int64 {
	for _, k := range []Kind{Frozen, FanStopped} {
		if f := p.strikes(k); f != nil {
			if _, held := f.held[slot]; !held {
				f.held[slot] = value
			}
			value = f.held[slot]
		}
	}
	if f := p.strikes(Stuck); f != nil {
		value = f.Size
	}
	if f := p.strikes(Offset); f != nil {
		value += f.Size
	}
	if f := p.strikes(Noise); f != nil && f.Size > 0 {
		value += f.rng.Int64N(2*f.Size+1) - f.Size
	}
	if f := p.strikes(Spike); f != nil {
		value += f.Size
	}
	if p.hit(Saturated) {
		value = hi
	}
	return min(max(value, lo), hi)
}

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
