package alarm

import "slices"

// right is who may do an action.
type right struct {
	button uint8 // least level of a button of the box; 0: no button does it
	person uint8 // least level of a person on site
	named  bool  // a person must say who he is
	// district tells whether the district may, unless the site file takes it away.
	district bool
}

// rights are the access rules that need no state. The district acts by its own short list: its
// access level says nothing about who stands at the panel. On site, level 1 is anybody, level 2 has
// a key or a PIN.
var rights = [actions]right{
	Acknowledge: {button: 1, person: 2, district: true},
	Silence:     {button: 2, person: 2}, // of the district see maySilence
	Reset:       {button: 2, person: 2},
	Disable:     {button: 2, person: 2, district: true},
	Enable:      {button: 2, person: 2, district: true}, // what the district has disabled
	Operate:     {button: 2, person: 2, district: true}, // never what lets gas or people in
	StartTest:   {person: 2, district: true},
	EndTest:     {person: 2},
	SkipTest:    {person: 2},
	ReceiptTest: {person: 2, district: true},
	StartDrill:  {person: 2, district: true},
	EndDrill:    {person: 2, district: true},
	AskDuty:     {person: 2, district: true},
	Warn:        {person: 2, district: true},
	Answer:      {button: 1, person: 1, named: true},
	Accept:      {person: 1, named: true},
	Arrive:      {person: 1, named: true},
	Judge:       {person: 2, named: true},
	CheckItem:   {person: 1, named: true},
	OpenHazard:  {person: 1, named: true},
	CloseHazard: {person: 2, named: true},
	BeginShift:  {person: 1, named: true},
	EndShift:    {person: 1, named: true},
	SelfTest:    {button: 2, person: 2, district: true},
	DecideSite:  {person: 3},
}

// Needs is the access level that a person on site needs for an action; 0: nobody may.
func (a Action) Needs() uint8 {
	if a >= actions {
		return 0
	}
	return rights[a].person
}

// IsForAnybody tells whether a button of level 1, which anybody can reach, may do it.
func (a Action) IsForAnybody() bool { return a < actions && rights[a].button == 1 }

// Lendable are the rights of the district that a site file can take away.
func Lendable() []Action {
	var all []Action
	for a := range actions {
		if rights[a].district {
			all = append(all, a)
		}
	}
	return all
}

// permitted tells whether an action may come from there at all, and why not.
func (p *Panel) permitted(a Action, by Origin) string {
	r, allowed := rights[a], false
	switch by.Kind {
	case District:
		allowed = r.district && !slices.Contains(p.plan.MayNot, a) ||
			a == Silence && p.plan.MaySilence
	case Button:
		allowed = r.button > 0 && by.Level >= r.button
	case Auto:
		allowed = a == DecideSite // the program tells what it has done with a site file
	case CLI, Page:
		allowed = r.person > 0 && by.Level >= r.person
	}
	switch {
	case by.Kind != District && !p.isWho(by):
		return RefusedOperator
	case !allowed:
		return RefusedNotPermitted
	case r.named && by.Kind != Button && by.Operator == 0:
		return RefusedNoOperator
	}
	return ""
}

// isWho tells whether the plan knows the operator, and gives him that level. A plan without
// operators knows nobody, and believes every number.
func (p *Panel) isWho(by Origin) bool {
	if by.Operator == 0 || len(p.plan.Operators) == 0 {
		return true
	}
	o := p.operator(by.Operator)
	return o != nil && by.Level <= o.Level
}
