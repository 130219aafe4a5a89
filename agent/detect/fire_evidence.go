package detect

import (
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// curve tells how much a piece of evidence weighs: it is linear between its knots, nothing before
// the first, and the weight of the last beyond it.
type curve []knot

type knot struct{ value, weight int64 }

func (c curve) weight(value int64) int64 {
	last := c[0]
	if value <= last.value {
		return 0
	}
	for _, k := range c[1:] {
		if value < k.value {
			return last.weight + (k.weight-last.weight)*(value-last.value)/(k.value-last.value)
		}
		last = k
	}
	return last.weight
}

// full is the value from which the evidence weighs as much as it ever does.
func (c curve) full() int64 { return c[len(c)-1].value }

// firePieces are the limits of the fire rule.
type firePieces struct {
	preAlarm, alarm     int64 // weights
	preConfirm, confirm time.Duration
	release             time.Duration

	heat   curve // m°C
	rise   curve // m°C gained within heatTime
	smoke  curve // ng/m³ of fine particles
	steam  curve // likewise, in air that has just become wet
	coarse curve // ng/m³, when the particles are coarse
	co     curve // ppb gained within gasTime
	co2    curve // likewise
	oxygen curve // m%vol lost within gasTime

	fineMass   int64 // thousandths: PM1 of PM10
	fineSize   int64 // nm
	fineNumber int64 // thousandths: NC05 of NC10
	wet        int64 // m%RH
	wetting    int64 // m%RH gained within gasTime
}

const (
	heatTime = time.Minute
	gasTime  = 5 * time.Minute
)

// fireLimits are such that each kind of evidence is an alarm alone where a single detector would
// give one, and that two kinds are where each is too strong for everyday life. They stand in the
// middle of what recorded fires and recorded mist and incense leave free.
var fireLimits = firePieces{
	preAlarm: 600, alarm: 1000,
	// Readings of a second must agree for so long; a spike is none.
	preConfirm: 10 * time.Second, confirm: 3 * time.Second,
	release: 30 * time.Second,

	// Alone: after heat detectors of class A1, EN 54-5, with a rise of 8.3 °C in a minute.
	heat: curve{{45_000, 0}, {57_000, 1000}},
	rise: curve{{1_000, 0}, {8_300, 1000}},

	// A part such as the SPS30 is specified up to 1 mg/m³. As much smoke as that is more than a
	// smoker or a candle gives to a room, but incense and frying reach it: most of an alarm, and
	// no more until the smoke is as dense as smoke detectors answer to: 7.3 mg/m³ of smouldering
	// smoke are about 0.15 dB/m. The value is rough there, and rough is enough.
	smoke: curve{{100_000, 0}, {800_000, 750}, {5_000_000, 750}, {7_300_000, 1000}},
	// Mist, steam and dust may hide a fire, so that a little remains. The densest mist on record
	// has 7.8 mg/m³ of fine particles and 12.1 mg/m³ of all sizes: what is denser than that is an
	// alarm alone, whatever it looks like.
	steam:  curve{{100_000, 0}, {800_000, 400}, {13_000_000, 400}, {16_000_000, 1000}},
	coarse: curve{{100_000, 0}, {800_000, 250}, {13_000_000, 250}, {16_000_000, 1000}},

	// A cooker gives 10 to 30 ppm. Alone: so much more within minutes that the dose, after
	// EN 50291, would soon be an alarm too.
	co: curve{{20_000, 0}, {70_000, 700}, {150_000, 1000}},
	// People and a cooker give up to 1,000 ppm, and cells for oxygen count in tenths of a percent.
	// Alone: 1 % of carbon dioxide within 5 min is no breath.
	co2:    curve{{500_000, 0}, {3_000_000, 500}, {10_000_000, 1000}},
	oxygen: curve{{300, 0}, {1_000, 500}, {2_000, 1000}},

	// Wood smoke is 0.70 and above, salt mist 0.62 and below, and less the more there is.
	fineMass: 550, fineSize: 850, fineNumber: 700,
	wet: 90_000, wetting: 10_000,
}

// growthTime is how far back the growth of a quantity is looked at; 0: it is not.
func growthTime(q drivers.Quantity) time.Duration {
	switch q {
	case drivers.Temperature:
		return heatTime
	case drivers.Gas, drivers.CO2, drivers.Oxygen, drivers.Humidity:
		return gasTime
	}
	return 0
}

// evidence is what speaks for a fire at one moment.
type evidence struct {
	sum int64       // of the weights
	top [4]Evidence // the heaviest pieces
	by  uint32      // bits of the channels that gave any
}

// add puts a piece that a channel gave among the others.
func (e *evidence) add(channel int, piece Evidence) {
	if piece.Weight <= 0 {
		return
	}
	e.sum += int64(piece.Weight)
	e.by |= 1 << channel
	for i := range e.top {
		if piece.Weight > e.top[i].Weight {
			piece, e.top[i] = e.top[i], piece
		}
	}
}

// level is a piece of evidence by the value itself.
func (c *fireChannel) level(limit, weight int64) Evidence {
	return Evidence{c.quantity, c.value, limit, int16(weight)}
}

// grown is a piece of evidence by growth. The limit is what the value would be, had it grown by
// full: people compare it with the value.
func (c *fireChannel) grown(full, weight int64) Evidence {
	return Evidence{c.quantity, c.value, c.value - c.growth + full, int16(weight)}
}

// evidence weighs what the channels say now. The newest value of a channel holds until the next,
// also when the channel fails: silence after a dangerous value is no reason to be calm.
func (r *fireRule) evidence(at point.Instant) evidence {
	var e evidence
	l := &fireLimits
	if i, c := r.find(drivers.Temperature); c != nil {
		e.add(i, c.level(l.heat.full(), l.heat.weight(c.value)))
		e.add(i, c.grown(l.rise.full(), l.rise.weight(c.growth)))
	}
	if i, c := r.find(drivers.Gas); c != nil {
		if r.dose.full() {
			e.add(i, c.level(DoseFrom, 1000))
		} else {
			e.add(i, c.grown(l.co.full(), l.co.weight(c.growth)))
		}
	}
	r.addAir(&e)
	r.addSmoke(&e, at)
	return e
}

// addAir adds what a fire takes from the air or what it gives to it, whichever says more: these are
// two views of one thing.
func (r *fireRule) addAir(e *evidence) {
	var taken, given Evidence
	l := &fireLimits
	i, o := r.find(drivers.Oxygen)
	if o != nil {
		taken = o.grown(-l.oxygen.full(), l.oxygen.weight(-o.growth))
	}
	j, c := r.find(drivers.CO2)
	if c != nil {
		given = c.grown(l.co2.full(), l.co2.weight(c.growth))
	}
	if taken.Weight >= given.Weight {
		e.add(i, taken)
	} else {
		e.add(j, given)
	}
}

// massOf gives, for the channels that can stand for PM2.5, the thousandths of it that their value
// is in wood smoke. The best come first.
var massOf = [...]struct {
	quantity drivers.Quantity
	share    int64
}{
	{drivers.PM25, 1000}, {drivers.PM1, 945}, {drivers.PM4, 1000}, {drivers.PM10, 1000},
	{drivers.NC25, 7550}, {drivers.NC1, 7500}, {drivers.NC4, 7550}, {drivers.NC10, 7550},
	{drivers.NC05, 6500},
}

// addSmoke adds the particles, by the channels that work, or else by their last values.
func (r *fireRule) addSmoke(e *evidence, at point.Instant) {
	for _, failed := range [...]bool{false, true} {
		for _, m := range massOf {
			i, c := r.find(m.quantity)
			if c == nil || failed != (c.fault != "") {
				continue
			}
			l := &fireLimits
			how := l.smoke
			if !r.fine(failed) {
				how = l.coarse
			} else if r.steamy(at) {
				how = l.steam
			}
			limit := how.full() * m.share / 1000
			e.add(i, c.level(limit, how.weight(c.value*1000/m.share)))
			return
		}
	}
}

// fine tells whether the particles are as fine as smoke. Mist, steam and dust are coarser. Where
// nothing tells, they are taken for smoke.
func (r *fireRule) fine(failed bool) bool {
	l := &fireLimits
	if part, whole, ok := r.pair(drivers.PM1, drivers.PM10, failed); ok {
		return part*1000 >= whole*l.fineMass
	}
	if _, c := r.find(drivers.Size); c != nil && failed == (c.fault != "") {
		return c.value <= l.fineSize
	}
	if part, whole, ok := r.pair(drivers.NC05, drivers.NC10, failed); ok {
		return part*1000 >= whole*l.fineNumber
	}
	return true
}

// pair returns the values of two channels that are both known, and both work or have both failed.
func (r *fireRule) pair(part, whole drivers.Quantity, failed bool) (int64, int64, bool) {
	_, p := r.find(part)
	_, w := r.find(whole)
	if p == nil || w == nil || failed != (p.fault != "") || failed != (w.fault != "") {
		return 0, 0, false
	}
	return p.value, w.value, true
}

// steamy tells whether the air is wet and has become so just now. It makes smoke weigh less, so
// only a sensor that works may say it: the last word of one that died in steam must hide no fire.
func (r *fireRule) steamy(at point.Instant) bool {
	_, c := r.find(drivers.Humidity)
	if c == nil || !c.sure || c.fault != "" || at.Sub(c.at) >= gasTime {
		return false
	}
	return c.value >= fireLimits.wet && c.growth >= fireLimits.wetting
}

// find returns the channel of a quantity with its place; nil when it has given no value yet.
func (r *fireRule) find(q drivers.Quantity) (int, *fireChannel) {
	for i := range r.channels {
		if c := &r.channels[i]; c.quantity == q && c.known {
			return i, c
		}
	}
	return 0, nil
}
