package alarm

import (
	"fmt"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

// watched is one point with its rule.
type watched struct {
	plan     PointPlan
	rule     detect.Rule
	intakes  []detect.Intake // of Spec.Channels
	fresh    []point.Reading // since the last step
	channels []channel
	finding  detect.Finding
	shown    detect.Finding // what the panel takes it for
	told     detect.Finding // the one shown before, while in service
	aborted  uint64
	raw      detect.Raw // of a rule that tells
	broken   string     // what the rule panicked with; empty: never
	alarm    *standing  // that stands or is latched here

	fault      detect.FaultCode // that is shown
	faultSince point.Instant
	faultQuiet bool // a person has silenced it

	disabled           *disablement
	outSince, outEnded point.Instant // its last disablement; 0: none in this run
	metAt, calmAt      point.Instant // of a point under test: in alarm, or normal, since; 0: not
	proven             bool          // a reset did not end its alarm: no mode doubts it now
	derived            *derived      // nil: it is read
	pair               *pair         // it and another that measures the same; nil: none
	life               LifeState     // of its sensor
	kept               SavedMemory
	armed              bool // a button that was seen open

	alone   bool         // no other automatic detector of fire is in its zone
	area    int          // of Panel.areas; -1: none
	held    detect.Level // that its zone holds back; Normal: nothing
	wait    wait
	chatter chatter
	testing bool // under test
	part    part // in a drill
}

// channel is what is known of one quantity of a point.
type channel struct {
	ChannelState
	heard point.Instant // newest reading, of any quality
	spoke bool          // there was one: the first may come at the instant 0
}

// disablement takes a point out for a time.
type disablement struct {
	since, until point.Instant
	reason       string
	by           Origin
}

func newWatched(plan PointPlan) watched {
	w := watched{plan: plan, rule: plan.Rule}
	if w.rule == nil {
		w.rule = detect.New(plan.Spec)
	}
	for _, c := range plan.Spec.Channels {
		c.Gap = plan.Spec.StaleAfter()
		w.intakes = append(w.intakes, detect.NewIntake(c))
	}
	for _, q := range plan.Spec.Needs() {
		w.channels = append(w.channels, channel{ChannelState: ChannelState{Quantity: q}})
	}
	return w
}

// deliver keeps a reading for the rule, and its value for the snapshot.
func (w *watched) deliver(rd point.Reading) {
	raw := rd.Sample.Value
	w.prepare(&rd)
	w.fresh = append(w.fresh, rd)
	if rd.Sample.Quantity == 0 {
		for i := range w.channels {
			w.channels[i].take(rd, raw)
		}
		return
	}
	for i := range w.channels {
		if w.channels[i].Quantity == rd.Sample.Quantity {
			w.channels[i].take(rd, raw)
			return
		}
	}
	c := channel{ChannelState: ChannelState{Quantity: rd.Sample.Quantity}}
	c.take(rd, raw)
	w.channels = append(w.channels, c)
}

// take remembers a reading. A bad one carries no value and leaves the last one standing.
func (c *channel) take(rd point.Reading, raw int64) {
	c.Quality, c.Reason, c.heard, c.spoke = rd.Quality, rd.Reason, rd.At, true
	if rd.Quality != point.Bad {
		c.Value, c.Raw, c.At, c.Seen = rd.Sample.Value, raw, rd.At, true
	}
}

// watch judges one point, and obeys it when it is a button. A disabled point is judged too, so that
// it is known at once what stands there when the disablement ends.
func (p *Panel) watch(now point.Instant, w *watched) {
	if d := w.disabled; d != nil && now >= d.until {
		p.enable(now, w, RefusedExpired)
	}
	w.finding = w.judge(now)
	if p.excused(now, w) {
		w.finding.Fault = ""
	}
	w.fresh = w.fresh[:0]
	p.chatters(now, w)
	switch {
	case w.disabled != nil:
		w.armed = false
	case w.plan.Button.Acts():
		p.press(now, w)
	}
}

// heed does what the finding of a point asks for.
func (p *Panel) heed(now point.Instant, w *watched) {
	switch {
	case w.disabled != nil, w.plan.Button.Acts():
	case w.testing:
		p.try(now, w)
	default:
		w.shown = p.seen(now, w)
		p.follow(now, w)
	}
}

// judge asks the rule. A rule that panics costs its own point only: what it had found is held, and
// the point is in fault until the next plan or run. The rule is asked again all the same, because
// it may have failed over one odd value, and may still see a fire.
func (w *watched) judge(now point.Instant) (f detect.Finding) {
	defer func() {
		if r := recover(); r != nil {
			f = w.finding
			w.broken = fmt.Sprint(r)
		}
		f.Fault = detect.Worse(f.Fault, w.life.Fault)
		if w.broken != "" {
			f.Fault = detect.RuleBroken
		}
	}()
	f = w.rule.Step(now, w.fresh)
	if c, ok := w.rule.(detect.Counter); ok {
		w.aborted = c.Aborted()
	}
	if o, ok := w.rule.(detect.Observer); ok {
		w.raw = o.Raw()
	}
	return f
}

// resume tells a new rule what an earlier one had found. A rule that panics over it starts anew.
func (w *watched) resume(f detect.Finding) {
	r, ok := w.rule.(detect.Resumer)
	if !ok {
		return
	}
	defer w.breaks()
	r.Resume(f)
}

// forget tells the rule that a person has reset what is over, and ends the longer off-delay of a
// point that chatters. A rule that panics over it goes on.
func (w *watched) forget() {
	w.chatter.kept, w.chatter.leaving = detect.Finding{}, false
	if r, ok := w.rule.(detect.Forgetter); ok {
		defer w.breaks()
		r.Forget()
	}
}

// event is an event of that kind at the point.
func (w *watched) event(k Kind) Event {
	return Event{Kind: k, Zone: w.plan.Zone, Point: w.plan.ID, Signal: w.plan.Signal}
}

// showFault shows the fault of a point. A disabled point shows none.
func (p *Panel) showFault(now point.Instant, w *watched) {
	want := w.finding.Fault
	if w.disabled != nil {
		want = ""
	}
	if want == w.fault {
		return
	}
	e := w.event(0)
	if w.fault != "" {
		e.Kind, e.Fault = FaultEnded, w.fault
		p.emit(now, e)
	}
	if want != "" {
		e.Kind, e.Fault, e.Reason = FaultRaised, want, w.faultDetail(want)
		p.emit(now, e)
	}
	w.fault, w.faultSince, w.faultQuiet = want, now, false
	p.redrive = true
}

// faultDetail is what a technician wants to know beside the fault's code.
func (w *watched) faultDetail(code detect.FaultCode) string {
	if code == detect.RuleBroken {
		return w.broken
	}
	for i := range w.channels {
		if c := &w.channels[i]; c.Quality == point.Bad && c.Reason != point.None {
			return c.Reason.String()
		}
	}
	return ""
}
