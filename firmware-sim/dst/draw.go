package dst

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/agent/site"
	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/chip"
	"github.com/firepost/firepost/firmware-sim/world"
)

// draft is a site while it is drawn.
type draft struct {
	*venue
	s      *sim
	rng    *rand.Rand
	text   strings.Builder // sensors and points
	clock  chip.Clock
	adcs   []*chip.ADS1115
	inputs int // of the newest ADS1115 that are taken
	names  int
	points int
}

// zones of every site.
var zones = []string{"zone0", "zone1", "zone2"}

// drawSite draws a site file and the board that fits it.
func drawSite(s *sim) *venue {
	v := &venue{byID: map[point.ID]*spot{}, peak: map[alarm.ZoneID]bool{}}
	v.board = board.New(board.Options{
		Now: func() time.Duration { return s.clock }, Sleep: board.NoSleep,
	})
	v.world = world.New(s.report.Seed)
	d := &draft{venue: v, s: s, rng: s.rng, clock: v.board.Now}
	n := s.knobs.Points
	if n == 0 {
		n = 1 + d.rng.IntN(8)
		if d.rng.IntN(8) == 0 {
			n = 1 + d.rng.IntN(40)
		}
	}
	for d.points < n {
		d.drawPoint()
	}
	if s.knobs.Points == 0 {
		d.drawDerived()
		d.drawButtons()
	}
	outputs := d.drawOutputs()
	head, people := d.drawHead(), d.drawPeople()
	for i := range v.files {
		text := head + d.drawZones() + d.text.String() + outputs + people
		if i > 0 && d.chance(2) {
			text = strings.TrimSuffix(text, people)
		}
		if i > 0 && d.chance(3) {
			text = d.without(text, d.spots[d.rng.IntN(len(d.spots))])
		}
		f, err := site.Parse("site.toml", []byte(text))
		if err != nil {
			panic(fmt.Sprintf("dst: seed %d: %v\n%s", s.report.Seed, err, text))
		}
		v.files[i] = f
		if i == 0 {
			s.logf("the site is\n%s", text)
		}
	}
	v.tie()
	v.adopt()
	for _, p := range v.parts {
		for _, in := range p.inputs {
			in.play(in.quiet)
			in.failing = never
		}
	}
	return v
}

// without takes a point out of a file, unless something else of the file speaks of it. An MQ part
// stays: what is known of its life goes with its point.
func (d *draft) without(text string, p *spot) string {
	id := quote(string(p.id))
	before, rest, _ := strings.Cut(text, "\n[[point]]\nid = "+id+"\n")
	if len(p.inputs) == 0 || strings.HasPrefix(id, `"mq-`) || strings.Count(text, id) > 1 ||
		strings.Count(text, "[[point]]") == 1 {
		return text
	}
	return before + rest[strings.Index(rest, "\n[["):]
}

// chance is true in one of n cases.
func (d *draft) chance(n int) bool { return d.rng.IntN(n) == 0 }

// one draws a text.
func (d *draft) one(from ...string) string { return from[d.rng.IntN(len(from))] }

// name is a name that nothing else has.
func (d *draft) name(of string) string {
	d.names++
	return fmt.Sprintf("%s-%d", strings.ReplaceAll(of, "_", "-"), d.names)
}

// table writes a table of the file. Its keys come in pairs with their values, and what has an empty
// value is left out.
func (d *draft) table(head string, pairs ...string) {
	fmt.Fprintf(&d.text, "\n[[%s]]\n", head)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			fmt.Fprintf(&d.text, "%s = %s\n", pairs[i], pairs[i+1])
		}
	}
}

// quote writes a text as the file has it.
func quote(s string) string { return fmt.Sprintf("%q", s) }

// sensor writes a sensor and returns its part.
func (d *draft) sensor(model string, p part, pairs ...string) *part {
	p.name = d.name(model)
	if p.bus != "" {
		pairs = append(pairs, "bus", quote(p.bus))
		known := false
		for _, have := range d.buses {
			known = known || have == p.bus
		}
		if !known {
			d.buses = append(d.buses, p.bus)
		}
	}
	d.table("sensor", append([]string{"name", quote(p.name), "model", quote(model)}, pairs...)...)
	d.parts = append(d.parts, &p)
	return &p
}

// input adds a physical value to a part.
func (p *part) input(in input) *input {
	in.part = p
	p.inputs = append(p.inputs, &in)
	return &in
}

// point writes a point that is read from inputs.
func (d *draft) point(p spot, class string, from []string, pairs ...string) *spot {
	d.points++
	p.id = point.ID(d.name(class))
	for i := range from {
		from[i] = quote(from[i])
	}
	feeds := from[0]
	if len(from) > 1 {
		feeds = "[" + strings.Join(from, ", ") + "]"
	}
	d.table("point", append([]string{
		"id", quote(string(p.id)), "class", quote(class), "zone", quote(d.one(zones...)),
		"from", feeds,
	}, pairs...)...)
	d.spots = append(d.spots, &p)
	d.byID[p.id] = &p
	return &p
}

