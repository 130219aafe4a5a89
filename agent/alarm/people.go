package alarm

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// The bounds of what people ask for and record.
const (
	longestID   = 64  // bytes
	longestText = 512 // bytes, of a warning
	longestNote = 256 // bytes, of what a person writes down
	mostClosed  = 16  // calls, incidents and hazards that are over and still shown
	// saveDuties is how often the time that a check item has waited is saved.
	saveDuties = 10 * time.Minute
)

// OperatorPlan is one person who may act at the box. The panel knows no secret: whether a person is
// who he says he is, is found out before a command comes here.
type OperatorPlan struct {
	Number uint8 // 1 to 99
	Name   string
	Level  uint8 // 1 to 3
}

// Matter is what a command or an event of the duties is about, beside an alarm.
type Matter struct {
	ID       string  // of the call, the check item, the hazard or the risk
	Text     string  // of a warning or a hazard; a check's finding; a verdict's cause; a risk's owner
	Colour   Colour  // of a warning or a risk
	Step     Step    // of IncidentOverdue
	Verdict  Verdict // on an incident
	Failed   bool    // a check found something wrong
	Evidence string  // hash of a photo or a paper, as the person gave it
	Days     uint16  // that a hazard may last
	Due      Date    // last day of a hazard; 0: the date is not known
	People   uint8   // on shift, after the event
	Record   Record  // its place in the chain of records
}

// people is what the panel knows of the persons around it: what they were asked, what they did and
// what they still have to do.
type people struct {
	day       Date          // today; 0: not known
	last      point.Instant // of the step before
	calls     calls
	incidents incidents
	items     []item
	hazards   hazards
	shift     shift
	chain     Record // the newest record

	keyBy     point.ID      // the key switch that is turned
	keyUntil  point.Instant // until when it raises the buttons; 0: it does not
	testUntil point.Instant // end of a self-test; 0: none runs
	prompt    Pattern       // the tone that asks for a person now: DutyTone, CallTone or Off
	urgent    bool          // it is that of a red or orange warning
	hasBuzzer bool          // where there is one, the siren asks for nobody
}

// Duties is what people were asked, did and have to do.
type Duties struct {
	Date      Date          // today; 0: it is not known, and what goes by the calendar waits
	Waiting   bool          // something goes by the calendar, and the date is not known
	Calls     []CallState   // open, oldest first
	Ended     []CallState   // the last 16 that are over, oldest first
	Incidents []Incident    // open, oldest first
	Closed    []Incident    // the last 16, oldest first
	Items     []ItemState   // in plan order
	Hazards   []Hazard      // open, oldest first
	Settled   []Hazard      // the last 16 that were closed, oldest first
	InTime    uint32        // hazards that were closed in time, ever
	Late      uint32        // and those that were not
	Shift     []OnShift     // in the order in which they came
	Least     uint8         // people that should be on shift; 0: it is not watched
	Short     bool          // there are fewer, and not only for the change of a shift
	KeyFor    time.Duration // that the key switch still raises the buttons; 0: it does not
	Chain     Record        // the newest record
}

// SavedDuties is what must survive of the duties. Ages count to the moment at which it was saved.
type SavedDuties struct {
	Calls      []CallState `json:",omitempty"`
	Ended      []CallState `json:",omitempty"`
	Seen       []string    `json:",omitempty"` // IDs of calls that came
	Incidents  []Incident  `json:",omitempty"`
	Closed     []Incident  `json:",omitempty"`
	Items      []ItemState `json:",omitempty"`
	Hazards    []Hazard    `json:",omitempty"`
	Settled    []Hazard    `json:",omitempty"`
	LastHazard uint32      `json:",omitempty"`
	InTime     uint32      `json:",omitempty"`
	Late       uint32      `json:",omitempty"`
	Shift      []OnShift   `json:",omitempty"`
	Short      bool        `json:",omitempty"`
	Chain      Record
}

// printable tells whether a text from outside may be shown and kept: one line, not too long.
func printable(s string, longest int) bool {
	return len(s) <= longest && !strings.ContainsFunc(s, func(c rune) bool {
		return c < ' ' || c == 0x7f || c == '\ufffd'
	})
}

// operator is the person of that number; nil: the plan has none.
func (p *Panel) operator(number uint8) *OperatorPlan {
	for i := range p.plan.Operators {
		if p.plan.Operators[i].Number == number {
			return &p.plan.Operators[i]
		}
	}
	return nil
}

// about is the ID of what a command of the duties is about.
func (c *Command) about() string {
	if c.Call != nil {
		return c.Call.ID
	}
	return c.Matter.ID
}

// oblige carries out what people do about their duties.
func (p *Panel) oblige(now point.Instant, c *Command) string {
	switch c.Action {
	case AskDuty, Warn:
		return p.ask(now, c)
	case Answer:
		return p.answer(now, c)
	case Accept:
		return p.advance(now, c, Accepting)
	case Arrive:
		return p.advance(now, c, Arriving)
	case Judge:
		return p.advance(now, c, Judging)
	case CheckItem:
		return p.checkItem(now, c)
	case OpenHazard:
		return p.openHazard(now, c)
	case CloseHazard:
		return p.closeHazard(now, c)
	case BeginShift:
		return p.beginShift(now, c)
	case EndShift:
		return p.endShift(now, c)
	case SelfTest:
		p.selfTest(now)
		return ""
	case DecideSite:
		p.emit(now, Event{Kind: SiteFile, Reason: c.Reason, Matter: Matter{ID: c.Matter.ID}})
		return ""
	}
	return RefusedUnsupported
}

