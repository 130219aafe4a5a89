package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
)

// DoseFrom is the concentration of CO, in ppb, from which a dose is counted: the Limit of a Dose.
const DoseFrom = 40_000

const (
	doseFull  = 100_000_000_000_000 // the dose that alarms
	doseDecay = time.Hour           // time constant below doseFades
	doseFades = 25_000              // ppb below which it decays
	doseChunk = time.Minute         // of decay, so that the products fit
	tens      = 10 * time.Microsecond
)

// doseTimes are the times T(C) after which CO of a concentration alarms, exact at these points and
// geometric between them. They lie within the windows of EN 50291 (30 ppm not before 120 min,
// 50 ppm 60 to 90 min, 100 ppm 10 to 40 min, 300 ppm within 3 min), with a tenth of tolerance of
// the test gas, and within that of GB 15322.2-2019 (70 ppm 60 to 240 min).
var doseTimes = []struct {
	ppb  int64
	time time.Duration
}{
	{DoseFrom, 90 * time.Minute},
	{50_000, 78 * time.Minute},
	{65_000, 65 * time.Minute},
	{75_000, 62 * time.Minute},
	{90_000, 35 * time.Minute},
	{100_000, 25 * time.Minute},
	{110_000, 18 * time.Minute},
	{270_000, 150 * time.Second},
	{300_000, 120 * time.Second},
}

// doseTime is T(C) in tens of microseconds; 0: never. It is within a hundred thousandth of the
// exact geometric mean, and the same on every processor.
func doseTime(ppb int64) int64 {
	last := len(doseTimes) - 1
	switch {
	case ppb < doseTimes[0].ppb:
		return 0
	case ppb >= doseTimes[last].ppb:
		return int64(doseTimes[last].time / tens)
	}
	i := 1
	for ppb >= doseTimes[i].ppb {
		i++
	}
	a, b := doseTimes[i-1], doseTimes[i]
	return between(int64(a.time/tens), int64(b.time/tens), ppb-a.ppb, b.ppb-a.ppb)
}

// between is a*(b/a)^(part/whole): ten times the half that part lies in, by the geometric mean of
// its ends, and then along a line.
func between(a, b, part, whole int64) int64 {
	for range 10 {
		middle := root(a * b)
		if part *= 2; part >= whole {
			a, part = middle, part-whole
		} else {
			b = middle
		}
	}
	return a + (b-a)*part/whole
}

// root is the square root of v, to the nearest. v must not be negative.
func root(v int64) int64 {
	rest, r := uint64(v), uint64(0)
	for bit := uint64(1) << 31; bit > 0; bit >>= 1 {
		if next := r | bit; next*next <= rest {
			r = next
		}
	}
	if rest-r*r > r {
		r++
	}
	return int64(r)
}

// dose counts what CO does to blood: up by dt/T(C), held between 25 and 40 ppm, down below.
type dose struct {
	taken int64 // of doseFull
	grows int64 // a millisecond, at the newest value
	fades bool
	until point.Instant // it is counted until then
	known bool          // there is a newest value
}

// take changes to a new value. One that is not good must not let the dose fade.
func (d *dose) take(at point.Instant, ppb int64, good bool) {
	d.grows, d.fades = 0, good && ppb < doseFades
	if t := doseTime(ppb); t > 0 {
		d.grows = (doseFull*int64(time.Millisecond/tens) + t - 1) / t // never later than T(C)
	}
	if !d.known {
		d.known, d.until = true, at
	}
}

// elapse counts up to now at the newest value, or passes over the time while nothing is known.
func (d *dose) elapse(now point.Instant, blind bool) {
	if !d.known || blind {
		d.until = now
		return
	}
	for {
		step := min(now.Sub(d.until).Truncate(time.Millisecond), doseChunk)
		if step <= 0 {
			return
		}
		d.until = d.until.Add(step)
		ms := step.Milliseconds()
		d.taken = min(d.taken+d.grows*ms, doseFull)
		if d.fades {
			d.taken = max(d.taken-d.taken*ms/doseDecay.Milliseconds()-1, 0)
		}
	}
}

func (d *dose) full() bool { return d.taken >= doseFull }
