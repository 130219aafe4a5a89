package site

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// checker turns the tree of a file into a Site and collects what is wrong.
type checker struct {
	file               string
	problems, warnings Problems
	notes              Problems
	sensorModels       map[string]catalog.SensorModel
	outputModels       map[string]catalog.OutputModel

	site    Site
	zones   []zone
	sensors []*sensor
	points  []*watched
	outputs []*output
	effects []effect
	venue   venue
}

// zone is an area of the file.
type zone struct {
	plan alarm.ZonePlan
	line int
}

// maxProblems bounds the list: who has made so many mistakes has given the wrong file.
const maxProblems = 100

func (c *checker) wrong(line int, subject, format string, args ...any) {
	if len(c.problems) >= maxProblems {
		return
	}
	c.problems = append(c.problems, Problem{
		File: c.file, Line: line, Subject: subject, Text: fmt.Sprintf(format, args...),
	})
}

func (c *checker) odd(line int, subject, format string, args ...any) {
	c.warnings = append(c.warnings, c.remark(line, subject, format, args))
}

func (c *checker) note(line int, subject, format string, args ...any) {
	c.notes = append(c.notes, c.remark(line, subject, format, args))
}

// remark is a warning or a note, in both languages.
func (c *checker) remark(line int, subject, format string, args []any) Problem {
	return Problem{
		File: c.file, Line: line, Subject: subject,
		Text: fmt.Sprintf(format, args...), Zh: fmt.Sprintf(chinese[format], args...),
	}
}

// The bounds of a site. A box with more of them is two boxes.
const (
	maxZones   = 100
	maxSensors = 200
	maxPoints  = 500
	maxOutputs = 64
	maxLimits  = 16 // of a point
)

func (c *checker) check(root *table) {
	s := &section{c: c, t: root}
	c.header(c.only(s, "site"))
	zones, zoned := c.rows(s, "zone", maxZones)
	for i, t := range zones {
		c.zone(i, t)
	}
	if !zoned {
		c.zones = []zone{{plan: alarm.ZonePlan{ID: "site", Name: c.site.Name}}}
	}
	sensors, some := c.rows(s, "sensor", maxSensors)
	if !some {
		c.wrong(0, "", "there is no sensor; write a [[sensor]] with name and model")
	}
	for i, t := range sensors {
		c.sensor(i, t)
	}
	points, some := c.rows(s, "point", maxPoints)
	if !some {
		c.wrong(0, "", "there is no point; write a [[point]] with id, class and from")
	}
	for i, t := range points {
		c.point(i, t)
	}
	c.pairs()
	outputs, _ := c.rows(s, "output", maxOutputs)
	for i, t := range outputs {
		c.output(i, t)
	}
	effects, _ := c.rows(s, "effect", maxEffects)
	for i, t := range effects {
		c.effect(i, t)
	}
	c.people(s)
	c.required(s)
	c.district(c.only(s, "district"))
	c.page(c.only(s, "page"))
	s.finish()
	c.wiring()
	c.collect()
}

// only returns the section of a table that stands once; an empty one when it is absent.
func (c *checker) only(root *section, key string) *section {
	s := &section{c: c, t: &table{line: 1}, subject: "[" + key + "]"}
	v, ok := root.get(key)
	switch {
	case !ok:
	case v.kind == single:
		s.t = v.tables[0]
	case v.kind == multiple:
		c.wrong(v.line, s.subject, "[[%s]] stands once; write [%s]", key, key)
		s.t = v.tables[0]
	default:
		c.wrong(v.line, s.subject, "%s is %s; write a header [%s]", key, kindNames[v.kind], key)
	}
	return s
}

// rows returns the tables of a [[header]], and whether there are any or were meant to be.
func (c *checker) rows(root *section, key string, most int) ([]*table, bool) {
	v, ok := root.get(key)
	if !ok {
		return nil, root.has(key)
	}
	switch {
	case v.kind == single:
		c.wrong(v.line, "", "[%s] may stand several times; write [[%s]]", key, key)
	case v.kind != multiple:
		c.wrong(v.line, "", "%s is %s; write a header [[%s]]", key, kindNames[v.kind], key)
		return nil, true
	case len(v.tables) > most:
		c.wrong(v.tables[most].line, "", "more than %d [[%s]]; split the site over two boxes",
			most, key)
	}
	return v.tables[:min(len(v.tables), most)], true
}

// subject names row number i of a kind by its id, or by its place while it has none.
func subject(what string, t *table, key string, i int) string {
	if v := t.values[key]; v.kind == text && v.text != "" {
		return fmt.Sprintf("%s %q", what, v.text)
	}
	return what + " " + strconv.Itoa(i+1)
}

func (c *checker) header(s *section) {
	c.site.ID, _ = s.id("id", `"corner-shop"`)
	c.site.Name = s.name("name", c.site.ID)
	if _, ok := s.get("tenant"); ok {
		c.site.Tenant, _ = s.id("tenant", `"district-7"`)
	}
	c.readVenue(s)
	c.site.plan.Resound = s.duration("resound", "10 min", time.Minute, time.Hour, 10*time.Minute)
	s.finish()
}

