package detect

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// defaultStale stands in for a Spec.Stale of zero: a point that may be silent for ever would look
// healthy for ever.
const defaultStale = 8 * time.Second

// Resumer is a Rule that can go on from a finding of an earlier run, so that a restart does not
// take a condition for ended which nobody has seen end.
type Resumer interface {
	// Resume is called before the first Step. The conditions behind f stand until good readings
	// end them.
	Resume(f Finding)
}

// Counter is a Rule that counts the conditions which ended before their confirm time was over.
type Counter interface {
	Aborted() uint64
}

// StaleAfter is how long a quantity may go without a good reading; a Stale of zero means 8 s.
func (s Spec) StaleAfter() time.Duration {
	if s.Stale <= 0 {
		return defaultStale
	}
	return s.Stale
}

// Needs lists the quantities that the rule of s looks at, each once.
func (s Spec) Needs() []drivers.Quantity {
	var all []drivers.Quantity
	for _, q := range s.Fire {
		if !slices.Contains(all, q) {
			all = append(all, q)
		}
	}
	for _, c := range s.Conditions {
		if !slices.Contains(all, c.quantity()) {
			all = append(all, c.quantity())
		}
	}
	return all
}

// specRule is the rule that a Spec describes. It also implements Resumer, Rememberer, Counter,
// Observer and Forgetter.
type specRule struct {
	started    bool
	channels   []health
	conditions []condition
	fire       *fireRule // nil: none
	found      Finding   // of fire
	drift      drift
	onFault    Level
	warmUp     Level
	raw        Raw
}

// New returns the rule that s describes. Its memory is fixed: nothing grows with the readings.
func New(s Spec) Rule {
	r := &specRule{
		conditions: make([]condition, len(s.Conditions)), drift: newDrift(s.Drift),
		onFault: s.OnFault, warmUp: s.WarmUp,
	}
	for _, q := range s.Needs() {
		if !s.onlyFire(q) {
			r.channels = append(r.channels, health{quantity: q, stale: s.StaleAfter()})
		}
	}
	for i, c := range s.Conditions {
		r.conditions[i] = newCondition(c)
	}
	if len(s.Fire) > 0 {
		r.fire = newFire(FireSpec{Channels: s.Fire, Stale: s.Stale})
	}
	return r
}

// onlyFire tells whether no condition looks at a quantity, but the fire rule, which watches the
// health of what it weighs itself.
func (s *Spec) onlyFire(q drivers.Quantity) bool {
	return Weighs(q) && !slices.ContainsFunc(s.Conditions, func(c Condition) bool {
		return c.quantity() == q
	})
}

// Step implements Rule. A reading counts from its own moment, so a late delivery neither shortens
// nor lengthens a delay.
func (r *specRule) Step(now point.Instant, rs []point.Reading) Finding {
	if !r.started {
		r.started = true
		for i := range r.channels {
			r.channels[i].begin(now)
		}
	}
	for i := range rs {
		r.take(min(rs[i].At, now), &rs[i])
	}
	r.elapse(now)
	if r.fire != nil {
		r.found = r.fire.Step(now, rs)
	}
	return r.finding()
}

// take shows one reading to everything that looks at its quantity.
func (r *specRule) take(at point.Instant, rd *point.Reading) {
	r.elapse(at)
	q := rd.Sample.Quantity
	for i := range r.channels {
		// A failed reading may not know what it would have measured: then all of it failed.
		if h := &r.channels[i]; h.quantity == q || q == 0 && rd.Quality == point.Bad {
			h.take(at, rd)
		}
	}
	for i := range r.conditions {
		c := &r.conditions[i]
		switch {
		case c.quantity() != q && !(q == 0 && rd.Quality == point.Bad):
		case c.Kind == Over && rd.Quality != point.Bad:
			above := *rd
			above.Sample.Value = r.drift.above(rd.Sample.Value)
			c.take(at, &above)
		default:
			c.take(at, rd)
		}
	}
	if r.drift.Alarm > 0 && rd.Quality == point.Good && q == r.drift.Quantity {
		r.drift.take(at, rd.Sample.Value)
	}
	r.observe(at)
}

// elapse lets time pass without a reading.
func (r *specRule) elapse(now point.Instant) {
	for i := range r.channels {
		r.channels[i].elapse(now)
	}
	for i := range r.conditions {
		c := &r.conditions[i]
		c.elapse(now, r.faulty(c.quantity()))
	}
}