func (d *draft) drawHead() string {
	venue := d.one("shop", "kitchen", "pump_room", "underpass")
	return fmt.Sprintf("[site]\nid = \"drawn\"\nvenue = %q\nresound = \"1 min\"\n", venue)
}

func (d *draft) drawZones() string {
	var b strings.Builder
	for _, z := range zones {
		mode := d.one("single", "single", "verify", "cross", "pas")
		fmt.Fprintf(&b, "\n[[zone]]\nid = %q\nmode = %q\n", z, mode)
	}
	return b.String()
}

// operators of a site that has any, by number and level.
var operators = []uint8{1: 1, 2: 2, 3: 3, 4: 1, 5: 2}

// drawPeople draws operators, check items and what the district may do.
func (d *draft) drawPeople() string {
	var b strings.Builder
	if d.chance(2) {
		for n, level := range operators {
			if level > 0 {
				fmt.Fprintf(&b, "\n[[operator]]\nnumber = %d\nname = \"p%d\"\nlevel = %d\n", n, n, level)
			}
			if level > 1 {
				fmt.Fprintf(&b, "pin = %q\n", "pbkdf2-sha256:50000:ZmlyZXBvc3QgZXhhbXBsZQ:"+
					"YD4qOuLlG3DfOffHz8bPWj4WDjhSD4fOzJCS2dQZa6A")
			}
		}
		b.WriteString("\n[[item]]\nid = \"patrol\"\nname = \"Patrol\"\nevery = \"10 min\"\n")
		b.WriteString("\n[[item]]\nid = \"ways\"\nname = \"Ways out\"\nevery = \"31 d\"\n")
		fmt.Fprintf(&b, "\n[shift]\npeople = %d\n", d.rng.IntN(3))
	}
	if d.chance(2) {
		fmt.Fprintf(&b, "\n[district]\nmay_silence = %v\n", d.chance(2))
		if d.chance(2) {
			fmt.Fprintf(&b, "may_not = [%q, %q]\n", d.one("disable", "operate", "test_start"),
				d.one("acknowledge", "drill_start", "duty_check", "warning"))
		}
	}
	return b.String()
}

// drawOutputs draws what is switched. There is a siren, and it is for the whole site.
func (d *draft) drawOutputs() string {
	points := d.text.String() // outputs come behind the points
	d.text.Reset()
	d.output("siren", "sounder", "drive", d.one("", quote("steady")))
	if !d.chance(4) {
		d.output("buzzer", "buzzer")
	}
	if d.chance(2) {
		d.output("horn", "sounder", "zones", "["+quote(d.one(zones...))+"]")
	}
	d.output("strobe", "strobe")
	if d.chance(2) {
		d.output("lamp", "lamp", "hold", d.one(quote("20 s"), quote("5 s")), "level",
			d.one("", quote("prealarm"), quote("supervisory")), "in", d.one("", quote(zones[0])))
	}
	echo := ""
	if len(d.gears) > 0 {
		echo = quote(string(d.spots[len(d.spots)-1].id))
		for _, p := range d.spots {
			if p.inputs != nil && p.inputs[0] == d.gears[0].echo {
				echo = quote(string(p.id))
			}
		}
	}
	d.output("valve", "valve", "feedback", echo)
	d.output("fan", "fan", "in", d.one("", quote(zones[1])), "ex", d.one("true", "false"),
		"stop_on_fire", d.one("", "true"))
	if d.chance(2) {
		d.output("exhaust", "fan", "smoke_exhaust", "true")
	}
	if d.chance(2) {
		d.output("barrier", "barrier")
	}
	relay := d.chance(2)
	if relay {
		d.output("relay", "relay", "zones", "["+quote(d.one(zones...))+"]",
			"irreversible", d.one("", "true"), "signals", d.one("", `["fire"]`, `["fire", "water"]`))
	}
	d.drawEffects(relay)
	outputs := d.text.String()
	d.text.Reset()
	d.text.WriteString(points)
	return outputs
}

func (d *draft) output(id, kind string, pairs ...string) {
	d.table("output", append([]string{
		"id", quote(id), "kind", quote(kind), "model", `"relay"`, "line", quote("OUT-" + id),
	}, pairs...)...)
}

// drawEffects draws rows of the site's own.
func (d *draft) drawEffects(relay bool) {
	if d.chance(3) {
		d.table("effect", "when", `["co"]`, "then", `["siren evacuation", "fan"]`)
	}
	if d.chance(3) {
		d.table("effect", "when", `["gas high"]`, "zones", "["+quote(d.one(zones...))+"]",
			"then", `["siren gas", "fan off"]`)
	}
	if d.chance(3) {
		d.table("effect", "when", `["fire"]`, "then", `["siren fire", "strobe"]`, "replace", "true")
	}
	if relay && d.chance(2) {
		d.table("effect", "when", `["fire"]`, "triggers", "2", "then", `["relay", "strobe"]`)
	}
	if relay && d.chance(3) {
		d.table("effect", "when", `["fault"]`, "then", `["relay"]`)
	}
}