// attend does what time alone does to people's duties.
func (p *Panel) attend(now point.Instant, day Date) {
	d := &p.people
	passed := now.Sub(d.last)
	d.day, d.last = day, now
	if d.keyUntil != 0 && now >= d.keyUntil {
		p.endKey(now, RefusedExpired)
	}
	if d.testUntil != 0 && now >= d.testUntil {
		d.testUntil, p.redrive = 0, true
	}
	p.followIncidents(now)
	p.followItems(now, passed)
	p.followHazards(now, passed)
	p.followShift(now)
	if tone, urgent := p.followCalls(now); tone != d.prompt || urgent != d.urgent {
		d.prompt, d.urgent, p.redrive = tone, urgent, true
	}
}

// shiftDuties moves what was restored to the moment of the first step.
func (p *Panel) shiftDuties(now point.Instant) {
	d, by := &p.people, time.Duration(now)
	d.last = now
	for i := range d.calls.open {
		d.calls.open[i].since = d.calls.open[i].since.Add(by)
	}
	for i := range d.incidents.open {
		d.incidents.open[i].since = d.incidents.open[i].since.Add(by)
	}
	for i := range d.shift.people {
		d.shift.people[i].since = d.shift.people[i].since.Add(by)
	}
}

// restoreDuties takes over what an earlier run left.
func (p *Panel) restoreDuties(s *SavedDuties) {
	d := &p.people
	for _, c := range s.Calls {
		d.calls.open = append(d.calls.open, call{CallState: c, since: point.Instant(-c.Age)})
	}
	for _, in := range s.Incidents {
		in.Alarms = slices.Clone(in.Alarms)
		d.incidents.open = append(d.incidents.open, incident{in, point.Instant(-in.Age)})
	}
	for _, o := range s.Shift {
		d.shift.people = append(d.shift.people, onShift{o.Operator, point.Instant(-o.Age)})
	}
	d.shift.short, d.shift.lacking = s.Short, s.Short
	for i := range d.items {
		for _, old := range s.Items {
			if it := &d.items[i]; it.ID == old.ID {
				old.Name = it.Name
				it.ItemState = old
			}
		}
	}
	d.calls.ended, d.calls.seen = slices.Clone(s.Ended), slices.Clone(s.Seen)
	d.incidents.closed, d.chain = slices.Clone(s.Closed), s.Chain
	d.hazards = hazards{
		open: slices.Clone(s.Hazards), settled: slices.Clone(s.Settled), last: s.LastHazard,
		inTime: s.InTime, late: s.Late,
	}
}

// runs is how often what only time changes must be saved; 0: not at all.
func (d *people) runs() time.Duration {
	switch {
	case len(d.calls.open) > 0 || len(d.incidents.open) > 0:
		return saveAgain
	case len(d.items)+len(d.hazards.open)+len(d.shift.people) > 0:
		return saveDuties
	}
	return 0
}

func (p *Panel) saveDuties(now point.Instant) SavedDuties {
	d := p.duties(now)
	for i := range d.Items {
		d.Items[i].Name = "" // it is the plan's
	}
	return SavedDuties{
		Calls: d.Calls, Ended: d.Ended, Seen: slices.Clone(p.people.calls.seen),
		Incidents: d.Incidents, Closed: d.Closed, Items: d.Items, Hazards: d.Hazards,
		Settled: d.Settled, LastHazard: p.people.hazards.last, InTime: d.InTime, Late: d.Late,
		Shift: d.Shift, Short: d.Short, Chain: d.Chain,
	}
}

// duties copies what is known of the duties.
func (p *Panel) duties(now point.Instant) Duties {
	d := &p.people
	s := Duties{
		Date: d.day, Ended: slices.Clone(d.calls.ended), Closed: slices.Clone(d.incidents.closed),
		Hazards: slices.Clone(d.hazards.open), Settled: slices.Clone(d.hazards.settled),
		InTime: d.hazards.inTime, Late: d.hazards.late,
		Least: p.plan.Shift, Short: d.shift.short, Chain: d.chain,
	}
	for i := range d.calls.open {
		c := d.calls.open[i].CallState
		c.Age = now.Sub(d.calls.open[i].since)
		s.Calls = append(s.Calls, c)
	}
	for i := range d.incidents.open {
		in := d.incidents.open[i].Incident
		in.Age, in.Alarms = now.Sub(d.incidents.open[i].since), slices.Clone(in.Alarms)
		s.Incidents = append(s.Incidents, in)
	}
	byCalendar := len(s.Hazards) > 0
	for i := range d.items {
		s.Items = append(s.Items, d.items[i].ItemState)
		byCalendar = byCalendar || d.items[i].plan.Every == 0
	}
	for _, o := range d.shift.people {
		s.Shift = append(s.Shift, OnShift{o.operator, now.Sub(o.since)})
	}
	s.Waiting = byCalendar && d.day == 0
	if d.keyUntil != 0 {
		s.KeyFor = max(d.keyUntil.Sub(now), 1)
	}
	return s
}
