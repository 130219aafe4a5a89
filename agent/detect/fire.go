package detect

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// FireSpec is the fire rule of a spot, one place with several channels, as data.
type FireSpec struct {
	// Channels lists what the spot measures, at most one channel of a quantity: PM1, PM25, PM4,
	// PM10, NC05 to NC10, Size, Gas (which is carbon monoxide), CO2, Oxygen, Temperature and
	// Humidity. What is not among these is not looked at, and not watched for faults.
	Channels []drivers.Quantity
	Stale    time.Duration // no good reading of a channel for so long is SensorSilent; 0: 8 s
}

// fireLooksAt lists the quantities that say something of a fire.
var fireLooksAt = [...]drivers.Quantity{
	drivers.PM1, drivers.PM25, drivers.PM4, drivers.PM10, drivers.NC05, drivers.NC1, drivers.NC25,
	drivers.NC4, drivers.NC10, drivers.Size, drivers.Gas, drivers.CO2, drivers.Oxygen,
	drivers.Temperature, drivers.Humidity,
}

// Weighs tells whether the fire rule looks at a quantity.
func Weighs(q drivers.Quantity) bool { return slices.Contains(fireLooksAt[:], q) }

// fireRule weighs what the channels of a spot say of a fire. Each piece of evidence has a weight in
// thousandths. A thousand together is an alarm: one overwhelming piece, or several of which none
// would do alone. It also implements Resumer, Rememberer and Counter.
type fireRule struct {
	started  bool
	channels []fireChannel
	dose     dose // of carbon monoxide
	pre      verdict
	alarm    verdict
}

// fireChannel is one channel with what is known of it.
type fireChannel struct {
	health
	known  bool // there was a value
	value  int64
	at     point.Instant // of value
	sure   bool          // the newest reading was good
	past   rate          // of the quantities whose growth counts
	growth int64         // within growthTime
}

// verdict is a level with the weight that it takes, and the channels that spoke for it.
type verdict struct {
	condition
	why [4]Evidence
	by  uint32 // bits of channels
}

// newFire returns the fire rule of a spot. A spot that has one channel alone, or whose others have
// failed, is judged by what that one can say: each kind of evidence reaches an alarm by itself,
// but later. Its memory is fixed: nothing grows with the readings.
func newFire(s FireSpec) *fireRule {
	stale := Spec{Stale: s.Stale}.StaleAfter()
	r := &fireRule{
		pre:   newVerdict(PreAlarm, fireLimits.preAlarm, fireLimits.preConfirm),
		alarm: newVerdict(Alarm, fireLimits.alarm, fireLimits.confirm),
	}
	for _, q := range fireLooksAt {
		if !slices.Contains(s.Channels, q) {
			continue
		}
		c := fireChannel{health: health{quantity: q, stale: stale}}
		if reach := growthTime(q); reach > 0 {
			c.past = newRate(reach * 4 / 5) // it keeps samples a quarter longer
		}
		r.channels = append(r.channels, c)
	}
	return r
}

func newVerdict(l Level, weight int64, confirm time.Duration) verdict {
	return verdict{condition: newCondition(Condition{
		Kind: Above, Level: l, Limit: weight, Hysteresis: weight * 2 / 5,
		Confirm: confirm, Release: fireLimits.release,
	})}
}

// Step implements Rule. Readings of one moment are judged together, for one part measured them
// together and the rule compares them.
func (r *fireRule) Step(now point.Instant, rs []point.Reading) Finding {
	if !r.started {
		r.started = true
		for i := range r.channels {
			r.channels[i].begin(now)
		}
	}
	var h heard
	for i := range rs {
		at := min(rs[i].At, now)
		if i == 0 || rs[i].At != rs[i-1].At {
			r.elapse(at)
			h = heard{}
		}
		r.take(at, &rs[i], &h)
		if i+1 == len(rs) || rs[i].At != rs[i+1].At {
			r.judge(at, h)
		}
	}
	r.elapse(now)
	return r.finding()
}

// heard are the channels that gave a value at one moment, and those that failed to, as bits.
type heard struct{ values, failures uint32 }

// take shows one reading to its channel.
func (r *fireRule) take(at point.Instant, rd *point.Reading, h *heard) {
	for i := range r.channels {
		c := &r.channels[i]
		if !c.concerns(rd) {
			continue
		}
		c.take(at, rd)
		if rd.Quality == point.Bad {
			h.failures |= 1 << i
			continue
		}
		h.values |= 1 << i
		if c.quantity == drivers.Gas {
			r.dose.take(at, c.value, c.sure)
		}
	}
}

