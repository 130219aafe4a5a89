package alarm

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// Hazard (隐患) is something wrong that a person has found and somebody must put right in time.
type Hazard struct {
	ID       string
	Text     string
	Opened   Date          `json:",omitempty"` // 0: the date is not known yet
	Days     uint16        // that it may last
	Ran      time.Duration // since it was opened, as far as the panel ran
	By       Origin        // who opened it
	Overdue  bool          `json:",omitempty"`
	ClosedBy Origin        // of one that is closed
	Evidence string        `json:",omitempty"` // likewise
}

// Due is the last day of the hazard; 0 while it is not known.
func (h *Hazard) Due() Date {
	if h.Opened == 0 {
		return 0
	}
	return h.Opened + Date(h.Days)
}

// hazards are those that are open, oldest first, and the last that were closed.
type hazards struct {
	open, settled []Hazard
	last          uint32 // number of the newest
	inTime, late  uint32
}

const (
	mostHazards    = 32
	mostHazardDays = 366
)

func (p *Panel) openHazard(now point.Instant, c *Command) string {
	hs, m := &p.people.hazards, &c.Matter
	switch {
	case strings.TrimSpace(m.Text) == "", !printable(m.Text, longestNote):
		return RefusedNoReason
	case m.Days == 0, m.Days > mostHazardDays:
		return RefusedDuration
	case len(hs.open) >= mostHazards:
		return RefusedBusy
	}
	hs.last++
	h := Hazard{
		ID: fmt.Sprintf("h%d", hs.last), Text: m.Text, Opened: p.people.day, Days: m.Days, By: c.By,
	}
	hs.open = append(hs.open, h)
	p.recordHazard(now, HazardOpened, &h, c.By)
	return ""
}

func (p *Panel) closeHazard(now point.Instant, c *Command) string {
	hs := &p.people.hazards
	i := slices.IndexFunc(hs.open, func(h Hazard) bool { return h.ID == c.Matter.ID })
	switch {
	case i < 0:
		return RefusedUnknown
	case !isEvidence(c.Matter.Evidence):
		return RefusedMalformed
	}
	h := hs.open[i]
	h.ClosedBy, h.Evidence = c.By, c.Matter.Evidence
	hs.open = slices.Delete(hs.open, i, i+1)
	hs.settled = pushed(hs.settled, h)
	if h.Overdue {
		hs.late++
	} else {
		hs.inTime++
	}
	p.recordHazard(now, HazardClosed, &h, c.By)
	return ""
}

func (p *Panel) recordHazard(now point.Instant, k Kind, h *Hazard, by Origin) {
	p.record(now, Event{Kind: k, By: by, Matter: Matter{
		ID: h.ID, Text: h.Text, Days: h.Days, Due: h.Due(), Evidence: h.Evidence,
	}})
}

// followHazards tells of those that were not put right in time.
func (p *Panel) followHazards(now point.Instant, passed time.Duration) {
	for i := range p.people.hazards.open {
		h := &p.people.hazards.open[i]
		h.Ran += passed
		if p.people.day == 0 {
			continue
		}
		if p.daysOf(&h.Opened, h.Ran) > int(h.Days) && !h.Overdue {
			h.Overdue = true
			p.recordHazard(now, HazardOverdue, h, Origin{})
		}
	}
}

// Rectified is how many of a thousand hazards were put right in time, of all that were closed or
// are overdue; 1000 while there is none.
func (d *Duties) Rectified() int {
	if inTime, all := rectified(d.Hazards, d.InTime, d.Late); all > 0 {
		return int(inTime * 1000 / all)
	}
	return 1000
}

// rectified (按期整改率) counts the hazards that were closed in time, among those that are closed
// and those that are open and overdue.
func rectified(open []Hazard, closedInTime, closedLate uint32) (inTime, all int64) {
	inTime = int64(closedInTime)
	all = inTime + int64(closedLate)
	for i := range open {
		if open[i].Overdue {
			all++
		}
	}
	return inTime, all
}
