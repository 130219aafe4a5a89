package site

import (
	"slices"
	"strconv"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
)

// The bounds of what people are asked to do.
const (
	maxOperators = 99
	maxItems     = 100
	buttonTime   = 50 * time.Millisecond // that a contact must be closed, and then open
)

const (
	buttonClass = "button"
	keyClass    = "key"
)

// count reads a whole number within bounds; absent is its value while the key is absent or wrong.
func (s *section) count(key string, least, most, absent int) int {
	v, ok := s.get(key)
	if !ok {
		return absent
	}
	n, err := strconv.Atoi(v.text)
	if v.kind != number || err != nil || n < least || n > most {
		what := kindNames[v.kind]
		if v.kind == number {
			what = v.text
		}
		s.wrong(key, "%s is %s; write a number from %d to %d, without quotes", key, what, least, most)
		return absent
	}
	return n
}

// button reads what a button or a key switch does.
func (c *checker) button(s *section, p *watched) {
	if p.class == keyClass {
		p.plan.Button = alarm.ButtonPlan{Key: true}
	}
	if p.class == buttonClass {
		var names []string
		for _, a := range buttonActions() {
			names = append(names, a.String())
		}
		s.missing("action", oneOf(names))
		word, _ := s.choice("action", names)
		for _, a := range buttonActions() {
			if a.String() == word {
				p.plan.Button.Action = a
			}
		}
		p.plan.Button.Level = uint8(s.count("level", 1, 2, 2))
		if a := p.plan.Button.Action; p.plan.Button.Level == 1 && a != 0 && !a.IsForAnybody() {
			s.wrong("level", `a button of level 1 may acknowledge and answer; write level = 2, and put `+
				`it behind a key or a cover`)
		}
	}
	if !p.plan.Button.Acts() {
		return
	}
	p.plan.Latch = false
	for i := range p.plan.Spec.Conditions {
		d := &p.plan.Spec.Conditions[i]
		d.Level, d.Release = detect.Supervisory, buttonTime
	}
}

// buttonActions are what a button can do. One cannot operate an output: it would have to say which.
func buttonActions() []alarm.Action {
	return []alarm.Action{
		alarm.Acknowledge, alarm.Silence, alarm.Reset, alarm.Answer, alarm.SelfTest,
	}
}

// Operator is one person who may act at the box.
type Operator struct {
	Number uint8 // 1 to 99
	Name   string
	Level  uint8  // 1 to 3
	PIN    string // its hash; see HashPIN. Empty: the person acts at level 1 only
}

func (c *checker) operator(i int, t *table) {
	s := &section{c: c, t: t, subject: subject("operator", t, "name", i)}
	s.missing("number", "7")
	o := Operator{Number: uint8(s.count("number", 1, maxOperators, 0))}
	s.missing("name", `"王强 Wang Qiang"`)
	o.Name = s.name("name", "")
	o.Level = uint8(s.count("level", 1, 3, 1))
	if pin, ok := s.text("pin", `"pbkdf2-sha256:…"`); ok {
		if _, good := parsePIN(pin); !good {
			s.wrong("pin", "pin is not the hash of one; let firepost operator add write this row")
		}
		o.PIN = pin
	} else if !s.has("pin") && o.Level > 1 {
		s.wrong("pin", "pin is missing, and level %d needs one; let firepost operator add write this row",
			o.Level)
	}
	s.finish()
	same := func(old Operator) bool { return old.Number == o.Number && o.Number != 0 }
	if slices.ContainsFunc(c.site.Operators, same) {
		s.wrong("number", "number %d is another operator's; give each person one", o.Number)
		return
	}
	c.site.Operators = append(c.site.Operators, o)
	c.site.plan.Operators = append(c.site.plan.Operators,
		alarm.OperatorPlan{Number: o.Number, Name: o.Name, Level: o.Level})
}

func (c *checker) item(i int, t *table) {
	s := &section{c: c, t: t, subject: subject("item", t, "id", i)}
	id, ok := s.id("id", `"extinguishers"`)
	item := alarm.ItemPlan{ID: id, Name: s.name("name", id)}
	s.missing("every", `"31 d"`)
	const day = 24 * time.Hour
	every := s.duration("every", "31 d", 10*time.Minute, 366*day, 0)
	switch {
	case every < day:
		item.Every = every
	case every%day != 0:
		s.wrong("every", `every is no whole number of days; write every = "%d d"`, every/day)
	default:
		item.Days = uint16(every / day)
	}
	s.finish()
	same := func(old alarm.ItemPlan) bool { return old.ID == id }
	if slices.ContainsFunc(c.site.plan.Items, same) {
		s.wrong("id", "this id is another item's; give each item its own")
		return
	}
	if ok {
		c.site.plan.Items = append(c.site.plan.Items, item)
	}
}

// people reads who may act, what they check, and how many should be there.
func (c *checker) people(root *section) {
	operators, _ := c.rows(root, "operator", maxOperators)
	for i, t := range operators {
		c.operator(i, t)
	}
	items, _ := c.rows(root, "item", maxItems)
	for i, t := range items {
		c.item(i, t)
	}
	s := c.only(root, "shift")
	c.site.plan.Shift = uint8(s.count("people", 0, maxOperators, 0))
	s.finish()
}

// pushRight is what may_not calls the right to offer another site file, no act of the panel.
const pushRight = "site"

// rights reads what the site takes away from the district, and the one right that it may give.
func (c *checker) rights(s *section) {
	c.site.plan.MaySilence = s.flag("may_silence", false)
	var names []string
	for _, a := range alarm.Lendable() {
		names = append(names, a.String())
	}
	names = append(names, pushRight)
	for _, word := range s.words("may_not", `["disable"]`) {
		i := slices.Index(names, word)
		if i < 0 {
			s.wrong("may_not", "may_not %q is no right of the district; %s", word,
				instead(word, names))
			continue
		}
		if word == pushRight {
			c.site.District.MayNotPush = true
			continue
		}
		c.site.plan.MayNot = append(c.site.plan.MayNot, alarm.Lendable()[i])
	}
}