// concerns tells whether a reading is of this channel. A failed reading may not know what it would
// have measured: then all of it failed.
func (c *fireChannel) concerns(rd *point.Reading) bool {
	return c.quantity == rd.Sample.Quantity || rd.Sample.Quantity == 0 && rd.Quality == point.Bad
}

// take keeps the newest value. A bad reading carries none: the one before it holds. Growth counts
// from good readings alone, so that a sensor which warms up does not seem to see something grow.
func (c *fireChannel) take(at point.Instant, rd *point.Reading) {
	c.health.take(at, rd)
	c.sure = rd.Quality == point.Good
	if rd.Quality == point.Bad {
		return
	}
	c.known, c.at = true, at
	c.value = min(max(rd.Sample.Value, -rateMost), rateMost)
	if c.past.slots == nil {
		return
	}
	if c.sure {
		c.past.per(at, c.value, heatTime)
	}
	if c.past.n > 0 {
		c.growth = c.value - c.past.slots[c.past.first].value
	}
}

// judge weighs the evidence at a moment.
func (r *fireRule) judge(at point.Instant, h heard) {
	e := r.evidence(at)
	for _, v := range [...]*verdict{&r.pre, &r.alarm} {
		v.take(at, &e, h, r.unsure(v.by))
	}
}

// unsure tells whether the newest reading of one of the channels was not good.
func (r *fireRule) unsure(channels uint32) bool {
	for i := range r.channels {
		if channels&(1<<i) != 0 && !r.channels[i].sure {
			return true
		}
	}
	return false
}

func (r *fireRule) faulty(channels uint32) bool {
	for i := range r.channels {
		if channels&(1<<i) != 0 && r.channels[i].fault != "" {
			return true
		}
	}
	return false
}

// take shows the weight of all evidence to a verdict. What stands ends only by good readings of
// the channels that spoke for it.
func (v *verdict) take(at point.Instant, e *evidence, h heard, unsure bool) {
	rd := point.Reading{Quality: point.Good, Sample: drivers.Sample{Value: e.sum}}
	switch {
	case v.stands && v.by&h.failures != 0:
		rd.Quality = point.Bad
	case unsure, h.values == 0 && !v.leaving:
		rd.Quality = point.Uncertain
	}
	v.condition.take(at, &rd)
	if v.reach(e.sum) {
		if !v.stands {
			v.why = e.top
		}
		v.by |= e.by
	}
}

// elapse lets time pass without a reading. While a channel that spoke for a verdict is faulty, it
// does not end.
func (r *fireRule) elapse(now point.Instant) {
	for i := range r.channels {
		c := &r.channels[i]
		if c.elapse(now); c.quantity == drivers.Gas {
			r.dose.elapse(now, c.fault != "")
		}
	}
	for _, v := range [...]*verdict{&r.pre, &r.alarm} {
		v.elapse(now, r.faulty(v.by))
		if !v.stands && !v.pending {
			v.why, v.by = [4]Evidence{}, 0
		}
	}
}

// finding gives the level with the reasons that it was given for, and the faults beside it.
func (r *fireRule) finding() Finding {
	var f Finding
	for i := range r.channels {
		f.Fault = Worse(f.Fault, r.channels[i].fault)
	}
	switch {
	case r.alarm.stands:
		f.Level, f.Why = Alarm, r.alarm.why
	case r.pre.stands:
		f.Level, f.Why = PreAlarm, r.pre.why
	}
	return f
}

// Resume implements Resumer. A fault of the sensors stands too, until they are good.
func (r *fireRule) Resume(f Finding) {
	var by uint32
	for i := range r.channels {
		c := &r.channels[i]
		if blinds(f.Fault) {
			c.fault = f.Fault
		}
		for _, e := range f.Why {
			if e.Weight != 0 && e.Quantity == c.quantity {
				by |= 1 << i
			}
		}
	}
	if by == 0 {
		by = 1<<len(r.channels) - 1
	}
	for _, v := range [...]*verdict{&r.pre, &r.alarm} {
		if f.Level >= v.Level {
			v.stands, v.why, v.by = true, f.Why, by
		}
	}
}

// Memory implements Rememberer.
func (r *fireRule) Memory() Memory { return Memory{Dose: r.dose.taken / (doseFull / doseShown)} }

// Remember implements Rememberer.
func (r *fireRule) Remember(m Memory) {
	r.dose.taken = min(max(m.Dose, 0), doseShown) * (doseFull / doseShown)
}

// Aborted implements Counter.
func (r *fireRule) Aborted() uint64 { return r.alarm.aborted }
