// Package site reads the site file: what hangs on the box, what is watched, what is switched and
// who is told. It finds every mistake at once and says what to write instead; it never gives half
// a site.
package site

import (
	"crypto/sha256"
	_ "embed" // the reference is part of the program
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/agent/point"
	"github.com/firepost/firepost/drivers"
	"github.com/firepost/firepost/drivers/catalog"
)

// Reference is a site file that shows and explains every key. Parse accepts it.
//
//go:embed reference.toml
var Reference string

// Site is a checked site file.
type Site struct {
	ID        string
	Name      string // for people; the ID when the file gives none
	Tenant    string // part of the topics; empty: that of the identity
	Hash      string // of the bytes of the file, 16 hexadecimal digits
	Sensors   []Sensor
	Outputs   []Output
	District  District
	Page      Page
	Operators []Operator
	Warnings  Problems // allowed, but worth a look
	Notes     Problems // nothing is wrong, and somebody should know

	plan alarm.Plan
}

// Sensor is one part that is read.
type Sensor struct {
	Name    string
	Model   string            // a key of catalog.Sensors
	Options map[string]string // every option of the model that is set or has a default
	Period  time.Duration
	Feeds   []Feed // in the order of the points
}

// Feed says that a channel of a sensor is one of the inputs of a point.
type Feed struct {
	Point   point.ID
	Channel uint8
}

// Output is one part that is switched.
type Output struct {
	ID      alarm.OutputID
	Model   string // a key of catalog.Outputs
	Options map[string]string
	Keep    bool // while on, it stays on when the agent ends
}

// District is what the district is told and how often. Who it is lies in the identity.
type District struct {
	Report   time.Duration              // a value is told at least so often
	Deadband map[drivers.Quantity]int64 // and when it has moved so far; never nil
	// MayNotPush keeps the district from offering another site file.
	MayNotPush bool
}

// Page is where the page is served.
type Page struct {
	Listen string   // host:port; empty: nowhere
	Open   bool     // everybody in the network may read; else who logs in
	Names  []string // of the box in a browser, beside its addresses and its own name
}

// Equal tells whether two pages are served alike.
func (p Page) Equal(q Page) bool {
	return p.Listen == q.Listen && p.Open == q.Open && slices.Equal(p.Names, q.Names)
}

// Plan returns the site as the panel needs it. Each call gives a new one.
func (s *Site) Plan() alarm.Plan {
	p := s.plan
	p.Points = slices.Clone(p.Points)
	for i := range p.Points {
		p.Points[i].Spec.Conditions = slices.Clone(p.Points[i].Spec.Conditions)
		p.Points[i].Devices = slices.Clone(p.Points[i].Devices)
		p.Points[i].Spec.Channels = slices.Clone(p.Points[i].Spec.Channels)
	}
	p.Zones = slices.Clone(p.Zones)
	p.Outputs = slices.Clone(p.Outputs)
	p.Operators, p.Items = slices.Clone(p.Operators), slices.Clone(p.Items)
	p.MayNot = slices.Clone(p.MayNot)
	for i := range p.Outputs {
		p.Outputs[i].Zones = slices.Clone(p.Outputs[i].Zones)
		p.Outputs[i].Signals = slices.Clone(p.Outputs[i].Signals)
	}
	p.Effects = slices.Clone(p.Effects) // a panel only reads what they hold
	return p
}

// HashOf is the Hash of a site file.
func HashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// maxFile bounds a site file; 500 points are about 100 KB.
const maxFile = 1 << 20

// Load reads and checks the site file at path. Its error is Problems, unless the file could not be
// read.
func Load(path string) (*Site, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("site file: %w", err)
	}
	defer f.Close()
	data := make([]byte, maxFile+1)
	n, err := readUpTo(f, data)
	if err != nil {
		return nil, fmt.Errorf("site file: read: %w", err)
	}
	return Parse(filepath.Base(path), data[:n])
}

// Parse checks data, a site file that messages call name. Its error is Problems: every mistake,
// each with its line and what to write instead.
func Parse(name string, data []byte) (*Site, error) {
	if len(data) > maxFile {
		return nil, Problems{{File: name, Text: "it is larger than 1 MB; this is no site file"}}
	}
	root, problems := read(name, data)
	c := &checker{
		file: name, problems: problems,
		sensorModels: catalog.Sensors(), outputModels: catalog.Outputs(),
	}
	if root != nil {
		c.check(root)
	}
	if len(c.problems) > 0 {
		c.problems.sort()
		return nil, c.problems
	}
	c.warn()
	c.warnings.sort()
	c.site.Hash = HashOf(data)
	c.site.plan.Hash = c.site.Hash
	c.notes.sort()
	c.site.Warnings, c.site.Notes = c.warnings, c.notes
	return &c.site, nil
}
