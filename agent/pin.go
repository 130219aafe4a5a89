package agent

import (
	"context"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/internal/desk"
	"github.com/firepost/firepost/agent/site"
)

// Why an order does not come to the panel at all: the Reason of its Answer.
const (
	ReasonPINNeeded = "pin_needed" // of this operator for this action
	ReasonPINLocked = "pin_locked" // too many wrong ones; the buttons of the box work
)

// mostOperators is how many a site file can name.
const mostOperators = 99

// pins checks PINs. After five wrong ones of an operator each further one must wait, longer and
// longer. Only who gives that number and a PIN waits: the buttons of the box know no PIN, and what
// needs none goes on.
type pins struct {
	turn  chan struct{} // holds a token: a PIN is checked by one at a time, slow on purpose
	locks *desk.Locks[uint8]
}

func newPINs() pins {
	p := pins{turn: make(chan struct{}, 1), locks: desk.NewLocks[uint8](mostOperators)}
	p.turn <- struct{}{}
	return p
}

// check tells whether pin is that of the operator; locked: it was not even looked at.
func (p *pins) check(ctx context.Context, o *site.Operator, pin string) (right, locked bool) {
	select {
	case <-p.turn:
		defer func() { p.turn <- struct{}{} }()
	case <-ctx.Done():
		return false, true
	}
	if p.locks.Locked(o.Number, time.Now()) {
		return false, true
	}
	if o.HasPIN(pin) {
		p.locks.Right(o.Number)
		return true, false
	}
	p.locks.Wrong(o.Number, time.Now())
	return false, false
}

// identify finds out who gives an order, and at which access level. Of a site that names operators
// level 1 is anybody, and a higher one takes a PIN. Where it names none, who can open the socket
// acts at level 2. It returns why the order shall not come to the panel, or nothing.
func (a *Agent) identify(ctx context.Context, o *Order, c *alarm.Command) (reason string) {
	c.By = alarm.Origin{Kind: alarm.CLI, Operator: o.Operator, Level: 2}
	operators := a.site().Operators
	if len(operators) == 0 {
		return ""
	}
	c.By.Level = 1
	who := a.operator(o.Operator)
	if who == nil {
		return "" // The panel refuses, and keeps it in its records.
	}
	if o.PIN == "" {
		if c.Action.Needs() > 1 && who.Level > 1 {
			return ReasonPINNeeded
		}
		return ""
	}
	right, locked := a.pins.check(ctx, who, o.PIN)
	switch {
	case locked:
		return ReasonPINLocked
	case right:
		c.By.Level = who.Level
	default:
		c.By.Level, c.Denied = 0, alarm.RefusedPIN
	}
	return ""
}

// operator is the operator of that number; nil: the site file names none.
func (a *Agent) operator(number uint8) *site.Operator {
	all := a.site().Operators
	i := slices.IndexFunc(all, func(o site.Operator) bool { return o.Number == number })
	if i < 0 {
		return nil
	}
	return &all[i]
}

// admit tells who somebody at the page is. Wrong PINs that come over the network are counted apart:
// a stranger there must not lock out who is at the box.
func (a *Agent) admit(
	ctx context.Context, number uint8, pin string, near bool,
) (desk.Person, desk.Verdict) {
	who, p := a.operator(number), &a.farPINs
	if near {
		p = &a.pins
	}
	if who == nil || who.PIN == "" {
		return desk.Person{}, desk.Wrong
	}
	switch right, locked := p.check(ctx, who, pin); {
	case locked:
		return desk.Person{}, desk.Locked
	case !right:
		return desk.Person{}, desk.Wrong
	}
	return person(who), desk.Right
}

func person(o *site.Operator) desk.Person {
	return desk.Person{Number: o.Number, Name: o.Name, Level: o.Level, Key: o.PIN}
}

// knows tells whether somebody who has logged in is still an operator, with that level and PIN.
func (a *Agent) knows(p desk.Person) bool {
	o := a.operator(p.Number)
	return o != nil && person(o) == p
}
