package detect

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// Formula makes the value of a derived point out of the readings of other points. Step is called
// with what came from its inputs since the last call, oldest first, calibrated; it must not keep rs
// and allocates nothing. Its quality is Bad until there is something to tell, and Uncertain with
// the reason WarmUp while the time it looks back on is not full yet. Whether the inputs are still
// alive is for the panel to judge.
type Formula interface {
	Step(now point.Instant, rs []point.Reading) (value int64, q point.Quality, why point.Reason)
}

// Derivation says how a derived point is made.
type Derivation struct {
	Formula string // a name of Formulas
	From    []point.ID
	// Quantity is what is read of the first input of a formula that takes any; 0: what comes first.
	Quantity drivers.Quantity
	// Window is the time that the formula looks back on; 0: that of its FormulaKind. Formulas
	// without one do not use it.
	Window time.Duration
	Limit  int64 // of time_above, time_below and lasting, in the unit of the input
	Zero   int64 // of share: the value that is 0 %
	Full   int64 // of share: the value that is 100 %
	PerTip int64 // of rain and dry_time: µm of water that tip the bucket; 0: 200
	// Steps are the limits of colour, for blue, yellow, orange and red: all rising or all falling.
	Steps [4]int64
	Band  int64 // of colour: how far the value must come back

	wants []drivers.Quantity // the inputs of its FormulaKind
}

// Same tells whether two derivations make the same value of the same inputs.
func (d *Derivation) Same(o *Derivation) bool {
	return d.Formula == o.Formula && slices.Equal(d.From, o.From) && d.Quantity == o.Quantity &&
		d.Window == o.Window && d.Limit == o.Limit && d.Zero == o.Zero && d.Full == o.Full &&
		d.PerTip == o.PerTip && d.Steps == o.Steps && d.Band == o.Band
}

// FormulaKind is one row of the table of formulas.
type FormulaKind struct {
	Name string
	// Inputs are the quantities that it reads, one for each point it is derived from; a zero is
	// any. The last one may come several times when Many is set.
	Inputs []drivers.Quantity
	Many   bool
	Result drivers.Quantity // 0: that of the first input
	Window time.Duration    // usual window; 0: it has none
	open   func(d *Derivation) Formula
}

// formulas holds every formula; the comment of its type says what it computes.
var formulas = []FormulaKind{
	{"level_rate", of(drivers.Level), false, drivers.LevelRate, 10 * time.Minute, newGrowthHour},
	{"crack_rate", of(drivers.Crack), false, drivers.CrackRate, time.Hour, newGrowthHour},
	{"crack_growth", of(drivers.Crack), false, drivers.Crack, 24 * time.Hour, newGrowth},
	{"tilt_change", of(drivers.Tilt), false, drivers.Tilt, 24 * time.Hour, newGrowth},
	{"rain", of(drivers.Pulses), false, drivers.Rain, time.Hour, newRain},
	{"dry_time", of(drivers.Pulses), false, drivers.Elapsed, 0, newDryTime},
	{"fire_weather", of(drivers.Humidity, drivers.Temperature), false, drivers.Index, 0, newAngstroem},
	{"fire_danger", of(drivers.Humidity, drivers.Temperature), false, drivers.Count, 0, newDanger},
	{"wind_force", of(drivers.Wind), false, drivers.Count, 0, newBeaufort},
	{"mean", of(0), false, 0, 5 * time.Minute, newMean},
	{"max", of(0), false, 0, 5 * time.Minute, newPeak},
	{"time_above", of(0), false, drivers.Elapsed, 24 * time.Hour, newTimeAbove},
	{"time_below", of(0), false, drivers.Elapsed, 24 * time.Hour, newTimeBelow},
	{"lasting", of(0), false, drivers.Elapsed, 0, newLasting},
	{"share", of(0), false, drivers.Share, 0, newShare},
	{"colour", of(0), false, drivers.Count, 0, newColour},
	{"ready", of(drivers.Contact), true, drivers.Contact, 0, newReady},
}

func of(qs ...drivers.Quantity) []drivers.Quantity { return qs }

// Formulas lists every formula that a derived point may name.
func Formulas() []FormulaKind { return slices.Clone(formulas) }

// FormulaByName looks a formula up.
func FormulaByName(name string) (FormulaKind, bool) {
	for i := range formulas {
		if formulas[i].Name == name {
			return formulas[i], true
		}
	}
	return FormulaKind{}, false
}

// NewFormula returns the formula that d names; nil when there is none of that name or d has too
// few inputs. Its memory is fixed.
func NewFormula(d Derivation) Formula {
	k, ok := FormulaByName(d.Formula)
	if !ok || len(d.From) < len(k.Inputs) {
		return nil
	}
	if d.Window <= 0 {
		d.Window = k.Window
	}
	d.Zero, d.Full = Clamp(d.Zero), Clamp(d.Full)
	d.PerTip, d.Band = min(d.PerTip, mostTip), min(max(d.Band, 0), mostLimit)
	for i := range d.Steps {
		d.Steps[i] = min(max(d.Steps[i], -mostLimit), mostLimit)
	}
	d.wants = k.Inputs
	if d.wants[0] == 0 {
		d.wants = of(d.Quantity)
	}
	return k.open(&d)
}

// input is the newest value of one point that a formula reads.
type input struct {
	from  point.ID
	want  drivers.Quantity // 0: that of the first reading
	value int64
	at    point.Instant
	seen  bool
	sure  bool         // it was good
	why   point.Reason // if it was not
}

func newInput(d *Derivation, i int) input {
	return input{from: d.From[i], want: d.wants[min(i, len(d.wants)-1)]}
}

// take keeps a reading that is meant for this input, and tells whether it was one with a value.
func (in *input) take(now point.Instant, rd *point.Reading) bool {
	q := rd.Sample.Quantity
	if rd.Point != in.from || rd.Quality == point.Bad || in.want != 0 && q != in.want {
		return false
	}
	in.want = q
	in.value, in.at, in.seen = Clamp(rd.Sample.Value), min(rd.At, now), true
	in.sure, in.why = rd.Quality == point.Good, rd.Reason
	return true
}

// quality is that of a value made of inputs; full tells whether the window is. What is made of a
// sensor that warms up warms up too: it is not silent.
func quality(full bool, ins ...*input) (point.Quality, point.Reason) {
	q, why := point.Good, point.None
	for _, in := range ins {
		switch {
		case !in.seen:
			return point.Bad, point.Stale
		case !in.sure:
			q, why = point.Uncertain, in.why
		}
	}
	if !full {
		q, why = point.Uncertain, point.WarmUp
	}
	return q, why
}
