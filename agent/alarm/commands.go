package alarm

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
)

const (
	mostDisabled   = 8 * time.Hour  // by one order
	mostDisabledIn = 24 * time.Hour // by orders that follow each other
	leastService   = 8 * time.Hour  // before what follows is another disablement
	longestReason  = 256            // bytes
	notFromAfar    = 3 * time.Minute
)

// obey carries out a command, or refuses it. Either way exactly one event answers it: the last one
// that it makes carries its ID as Cause.
func (p *Panel) obey(now point.Instant, c *Command) {
	reason := p.objection(now, c)
	before := len(p.events)
	if reason == "" {
		reason = p.act(now, c)
	}
	if reason != "" {
		p.emit(now, Event{
			Kind: Refused, Point: c.Point, By: c.By, Cause: c.ID, Reason: reason, For: c.For,
			Output: c.Output, Incident: c.Alarm, Matter: Matter{ID: c.about()},
		})
		return
	}
	for i := before; i < len(p.events); i++ {
		p.events[i].By = c.By
	}
	p.events[len(p.events)-1].Cause = c.ID
	if c.ID != "" {
		p.obeyed[p.obeyedN%len(p.obeyed)] = c.ID
		p.obeyedN++
	}
}

// objection says why a command may not be obeyed, whatever the state of the panel; empty: it may.
func (p *Panel) objection(now point.Instant, c *Command) string {
	switch {
	case c.Action == 0 || c.Action >= actions:
		return RefusedUnsupported
	case c.ID != "" && slices.Contains(p.obeyed[:], c.ID):
		return RefusedRepeated
	case c.Deadline != 0 && now > c.Deadline:
		return RefusedExpired
	case c.Denied != "":
		return c.Denied
	case p.permitted(c.Action, c.By) != "":
		return p.permitted(c.Action, c.By)
	case c.Action == Silence && c.Point != "":
		return RefusedUnsupported // A silence is for the whole site, and says so.
	case c.Action == Operate && c.Point != "":
		return RefusedUnsupported // It has an output, not a point.
	case (c.Action.needsPoint() || c.Point != "") && !p.knows(c.Point):
		return RefusedUnknownPoint
	}
	return ""
}

// needsPoint tells whether an action is of one point only.
func (a Action) needsPoint() bool {
	return a == Disable || a == Enable || a == SkipTest || a == ReceiptTest
}

// knows tells whether a command about this point means something: it is in the plan, or an alarm
// of it outlived an earlier plan.
func (p *Panel) knows(id point.ID) bool {
	if p.at(id) != nil {
		return true
	}
	return slices.ContainsFunc(p.alarms, func(a *standing) bool { return a.point == id })
}

// act carries out a command and says why not, if it could not.
func (p *Panel) act(now point.Instant, c *Command) string {
	switch c.Action {
	case Acknowledge:
		return p.acknowledge(now, c)
	case Silence:
		return p.silence(now, c)
	case Reset:
		return p.resetAll(now, c)
	case Disable:
		return p.disable(now, c)
	case Enable:
		return p.enableBy(now, c)
	case Operate:
		return p.operate(now, c)
	case StartTest, EndTest, SkipTest, ReceiptTest, StartDrill, EndDrill:
		return p.exercise(now, c)
	}
	return p.oblige(now, c)
}

// acknowledge marks alarms as seen. It silences nothing.
func (p *Panel) acknowledge(now point.Instant, c *Command) string {
	p.accepts(now, c)
	reason := RefusedNothing
	for _, a := range p.alarms {
		awaits := p.awaits(a, c.By)
		if a.acked && !awaits || c.Point != "" && a.point != c.Point {
			continue
		}
		if awaits {
			p.look(now, a)
		}
		a.acked, a.by = true, c.By
		e := a.event(Acknowledged)
		e.From, e.To = a.finding, a.finding
		p.emit(now, e)
		p.rehearse(now, a, Acknowledged)
		p.dirty, reason = true, ""
	}
	return reason
}