func (c *checker) zone(i int, t *table) {
	s := &section{c: c, t: t, subject: subject("zone", t, "id", i)}
	id, ok := s.id("id", `"kitchen"`)
	z := zone{plan: alarm.ZonePlan{ID: alarm.ZoneID(id), Name: s.name("name", id)}, line: t.line}
	z.plan.Mode = c.modeOf(s)
	s.finish()
	if !ok {
		return
	}
	if old := c.findZone(z.plan.ID); old != nil {
		s.wrong("id", "this id is already on line %d; give each zone its own", old.line)
		return
	}
	c.zones = append(c.zones, z)
}

func (c *checker) findZone(id alarm.ZoneID) *zone {
	i := slices.IndexFunc(c.zones, func(z zone) bool { return z.plan.ID == id })
	if i < 0 {
		return nil
	}
	return &c.zones[i]
}

func (c *checker) zoneNames() []string {
	var names []string
	for _, z := range c.zones {
		names = append(names, string(z.plan.ID))
	}
	return names
}

// The deadbands that hold while the file is silent: what a healthy part of ours shows as noise.
var deadbands = map[drivers.Quantity]int64{
	drivers.Temperature: 200, drivers.Humidity: 1000, drivers.Pressure: 5000, drivers.Level: 10,
	drivers.Gas: 1000, drivers.Combustible: 500, drivers.PM1: 2000, drivers.PM25: 2000,
	drivers.PM4: 2000, drivers.PM10: 2000, drivers.Current: 1000, drivers.Voltage: 10_000,
}

func (c *checker) district(s *section) {
	d := &c.site.District
	d.Report = s.duration("report", "60 s", 5*time.Second, time.Hour, time.Minute)
	d.Deadband = map[drivers.Quantity]int64{}
	for q, v := range deadbands {
		d.Deadband[q] = v
	}
	c.rights(s)
	v, ok := s.get("deadband")
	s.finish()
	if !ok {
		return
	}
	if v.kind != single {
		s.wrong("deadband", `deadband is %s; write deadband = { temperature = "0.5 °C" }`,
			kindNames[v.kind])
		return
	}
	bands := &section{c: c, t: v.tables[0], subject: "[district.deadband]"}
	for _, q := range drivers.Quantities() {
		band, ok := bands.measure(q.String(), q)
		switch {
		case ok && band < 0:
			bands.wrong(q.String(), "%s is negative; write it without the sign", q)
		case ok:
			d.Deadband[q] = band
		}
	}
	bands.finish()
}

func (c *checker) page(s *section) {
	listen, ok := s.text("listen", `"127.0.0.1:8080"`)
	who, _ := s.choice("read", []string{"operators", "open"})
	c.site.Page.Open = who == "open"
	c.site.Page.Names = s.words("names", `["fire.example"]`)
	for _, name := range c.site.Page.Names {
		if !isHost(name) {
			s.wrong("names", "names %q is no name of a host; write it as a browser shows it, without "+
				"http:// and port", name)
		}
	}
	s.finish()
	switch {
	case !ok:
		c.site.Page.Listen = "127.0.0.1:8080"
		return
	case listen == "off":
		return
	}
	_, port, err := net.SplitHostPort(listen)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || n == 0 || strings.ContainsAny(listen, " /") {
		s.wrong("listen", `listen %q is no address; write listen = "127.0.0.1:8080", `+
			`":8080" for every network, or "off"`, listen)
	}
	c.site.Page.Listen = listen
}

// isHost tells whether a browser may show this as the name of a host.
func isHost(name string) bool {
	return name != "" && len(name) <= 253 && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' &&
			r != '.'
	})
}

// collect moves what was read into the site.
func (c *checker) collect() {
	for _, z := range c.zones {
		c.site.plan.Zones = append(c.site.plan.Zones, z.plan)
	}
	for _, p := range c.points {
		c.site.plan.Points = append(c.site.plan.Points, p.plan)
		for _, f := range p.feeds {
			f.from.feeds = append(f.from.feeds, Feed{Point: p.plan.ID, Channel: f.number})
		}
	}
	for _, s := range c.sensors {
		c.site.Sensors = append(c.site.Sensors, Sensor{
			Name: s.name, Model: s.model, Options: s.options, Period: s.period, Feeds: s.feeds,
		})
	}
	for _, o := range c.outputs {
		c.site.plan.Outputs = append(c.site.plan.Outputs, o.plan)
		c.site.Outputs = append(c.site.Outputs, Output{
			ID: o.plan.ID, Model: o.model, Options: o.options, Keep: o.keep,
		})
	}
	c.site.plan.Effects = c.matrix()
}

// readUpTo fills buf from r and returns how much there was.
func readUpTo(r io.Reader, buf []byte) (int, error) {
	n, err := io.ReadFull(r, buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}
