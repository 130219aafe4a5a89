package alarm

import (
	"slices"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// Colour is how urgent a warning is. The zero value is that of a duty check.
type Colour uint8

// The colours of a warning, the most urgent last.
const (
	_ Colour = iota
	Blue
	Yellow
	Orange
	Red
	colours
)

var colourNames = [colours]string{"", "blue", "yellow", "orange", "red"}

// String is the colour as messages write it; empty: none.
func (c Colour) String() string {
	if c >= colours {
		return "unknown"
	}
	return colourNames[c]
}

// answerIn is how long a person has to answer a warning.
var answerIn = [colours]time.Duration{
	Blue: time.Hour, Yellow: 15 * time.Minute, Orange: 5 * time.Minute, Red: 3 * time.Minute,
}

const (
	longestDuty = 10 * time.Minute // a duty check is over after it, whoever asked for longer
	alertFor    = 20 * time.Second // how long a warning sounds at each of its three alerts
	alerts      = 3
	mostCalls   = 8
	mostSeen    = 64 // ids of calls that are known as repeated
)

// LongestCall is the longest that a call waits for its answer.
const LongestCall = time.Hour

// Call asks for a person. A duty check (查岗) asks whether anybody is there; its tone sounds until
// somebody answers. A warning (预警叫应) has a colour and a text, and sounds three times.
type Call struct {
	ID     string // at most 64 bytes; a second call of one ID is refused
	Colour Colour // 0: a duty check
	Text   string // of a warning, at most 512 bytes, as it is to be shown
	// Limit is the time to answer in. Of a duty check at most 10 min, which 0 stands for too; of a
	// warning at most an hour, and 0 is that of its colour.
	Limit time.Duration
	Valid time.Duration // after which a warning means nothing any more; 0: not before its limit
}

// CallState is one call, open or over.
type CallState struct {
	Call
	Age     time.Duration // since it came
	Outcome Kind          `json:",omitempty"` // the kind of the event that ended it; 0: it is open
	Took    time.Duration `json:",omitempty"` // until then
	By      Origin        // who answered
}

// calls are those that are open, oldest first, and the last that are over.
type calls struct {
	open  []call
	ended []CallState
	seen  []string
}

type call struct {
	CallState
	since point.Instant
	told  int // alerts that were told as sounded
}

// ask takes a call in.
func (p *Panel) ask(now point.Instant, c *Command) string {
	cs := &p.people.calls
	if c.Call == nil || !c.Call.wellMade(c.Action == Warn) {
		return RefusedMalformed
	}
	call := call{CallState: CallState{Call: *c.Call}, since: now}
	switch {
	case slices.Contains(cs.seen, call.ID):
		return RefusedRepeated
	case call.Valid < 0:
		return RefusedExpired
	case len(cs.open) >= mostCalls && !p.makeRoom(now, call.Colour):
		return RefusedBusy
	}
	call.Limit = call.limit()
	if len(cs.seen) >= mostSeen {
		cs.seen = slices.Delete(cs.seen, 0, len(cs.seen)-mostSeen+1)
	}
	cs.seen = append(cs.seen, call.ID)
	cs.open = append(cs.open, call)
	e := call.event(DutyAsked)
	if c.Action == Warn {
		e = call.event(WarningReceived)
	}
	e.For = call.Limit
	p.emit(now, e)
	p.dirty = true
	return ""
}

// makeRoom gives up the least urgent open call, the oldest of several, for one of a higher colour,
// and tells whether there was any.
func (p *Panel) makeRoom(now point.Instant, colour Colour) bool {
	open, least := p.people.calls.open, 0
	for i := range open {
		if open[i].Colour < open[least].Colour {
			least = i
		}
	}
	if open[least].Colour >= colour {
		return false
	}
	outcome := WarningUnanswered
	if open[least].Colour == 0 {
		outcome = DutyMissed
	}
	p.endCall(now, least, outcome, Origin{})
	return true
}

func (c *Call) wellMade(isWarning bool) bool {
	if c.ID == "" || !printable(c.ID, longestID) || !printable(c.Text, longestText) {
		return false
	}
	if isWarning {
		return c.Colour > 0 && c.Colour < colours && c.Text != "" && c.Limit <= LongestCall
	}
	return c.Colour == 0
}

// limit is how long the call waits for its answer.
func (c *Call) limit() time.Duration {
	switch {
	case c.Colour == 0 && (c.Limit <= 0 || c.Limit > longestDuty):
		return longestDuty
	case c.Limit <= 0:
		return answerIn[c.Colour]
	}
	return c.Limit
}

func (c *CallState) event(k Kind) Event {
	return Event{Kind: k, Matter: Matter{ID: c.ID, Colour: c.Colour, Text: c.Text}}
}

// answer ends a call: the named one, or the one whose tone a person hears.
func (p *Panel) answer(now point.Instant, c *Command) string {
	i := p.people.calls.top()
	if id := c.Matter.ID; id != "" {
		i = slices.IndexFunc(p.people.calls.open, func(c call) bool { return c.ID == id })
		if i < 0 {
			return RefusedUnknown
		}
	}
	if i < 0 {
		return RefusedNothing
	}
	outcome := WarningAnswered
	if p.people.calls.open[i].Colour == 0 {
		outcome = DutyAnswered
	}
	p.endCall(now, i, outcome, c.By)
	return ""
}

// endCall closes an open call. Every call that came has one such event.
func (p *Panel) endCall(now point.Instant, i int, outcome Kind, by Origin) {
	cs := &p.people.calls
	c := cs.open[i].CallState
	c.Outcome, c.Took, c.By = outcome, now.Sub(cs.open[i].since), by
	c.Age = c.Took
	cs.open = slices.Delete(cs.open, i, i+1)
	cs.ended = pushed(cs.ended, c)
	e := c.event(outcome)
	e.By, e.For = by, c.Took
	p.record(now, e)
}

// pushed appends v and drops the oldest when there are too many.
func pushed[T any](list []T, v T) []T {
	if len(list) >= mostClosed {
		list = slices.Delete(list, 0, len(list)-mostClosed+1)
	}
	return append(list, v)
}

// top is the call that people are asked first: the most urgent, then the oldest; -1: none.
func (cs *calls) top() int {
	top := -1
	for i := range cs.open {
		if top < 0 || cs.open[i].Colour > cs.open[top].Colour {
			top = i
		}
	}
	return top
}

// alert is the number of the alert that a warning has come to, and whether it sounds.
func (c *call) alert(now point.Instant) (n int, sounds bool) {
	every := c.Limit / alerts
	if every <= 0 || c.Colour == 0 {
		return 0, true
	}
	age := now.Sub(c.since)
	return int(age / every), age%every < alertFor
}

// followCalls ends the calls whose time is over, and gives the tone of the one that sounds.
func (p *Panel) followCalls(now point.Instant) (tone Pattern, urgent bool) {
	cs := &p.people.calls
	for i := 0; i < len(cs.open); i++ {
		c := &cs.open[i]
		age := now.Sub(c.since)
		switch {
		case c.Valid > 0 && c.Valid < c.Limit && age >= c.Valid:
			p.endCall(now, i, WarningExpired, Origin{})
		case age >= c.Limit && c.Colour == 0:
			p.endCall(now, i, DutyMissed, Origin{})
		case age >= c.Limit:
			p.endCall(now, i, WarningUnanswered, Origin{})
		default:
			continue
		}
		i--
	}
	for i := range cs.open {
		switch _, sounds := cs.open[i].alert(now); {
		case !sounds:
		case cs.open[i].Colour > 0:
			tone, urgent = CallTone, urgent || cs.open[i].Colour >= Orange
		case tone == Off:
			tone = DutyTone
		}
	}
	return tone, urgent
}

// tellSounded tells of the warnings whose tone an output plays: a tone that an alarm has replaced
// was not heard.
func (p *Panel) tellSounded(now point.Instant) {
	if p.people.prompt != CallTone {
		return
	}
	heard := slices.ContainsFunc(p.outputs, func(o driven) bool { return o.pattern == CallTone })
	for i := range p.people.calls.open {
		c := &p.people.calls.open[i]
		n, sounds := c.alert(now)
		if heard && sounds && c.Colour > 0 && n >= c.told {
			c.told = n + 1
			p.emit(now, c.event(WarningSounded))
		}
	}
}