// silence stops the sounders and the fault tone until something new happens. Strobes, lamps and
// valves go on. What somebody has switched on sounds until a person on site stops it. The district
// may not silence while the people on site hear an alarm for the first minutes.
func (p *Panel) silence(now point.Instant, c *Command) string {
	reason := RefusedNothing
	for _, a := range p.alarms {
		if c.By.Kind == District && now.Sub(max(a.toldAt, a.since.Add(a.climb))) < notFromAfar ||
			c.By.Kind == District && a.restored && now.Sub(p.woke) < notFromAfar {
			return RefusedTooEarly
		}
	}
	for _, a := range p.alarms {
		if !a.silenced {
			a.silenced, reason = true, ""
		}
	}
	if reason == "" && (!p.silenced || p.resoundAt == 0) {
		// What sounds during a silence without ending it is a lesser thing: to hush it too gives
		// the fire that is hushed no more time.
		p.resoundAt = now.Add(p.plan.Resound)
	}
	if reason == "" {
		p.silenced, p.dirty = true, true
	}
	for i := range p.points {
		if w := &p.points[i]; w.fault != "" && !w.faultQuiet {
			w.faultQuiet, reason = true, ""
		}
	}
	if p.notices.silence() {
		reason = ""
	}
	if c.By.Kind != District && p.hush() {
		reason, p.dirty = "", true
	}
	if reason == "" {
		p.drill.hushed(now)
		p.emit(now, Event{Kind: Silenced, Drill: p.onlyDrill()})
		p.redrive = true
	}
	return reason
}

func (p *Panel) resetAll(now point.Instant, c *Command) string {
	reason := RefusedNothing
	for _, a := range slices.Clone(p.alarms) {
		if c.Point == "" || a.point == c.Point {
			p.reset(now, a, c.By)
			reason = ""
		}
	}
	return reason
}

// disable takes a point out, for a reason and for a time. Its alarm, if there is one, is reset
// first, and so is out of reach of the district: nobody hushes a fire from afar. Nor may the
// district change what a person on site has disabled, for then it could enable it.
func (p *Panel) disable(now point.Instant, c *Command) string {
	w := p.at(c.Point)
	if w == nil {
		return RefusedUnknownPoint
	}
	if strings.TrimSpace(c.Reason) == "" || len(c.Reason) > longestReason {
		return RefusedNoReason
	}
	since := now
	switch {
	case w.disabled != nil:
		since = w.disabled.since
	case w.outEnded != 0 && now.Sub(w.outEnded) < leastService:
		since = w.outSince // One order after the other is one disablement.
	}
	if c.For <= 0 || c.For > mostDisabled || now.Add(c.For).Sub(since) > mostDisabledIn {
		return RefusedDuration
	}
	if c.By.Kind == District && !p.mayLeave(w) {
		return RefusedNotPermitted
	}
	if w.alarm != nil {
		p.reset(now, w.alarm, c.By)
	}
	w.proven = false // It is doubted anew when it comes back.
	w.disabled = &disablement{since: since, until: now.Add(c.For), reason: c.Reason, by: c.By}
	p.showFault(now, w)
	e := w.event(Disabled)
	e.Reason, e.For = c.Reason, c.For
	p.emit(now, e)
	p.redrive, p.dirty = true, true
	return ""
}

// mayLeave tells whether the district may take a point out: none that a person presses, none that
// tells of something or is about to, none that a person on site has disabled, and no more than a
// quarter of the site at a time.
func (p *Panel) mayLeave(w *watched) bool {
	if w.plan.Manual || w.alarm != nil || w.finding.Level > detect.Normal || w.raw.Met {
		return false
	}
	out := 0
	for i := range p.points {
		if o := &p.points[i]; o != w && o.disabled != nil && o.disabled.by.Kind == District {
			out++
		}
	}
	return p.districtsOwn(w) && out < max(len(p.points)/4, 1)
}

// districtsOwn tells whether no person on site has disabled w.
func (p *Panel) districtsOwn(w *watched) bool {
	return w.disabled == nil || w.disabled.by.Kind == District
}

func (p *Panel) enableBy(now point.Instant, c *Command) string {
	w := p.at(c.Point)
	switch {
	case w == nil:
		return RefusedUnknownPoint
	case w.disabled == nil:
		return RefusedNothing
	case c.By.Kind == District && !p.districtsOwn(w):
		return RefusedNotPermitted
	}
	p.enable(now, w, "")
	return ""
}

// enable puts a point back into service. The same step raises what stands there.
func (p *Panel) enable(now point.Instant, w *watched, reason string) {
	w.outSince, w.outEnded = w.disabled.since, now
	w.disabled = nil
	e := w.event(Enabled)
	e.Reason = reason
	p.emit(now, e)
	p.redrive, p.dirty = true, true
}
