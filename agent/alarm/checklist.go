package alarm

import (
	"slices"
	"strings"
	"time"

	"github.com/firepost/firepost/agent/point"
)

// ItemPlan is something that people check again and again. Exactly one of Days and Every is set.
type ItemPlan struct {
	ID    string
	Name  string        // what to check, in any language
	Days  uint16        // at least so often, by the calendar; 31 for a month
	Every time.Duration // or by hours in which the site is manned
}

// ItemState is how a check item stands.
type ItemState struct {
	ID       string
	Name     string        `json:",omitempty"`
	From     Date          `json:",omitempty"` // day of the last check, or the first day known
	Ran      time.Duration // since then, as far as it counts
	Done     bool          `json:",omitempty"` // it was checked at least once
	Failed   bool          `json:",omitempty"` // and something was wrong
	Text     string        `json:",omitempty"` // what was found
	Evidence string        `json:",omitempty"`
	By       Origin        // who checked it
	Due      bool          `json:",omitempty"` // in the last quarter of its time
	Overdue  bool          `json:",omitempty"`
}

type item struct {
	ItemState
	plan ItemPlan
}

// longestEvidence is the length of a SHA-512 in hexadecimal.
const longestEvidence = 128

// itemsOf are the items of a plan. What is known of an item is kept by its ID.
func itemsOf(plan []ItemPlan, old []item) []item {
	items := make([]item, len(plan))
	for i, pl := range plan {
		items[i] = item{ItemState: ItemState{ID: pl.ID, Name: pl.Name}, plan: pl}
		for j := range old {
			if old[j].ID == pl.ID {
				items[i].ItemState = old[j].ItemState
				items[i].Name = pl.Name
			}
		}
	}
	return items
}

// checkItem notes that a person has checked an item.
func (p *Panel) checkItem(now point.Instant, c *Command) string {
	m := &c.Matter
	i := slices.IndexFunc(p.people.items, func(i item) bool { return i.ID == m.ID })
	switch {
	case i < 0:
		return RefusedUnknown
	case !printable(m.Text, longestNote), !isEvidence(m.Evidence):
		return RefusedMalformed
	case m.Failed && strings.TrimSpace(m.Text) == "":
		return RefusedNoReason
	}
	it := &p.people.items[i]
	it.ItemState = ItemState{
		ID: it.ID, Name: it.Name, From: p.people.day, Done: true, Failed: m.Failed, Text: m.Text,
		Evidence: m.Evidence, By: c.By,
	}
	p.record(now, Event{Kind: ItemDone, By: c.By, Matter: Matter{
		ID: it.ID, Failed: m.Failed, Text: m.Text, Evidence: m.Evidence,
	}})
	return ""
}

func isEvidence(s string) bool {
	return printable(s, longestEvidence) && !strings.ContainsRune(s, ' ')
}

// followItems counts the time of each item and tells what is overdue. What goes by the calendar
// stands still while the date is not known.
func (p *Panel) followItems(now point.Instant, passed time.Duration) {
	for i := range p.people.items {
		it := &p.people.items[i]
		if it.plan.Every == 0 || p.manned() {
			it.Ran += passed
		}
		late := false
		if it.plan.Every > 0 {
			it.Due, late = it.Ran >= it.plan.Every*3/4, it.Ran > it.plan.Every
		} else if p.people.day != 0 {
			days, limit := p.daysOf(&it.From, it.Ran), int(it.plan.Days)
			it.Due, late = limit-days <= limit/4, days > limit
		}
		if late && !it.Overdue {
			it.Overdue = true
			p.record(now, Event{Kind: ItemOverdue, Matter: Matter{ID: it.ID}})
		}
	}
}

// daysOf is how many days have passed since from. A day that was not known is worked out, once
// there is a date, from how long the panel has run since.
func (p *Panel) daysOf(from *Date, ran time.Duration) int {
	if *from == 0 {
		*from = p.people.day - Date(ran/(24*time.Hour))
		p.dirty = true
	}
	return max(int(p.people.day-*from), 0)
}
