package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/firepost/firepost/firmware-sim/board"
	"github.com/firepost/firepost/firmware-sim/district"
)

const (
	heardAfter   = time.Second     // an alarm that sounded so long must be kept and told
	soundsWithin = 2 * time.Second // from a start, or from a press, while the contact is closed
)

// verdict is what came of a story.
type verdict struct {
	t      *testing.T
	c      *chaos
	report district.Report
	now    time.Duration
	alarms int // that the logs tell of
	heard  int // of these, with a siren that was on for a second
	raises int // alarms that the district knows
}

// judge holds four witnesses against each other: the contacts as they were pressed, the pins of the
// sirens, the logs of all lives, and what the district stored.
func (c *chaos) judge(r district.Report) *verdict {
	c.t.Helper()
	v := &verdict{t: c.t, c: c, report: r, now: c.lives[len(c.lives)-1].to}
	for _, a := range r.Raises {
		if a.Count > 0 {
			v.raises++
		}
	}
	for _, which := range contacts {
		history, lost := c.board.Pin(which.siren).History()
		if lost > 0 {
			c.t.Fatalf("%s: %d changes were not kept; play fewer rounds", which.siren, lost)
		}
		on := whenOn(history, v.now)
		alarms := c.alarmsOf(which)
		v.alarms += len(alarms)
		v.told(which, on, alarms)
		v.sounded(which, on, alarms)
		v.unbidden(which, on, alarms)
	}
	if v.heard == 0 {
		c.t.Error("no siren was on for a second: nothing was tested")
	}
	v.records()
	v.logs()
	return v
}

// records judges what the district counted.
func (v *verdict) records() {
	r := v.report
	if r.BodyMismatch != 0 {
		v.t.Errorf("%d records came again with another body", r.BodyMismatch)
	}
	if r.OutOfOrder != 0 && !v.c.forgets {
		v.t.Errorf("%d records came out of order, from a broker that forgets nothing", r.OutOfOrder)
	}
	if r.StoreResets != 0 {
		v.t.Errorf("%d times the store was made anew: a killed process damages no file", r.StoreResets)
	}
	if r.Malformed != 0 {
		v.t.Errorf("%d messages break the contract: %q", r.Malformed, r.Faults)
	}
	if len(r.Online) != 1 {
		v.t.Errorf("devices: got %v, want one", r.Online)
	}
	for id, online := range r.Online {
		if !online {
			v.t.Errorf("%s runs, and the district holds it for dead", id)
		}
	}
}

// logs looks for faults that a kill must not cause.
func (v *verdict) logs() {
	for i, l := range v.c.lives {
		if l.others != "" {
			v.t.Errorf("life %d wrote something beside its log: %s", i, l.others)
		}
		for _, s := range l.log() {
			switch s.Fault {
			case "", "uplink_down", "clock_unsynced", "storage_slow":
			default:
				v.t.Errorf("life %d: fault %+v", i, s)
			}
		}
	}
}

// told demands that the district knows every alarm that was heard, by its own name and point.
func (v *verdict) told(which contact, on []period, alarms []standing) {
	for _, a := range alarms {
		if _, ok := a.heard(on); !ok {
			continue
		}
		v.heard++
		r, known := v.report.Raises[a.id]
		if !known || r.Count == 0 || r.Point != which.point {
			v.t.Errorf("alarm %s of %s sounded, in %v, and the district knows %+v",
				a.id, which.point, a.times, r)
		}
	}
}

// sounded demands that a siren which was heard stays on, over kills and without a click, until a
// person resets it or, when it is not latched, its contact opens; and that the siren of a contact
// that is closed is on two seconds after the press or the start.
func (v *verdict) sounded(which contact, on []period, alarms []standing) {
	for _, a := range alarms {
		since, ok := a.heard(on)
		if !ok {
			continue
		}
		if until := v.until(which, a.times[0].from); since < until && !within(period{since, until}, on) {
			v.t.Errorf("alarm %s of %s: its siren was not on all the time in %v: on in %v",
				a.id, which.point, period{since, until}, on)
		}
	}
	for _, l := range v.c.lives {
		for _, p := range v.c.presses[which.line] {
			s := overlap(period{p.from, v.end(p.to)}, period{l.from, l.to})
			if s.from += soundsWithin; s.from < s.to && !within(s, on) {
				v.t.Errorf("%s was pressed and the agent ran, and its siren was not on in %v: "+
					"on in %v", which.point, s, on)
			}
		}
	}
}

