package dst

import (
	"strings"

	"github.com/firepost/firepost/agent/point"
)

// keep adds a spot whose table is written already.
func (d *draft) keep(p *spot) {
	d.spots = append(d.spots, p)
	d.byID[p.id] = p
}

// drawDerived draws points that no sensor gives: of single points, and of the site.
func (d *draft) drawDerived() {
	read := len(d.spots)
	for _, p := range d.spots[:read] {
		if len(p.inputs) == 1 && d.chance(3) {
			d.derive(p)
		}
	}
	for _, name := range []string{
		"availability", "disabled_points", "unanswered", "on_shift", "items_overdue", "online",
		"valve_time", "test_coverage", "hazards_open",
	} {
		if !d.chance(6) {
			continue
		}
		pairs := []string{}
		if name == "availability" {
			pairs = append(pairs, "alarm_below", quote("90 %"))
		}
		d.derivedPoint(name, nil, pairs...)
	}
}

// derive draws a point that is made of another one.
func (d *draft) derive(p *spot) {
	class, _, _ := strings.Cut(string(p.id), "-")
	analog := p.limit > 1
	switch {
	case !analog:
		d.derivedPoint("ready", []*spot{p})
	case class == "gas":
		d.derivedPoint("lasting", []*spot{p}, "limit", quote("10 %LEL"))
	case class == "pressure":
		d.derivedPoint("colour", []*spot{p}, "blue", quote("200 kPa"), "yellow", quote("140 kPa"),
			"orange", quote("110 kPa"), "red", quote("70 kPa"), "band", quote("5 kPa"),
			"alarm", quote("3"))
	case class == "flood":
		d.derivedPoint("level_rate", []*spot{p})
	case class == "slope":
		d.derivedPoint("crack_growth", []*spot{p})
	case class == "heat":
		d.derivedPoint(d.one("max", "mean"), []*spot{p}, "over", quote("1 min"), "alarm",
			quote("70 °C"))
	default:
		d.derivedPoint("mean", []*spot{p}, "over", quote("1 min"))
	}
}

func (d *draft) derivedPoint(formula string, from []*spot, pairs ...string) {
	id := point.ID(d.name("derived"))
	of := ""
	if len(from) > 0 {
		of = "[" + quote(string(from[0].id)) + "]"
	}
	d.table("point", append([]string{
		"id", quote(string(id)), "derive", quote(formula), "of", of, "zone", quote(d.one(zones...)),
	}, pairs...)...)
	d.keep(&spot{id: id, from: from})
}
