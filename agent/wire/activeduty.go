package wire

import (
	"time"

	"github.com/firepost/firepost/agent/alarm"
)

// activeDuties is what people are asked and have to do, as far as the district must know it when it
// has missed events.
type activeDuties struct {
	Calls     []activeCall     `json:"calls"`
	Incidents []activeIncident `json:"incidents"`
	Hazards   []activeHazard   `json:"hazards"`
	Overdue   []string         `json:"overdue"` // ids of check items
	People    int              `json:"people"`  // on shift
	Least     uint8            `json:"least"`   // that should be
	Waiting   bool             `json:"waiting"` // for the date
	Record    *record          `json:"record,omitempty"`
}

type activeCall struct {
	ID     string `json:"id"`
	Colour string `json:"colour,omitempty"` // absent: a duty check
	Left   int64  `json:"left"`             // s
}

type activeIncident struct {
	ID    string `json:"id"`
	Waits string `json:"waits,omitempty"` // step; absent: only for the reset
	Late  bool   `json:"late"`
	Since string `json:"since"`
	Drill bool   `json:"drill"`
}

type activeHazard struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Due     string `json:"due,omitempty"`
	Overdue bool   `json:"overdue"`
}

// duties lists at most so many entries of each kind, and how many did not fit; nil when people have
// nothing to do here.
func (a Active) duties(entries int) (w *activeDuties, more int) {
	d := &a.Snapshot.Duties
	if len(d.Calls)+len(d.Incidents)+len(d.Hazards)+len(d.Items)+len(d.Shift) == 0 &&
		d.Least == 0 && d.Chain.N == 0 {
		return nil, 0
	}
	w = &activeDuties{
		Calls: []activeCall{}, Incidents: []activeIncident{}, Hazards: []activeHazard{},
		Overdue: []string{}, People: len(d.Shift), Least: d.Least, Waiting: d.Waiting,
	}
	for _, c := range d.Calls[:min(len(d.Calls), entries)] {
		left := int64(max(c.Limit-c.Age, 0) / time.Second)
		w.Calls = append(w.Calls, activeCall{c.ID, c.Colour.String(), left})
	}
	for i := range d.Incidents[:min(len(d.Incidents), entries)] {
		w.Incidents = append(w.Incidents, a.incident(&d.Incidents[i]))
	}
	for i := range d.Hazards[:min(len(d.Hazards), entries)] {
		h := &d.Hazards[i]
		w.Hazards = append(w.Hazards, activeHazard{h.ID, h.Text, h.Due().String(), h.Overdue})
	}
	overdue := 0
	for i := range d.Items {
		if d.Items[i].Overdue {
			if overdue++; overdue <= entries {
				w.Overdue = append(w.Overdue, d.Items[i].ID)
			}
		}
	}
	if r := d.Chain; r.N != 0 {
		w.Record = &record{r.N, r.Day.String(), r.Prev, r.Hash}
	}
	return w, len(d.Calls) - len(w.Calls) + len(d.Incidents) - len(w.Incidents) +
		len(d.Hazards) - len(w.Hazards) + overdue - len(w.Overdue)
}

func (a Active) incident(in *alarm.Incident) activeIncident {
	w := activeIncident{
		ID: string(in.ID), Since: a.time(a.Snapshot.At.Add(-in.Age)), Drill: in.Drill,
	}
	for s := alarm.Judging; s >= alarm.Accepting && !in.Step(s).Done; s-- {
		w.Waits, w.Late = s.String(), in.Step(s).Overdue
	}
	return w
}
