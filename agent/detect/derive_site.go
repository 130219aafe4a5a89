package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

// share is where the value lies between Zero and Full, as m% of the way, 0 to 100 %: the filling of
// a tank, or a pressure beside the one that its class asks for.
//
//	share = (value − zero) / (full − zero)
type share struct {
	in         input
	zero, full int64
}

func newShare(d *Derivation) Formula {
	return &share{in: newInput(d, 0), zero: d.Zero, full: d.Full}
}

// Step implements Formula.
func (f *share) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		f.in.take(now, &rs[i])
	}
	q, why := quality(true, &f.in)
	if f.full == f.zero {
		return 0, point.Bad, point.Range
	}
	return min(max((f.in.value-f.zero)*100_000/(f.full-f.zero), 0), 100_000), q, why
}

// colour is the risk colour of a value: 0 none, 1 blue, 2 yellow, 3 orange, 4 red, the number of
// Steps that the value has reached. It rises at a step, and falls when the value has come back by
// Band. An uncertain value may raise it; only a good one lowers it.
type colour struct {
	in    input
	steps [4]int64
	band  int64
	now   int64
}

func newColour(d *Derivation) Formula {
	return &colour{in: newInput(d, 0), steps: d.Steps, band: d.Band}
}

// Step implements Formula.
func (f *colour) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		if !f.in.take(now, &rs[i]) {
			continue
		}
		if up := f.reached(0); up > f.now {
			f.now = up
		}
		if down := f.reached(f.band); down < f.now && f.in.sure {
			f.now = down
		}
	}
	q, why := quality(true, &f.in)
	return f.now, q, why
}

// reached counts the steps that the value has reached, when it counts as slack further on.
func (f *colour) reached(slack int64) (n int64) {
	falling := f.steps[3] < f.steps[0]
	for _, step := range f.steps {
		if falling && f.in.value-slack <= step || !falling && f.in.value+slack >= step {
			n++
		}
	}
	return n
}

// ready is whether all of some contacts are normal: 0 when they are, 1 when one is not.
type ready struct{ in []input }

func newReady(d *Derivation) Formula {
	f := &ready{}
	for i := range d.From {
		f.in = append(f.in, newInput(d, i))
	}
	return f
}

// Step implements Formula.
func (f *ready) Step(
	now point.Instant, rs []point.Reading,
) (value int64, q point.Quality, why point.Reason) {
	q = point.Good
	said := point.Bad // the best of those that are not normal
	for i := range f.in {
		in := &f.in[i]
		for j := range rs {
			in.take(now, &rs[j])
		}
		is, because := quality(true, in)
		if in.seen && in.value != 0 {
			value, said = 1, max(said, is)
		}
		if is < q {
			q, why = is, because
		}
	}
	switch {
	case value == 0:
	case said == point.Good: // One that is not normal is enough to know.
		q, why = point.Good, point.None
	case q == point.Bad:
		q, why = point.Uncertain, point.None
	}
	return value, q, why
}

// rain is how much water fell within the window, in µm: tips of the bucket · PerTip. The bucket
// counts its tips; a count that falls has begun anew.
type rain struct {
	in     input
	tip    int64
	bucket bucket
	sums   sums
}

const (
	usualTip = 200     // µm: the usual bucket tips at 0.2 mm
	mostTip  = 1 << 19 // so that the product with a count fits
)

func newRain(d *Derivation) Formula {
	return &rain{in: newInput(d, 0), tip: perTip(d), sums: newSums(d.Window)}
}

func perTip(d *Derivation) int64 {
	if d.PerTip <= 0 {
		return usualTip
	}
	return d.PerTip
}

// Step implements Formula.
func (f *rain) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		if f.in.take(now, &rs[i]) {
			f.sums.add(f.in.at, f.bucket.tips(f.in.value)*f.tip)
		}
	}
	f.sums.elapse(now)
	q, why := quality(f.sums.full(now), &f.in)
	return f.sums.all().total, q, why
}

// bucket follows the count of a bucket.
type bucket struct {
	count int64
	known bool
}

// tips is how often the bucket tipped since the reading before.
func (b *bucket) tips(count int64) int64 {
	before := *b
	b.count, b.known = count, true
	switch {
	case !before.known:
		return 0
	case count < before.count:
		return max(count, 0)
	}
	return count - before.count
}

// dryTime is how long ago it last rained, in seconds, counted from the first reading while no rain
// was seen; then it is uncertain, because the time before is not known.
type dryTime struct {
	in     input
	bucket bucket
	begun  bool
	wet    bool // a tip was seen
	since  point.Instant
}

func newDryTime(d *Derivation) Formula { return &dryTime{in: newInput(d, 0)} }

// Step implements Formula.
func (f *dryTime) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		if !f.in.take(now, &rs[i]) {
			continue
		}
		tipped := f.bucket.tips(f.in.value) > 0
		if tipped || !f.begun {
			f.begun, f.since = true, f.in.at
		}
		f.wet = f.wet || tipped
	}
	q, why := quality(f.wet, &f.in)
	return int64(now.Sub(f.since) / time.Second), q, why
}

// angstroem is the fire-weather index after Ångström, in thousandths; the lower the worse.
//
//	index = RH[%]/20 + (27 − T[°C])/10
//
// As fire_danger it gives the class of the index instead: 0 low above 4.0, 1 moderate above 2.5, 2
// high above 2.0, 3 extreme.
type angstroem struct {
	humidity, temperature input
	classes               bool
}

var dangerSteps = [...]int64{4000, 2500, 2000} // thousandths

func newAngstroem(d *Derivation) Formula {
	return &angstroem{humidity: newInput(d, 0), temperature: newInput(d, 1)}
}

func newDanger(d *Derivation) Formula {
	return &angstroem{humidity: newInput(d, 0), temperature: newInput(d, 1), classes: true}
}

// Step implements Formula.
func (f *angstroem) Step(
	now point.Instant, rs []point.Reading,
) (int64, point.Quality, point.Reason) {
	for i := range rs {
		f.humidity.take(now, &rs[i])
		f.temperature.take(now, &rs[i])
	}
	q, why := quality(true, &f.humidity, &f.temperature)
	index := f.humidity.value/20 + (27_000-f.temperature.value)/10
	if !f.classes {
		return index, q, why
	}
	class := int64(0)
	for _, step := range dangerSteps {
		if index <= step {
			class++
		}
	}
	return class, q, why
}

// beaufort is the wind force 0 to 12 of the Beaufort scale.
type beaufort struct{ in input }

// beaufortSteps are the lowest speeds of force 1 to 12, in mm/s.
var beaufortSteps = [...]int64{
	300, 1600, 3400, 5500, 8000, 10_800, 13_900, 17_200, 20_800, 24_500, 28_500, 32_700,
}

func newBeaufort(d *Derivation) Formula { return &beaufort{newInput(d, 0)} }

// Step implements Formula.
func (f *beaufort) Step(
	now point.Instant, rs []point.Reading,
) (force int64, q point.Quality, why point.Reason) {
	for i := range rs {
		f.in.take(now, &rs[i])
	}
	for _, step := range beaufortSteps {
		if f.in.value >= step {
			force++
		}
	}
	q, why = quality(true, &f.in)
	return force, q, why
}
