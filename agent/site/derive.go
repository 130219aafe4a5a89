package site

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/detect"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
)

// The bounds of derived points.
const (
	mostInputs  = 16
	leastWindow = time.Minute
	mostWindow  = 7 * 24 * time.Hour
)

// formulaNames are what derive can say: the formulas, and what the panel knows of the site.
func formulaNames() []string {
	var names []string
	for _, k := range detect.Formulas() {
		names = append(names, k.Name)
	}
	for _, k := range alarm.Indicators() {
		names = append(names, k.Name)
	}
	return names
}

// derive reads how the value of a derived point is made, and returns its one channel as if it were
// read from a part.
func (c *checker) derive(s *section, p *watched) ([]feed, bool) {
	before := len(c.problems)
	name, ok := s.choice("derive", formulaNames())
	d := &detect.Derivation{Formula: name}
	made := drivers.Channel{Name: name, Min: -widest, Max: widest}
	k, isFormula := detect.FormulaByName(name)
	switch {
	case !ok:
		s.know(derivedKeys...)
		return nil, false
	case isFormula:
		made.Quantity = k.Result
		q := c.inputs(s, d, &k)
		if made.Quantity == 0 {
			made.Quantity = q
		}
		s.constants(d, &k, q)
	default:
		for _, n := range alarm.Indicators() {
			if n.Name == name {
				made.Quantity = n.Result
			}
		}
	}
	p.plan.Derived, p.made = d, made.Quantity
	from := &sensor{line: p.line, name: name, period: time.Second, channels: []drivers.Channel{made}}
	return []feed{{from: from, channel: made}}, len(c.problems) == before
}

// widest bounds a value that no part bounds.
const widest = math.MaxInt64 / 4

// derivedKeys are the keys of all formulas together.
var derivedKeys = []string{
	"of", "quantity", "over", "limit", "zero", "full", "per_tip", "band", "blue", "yellow", "orange",
	"red",
}

// inputs reads which points a formula reads, and returns the quantity of the first.
func (c *checker) inputs(s *section, d *detect.Derivation, k *detect.FormulaKind) drivers.Quantity {
	s.missing("of", `"pit-level"`)
	var first drivers.Quantity
	words := s.words("of", `"pit-level"`)
	for i, word := range words {
		from := c.findPoint(point.ID(word))
		if from == nil {
			s.wrong("of", "of %q: no point above has this id; %s", word,
				instead(word, c.pointNames()))
			continue
		}
		want := k.Inputs[min(i, len(k.Inputs)-1)]
		got := from.gives()
		switch {
		case len(got) == 0: // its mistakes have been told
		case want != 0 && !slices.Contains(got, want):
			s.wrong("of", "of %q: it gives no %s, which %s needs; name a point that does", word, want,
				k.Name)
		case i == 0:
			first = s.input(want, got)
		}
		d.From = append(d.From, from.plan.ID)
	}
	least := len(k.Inputs)
	switch n := len(words); {
	case n > 0 && n < least:
		s.wrong("of", "of names %d points, and %s needs %d: %s", n, k.Name, least, listOf(k.Inputs))
	case n > least && !k.Many:
		s.wrong("of", "of names %d points, and %s needs %d; remove the others", n, k.Name, least)
	case n > mostInputs:
		s.wrong("of", "of names %d points; name at most %d", n, mostInputs)
	}
	if k.Inputs[0] == 0 {
		d.Quantity = first
	}
	return first
}

// input is the quantity that a formula reads of its first point.
func (s *section) input(want drivers.Quantity, got []drivers.Quantity) drivers.Quantity {
	if want != 0 {
		return want
	}
	var names []string
	for _, q := range got {
		names = append(names, q.String())
	}
	if len(got) > 1 {
		s.missing("quantity", oneOf(names))
	}
	word, ok := s.choice("quantity", names)
	if !ok {
		return got[0]
	}
	return got[slices.Index(names, word)]
}

func listOf(qs []drivers.Quantity) string {
	var names []string
	for _, q := range qs {
		names = append(names, q.String())
	}
	return strings.Join(names, ", then ")
}

// gives are the quantities that a point can lend to a formula.
func (p *watched) gives() (all []drivers.Quantity) {
	for _, f := range p.feeds {
		all = append(all, f.channel.Quantity)
	}
	if p.made != 0 {
		all = append(all, p.made)
	}
	return all
}

// constants reads the numbers of a formula; q is the quantity of its input.
func (s *section) constants(d *detect.Derivation, k *detect.FormulaKind, q drivers.Quantity) {
	if q == 0 { // The input has a mistake, which has been told.
		s.know(derivedKeys...)
		return
	}
	if k.Window > 0 {
		d.Window = s.duration("over", durationText(k.Window), leastWindow, mostWindow, k.Window)
	}
	need := func(key string, v *int64) {
		s.missing(key, `"`+q.Text(example(q))+`"`)
		*v, _ = s.measure(key, q)
	}
	switch k.Name {
	case "time_above", "time_below", "lasting":
		need("limit", &d.Limit)
	case "share":
		need("zero", &d.Zero)
		need("full", &d.Full)
		if d.Zero == d.Full && s.has("zero") && s.has("full") {
			s.wrong("full", "full is the same as zero; write the values at 0 %% and at 100 %%")
		}
	case "rain", "dry_time":
		d.PerTip, _ = s.measure("per_tip", drivers.Rain)
	case "colour":
		for i, key := range []string{"blue", "yellow", "orange", "red"} {
			need(key, &d.Steps[i])
		}
		d.Band, _ = s.measure("band", q)
		if span := max(d.Steps[3]-d.Steps[0], d.Steps[0]-d.Steps[3]); d.Band < 0 ||
			d.Band > span && s.has("red") && s.has("blue") {
			s.wrong("band", "band is how far the value must come back; write 0 to %q",
				q.Text(span))
		}
		st := d.Steps
		rising := st[0] < st[1] && st[1] < st[2] && st[2] < st[3]
		falling := st[0] > st[1] && st[1] > st[2] && st[2] > st[3]
		if !rising && !falling && s.has("red") {
			s.wrong("red", "blue, yellow, orange and red are not in order; let each lie beyond the one "+
				"before")
		}
	}
}

// risk reads the entry of the district's list of risks.
func (s *section) risk() alarm.Risk {
	code, _ := s.text("risk", `"R-0231"`)
	if len(code) > maxName {
		s.wrong("risk", "risk has %d bytes; write at most %d", len(code), maxName)
	}
	owner := ""
	if code != "" {
		owner = s.name("owner", "")
	}
	return alarm.Risk{Code: code, Owner: owner}
}

// required counts the points that the site asks for by class and does not have.
func (c *checker) required(root *section) {
	s := c.only(root, "require")
	for _, name := range classNames() {
		if need := s.count(name, 0, maxPoints, 0); need > 0 {
			have := 0
			for _, p := range c.points {
				if p.class == name {
					have++
				}
			}
			c.site.plan.Missing += uint16(max(need-have, 0))
		}
	}
	s.finish()
}