func (r *specRule) faulty(q drivers.Quantity) bool {
	for i := range r.channels {
		if r.channels[i].quantity == q {
			return r.channels[i].fault != ""
		}
	}
	return false
}

// finding joins the conditions by "or" and puts the faults beside them. The reasons of the highest
// level come first.
func (r *specRule) finding() Finding {
	f := Finding{Fault: r.fault(), Level: r.found.Level}
	for i := range r.conditions {
		f.Level = max(f.Level, r.level(&r.conditions[i]))
	}
	n := 0
	for level := f.Level; level > Normal; level-- {
		if level == r.found.Level {
			n += copy(f.Why[n:], r.found.reasons())
		}
		for i := range r.conditions {
			if c := &r.conditions[i]; r.level(c) == level && n < len(f.Why) {
				f.Why[n] = c.why
				n++
			}
		}
	}
	if blinds(f.Fault) {
		f.Level = max(f.Level, r.onFault)
	}
	return f
}

// reasons are the entries of Why that are used.
func (f *Finding) reasons() []Evidence {
	n := 0
	for n < len(f.Why) && f.Why[n].Weight != 0 {
		n++
	}
	return f.Why[:n]
}

// level is what a condition gives. One that stands by the values of a sensor that still warms up
// may be told to warn only.
func (r *specRule) level(c *condition) Level {
	switch {
	case !c.stands:
		return Normal
	case c.unsure && r.warmUp != Normal:
		return min(c.Level, r.warmUp)
	}
	return c.Level
}

// fault is the gravest one.
func (r *specRule) fault() FaultCode {
	worst := Worse(r.found.Fault, r.drift.fault())
	for i := range r.channels {
		if f := r.channels[i].fault; f != "" {
			worst = Worse(f, worst)
		}
	}
	for i := range r.conditions {
		if c := &r.conditions[i]; c.stands && c.Fault != "" {
			worst = Worse(worst, c.Fault)
		}
	}
	return worst
}

// Resume implements Resumer. It prefers the conditions that f names as its reasons; after a change
// of limits it takes those of the same level. A fault of the sensor stands too, until it is good.
func (r *specRule) Resume(f Finding) {
	if r.fire != nil {
		r.fire.Resume(f)
	}
	for i := range r.channels {
		if blinds(f.Fault) {
			r.channels[i].fault = f.Fault
		}
	}
	for i := range r.conditions {
		if c := &r.conditions[i]; c.Fault != "" && c.Fault == f.Fault {
			c.resume(Evidence{})
		}
	}
	if f.Level == Normal {
		return
	}
	found := false
	for i := range r.conditions {
		c := &r.conditions[i]
		for _, e := range f.Why {
			warned := c.Level > f.Level // by a sensor that warmed up
			if e.Weight == 0 || !c.Explains(e) || warned && r.warmUp != f.Level {
				continue
			}
			c.resume(e)
			c.unsure, found = warned, true
		}
	}
	for i := range r.conditions {
		if c := &r.conditions[i]; !found && c.Level == f.Level {
			c.resume(f.Why[0])
		}
	}
}

// Memory implements Rememberer.
func (r *specRule) Memory() Memory {
	var m Memory
	if r.fire != nil {
		m = r.fire.Memory()
	}
	if r.drift.Alarm > 0 {
		m.Drifted, m.Zero = true, r.drift.Zero
		m.Baseline = r.drift.baseline * 1000 >> driftShift
	}
	for i := range r.conditions {
		m.Dose = max(m.Dose, r.conditions[i].dose.taken/(doseFull/doseShown))
	}
	return m
}

// doseShown is a full dose as Memory has it.
const doseShown = 1_000_000

// Remember implements Rememberer.
func (r *specRule) Remember(m Memory) {
	if r.fire != nil {
		r.fire.Remember(m)
	}
	if m.Drifted && m.Zero == r.drift.Zero {
		r.drift.restore(m.Baseline)
	}
	for i := range r.conditions {
		if c := &r.conditions[i]; c.Kind == Dose {
			c.dose.taken = min(max(m.Dose, 0), doseShown) * (doseFull / doseShown)
		}
	}
}

// Aborted implements Counter.
func (r *specRule) Aborted() uint64 {
	var n uint64
	if r.fire != nil {
		n = r.fire.Aborted()
	}
	for i := range r.conditions {
		n += r.conditions[i].aborted
	}
	return n
}
