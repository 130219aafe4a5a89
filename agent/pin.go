package agent

import (
	"context"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/site"
)

// Why an order does not come to the panel at all: the Reason of its Answer.
const (
	ReasonPINNeeded = "pin_needed" // of this operator for this action
	ReasonPINLocked = "pin_locked" // too many wrong ones; the buttons of the box work
)

// After freeTries wrong PINs of an operator each further one must wait, longer and longer. Only
// orders with that number and a PIN wait: the buttons of the box know no PIN, and what needs none
// goes on.
const (
	freeTries = 5
	firstLock = 5 * time.Minute
	lastLock  = time.Hour
)

// pins counts wrong PINs. It forgets them with the process, which who can end it need not guess.
type pins struct {
	turn  chan struct{} // holds a token: a PIN is checked by one at a time, slow on purpose
	tries []tries
}

type tries struct {
	operator uint8
	wrong    int
	until    time.Time
}

func newPINs() pins {
	p := pins{turn: make(chan struct{}, 1)}
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
	i := slices.IndexFunc(p.tries, func(t tries) bool { return t.operator == o.Number })
	if i < 0 {
		i = len(p.tries) // there are 99 operators at most
		p.tries = append(p.tries, tries{operator: o.Number})
	}
	t := &p.tries[i]
	if time.Now().Before(t.until) {
		return false, true
	}
	if o.HasPIN(pin) {
		t.wrong = 0
		return true, false
	}
	t.wrong++
	if over := t.wrong - freeTries; over >= 0 {
		t.until = time.Now().Add(min(firstLock<<min(over, 10), lastLock))
	}
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
	i := slices.IndexFunc(operators, func(p site.Operator) bool {
		return p.Number == o.Operator
	})
	if i < 0 {
		return "" // The panel refuses, and keeps it in its records.
	}
	who := &operators[i]
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
