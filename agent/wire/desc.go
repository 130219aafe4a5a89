package wire

import (
	"github.com/firepost/firepost/agent/alarm"
	"github.com/firepost/firepost/drivers"
)

// Desc describes the device: what its names and numbers mean.
type Desc struct {
	Site, Name string // id and name of the site
	FW         string
	Cfg        string // hash of the site file
	Plan       alarm.Plan
	Sim        bool // the board is simulated
	// Dict is what the dictionary of compressed telemetry ends with; empty: it is not compressed.
	Dict string
}

type descDoc struct {
	Site    string       `json:"site"`
	Name    string       `json:"name"`
	FW      string       `json:"fw"`
	Cfg     string       `json:"cfg"`
	Sim     bool         `json:"sim,omitempty"`
	Zones   []descZone   `json:"zones"`
	Points  []descPoint  `json:"points"`
	Outputs []descOutput `json:"outputs"`
	Dict    string       `json:"dict,omitempty"`
}

type descZone struct {
	Zone string `json:"zone"`
	Name string `json:"name"`
}

type descPoint struct {
	Point    string       `json:"point"`
	Name     string       `json:"name"`
	Zone     string       `json:"zone,omitempty"`
	Kind     string       `json:"kind"`
	Latched  bool         `json:"latched"`
	Series   []descSeries `json:"series"`
	Rules    []string     `json:"rules"`
	GBSystem *uint8       `json:"gbSys,omitempty"`
	GBPart   *uint8       `json:"gbPart,omitempty"`
}

type descSeries struct {
	Name     string `json:"n"`
	Quantity string `json:"quantity"`
	Unit     string `json:"u,omitempty"`
}

type descOutput struct {
	Output string `json:"output"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
}

// JSON is the payload of up/desc. Its series are those that a rule judges; a point may send more.
func (d Desc) JSON() []byte {
	doc := descDoc{
		Site: d.Site, Name: d.Name, FW: d.FW, Cfg: d.Cfg, Sim: d.Sim, Dict: d.Dict,
		Zones: []descZone{}, Points: []descPoint{}, Outputs: []descOutput{},
	}
	for _, z := range d.Plan.Zones {
		doc.Zones = append(doc.Zones, descZone{string(z.ID), z.Name})
	}
	for i := range d.Plan.Points {
		doc.Points = append(doc.Points, describePoint(&d.Plan.Points[i]))
	}
	for _, o := range d.Plan.Outputs {
		doc.Outputs = append(doc.Outputs, descOutput{string(o.ID), o.Name, o.Kind.String()})
	}
	return encode(doc)
}

func describePoint(p *alarm.PointPlan) descPoint {
	w := descPoint{
		Point: string(p.ID), Name: p.Name, Zone: string(p.Zone), Kind: p.Signal.String(),
		Latched: p.Latch, Series: []descSeries{}, Rules: []string{},
	}
	seen := map[drivers.Quantity]bool{}
	for _, c := range p.Spec.Conditions {
		w.Rules = append(w.Rules, c.Level.String()+": "+conditionText(c))
		if seen[c.Quantity] {
			continue
		}
		seen[c.Quantity] = true
		w.Series = append(w.Series, descSeries{
			Series(p, p.ID, c.Quantity, 0), c.Quantity.String(), senmlUnits[c.Quantity].symbol,
		})
	}
	if sys, part, ok := gbPart(p.Signal, mainQuantity(p)); ok {
		w.GBSystem, w.GBPart = &sys, &part
	}
	return w
}
