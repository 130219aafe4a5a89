package site

import (
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/drivers"
)

// The shares of an alarm, and the times, of a measured smoke detector.
const (
	preShare      = 6 // tenths
	preConfirm    = 10 * time.Second
	preRelease    = 30 * time.Second
	smokeNeed     = 2
	smokeOf       = 3
	usualDeadband = 20
)

// drift judges a measured smoke detector against a baseline that follows its dirt.
func (r *rule) drift() {
	if !r.class.drifts {
		return
	}
	wanted, i := r.flag("drift", true), r.smokeAlarm()
	if i < 0 {
		r.know("zero")
		return
	}
	q, alarm := r.feeds[0].channel.Quantity, r.limits[i].Limit
	zero, _ := r.measure("zero", q)
	if alarm <= zero {
		r.wrong("zero", "zero %q is not below alarm %q; correct one of them", q.Text(zero),
			q.Text(alarm))
	}
	if !wanted {
		return
	}
	a := alarm - zero
	r.spec.Drift = detect.Drift{Quantity: q, Alarm: a, Zero: zero}
	if !r.has("prealarm") {
		pre := r.limits[i]
		pre.Level, pre.Limit = detect.PreAlarm, zero+a*preShare/10
		r.limits = append(r.limits, pre)
	}
	for j := range r.limits {
		l := &r.limits[j]
		l.Kind, l.Limit = detect.Over, l.Limit-zero
		if !r.has("hysteresis") {
			l.Hysteresis = a / usualDeadband
		}
		switch {
		case j == i && !r.has("confirm"):
			l.Confirm, l.Need, l.Of = 0, smokeNeed, smokeOf
		case j != i:
			l.Confirm = r.confirm(r.section, detect.PreAlarm, preConfirm)
			l.Release = r.duration("release", "10 s", 0, time.Hour, preRelease)
		}
	}
}

// smokeAlarm is the limit that makes a measured smoke detector: alarm in the short form, beside at
// most prealarm. -1: there is none.
func (r *rule) smokeAlarm() int {
	if len(r.feeds) != 1 || r.flawed || r.has("when") {
		return -1
	}
	found := -1
	for i, l := range r.limits {
		switch l.key {
		case "alarm":
			found = i
		case "prealarm":
		default:
			return -1
		}
	}
	return found
}

// weigh lets the fire rule weigh all inputs of a spot that it knows.
func (r *rule) weigh(record bool) {
	if record {
		return
	}
	alone := false
	for _, f := range r.feeds {
		if q := f.channel.Quantity; detect.Weighs(q) {
			r.spec.Fire = append(r.spec.Fire, q)
			alone = alone || q != drivers.Humidity && q != drivers.Size
		}
	}
	if !alone { // damp and the size of particles say something of the others only
		r.wrong("from", "class %q weighs particles, CO, CO2, oxygen and heat, and none of them is "+
			"here; choose another class", r.class.name)
	}
}