// unbidden demands that no siren is on for a second without an alarm that the log tells of.
func (v *verdict) unbidden(which contact, on []period, alarms []standing) {
	for _, l := range v.c.lives {
		for _, o := range on {
			s := overlap(o, period{l.from, l.to})
			if s.to-s.from < heardAfter {
				continue
			}
			bidden := slices.ContainsFunc(alarms, func(a standing) bool {
				return slices.ContainsFunc(a.times, func(t period) bool {
					o := overlap(t, s)
					return o.from < o.to
				})
			})
			if !bidden {
				v.t.Errorf("the siren of %s was on in %v, and no log says why", which.point, s)
			}
		}
	}
}

// until is when an alarm that was raised at a moment may end.
func (v *verdict) until(which contact, raised time.Duration) time.Duration {
	end := v.now
	for _, r := range v.c.resets {
		if (r.point == "" || r.point == which.point) && v.end(r.to) >= raised {
			end = min(end, r.from)
		}
	}
	if which.latched {
		return end
	}
	for _, p := range v.c.presses[which.line] {
		if closed := v.end(p.to); closed >= raised {
			return min(end, closed)
		}
	}
	return end
}

// end is a moment, or now when it has not come yet.
func (v *verdict) end(at time.Duration) time.Duration {
	if at == 0 {
		return v.now
	}
	return at
}

// standing is one alarm as the logs tell of it: when it stood, life by life.
type standing struct {
	id    string
	times []period
}

// heard is the moment at which the siren had been on for a second, without a pause, while the alarm
// stood and the agent lived.
func (a standing) heard(on []period) (at time.Duration, ok bool) {
	for _, t := range a.times {
		for _, o := range on {
			if s := overlap(t, o); s.to-s.from >= heardAfter {
				return s.from + heardAfter, true
			}
		}
	}
	return 0, false
}

// alarmsOf gathers the alarms of a point from the logs of all lives.
func (c *chaos) alarmsOf(which contact) []standing {
	var all []standing
	for _, l := range c.lives {
		open := map[string]int{} // to the index in all
		for _, s := range l.log() {
			if s.Point != which.point || s.Alarm == "" {
				continue
			}
			i, stands := open[s.Alarm]
			switch {
			case s.Msg == "raised" && !stands:
				i = slices.IndexFunc(all, func(a standing) bool { return a.id == s.Alarm })
				if i < 0 {
					i, all = len(all), append(all, standing{id: s.Alarm})
				}
				all[i].times = append(all[i].times, period{s.At, l.to})
				open[s.Alarm] = i
			case stands && (s.Msg == "reset" || s.Msg == "cleared" && !which.latched):
				all[i].times[len(all[i].times)-1].to = s.At
				delete(open, s.Alarm)
			}
		}
	}
	return all
}

// period is a time by the clock of the board.
type period struct{ from, to time.Duration }

func (p period) String() string {
	return fmt.Sprintf("%v…%v", p.from.Round(time.Millisecond), p.to.Round(time.Millisecond))
}

func overlap(a, b period) period { return period{max(a.from, b.from), min(a.to, b.to)} }

// within tells whether one of the times holds s.
func within(s period, all []period) bool {
	return slices.ContainsFunc(all, func(o period) bool { return o.from <= s.from && s.to <= o.to })
}

// whenOn lists the times for which a pin was high, each without the shortest pause.
func whenOn(history []board.Change, now time.Duration) []period {
	var on []period
	high := false
	for _, c := range history {
		switch {
		case c.High && !high:
			on = append(on, period{c.At, now})
		case !c.High && high:
			on[len(on)-1].to = c.At
		}
		high = c.High
	}
	return on
}
